"""The search index, as far as both databases share it.

It holds our own tokens (`query.words_of`, the matcher's view of an article), so that what matches
is what search finds. Changing that function or `sqlite.encoded` needs a migration that empties
the index and puts every article back into `search_queue`.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple, assert_never

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from monitor.model import AllOf, AnyOf, IndexQuery, NoneOf, Phrase, UrlPart
from monitor.query import Words, words_of
from monitor.store.tables import articles, clean, feeds
from monitor.store.values import strings

#: Characters of a token that count: PostgreSQL takes no lexeme above 2,046 bytes.
MAX_TOKEN = 500


class Indexed(NamedTuple):
    """An article to be indexed."""

    id: int
    words: Words


def to_index() -> Select[*tuple[Any, ...]]:
    """Select what `indexed` needs, articles joined with their feeds."""
    about = (articles.c.source, articles.c.author, articles.c.tags, articles.c.lang)
    address = (articles.c.url, feeds.c.url.label("feed_url"))
    return select(articles.c.id, articles.c.title, articles.c.text, *about, *address).join(feeds)


def indexed(row: Row[*tuple[Any, ...]]) -> Indexed:
    """Cut an article, a row of `to_index`, into tokens for the index."""
    words = words_of(
        row.title,
        row.text,
        url=row.url,
        feed_url=row.feed_url,
        source=row.source,
        author=row.author,
        tags=strings(row.tags),
        lang=row.lang,
    )
    return Indexed(row.id, Words(*map(_clipped, words)))


def clipped(tokens: tuple[str, ...]) -> list[str]:
    """Make a query's tokens those that an article may have."""
    return [clean(token) for token in _clipped(tokens)]


def _clipped(tokens: Iterable[str]) -> list[str]:
    """Shorten absurd tokens; what no database can hold is in none that `words_of` gives."""
    return [token[:MAX_TOKEN] for token in tokens]


def least_number(since: datetime) -> Select[int | None]:
    """Select the least number of the articles that were first seen since; the index is told it."""
    return select(func.min(articles.c.id)).where(articles.c.first_seen_at >= since)


def condition(
    query: IndexQuery,
    number: ColumnElement[int],
    found: Callable[[IndexQuery], ColumnElement[bool]],
    *,
    joins: bool,
) -> ColumnElement[bool]:
    """Turn a query into a condition on articles.

    Args:
        query: What is asked.
        number: An article's id.
        found: Translates what always looks for words. Negations and phrases without a token are
            left to SQL, since FTS5 has no "everything but".
        joins: Whether `found` can tell that several words stand in one article.
    """
    if _looks_for_words(query, joins=joins):
        return found(query)
    match query:
        case Phrase():
            return false()
        case UrlPart(part):
            its = articles.alias()
            has_part = func.lower(its.c.url).contains(clean(part), autoescape=True)
            return exists().where(its.c.id == number, has_part)
        case AllOf(parts):
            return and_(true(), *(condition(each, number, found, joins=joins) for each in parts))
        case AnyOf(parts):
            return or_(false(), *(condition(each, number, found, joins=joins) for each in parts))
        case NoneOf(part):
            return not_(condition(part, number, found, joins=joins))
        case _:
            assert_never(query)


def _looks_for_words(query: IndexQuery, *, joins: bool) -> bool:
    match query:
        case Phrase(tokens=tokens):
            return bool(tokens) and all(tokens)
        case AllOf(parts):
            return (
                bool(parts) and joins and all(_looks_for_words(part, joins=True) for part in parts)
            )
        case AnyOf(parts):
            return bool(parts) and all(_looks_for_words(part, joins=joins) for part in parts)
        case UrlPart() | NoneOf():
            return False
        case _:
            assert_never(query)
