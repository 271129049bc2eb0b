"""What a document is taken for: damaged feeds, things that are no feed, hostile ones.

These call the worker's function in this process; that a worker is safe is tested with the pool.
"""

import gzip
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import NO_VALIDATORS, FailureKind, Fetched, ParsedFeed, ParseFailed, ParseResult
from monitor.parse.document import MAX_ITEMS, read

ITEM = "<item><title>Kling learns to wait</title><link>https://a.example/1</link></item>"
RSS = f'<rss version="2.0"><channel><title>Wire</title>{ITEM}</channel></rss>'
DECLARED = '<?xml version="1.0" encoding="{}"?>'
CHINESE = RSS.replace("Kling learns to wait", "可灵学会等待，视频模型更快更稳定")


def parse(body: bytes | str, content_type: str = "") -> ParseResult:
    url = "https://feeds.example/feed"
    return read(
        Fetched(
            feed_url=url,
            url=url,
            moved_to=None,
            body=body.encode() if isinstance(body, str) else body,
            content_type=content_type,
            validators=NO_VALIDATORS,
        )
    )


def titles(body: bytes | str, content_type: str = "") -> list[str]:
    parsed = parse(body, content_type)
    assert isinstance(parsed, ParsedFeed), parsed
    return [entry.title for entry in parsed.entries]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("\n\n  " + DECLARED.format("utf-8") + RSS, id="blank lines first"),
        pytest.param("\ufeff\ufeff" + RSS, id="byte order mark twice"),
        pytest.param(
            "<br/><b>Warning</b>: line 3" + DECLARED.format("utf-8") + RSS, id="a warning first"
        ),
        pytest.param("Notice: undefined index\n" + RSS, id="a notice first"),
        pytest.param(RSS + "<!-- served in 3 ms --><script>x</script>", id="junk after the end"),
        pytest.param(RSS.replace("Wire", "Wire & Co"), id="a bare ampersand"),
        pytest.param(RSS.replace("Wire", "Wire &nbsp; Co"), id="an undefined entity"),
        pytest.param(RSS.replace("Wire", "Wi\x0bre\x00"), id="control characters"),
        pytest.param(RSS.replace("<title>Wire", "<x:y>a</x:y><title>Wire"), id="an unknown prefix"),
        pytest.param(RSS.replace("Wire", "&#xD83D;&#55357;Wire&#x1F;"), id="half a character"),
        pytest.param(RSS.replace("Wire", "&#99999999999999999999;"), id="a reference to nothing"),
        pytest.param(RSS.replace("Wire", f"&#{'9' * 10_000};"), id="an endless reference"),
        pytest.param(
            RSS.replace("Wire", "</width></height></media:player></media:thumbnail>&Wire"),
            id="ends without a beginning",
        ),
        pytest.param(RSS.removesuffix("</rss>"), id="the outermost element never closed"),
        pytest.param(f"<!DOCTYPE html><html><body>{RSS}</body></html>", id="wrapped into a page"),
        pytest.param(DECLARED.format("punycode") + RSS, id="punycode declared"),
        pytest.param(DECLARED.format("no-such-thing") + RSS, id="an unknown encoding declared"),
        pytest.param(RSS.encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param(RSS.encode("utf-16-be"), id="UTF-16 without"),
        pytest.param(RSS.encode("utf-32-le"), id="UTF-32 without"),
    ],
)
def test_a_damaged_feed_still_gives_its_entries(body: bytes | str) -> None:
    assert titles(body) == ["Kling learns to wait"]


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        pytest.param("gb18030", "utf-8", "", id="declared as UTF-8"),
        pytest.param("gb18030", "gb2312", "", id="declared as its subset"),
        pytest.param("gb18030", "", "text/xml; charset=GBK", id="told by HTTP"),
        pytest.param("gb18030", "", "text/xml", id="told by nobody"),
        pytest.param("utf-8", "gb2312", "text/xml; charset=iso-8859-1", id="UTF-8 told as others"),
        pytest.param("hz", "hz-gb-2312", "", id="seven bits"),
    ],
)
def test_chinese_is_read_whatever_its_label(
    encoding: str, declared: str, content_type: str
) -> None:
    text = (DECLARED.format(declared) if declared else "") + CHINESE
    assert titles(text.encode(encoding), content_type) == ["可灵学会等待，视频模型更快更稳定"]


def test_western_text_is_read_as_windows_sends_it() -> None:
    feed = DECLARED.format("iso-8859-1") + RSS.replace("Kling learns", "“Kling” löst")
    assert titles(feed.encode("cp1252")) == ["“Kling” löst to wait"]


