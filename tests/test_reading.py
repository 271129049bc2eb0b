"""Pages read in full: which are asked for, what they change, and what they cannot do.

Real store on both databases, real fetcher, real worker process, a scripted server.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.config import Config, load
from monitor.errors import ClosedError
from monitor.extract import Extractor
from monitor.fetch import Fetcher
from monitor.matcher import Topics
from monitor.model import (
    ArchiveFilter,
    Article,
    ArticleMatches,
    ParseResult,
    ReadingReport,
)
from monitor.poll import Round
from monitor.query import for_index, parse
from monitor.reading import nearly, read_due
from monitor.store import Store
from tests.factories import DAY, HOUR, NOW, article, feed_state, outcome, sighting
from tests.scripted import Answer, ScriptedServer, serve

FEED = "https://news.example/feed"
OTHER = "https://other.example/feed"

CONFIG = """
timezone = "UTC"
[[topic]]
id = "kling"
any = ["Kling"]
near = ["video", "Kuaishou"]
[[topic]]
id = "chips"
all = ["chips", "licence"]
[[topic]]
id = "fair"
any = ["trade fair"]
query = "title:Barcelona"
[[topic]]
id = "rain"
any = ["Galicia"]
[[feed]]
url = "https://news.example/feed"
extract = true
[[feed]]
url = "https://other.example/feed"
[fetch]
allow = ["127.0.0.1"]
host_gap = "0s"
deadline = "5s"
"""

SENTENCES = (
    "The company said on Tuesday that the service opens to everybody in spring.",
    "Analysts had waited for this step since the first trial in the autumn.",
    "Its makers, Kuaishou among them, speak of more than a million users.",
    "A price was not named, and the older plan remains for the time being.",
)


def page(*sentences: str, title: str = "News") -> bytes:
    told = "".join(f"<p>{sentence}</p>" for sentence in (*sentences, *SENTENCES))
    return (
        f"<!doctype html><html><head><meta charset='utf-8'><title>{title}</title></head><body>"
        f"<nav><a href='/weather'>Weather in Galicia</a></nav>"
        f"<article><h1>{title}</h1>{told}</article><footer>Imprint</footer></body></html>"
    ).encode()


def html(body: bytes, **fields: object) -> Answer:
    return replace(Answer(body=body, content_type="text/html"), **fields)  # type: ignore[arg-type]


class NoParser:
    def parse(self, fetched: object, last: bytes = b"") -> ParseResult:
        raise AssertionError("no feed is parsed here")


@dataclass
class Desk:
    """A store with two feeds, of which one is read in full, and a server that has the pages."""

    store: Store
    server: ScriptedServer
    fetcher: Fetcher
    extractor: Extractor
    config: Config
    at: datetime = NOW
    articles: dict[str, Article] = field(default_factory=dict)

    def show(self, title: str, text: str = "", feed: str = FEED, **fields: Any) -> None:
        """Let a poll store an article whose page has the title's first word as its path."""
        path = "/" + title.split(maxsplit=1)[0].lower()
        given: dict[str, Any] = {"url": self.server.url(path), "text": text, "feed_url": feed}
        seen = sighting(title, **(given | fields))
        seen = replace(seen, matches=Topics(self.config.topics).match(seen.article))
        self.articles[path] = seen.article
        self.store.save_poll(outcome(seen, feed=feed_state(feed, first_success_at=NOW)))

    def read(self, after: timedelta = timedelta(0)) -> ReadingReport:
        work = Round(
            store=self.store,
            fetcher=self.fetcher,
            parser=NoParser(),
            topics=Topics(self.config.topics),
            config=self.config,
            clock=lambda: NOW + after,
        )
        return read_due(work, self.extractor)

    def row(self, title: str) -> ArticleMatches:
        found = self.store.page(ArchiveFilter(matched_only=False)).articles
        return next(row for row in found if row.article.title == title)

    def topics(self, title: str) -> list[str]:
        return [match.topic_id for match in self.row(title).matches]

    def found(self, query: str) -> list[str]:
        while self.store.index_pending():
            pass
        wanted = ArchiveFilter(query=for_index(parse(query)).index, matched_only=False)
        return [row.article.title for row in self.store.page(wanted).articles]


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor() as started:
        yield started


@pytest.fixture
def desk(store: Store, extractor: Extractor) -> Iterator[Desk]:
    config = load(CONFIG)
    store.sync_feeds(config.feeds, NOW)
    with serve() as server, Fetcher(config.fetch) as fetcher:
        yield Desk(store, server, fetcher, extractor, config)


@pytest.fixture
def one(sqlite_url: str, extractor: Extractor) -> Iterator[Desk]:
    """Give a desk on SQLite only, for what does not depend on the database."""
    from monitor.store import open_store

    config = load(CONFIG)
    with ExitStack() as parts:
        store = open_store(sqlite_url)
        parts.callback(store.close)
        server = parts.enter_context(serve())
        fetcher = parts.enter_context(Fetcher(config.fetch))
        store.sync_feeds(config.feeds, NOW)
        yield Desk(store, server, fetcher, extractor, config)


