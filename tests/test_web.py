"""The archive in a browser: real pages over a real server on a real database."""

import html
import re
import socket
import sqlite3
import stat
import threading
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from monitor import config
from monitor.errors import MonitorError, StoreError
from monitor.mail import unsubscribe_token
from monitor.model import (
    Deferred,
    EntryNames,
    FailureKind,
    FeedState,
    PollOutcome,
    Rejected,
    Sent,
    Sighting,
)
from monitor.store import Store
from monitor.web import Server, check_listen, create_app, load_token, words
from monitor.web.guard import MAIL_POLICY, PAGE_POLICY, WrongTokens
from monitor.web.services import ISSUES
from tests.archive_site import CONFIG, PLAIN, TOKEN, Open, Site, send
from tests.factories import (
    FEED_URL,
    NOW,
    ago,
    article,
    feed_state,
    issue,
    match,
    outcome,
    rendered,
    slot,
    span,
)

# ------------------------------------------------------------------------------------- archive


def test_a_match_links_to_the_original_and_says_why_it_is_there(site: Site) -> None:
    site.put("Kling films <studios>", match(), url="https://news.example/a?b=1&c=2")

    page = site.text("/")

    assert (
        '<a href="https://news.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" '
        "data-original><bdi><mark>Kling</mark> films &lt;studios&gt;</bdi></a>" in page
    )
    assert "Kling in the title" in page
    assert "state media" in page
    assert "Today, Wednesday 11 March" in page


def test_every_filter_is_an_address(site: Site) -> None:
    site.put("Kling news", match("kling"))
    site.put("Chip news", match("chips"), published_at=ago(hours=2))
    site.put("Other news", published_at=ago(hours=3))

    def shown(path: str) -> list[str]:
        return [word for word in ("Kling news", "Chip news", "Other news") if word in _bare(path)]

    def _bare(path: str) -> str:
        return site.text(path).replace("<mark>", "").replace("</mark>", "")

    assert shown("/") == ["Kling news", "Chip news"]
    assert shown("/?topic=chips") == ["Chip news"]
    assert shown("/?all=1") == ["Kling news", "Chip news", "Other news"]
    assert shown("/?q=other&all=1") == ["Other news"]
    assert shown(f"/?feed={FEED_URL}&topic=kling") == ["Kling news"]
    # A link keeps the other filters.
    assert 'href="/?q=news&amp;topic=chips"' in site.text("/?q=news")


def test_older_articles_are_a_link_away(site: Site) -> None:
    sightings = [
        Sighting(names=EntryNames(key=one.key), article=one, matches=(match(),))
        for one in (article(f"News {n}", published_at=ago(minutes=n)) for n in range(21))
    ]
    site.store.save_poll(outcome(*sightings))

    first = site.text("/")
    older = first.partition("/?after=")[2].partition('"')[0]

    assert "News 19" in first.replace("</mark>", "").replace("<mark>", "")
    page = site.text(f"/?after={older}").replace("</mark>", "").replace("<mark>", "")
    assert "News 20" in page
    assert "News 19" not in page
    assert ">Newest</a>" in page


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;script&gt;'


def test_nothing_that_strangers_write_becomes_markup(site: Site) -> None:
    site.put(
        HOSTILE,
        match(spans=(span(HOSTILE, 0, term=HOSTILE),)),
        text=HOSTILE,
        source=HOSTILE,
        lang=HOSTILE,
        author=HOSTILE,
    )
    site.notices = (HOSTILE,)
    site.status = HOSTILE
    state = feed_state(title=HOSTILE, failures=1, error=HOSTILE, failure_kind=FailureKind.STATUS)
    site.store.save_poll(PollOutcome(feed=state))

    queries = {"q": HOSTILE, "topic": HOSTILE, "feed": HOSTILE, "after": HOSTILE}
    pages = [site.text("/"), site.text("/feeds")]
    pages += [site.get("/", params={key: value}).text for key, value in queries.items()]
    pages += [site.get("/", params={"q": "(" + HOSTILE}).text, site.get(f"/{HOSTILE}").text]

    for page in pages:
        assert page.count("<script") == 1, "our own"
        assert '<script src="/keys.js" defer></script>' in page
        assert "<img" not in page


# --------------------------------------------------------------------------------- empty pages


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "No feeds yet", id="no feeds"),
        pytest.param(CONFIG, "Nothing was read yet", id="first start"),
    ],
)
def test_an_empty_archive_says_what_it_waits_for(open_site: Open, text: str, says: str) -> None:
    assert says in open_site(text).text("/")


def test_the_first_page_says_once_that_the_machine_is_offline(site: Site) -> None:
    site.status = "none of 55 feeds answered: name resolution failed; next try at 12:05"
    said = f">N{site.status[1:]}</p>"

    assert site.text("/").count(said) == 1
    assert site.text("/feeds").count(said) == 1


def failed(url: str, kind: FailureKind, error: str, **fields: Any) -> FeedState:
    usual = {"last_polled_at": ago(minutes=1), "next_poll_at": NOW + timedelta(hours=1)}
    return feed_state(url, failures=1, failure_kind=kind, error=error, **usual | fields)


