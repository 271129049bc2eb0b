"""The command `monitor stats`: how the topics run, on the terminal or as drawings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import count, opened, print_json, with_config, with_json
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.stats import Stats, TopicTrend

#: So many sources are told.
_SOURCES = 8


@click.command()
@with_config
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option(
    "--svg",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also draw each topic into this folder, as ID.svg.",
)
@with_json
def stats(path: Path, days: int, folder: Path | None, *, as_json: bool) -> None:
    """Show matches per day for each topic, days that stand out, and what reviewers said."""
    from monitor.stats import look  # noqa: PLC0415

    with opened(path) as app:
        found = look(app.store, app.config, datetime.now(UTC), days=days)
    if folder is not None:
        _draw(found, folder)
    if as_json:
        from monitor import records  # noqa: PLC0415

        print_json(records.topics(found))
        return
    _print(found)


def _print(found: Stats) -> None:
    from monitor.drawing import sparkline  # noqa: PLC0415

    click.echo(f"{found.first} to {found.last}")
    width = max((len(topic.name) for topic in found.topics), default=0)
    for topic in found.topics:
        said = f"{count(topic.matches, 'match', 'matches')}{_judged(topic)}"
        click.echo(f"{topic.name:{width}}  {sparkline(topic.days)}  {said}")
        for place in topic.bursts:
            day = found.first.fromordinal(found.first.toordinal() + place)
            click.echo(f"{'':{width}}  {day} stands out: {topic.days[place]}")
    for title, shares in (("sources", found.sources[:_SOURCES]), ("languages", found.langs)):
        if shares:
            told = ", ".join(f"{name or 'unknown'} {number:,}" for name, number in shares)
            click.echo(f"{title}: {told}")


def _judged(topic: TopicTrend) -> str:
    if topic.precision is None:
        return ""
    judged = topic.relevant + topic.irrelevant
    return f", {topic.relevant} of {judged} judged are relevant ({topic.precision:.0%})"


def _draw(found: Stats, folder: Path) -> None:
    from monitor.drawing import figure  # noqa: PLC0415

    top = max((max(topic.days) for topic in found.topics), default=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for topic in found.topics:
            drawn = figure(
                topic.days,
                bursts=topic.bursts,
                top=top,
                words=f"{topic.name}: {count(topic.matches, 'match', 'matches')}",
                begin=f"{found.first}",
                end=f"{found.last}",
            )
            (folder / f"{topic.id}.svg").write_text(drawn + "\n", encoding="utf-8")
    except OSError as error:
        raise MonitorError(f"--svg {folder} cannot be written: {error}") from error
