"""Documents as feedparser reads them well: what is renamed, what is cut, what stays whole."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.parse.repair import repaired

LONG = "Ada Lovelace and others, " * 40


@pytest.mark.parametrize(
    "name", ["author", "dc:creator", "itunes:name", "managingEditor", "WEBMASTER"]
)
def test_a_name_too_long_for_one_is_cut(name: str) -> None:
    short = repaired(f"<{name} role='x'>{LONG}</{name}>".encode()).decode()
    assert short == f"<{name} role='x'>{LONG[:300]}</{name}>"


def test_other_long_texts_and_usual_names_stay_whole() -> None:
    document = f"<title>{LONG}</title><author>Ada</author><named>{LONG}</named>".encode()
    assert repaired(document) == document


def test_captions_stay_apart_from_summaries() -> None:
    document = b"<media:description type='x'>a</media:description><itunes:summary/>"
    assert repaired(document) == (
        b"<media:x-description type='x'>a</media:x-description><itunes:x-summary/>"
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<content type='html' xml:base='https://b.example/'>a", "<content type='html' >a"),
        ('<a:summary\nxml:base = "/b/" type="html"/>', '<a:summary\n type="html"/>'),
        (
            "<entry xml:base='/b/'><contents base='c'/>",
            "<entry xml:base='/b/'><contents base='c'/>",
        ),
    ],
)
def test_the_base_of_a_content_is_taken_away(document: str, expected: str) -> None:
    assert repaired(document.encode()).decode() == expected


AUTHOR = st.lists(
    st.sampled_from(["Ada ", "可灵", "&amp;", "&#x4e2d;", "]]", "]", "x" * 200, "<![CDATA[]]>"])
).map("".join)


@given(AUTHOR, st.sampled_from(["<author>{}</author>", "<author><![CDATA[{}]]>{}</author>"]))
def test_a_well_formed_document_stays_well_formed(text: str, form: str) -> None:
    inside = text.replace("<![CDATA[]]>", "") if "CDATA" in form else text
    document = "<rss><channel>" + form.format(inside, text) + "<title>T</title></channel></rss>"
    channel = ET.fromstring(repaired(document.encode()).decode())[0]
    assert [element.tag for element in channel] == ["author", "title"]