FIVE = "".join(f'[[feed]]\nurl = "https://feed{n}.example/"\n' for n in range(5))
HTML = "an HTML page, not a feed (title: Sign in)"


@pytest.mark.parametrize(
    ("failures", "says"),
    [
        pytest.param([], ["The feeds are being read for the first time."], id="none asked"),
        pytest.param(
            [(FailureKind.STATUS, "the server said 500 Internal Server Error")] * 3
            + [(FailureKind.NOT_A_FEED, HTML)] * 2,
            [
                "All 5 feeds were asked, but none could be read.",
                "The most common reason (3 of 5): the server said 500 Internal Server Error.",
                "Next try at 14:00.",
            ],
            id="servers with errors",
        ),
        pytest.param(
            [(FailureKind.NOT_A_FEED, HTML)] * 5,
            ["(5 of 5): an HTML page, not a feed", "does this network ask you to sign in first?"],
            id="captive portal",
        ),
        pytest.param(
            [(FailureKind.TLS, f"no secure connection: {n}") for n in range(2)],
            ["2 of 5 feeds were asked so far, but none", "(2 of 2): no secure connection."],
            id="some were asked",
        ),
        pytest.param(
            [(FailureKind.DNS, f'name resolution failed for "feed{n}"') for n in range(5)],
            ["None of 5 feeds answered: name resolution failed; is this machine online?"],
            id="offline",
        ),
    ],
)
def test_an_archive_without_anything_read_says_why(
    open_site: Open, failures: list[tuple[FailureKind, str]], says: list[str]
) -> None:
    site = open_site('timezone = "Europe/Madrid"\n' + FIVE)
    for n, (kind, error) in enumerate(failures):
        state = failed(f"https://feed{n}.example/", kind, error)
        site.store.save_poll(PollOutcome(feed=state))

    page = site.text("/")

    assert "Nothing was read yet" in page
    for words_of_it in says:
        assert words_of_it in page
    assert '<a href="/feeds">State of each feed</a>' in page


def test_one_feed_that_fails_gives_its_reason(site: Site) -> None:
    site.store.save_poll(PollOutcome(feed=failed(FEED_URL, FailureKind.NOT_A_FEED, HTML)))
    page = site.text("/")
    assert f"The feed was asked, but could not be read: {HTML}. Next try at 13:00." in page


def test_a_retired_feed_is_promised_no_try(site: Site) -> None:
    gone = failed(FEED_URL, FailureKind.GONE, "the server said 410 Gone", retired=True)
    site.store.save_poll(PollOutcome(feed=gone))
    page = site.text("/")
    assert "could not be read: the server said 410 Gone.</p>" in page


def test_what_the_service_says_stands_before_what_failed(site: Site) -> None:
    site.status = "reading 1 feeds: 0 done"
    state = failed(FEED_URL, FailureKind.NOT_A_FEED, HTML, next_poll_at=NOW)
    site.store.save_poll(PollOutcome(feed=state))
    page = site.text("/")
    assert page.index("Reading 1 feeds: 0 done") < page.index("could not be read")
    assert "The next try is about to start." in page


def test_an_archive_of_empty_feeds_says_so(site: Site) -> None:
    site.store.save_poll(outcome())
    assert "nothing in them was about your topics so far" in site.text("/")
    assert "brought no article so far" in site.text("/?all=1")


def test_nothing_is_said_of_feeds_that_were_not_asked_yet(open_site: Open) -> None:
    site = open_site(CONFIG + FIVE)
    site.store.save_poll(outcome())

    matches, articles = site.text("/"), site.text("/?all=1")

    assert "1 of 6 feeds were asked so far; nothing in them was about your topics." in matches
    assert "1 of 6 feeds were asked so far and brought no article." in articles
    assert "The feeds are read" not in matches + articles


def test_articles_without_topics_can_be_read(open_site: Open) -> None:
    site = open_site(f'[[feed]]\nurl = "{FEED_URL}"')
    site.put("Some news")

    assert "No topics yet" in site.text("/")


def test_nothing_matched_leads_to_all_articles(site: Site) -> None:
    site.put("Some news")

    page = site.text("/")

    assert "Nothing matched yet" in page
    assert 'href="/?all=1"' in page


def test_a_search_without_hit_offers_wider_ones(site: Site) -> None:
    page = site.text("/?q=unheard&topic=kling")

    assert "No article has <bdi>unheard</bdi>" in page
    assert 'href="/?q=unheard&amp;topic=kling&amp;all=1"' in page
    assert 'href="/?q=unheard"' in page


def test_filters_without_article_lead_back(site: Site) -> None:
    page = site.text("/?topic=chips")

    assert "Nothing here yet" in page
    assert '<a href="/">Show all matches</a>' in page


def test_a_faulty_search_is_underlined(site: Site) -> None:
    answer = site.get("/?q=Kling+AND+(video")
    page = answer.text

    assert answer.status_code == 400
    assert "This search cannot be understood" in page
    assert 'Kling AND <em class="fault">(</em>video' in page


