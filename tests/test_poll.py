"""What one round of polls keeps, reports and leaves alone: real store, scripted answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from monitor.config import Config, load
from monitor.errors import ClosedError, StoreError
from monitor.identity import marks
from monitor.matcher import Topics
from monitor.model import (
    ArchiveFilter,
    Entry,
    FailureKind,
    FeedError,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    NotModified,
    ParsedFeed,
    ParseFailed,
    ParseResult,
    PollReport,
    Validators,
)
from monitor.poll import Round, offline_line, poll_due
from monitor.store import Store
from tests.factories import FEED_URL, HOUR, NOW

OTHER_URL = "https://other.example/rss"

CONFIG = load(
    f"""
timezone = "UTC"
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling", "可灵"]
[[feed]]
url = "{FEED_URL}"
name = "Example News"
[[feed]]
url = "{OTHER_URL}"
"""
)


def fetched(body: bytes = b"news", url: str = FEED_URL, **fields: object) -> Fetched:
    answer = Fetched(
        feed_url=url,
        url=url,
        moved_to=None,
        body=body,
        content_type="application/rss+xml",
        validators=Validators(etag='"1"'),
    )
    return replace(answer, **fields)  # type: ignore[arg-type]


def entry(title: str, link: str = "", **fields: object) -> Entry:
    slug = link or f"https://news.example/{title.replace(' ', '-')}"
    return replace(Entry(guid=slug, link=slug, title=title, text=""), **fields)  # type: ignore[arg-type]


def document(*entries: Entry) -> ParsedFeed:
    return ParsedFeed(title="Example", link="https://news.example/", lang="en", entries=entries)


@dataclass
class FakeFetcher:
    """Gives each feed its scripted answer; feeds without one say that nothing changed."""

    answers: dict[str, FetchResult] = field(default_factory=dict)
    asked: list[FetchRequest] = field(default_factory=list)

    def fetch_many(self, requests: Iterable[FetchRequest]) -> Iterator[FetchResult]:
        for request in requests:
            self.asked.append(request)
            unchanged = NotModified(
                feed_url=request.feed_url, moved_to=None, validators=Validators()
            )
            yield self.answers.get(request.feed_url, unchanged)


@dataclass
class FakeParser:
    """Reads each body as scripted; an exception is raised."""

    documents: dict[bytes, ParseResult | Exception] = field(default_factory=dict)
    read: list[bytes] = field(default_factory=list)
    #: The imprints of earlier documents that came with them.
    given: list[bytes] = field(default_factory=list)

    def parse(self, fetched: Fetched, last: bytes = b"") -> ParseResult:
        self.read.append(fetched.body)
        self.given.append(last)
        result = self.documents[fetched.body]
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class Desk:
    """A round of polls with its parts at hand."""

    store: Store
    config: Config = CONFIG
    fetcher: FakeFetcher = field(default_factory=FakeFetcher)
    parser: FakeParser = field(default_factory=FakeParser)

    def poll(self, at: timedelta = timedelta(0), *, everything: bool = False) -> PollReport:
        work = Round(
            store=self.store,
            fetcher=self.fetcher,
            parser=self.parser,
            topics=Topics(self.config.topics),
            config=self.config,
            clock=lambda: NOW + at,
        )
        return poll_due(work, everything=everything)

    def titles(self, *, matched_only: bool = True) -> list[str]:
        page = self.store.page(ArchiveFilter(matched_only=matched_only))
        return sorted(row.article.title for row in page.articles)


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(store)
    store.accept_config(
        text=CONFIG.text, hash=CONFIG.hash, topics=Topics(CONFIG.topics).versions, now=NOW
    )
    store.sync_feeds(CONFIG.feeds, NOW)
    return desk


def test_every_article_is_stored_and_the_matching_ones_are_found(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"two")
    desk.parser.documents[b"two"] = document(entry("Kling 3 is out"), entry("Rain in Galicia"))
    report = desk.poll()
    assert (report.feeds, report.changed, report.unchanged, report.failed) == (2, 1, 1, 0)
    assert (report.articles_new, report.matches_new) == (2, 1)
    assert desk.titles() == ["Kling 3 is out"]
    assert desk.titles(matched_only=False) == ["Kling 3 is out", "Rain in Galicia"]


def test_a_second_poll_brings_only_what_is_new(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"one")
    desk.parser.documents[b"one"] = document(entry("Kling 3 is out"))
    desk.poll()
    desk.fetcher.answers[FEED_URL] = fetched(b"more")
    desk.parser.documents[b"more"] = document(entry("Kling 3 is out"), entry("可灵发布新版本"))
    report = desk.poll(25 * HOUR)
    assert (report.articles_new, report.matches_new) == (1, 1)
    assert desk.titles() == ["Kling 3 is out", "可灵发布新版本"]


def times_of_polls(desk: Desk, days: int) -> list[datetime]:
    """Poll whenever something is due, and tell when the first feed was asked."""
    times, end = [], NOW + timedelta(days=days)
    while (at := desk.store.next_poll_at()) and at < end:
        before = len(desk.fetcher.asked)
        desk.poll(at - NOW)
        times += [at for asked in desk.fetcher.asked[before:] if asked.feed_url == FEED_URL]
    return times


@pytest.fixture
def stale(desk: Desk) -> Desk:
    """The first feed always shows the same old article."""
    desk.fetcher.answers[FEED_URL] = fetched(b"old")
    published_at = NOW - timedelta(days=400)
    desk.parser.documents[b"old"] = document(entry("Kling 1", published_at=published_at))
    return desk


def test_a_feed_without_news_is_asked_less_and_less(stale: Desk) -> None:
    """Hourly for a day, in which its rhythm is learnt."""
    times = times_of_polls(stale, days=14)
    waits = [after - before for before, after in pairwise(times)]
    assert HOUR <= waits[0] == waits[20] < 2 * HOUR
    assert waits == sorted(waits)
    assert waits[-1] > 12 * HOUR


def test_a_feed_with_news_all_the_time_is_asked_every_hour(desk: Desk) -> None:
    """Six entries an hour; its document shows the newest twenty."""
    numbers = range(24 * 60)
    articles = [
        entry(f"Kling {n}", published_at=NOW + timedelta(minutes=10 * n) - 5 * HOUR)
        for n in numbers
    ]

    class Wire(FakeParser):
        def parse(self, fetched: Fetched, last: bytes = b"") -> ParseResult:
            shown = int(fetched.body)
            return document(*articles[shown - 20 : shown])

    class Latest(FakeFetcher):
        def fetch_many(self, requests: Iterable[FetchRequest]) -> Iterator[FetchResult]:
            now = desk.store.next_poll_at() or NOW
            shown = (now - NOW + 5 * HOUR) // timedelta(minutes=10)
            self.answers[FEED_URL] = fetched(str(shown).encode())
            return super().fetch_many(requests)

    desk.parser, desk.fetcher = Wire(), Latest()
    times = times_of_polls(desk, days=1)
    assert 20 <= len(times) <= 24


def test_each_digest_finds_its_feeds_read_in_the_hour_before(stale: Desk) -> None:
    stale.config = load(f'{CONFIG.text}\n[[digest]]\nname = "daily"\nat = "07:30"')
    times = times_of_polls(stale, days=8)
    for day in range(8):
        slot = NOW + timedelta(days=day, hours=19, minutes=30)
        assert any(slot - HOUR <= at < slot for at in times), slot
    assert len(times) < 50


def test_an_equal_body_is_not_parsed_again(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"same")
    desk.parser.documents[b"same"] = document(entry("Kling 3 is out"))
    desk.poll()
    report = desk.poll(25 * HOUR)
    assert desk.parser.read == [b"same"]
    assert (report.changed, report.unchanged) == (0, 2)


def test_a_body_with_only_another_build_date_is_not_parsed_again(desk: Desk) -> None:
    one, other = (b"<rss><pubDate>%b</pubDate><item>a</item></rss>" % day for day in (b"1", b"2"))
    desk.fetcher.answers[FEED_URL] = fetched(one)
    desk.parser.documents[one] = document(entry("Kling 3 is out"))
    desk.poll()
    desk.fetcher.answers[FEED_URL] = fetched(other, validators=Validators(etag='"2"'))
    report = desk.poll(25 * HOUR)
    desk.poll(50 * HOUR)
    assert desk.parser.read == [one]
    assert (report.changed, report.unchanged) == (0, 2)
    assert '"2"' in {request.validators.etag for request in desk.fetcher.asked[-2:]}


def test_validators_are_sent_back_after_a_good_answer(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"one")
    desk.parser.documents[b"one"] = document(entry("Kling 3 is out"))
    desk.poll()
    desk.poll(25 * HOUR)
    sent = [request.validators.etag for request in desk.fetcher.asked]
    assert sorted(sent, key=str) == ['"1"', None, None, None]


def test_a_body_that_is_no_feed_keeps_the_validators_and_the_entries(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"good")
    desk.parser.documents[b"good"] = document(entry("Kling 3 is out"))
    desk.poll()
    desk.fetcher.answers[FEED_URL] = fetched(b"<html>", validators=Validators(etag='"html"'))
    desk.parser.documents[b"<html>"] = ParseFailed(
        kind=FailureKind.NOT_A_FEED, reason="an HTML page, not a feed"
    )
    report = desk.poll(25 * HOUR)
    assert report.errors == (
        FeedError(url=FEED_URL, kind=FailureKind.NOT_A_FEED, error="an HTML page, not a feed"),
    )
    states = {row.state.feed_url: row.state for row in desk.store.feed_rows()}
    assert states[FEED_URL].validators.etag == '"1"'
    assert desk.titles() == ["Kling 3 is out"]


def test_the_parser_is_told_of_the_last_good_document(desk: Desk) -> None:
    kling = document(entry("Kling 3 is out"))
    documents: list[ParsedFeed | ParseFailed] = [
        replace(kling, imprint=b"first"),
        ParseFailed(kind=FailureKind.NOT_A_FEED, reason="an HTML page, not a feed"),
        replace(kling, imprint=b"half", complete=False),
        replace(kling, entries=(), known=(marks(kling.entries[0]),), imprint=b"second"),
        replace(kling, imprint=b""),
        kling,
    ]
    for day, parsed in enumerate(documents):
        body = b"%d" % day
        desk.fetcher.answers[FEED_URL] = fetched(body)
        desk.parser.documents[body] = parsed
        desk.poll(day * 25 * HOUR, everything=True)
    assert desk.parser.given == [b"", b"first", b"first", b"first", b"second", b""]
    assert desk.titles() == ["Kling 3 is out"]


def test_a_guid_that_an_unread_entry_has_already_is_told_apart(desk: Desk) -> None:
    first = entry("Kling 3 is out", "https://news.example/1", guid="today")
    other = entry("Kling 4 is out", "https://news.example/2", guid="today")
    documents = [document(first), replace(document(other), known=(marks(first),))]
    for day, parsed in enumerate(documents):
        body = b"%d" % day
        desk.fetcher.answers[FEED_URL] = fetched(body)
        desk.parser.documents[body] = parsed
        desk.poll(day * 25 * HOUR)
    assert desk.titles() == ["Kling 3 is out", "Kling 4 is out"]


def test_one_failing_feed_does_not_disturb_the_other(desk: Desk) -> None:
    desk.fetcher.answers = {
        FEED_URL: FetchFailed(feed_url=FEED_URL, kind=FailureKind.DNS, reason="no such name"),
        OTHER_URL: fetched(b"one", OTHER_URL),
    }
    desk.parser.documents[b"one"] = document(entry("Kling 3 is out"))
    report = desk.poll()
    assert (report.changed, report.failed, report.offline) == (1, 1, False)
    assert desk.titles() == ["Kling 3 is out"]


def test_a_fault_of_ours_shows_at_its_feed_and_is_not_polled_in_a_loop(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.fetcher.answers = {FEED_URL: fetched(b"odd"), OTHER_URL: fetched(b"one", OTHER_URL)}
    desk.parser.documents = {b"odd": ZeroDivisionError(), b"one": document(entry("Kling 3"))}
    report = desk.poll()
    assert [error.url for error in report.errors] == [FEED_URL]
    assert "its log has the details" in report.errors[0].error
    assert "ZeroDivisionError" in caplog.text
    assert desk.titles() == ["Kling 3"]
    assert desk.poll(timedelta(minutes=1)).feeds == 0


@pytest.mark.parametrize(
    ("parsed", "told"),
    [
        pytest.param(
            ParseFailed(kind=FailureKind.PARSER, reason="it failed", detail="KeyError (a.py:1)"),
            {"detail": "KeyError (a.py:1)"},
            id="a fault in the parser",
        ),
        pytest.param(
            replace(document(entry("Kling")), left_out=48_000),
            {"entries": 1, "left_out": 48_000},
            id="a feed too long to read",
        ),
    ],
)
def test_what_a_developer_should_know_is_in_the_log(
    desk: Desk, parsed: ParseResult, told: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    desk.fetcher.answers[FEED_URL] = fetched()
    desk.parser.documents[b"news"] = parsed
    desk.poll()
    [record] = caplog.records
    assert vars(record).items() >= told.items()
    assert vars(record)["feed"] == FEED_URL


def test_a_parser_closed_meanwhile_is_no_failure_of_the_feed(desk: Desk) -> None:
    desk.fetcher.answers = {FEED_URL: fetched()}
    desk.parser.documents = {b"news": ClosedError("the parser pool is closed")}
    report = desk.poll()
    assert (report.changed, report.failed) == (0, 0)
    [due] = (state for state in desk.store.due_feeds(NOW) if state.feed_url == FEED_URL)
    assert (due.failures, due.error) == (0, "")


def test_a_failing_database_ends_the_round_with_its_error(desk: Desk) -> None:
    desk.fetcher.answers[FEED_URL] = fetched(b"one")
    desk.parser.documents[b"one"] = StoreError("the database is full")
    with pytest.raises(StoreError, match="full"):
        desk.poll()


def test_the_same_publication_in_two_feeds_is_one_article(desk: Desk) -> None:
    shared = entry("Kling 3 is out", "https://paper.example/kling")
    desk.fetcher.answers = {FEED_URL: fetched(b"a"), OTHER_URL: fetched(b"b", OTHER_URL)}
    desk.parser.documents = {b"a": document(shared), b"b": document(shared)}
    report = desk.poll()
    assert (report.articles_new, report.matches_new) == (1, 1)


def test_nothing_due_asks_nobody_and_force_asks_all(desk: Desk) -> None:
    desk.poll()
    desk.fetcher.asked.clear()
    assert desk.poll(timedelta(minutes=1)).feeds == 0
    assert desk.fetcher.asked == []
    assert desk.poll(timedelta(minutes=1), everything=True).feeds == 2


def test_no_network_is_one_line(desk: Desk) -> None:
    desk.fetcher.answers = {
        url: FetchFailed(feed_url=url, kind=FailureKind.DNS, reason="no such name")
        for url in (FEED_URL, OTHER_URL)
    }
    report = desk.poll()
    assert report.offline
    assert offline_line(report.feeds, {error.kind for error in report.errors}) == (
        "none of 2 feeds answered: name resolution failed; is this machine online? "
        "`make demo` shows everything on sample news"
    )
    # A first contact that failed is tried again within minutes, not after the usual hour.
    due = desk.store.next_poll_at()
    assert due is not None
    assert due - NOW < timedelta(minutes=10)
