"""Markup of strangers to plain text."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.markup import MAX_TEXT, MAX_TITLE, one_line, plain_text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        pytest.param("A &amp; B", "A & B", id="escaped"),
        pytest.param("A &amp;amp; B", "A & B", id="escaped twice"),
        pytest.param("<b>x</b> &mdash; y", "x — y", id="tags and entities"),
        pytest.param("&lt;b&gt;x&lt;/b&gt; &amp;mdash; y", "x — y", id="the same, escaped"),
        pytest.param("AT&T and R&D", "AT&T and R&D", id="bare ampersands"),
        pytest.param("a < b", "a < b", id="a lone sign"),
        pytest.param("if x<y and a>b", "if x<y and a>b", id="a comparison"),
        pytest.param("5 &lt; 6 &amp;&amp; 7 &gt; 3", "5 < 6 && 7 > 3", id="code"),
        pytest.param("by Ada <ada@mail.example>", "by Ada <ada@mail.example>", id="an address"),
        pytest.param("<p>One</p><p>Two<br>three</p>", "One\nTwo\nthree", id="blocks"),
        pytest.param("<td>1</td><td>2</td>", "1 2", id="cells"),
        pytest.param("fast<i>er</i>", "faster", id="inline tags split no word"),
        pytest.param(
            "a<!-- b -->c<script>d</script>e<style>f</style>g", "ac e g", id="silent parts"
        ),
        pytest.param('<img alt="a > b" src=x onerror="y">z', "z", id="a sign in an attribute"),
        pytest.param('<a title="it"s">q</a>', "q", id="a broken attribute"),
        pytest.param('end <a href="http://x', "end", id="cut in a tag"),
        pytest.param("A<B, as Kling says", "A B, as Kling says", id="words behind a sign"),
        pytest.param("The <AI> of List<Kling>", "The <AI> of List<Kling>", id="words in brackets"),
        pytest.param("The &lt;script&gt; tag", "The script> tag", id="the name of a silent tag"),
        pytest.param("A &lt;!-- in Kling", "A !-- in Kling", id="a comment that is none"),
        pytest.param("a&lt;script&gt;b&lt;/script&gt;c", "a c", id="a silent part, escaped"),
        pytest.param("<scr\u200bipt>alert(1)</script>x", "x", id="a hidden sign in a tag"),
        pytest.param("<o:p>w</o:p>", "w", id="a tag of a word processor"),
        pytest.param("Kl\u200bi\u00adng\u202e 2.0", "Kling 2.0", id="invisible signs"),
        pytest.param("e\u0301t\u00e9", "été", id="one form of each letter"),
        pytest.param("a&nbsp;&nbsp; b\u3000c", "a b c", id="blanks"),
        pytest.param("可灵<b>2.0</b>发布", "可灵2.0发布", id="Chinese"),
        pytest.param("&#" + "9" * 5000 + ";x", "\ufffdx", id="a reference to nothing"),
        pytest.param("&amp;#55357;&amp;#56832; x", "😀 x", id="a pair of surrogates, escaped"),
        pytest.param("x\ud800y", "xy", id="half a character"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_plain_text(markup: str, expected: str) -> None:
    assert plain_text(markup) == expected


def test_a_title_is_one_line_of_bounded_length() -> None:
    assert one_line("<p>One</p>\r\n<p>Two</p>") == "One Two"
    assert len(one_line("word " * 1000)) <= MAX_TITLE


@pytest.mark.parametrize(
    "part",
    [
        "<a><b>",
        "<",
        "<a ",
        '<a "',
        "<a '\"",
        "<!--",
        "<style>",
        "&#x",
        "&lt;",
        "e\u0301\u0316",
        "\u0301",
        " ",
    ],
)
def test_ten_megabytes_of_anything_end_soon(part: str) -> None:
    # A quadratic step would run into the suite's time limit.
    assert len(plain_text(part * (10_000_000 // len(part)))) <= MAX_TEXT


pieces = st.sampled_from(
    [
        "<",
        ">",
        "/",
        "b",
        "p",
        "script",
        "a href='x'",
        "&lt;",
        "&gt;",
        "&amp;",
        "lt;",
        "<!--",
        "-->",
        '"',
        " ",
        "\u200b",
    ]
)


@given(st.text(max_size=80) | st.lists(pieces, max_size=30).map("".join))
def test_no_text_keeps_tags_or_hidden_signs(markup: str) -> None:
    text = plain_text(markup)
    assert not re.search(r"</?(?:b|p|script|a)(?![\w:.-])[^<>]*>|<!--", text, re.IGNORECASE)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b-\u200f\u202a-\u202e\ud800-\udfff]", text)
    assert unicodedata.is_normalized("NFC", text)
    assert text == text.strip()


@given(st.text(st.characters(exclude_characters="<&", exclude_categories=["C", "M"]), max_size=80))
def test_plain_words_stay_and_stay_so(text: str) -> None:
    once = plain_text(text)
    assert once.split() == unicodedata.normalize("NFC", text).split()
    assert plain_text(once) == once
