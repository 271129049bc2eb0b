"""Tell a story: its articles in order of time, ready to be shown.

number ─→ store ─→ Timeline ─→ ToldStory
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache

from monitor import archive, stories
from monitor.archive import ArchiveArticle
from monitor.config import FeedConfig, TopicConfig
from monitor.model import Piece
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
    #: Of its first article.
    title: tuple[Piece, ...]
    #: How many articles it has.
    total: int
    #: Those asked for, in order of time.
    articles: tuple[ToldArticle, ...]


def tell(
    store: Store,
    number: int,
    *,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    zone: tzinfo,
    begin: int = 0,
    limit: int | None = None,
) -> ToldStory | None:
    """Give a story, or a part of it; None if there is none of this number, or retention took it.

    Args:
        store: The archive.
        number: The story's.
        topics: The configuration's, for their names.
        feeds: The configuration's, for their labels.
        zone: The reader's.
        begin: How many of its articles to leave out.
        limit: How many to give at most.

    Raises:
        StoreError: The database did not answer.
    """
    found = store.story(number)
    if found is None:
        return None
    names = {topic.id: topic.name for topic in topics}
    labels = {feed.url: feed.label for feed in feeds}

    @cache
    def shown(number: int) -> ArchiveArticle:
        return archive.shown(rows[number], (), names=names, labels=labels, zone=zone)

    rows = {member.row.id: member.row for member in found.members}
    wanted = found.members[begin:] if limit is None else found.members[begin : begin + limit]
    return ToldStory(
        id=found.id,
        sources=stories.sources(found),
        title=shown(found.members[0].row.id).title,
        total=len(found.members),
        articles=tuple(
            ToldArticle(
                article=shown(member.row.id),
                repeats=None if member.copy_of is None else shown(member.copy_of),
            )
            for member in wanted
        ),
    )
