"""The configuration is edited on a copy, put back, and shown."""

import json
import os
import re
import stat
import tomllib
from pathlib import Path

import pytest

from bench import config_schema
from monitor import config as configuration
from monitor.app import App, read_config, shipped_config
from tests.command import Monitor
from tests.test_cli import CONFIG

CHANGED = CONFIG.replace("可灵", "可灵活")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a configuration that was applied."""
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    with App.open(tmp_path / "config.toml") as app:
        app.accept()
    return tmp_path


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    """Let $EDITOR write these texts, one each time that it is opened."""
    for number, text in enumerate(texts):
        (folder / f"text{number}").write_text(text, "utf-8")
    script = folder / "editor"
    script.write_text(
        f'#!/bin/sh\nn=$(cat {folder}/turn 2>/dev/null || echo 0)\ncat {folder}/text$n > "$1"\n'
        f"echo $((n + 1)) > {folder}/turn\n",
        "utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    monkeypatch.setenv("EDITOR", str(script))


def test_an_edit_is_shown_and_taken_over(
    monitor: Monitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(folder, monkeypatch, CHANGED)
    (folder / "config.toml").chmod(0o640)
    said = monitor("edit", typed="y\n")
    assert said.code == 0
    assert "topic kling: any changed" in said.out
    assert "Kling: +0 gained, -0 lost" in said.out
    assert (folder / "config.toml").read_text("utf-8") == CHANGED
    assert stat.S_IMODE((folder / "config.toml").stat().st_mode) == 0o640
    assert not (folder / "config.edit.toml").exists()


def test_a_faulty_edit_is_told_and_can_be_mended(
    monitor: Monitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(folder, monkeypatch, CONFIG + "[mial]\n", CHANGED)
    said = monitor("edit", typed="y\ny\n")
    assert 'table "mial" is not known here' in said.err
    assert (folder / "config.toml").read_text("utf-8") == CHANGED


def test_an_edit_that_is_not_wanted_changes_nothing_and_is_kept(
    monitor: Monitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(folder, monkeypatch, CHANGED)
    assert "your text is in config.edit.toml" in monitor("edit", typed="n\nn\n").out
    assert (folder / "config.toml").read_text("utf-8") == CONFIG
    assert (folder / "config.edit.toml").read_text("utf-8") == CHANGED


def test_an_edit_that_changes_nothing(
    monitor: Monitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(folder, monkeypatch, CONFIG)
    assert "nothing was changed" in monitor("edit").out
    assert not (folder / "config.edit.toml").exists()


def test_an_earlier_configuration_is_put_back(monitor: Monitor, folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text(CHANGED, "utf-8")
    with App.open(file) as app:
        app.accept()
    said = monitor("config", "revert", "--yes")
    assert "config.toml is version 1 again" in said.out
    assert re.search("^-.*可灵活", said.out, re.MULTILINE)
    assert file.read_text("utf-8") == CONFIG
    assert not list(folder.glob("*.before"))


def test_a_broken_file_is_put_right_and_kept_beside(monitor: Monitor, folder: Path) -> None:
    file = folder / "config.toml"
    file.write_text("[broken", "utf-8")
    assert monitor("config", "revert", typed="n\n").code != 0
    assert file.read_text("utf-8") == "[broken"
    assert monitor("config", "revert", "--yes").code == 0
    assert file.read_text("utf-8") == CONFIG
    assert (folder / "config.toml.before").read_text("utf-8") == "[broken"
    assert "is version 1 already" in monitor("config", "revert", "1").out
    assert (
        "there is no configuration 7; `monitor config log` lists"
        in monitor("config", "revert", "7").err
    )


def test_what_is_in_force_is_a_configuration_itself(monitor: Monitor, folder: Path) -> None:
    shipped = read_config(shipped_config())
    again = configuration.load(configuration.effective(shipped), machine_zone=shipped.machine_zone)
    left_out = {"text": "", "doubts": ()}
    assert again.model_copy(update=left_out) == shipped.model_copy(update=left_out)
    shown = monitor("config", "show", "--effective").out
    assert 'any = ["Kling", "可灵"]' in shown
    assert "per_host = 2" in shown
    assert monitor("config", "show").out == CONFIG


def test_no_secret_is_ever_shown(
    monitor: Monitor, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SMTP_PASSWORD", "hunter2")
    mail = '[mail]\nfrom = "a@b.example"\nhost = "b.example"\nuser_env = "U"\n'
    text = CONFIG.replace('"daily"', '"daily"\nto = "a@b.example"') + mail
    (folder / "config.toml").write_text(text + 'password_env = "SMTP_PASSWORD"\n', "utf-8")
    shown = monitor("config", "show", "--effective").out
    assert 'password_env = "SMTP_PASSWORD"' in shown
    assert "hunter2" not in shown


def test_the_schema_is_the_one_that_the_code_makes() -> None:
    assert config_schema.FILE.read_text("utf-8") == config_schema.schema(), (
        "make it anew: python -m bench.config_schema"
    )
    first = shipped_config().read_text("utf-8").partition("\n")[0]
    assert first == f"#:schema ./{config_schema.FILE.name}"


def test_the_schema_takes_the_shipped_configuration() -> None:
    schema = json.loads(config_schema.schema())
    written = tomllib.loads(shipped_config().read_text("utf-8"))
    for name, table in written.items():
        kind = schema["properties"][name]
        kind = kind.get("items", kind)
        for one in table if isinstance(table, list) else [table]:
            assert one.keys() <= kind["properties"].keys()
            assert set(kind.get("required", ())) <= one.keys()
