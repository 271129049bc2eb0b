"""What the commands share: options, how the parts are opened, how numbers and times are said."""

from __future__ import annotations

import difflib
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from monitor.app import App

F = TypeVar("F", bound=Callable[..., Any])


class Commands(click.Group):
    """A group that guesses what a mistyped command was meant to be."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f'did you mean "{near[0]}"?' if near else f'see "{ctx.command_path} --help"'
            raise click.UsageError(f'no command "{args[0]}"; {hint}', ctx) from error


def with_config(command: F) -> F:
    """Give a command the option that names the configuration."""
    return click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("config.toml"),
        show_default=True,
        metavar="FILE",
        help="The configuration to use.",
    )(command)


def with_json(command: F) -> F:
    """Give a command the option for scripts."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


@contextmanager
def opened(path: Path) -> Iterator[App]:
    """Open a configuration with its database for the length of the block."""
    from monitor.app import App  # noqa: PLC0415

    with App.open(path) as app:
        yield app


def count(number: int, one: str, many: str = "") -> str:
    """Say how many: "1 feed", "2 feeds", "1,000 matches"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def local(moment: datetime, zone: tzinfo) -> str:
    """Say a moment in the configuration's zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def fitted(text: str, indent: str = "") -> str:
    """Break a sentence between words where a terminal ends; what is piped stays one line."""
    if not sys.stdout.isatty():
        return indent + text
    lines = textwrap.wrap(
        text,
        shutil.get_terminal_size().columns - 1,
        initial_indent=indent,
        subsequent_indent=indent or "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def say(text: str) -> None:
    """Print a sentence of a service, which goes on when nobody reads it any more."""
    say_as_it_is(fitted(text))


def say_as_it_is(text: str) -> None:
    """Do the same with a text that has its own lines."""
    with suppress(OSError):
        click.echo(text)


def iso(moment: datetime | None) -> str | None:
    """Say a moment to a script."""
    return moment.isoformat() if moment else None


def print_json(value: object) -> None:
    """Print a value for scripts."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
