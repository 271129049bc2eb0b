"""The command `monitor`: exits with 0 when done, 1 on a failure, 2 on a wrong command or config.

Only click is imported before a command runs: the database and the network layer take longer to load
than `--help` may take to answer.
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import __version__
from monitor.cli_change import config, edit, init, reload, suggest, try_
from monitor.cli_check import check
from monitor.cli_digest import digest
from monitor.cli_feeds import feeds
from monitor.cli_stats import stats
from monitor.cli_try import match, stories
from monitor.cli_why import why
from monitor.console import (
    Commands,
    count,
    fitted,
    local,
    opened,
    print_json,
    with_config,
    with_json,
)
from monitor.errors import ConfigError, MonitorError, QueryError, underlined

if TYPE_CHECKING:
    from monitor.model import ArticleMatches, PollReport, ReadingReport


#: So much of a title is shown on a terminal.
_MAX_TITLE = 200


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="monitor", message="%(prog)s %(version)s")
def cli() -> None:
    """Watch news feeds for your topics, keep what they bring, and mail a digest.

    `monitor demo` shows everything on sample news; `monitor run` starts the service.
    """


def _checked_address(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(
        r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}", value
    ):
        raise click.BadParameter(f'"{value}" is no address and port; write 127.0.0.1:8484')
    return value


@cli.command()
@with_config
@click.option(
    "--listen",
    metavar="ADDRESS",
    callback=_checked_address,
    help="Where the archive listens, over [web] listen; such as 127.0.0.1:8484.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Ask visitors for the token in this file; it is made if it is not there.",
)
def run(path: Path, listen: str | None, token_file: Path | None) -> None:
    """Start the service: poll, match, send digests, show the archive."""
    from monitor.serve import serve  # noqa: PLC0415

    _log_to_terminal(logging.INFO)
    with opened(path) as app, app.sole_service():
        serve(app, listen=listen, token_file=token_file)


@cli.command(short_help="Show everything on sample news.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/demo"),
    show_default=True,
    help="The demo's own data; made anew at each start.",
)
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Look for the topics of this configuration, not for the demo's own.",
)
def demo(folder: Path, path: Path | None) -> None:
    """Show everything on sample news, without a network and beside a running service."""
    from monitor.app import read_config  # noqa: PLC0415
    from monitor.serve import serve_demo  # noqa: PLC0415

    _log_to_terminal(logging.WARNING)
    serve_demo(folder, read_config(path).topics if path else None)


@cli.command(short_help="Poll what is due, then exit.")
@with_config
@click.option("--force", is_flag=True, help="Poll every feed now, due or not.")
@with_json
def poll(path: Path, *, force: bool, as_json: bool) -> None:
    """Poll the feeds that are due, store and match what they bring, then exit."""
    from monitor import change  # noqa: PLC0415
    from monitor.poll import poll_due  # noqa: PLC0415
    from monitor.reading import read_due  # noqa: PLC0415
    from monitor.terminal import Progress  # noqa: PLC0415

    _log_to_terminal(logging.WARNING)
    with opened(path) as app, app.sole_service():
        app.accept()
        with app.round() as work, app.extractor() as extractor:
            with Progress() as progress:
                report = poll_due(work, everything=force, on_progress=progress)
            pages = read_due(work, extractor)
        change.rematch(app.store, app.config.topics)
        problems = app.extract_problems()
        while app.store.index_pending():
            pass
        app.grouper.group_stories(app.clock())
    if as_json:
        print_json(_poll_json(report, pages))
    else:
        _print_report(report, pages, configured=len(app.config.feeds))
    for problem in problems:
        click.echo(problem.told(str(path)), err=True)


def _poll_json(report: PollReport, pages: ReadingReport) -> dict[str, object]:
    return {
        "feeds": report.feeds,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "failed": report.failed,
        "articles_new": report.articles_new,
        "matches_new": report.matches_new + pages.matches_new,
        "pages_read": pages.read,
        "pages_failed": pages.failed,
        "errors": [
            {"url": error.url, "kind": error.kind, "error": error.error} for error in report.errors
        ],
    }


def _print_report(report: PollReport, pages: ReadingReport, *, configured: int) -> None:
    from monitor.poll import offline_line  # noqa: PLC0415

    if not configured:
        click.echo("no feed is configured; `monitor feeds add ADDRESS` adds one")
        return
    if not report.feeds:
        click.echo("no feed is due; `monitor poll --force` polls all of them now")
        return
    if report.offline and report.feeds == configured:
        click.echo(fitted(offline_line(report.feeds, {error.kind for error in report.errors})))
        return
    told = (
        f"{count(report.feeds, 'feed')} polled: {report.changed} changed, "
        f"{report.unchanged} unchanged, {report.failed} failed; "
        f"{count(report.articles_new, 'new article')}, "
        f"{count(report.matches_new, 'new match', 'new matches')}"
    )
    click.echo(fitted(told))
    if pages.read or pages.failed:
        told = (
            f"{count(pages.read, 'page')} read in full, {pages.failed} not readable; "
            f"{count(pages.matches_new, 'new match', 'new matches')}"
        )
        click.echo(fitted(told))
    for error in report.errors:
        click.echo(f"  {error.url}")
        click.echo(fitted(error.error, "      "))


cli.add_command(digest)
cli.add_command(stats)


@cli.command()
@with_config
@click.argument("query")
@click.option("--topic", metavar="ID", help="Only matches of this topic.")
@click.option("--all", "everything", is_flag=True, help="Also articles that no topic matched.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@with_json
def search(
    path: Path, query: str, topic: str | None, *, everything: bool, limit: int, as_json: bool
) -> None:
    """Search the archive; the newest hits come first.

    A run of words is a phrase; AND, OR, NOT in capitals, parentheses and word* work as in topics.
    """
    from monitor import archive  # noqa: PLC0415

    # In the C locale, what is not ASCII arrives as surrogates.
    query = os.fsencode(query).decode("utf-8", "replace")
    with opened(path) as app:
        while app.store.index_pending():
            pass
        zone = app.config.zone
        unmatched = {each.id for each in app.config.topics} - app.store.topic_counts().keys()
        found = (
            ()
            if topic in unmatched
            else archive.find(app.store, query, topic=topic, everything=everything, limit=limit)
        )
    if as_json:
        print_json([_article_json(row) for row in found])
        return
    if not found:
        scope = "" if everything else " among the matches; --all searches every stored article"
        click.echo(f"nothing found for {query}{scope}")
    for row in found:
        _print_article(row, zone)


def _article_json(row: ArticleMatches) -> dict[str, object]:
    article = row.article
    return {
        "id": row.id,
        "title": article.title,
        "url": article.url,
        "source": article.source,
        "lang": article.lang,
        "published": article.published_at.isoformat() if article.published_at else None,
        "first_seen": article.first_seen_at.isoformat(),
        "topics": [match.topic_id for match in row.matches],
        "labels": {match.topic_id: list(match.labels) for match in row.matches if match.labels},
        "evidence": [
            {
                "topic": match.topic_id,
                "field": span.field,
                "start": span.start,
                "end": span.end,
                "text": span.surface,
                "term": span.term,
            }
            for match in row.matches
            for span in match.spans
        ],
    }


def _print_article(row: ArticleMatches, zone: tzinfo) -> None:
    article = row.article
    shown = article.published_at or article.first_seen_at
    title = article.title or article.url
    click.echo(title if len(title) <= _MAX_TITLE else title[: _MAX_TITLE - 1] + "…")
    topics = ", ".join(match.topic_id for match in row.matches) or "no topic"
    click.echo(f"    {local(shown, zone)}  {article.source}  [{topics}]")
    click.echo(f"    {article.url}")


cli.add_command(feeds)
cli.add_command(why)


cli.add_command(check)
cli.add_command(try_)
cli.add_command(suggest)
cli.add_command(init)
cli.add_command(edit)
cli.add_command(reload)
cli.add_command(config)
cli.add_command(match)
cli.add_command(stories)


class _Lines(logging.Formatter):
    """One line a record: the time, the message, then the record's own fields."""

    _USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        fields = {key: value for key, value in vars(record).items() if key not in self._USUAL}
        told = " ".join(f"{key}={value}" for key, value in fields.items() if value not in ("", []))
        first, newline, rest = line.partition("\n")
        return f"{first} {told}".rstrip() + newline + rest


def _log_to_terminal(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler])
    for chatty in ("httpx", "httpcore", "alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A locale without Chinese, or half a character from a feed, must not end a command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(prog_name="monitor", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ConfigError as error:
        click.echo(str(error), err=True)
        code = 2
    except QueryError as error:
        click.echo("\n    ".join((error.message, *underlined(error.text, error.span))), err=True)
        code = 2
    except MonitorError as error:
        click.echo(f"monitor: {error}", err=True)
        code = 1
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nstopped; what was stored before stays", err=True)
        code = 130
    except OSError as error:
        # What the modules do not turn into words of their own is our output: a full disk.
        click.echo(f"monitor: this could not be written: {error.strerror}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
