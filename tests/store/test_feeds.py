"""Feeds and polls: what is remembered between two rounds."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import FeedConfig
from monitor.model import (
    ArchiveFilter,
    Article,
    Diary,
    EntryNames,
    FailureKind,
    FeedState,
    KnownEntry,
    Match,
    PollOutcome,
    PollSaved,
    Sighting,
    Span,
    Validators,
)
from monitor.store import Store
from tests.factories import (
    DAY,
    FEED_URL,
    HOUR,
    NOW,
    ago,
    article,
    feed_state,
    match,
    outcome,
    sighting,
    span,
    topic_version,
)

OTHER_URL = "https://other.example/feed"
EVERYTHING = ArchiveFilter(matched_only=False)


def feed(url: str = FEED_URL, **fields: object) -> FeedConfig:
    return FeedConfig.model_validate({"url": url, **fields})


# ------------------------------------------------------------------------------- configuration


def test_a_configuration_is_a_new_version_only_if_it_differs_from_the_last(store: Store) -> None:
    def accept(content: str) -> bool:
        return store.accept_config(text=content, hash=content, topics=[topic_version()], now=NOW)

    assert [accept(content) for content in ("one", "one", "two", "one")] == [
        True,
        False,
        True,
        True,
    ]


def test_a_new_feed_is_due_at_once(store: Store) -> None:
    store.sync_feeds([feed(every=timedelta(hours=2))], NOW)
    assert store.due_feeds(NOW) == (feed_state(every=2 * HOUR),)
    assert store.next_poll_at() == NOW


def test_the_longest_overdue_feed_comes_first(store: Store) -> None:
    for number, hours in enumerate((1, 3, 2)):
        store.sync_feeds(
            [feed(f"https://{n}.example/") for n in range(number + 1)], ago(hours=hours)
        )
    assert [state.feed_url[8] for state in store.due_feeds(NOW)] == ["1", "2", "0"]


def test_a_feed_that_is_not_due_waits_unless_everything_is_asked_for(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome())
    assert store.due_feeds(NOW) == ()
    assert len(store.due_feeds(NOW, everything=True)) == 1
    assert store.next_poll_at() == NOW + HOUR


def test_a_feed_can_be_made_due(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome())
    store.poll_soon(FEED_URL, NOW)
    store.poll_soon(FEED_URL, NOW + HOUR)
    assert store.next_poll_at() == NOW
    store.save_poll(PollOutcome(feed=feed_state(retired=True)))
    store.poll_soon(FEED_URL, NOW)
    assert store.due_feeds(NOW) == ()


def test_a_feed_polled_in_a_time_to_come_is_due(store: Store) -> None:
    """The clock was a day ahead and was set back: nothing may wait for that day."""
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome())
    assert store.due_feeds(ago(minutes=9)) == ()
    assert len(store.due_feeds(ago(hours=1))) == 1


def test_a_feed_that_left_the_configuration_keeps_its_history(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome(sighting()))
    store.sync_feeds([], NOW)
    assert store.due_feeds(NOW + DAY) == ()
    assert store.next_poll_at() is None
    assert store.feed_rows() == ()
    assert store.feed_states() == ()
    assert len(store.page(EVERYTHING).articles) == 1
    store.sync_feeds([feed()], NOW + DAY)
    (back,) = store.feed_rows()
    assert (back.state.next_poll_at, back.articles) == (NOW + HOUR, 1)


def test_a_retired_feed_is_shown_but_never_polled_again(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    store.save_poll(PollOutcome(feed=feed_state(retired=True, failure_kind=FailureKind.GONE)))
    store.sync_feeds([feed()], NOW)
    assert store.due_feeds(NOW, everything=True) == ()
    assert store.feed_rows()[0].state.retired
    assert store.feed_states() == tuple(row.state for row in store.feed_rows())


def test_the_interval_is_the_configurations_word_not_the_polls(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    (state,) = store.due_feeds(NOW)
    store.sync_feeds([feed(every=timedelta(hours=6))], NOW)
    store.save_poll(PollOutcome(feed=state))  # began before the change
    assert store.due_feeds(NOW)[0].every == 6 * HOUR


def test_a_poll_of_a_feed_that_nobody_configured_is_our_bug(store: Store) -> None:
    with pytest.raises(LookupError, match="sync_feeds"):
        store.save_poll(outcome())


# ---------------------------------------------------------------------------------------- polls


def test_all_that_a_poll_decides_is_remembered(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    state = FeedState(
        feed_url=FEED_URL,
        url="https://moved.example/feed",
        title="新闻 News",
        lang="zh",
        validators=Validators(etag='W/"a b"', last_modified="yesterday, perhaps"),
        body_hash="abc",
        next_poll_at=NOW + HOUR,
        last_polled_at=NOW,
        last_success_at=ago(hours=2),
        first_success_at=ago(days=2),
        failures=3,
        failure_kind=FailureKind.STATUS,
        error="the server answered 503",
        ttl=2 * HOUR,
        skip_hours=frozenset({3, 4}),
        skip_days=frozenset({6}),
        diary=Diary(until=ago(hours=2), counts="0120"),
    )
    store.save_poll(PollOutcome(feed=state))
    assert store.due_feeds(NOW, everything=True) == (state,)


def test_the_imprint_of_a_document_is_kept_until_another_replaces_it(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL)], NOW)
    assert store.imprint(FEED_URL) == b""
    found = []
    for imprint in (b"one\0\xff", None, b"two", b""):
        store.save_poll(PollOutcome(feed=feed_state(), imprint=imprint))
        found.append(store.imprint(FEED_URL))
    assert found == [b"one\0\xff", b"one\0\xff", b"two", b""]
    assert store.imprint(OTHER_URL) == b""
    assert store.imprint("https://nobody.example/") == b""


def test_a_poll_stored_twice_changes_nothing_more(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    poll = outcome(sighting("Kling 2.0", topics=("kling", "video")), sighting("Weather"))
    assert store.save_poll(poll) == PollSaved(articles_new=2, matches_new=2)
    before = store.page(EVERYTHING)
    assert store.save_poll(poll) == PollSaved()
    assert store.page(EVERYTHING) == before


def test_known_entries_are_those_seen_in_this_feed(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL)], NOW)
    seen = sighting()
    store.save_poll(outcome(seen))
    entries = [(seen.names, ()), (EntryNames(key="new", heading=7), ())]
    known = KnownEntry(names=seen.names, sorted_at=ago(hours=1))
    assert store.known_entries(FEED_URL, entries) == ((known,), ())
    assert store.known_entries(OTHER_URL, entries) == ((), ())
    assert store.known_entries("https://nobody.example/", entries) == ((), ())
    # By the key that it had under another policy; by its page or its heading.
    renamed = replace(seen.names, key="new")
    assert store.known_entries(FEED_URL, [(renamed, (seen.names.key,))]) == ((known,), ())
    _, (alike,) = store.known_entries(FEED_URL, [(renamed, ())])
    assert (alike.names, alike.url) == (seen.names, seen.article.url)


def test_a_large_feed_is_stored_whole(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    poll = outcome(*[sighting(f"Item {number}", text="") for number in range(2500)])
    assert store.save_poll(poll).articles_new == 2500
    known, _ = store.known_entries(FEED_URL, [(s.names, ()) for s in poll.sightings])
    assert {one.key for one in known} == {s.names.key for s in poll.sightings}


def test_an_article_in_two_feeds_is_one_article_of_both(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL)], NOW)
    store.save_poll(outcome(sighting(topics=("kling",))))
    again = sighting(topics=("kling",), feed_url=OTHER_URL, first_seen_at=NOW + HOUR)
    saved = store.save_poll(outcome(again, feed=feed_state(OTHER_URL)))
    assert saved == PollSaved()
    for url in (FEED_URL, OTHER_URL):
        (row,) = store.page(ArchiveFilter(feed_url=url)).articles
        assert row.article == article()
    assert [(row.articles, row.matches) for row in store.feed_rows()] == [(1, 1), (1, 1)]
    late = store.feed_rows(NOW + timedelta(days=1))
    assert [(row.articles, row.matches) for row in late] == [(0, 0), (0, 0)]


def test_a_match_from_another_feeds_text_keeps_only_the_spans_that_hold(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL)], NOW)
    store.save_poll(outcome(sighting("Kling 2.0", text="Short.")))
    in_title, in_body = span("Kling"), span("Kuaishou", 0, field="body")
    longer = Sighting(
        names=EntryNames(key="other"),
        article=article("Kling 2.0", text="Kuaishou shows it."),
        matches=(match(spans=(in_title, in_body)),),
    )
    assert store.save_poll(outcome(longer, feed=feed_state(OTHER_URL))).matches_new == 1
    (row,) = store.page(ArchiveFilter()).articles
    assert row.article.text == "Short."
    assert row.matches == (match(spans=(in_title,)),)


def test_publication_times_are_a_feeds_newest_whatever_retention_took(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL), feed("https://silent.example/")], NOW)
    seen = [sighting(f"News {n}", published_at=ago(hours=n)) for n in (3, 1, 2, -5)]
    store.save_poll(outcome(*seen))
    store.save_poll(outcome(sighting("Undated", published_at=None), feed=feed_state(OTHER_URL)))
    store.forget(unmatched_before=NOW + DAY, matched_before=None)
    # A date in the future counts as the moment when the entry was seen, as does none.
    assert store.publication_times(3) == {
        FEED_URL: (NOW, ago(hours=1), ago(hours=2)),
        OTHER_URL: (NOW,),
        "https://silent.example/": (),
    }


def test_publication_times_are_those_of_configured_feeds(store: Store) -> None:
    store.sync_feeds([feed(), feed(OTHER_URL)], NOW)
    store.sync_feeds([feed()], NOW)
    assert store.publication_times(10) == {FEED_URL: ()}


def test_an_entry_listed_twice_in_one_document_is_stored_once(store: Store) -> None:
    store.sync_feeds([feed()], NOW)
    twice = sighting(topics=("kling",))
    another = replace(twice, names=EntryNames(key="under another key"))
    saved = store.save_poll(outcome(twice, twice, another))
    assert saved == PollSaved(articles_new=1, matches_new=1)
    assert len(store.page(ArchiveFilter(feed_url=FEED_URL)).articles) == 1


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001  the same
    timezones=st.just(UTC),
)
articles = st.builds(
    Article,
    key=st.just(""),
    url=texts,
    title=texts,
    text=texts,
    source=texts,
    feed_url=st.just(FEED_URL),
    author=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    lang=st.sampled_from(["en", "zh-Hans", "und"]),
    published_at=st.none() | moments,
    first_seen_at=moments,
    backlog=st.booleans(),
)
numbers = itertools.count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=articles, term=texts)
def test_what_is_stored_comes_back_equal(store: Store, seen: Article, term: str) -> None:
    name = f"example {next(numbers)}"
    spans = (
        Span(field="title", start=0, end=len(seen.title), surface=seen.title, term=term),
        Span(field="body", start=0, end=len(seen.text), surface=seen.text, term=term),
    )
    stored = replace(seen, key=name)
    found = Match(topic_id=name, query_version="v1", spans=spans)
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome(Sighting(names=EntryNames(key=name), article=stored, matches=(found,))))
    (row,) = store.page(ArchiveFilter(topic_id=name)).articles
    assert row.article == stored
    assert row.matches == (found,)


@pytest.mark.parametrize("odd", ["\0", "\ud800"], ids=["NUL", "lone surrogate"])
def test_characters_that_no_database_holds_are_replaced_one_for_one(store: Store, odd: str) -> None:
    store.sync_feeds([feed()], NOW)
    store.save_poll(outcome(sighting(f"Kling{odd}2.0", tags=(odd,))))
    (row,) = store.page(EVERYTHING).articles
    assert (row.article.title, row.article.tags) == ("Kling�2.0", ("�",))


def test_a_datetime_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="no time zone"):
        store.due_feeds(NOW.replace(tzinfo=None))
