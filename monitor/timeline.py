"""Tell a story: its articles in order of time, ready to be shown.

number ─→ store ─→ Timeline ─→ ToldStory
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from monitor import archive, stories
from monitor.archive import ArchiveArticle
from monitor.config import FeedConfig, TopicConfig
from monitor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldArticle:
    """An article in its story."""

    article: ArchiveArticle
    #: The earlier article of the story that it only repeats; None if it reports by itself.
    repeats: ArchiveArticle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldStory:
    """A story as its page shows it."""

    #: Its permalink: another one than was asked for if that story became part of this one.
    id: int
    #: "12 outlets, 9 of them copies of one text".
    sources: str
    #: In order of time, never empty.
    articles: tuple[ToldArticle, ...]


def tell(
    store: Store,
    number: int,
    *,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    zone: tzinfo,
) -> ToldStory | None:
    """Give a story whole; None if there is none of this number, or retention took it.

    Raises:
        StoreError: The database did not answer.
    """
    found = store.story(number)
    if found is None:
        return None
    names = {topic.id: topic.name for topic in topics}
    labels = {feed.url: feed.label for feed in feeds}
    shown = {
        member.row.id: archive.shown(member.row, (), names=names, labels=labels, zone=zone)
        for member in found.members
    }
    return ToldStory(
        id=found.id,
        sources=stories.sources(found),
        articles=tuple(
            ToldArticle(
                article=shown[member.row.id],
                repeats=None if member.copy_of is None else shown[member.copy_of],
            )
            for member in found.members
        ),
    )
