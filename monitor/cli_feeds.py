"""The commands `monitor feeds …`: find feeds, carry them, see how they are."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from monitor.console import (
    Commands,
    count,
    fitted,
    iso,
    local,
    opened,
    print_json,
    with_config,
    with_json,
)
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from monitor.config import Config
    from monitor.config.editing import NewFeed
    from monitor.model import FeedRow
    from monitor.subscribe import Candidate, FeedHealth, Found, Import, Scout

_MOST_INVALID_SHOWN = 20
_MOST_REASONS_SHOWN = 3

_with_yes = click.option("--yes", is_flag=True, help="Write to the configuration without asking.")


@click.group(cls=Commands, invoke_without_command=True, short_help="Show, add and carry feeds.")
@with_config
@with_json
@click.pass_context
def feeds(ctx: click.Context, path: Path, *, as_json: bool) -> None:
    """Show every feed: when it was read, what it brought, what is wrong with it."""
    if ctx.invoked_subcommand:
        # Options before the subcommand's name hold for it as well.
        ctx.default_map = {ctx.invoked_subcommand: {"path": str(path), "as_json": as_json}}
        return
    with opened(path) as app:
        rows = app.store.feed_rows()
        names, zone = {feed.url: feed.name for feed in app.config.feeds}, app.config.zone
    if as_json:
        print_json([_feed_json(row) for row in rows])
        return
    if not rows:
        click.echo("no feed is known yet; `monitor poll` reads those of the configuration")
    for row in rows:
        name = names.get(row.state.feed_url) or row.state.title or row.state.feed_url
        click.echo(name)
        _print_feed(row, name, f"{count(row.articles, 'article')}, {_matches(row)}", zone)


def _print_feed(row: FeedRow, name: str, brought: str, zone: tzinfo) -> None:
    state = row.state
    never = "never read whole" if row.articles else "never read"
    read = f"read {local(state.last_success_at, zone)}" if state.last_success_at else never
    following = (
        "not polled any more" if state.retired else f"next {local(state.next_poll_at, zone)}"
    )
    click.echo(f"    {read}, {following}, {brought}")
    if name != state.feed_url:
        click.echo(f"    {state.feed_url}")
    if state.error:
        click.echo(fitted(state.error, "    "))


def _rate(number: float) -> str:
    return f"{number:,.0f}" if number == 0 or number >= 10 else f"{number:.1f}"


def _matches(row: FeedRow) -> str:
    return count(row.matches, "match", "matches")


def _feed_json(row: FeedRow) -> dict[str, object]:
    state = row.state
    return {
        "url": state.feed_url,
        "lives_at": state.url,
        "title": state.title,
        "last_polled": iso(state.last_polled_at),
        "last_success": iso(state.last_success_at),
        "next_poll": iso(state.next_poll_at),
        "failures": state.failures,
        "error": state.error,
        "retired": state.retired,
        "articles": row.articles,
        "matches": row.matches,
    }


# ------------------------------------------------------------------------------------------ add


@feeds.command()
@with_config
@click.argument("url")
@click.option("--name", default="", help="What to call it; without, as it calls itself.")
@click.option("--label", default="", help='A word on the source, such as "state media".')
@click.option("--lang", default="", metavar="CODE", help='Its language, such as "zh-Hans".')
@click.option("--every", default="", metavar="TIME", help='How often to ask, such as "6h".')
@click.option("--choose", type=click.IntRange(1), help="Which one, if a page names several feeds.")
@_with_yes
@with_json
def add(
    path: Path,
    url: str,
    *,
    name: str,
    label: str,
    lang: str,
    every: str,
    choose: int | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Find a feed and add it to the configuration.

    URL is the feed's own address, or that of a page which names it. Shows its newest items, how
    many come in a week and how many of them your topics match, then asks. The rest of the
    configuration stays to the byte as it is.
    """
    from monitor import subscribe  # noqa: PLC0415
    from monitor.app import read_config, scout  # noqa: PLC0415
    from monitor.config.editing import NewFeed  # noqa: PLC0415

    config = read_config(path)
    wish = NewFeed(url=subscribe.web_address(url), name=name, label=label, lang=lang, every=every)
    subscribe.check_new(config, wish)
    with scout(config, path) as parts:
        found = _look(parts, wish.url, choose, as_json=as_json)
    feed = replace(wish, url=found.url)
    if not as_json:
        _print_found(found, config.zone)
    added = _write(path, config, [feed], yes=yes, ask=not as_json)
    if as_json:
        print_json(_found_json(found) | {"added": added})
    if not added:
        sys.exit(1)


