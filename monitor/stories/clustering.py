"""From articles to stories whose ids stay."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.model import Story, StoryArticle
from monitor.stories.copies import copies, keys
from monitor.stories.glossary import Glossary
from monitor.stories.linking import linked
from monitor.stories.similarity import WINDOW, Statistics, likeness
from monitor.stories.tokens import tokens

#: Articles of one story are alike by so much on average.
THRESHOLD = 0.2


def count(statistics: Statistics, articles: Iterable[StoryArticle], glossary: Glossary) -> None:
    """Let an archive's statistics take in more articles."""
    for article in articles:
        statistics.add(article.title, _tokens(article, glossary))


def cluster(
    articles: Sequence[StoryArticle], glossary: Glossary, archive: Statistics
) -> tuple[Story, ...]:
    """Group articles into stories, in the order of their first articles.

    The order in which the articles are given does not matter. A story keeps its id as long as most
    of its known members stay together; of two that become one, the one with more of them stays and
    the other's id leads to it.

    Args:
        articles: All of the window at once: one at a time would be measurably worse.
        glossary: What means the same.
        archive: Made with this glossary; it has counted these articles too.
    """
    ordered = sorted(articles, key=_order)
    if not ordered:
        return ()
    # What has the same headline or address is one story without a comparison.
    units = _units(ordered)
    read = [(unit[0].at, unit[0].title, _tokens(unit[0], glossary)) for unit in units]
    groups = [
        sorted((article for index in group for article in units[index]), key=_order)
        for group in linked(likeness(read, archive), from_=THRESHOLD)
    ]
    ids = _ids(groups)
    return tuple(
        Story(
            id=own,
            articles=tuple(article.id for article in group),
            copies=copies(group) if len(group) > 1 else {},
            absorbed=absorbed,
        )
        for group, (own, absorbed) in zip(groups, ids, strict=True)
    )


def _order(article: StoryArticle) -> tuple[datetime, int]:
    return article.at, article.id


def _tokens(article: StoryArticle, glossary: Glossary) -> dict[str, int]:
    return tokens(article.title, article.text, glossary)


def _units(ordered: Sequence[StoryArticle]) -> list[list[StoryArticle]]:
    """Put together what repeats an article of the same window word for word."""
    units: list[list[StoryArticle]] = []
    known: dict[str, list[StoryArticle]] = {}
    for article in ordered:
        names = keys(article)
        unit = next((known[name] for name in names if name in known), None)
        if unit is None or article.at - unit[0].at > WINDOW:
            unit = []
            units.append(unit)
        unit.append(article)
        known.update(dict.fromkeys(names, unit))
    return units


def _ids(groups: Sequence[Sequence[StoryArticle]]) -> list[tuple[int | None, tuple[int, ...]]]:
    """Say which known story each group goes on, and which others it takes in."""
    held = [
        Counter(article.story_id for article in group if article.story_id is not None)
        for group in groups
    ]
    heirs: dict[int, int] = {}
    for index, known in enumerate(held):
        for story_id, number in known.items():
            if story_id not in heirs or number > held[heirs[story_id]][story_id]:
                heirs[story_id] = index
    claims: list[list[int]] = [[] for _ in groups]
    for story_id, index in heirs.items():
        claims[index].append(story_id)
    chosen = []
    for known, own in zip(held, claims, strict=True):
        # The larger story goes on; of equals, the older.
        own.sort(key=lambda story_id: (-known[story_id], story_id))
        chosen.append((own[0] if own else None, tuple(sorted(own[1:]))))
    return chosen