def test_a_page_can_make_a_match_of_what_nearly_matched(desk: Desk) -> None:
    desk.server.script["/kling"] = html(page("Kling, a video model, opens."))
    desk.show("Kling opens to everybody", "First lines only.")
    assert desk.topics("Kling opens to everybody") == []
    assert desk.read() == ReadingReport(read=1, matches_new=1)
    row = desk.row("Kling opens to everybody")
    assert [match.topic_id for match in row.matches] == ["kling"]
    assert row.article.text.startswith("First lines only.\n")
    assert SENTENCES[-1] in row.article.text
    assert "Weather" not in row.article.text
    for span in row.matches[0].spans:
        stored = row.article.title if span.field == "title" else row.article.text
        assert stored[span.start : span.end] == span.surface


def test_what_matched_keeps_its_evidence_and_gains_the_text(desk: Desk) -> None:
    desk.server.script["/kling"] = html(page("Kling opens."))
    desk.show("Kling makes video", "Kuaishou shows Kling.")
    before = desk.row("Kling makes video").matches
    assert desk.read() == ReadingReport(read=1)
    row = desk.row("Kling makes video")
    assert row.matches == before
    assert row.article.text.startswith("Kuaishou shows Kling.\n")


@pytest.mark.parametrize("words", ["Rain comes.", SENTENCES[0], ""])
def test_what_the_feed_said_is_not_there_twice(one: Desk, words: str) -> None:
    one.server.script["/galicia"] = html(page("Rain comes.", title="Galicia"))
    one.show("Galicia", words)
    one.read()
    text = one.row("Galicia").article.text
    assert text.startswith(words)
    assert [text.count(told) for told in ("Galicia", "Rain comes.", *SENTENCES)] == [
        0,
        1,
        1,
        1,
        1,
        1,
    ]


def test_search_finds_the_text_of_a_page(desk: Desk) -> None:
    desk.server.script["/galicia"] = html(page("The reservoirs are full."))
    desk.show("Galicia waits", "Clouds.")
    assert desk.found("clouds") == ["Galicia waits"]
    desk.read()
    assert desk.found("reservoirs") == ["Galicia waits"]
    assert desk.found("clouds") == ["Galicia waits"]
    desk.store.forget(unmatched_before=NOW + DAY, matched_before=NOW + DAY)
    assert desk.found("reservoirs") == []


def test_only_pages_that_may_matter_are_asked_for_and_each_once(desk: Desk) -> None:
    for path in ("/kling", "/rain", "/sunny", "/old", "/galicia"):
        desk.server.script[path] = html(page("Kling opens."))
    desk.show("Kling opens")
    desk.show("Rain in Lugo")
    desk.show("Sunny Galicia", feed=OTHER)
    desk.show("Old Galicia", published_at=NOW - 3 * DAY)
    desk.show("Galicia without a page", url="")
    desk.show("Galicia", first_seen_at=NOW)
    for hours in range(0, 24, 2):
        desk.read(hours * HOUR)
    assert sorted(desk.server.paths()) == ["/galicia", "/kling"]


def test_several_articles_of_one_page_are_one_request(one: Desk) -> None:
    one.server.script["/live"] = html(page("Kling opens."))
    url = one.server.url("/live")
    one.show("Galicia: first entry", url=url)
    one.show("Galicia: second entry", url=url)
    one.read()
    one.show("Galicia: third entry", url=url)
    one.read(HOUR)
    assert one.server.paths() == ["/live"]


def test_a_switch_turned_off_asks_for_nothing_more(one: Desk) -> None:
    one.server.script["/galicia"] = Answer(status=503)
    one.show("Galicia")
    one.read()
    one.config = load(CONFIG.replace("extract = true", "extract = false"))
    one.read(2 * HOUR)
    assert len(one.server.seen) == 1


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        pytest.param(Answer(status=401), 1, id="needs a login"),
        pytest.param(Answer(status=403), 1, id="does not want us"),
        pytest.param(Answer(status=404), 1, id="gone"),
        pytest.param(Answer(status=500), 2, id="a server in trouble is asked once more"),
        pytest.param(Answer(raw=b"", reset=True), 2, id="so is one that hangs up"),
        pytest.param(
            Answer(status=429, headers={"Retry-After": "7200"}), 2, id="and one that says: later"
        ),
        pytest.param(Answer(status=302, headers={"Location": "http://10.0.0.1/"}), 1, id="inside"),
        pytest.param(html(b"<html><body><p>Subscribe to read on.</p></body></html>"), 1, id="wall"),
        pytest.param(
            Answer(body=b'{"text": "Kling"}', content_type="application/json"), 1, id="JSON"
        ),
        pytest.param(html(b'{"text": "Kling"}'), 1, id="JSON that says it is HTML"),
        pytest.param(Answer(body=b"%PDF-1.7 Kling", content_type="application/pdf"), 1, id="PDF"),
        pytest.param(html(b"%PDF-1.7 Kling"), 1, id="PDF that says it is HTML"),
    ],
)
def test_what_cannot_be_read_keeps_the_feeds_words(one: Desk, answer: Answer, tries: int) -> None:
    one.server.script["/galicia"] = answer
    one.show("Galicia", "Rain.")
    before = one.row("Galicia")
    assert one.read() == ReadingReport(failed=1)
    for hours in range(1, 12):
        one.read(hours * HOUR)
    assert len(one.server.seen) == tries
    assert one.row("Galicia") == before


