"""The archive: pages, counts, and what retention takes away."""

from datetime import datetime

import pytest

from monitor.config import FeedConfig
from monitor.model import ArchiveFilter, ArticleMatches, Cursor, Phrase, Sighting
from monitor.store import Store
from tests.factories import (
    DAY,
    FEED_URL,
    HOUR,
    NOW,
    ago,
    article,
    feed_state,
    issue,
    outcome,
    sighting,
    slot,
    window,
)

OTHER_URL = "https://other.example/feed"


@pytest.fixture(autouse=True)
def _feeds(store: Store) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL), FeedConfig(url=OTHER_URL)], NOW)


def save(store: Store, *sightings: Sighting, url: str = FEED_URL) -> None:
    store.save_poll(outcome(*sightings, feed=feed_state(url)))


def titles(rows: tuple[ArticleMatches, ...]) -> list[str]:
    return [row.article.title for row in rows]


def all_pages(store: Store, wanted: ArchiveFilter, limit: int) -> list[str]:
    found: list[str] = []
    after: Cursor | None = None
    while True:
        page = store.page(wanted, after=after, limit=limit)
        found += titles(page.articles)
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize(
    "hours",
    [
        pytest.param([9, 8, 7, 6, 5, 4, 3, 2, 1], id="stored in the order of their dates"),
        pytest.param([1, 2, 3, 4, 5, 6, 7, 8, 9], id="the newest were stored first"),
        pytest.param([9, 8, 1, 7, 2, 6, 3, 5, 4], id="in no order"),
    ],
)
@pytest.mark.parametrize("since", [None, ago(hours=7)])
def test_a_search_that_finds_much_comes_by_date_too(
    store: Store, monkeypatch: pytest.MonkeyPatch, hours: list[int], since: datetime | None
) -> None:
    """However many of what was stored last are looked at first."""
    for hour in hours:
        save(store, sighting(f"Rain {hour}", text="", published_at=ago(hours=hour)))
    store.index_pending()
    wanted = ArchiveFilter(query=Phrase(tokens=("rain",)), matched_only=False, since=since)
    expected = [f"Rain {hour}" for hour in sorted(hours) if since is None or hour <= 7]
    for latest in (1, 2, 4, 20):
        monkeypatch.setattr("monitor.store.archive._LATEST", latest)
        assert all_pages(store, wanted, 2) == expected
        after = None
        for start in range(0, len(expected), 2):
            page, counted = store.look(wanted, most=latest, after=after, limit=2)
            assert titles(page.articles) == expected[start : start + 2]
            assert counted.total == min(latest, len(expected))
            after = page.next
        assert after is None


def test_the_newest_come_first_by_their_date_but_never_from_the_future(store: Store) -> None:
    save(
        store,
        sighting("Yesterday", published_at=ago(days=1)),
        sighting("Undated, just seen", published_at=None),
        sighting("Dated next year", published_at=NOW + 365 * DAY, first_seen_at=ago(hours=2)),
        sighting("An hour old", published_at=ago(hours=1)),
    )
    assert titles(store.page(ArchiveFilter(matched_only=False)).articles) == [
        "Undated, just seen",
        "An hour old",
        "Dated next year",
        "Yesterday",
    ]


def test_of_the_same_time_the_feeds_first_entry_comes_first(store: Store) -> None:
    save(store, *[sighting(name, published_at=None) for name in ("first", "second", "third")])
    found = titles(store.page(ArchiveFilter(matched_only=False)).articles)
    assert found == ["first", "second", "third"]


