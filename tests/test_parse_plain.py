"""Items read without feedparser: they say what feedparser would have said, or are left to it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from monitor.model import ParsedFeed
from monitor.parse import changes, feedxml, plain
from monitor.parse.decoding import decode
from monitor.parse.repair import repaired

URL = "https://feeds.example/feed"
FEEDS = Path(__file__).parent / "feeds"
SAMPLES = [
    re.sub(r"^<\?xml[^>]*>", "", decode(path.read_bytes()))
    for path in sorted(FEEDS.iterdir())
    if path.suffix == ".xml" and path.stem != "cut_off"
]

NAMESPACES = (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:x="urn:x"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
)
RSS = f'<rss version="2.0"{NAMESPACES}><channel><title>Wire</title>{{}}</channel></rss>'
ATOM = (
    f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"{NAMESPACES}>'
    "<title>Wire</title>{}</feed>"
)


def by_feedparser_alone(document: str) -> ParsedFeed | None:
    try:
        return feedxml.read(repaired(document.encode()), url=URL)[0]
    except (LookupError, AttributeError, TypeError, ValueError):
        reject()  # it fails of what stands where it expects something else


def read(document: str) -> ParsedFeed | None:
    found, _ = changes.read(document.encode(), url=URL)
    return found and replace(found, imprint=b"")


def is_plain(document: str) -> list[bool]:
    return [said is not None for said in plain.read(document.encode())[1]]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_real_feed_reads_as_by_feedparser_alone(sample: str) -> None:
    assert read(sample) == by_feedparser_alone(sample)


names = st.sampled_from(
    [
        "title", "title", "link", "link", "guid", "id", "description", "description", "summary",
        "content", "content:encoded", "author", "dc:creator", "dc:title", "dc:date", "dc:subject",
        "dc:description", "dc:language", "dc:publisher", "pubDate", "published", "updated",
        "category", "source", "media:title", "media:content", "media:group", "media:description",
        "itunes:author", "itunes:summary", "itunes:keywords", "feedburner:origLink", "comments",
        "enclosure", "name", "email", "uri", "image", "url", "x:item", "x:title", "x:y", "item",
        "rights", "language", "svg", "div",
    ]
)  # fmt: skip
texts = st.sampled_from(
    [
        "", "", " ", "Kling 3.0", "可灵 &amp; co", "https://a.example/1?a=1&amp;b=2",
        "https://a.example/?a&amp;lt;b", "http:////a.example/", "/relative", "Ã©tude", "Â\u00a0x",
        "\x85dots", "<![CDATA[<p>one</p> &nbsp; <b>two</b>]]>", "20 Nov 2026 08:30:00 GMT",
        "2026-11-21T08:00:00Z", "ann@a.example (Ann)", "Ann &lt;ann@a.example&gt;", "en", "a,b",
        "A", "B" * 600, "x <!-- no --> y",
    ]
)  # fmt: skip
attributes = st.sampled_from(
    [
        "", "", "", "", ' type="html"', ' type="text"', ' type="xhtml"', ' type="IMAGE/png"',
        ' isPermaLink="false"', ' isPermaLink="true"', ' ISPERMALINK="TRUE"', ' xml:lang="fr"',
        ' lang="fr"', ' href="https://a.example/h"', ' href="https://a.example/s" rel="self"',
        ' HREF="https://a.example/r" REL="Alternate" type="text/HTML"', ' url="https://a.example/u"',
        ' href="/x" type=""', ' href=" /y " rel=""', ' term="T"', ' term="T" label="L" scheme="s"',
        ' domain="d"', ' term="" label="only"', ' xml:base="https://b.example/"', ' base="/c/"',
        ' mode="base64"', ' x:href="https://a.example/x"', ' src="https://a.example/src"',
    ]
)  # fmt: skip
leaves = st.tuples(names, attributes, texts).map(
    lambda parts: f"<{parts[0]}{parts[1]}>{parts[2]}</{parts[0]}>"
)
elements = st.one_of(
    leaves,
    leaves,
    st.tuples(names, attributes, st.lists(leaves, max_size=3)).map(
        lambda parts: f"<{parts[0]}{parts[1]}>{''.join(parts[2])}</{parts[0]}>"
    ),
    st.tuples(st.lists(leaves, max_size=2), texts).map(
        lambda parts: f"<author>{parts[1]}{''.join(parts[0])}<name>Bo</name></author>"
    ),
)
items = st.tuples(
    st.sampled_from(
        ["", "", "", ' rdf:about="https://a.example/about"', ' xml:lang="it"', ' x="y"']
    ),
    st.lists(elements, max_size=6),
)


@settings(max_examples=200)
@given(st.sampled_from([RSS, ATOM]), st.lists(items, max_size=3))
def test_whatever_an_item_holds_it_reads_as_by_feedparser_alone(
    feed: str, contents: list[tuple[str, list[str]]]
) -> None:
    name = "item" if feed == RSS else "entry"
    document = feed.format(
        "".join(f"<{name}{more}>{''.join(inside)}</{name}>" for more, inside in contents)
    )
    expected = by_feedparser_alone(document)
    assert read(document) == expected