def test_results_are_counted_by_feed_and_reason(desk: Desk) -> None:
    """What will be asked for again is no result yet."""
    desk.server.script["/galicia"] = html(page("Rain comes."))
    desk.server.script["/rain"] = desk.server.script["/clouds"] = Answer(status=403)
    desk.server.script["/fog"] = Answer(status=503)
    for title in ("Galicia", "Rain in Galicia", "Clouds in Galicia", "Fog in Galicia"):
        desk.show(title)
    desk.show("Sun in Galicia", feed=OTHER)
    desk.read()
    refused = "the server said 403 Forbidden"
    assert desk.store.page_results() == {FEED: {"": 1, refused: 2}}


def test_a_second_try_can_succeed(one: Desk) -> None:
    one.server.script["/galicia"] = [Answer(status=503), html(page("Rain comes."))]
    one.show("Galicia")
    assert one.read() == ReadingReport(failed=1)
    assert one.read(HOUR / 2) == ReadingReport()
    assert one.read(HOUR) == ReadingReport(read=1)


def test_a_host_that_asks_for_rest_gets_it_for_all_its_pages(desk: Desk) -> None:
    rest = Answer(status=429, headers={"Retry-After": "10800"})
    desk.server.script["/first"] = [rest, html(page("Rain comes."))]
    desk.server.script["/second"] = html(page("Rain comes."))
    desk.show("Second Galicia")
    desk.show("First Galicia")
    assert desk.read() == ReadingReport(failed=1)
    assert desk.read(2 * HOUR) == ReadingReport()
    assert desk.server.paths() == ["/first"]
    assert desk.read(3 * HOUR + HOUR / 10).read == 2
    assert sorted(desk.server.paths()) == ["/first", "/first", "/second"]


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("utf-8", ""),
        ("gb18030", "; charset=gb2312"),
        ("gb18030", "; charset=utf-8"),
        ("gb18030", ""),
    ],
)
def test_a_page_in_another_encoding_is_read(one: Desk, body: str, charset: str) -> None:
    words = (
        "快手周二表示，可灵视频模型将于明年春天向所有用户开放，价格尚未公布，分析人士对此期待已久。"
    )
    told = "".join(f"<p>第{number}段：{words}</p>" for number in range(9))
    text = f"<html><head><meta charset={body}></head><body><article>{told}</article></body></html>"
    one.server.script["/galicia"] = Answer(
        body=text.encode(body), content_type=f"text/html{charset}"
    )
    one.show("Galicia")
    assert one.read().read == 1
    assert words in one.row("Galicia").article.text


DEEP = b"<html><body><article>" + b"<p><b>" * 330_000 + b"Kling"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(html(DEEP), id="2 MB of nesting"),
        pytest.param(html(b"<p>" + bytes(40 << 20), gzipped=True), id="40 MB in 40 kB"),
        pytest.param(html(b"<html>" + b"<p>x" * 2_700_000), id="more than 10 MB"),
        pytest.param(html(b"<html>" + b"<p>x" * 1_000_000), id="4 MB"),
        pytest.param(html(b"<html>", drip=b"<p>"), id="without an end"),
    ],
)
def test_a_hostile_page_costs_itself_only(one: Desk, answer: Answer) -> None:
    one.server.script["/galicia"] = answer
    one.server.script["/sunny"] = html(page("Rain comes."))
    one.show("Sunny Galicia", "Rain.")
    one.show("Galicia", "Rain.")
    with Extractor(timedelta(seconds=1)) as one.extractor:
        report = one.read()
    assert (report.read, report.failed) == (1, 1)
    assert one.row("Galicia").article.text == "Rain."


def test_nothing_is_recorded_when_the_monitor_ends(one: Desk) -> None:
    one.server.script["/galicia"] = html(page("Rain comes."))
    one.show("Galicia")
    with Extractor() as closed:
        pass
    kept, one.extractor = one.extractor, closed
    with pytest.raises(ClosedError):
        one.read()
    one.extractor = kept
    assert one.read() == ReadingReport(read=1)
    one.show("Sunny Galicia")
    one.fetcher.close()
    assert one.read() == ReadingReport()


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Kling opens", True, id="near is missing"),
        pytest.param("Kuaishou makes video", False, id="of the words that count none is there"),
        pytest.param("New rules for chips", True, id="one of two is missing"),
        pytest.param("A licence for fishing", True, id="or the other"),
        pytest.param("A trade fair in Vigo", True, id="query does not hold"),
        pytest.param("Barcelona wins", False, id="of the words that count there is none again"),
        pytest.param("Rain in Lugo", False, id="nothing is there"),
    ],
)
def test_nearly_means_that_one_thing_is_missing(title: str, *, expected: bool) -> None:
    loose = nearly(load(CONFIG).topics)
    assert bool(loose.match(article(title, text=""))) is expected
