"""What comes first in a digest: stories by a score of which every number can be shown.

score = weight × hits × 0.5^(age / HALF_LIFE) × (1 + ln outlets) × source × taste

weight    what the reader gives the topic
hits      how much of the topic the story says, below 1: rarer words and those in the title say
          more, and the same word again says nothing
age       since its newest article that reports by itself
outlets   how many carry it without only copying another
source    what the reader gives the best of its sources
taste     what the reader's marks say of stories like it, 0.5 to 1.5
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import ArticleMatches, Span, Timeline
from monitor.text import fold

HALF_LIFE = timedelta(hours=36)

#: What a hit counts by its place; the text's first characters tell the event.
TITLE, BEGINNING, BODY = 3.0, 1.5, 1.0
BEGINNING_ENDS = 300

#: So much rarity, weighed by place, makes `hits` one half: a usual name in the title.
HALF_OF_ALL = 12.0

#: The bounds of `taste`: marks order stories, but never hide one.
LEAST_TASTE, MOST_TASTE = 0.5, 1.5

#: How rare each term of a topic is: ln(all articles / those that it hits), by topic id and term.
Rarity = Mapping[tuple[str, str], float]

#: For a term that nothing was counted for: one article in twenty.
USUAL_RARITY = math.log(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Why a story stands where it does: the factors of `value`."""

    weight: float
    hits: float
    freshness: float
    outlets: float
    source: float
    taste: float

    @property
    def value(self) -> float:
        """Their product."""
        return self.weight * self.hits * self.freshness * self.outlets * self.source * self.taste


def rarity(rows: Iterable[ArticleMatches], articles: int) -> dict[tuple[str, str], float]:
    """Say how rare the terms of topics are, by topic id and term.

    Args:
        rows: The matched articles of some time …
        articles: … and how many articles came in that time, matched or not.
    """
    hit = Counter(
        pair
        for row in rows
        for pair in {(match.topic_id, span.term) for match in row.matches for span in match.spans}
    )
    return {pair: max(0.0, math.log((articles + 1) / number)) for pair, number in hit.items()}


def score(
    story: Timeline,
    topic_id: str,
    now: datetime,
    *,
    weight: float = 1.0,
    sources: Mapping[str, float] | None = None,
    rare: Rarity | None = None,
    taste: float = 1.0,
) -> Score:
    """Judge a story for one topic.

    Args:
        story: The story, whole.
        topic_id: Whose hits count.
        now: The moment of the issue.
        weight: The topic's.
        sources: The weight of outlets by name; 1 for those not named.
        rare: How rare the topic's terms are.
        taste: What the reader's marks say, kept to its bounds.
    """
    own = [member for member in story.members if member.copy_of is None]
    newest = max(member.at for member in own)
    outlets = len(story.outlets) - len(story.repeating)
    given = sources or {}
    return Score(
        weight=weight,
        hits=max(_hits(topic_id, spans, rare or {}) for spans in _spans(story, topic_id)),
        freshness=0.5 ** (max(now - newest, timedelta(0)) / HALF_LIFE),
        outlets=1 + math.log(outlets),
        source=max(given.get(outlet, 1.0) for outlet in story.outlets),
        taste=min(max(taste, LEAST_TASTE), MOST_TASTE),
    )


def ranked(stories: Iterable[tuple[Timeline, Score]]) -> list[tuple[Timeline, Score]]:
    """Put stories in order, the best first; of equals the newer, then the one with the lower id."""
    return sorted(
        stories,
        key=lambda pair: (-pair[1].value, -pair[0].members[-1].at.timestamp(), pair[0].id),
    )


def _spans(story: Timeline, topic_id: str) -> list[tuple[Span, ...]]:
    """Give the topic's hits in each article that it matched; () where none is left to show."""
    found = [
        match.spans
        for member in story.members
        for match in member.row.matches
        if match.topic_id == topic_id
    ]
    return found or [()]


def _hits(topic_id: str, spans: Iterable[Span], rare: Rarity) -> float:
    """Add up the distinct terms of an article, each at its best place, and saturate."""
    best: dict[str, float] = {}
    for span in spans:
        # Who writes Kling and kling says one thing.
        term = fold(span.surface)
        value = _place(span) * rare.get((topic_id, span.term), USUAL_RARITY)
        best[term] = max(best.get(term, 0.0), value)
    # A topic that only says NOT has no hits to show.
    total = sum(best.values()) or BODY * USUAL_RARITY
    return total / (total + HALF_OF_ALL)


def _place(span: Span) -> float:
    if span.field == "title":
        return TITLE
    return BEGINNING if span.start < BEGINNING_ENDS else BODY