def test_a_few_bad_bytes_cost_a_few_characters() -> None:
    feed = CHINESE.encode().replace("等".encode(), b"\xe7\xad")
    assert titles(feed, "text/xml; charset=iso-8859-1") == ["可灵学会\ufffd待，视频模型更快更稳定"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("", "the server sent an empty document", id="empty"),
        pytest.param(" \n ", "the server sent an empty document", id="blank"),
        pytest.param(
            "<!doctype html><html><head><title>Sign &amp; in</title></head></html>",
            "an HTML page, not a feed (title: Sign & in)",
            id="a page",
        ),
        pytest.param("<HTML><body>No", "an HTML page, not a feed", id="a page without a title"),
        pytest.param(
            '{"error": "not found"}',
            'a JSON document, not a feed: {"error": "not found"}',
            id="a JSON error",
        ),
        pytest.param("Not Found", 'plain text, not a feed: "Not Found"', id="text"),
        pytest.param(
            gzip.compress(RSS.encode()), "gzip data that nobody unpacked, not a feed", id="gzip"
        ),
        pytest.param(b"\x89PNG\r\n\x1a\n123", "a PNG picture, not a feed", id="a picture"),
        pytest.param(
            "<rss:rss rss:version=2.0><rss:channel><rss:item/></rss:channel></rss:rss>",
            "broken XML from which no entry could be read: line 1: not well-formed (invalid token)",
            id="broken beyond reading",
        ),
        pytest.param(
            '<rss version="2.0"><channel><item><image></ height="4"/></item></channel></rss>',
            "broken XML from which no entry could be read: an end without a beginning",
            id="what makes feedparser fall over",
        ),
        pytest.param("<opml><body/></opml>", "a list of feeds (OPML), not a feed", id="OPML"),
        pytest.param("<note><to/></note>", "an XML document <note>, not a feed", id="other XML"),
        pytest.param(
            '<rss version="2.0"><channel><title>Wi',
            "the feed is cut off (no end of <rss>)",
            id="cut early",
        ),
        pytest.param(
            RSS[: RSS.index("learns")],
            "the feed is cut off (no end of <rss>)",
            id="cut in its first item",
        ),
        pytest.param(
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
            ' xmlns="http://purl.org/rss/1.0/"><channel><title>Wire</title></channel><item><ti',
            "the feed is cut off (no end of <rdf:RDF>)",
            id="RDF cut in its first item",
        ),
        pytest.param(
            f'<!DOCTYPE rss [<!ENTITY a "{"ha" * 9}"><!ENTITY b "&a;&a;">]>{RSS}',
            "it declares XML entities of its own, which is refused as dangerous",
            id="entity bomb",
        ),
    ],
)
def test_what_is_no_feed_is_named_in_plain_words(body: bytes | str, reason: str) -> None:
    assert parse(body) == ParseFailed(kind=FailureKind.NOT_A_FEED, reason=reason)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        pytest.param("Kling&#55357;&#56832;", "Kling😀", id="a pair"),
        pytest.param("&#xd83d;&#XDE00;Kling", "😀Kling", id="a hexadecimal pair"),
        pytest.param("&#55357&#56832;Kling", "😀Kling", id="a pair without its semicolon"),
        pytest.param("&#55357;&#55357;&#56832;", "\ufffd😀", id="a half and a pair"),
        pytest.param("&#xD800;Kling", "\ufffdKling", id="a half"),
        pytest.param("&#xDC00;&#xD800; Kling", "\ufffd\ufffd Kling", id="a pair turned around"),
        pytest.param("Kling &#x110000;", "Kling \ufffd", id="one beyond Unicode"),
        pytest.param("Kling&#1;&#xFFFF;&#12;", "Kling", id="controls"),
        pytest.param("Kling&#146;s &#x97; Ali", "Kling’s — Ali", id="as Windows counts"),
        pytest.param("&#x4e;&#27611;&#128512;", "N毛😀", id="characters"),
        pytest.param("a &#60;b&#62; &#38;amp;", "a &", id="markup"),
        pytest.param("<![CDATA[Kling&#55357;&#56832;]]>", "Kling😀", id="a pair, escaped"),
    ],
)
def test_a_numeric_reference_costs_no_entry(written: str, title: str) -> None:
    before = ITEM.replace("Kling learns to wait", written)
    assert titles(RSS.replace(ITEM, before + ITEM)) == [title, "Kling learns to wait"]


