"""What different words, in several languages, mean the same thing.

A glossary is made of groups of synonyms. The shipped ones (`groups`) and the reader's own replace
the words they cover by one token for the group. The terms of a topic are not always synonyms (a
firm and its products), so they add a token beside their words, unless a group has them already.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from monitor.errors import QueryError
from monitor.query import Node, Term, parse, words_of_term
from monitor.query.tree import Or
from monitor.stories.groups import GROUPS
from monitor.text import UNSPACED, fold

#: What tells the token of a group from a word, and that of a topic from both.
GROUP, TOPIC = "@", "@@"

_PIECE = re.compile(r"[^\W\d_\u0e00-\U0010ffff]+|[\u0e00-\U0010ffff]+|\d+")
_FEWEST_WIDE = 2


def pieces(plain: str) -> list[str]:
    """Cut text into runs of digits, words, and runs of characters without spaces between words."""
    return _PIECE.findall(fold(plain))


@cache
def stem(word: str) -> str:
    """Take the usual English endings off a word; what is left need not be one."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su":
        word = word[:-1]
    if len(word) > 6 and word.endswith("ing"):
        word = word[:-3]
    elif len(word) > 5 and word.endswith("ed"):
        word = word[:-2]
    return word[:-1] if len(word) > 4 and word[-1] == "e" else word


@dataclass(frozen=True, slots=True)
class _Meaning:
    token: str
    #: Whether the words are taken away for the token.
    replaces: bool


class Glossary:
    """Groups of synonyms, ready to read texts with."""

    def __init__(
        self,
        same: Iterable[Sequence[str]] = (),
        topics: Iterable[tuple[str, Iterable[str]]] = (),
        *,
        shipped: bool = True,
    ) -> None:
        """Put a glossary together; of two groups that claim a term, the first named has it.

        Args:
            same: The reader's own groups of synonyms.
            topics: Each topic's id and its items of `any`; those that are not just words are left
                out.
            shipped: Whether to use the shipped groups too.
        """
        self._words: dict[str, dict[tuple[str, ...], _Meaning]] = {}
        self._runs: dict[str, dict[str, _Meaning]] = {}
        #: Terms of two or three capitals: "US" is not "us", and a Spanish "un" no organisation.
        self.acronyms: set[str] = set()
        #: The longest term that begins with a word or a character.
        self._longest: dict[str, int] = {}
        groups = [*same, *(line.split("=") for line in _lines())] if shipped else list(same)
        for group in groups:
            meaning = _Meaning(GROUP + fold(group[0]).strip(), replaces=True)
            for term in group:
                self._add(term, meaning)
        for topic_id, items in topics:
            meaning = _Meaning(TOPIC + topic_id, replaces=False)
            for item in items:
                for term in _terms(item):
                    self._add(term, meaning)

    def _add(self, term: str, meaning: _Meaning) -> None:
        found = tuple(pieces(term))
        if re.fullmatch("[A-Z]{2,3}", term.strip()):
            self.acronyms.add(term.strip())
        if len(found) == 1 and found[0] >= UNSPACED:
            self._runs.setdefault(found[0][0], {}).setdefault(found[0], meaning)
            self._reach(found[0][0], len(found[0]))
        elif found and all(piece < UNSPACED for piece in found):
            stems = tuple(map(stem, found))
            self._words.setdefault(stems[0], {}).setdefault(stems, meaning)
            self._reach(stems[0], len(stems))

    def _reach(self, beginning: str, length: int) -> None:
        self._longest[beginning] = max(length, self._longest.get(beginning, 0))

    def read(self, found: Sequence[str]) -> Iterator[str]:
        """Give the tokens of `pieces`: of the longest terms they hold, then the words left over.

        Numbers by themselves, and characters without spaces outside of terms, are left out.
        """
        stems = [piece if piece >= UNSPACED else stem(piece) for piece in found]
        at = 0
        while at < len(stems):
            if stems[at] >= UNSPACED:
                yield from self._in_run(stems[at])
                at += 1
                continue
            length, meaning = self._term_at(stems, at)
            if meaning:
                yield meaning.token
            if not (meaning and meaning.replaces):
                yield from (word for word in stems[at : at + length] if not word.isdecimal())
            at += length

    def _term_at(self, stems: Sequence[str], at: int) -> tuple[int, _Meaning | None]:
        if terms := self._words.get(stems[at]):
            for length in range(min(self._longest[stems[at]], len(stems) - at), 0, -1):
                if meaning := terms.get(tuple(stems[at : at + length])):
                    return length, meaning
        return 1, None

    def _in_run(self, run: str) -> Iterator[str]:
        at = 0
        while at < len(run):
            at += 1
            if terms := self._runs.get(run[at - 1]):
                for length in range(self._longest[run[at - 1]], 0, -1):
                    # Near the end of the run, what is cut off shorter is asked for again: no harm.
                    if meaning := terms.get(run[at - 1 : at - 1 + length]):
                        yield meaning.token
                        at += length - 1
                        break


def _lines() -> Iterator[str]:
    return (line for line in GROUPS.splitlines() if line and not line.startswith("#"))


def _terms(item: str) -> Iterator[str]:
    """Give the plain terms of an item of `any`; one character of Chinese means too much."""
    try:
        node: Node = parse(item)
    except QueryError:  # the configuration was checked; a topic's fault is told there
        return
    for part in node.parts if isinstance(node, Or) else (node,):
        if isinstance(part, Term):
            term = words_of_term(part.text)
            if len(term) >= _FEWEST_WIDE:
                yield term
