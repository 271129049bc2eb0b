"""A hostile feed beside a good one, end to end: real server, real fetcher, real parser's processes.

A feed is read, then its server turns hostile, then it recovers. Each time the other one has news.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from monitor.config import Config, load
from monitor.fetch import Fetcher
from monitor.matcher import Topics
from monitor.model import ArchiveFilter, FeedState, PollReport, Validators
from monitor.parse import ParserPool
from monitor.poll import Round, poll_due
from monitor.store import Store, open_store
from tests.factories import NOW
from tests.hostile import LIGHT, SILENT, Hostile, rss
from tests.scripted import Answer, ScriptedServer, serve

CONFIG = """
[[topic]]
id = "any"
any = ["entry"]
[[feed]]
url = "ORIGIN/hostile"
[[feed]]
url = "ORIGIN/good"
[fetch]
allow = ["127.0.0.1"]
host_gap = "0s"
"""
FIRST = Hostile(Answer(body=rss("One", "Two"), etag='"first"'), "")
WHOLE = Answer(body=rss("One", "Two", "Three", "Four"), etag='"bad"')


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserPool]:
    with ParserPool(workers=1) as pool:
        yield pool


@dataclass
class Desk:
    """Both feeds, and rounds of polls."""

    store: Store
    parser: ParserPool
    server: ScriptedServer
    config: Config
    rounds: int = 0

    def poll(self, hostile: Hostile) -> PollReport:
        """Let one feed say this, and the other have one more entry."""
        self.rounds += 1
        news = [f"entry {number}" for number in range(self.rounds)]
        self.server.script |= {"/hostile": hostile.script, **hostile.more}
        self.server.script["/good"] = Answer(body=rss(*news, site="good"), etag=f'"{self.rounds}"')
        with Fetcher(self.config.fetch) as fetcher:
            work = Round(
                store=self.store,
                fetcher=fetcher,
                parser=self.parser,
                topics=Topics(self.config.topics),
                config=self.config,
                clock=lambda: NOW + timedelta(hours=self.rounds),
            )
            return poll_due(work, everything=True)

    @property
    def state(self) -> FeedState:
        states = {state.feed_url: state for state in self.store.feed_states()}
        return states[self.server.url("/hostile")]

    def titles(self, path: str) -> list[str]:
        page = self.store.page(ArchiveFilter(matched_only=False, feed_url=self.server.url(path)))
        return sorted(row.article.title for row in page.articles)


@pytest.fixture
def desk(sqlite_url: str, parser: ParserPool) -> Iterator[Desk]:
    with serve() as server, closing(open_store(sqlite_url)) as store:
        config = load(CONFIG.replace("ORIGIN", server.origin))
        versions = Topics(config.topics).versions
        store.accept_config(text=config.text, hash=config.hash, topics=versions, now=NOW)
        store.sync_feeds(config.feeds, NOW)
        yield Desk(store, parser, server, config)


def check(desk: Desk, hostile: Hostile) -> None:
    """Poll before, during and after; nothing may be lost, doubled or hidden."""
    assert desk.poll(FIRST).articles_new == 3
    report = desk.poll(hostile)
    state = desk.state
    if hostile.words:
        assert [error.url for error in report.errors] == [state.feed_url]
        assert hostile.words in state.error
        assert state.error.isprintable()
        assert (state.validators, state.failures) == (Validators(etag='"first"'), 1)
    else:
        assert (state.error, report.errors) == ("", ())
    assert {"One", "Two"} <= set(desk.titles("/hostile"))
    assert desk.titles("/good") == ["entry 0", "entry 1"]
    # With the validators of the bad answer, which must not have been believed.
    desk.poll(Hostile(WHOLE if hostile.words else replace(WHOLE, etag='"whole"'), ""))
    assert desk.state.error == ""
    titles = desk.titles("/hostile")
    assert {"One", "Two", "Three", "Four"} <= set(titles)
    assert len(titles) == len(set(titles))
    assert desk.titles("/good") == ["entry 0", "entry 1", "entry 2"]


@pytest.mark.parametrize("hostile", [pytest.param(case, id=name) for name, case in LIGHT.items()])
def test_a_hostile_answer_is_named_and_costs_nothing_else(desk: Desk, hostile: Hostile) -> None:
    check(desk, hostile)


@pytest.mark.parametrize("hostile", [pytest.param(case, id=name) for name, case in SILENT.items()])
def test_whoever_keeps_us_waiting_is_named_and_costs_nothing_else(
    desk: Desk, hostile: Hostile
) -> None:
    short = desk.config.fetch.model_copy(update={"deadline": timedelta(seconds=1)})
    desk.config = desk.config.model_copy(update={"fetch": short})
    check(desk, hostile)
