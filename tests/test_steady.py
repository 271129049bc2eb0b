"""When two documents of a feed say the same, told before either is read."""

import pytest

from monitor.steady import fingerprint

HEAD = (
    "<title>News</title><lastBuildDate>Mon, 05 Jan 2026 08:00:00 GMT</lastBuildDate><ttl>60</ttl>"
)
LATER = HEAD.replace("08:00", "09:00")
ITEM = "<item><title>Kling 2.0</title><pubDate>Mon, 05 Jan 2026 07:00:00 GMT</pubDate></item>"


def rss(head: str = HEAD, items: str = ITEM + ITEM, tail: str = "") -> str:
    return f'<?xml version="1.0"?><rss><channel>{head}{items}{tail}</channel></rss>'


ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><updated>1</updated>\n<entry>a</entry></feed>'
PREFIXED = '<a:feed xmlns:a="…"><a:updated>1</a:updated><a:entry>a</a:entry></a:feed>'
LISTED = "<rdf:RDF><dc:date>1</dc:date><items>1</items><item>a</item></rdf:RDF>"
JSON = '{"items": [{"content_html": "<pubDate>1</pubDate> <item>"}]}'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(rss(), rss(LATER), id="built later"),
        pytest.param("\ufeff" + rss(), "\ufeff" + rss(LATER), id="behind a byte order mark"),
        pytest.param(rss(), rss(tail="<!-- in 12 ms -->"), id="a comment behind the items"),
        pytest.param(rss(), rss(HEAD + "\n <!-- cached -->\n"), id="a comment before them"),
        pytest.param(ATOM, ATOM.replace("1", "2"), id="Atom"),
        pytest.param(PREFIXED, PREFIXED.replace("1", "2"), id="a prefix"),
        pytest.param(LISTED, LISTED.replace("<dc:date>1", "<dc:date>2"), id="RDF"),
    ],
)
def test_documents_that_say_the_same(one: str, other: str) -> None:
    assert fingerprint(one.encode()) == fingerprint(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(rss(), rss(items=ITEM), id="an item less"),
        pytest.param(rss(), rss(items=ITEM + ITEM.replace("07:00", "06:00")), id="an item's date"),
        pytest.param(rss(), rss(HEAD.replace("News", "Old news")), id="the feed's title"),
        pytest.param(rss(), rss(HEAD.replace("60", "90")), id="the feed's wish"),
        pytest.param(
            rss(items=ITEM.replace("Kling", "<!-- 1 -->Kling")),
            rss(items=ITEM.replace("Kling", "<!-- 2 -->Kling")),
            id="a comment in an item",
        ),
        pytest.param(
            rss(items=f"{ITEM}<pubDate>1</pubDate>{ITEM}"),
            rss(items=f"{ITEM}<pubDate>2</pubDate>{ITEM}"),
            id="a date between items",
        ),
        pytest.param(
            rss(f"{HEAD}<!--", items=f"<item>1</item>-->{ITEM}"),
            rss(f"{HEAD}<!--", items=f"<item>2</item>-->{ITEM}"),
            id="an item in a comment",
        ),
        pytest.param(rss(), rss().removesuffix("</channel></rss>"), id="cut off"),
        pytest.param(rss(items=""), rss(LATER, items=""), id="a document without items"),
        pytest.param(JSON, JSON.replace("1", "2"), id="JSON"),
        pytest.param("plain <pubDate>1</pubDate>", "plain <pubDate>2</pubDate>", id="no feed"),
    ],
)
def test_documents_that_may_say_something_else(one: str, other: str) -> None:
    assert fingerprint(one.encode()) != fingerprint(other.encode())


def test_what_lies_beyond_a_limit_is_compared_as_it_is() -> None:
    """However large a document and its comments, looking at them costs little."""
    far = rss(tail=f"<description>{70_000 * 'x'}</description>")
    assert fingerprint(far.encode()) != fingerprint(far.replace(">xxx", "><!-- 1 -->xxx").encode())
    late = rss(f"<description>{70_000 * 'x'}</description>{HEAD}")
    assert fingerprint(late.encode()) != fingerprint(late.replace("08:00", "09:00").encode())
