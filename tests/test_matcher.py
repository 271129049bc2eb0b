"""Topics and articles: what hits, what does not, and the evidence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import TopicConfig
from monitor.matcher import Topics
from monitor.model import Match
from monitor.query import MAX_SPANS
from monitor.text import fold, joined
from tests.factories import article


def topics(*queries: str, **lists: object) -> Topics:
    """Make one topic of queries, any of which may hit, and other lists."""
    values = {"id": "kling", "name": "Kling", "any": queries, **lists}
    return Topics([TopicConfig.model_validate(values)])


def hits(matches: tuple[Match, ...]) -> list[tuple[str, str, str]]:
    """Give field, surface and term of each hit."""
    return [(s.field, s.surface, s.term) for match in matches for s in match.spans]


def surfaces(query: str, text: str) -> list[str]:
    return [surface for _, surface, _ in hits(topics(query).match_text(text, ""))]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("Kling", "Sparkling tackling Klingon Kling", ["Kling"]),  # whole words
        ("Kling", "Kling2 Kling_3 KlingAI Klings", ["Kling", "Kling", "Klings"]),  # edges
        ("可灵", "可灵活，可灵", ["可灵", "可灵"]),  # Chinese anywhere
        ("01.AI", "01.AI 01-AI 01AI 01 ai", ["01.AI", "01-AI", "01AI", "01 ai"]),  # soft dot
        ("01.AI", "June 01. AI will, 101.AI 01.AIs", ["01.AIs"]),  # soft dot, traps
        ("01.AI", "2024.01.AI v1.01 AI, 5/01 AI, R2-01 AI; 2026/01/ai-news", []),  # numbers
        ("01.AI", "No.01 AI, part-01 AI; 百川/01 AI", ["01 AI"]),  # a number behind a word
        ("01.AI", "www.01.ai, a.example/01-ai; Yi/01AI", ["01.ai", "01-ai", "01AI"]),  # no number
        ("01.AI", "1. 01.AI; 3 01.AI, 2026: 01.AI", ["01.AI", "01.AI", "01.AI"]),  # apart
        ("5G", "4G/5G, 2.5G, 3-5G, 5G", ["5G", "5G"]),  # a list
        ('"01.AI"', "2024.01.AI", []),  # exact wording as well
        (
            "export control",
            "export-controls export  controls",
            ["export-controls"],
        ),  # one separator
        ("companies", "a company, companies", ["company", "companies"]),  # number
        ("chip boxes", "chip box; chip boxes", ["chip box", "chip boxes"]),  # -es
        ("e-mail/fax", "mail fax; a mail/fax, e mail fax", ["e mail fax"]),  # all of its parts
        ("T-Head", "They can't head; Alibaba’s T-Head", ["T-Head"]),  # can't
        ("S-Bahn", "Berlin’s Bahn, ‘S-Bahn’", ["S-Bahn"]),  # possessive
        ("A.I.", "l'A.I. en France", ["A.I"]),  # French article
        ("news", "new news", ["news"]),  # no plural
        ("economics", "economic news", []),  # -ics is no plural
        ("AI", "AI AIs AIS ai A.I. Ai ＡＩ", ["AI", "AIs", "A.I", "ＡＩ"]),  # initials
        ("U.S.", "U.S. US us U S", ["U.S", "US"]),  # initials typed with dots
        ("Alibaba*", "AlibabaCloud alibaba2", ["AlibabaCloud", "alibaba"]),  # open end
        ("*kontrolle", "Exportkontrolle Kontrollen", ["Exportkontrolle"]),  # open start
        ("*kontroll*", "Exportkontrollen", ["Exportkontrollen"]),  # open on both sides
        ("*a*", "banana a", ["banana", "a"]),  # each word once
        ("=Wan2*", "Wan2x wan2x", ["Wan2"]),  # capitals, open end
        ('="Xi\'an"', "Xi’an XI'AN Xi an", ["Xi’an"]),  # typographic apostrophe
        ("阿里·", "阿里·哈梅内伊 阿里 AI 阿里云", ["阿里·"]),  # a middle dot at the edge
        ("Yahoo!", "Yahoo buys", ["Yahoo"]),  # signs at the edge
        ('"Yahoo!"', "Yahoo buys; Yahoo! buys", ["Yahoo!"]),  # exact sign
        ("快手 可灵", "快手可灵 快手 可灵", ["快手可灵", "快手 可灵"]),  # space in Chinese
        ("AT&T", "AT&T and AT T", ["AT&T"]),  # symbol
        ("хлеб", "хлеба хлеб", ["хлеб"]),  # Cyrillic words
        ("café", "CAFE CAFÉ", ["CAFE", "CAFÉ"]),  # accents
        ("cafe\u0301", "Café", ["Café"]),  # accents typed apart
        ("开源", "開源模型，开源", ["開源", "开源"]),  # traditional characters
        ("Strasse", "Die Straße, STRASSE", ["Straße", "STRASSE"]),  # ß
        ("Straße", "Die Strasse", ["Strasse"]),  # and the other way
        ("office", "The oﬃce of œuvres", ["oﬃce"]),  # ligatures
        ("Exportkontroll*", "Export\u00adkontrol\u00adlen", ["Export\u00adkontrol\u00adlen"]),
        ("Kling", "x\u200b K\u200bl\u202ein\ufeffg!", ["K\u200bl\u202ein\ufeffg"]),  # invisible
        ("=BIS", "B\u200bIS, b\u200bis", ["B\u200bIS"]),  # invisible, capitals
        ("Kling", "K\ud800ling Kling\udfff", ["Kling"]),  # half characters
        ("アリババ", "ｱﾘﾊﾞﾊﾞとアリババ", ["ｱﾘﾊﾞﾊﾞ", "アリババ"]),  # half-width kana
    ],
)
def test_terms(query: str, text: str, found: list[str]) -> None:
    assert surfaces(query, text) == found


def test_evidence_names_field_place_surface_and_term() -> None:
    matches = topics("Kling", "可灵").match(article("New: KLING 2", text="快手的可灵"))
    (match,) = matches
    assert match.topic_id == "kling"
    title, body = match.spans
    assert (title.field, title.start, title.end, title.surface, title.term) == (
        "title", 5, 10, "KLING", "Kling",
    )  # fmt: skip
    assert (body.field, body.start, body.end, body.surface, body.term) == (
        "body", 3, 5, "可灵", "可灵",
    )  # fmt: skip


def test_evidence_of_a_query_names_its_terms() -> None:
    found = topics('("open source" OR =Llama) NEAR/3 model*').match_text("Llama models", "")
    assert hits(found) == [("title", "Llama", "=Llama"), ("title", "models", "model*")]


def test_no_term_reaches_from_the_title_into_the_text() -> None:
    for query in ("export control", '"export. control"', "export  control"):
        assert not topics(query).match_text("On export", "Control is good")
        assert not topics(query).match_text("On export", "\nControl is good")


def test_title_and_text_are_near_to_each_other() -> None:
    assert topics("Kling NEAR/2 video").match_text("New: Kling", "A video model")


def test_a_hit_is_not_near_to_itself() -> None:
    assert not topics("Kling NEAR Kling").match_text("Kling is here", "")
    assert topics("Kling NEAR Kling").match_text("Kling is Kling", "")


@pytest.mark.parametrize(
    ("between", "is_near"),
    [
        ("one two three", True),
        ("one two three four", False),
        ("one-two three", True),
        ("一二三四五六", True),
        ("一二三四五六七", False),
        ("one 一二三四", True),
        ("one 一二三四五", False),
        ("…  ( — ) & ", True),
    ],
)
def test_near_counts_words_and_half_a_word_for_a_chinese_character(
    between: str, *, is_near: bool
) -> None:
    found = topics("Kling NEAR/3 video")
    assert bool(found.match_text(f"Kling {between} video", "")) is is_near
    assert bool(found.match_text(f"video {between} Kling", "")) is is_near


@pytest.mark.parametrize("words", [999, 1_000])
def test_near_counts_long_ways_too(words: int) -> None:
    between = "word " * 500 + "字" * 2 * (words - 500)
    found = topics("Kling NEAR/999 video")
    assert bool(found.match_text("", f"Kling2 {between} video")) is (words == 999)


def test_near_keeps_only_hits_that_have_company() -> None:
    text = "Kling video " + "word " * 30 + "Kling"
    assert hits(topics("Kling", near=["video"], within=5).match_text(text, "")) == [
        ("title", "Kling", "Kling"),
        ("title", "video", "video"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Andreas Kling and Kling 3", ["Kling"]),
        ("Andreas Kling", []),
        ("可灵活，可灵", ["可灵"]),
        ("不可灵活可灵活", []),
        ("Kling rules a karaoke bar", []),
    ],
)
def test_none_cancels_the_hits_inside_it_or_rejects_the_article(
    text: str, found: list[str]
) -> None:
    watching = topics("Kling", "可灵", none=["Andreas Kling", "可灵活", "karaoke"])
    assert [surface for _, surface, _ in hits(watching.match_text(text, ""))] == found


def test_a_cancelled_hit_has_no_company_to_give() -> None:
    watching = topics("阿里", near=["云"], within=5, none=["阿里山"])
    assert not watching.match_text("阿里山的云", "")


def test_a_topic_may_have_no_list_but_all() -> None:
    watching = topics(all=["China OR 中国", "chip"])
    assert watching.match_text("中国 chips", "")
    assert not watching.match_text("中国", "")


def test_all_lists_must_hold() -> None:
    watching = topics("export control", all=["China OR 中国", "chip"])
    assert watching.match_text("Export controls", "China makes chips")
    assert not watching.match_text("Export controls", "China makes shoes")


def test_a_topic_that_only_excludes_takes_all_the_rest() -> None:
    watching = topics("NOT sport")
    assert hits(watching.match_text("Politics", "")) == []
    assert watching.match_text("Politics", "")
    assert not watching.match_text("Sport", "")


def test_topics_keep_their_order_and_tell_their_versions() -> None:
    watching = Topics(
        TopicConfig.model_validate({"id": name, "name": name.title(), "any": [name]})
        for name in ("kling", "alibaba")
    )
    found = watching.match_text("Alibaba and Kling", "")
    assert [match.topic_id for match in found] == ["kling", "alibaba"]
    assert [match.query_version for match in found] == [
        version.query_version for version in watching.versions
    ]
    assert watching.versions[0].name == "Kling"
    assert watching.versions[0].definition == '{"any":["kling"]}'


def test_evidence_is_capped() -> None:
    (match,) = topics("Kling").match_text("Kling", "Kling " * 1000)
    assert len(match.spans) == MAX_SPANS
    assert match.spans[0].field == "title"


# ------------------------------------------------------------------------------------ properties

TEXTS = st.text(alphabet=st.sampled_from("aAiIsS01.- ,\n'&é可灵ア"), max_size=30)
WORDS = ["a", "ai", "AI", "ais", "aiS", "i a", "a-i", "a&i", "é", "01.AI", "0", "1.0"]
SIGNED = ["ai*", "*i", "*a*", '"ai"', '"a.i"', "=AI"]
TERMS = st.sampled_from([*WORDS, *SIGNED, "可灵", "可", "灵 a", "可AI", "ア"])


@given(TERMS, TEXTS, TEXTS)
def test_every_span_points_at_its_surface_and_matches_again(
    term: str, title: str, body: str
) -> None:
    watching = topics(term)
    for match in watching.match_text(title, body):
        for span in match.spans:
            text = title if span.field == "title" else body
            assert text[span.start : span.end] == span.surface
            assert span.term == term
            assert watching.match_text(span.surface, "")


def plain_hits(word: str, text: str) -> list[tuple[int, int]]:
    """Find a word slowly: every place in the folded text that has word borders on both sides."""
    folded = fold(text)

    def is_border(index: int) -> bool:
        return not 0 < index < len(folded) or not joined(folded[index - 1], folded[index])

    return [
        (start, end)
        for start in range(len(folded))
        for end in range(start, len(folded) + 1)
        if folded[start:end] == fold(word) and is_border(start) and is_border(end)
    ]


@given(st.sampled_from(["a", "ai", "01", "0", "可灵", "可", "a i", "灵a", "ア"]), TEXTS)
def test_exact_terms_hit_where_a_plain_search_finds_them(word: str, text: str) -> None:
    found = topics(f'"{word}"').match_text(text, "")
    spans = [(span.start, span.end) for match in found for span in match.spans]
    assert spans == [
        (start, end)
        for start, end in plain_hits(word, text)
        if not (word.isdecimal() and re.search(r"[0-9][.-]$", text[:start]))
    ]


ITEMS = TERMS | st.sampled_from(["NOT ai", "a NEAR/2 可", "ai AND 可灵", "(s OR 01) NOT ア"])


@given(st.lists(ITEMS, min_size=1, max_size=4), st.lists(ITEMS, max_size=3), TEXTS, TEXTS)
def test_a_topic_matches_where_one_of_its_items_and_all_of_its_demands_do(
    items: list[str], demands: list[str], title: str, body: str
) -> None:
    def spans(watching: Topics) -> set[tuple[str, int, int]] | None:
        for match in watching.match_text(title, body):
            return {(span.field, span.start, span.end) for span in match.spans}
        return None

    alone = [spans(topics(item)) for item in items]
    demanded = [spans(topics(item)) for item in demands]
    found = spans(topics(*items, all=demands))
    if None in demanded or alone.count(None) == len(items):
        assert found is None
    else:
        assert found == set().union(*filter(None, alone + demanded))
