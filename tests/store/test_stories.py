"""Stories in the store: ids that stay, whole stories, and what retention leaves of them."""

from datetime import datetime

import pytest

from monitor.config import FeedConfig
from monitor.model import ArchiveFilter, Mark, MatchKey, ReviewChange, Story, StoryArticle
from monitor.store import Store
from tests.factories import DAY, FEED_URL, HOUR, NOW, ago, article, outcome, sighting

WINDOW = NOW - 4 * DAY


@pytest.fixture
def filled(store: Store) -> Store:
    """Give a store with four matched articles, 1 the oldest, and one that no topic matched."""
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    for hours in (8, 6, 4, 2):
        add(store, f"Kling, {hours} hours ago", ago(hours=hours))
    store.save_poll(outcome(sighting("Rice prices fall")))
    return store


def add(store: Store, title: str, at: datetime, source: str = "Example News") -> None:
    store.save_poll(
        outcome(
            sighting(title, topics=("kling",), published_at=at, first_seen_at=at, source=source)
        )
    )


def recent(store: Store) -> list[StoryArticle]:
    return sorted(store.recent_matched(WINDOW), key=lambda each: each.id)


def save(store: Store, *groups: tuple[int, ...], **fields: object) -> int:
    """Store groups of articles as new stories; `fields` are those of the first."""
    found = [Story(id=None, articles=groups[0], **fields)]  # type: ignore[arg-type]  # a story's fields
    found += [Story(id=None, articles=group) for group in groups[1:]]
    return store.save_stories(found, recent(store))


def places(store: Store) -> dict[int, int | None]:
    return {each.id: each.story_id for each in recent(store)}


def test_only_what_a_topic_matched_in_the_window_is_grouped(filled: Store) -> None:
    add(filled, "Kling, last week", ago(days=6))
    assert [each.id for each in recent(filled)] == [1, 2, 3, 4]
    assert filled.recent_matched(WINDOW)[0].id == 4
    first = recent(filled)[0]
    assert (first.title, first.at, first.story_id) == ("Kling, 8 hours ago", ago(hours=8), None)
    assert first.text == article().text


def test_headlines_are_those_of_the_newest_articles(filled: Store) -> None:
    assert [each.id for each in filled.headlines(after=0, most=2)] == [5, 4]
    assert [each.id for each in filled.headlines(after=3, most=10)] == [5, 4]


def test_new_stories_get_ids_that_were_never_used(filled: Store) -> None:
    assert save(filled, (1, 2), (3,), (4,)) == 4
    first = places(filled)
    assert first[1] == first[2]
    assert len(set(first.values())) == 3
    filled.forget(unmatched_before=None, matched_before=NOW)
    add(filled, "Kling, again", ago(hours=1))
    (new,) = recent(filled)
    assert filled.save_stories([Story(id=None, articles=(new.id,))], [new]) == 1
    assert set(places(filled).values()).isdisjoint(first.values())


def test_storing_the_same_again_changes_nothing(filled: Store) -> None:
    save(filled, (1, 2), (3, 4))
    known = places(filled)
    same = [Story(id=known[1], articles=(1, 2)), Story(id=known[3], articles=(3, 4))]
    assert filled.save_stories(same, recent(filled)) == 0
    assert places(filled) == known


def test_a_story_whole(filled: Store) -> None:
    add(filled, "Kling elsewhere", ago(hours=5), source="Other News")
    save(filled, (1, 2, 6, 3), (4,), copies={6: 2})
    story = filled.story(places(filled)[1] or 0)
    assert story is not None
    assert [(each.row.id, each.copy_of) for each in story.members] == [
        (1, None),
        (2, None),
        (6, 2),
        (3, None),
    ]
    assert story.members[0].row.matches[0].topic_id == "kling"
    assert story.first_seen_at == ago(hours=8)
    assert story.outlets == ("Example News", "Other News")
    assert story.repeating == ("Other News",)


def test_the_stories_of_articles_come_whole(filled: Store) -> None:
    save(filled, (1, 2), (3,), (4,))
    first, second = filled.stories_of([2, 3, 5, 99])
    assert [each.row.id for each in first.members] == [1, 2]
    assert [each.row.id for each in second.members] == [3]


def test_stories_in_short_name_their_newest_articles(filled: Store) -> None:
    save(filled, (1, 2, 4), (3,), copies={4: 1})
    found = filled.outlines([1, 3, 4, 5, 99], newest=2)

    assert found.keys() == {1, 4}
    assert found[1] == found[4]
    assert found[1].articles == 3
    assert [(line.id, line.repeats) for line in found[1].newest] == [(4, True), (2, False)]
    assert (found[1].newest[1].title, found[1].newest[1].at) == ("Kling, 6 hours ago", ago(hours=6))
    assert filled.outlines([], newest=2) == {}


def test_a_story_comes_with_its_reviews(filled: Store) -> None:
    save(filled, (1, 2))
    key = MatchKey(topic_id="kling", article_id=2)
    filled.review([key], ReviewChange(mark=Mark.RELEVANT), step="a", now=NOW)
    (story,) = filled.stories_of([1])
    assert [[said.mark for said in each.row.reviews] for each in story.members] == [
        [],
        [Mark.RELEVANT],
    ]


def test_no_such_story(filled: Store) -> None:
    assert filled.story(1) is None
    assert filled.stories_of([]) == ()


def test_the_id_of_a_story_that_became_part_of_another_leads_there(filled: Store) -> None:
    save(filled, (1,), (2,), (3, 4))
    known = places(filled)
    one, two, three = known[1] or 0, known[2] or 0, known[3] or 0
    # Only 2 and later are in the window: 1 goes along with its story.
    grouped = [each for each in recent(filled) if each.id > 1]
    filled.save_stories([Story(id=two, articles=(2,), absorbed=(one,))], grouped[:1])
    assert places(filled) == {1: two, 2: two, 3: three, 4: three}
    grouped = recent(filled)
    assert filled.save_stories([Story(id=three, articles=(1, 2, 3, 4), absorbed=(two,))], grouped)
    for number in (one, two, three):
        story = filled.story(number)
        assert story is not None
        assert story.id == three
        assert [each.row.id for each in story.members] == [1, 2, 3, 4]


def test_what_was_grouped_by_another_process_meanwhile_stands(filled: Store) -> None:
    read = recent(filled)
    save(filled, (1, 2), (3, 4))
    known = places(filled)
    assert filled.save_stories([Story(id=None, articles=(1, 2, 3, 4))], read) == 0
    assert places(filled) == known


def test_articles_that_retention_took_meanwhile_are_left_out(filled: Store) -> None:
    read = recent(filled)
    filled.forget(unmatched_before=None, matched_before=ago(hours=5))
    assert filled.save_stories([Story(id=None, articles=(1, 2, 3, 4))], read) == 2
    assert places(filled).keys() == {3, 4}


def test_retention_takes_a_story_with_its_last_article(filled: Store) -> None:
    save(filled, (1, 3), (2,), (4,), copies={3: 1})
    known = places(filled)
    filled.forget(unmatched_before=None, matched_before=ago(hours=5))
    assert filled.story(known[2] or 0) is None
    left = filled.story(known[1] or 0)
    assert left is not None
    # What it repeated is gone: it now stands for itself.
    assert [(each.row.id, each.copy_of) for each in left.members] == [(3, None)]
    filled.forget(unmatched_before=None, matched_before=NOW + HOUR)
    assert filled.page(ArchiveFilter()).articles == ()
    assert filled.story(known[4] or 0) is None
