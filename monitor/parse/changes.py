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
from monitor.steady import steady

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
    items = _beside_known(document, before)
    about = _without(document, tuple(items)) if items else b""
    outside = item_hash(steady(about))
    if not items or outside != before.outside:
        items = {place: item_hash(document[slice(*place)]) for place in item_ranges(document)}
        about = _without(document, tuple(items))
        outside = item_hash(steady(about))
    if not items:
        return feedxml.read(repaired(document), url=url)
    ranges, hashes = tuple(items), tuple(items.values())
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


def _beside_known(document: bytes, before: Imprint) -> dict[Range, bytes]:
    """Give place and hash of every item, looking only at what is not known; {} if in doubt.

    What is the same to the byte was found sound before, if what is around the items has not
    changed. So it is scanned with an empty item in its place, which shows that items may stand
    there.
    """
    name = b"item" if b"<item" in document else b"entry"
    empty = b"<%b></%b>" % (name, name)
    runs = _known_runs(document, name, before)
    places = [list(run) for run in runs]
    starts = (0, *(run[-1][1] for run in places))
    ends = (*(run[0][0] for run in places), len(document))
    reduced = empty.join(document[at:end] for at, end in zip(starts, ends, strict=True))
    items: dict[Range, bytes] = {}
    met, shift, unknown = 0, 0, False
    for start, end in item_ranges(reduced) if runs else ():
        if met < len(runs) and start + shift == places[met][0][0]:
            items |= runs[met]
            shift = places[met][-1][1] - end
            met += 1
        else:
            place = start + shift, end + shift
            items[place] = item_hash(document[slice(*place)])
            unknown = True
    # A known item that is left stands in a comment or a text. And whether an item reads otherwise
    # for another's base address, only all of them together show.
    return {} if met < len(runs) or (unknown and _BASE.search(document)) else items


def _known_runs(document: bytes, name: bytes, before: Imprint) -> list[dict[Range, bytes]]:
    """Give place and hash of known items, those together between which there is nothing."""
    runs: list[dict[Range, bytes]] = []
    begin, finish = b"<" + name, b"</" + name + b">"
    start, ended = document.find(begin) if before.items else -1, -1
    while start >= 0 and (last := document.find(finish, start)) >= 0:
        end = last + len(finish)
        key = item_hash(document[start:end])
        if key in before.items:
            if not runs or document[ended:start].strip():
                runs.append({})
            runs[-1][start, end] = key
            ended = end
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


def _without(document: bytes, ranges: Sequence[Range]) -> bytes:
    """Cut out parts that lie one behind the other."""
    starts = (0, *(end for _, end in ranges))
    ends = (*(start for start, _ in ranges), len(document))
    return b"".join(document[start:end] for start, end in zip(starts, ends, strict=True))
