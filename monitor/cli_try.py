"""The commands that try something on articles in a file: `monitor match` and `monitor stories`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from monitor.console import with_config
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from monitor.model import Article, StoryArticle

#: A longer line is a mistake, or a text that no feed would carry.
_MAX_LINE = 1_000_000

_with_file = click.argument(
    "file", type=click.File("r", encoding="utf-8-sig", errors="surrogateescape")
)


@click.command(short_help="Try the topics on articles in a file.")
@with_config
@_with_file
def match(path: Path, file: IO[str]) -> None:
    """Try the topics on articles in FILE (JSON lines; - reads standard input).

    Each line holds an object with id, title, summary and what else is known (url, source, author,
    lang, tags); each line printed holds {"id", "topics", "labels", "evidence"}. Offsets count
    characters of the line's own title and summary.
    """
    from monitor.app import read_config  # noqa: PLC0415
    from monitor.matcher import Topics  # noqa: PLC0415

    topics = Topics(read_config(path).topics)
    for place, item in _items(file):
        _print(_match_item(topics, item, place))


def _match_item(topics: Any, item: dict[str, Any], place: str) -> dict[str, object]:  # noqa: ANN401  Topics is imported late
    found = topics.match(_loose_article(item, place))
    return {
        "id": item["id"],
        "topics": [match.topic_id for match in found],
        "labels": {match.topic_id: list(match.labels) for match in found if match.labels},
        "evidence": [
            {
                "topic": match.topic_id,
                "field": "title" if span.field == "title" else "summary",
                "start": span.start,
                "end": span.end,
                "text": span.surface,
            }
            for match in found
            for span in match.spans
        ],
    }


def _loose_article(item: dict[str, Any], place: str) -> Article:
    """Make an article of what a line says; other keys are the line's own affair."""
    from monitor.matcher import loose_article  # noqa: PLC0415

    keys = ("title", "summary", "url", "source", "author", "lang")
    texts = {key: _text(item, key, place) for key in keys}
    tags = item.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise MonitorError(f'{place}: "tags" must be a list of texts, not {json.dumps(tags)[:60]}')
    return loose_article(
        texts["title"],
        texts["summary"],
        url=texts["url"],
        source=texts["source"],
        author=texts["author"],
        tags=tuple(tags),
        lang=texts["lang"] or "und",
    )


@click.command(short_help="Try the grouping into stories on a file.")
@with_config
@_with_file
def stories(path: Path, file: IO[str]) -> None:
    """Group the articles in FILE into stories (JSON lines; - reads standard input).

    Each line holds an object with id, title, summary, url and published (those without a date count
    as the newest); each line printed holds {"id", "story"}, stories numbered from the oldest. What
    is common in the news is learned from the file alone, so more lines help.
    """
    from monitor.app import glossary, read_config  # noqa: PLC0415
    from monitor.stories import Statistics, cluster, count  # noqa: PLC0415

    known = glossary(read_config(path))
    ids, articles = _story_articles(_items(file))
    archive = Statistics()
    count(archive, articles, known)
    found = cluster(articles, known, archive)
    numbers = {article: number for number, each in enumerate(found, 1) for article in each.articles}
    for index, own_id in enumerate(ids):
        _print({"id": own_id, "story": numbers[index]})


def _story_articles(
    items: Iterator[tuple[str, dict[str, Any]]],
) -> tuple[list[object], list[StoryArticle]]:
    from datetime import UTC, datetime  # noqa: PLC0415

    from monitor.model import StoryArticle  # noqa: PLC0415

    read = [
        (item["id"], _date(item, place), *(_text(item, key, place) for key in _STORY_TEXTS))
        for place, item in items
    ]
    newest = max((date for _, date, *_ in read if date), default=datetime(1970, 1, 1, tzinfo=UTC))
    articles = [
        StoryArticle(id=index, title=title, text=text, url=url, at=date or newest)
        for index, (_, date, title, text, url) in enumerate(read)
    ]
    return [own_id for own_id, *_ in read], articles


_STORY_TEXTS = ("title", "summary", "url")


def _print(line: dict[str, object]) -> None:
    click.echo(json.dumps(line, ensure_ascii=False))


# ------------------------------------------------------------------------------------ reading


def _items(file: IO[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read objects with an id from lines of JSON, each with its place for errors."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            place = f"{file.name}:{number}"
            yield place, _item(line, place)


def _item(line: str, place: str) -> dict[str, Any]:
    if len(line) > _MAX_LINE:
        raise MonitorError(f"{place}: this line has more than {_MAX_LINE:,} characters; cut it")
    try:
        item = json.loads(line, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise MonitorError(
            f"{place}: this line is no JSON ({error.msg} at column {error.colno})"
        ) from error
    except (ValueError, RecursionError) as error:
        raise MonitorError(f"{place}: this line cannot be read as JSON ({error})") from error
    if not isinstance(item, dict) or "id" not in item:
        raise MonitorError(
            f'{place}: each line must be an object such as {{"id": "1", "title": "…"}}'
        )
    return item


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _text(item: dict[str, Any], key: str, place: str) -> str:
    given = item.get(key)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise MonitorError(f'{place}: "{key}" must be a text, not {json.dumps(given)[:60]}')
    return given


def _date(item: dict[str, Any], place: str) -> datetime | None:
    from datetime import UTC, datetime  # noqa: PLC0415

    given = _text(item, "published", place)
    if not given:
        return None
    try:
        date = datetime.fromisoformat(given)
    except ValueError as error:
        raise MonitorError(
            f'{place}: "published" must be a date such as "2026-03-11T07:30:00Z", '
            f"not {json.dumps(given)[:60]}"
        ) from error
    # Years 1 and 9999 have moments that UTC cannot express.
    return date if date.tzinfo and 1 < date.year < 9999 else date.replace(tzinfo=UTC)
