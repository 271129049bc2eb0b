"""What the pages are built on, and what they ask of it; what is not there has no page."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request

from monitor import archive, stats, subscribe, timeline
from monitor.archive import WholeArticle
from monitor.config import Config, TopicConfig
from monitor.model import Coverage, DigestRow, RenderedDigest, Window
from monitor.stats import Stats
from monitor.store import Store
from monitor.subscribe import FeedHealth
from monitor.timeline import ToldStory

#: Eighteen digits stay inside a database key.
NUMBER = re.compile(r"[0-9]{1,18}")
#: What the page of topics looks back on.
_TREND_DAYS = 60
#: What the page of feeds counts.
_FEED_TIME = timedelta(days=30)
#: What the page of the monitor itself looks back on.
STATUS_TIME = timedelta(days=7)
#: Issues of a page of their list.
ISSUES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that the pages need; what can change while the service runs is asked at each request."""

    store: Store
    #: The configuration in force; a reload swaps what this gives. `[web]` is read at the start.
    config: Callable[[], Config]
    #: The next digest of that name as it would look now; called only with configured names.
    preview: Callable[[str], RenderedDigest]
    #: The clock.
    now: Callable[[], datetime]
    #: What is going on, in one line: "reading 55 feeds: 12 done", or that nothing could be reached
    #: and when it is tried again. None when there is nothing to say.
    status: Callable[[], str | None] = lambda: None
    #: What the owner must know: a configuration or a template that is broken, one line each.
    notices: Callable[[], Iterable[str]] = lambda: ()
    #: What is wrong with the configuration file, or not applied yet.
    config_notices: Callable[[], Iterable[str]] = lambda: ()
    #: The token of `[web] auth = "token"` (see `load_token`); None lets everybody in.
    token: str | None = None


class Looking:
    """Looks up what an address asks for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def whole(self, request: Request) -> WholeArticle:
        """Find an article."""
        config = self._services.config()
        missing = "There is no such article; it may have been kept long enough."
        found = archive.whole(
            self._services.store,
            number_in(request, missing),
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
        )
        if found is None:
            raise HTTPException(404, missing)
        return found

    def told(self, request: Request, begin: int = 0, limit: int | None = None) -> ToldStory:
        """Find a story, or a part of one."""
        config = self._services.config()
        missing = "There is no such story; its articles may have been kept long enough."
        found = timeline.tell(
            self._services.store,
            number_in(request, missing),
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
            begin=begin,
            limit=limit,
        )
        if found is None:
            raise HTTPException(404, missing)
        return found

    def topic(self, request: Request) -> TopicConfig:
        """Find a topic of the configuration."""
        number = request.path_params["id"]
        found = (each for each in self._services.config().topics if each.id == number)
        if topic := next(found, None):
            return topic
        raise HTTPException(404, "There is no such topic in the configuration.")

    def trends(self) -> Stats:
        """Look how the topics run."""
        config, now = self._services.config(), self._services.now()
        return stats.look(self._services.store, config, now, days=_TREND_DAYS)

    def health(self) -> tuple[FeedHealth, ...]:
        """Look how the feeds are."""
        store, config, now = self._services.store, self._services.config(), self._services.now()
        return subscribe.health(store, config, now, since=now - _FEED_TIME)

    def week(self) -> Coverage:
        """Look at what was read in the last days."""
        now = self._services.now()
        return self._services.store.coverage(Window(since=now - STATUS_TIME, until=now))

    def issue(self, number: int) -> RenderedDigest:
        """Find a digest as it was sent."""
        rendered = self._services.store.digest(number)
        if rendered is None:
            raise HTTPException(404, "There is no such digest.")
        return rendered

    def row(self, number: int) -> DigestRow:
        """Find what became of a digest that there is."""
        return self._services.store.digests(1, up_to=number)[0]

    def issues(self, request: Request) -> tuple[DigestRow, ...]:
        """Give a page of digests, and the one with which the next page begins."""
        given = request.query_params.get("from")
        if given is None:
            return self._services.store.digests(ISSUES + 1)
        if not NUMBER.fullmatch(given):
            raise HTTPException(404, "There is no such digest.")
        return self._services.store.digests(ISSUES + 1, up_to=int(given))


def number_in(request: Request, missing: str = "There is no such digest.") -> int:
    """Read a number from the address; what is none has no page."""
    given = request.path_params["id"]
    if not NUMBER.fullmatch(given):
        raise HTTPException(404, missing)
    return int(given)
