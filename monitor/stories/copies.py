"""Which articles of a story repeat another one: the same address, headline or text.

Feeds carry whole texts, excerpts, and both with a line of their own before or behind. So the
measure is containment: the share of the shorter text's runs of four words that the longer one has.
"""

from collections.abc import Sequence
from zlib import crc32

from monitor.links import canonical_link, without_scheme
from monitor.model import StoryArticle
from monitor.stories.tokens import MAX_TITLE, headline, is_unspaced
from monitor.text import index_tokens

#: So much of a text is compared.
MAX_TEXT = 1_500
#: Half of the shorter text stands in the longer one.
CONTAINMENT = 0.5
#: The smallest hashes of a text's runs stand for all of them.
SKETCH = 128
#: With fewer runs in common two texts may just quote the same sentence.
FEWEST_SHARED = 4

#: Shorter headlines ("Morning briefing") come again with other news.
FEWEST_WORDS = 4

#: A run is four words long; a Chinese character is half a word.
_WORDS, _WIDE = 4, 8


def copies(articles: Sequence[StoryArticle]) -> dict[int, int]:
    """Give for each article that repeats an earlier one the id of the earliest such.

    Args:
        articles: Those of one story, in order of time.
    """
    found: dict[int, int] = {}
    by_key: dict[str, int] = {}
    by_hash: dict[int, list[int]] = {}
    sketches: dict[int, list[int]] = {}
    for article in articles:
        sketch = _sketch(article.text)
        names = keys(article)
        candidates = [by_key[name] for name in names if name in by_key]
        if not candidates:
            shared: dict[int, int] = {}
            for value in sketch:
                for other in by_hash.get(value, ()):
                    shared[other] = shared.get(other, 0) + 1
            candidates = [
                other
                for other, number in shared.items()
                if number >= FEWEST_SHARED and _is_contained(sketch, sketches[other], number)
            ]
        if candidates:
            found[article.id] = original = min(candidates, key=list(sketches).index)
        else:
            original = article.id
            sketches[original] = sketch
            for value in sketch:
                by_hash.setdefault(value, []).append(original)
        for name in names:
            by_key.setdefault(name, original)
    return found


def keys(article: StoryArticle) -> list[str]:
    """Give what two reports do not share by chance: the address, and a headline of some words."""
    found = []
    if article.url:
        found.append(without_scheme(canonical_link(article.url)))
    words = index_tokens(headline(article.title)[:MAX_TITLE])
    if len(words) >= FEWEST_WORDS:
        found.append(f"title {' '.join(words)}")
    return found


def _sketch(text: str) -> list[int]:
    joined = " ".join(index_tokens(text[:MAX_TEXT]))
    # Not Python's own hash of texts, which differs from one start to the next.
    tokens = list(map(crc32, joined.encode("utf-8", "surrogatepass").split()))
    length = _WIDE if is_unspaced(text) else _WORDS
    return sorted(set(map(hash, zip(*(tokens[at:] for at in range(length)), strict=False))))[
        :SKETCH
    ]


def _is_contained(one: Sequence[int], other: Sequence[int], shared: int) -> bool:
    """Compare two sketches where both are complete: up to the smaller of their last hashes."""
    last = min(one[-1], other[-1])
    shorter = min(sum(value <= last for value in one), sum(value <= last for value in other))
    return shared >= CONTAINMENT * shorter
