"""A configuration of one's own, from a few answers."""

from pathlib import Path

import pytest

from monitor.app import read_config
from tests.command import Monitor


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the place of the configuration, in a folder where there is none yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config.toml"


def test_options_fill_the_commented_configuration(monitor: Monitor, file: Path) -> None:
    words = ["--topic", "Solar power", "--topic", '"可灵"', "--to", "me@a.example"]
    assert monitor("init", *words, "--smtp", "smtp.a.example").code == 0
    config = read_config(file)
    assert [(each.name, each.any) for each in config.topics] == [
        ("Solar power", ("Solar power",)),
        ('"可灵"', ('"可灵"',)),
    ]
    assert config.digests[0].to == ("me@a.example",)
    assert config.mail
    assert config.mail.host == "smtp.a.example"
    assert "# One [[topic]] for each thing you watch." in config.text
    assert config.feeds


def test_a_person_is_asked(monitor: Monitor, file: Path) -> None:
    monitor("init", typed="Tidal power, Wind\n\n")
    config = read_config(file)
    assert [each.name for each in config.topics] == ["Tidal power", "Wind"]
    assert config.mail is None


def test_without_answers_it_is_the_shipped_configuration(monitor: Monitor, file: Path) -> None:
    assert monitor("init").code == 0
    assert len(read_config(file).topics) > 1


def test_a_file_is_never_overwritten(monitor: Monitor, file: Path) -> None:
    file.write_text("mine", "utf-8")
    assert "is there already" in monitor("init").err
    assert file.read_text("utf-8") == "mine"


def test_mistakes_are_told_and_nothing_is_written(monitor: Monitor, file: Path) -> None:
    assert monitor("init", "--topic", "(never closed").code == 2
    assert monitor("init", "--smtp", "smtp.a.example").code == 2
    assert not file.exists()
