"""The search index, as far as both databases share it.

It holds our own tokens (`text.index_tokens`, the matcher's view of a text), so that what matches
is what search finds. Changing that function or `sqlite.encoded` needs a migration that empties
the index and puts every article back into `search_queue`.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from monitor.model import AllOf, AnyOf, IndexQuery, NoneOf, Phrase
from monitor.store.tables import clean
from monitor.text import index_tokens

#: Characters of a token that count: PostgreSQL takes no lexeme above 2,046 bytes.
MAX_TOKEN = 500

#: Texts to index: article id, tokens of the title, tokens of the text.
Tokens = tuple[int, list[str], list[str]]


def tokens_of(article_id: int, title: str, text: str) -> Tokens:
    """Cut an article into tokens for the index."""
    return article_id, _clipped(index_tokens(title)), _clipped(index_tokens(text))


def clipped(tokens: tuple[str, ...]) -> list[str]:
    """Make a query's tokens those that an article may have."""
    return [clean(token) for token in _clipped(tokens)]


def _clipped(tokens: Iterable[str]) -> list[str]:
    """Shorten absurd tokens; what no database can hold is in none that `index_tokens` gives."""
    return [token[:MAX_TOKEN] for token in tokens]


def condition(
    query: IndexQuery, found: Callable[[IndexQuery], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Turn a query into a condition on articles.

    Negations and phrases without a token are left to SQL, since FTS5 has no "everything but";
    `found` translates the rest, which always looks for something.
    """
    if _looks_for_something(query):
        return found(query)
    match query:
        case Phrase():
            return false()
        case AllOf(parts):
            return and_(true(), *(condition(part, found) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(condition(part, found) for part in parts))
        case NoneOf(part):
            return not_(condition(part, found))
        case _:
            assert_never(query)


def _looks_for_something(query: IndexQuery) -> bool:
    match query:
        case Phrase(tokens=tokens):
            return bool(tokens) and all(tokens)
        case AllOf(parts) | AnyOf(parts):
            return bool(parts) and all(_looks_for_something(part) for part in parts)
        case NoneOf():
            return False
        case _:
            assert_never(query)
