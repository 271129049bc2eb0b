"""Where the items of a feed stand, and which documents are refused unread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.parse.items import UnsafeError, item_ranges

ATOM = "http://www.w3.org/2005/Atom"
RSS_1 = "http://purl.org/rss/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def items(document: str) -> list[str]:
    encoded = document.encode()
    return [encoded[start:end].decode() for start, end in item_ranges(encoded)]


def rss(inside: str, before: str = "") -> str:
    return f"{before}<rss version='2.0'><channel><title>Wire</title>{inside}</channel></rss>"


def attributes(count: int) -> str:
    return " ".join(f"a{number}='1'" for number in range(count))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            rss("<item><title>可灵</title></item>\n<item >b</item\n>"),
            ["<item><title>可灵</title></item>", "<item >b</item\n>"],
            id="RSS",
        ),
        pytest.param(
            f"<feed xmlns='{ATOM}'><entry><id>1</id></entry><title>T</title></feed>",
            ["<entry><id>1</id></entry>"],
            id="Atom",
        ),
        pytest.param(
            f"<a:feed xmlns:a='{ATOM}'><a:entry>1</a:entry></a:feed>",
            ["<a:entry>1</a:entry>"],
            id="Atom with prefixes",
        ),
        pytest.param(
            rss("<item>a</item>").replace("<rss", "<rss xmlns='https://cyber.example/rss.html'"),
            ["<item>a</item>"],
            id="a namespace that RSS does not have",
        ),
        pytest.param(
            f"<r:RDF xmlns:r='{RDF}' xmlns='{RSS_1}'><channel><items/></channel>"
            "<item r:about='a&gt;b>c'>1</item></r:RDF>",
            ["<item r:about='a&gt;b>c'>1</item>"],
            id="RDF, where items stand beside the channel",
        ),
        pytest.param(
            rss("<item><![CDATA[</item>]]><!-- </item> --></item>"),
            ["<item><![CDATA[</item>]]><!-- </item> --></item>"],
            id="what only looks like an end",
        ),
        pytest.param(
            f"<feed xmlns='{ATOM}'><entry xml:base='/b/'><content xml:base='c'/></entry></feed>",
            ["<entry xml:base='/b/'><content xml:base='c'/></entry>"],
            id="a base for all",
        ),
        pytest.param(
            f"<feed xmlns='{ATOM}' xml:base='/b/'><entry><link xml:base='c'/></entry></feed>",
            ["<entry><link xml:base='c'/></entry>"],
            id="a base around all",
        ),
        pytest.param(rss(""), [], id="no items"),
    ],
)
def test_items_are_found_to_the_byte(document: str, expected: list[str]) -> None:
    assert items(document) == expected


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("<item>Kling & co</item>", id="broken XML"),
        pytest.param("<item><x:y>a</x:y></item>", id="an unknown prefix"),
        pytest.param("<item>&nbsp;</item>", id="an unknown entity"),
        pytest.param("<item><item>a</item></item>", id="an item in an item"),
        pytest.param("<item>a</item><image><item>b</item></image>", id="an item elsewhere"),
        pytest.param("<item>a</item><item/>", id="an empty element"),
        pytest.param("<item a='1>0'/>a", id="an empty element with a sign in it"),
        pytest.param(
            "<item xml:base='https://b.example/'>a</item><item>b</item>", id="a base for some"
        ),
        pytest.param("<item><a xml:base='https://b.example/'/></item>", id="a base in an item"),
        pytest.param("<x xmlns='urn:x'><item>a</item></x>", id="another vocabulary"),
    ],
)
def test_where_items_are_not_certain_none_are_told(inside: str) -> None:
    assert items(rss(inside)) == []


def test_a_document_type_leaves_nothing_certain() -> None:
    declared = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://dtd.example/rss.dtd">'
    assert items(rss("<item>fish &amp; chips</item>")) != []
    assert items(rss("<item>fish &nbsp; chips</item>", declared)) == []


ENTITY = "<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'>]>"
ENTITY_FILE = "<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(
            rss("<item>&a;</item>", ENTITY), "it declares XML entities of its own", id="entities"
        ),
        pytest.param(
            rss("<item>&a;</item>", ENTITY_FILE), "it declares XML entities of its own", id="a file"
        ),
        pytest.param(
            rss(f"<item {attributes(501)}>a</item>"),
            "it has more than 500 attributes on one element",
            id="attributes",
        ),
        pytest.param(
            rss("<b>" * 260 + "</b>" * 260),
            "its elements are nested more than 256 deep",
            id="depth",
        ),
        pytest.param(
            rss("".join(f"<b xmlns:n{n}='urn:{n}'/>" for n in range(201))),
            "it has more than 200 namespaces",
            id="namespaces",
        ),
        pytest.param(rss("<item>a</item>" * 20_001), "it has more than 20,000 items", id="items"),
    ],
)
def test_a_document_made_to_exhaust_its_reader_is_refused(document: str, reason: str) -> None:
    with pytest.raises(UnsafeError, match=f"^{reason}$"):
        items(document)


def test_what_large_feeds_have_is_not_refused() -> None:
    namespaced = "<item><d:creator xmlns:d='http://purl.org/dc/elements/1.1/'>A</d:creator></item>"
    assert len(items(rss(f"<item {attributes(500)}>a</item>" + namespaced * 5_000))) == 5_001


@given(st.lists(st.text(st.characters(exclude_characters="<>&\r", exclude_categories=["C"]))))
def test_ranges_and_what_lies_between_make_up_the_document(titles: list[str]) -> None:
    expected = [f"<item><title>{title}</title></item>" for title in titles]
    assert items(rss("\n 可 ".join(expected))) == expected
