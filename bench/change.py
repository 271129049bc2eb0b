"""What a dry run of changed topics costs, over an archive as large as asked for.

    python -m bench.change [ARTICLES]    (100,000 unless told otherwise)

Articles are those of bench.match: each tenth is about something that the shipped topics look for.
The whole shipped configuration is compared with itself where nothing of it was applied before.
Times are CPU time of this process, index look-up and reading included.
"""

import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.match import Language, row
from monitor import change
from monitor.app import read_config, shipped_config
from monitor.config import FeedConfig, TopicConfig
from monitor.model import EntryNames, FeedState, PollOutcome, Sighting
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


def main(count: int) -> None:
    """Print all rows."""
    topics = read_config(shipped_config()).topics
    bars = {100_000: (2, 4), 1_000_000: (30, 30)}.get(count)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "monitor.db"
        store = open_store(f"sqlite:///{file}")
        fill(store, count)
        row(f"{count:,} articles, SQLite {sqlite3.sqlite_version}", "measured", "bar")
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
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
