"""RSS, RDF and Atom to a `ParsedFeed`, by feedparser.

Its sanitiser and link resolver are off: they cost most of its time, lose text, and are no security
boundary. Every value is reduced to plain text by `markup` instead. feedparser gets no address to
resolve against, so that identifiers arrive as they stand in the document; links are resolved here.
"""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.sax import SAXParseException

import feedparser
from feedparser.mixin import _FeedParserMixin

from monitor.model import ParsedFeed
from monitor.parse.entries import Reading, Statements
from monitor.parse.values import absolute_link, label, site_name

#: The prefix by which feedparser knows each namespace, in small letters; "" for those of feeds.
NAMESPACES: Mapping[str, str] = {
    uri.lower(): prefix for uri, prefix in _FeedParserMixin.namespaces.items()
}

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_ITEM_START = re.compile(rb"<(?:\w{1,20}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_SKIPPED = re.compile(
    rb"<skip(hours|days)\b[^>]{0,100}>(.{0,2000}?)</skip", re.IGNORECASE | re.DOTALL
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A wish beyond a week is a mistake (some publishers write seconds).
_MAX_TTL_MINUTES = 7 * 24 * 60


def read(document: bytes, *, url: str, about: bytes | None = None) -> tuple[ParsedFeed | None, str]:
    """Read a document in UTF-8.

    Args:
        document: Its text, decoded and repaired.
        url: Where it came from: relative links are resolved against it.
        about: What it says outside of its items, None where that is not known.

    Returns:
        The feed, None if the document is none or lost all its entries; and where its XML is broken,
        "" if it is not. A broken document that still gives its entries is a feed.
    """
    try:
        # Bytes or text would be taken for the name of a file to open.
        found = feedparser.parse(
            io.BytesIO(document),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers=_HEADERS,
        )
    except (TypeError, ValueError, LookupError, AttributeError):
        return None, "an end without a beginning"  # such as "</ height=", taken for a number
    fault = _fault(found.get("bozo_exception")) if found.bozo else ""
    if not found.entries and (not found.version or (fault and _ITEM_START.search(document))):
        return None, fault
    return _feed(found, document if about is None else about, url), fault


def _fault(error: object) -> str:
    if isinstance(error, SAXParseException):
        return f"line {error.getLineNumber()}: {error.getMessage()}"
    return "its text cannot be read"


def _feed(found: Any, about: bytes, url: str) -> ParsedFeed:  # noqa: ANN401  feedparser has no types
    feed = found.feed
    atom = found.version.startswith("atom")
    hours, days = _skips(about)
    head = ParsedFeed(
        title=site_name(feed.get("title")),
        link=absolute_link(feed.get("link"), base=url),
        lang=label(feed.get("language")) or None,
        entries=(),
        ttl=_ttl(feed.get("ttl")),
        skip_hours=hours,
        skip_days=days,
    )
    reading = Reading(head, url=url, atom=atom)
    stated = (_statements(entry, atom=atom) for entry in found.entries)
    return replace(head, entries=tuple(map(reading.entry, stated)))


def _statements(entry: Any, *, atom: bool) -> Statements:  # noqa: ANN401  feedparser has no types
    source = entry.get("source") or {}
    # feedparser hands the feed's xml:lang down to each title.
    inherited = (entry.get("title_detail") or {}).get("language") if atom else ""
    return Statements(
        guid=entry.get("id") or "",
        # Where a counting service stands between, the first is the publisher's own address.
        links=[entry.get("feedburner_origlink") or "", entry.get("link") or ""],
        title=entry.get("title") or "",
        texts=[entry.get("summary") or "", *_contents(entry)],
        author=entry.get("author") or "",
        publisher=(isinstance(source, Mapping) and source.get("title")) or "",
        tags=[
            tag.get("label") if label(tag.get("label")) else tag.get("term")
            for tag in entry.get("tags") or ()
        ],
        lang=entry.get("language") or "",
        inherited_lang=inherited or "",
        # Asking for a missing `updated` gives `published`; only `in` tells.
        dates=[str(entry[name]) for name in ("published", "updated", "created") if name in entry],
    )


def _contents(entry: Any) -> Iterable[str]:  # noqa: ANN401  feedparser has no types
    for content in entry.get("content") or ():
        yield content.get("value") or ""


def _ttl(text: object) -> timedelta:
    text = str(text or "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return timedelta(0)
    return timedelta(minutes=min(int(text), _MAX_TTL_MINUTES))


def _skips(about: bytes) -> tuple[frozenset[int], frozenset[int]]:
    hours: set[int] = set()
    days: set[int] = set()
    for match in _SKIPPED.finditer(about):
        words = re.sub(r"<[^>]*>", " ", match[2].decode("utf-8", "replace")).lower().split()
        if match[1].lower() == b"hours":
            # The first RSS counted from 1 to 24.
            hours |= {int(word) % 24 for word in words if re.fullmatch(r"[0-9]{1,2}", word)}
        else:
            days |= {_WEEKDAYS.index(word) for word in words if word in _WEEKDAYS}
    # A feed that asks never to be polled means nothing by it.
    return (
        frozenset(hours) if len(hours) < 24 else frozenset(),
        frozenset(days) if len(days) < 7 else frozenset(),
    )
