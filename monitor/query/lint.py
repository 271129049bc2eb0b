"""What can be understood in a topic, but hardly be meant: for `monitor check`.

Each doubt names the item, what is the matter with it and what to write instead. What only the
archive can tell (never seen, seen everywhere) comes in as counts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from monitor.model import Article
from monitor.query.evaluate import Scan, evaluate
from monitor.query.grammar import Doubt, parse
from monitor.query.search import spellings
from monitor.query.terms import Term, find
from monitor.query.tree import Guarded, Node, Or, Scope
from monitor.text import UNSPACED, Folding, fold

#: Fewer articles than these say nothing about what is rare or common.
ENOUGH = 1_000
#: A term in more of all articles than this finds what everybody writes about.
_COMMON_PERCENT = 5
#: Topics that share so many of the smaller one's articles, if it has that many, may be one.
_SHARED_PERCENT = 80
_ENOUGH_SHARED = 20
#: Terms that one message names.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The lists of a topic that are looked at."""

    id: str
    any: Sequence[str] = ()
    none: Sequence[str] = ()
    query: str = ""
    #: A hit of `any` is not enough: `near`, `all` or `query` asks for more.
    asks_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A doubt and where it is: an item of a list, or the list itself."""

    topic: str
    #: "" for the topic itself.
    key: str
    #: None for the list itself.
    position: int | None
    doubt: Doubt


# ------------------------------------------------------------------------- what the lists tell


def lint(topic: Lists) -> Iterator[Advice]:
    """Look at one topic's lists, which can be understood (see `grammar.read`)."""
    items = [("any", position, item) for position, item in enumerate(topic.any)]
    if topic.query:
        items.append(("query", 0, topic.query))
    nodes = [(key, position, item, parse(item)) for key, position, item in items]
    if not topic.asks_more:
        for key, position, item, node in nodes:
            for term in _alone(node):
                if message := _too_short(term):
                    yield _advice(topic, key, position, item, term.text, message)
    yield from _shadowed(topic)
    yield from _cancelled(topic)


def _advice(topic: Lists, key: str, position: int, item: str, text: str, message: str) -> Advice:
    start = max(0, item.find(text))
    span = (start, min(len(item), start + len(text)))
    return Advice(topic=topic.id, key=key, position=position, doubt=Doubt(message, item, span))


def _alone(node: Node) -> Iterator[Term]:
    """Give the terms of which one hit is enough for a node to hold."""
    match node:
        case Term():
            yield node
        case Or():
            for part in node.parts:
                yield from _alone(part)
        case Scope() | Guarded():
            yield from _alone(node.part)
        case _:
            return


def _too_short(term: Term) -> str:
    text = term.text.strip('*="')
    if len(text) == 1 and text >= UNSPACED:
        return (
            "one character is a part of many words: write a word of two or more, or put it beside"
            " another one with NEAR"
        )
    if (len(text) == 1 and text.isalnum()) or (
        len(text) == 2 and text.isalpha() and text.islower()
    ):
        return (
            "so short a word stands in very many articles: write it in capitals if it is an"
            " abbreviation (AI), or put it beside another one with NEAR"
        )
    return ""


def _shadowed(topic: Lists) -> Iterator[Advice]:
    """Name the terms that take nothing which another one does not take."""
    terms = [
        (at, term) for at, item in enumerate(topic.any) if isinstance(term := parse(item), Term)
    ]
    by_anchor: dict[str, list[tuple[int, Term]]] = defaultdict(list)
    for at, term in terms:
        for anchor in term.anchors:
            by_anchor[anchor.literal].append((at, term))
    lengths = {len(literal) for literal in by_anchor}
    for at, term in terms:
        shown = fold(_samples(term)[0])
        parts = {shown[i : i + size] for size in lengths for i in range(len(shown) - size + 1)}
        for other_at, other in (
            each for part in parts & by_anchor.keys() for each in by_anchor[part]
        ):
            if other_at == at or not _covers(other, term):
                continue
            # Of two that take the same, the second one is too much.
            if other_at < at or not _covers(term, other):
                message = f"“{other.text}” takes all that this would take: take one of the two out"
                yield _advice(topic, "any", at, topic.any[at], term.text, message)
                break


def _covers(wide: Term, narrow: Term) -> bool:
    """Tell whether one term stands in every text in which the other does.

    A longer name of a script without spaces is no fault: 阿里巴巴 beside 阿里 is what gets marked.
    """
    return all(
        (0, len(sample)) in hits or (hits and max(sample) < UNSPACED)
        for sample, hits in _hits_in_samples(wide, narrow)
    )


