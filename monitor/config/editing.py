"""Changes to the text of a configuration that leave everything else to the byte as it was.

The new lines are written by tomlkit, their place is found by our own `places`: tomlkit's document
would gather [[feed]] tables that stand apart and put a new one behind the next section's comment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import tomlkit

from monitor.config.models import TopicConfig
from monitor.config.places import Path, Place, places
from monitor.errors import MonitorError


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFeed:
    """A [[feed]] table to be written: each value as it will stand in the file, "" for none."""

    url: str
    name: str = ""
    label: str = ""
    lang: str = ""
    every: str = ""


def feed_block(feed: NewFeed) -> str:
    """Write one [[feed]] table, its last line ended."""
    keys = (("name", feed.name), ("label", feed.label), ("lang", feed.lang), ("every", feed.every))
    table = {"url": feed.url} | {key: value for key, value in keys if value}
    return f"[[feed]]\n{tomlkit.dumps(table)}"


def topic_block(topic: TopicConfig) -> str:
    """Write one topic as it may stand in a configuration, without what is as it is anyway."""
    told = topic.model_dump(mode="json", exclude_defaults=True)
    if topic.name == topic.id:
        told.pop("name", None)
    return tomlkit.dumps({"topic": [told]})


def without_word(topic: TopicConfig, word: str) -> TopicConfig:
    """Let a word bring nothing to a topic: it leaves `any`, else no article may have it."""
    others = tuple(item for item in topic.any if item != word)
    if others and len(others) < len(topic.any):
        weights = {term: weight for term, weight in topic.weights.items() if term != word}
        return topic.model_copy(update={"any": others, "weights": weights})
    return topic.model_copy(update={"none": (*topic.none, word)})


def without_source(topic: TopicConfig, source: str) -> TopicConfig:
    """Let a source bring nothing to a topic."""
    return topic.model_copy(update={"sources": (*topic.sources, f"-{source}")})


def add_feeds(text: str, feeds: Iterable[NewFeed]) -> str:
    """Put feeds behind the last one of a valid configuration, or at its end if it has none.

    What comes out is not checked; `load` says whether it holds.

    Raises:
        MonitorError: Its feeds are written as one list, to which no table can be added.
    """
    found = places(text.replace("\r\n", "\n"))
    if found.get(("feed",), Place(0)).source:
        raise MonitorError(
            "the feeds stand in one list, feed = […], to which nothing can be added here; write"
            " each as a table of its own that begins with [[feed]]"
        )
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    at = _end_of_feeds(found, lines)
    end = "\r\n" if "\r\n" in text else "\n"
    head, tail = "".join(lines[:at]), "".join(lines[at:])
    if head and not head.endswith("\n"):
        head += end
    above = end if at and lines[at - 1].strip() else ""
    below = end if tail and lines[at].strip() else ""
    blocks = "\n".join(map(feed_block, feeds)).replace("\n", end)
    return head + above + blocks + below + tail


def _end_of_feeds(found: Mapping[Path, Place], lines: Sequence[str]) -> int:
    """Give the number of lines before the place for another feed."""
    ends = [
        place.line + place.source.count("\n") for path, place in found.items() if path[0] == "feed"
    ]
    if not ends:
        return len(lines)
    at = comments = max(ends)
    while comments < len(lines) and lines[comments].lstrip().startswith("#"):
        comments += 1
    # Comments directly below belong to the feed, unless they stand directly above what follows.
    followed = comments < len(lines) and lines[comments].strip()
    return at if followed else comments
