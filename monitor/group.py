"""Group what topics matched into stories.

    recent_matched → cluster → save_stories      one transaction; doing it twice changes nothing

All of the window is grouped at once, each time anew: taking articles one by one into the stories
that are there is measurably worse, and the whole costs less than a tenth of a second.
"""

import logging
from datetime import datetime
from threading import Lock

from monitor import stories
from monitor.model import StoryArticle
from monitor.store import Store
from monitor.stories import Glossary, Statistics

#: So many of the archive's newest articles show which words are common in the news.
SAMPLE = 4_000
#: With so many counted, old news has become too large a part: the sample is taken anew.
FULL = 3 * SAMPLE

log = logging.getLogger(__name__)


class Grouper:
    """Groups the archive's news, and remembers meanwhile which words are common in it.

    The words are counted from the archive at the first grouping, and each new article once: that
    costs less than keeping the counts in the database would at every poll.
    """

    def __init__(self, store: Store, glossary: Glossary) -> None:
        self._store = store
        self._glossary = glossary
        self._statistics = Statistics()
        self._counted: set[int] = set()
        self._newest = 0
        # Polling and delivering both call; the second may find nothing left to do.
        self._turn = Lock()
        #: Stands for the articles that were grouped last: they themselves are large.
        self._grouped: int | None = None

    def group_stories(self, now: datetime) -> int:
        """Group what was matched in the window that ends now.

        Gives how many articles came to a story or changed theirs.
        """
        with self._turn:
            articles = self._store.recent_matched(now - stories.WINDOW)
            seen = hash(articles)
            if seen == self._grouped:
                return 0
            self._learn(articles)
            found = stories.cluster(articles, self._glossary, self._statistics)
            changed = self._store.save_stories(found, articles)
            # What has just changed is read anew the next time; then it is known.
            self._grouped = None if changed else seen
            if changed:
                log.info("grouped", extra={"articles": len(articles), "stories": len(found)})
            return changed

    def _learn(self, articles: tuple[StoryArticle, ...]) -> None:
        """Count the articles that are new in the archive, and these where they were not."""
        if len(self._counted) > FULL:
            self._statistics, self._counted, self._newest = Statistics(), set(), 0
        fresh = self._store.headlines(after=self._newest, most=SAMPLE)
        self._newest = max((article.id for article in fresh), default=self._newest)
        new = [a for a in (*fresh, *articles) if a.id not in self._counted]
        unique = list({article.id: article for article in new}.values())
        stories.count(self._statistics, unique, self._glossary)
        self._counted.update(article.id for article in unique)
