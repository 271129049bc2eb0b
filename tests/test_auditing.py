"""Once a week a digest ends with what its topics may have missed."""

from collections.abc import Sequence
from datetime import date, datetime

import pytest

from monitor import auditing, deliver
from monitor import config as configuration
from monitor.config import Config
from monitor.matcher import Topics
from monitor.model import Missed, Sighting
from monitor.render import Templates
from monitor.store import Store
from tests.factories import DAY, FEED_URL, HOUR, article, feed_state, match, outcome, sighting

#: A Wednesday, and the digest's hour on it.
SLOT = datetime.fromisoformat("2026-03-11T07:30:00+00:00")

TEXT = """
timezone = "UTC"
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling", "kernel NEAR/5 (video OR film)"]
[[topic]]
id = "export"
name = "Export controls"
any = ["export NEAR/4 (control* OR curb*)"]
[[feed]]
url = "https://news.example/feed"
[[digest]]
name = "daily"
at = "07:30"
"""

#: Title, and when it was first seen. Each line of it is no match, but nearly.
NEARLY = [
    ("A kernel that paints itself", SLOT - DAY),
    ("Kuaishou opens a studio", SLOT - 2 * DAY),
    ("Exports of soybeans rise", SLOT - 8 * DAY),  # more than a week ago
    ("Chip export to be looked at", SLOT - 3 * DAY),
]


@pytest.fixture
def archive(store: Store) -> Store:
    """Give a store with matches that often name Kuaishou, near misses, and other news."""
    config = load()
    store.sync_feeds(config.feeds, SLOT - 30 * DAY)
    topics = Topics(config.topics)
    store.accept_config(text="", hash="1", topics=topics.versions, now=SLOT - 30 * DAY)
    matched = [(f"Kling draws clip {n} for Kuaishou", SLOT - (n + 9) * DAY) for n in range(4)]
    other = [(f"Parliament debates budget {n}", SLOT - n * HOUR) for n in range(60)]
    poll(store, *matched, *NEARLY, *other)
    return store


def load(text: str = TEXT) -> Config:
    return configuration.load(text)


def poll(store: Store, *seen: tuple[str, datetime]) -> None:
    """Store and index articles with the matches that the topics give."""
    topics = Topics(load().topics)
    entries: list[Sighting] = []
    for title, at in seen:
        told = article(title, text="", first_seen_at=at, published_at=at)
        found = tuple(match(each.topic_id) for each in topics.match(told))
        entry = sighting(title, text="", first_seen_at=at, published_at=at)
        entries.append(type(entry)(names=entry.names, article=told, matches=found))
    store.save_poll(outcome(*entries, feed=feed_state(FEED_URL, last_success_at=SLOT)))
    while store.index_pending():
        pass


def audit(store: Store, config: Config, until: datetime = SLOT) -> Sequence[Missed]:
    return auditing.missed(store, config.digests[0], config.topics, until=until)


def test_near_misses_and_names_of_matches_are_found_with_their_reasons(archive: Store) -> None:
    film, controls = "video OR film", "control* OR curb*"
    assert [(each.topic, each.title, each.why) for each in audit(archive, load())] == [
        ("Kling", "A kernel that paints itself", f"“kernel” without “{film}”"),
        ("Kling", "Kuaishou opens a studio", "“Kuaishou”, as in 4 matches"),
        (
            "Export controls",
            "Chip export to be looked at",
            f"“export” without “{controls}”",
        ),
    ]


def test_of_a_topic_only_a_few_are_shown_and_none_twice(archive: Store) -> None:
    titles = [f"The kernel of nut {n}" for n in range(9)]
    poll(
        archive,
        *((title, SLOT - HOUR) for title in (*titles, "Soy EXPORT grows", "Soy export, grows")),
    )
    found = [each.topic for each in audit(archive, load())]
    assert (found.count("Kling"), found.count("Export controls")) == (3, 3)


def test_what_was_once_a_match_was_not_missed(archive: Store) -> None:
    """Who narrowed a topic has seen what it does not give any more."""
    narrowed = load(TEXT.replace('any = ["Kling", ', 'any = ["Kling NEAR/3 robot", '))
    archive.accept_config(text="", hash="2", topics=Topics(narrowed.topics).versions, now=SLOT)
    assert "Kling" not in " ".join(each.title for each in audit(archive, narrowed))


def compose(store: Store, config: Config, now: datetime) -> str:
    """Compose what is due and give the text of the newest issue."""
    made = deliver.Makings(store=store, config=config, templates=Templates([]))
    deliver.compose_due(made, now)
    newest = store.digest(store.digests()[0].id)
    assert newest
    return newest.text


def test_the_first_issue_of_a_week_that_goes_out_shows_them_once(archive: Store) -> None:
    config = load()
    archive.digest_started_at("daily", SLOT - 2 * DAY)
    # Nothing to report, so nothing goes out, and the audit waits.
    assert "MISSED" in compose(archive, config, SLOT - DAY)
    assert not archive.went_out_since("daily", date(2026, 3, 9))
    poll(archive, ("Kling sings", SLOT - HOUR))
    first = compose(archive, config, SLOT)
    assert "YOU MAY HAVE MISSED" in first
    assert "1 story, from 1 match" in first
    poll(archive, ("Kling dances", SLOT + HOUR), ("A kernel of truth", SLOT + HOUR))
    assert "MISSED" not in compose(archive, config, SLOT + DAY)
    # Monday.
    poll(archive, ("Kling sleeps", SLOT + 4 * DAY))
    monday = compose(archive, config, SLOT + 5 * DAY)
    assert "A kernel of truth" in monday
    assert "A kernel that paints itself" not in monday
    assert archive.went_out_since("daily", date(2026, 3, 16))


def test_an_audit_is_a_choice(archive: Store) -> None:
    config = load(f'{TEXT}audit = "never"\n')
    archive.digest_started_at("daily", SLOT - DAY)
    poll(archive, ("Kling sings", SLOT - HOUR))
    assert "MISSED" not in compose(archive, config, SLOT)
