"""How the topics run: matches per day, days that stand out, what reviewers said of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt

from monitor.config import Config
from monitor.model import ArchiveFilter, Mark
from monitor.store import Store

#: Of a longer time the newest articles are counted (see `archive.MAX_COUNTED`).
MAX_COUNTED = 20_000
_DAY = timedelta(days=1)
#: A burst has at least so many matches, and lies so many deviations above the days before it.
_LEAST_BURST = 4
_DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTrend:
    """One topic over the days looked at."""

    id: str
    name: str
    #: Matches of each day, the oldest first.
    days: tuple[int, ...]
    #: The days that stand out, as places in `days`.
    bursts: tuple[int, ...]
    #: All matches that are stored, and those that nobody judged.
    stored: int
    open: int
    relevant: int
    irrelevant: int

    @property
    def matches(self) -> int:
        """The matches of the days looked at."""
        return sum(self.days)

    @property
    def precision(self) -> float | None:
        """The share of relevant ones among those judged; None before the first."""
        judged = self.relevant + self.irrelevant
        return self.relevant / judged if judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """All topics over the last days, with where the matches came from."""

    first: date
    last: date
    topics: tuple[TopicTrend, ...]
    #: Articles with matches, by source and language, in falling order.
    sources: tuple[tuple[str, int], ...]
    langs: tuple[tuple[str, int], ...]


def look(store: Store, config: Config, now: datetime, *, days: int) -> Stats:
    """Count the matches of the last days up to today, in the reader's zone.

    Args:
        store: The archive.
        config: Its topics are told, in their order.
        now: Today is its day.
        days: At least 1.
    """
    last = now.astimezone(config.zone).date()
    first = last - (days - 1) * _DAY
    midnight = datetime.combine(first, datetime.min.time(), tzinfo=config.zone)
    when = store.match_times(midnight)
    _, facets = store.look(ArchiveFilter(since=midnight), most=MAX_COUNTED)
    every, waiting, said = store.topic_counts(), store.open_counts(), store.mark_counts()
    topics = []
    for topic in config.topics:
        by_day = Counter(at.astimezone(config.zone).date() for at in when.get(topic.id, ()))
        counts = tuple(by_day[first + n * _DAY] for n in range(days))
        marks = said.get(topic.id, {})
        topics.append(
            TopicTrend(
                id=topic.id,
                name=topic.name,
                days=counts,
                bursts=bursts(counts, young=every.get(topic.id, 0) <= sum(counts)),
                stored=every.get(topic.id, 0),
                open=waiting.get(topic.id, 0),
                relevant=marks.get(Mark.RELEVANT, 0),
                irrelevant=marks.get(Mark.IRRELEVANT, 0),
            )
        )
    return Stats(
        first=first, last=last, topics=tuple(topics), sources=facets.sources, langs=facets.langs
    )


def bursts(counts: Sequence[int], *, young: bool = False) -> tuple[int, ...]:
    """Give the days that stand out from those before them.

    News comes like a Poisson process: its deviation is the root of its mean. A day needs at least a
    week before it to stand out from; of a `young` topic, the days before its first match are none.
    """
    begin = next((place for place, count in enumerate(counts) if count), 0) if young else 0
    found = []
    for place in range(begin + 7, len(counts)):
        mean = sum(counts[begin:place]) / (place - begin)
        above = counts[place] - mean
        if counts[place] >= _LEAST_BURST and above > _DEVIATIONS * sqrt(max(mean, 1.0)):
            found.append(place)
    return tuple(found)
