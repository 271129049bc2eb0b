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
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, repeat
from typing import Any, NamedTuple
from urllib.request import urlopen

from sqlalchemy import insert

from monitor import archive, config, timeline
from monitor.archive import Question
from monitor.config import FeedConfig
from monitor.model import Mark, MatchKey, RenderedDigest, ReviewChange
from monitor.query import words_of
from monitor.store import Store, open_store, search
from monitor.store.tables import articles, matches, sightings, stories, story_articles
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


#: A hundred thousand words: how often each comes falls as in any language (Zipf).
LATIN, HAN, CYRILLIC = 40_000, 20_000, 20_000
#: What searches look for, and in how many of 10,000 articles it stands, whatever its script.
SUBJECTS = {
    "en": {
        "AI": 900, "US": 700, "China": 900, "EU": 200, "Kling": 4, "Kling 3.0": 1, "01.AI": 1,
        "Alibaba": 60, "Alibaba Cloud": 15, "Qwen2.5": 6, "Qwen": 20, "Nvidia": 120, "H20": 8,
        "export controls": 30, "export control": 10, "Entity List": 6, "BIS": 4, "open source": 60,
        "open-source": 90, "open-source AI model": 3, "Hugging Face": 12, "DeepSeek": 70,
        "large language model": 25, "text-to-video": 5, "semiconductor": 80, "chipmaker": 50,
        "supply chain": 70, "Huawei": 60, "tariffs": 150, "Kuaishou": 3, "data centre": 60,
        "Brüssel": 8, "Exportkontrolle": 3, "Halbleiter": 12, "inteligencia artificial": 60,
        "código abierto": 6, "controles de exportación": 4, "modelo de lenguaje": 5,
    },
    "zh": {
        "可灵": 6, "可灵AI": 3, "快手": 20, "零一万物": 3, "阿里巴巴": 60, "阿里云": 40,
        "通义千问": 15,
        "出口管制": 30, "實體清單": 4, "实体清单": 5, "开源": 120, "开源大模型": 8, "開源模型": 4,
        "人工智能": 300, "人工智慧": 80, "大模型": 160, "半导体": 80, "芯片": 200, "英伟达": 80,
        "华为": 90, "发布会": 70, "AI": 500, "供应链": 50, "商务部": 60, "文生视频": 5, "关税": 90,
    },
    "ru": {
        "экспортный контроль": 8, "санкции": 300, "США": 500, "искусственный интеллект": 120,
        "Алибаба": 10, "чип": 60, "полупроводники": 30, "нейросеть": 90, "Хуавэй": 12, "ЕС": 200,
        "открытый исходный код": 6,
    },
}  # fmt: skip


class Press:
    """Writes articles of made-up words, with real names in them."""

    def __init__(self) -> None:
        chance = random.Random(1)
        heads = [*"bcdfglmnprstv", "tr", "st", "pr"]
        cyrillic = [*"бвгдзклмнпрст", "ст", "пр"]
        han = [chr(0x4E00 + n * 7) for n in range(2_500)]

        def made(heads: list[str], tails: list[str], parts: int) -> str:
            return "".join(chance.choice(heads) + chance.choice(tails) for _ in range(parts))

        sizes = (1, 2, 2, 3, 3, 4)
        words = {
            "en": [made(heads, [*"aeiou", "ai", "ea"], chance.choice(sizes)) for _ in range(LATIN)],
            "zh": [chance.choice(han) + chance.choice(han) for _ in range(HAN)],
            "ru": [made(cyrillic, [*"аеиоуыя"], chance.choice(sizes)) for _ in range(CYRILLIC)],
        }
        words["zh"][4:400] = [
            one + "，" if n % 3 == 0 else one for n, one in enumerate(words["zh"][4:400])
        ]
        self._words = words
        self._weights = {
            script: list(accumulate(1 / (n + 3) for n in range(len(each))))
            for script, each in words.items()
        }
        self._subjects = {
            script: (list(each), list(accumulate(each.values())), sum(each.values()) / 10_000)
            for script, each in SUBJECTS.items()
        }

    def article(self, chance: random.Random, lang: str, *, told: bool) -> tuple[str, str]:
        """Give a title and a text; what is `told` is sure to have subjects."""
        script = lang if lang in SUBJECTS else "en"
        length = min(int(chance.lognormvariate(3.9, 0.9)), 1_500) + 8
        words = chance.choices(self._words[script], cum_weights=self._weights[script], k=length + 9)
        names, weights, share = self._subjects[script]
        count = int(share + chance.random()) + 2 * told
        for name in chance.choices(names, cum_weights=weights, k=count):
            words.insert(int(len(words) * chance.random() ** 2), name)
        between = "" if script == "zh" else " "
        return between.join(words[:9]), between.join(words[9:])