def test_damaged_addresses_are_explained(site: Site) -> None:
    for address, says in (
        ("/?topic=klang", "There is no topic &#34;klang&#34;"),
        ("/?after=%00%ff", "is damaged"),
        (f"/?after={10**18}", "is damaged"),
    ):
        answer = site.get(address)
        assert answer.status_code == 400
        assert says in answer.text


@pytest.mark.parametrize("name", ["q", "topic", "feed", "after"])
def test_what_a_request_brings_is_shown_without_its_control_characters(
    site: Site, name: str
) -> None:
    sent = "(Kl\0ing\x1b[31m\x9b\u202egnilK\r\n"
    page = site.get("/", params={name: sent})
    unprintable = {char for char in page.text if not char.isprintable()} - {"\n"}
    assert page.status_code == 400
    assert unprintable == set()


# ------------------------------------------------------------------------------------- digests


def _send(store: Store, *results: Sent | Deferred | Rejected, **fields: object) -> int:
    """Compose an issue and let its deliveries end so."""
    to = tuple(f"reader{n}@example.com" for n in range(len(results)))
    number = store.enqueue(issue(to=to, **fields), NOW)
    assert number is not None
    deliveries = [store.claim_delivery(NOW, lease=timedelta(minutes=5)) for _ in results]
    for delivery, result in zip(deliveries, results, strict=True):
        assert delivery is not None
        later = NOW + timedelta(hours=1)
        store.settle_delivery(delivery.id, result, NOW, next_try_at=later)
    return number


def test_digests_are_listed_with_what_became_of_them(site: Site) -> None:
    number = _send(site.store, Sent(), Deferred(reason="451 later"), Rejected(reason="550 unknown"))

    page = site.text("/digests")

    assert f'<a href="/digests/{number}"><bdi>Daily: Kling 2.0 makes films</bdi></a>' in page
    copies = [
        " ".join(re.sub("<[^>]*>", "", line).split()) for line in re.findall("<li>(.*?)</li>", page)
    ]
    assert sorted(line for line in copies if "reader" in line) == [
        "Refused · reader2@example.com: 550 unknown",
        "Sent · reader0@example.com",
        "Waiting · reader1@example.com: 451 later",
    ]
    assert '<span class="state rejected">' in page


def test_old_digests_are_a_page_away(site: Site) -> None:
    for day in range(ISSUES + 2):
        due = ago(days=day)
        site.store.enqueue(issue(slot=slot(local_date=due.date(), due_at=due)), NOW)

    first = site.text("/digests")
    (older,) = re.findall(r'href="(/digests\?from=\d+)" rel="next"', first)
    second = site.text(older)

    assert first.count("Waiting") == ISSUES
    assert second.count("Waiting") == 2
    assert f'{older.replace("digests", "digests.csv")}"' in second
    assert site.text(older.replace("digests", "digests.csv")).count("queued") == 2
    assert "Waiting" in site.text(f"/digests/{ISSUES + 2}")
    assert site.get("/digests?from=x").status_code == 404


def test_a_digest_that_went_to_nobody_says_so(site: Site) -> None:
    _send(site.store)

    assert "Went to nobody" in site.text("/digests")


def test_before_the_first_digest_the_list_leads_to_the_preview(site: Site) -> None:
    assert 'href="/digests/next"' in site.text("/digests").partition("<main")[2]


def test_a_digest_is_shown_as_it_was_sent(site: Site) -> None:
    html = "<html><head><style>p{color:red}</style></head><body><p>可灵</p></body></html>"
    number = _send(site.store, Sent(), rendered=rendered(html=html, text="可灵 <3\n"))

    page = site.text(f"/digests/{number}")
    mail = site.get(f"/digests/{number}/mail")

    assert f'src="/digests/{number}/mail"' in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "可灵 &lt;3" in page
    assert mail.text == html.replace("<head>", '<head><base target="_blank">')
    assert mail.headers["Content-Security-Policy"] == MAIL_POLICY
    assert "script-src" not in MAIL_POLICY


def test_the_next_digest_can_be_seen_before_it_is_due(site: Site) -> None:
    site.preview = rendered(subject="Soon: 可灵", problems=("templates/digest.html.j2: line 3",))

    page = site.text("/digests/next")

    assert "Soon: 可灵" in page
    assert "templates/digest.html.j2: line 3" in page
    assert 'src="/digests/next/mail?name=daily"' in page
    assert "Kling 2.0" in site.text("/digests/next/mail?name=daily")


def test_each_configured_digest_has_a_preview(open_site: Open) -> None:
    site = open_site('[[digest]]\nname = "daily"\n[[digest]]\nname = "weekly"')

    assert 'href="/digests/next?name=weekly"' in site.text("/digests/next")
    assert 'src="/digests/next/mail?name=weekly"' in site.text("/digests/next?name=weekly")
    assert site.get("/digests/next?name=monthly").status_code == 404


