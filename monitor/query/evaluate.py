"""Whether a tree holds for an article, and the hits that make it hold."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple, assert_never
from urllib.parse import urlsplit

from monitor.model import Article, Field, Span
from monitor.query.terms import Term, find
from monitor.query.tree import And, Guarded, Meta, MetaField, Near, Node, Not, Or, Scope
from monitor.text import UNSPACED, Folding, fold, joined

#: The most hits that are kept as evidence of one match.
MAX_SPANS = 50

#: Stands between title and text while they are searched as one: no term contains it.
_GAP = "\x00"

_RUN = re.compile(r"[\u0e00-\U0010ffff]+|[0-9a-z\x80-\u0dff]+")


class Hit(NamedTuple):
    """Where a term stands in title and text taken as one."""

    start: int
    end: int
    term: str


#: Fewer literals than these are looked for one by one, as long as nothing asked for more.
_ONE_BY_ONE = 8


class Scan:
    """One article while trees are tried on it: what was looked up once is not looked up again."""

    def __init__(
        self, article: Article, literals_in: Callable[[str], frozenset[str]] | None = None
    ) -> None:
        """Fold the article.

        Args:
            article: What trees are tried on.
            literals_in: Gives the literals that stand in folded text, of all the terms that will be
                asked for; None where nothing can tell that at less cost than one by one.
        """
        self.article = article
        self._literals_in = literals_in
        self._present: frozenset[str] | None = None
        self._title, self._body = Folding(article.title), Folding(article.text)
        #: Title and text as one: as they are, and folded.
        self.plain = self._title.plain + _GAP + self._body.plain
        self.folded = self._title.folded + _GAP + self._body.folded
        self._title_end = len(self._title.folded)
        self._found: dict[str, list[Hit]] = {}

    def lacks(self, literals: frozenset[str]) -> bool:
        """Tell whether none of these literals stands here, as far as that costs little."""
        many = len(literals) >= _ONE_BY_ONE
        if self._present is None and self._literals_in and many:
            self._present = self._literals_in(self.folded)
        if self._present is not None:
            return self._present.isdisjoint(literals)
        return not many and not any(literal in self.folded for literal in literals)

    def hits(self, term: Term) -> list[Hit]:
        """Give the places of a term, in the order of the text."""
        hits = self._found.get(term.text)
        if hits is None:
            hits = self._found[term.text] = self._find(term)
        return hits

    def _find(self, term: Term) -> list[Hit]:
        # Most terms are absent from most texts: this says so at the least cost.
        if self._present is not None:
            if self._present.isdisjoint(term.literals):
                return []
        elif not any(literal in self.folded for literal in term.literals):
            return []
        return [Hit(*place, term.text) for place in find(term, self.folded, self.plain)]

    def worth_asking(self, node: Or) -> tuple[Node, ...]:
        """Leave out the parts that cannot hold, as far as that can be told at little cost."""
        if not node.terms:
            return node.parts
        if self.lacks(node.literals):
            return ()
        present = self._present
        if present is None:
            return node.parts
        return tuple(term for term in node.terms if not present.isdisjoint(term.literals))

    def holds(self, meta: Meta) -> bool:
        """Tell whether something is known of the article."""
        match meta.field:
            case "source":
                return self._comes_from(meta.value)
            case "lang":
                lang, wanted = self.article.lang.lower(), meta.value.lower().replace("_", "-")
                return lang == wanted or lang.startswith(wanted + "-")
            case "author":
                return _has_words(self.article.author, meta.value)
            case "url":
                return meta.value.lower() in self.article.url.lower()
            case "tag":
                return any(_has_words(tag, meta.value) for tag in self.article.tags)
            case _:
                assert_never(meta.field)

    def known(self, field: MetaField) -> str:
        """Say what is known of the article."""
        article = self.article
        match field:
            case "source":
                said = ", ".join(filter(None, (self._host, article.source)))
            case "lang":
                said = article.lang
            case "author":
                said = article.author
            case "url":
                said = article.url
            case "tag":
                said = ", ".join(article.tags)
            case _:
                assert_never(field)
        return f"it is {said}" if said else "the article does not say"

    def _comes_from(self, source: str) -> bool:
        domain = source.lower().strip(".").removeprefix("www.")
        return f".{self._host}".endswith(f".{domain}") or _has_words(self.article.source, source)

    @cached_property
    def _host(self) -> str:
        return host(self.article.url or self.article.feed_url)

    @cached_property
    def words(self) -> "_Words":
        """The article's words, counted when first needed."""
        return _Words(self.folded)

    def is_in(self, hit: Hit, field: Field) -> bool:
        """Tell whether a hit stands in the title, or in the text."""
        return (hit.start < self._title_end) == (field == "title")

    def surface(self, hit: Hit) -> str:
        """Give the text that stands at a hit, in one line."""
        return " ".join(self._span(hit).surface.split())

    def spans(self, hits: Iterable[Hit]) -> tuple[Span, ...]:
        """Make evidence of hits: in the order of the text, each once, at most MAX_SPANS."""
        return tuple(self._span(hit) for hit in sorted(set(hits))[:MAX_SPANS])

    def _span(self, hit: Hit) -> Span:
        in_title = hit.start < self._title_end
        folding, offset = (self._title, 0) if in_title else (self._body, self._body_start)
        start, end = folding.in_stored(hit.start - offset, hit.end - offset)
        return Span(
            field="title" if in_title else "body",
            start=start,
            end=end,
            surface=folding.stored[start:end],
            term=hit.term,
        )

    @property
    def _body_start(self) -> int:
        return self._title_end + len(_GAP)


