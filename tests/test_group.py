"""Grouping what topics matched: from the archive to stories, again and again."""

from datetime import datetime

import pytest

from monitor import group, stories
from monitor.config import FeedConfig
from monitor.group import Grouper
from monitor.model import Timeline
from monitor.store import Store
from monitor.stories import Glossary
from tests.factories import FEED_URL, HOUR, NOW, ago, outcome, sighting

GLOSSARY = Glossary()

NEWS = {
    "en": "Kuaishou's Kling raises $750 million for its video generator",
    "zh": "快手可灵融资7.5亿美元",
    "late": "Video generator Kling AI closes funding of $750m",
    "other": "Alibaba opens a data centre in Madrid",
}
BACKGROUND = [
    "Rice prices in Japan fall for the third month",
    "Bridge over the Ebro reopens after repairs",
    "台风逼近，上海取消航班",
    "国产科幻电影票房破纪录",
]


@pytest.fixture
def archive(store: Store) -> Store:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(outcome(*(sighting(title) for title in BACKGROUND)))
    add(store, "en", ago(hours=9))
    add(store, "zh", ago(hours=8))
    add(store, "other", ago(hours=7))
    return store


def add(
    store: Store, name: str, at: datetime, source: str = "Example News", text: str = ""
) -> None:
    seen = sighting(
        NEWS[name],
        topics=("kling",),
        published_at=at,
        first_seen_at=at,
        source=source,
        text=text,
        url=f"https://{source.split(maxsplit=1)[0].lower()}.example/{name}",
        key=f"{source} {name}",
    )
    store.save_poll(outcome(seen))


def told(store: Store) -> list[list[str]]:
    """Give the stories of the archive as lists of headlines."""
    ids = [each.id for each in store.recent_matched(ago(days=10))]
    return [
        [member.row.article.title for member in story.members] for story in store.stories_of(ids)
    ]


def test_one_event_in_two_languages_is_one_story(archive: Store) -> None:
    assert Grouper(archive, GLOSSARY).group_stories(NOW) == 3
    assert told(archive) == [[NEWS["en"], NEWS["zh"]], [NEWS["other"]]]


def test_grouping_again_changes_nothing(archive: Store) -> None:
    grouper = Grouper(archive, GLOSSARY)
    grouper.group_stories(NOW)
    assert [grouper.group_stories(NOW) for _ in range(3)] == [0, 0, 0]
    assert Grouper(archive, GLOSSARY).group_stories(NOW) == 0


def test_a_later_article_joins_the_story_under_its_id(archive: Store) -> None:
    grouper = Grouper(archive, GLOSSARY)
    grouper.group_stories(NOW)
    (first, other) = archive.stories_of([each.id for each in archive.recent_matched(ago(days=4))])
    add(archive, "late", ago(hours=1), source="Morning Post")
    assert grouper.group_stories(NOW) == 1
    story = archive.story(first.id)
    assert story is not None
    assert [member.row.article.title for member in story.members] == [
        NEWS["en"],
        NEWS["zh"],
        NEWS["late"],
    ]
    assert archive.story(other.id) == other


def test_what_left_the_window_stays_in_its_story(archive: Store) -> None:
    grouper = Grouper(archive, GLOSSARY)
    grouper.group_stories(NOW)
    later = NOW + stories.WINDOW - 8 * HOUR - HOUR / 2
    add(archive, "late", NOW)
    assert grouper.group_stories(later) == 1
    assert told(archive)[0] == [NEWS["en"], NEWS["zh"], NEWS["late"]]


def test_copies_of_an_agency_s_text_are_told_apart(archive: Store) -> None:
    text = (
        "The maker of the video generator said on Tuesday that seven funds had paid for a tenth of "
        "the company, which will spend the money on computing centres and on people. "
    )
    for number, source in enumerate(["Agency", "Morning Post", "Evening Post"]):
        add(archive, "late", ago(hours=6 - number), source=source, text=text)
    Grouper(archive, GLOSSARY).group_stories(NOW)
    story = archive.stories_of([each.id for each in archive.recent_matched(ago(days=4))])[0]
    assert stories.sources(story) == "4 outlets, 2 of them copies of one text"
    assert story.repeating == ("Morning Post", "Evening Post")


@pytest.mark.parametrize(
    ("copied", "words"),
    [
        ((), "1 outlet"),
        (("B",), "2 outlets, 1 of them a copy of one text"),
    ],
)
def test_the_sources_in_words(archive: Store, copied: tuple[str, ...], words: str) -> None:
    for number, source in enumerate(["Example News", *copied]):
        add(archive, "late", ago(hours=6 - number), source=source)
    Grouper(archive, GLOSSARY).group_stories(NOW)
    ids = [each.id for each in archive.recent_matched(ago(days=4))]
    story: Timeline = archive.stories_of(ids)[0]
    assert stories.sources(story) == words


def test_a_full_sample_is_taken_anew(archive: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "SAMPLE", 2)
    monkeypatch.setattr(group, "FULL", 3)
    grouper = Grouper(archive, GLOSSARY)
    grouper.group_stories(NOW)
    add(archive, "late", ago(hours=1))
    assert grouper.group_stories(NOW) == 1
    assert told(archive)[0] == [NEWS["en"], NEWS["zh"], NEWS["late"]]


def test_nothing_to_group(store: Store) -> None:
    assert Grouper(store, GLOSSARY).group_stories(NOW) == 0
