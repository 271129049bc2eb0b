"""Which topics an article belongs to, and why."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple, assert_never

from monitor.config import TopicConfig
from monitor.model import Article, Match, Span, TopicVersion
from monitor.query import And, Near, Node, Not, Or, Term, TopicQuery, compile_topic, find
from monitor.text import UNSPACED, fold

#: The most hits that are kept as evidence of one match.
MAX_SPANS = 50

#: Stands between title and text while they are searched as one: no term contains it.
_GAP = "\x00"

_RUN = re.compile(r"[\u0e00-\U0010ffff]+|[0-9a-z\x80-\u0dff]+")


class Topics:
    """All topics, ready to match; it holds no state and may be shared between threads."""

    def __init__(self, topics: Iterable[TopicConfig]) -> None:
        """Compile the topics; a query that cannot be understood raises QueryError."""
        self._topics = [(topic, _compile(topic)) for topic in topics]
        #: For each topic what must hold, as lists of alternatives.
        self._choices = [_choices(query.wanted) for _, query in self._topics]
        #: All literals whose absence rules an alternative out.
        self._anchors = frozenset(
            anchor
            for choices in self._choices
            for choice in choices
            for _, anchors in choice
            for anchor in anchors
        )

    @property
    def versions(self) -> tuple[TopicVersion, ...]:
        """The wording of each topic, to be stored with the matches that it makes."""
        return tuple(
            TopicVersion(
                topic_id=topic.id,
                query_version=query.version,
                name=topic.name,
                definition=query.definition,
            )
            for topic, query in self._topics
        )

    def match(self, article: Article) -> tuple[Match, ...]:
        """Give the topics an article belongs to, in the order of the configuration."""
        return self.match_text(article.title, article.text)

    def match_text(self, title: str, text: str) -> tuple[Match, ...]:
        """Do as `match` for a title and a text; spans point into these two."""
        scan = _Scan(title, text, self._anchors)
        matches: list[Match] = []
        for (topic, query), choices in zip(self._topics, self._choices, strict=True):
            wanted = _narrowed(choices, scan.absent)
            hits = _match(query, wanted, scan) if wanted else None
            if hits is not None:
                matches.append(
                    Match(topic_id=topic.id, query_version=query.version, spans=scan.spans(hits))
                )
        return tuple(matches)


def _compile(topic: TopicConfig) -> TopicQuery:
    return compile_topic(
        any=topic.any, all=topic.all, near=topic.near, within=topic.within, none=topic.none
    )


#: Nodes of which one must hold, each with literals of which one must stand in the text for that; ()
#: if it may hold in any text.
_Choice = tuple[tuple[Node, frozenset[str]], ...]


def _choices(wanted: And) -> tuple[_Choice, ...]:
    return tuple(
        tuple((node, _anchors(node) or frozenset()) for node in _alternatives(part))
        for part in wanted.parts
    )


def _alternatives(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Or) else (node,)


def _narrowed(choices: Iterable[_Choice], absent: frozenset[str]) -> And | None:
    """Keep of each choice what may hold in a text; None if nothing may.

    Args:
        choices: What a topic wants.
        absent: The literals that do not stand in the text.
    """
    kept = []
    for choice in choices:
        nodes = tuple(node for node, anchors in choice if not anchors or not anchors <= absent)
        if not nodes:
            return None
        kept.append(Or(nodes))
    return And(tuple(kept))


def _anchors(node: Node) -> frozenset[str] | None:
    """Give literals of which one must stand where a node holds; None if there are none."""
    match node:
        case Term():
            return frozenset(pattern.anchor for pattern in node.patterns)
        case Or():
            sets = [_anchors(part) for part in node.parts]
            return None if None in sets else frozenset[str]().union(*filter(None, sets))
        case And():
            return _rarest(_anchors(part) for part in node.parts)
        case Near():
            return _rarest((_anchors(node.left), _anchors(node.right)))
        case Not():
            return None
        case _:
            assert_never(node)


def _rarest(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """Choose the set that rejects most: few literals, and long ones."""
    return min(
        (anchors for anchors in sets if anchors is not None),
        key=lambda anchors: sum(len(anchor) ** -2 for anchor in anchors),
        default=None,
    )


class _Hit(NamedTuple):
    """Where a term stands in title and text taken as one."""

    start: int
    end: int
    term: str


class _Scan:
    """One article while it is matched: what was looked up once is not looked up again."""

    def __init__(self, title: str, text: str, anchors: Iterable[str]) -> None:
        self._stored = title + _GAP + text
        self._folded = folded = fold(title) + _GAP + fold(text)
        letters = frozenset(folded)
        #: Those of the literals that do not stand here: this rules out most terms at little cost.
        self.absent = frozenset(
            [
                anchor
                for anchor in anchors
                # A Chinese text has few of the letters that Latin words begin with.
                if anchor[0] not in letters or anchor not in folded
            ]
        )
        self._title_end = len(title)
        self._found: dict[Term, list[_Hit]] = {}
        self._words: _Words | None = None

    def hits(self, term: Term) -> list[_Hit]:
        """Give the places of a term, in the order of the text."""
        hits = self._found.get(term)
        if hits is None:
            hits = self._found[term] = self._find(term)
        return hits

    def _find(self, term: Term) -> list[_Hit]:
        for pattern in term.patterns:
            if pattern.anchor not in self.absent:
                break
        else:
            return []
        found = find(term, self._folded, self._stored)
        return [_Hit(start, end, term.text) for start, end in found]

    @property
    def words(self) -> "_Words":
        """The article's words, counted when first needed."""
        if self._words is None:
            self._words = _Words(self._folded)
        return self._words

    def spans(self, hits: Iterable[_Hit]) -> tuple[Span, ...]:
        """Make evidence of hits: in the order of the text, each once, at most MAX_SPANS."""
        return tuple(self._span(hit) for hit in sorted(set(hits))[:MAX_SPANS])

    def _span(self, hit: _Hit) -> Span:
        in_title = hit.start < self._title_end
        offset = 0 if in_title else self._title_end + len(_GAP)
        return Span(
            field="title" if in_title else "body",
            start=hit.start - offset,
            end=hit.end - offset,
            surface=self._stored[hit.start : hit.end],
            term=hit.term,
        )


