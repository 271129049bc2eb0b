"""Queries and texts that were made to hurt: told where the fault is, or done in one pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import TopicConfig
from monitor.errors import QueryError
from monitor.matcher import Topics, loose_article
from monitor.query import Presearch, Scan, compile_topic, evaluate, parse, presearch
from tests.factories import article


def topics(**lists: object) -> Topics:
    return Topics([TopicConfig.model_validate({"id": "t", **lists})])


@pytest.mark.parametrize(
    "query",
    ["(a+)+$", "", " ", "!!!", '"…"', "((((", ")" * 9, "titel:a", "a OR " * 200_000, "*", "\ud800"],
)
def test_a_fault_is_told_with_its_place(query: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    start, end = caught.value.span
    assert 0 <= start <= end <= len(query) + 1
    assert caught.value.message


def test_thousands_of_terms_and_guards_are_no_trouble() -> None:
    words = [f"w{number}" for number in range(5_000)]
    watching = topics(any=words, near=words, none=[f"new {word}" for word in words])
    assert not watching.match_text("", "new w7 new w8")
    (match,) = watching.match_text("", "new w7 and w8, w9")
    assert [span.surface for span in match.spans] == ["w8", "w9"]


QUERIES = ["*a*", "a NEAR/999 b", "a a a a", "a.a.a.a.a.a", '"a b"', "(a OR b) NEAR/2 (a OR c)"]
PATTERNS = ["a", "a b ", "a ", "可", "a\u200b", "ß", "a-", "\ud800", "\u202e"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_text_takes_longer_than_its_length(query: str, pattern: str) -> None:
    """A quadratic way through these 100,000 characters would not end within a test's time."""
    topics(any=[query]).match_text("", pattern * (100_000 // len(pattern)))


ODD = st.text(st.sampled_from("aAiI01 .-’可灵開ß\u00ad\u200b\ufe0f\ud800🙂ﬁ\n"), max_size=25)


@given(st.sampled_from(["ai", "AI", "可灵", "01.AI", "开", "ss*", "*i", '"fi"', "=a"]), ODD, ODD)
def test_spans_point_into_the_stored_text(term: str, title: str, body: str) -> None:
    for match in topics(any=[term]).match_text(title, body):
        for span in match.spans:
            stored = title if span.field == "title" else body
            assert 0 <= span.start < span.end <= len(stored)
            assert stored[span.start : span.end] == span.surface
            assert topics(any=[term]).match_text(span.surface, "")


# ---------------------------------------------------------------------------------- the presearch

ITEMS = st.sampled_from(
    [
        "a",
        "ab",
        "AI",
        "a.b",
        "ab*",
        "*b",
        "可",
        "可灵",
        "ab NEAR/2 可",
        "ab OR 可灵",
        "title:ab",
        "NOT 可",
        "ab AND (可 OR abs)",
        "可灵 NEAR/2 (a OR ab OR abs OR AI OR b OR is OR si OR ss) AND title:(a OR 可)",
        "(ab NEAR/3 可) NEAR/2 abs OR (AI AND 灵)",
        "companies",
        "a OR ab OR abs OR AI OR b OR is OR si OR ss OR 可",  # so many are looked up at once
        "source:x.example",
        "lang:en",
    ]
)
TEXTS = st.text(alphabet="abAIs. 可灵,", max_size=20)


@given(
    st.lists(
        st.tuples(st.lists(ITEMS, min_size=1, max_size=3), st.lists(ITEMS, max_size=2)), max_size=4
    ),
    TEXTS,
    TEXTS,
    st.booleans(),
)
def test_the_presearch_loses_nothing_and_adds_nothing(
    lists: list[tuple[list[str], list[str]]], title: str, body: str, installed: bool
) -> None:
    """The plain reference: every tree is tried as a whole."""
    trees = [
        compile_topic(any=wanted, none=[item for item in none if not item.startswith("NOT")]).tree
        for wanted, none in lists
    ]
    tried_on = loose_article(title, body, url="https://x.example/", lang="en")
    plain = Scan(tried_on)
    with pytest.MonkeyPatch.context() as patch:
        if not installed:
            patch.setattr(presearch, "AhoCorasick", None)
        quick = Presearch(trees)
    scan = Scan(tried_on, quick.literals_in)
    tried = quick.worth_trying(scan.folded, scan.lacks)
    found = {number: evaluate(tree, scan) for number, tree in tried}
    expected = {number: evaluate(tree, plain) for number, tree in enumerate(trees)}
    for number, hits in expected.items():
        assert set(found.get(number) or []) == set(hits or [])
        assert (found.get(number) is None) == (hits is None)


def test_an_article_of_no_words_is_an_article() -> None:
    assert not topics(any=["Kling"]).match(article("", text=""))
    assert topics(any=["NOT Kling"]).match(article("", text=""))
