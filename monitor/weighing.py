"""Say what the story of an article weighs now, as in a digest of the last day.

article ─→ its story, the last day's matches, the reader's marks ─→ Score for each topic
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor import ranking, storytelling
from monitor.config import Config
from monitor.model import ArticleMatches, Window
from monitor.ranking import Score
from monitor.store import Store
from monitor.storytelling import Desk

#: The time of which words are counted as rare or common.
_DAY = timedelta(days=1)


def weigh(store: Store, config: Config, row: ArticleMatches, now: datetime) -> Mapping[str, Score]:
    """Judge the story of a stored article for each configured topic that matched the article.

    Raises:
        StoreError: The database did not answer.
    """
    window = Window(since=now - _DAY, until=now)
    recent = store.digest_candidates(None, window, None)
    (story,) = store.stories_of([row.id]) or (storytelling.alone(row),)
    desk = Desk(
        topics=config.topics,
        feeds={feed.url: feed for feed in config.feeds},
        languages=(),
        zone=config.zone,
        until=now,
        fresh={},
        reported={},
        rare=ranking.rarity(recent, store.coverage(window).articles),
        tastes=ranking.tastes(store.votes()),
    )
    matched = {match.topic_id for match in row.matches}
    return {
        topic.id: storytelling.score(story, topic, desk)
        for topic in config.topics
        if topic.id in matched
    }
