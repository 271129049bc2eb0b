"""Folding, search tokens, marked pieces and snippets."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import fold_table, text
from monitor.model import Piece, Span


def span(of: str, surface: str, *, nth: int = 0) -> Span:
    """Make a hit on the nth occurrence of `surface`."""
    start = -1
    for _ in range(nth + 1):
        start = of.index(surface, start + 1)
    return Span(field="body", start=start, end=start + len(surface), surface=surface, term=surface)


def marked(found: tuple[Piece, ...]) -> str:
    """Write pieces as one string with [hits] in brackets."""
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in found)


@pytest.mark.parametrize(
    ("stored", "folded"),
    [
        pytest.param("Kling", "kling", id="capitals"),
        pytest.param("Ｋｌｉｎｇ　２", "kling 2", id="full width, and its space"),
        pytest.param("Café Ørsted Łódź", "cafe orsted lodz", id="accents of Latin letters"),
        pytest.param("İstanbul ISTANBUL ısı", "istanbul istanbul isi", id="Turkish i"),
        pytest.param("ΆΛΦΑ ς", "αλφα σ", id="Greek accents and final sigma"),
        pytest.param("Ёлка Йод", "елка йод", id="Cyrillic yo folds, short i is a letter"),
        pytest.param("ババ パパ", "ババ パパ", id="kana keep their marks"),
        pytest.param("ｱﾘ", "アリ", id="half-width kana"),
        pytest.param("한국", "한국", id="Hangul"),
        pytest.param("open-source/01.AI", "open source 01 ai", id="separators"),
        pytest.param("Alibaba’s Xi'an", "alibaba s xi an", id="apostrophes"),
        pytest.param("a\u00a0b\u3000c\u2009d", "a b c d", id="spaces of all kinds"),
        pytest.param("Kl\u200bi\u00adn\u2060g\ufeff", "kling", id="invisible characters"),
        pytest.param("\u202eKling\u202c 可\ufe00灵", "kling 可灵", id="bidi, variants"),
        pytest.param("𝗞𝗹𝗶𝗻𝗴", "kling", id="letters of formulas"),
        pytest.param("開源 體驗 臺灣", "开源 体验 台湾", id="traditional characters"),
        pytest.param("Kling\ud800 \udfff", "kling\n \n", id="half characters"),
        pytest.param("ｱﾘﾊﾞﾊﾞ", "アリババ", id="half-width kana with marks"),
        pytest.param("x–y—z‑w", "x y z w", id="dashes"),
        pytest.param("“a”, (b): c?", "\na\n\n \nb\n\n c\n", id="signs are breaks"),
        pytest.param("《可灵》。", "\n可灵\n\n", id="Chinese signs are breaks"),
        pytest.param("C++ AT&T #1 ＄5", "c++ at&t #1 $5", id="symbols of names stay"),
        pytest.param("٢٠٢٦", "2026", id="digits of other scripts"),
        pytest.param("CO₂ ①", "co2 1", id="raised and circled digits"),
        pytest.param("Straße ﬁn Œuvre Æon", "strasse fin oeuvre aeon", id="letters that are two"),
        pytest.param("ＯＰＥＮ—source…", "open source\n", id="both dashes and width"),
        pytest.param("🙂", "\n", id="pictures are breaks"),
    ],
)
def test_fold(stored: str, folded: str) -> None:
    assert text.fold(stored) == folded


#: Every way to fold is likely to be met in one text.
MIXED = st.text(
    st.characters() | st.sampled_from("aé’“–… ßæﬁ\u00ad\u200b\ufe0fﾊﾞ開可İ🙂\ud800\U0001d400")
)


@given(MIXED)
def test_folding_knows_every_position(stored: str) -> None:
    folding = text.Folding(stored)
    assert folding.folded == text.fold(stored) == text.fold(folding.plain)
    assert len(folding.plain) == len(folding.folded)
    reached = 0
    for index, letter in enumerate(folding.folded):
        start, end = folding.in_stored(index, index + 1)
        assert reached - 2 <= start < end <= len(stored)
        assert letter in text.fold(stored[start:end])
        # What is left out between two letters cannot be seen.
        assert start < reached or not text.fold(stored[reached:start])
        reached = end
    assert not text.fold(stored[reached:])


@given(MIXED)
def test_folding_again_changes_nothing_but_signs(stored: str) -> None:
    folded = text.fold(stored)
    assert text.fold(folded.replace("\n", "!")) == folded


def test_the_table_is_what_its_generator_writes() -> None:
    generator = pytest.importorskip("bench.fold_table")
    opencc = pytest.importorskip("opencc")
    if unicodedata.unidata_version != fold_table.UNICODE:
        pytest.skip("another Python has another Unicode")
    written = Path(fold_table.__file__).read_text("utf-8")
    again = generator.table(opencc.OpenCC("t2s").convert)
    assert written == again, "run python -m bench.fold_table"


@given(st.text())
def test_folded_text_has_a_small_alphabet(stored: str) -> None:
    for char in text.fold(stored):
        assert (
            char in {text.SEPARATOR, text.BREAK, *text.SYMBOLS}
            or char in "0123456789"
            or char >= "a"
        )


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("s", "a", True),
        ("й", "о", True),
        ("2", "0", True),
        ("n", "2", False),
        ("2", "n", False),
        ("i", "模", False),
        ("灵", "活", False),
        ("c", "+", False),
        (" ", "a", False),
        ("\n", "1", False),
    ],
)
def test_words_are_joined_only_in_scripts_that_write_spaces(
    left: str, right: str, expected: bool
) -> None:
    assert text.joined(left, right) is expected


@pytest.mark.parametrize(
    ("stored", "tokens"),
    [
        pytest.param("US widens export-controls", "us widens export controls", id="words"),
        pytest.param("Qwen2.5-Max", "qwen 2 5 max", id="a model's name and number"),
        pytest.param("快手可灵AI", "快 手 可 灵 ai", id="Chinese with Latin"),
        pytest.param("Alibaba’s", "alibaba s", id="possessive"),
        pytest.param("C++, AT&T", "c + + at & t", id="symbols"),
        pytest.param("ไทย 한국", "ไ ท ย 한 국", id="Thai and Hangul"),
        pytest.param("हिन्दी", "हिन्दी", id="Indic marks stay in their word"),
        pytest.param("…!", "", id="no word at all"),
    ],
)
def test_index_tokens(stored: str, tokens: str) -> None:
    assert text.index_tokens(stored) == tokens.split()


def test_pieces_mark_hits_and_join_overlapping_ones() -> None:
    stored = "可灵活 and 可灵"
    hits = [span(stored, "灵活"), span(stored, "可灵"), span(stored, "可灵", nth=1)]
    assert marked(text.pieces(stored, hits)) == "[可灵活] and [可灵]"


def test_pieces_without_hits_are_the_text() -> None:
    assert text.pieces("Nothing here", []) == (Piece(text="Nothing here"),)
    assert text.pieces("", []) == ()


@st.composite
def text_with_spans(draw: st.DrawFn) -> tuple[str, list[Span]]:
    stored = draw(st.text(alphabet="ab 中\n.", max_size=300))
    position = st.integers(0, len(stored))
    cuts = draw(st.lists(st.tuples(position, position), max_size=6))
    return stored, [
        Span(field="body", start=a, end=b, surface=stored[a:b], term="t") for a, b in cuts if a < b
    ]


@given(text_with_spans())
def test_pieces_lose_nothing(case: tuple[str, list[Span]]) -> None:
    stored, hits = case
    found = text.pieces(stored, hits)
    assert "".join(piece.text for piece in found) == stored
    covered = {i for hit in hits for i in range(hit.start, hit.end)}
    flags = [piece.hit for piece in found for _ in piece.text]
    assert flags == [i in covered for i in range(len(stored))]


def test_snippet_shows_the_stretch_with_most_hits() -> None:
    filler = "word " * 60
    stored = f"Kling first. {filler}Then Kling met Kling again. {filler}"
    hits = [span(stored, "Kling", nth=n) for n in range(3)]
    shown = marked(text.snippet(stored, hits, width=60))
    assert "[Kling] met [Kling] again." in shown
    assert shown.startswith("…word ")
    assert shown.endswith(" word…")


def test_snippet_of_a_short_text_is_the_text_in_one_line() -> None:
    stored = " Line one\n\nline Kling "
    assert marked(text.snippet(stored, [span(stored, "Kling")])) == "Line one line [Kling]"


def test_snippet_without_hits_is_the_beginning() -> None:
    assert marked(text.snippet("one two three", [], width=9)) == "one two…"


def test_snippet_cuts_chinese_anywhere_and_long_strings_hard() -> None:
    assert marked(text.snippet("中" * 20, [], width=8)) == "中" * 8 + "…"
    assert marked(text.snippet("x" * 20, [], width=8)) == "x" * 8 + "…"


def test_snippet_shows_one_hit_even_in_an_endless_word() -> None:
    stored = "x" * 50 + "Kling" + "x" * 50
    shown = marked(text.snippet(stored, [span(stored, "Kling")], width=20))
    assert "[Kling]" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_snippet_of_nothing_is_nothing() -> None:
    assert text.snippet("", []) == ()
    assert text.snippet(" \n ", []) == ()


@given(text_with_spans(), st.integers(5, 80))
def test_snippet_fits_and_shows_a_hit(case: tuple[str, list[Span]], width: int) -> None:
    stored, hits = case
    found = text.snippet(stored, hits, width=width)
    shown = "".join(piece.text for piece in found)
    assert len(shown.strip("…")) <= width
    assert "\n" not in shown
    if any(hit.surface.strip() for hit in hits):
        assert shown


def test_two_lines_hold_half_as_many_chinese_characters() -> None:
    chinese = "".join(piece.text for piece in text.snippet("新闻" * 200, []))
    english = "".join(piece.text for piece in text.snippet("news " * 200, []))
    assert len(chinese) == text.TWO_LINES_WIDE + 1
    assert text.TWO_LINES_WIDE * 1.5 < len(english) <= text.TWO_LINES + 1


TITLE = "Kling 2.0 makes films"


@pytest.mark.parametrize(
    ("title", "body", "repeated"),
    [
        pytest.param(TITLE, TITLE, True, id="the same"),
        pytest.param(TITLE, " KLING  2.0\nmakes\u00a0films. ", True, id="blanks, case and signs"),
        pytest.param(TITLE, "Kling 2.0 makes…", True, id="cut between words"),
        pytest.param(TITLE, "Kling 2.0 makes fi…", True, id="cut inside a word"),
        pytest.param(TITLE, "Kling 2.0 makes films Read more", True, id="a few words behind"),
        pytest.param(TITLE, "", True, id="no text"),
        pytest.param("可灵发布新模型", "可灵发布新模型。全文", True, id="Chinese"),
        pytest.param("可灵发布新模型", "可灵发布新模型，今日上线。", False, id="Chinese and more"),
        pytest.param("Kling – Harbour Post", "Kling  Harbour Post", True, id="dash or blanks"),
        pytest.param(TITLE, f"{TITLE}. The studios are pleased.", False, id="more behind it"),
        pytest.param(TITLE, "The studios are pleased.", False, id="something else"),
        pytest.param(TITLE, "Kling 2.0 makes five films", False, id="another word"),
        pytest.param("Kling", "Klingon lessons", False, id="inside a longer word"),
        pytest.param("", "The studios are pleased.", False, id="no title"),
        pytest.param("“?!”", "The studios are pleased.", False, id="a title of signs"),
    ],
)
def test_a_body_may_only_repeat_its_title(title: str, body: str, *, repeated: bool) -> None:
    assert text.repeats(title, body) is repeated


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param(TITLE, "", id="the title alone"),
        pytest.param(
            f"{TITLE}. Studios will soon buy Kling.",
            "…Studios will soon buy [Kling].",
            id="the rest",
        ),
        pytest.param(f"{TITLE}\n“Kling is good”, all say", "…“[Kling] is good”, all say"),
        pytest.param("Studios buy Kling.", "Studios buy [Kling].", id="no title in it"),
    ],
)
def test_an_excerpt_leaves_its_title_out(body: str, shown: str) -> None:
    hits = [span(body, "Kling", nth=n) for n in range(body.count("Kling"))]
    assert marked(text.excerpt(TITLE, body, hits)) == shown


def test_an_excerpt_marks_what_it_leaves_out_once() -> None:
    body = f"{TITLE}. {'Filler words stand here. ' * 30}Studios buy Qwen."
    shown = marked(text.excerpt(TITLE, body, [span(body, "Qwen")]))
    assert shown.startswith("…")
    assert not shown.startswith("……")
    assert shown.endswith("[Qwen].")


@given(text_with_spans(), st.text(alphabet="ab 中\n.", max_size=20))
def test_an_excerpt_is_a_part_of_the_text(case: tuple[str, list[Span]], title: str) -> None:
    stored, hits = case
    shown = "".join(piece.text for piece in text.excerpt(title, stored, hits))
    assert "".join(shown.split()).strip("…") in "".join(stored.split())
