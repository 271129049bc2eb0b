"""Reviewing: what is said of a match stays, and can be taken back."""

import pytest

from monitor.config import FeedConfig
from monitor.model import (
    ArchiveFilter,
    Cursor,
    Mark,
    MatchKey,
    Review,
    ReviewChange,
    ReviewState,
    Vote,
)
from monitor.store import Store
from tests.factories import FEED_URL, NOW, ago, feed_state, outcome, sighting

RELEVANT = ReviewChange(mark=Mark.RELEVANT)
IRRELEVANT = ReviewChange(mark=Mark.IRRELEVANT)


@pytest.fixture(autouse=True)
def _news(store: Store) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    both = sighting("Both", topics=("chips", "kling"), published_at=ago(hours=1))
    one = sighting("One", topics=("kling",), published_at=ago(hours=2))
    old = sighting("Old", topics=("kling",), published_at=ago(days=3))
    store.save_poll(outcome(both, one, old, sighting("None"), feed=feed_state()))


def key(store: Store, title: str, topic: str = "kling") -> MatchKey:
    rows = store.page(ArchiveFilter(matched_only=False)).articles
    (number,) = [row.id for row in rows if row.article.title == title]
    return MatchKey(topic_id=topic, article_id=number)


def shown(store: Store, state: ReviewState, **narrowed: str) -> list[str]:
    found = store.page(ArchiveFilter(review=state, **narrowed))  # type: ignore[arg-type]  # its fields by name
    return [row.article.title for row in found.articles]


def test_a_mark_belongs_to_the_topic_and_the_article(store: Store) -> None:
    assert store.review([key(store, "Both")], RELEVANT, step="a", now=NOW) == 1

    assert shown(store, ReviewState.RELEVANT) == ["Both"]
    assert shown(store, ReviewState.RELEVANT, topic_id="chips") == []
    assert shown(store, ReviewState.OPEN, topic_id="chips") == ["Both"]
    assert shown(store, ReviewState.OPEN, topic_id="kling") == ["One", "Old"]
    assert shown(store, ReviewState.RELEVANT, feed_url=FEED_URL) == ["Both"]
    assert shown(store, ReviewState.OPEN, feed_url=FEED_URL) == ["Both", "One", "Old"]
    assert store.open_counts() == {"chips": 1, "kling": 2}
    assert store.mark_counts() == {"kling": {Mark.RELEVANT: 1}}


def test_a_review_comes_with_its_article(store: Store) -> None:
    one = key(store, "One")
    store.review([one], ReviewChange(mark=Mark.IRRELEVANT, starred=True), step="a", now=NOW)
    assert store.write_note(one, "a rumour", before="", step="b", now=NOW) is None

    found = store.article(one.article_id)

    assert found
    assert found.reviews == (
        Review(topic_id="kling", mark=Mark.IRRELEVANT, starred=True, note="a rumour"),
    )
    for state in (ReviewState.IRRELEVANT, ReviewState.STARRED, ReviewState.NOTED):
        assert shown(store, state) == ["One"]


def test_many_matches_change_at_once_and_back(store: Store) -> None:
    keys = [key(store, "Both"), key(store, "One"), key(store, "None")]
    assert store.review(keys, RELEVANT, step="a", now=NOW) == 2, "what is no match is left out"
    assert store.reviewed_in("a") == 2

    assert store.undo_review("a") == 2

    assert shown(store, ReviewState.OPEN) == ["Both", "One", "Old"]
    assert store.undo_review("a") == 0


def test_undoing_leaves_what_another_reviewer_said_since(store: Store) -> None:
    both, one = key(store, "Both"), key(store, "One")
    store.review([both, one], RELEVANT, step="ann", now=NOW)
    store.review([one], IRRELEVANT, step="bob", now=NOW)

    assert store.undo_review("ann") == 1

    assert shown(store, ReviewState.IRRELEVANT) == ["One"]
    assert store.undo_review("bob") == 1
    assert shown(store, ReviewState.RELEVANT) == ["One"]


def test_two_reviewers_of_one_match_lose_nothing(store: Store) -> None:
    one = key(store, "One")
    store.review([one], RELEVANT, step="ann", now=NOW)
    store.review([one], ReviewChange(starred=True), step="bob", now=NOW)
    assert store.write_note(one, "Ann's", before="", step="ann", now=NOW) is None

    assert store.write_note(one, "Bob's", before="", step="bob", now=NOW) == "Ann's"
    assert store.write_note(one, "Ann's", before="", step="ann", now=NOW) is None, "sent twice"
    assert store.write_note(one, "Both's", before="Ann's", step="bob", now=NOW) is None

    found = store.article(one.article_id)
    assert found
    assert found.reviews == (
        Review(topic_id="kling", mark=Mark.RELEVANT, starred=True, note="Both's"),
    )


def test_all_the_rest_is_seen_but_what_came_later(store: Store) -> None:
    store.review([key(store, "Old")], RELEVANT, step="a", now=NOW)
    place = Cursor(sorted_at=ago(hours=2), id=key(store, "One").article_id)
    late = sighting("Late", topics=("kling",), published_at=ago(minutes=5))
    store.save_poll(outcome(late, feed=feed_state()))

    assert store.review_seen("kling", up_to=place, step="b", now=NOW) == 1

    assert shown(store, ReviewState.OPEN) == ["Late", "Both"]
    assert shown(store, ReviewState.SEEN) == ["One"]
    assert store.review_seen(None, up_to=Cursor(sorted_at=NOW, id=99), step="c", now=NOW) == 3
    assert shown(store, ReviewState.OPEN) == []


def test_a_review_goes_with_its_article(store: Store) -> None:
    store.review([key(store, "Old")], RELEVANT, step="a", now=NOW)
    store.forget(unmatched_before=None, matched_before=None)
    assert store.reviewed_in("a") == 1
    store.forget(unmatched_before=None, matched_before=NOW.replace(year=NOW.year + 1))
    assert store.reviewed_in("a") == 0


def test_pages_are_narrowed_by_source_language_and_time(store: Store) -> None:
    spanish = sighting("Otra", topics=("kling",), source="Meridiano", lang="es")
    store.save_poll(outcome(spanish, feed=feed_state()))

    def found(**parts: object) -> list[str]:
        page = store.page(ArchiveFilter(**parts))  # type: ignore[arg-type]  # its fields by name
        return [row.article.title for row in page.articles]

    assert found(source="Meridiano") == ["Otra"]
    assert found(lang="es", matched_only=False) == ["Otra"]
    assert found(lang="fr") == []
    assert found(since=ago(days=4), until=ago(days=2)) == ["Old"]


def test_what_was_judged_or_starred_is_a_vote(store: Store) -> None:
    store.review([key(store, "Both")], RELEVANT, step="a", now=NOW)
    store.review([key(store, "One")], IRRELEVANT, step="b", now=NOW)
    store.review([key(store, "Both", "chips")], ReviewChange(mark=Mark.SEEN), step="c", now=NOW)
    store.review([key(store, "Old")], ReviewChange(starred=True), step="d", now=NOW)
    source = "Example News"
    assert store.votes() == (
        Vote(topic_id="kling", title="Both", source=source, liked=True),
        Vote(topic_id="kling", title="One", source=source, liked=False),
        Vote(topic_id="kling", title="Old", source=source, liked=True),
    )