def test_without_a_digest_the_preview_tells_how_to_get_one(open_site: Open) -> None:
    site = open_site("")

    assert "[[digest]]" in site.text("/digests/next")
    assert site.get("/digests/next/mail").status_code == 404


# --------------------------------------------------------------------------------------- feeds


@pytest.mark.parametrize(
    ("state", "says"),
    [
        pytest.param({}, ["not read yet", "never"], id="new"),
        pytest.param(
            {"last_success_at": ago(minutes=7), "next_poll_at": NOW + timedelta(minutes=53)},
            [">ok<", "7 min ago", "in 53 min"],
            id="well",
        ),
        pytest.param(
            {"last_success_at": ago(days=3), "failures": 17, "error": "the server answered 503"},
            ["failing for 3 days, 17 tries", "The server answered 503", "1 failing"],
            id="failing",
        ),
        pytest.param(
            {"failures": 1, "error": "no answer in time"},
            ["failing: 1 try, never read yet", "No answer in time"],
            id="never reached",
        ),
        pytest.param(
            {"retired": True, "error": "the server says that it is gone (410)"},
            ["retired: not polled any more", "(410)", "1 retired"],
            id="gone",
        ),
    ],
)
def test_feeds_say_how_they_are(site: Site, state: dict[str, Any], says: list[str]) -> None:
    kind = FailureKind.STATUS if state.get("failures") else None
    site.store.save_poll(PollOutcome(feed=feed_state(failure_kind=kind, **state)))

    page = site.text("/feeds")

    assert "Harbour Post" in page
    for said in says:
        assert said in page


def test_a_long_list_of_feeds_goes_on_on_pages(site: Site) -> None:
    feeds = "".join(f'[[feed]]\nurl = "https://feed{n:03}.example/"\n' for n in range(101))
    site.config = config.load(feeds)
    site.store.sync_feeds(site.config.feeds, NOW)

    pages = [site.text(f"/feeds?after={number}") for number in (0, 50, 100)]

    assert [page.count('scope="row"') for page in pages] == [50, 50, 1]
    assert ['href="/feeds?after=50" rel="next"' in page for page in pages] == [True, False, False]
    assert all(len(page.encode()) < 50_000 for page in pages)
    assert site.client.get("/feeds?after=101").status_code == 404


def test_a_feed_that_is_cut_off_brings_articles_and_was_never_read_whole(site: Site) -> None:
    cut = failed(FEED_URL, FailureKind.NOT_A_FEED, "the feed is cut off", first_success_at=NOW)
    one = article()
    site.store.save_poll(
        outcome(Sighting(names=EntryNames(key=one.key), article=one, matches=()), feed=cut)
    )

    page = site.text("/feeds")

    assert "failing: 1 try, never read whole" in page
    assert ">never whole<" in page


def test_a_feed_that_brings_nothing_any_more_is_quiet(site: Site) -> None:
    daily = [article(f"News {n}", published_at=ago(days=40 + n)) for n in range(10)]
    site.store.save_poll(
        outcome(
            *(Sighting(names=EntryNames(key=one.key), article=one, matches=()) for one in daily)
        )
    )

    page = site.text("/feeds")

    assert '<span class="state quiet">quiet: nothing new for 40 days</span>' in page
    assert "1 feed: 1 quiet" in page


@pytest.mark.parametrize(
    ("state", "button", "says", "due"),
    [
        pytest.param({}, True, "is polled in a moment", True, id="well"),
        pytest.param({"failures": 3, "error": "500"}, True, "in a moment", True, id="failing"),
        pytest.param(
            {"last_polled_at": ago(minutes=4)},
            False,
            "was polled 4 min ago; you can have it polled again in 6 min",
            False,
            id="a moment ago",
        ),
        pytest.param(
            {"failures": 1, "error": "429", "failure_kind": FailureKind.BUSY},
            False,
            "its server asks to be left alone",
            False,
            id="server asks for rest",
        ),
        pytest.param({"retired": True}, False, "is not polled any more", False, id="gone"),
        pytest.param({"next_poll_at": NOW}, False, "in a moment", True, id="due already"),
    ],
)
def test_a_feed_is_polled_when_a_person_asks_and_its_server_may_be_asked(
    site: Site, state: dict[str, Any], button: bool, says: str, due: bool
) -> None:
    usual: dict[str, Any] = {
        "last_polled_at": ago(hours=1),
        "last_success_at": ago(hours=1),
        "next_poll_at": NOW + timedelta(hours=5),
    }
    kind = FailureKind.STATUS if state.get("failures") else None
    fields = usual | {"failure_kind": kind} | state
    site.store.save_poll(PollOutcome(feed=feed_state(**fields)))

    assert ("Poll now" in site.text("/feeds")) is button
    page = send(site, "/feeds/poll", poll=FEED_URL)

    assert says in page.text
    assert bool(site.store.due_feeds(NOW)) is due


def test_only_configured_feeds_are_polled(site: Site) -> None:
    assert send(site, "/feeds/poll", poll="https://evil.example/").status_code == 404
    assert site.client.post("/feeds/poll", data={"poll": FEED_URL}).status_code == 403


