"""Lists of feeds go out and come back; what is no list, or a trap, is refused in plain words."""

import contextlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import opml
from monitor.errors import MonitorError
from monitor.opml import Outline
from tests.factories import NOW


def listing(*lines: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f'{head}<opml version="2.0"><body>{"".join(lines)}</body></opml>'.encode()


@pytest.mark.parametrize(
    ("line", "outline"),
    [
        pytest.param(
            '<outline text="Post" title="The Post" xmlUrl="https://a.example/f" language="en"/>',
            Outline(url="https://a.example/f", name="The Post", lang="en"),
            id="a feed",
        ),
        pytest.param(
            '<outline text="机器之心" xmlUrl=" https://a.example/f "/>',
            Outline(url="https://a.example/f", name="机器之心"),
            id="text only, blanks around the address",
        ),
        pytest.param(
            '<outline text="https://a.example/f" xmlurl="https://a.example/f"/>',
            Outline(url="https://a.example/f"),
            id="the address for a name, the attribute in small letters",
        ),
        pytest.param(
            '<OUTLINE text="China"><outline text="AI"><outline text="Q &amp; A"'
            ' xmlUrl="https://a.example/?a=1&amp;b=2"/></outline></OUTLINE>',
            Outline(url="https://a.example/?a=1&b=2", name="Q & A"),
            id="inside folders",
        ),
    ],
)
def test_what_other_readers_export_is_read(line: str, outline: Outline) -> None:
    assert opml.read(listing(line)) == (outline,)


def test_a_list_in_another_encoding_is_read() -> None:
    head = '<?xml version="1.0" encoding="windows-1252"?>'
    document = listing('<outline text="El País" xmlUrl="https://a.example/"/>', head=head)
    latin = document.decode().encode("cp1252")
    assert opml.read(latin) == (Outline(url="https://a.example/", name="El País"),)


def test_what_is_no_feed_is_left_out() -> None:
    assert not opml.read(
        listing('<outline text="A page" type="link" url="https://a.example/"/><x/>')
    )


ENTITIES = '<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(b"", "broken in line 1, column 1: no element found", id="an empty file"),
        pytest.param(b"<opml><body>", "broken in line 1, column 13", id="cut off"),
        pytest.param(b"<opml>\n<a b=1/></opml>", "broken in line 2, column 6", id="broken"),
        pytest.param(b"not XML at all", "broken in line 1, column 1", id="a text"),
        pytest.param(b"<rss/>", "`monitor feeds add` takes its address", id="a feed"),
        pytest.param(b"<html/>", "export the list as OPML", id="a page"),
        pytest.param(b"<plist/>", "begins with <plist>", id="another document"),
        pytest.param(
            ENTITIES.encode() + listing(head=""), "take that line out", id="declared entities"
        ),
        pytest.param(
            b'<!DOCTYPE opml SYSTEM "file:///etc/passwd"><opml/>', "DOCTYPE", id="a foreign file"
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="gbk"?><opml/>', "save the list as UTF-8", id="GBK"
        ),
        pytest.param(
            b'<?xml version="1.0" encoding="x-unheard"?><opml/>',
            "save the list as UTF-8",
            id="an unknown encoding",
        ),
        pytest.param(b"<opml>" * 65, "more than 64 deep", id="too deep"),
        pytest.param(
            listing("<outline/>" * (opml.MAX_OUTLINES + 1)), "more than 20,000 lines", id="too many"
        ),
        pytest.param(b" " * (opml.MAX_BYTES + 1), "larger than 10 MB", id="too large"),
    ],
)
def test_what_is_no_list_is_refused(document: bytes, words: str) -> None:
    with pytest.raises(MonitorError) as caught:
        opml.read(document)
    assert words in str(caught.value)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: b"<opml><outline " + b))
def test_any_bytes_are_a_list_or_refused(document: bytes) -> None:
    with contextlib.suppress(MonitorError):
        opml.read(document)


VISIBLE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@given(
    st.lists(
        st.builds(
            lambda path, name, lang, label, every: Outline(
                url=f"https://a.example/{path}", name=name, lang=lang, label=label, every=every
            ),
            VISIBLE,
            st.lists(VISIBLE.filter(bool)).map(" ".join),
            st.sampled_from(["", "es", "zh-Hant"]),
            st.lists(VISIBLE.filter(bool)).map(" ".join),
            st.sampled_from(["", "90m", "1w"]),
        )
    )
)
def test_what_is_written_is_read_back(outlines: list[Outline]) -> None:
    assert opml.read(opml.write(outlines, now=NOW).encode()) == tuple(outlines)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_gives_well_formed_xml(name: str) -> None:
    document = opml.write([Outline(url="https://a.example/", name=name)], now=NOW)
    root = ET.fromstring(document.encode())
    assert root.tag == "opml"
    assert root.findtext("head/dateCreated") == "Wed, 11 Mar 2026 12:00:00 +0000"
    assert [line.get("xmlUrl") for line in root.iter("outline")] == ["https://a.example/"]
