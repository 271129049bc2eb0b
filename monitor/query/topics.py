"""From the lists of a topic to what the matcher asks."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from monitor.errors import QueryError
from monitor.query.grammar import And, Near, Node, Not, Or, has_place, parse
from monitor.query.terms import Term, find
from monitor.text import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicQuery:
    """A topic's lists, understood."""

    #: What must hold.
    wanted: And
    #: Items of `none` around one of the topic's own terms: each cancels only the hits inside it.
    guards: tuple[Term, ...]
    #: All other items of `none`: if one of them holds, the article is out.
    vetoes: tuple[Node, ...]
    #: The lists in one canonical line of text.
    definition: str
    #: A short hash of the definition.
    version: str


def compile_topic(
    *,
    any: Iterable[str] = (),  # noqa: A002  the reader's own word in config.toml
    all: Iterable[str] = (),  # noqa: A002  the reader's own word in config.toml
    near: Iterable[str] = (),
    within: int = 25,
    none: Iterable[str] = (),
) -> TopicQuery:
    """Understand the lists of a topic; every item is an expression of its own.

    Args:
        any: One of these must hold …
        all: … and each of these …
        near: … and one of these at most `within` words from a hit of `any` …
        within: A number of words; a Chinese character counts as half a word.
        none: … and none of these. One that contains a term of the topic (Andreas Kling around
            Kling) cancels only the hits inside it; every other one rejects the article.

    Raises:
        QueryError: For the first item that cannot be understood; its `text` is that item.
    """
    lists = {"any": tuple(any), "all": tuple(all), "near": tuple(near), "none": tuple(none)}
    found = {name: tuple(parse(item) for item in items) for name, items in lists.items()}
    _check_near(lists, found)
    _check_none(lists["none"], found["none"])
    wanted = list(found["all"])
    if found["near"]:
        wanted.insert(0, Near(Or(found["any"]), Or(found["near"]), within))
    elif found["any"]:
        wanted.insert(0, Or(found["any"]))
    guards, vetoes = _split_exclusions(found["none"], own=_reasons(And(tuple(wanted))))
    definition = _definition(lists, within)
    return TopicQuery(
        wanted=And(tuple(wanted)),
        guards=guards,
        vetoes=vetoes,
        definition=definition,
        version=hashlib.blake2b(definition.encode(), digest_size=8).hexdigest(),
    )


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
                    " move what has AND or NOT to all or none",
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
    nodes: Iterable[Node], *, own: Sequence[Term]
) -> tuple[tuple[Term, ...], tuple[Node, ...]]:
    """Tell apart what cancels the hits inside it and what rejects an article."""
    guards: list[Term] = []
    vetoes: list[Node] = []
    for node in nodes:
        for part in node.parts if isinstance(node, Or) else (node,):
            if isinstance(part, Term) and _contains(part, own):
                guards.append(part)
            else:
                vetoes.append(part)
    return tuple(guards), tuple(vetoes)


def _contains(term: Term, own: Iterable[Term]) -> bool:
    folded = fold(term.text)
    return any(find(inner, folded, term.text) for inner in own)


def _reasons(node: Node) -> tuple[Term, ...]:
    """Give the terms whose hits can make a node hold: all but those under NOT."""
    match node:
        case Term():
            return (node,)
        case And() | Or():
            return tuple(term for part in node.parts for term in _reasons(part))
        case Near():
            return _reasons(node.left) + _reasons(node.right)
        case Not():
            return ()
        case _:
            assert_never(node)


def _definition(lists: dict[str, tuple[str, ...]], within: int) -> str:
    used: dict[str, tuple[str, ...] | int] = {name: items for name, items in lists.items() if items}
    if lists["near"]:
        used["within"] = within
    return json.dumps(used, ensure_ascii=False, separators=(",", ":"))
