"""RSS, RDF and Atom to a `ParsedFeed`, by feedparser.

Its sanitiser and link resolver are off: they cost most of its time, lose text, and are no security
boundary. Every value is reduced to plain text by `markup` instead. feedparser gets no address to
resolve against, so that identifiers arrive as they stand in the document; links are resolved here.
"""

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from xml.sax import SAXParseException

import feedparser

from monitor import markup
from monitor.model import Entry, ParsedFeed
from monitor.parse.dates import default_zone, parse_date
from monitor.parse.values import absolute_link, joined_texts, label, site_name

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
    # Bytes or text would be taken for the name of a file to open.
    found = feedparser.parse(
        io.BytesIO(document),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers=_HEADERS,
    )
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
    link = absolute_link(feed.get("link"), base=url)
    lang = label(feed.get("language")) or None
    # RFC 4287 resolves against the document; in RSS a relative link is meant as on the site.
    base = url if atom else link or url
    zone = default_zone(lang)
    hours, days = _skips(about)
    return ParsedFeed(
        title=site_name(feed.get("title")),
        link=link,
        lang=lang,
        entries=tuple(
            _entry(entry, base=base, zone=zone, feed_lang=lang, atom=atom)
            for entry in found.entries
        ),
        ttl=_ttl(feed.get("ttl")),
        skip_hours=hours,
        skip_days=days,
    )


def _entry(
    entry: Any,  # noqa: ANN401  feedparser has no types
    *,
    base: str,
    zone: tzinfo,
    feed_lang: str | None,
    atom: bool,
) -> Entry:
    # Where a counting service stands between, this is the publisher's own address.
    link = absolute_link(entry.get("feedburner_origlink"), base=base)
    lang = label(entry.get("language"))
    if atom and not lang:
        # feedparser hands the feed's xml:lang down; only another one is the entry's own.
        inherited = label((entry.get("title_detail") or {}).get("language"))
        lang = inherited if inherited != feed_lang else ""
    source = entry.get("source") or {}
    return Entry(
        guid=(entry.get("id") or "").strip() or None,
        link=link or absolute_link(entry.get("link"), base=base),
        title=markup.one_line(entry.get("title") or ""),
        text=joined_texts(_texts(entry)),
        author=label(entry.get("author")),
        publisher=label(source.get("title")) if isinstance(source, Mapping) else "",
        tags=_tags(entry.get("tags") or ()),
        lang=lang or None,
        published_at=_published_at(entry, zone),
    )


def _texts(entry: Any) -> Iterable[str]:  # noqa: ANN401  feedparser has no types
    yield entry.get("summary") or ""
    for content in entry.get("content") or ():
        yield content.get("value") or ""


def _tags(tags: Iterable[Any]) -> tuple[str, ...]:
    names = (label(tag.get("label")) or label(tag.get("term")) for tag in tags)
    return tuple(dict.fromkeys(filter(None, names)))[:50]


def _published_at(entry: Any, zone: tzinfo) -> datetime | None:  # noqa: ANN401  feedparser has no types
    for name in ("published", "updated", "created"):
        # Asking for a missing `updated` gives `published`; only `in` tells.
        if name in entry and (moment := parse_date(str(entry[name]), zone)):
            return moment
    return None


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
