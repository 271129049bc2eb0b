"""What matching costs on this machine, beside what it cannot cost less than.

    python -m bench.match [ARTICLES]    (2000 unless told otherwise)

Articles are generated: 1.5 KB of UTF-8 with a title, three in four of invented words as frequent as
words of a language are, one in four of Chinese characters; each tenth is about something that the
shipped topics look for. Times are CPU time of this process. "bar" is what we want to stay below.
"""

import itertools
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bench.farm import SUBJECTS
from monitor.app import read_config, shipped_config
from monitor.config import FeedConfig, TopicConfig
from monitor.matcher import Topics, compiled, loose_article
from monitor.model import (
    ArchiveFilter,
    Article,
    EntryNames,
    FeedState,
    PollOutcome,
    Sighting,
)
from monitor.query import presearch
from monitor.store import Store, open_store
from monitor.text import fold

NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
BYTES = 1_500
#: Words of everyday news that topics look for in company only.
COMMON = """
chip chips model models AI US China Chinese export exports open source software market price ban
sale approve license Google Nvidia data video app Apache agent large Beijing Trump government
""".split()  # noqa: SIM905  a paragraph reads better than a list


class Language:
    """Invented words, each as frequent as its rank says (Zipf)."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.latin = self._latin(20_000)
        # About as frequent as in news about technology: each in one article of twenty or so.
        for number, word in enumerate(COMMON):
            self.latin[400 + 20 * number] = word
        self.han = [
            "".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in "ab") for _ in range(9_000)
        ]
        self._weights = {
            size: list(itertools.accumulate(1 / (rank + 3) for rank in range(size)))
            for size in (len(self.latin), len(self.han))
        }

    def _latin(self, size: int) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < size:
            syllables = self.chance.choices("aeiou", k=self.chance.choice((1, 2, 2, 3)))
            word = "".join(self.chance.choice("bcdfghklmnprstvwz") + each for each in syllables)
            words[word + self.chance.choice(("", "n", "r", "s", "t", "ng"))] = None
        # As in any language, words that are used often are short.
        return sorted(words, key=lambda word: len(word) + self.chance.random())

    def words(self, vocabulary: Sequence[str], count: int) -> list[str]:
        """Choose words by their frequency."""
        weights = self._weights[len(vocabulary)]
        return self.chance.choices(vocabulary, cum_weights=weights, k=count)

    def article(self) -> Article:
        """Write one article."""
        chinese = self.chance.random() < 0.25
        words = self.words(self.han if chinese else self.latin, 400)
        comma, stop = ("，", "。") if chinese else (", ", "’s “new” – ")
        if self.chance.random() < 0.1:
            words.insert(self.chance.randrange(30), self.chance.choice(SUBJECTS))
        text, size = "", 0
        for number, word in enumerate(words):
            sign = stop if number % 40 == 39 else comma if number % 10 == 9 else " " * (not chinese)
            text += word + sign
            size += len((word + sign).encode())
            if size > BYTES:
                break
        return loose_article(text[:60], text[60:])

    def rare(self) -> str:
        """Choose a word that few articles have."""
        vocabulary = self.han if self.chance.random() < 0.25 else self.latin
        return self.chance.choice(vocabulary[len(vocabulary) // 10 :])

    def topic(self, number: int) -> TopicConfig:
        """Invent a topic of one of four usual kinds."""
        a, b, c, d = (self.rare() for _ in range(4))
        # Such as "company" and "model": not the commonest, since nobody asks for "the".
        common = [self.chance.choice(self.latin[50:500]) for _ in range(2)]
        kinds: list[dict[str, object]] = [
            {"any": [a, b]},
            {"query": f'"{a}" AND ({b} OR {common[0]}) NOT "{d}"'},
            {"any": [a, b], "near": [c, d, *common]},
            {"query": f"({a} OR {b}) NEAR/10 ({common[0]} OR {common[1]} OR {c})"},
        ]
        return TopicConfig.model_validate({"id": f"t{number}", **kinds[number % 4]})


def microseconds(work: Callable[[Article], object], articles: Iterable[Article]) -> float:
    """Give the CPU time per article, the best of three rounds."""
    articles = list(articles)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for article in articles:
            work(article)
        best = min(best, time.process_time() - start)
    return best / len(articles) * 1e6


def row(name: str, value: str, bar: str = "") -> None:
    """Print one line."""
    print(f"{name:64}{value:>12}{bar:>12}")


def without_automaton(topics: Sequence[TopicConfig]) -> Topics:
    """Make topics as where ahocorasick_rs is not installed."""
    with patch.object(presearch, "AhoCorasick", None):
        return Topics(topics)


def main(count: int) -> None:
    """Print all rows."""
    language = Language(random.Random(1))
    articles = [language.article() for _ in range(count)]
    texts = [f"{article.title}\n{article.text}" for article in articles]
    size = sum(len(text.encode()) for text in texts) / count
    row(f"{count:,} articles of {size:,.0f} bytes", "measured", "bar")

    shipped = read_config(shipped_config()).topics
    sets = [("five shipped topics", shipped, 35, 300)]
    for number, bar in ((100, 60), (1_000, 200)):
        sets.append(
            (f"{number:,} boolean topics", tuple(map(language.topic, range(number))), bar, 0)
        )
    for name, configured, bar, slow_bar in sets:
        topics = Topics(configured)
        hits = sum(len(topics.match(article)) for article in articles) / count
        with_hits = f"{name} ({hits:.2f} match)"
        row(with_hits, f"{microseconds(topics.match, articles):.0f} µs", f"{bar} µs")
        slow = microseconds(without_automaton(configured).match, articles)
        slow_limit = f"{slow_bar} µs" * bool(slow_bar)
        row(f"{with_hits}, without ahocorasick_rs", f"{slow:.0f} µs", slow_limit)

    print("floors")
    folded = [fold(text) for text in texts]
    row("fold", f"{_each(fold, texts):.1f} µs")
    row("str.find of one absent literal", f"{_each(lambda text: text.find('qqq'), folded):.2f} µs")
    for name, configured, _, _ in sets:
        gates = [presearch.gate(compiled(topic).tree) for topic in configured]
        anchors = [anchor for gate in gates if gate for anchor in gate.anchors]
        literals = sorted({anchor.literal for anchor in anchors})
        find = presearch.automaton(literals)
        row(
            f"ahocorasick_rs: {len(literals):,} literals of {name}", f"{_each(find, folded):.1f} µs"
        )

    print("compile")
    many = [TopicConfig(id="t", any=tuple(language.rare() for _ in range(10_000)))]
    start = time.process_time()
    Topics(many)
    row("one topic of 10,000 words", f"{time.process_time() - start:.2f} s", "0.5 s")
    stored(language, sets[1][1])
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def _each(work: Callable[[str], object], texts: Sequence[str]) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - start)
    return best / len(texts) * 1e6


def stored(language: Language, configured: Sequence[TopicConfig], count: int = 10_000) -> None:
    """Match articles as they are read from a database, and give the time for ten times as many."""
    topics = Topics(configured)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder)}/monitor.db")
        fill(store, language, count)
        start = time.process_time()
        after, number = None, 0
        while True:
            page = store.page(ArchiveFilter(matched_only=False), after=after, limit=1_000)
            number += len(page.articles)
            for each in page.articles:
                topics.match(each.article)
            after = page.next
            if after is None:
                break
        seconds = (time.process_time() - start) * 100_000 / number
        store.close()
    row("100 boolean topics, 100,000 stored articles, reading included", f"{seconds:.1f} s", "8 s")


def fill(store: Store, language: Language, count: int) -> None:
    """Store so many articles as one poll would."""
    state = FeedState(
        feed_url="https://a.example/feed", url="https://a.example/feed", next_poll_at=NOW
    )
    store.sync_feeds([FeedConfig(url=state.feed_url)], NOW)
    seen = []
    for number in range(count):
        moment = NOW - timedelta(minutes=number)
        article = replace(
            language.article(),
            key=str(number),
            url=f"https://a.example/{number}",
            source="A",
            feed_url=state.feed_url,
            published_at=moment,
            first_seen_at=moment,
        )
        seen.append(Sighting(names=EntryNames(key=str(number)), article=article))
    store.save_poll(PollOutcome(feed=state, sightings=tuple(seen), entries=count))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
