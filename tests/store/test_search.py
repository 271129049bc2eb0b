"""Search: what matches is what search finds, on both databases."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import FeedConfig
from monitor.model import AllOf, AnyOf, ArchiveFilter, IndexQuery, NoneOf, Phrase
from monitor.query import BETWEEN, words_of
from monitor.store import Store
from tests.factories import FEED_URL, NOW, outcome, sighting


def save(store: Store, articles: Iterable[tuple[str, str]]) -> None:
    """Store and index articles given as title and text."""
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(outcome(*[sighting(title, text=text) for title, text in articles]))
    store.index_pending()


def found(store: Store, query: IndexQuery) -> list[str]:
    rows = store.page(ArchiveFilter(matched_only=False, query=query)).articles
    return sorted(row.article.title for row in rows)


def index_tokens(text: str) -> list[str]:
    about = {"url": "", "feed_url": "", "source": "", "author": "", "lang": ""}
    return words_of(text, "", tags=(), **about).title


def words(text: str, *, prefix: bool = False) -> Phrase:
    return Phrase(tokens=tuple(index_tokens(text)), prefix=prefix)


ARTICLES = [
    ("Kling 2.0 makes films", "Kuaishou's video model is out."),
    ("可灵发布新版本", "快手的视频模型。"),
    ("Klingon festival", "Nothing about models."),
    ("Modelo abierto", "La nueva versión del modelo; el niño y la acción."),
]
KLING, KELING, KLINGON, MODELO = (title for title, _ in ARTICLES)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(words("Kling"), [KLING], id="a whole word"),
        pytest.param(words("kling", prefix=True), [KLING, KLINGON], id="the start of a word"),
        pytest.param(words("KUAISHOU"), [KLING], id="in the text, any case"),
        pytest.param(words("可灵"), [KELING], id="Chinese inside a run of characters"),
        pytest.param(words("灵可"), [], id="Chinese in another order"),
        pytest.param(words("视频", prefix=True), [KELING], id="Chinese start"),
        pytest.param(words("nueva versión"), [MODELO], id="accents"),
        pytest.param(words("niñ", prefix=True), [MODELO], id="the start of a word with accents"),
        pytest.param(words("video model"), [KLING], id="a phrase"),
        pytest.param(words("model video"), [], id="not a phrase"),
        pytest.param(words("films Kuaishou"), [], id="no phrase from title into text"),
        pytest.param(AllOf((words("Kling"), words("Kuaishou"))), [KLING], id="title and text"),
        pytest.param(AnyOf((words("Kling"), words("可灵"))), [KLING, KELING], id="either"),
        pytest.param(NoneOf(words("model")), [KELING, KLINGON, MODELO], id="everything but"),
        pytest.param(
            AllOf((words("model", prefix=True), NoneOf(words("Kling")))),
            [KLINGON, MODELO],
            id="one but not the other",
        ),
        pytest.param(
            AnyOf((words("可灵"), NoneOf(words("model", prefix=True)))), [KELING], id="or not"
        ),
        pytest.param(NoneOf(NoneOf(words("Kling"))), [KLING], id="not not"),
        pytest.param(
            AllOf((NoneOf(words("Kling")), NoneOf(words("可灵")))), [KLINGON, MODELO], id="neither"
        ),
        pytest.param(Phrase(tokens=()), [], id="a phrase of nothing"),
        pytest.param(AllOf((words("Kling"), Phrase(tokens=()))), [], id="with a phrase of nothing"),
        pytest.param(AllOf(()), sorted([KLING, KELING, KLINGON, MODELO]), id="no condition"),
        pytest.param(AnyOf(()), [], id="no choice"),
    ],
)
def test_queries(store: Store, query: IndexQuery, expected: list[str]) -> None:
    save(store, ARTICLES)
    assert found(store, query) == sorted(expected)


QUOTES = ["'", '"', "\\", "a'b", 'a"b', "a\\b", "a\\'b", "", "\0", "\ud800", "a b", "x" * 5000]
OPERATORS = ["AND", "NOT", "*", "&|!()", "<->", ":", "-title", "{title}:a", "%", "?", ":x"]


def test_no_token_is_an_operator(store: Store) -> None:
    save(store, ARTICLES)
    for token, prefix in itertools.product(QUOTES + OPERATORS, (False, True)):
        one = Phrase(tokens=(token,), prefix=prefix)
        two = Phrase(tokens=(token, token), prefix=prefix)
        for query in (one, two, AllOf((one, two)), AnyOf((one, two))):
            assert len(found(store, query)) + len(found(store, NoneOf(query))) == len(ARTICLES)


def test_the_index_is_filled_in_steps_and_each_article_once(store: Store) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(outcome(*[sighting(f"Kling {number}") for number in range(5)]))
    assert [store.index_pending(2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(found(store, words("Kling"))) == 5


def test_a_very_long_text_is_found_by_its_last_word(store: Store) -> None:
    long = " ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(20_000))
    save(store, [("Long", f"{long} finally {'same ' * 1000}"), ("Huge", "词" * 200_000)])
    assert found(store, words("finally")) == ["Long"]
    assert found(store, words("wordba wordc", prefix=True)) == ["Long"]
    assert found(store, words("词词")) == ["Huge"]


alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
scripts = st.text("aZéñüß1 '\"-.可灵视频カ가йΩ\u200b\u0301😀İıſ𠀀", max_size=40)
numbers = itertools.count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet, max_size=40) | scripts, data=st.data())
def test_a_phrase_cut_from_a_text_finds_it(store: Store, text: str, data: st.DataObject) -> None:
    title = f"example {next(numbers)}"
    save(store, [(title, text)])
    tokens = index_tokens(text)
    start = data.draw(st.integers(0, max(0, len(tokens) - 1)))
    end = data.draw(st.integers(start, len(tokens)))
    # The title keeps the examples of other runs apart.
    mine = words(title)
    # No query begins or ends with what stands between words.
    signs = [at for at in range(start, end) if tokens[at] not in BETWEEN]
    cut = Phrase(tokens=tuple(tokens[signs[0] : signs[-1] + 1]) if signs else ())
    assert found(store, AllOf((mine, cut))) == ([title] if cut.tokens else [])
    if cut.tokens:
        short = (*cut.tokens[:-1], cut.tokens[-1][:1])
        assert found(store, AllOf((mine, Phrase(tokens=short, prefix=True)))) == [title]
        assert found(store, AllOf((mine, NoneOf(cut)))) == []
