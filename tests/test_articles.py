"""Entries to articles: the same publication, the name and language of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.articles import article_key, sightings
from monitor.identity import listing
from monitor.model import Article, Entry, FeedState, ParsedFeed, Sighting

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
STATE = FeedState(
    feed_url="https://wire.example/feed",
    url="https://wire.example/feed",
    next_poll_at=NOW,
    first_success_at=NOW - timedelta(days=9),
)


def entry(title: str = "Kling learns to wait", **fields: object) -> Entry:
    plain = Entry(
        guid=None, link="https://wire.example/a/1", title=title, text="", published_at=NOW
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def seen(
    *entries: Entry,
    title: str = "The Wire",
    feed_lang: str | None = None,
    state: FeedState = STATE,
    name: str = "",
    lang: str | None = None,
) -> tuple[Sighting, ...]:
    parsed = ParsedFeed(title=title, link=None, lang=feed_lang, entries=entries)
    listed = listing(parsed, state.key_policy)
    return tuple(sightings(parsed, listed, state, name=name, lang=lang, now=NOW))


def shown(one: Entry, **fields: object) -> Article:
    (sighting,) = seen(one, **fields)  # type: ignore[arg-type]
    return sighting.article


def test_an_article_carries_what_the_entry_says() -> None:
    one = entry(
        guid="1",
        text="It waits.",
        author="Ada",
        tags=("AI",),
        lang="en-GB",
        published_at=NOW + timedelta(1),
    )
    article = shown(one)
    assert article == Article(
        key=article_key(one, "https://wire.example/a/1", source="The Wire", now=NOW),
        url="https://wire.example/a/1",
        title="Kling learns to wait",
        text="It waits.",
        source="The Wire",
        feed_url=STATE.feed_url,
        author="Ada",
        tags=("AI",),
        lang="en",
        published_at=NOW + timedelta(1),
        first_seen_at=NOW,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            entry(guid="1", link="http://wire.example/a"),
            entry("Other words", guid="2", link="https://wire.example/a?utm_source=x"),
            id="one page by two feeds",
        ),
        pytest.param(
            entry("Kling waits - Gazette", link="https://news.google.com/1", publisher="Gazette"),
            entry("KLING  waits - Gazette", link="https://news.google.com/2", publisher="Gazette"),
            id="one article by two searches of Google News",
        ),
        pytest.param(entry(link=None), entry(link="https://wire.example/"), id="a front page"),
    ],
)
def test_the_same_publication_has_the_same_key(one: Entry, other: Entry) -> None:
    assert shown(one).key == shown(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            entry(link="https://a.example/1"), entry(link="https://a.example/2"), id="pages"
        ),
        pytest.param(
            entry(link=None), entry(link=None, published_at=NOW - timedelta(days=1)), id="days"
        ),
        pytest.param(entry(link=None), entry(link=None, publisher="Gazette"), id="publishers"),
        pytest.param(entry("", link=None, text="a"), entry("", link=None, text="b"), id="words"),
        pytest.param(
            entry(link="https://a.example/?q=%C4%E3"),
            entry(link="https://a.example/?q=%BA%C3"),
            id="pages named in GBK",
        ),
        pytest.param(
            entry(link="https://a.example/#/1"), entry(link="https://a.example/#/2"), id="routes"
        ),
        pytest.param(entry(link="https://[::1"), entry(link="https://[::2"), id="no addresses"),
    ],
)
def test_other_publications_have_other_keys(one: Entry, other: Entry) -> None:
    assert shown(one).key != shown(other).key


def test_the_title_loses_the_publisher_google_news_appends() -> None:
    google = entry(
        "Kling - a test - Gazette", link="https://news.google.com/1", publisher="Gazette"
    )
    assert shown(google).title == "Kling - a test"
    assert shown(replace(google, link="https://wire.example/1")).title == "Kling - a test - Gazette"


@pytest.mark.parametrize(
    ("publisher", "name", "title", "source"),
    [
        ("Gazette", "My wire", "The Wire", "Gazette"),
        ("", "My wire", "The Wire", "My wire"),
        ("", "", "The Wire", "The Wire"),
        ("", "", "", "wire.example"),
    ],
)
def test_the_source_is_what_a_reader_knows(
    publisher: str, name: str, title: str, source: str
) -> None:
    assert shown(entry(publisher=publisher), name=name, title=title).source == source


def test_a_first_fetch_is_a_backlog_but_for_ten_undated_entries() -> None:
    entries = [
        entry(guid=str(number), published_at=None if number % 2 else NOW) for number in range(30)
    ]
    first = seen(*entries, state=replace(STATE, first_success_at=None))
    fresh = [number for number, one in enumerate(first) if not one.article.backlog]
    assert fresh == list(range(1, 20, 2))
    assert not any(sighting.article.backlog for sighting in seen(*entries))


@pytest.mark.parametrize(
    ("title", "own", "feed", "configured", "lang"),
    [
        pytest.param("The new model of the lab", None, "de", None, "en", id="words beat the feed"),
        pytest.param("Kling 2.0", None, "de-AT", "en", "de", id="no words: the feed"),
        pytest.param("Kling 2.0", None, None, "en", "en", id="no statement: the configuration"),
        pytest.param("Kling 2.0", None, "mul", None, "und", id="nobody says"),
        pytest.param("The model of the lab", "fr", "de", None, "fr", id="the entry's own word"),
        pytest.param("El modelo de la empresa que gana", None, None, None, "es", id="Spanish"),
        pytest.param(
            "Le modèle de la société et ses clients dans le monde",
            None,
            None,
            None,
            "fr",
            id="French",
        ),
        pytest.param(
            "Das Modell der Firma ist da und nicht frei", None, None, None, "de", id="German"
        ),
        pytest.param(
            "O modelo da empresa não foi para os clientes", None, None, None, "pt", id="Portuguese"
        ),
        pytest.param("可灵发布新模型", None, "en", None, "zh-Hans", id="simplified"),
        pytest.param("OpenAI 發布 GPT-6 語言模型", None, "zh", None, "zh-Hant", id="traditional"),
        pytest.param("上海 2026", None, "zh-TW", None, "zh-Hant", id="undecided, as the feed says"),
        pytest.param("上海 2026", None, "zh", "zh-HK", "zh-Hant", id="or the configuration"),
        pytest.param("上海 2026", None, None, None, "zh-Hans", id="or as most is"),
        pytest.param("Kling 2.0", "cn", None, None, "zh-Hans", id="a country for a language"),
        pytest.param("新しいモデルを発表した", None, None, None, "ja", id="Japanese"),
        pytest.param("새 모델을 공개했다", None, None, None, "ko", id="Korean"),
        pytest.param("Новый язык был выпущен", None, None, None, "ru", id="Russian"),
        pytest.param("Нова мова їх моделі", None, None, None, "uk", id="Ukrainian"),
        pytest.param("Нова", None, "bg", None, "bg", id="Cyrillic, as the feed says"),
        pytest.param("نموذج جديد للشركة", None, None, None, "ar", id="Arabic"),
        pytest.param("مدل جدید چین", None, None, None, "fa", id="Persian"),
        pytest.param("Νέο μοντέλο", None, None, None, "el", id="Greek"),
    ],
)
def test_the_language_is_told_by_the_nearest_witness(
    title: str, own: str | None, feed: str | None, configured: str | None, lang: str
) -> None:
    assert shown(entry(title, lang=own), feed_lang=feed, lang=configured).lang == lang


@pytest.mark.parametrize("guid", ["1", None])
def test_one_link_for_several_titles_is_no_publication(guid: str | None) -> None:
    page = "https://wire.example/news.html"
    found = seen(*(entry(title, link=page, guid=guid and title) for title in ("One", "Two")))
    assert len({sighting.article.key for sighting in found}) == 2
    notes = seen(*(entry("", link=page, text=text, guid=guid and text) for text in ("One", "Two")))
    assert len({sighting.article.key for sighting in notes}) == 2
