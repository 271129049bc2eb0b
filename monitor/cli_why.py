"""The command `monitor why`: what held and what failed when a topic was tried on an article."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import count, fitted, local, opened, print_json, with_config, with_json
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.matcher import Explanation
    from monitor.model import ArticleMatches, Match
    from monitor.query import Finding
    from monitor.ranking import Score

#: So many terms that are not there are named in one line.
_MOST_NAMED = 12


@click.command(short_help="Say why a topic takes an article, or not.")
@with_config
@click.argument("article")
@click.argument("topic", required=False)
@with_json
def why(path: Path, article: str, topic: str | None, *, as_json: bool) -> None:
    """Say why ARTICLE is or is not in TOPIC: what was found, what is missing, what was cancelled.

    ARTICLE is its number in the archive or its address, TOPIC the id of a topic. Without TOPIC, all
    topics are tried, and those that take the article are explained.
    """
    from monitor.matcher import Topics  # noqa: PLC0415
    from monitor.weighing import weigh  # noqa: PLC0415

    article = os.fsencode(article).decode("utf-8", "replace")
    with opened(path) as app:
        row = _found(app, article)
        known = [each.id for each in app.config.topics]
        if topic is not None and topic not in known:
            raise MonitorError(f'there is no topic "{topic}"; there are {", ".join(known)}')
        told = [
            each
            for each in Topics(app.config.topics).explain(row.article)
            if topic in {None, each.topic_id}
        ]
        scores = weigh(app.store, app.config, row, app.clock())
        zone = app.config.zone
    stored = {match.topic_id: match for match in row.matches}
    if as_json:
        print_json(
            {
                "id": row.id,
                "title": row.article.title,
                "url": row.article.url,
                "topics": [
                    _json(each, stored.get(each.topic_id), scores.get(each.topic_id))
                    for each in told
                ],
            }
        )
        return
    seen = local(row.article.published_at or row.article.first_seen_at, zone)
    click.echo(fitted(f"{row.article.title or row.article.url} ({row.article.source}, {seen})"))
    for each in told:
        _print(each, stored.get(each.topic_id), full=topic is not None or each.finding.held)
        for line in _numbers(scores.get(each.topic_id)):
            click.echo(fitted(line[1], "    " * line[0]))
    if topic is None and not all(each.finding.held for each in told):
        click.echo(fitted(f"\n`monitor why {row.id} TOPIC` shows what such a topic misses."))


def _found(app: App, article: str) -> ArticleMatches:
    if re.fullmatch("[0-9]{1,18}", article):
        row = app.store.article(int(article))
    else:
        row = app.store.article_at(article)
    if row is None:
        raise MonitorError(
            f"no article {article} is stored; `monitor search --json WORDS` shows the numbers"
        )
    return row


def _json(told: Explanation, stored: Match | None, score: Score | None) -> dict[str, object]:
    return {
        "topic": told.topic_id,
        "matched": told.finding.held,
        "version": told.query_version,
        "stored_version": stored.query_version if stored else None,
        "tree": asdict(told.finding),
        "score": None
        if score is None
        else {
            **score.factors,
            "value": score.value,
            "words": [asdict(word) | {"value": word.value} for word in score.words],
        },
    }


def _print(told: Explanation, stored: Match | None, *, full: bool) -> None:
    click.echo(f"\n{told.topic_name}: {'match' if told.finding.held else 'no match'}")
    if stored and stored.query_version != told.query_version:
        click.echo("    an earlier wording of this topic is stored as a match")
    elif bool(stored) != told.finding.held:
        kept = "a match" if stored else "no match"
        click.echo(f"    but {kept} is stored: the text or the monitor was another one then")
    if full:
        for line in lines(told.finding):
            click.echo(fitted(line[1], "    " * line[0]))


def _numbers(score: Score | None) -> Iterator[tuple[int, str]]:
    """Say where the story stands in a digest, number by number."""
    from monitor.ranking import HALF_OF_ALL  # noqa: PLC0415

    if score is None:
        return
    factors = " × ".join(f"{name} {number:.3g}" for name, number in score.factors.items())
    yield 1, f"its story scores {score.value:.3g} now: {factors}"
    total = sum(word.value for word in score.words)
    if score.words:
        yield 2, f"hits {score.hits:.3g} = {total:.3g} / ({total:.3g} + {HALF_OF_ALL:g}), of which"
    for word in score.words[:_MOST_NAMED]:
        product = f"place {word.place:g} × rarity {word.rarity:.3g}"
        weight = f" × weight {word.weight:g}" if word.weight != 1 else ""
        yield 3, f"{word.value:.3g} “{word.surface}”: {product}{weight}"


def lines(finding: Finding, depth: int = 1) -> Iterator[tuple[int, str]]:
    """Give each line and how far it is set in; what is not there is told in one line."""
    note = f": {finding.note}" if finding.note else ":" * bool(finding.parts)
    yield depth, f"{'yes' if finding.held else 'no '} {finding.text}{note}"
    if finding.text != "one of these":
        for part in finding.parts:
            yield from lines(part, depth + 1)
        return
    told = [part for part in finding.parts if part.held]
    if not told:
        told = [part for part in finding.parts if not _is_absent(part)]
    for part in told:
        yield from lines(part, depth + 1)
    rest = [part for part in finding.parts if part not in told]
    if rest and not finding.held:
        words = [part.text for part in rest if not part.parts]
        named = ", ".join(words[:_MOST_NAMED])
        more = len(rest) - len(words[:_MOST_NAMED])
        others = f" and {more} more" if named and more else count(more, "combination") * (not named)
        yield depth + 1, f"no  {named}{others}: not there"
    elif rest:
        yield depth + 1, f"no  {count(len(rest), 'other')}"


def _is_absent(finding: Finding) -> bool:
    """Tell whether nothing at all of a part is there, so that there is nothing to tell of it."""
    from monitor.query import NOT_THERE  # noqa: PLC0415

    if not finding.parts:
        return finding.note == NOT_THERE
    return all(part.text == "not this" or _is_absent(part) for part in finding.parts)
