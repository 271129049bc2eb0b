"""RDF (RSS 1.0): items beside the channel, Dublin Core for dates, people and language."""

from datetime import UTC, datetime

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="Letters on Machines",
    link="https://letters.example/",
    lang=None,
    entries=(
        Entry(
            guid="https://letters.example/9",
            link="https://letters.example/9",
            title="Sparse attention & long films",
            text="We show how a film of an hour fits.",
            author="R. Okafor",
            tags=("video",),
            lang="en",
            published_at=datetime(2026, 3, 9, tzinfo=UTC),
        ),
    ),
)
