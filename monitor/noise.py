"""Say which words and sources of a topic bring what, and how much of it reviewers wanted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.model import Mark
from monitor.store import Store

#: The newest matches of a topic that are looked at.
MOST_MATCHES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringer:
    """A word of a topic, or a source, and what it brings."""

    name: str
    matches: int
    relevant: int
    irrelevant: int

    @property
    def precision(self) -> float | None:
        """The share of what was judged that was wanted; None before any was judged."""
        judged = self.relevant + self.irrelevant
        return self.relevant / judged if judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What a topic's newest matches come from, the most fruitful first."""

    matches: int
    words: tuple[Bringer, ...]
    sources: tuple[Bringer, ...]


def look(store: Store, topic_id: str) -> Noise:
    """Count for the newest MOST_MATCHES of a topic what brought them.

    Raises:
        StoreError: The database did not answer.
    """
    found = store.judged_matches(topic_id, most=MOST_MATCHES)
    words = ((term, match.mark) for match in found for term in match.terms)
    sources = ((match.source, match.mark) for match in found if match.source)
    return Noise(matches=len(found), words=_bringers(words), sources=_bringers(sources))


def _bringers(found: Iterable[tuple[str, Mark]]) -> tuple[Bringer, ...]:
    matches: Counter[str] = Counter()
    said: Counter[tuple[str, Mark]] = Counter()
    for name, mark in found:
        matches[name] += 1
        said[name, mark] += 1
    return tuple(
        Bringer(
            name=name,
            matches=number,
            relevant=said[name, Mark.RELEVANT],
            irrelevant=said[name, Mark.IRRELEVANT],
        )
        for name, number in matches.most_common()
    )
