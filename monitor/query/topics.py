"""From the lists and the expression of a topic to one tree."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.errors import QueryError
from monitor.query.grammar import Doubt, read
from monitor.query.presearch import gate
from monitor.query.terms import Term, find
from monitor.query.tree import (
    And,
    Guarded,
    Meta,
    MetaField,
    Near,
    Node,
    Not,
    Or,
    has_place,
    wanted_terms,
)
from monitor.text import Folding


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicQuery:
    """A topic's lists, understood."""

    #: What must hold for an article to belong to the topic.
    tree: And
    #: Makes the same tree with only one item of `any`, by its position.
    only: Callable[[int], And]
    #: The lists in one canonical line of text.
    definition: str
    #: A short hash of the definition.
    version: str
    #: Whether a word must stand in an article that belongs to it: without one, every article has to
    #: be looked through.
    is_anchored: bool
    #: What may not be as the reader meant it.
    doubts: tuple[Doubt, ...] = ()


def compile_topic(
    *,
    any: Iterable[str] = (),  # noqa: A002  the reader's own word in config.toml
    all: Iterable[str] = (),  # noqa: A002  the reader's own word in config.toml
    near: Iterable[str] = (),
    within: int = 25,
    none: Iterable[str] = (),
    query: str = "",
    languages: Iterable[str] = (),
    sources: Iterable[str] = (),
) -> TopicQuery:
    """Understand the lists of a topic; every item is an expression of its own.

    Args:
        any: One of these must hold …
        all: … and each of these …
        near: … and one of these at most `within` words from a hit of `any` …
        within: A number of words; a Chinese character counts as half a word.
        none: … and none of these. One that contains a term of the topic (Andreas Kling around
            Kling) cancels only the hits inside it; every other one rejects the article.
        query: One more expression that must hold, "" for none.
        languages: The article must be in one of these; "-zh" is one in which it must not be.
        sources: It must come from one of these; "-prnewswire.com" is one that is left out.

    Raises:
        QueryError: For the first item that cannot be understood; its `text` is that item.
    """
    lists = {
        "any": tuple(any),
        "all": tuple(all),
        "near": tuple(near),
        "none": tuple(none),
        "query": (query,) if query else (),
    }
    read_lists = {name: tuple(read(item) for item in items) for name, items in lists.items()}
    found = {name: tuple(each.node for each in queries) for name, queries in read_lists.items()}
    _check_near(lists, found)
    _check_none(lists["none"], found["none"])
    wanted = _wanted(found, found["any"], within)
    guards, vetoes = _split_exclusions(found["none"], own=wanted)
    known = [*_known("lang", languages), *_known("source", sources)]

    def tree_of(wanted: And) -> And:
        parts = (Guarded(wanted, guards),) if guards else wanted.parts
        return And((*parts, *known, *map(Not, vetoes)))

    definition = _definition({**lists, "languages": languages, "sources": sources}, within)
    tree = tree_of(wanted)
    return TopicQuery(
        tree=tree,
        only=lambda at: tree_of(_wanted(found, found["any"][at : at + 1], within)),
        is_anchored=gate(tree) is not None,
        definition=definition,
        version=hashlib.blake2b(definition.encode(), digest_size=8).hexdigest(),
        doubts=tuple(
            doubt for queries in read_lists.values() for each in queries for doubt in each.doubts
        ),
    )


def _wanted(found: Mapping[str, tuple[Node, ...]], any_of: tuple[Node, ...], within: int) -> And:
    wanted = [*found["all"], *found["query"]]
    if found["near"]:
        wanted.insert(0, Near(Or(any_of), Or(found["near"]), within))
    elif any_of:
        wanted.insert(0, Or(any_of))
    return And(tuple(wanted))


def _known(field: MetaField, values: Iterable[str]) -> tuple[Node, ...]:
    """Make parts of a list such as ["reuters.com", "-prnewswire.com"]."""
    values = tuple(values)
    taken = tuple(Meta(field, value) for value in values if not value.startswith("-"))
    left_out = tuple(Not(Meta(field, value[1:])) for value in values if value.startswith("-"))
    return (Or(taken), *left_out) if taken else left_out


def _check_near(lists: dict[str, tuple[str, ...]], found: dict[str, tuple[Node, ...]]) -> None:
    if not lists["near"]:
        return
    if not lists["any"]:
        text = lists["near"][0]
        raise QueryError(
            "near needs any: write there what this has to stand near to",
            text=text,
            span=(0, len(text)),
        )
    for name in ("any", "near"):
        for text, node in zip(lists[name], found[name], strict=True):
            if not has_place(node):
                raise QueryError(
                    "beside near, the items of any and near are words, phrases and OR;"
                    " move what has AND, NOT or source: to all, query or none",
                    text=text,
                    span=(0, len(text)),
                )


def _check_none(texts: tuple[str, ...], nodes: tuple[Node, ...]) -> None:
    for text, node in zip(texts, nodes, strict=True):
        if isinstance(node, Not):
            raise QueryError(
                "none says NOT already; write this without NOT or -",
                text=text,
                span=(0, len(text)),
            )


def _split_exclusions(
    nodes: Iterable[Node], *, own: Node
) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Tell apart what cancels the hits inside it and what rejects an article."""
    contains = _Containment(wanted_terms(own))
    guards: list[Node] = []
    vetoes: list[Node] = []
    for node in nodes:
        for part in node.parts if isinstance(node, Or) else (node,):
            cancels = has_place(part) and any(map(contains, wanted_terms(part)))
            (guards if cancels else vetoes).append(part)
    return tuple(guards), tuple(vetoes)


class _Containment:
    """Tells whether a term contains one of many others, however many there are."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._by_anchor: dict[str, list[Term]] = defaultdict(list)
        for term in terms:
            for pattern in term.patterns:
                self._by_anchor[pattern.anchor].append(term)
        self._lengths = sorted({len(anchor) for anchor in self._by_anchor})

    def __call__(self, term: Term) -> bool:
        folding = Folding(term.text)
        folded = folding.folded
        inside = {
            folded[start : start + length]
            for length in self._lengths
            for start in range(len(folded) - length + 1)
        }
        return any(
            find(inner, folded, folding.plain)
            for anchor in inside & self._by_anchor.keys()
            for inner in self._by_anchor[anchor]
        )


def _definition(lists: dict[str, Iterable[str]], within: int) -> str:
    kept: dict[str, Sequence[str]] = {name: tuple(items) for name, items in lists.items()}
    used: dict[str, Sequence[str] | int] = {name: items for name, items in kept.items() if items}
    if "query" in used:
        used["query"] = kept["query"][0]
    if "near" in used:
        used["within"] = within
    return json.dumps(used, ensure_ascii=False, separators=(",", ":"))
