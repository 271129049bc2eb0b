"""A query and an article, as the archive's search index sees both.

The index holds what can be told without looking at an article again: its folded words, what stands
between them, which short words stand there in capitals (AI, U.S.), and what else is known of it.
Whatever a query asks beyond that (NEAR, other capitals, the beginning of a word left open) is left
out of `Asked.index`, which then finds too much, and the evaluator looks at what was found. So what
matches is what search finds.

Between two words of the index stands

    nothing   one blank (or hyphen, dot …) between two words; none at all where a word may end
              without one: `H20` is h 20, 可灵 is 可 灵
    TOUCH     one blank where there might be none: "H 20", "可灵 AI"
    SIGN      one sign, as in Chinese: a comma, a line end
    STOP      a sign and a blank: a comma or a full stop in English
    GAP       anything else
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, assert_never

from monitor.model import AllOf, AnyOf, Field, IndexQuery, NoneOf, Phrase, UrlPart
from monitor.query.evaluate import host
from monitor.query.terms import Pattern, Term, bare_term, capitals_of, find
from monitor.query.tree import And, Guarded, Meta, Near, Node, Not, Or, Scope
from monitor.text import BREAK, SEPARATOR, SYMBOLS, UNSPACED, Folding, fold

#: None of these stands in folded text but SIGN: no word has it.
TOUCH = "_"
SIGN = BREAK
STOP = "\t"
GAP = "\v"
#: What stands between words, and so in no query's first or last place.
BETWEEN = frozenset({TOUCH, SIGN, STOP, GAP})

#: The most spellings of one term that are looked up.
MAX_SPELLINGS = 64
#: The longest ends of an address's host that are looked up.
_MAX_LABELS = 20

_ALONE = f"{re.escape(SYMBOLS)}{UNSPACED}-\U0010ffff"
_LETTER = f"[^0-9 \n\t\v_{_ALONE}]"
_GAP = re.compile("[ \n]{2,}|\n")
_TOUCH = re.compile(f"(?<={_LETTER}) (?!{_LETTER})|(?<=[0-9]) (?![0-9])|(?<=[{_ALONE}]) ")
_TOKEN = re.compile(f"[0-9]+|[{_ALONE}\n\t\v_]|{_LETTER}+")
_GAPS = {BREAK: SIGN, BREAK + SEPARATOR: STOP}


class Words(NamedTuple):
    """The tokens of an article in the index."""

    title: list[str]
    body: list[str]
    #: What is known of it beside its words, each token with a mark of what it is.
    known: list[str]


def words_of(
    title: str,
    text: str,
    *,
    url: str,
    feed_url: str,
    source: str,
    author: str,
    tags: Iterable[str],
    lang: str,
) -> Words:
    """Cut an article into the tokens of the index."""
    heading, body = Folding(title), Folding(text)
    known = [
        *(f"h:{capitals}" for capitals in _in_capitals(heading)),
        *(f"b:{capitals}" for capitals in _in_capitals(body)),
        *_domains(host(url or feed_url)),
        *(f"l:{code}" for code in _widening(lang.lower())),
        *_marked("s", source),
        GAP,
        *_marked("a", author),
    ]
    for tag in tags:
        known += [GAP, *_marked("t", tag)]
    return Words(_tokens(heading.folded), _tokens(body.folded), known)


def _tokens(folded: str) -> list[str]:
    bare = folded.strip(SEPARATOR + BREAK)
    return _TOKEN.findall(_TOUCH.sub(TOUCH, _GAP.sub(_gap, bare)))


def _gap(found: re.Match[str]) -> str:
    return _GAPS.get(found[0], GAP)


def _marked(mark: str, text: str) -> Iterator[str]:
    for token in _tokens(fold(text)):
        yield token if token in BETWEEN else f"{mark}:{token}"


def _shapes() -> list[int]:
    """Tell for each character whether it is a capital of a script with spaces, a dot or neither."""
    shapes = [ord("x")] * 0x1D800
    # Unicode has such capitals only here; to ask it for all takes too long.
    for code in (
        *range(0x2C80),
        *range(0xA780, 0xA7D0),
        *range(0xFF21, 0xFF3B),
        *range(0x1D400, 0x1D800),
    ):
        char = chr(code)
        if char.isupper() and char.isalpha() and "a" <= fold(char) < UNSPACED:
            shapes[code] = ord("A")
    for dot in ".\u2024\ufe52\uff0e":
        shapes[ord(dot)] = ord(".")
    return shapes


_SHAPES = _shapes()
_SHORT = re.compile(r"(?<!A)A{2,3}(?!A)")
_DOTTED = re.compile(r"A(?:\.A)+")


def _in_capitals(text: Folding) -> Iterator[str]:
    """Give the terms of two or three capitals that stand in a text, however they are dotted."""
    shape = text.plain.translate(_SHAPES)
    possible: dict[str, None] = {}
    for found in _SHORT.finditer(shape):
        possible[_composed(text.plain[found.start() : found.end()])] = None
    for found in _DOTTED.finditer(shape):
        row = _composed(text.plain[found.start() : found.end() : 2])
        for at in range(len(row) - 1):
            possible |= {row[at : at + 2]: None, row[at : at + 3]: None}
    return (each for each in possible if find(_of_capitals(each), text.folded, text.plain))


@lru_cache(maxsize=4_096)
def _of_capitals(letters: str) -> Term:
    return bare_term(letters, letters)


def _composed(letters: str) -> str:
    """Write letters that are compared as capitals in the one way: full-width ones, say."""
    return unicodedata.normalize("NFKC", letters)


def _domains(name: str) -> Iterator[str]:
    """Give a host and the domains it lies in: "www.example.com" lies in "example.com"."""
    labels = name.split(".")
    for first in range(len(labels))[-_MAX_LABELS:]:
        yield "d:" + ".".join(labels[first:])


def _widening(code: str) -> Iterator[str]:
    """Give a language and what it belongs to: "zh-hant-tw" to "zh-hant" and "zh"."""
    parts = code.split("-")[:_MAX_LABELS]
    return ("-".join(parts[:count]) for count in range(1, len(parts) + 1))


# ------------------------------------------------------------------------------------- the query


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and what to ask the index for."""

    node: Node
    #: Finds every article for which the query holds.
    index: IndexQuery
    #: It finds no other. If not, `evaluate` has to look at each one.
    exact: bool


