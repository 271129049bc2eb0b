"""How alike two articles are: TF-IDF over what can be compared, fading with time.

    same script     cosine over the tokens that at least one other article of the window has
    two scripts     cosine over the tokens that news of both scripts has (the bridge)
    then            × 0.5^(time between them / HALF_LIFE), and 0 beyond WINDOW

A word that no other article of the window has can neither join nor part two stories; left in, it
would only make headlines that say the same in other words look less alike.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.stories.tokens import NUMBER, is_unspaced
from monitor.text import UNSPACED

HALF_LIFE = timedelta(hours=48)
WINDOW = timedelta(days=4)

#: Amounts tell events apart better than how rare they are says.
NUMBER_WEIGHT = 1.5

#: With fewer tokens in common no two articles are alike: a single one is mostly the topic's name,
#: which in a young archive looks rare.
FEWEST = 2

#: What is less alike than this counts as not alike at all: most pairs, and none of one event.
FAINTEST = 0.05

#: Counts for each article like a token of this weight that no other has: where little can be
#: compared, the little that is equal must not look like everything.
GRAIN = 6.0

#: A token that is in every seventh article of the archive makes no two alike; to compare all that
#: have it would take long. In a small window all tokens are compared.
COMMON_RARITY, FEW = 2.0, 100

#: A smaller archive is judged as if it were the only news on its subjects among so many articles.
SMALL = 300

_DAY = timedelta(days=1)

#: Rows of likeness: for each article, those it is like and how much, above 0 to 1.
Likeness = list[dict[int, float]]


@dataclass(slots=True)
class Statistics:
    """How many articles of the archive have each token, in scripts with spaces and in others."""

    articles: int = 0
    spaced: Counter[str] = field(default_factory=Counter)
    unspaced: Counter[str] = field(default_factory=Counter)

    def add(self, title: str, found: Mapping[str, int]) -> None:
        """Count one more article with these tokens."""
        self.articles += 1
        (self.unspaced if is_unspaced(title) else self.spaced).update(found.keys())

    def rarity(self, token: str) -> float:
        """Give ln((N + 1) / (n + ½)): 0 for what nearly every article has."""
        having = self.spaced[token] + self.unspaced[token]
        return max(0.0, math.log((max(self.articles, SMALL) + 1) / (having + 0.5)))

    def is_bridge(self, token: str) -> bool:
        """Tell whether news of both scripts has this token, as a word or a meaning."""
        return token < UNSPACED and token in self.spaced and token in self.unspaced


def likeness(
    articles: Sequence[tuple[datetime, str, Mapping[str, int]]], archive: Statistics
) -> Likeness:
    """Compare articles with one another.

    Args:
        articles: Their times, titles and tokens, in order of time.
        archive: What is common in the news; it has counted these articles too.
    """
    times = [(at - articles[0][0]) / _DAY for at, _, _ in articles]
    scripts = [is_unspaced(title) for _, title, _ in articles]
    own, across = _vectors(times, [found for _, _, found in articles], archive)
    rows: Likeness = [{} for _ in articles]
    common = _common(own, archive)
    held: tuple[_Postings, _Postings] = (defaultdict(list), defaultdict(list))
    bridges: tuple[_Postings, _Postings] = (defaultdict(list), defaultdict(list))
    for index, at in enumerate(times):
        first = bisect_left(times, at - WINDOW / _DAY)
        script = scripts[index]
        alike = _compared(own[index], held[script], first)
        alike |= _compared(across[index], bridges[not script], first)
        for other, value in alike.items():
            faded = min(value, 1.0) * 0.5 ** ((at - times[other]) * _DAY / HALF_LIFE)
            if faded >= FAINTEST:
                rows[index][other] = rows[other][index] = faded
        for token, weight in own[index].items():
            if token not in common:
                held[script][token].append((index, weight))
        for token, weight in across[index].items():
            if token not in common:
                bridges[script][token].append((index, weight))
    return rows


_Vector = dict[str, float]
#: For each token the articles that have it, in order, with its weight in each.
_Postings = defaultdict[str, list[tuple[int, float]]]


def _vectors(
    times: Sequence[float], found: Sequence[Mapping[str, int]], archive: Statistics
) -> tuple[list[_Vector], list[_Vector]]:
    """Weigh each article's tokens twice: all that are shared, and the bridge alone."""
    holders: defaultdict[str, list[float]] = defaultdict(list)
    for at, counts in zip(times, found, strict=True):
        for token in counts:
            holders[token].append(at)
    # Most tokens are one article's alone.
    weights = {t: _weight(t, archive) for t, where in holders.items() if len(where) > 1}
    bridges = {token for token in weights if archive.is_bridge(token)}
    reach = WINDOW / _DAY
    own, across = [], []
    for at, counts in zip(times, found, strict=True):
        vector = {}
        for token, count in counts.items():
            weight = weights.get(token, 0.0)
            if weight and _is_shared(holders[token], at, reach):
                vector[token] = math.sqrt(count) * weight
        own.append(_measured(vector))
        across.append(_measured({t: w for t, w in vector.items() if t in bridges}))
    return own, across


def _common(vectors: Sequence[_Vector], archive: Statistics) -> set[str]:
    """Give the tokens that too many articles have, here and in the archive, to tell any apart."""
    holders = Counter(token for vector in vectors for token in vector)
    return {
        token
        for token, number in holders.items()
        if number > FEW and archive.rarity(token) < COMMON_RARITY
    }


def _is_shared(times: Sequence[float], at: float, reach: float) -> bool:
    """Tell whether one more than the one at this time is within reach of it."""
    return bisect_right(times, at + reach) - bisect_left(times, at - reach) > 1


def _weight(token: str, archive: Statistics) -> float:
    return archive.rarity(token) * (NUMBER_WEIGHT if token[0] == NUMBER else 1)


def _measured(vector: _Vector) -> _Vector:
    length = math.hypot(GRAIN, *vector.values())
    return {token: weight / length for token, weight in vector.items()}


def _compared(vector: _Vector, held: _Postings, first: int) -> dict[int, float]:
    """Give the cosine with each article from `first` on that has enough of the tokens."""
    sums: defaultdict[int, float] = defaultdict(float)
    shared: Counter[int] = Counter()
    for token, weight in vector.items():
        for other, its_weight in held.get(token, ()):
            if other >= first:
                sums[other] += weight * its_weight
                shared[other] += 1
    return {other: value for other, value in sums.items() if shared[other] >= FEWEST}
