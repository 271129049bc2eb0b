"""What a query matches is what it finds in the archive, on both databases."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import finding
from monitor.config import FeedConfig
from monitor.errors import QueryError
from monitor.model import ArchiveFilter, Article
from monitor.query import Scan, evaluate, for_index, parse
from monitor.store import Store
from tests.factories import FEED_URL, NOW, ago, outcome, sighting
from tests.test_queries_doc import rows


def save(store: Store, *articles: Mapping[str, object]) -> None:
    """Store and index articles, the newest first."""
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(
        outcome(
            *[
                sighting(**{"published_at": ago(minutes=number), **fields})  # type: ignore[arg-type]  # an article's own
                for number, fields in enumerate(articles)
            ]
        )
    )
    while store.index_pending():
        pass


def found(
    store: Store, query: str, limit: int = 50, ids: tuple[int, ...] | None = None
) -> list[str]:
    wanted = ArchiveFilter(matched_only=False, ids=ids)
    pages = finding.pages(store, wanted, for_index(parse(query)), after=None, limit=limit)
    return [row.article.title for page in pages for row in page.articles]


def matched(articles: Sequence[Article], query: str) -> list[str]:
    node = parse(query)
    return [each.title for each in articles if evaluate(node, Scan(each)) is not None]


#: In Latin, Greek and Cyrillic letters, Chinese of both kinds, Japanese, Korean and Thai.
WORDS = [
    *("Kling", "kling", "klings", "AI", "ai", "A.I", "AIs", "BIS", "bis", "Bis", "open", "source"),
    *("opensource", "export", "controls", "control", "01", "1", "2", "2.5", "T", "s", "can't"),
    *("C++", "C", "policy", "policies", "Straße", "strasse", "résumé", "RESUME", "Ωmega", "ωμέγα"),
    *(
        "ёлка",
        "елка",
        "可灵",
        "可靈",
        "灵",
        "可",
        "开源",
        "開源模型",
        "ババ",
        "ハハ",
        "クリング",
        "클링",
    ),
    *("ภาษา", "ไทย", "Ａ", "ﬁn", "fin", "so\u00adft", "soft", "\u200b", "😀", "𠀀"),
]
SIGNS = [
    "",
    "",
    " ",
    " ",
    " ",
    "-",
    ".",
    ". ",
    ", ",
    ": ",
    "  ",
    "\n",
    "/",
    "·",
    "’",
    " — ",
    "。",
    "+",
]
texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SIGNS)), max_size=8).map(
    lambda parts: "".join(itertools.chain.from_iterable(parts))
)
phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2)
terms = st.one_of(
    phrases.map(" ".join),
    phrases.map("-".join),
    phrases.map("".join),
    phrases.map(lambda words: '"' + " ".join(words) + '"'),
    phrases.map(lambda words: '"' + ", ".join(words) + '"'),
    phrases.map(lambda words: '="' + " ".join(words) + '"'),
    st.sampled_from(WORDS).map("{}*".format),
    st.sampled_from(WORDS).map("*{}".format),
)
known = st.sampled_from(
    [
        *("source:example.org", "source:org", 'source:"Morning Post"', "source:post", "lang:zh"),
        *(
            "lang:zh_Hant",
            "lang:en",
            "author:ann",
            'author:"Ann Lee"',
            'author:"Lee, Bo"',
            "tag:可灵",
        ),
        *("tag:retail", "url:/opinion/", "url:OPINION", "url:é", "url:%", 'tag:"retail banks"'),
    ]
)
queries = st.recursive(
    terms | known,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("({0[0]}) AND ({0[1]})".format),
        st.tuples(inner, inner).map("({0[0]}) OR ({0[1]})".format),
        inner.map("NOT ({})".format),
        inner.map("title:({})".format),
        inner.map("body:({})".format),
        st.tuples(terms, terms).map("({0[0]}) NEAR/2 ({0[1]})".format),
    ),
    max_leaves=4,
)
facts = st.fixed_dictionaries(
    {
        "text": texts,
        "source": st.sampled_from(["South China Morning Post", "Post", "example.org", ""]),
        "author": st.sampled_from(["Ann Lee, Bo Chen", "Ann", "", "Lee"]),
        "tags": st.sampled_from([(), ("Retail",), ("retail", "banks"), ("可靈AI", "a")]),
        "lang": st.sampled_from(["en", "zh-Hans", "zh-Hant", "und"]),
        "host": st.sampled_from(["www.example.org", "example.com", "anexample.org"]),
        "path": st.sampled_from(["", "Opinion/", "é/", "50%25/"]),
    }
)
numbers = itertools.count()


@settings(
    max_examples=25,  # of a dozen queries over a dozen articles each
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(texts, facts), min_size=6, max_size=12),
    st.lists(queries, min_size=8, max_size=16),
)
def test_what_matches_is_what_search_finds(
    store: Store, given: list[tuple[str, dict[str, object]]], asked: list[str]
) -> None:
    articles = []
    for title, about in given:
        host, path = about.pop("host"), about.pop("path")
        number = next(numbers)
        # The number keeps the articles apart.
        url = f"https://{host}/{path}{number}"
        when = NOW - timedelta(days=9) + timedelta(seconds=number)
        articles.append({"title": f"{title} # {number}", "url": url, "published_at": when, **about})
    save(store, *articles)
    page = store.page(ArchiveFilter(matched_only=False), limit=len(articles))
    # Beside the articles of this run lie those of all runs before.
    every = [row.article for row in page.articles]
    ids = tuple(row.id for row in page.articles)
    for query in asked:
        try:
            expected = matched(every, query)
        except QueryError:
            continue
        assert sorted(found(store, query, ids=ids)) == sorted(expected), query


def test_each_example_of_the_docs_is_found_as_it_matches(store: Store) -> None:
    examples: list[tuple[str, dict[str, object], str]] = [
        (query.strip("`"), {"title": text, "text": ""}, result)
        for query, text, result in rows("query", "text", "result")
    ]
    for query, article, result in rows("query", "title / text / known", "result"):
        title, text, fact = (part.strip() for part in (article + " ").split("/ ", 2))
        name, _, value = fact.partition("=")
        known = {"tags": (value,)} if name == "tag" else {name: value} if name else {}
        examples.append((query.strip("`"), {"title": title, "text": text, **known}, result))
    save(
        store,
        *[
            {"key": str(number), "url": f"https://news.example/{number}", **article}
            for number, (_, article, _) in enumerate(examples)
        ],
    )
    page = store.page(ArchiveFilter(matched_only=False), limit=len(examples))
    assert len(page.articles) == len(examples) > 60
    for (query, _, result), row in zip(examples, page.articles, strict=True):
        assert bool(found(store, query, ids=(row.id,))) == (result == "hit"), (query, row)


@pytest.mark.parametrize(
    ("query", "exact"),
    [
        ("Kling", True),
        ("export controls", True),
        ("可灵", True),
        ("可灵AI", True),
        ('"chip ban"', True),
        ("open-source", True),  # spelled out: with a hyphen, a space and in one word
        ("Exportkontroll* AND NOT firearm", True),
        ("title:(Alibaba OR 阿里) AND lang:zh AND source:example.org", True),
        ("url:/opinion/", True),
        ("AI", True),  # short capitals
        ("title:U.S.", True),
        ("阿里发布新模型，性能提升", True),
        ('"foo, bar"', True),
        ("=Entity", False),
        ("*kontrolle", False),
        ("A*", False),  # an author's mark in the index begins so
        ("Kling NEAR/5 video", False),
        ("01.AI", False),  # not behind a number
        ("Kling AND NOT =BIS", False),
        ("a-b-c-d-e-f-g-h", False),  # spelled in too many ways
    ],
)
def test_the_index_alone_answers_what_it_can(query: str, exact: bool) -> None:
    assert for_index(parse(query)).exact is exact


def test_one_letter_finds_words_not_what_else_is_known(store: Store) -> None:
    save(store, {"title": "Rain", "author": "Ann", "text": ""}, {"title": "Alas", "text": ""})
    assert found(store, "A*") == ["Alas"]
    assert found(store, "NOT A*") == ["Rain"]


def test_a_page_of_capitals_is_looked_through_and_goes_on(store: Store) -> None:
    save(store, *[{"title": f"{'BIS' if n % 3 else 'bis'} {n}"} for n in range(30)])
    asked = for_index(parse("=BIS"))
    wanted = ArchiveFilter(matched_only=False)
    first = finding.page(store, wanted, asked, limit=4)
    second = finding.page(store, wanted, asked, after=first.next, limit=4)
    titles = [row.article.title for page in (first, second) for row in page.articles]
    assert titles == [f"BIS {n}" for n in (1, 2, 4, 5, 7, 8, 10, 11)]
    assert len(found(store, "=BIS", limit=7)) == 20


def test_a_page_looks_at_so_many_articles_and_says_that_there_are_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MAX_LOOKED_AT", 10)
    save(store, *[{"title": f"bis {n}"} for n in range(15)], {"title": "BIS at last"})
    wanted, asked = ArchiveFilter(matched_only=False), for_index(parse("=BIS"))
    first = finding.page(store, wanted, asked, limit=4)
    assert first.articles == ()
    assert first.next
    rest = finding.page(store, wanted, asked, after=first.next, limit=4)
    assert [row.article.title for row in rest.articles] == ["BIS at last"]
    assert rest.next is None
    assert finding.look(store, wanted, asked, most=100, limit=4)[1].capped


@pytest.mark.parametrize(
    ("query", "total"), [("bis", 3), ("=BIS", 2), ("bis NEAR/2 bank", 1), ("=BIS lang:es", 1)]
)
def test_counts_are_those_of_what_is_found(store: Store, query: str, total: int) -> None:
    save(
        store,
        {"title": "BIS adds firms"},
        {"title": "BIS", "lang": "es"},
        {"title": "bis zur Bank", "text": ""},
    )
    query = query.replace("bank", "Bank")
    wanted, asked = ArchiveFilter(matched_only=False), for_index(parse(query))
    page, counted = finding.look(store, wanted, asked, most=100, limit=2)
    assert (counted.total, counted.capped) == (total, False)
    assert page == finding.page(store, wanted, asked, limit=2)
    if page.next:
        rest, _ = finding.look(store, wanted, asked, most=100, after=page.next, limit=2)
        assert rest == finding.page(store, wanted, asked, after=page.next, limit=2)


def test_no_word_passes_for_what_stands_between_two(store: Store) -> None:
    save(
        store,
        {"title": "可灵x bis", "text": ""},
        {"title": "可灵 bis", "text": ""},
        {"title": "可灵, bis", "text": ""},
        {"title": "可灵 a b c bis", "text": ""},
    )
    assert found(store, "可灵 bis") == ["可灵 bis"]
    assert found(store, '"可灵, bis"') == ["可灵, bis"]


def test_long_texts_are_found_like_short_ones(store: Store) -> None:
    """PostgreSQL keeps 256 places of a word and 16,383 of a text: no limit of ours."""
    chapters = " ".join(
        f"the word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(20_000)
    )
    save(
        store,
        {"title": "Long", "text": f"{chapters} the finally. Then Kling"},
        {"title": "Short", "text": "the Kling"},
    )
    assert found(store, "the finally") == ["Long"]
    assert found(store, "wordaa AND Kling") == ["Long"]
    assert found(store, "the Kling") == ["Short"]
    assert found(store, "Kling NOT wordaa") == ["Short"]
