"""What a change of topics costs, over an archive as large as asked for.

    python -m bench.change [ARTICLES] [FILE]    (100,000 unless told otherwise)

Articles are those of bench.match: each tenth is about something that the shipped topics look for.
With FILE, the archive is kept there and used again.

- A dry run: the whole shipped configuration where nothing of it was applied before. CPU time of
  this process, index look-up and reading included.
- A dry run of an item that begins with an asterisk, for which every article has to be read.
- The look for missed articles that a week's first digest adds.
- How long a save takes to be in force, in a running service (wall-clock time, the longest of ten).
- All topics tried again on the stored articles, as after a change, while polls are stored: how late
  the latest of them was (wall-clock time).
"""

import random
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.match import Language, row
from monitor import auditing, change
from monitor.app import App, read_config, shipped_config
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.matcher import Topics
from monitor.model import EntryNames, FeedState, PollOutcome, Sighting
from monitor.scheduler import REMATCH_PAUSE, Service
from monitor.store import Store, open_store

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
FEED = "https://a.example/feed"
#: So many different articles are written; they come again and again.
DIFFERENT = 4_000
_BATCH = 2_000


def fill(store: Store, count: int) -> None:
    """Store and index so many articles."""
    language = Language(random.Random(1))
    texts = [language.article() for _ in range(min(count, DIFFERENT))]
    store.sync_feeds([FeedConfig(url=FEED)], NOW)
    state = FeedState(feed_url=FEED, url=FEED, next_poll_at=NOW)
    for start in range(0, count, _BATCH):
        seen = []
        for number in range(start, min(start + _BATCH, count)):
            moment = NOW - timedelta(days=30) * (number / count)
            article = replace(
                texts[number % len(texts)],
                key=str(number),
                url=f"https://a.example/{number}",
                source="A",
                feed_url=FEED,
                published_at=moment,
                first_seen_at=moment,
            )
            seen.append(Sighting(names=EntryNames(key=str(number)), article=article))
        store.save_poll(PollOutcome(feed=state, sightings=tuple(seen), entries=len(seen)))
        while store.index_pending(_BATCH):
            pass


def seconds(store: Store, topics: Sequence[TopicConfig]) -> tuple[float, int]:
    """Give the CPU time of a dry run against nothing, and what it found."""
    start = time.process_time()
    trials = change.try_topics(store, (), topics, since=NOW - timedelta(days=40), now=NOW)
    return time.process_time() - start, sum(trial.gained for trial in trials)


def slowest_save() -> float:
    """Give the longest time in seconds that a saved file took to be in force, of ten."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        text = shipped_config().read_text(encoding="utf-8").partition("\n[[feed]]\n")[0]
        path.write_text(text, encoding="utf-8")
        taken = []
        with App.open(path) as app:
            app.accept()
            service = Service(app)
            service.start()
            for number in range(10):
                time.sleep(0.1 * number)  # at any moment between two looks
                new = text + f'\n[[topic]]\nid = "new"\nany = ["new {number}"]\n'
                draft = path.with_suffix(".new")
                draft.write_text(new, encoding="utf-8")
                start = time.monotonic()
                draft.replace(path)
                while service.app.config.text != new:
                    time.sleep(0.005)
                taken.append(time.monotonic() - start)
            service.stop()
    return max(taken)


def slowest_poll(store: Store, done: threading.Event) -> tuple[int, float]:
    """Store a poll each tenth of a second until it is done; give how many, and the longest one."""
    stored, longest = 0, 0.0
    while not done.wait(0.1):
        moment = NOW + timedelta(seconds=stored)
        seen = Language(random.Random(stored)).article()
        key = f"{time.monotonic_ns()}"
        article = replace(
            seen, key=key, url=f"https://a.example/{key}", source="A", feed_url=FEED,
            published_at=moment, first_seen_at=moment,
        )  # fmt: skip
        state = FeedState(feed_url=FEED, url=FEED, next_poll_at=NOW)
        entry = Sighting(names=EntryNames(key=key), article=article)
        start = time.monotonic()
        store.save_poll(PollOutcome(feed=state, sightings=(entry,), entries=1))
        longest = max(longest, time.monotonic() - start)
        stored += 1
    return stored, longest


def rematched(store: Store, topics: Sequence[TopicConfig]) -> tuple[float, int]:
    """Try all topics again in small steps, as the service does; give CPU time and gain."""
    versions = Topics(topics).versions
    new = f"{time.time_ns()}"  # as if nothing had been tried
    plain = [replace(each, query_version=new) for each in versions]
    store.accept_config(text=new, hash=new, topics=plain, now=NOW)
    store.accept_config(text="", hash=f"{new}.", topics=versions, now=NOW)
    start = time.process_time()
    pause = threading.Event()
    found = change.rematch(
        store, topics, go_on=lambda: not pause.wait(REMATCH_PAUSE.total_seconds())
    )
    return time.process_time() - start, found.gained


def main(count: int, kept: Path | None) -> None:
    """Print all rows."""
    topics = read_config(shipped_config()).topics
    bars = {100_000: (2, 4), 1_000_000: (30, 30)}.get(count)
    with tempfile.TemporaryDirectory() as folder:
        file = kept or Path(folder) / "monitor.db"
        store = open_store(f"sqlite:///{file}")
        if store.first_seen_at() is None:
            fill(store, count)
        row(f"{count:,} articles, SQLite {sqlite3.sqlite_version}", "measured", "bar")
        # What any dry run needs, however small.
        change.try_topics(store, (), topics, since=NOW - timedelta(hours=1), now=NOW)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for topic in topics:
            spent, found = seconds(store, [topic])
            row(
                f"topic {topic.id}: {found:,} found",
                f"{spent:.1f} s",
                f"{bars[0]} s" if bars else "",
            )
        spent, found = seconds(store, topics)
        row(f"all {len(topics)}: {found:,} found", f"{spent:.1f} s", f"{bars[1]} s" if bars else "")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        row("memory that it took more at its peak", f"{grown // 1024} MB", "30 MB")
        spent, found = seconds(store, [TopicConfig(id="open", any=("*Gemma",))])
        row(f"an item with an open beginning: {found:,} found", f"{spent:.1f} s", "")
        start = time.process_time()
        missed = auditing.missed(store, DigestConfig(name="daily"), topics, until=NOW)
        row(f"missed articles: {len(missed)}", f"{time.process_time() - start:.2f} s", "")
        row("a save is in force after, at most", f"{slowest_save():.1f} s", "2 s")
        done, told = threading.Event(), list[tuple[int, float]]()
        polling = threading.Thread(target=lambda: told.append(slowest_poll(store, done)))
        polling.start()
        spent, found = rematched(store, topics)
        done.set()
        polling.join()
        stored, longest = told[0]
        row(f"topics tried again: {found:,} found later", f"{spent:.0f} s", "")
        row(f"the latest of {stored:,} polls meanwhile", f"{longest:.2f} s late", "1 s")
        store.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 100_000, Path(given[1]) if len(given) > 1 else None)