@pytest.mark.parametrize("reference", ["&#xD800;", "&#55357;&#56832;", "&#20013;", "&#" + "9" * 99])
def test_a_megabyte_of_references_ends_soon(reference: str) -> None:
    # A quadratic step would run into the suite's time limit.
    written = reference * (1_000_000 // len(reference))
    assert titles(RSS.replace("Wire", written)) == ["Kling learns to wait"]


RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    ' xmlns="http://purl.org/rss/1.0/"><channel><title>Wire</title></channel>{}</rdf:RDF>'
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(RSS.replace(ITEM, "{}"), id="RSS"),
        pytest.param(RSS.replace(ITEM, "{}").removesuffix("</channel></rss>"), id="cut off"),
        pytest.param(RDF, id="RDF"),
        pytest.param(
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>{}</feed>', id="Atom"
        ),
    ],
)
def test_of_fifty_thousand_items_the_first_ones_are_read(body: str) -> None:
    name = "entry" if "<feed" in body else "item"
    items = "\n".join(
        # What looks like the end of an item in the middle of it must not be taken for one.
        f"<{name}><title>Kling {number}</title><x:item>a</x:item ><y>b</y></{name}>"
        for number in range(50_000)
    )
    parsed = parse(body.format(items))
    assert isinstance(parsed, ParsedFeed), parsed
    assert [entry.title for entry in parsed.entries] == [f"Kling {n}" for n in range(MAX_ITEMS)]
    assert parsed.left_out == 50_000 - MAX_ITEMS
    assert parsed.title == "Wire"
    # Its validators are kept: an unchanged one is not sent again.
    assert parsed.complete is (not body.endswith("{}"))


def test_of_fifty_thousand_items_of_json_the_first_ones_are_read() -> None:
    items = [{"id": number, "title": f"Kling {number}"} for number in range(50_000)]
    parsed = parse(json.dumps({"title": "Wire", "items": items}))
    assert isinstance(parsed, ParsedFeed)
    assert [entry.title for entry in parsed.entries] == [f"Kling {n}" for n in range(MAX_ITEMS)]
    assert parsed.left_out == 50_000 - MAX_ITEMS


def test_a_feed_of_the_most_items_is_read_to_its_end() -> None:
    last = ITEM.replace("Kling learns to wait", "The last one")
    body = RSS.replace(ITEM, ITEM * (MAX_ITEMS - 1) + last + "<image><title>x</title></image>")
    parsed = parse(body)
    assert isinstance(parsed, ParsedFeed)
    assert (len(parsed.entries), parsed.left_out) == (MAX_ITEMS, 0)
    assert parsed.entries[-1].title == "The last one"


@pytest.mark.parametrize("text", ['{"items": [', "[" * 100_000, '{"items": ' + "9" * 5000 + "}"])
def test_broken_json_is_named(text: str) -> None:
    failed = parse(text)
    assert isinstance(failed, ParseFailed)
    assert failed.kind is FailureKind.NOT_A_FEED
    assert "JSON" in failed.reason
    assert not re.search(r"Error|recursion|sys\.", failed.reason)


def test_an_old_document_type_is_no_entity() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://a.example/rss.dtd">'
    assert titles(DECLARED.format("utf-8") + doctype + RSS) == ["Kling learns to wait"]


def test_an_article_about_entities_is_read() -> None:
    about = RSS.replace("Kling learns", "&lt;!ENTITY learns")
    assert titles(about) == ["<!ENTITY learns to wait"]


def test_a_feed_without_entries_is_a_feed() -> None:
    assert titles('<rss version="2.0"><channel><title>Quiet</title></channel></rss>') == []
    assert titles('<feed xmlns="http://www.w3.org/2005/Atom"/>') == []


@pytest.mark.parametrize(
    ("written", "link"),
    [
        pytest.param("https://b.example/x y", "https://b.example/x%20y", id="a blank"),
        pytest.param("\n https://b.example/\nlong ", "https://b.example/long", id="line ends"),
        pytest.param("//b.example/x", "https://b.example/x", id="without a scheme"),
        pytest.param("?id=7", "https://feeds.example/feed?id=7", id="relative"),
        pytest.param("http://u:p@b.example:81/x?", "http://b.example:81/x", id="a password"),
        pytest.param("https://a.example@b.example/@x", "https://b.example/@x", id="a user"),
        pytest.param("https://B.example/x", "https://B.example/x", id="as it stands"),
        pytest.param("https://кling.example", "https://xn--ling-k5d.example", id="two scripts"),
        pytest.param("https://新闻。例/可灵", "https://xn--efvy88h.xn--fsq/可灵", id="Chinese"),
        pytest.param("https://Straße.example:80/", "https://xn--strae-oqa.example:80/", id="ß"),
        pytest.param("https://[::1]/x", "https://[::1]/x", id="a number"),
        pytest.param("https://a\uff20b.example/x", None, id="a sign that turns into another"),
        pytest.param("mailto:ada@b.example", None, id="mail"),
        pytest.param("data:text/html,hello", None, id="data"),
        pytest.param("https://:80/x", None, id="no host"),
        pytest.param("https://[::1", None, id="no address"),
        pytest.param("https://b.example/" + "x" * 5000, None, id="endless"),
        pytest.param(" ", None, id="blank"),
    ],
)
def test_a_link_is_a_web_address_or_none(written: str, link: str | None) -> None:
    parsed = parse(RSS.replace("https://a.example/1", written))
    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].link == link


