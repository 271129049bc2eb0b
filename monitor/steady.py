"""What of a feed's document has to be the same for it to say nothing new.

Many servers write the time into a feed, or into a comment behind it, with every answer.
"""

import hashlib
import re

# What changes around the items with every build, and is not read.
_VOLATILE = re.compile(
    rb"<((?:\w{1,20}:)?(?:lastBuildDate|pubDate|updated|modified|date))(?:\s[^<>]*)?>[^<]*</\1\s*>"
)
_ITEM = re.compile(rb"<((?:[^\s<>/:]*+:)?(?:item|entry))(?=[\s/>])", re.IGNORECASE)
_BLANKS = b"\xef\xbb\xbf \t\r\n"
#: So much before and behind the items is looked at; around most there are some hundred bytes.
_AROUND_BYTES = 64 * 1024


def fingerprint(body: bytes) -> str:
    """Stand for a document, whenever it was built: equal for those of which nothing else differs.

    Dates and comments before the first item and behind the last one do not count.
    """
    start, end = _items(body)
    digest = hashlib.blake2b(digest_size=16)
    for part in (steady(body[:start]), memoryview(body)[start:end], steady(body[end:])):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def steady(around: bytes) -> bytes:
    """Leave out of what is around items their dates, comments, and how wide the gaps are."""
    first, *rest = around.split(b"<!--")
    # A regular expression would look for the end of each comment that has none.
    behind = (part.partition(b"-->") for part in rest)
    uncommented = first + b"".join(after if end else inside for inside, end, after in behind)
    return b" ".join(_VOLATILE.sub(b"", uncommented).split())


def _items(body: bytes) -> tuple[int, int]:
    """Say where the first item begins and the last one ends; all of it where that is not seen."""
    # In JSON such a sign stands in a text.
    is_markup = body[:_AROUND_BYTES].lstrip(_BLANKS).startswith(b"<")
    first = _ITEM.search(body, 0, _AROUND_BYTES) if is_markup else None
    if first is None:
        return 0, len(body)
    last = body.rfind(b"</" + first[1] + b">", max(0, len(body) - _AROUND_BYTES))
    return first.start(), last if last > first.start() else len(body)