class Block(NamedTuple):
    """A few thousand articles, ready to be stored."""

    articles: list[dict[str, Any]]
    sightings: list[dict[str, Any]]
    matches: list[dict[str, Any]]
    indexed: list[search.Indexed]


@cache
def press() -> Press:
    """Make the words only once in a process."""
    return Press()


def block(begin: int, wanted: int, every: int) -> Block:
    """Write the articles from this number on, each `every`th of them a match."""
    chance = random.Random(begin)
    made = Block([], [], [], [])
    for n in range(begin, min(begin + AT_ONCE, wanted)):
        number, first_seen = n + 1, NOW - (wanted - n) * timedelta(days=730) / wanted
        # Some come late, and a new feed shows what is months old.
        when = first_seen - timedelta(hours=chance.expovariate(0.2 if n % 50 else 0.0005))
        feed = min(int(chance.paretovariate(1)), FEEDS)
        lang = chance.choice(LANGS)
        title, body = press().article(chance, lang[:2], told=n % every == 0)
        url, source = f"https://feed{feed}.example/{number}", f"Source {feed}"
        made.articles.append(
            {
                "id": number, "key": str(number), "url": url, "title": title, "text": body,
                "source": source, "feed_id": feed, "author": "", "tags": "[]", "lang": lang,
                "published_at": when, "first_seen_at": first_seen, "sorted_at": when,
                "backlog": False,
            }
        )  # fmt: skip
        made.sightings.append(
            {"feed_id": feed, "key": str(number), "article_id": number, "sorted_at": when,
             "heading": number, "content": number, "edits": 0}
        )  # fmt: skip
        words = words_of(
            title, body, url=url, feed_url="", source=source, author="", tags=(), lang=lang
        )
        made.indexed.append(search.Indexed(number, words))
        if n % every == 0:
            topic = min(int(chance.paretovariate(0.8)), TOPICS) - 1
            spans = json.dumps([["title", 0, 4, title[:4], "word"]])
            made.matches.append(
                {
                    "topic_id": f"t{topic}", "article_id": number, "first_version": "v",
                    "version": "v", "spans": spans, "labels": "[]", "seen_at": first_seen,
                    "sorted_at": when,
                }
            )  # fmt: skip
    return made