_EVERYTHING = AllOf(())


def for_index(node: Node) -> Asked:
    """Translate a query for the search index."""
    index, exact = _asked(node, None)
    return Asked(node, index, exact)


def _asked(node: Node, field: Field | None) -> tuple[IndexQuery, bool]:  # noqa: PLR0911  one case for each kind of node
    match node:
        case Term():
            return _term(node, field)
        case And():
            return _all([_asked(part, field) for part in node.parts])
        case Or():
            return _any([_asked(part, field) for part in node.parts])
        case Not():
            index, exact = _asked(node.part, field)
            # Of what it finds too much, nothing can be told by leaving it out.
            return (NoneOf(index), True) if exact else (_EVERYTHING, False)
        case Near():
            index, _ = _all([_asked(node.left, field), _asked(node.right, field)])
            return index, False
        case Scope():
            return _asked(node.part, node.field)
        case Meta():
            return _meta(node)
        case Guarded():
            index, _ = _asked(node.part, field)
            return index, False
        case _:
            assert_never(node)


def _all(parts: list[tuple[IndexQuery, bool]]) -> tuple[IndexQuery, bool]:
    asked = tuple(index for index, _ in parts if index != _EVERYTHING)
    return asked[0] if len(asked) == 1 else AllOf(asked), all(exact for _, exact in parts)


def _any(parts: list[tuple[IndexQuery, bool]]) -> tuple[IndexQuery, bool]:
    asked = tuple(index for index, _ in parts)
    exact = all(exact for _, exact in parts)
    return _EVERYTHING if _EVERYTHING in asked else AnyOf(asked), exact


def _term(term: Term, field: Field | None) -> tuple[IndexQuery, bool]:
    capitals = capitals_of(term)
    if capitals and set(capitals.translate(_SHAPES)) == {"A"}:
        capitals = _composed(capitals)
        marks = {None: "hb", "title": "h", "body": "b"}[field]
        spelled = tuple(Phrase((f"{mark}:{capitals}",)) for mark in marks)
        return spelled[0] if field else AnyOf(spelled), True
    phrases: dict[Phrase, None] = {}
    for pattern in term.patterns:
        for spelling in spellings(pattern):
            tokens = _tokens(spelling)
            if pattern.open_start and _may_go_on(tokens[0]):
                tokens = tokens[1:]
                tokens = tokens[1:] if tokens[:1] == [TOUCH] else tokens
            if not tokens or len(phrases) == MAX_SPELLINGS:
                return _EVERYTHING, False
            prefix = pattern.open_end and _may_go_on(tokens[-1])
            phrases[Phrase(tuple(tokens), prefix=prefix, field=field)] = None
    found = next(iter(phrases)) if len(phrases) == 1 else AnyOf(tuple(phrases))
    return found, all(map(_is_exact, term.patterns))


def _may_go_on(token: str) -> bool:
    """Tell whether a token may be a part of a longer one."""
    return token < UNSPACED and token not in SYMBOLS


def spellings(pattern: Pattern) -> Iterator[str]:
    """Give what a pattern can look like, one more than are looked up at most."""
    found = [""]
    for literal in pattern.literals:
        found = [
            spelling + separator + literal
            for spelling in found
            for separator in ((SEPARATOR, "") if spelling else ("",))
        ][: MAX_SPELLINGS + 1]
    for spelling in found:
        yield from (spelling + ending for ending in ("", *pattern.endings))


#: With these, where a term begins can depend on what stands before: can't, 1.01.
_DOUBTFUL_START = re.compile("[0-9]|[dmst](?![a-z])")
#: What the index does not tell from other signs.
_SIGNS = re.compile("^[ \n]|[ \n]$|  |\n \n|\n\n| \n")


def _is_exact(pattern: Pattern) -> bool:
    """Tell whether a pattern stands wherever its tokens do."""
    return not (
        pattern.spelling is not None
        or (pattern.open_start and pattern.literals[0][0] < UNSPACED)
        or _DOUBTFUL_START.match(pattern.literals[0])
        # One letter may begin the mark of what else is known.
        or (pattern.open_end and len(pattern.literals) == len(pattern.literals[0]) == 1)
        or any(map(_SIGNS.search, pattern.literals))
    )


def _meta(meta: Meta) -> tuple[IndexQuery, bool]:
    value = meta.value
    match meta.field:
        case "url":
            # The databases do not know the small letters of every script.
            return (UrlPart(value.lower()), True) if value.isascii() else (_EVERYTHING, False)
        case "lang":
            return Phrase((f"l:{value.lower().replace('_', '-')}",)), True
        case "author":
            return _known("a", value)
        case "tag":
            return _known("t", value)
        case "source":
            domain = value.lower().strip(".").removeprefix("www.")
            words, exact = _known("s", value)
            return AnyOf((Phrase((f"d:{domain}",)), words)), exact
        case _:
            assert_never(meta.field)


def _known(mark: str, words: str) -> tuple[IndexQuery, bool]:
    wanted = fold(words).strip()
    return Phrase(tuple(_marked(mark, words))), not _SIGNS.search(wanted)
