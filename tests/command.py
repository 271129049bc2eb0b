"""The command line as a test runs it: words in, exit code and words out."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from monitor import cli


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


#: `monitor("search", "Kling")`; with `typed`, a person sits at a terminal and types that.
Monitor = Callable[..., Said]


class Terminal(io.StringIO):
    """A standard input with a person before it."""

    def isatty(self) -> bool:
        return True


def commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Monitor:
    """Give what runs the command line in this process."""

    def run(*words: str, typed: str | None = None) -> Said:
        monkeypatch.setattr(sys, "argv", ["monitor", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO() if typed is None else Terminal(typed))
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return Said(int(stop.value.code or 0), out, err)

    return run