def test_feeds_without_a_name_can_be_told_apart(open_site: Open) -> None:
    urls = ["https://news.example/china/", "https://news.example/world.xml?lang=en"]
    site = open_site("".join(f'[[feed]]\nurl = "{url}"\n' for url in urls))

    page = site.text("/feeds")

    assert "<bdi>news.example/china</bdi>" in page
    assert "<bdi>news.example/world.xml?lang=en</bdi>" in page


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        pytest.param(NOW, "just now", id="now"),
        pytest.param(NOW + timedelta(hours=9), "just now", id="a clock that went back"),
        pytest.param(ago(seconds=90), "1 min ago", id="a minute"),
        pytest.param(ago(minutes=119), "119 min ago", id="minutes"),
        pytest.param(ago(hours=47), "47 h ago", id="hours"),
        pytest.param(ago(days=400), "400 days ago", id="days"),
        pytest.param(None, "never", id="never"),
    ],
)
def test_how_long_ago(moment: datetime | None, says: str) -> None:
    assert words.ago(moment, NOW) == says


@pytest.mark.parametrize(
    ("moment", "day", "short"),
    [
        pytest.param(NOW, "Today, Wednesday 11 March", "13:00", id="today"),
        pytest.param(ago(hours=13, minutes=1), "Yesterday, Tuesday 10 March", "10 Mar 23:59"),
        pytest.param(ago(days=5), "Friday 6 March", "6 Mar 13:00", id="this year"),
        pytest.param(ago(days=80), "Sunday 21 December 2025", "21 Dec 2025 13:00", id="last year"),
    ],
)
def test_days_are_the_readers_own(moment: datetime, day: str, short: str) -> None:
    madrid = ZoneInfo("Europe/Madrid")
    today = NOW.astimezone(madrid).date()

    assert words.day(moment.astimezone(madrid).date(), today) == day
    assert words.short_time(moment, madrid, today) == short


def test_health_is_for_machines(site: Site) -> None:
    site.store.save_poll(PollOutcome(feed=feed_state(last_success_at=ago(minutes=5))))

    assert site.get("/health").json() == {
        "status": "ok",
        "feeds": 1,
        "failing": 0,
        "last_success_at": "2026-03-11T11:55:00+00:00",
    }


def test_a_database_that_fails_is_told_and_not_hidden(site: Site, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as damage:
        damage.execute("DROP TABLE feeds")

    health, page = site.get("/health"), site.get("/")

    assert (health.status_code, page.status_code) == (503, 503)
    assert health.json() == {"status": "error", "reason": "database"}
    assert "put a backup in its place" in page.text


def test_a_database_that_was_deleted_is_told(site: Site, tmp_path: Path) -> None:
    site.put("Kling news", match())
    (tmp_path / "monitor.db").unlink()

    health, page = site.get("/health"), site.get("/")

    assert (health.status_code, page.status_code) == (503, 503)
    assert "is not there any more" in page.text
    assert not (tmp_path / "monitor.db").exists()


# ------------------------------------------------------------------------------ errors, limits


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/feeds/",
        "/digests/1",
        "/digests/1/mail",
        "/digests/x",
        "/digests/" + "9" * 5000,
    ],
)
def test_what_is_not_there_gets_a_plain_page(site: Site, path: str) -> None:
    response = site.get(path)

    assert response.status_code == 404
    assert "Not found" in response.text


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        pytest.param(
            StoreError("the database is locked; try later"),
            503,
            "The database is locked; try later. Then load this page again.",
            id="known",
        ),
        pytest.param(ZeroDivisionError("secret inside"), 500, "fault of News Monitor", id="ours"),
    ],
)
def test_a_fault_shows_words_and_no_inside(
    site: Site, fault: Exception, status: int, says: str
) -> None:
    site.fault = fault

    response = site.get("/")

    assert response.status_code == status
    assert says in response.text
    assert "secret inside" not in response.text
    assert "Traceback" not in response.text
    assert response.headers["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize(
    "path",
    ["/", "/feeds", "/digests", "/health", "/style.css", "/icon.svg", "/x", "/?after=x"],
)
def test_every_answer_tells_the_browser_what_to_refuse(site: Site, path: str) -> None:
    headers = site.get(path).headers

    assert headers["Content-Security-Policy"] == PAGE_POLICY
    assert "frame-ancestors 'none'" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "server" not in headers


def test_pages_need_nothing_from_elsewhere(site: Site) -> None:
    site.put("Kling news", match())

    for path in ("/", "/feeds", "/digests", "/digests/next"):
        page = site.text(path)
        assert page.count("<script") == 1, "our own"
        assert " style=" not in page
        assert 'src="http' not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_pages_are_for_reading_only(site: Site, method: str) -> None:
    response = site.client.request(method, "/")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_gives_the_headers_alone(site: Site) -> None:
    response = site.client.head("/")

    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8484", 200, id="loopback"),
        pytest.param("localhost", 200, id="localhost"),
        pytest.param("LOCALHOST:1", 200, id="capitals"),
        pytest.param("[::1]:8484", 200, id="IPv6 loopback"),
        pytest.param("news.example.com", 200, id="public_url"),
        pytest.param("evil.example", 421, id="a rebound name"),
        pytest.param("localhost.evil.example", 421, id="a name that begins like ours"),
        pytest.param("evil@localhost", 421, id="userinfo"),
        pytest.param("localhost:80:80", 421, id="two ports"),
        pytest.param("", 421, id="none"),
    ],
)
def test_only_known_names_are_answered(open_site: Open, host: str, status: int) -> None:
    site = open_site(CONFIG + '[web]\npublic_url = "https://news.example.com"')

    assert site.get("/", headers={"Host": host}).status_code == status


