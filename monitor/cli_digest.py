"""The commands `monitor digest …`: the next issue, and those already composed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import Commands, opened, print_json, with_config, with_json

if TYPE_CHECKING:
    from monitor.model import Digest, DigestRow, DigestStory


@click.group(cls=Commands)
def digest() -> None:
    """Look at digests: the next one, and those already composed."""


@digest.command()
@with_config
@click.argument("name", required=False)
@click.option(
    "--since",
    type=click.Choice(["last", "all"]),
    default="last",
    show_default=True,
    help="From the last digest on, or everything in the archive.",
)
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
@with_json
def preview(path: Path, name: str | None, *, since: str, open_it: bool, as_json: bool) -> None:
    """Show the next digest as it would look now.

    The HTML goes to data/outbox/preview.html, the plain text also to the terminal.
    """
    with opened(path) as app:
        composed, rendered = app.preview(name, everything=since == "all")
        page = app.write_preview(rendered)
    for problem in rendered.problems:
        click.echo(f"note: {problem}", err=True)
    if as_json:
        print_json(_digest_json(composed) | {"page": str(page)})
    else:
        click.echo(rendered.text)
        click.echo(f"\nAs it will look in a mail reader: {page}")
    if open_it:
        click.launch(page.as_uri())


def _digest_json(composed: Digest) -> dict[str, object]:
    return {
        "name": composed.name,
        "subject": composed.subject,
        "since": composed.since.isoformat(),
        "until": composed.until.isoformat(),
        "notices": list(composed.notices),
        "feeds": composed.coverage.feeds,
        "feeds_read": composed.coverage.feeds_read,
        "articles_read": composed.coverage.articles,
        "topics": [
            {
                "id": topic.id,
                "name": topic.name,
                "matches": topic.articles,
                "stories": [_story_json(story) for story in topic.stories],
            }
            for topic in composed.topics
        ],
    }


def _story_json(story: DigestStory) -> dict[str, object]:
    lead = story.lead
    return {
        "id": lead.id,
        "title": "".join(piece.text for piece in lead.title),
        "url": lead.url,
        "source": lead.source,
        "time": lead.time.isoformat(),
        "why": list(lead.why),
    }


@digest.command("list")
@with_config
@with_json
def list_digests(path: Path, *, as_json: bool) -> None:
    """List the digests composed so far, newest first."""
    with opened(path) as app:
        rows = app.store.digests()
        configured = len(app.config.digests)
    if as_json:
        print_json([_row_json(row) for row in rows])
        return
    if not rows:
        click.echo(
            "no digest yet; `monitor digest preview` shows the next one"
            if configured
            else "no digest yet, and none is configured: add a [[digest]] with a name"
        )
    for row in rows:
        states = ", ".join(
            f"{recipient} {state}" + (f" ({error})" if error else "")
            for recipient, state, error in row.deliveries
        )
        click.echo(
            f"{row.local_date} {row.at}  {row.name}  {row.subject}\n"
            f"    {states or 'nothing to report, so nothing was sent'}"
        )


def _row_json(row: DigestRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "date": row.local_date.isoformat(),
        "at": row.at,
        "subject": row.subject,
        "matches": row.items,
        "deliveries": [
            {"to": recipient, "state": state, "error": error}
            for recipient, state, error in row.deliveries
        ],
    }
