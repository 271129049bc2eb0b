"""A database that does not answer: every step says so in plain words."""

import inspect
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from monitor.config import FeedConfig
from monitor.errors import StoreError
from monitor.model import (
    AllOf,
    ArchiveFilter,
    Cursor,
    DigestItem,
    EntryNames,
    MatchKey,
    PageOutcome,
    Rematch,
    ReviewChange,
    Sent,
    Story,
)
from monitor.store import Store, open_store
from monitor.store.tables import metadata
from tests.factories import (
    DAY,
    FEED_URL,
    NOW,
    issue,
    outcome,
    sighting,
    story_article,
    topic_version,
    window,
)

KEY = MatchKey(topic_id="kling", article_id=1)

STEPS: dict[str, Callable[[Store], object]] = {
    "accept_config": lambda s: s.accept_config(text="", hash="", topics=[topic_version()], now=NOW),
    "config_versions": lambda s: s.config_versions(),
    "next_rematch": lambda s: s.next_rematch(),
    "save_rematch": lambda s: s.save_rematch(
        Rematch(versions={}, done_from=None), {}, done_from=None
    ),
    "applied_config": lambda s: s.applied_config(),
    "candidates": lambda s: s.candidates(AllOf(())),
    "first_seen_at": lambda s: s.first_seen_at(),
    "articles_with": lambda s: s.articles_with([1]),
    "sync_feeds": lambda s: s.sync_feeds([FeedConfig(url="https://new.example/")], NOW),
    "due_feeds": lambda s: s.due_feeds(NOW),
    "marks": lambda s: s.marks("kling"),
    "story_numbers": lambda s: s.story_numbers([1]),
    "unmatched": lambda s: s.unmatched(
        AllOf(()), digest_name="daily", since=NOW, until=NOW, limit=1
    ),
    "how_many": lambda s: s.how_many(None, since=NOW, most=1),
    "went_out_since": lambda s: s.went_out_since("daily", NOW.date()),
    "article_versions": lambda s: s.article_versions(1),
    "poll_soon": lambda s: s.poll_soon(FEED_URL, NOW),
    "feed_states": lambda s: s.feed_states(),
    "next_poll_at": lambda s: s.next_poll_at(),
    "known_entries": lambda s: s.known_entries(FEED_URL, [(EntryNames(key="a"), ())]),
    "imprint": lambda s: s.imprint(FEED_URL),
    "save_poll": lambda s: s.save_poll(outcome(sighting("New", topics=("kling",)))),
    "feed_rows": lambda s: s.feed_rows(),
    "publication_times": lambda s: s.publication_times(10),
    "undecided_pages": lambda s: s.undecided_pages([FEED_URL], NOW - DAY, limit=10),
    "decide_pages": lambda s: s.decide_pages({1: True}, NOW),
    "due_pages": lambda s: s.due_pages([FEED_URL], NOW, since=NOW - DAY),
    "resting_pages": lambda s: s.resting_pages(NOW),
    "page_results": lambda s: s.page_results(),
    "page_texts": lambda s: s.page_texts(FEED_URL, ["a"]),
    "save_page": lambda s: s.save_page(PageOutcome(article_id=1, tries=1, read_at=NOW)),
    "page": lambda s: s.page(ArchiveFilter()),
    "places": lambda s: s.places(ArchiveFilter(), limit=5),
    "article": lambda s: s.article(1),
    "judged_matches": lambda s: s.judged_matches("kling", most=5),
    "standing": lambda s: s.standing(),
    "topic_counts": lambda s: s.topic_counts(),
    "look": lambda s: s.look(ArchiveFilter(), most=10, limit=5),
    "article_at": lambda s: s.article_at("https://news.example/"),
    "match_times": lambda s: s.match_times(NOW),
    "carriers": lambda s: s.carriers(1),
    "review": lambda s: s.review([KEY], ReviewChange(starred=True), step="a", now=NOW),
    "review_seen": lambda s: s.review_seen(
        None, up_to=Cursor(sorted_at=NOW, id=1), step="b", now=NOW
    ),
    "write_note": lambda s: s.write_note(KEY, "b", before="", step="c", now=NOW),
    "undo_review": lambda s: s.undo_review("a"),
    "reviewed_in": lambda s: s.reviewed_in("a"),
    "open_counts": lambda s: s.open_counts(),
    "votes": lambda s: s.votes(),
    "mark_counts": lambda s: s.mark_counts(),
    "index_pending": lambda s: s.index_pending(),
    "installation": lambda s: s.installation(),
    "digest_started_at": lambda s: s.digest_started_at("new", NOW),
    "recent_issues": lambda s: s.recent_issues("daily"),
    "reported": lambda s: s.reported("daily", [1], before=NOW),
    "usual": lambda s: s.usual(["kling"], window()),
    "digest_candidates": lambda s: s.digest_candidates("daily", window(), None),
    "coverage": lambda s: s.coverage(window()),
    "enqueue": lambda s: s.enqueue(issue(DigestItem(article_id=1, topic_id="kling")), NOW),
    "claim_delivery": lambda s: s.claim_delivery(NOW, lease=timedelta(minutes=1)),
    "settle_delivery": lambda s: s.settle_delivery(1, Sent(), NOW, next_try_at=NOW),
    "release_claims": lambda s: s.release_claims(NOW),
    "requeue": lambda s: s.requeue(1, NOW),
    "hurry": lambda s: s.hurry(NOW),
    "copies": lambda s: s.copies(1),
    "unsubscribe": lambda s: s.unsubscribe("daily", "ann@example.com", NOW),
    "coverage_then": lambda s: s.coverage_then(window()),
    "note_alive": lambda s: s.note_alive(NOW),
    "issue_of": lambda s: s.issue_of("daily", NOW),
    "unsubscribed": lambda s: s.unsubscribed("daily"),
    "subscribe_again": lambda s: s.subscribe_again("daily", "ann@example.com"),
    "recipients": lambda s: s.recipients(),
    "digests": lambda s: s.digests(),
    "digest": lambda s: s.digest(1),
    "headlines": lambda s: s.headlines(after=0, most=10),
    "recent_matched": lambda s: s.recent_matched(NOW - timedelta(days=4)),
    "save_stories": lambda s: s.save_stories([Story(id=None, articles=(1,))], [story_article()]),
    "story": lambda s: s.story(1),
    "outlines": lambda s: s.outlines([1], newest=3),
    "stories_of": lambda s: s.stories_of([1]),
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


@pytest.mark.parametrize("replaced", [False, True])
def test_every_step_notices_that_its_file_is_gone(sqlite_url: str, replaced: bool) -> None:
    """Else all goes into a file that nobody can open any more."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    store = open_store(sqlite_url)
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    if replaced:
        shutil.copy(path, path.with_name("copy"))
        path.with_name("copy").replace(path)
    else:
        path.unlink()
    for name, step in STEPS.items():
        with pytest.raises(StoreError, match=r"replaced by another|not there any more") as caught:
            step(store)
        assert "stop the monitor, put the file back" in str(caught.value), name
    assert path.exists() == replaced
    store.close()


READING = {"feed_rows", "page", "article", "topic_counts", "index_pending", "recent_issues"}
READING |= {"standing", "judged_matches"}
READING |= {"match_times", "look", "carriers", "reviewed_in", "open_counts", "mark_counts"}
READING |= {"votes"}
READING |= {"digest_started_at", "digests", "digest", "feed_states", "coverage"}


@contextmanager
def only_reading(folder: Path, *files: Path) -> Iterator[None]:
    """Be somebody who may not write to a folder and these files: root may write to everything."""
    somebody = 65_534 if os.geteuid() == 0 else os.geteuid()
    for path in (folder, *files):
        path.chmod(0o555 if path.is_dir() else 0o444)
    os.seteuid(somebody)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        folder.chmod(0o755)


@pytest.fixture
def readable() -> Iterator[Path]:
    """Give a database in a folder that everybody may enter, which those of pytest are not."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        path = Path(name) / "news 100%?.db"
        store = open_store(f"sqlite:///{name}/made.db")
        store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
        store.save_poll(outcome(sighting(topics=("kling",))))
        store.close()
        (Path(name) / "made.db").rename(path)
        yield path


def sqlite(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def test_what_may_not_be_written_to_can_be_read(readable: Path) -> None:
    with only_reading(readable.parent, readable):
        store = open_store(sqlite(readable))
        for name in READING:
            STEPS[name](store)
        assert len(store.page(ArchiveFilter()).articles) == 1
        for name in ("accept_config", "sync_feeds", "save_poll"):
            with pytest.raises(StoreError, match=r"may not write to its folder, .*where SQLite"):
                STEPS[name](store)
        store.close()
    assert [path.name for path in readable.parent.iterdir()] == [readable.name]


def test_a_file_that_may_not_be_written_to_is_named_as_the_reason(readable: Path) -> None:
    readable.chmod(0o444)
    readable.parent.chmod(0o777)
    with only_reading(readable):
        store = open_store(sqlite(readable))
        assert len(store.page(ArchiveFilter()).articles) == 1
        with pytest.raises(StoreError, match="change the file's permissions"):
            STEPS["save_poll"](store)
        store.close()


def test_a_reader_follows_a_running_service(readable: Path) -> None:
    writer = open_store(sqlite(readable))
    writer.save_poll(outcome(sighting("More", topics=("kling",))))
    logs = [readable.with_name(readable.name + end) for end in ("-wal", "-shm")]
    with only_reading(readable.parent, readable, *logs):
        reader = open_store(sqlite(readable))
        assert len(reader.page(ArchiveFilter()).articles) == 2
        reader.close()
    writer.close()


def test_a_service_that_starts_beside_a_reader_is_noticed(readable: Path) -> None:
    with only_reading(readable.parent, readable):
        reader = open_store(sqlite(readable))
        reader.topic_counts()
    readable.chmod(0o644)
    writer = open_store(sqlite(readable))
    writer.save_poll(outcome(sighting("More", topics=("kling",))))
    with pytest.raises(StoreError, match="another program has begun to write to it; try again"):
        reader.topic_counts()
    writer.close()
    reader.close()


def test_a_folder_in_which_nothing_can_be_made_is_named(readable: Path) -> None:
    with (
        only_reading(readable.parent),
        pytest.raises(StoreError, match="may not write to its folder"),
    ):
        open_store(sqlite(readable.with_name("new.db")))


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
    assert store.known_entries(FEED_URL, [(sighting().names, ())]) == ((), ())
    (feed,) = store.due_feeds(NOW)
    assert feed.last_polled_at is None


@pytest.mark.parametrize(("free", "words"), [(0, "the disk is full"), (10**9, "check the disk")])
def test_a_full_disk_is_told_from_a_broken_one(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, free: int, words: str
) -> None:
    store = open_store(sqlite_url)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert words in store._dialect.explain(sqlite3.OperationalError("disk I/O error"))
    store.close()


@pytest.mark.parametrize("share", [0.5, 0.0001])
def test_a_file_that_was_cut_off_is_named(readable: Path, share: float) -> None:
    os.truncate(readable, int(readable.stat().st_size * share))
    with pytest.raises(StoreError, match="is damaged; put a backup in its place"):  # noqa: PT012  where it shows depends on the page
        store = open_store(sqlite(readable))
        for step in STEPS.values():
            step(store)


def test_a_lost_log_loses_only_what_was_in_it(readable: Path) -> None:
    """As when somebody copies the file alone: the commits before the log are there, and sound."""
    writer = open_store(sqlite(readable))
    writer.save_poll(outcome(sighting("More", topics=("kling",))))
    alone = readable.with_name("alone.db")
    shutil.copy(readable, alone)
    writer.close()
    store = open_store(sqlite(alone))
    assert [row.article.title for row in store.page(ArchiveFilter()).articles] == [
        sighting().article.title
    ]
    store.save_poll(outcome(sighting("More", topics=("kling",))))
    assert len(store.page(ArchiveFilter()).articles) == 2
    store.close()
