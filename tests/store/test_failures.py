"""A database that does not answer: every step says so in plain words."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, make_url, text

from monitor.config import FeedConfig
from monitor.errors import StoreError
from monitor.model import ArchiveFilter, DigestItem, Sent
from monitor.store import Store, open_store
from monitor.store.tables import metadata
from tests.factories import FEED_URL, NOW, issue, outcome, sighting, topic_version, window

STEPS: dict[str, Callable[[Store], object]] = {
    "accept_config": lambda s: s.accept_config(text="", hash="", topics=[topic_version()], now=NOW),
    "sync_feeds": lambda s: s.sync_feeds([FeedConfig(url="https://new.example/")], NOW),
    "due_feeds": lambda s: s.due_feeds(NOW),
    "feed_states": lambda s: s.feed_states(),
    "next_poll_at": lambda s: s.next_poll_at(),
    "known_entries": lambda s: s.known_entries(FEED_URL, ["a"]),
    "save_poll": lambda s: s.save_poll(outcome(sighting("New", topics=("kling",)))),
    "feed_rows": lambda s: s.feed_rows(),
    "publication_times": lambda s: s.publication_times(10),
    "page": lambda s: s.page(ArchiveFilter()),
    "article": lambda s: s.article(1),
    "topic_counts": lambda s: s.topic_counts(),
    "index_pending": lambda s: s.index_pending(),
    "digest_started_at": lambda s: s.digest_started_at("new", NOW),
    "last_issue": lambda s: s.last_issue("daily"),
    "digest_candidates": lambda s: s.digest_candidates("daily", window(), None),
    "coverage": lambda s: s.coverage(window()),
    "enqueue": lambda s: s.enqueue(issue(DigestItem(article_id=1, topic_id="kling")), NOW),
    "claim_delivery": lambda s: s.claim_delivery(NOW, lease=timedelta(minutes=1)),
    "settle_delivery": lambda s: s.settle_delivery(1, Sent(), NOW),
    "digests": lambda s: s.digests(),
    "digest": lambda s: s.digest(1),
    "forget": lambda s: s.forget(unmatched_before=NOW, matched_before=NOW),
}


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Let another program hold the whole database."""
    sqlite = url.startswith("sqlite")
    parsed = make_url(url)
    engine = create_engine(parsed if sqlite else parsed.set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        if sqlite:
            # In WAL, a mere writer does not hold up readers; this does.
            connection.execute(text("PRAGMA locking_mode = EXCLUSIVE"))
            connection.execute(text("UPDATE feeds SET name = name"))
        else:
            names = ", ".join(metadata.tables)
            connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
        yield
        connection.rollback()
        connection.close()
    engine.dispose()


@pytest.fixture
def used(store_url: str) -> Iterator[Store]:
    """Give a store with one feed and one article, of which no connection is open."""
    store = open_store(store_url, patience=timedelta(milliseconds=20))
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(outcome(sighting()))
    store.close()
    yield store
    store.close()


def test_the_table_of_steps_is_complete() -> None:
    methods = {name for name, _ in inspect.getmembers(Store, inspect.isfunction)}
    assert {name for name in methods if not name.startswith("_")} - {"close"} == set(STEPS)


def test_every_step_on_a_locked_database_says_so(used: Store, store_url: str) -> None:
    with locked(store_url):
        for name, step in STEPS.items():
            with pytest.raises(StoreError) as caught:
                step(used)
            assert "locked by another program" in str(caught.value), name
    for step in STEPS.values():
        step(used)


def test_a_database_without_our_tables_is_said_in_plain_words(new_url: str) -> None:
    store = open_store(new_url, patience=timedelta(milliseconds=200))
    with store._engine.begin() as connection:
        connection.execute(text("DROP TABLE sightings"))
        connection.execute(text("DROP TABLE matches"))
    with pytest.raises(StoreError, match="lacks a table of ours"):
        store.topic_counts()
    store.close()


def test_a_step_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    with store._engine.begin() as connection:
        connection.execute(text("ALTER TABLE matches RENAME TO elsewhere"))
    with pytest.raises(StoreError):
        store.save_poll(outcome(sighting(topics=("kling",))))
    with store._engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO matches"))
    assert store.page(ArchiveFilter(matched_only=False)).articles == ()
    assert store.known_entries(FEED_URL, [sighting().entry_key]) == frozenset()
    (feed,) = store.due_feeds(NOW)
    assert feed.last_polled_at is None