def test_an_unknown_name_learns_nothing_but_the_fix(site: Site) -> None:
    site.put("Kling news", match())

    response = site.get("/", headers={"Host": "evil.example"})

    assert "public_url" in response.text
    assert "Kling" not in response.text


def test_a_megabyte_of_search_harms_nobody(site: Site) -> None:
    url = site.client.base_url
    with (
        socket.create_connection((url.host, url.port or 0), timeout=10) as connection,
        suppress(ConnectionError),  # the server may hang up before all of it was sent
    ):
        connection.sendall(b"GET /?q=" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"

    answer = site.get("/?q=" + "x" * 50_000)
    assert answer.status_code == 400
    assert "1,000 characters are the most" in answer.text
    assert len(answer.content) < 50_000, "its links do not repeat it all"


# --------------------------------------------------------------------------------------- token


@pytest.fixture
def locked(open_site: Open) -> Site:
    return open_site(token=TOKEN)


def test_without_the_token_nothing_is_shown(locked: Site) -> None:
    locked.put("Kling news", match())

    response = locked.get("/")

    assert response.status_code == 401
    assert "?token=" in response.text
    assert "Kling" not in response.text
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü\udcff可灵"])
def test_a_wrong_token_opens_nothing(locked: Site, given: str) -> None:
    query = given.encode("utf-8", "surrogateescape")

    assert locked.get("/", params={"token": query}).status_code == 401
    assert locked.get("/", headers={"Cookie": b"monitor_session=" + query}).status_code == 401


def test_the_link_with_the_token_is_enough_once(locked: Site) -> None:
    first = locked.get(f"/feeds?token={TOKEN}&q=a+b")

    assert first.status_code == 303
    assert first.headers["Location"] == "/feeds?q=a+b"
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    # Lax, not strict: a link in a digest that is read as webmail opens the page.
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert locked.get("/feeds").status_code == 200


def test_the_cookie_stays_on_https_when_the_archive_is_there(open_site: Open) -> None:
    site = open_site(CONFIG + '[web]\npublic_url = "https://news.example.com"', token=TOKEN)

    assert "Secure" in site.get(f"/?token={TOKEN}").headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/%2F/evil.example", "/%5Cevil.example", "/%09/e"]
)
def test_the_token_link_never_leads_elsewhere(locked: Site, path: str) -> None:
    url = httpx.URL(str(locked.client.base_url), raw_path=f"{path}?token={TOKEN}".encode())
    location = httpx.URL(locked.get(str(url)).headers["Location"])

    assert location.host == ""
    assert location.path.startswith("/")
    assert not location.path.startswith(("//", "/\\"))


