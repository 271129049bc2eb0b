"""What is kept of a document to read its successor by: which items it had, what it said of itself.

It is stored between two polls as bytes that only this module can read. An imprint that another
version made reads as an empty one, and the next document is read in full.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.model import ParsedFeed

# To be counted up whenever the same bytes may be read as something else than before, and when
# `identity.marks` makes something else of an entry.
_VERSION = b"1\n"
_HASH = 16
_MARKS = 24


@dataclass(frozen=True, slots=True)
class Imprint:
    """One document."""

    #: The document's statements about itself, without entries; None in an empty imprint.
    feed: ParsedFeed | None = None
    #: Hash of what these were read from.
    outside: bytes = b""
    #: Hash of each item, and the marks of its entry.
    items: Mapping[bytes, bytes] = field(default_factory=dict)


def item_hash(item: bytes) -> bytes:
    """Stand for the bytes of one item, or of all that is none."""
    return hashlib.blake2b(item, digest_size=_HASH).digest()


def dump(imprint: Imprint) -> bytes:
    """Lay out an imprint."""
    feed = imprint.feed
    assert feed, "an empty imprint is no bytes"  # noqa: S101  told to mypy
    head = {
        "title": feed.title,
        "link": feed.link,
        "lang": feed.lang,
        "ttl": feed.ttl.total_seconds(),
        "skip_hours": sorted(feed.skip_hours),
        "skip_days": sorted(feed.skip_days),
    }
    records = b"".join(key + marks for key, marks in imprint.items.items())
    return b"%b%b\n%b%b" % (_VERSION, json.dumps(head).encode(), imprint.outside, records)


def load(data: bytes) -> Imprint:
    """Read what `dump` laid out; an empty imprint from anything else."""
    try:
        return _load(data) if data.startswith(_VERSION) else Imprint()
    except (ValueError, LookupError, TypeError):
        # Damaged, or another version after all: no feed may fail of it for ever.
        return Imprint()


def _load(data: bytes) -> Imprint:
    head, _, rest = data[len(_VERSION) :].partition(b"\n")
    stated = json.loads(head)
    records = rest[_HASH:]
    size = _HASH + _MARKS
    return Imprint(
        feed=ParsedFeed(
            title=stated["title"],
            link=stated["link"],
            lang=stated["lang"],
            entries=(),
            ttl=timedelta(seconds=stated["ttl"]),
            skip_hours=frozenset(stated["skip_hours"]),
            skip_days=frozenset(stated["skip_days"]),
        ),
        outside=rest[:_HASH],
        items={
            records[start : start + _HASH]: records[start + _HASH : start + size]
            for start in range(0, len(records), size)
        },
    )