def test_the_publishers_own_link_counts_behind_a_counting_service() -> None:
    own = "<feedburner:origLink>https://own.example/1</feedburner:origLink></item>"
    space = ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"'
    parsed = parse(RSS.replace("</item>", own).replace("<rss", "<rss" + space))
    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].link == "https://own.example/1"


def test_a_caption_or_a_podcast_summary_pushes_nothing_out() -> None:
    item = (
        "<item><title>t</title><media:description>caption</media:description>"
        "<itunes:summary>podcast</itunes:summary><description>The news itself.</description></item>"
    )
    parsed = parse(
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">'
        f"<channel><title>Wire</title>{item}</channel></rss>"
    )
    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].text == "The news itself."


def test_an_author_of_a_hundred_thousand_letters_takes_no_time() -> None:
    item = ITEM.replace("</item>", f"<author>{'a' * 100_000}</author></item>")
    assert titles(RSS.replace(ITEM, item)) == ["Kling learns to wait"]


def test_a_ttl_in_seconds_or_words_is_bounded() -> None:
    def hours(ttl: str) -> float:
        parsed = parse(RSS.replace(ITEM, f"<ttl>{ttl}</ttl>{ITEM}"))
        assert isinstance(parsed, ParsedFeed)
        return parsed.ttl.total_seconds() / 3600

    assert [hours("90"), hours("86400000"), hours("daily"), hours("-5")] == [1.5, 168, 0, 0]


def test_a_feed_that_asks_never_to_be_polled_is_not_taken_at_its_word() -> None:
    every_hour = "".join(f"<hour>{hour}</hour>" for hour in range(1, 25))
    parsed = parse(RSS.replace(ITEM, f"<skipHours>{every_hour}</skipHours>{ITEM}"))
    assert isinstance(parsed, ParsedFeed)
    assert parsed.skip_hours == frozenset()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_a_plain_word(body: bytes) -> None:
    assert isinstance(parse(body), ParsedFeed | ParseFailed)


@given(st.integers(0, len(CHINESE.encode())), st.integers(0, 60), st.binary(max_size=8))
def test_a_feed_damaged_anywhere_is_a_feed_or_a_plain_word(at: int, cut: int, put: bytes) -> None:
    body = CHINESE.encode()
    assert isinstance(parse(body[:at] + put + body[at + cut :]), ParsedFeed | ParseFailed)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        pytest.param("Rest of the Planet -", "Rest of the Planet", id="a dash at the end"),
        pytest.param("| Gazette", "Gazette", id="a bar at the beginning"),
        pytest.param("Gazette » ", "Gazette »", id="a sign that may belong to it"),
        pytest.param("Gazette – Technology", "Gazette – Technology", id="a dash that separates"),
        pytest.param("新华网 ·", "新华网", id="Chinese"),
        pytest.param("C++ -", "C++", id="signs of a name"),
        pytest.param("-", "-", id="nothing else"),
    ],
)
def test_a_feeds_name_has_no_dangling_separator(title: str, name: str) -> None:
    for body in (RSS.replace("Wire", title), json.dumps({"title": title, "items": []})):
        parsed = parse(body)
        assert isinstance(parsed, ParsedFeed)
        assert parsed.title == name


@pytest.mark.parametrize(
    ("summary", "content", "text"),
    [
        pytest.param("It waits.", "It waits. It learns.", "It waits. It learns.", id="a part"),
        pytest.param("It waits…", "It waits. It learns.", "It waits. It learns.", id="cut off"),
        pytest.param("It waits. [...]", "It waits.", "It waits. [...]", id="the same but for dots"),
        pytest.param("It waits.", "It waits. …", "It waits.", id="the same, the other way round"),
        pytest.param("It waits.", "It learns.", "It waits.\nIt learns.", id="two texts"),
        pytest.param("…", "", "…", id="only dots"),
    ],
)
def test_a_text_in_two_versions_stands_once(summary: str, content: str, text: str) -> None:
    item = {"title": "Kling", "summary": summary, "content_text": content}
    parsed = parse(json.dumps({"items": [item]}))
    assert isinstance(parsed, ParsedFeed)
    assert [entry.text for entry in parsed.entries] == [text]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "url", "title", "content_html", "authors", "tags", "name", "language"]
            ),
            values,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4), json_values)
def test_a_json_feed_of_any_types_is_read(items: list[object], title: object) -> None:
    feed = {"version": "https://jsonfeed.org/version/1", "title": title, "items": items}
    assert isinstance(parse(json.dumps(feed)), ParsedFeed)
