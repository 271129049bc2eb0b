"""Factories with defaults: a test names only what it is about.

Every field of a value can be given; what follows from another (a URL from the title) follows.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from monitor.model import (
    Article,
    ArticleMatches,
    Coverage,
    DigestItem,
    EntryNames,
    FeedState,
    Issue,
    Match,
    NewDelivery,
    PollOutcome,
    RenderedDigest,
    Sighting,
    Slot,
    Span,
    StoryArticle,
    TopicVersion,
    Window,
)

#: The moment at which tests usually stand: a Wednesday, some hours after the morning's digest.
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED_URL = "https://news.example/feed"


def ago(**parts: float) -> datetime:
    """Give the moment that long before NOW: `ago(hours=3)`."""
    return NOW - timedelta(**parts)


def feed_state(url: str = FEED_URL, **fields: Any) -> FeedState:
    """Give a feed that is due now and was never polled."""
    return replace(FeedState(feed_url=url, url=url, next_poll_at=NOW), **fields)


def article(title: str = "Kling 2.0 makes films", **fields: Any) -> Article:
    """Give an article first seen at NOW; its key and URL follow from its title."""
    slug = hashlib.blake2b(title.encode("utf-8", "replace"), digest_size=8).hexdigest()
    defaults = Article(
        key=slug,
        url=f"https://news.example/{slug}",
        title=title,
        text="Kuaishou shows the new version of its video model.",
        source="Example News",
        feed_url=FEED_URL,
        lang="en",
        published_at=ago(hours=1),
        first_seen_at=NOW,
    )
    return replace(defaults, **fields)


def story_article(
    number: int = 1, title: str = "Kling 2.0 makes films", **fields: Any
) -> StoryArticle:
    """Give an article that was not grouped yet; its URL follows from its number."""
    defaults = StoryArticle(
        id=number, title=title, text="", url=f"https://news.example/{number}", at=NOW
    )
    return replace(defaults, **fields)


def span(surface: str = "Kling", start: int = 0, **fields: Any) -> Span:
    """Give a hit in the title; its end follows from what was found."""
    defaults = Span(
        field="title", start=start, end=start + len(surface), surface=surface, term=surface
    )
    return replace(defaults, **fields)


def match(topic_id: str = "kling", **fields: Any) -> Match:
    """Give a match with one hit in the title."""
    return replace(Match(topic_id=topic_id, query_version="v1", spans=(span(),)), **fields)


def topic_version(topic_id: str = "kling", **fields: Any) -> TopicVersion:
    """Give the first wording of a topic."""
    defaults = TopicVersion(
        topic_id=topic_id, query_version="v1", name=topic_id.title(), definition='any = ["Kling"]'
    )
    return replace(defaults, **fields)


def sighting(
    title: str = "Kling 2.0 makes films", *, topics: tuple[str, ...] = (), **fields: Any
) -> Sighting:
    """Give an entry's article, matched by the given topics; `fields` are the article's."""
    seen = article(title, **fields)
    return Sighting(
        names=EntryNames(key=f"entry-{seen.key}"),
        article=seen,
        matches=tuple(match(topic) for topic in topics),
    )


def outcome(*sightings: Sighting, feed: FeedState | None = None) -> PollOutcome:
    """Give a successful poll at NOW that showed these entries; the next one is due in an hour."""
    state = feed or feed_state(
        last_polled_at=NOW, last_success_at=NOW, first_success_at=NOW, next_poll_at=NOW + HOUR
    )
    return PollOutcome(feed=state, sightings=sightings, entries=len(sightings))


def row(number: int = 1, *, topics: tuple[str, ...] = ("kling",), **fields: Any) -> ArticleMatches:
    """Give a stored article with matches of the given topics; `fields` are the article's."""
    fields.setdefault("title", f"Kling 2.0 makes films, part {number}")
    return ArticleMatches(
        id=number, article=article(**fields), matches=tuple(match(topic) for topic in topics)
    )


def slot(name: str = "daily", **fields: Any) -> Slot:
    """Give the issue of 07:30 on NOW's day, in UTC unless told otherwise."""
    day: date = fields.pop("local_date", NOW.date())
    defaults = Slot(
        digest=name,
        local_date=day,
        at="07:30",
        due_at=datetime.combine(day, time(7, 30), tzinfo=UTC),
    )
    return replace(defaults, **fields)


def window(until: datetime = NOW, length: timedelta = DAY) -> Window:
    """Give the day that ends at NOW."""
    return Window(since=until - length, until=until)


def coverage(**fields: Any) -> Coverage:
    """Give a monitor that saw everything."""
    return replace(Coverage(feeds=10, feeds_read=10, articles=120), **fields)


def rendered(subject: str = "Daily: Kling 2.0 makes films", **fields: Any) -> RenderedDigest:
    """Give a small finished mail."""
    defaults = RenderedDigest(subject=subject, html="<p>Kling 2.0</p>", text="Kling 2.0\n")
    return replace(defaults, **fields)


def new_delivery(recipient: str = "ann@example.com", **fields: Any) -> NewDelivery:
    """Give one recipient's copy; its Message-ID follows from the recipient."""
    defaults = NewDelivery(
        recipient=recipient,
        message_id=f"<daily-{recipient.partition('@')[0]}@news.example>",
        message=b"Subject: Daily\r\n\r\nKling 2.0\r\n",
    )
    return replace(defaults, **fields)


def issue(*items: DigestItem, to: tuple[str, ...] = ("ann@example.com",), **fields: Any) -> Issue:
    """Give a composed digest for these recipients that reports these items."""
    defaults = Issue(
        slot=slot(),
        window=window(),
        rendered=rendered(),
        items=items,
        deliveries=tuple(new_delivery(recipient) for recipient in to),
    )
    return replace(defaults, **fields)