def test_the_token_can_be_typed(locked: Site) -> None:
    answer = locked.client.post("/login", data={"token": f" {TOKEN}\n"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert locked.get("/").status_code == 200
    assert TOKEN not in answer.headers["Set-Cookie"], "no browser keeps it"


def test_a_megabyte_is_no_token(locked: Site) -> None:
    assert locked.client.post("/login", data={"token": "x" * 1_000_000}).status_code == 413


def test_without_a_token_there_is_no_login(site: Site) -> None:
    assert site.client.post("/login", data={"token": "x"}).status_code == 404


def test_who_guesses_has_to_wait(locked: Site) -> None:
    for number in range(5):
        assert locked.get(f"/?token=wrong-{number}").status_code == 401
        assert locked.client.post("/login", data={"token": f"bad-{number}"}).status_code == 401

    late = locked.get(f"/?token={TOKEN}")

    assert late.status_code == 429
    assert late.headers["Retry-After"] == "60"
    assert "Wait a minute" in late.text


def test_who_is_in_already_stays_in_while_somebody_guesses(locked: Site) -> None:
    locked.get(f"/?token={TOKEN}")
    for _ in range(12):
        locked.client.post("/login", data={"token": "wrong"})
    assert locked.get("/").status_code == 200


def guess(site: Site, caller: str) -> int:
    return site.get("/?token=wrong", headers={"X-Forwarded-For": caller}).status_code


def test_only_listed_proxies_are_believed(open_site: Open) -> None:
    unlisted = open_site(token=TOKEN)
    assert [guess(unlisted, f"192.0.2.{n}") for n in range(11)] == [401] * 10 + [429]

    listed = open_site(CONFIG + '[web]\nproxies = ["127.0.0.1"]', token=TOKEN)
    assert [guess(listed, "192.0.2.1") for _ in range(11)] == [401] * 10 + [429]
    assert guess(listed, "192.0.2.2") == 401
    assert guess(listed, "192.0.2.2, 192.0.2.1") == 429, "what a caller puts before is not believed"


@pytest.mark.parametrize(
    ("proxies", "headers", "status"),
    [
        pytest.param('["127.0.0.1"]', [("Remote-User", "ann")], 200, id="let in"),
        pytest.param('["127.0.0.1"]', [], 403, id="nobody named"),
        pytest.param('["127.0.0.1"]', [("Remote-User", "")], 403, id="an empty name"),
        pytest.param('["127.0.0.1"]', [("Remote-User", "a"), ("Remote-User", "b")], 403, id="two"),
        pytest.param('["127.0.0.1"]', [("X-User", "ann")], 403, id="another header"),
        pytest.param('["192.0.2.7"]', [("Remote-User", "ann")], 403, id="not from the proxy"),
        pytest.param(
            '["192.0.2.7"]',
            [("Remote-User", "ann"), ("X-Forwarded-For", "192.0.2.7")],
            403,
            id="in the proxy's name",
        ),
    ],
)
def test_only_a_listed_proxy_says_who_may_come_in(
    open_site: Open, proxies: str, headers: list[tuple[str, str]], status: int
) -> None:
    site = open_site(CONFIG + f'[web]\nauth = "proxy"\nproxies = {proxies}')

    assert site.get("/", headers=headers).status_code == status
    assert site.get("/archive.json", headers=headers).status_code == status
    assert site.get("/health").status_code == 200


def test_programs_send_the_token_as_a_password(locked: Site) -> None:
    asked = locked.get("/archive.atom")
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    assert "WWW-Authenticate" not in locked.get("/").headers, "a browser shows our form"

    assert locked.get("/archive.atom", auth=("", TOKEN)).status_code == 200
    assert locked.get("/archive.atom", headers={"Authorization": "Basic %"}).status_code == 401
    for _ in range(10):
        assert locked.get("/archive.json", auth=("ann", "guess")).status_code in {401, 429}
    assert locked.get("/archive.json", auth=("ann", TOKEN)).status_code == 429


def test_a_minute_later_a_guesser_may_try_again() -> None:
    moment = 0.0
    wrong = WrongTokens(lambda: moment)
    for _ in range(10):
        wrong.note("a")
    assert wrong.too_many("a")
    assert not wrong.too_many("b")
    moment = 61.0
    assert not wrong.too_many("a")


def test_a_flood_of_guessers_fills_no_memory() -> None:
    wrong = WrongTokens(lambda: 0.0)
    for number in range(WrongTokens.MOST_CALLERS + 10):
        wrong.note(str(number))
    assert len(wrong._moments) == WrongTokens.MOST_CALLERS


def test_health_needs_no_token(locked: Site) -> None:
    assert locked.get("/health").status_code == 200


def test_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "web-token"

    token = load_token(path)

    assert len(token) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_token(path) == token


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_token_that_can_be_guessed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "web-token"
    path.write_bytes(content)

    with pytest.raises(MonitorError, match="web-token"):
        load_token(path)


# ----------------------------------------------------------------------------------- listening


def _web(text: str) -> config.WebConfig:
    return config.load(f"[web]\n{text}").web


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("", ("127.0.0.1", 8484), id="as shipped"),
        pytest.param('listen = "localhost:80"', ("localhost", 80), id="name"),
        pytest.param('listen = "[::1]:8484"', ("::1", 8484), id="IPv6"),
        pytest.param('listen = "0.0.0.0:1"\nauth = "token"', ("0.0.0.0", 1), id="public, token"),
    ],
)
def test_addresses_to_listen_on(text: str, address: tuple[str, int]) -> None:
    assert check_listen(_web(text)) == address


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.168.1.5", "news.example.com"])
def test_other_machines_are_not_let_in_without_a_token(host: str) -> None:
    web = _web("").model_copy(update={"listen": f"{host}:8484"})

    with pytest.raises(MonitorError, match='auth = "token"'):
        check_listen(web)


@pytest.mark.parametrize("listen", ["8484", "127.0.0.1", "127.0.0.1:x", ":8484", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused_with_the_fix(listen: str) -> None:
    web = _web("").model_copy(update={"listen": listen})

    with pytest.raises(MonitorError, match="is no address and port; write"):
        check_listen(web)


def test_a_taken_port_gives_way_to_the_next_free_one(site: Site) -> None:
    taken = site.client.base_url.port
    assert taken is not None
    server = Server(create_app(site.services()), "127.0.0.1", taken)

    server.start()
    try:
        assert server.taken_port == taken
        assert taken < server.port <= taken + 20
        assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200
    finally:
        server.stop()


def test_an_address_of_another_machine_is_told(site: Site) -> None:
    server = Server(create_app(site.services()), "192.0.2.1", 8484)

    with pytest.raises(MonitorError, match=r"cannot listen on 192\.0\.2\.1:8484"):
        server.start()
    server.stop()


def test_stopping_frees_the_port_and_ends_the_thread(site: Site) -> None:
    server = Server(create_app(site.services()), "127.0.0.1", 0)
    server.start()
    # An idle connection, as browsers keep them, does not hold the stop up.
    with httpx.Client(base_url=server.url, trust_env=False, verify=PLAIN) as client:
        assert client.get("/health").status_code == 200
        before = threading.active_count()
        server.stop()
    assert threading.active_count() < before
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", server.port))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8484"),
        ("0.0.0.0", "http://127.0.0.1:8484"),
        ("::", "http://[::1]:8484"),
        ("news.lan", "http://news.lan:8484"),
    ],
)
def test_the_address_shown_can_be_opened(site: Site, host: str, url: str) -> None:
    assert Server(create_app(site.services()), host, 8484).url == url


