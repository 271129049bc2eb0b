"""Entries to articles: the same entry, the same publication, the name and language of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import (
    article_key,
    canonical_link,
    entry_key,
    keys_changed,
    marks,
    sightings,
)
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
    return sightings(parsed, state, name=name, lang=lang, now=NOW)


def shown(one: Entry, **fields: object) -> Article:
    (sighting,) = seen(one, **fields)  # type: ignore[arg-type]
    return sighting.article


def test_an_article_carries_what_the_entry_says() -> None:
    one = entry(
        text="It waits.", author="Ada", tags=("AI",), lang="en-GB", published_at=NOW + timedelta(1)
    )
    article = shown(one)
    assert article == Article(
        key=article_key(one, source="The Wire", now=NOW),
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
    ("link", "canonical"),
    [
        ("HTTPS://Wire.Example:443/A?b=1#c", "https://wire.example/A?b=1"),
        ("http://wire.example:8080", "http://wire.example:8080/"),
        ("https://wire.example/a?utm_source=rss&id=7&fbclid=x", "https://wire.example/a?id=7"),
        ("https://wire.example/a?UTM_Medium=feed", "https://wire.example/a"),
        ("https://wire.example/a?q=", "https://wire.example/a?q="),
        ("https://wire.example/?p=7&&utm_id=x&%C4=%E3#top", "https://wire.example/?p=7&%C4=%E3"),
        ("https://wire.example/#!/a/1", "https://wire.example/#!/a/1"),
        ("https://[::1", "https://[::1"),
        ("", ""),
    ],
)
def test_a_link_has_one_canonical_form(link: str, canonical: str) -> None:
    assert canonical_link(link) == canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(entry(guid="7"), entry(guid="7", link="https://b.example/"), id="guid"),
        pytest.param(
            entry(link="https://wire.example/a"),
            entry("New title", link="https://WIRE.example/a?utm_source=x#top"),
            id="link",
        ),
        pytest.param(
            entry(link=None), entry(link=None, published_at=None), id="no guid and no link: words"
        ),
    ],
)
def test_the_same_entry_has_the_same_key(one: Entry, other: Entry) -> None:
    assert entry_key(one) == entry_key(other)


def test_other_entries_have_other_keys() -> None:
    entries = [
        entry(guid="7"),
        entry(guid="8"),
        entry(link="https://wire.example/7"),
        entry(link="http://wire.example/7"),
        entry("7", link=None),
        entry("7", link=None, text="8"),
        entry("78", link=None),
    ]
    assert len({entry_key(one) for one in entries}) == len(entries)


def test_one_guid_for_several_links_is_no_name() -> None:
    entries = [entry(guid="0", link=f"https://wire.example/{number}") for number in range(3)]
    three = [sighting.entry_key for sighting in seen(*entries)]
    assert len(set(three)) == 3
    # A newer entry with that guid does not take over the name of an older one.
    newest = entry(guid="0", link="https://wire.example/new")
    assert [sighting.entry_key for sighting in seen(newest, *entries)][1:] == three


def test_one_link_for_several_titles_is_no_name() -> None:
    page = "https://wire.example/news.html"
    entries = [entry(title, link=page) for title in ("One", "Two", "Three")]
    found = seen(*entries)
    assert len({sighting.entry_key for sighting in found}) == 3
    assert len({sighting.article.key for sighting in found}) == 3


def test_one_link_for_several_notes_without_titles_is_no_name() -> None:
    page = "https://wire.example/notes.html"
    for guids in (("1", "2"), (None, None)):
        notes = zip(("It waits.", "It learns."), guids, strict=True)
        found = seen(*(entry("", link=page, text=text, guid=guid) for text, guid in notes))
        assert len({sighting.entry_key for sighting in found}) == 2
        assert len({sighting.article.key for sighting in found}) == 2


def test_an_entry_that_stands_twice_is_seen_once() -> None:
    assert [sighting.article.title for sighting in seen(entry("A"), entry("A"))] == ["A"]


def test_an_entry_that_says_nothing_is_not_seen() -> None:
    assert seen(entry("", guid="7", link=None)) == ()


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


texts = st.text(max_size=20)
entries_of_all_kinds = st.builds(
    Entry,
    guid=st.none() | texts,
    link=st.none() | texts | texts.map("https://wire.example/".__add__),
    title=texts,
    text=texts,
    publisher=texts,
    lang=st.none() | texts,
    published_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(entries_of_all_kinds, max_size=8))
def test_any_entries_become_articles_with_keys_of_their_own(entries: list[Entry]) -> None:
    found = seen(*entries)
    keys = [sighting.entry_key for sighting in found]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 32 for key in keys)
    assert seen(*entries) == found


entries_much_alike = st.builds(
    Entry,
    guid=st.sampled_from([None, "1", "2"]),
    link=st.sampled_from(
        [None, "https://wire.example/", "https://wire.example/a", "https://wire.example/a?fbclid=1"]
    ),
    title=st.sampled_from(["", "Kling", "kling", "Ali"]),
    text=st.sampled_from(["", "It waits."]),
)


@given(st.lists(st.tuples(entries_much_alike, st.booleans()), max_size=8))
def test_entries_that_were_read_before_still_count_for_the_others(
    entries: list[tuple[Entry, bool]],
) -> None:
    """What is new in a document has the same keys whether all of it was read or only that."""
    # An entry's author is no part of any key, and tells here which one it is.
    numbered = [(replace(entry, author=str(n)), known) for n, (entry, known) in enumerate(entries)]
    new = [entry for entry, known in numbered if not known]
    known = tuple(marks(entry) for entry, known in numbered if known)
    parsed = ParsedFeed(title="The Wire", link=None, lang=None, entries=tuple(new), known=known)
    part = {
        sighting.entry_key: sighting
        for sighting in sightings(parsed, STATE, name="", lang=None, now=NOW)
    }
    whole = {sighting.entry_key: sighting for sighting in seen(*(entry for entry, _ in numbered))}
    assert part.keys() <= whole.keys()
    of_new = {entry.author for entry in new}
    for key, sighting in whole.items():
        if sighting.article.author in of_new:
            assert part[key] == sighting


@given(st.lists(entries_much_alike, max_size=5), st.lists(entries_much_alike, max_size=5))
def test_an_entry_keeps_its_key_while_its_company_leaves_it_alone(
    first: list[Entry], second: list[Entry]
) -> None:
    both = entry("Kling", guid="1", link="https://wire.example/a")
    (shown, *_), (again, *_) = seen(both, *first), seen(both, *second)
    before, now = (list(map(marks, (both, *others))) for others in (first, second))
    if not keys_changed(before, now, among=[marks(both)]):
        assert shown.entry_key == again.entry_key


def test_a_link_shared_for_the_first_time_changes_keys() -> None:
    status, other = (entry(title, link="https://wire.example/status") for title in ("Up", "Down"))
    alone, together = [marks(status)], [marks(status), marks(other)]
    assert keys_changed(alone, together, among=alone)
    assert keys_changed(together, alone, among=alone)
    assert not keys_changed(together, together, among=alone)
    assert not keys_changed(alone, together, among=[marks(entry("Rain", link=None))])
