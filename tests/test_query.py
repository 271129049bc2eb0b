"""Reading queries: faults are underlined, lists become one question, search is translated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import QueryError
from monitor.matcher import loose_article
from monitor.model import AllOf, AnyOf, IndexQuery, NoneOf, Phrase, UrlPart
from monitor.query import Presearch, Scan, compile_topic, for_index, parse, read, wanted_terms
from monitor.query.grammar import MAX_DEPTH, MAX_QUERY
from monitor.query.presearch import automaton, find_each
from monitor.query.tree import Guarded, Node, Not


def fault(text: str) -> tuple[str, str]:
    """Give what is underlined in a faulty query, and the message."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    start, end = caught.value.span
    assert caught.value.text == text
    return text[start:end], caught.value.message


@pytest.mark.parametrize(
    ("query", "underlined", "message"),
    [
        ("", "", "nothing to look for"),
        ("   ", "   ", "nothing to look for"),
        ("(Kling OR 可灵 NOT game", "(", "never closed"),
        ("Kling)", ")", "closes nothing"),
        ('Kling AND "video', '"', "never closed"),
        ("Kling AND", "AND", "has to follow"),
        ("Kling OR OR 可灵", "OR", "has to follow"),
        ("AND Kling", "AND", "has to stand before"),
        ("()", "(", "has to follow"),
        ('Kling "video model"', '"video model"', "AND or OR"),
        ("(Kling) video", "video", "AND or OR"),
        ("(Kling =BIS)", "=", "AND or OR"),
        ("Kling NEAR/0 video", "NEAR/0", "from 1 to 999"),
        ("Kling NEAR/x video", "NEAR/x", "from 1 to 999"),
        ("Kling NEAR/5 (a AND b)", "(a AND b)", "NEAR takes"),
        ("(a NOT b) NEAR c", "(a NOT b)", "NEAR takes"),
        ("titel:Kling", "titel:", "did you mean title:"),
        ("Kling Source:example.org", "Source:", "did you mean source:"),
        ("https://a.example/kling", "https:", "looked for with url:"),
        ("title:", "title:", "right behind it"),
        ("title: OR Kling", "title:", "right behind it"),
        ("source:", "source:", "behind it"),
        ("source:(a OR b)", "source:", "behind it"),
        ("source:New York Times", "York", "takes one word"),
        ('author:"!"', '"!"', "no letter or digit"),
        ("Kling NEAR source:a.example", "source:a.example", "have no place"),
        ("Kling NEAR title:(a NOT b)", "title:(a NOT b)", "have no place"),
        ("x" * 301, "x" * 301, "too long for a term"),
        ("word " * 61, ("word " * 61).strip(), "too long for a phrase"),
        ("video*game", "video*game", "beginning or the end"),
        ('"video*"', '"video*"', "no place in exact wording"),
        ("=*BIS", "*BIS", "no place in exact wording"),
        ("=vi*eo", "vi*eo", "no place in exact wording"),
        ("=(Kling)", "=", "no letter or digit"),
        ("=AND", "=", "quotation marks right after it"),
        ("Kling - video", "-", "no letter or digit"),
        ('"!?"', '"!?"', "no letter or digit"),
        ("*", "*", "no letter or digit"),
        ("（Kling OR", "OR", "has to follow"),
    ],
)
def test_a_fault_is_underlined_and_explained(query: str, underlined: str, message: str) -> None:
    found, said = fault(query)
    assert found == underlined
    assert message in said


@pytest.mark.parametrize("opening", ["(", "NOT ", "-", "a NEAR ", "title:"])
def test_too_deep_a_query_is_a_fault_not_a_crash(opening: str) -> None:
    parse(opening * MAX_DEPTH + "a" + ")" * (MAX_DEPTH if opening == "(" else 0))
    assert "inside one another" in fault(opening * 2_000 + "a")[1]


