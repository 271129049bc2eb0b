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


@pytest.mark.parametrize(
    ("written", "short"),
    [
        pytest.param(f"<![CDATA[{'a' * 900}]]>", f"<![CDATA[{'a' * 300}]]>", id="a section"),
        pytest.param(f"<![CDATA[{'a' * 299}]]> {'b' * 900}", f"<![CDATA[{'a' * 299}]]>", id="ends"),
        pytest.param(f"<![CDATA[a]]> {'b' * 900}", f"<![CDATA[a]]> {'b' * 295}", id="short"),
        pytest.param(
            f"<![CDATA[]]>{'a' * 296}&amp;{'b' * 900}", f"<![CDATA[]]>{'a' * 296}", id="behind one"
        ),
        pytest.param(f"{'a' * 298}&amp;{'b' * 900}", "a" * 298, id="half an entity"),
        pytest.param(
            f"<![CDATA[{'a' * 900}<b>Ada</b>]]>", f"<![CDATA[{'a' * 300}<b>Ada</b>]]>", id="markup"
        ),
    ],
)
def test_what_is_cut_leaves_nothing_open(written: str, short: str) -> None:
    assert repaired(f"<author>{written}</author>".encode()) == f"<author>{short}</author>".encode()


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
    st.sampled_from(["Ada ", "可灵", "&amp;", "&#x4e2d;", "]]", "]", "x" * 150, "y" * 280])
).map("".join)


@given(
    AUTHOR, AUTHOR, st.sampled_from(["<author>{}</author>", "<author><![CDATA[{}]]>{}</author>"])
)
def test_a_well_formed_document_stays_well_formed(name: str, more: str, form: str) -> None:
    author = form.format(name, more)
    document = f"<rss><channel>{author}<title>T</title></channel></rss>"
    channel = ET.fromstring(repaired(document.encode()).decode())[0]
    assert [element.tag for element in channel] == ["author", "title"]
