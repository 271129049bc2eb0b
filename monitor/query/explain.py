"""Why a tree holds for an article or does not: part by part, in words for its reader."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import assert_never

from monitor.query.evaluate import EVERYWHERE, Hit, Scan, Where, evaluate, guarded, scoped
from monitor.query.terms import Pattern, Term, find
from monitor.query.tree import And, Guarded, Meta, Near, Node, Not, Or, Scope

#: What is not there at all, not even in part.
NOT_THERE = "not there"

#: Of a shorter term nobody asks why the words that contain it are no hits.
_MIN_INSIDE = 4

#: The most different surfaces that are named for one term.
_MOST_SURFACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One part of a query, and what became of it."""

    #: The term as it was written, or in words what the parts have to do.
    text: str
    held: bool
    #: What was found and where, or what was missing; "" where the parts say it.
    note: str = ""
    parts: "tuple[Finding, ...]" = ()


def explain(  # noqa: PLR0911  one case for each kind of node
    node: Node, scan: Scan, where: Where = EVERYWHERE
) -> Finding:
    """Say of a node, and of each part of it, whether it holds for an article and why."""
    held = evaluate(node, scan, where) is not None
    match node:
        case Term():
            note = _found(node, scan, where) if held else _missing(node, scan, where)
            return Finding(text=node.text, held=held, note=note)
        case Meta():
            return Finding(
                text=f"{node.field}:{node.value}", held=held, note=scan.known(node.field)
            )
        case Or():
            return _of_parts("one of these", node.parts, scan, where, held=held)
        case And():
            return _of_parts("all of these", node.parts, scan, where, held=held)
        case Near():
            return _near(node, scan, where, held=held)
        case Scope():
            place = "in the title" if node.field == "title" else "in the text"
            return _of_parts(place, (node.part,), scan, scoped(where, node), held=held)
        case Not():
            return _of_parts("not this", (node.part,), scan, Where(where.field), held=held)
        case Guarded():
            return explain(node.part, scan, guarded(where, node, scan))
        case _:
            assert_never(node)


def _of_parts(
    text: str, parts: tuple[Node, ...], scan: Scan, where: Where, *, held: bool
) -> Finding:
    findings = tuple(explain(part, scan, where) for part in parts)
    if len(findings) == 1 and text in {"one of these", "all of these"}:
        return findings[0]
    return Finding(text=text, held=held, parts=findings)


def _near(node: Near, scan: Scan, where: Where, *, held: bool) -> Finding:
    left, right = (evaluate(part, scan, where) for part in (node.left, node.right))
    note = ""
    if left and right and not held:
        apart = scan.words.apart(left, right)
        note = (
            f"the closest are {apart:g} words apart"
            if apart < inf
            else "one word is no company for itself"
        )
    return Finding(
        text=f"at most {node.within} words apart",
        held=held,
        note=note,
        parts=(explain(node.left, scan, where), explain(node.right, scan, where)),
    )


def _found(term: Term, scan: Scan, where: Where) -> str:
    surfaces: dict[str, None] = {}
    for span in scan.spans(where.counted(scan.hits(term), scan)):
        place = "title" if span.field == "title" else "text"
        surfaces[f"“{' '.join(span.surface.split())}” in the {place}"] = None
    shown = list(surfaces)[:_MOST_SURFACES]
    more = len(surfaces) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _missing(term: Term, scan: Scan, where: Where) -> str:
    hits = scan.hits(term)
    if where.field:
        inside = [hit for hit in hits if scan.is_in(hit, where.field)]
        if hits and not inside:
            return "only in the text" if where.field == "title" else "only in the title"
        hits = inside
    if hits and where.guarded:
        inside_of = dict.fromkeys(scan.surface(where.guarded.around(hit)) for hit in hits)
        return "cancelled, it stands only inside " + ", ".join(f"“{each}”" for each in inside_of)
    return next(_almost(term, scan), NOT_THERE)


def _almost(term: Term, scan: Scan) -> Iterator[str]:
    """Say what is there that looks like a term but is none."""
    patterns = tuple(replace(pattern, spelling=None) for pattern in term.patterns)
    if patterns != term.patterns:
        for found in _surfaces(patterns, scan):
            yield f"only as “{found}”; here capitals and accents count"
    whole = tuple(_open(each) for each in patterns if len(each.anchor) >= _MIN_INSIDE)
    for found in _surfaces(whole, scan):
        yield f"only inside a longer word, “{found}”"


def _open(pattern: Pattern) -> Pattern:
    return replace(pattern, open_start=True, open_end=True)


def _surfaces(patterns: tuple[Pattern, ...], scan: Scan) -> Iterator[str]:
    hits = find(Term("", patterns), scan.folded, scan.plain) if patterns else ()
    for start, end in hits:
        yield scan.surface(Hit(start, end, ""))
