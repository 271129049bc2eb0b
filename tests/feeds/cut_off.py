"""A connection that broke: what arrived whole is kept, and nobody takes it for all."""

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="Tide Times",
    link="https://tide.example/",
    lang=None,
    entries=(
        Entry(guid=None, link="https://tide.example/1", title="First, whole", text=""),
        Entry(guid=None, link="https://tide.example/2", title="Second, whole", text=""),
    ),
    complete=False,
)