FILTERS = [
    pytest.param(ArchiveFilter(matched_only=False), "abcdefgh", id="everything"),
    pytest.param(ArchiveFilter(), "aceg", id="matched"),
    pytest.param(ArchiveFilter(topic_id="video"), "ae", id="a topic"),
    pytest.param(ArchiveFilter(feed_url=FEED_URL, matched_only=False), "abcd", id="a feed"),
    pytest.param(ArchiveFilter(feed_url=FEED_URL), "ac", id="a feed's matched"),
    pytest.param(ArchiveFilter(feed_url=OTHER_URL, topic_id="video"), "e", id="feed and topic"),
    pytest.param(ArchiveFilter(topic_id="unknown"), "", id="a topic without matches"),
    pytest.param(ArchiveFilter(feed_url="https://no.example/"), "", id="an unknown feed"),
    pytest.param(
        ArchiveFilter(topic_id="video", query=Phrase(tokens=("e",))), "e", id="topic and words"
    ),
    pytest.param(
        ArchiveFilter(feed_url=FEED_URL, query=Phrase(tokens=("c",))), "c", id="feed and words"
    ),
    pytest.param(
        ArchiveFilter(matched_only=False, query=Phrase(tokens=("kuaishou",))),
        "abcdefgh",
        id="words of all",
    ),
]


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize(("wanted", "expected"), FILTERS)
def test_pages_give_each_article_once(
    store: Store, wanted: ArchiveFilter, expected: str, limit: int
) -> None:
    topics = {"a": ("kling", "video"), "c": ("kling",), "e": ("kling", "video"), "g": ("kling",)}
    for url, names in ((FEED_URL, "abcd"), (OTHER_URL, "efgh")):
        # Pairs of the same time, so that the number has to decide.
        entries = [
            sighting(name, topics=topics.get(name, ()), published_at=ago(hours=ord(name) // 2))
            for name in names
        ]
        save(store, *entries, url=url)
    store.index_pending()
    found = all_pages(store, wanted, limit)
    assert sorted(found) == list(expected)


def test_one_article_comes_with_all_its_matches(store: Store) -> None:
    save(store, sighting(topics=("video", "kling")))
    (row,) = store.page(ArchiveFilter(topic_id="video")).articles
    assert [match.topic_id for match in row.matches] == ["kling", "video"]
    assert store.article(row.id) == row
    assert row.article == article()
    assert store.article(row.id + 1) is None


def test_topics_are_counted(store: Store) -> None:
    save(store, sighting("One", topics=("kling",)), sighting("Two", topics=("kling", "video")))
    assert store.topic_counts() == {"kling": 2, "video": 1}


# ------------------------------------------------------------------------------------ retention


def test_retention_takes_old_articles_and_leaves_their_keys(store: Store) -> None:
    old = sighting("Old", text="kuaishou", first_seen_at=ago(days=100))
    save(store, old, sighting("Old but matched", topics=("kling",), first_seen_at=ago(days=100)))
    save(store, sighting("New"))
    store.index_pending()
    assert store.forget(unmatched_before=ago(days=90), matched_before=None) == 1
    everything = ArchiveFilter(matched_only=False)
    assert sorted(titles(store.page(everything).articles)) == ["New", "Old but matched"]
    words = ArchiveFilter(matched_only=False, query=Phrase(tokens=("old",)))
    assert titles(store.page(words).articles) == ["Old but matched"]
    known, _ = store.known_entries(FEED_URL, [(old.names, ())])
    assert [one.key for one in known] == [old.names.key]
    assert store.save_poll(outcome(old)).articles_new == 0


def test_retention_may_come_before_the_index(store: Store) -> None:
    save(store, sighting("Old", first_seen_at=ago(days=100)), sighting("New"))
    assert store.forget(unmatched_before=ago(days=90), matched_before=None) == 1
    assert store.index_pending() == 1


def test_retention_works_through_any_number(store: Store) -> None:
    names = [f"Item {number}" for number in range(1203)]
    save(store, *[sighting(name, text="", first_seen_at=ago(days=100)) for name in names])
    assert store.forget(unmatched_before=ago(days=90), matched_before=None) == 1203


def test_a_matched_article_stays_until_every_digest_had_its_issue(store: Store) -> None:
    save(store, sighting(topics=("kling",), first_seen_at=ago(days=3)))
    store.digest_started_at("daily", ago(days=10))
    store.digest_started_at("weekly", ago(days=10))

    def forget() -> int:
        return store.forget(unmatched_before=None, matched_before=ago(days=1))

    assert forget() == 0
    store.enqueue(issue(window=window(until=NOW - HOUR)), NOW)
    assert forget() == 0
    store.enqueue(issue(slot=slot("weekly"), window=window(until=NOW - HOUR)), NOW)
    assert forget() == 1


def test_no_later_article_gets_the_number_of_a_deleted_one(store: Store) -> None:
    save(store, sighting("Old", topics=("kling",), first_seen_at=ago(days=3)))
    (row,) = store.page(ArchiveFilter()).articles
    store.forget(unmatched_before=None, matched_before=ago(days=1))
    save(store, sighting("New", topics=("kling",)))
    assert store.page(ArchiveFilter()).articles[0].id > row.id
