"""The commands `monitor digest …`: the next issue, those already composed, and who gets them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime, tzinfo
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import (
    Commands,
    count,
    iso,
    local,
    opened,
    print_json,
    with_config,
    with_json,
)
from monitor.errors import BusyError, MonitorError

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.model import Digest, DigestRow, DigestStory, Recipient


@click.group(cls=Commands)
def digest() -> None:
    """Look at digests, send them, and see who gets them."""


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
@click.option(
    "--as-of",
    metavar="TIME",
    help='The digest that a past moment belongs to, such as "2026-03-11 07:30", from the archive.',
)
@click.option("--open", "open_it", is_flag=True, help="Show it in the browser.")
@with_json
def preview(
    path: Path,
    name: str | None,
    *,
    since: str,
    as_of: str | None,
    open_it: bool,
    as_json: bool,
) -> None:
    """Show the next digest as it would look now, or a past one as the archive has it.

    The HTML goes to data/outbox/preview.html, the plain text also to the terminal.
    """
    changes: tuple[str, ...] | None = None
    with opened(path) as app:
        if as_of is None:
            composed, rendered = app.preview(name, everything=since == "all")
        else:
            past = app.as_of(_moment(as_of, app.config.zone), name)
            composed, rendered, changes = past.digest, past.rendered, past.changes
        page = app.write_preview(rendered)
    for problem in rendered.problems:
        click.echo(f"note: {problem}", err=True)
    if as_json:
        told = {"changes": None if changes is None else list(changes)} if as_of else {}
        print_json(_digest_json(composed) | told | {"page": str(page)})
    else:
        click.echo(rendered.text)
        for change in ("nothing has changed",) if changes == () else changes or ():
            click.echo(f"since it was composed: {change}")
        click.echo(f"\nAs it will look in a mail reader: {page}")
    if open_it:
        click.launch(page.as_uri())


def _moment(words: str, zone: tzinfo) -> datetime:
    """Read a moment; without an offset it is meant in the configuration's zone."""
    try:
        moment = datetime.fromisoformat(words.strip())
    except ValueError as error:
        raise click.BadParameter(f'"{words}" is no time; write "2026-03-11 07:30"') from error
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)


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
                "usual": topic.usual,
                "stories": [_story_json(story) for story in (*topic.stories, *topic.ongoing)],
            }
            for topic in composed.topics
        ],
        "missed": [
            {
                "id": each.id,
                "topic": each.topic,
                "why": each.why,
                "title": each.title,
                "url": each.url,
                "source": each.source,
                "time": each.time.isoformat(),
            }
            for each in composed.missed
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
        "state": story.state.value,
        "story": story.id,
        "others": [other.name for other in story.others],
        "news": list(story.news),
        "score": {name: round(number, 4) for name, number in story.score.items()},
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
        from monitor import records  # noqa: PLC0415

        print_json([records.issue(row) for row in rows])
        return
    if not rows:
        click.echo(
            "no digest yet; `monitor digest preview` shows the next one"
            if configured
            else "no digest yet, and none is configured: add a [[digest]] with a name"
        )
    for row in rows:
        states = ", ".join(_state(*copy) for copy in row.deliveries)
        click.echo(
            f"{row.id}  {row.local_date} {row.at}  {row.name}  {row.subject}\n"
            f"    {states or 'nothing to report, so nothing was sent'}"
        )


@digest.command()
@with_config
@click.argument("number", type=int)
@click.option("--to", metavar="ADDRESS", help="Whose copy; the first one if left out.")
@click.option("--eml", is_flag=True, help="The copy's bytes, as the mail server got them.")
def show(path: Path, number: int, *, to: str | None, eml: bool) -> None:
    """Show a digest that was composed, by its number in `monitor digest list`."""
    with opened(path) as app:
        rendered = app.store.digest(number)
        copies = app.store.copies(number)
    if rendered is None:
        raise MonitorError(f"there is no digest {number}; `monitor digest list` has the numbers")
    if not eml:
        click.echo(f"{rendered.subject}\n\n{rendered.text}")
        for copy in copies:
            click.echo(f"{_state(copy.recipient, copy.state, copy.error)}, {copy.message_id}")
        return
    chosen = [copy for copy in copies if to in {None, copy.recipient}]
    if not chosen:
        known = ", ".join(copy.recipient for copy in copies) or "nobody"
        raise MonitorError(f"digest {number} has no copy for {to or 'anybody'}; it went to {known}")
    click.echo(chosen[0].message, nl=False)


@digest.command()
@with_config
def send(path: Path) -> None:
    """Compose what is due and try at once all that waits, as the service does by itself."""
    # What did not arrive is told below, in whole sentences.
    logging.getLogger("monitor.deliver").setLevel(logging.ERROR)
    with opened(path) as app:
        hurried = app.store.hurry(app.clock())
        try:
            with app.sole_service():
                composed = app.compose_due()
                report = app.drain_outbox(app.mailer())
        except BusyError:
            click.echo(f"a service is running: it tries {count(hurried, 'waiting copy', 'copies')}")
            return
        waiting = _troubles(app.store.digests())
        following = _next_due(app)
    told = (
        f"{count(composed, 'digest')} composed; {count(report.sent, 'copy', 'copies')} sent, "
        f"{report.deferred} to be tried again, {report.rejected} refused, {report.held} held"
    )
    click.echo(told if composed or any(astuple(report)) else following)
    for line in waiting:
        click.echo(line)
    if report.deferred or report.rejected or report.held:
        raise SystemExit(1)


@digest.command()
@with_config
@click.argument("number", type=int)
@click.option("--to", metavar="ADDRESS", help="Only this copy, also if it was sent.")
def resend(path: Path, number: int, *, to: str | None) -> None:
    """Let copies of a digest be sent again, under their old Message-IDs.

    Without --to: all that were refused or held or wait. The running service sends them within
    seconds; without one, `monitor digest send` does.
    """
    with opened(path) as app:
        if app.store.digest(number) is None:
            raise MonitorError(f"there is no digest {number}; `monitor digest list` has them")
        copies = app.store.requeue(number, app.clock(), recipient=to)
    if copies == 0:
        raise MonitorError(
            f"digest {number} has no copy for {to}, or it is just being sent, or they unsubscribed"
            if to
            else f"every copy of digest {number} arrived or is just being sent; name one with --to"
        )
    click.echo(f"{count(copies, 'copy', 'copies')} will be sent again")


@digest.command("recipients")
@with_config
@click.option("--off", metavar="ADDRESS", help="Send nothing more to this address.")
@click.option("--again", metavar="ADDRESS", help="Send again to who unsubscribed.")
@click.option("--digest", "name", metavar="NAME", help="Of this digest only.")
@with_json
def list_recipients(
    path: Path, *, off: str | None, again: str | None, name: str | None, as_json: bool
) -> None:
    """List who gets which digest, how that goes, and who unsubscribed."""
    with opened(path) as app:
        known = _recipients(app, name)
        for address in filter(None, (off, again)):
            concerned = [one.digest for one in known if one.address == address]
            if not concerned:
                raise MonitorError(f"no digest goes to {address}")
            for each in concerned:
                if address == off:
                    app.store.unsubscribe(each, address, app.clock())
                else:
                    app.store.subscribe_again(each, address)
        known = _recipients(app, name)
        zone = app.config.zone
    if as_json:
        print_json([_recipient_json(one) for one in known])
        return
    for one in known:
        click.echo(f"{one.digest}  {one.address}  {_how_it_goes(one, zone)}")
    if not known:
        click.echo("no digest has a recipient; add `to` to a [[digest]]")


def _recipients(app: App, name: str | None) -> list[Recipient]:
    from monitor import deliver  # noqa: PLC0415  loads the database

    return [one for one in deliver.recipients(app.store, app.config) if name in {None, one.digest}]


def _how_it_goes(one: Recipient, zone: tzinfo) -> str:
    if one.unsubscribed_at:
        return f"unsubscribed {local(one.unsubscribed_at, zone)}"
    if one.state is None:
        return "nothing sent yet"
    last = f"; last {local(one.last_sent_at, zone)}" if one.last_sent_at else ""
    refused = f"; {one.refused} refused{' since' if last else ''}" if one.refused else ""
    trouble = f"; now {one.state}: {one.error}" if one.state != "sent" else ""
    return f"{one.sent} sent{last}{refused}{trouble}"


def _recipient_json(one: Recipient) -> dict[str, object]:
    return {
        "digest": one.digest,
        "address": one.address,
        "unsubscribed_at": iso(one.unsubscribed_at),
        "sent": one.sent,
        "last_sent_at": iso(one.last_sent_at),
        "refused": one.refused,
        "state": one.state,
        "error": one.error,
    }


def _next_due(app: App) -> str:
    """Say that there was nothing to do, and when there will be."""
    from monitor import slots  # noqa: PLC0415  loads the configuration's reader

    zones = {each: app.config.digest_zone(each) for each in app.config.digests}
    if not zones:
        return "nothing to send, and no digest is configured: add a [[digest]] with a name"
    coming = [slots.next_slot(each, zone, after=app.clock()) for each, zone in zones.items()]
    first = min(coming, key=attrgetter("due_at"))
    return (
        f'nothing to send: the next digest, "{first.digest}", is due {first.local_date} at '
        f"{first.at}; `monitor digest preview` shows how it looks now"
    )


def _troubles(rows: Sequence[DigestRow]) -> list[str]:
    return [
        f"{row.name} {row.local_date}: {_state(recipient, state, error)}"
        for row in rows
        for recipient, state, error in row.deliveries
        if state != "sent" and error
    ]


def _state(recipient: str, state: str, error: str) -> str:
    return f"{recipient} {state}" + (f" ({error})" if error else "")
