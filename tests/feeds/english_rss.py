"""Titles escaped once too often, a caption before the summary, a link that is none, a zero date."""

from datetime import UTC, datetime, timedelta

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="Harbour Wire & Co",
    link="https://harbour.example/",
    lang="en-GB",
    ttl=timedelta(minutes=45),
    skip_hours=frozenset({0, 23}),
    skip_days=frozenset({5, 6}),
    entries=(
        Entry(
            guid="harbour-1001",
            link="https://harbour.example/tech/kling-3?utm_source=rss",
            title="Kling 3 — now faster",
            text="The video model learns to wait.\nIts makers are proud.",
            author="Ada Marsh",
            tags=("AI", "Video"),
            published_at=datetime(2026, 3, 11, 13, 30, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            link=None,
            title="A link that must not be clicked",
            text="if a < b then stop",
            publisher="The Gazette",
        ),
    ),
)
