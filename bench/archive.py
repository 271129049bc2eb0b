"""How fast the archive's pages are over a large archive.

python -m bench.archive [ARTICLES [MATCHES [URL]]]    (1000000 and 100000 unless told otherwise)

Builds the archive once in /tmp (or at the address of a PostgreSQL database) and keeps it there for
the next run; delete the file to build it anew. Prints the CPU time of each page in this process: on
SQLite that is all the work, on PostgreSQL the server's share is missing.
"""

import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

from sqlalchemy import insert

from bench.farm import text
from monitor import archive, config, timeline
from monitor.archive import Question
from monitor.config import FeedConfig
from monitor.model import Mark, MatchKey, RenderedDigest, ReviewChange
from monitor.store import Store, open_store
from monitor.store.tables import articles, matches, search_queue, sightings, stories, story_articles
from monitor.web import Server, Services, create_app

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
FEEDS = 200
TOPICS = 20
AT_ONCE = 5_000
LANGS = ("en", "en", "en", "zh-Hans", "zh-Hant", "es", "de", "ru")

CONFIG = config.load(
    "".join(
        f'[[topic]]\nid = "t{n}"\nname = "Topic {n}"\nany = ["word{n}"]\n' for n in range(TOPICS)
    )
    + "".join(f'[[feed]]\nurl = "https://feed{n}.example/"\n' for n in range(FEEDS))
)


def build(store: Store, wanted: int, matched: int) -> None:
    """Fill an empty store; a tenth of what is matched is reviewed."""
    chance = random.Random(1)
    store.sync_feeds([FeedConfig(url=f"https://feed{n}.example/") for n in range(FEEDS)], NOW)
    every = wanted // matched
    step = timedelta(days=730) / wanted
    for begin in range(0, wanted, AT_ONCE):
        rows: list[dict[str, Any]] = []
        seen: list[dict[str, Any]] = []
        found: list[dict[str, Any]] = []
        for n in range(begin, min(begin + AT_ONCE, wanted)):
            number, when = n + 1, NOW - (wanted - n) * step
            feed = min(int(chance.paretovariate(1)), FEEDS)
            rows.append(
                {
                    "id": number, "key": str(number), "url": f"https://feed{feed}.example/{number}",
                    "title": text(chance, 60), "text": text(chance, 400),
                    "source": f"Source {feed}", "feed_id": feed, "author": "", "tags": "[]",
                    "lang": chance.choice(LANGS), "published_at": when, "first_seen_at": when,
                    "sorted_at": when, "backlog": False,
                }
            )  # fmt: skip
            seen.append(
                {"feed_id": feed, "key": str(number), "article_id": number, "sorted_at": when,
                 "heading": number, "content": number, "edits": 0}
            )  # fmt: skip
            if n % every == 0:
                topic = min(int(chance.paretovariate(0.8)), TOPICS) - 1
                spans = json.dumps([["title", 0, 4, rows[-1]["title"][:4], "word"]])
                found.append(
                    {
                        "topic_id": f"t{topic}", "article_id": number, "first_version": "v",
                        "version": "v", "spans": spans, "seen_at": when, "sorted_at": when,
                    }
                )  # fmt: skip
        with store._write() as connection:  # noqa: SLF001  a million polls would take a day
            connection.execute(insert(articles), rows)
            connection.execute(insert(sightings), seen)
            connection.execute(insert(search_queue), [{"article_id": row["id"]} for row in rows])
            if found:
                connection.execute(insert(matches), found)
        if chance.random() < 0.5:
            keys = [MatchKey(topic_id=f["topic_id"], article_id=f["article_id"]) for f in found]
            marks = [Mark.RELEVANT, Mark.IRRELEVANT, Mark.SEEN]
            change = ReviewChange(mark=chance.choice(marks))
            for start in range(0, len(keys), 500):
                store.review(keys[start : start + 500], change, step=f"{begin}", now=NOW)
        while store.index_pending(AT_ONCE):
            pass
        print(f"\r{begin + len(rows):,} articles", end="", file=sys.stderr)
    print(file=sys.stderr)


def tell(store: Store, wanted: int, matched: int) -> None:
    """Make one story of the newest three hundred matches, and of the others stories of five."""
    every = wanted // matched
    numbers = [n + 1 for n in range(0, wanted, every)]
    told = [numbers[-300:], *(numbers[n : n + 5] for n in range(0, len(numbers) - 300, 5))]
    with store._write() as connection:  # noqa: SLF001  grouping a hundred thousand would take long
        rows = [{"id": n, "started_at": NOW} for n in range(1, len(told) + 1)]
        connection.execute(insert(stories), rows)
        places = [
            {
                "article_id": number,
                "story_id": n + 1,
                "copy_of": story[0] if place % 3 == 2 else None,
            }
            for n, story in enumerate(told)
            for place, number in enumerate(story)
        ]
        connection.execute(insert(story_articles), places)