def host(url: str) -> str:
    """Give the host of an address, "" if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _has_words(text: str, words: str) -> bool:
    """Tell whether a text has these words side by side, whole, whatever their capitals."""
    folded, wanted = fold(text), fold(words).strip()
    at = folded.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if not (at and joined(folded[at - 1], folded[at])) and not (
            end < len(folded) and joined(folded[end - 1], folded[end])
        ):
            return True
        at = folded.find(wanted, at + 1)
    return False


#: Stretches of so many characters are counted as often as they are asked for.
_SHORT = 2_000


class _Words:
    """Distances within a text in half words: a character of Chinese is half a word."""

    def __init__(self, folded: str) -> None:
        self._folded = folded

    def are_near(self, end: int, start: int, most: int) -> bool:
        """Tell whether at most so many half words begin at `end` or later and before `start`."""
        if start - end > _SHORT:
            return self._before(start) - self._before(end) <= most
        runs = _RUN.finditer(self._folded, end, start)
        if end and _RUN.fullmatch(self._folded[end - 1 : end + 1]):
            # What the hit was cut out of began before its end; Chinese counts on all the same.
            first = next(runs, None)
            most -= len(first[0]) if first and first[0] >= UNSPACED else 0
        for run in runs:
            most -= len(run[0]) if run[0] >= UNSPACED else 2
            if most < 0:
                break
        return most >= 0

    def apart(self, hits: Iterable[Hit], others: Iterable[Hit]) -> float:
        """Give the fewest words between two hits that do not overlap, infinite if all do."""
        places = sorted([(hit, True) for hit in hits] + [(hit, False) for hit in others])
        return min(
            (
                (self._before(after.start) - self._before(before.end)) / 2
                for (before, one), (after, other) in pairwise(places)
                if one != other and before.end <= after.start
            ),
            default=float("inf"),
        )

    def _before(self, index: int) -> int:
        """Count the half words that begin before a place."""
        starts, ends, sums = self._table
        runs = bisect_left(starts, index)
        beyond = ends[runs - 1] - index if runs else 0
        return sums[runs] - max(0, beyond)

    @cached_property
    def _table(self) -> tuple[list[int], list[int], list[int]]:
        """Count the whole text once: long stretches would make many hits quadratic."""
        runs = list(_RUN.finditer(self._folded))
        # Ends of the runs whose characters count one by one; 0 for a word that counts as a whole.
        ends = [run.end() if run[0] >= UNSPACED else 0 for run in runs]
        sizes = (len(run[0]) if run[0] >= UNSPACED else 2 for run in runs)
        return [run.start() for run in runs], ends, [0, *accumulate(sizes)]


class _Stretches:
    """Stretches of the text in which hits do not count."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        ordered = self._hits = sorted(hits)
        self._starts = [hit.start for hit in ordered]
        #: The furthest end of all stretches up to each one.
        self._ends = list(accumulate((hit.end for hit in ordered), max))

    def covers(self, hit: Hit) -> bool:
        """Tell whether a hit lies inside one of the stretches."""
        before = bisect_right(self._starts, hit.start)
        return before > 0 and hit.end <= self._ends[before - 1]

    def around(self, hit: Hit) -> Hit:
        """Give a stretch in which a hit lies that is covered."""
        return next(each for each in self._hits if each.start <= hit.start and hit.end <= each.end)


