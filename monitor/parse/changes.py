"""Read of a document only what changed since the one before.

To read an item costs many times what it costs to find and to hash it. So items that the last good
document had, byte for byte, are cut out first, and of the others feedparser sees those that are not
`plain`. What is kept reads as in the whole document; where that is not certain, feedparser reads
the whole document.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from monitor import identity
from monitor.model import ParsedFeed
from monitor.parse import feedxml, imprint, plain
from monitor.parse.entries import Reading
from monitor.parse.imprint import Imprint, item_hash
from monitor.parse.items import Range, item_ranges
from monitor.parse.repair import repaired

# What changes around the items with every build, and is not read.
_VOLATILE = re.compile(
    rb"<((?:\w{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]*)?>[^<]*</\1\s*>"
)
_BASE = re.compile(rb"base\s*=")


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
    before = imprint.load(last)
    ranges: Sequence[Range] = _beside_known(document, before)
    about = _without(document, ranges)
    outside = item_hash(_steady(about))
    if not ranges or outside != before.outside:
        ranges = item_ranges(document)
        about = _without(document, ranges)
        outside = item_hash(_steady(about))
    if not ranges:
        return feedxml.read(repaired(document), url=url)
    hashes = [item_hash(document[start:end]) for start, end in ranges]
    known = [place for place, key in zip(ranges, hashes, strict=True) if key in before.items]
    new = [key for key in hashes if key not in before.items]
    head = before.feed if outside == before.outside else None
    feed, fault = _read_new(document, ranges, known, head, about=about, url=url)
    if feed is None:
        return read(document, url=url) if known else feedxml.read(repaired(document), url=url)
    marks = dict(zip(new, map(identity.marks, feed.entries), strict=True))
    now = {key: before.items.get(key) or marks[key] for key in hashes}
    left_out = tuple(now[key] for key in hashes if key in before.items)
    if identity.keys_changed(before.items.values(), now.values(), among=left_out):
        # Rare: a guid or link has just become ambiguous, or is not any more.
        return read(document, url=url)
    after = Imprint(feed=replace(feed, entries=()), outside=outside, items=now)
    return replace(feed, known=left_out, imprint=imprint.dump(after)), fault


def _beside_known(document: bytes, before: Imprint) -> list[Range]:
    """Give the place of every item, looking only at those that are not known; [] if in doubt.

    What is the same to the byte was found sound before, if what is around the items has not
    changed. So it is scanned with an empty item in its place, which shows that items may stand
    there.
    """
    name = b"item" if b"<item" in document else b"entry"
    empty = b"<%b></%b>" % (name, name)
    runs = _known_runs(document, name, before)
    starts = (0, *(run[-1][1] for run in runs))
    ends = (*(run[0][0] for run in runs), len(document))
    reduced = empty.join(document[at:end] for at, end in zip(starts, ends, strict=True))
    ranges: list[Range] = []
    expected = iter((*runs, []))
    run, shift, unknown = next(expected), 0, False
    for start, end in item_ranges(reduced) if runs else ():
        if run and start + shift == run[0][0]:
            ranges += run
            run, shift = next(expected), run[-1][1] - end
        else:
            ranges.append((start + shift, end + shift))
            unknown = True
    # A known item that is left stands in a comment or a text. And whether an item reads otherwise
    # for another's base address, only all of them together show.
    return [] if run or (unknown and _BASE.search(document)) else ranges


def _known_runs(document: bytes, name: bytes, before: Imprint) -> list[list[Range]]:
    """Give the places of known items, those together between which there is nothing."""
    runs: list[list[Range]] = []
    begin, finish = b"<" + name, b"</" + name + b">"
    start = document.find(begin) if before.items else -1
    while start >= 0 and (last := document.find(finish, start)) >= 0:
        end = last + len(finish)
        if item_hash(document[start:end]) in before.items:
            if runs and not document[runs[-1][-1][1] : start].strip():
                runs[-1].append((start, end))
            else:
                runs.append([(start, end)])
        start = document.find(begin, end)
    return runs


def _read_new(
    document: bytes,
    ranges: Sequence[Range],
    known: Sequence[Range],
    head: ParsedFeed | None,
    *,
    about: bytes,
    url: str,
) -> tuple[ParsedFeed | None, str]:
    """Read the items that are not known, and what the document says of itself if `head` is None.

    feedparser sees only what it must. None where it takes something else for items than we do.
    """
    if head and len(known) == len(ranges):
        return head, ""
    atom, stated = plain.read(_without(document, known))
    left_out = set(known)
    new = [place for place in ranges if place not in left_out]
    odd = {place for place, said in zip(new, stated, strict=True) if said is None}
    feed, fault = head, ""
    if feed is None or odd:
        rest = _without(document, [place for place in ranges if place not in odd])
        feed, fault = feedxml.read(repaired(rest), url=url, about=about)
        if feed is None or len(feed.entries) != len(odd):
            return None, fault
    others = iter(feed.entries)
    reading = Reading(feed, url=url, atom=atom)
    entries = tuple(reading.entry(said) if said else next(others) for said in stated)
    return replace(feed, entries=entries), fault


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