def read_at_once(store: Store, readers: int = 50, pages: int = 4) -> None:
    """Let readers load pages from a real server, each a page in two seconds or so."""
    services = Services(
        store=store,
        config=lambda: CONFIG,
        preview=lambda name: RenderedDigest(subject=name, html="", text=""),
        now=lambda: NOW,
    )
    server = Server(create_app(services), "127.0.0.1", 0)
    server.start()
    paths = ["/", "/?mark=open", "/?topic=t3", "/?topic=t1&mark=open", "/stories/2", "/topics/t3"]

    def read(number: int) -> list[float]:
        chance = random.Random(number)
        taken = []
        for _ in range(pages):
            time.sleep(chance.uniform(0, 4))
            start = time.perf_counter()
            with urlopen(server.url + chance.choice(paths)) as answer:
                answer.read()
            taken.append((time.perf_counter() - start) * 1000)
        return taken

    with ThreadPoolExecutor(readers) as pool:
        taken = sorted(one for each in pool.map(read, range(readers)) for one in each)
    server.stop()
    middle, late = statistics.median(taken), taken[int(len(taken) * 0.95)]
    print(
        f"{f'{readers} readers at once, by the clock':44} {middle:8.1f} ms   p95     {late:8.1f} ms"
    )


def queries(store: Store) -> Iterator[str]:
    """Give fifty searches of words that the archive has, rare ones and common ones."""
    chance = random.Random(2)
    while True:
        row = store.article(chance.randrange(1, 50_000))
        assert row
        words = row.article.title.split() or [row.article.title]
        yield chance.choice(words)[:12].strip('"()*=')


def timed(label: str, work: Callable[[], object], times: int = 7) -> None:
    """Print the median and the slowest of several runs."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append((time.process_time() - start) * 1000)
    print(f"{label:44} {statistics.median(taken):8.1f} ms   slowest {max(taken):8.1f} ms")


def searches(store: Store, label: str, asked: Sequence[Question]) -> None:
    """Print how long searches with their facets take."""
    taken = []
    for question in asked:
        start = time.process_time()
        browse(store, question)
        taken.append((time.process_time() - start) * 1000)
    taken.sort()
    middle, late = statistics.median(taken), taken[int(len(taken) * 0.95)]
    print(f"{label:44} {middle:8.1f} ms   p95     {late:8.1f} ms")


def browse(store: Store, question: Question) -> archive.ArchiveView:
    """Answer one page."""
    return archive.browse(
        store, question, topics=CONFIG.topics, feeds=CONFIG.feeds, zone=CONFIG.zone
    )


def story(store: Store, number: int) -> object:
    """Answer one story."""
    return timeline.tell(store, number, topics=CONFIG.topics, feeds=CONFIG.feeds, zone=CONFIG.zone)


def main(wanted: int, matched: int, url: str) -> None:
    """Build what is missing, then measure."""
    store = open_store(url)
    if store.article(wanted) is None:
        build(store, wanted, matched)
    if store.story(1) is None:
        tell(store, wanted, matched)
    last = browse(store, Question())
    timed("first page", lambda: browse(store, Question()))
    timed("older page", lambda: browse(store, Question(after=last.older)))
    timed("one topic", lambda: browse(store, Question(topic="t3")))
    timed("to review", lambda: browse(store, Question(mark="open")))
    timed("relevant", lambda: browse(store, Question(mark="relevant")))
    timed("starred (none)", lambda: browse(store, Question(mark="starred")))
    timed("one source", lambda: browse(store, Question(source="Source 7")))
    timed("one language", lambda: browse(store, Question(lang="ru")))
    timed("one day", lambda: browse(store, Question(first="2025-06-01", last="2025-06-01")))
    timed("all articles", lambda: browse(store, Question(everything=True)))
    of_feed = Question(feed="https://feed9.example/", everything=True)
    timed("a feed's articles", lambda: browse(store, of_feed))
    timed("a story of 300 articles", lambda: story(store, 1))
    timed("a story of 5 articles", lambda: story(store, 2))
    timed("feeds of 30 days", lambda: store.feed_rows(NOW - timedelta(days=30)))
    some = [word for word, _ in zip(queries(store), range(50), strict=False)]
    searches(store, "50 searches in matches, with facets", [Question(query=word) for word in some])
    searches(
        store,
        "50 searches in all articles, with facets",
        [Question(query=word, everything=True) for word in some],
    )
    read_at_once(store)
    start = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    exported = archive.export(
        store, Question(), topics=CONFIG.topics, feeds=CONFIG.feeds, zone=CONFIG.zone
    )
    number = sum(1 for _ in exported)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    seconds = time.process_time() - start
    print(f"export of {number:,} articles: {seconds:.1f} s, {grown} MB more memory")
    store.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    size = int(given[0]) if given else 1_000_000
    hits = int(given[1]) if len(given) > 1 else size // 10
    main(size, hits, given[2] if len(given) > 2 else f"sqlite:////tmp/bench-archive-{size}.db")