def test_an_endless_query_is_refused() -> None:
    assert f"{MAX_QUERY:,} are the most" in fault("Kling OR " * 120_000)[1]
    assert "too long for a term" in fault("(" + "x" * (MAX_QUERY - 2) + ")")[1]


WORDS = st.sampled_from(
    [
        "Kling",
        "可灵",
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR/3",
        "(",
        ")",
        '"',
        "=",
        "-",
        "*",
        "|",
        " ",
        "title:",
        "source:",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=20).map(" ".join)))
def test_any_text_is_a_query_or_has_a_fault_inside_it(text: str) -> None:
    fault = None
    try:
        for_index(parse(text))
    except QueryError as error:
        fault = error
    if fault:
        start, end = fault.span
        assert 0 <= start <= end <= len(fault.text)
        assert fault.message


# --------------------------------------------------------------------------------------- topics


def test_the_same_lists_have_the_same_version_and_others_another() -> None:
    query = compile_topic(any=["Kling", "可灵"], none=["Klingon"])
    assert query.definition == '{"any":["Kling","可灵"],"none":["Klingon"]}'
    assert query.version == compile_topic(any=["Kling", "可灵"], none=["Klingon"]).version
    assert query.version != compile_topic(any=["Kling"], none=["Klingon"]).version


def test_within_is_part_of_the_version_only_beside_near() -> None:
    far, close = (compile_topic(any=["a"], near=["b"], within=n).version for n in (20, 5))
    assert far != close
    far, close = (compile_topic(any=["a"], within=n).version for n in (20, 5))
    assert far == close


@pytest.mark.parametrize(
    ("item", "cancels"),
    [
        ("Andreas Kling", True),
        ("阿里山", True),
        ("title:Andreas Kling", True),
        ("Kling NEAR/3 game", True),
        ("Kling", True),
        ("Klingon", False),
        ("karaoke", False),
        ("Kling AND game", False),
        ("source:example.org", False),
    ],
)
def test_items_of_none_around_an_own_term_are_guards(item: str, cancels: bool) -> None:
    tree = compile_topic(any=["Kling", "阿里"], none=[item]).tree
    first, *others = tree.parts
    if cancels:
        assert isinstance(first, Guarded)
        assert words(*first.guards) == words(parse(item))
        assert not others
    else:
        assert not isinstance(first, Guarded)
        assert [type(part) for part in others] == [Not]


def words(*nodes: Node) -> list[str]:
    return [term.text for node in nodes for term in wanted_terms(node)]


def test_each_part_of_an_or_in_none_counts_by_itself() -> None:
    tree = compile_topic(any=["Kling"], none=["Andreas Kling OR karaoke"]).tree
    guarded, veto = tree.parts
    assert isinstance(guarded, Guarded)
    assert isinstance(veto, Not)


@pytest.mark.parametrize(
    ("query", "doubtful"),
    [
        ("a AND b OR c", "a AND b"),
        ("a OR b NOT c", "b NOT c"),
        ("(a AND b) OR c", ""),
        ("a OR b", ""),
        ("a AND (b OR c AND d)", "c AND d"),
        ("a source:b OR c", "a source:b"),
    ],
)
def test_mixed_and_and_or_are_doubted(query: str, doubtful: str) -> None:
    shown = [doubt.text[slice(*doubt.span)] for doubt in read(query).doubts]
    assert shown == ([doubtful] if doubtful else [])


@pytest.mark.parametrize(
    ("lists", "item", "message"),
    [
        ({"any": ["Kling", "(可灵"]}, "(可灵", "never closed"),
        ({"near": ["video"], "all": ["Kling"]}, "video", "near needs any"),
        ({"any": ["a AND b"], "near": ["c"]}, "a AND b", "move what has AND"),
        ({"any": ["a"], "near": ["b", "NOT c"]}, "NOT c", "move what has AND"),
        ({"any": ["a"], "none": ["-01 AI"]}, "-01 AI", "none says NOT already"),
    ],
)
def test_a_topic_names_its_faulty_item(
    lists: dict[str, list[str]], item: str, message: str
) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        compile_topic(**lists)  # type: ignore[arg-type]  # names and lists fit
    assert caught.value.text == item


