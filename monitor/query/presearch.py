"""Which of many trees can hold for a text at all, told at little cost.

Of each tree the rarest words of which one must stand in the text are looked for (`Gate`), those of
all trees at once; only a tree of which one stands there is tried, and only those of its
alternatives. The words that must stand beside them are asked for before that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, assert_never

from monitor.query.terms import Anchor, Term
from monitor.query.tree import And, Guarded, Meta, Near, Node, Not, Or, Scope, all_terms
from monitor.text import UNSPACED

try:
    from ahocorasick_rs import AhoCorasick, Implementation
except ImportError:  # not installed: see `finder`
    AhoCorasick = None  # type: ignore[assignment,misc]  # the name stands for "is not there"

_MOST_FOR_A_DFA = 3_000

#: Gives every place of many literals in a text: which one of the list it was made of, start, end.
Finder = Callable[[str], Sequence[tuple[int, int, int]]]


def finder(literals: Sequence[str]) -> Finder:
    """Make what looks for many literals at once: an automaton where there is one, else `find_each`.

    The two give the same; the automaton's time hardly grows with the number of literals.
    """
    return find_each(literals) if AhoCorasick is None else automaton(literals)


def find_each(literals: Sequence[str]) -> Finder:
    """Look for one literal after the other."""
    numbered = list(enumerate(literals))

    def find(text: str) -> list[tuple[int, int, int]]:
        letters = frozenset(text)
        return [
            place
            for number, literal in numbered
            # A Chinese text has few of the letters that Latin words begin with.
            if literal[0] in letters and literal in text
            for place in _places(number, literal, text)
        ]

    return find


def _places(number: int, literal: str, text: str) -> Iterator[tuple[int, int, int]]:
    at = text.find(literal)
    while at >= 0:
        yield number, at, at + len(literal)
        at = text.find(literal, at + 1)


def automaton(literals: Sequence[str]) -> Finder:
    """Look for all literals in one pass (Aho-Corasick)."""
    # Twice as fast as the other, but it grows to a multiple of their size.
    small = len(literals) <= _MOST_FOR_A_DFA
    kind = Implementation.DFA if small else Implementation.ContiguousNFA
    machine = AhoCorasick(literals, implementation=kind)
    return lambda text: machine.find_matches_as_indexes(text, overlapping=True)


#: Of what a node needs, so many are kept: the rarest reject nearly all.
_MOST_NEEDS = 4


def _cost(literals: Iterable[str]) -> float:
    """Say how often one of them stands in a text, roughly: few and long ones reject most."""
    return sum(_weight(literal) ** -2 for literal in literals)


def _weight(literal: str) -> float:
    """Say how rare a literal is: two digits or two Chinese characters are worth five letters."""
    return sum(2.5 if char >= UNSPACED or "0" <= char <= "9" else 1 for char in literal)


class Alternative(NamedTuple):
    """One of the ways in which a node may hold."""

    #: One of these must stand in the text …
    anchors: frozenset[Anchor]
    #: … and one literal of each of these.
    needs: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """What must stand in a text for a node to hold there."""

    #: Of these one must hold …
    alternatives: tuple[Alternative, ...]
    #: … and of each of these one literal must stand there; the rarest first, never none.
    needs: tuple[frozenset[str], ...]
    #: Makes the node with only so many of its alternatives, by their positions.
    keep: Callable[[Iterable[int]], Node]

    @property
    def anchors(self) -> frozenset[Anchor]:
        """Anchors of which one must stand in the text if the node holds."""
        return frozenset[Anchor]().union(*(each.anchors for each in self.alternatives))

    @property
    def cost(self) -> float:
        """How often it stands open, roughly."""
        return _cost(anchor.literal for anchor in self.anchors)


def gate(node: Node) -> Gate | None:  # noqa: PLR0911  one case for each kind of node
    """Find the gate that rejects most; None for a node that may hold in any text."""
    match node:
        case Term():
            needs = (frozenset(node.literals),)
            return Gate((Alternative(node.anchors, ()),), needs, lambda _: node)
        case Or():
            return _gate_of_any(node)
        case And():
            return _narrowest(
                (part, _put_back(node.parts, at)) for at, part in enumerate(node.parts)
            )
        case Near(left, right, within):
            return _narrowest(
                (
                    (left, lambda kept: Near(kept, right, within)),
                    (right, lambda kept: Near(left, kept, within)),
                )
            )
        case Scope(field, part):
            return _narrowest([(part, lambda kept: Scope(field, kept))])
        case Guarded(part, guards):
            return _narrowest([(part, lambda kept: Guarded(kept, guards))])
        case Not() | Meta():
            return None
        case _:
            assert_never(node)


def _gate_of_any(node: Or) -> Gate | None:
    alternatives: list[Alternative] = []
    rarest: list[Iterable[str]] = []
    for part in node.parts:
        if isinstance(part, Term):
            alternatives.append(Alternative(part.anchors, ()))
            rarest.append(part.literals)
            continue
        found = gate(part)
        if found is None:
            return None
        alternatives.append(Alternative(found.anchors, _beside(found.anchors, found.needs)))
        rarest.append(found.needs[0])
    return Gate(
        tuple(alternatives),
        (frozenset[str]().union(*rarest),),
        lambda kept: Or(tuple(node.parts[at] for at in kept)),
    )


def _beside(
    anchors: Iterable[Anchor], needs: Iterable[frozenset[str]]
) -> tuple[frozenset[str], ...]:
    """Leave out the needs that are met wherever one of the anchors stands."""
    met = {anchor.literal for anchor in anchors}
    return tuple(need for need in needs if not need >= met)


def _put_back(parts: tuple[Node, ...], at: int) -> Callable[[Node], Node]:
    """Put a part that was narrowed first: it is the one that most likely does not hold."""
    others = parts[:at] + parts[at + 1 :]
    return lambda kept: And((kept, *others))


def _narrowest(choices: Iterable[tuple[Node, Callable[[Node], Node]]]) -> Gate | None:
    """Take the best gate of several parts; each comes with what puts it back in its place."""
    found = [(each, put_back) for part, put_back in choices if (each := gate(part))]
    if not found:
        return None
    inner, put_back = found[0]
    needs = list(inner.needs)
    if len(found) > 1:  # the cost of long lists is worth counting only for a choice
        inner, put_back = min(found, key=lambda pair: pair[0].cost)
        needs = sorted((need for each, _ in found for need in each.needs), key=_cost)
    return Gate(
        inner.alternatives,
        tuple(needs[:_MOST_NEEDS]),
        lambda kept: put_back(inner.keep(kept)),
    )


#: Tells whether a text has none of some literals.
Lacks = Callable[[frozenset[str]], bool]


class Presearch:
    """Many trees, and which of them are worth trying on a text."""

    def __init__(self, trees: Iterable[Node], asked_later: Iterable[Node] = ()) -> None:
        """Look at the trees.

        Args:
            trees: What may be worth trying.
            asked_later: Trees that are only tried on a text for which one of the others held; their
                words are looked up with all the others.
        """
        trees = tuple(trees)
        self._asked = (*trees, *asked_later)
        #: Gives the literals that stand in folded text, of all the terms of all trees; None without
        #: the automaton, where to look for all of them would cost more than for a few.
        self.literals_in = None if AhoCorasick is None else self._literals_in
        self._gates: dict[int, Gate] = {}
        #: What each of them asks for beside its gate.
        self._needs: dict[int, tuple[frozenset[str], ...]] = {}
        #: Trees without a gate: they are tried on every text.
        self._open: list[tuple[int, Node]] = []
        doors: dict[str, dict[Anchor, list[tuple[int, int]]]] = {}
        for number, tree in enumerate(trees):
            found = gate(tree)
            if found is None:
                self._open.append((number, tree))
                continue
            self._gates[number] = found
            self._needs[number] = _beside(found.anchors, found.needs)
            for at, alternative in enumerate(found.alternatives):
                for anchor in alternative.anchors:
                    behind = doors.setdefault(anchor.literal, {}).setdefault(anchor, [])
                    behind.append((number, at))
        self._find = finder(list(doors))
        #: For each literal its anchors, each with the alternatives of trees that it lets in.
        self._doors = [list(anchors.items()) for anchors in doors.values()]

    def worth_trying(self, folded: str, lacks: Lacks) -> list[tuple[int, Node]]:
        """Give the number of each tree that may hold, and the tree without what cannot hold.

        Args:
            folded: The text.
            lacks: Tells what it has not; asked where rare words do not tell enough.
        """
        kept: dict[int, set[int]] = {}
        opened: set[Anchor] = set()
        for literal, start, end in self._find(folded):
            for anchor, behind in self._doors[literal]:
                if anchor not in opened and anchor.stands(folded, start, end):
                    opened.add(anchor)
                    for number, at in behind:
                        kept.setdefault(number, set()).add(at)
        found = [
            (number, self._gates[number].keep(possible))
            for number, at in kept.items()
            if (possible := self._possible(number, sorted(at), lacks))
        ]
        return sorted(found + self._open, key=lambda pair: pair[0]) if found else self._open

    def _possible(self, number: int, kept: list[int], lacks: Lacks) -> list[int]:
        """Leave out the alternatives that lack what must stand beside their rarest words."""
        if any(map(lacks, self._needs[number])):
            return []
        alternatives = self._gates[number].alternatives
        return [at for at in kept if not any(map(lacks, alternatives[at].needs))]

    def _literals_in(self, folded: str) -> frozenset[str]:
        literals, find = self._vocabulary
        return frozenset(literals[number] for number, _, _ in find(folded))

    @cached_property
    def _vocabulary(self) -> tuple[list[str], Finder]:
        terms = (term for tree in self._asked for term in all_terms(tree))
        literals = sorted({literal for term in terms for literal in term.literals})
        return literals, automaton(literals)