# ---------------------------------------------------------------------------------- unsubscribe

LEAVING = (
    CONFIG
    + """
[mail]
from = "Monitor <monitor@news.example>"
host = "smtp.example"

[web]
public_url = "https://news.example"
"""
)


def leave(site: Site, address: str = "ann@example.com") -> str:
    """Give the path of the link in that reader's mail."""
    return f"/unsubscribe/{unsubscribe_token(site.store.installation(), 'daily', address)}"


def gone(site: Site) -> frozenset[str]:
    return site.store.unsubscribed("daily")


@pytest.mark.parametrize("token", [None, TOKEN])
def test_one_click_unsubscribes_and_a_look_does_not(open_site: Open, token: str | None) -> None:
    site = open_site(LEAVING, token=token)
    link = leave(site)
    for method in ("HEAD", "GET", "HEAD"):  # a scanner of links
        assert site.client.request(method, link).status_code == 200
        assert gone(site) == frozenset()
    asked = site.text(link)
    assert "“daily” goes to ann@example.com." in asked
    assert '<form method="post">' in asked
    one_click = {"List-Unsubscribe": "One-Click"}
    elsewhere = {"Origin": "https://mail.example"}
    answers = [site.client.post(link, data=one_click, headers=elsewhere) for _ in range(2)]
    for told in answers:  # a replay changes nothing
        assert told.status_code == 200
        assert "form-action 'self'" in told.headers["Content-Security-Policy"]
        assert "goes to ann@example.com no more" in told.text
        assert gone(site) == {"ann@example.com"}
    assert "Unsubscribed" in site.text(link)


@pytest.mark.parametrize("word", ["0" * 40, "", "a", "%ff", "x" * 5000])
def test_a_wrong_link_unsubscribes_nobody(open_site: Open, word: str) -> None:
    site = open_site(LEAVING)
    for method in ("GET", "POST"):
        assert site.client.request(method, f"/unsubscribe/{word}").status_code == 404
    assert gone(site) == frozenset()


def test_a_link_is_of_one_reader_of_one_digest(open_site: Open) -> None:
    site = open_site(LEAVING.replace('"ann@example.com"]', '"ann@example.com", "bob@example.com"]'))
    assert site.client.post(leave(site, "bob@example.com")).status_code == 200
    assert gone(site) == {"bob@example.com"}
    assert site.client.post(leave(site, "eve@example.com")).status_code == 404
    assert site.client.put(leave(site)).status_code == 405
    assert site.client.post("/digests").status_code == 405


def test_who_is_in_no_configuration_any_more_can_still_unsubscribe(open_site: Open) -> None:
    site = open_site(LEAVING)
    site.store.enqueue(issue(to=("old@example.com",)), NOW)
    assert site.client.post(leave(site, "old@example.com")).status_code == 200
    assert gone(site) == {"old@example.com"}
    page = " ".join(re.sub("<[^>]*>", "", site.text("/digests")).split())
    assert "Refused · old@example.com: unsubscribed" in page


# ---------------------------------------------------------------------------------------- status


def plain(page: str) -> str:
    """Give what a page says, without its markup."""
    return " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())


def test_the_status_says_how_the_monitor_is(site: Site) -> None:
    site.put("Kling in the harbour", match())
    site.store.accept_config(text="a", hash="b", topics=(), now=ago(hours=3))
    site.store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW)
    for hours in (60, 59, 20):
        site.store.note_alive(ago(hours=hours))

    page = plain(site.text("/status"))

    assert "2 topics, 1 feed, 1 digest; version 1, applied 3 h ago" in page
    assert "1 new article in 7 days; 1 of 1 feed read" in page
    assert "Next poll in 60 min" in page
    assert "Not running 9 Mar 01:00 to 10 Mar 16:00, 39 h" in page
    assert "daily: Thursday 12 March, 07:30, in 19 h, to 1 recipient" in page
    assert "2 waiting" in page
    assert "sqlite 3." in page


def test_the_status_names_what_is_wrong_with_the_configuration(site: Site) -> None:
    site.config_notices = ("config.toml, line 3: topic: this is broken",)
    page = plain(site.text("/status"))
    assert "config.toml, line 3: topic: this is broken" in page
    assert "never applied yet" in page
    assert "No digest was made yet" in page