@dataclass(frozen=True, slots=True)
class Where:
    """Which hits count for a part of a tree: what stands around it says so."""

    #: None for both.
    field: Field | None = None
    guarded: _Stretches | None = None

    def counted(self, hits: list[Hit], scan: Scan) -> list[Hit]:
        """Keep the hits that count."""
        if self.field:
            hits = [hit for hit in hits if scan.is_in(hit, self.field)]
        if self.guarded:
            hits = [hit for hit in hits if not self.guarded.covers(hit)]
        return hits


EVERYWHERE = Where()


def evaluate(  # noqa: C901, PLR0911, PLR0912  one case for each kind of node
    node: Node, scan: Scan, where: Where = EVERYWHERE
) -> list[Hit] | None:
    """Give the hits for which a node holds ([] if it holds without any), None if it does not."""
    match node:
        case Term():
            hits = scan.hits(node)
            if hits and where is not EVERYWHERE:
                hits = where.counted(hits, scan)
            return hits or None
        case Or():
            return _any(node, scan, where)
        case And():
            joint: list[Hit] = []
            for part in node.parts:
                hits_of_part = evaluate(part, scan, where)
                if hits_of_part is None:
                    return None
                joint += hits_of_part
            return joint
        case Near():
            return _near(node, scan, where)
        case Scope():
            return evaluate(node.part, scan, scoped(where, node))
        case Not():
            # A hit that is cancelled still stands there.
            return [] if evaluate(node.part, scan, Where(where.field)) is None else None
        case Meta():
            return [] if scan.holds(node) else None
        case Guarded():
            hits_of_part = evaluate(node.part, scan, where)
            if hits_of_part is None:
                return None
            inner = guarded(where, node, scan)
            return hits_of_part if inner is where else evaluate(node.part, scan, inner)
        case _:
            assert_never(node)


def _any(node: Or, scan: Scan, where: Where) -> list[Hit] | None:
    every: list[Hit] | None = None
    hits: list[Hit] | None
    for part in scan.worth_asking(node):
        if isinstance(part, Term):
            # Long lists of terms are the rule, and most of the terms are absent.
            hits = scan.hits(part)
            if hits and where is not EVERYWHERE:
                hits = where.counted(hits, scan)
            if not hits:
                continue
        else:
            hits = evaluate(part, scan, where)
        if hits is not None:
            every = every or []
            every += hits
    return every


def scoped(where: Where, scope: Scope) -> Where:
    """Give what counts for the part of a scope."""
    return replace(where, field=scope.field)


def guarded(where: Where, node: Guarded, scan: Scan) -> Where:
    """Give what counts for the part of a guarded node; `where` itself if no guard hits."""
    hits = [hit for guard in node.guards for hit in evaluate(guard, scan, where) or ()]
    return replace(where, guarded=_Stretches(hits)) if hits else where


def _near(node: Near, scan: Scan, where: Where) -> list[Hit] | None:
    if isinstance(node.right, Or) and not scan.worth_asking(node.right):
        return None
    left = evaluate(node.left, scan, where)
    right = evaluate(node.right, scan, where) if left else None
    if not left or not right:
        return None
    hits = [
        *_close(left, right, 2 * node.within, scan.words),
        *_close(right, left, 2 * node.within, scan.words),
    ]
    return hits or None


def _close(hits: list[Hit], others: list[Hit], most: int, words: _Words) -> list[Hit]:
    """Keep the hits that have one of the others near them, before or after, not overlapping."""
    starts = sorted(hit.start for hit in others)
    ends = sorted(hit.end for hit in others)

    def is_close(hit: Hit) -> bool:
        after = bisect_left(starts, hit.end)
        if after < len(starts) and words.are_near(hit.end, starts[after], most):
            return True
        before = bisect_right(ends, hit.start)
        return before > 0 and words.are_near(ends[before - 1], hit.start, most)

    return [hit for hit in hits if is_close(hit)]