def build(store: Store, wanted: int, matched: int) -> None:
    """Fill an empty store; half of what is matched is reviewed."""
    chance = random.Random(1)
    store.sync_feeds([FeedConfig(url=f"https://feed{n}.example/") for n in range(FEEDS)], NOW)
    begins = range(0, wanted, AT_ONCE)
    with ProcessPoolExecutor(3) as pool:
        blocks = pool.map(block, begins, repeat(wanted), repeat(wanted // matched))
        for begin, made in zip(begins, blocks, strict=True):
            with store._write() as connection:  # noqa: SLF001  a million polls would take a day
                connection.execute(insert(articles), made.articles)
                connection.execute(insert(sightings), made.sightings)
                connection.execute(insert(matches), made.matches)
                store._dialect.index(connection, made.indexed)  # noqa: SLF001
            if chance.random() < 0.5:
                keys = [
                    MatchKey(topic_id=found["topic_id"], article_id=found["article_id"])
                    for found in made.matches
                ]
                mark = chance.choice([Mark.RELEVANT, Mark.IRRELEVANT, Mark.SEEN])
                store.review(keys, ReviewChange(mark=mark), step=f"{begin}", now=NOW)
            print(f"\r{begin + len(made.articles):,} articles", end="", file=sys.stderr)
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


#: As people type them: names, phrases, several wordings, with a language, a source or a time.
QUERIES = """
Kling
可灵
可灵 OR Kling
可灵AI
Kling OR 可灵 OR Kuaishou OR 快手
"Kling 3.0"
01.AI OR 零一万物
Alibaba
阿里巴巴
阿里云 OR "Alibaba Cloud"
Qwen2.5
Qwen OR 通义千问
DeepSeek AND Nvidia
"export controls"
export control*
出口管制
出口管制 AND 商务部
實體清單
实体清单 OR "Entity List"
BIS
экспортный контроль
санкции
санкции AND США
полупроводники
полупроводник*
искусственный интеллект
нейросеть OR нейросети
Хуавэй
открытый исходный код
open-source AI model
"open source" AND lang:en
open source AND NOT Alibaba
开源大模型
開源模型
人工智慧
半导体
芯片 AND 英伟达
文生视频
text-to-video
"large language model"
Hugging Face
title:Nvidia
title:华为
semiconductor AND China
tariffs AND lang:es
Exportkontroll*
Halbleiter AND NOT Nvidia
"inteligencia artificial"
Nvidia NEAR/10 China
H20
""".strip().splitlines()  # fmt: skip
#: These find more than is counted.
COMMON = ["AI", "US", "China", "China OR AI OR US", "lang:en", "人工智能 OR 芯片 OR 大模型"]


def headlines(store: Store, number: int) -> Iterator[str]:
    """Give headlines with a comma in Chinese, as somebody would paste them."""
    at = 1
    while number:
        row = store.article(at)
        at += 1
        if row and "，" in row.article.title.strip("，"):
            yield row.article.title.strip("，")
            number -= 1


def timed(label: str, work: Callable[[], object], times: int = 7) -> None:
    """Print the median and the slowest of several runs."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append((time.process_time() - start) * 1000)
    print(f"{label:44} {statistics.median(taken):8.1f} ms   slowest {max(taken):8.1f} ms")


def searches(store: Store, label: str, asked: Sequence[Question]) -> None:
    """Print how long searches with their facets take, and which took longest."""
    taken = []
    for question in asked:
        start = time.process_time()
        view = browse(store, question)
        spent = (time.process_time() - start) * 1000
        assert view.overview, view
        taken.append((spent, question.query, view.overview.facets.total))
    taken.sort()
    middle, late = taken[len(taken) // 2][0], taken[int(len(taken) * 0.95)][0]
    print(f"{label:44} {middle:8.1f} ms   p95     {late:8.1f} ms")
    for spent, query, found in taken[-3:]:
        print(f"    {spent:8.1f} ms  {query} ({found:,})")


def browse(store: Store, question: Question) -> archive.ArchiveView:
    """Answer one page."""
    return archive.browse(
        store, question, topics=CONFIG.topics, feeds=CONFIG.feeds, zone=CONFIG.zone
    )


def story(store: Store, number: int) -> object:
    """Answer one story."""
    return timeline.tell(
        store,
        number,
        topics=CONFIG.topics,
        feeds=CONFIG.feeds,
        zone=CONFIG.zone,
        limit=archive.PAGE_SIZE,
    )


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
    words = [*QUERIES, *headlines(store, 5)]
    for name, everything in (("matches", False), ("all articles", True)):
        for kind, some in (("searches", words), ("searches for common words", COMMON)):
            asked = [Question(query=word, everything=everything) for word in some]
            searches(store, f"{len(asked)} {kind} in {name}", asked)
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
