"""A short torture of the real service: killed and starved by one seed, with nothing lost."""

from pathlib import Path

import pytest


def test_a_tortured_service_loses_and_doubles_nothing(tmp_path: Path) -> None:
    run = pytest.importorskip("bench.torture.__main__")
    runner, verdict = run.torture(tmp_path, seed=17, kills=3, terms=1)
    assert verdict.violations == (), runner.log.read_text("utf-8")[-4000:]
    assert verdict.wanted > 3
    assert len(runner.killed) == 3
