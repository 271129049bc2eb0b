"""JSON Feed with values of wrong types, and one item in the words of version 1.0."""

from datetime import UTC, datetime

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="Notes from the Workshop",
    link="https://workshop.example/",
    lang="en",
    entries=(
        Entry(
            guid="12",
            link="https://workshop.example/notes/12",
            title="Weights are public & free",
            text="The weights may be used by anyone.",
            author="Lin, Ola",
            tags=("open", "models"),
            published_at=datetime(2026, 3, 11, 12, 0, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            link="https://elsewhere.example/x",
            title="",
            text="Nur ein Hinweis.",
            author="Kim",
            lang="de",
            published_at=datetime(2026, 3, 10, tzinfo=UTC),
        ),
    ),
)
