"""What comes first in a digest: stories by a score of which every number can be shown.

score = weight × hits × 0.5^(age / HALF_LIFE) × (1 + ln outlets) × source × taste

weight    what the reader gives the topic
hits      how much of the topic the story says, below 1: rarer words, those in the title and those
          to which the reader gives more weight say more, and the same word again says nothing
age       since its newest article that reports by itself
outlets   how many carry it without only copying another
source    what the reader gives the best of its sources
taste     what the reader's marks say of stories like it, 0.5 to 1.5
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model import Article, ArticleMatches, Span, Timeline, Vote
from monitor.query import words_of_term
from monitor.text import fold, index_tokens

HALF_LIFE = timedelta(hours=36)

#: What a hit counts by its place; the text's first characters tell the event.
TITLE, BEGINNING, BODY = 3.0, 1.5, 1.0
BEGINNING_ENDS = 300
#: So much of a title is looked at.
_MAX_TITLE = 300

#: So much rarity, weighed by place, makes `hits` one half: a usual name in the title.
HALF_OF_ALL = 12.0

#: The bounds of `taste`: marks order stories, but never hide one.
LEAST_TASTE, MOST_TASTE = 0.5, 1.5

#: So many votes, and so many of each kind, before they count at all.
FEWEST_VOTES, FEWEST_OF_A_KIND = 20, 4

#: How rare each term of a topic is: ln(all articles / those that it hits), by topic id and term.
Rarity = Mapping[tuple[str, str], float]

#: For a term that nothing was counted for: one article in twenty.
USUAL_RARITY = math.log(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What one word that was found adds to `hits`: the product of its numbers."""

    surface: str
    place: float
    rarity: float
    #: What the reader gives the term.
    weight: float

    @property
    def value(self) -> float:
        """Their product."""
        return self.place * self.rarity * self.weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Why a story stands where it does: the factors of `value`."""

    weight: float
    hits: float
    freshness: float
    outlets: float
    source: float
    taste: float
    #: What `hits` comes from: the words of the article that says most, the best first.
    words: tuple[Worth, ...] = ()

    @property
    def factors(self) -> dict[str, float]:
        """All of them by name, in the order of the formula."""
        return {
            "weight": self.weight,
            "hits": self.hits,
            "freshness": self.freshness,
            "outlets": self.outlets,
            "source": self.source,
            "taste": self.taste,
        }

    @property
    def value(self) -> float:
        """Their product."""
        return math.prod(self.factors.values())


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


@dataclass(frozen=True, slots=True)
class Taste:
    """What a reader's votes on a topic's articles say: naive Bayes over words and source."""

    #: How much each says for an article, as a logarithm of odds.
    odds: Mapping[str, float]

    def of(self, story: Timeline) -> float:
        """Judge a story by all of its articles: 1 for nothing known, within the bounds."""
        chances = [self._chance(member.row.article) for member in story.members]
        return LEAST_TASTE + (MOST_TASTE - LEAST_TASTE) * sum(chances) / len(chances)

    def _chance(self, article: Article) -> float:
        told = sum(self.odds.get(sign, 0.0) for sign in _signs(article.title, article.source))
        return 1 / (1 + math.exp(-max(-_SURE, min(told, _SURE))))


#: Beyond these odds a chance is 0 or 1 to four digits.
_SURE = 10.0


def tastes(votes: Iterable[Vote]) -> dict[str, Taste]:
    """Learn from votes, by topic; a topic with too few of them is left out."""
    by_topic: dict[str, list[Vote]] = {}
    for vote in votes:
        by_topic.setdefault(vote.topic_id, []).append(vote)
    found = {}
    for topic_id, own in by_topic.items():
        liked = [vote for vote in own if vote.liked]
        disliked = [vote for vote in own if not vote.liked]
        fewest = min(len(liked), len(disliked))
        if len(own) >= FEWEST_VOTES and fewest >= FEWEST_OF_A_KIND:
            found[topic_id] = Taste(_odds(liked, disliked))
    return found


def _odds(liked: Sequence[Vote], disliked: Sequence[Vote]) -> dict[str, float]:
    """Compare how often each sign stands in either, one half of an article added to both."""
    for_it = Counter(sign for vote in liked for sign in _signs(vote.title, vote.source))
    against = Counter(sign for vote in disliked for sign in _signs(vote.title, vote.source))
    return {
        sign: math.log((for_it[sign] + 0.5) / (len(liked) + 1))
        - math.log((against[sign] + 0.5) / (len(disliked) + 1))
        for sign in for_it.keys() | against.keys()
    }


def _signs(title: str, source: str) -> set[str]:
    return {*index_tokens(title[:_MAX_TITLE]), f"by {source}"}


def score(
    story: Timeline,
    topic_id: str,
    now: datetime,
    *,
    weight: float = 1.0,
    words: Mapping[str, float] | None = None,
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
        words: The weight of its terms by their words; 1 for those not named.
        sources: The weight of outlets by name; 1 for those not named.
        rare: How rare the topic's terms are.
        taste: What the reader's marks say, kept to its bounds.
    """
    own = [member for member in story.members if member.copy_of is None]
    newest = max(member.at for member in own)
    outlets = len(story.outlets) - len(story.repeating)
    given = sources or {}
    said = max(
        (_worths(topic_id, spans, rare or {}, words or {}) for spans in _spans(story, topic_id)),
        key=_hits,
    )
    return Score(
        weight=weight,
        hits=_hits(said),
        freshness=0.5 ** (max(now - newest, timedelta(0)) / HALF_LIFE),
        outlets=1 + math.log(outlets),
        source=max(given.get(outlet, 1.0) for outlet in story.outlets),
        taste=min(max(taste, LEAST_TASTE), MOST_TASTE),
        words=said,
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


def _worths(
    topic_id: str, spans: Iterable[Span], rare: Rarity, words: Mapping[str, float]
) -> tuple[Worth, ...]:
    """Give the distinct words of an article, each at its best place, the best first."""
    best: dict[str, Worth] = {}
    for span in spans:
        worth = Worth(
            surface=span.surface,
            place=_place(span),
            rarity=rare.get((topic_id, span.term), USUAL_RARITY),
            weight=words.get(words_of_term(span.term), 1.0),
        )
        # Who writes Kling and kling says one thing.
        word = fold(span.surface)
        if word not in best or best[word].value < worth.value:
            best[word] = worth
    return tuple(sorted(best.values(), key=lambda worth: -worth.value))


def _hits(words: Iterable[Worth]) -> float:
    """Add up and saturate."""
    # A topic that only says NOT has no hits to show.
    total = sum(word.value for word in words) or BODY * USUAL_RARITY
    return total / (total + HALF_OF_ALL)


def _place(span: Span) -> float:
    if span.field == "title":
        return TITLE
    return BEGINNING if span.start < BEGINNING_ENDS else BODY
