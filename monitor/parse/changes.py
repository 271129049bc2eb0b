"""Read of a document only what changed since the one before.

feedparser costs twenty times what it costs to find the items and to hash them. So items that the
last good document had, byte for byte, are cut out before feedparser sees it. What is kept reads as
in the whole document; where that is not certain, the whole document is read.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from monitor import articles
from monitor.model import ParsedFeed
from monitor.parse import feedxml, imprint
from monitor.parse.imprint import Imprint, item_hash
from monitor.parse.items import Range, item_ranges
from monitor.parse.repair import repaired

# What changes around the items with every build, and is not read.
_VOLATILE = re.compile(
    rb"<((?:\w{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]*)?>[^<]*</\1\s*>"
)


def read(document: bytes, *, url: str, last: bytes = b"") -> tuple[ParsedFeed | None, str]:
    """Read a document in UTF-8.

    Args:
        document: Its text, decoded.
        url: Where it came from: relative links are resolved against it.
        last: The imprint of the feed's last good document.

    Returns:
        The feed, with those entries that are new or changed; None as `feedxml.read` gives it. And
        where its XML is broken, "" if it is not.

    Raises:
        UnsafeError: The document is made to exhaust its reader.
    """
    ranges = item_ranges(document)
    if not ranges:
        return feedxml.read(repaired(document), url=url)
    before = imprint.load(last)
    hashes = [item_hash(document[start:end]) for start, end in ranges]
    about = _without(document, ranges)
    outside = item_hash(_steady(about))
    known = [place for place, key in zip(ranges, hashes, strict=True) if key in before.items]
    fault = ""
    feed = before.feed
    if feed is None or len(known) < len(ranges) or outside != before.outside:
        rest = repaired(_without(document, known))
        feed, fault = feedxml.read(rest, url=url, about=about)
        if feed is None or len(feed.entries) + len(known) != len(ranges):
            return read(document, url=url) if known else (feed, fault)
    new = (key for key in hashes if key not in before.items)
    marks = dict(zip(new, map(articles.marks, feed.entries), strict=True))
    now = {key: before.items.get(key) or marks[key] for key in hashes}
    left_out = tuple(now[key] for key in hashes if key in before.items)
    if articles.keys_changed(before.items.values(), now.values(), among=left_out):
        # Rare: a guid or link has just become ambiguous, or is not any more.
        return read(document, url=url)
    after = Imprint(feed=replace(feed, entries=()), outside=outside, items=now)
    return replace(feed, known=left_out, imprint=imprint.dump(after)), fault


def _steady(about: bytes) -> bytes:
    """Leave out dates, comments, and how wide the gaps are that items left."""
    first, *rest = about.split(b"<!--")
    # A regular expression would look for the end of each comment that has none.
    behind = (part.partition(b"-->") for part in rest)
    uncommented = first + b"".join(after if end else inside for inside, end, after in behind)
    return b" ".join(_VOLATILE.sub(b"", uncommented).split())


def _without(document: bytes, ranges: Sequence[Range]) -> bytes:
    """Cut out parts that lie one behind the other."""
    starts = (0, *(end for _, end in ranges))
    ends = (*(start for start, _ in ranges), len(document))
    return b"".join(document[start:end] for start, end in zip(starts, ends, strict=True))