class _Words:
    """Distances within a text in half words: a character of Chinese is half a word."""

    def __init__(self, folded: str) -> None:
        runs = list(_RUN.finditer(folded))
        self._starts = [run.start() for run in runs]
        #: Ends of the runs whose characters count one by one; 0 for a word that counts as a whole.
        self._ends = [run.end() if run[0] >= UNSPACED else 0 for run in runs]
        sizes = (len(run[0]) if run[0] >= UNSPACED else 2 for run in runs)
        self._sums = [0, *accumulate(sizes)]

    def between(self, end: int, start: int) -> int:
        """Count the half words that begin at `end` or later and before `start`."""
        return self._before(start) - self._before(end)

    def _before(self, index: int) -> int:
        runs = bisect_left(self._starts, index)
        beyond = self._ends[runs - 1] - index if runs else 0
        return self._sums[runs] - max(0, beyond)


def _match(query: TopicQuery, wanted: And, scan: _Scan) -> list[_Hit] | None:
    """Give the hits that make a topic match, None if it does not; `wanted` is what may hold."""
    hits = _evaluate(wanted, scan, _NOTHING_GUARDED)
    if hits is None:
        return None
    guarded = _Guarded(hit for guard in query.guards for hit in scan.hits(guard))
    if guarded:
        hits = _evaluate(wanted, scan, guarded)
    if hits is None or any(
        _evaluate(veto, scan, _NOTHING_GUARDED) is not None for veto in query.vetoes
    ):
        return None
    return hits


class _Guarded:
    """Stretches of the text in which hits do not count."""

    def __init__(self, hits: Iterable[_Hit]) -> None:
        ordered = sorted(hits)
        self._starts = [hit.start for hit in ordered]
        #: The furthest end of all stretches up to each one.
        self._ends = list(accumulate((hit.end for hit in ordered), max))

    def __bool__(self) -> bool:
        return bool(self._starts)

    def covers(self, hit: _Hit) -> bool:
        """Tell whether a hit lies inside one of the stretches."""
        before = bisect_right(self._starts, hit.start)
        return before > 0 and hit.end <= self._ends[before - 1]


_NOTHING_GUARDED = _Guarded(())


def _evaluate(node: Node, scan: _Scan, guarded: _Guarded) -> list[_Hit] | None:
    """Give the hits for which a node holds ([] if it holds without any), None if it does not."""
    match node:
        case Term():
            hits = scan.hits(node)
            if guarded:
                hits = [hit for hit in hits if not guarded.covers(hit)]
            return hits or None
        case Or():
            found = [_evaluate(part, scan, guarded) for part in node.parts]
            held = [hits for hits in found if hits is not None]
            return [hit for hits in held for hit in hits] if held else None
        case And():
            joint: list[_Hit] = []
            for part in node.parts:
                hits_of_part = _evaluate(part, scan, guarded)
                if hits_of_part is None:
                    return None
                joint += hits_of_part
            return joint
        case Not():
            return [] if _evaluate(node.part, scan, _NOTHING_GUARDED) is None else None
        case Near():
            return _near(node, scan, guarded)
        case _:
            assert_never(node)


def _near(node: Near, scan: _Scan, guarded: _Guarded) -> list[_Hit] | None:
    left = _evaluate(node.left, scan, guarded)
    right = _evaluate(node.right, scan, guarded) if left else None
    if not left or not right:
        return None
    hits = [
        *_close(left, right, 2 * node.within, scan.words),
        *_close(right, left, 2 * node.within, scan.words),
    ]
    return hits or None


def _close(hits: list[_Hit], others: list[_Hit], half_words: int, words: _Words) -> list[_Hit]:
    """Keep the hits that have one of the others near them, before or after, not overlapping."""
    starts = sorted(hit.start for hit in others)
    ends = sorted(hit.end for hit in others)

    def is_close(hit: _Hit) -> bool:
        after = bisect_left(starts, hit.end)
        if after < len(starts) and words.between(hit.end, starts[after]) <= half_words:
            return True
        before = bisect_right(ends, hit.start)
        return before > 0 and words.between(ends[before - 1], hit.start) <= half_words

    return [hit for hit in hits if is_close(hit)]
