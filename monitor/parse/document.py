"""What is this document, and what does it say: the one function a worker calls."""

import re
from dataclasses import replace

from monitor import markup
from monitor.model import FailureKind, Fetched, ParseFailed, ParseResult
from monitor.parse import changes, jsonfeed
from monitor.parse.decoding import decode
from monitor.parse.items import UnsafeError

_MAGIC = (
    (b"\x1f\x8b", "gzip data that nobody unpacked"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BZh", "bzip2 data that nobody unpacked"),
    (b"\xfd7zXZ\x00", "xz data that nobody unpacked"),
    (b"\x28\xb5\x2f\xfd", "zstd data that nobody unpacked"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a sound, film or picture"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound file"),
    (b"\x7fELF", "a program"),
)
_FOREIGN_ROOTS = {
    "opml": "a list of feeds (OPML), not a feed",
    "urlset": "a sitemap, not a feed",
    "sitemapindex": "a sitemap, not a feed",
    "svg": "an SVG picture, not a feed",
    "error": "an XML error message, not a feed",
}

# Each part begins differently, and nothing is tried twice: linear on any input.
_PROLOG = re.compile(
    r"(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)*+", re.DOTALL | re.IGNORECASE
)
_NAME = re.compile(r"<([A-Za-z_][\w.-]*+(?::[\w.-]++)?)")
_FEED_START = re.compile(r"<(?:rss|rdf:RDF|feed)(?=[\s>])")
_ITEM_END = re.compile(r"</(?:\w{1,20}:)?(?:item|entry)\s{0,9}>", re.IGNORECASE)
_DECLARATION = re.compile(r"<\?xml[^>]{0,300}\?>")
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_JUNK_CHARACTERS = 4096

#: So many items of one document are read, from its beginning: publishers put the newest first.
#: Some list their whole past, and to read it would take longer than any parser gets.
MAX_ITEMS = 2_000
_NEXT_ITEM = re.compile(
    r"</(?:\w{1,20}:)?(?:item|entry)\s{0,9}>(?=\s{0,99}<(?:\w{1,20}:)?(?:item|entry)[\s>])",
    re.IGNORECASE,
)


def read(fetched: Fetched, last: bytes = b"") -> ParseResult:
    """Understand RSS, RDF, Atom or JSON Feed; say of anything else in plain words what it is.

    A document without its end gives its whole entries and says `complete=False`. Of one with more
    than MAX_ITEMS entries the first ones are read, and it counts as complete: asked for again, it
    would bring the same. What `last`, the imprint of the feed's last good document, has already is
    left out.
    """
    for magic, what in _MAGIC:
        if fetched.body.startswith(magic):
            return _no_feed(f"{what}, not a feed")
    text = decode(fetched.body, fetched.content_type)
    if not text:
        return _no_feed("the server sent an empty document")
    if text[0] in "{[":
        return jsonfeed.read(text, url=fetched.url, most=MAX_ITEMS)
    return _read_xml(_without_junk(text), url=fetched.url, last=last)


def _read_xml(text: str, *, url: str, last: bytes) -> ParseResult:
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    root = _NAME.match(text, start)
    page = _HTML.match(text, start) or _HTML.match(text)
    # Some publishers wrap their feed into a page.
    if page and not _FEED_START.search(text, 0, _JUNK_CHARACTERS):
        return _no_feed(_html_page(text))
    if root is None:
        return _no_feed(f"plain text, not a feed: {_excerpt(text)}")
    if "<!ENTITY" in text[:start].upper():
        return _no_feed("it declares XML entities of its own, which is refused as dangerous")
    name = root[1]
    body, complete = _whole_items(text, start, name)
    body, left_out = _first_items(body, name)
    try:
        feed, fault = changes.read(_encoded(body), url=url, last=last)
    except UnsafeError as error:
        return _no_feed(f"{error}, which is refused as dangerous")
    if feed is None or (not (feed.entries or feed.known) and (page or not complete)):
        return _no_feed(_what_else(text, name, fault, page=bool(page), complete=complete))
    return replace(feed, complete=complete, left_out=left_out)


def _what_else(text: str, root: str, fault: str, *, page: bool, complete: bool) -> str:
    if page:
        return _html_page(text)
    if not complete:
        return f"the feed is cut off (no end of <{root[:40]}>)"
    if fault:
        return f"broken XML from which no entry could be read: {fault}"
    return _FOREIGN_ROOTS.get(root.lower(), f"an XML document <{root[:40]}>, not a feed")


def _without_junk(text: str) -> str:
    """Drop what scripts print before the feed, such as a warning of PHP."""
    if _HTML.match(text):
        return text
    declaration = text.find("<?xml", 1, _JUNK_CHARACTERS)
    if declaration > 0 and not text.startswith("<?xml"):
        return text[declaration:]
    if text.startswith(("<?", "<!")) or _FEED_START.match(text):
        return text
    start = _FEED_START.search(text, 0, _JUNK_CHARACTERS)
    return text[start.start() :] if start else text


def _whole_items(text: str, start: int, root: str) -> tuple[str, bool]:
    """Cut a document without an end after its last whole item; say whether it had one."""
    if text.endswith((f"</{root}>", f"</{root}>\n")):
        return text, True
    end = start
    for match in _ITEM_END.finditer(text):
        end = match.end()
    # A feed that only forgets to close its outermost element is all there; but in RDF the items
    # stand behind the channel.
    ends = re.escape(root) if root.lower().endswith("rdf") else f"{re.escape(root)}|channel"
    if re.compile(rf"</(?:{ends})\s*>", re.IGNORECASE).search(text, end):
        return text, True
    if end == start:
        tag = text[start : text.find(">", start) + 1]
        # Half an item would keep the whole one out for good: it has the same identifier.
        return (text, True) if tag.endswith("/>") else ("", False)
    return _closed(text[:end], root), False


def _first_items(text: str, root: str) -> tuple[str, int]:
    """Cut a document after its first MAX_ITEMS items; say how many were left out.

    Between two items only: what stands in one is never taken for the end of it.
    """
    if text.count("</") < MAX_ITEMS:  # told faster than how many of these are ends of items
        return text, 0
    ends = [match.end() for match in _NEXT_ITEM.finditer(text)]
    if len(ends) < MAX_ITEMS:
        return text, 0
    return _closed(text[: ends[MAX_ITEMS - 1]], root), len(ends) + 1 - MAX_ITEMS


def _closed(text: str, root: str) -> str:
    return text + ("</channel></rss>" if root.lower() == "rss" else f"</{root}>")


def _encoded(text: str) -> bytes:
    mended = _DECLARATION.sub("", markup.mend_references(text), count=1)
    # On the same line, so that a fault is reported where its author finds it.
    return b'<?xml version="1.0" encoding="utf-8"?>' + mended.encode()


def _no_feed(reason: str) -> ParseFailed:
    return ParseFailed(kind=FailureKind.NOT_A_FEED, reason=reason)


def _html_page(text: str) -> str:
    title = _HTML_TITLE.search(text, 0, 20_000)
    named = f" (title: {markup.one_line(title[1])[:100]})" if title else ""
    return f"an HTML page, not a feed{named}"


def _excerpt(text: str) -> str:
    return f'"{markup.one_line(text[:200])[:80]}"'
