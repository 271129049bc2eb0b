"""How long stories take: 300 matched articles as the service groups them, and 3,000 headlines.

python -m bench.stories    (also tells how long the words of the archive take to count at a start)
"""

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from monitor import group, stories
from monitor.model import StoryArticle
from monitor.stories import Glossary, Statistics

NOW = datetime(2026, 3, 11, tzinfo=UTC)
ROUNDS = 5
_CONSONANTS, _VOWELS = "bdfgklmnprst", "aeiou"
#: Topics match names, so many articles share one.
NAMES = ["Alibaba", "阿里巴巴", "Nvidia", "英伟达", "Kling", "可灵", "$2 billion", "20亿美元"]


def word(number: int) -> str:
    """Give a word of a made-up language."""
    chance = random.Random(number)
    return "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(3))


#: As in any language, the first are common and most are rare.
WORDS = [word(number) for number in range(6_000)]
CHARACTERS = [chr(0x4E00 + 13 * number) for number in range(1_500)]


def told(chance: random.Random, length: int, *, chinese: bool) -> str:
    """Give so many words, or twice as many characters."""
    known = CHARACTERS if chinese else WORDS
    drawn = [known[int(len(known) ** chance.random()) - 1] for _ in range(length << chinese)]
    return ("" if chinese else " ").join(drawn)


def articles(count: int, *, words: int) -> list[StoryArticle]:
    """Make articles of four days, a third Chinese, three to an event; texts of so many words."""
    made = []
    for number in range(count):
        chance, event = random.Random(number), random.Random(f"event {number // 3}")
        at = NOW - timedelta(minutes=event.randrange(4 * 24 * 60) + chance.randrange(60))
        name, chinese = event.choice(NAMES), event.random() < 1 / 3
        title = f"{name} {told(event, 7, chinese=chinese)} {told(chance, 4, chinese=chinese)}"
        made.append(
            StoryArticle(
                id=number,
                title=title,
                text=told(chance, words, chinese=chinese),
                url=f"https://outlet.example/{number}",
                at=at,
            )
        )
    return made


def measured(name: str, bar: float, step: Callable[[], object]) -> None:
    """Print the median of some rounds beside its bar."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        step()
        seconds.append(time.process_time() - start)
    median = statistics.median(seconds)
    print(f"{name:46}{median:8.3f} s   (bar {bar} s{'' if median <= bar else ', MISSED'})")


def main() -> None:
    """Measure all three."""
    glossary = Glossary()
    sample = articles(group.SAMPLE, words=50)
    archive = Statistics()

    def count() -> None:
        stories.count(Statistics(), sample, glossary)

    stories.count(archive, sample, glossary)
    matched, headlines = articles(300, words=220), articles(3_000, words=0)
    measured("300 matched articles", 0.3, lambda: stories.cluster(matched, glossary, archive))
    measured("3,000 headlines", 3.0, lambda: stories.cluster(headlines, glossary, archive))
    measured(f"{group.SAMPLE:,} articles counted at a start", 3.0, count)
    found = stories.cluster(matched, glossary, archive)
    print(f"{len(matched)} articles, {len(found)} stories")


if __name__ == "__main__":
    main()
