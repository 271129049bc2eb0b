"""What composing and rendering a digest costs, from a large archive.

python -m bench.digest [ARTICLES [MATCHES]]    (100000 and 1000 unless told otherwise)

Builds the archive in a temporary folder, groups it, and composes and renders the next issue in a
process of its own: CPU time (the median of five, the first alone), peak memory, size of the mail.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import stories
from bench.stories import told
from monitor import config as configuration
from monitor import deliver
from monitor.group import Grouper
from monitor.model import (
    Article,
    EntryNames,
    FeedState,
    Match,
    PollOutcome,
    Sighting,
    Span,
    TopicVersion,
)
from monitor.render import MAX_HTML_BYTES, Templates
from monitor.store import Store, open_store
from monitor.stories import Glossary

NOW = datetime(2026, 3, 11, 6, tzinfo=UTC)
FEED = "https://feed.example/"
AT_ONCE = 2_000
SECONDS, MEGABYTES = 1.0, 150

CONFIG = configuration.load(
    "".join(
        f'[[topic]]\nid = "t{n}"\nname = "{name}"\nany = ["{name}"]\n'
        for n, name in enumerate(stories.NAMES)
    )
    + f'[[feed]]\nurl = "{FEED}"\n[[digest]]\nname = "daily"\nlanguages = ["en"]\naudit = "never"\n'
)


def build(store: Store, wanted: int, matched: int) -> None:
    """Fill an empty store: half a year of news, and the matches of a day."""
    store.sync_feeds(CONFIG.feeds, NOW)
    versions = [
        TopicVersion(topic_id=topic.id, query_version="v", name=topic.name, definition="")
        for topic in CONFIG.topics
    ]
    store.accept_config(text="", hash="1", topics=versions, now=NOW - timedelta(days=200))
    store.digest_started_at("daily", NOW - timedelta(days=1))
    every = [*unmatched(wanted - matched), *found(matched)]
    for start in range(0, len(every), AT_ONCE):
        state = FeedState(
            feed_url=FEED, url=FEED, next_poll_at=NOW, last_success_at=NOW, first_success_at=NOW
        )
        store.save_poll(PollOutcome(feed=state, sightings=tuple(every[start : start + AT_ONCE])))
    store.sync_feeds(CONFIG.feeds, NOW)
    Grouper(store, Glossary(shipped=True)).group_stories(NOW)


def unmatched(count: int) -> Iterator[Sighting]:
    """Give news about something else."""
    for number in range(count):
        chance = random.Random(number)
        at = NOW - timedelta(days=180) * (1 - number / count)
        title, text = told(chance, 9, chinese=False), told(chance, 60, chinese=False)
        yield sighting(f"u{number}", title, text, at)


def found(count: int) -> Iterator[Sighting]:
    """Give news that topics match, three articles to an event."""
    for one in stories.articles(count, words=120):
        at = NOW - timedelta(hours=1) - (stories.NOW - one.at) / 5
        name = next(name for name in stories.NAMES if one.title.startswith(name))
        span = Span(field="title", start=0, end=len(name), surface=name, term=name)
        topic = f"t{stories.NAMES.index(name)}"
        yield sighting(
            f"m{one.id}", one.title, one.text, at,
            Match(topic_id=topic, query_version="v", spans=(span,)),
        )  # fmt: skip


def sighting(key: str, title: str, text: str, at: datetime, *matches: Match) -> Sighting:
    """Give an entry and its article."""
    return Sighting(
        names=EntryNames(key=key),
        article=Article(
            key=key, url=f"https://outlet{len(text) % 40}.example/{key}", title=title, text=text,
            source=f"Outlet {len(text) % 40}", feed_url=FEED, lang="en", published_at=at,
            first_seen_at=at,
        ),
        matches=matches,
    )  # fmt: skip


def peak_megabytes() -> int:
    """Give the most memory this process has had; getrusage would give its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def measure(url: str) -> None:
    """Compose and render several times, and print what it took."""
    store = open_store(url)
    makings = deliver.Makings(store=store, config=CONFIG, templates=Templates([]))
    before = peak_megabytes()
    start = time.process_time()
    digest, mail = deliver.preview(makings, NOW)
    taken = [time.process_time() - start]
    for _ in range(4):
        start = time.process_time()
        deliver.preview(makings, NOW)
        taken.append(time.process_time() - start)
    peak = peak_megabytes()
    size = len(mail.html.encode())
    more = sum(topic.more for topic in digest.topics)
    print(f"{digest.articles:,} matches, {digest.stories + more:,} stories: {mail.subject}")
    median = statistics.median(taken)
    print(f"compose and render: {median:.2f} s, first {taken[0]:.2f} s  (bar: {SECONDS:.0f} s)")
    weekly = configuration.load(CONFIG.text.replace('audit = "never"', ""))
    start = time.process_time()
    deliver.preview(replace(makings, config=weekly), NOW)
    print(f"with the week's look for what was missed: {time.process_time() - start:.2f} s")
    print(f"peak memory: {peak} MB, {peak - before} MB of it for this  (bar: {MEGABYTES} MB)")
    print(f"HTML: {size:,} bytes  (bar: {MAX_HTML_BYTES:,})")
    if median > SECONDS or peak > MEGABYTES or size > MAX_HTML_BYTES:
        sys.exit("a bar is missed")


def main(wanted: int, matched: int) -> None:
    """Build the archive, then measure in a new process, which has none of its memory."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'monitor.db'}"
        store = open_store(url)
        build(store, wanted, matched)
        store.close()
        command = [sys.executable, "-m", "bench.digest", "--measure", url]
        sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["--measure"]:
        measure(given[1])
    else:
        size = int(given[0]) if given else 100_000
        main(size, int(given[1]) if len(given) > 1 else 1_000)
