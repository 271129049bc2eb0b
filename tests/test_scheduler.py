"""When the service does its steps, and when it may compose what is due."""

import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from monitor.app import App
from monitor.scheduler import Attention, Service
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=15)


@pytest.mark.parametrize(
    ("rounds", "silence", "asked_at", "expected"),
    [
        pytest.param([], None, 1, False, id="just started, nothing polled yet"),
        pytest.param([1], None, 2, True, id="the first round is done"),
        pytest.param([], None, 11, True, id="a first round that never ends is not waited for"),
        pytest.param([1], (5, 600), 600, False, id="woken, the morning's news is not read yet"),
        pytest.param([1, 601], (5, 600), 602, True, id="woken, and read"),
        pytest.param([1], (5, 600), 611, True, id="woken, but feeds keep us waiting"),
    ],
)
def test_a_digest_waits_for_the_news(
    rounds: list[int], silence: tuple[int, int] | None, asked_at: int, expected: bool
) -> None:
    attention = Attention(NOW)
    answer = False
    now = NOW
    while now < NOW + asked_at * MINUTE:
        now += TICK
        if silence and NOW + silence[0] * MINUTE < now < NOW + silence[1] * MINUTE:
            continue  # the machine sleeps
        if now in [NOW + minute * MINUTE for minute in rounds]:
            attention.round_ended(now)
        answer = attention.looked_around(now)
    assert answer is expected


def test_a_clock_that_is_set_back_keeps_no_digest_waiting() -> None:
    attention = Attention(NOW)
    back = NOW - 120 * MINUTE
    assert not attention.looked_around(back)
    attention.round_ended(back)
    assert attention.looked_around(back + TICK)


def test_steps_go_on_when_the_machines_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + 120 * MINUTE

    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    with App.open(tmp_path / "config.toml") as app:
        service = Service(app)
        with monkeypatch.context() as patched:
            patched.setattr("apscheduler.schedulers.base.datetime", Ahead)
            service.start()
            while service.status.rounds == 0:
                time.sleep(0.01)
        while service.status.rounds == 1:
            service.mind_the_clock()
            time.sleep(0.01)
        assert service.stop()