def _hits_in_samples(term: Term, other: Term) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    for sample in _samples(other):
        folding = Folding(sample)
        yield folding.folded, find(term, folding.folded, folding.plain)


def _samples(term: Term) -> list[str]:
    """Give texts that show all that a term takes."""
    found = []
    for pattern in term.patterns:
        plural = ("s",) if pattern.endings and not pattern.literals[-1].endswith("s") else ()
        shown = spellings(replace(pattern, endings=plural))
        for text in [pattern.spelling] if pattern.spelling else shown:
            # Some letter of a longer word.
            found += [text] if not pattern.open_start else [text, "q" + text]
            found += [text + "q"] if pattern.open_end else []
    return found


def _cancelled(topic: Lists) -> Iterator[Advice]:
    """Name what `none` takes away from each hit of a term."""
    wanted = [term for item in topic.any for term in _alone(parse(item))]
    for position, item in enumerate(topic.none):
        for guard in _alone(parse(item)):
            for term in wanted:
                if all((0, len(text)) in hits for text, hits in _hits_in_samples(guard, term)):
                    message = (
                        f"this cancels every hit of “{term.text}” in any: take one of the two out,"
                        " or write here the longer name that you do not mean"
                    )
                    yield _advice(topic, "none", position, item, guard.text, message)
                    break


# ----------------------------------------------------------------------- what the archive tells


@dataclass(slots=True)
class Counts:
    """How often what the topics say was seen in the archive."""

    articles: int = 0
    #: By topic: in how many articles each item of `any` holds.
    items: dict[str, Counter[int]] = field(default_factory=dict)
    #: Articles by topic, and by two topics that share them.
    matched: Counter[str] = field(default_factory=Counter)
    shared: Counter[tuple[str, str]] = field(default_factory=Counter)


class Tally:
    """Counts in articles what the topics say."""

    def __init__(self, topics: Iterable[Lists]) -> None:
        self._items = {topic.id: [parse(item) for item in topic.any] for topic in topics}
        self.counts = Counts(items={topic: Counter() for topic in self._items})

    def add(self, article: Article, topics: Iterable[str]) -> None:
        """Count an article, which these topics matched."""
        scan = Scan(article)
        self.counts.articles += 1
        for topic, nodes in self._items.items():
            held = (at for at, node in enumerate(nodes) if evaluate(node, scan) is not None)
            self.counts.items[topic].update(held)
        known = sorted(set(topics) & self._items.keys())
        self.counts.matched.update(known)
        self.counts.shared.update(combinations(known, 2))


def lint_counts(topics: Sequence[Lists], counts: Counts) -> Iterator[Advice]:
    """Look at what the archive tells of topics; nothing while it has too few articles."""
    if counts.articles < ENOUGH:
        return
    for topic in topics:
        yield from _dead(topic, counts)
        yield from _common(topic, counts)
    yield from _overlapping(topics, counts)


def _dead(topic: Lists, counts: Counts) -> Iterator[Advice]:
    seen = counts.items[topic.id]
    dead = [item for position, item in enumerate(topic.any) if not seen[position]]
    if not dead:
        return
    shown = ", ".join(f"“{item if len(item) <= 40 else item[:39] + '…'}”" for item in dead[:_NAMED])
    more = f" and {len(dead) - _NAMED} more" if len(dead) > _NAMED else ""
    message = (
        f"{shown}{more}: in none of the last {counts.articles:,} articles; look for a misspelling,"
        " or take out what you do not need"
    )
    yield Advice(topic=topic.id, key="any", position=None, doubt=Doubt(message, "", (0, 0)))


def _common(topic: Lists, counts: Counts) -> Iterator[Advice]:
    if topic.asks_more:
        return
    for position, number in sorted(counts.items[topic.id].items()):
        percent = 100 * number / counts.articles
        if percent > _COMMON_PERCENT:
            item = topic.any[position]
            message = (
                f"in {percent:.0f} % of all articles: write a longer phrase, or put it beside"
                " another word with NEAR"
            )
            yield _advice(topic, "any", position, item, item, message)


def _overlapping(topics: Sequence[Lists], counts: Counts) -> Iterator[Advice]:
    known: Mapping[str, int] = counts.matched
    order = [topic.id for topic in topics]
    for (one, two), number in sorted(counts.shared.items()):
        small, large = sorted((one, two), key=lambda topic: (known[topic], -order.index(topic)))
        if known[small] >= _ENOUGH_SHARED and 100 * number >= _SHARED_PERCENT * known[small]:
            message = (
                f"{number} of its {known[small]} articles also belong to “{large}”: make one topic"
                " of the two, or a label of this one there, if you do not want both"
            )
            yield Advice(topic=small, key="", position=None, doubt=Doubt(message, "", (0, 0)))
