"""The tree that every query becomes: a topic's lists, its expression, the search box.

Term       a word or phrase, with the ways in which it may stand in a text
Meta       what is known of an article beside its words: source:, lang:, author:, url:, tag:
And Or Not Near
Scope      title: or body: around a part
Guarded    a topic's wishes, and what cancels the hits inside it (see `topics`)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, assert_never

from monitor.model import Field
from monitor.query.terms import Term

MetaField = Literal["source", "lang", "author", "url", "tag"]


@dataclass(frozen=True, slots=True)
class Meta:
    """Something that must be known of an article."""

    field: MetaField
    #: As the reader wrote it.
    value: str


@dataclass(frozen=True, slots=True)
class And:
    """Every part must hold."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """One part must hold."""

    parts: "tuple[Node, ...]"
    #: The parts if each of them is a term, as in most long lists; otherwise none.
    terms: tuple[Term, ...] = field(init=False, compare=False, repr=False)
    #: The literals of `terms`.
    literals: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Gather the terms, so that a list can be skipped as a whole."""
        terms = tuple(part for part in self.parts if isinstance(part, Term))
        terms = terms if len(terms) == len(self.parts) else ()
        object.__setattr__(self, "terms", terms)
        literals = frozenset(literal for term in terms for literal in term.literals)
        object.__setattr__(self, "literals", literals)


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Near:
    """A hit of each side, at most `within` words apart, in either order."""

    left: "Node"
    right: "Node"
    within: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Only hits in the title, or only hits in the text below it, count for the part."""

    field: Field
    part: "Node"


@dataclass(frozen=True, slots=True)
class Guarded:
    """The part must hold without those hits that lie inside a hit of one of the guards."""

    part: "Node"
    #: Made of what has a place; see `has_place`.
    guards: "tuple[Node, ...]"


Node = Term | Meta | And | Or | Not | Near | Scope | Guarded


def has_place(node: Node) -> bool:
    """Tell whether a node can stand beside NEAR: made of terms, OR, NEAR and title: or body:."""
    match node:
        case Term():
            return True
        case Or():
            return all(has_place(part) for part in node.parts)
        case Near():
            return has_place(node.left) and has_place(node.right)
        case Scope():
            return has_place(node.part)
        case Meta() | And() | Not() | Guarded():
            return False
        case _:
            assert_never(node)


def all_terms(node: Node) -> Iterator[Term]:
    """Give every term of a node, those under NOT and in guards too."""
    match node:
        case Term():
            yield node
        case And() | Or():
            for part in node.parts:
                yield from all_terms(part)
        case Near():
            yield from all_terms(node.left)
            yield from all_terms(node.right)
        case Scope() | Not():
            yield from all_terms(node.part)
        case Guarded():
            yield from all_terms(node.part)
            for guard in node.guards:
                yield from all_terms(guard)
        case Meta():
            return
        case _:
            assert_never(node)


def wanted_terms(node: Node) -> Iterator[Term]:
    """Give the terms whose hits can make a node hold: all but those under NOT."""
    match node:
        case Term():
            yield node
        case And() | Or():
            for part in node.parts:
                yield from wanted_terms(part)
        case Near():
            yield from wanted_terms(node.left)
            yield from wanted_terms(node.right)
        case Scope() | Guarded():
            yield from wanted_terms(node.part)
        case Not() | Meta():
            return
        case _:
            assert_never(node)