def _look(parts: Scout, url: str, choose: int | None, *, as_json: bool) -> Found:
    from monitor import subscribe  # noqa: PLC0415

    found = subscribe.look(parts, url)
    if isinstance(found, subscribe.Found):
        if choose not in {None, 1}:
            raise MonitorError(f"--choose {choose}: there is only one feed, {found.url}")
        return found
    chosen = _choose(found, choose, as_json=as_json)
    return subscribe.look_at_feed(parts, chosen.url)


def _choose(candidates: Sequence[Candidate], number: int | None, *, as_json: bool) -> Candidate:
    if number is None and as_json:
        print_json({"candidates": [_candidate_json(c) for c in candidates], "added": False})
        sys.exit(1)
    if number is None:
        click.echo(f"this page names {len(candidates)} feeds:")
        for position, candidate in enumerate(candidates, start=1):
            known = " (configured already)" if candidate.configured else ""
            click.echo(f"  {position}  {candidate.title[:100] or 'without a title'}{known}")
            click.echo(f"     {candidate.url}")
        if not sys.stdin.isatty():
            raise MonitorError("say which one with --choose, or give its own address")
        number = click.prompt("Which one", type=click.IntRange(1, len(candidates)))
    if number > len(candidates):
        raise MonitorError(f"--choose {number}: this page names {len(candidates)} feeds only")
    return candidates[number - 1]


def _candidate_json(candidate: Candidate) -> dict[str, object]:
    return {
        "url": candidate.url,
        "title": candidate.title,
        "configured": candidate.configured,
    }


def _print_found(found: Found, zone: tzinfo) -> None:
    pace = "without dates" if found.items_a_week is None else f"{_rate(found.items_a_week)} a week"
    topics = ", ".join(f"{name} {number}" for name, number in found.matches.items())
    click.echo(f"{found.title}\n    {found.url}")
    click.echo(
        f"    {count(found.items, 'item')}, {pace}; your topics match {found.matched} of them"
        + (f" ({topics})" if topics else "")
    )
    for article in found.newest:
        day = local(article.published_at, zone) if article.published_at else "without a date  "
        click.echo(f"    {day}  {article.title or article.url}")


def _found_json(found: Found) -> dict[str, object]:
    return {
        "url": found.url,
        "title": found.title,
        "items": found.items,
        "items_a_week": found.items_a_week,
        "matched": found.matched,
        "matches": dict(found.matches),
        "newest": [
            {"title": a.title, "url": a.url, "published": iso(a.published_at)} for a in found.newest
        ],
    }


def _write(path: Path, config: Config, new: Sequence[NewFeed], *, yes: bool, ask: bool) -> bool:
    """Add feeds if that is wanted; say whether it was done."""
    from monitor import subscribe  # noqa: PLC0415
    from monitor.config.editing import feed_block  # noqa: PLC0415

    what = "this feed" if len(new) == 1 else f"these {len(new):,} feeds"
    if not yes:
        if len(new) == 1 and ask:
            click.echo(f"\n{feed_block(new[0])}")
        if not (ask and sys.stdin.isatty()):
            click.echo(f"nothing was written; --yes adds {what} to {path}", err=True)
            return False
        if not click.confirm(f"Add {what} to {path}?"):
            click.echo("nothing was written")
            return False
    subscribe.save(path, config, new)
    if ask:
        done = "was" if len(new) == 1 else "were"
        needed = "" if config.reload.auto else "after `monitor reload` "
        click.echo(f"{what} {done} added to {path}; {needed}a running monitor polls what was added")
    return True


