"""A running archive for tests: real pages over a real server on a real database."""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor import config
from monitor.config import Config
from monitor.model import (
    ArchiveFilter,
    EntryNames,
    Match,
    RenderedDigest,
    ReviewState,
    Sighting,
    Story,
)
from monitor.store import Store, open_store
from monitor.web import Server, Services, create_app
from tests.factories import FEED_URL, NOW, ago, article, feed_state, outcome, rendered

CONFIG = f"""
[[topic]]
id   = "kling"
name = "Kling"
any  = ["Kling", "可灵"]

[[topic]]
id   = "chips"
name = "Export controls"
any  = ["export controls"]

[[feed]]
url   = "{FEED_URL}"
name  = "Harbour Post"
label = "state media"

[[digest]]
name = "daily"
to   = ["ann@example.com"]
"""
#: Loopback speaks plain HTTP: reading the machine's certificates would be each test's slowest step.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TOKEN = "a-token-long-enough-for-tests"


@dataclass
class Site:
    """A running archive, with everything that tests turn."""

    store: Store
    config: Config
    client: httpx.Client
    status: str | None = None
    notices: tuple[str, ...] = ()
    config_notices: tuple[str, ...] = ()
    preview: RenderedDigest = field(default_factory=rendered)
    fault: Exception | None = None

    def services(self, token: str | None = None) -> Services:
        return Services(
            store=self.store,
            config=lambda: self.config,
            preview=lambda _: self.preview,
            now=lambda: NOW,
            status=self._status,
            notices=lambda: self.notices,
            config_notices=lambda: self.config_notices,
            token=token,
        )

    def _status(self) -> str | None:
        if self.fault:
            raise self.fault
        return self.status

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def text(self, path: str) -> str:
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.text

    def put(self, title: str, *matches: Match, **fields: object) -> None:
        one = article(title, **fields)
        state = feed_state(
            first_success_at=ago(days=1),
            last_success_at=ago(minutes=5),
            next_poll_at=NOW + timedelta(hours=1),
        )
        sighting = Sighting(names=EntryNames(key=one.key), article=one, matches=matches)
        self.store.save_poll(outcome(sighting, feed=state))
        self.store.index_pending()

    def tell(self, *articles: int, copies: Mapping[int, int] | None = None) -> int:
        """Make these articles one story and give its number."""
        known = [each for each in self.store.recent_matched(ago(days=9)) if each.id in articles]
        story = Story(id=None, articles=articles, copies=copies or {})
        self.store.save_stories([story], known)
        return self.store.stories_of(articles)[0].id


Open = Callable[..., Site]


def token(site: Site) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', site.text("/"))
    assert found
    return found[1]


def send(site: Site, to: str = "/review", **fields: str | list[str]) -> httpx.Response:
    return site.client.post(to, data={"csrf": token(site), **fields}, follow_redirects=True)


def said(site: Site, state: ReviewState, topic: str | None = None) -> list[str]:
    found = site.store.page(ArchiveFilter(review=state, topic_id=topic))
    return [row.article.title for row in found.articles]


class Stage:
    """An application that hands requests to the one whose test is running."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Stage, str]]:
    """Listen once for all tests: stopping takes a moment."""
    stage = Stage()
    server = Server(stage, "127.0.0.1", 0)
    server.start()
    yield stage, server.url
    server.stop()


@pytest.fixture
def open_site(sqlite_url: str, served: tuple[Stage, str]) -> Iterator[Open]:
    """Give the function that starts the archive of a test."""
    stage, url = served
    with ExitStack() as ending:

        def start(text: str = CONFIG, *, token: str | None = None) -> Site:
            loaded = config.load(text)
            store = open_store(sqlite_url)
            ending.callback(store.close)
            store.sync_feeds(loaded.feeds, NOW)
            client = httpx.Client(base_url=url, trust_env=False, verify=PLAIN)
            site = Site(store=store, config=loaded, client=ending.enter_context(client))
            stage.app = create_app(site.services(token))
            return site

        yield start


@pytest.fixture
def site(open_site: Open) -> Site:
    return open_site()
