"""The command that looks a configuration over: `monitor check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import count, opened, print_json, with_config, with_json
from monitor.errors import ConfigError, Problem

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.reaching import Reached


@click.command(short_help="Find all mistakes in the configuration.")
@with_config
@click.option(
    "--online", is_flag=True, help="Also ask the feeds and the mail server whether they answer."
)
@with_json
def check(path: Path, *, online: bool, as_json: bool) -> None:
    """Check the configuration, the templates and the database, and say what is wrong.

    Without --online no other machine is asked. With it, feeds are asked as politely as in a poll,
    and the mail server is logged in to; nothing is stored and no mail is sent.
    """
    from monitor import checking  # noqa: PLC0415
    from monitor.app import read_config  # noqa: PLC0415

    try:
        config = read_config(path)
    except ConfigError as error:
        if not as_json:
            raise
        print_json({"ok": False, "problems": list(map(_json, error.problems))})
        sys.exit(2)
    with opened(path) as app:
        templates = app.preview(everything=True)[1].problems if config.digests else ()
        problems = [Problem(line=0, place="templates", message=each) for each in templates]
        problems += [*app.mail_problems(), *app.extract_problems()]
        doubts = checking.doubts(config, app.store, app.clock())
        reached = _reached(app, problems) if online else None
    if reached:
        problems += reached.dead
        doubts += reached.moved
    if as_json:
        print_json(
            {
                "ok": not problems,
                "problems": list(map(_json, problems)),
                "doubts": list(map(_json, doubts)),
                "topics": len(config.topics),
                "feeds": len(config.feeds),
                "digests": len(config.digests),
                "feeds_asked": reached.asked if reached else 0,
            }
        )
    else:
        for problem in (*doubts, *problems):
            click.echo(problem.told(str(path)), err=True)
        counts = ", ".join(
            (
                count(len(config.topics), "topic"),
                count(len(config.feeds), "feed"),
                count(len(config.digests), "digest"),
            )
        )
        asked = f"; {count(reached.asked, 'feed')} asked" if reached else ""
        click.echo(f"{path} {'by itself ' if problems else ''}is fine: {counts}{asked}")
    if problems:
        sys.exit(1)


def _reached(app: App, problems: list[Problem]) -> Reached:
    """Ask everybody; what is wrong with the mail server joins the problems, if it is new there."""
    from monitor import reaching  # noqa: PLC0415
    from monitor.mail import SmtpMailer  # noqa: PLC0415
    from monitor.terminal import Progress  # noqa: PLC0415

    mailer = app.mailer()
    if isinstance(mailer, SmtpMailer):
        fault = reaching.mail_server(app.config, mailer)
        if fault and fault.place not in {problem.place for problem in problems}:
            problems.append(fault)
    states = {state.feed_url: state for state in app.store.feed_states()}
    with app.round() as work, Progress() as progress:
        return reaching.feeds(
            app.config, states, work.fetcher, work.parser, now=app.clock(), on_progress=progress
        )


def _json(problem: Problem) -> dict[str, object]:
    return {
        "line": problem.line,
        "column": problem.column,
        "place": problem.place,
        "message": problem.message,
    }