# ------------------------------------------------------------------------------ import and export


@feeds.command("import")
@with_config
@click.argument("file", type=click.File("rb"))
@_with_yes
def import_list(path: Path, file: IO[bytes], *, yes: bool) -> None:
    """Add the feeds of another reader's list (OPML).

    FILE may be - for standard input. Feeds that are configured already are left out. No feed is
    asked for; folders are opened, titles become names.
    """
    from monitor import opml, subscribe  # noqa: PLC0415
    from monitor.app import read_config  # noqa: PLC0415

    config = read_config(path)
    found = subscribe.read_list(config, file.read(opml.MAX_BYTES + 1))
    _print_import(found)
    if found.new and not _write(path, config, found.new, yes=yes, ask=True):
        sys.exit(1)


def _print_import(found: Import) -> None:
    click.echo(
        f"{count(len(found.new), 'new feed')}, {found.present:,} configured already or twice in "
        f"the list, {len(found.invalid):,} with an address that cannot be used"
    )
    for url, reason in found.invalid[:_MOST_INVALID_SHOWN]:
        click.echo(f"    {url[:100]}\n        {reason[:200]}")
    if len(found.invalid) > _MOST_INVALID_SHOWN:
        click.echo(f"    and {len(found.invalid) - _MOST_INVALID_SHOWN:,} more")


@feeds.command("export")
@with_config
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export_list(path: Path, file: IO[str]) -> None:
    """Write the configured feeds as a list (OPML).

    It goes to FILE or, without one, is printed. Addresses, names and languages go along;
    labels and intervals too, for another monitor.
    """
    from monitor import subscribe  # noqa: PLC0415
    from monitor.app import read_config, utc_now  # noqa: PLC0415

    file.write(subscribe.write_list(read_config(path), utc_now()))


# --------------------------------------------------------------------------------------- health


@feeds.command()
@with_config
@with_json
def health(path: Path, *, as_json: bool) -> None:
    """Show how every feed is, those in trouble first.

    A feed is quiet if it answers, but has brought nothing for much longer than its own rhythm
    explains.
    """
    from monitor import subscribe  # noqa: PLC0415

    with opened(path) as app:
        every, zone = subscribe.health(app.store, app.config, app.clock()), app.config.zone
        configured = {feed.url: feed for feed in app.config.feeds}
    if as_json:
        from monitor import records  # noqa: PLC0415

        print_json([records.feed(one, configured[one.row.state.feed_url]) for one in every])
        return
    counts = ", ".join(
        f"{number:,} {condition}"
        for condition in subscribe.Condition
        if (number := sum(feed.condition is condition for feed in every))
    )
    click.echo(f"{count(len(every), 'feed')}" + (f": {counts}" if counts else " configured"))
    for feed in every:
        _print_health(feed, zone)


def _print_health(feed: FeedHealth, zone: tzinfo) -> None:
    from monitor.subscribe import Condition  # noqa: PLC0415

    condition: str = feed.condition
    if feed.condition is Condition.QUIET and feed.quiet_for:
        condition = f"quiet for {count(feed.quiet_for.days, 'day')}"
    shown = "" if feed.condition is Condition.WELL else f": {condition}"
    click.echo(f"{feed.name}{shown}")
    row = feed.row
    _print_feed(
        row,
        feed.name,
        f"{_rate(feed.items_a_week)} items a week, "
        f"{_matches(row)} in {count(row.articles, 'article')}",
        zone,
    )
    if feed.pages:
        click.echo(fitted(_pages(feed.pages), "    "))


def _pages(results: Mapping[str, int]) -> str:
    """Say how many pages were read in full, and why others were not."""
    unread = sorted(
        ((number, why) for why, number in results.items() if why),
        key=lambda counted: (-counted[0], counted[1]),
    )
    told = f"{count(results.get('', 0), 'page')} read in full"
    if not unread:
        return told
    reasons = "; ".join(f"{why} ({number:,})" for number, why in unread[:_MOST_REASONS_SHOWN])
    return f"{told}, {sum(number for number, _ in unread):,} not: {reasons}"
