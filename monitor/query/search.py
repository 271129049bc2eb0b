"""From a query to what the archive's search index can answer.

The index knows tokens and their order (`text.index_tokens`), neither capitals nor distances. What a
topic matches, the same words find here; a search may find more, since the index sees no comma.
"""

from collections.abc import Iterator
from typing import assert_never

from monitor.errors import QueryError
from monitor.model import AllOf, AnyOf, IndexQuery, NoneOf, Phrase
from monitor.query.terms import Pattern, Term
from monitor.query.tree import And, Guarded, Meta, Near, Node, Not, Or, Scope
from monitor.text import SYMBOLS, UNSPACED, index_tokens, joined

#: The most spellings of one term that are looked up.
MAX_SPELLINGS = 64


def for_index(node: Node) -> IndexQuery:
    """Translate a query for the search index.

    Raises:
        QueryError: For what the index does not know: NEAR, `=`, and * at the start of a word.
    """
    match node:
        case Term():
            return _phrases(node)
        case And():
            return AllOf(tuple(for_index(part) for part in node.parts))
        case Or():
            return AnyOf(tuple(for_index(part) for part in node.parts))
        case Not():
            return NoneOf(for_index(node.part))
        case Near():
            raise _refusal("the search box does not know NEAR yet; write AND", "NEAR")
        case Scope():
            raise _refusal(
                f"the search box does not know {node.field}: yet; leave it out", f"{node.field}:"
            )
        case Meta():
            raise _refusal(
                f"the search box does not know {node.field}: yet; leave it out", f"{node.field}:"
            )
        case Guarded():
            return for_index(node.part)
        case _:
            assert_never(node)


def _phrases(term: Term) -> IndexQuery:
    if term.text.startswith("="):
        raise _refusal("the search box does not know = yet; leave it out", term.text)
    if any(pattern.open_start for pattern in term.patterns):
        raise _refusal("the search box does not know * at the start of a word yet", term.text)
    phrases: dict[Phrase, None] = {}
    for pattern in term.patterns:
        for spelling in _spellings(pattern):
            tokens = tuple(index_tokens(spelling))
            # A single character of Chinese and a symbol are whole tokens already.
            prefix = pattern.open_end and tokens[-1] < UNSPACED and tokens[-1] not in SYMBOLS
            phrases[Phrase(tokens=tokens, prefix=prefix)] = None
        if len(phrases) > MAX_SPELLINGS:
            raise _refusal(
                "this can be spelled in too many ways; put it into quotation marks", term.text
            )
    return next(iter(phrases)) if len(phrases) == 1 else AnyOf(tuple(phrases))


def _spellings(pattern: Pattern) -> Iterator[str]:
    """Give what a pattern can look like, as far as it makes different tokens."""
    found = [""]
    for literal in pattern.literals:
        found = [
            spelling + separator + literal
            for spelling in found
            for separator in _separators(spelling, literal)
        ]
        if len(found) > MAX_SPELLINGS:
            break
    for spelling in found:
        yield from (spelling + ending for ending in ("", *pattern.endings))


def _separators(left: str, right: str) -> tuple[str, ...]:
    if not left:
        return ("",)
    return (" ", "") if joined(left[-1], right[0]) else (" ",)


def _refusal(message: str, text: str) -> QueryError:
    return QueryError(message, text=text, span=(0, len(text)))