# --------------------------------------------------------------------------------------- search


def phrase(words: str, *, prefix: bool = False) -> Phrase:
    return Phrase(tokens=tuple(words.split()), prefix=prefix)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("可灵", phrase("可 灵")),
        ("Exportkontroll*", phrase("exportkontroll", prefix=True)),
        ("可灵*", phrase("可 灵")),
        ('"chip ban"', phrase("chip ban")),
        ("H20", phrase("h 20")),
        ("GPT-4", AnyOf((phrase("gpt _ 4"), phrase("gpt 4")))),
        ("C++", phrase("c + +")),
        ("AI", AnyOf((phrase("h:AI"), phrase("b:AI")))),
        ("body:U.S.", phrase("b:US")),
        ("chip", AnyOf((phrase("chip"), phrase("chips"), phrase("chipes")))),
        (
            "open-weight*",
            AnyOf((phrase("open weight", prefix=True), phrase("openweight", prefix=True))),
        ),
        ("可灵 AND NOT 阿里", AllOf((phrase("可 灵"), NoneOf(phrase("阿 里"))))),
        ("可灵 AND NOT =BIS", phrase("可 灵")),
        ("*kontrolle der Staaten*", phrase("der staaten", prefix=True)),
        ("*kontrolle", AllOf(())),
        (
            "Kling NEAR/5 可灵",
            AllOf((AnyOf((phrase("kling"), phrase("klings"), phrase("klinges"))), phrase("可 灵"))),
        ),
        ('title:"chip ban"', Phrase(("chip", "ban"), field="title")),
        ("url:/Opinion/", UrlPart("/opinion/")),
        ("lang:zh_Hant", phrase("l:zh-hant")),
        (
            "source:www.example.org",
            AnyOf((phrase("d:example.org"), phrase("s:www s:example s:org"))),
        ),
        ('可灵 OR "a b"', AnyOf((phrase("可 灵"), phrase("a b")))),
    ],
)
def test_search_asks_the_index(query: str, expected: IndexQuery) -> None:
    assert for_index(parse(query)).index == expected


# ------------------------------------------------------------------------------------- presearch

LETTERS = st.text(alphabet="ab 可灵\n", max_size=4)


@given(st.lists(LETTERS.filter(bool), max_size=8, unique=True), st.text("ab 可灵\n", max_size=30))
def test_both_ways_to_look_for_many_literals_find_the_same(literals: list[str], text: str) -> None:
    expected = [
        (number, at, at + len(literal))
        for number, literal in enumerate(literals)
        for at in range(len(text))
        if text.startswith(literal, at)
    ]
    assert sorted(find_each(literals)(text)) == expected
    assert sorted(automaton(literals)(text)) == expected


@pytest.mark.parametrize(
    ("query", "text", "tried"),
    [
        ("export NEAR/9 (chip OR wafer)", "export of chips", True),
        ("export NEAR/9 (chip OR wafer)", "export of wine", False),
        ("(export NEAR/9 chip) OR (ban AND wafer)", "export ban on wine", False),
        ("(export NEAR/9 chip) OR (ban AND wafer)", "ban on wafers", True),
        ("title:(export AND chip) NOT wine", "export of wine", False),
        ("export AND lang:en", "export of wine", True),
    ],
)
def test_a_tree_is_tried_only_where_all_stands_that_it_asks_for(
    query: str, text: str, tried: bool
) -> None:
    looked_for = Presearch([parse(query)])
    scan = Scan(loose_article("", text), looked_for.literals_in)
    assert bool(looked_for.worth_trying(scan.folded, scan.lacks)) is tried
