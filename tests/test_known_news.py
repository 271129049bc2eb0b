"""What was news once is not news again: a week of one feed, with what its readers get by mail.

Real store; the feed's documents are scripted. Each case says what the publisher does.
"""

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from monitor import articles, query
from monitor.matcher import Topics
from monitor.model import (
    ArchiveFilter,
    DigestItem,
    Entry,
    KeyPolicy,
    PageOutcome,
    PollReport,
    Window,
)
from monitor.store import Store
from tests.factories import DAY, FEED_URL, HOUR, NOW, issue, slot
from tests.test_poll import CONFIG, OTHER_URL, Desk, document, fetched

SUMMARY = (
    "The company behind the video model said on Wednesday that its new version makes films of two "
    "minutes from one sentence, that it runs on its own chips, and that it will be sold abroad "
    "from the summer on, for half of what the older one costs today. Nobody had expected it."
)
REPORT = (
    "A court in Hamburg ruled that pictures made by machines belong to nobody. The judges saw no "
    "author in a person who only describes what should be seen; two similar cases are still open "
    "in Paris and Madrid, where publishers and artists ask for a share of every sale since 2024."
)


@dataclass
class Newsroom:
    """One reader with a daily digest, two feeds."""

    desk: Desk
    numbers: Iterator[int]

    def show(self, *entries: Entry, at: timedelta, url: str = FEED_URL) -> PollReport:
        """Let a feed show these entries, and poll."""
        body = b"%d" % next(self.numbers)
        self.desk.fetcher.answers = {url: fetched(body, url)}
        self.desk.parser.documents[body] = document(*entries)
        return self.desk.poll(at, everything=True)

    def mail(self, at: timedelta) -> list[str]:
        """Mail a digest; give the titles in it, each topic's."""
        window = Window(since=NOW - DAY, until=NOW + at)
        rows = self.desk.store.digest_candidates("daily", window, None)
        items = [
            DigestItem(article_id=row.id, topic_id=match.topic_id)
            for row in rows
            for match in row.matches
        ]
        when = NOW + at
        sent = issue(
            *items,
            slot=slot(at=f"{when:%H:%M}", local_date=when.date(), due_at=when),
            window=window,
        )
        self.desk.store.enqueue(sent, NOW + at)
        return sorted(row.article.title for row in rows for _ in row.matches)

    def archive(self) -> list[str]:
        page = self.desk.store.page(ArchiveFilter(matched_only=False), limit=200)
        return sorted(row.article.title for row in page.articles)

    def found(self, words: str) -> list[str]:
        """Search the archive."""
        while self.desk.store.index_pending():
            pass
        wanted = query.for_index(query.parse(words)).index
        page = self.desk.store.page(ArchiveFilter(query=wanted, matched_only=False))
        return [row.article.title for row in page.articles]

    def policy(self) -> KeyPolicy:
        (state,) = (s for s in self.desk.store.feed_states() if s.feed_url == FEED_URL)
        return state.key_policy


@pytest.fixture
def room(store: Store) -> Newsroom:
    """Give a feed that was read before: what comes is news."""
    store.sync_feeds(CONFIG.feeds, NOW)
    room = Newsroom(Desk(store), itertools.count())
    old = Entry(
        guid="old",
        link="https://wire.example/old",
        title="An older story",
        text="",
        published_at=NOW - 20 * DAY,
    )
    room.show(old, at=-HOUR)
    room.show(old, at=-HOUR, url=OTHER_URL)
    return room


def story(number: int = 1, **fields: object) -> Entry:
    plain = Entry(
        guid=f"https://wire.example/?p={number}",
        link=f"https://wire.example/2026/kling-{number}",
        title=f"Kling shows version {number}",
        text=f"Part {number}. {SUMMARY}",
        published_at=NOW - number * timedelta(minutes=7),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def moved(entry: Entry, old: str, new: str) -> Entry:
    assert entry.guid
    assert entry.link
    return replace(entry, guid=entry.guid.replace(old, new), link=entry.link.replace(old, new))


STATUS = "https://status.example/kling"

#: What a publisher does to twenty entries of which nothing is news.
HABITS: dict[str, Callable[[Entry], Entry]] = {
    "the feed repeats itself": lambda one: one,
    "all guids change": lambda one: replace(one, guid=f"new {one.guid}"),
    "a guid is a new UUID each time": lambda one: replace(one, guid=str(uuid.uuid4())),
    "guids are left out": lambda one: replace(one, guid=None),
    "one guid for all entries": lambda one: replace(one, guid="https://wire.example/"),
    "guids in capitals": lambda one: replace(one, guid=(one.guid or "").upper()),
    "guids of ten kilobytes": lambda one: replace(one, guid=f"{one.guid}{'x' * 10_000}"),
    "the site goes to http": lambda one: moved(one, "https:", "http:"),
    "the site gets a www.": lambda one: moved(one, "wire.", "www.wire."),
    "the site moves to another host": lambda one: moved(one, "wire.example", "gazette.example"),
    "guids and hosts change, and the paths too": lambda one: replace(
        moved(one, "wire.example/2026", "gazette.example/news/china"), guid=f"{one.title}@new"
    ),
    "links get a fragment": lambda one: replace(one, guid=None, link=f"{one.link}#start"),
    "links are tracked": lambda one: replace(
        one, guid=None, link=f"{one.link}?utm_source=rss&utm_id={uuid.uuid4()}"
    ),
    "dates get lost": lambda one: replace(one, published_at=None),
    "dates become today's": lambda one: replace(one, published_at=NOW + 2 * DAY),
    "dates and guids change": lambda one: replace(
        one, guid=str(uuid.uuid4()), published_at=NOW + 2 * DAY
    ),
    "texts get lost": lambda one: replace(one, text=""),
}


@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS.keys())
def test_known_stories_are_no_news_whatever_their_publisher_does_but_a_new_one_is(
    room: Newsroom, habit: Callable[[Entry], Entry]
) -> None:
    stories = [story(number) for number in range(1, 21)]
    assert room.show(*stories, at=0 * HOUR).articles_new == 20
    assert len(room.mail(HOUR)) == 20
    for day in (2, 3):
        report = room.show(*map(habit, stories), at=day * DAY)
        assert (report.articles_new, report.matches_new) == (0, 0)
    news = story(21, title="Kling is sold to a rival", text=REPORT, published_at=NOW + 3 * DAY)
    assert room.show(*map(habit, [news, *stories]), at=4 * DAY).articles_new == 1
    # And back again.
    assert room.show(*stories, at=5 * DAY).articles_new == 0
    assert room.mail(5 * DAY) == ["Kling is sold to a rival"]
    assert len(room.archive()) == 22


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([story(1), story(2), story(3)], id="it rolls back to the beginning"),
        pytest.param([story(number) for number in range(30, 0, -1)], id="oldest first"),
        pytest.param([story(number) for number in range(1, 31)], id="all at once"),
    ],
)
def test_old_stories_that_come_back_are_not_mailed_again(
    room: Newsroom, later: list[Entry]
) -> None:
    for day in range(10):
        room.show(*(story(number) for number in range(3 * day + 1, 3 * day + 4)), at=day * DAY)
    assert len(room.mail(10 * DAY)) == 30
    assert room.show(at=11 * DAY).articles_new == 0  # empty
    assert room.show(*later, at=40 * DAY).articles_new == 0
    assert room.mail(40 * DAY) == []


# -------------------------------------------------------------------------- what stays apart


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            story(guid="1", link=STATUS, title="Kling is down", text=SUMMARY),
            story(
                guid="2",
                link=STATUS,
                title="Kling is slow",
                text=REPORT,
                published_at=NOW + HOUR,
            ),
            id="two reports of a status page",
        ),
        pytest.param(
            story(guid="1", link=STATUS, title="Kling is down", text="Look."),
            story(
                guid="2",
                link=STATUS,
                title="Kling is up again",
                text="Look.",
                published_at=NOW + HOUR,
            ),
            id="two reports whose few words are the same",
        ),
        pytest.param(
            story(1, title="Kling: the daily note"),
            story(2, title="Kling: the daily note", published_at=NOW + DAY),
            id="a title that returns every day",
        ),
        pytest.param(
            story(1, title="Kling in short", text=SUMMARY),
            story(2, title="Kling in short", text=REPORT),
            id="one title twice a day, of different things",
        ),
    ],
)
def test_two_stories_stay_two(room: Newsroom, first: Entry, second: Entry) -> None:
    assert room.show(first, at=0 * HOUR).articles_new == 1
    assert len(room.mail(HOUR)) == 1
    assert room.show(second, at=DAY).articles_new == 1
    assert room.mail(DAY + HOUR) == [second.title]


def test_two_stories_of_one_title_listed_side_by_side_are_two(room: Newsroom) -> None:
    one, other = story(1, title="Kling: notice"), story(2, title="Kling: notice")
    assert room.show(one, at=0 * HOUR).articles_new == 1
    assert room.show(one, other, at=HOUR).articles_new == 1
    assert len(room.mail(DAY)) == 2


# --------------------------------------------------------------------------------- key policy


@pytest.mark.parametrize(
    ("entries", "policy"),
    [
        pytest.param([story(n) for n in range(1, 21)], KeyPolicy.GUID, id="guids"),
        pytest.param(
            [story(1, guid=None), *(story(n) for n in range(2, 21))],
            KeyPolicy.GUID,
            id="one guid in twenty is missing",
        ),
        pytest.param(
            [story(1, guid=None), *(story(n) for n in range(2, 20))],
            KeyPolicy.LINK,
            id="one guid in nineteen is missing",
        ),
        pytest.param(
            [story(n, guid=f"issue {n % 5}") for n in range(1, 21)],
            KeyPolicy.LINK,
            id="guids stand for several links",
        ),
        pytest.param(
            [story(n, guid=None, link="https://wire.example/ticker") for n in range(1, 21)],
            KeyPolicy.LINK_TITLE,
            id="links stand for several titles",
        ),
        pytest.param([story(1), story(1), story(2)], KeyPolicy.GUID, id="an entry listed twice"),
    ],
)
def test_a_feed_is_read_by_what_its_publisher_is_careful_with(
    room: Newsroom, entries: list[Entry], policy: KeyPolicy
) -> None:
    room.show(*entries, at=0 * HOUR)
    assert room.policy() is policy
    assert room.show(*reversed(entries), at=HOUR).articles_new == 0
    # It never steps back by itself.
    room.show(story(90), story(91), at=2 * HOUR)
    assert room.policy() is policy


def test_a_change_of_policy_is_no_news_but_what_is_news_is_mailed(room: Newsroom) -> None:
    stories = [story(number) for number in range(1, 21)]
    room.show(*stories, at=0 * HOUR)
    assert len(room.mail(HOUR)) == 20
    news = story(40, guid=None, published_at=NOW + 2 * HOUR, title="Kling is sold", text=REPORT)
    careless = [replace(one, guid="0") for one in stories]
    assert room.show(news, *careless, at=3 * HOUR).articles_new == 1
    assert room.policy() is KeyPolicy.LINK
    assert room.mail(4 * HOUR) == ["Kling is sold"]


def test_what_first_shows_with_a_change_of_policy_may_be_old(room: Newsroom) -> None:
    room.show(*(story(number) for number in range(1, 21)), at=0 * HOUR)
    room.mail(HOUR)
    others = [
        story(n, guid=None, title=f"Kling, story {n}", text="", published_at=NOW - 90 * DAY)
        for n in range(60, 80)
    ]
    assert room.show(*others, at=2 * HOUR).articles_new == 20
    assert room.mail(3 * HOUR) == []


# -------------------------------------------------------------------------------------- edits


def test_an_edit_changes_the_article_and_what_finds_it(room: Newsroom) -> None:
    room.show(story(title="Kling shows a toaster"), at=0 * HOUR)
    assert room.found("toaster") == ["Kling shows a toaster"]
    edited = story(title="Kling shows a kettle", text=REPORT)
    report = room.show(edited, at=HOUR)
    assert (report.articles_new, report.matches_new) == (0, 0)
    assert room.found("toaster") == []
    assert room.found("kettle AND Hamburg") == ["Kling shows a kettle"]
    # Edited again before it was indexed, and back.
    room.show(story(title="Kling shows a fork"), at=2 * HOUR)
    room.show(story(title="Kling shows a spoon"), at=3 * HOUR)
    assert (room.found("kettle"), room.found("fork")) == ([], [])
    assert room.found("spoon") == ["Kling shows a spoon"]
    room.desk.store.forget(unmatched_before=NOW + DAY, matched_before=NOW + DAY)
    assert room.found("spoon") == []


def test_the_evidence_of_a_match_holds_after_an_edit(room: Newsroom) -> None:
    room.show(story(title="Kling waits"), at=0 * HOUR)
    room.show(story(title="Long awaited: Kling"), at=HOUR)
    (row,) = room.desk.store.page(ArchiveFilter()).articles
    (match,) = row.matches
    spans = [span for span in match.spans if span.field == "title"]
    assert [row.article.title[span.start : span.end] for span in spans] == ["Kling"]
    # The name goes, the match stays: it may have been read already.
    room.show(story(title="It waits", text=""), at=2 * HOUR)
    (row,) = room.desk.store.page(ArchiveFilter()).articles
    assert [match.spans for match in row.matches] == [()]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"title": "A better toaster is shown"}, id="the title"),
        pytest.param({"text": "The toaster, which costs 30 euros, is new."}, id="the text"),
        pytest.param({"title": "A dearer toaster", "text": "It costs 40 euros."}, id="both"),
        pytest.param({"text": "It was a long day in Hamburg."}, id="what the page says too"),
        pytest.param({"text": ""}, id="the text is left out"),
    ],
)
def test_an_edit_leaves_what_was_read_of_the_page(room: Newsroom, edit: dict[str, str]) -> None:
    first = story(title="A toaster is shown", text="It costs 30 euros.")
    room.show(first, at=0 * HOUR)
    read_page(room, "It was a long day in Hamburg. The toaster makes films with Kling.")
    assert room.mail(HOUR) == ["A toaster is shown"]
    room.show(replace(first, **edit), at=2 * HOUR)  # type: ignore[arg-type]
    (row,) = room.desk.store.page(ArchiveFilter()).articles
    assert row.article.title == edit.get("title", first.title)
    assert row.article.text.startswith(edit.get("text") or first.text)
    assert row.article.text.count("It was a long day in Hamburg.") == 1
    assert row.article.text.endswith("The toaster makes films with Kling.")
    (match,) = row.matches
    (span,) = match.spans
    assert row.article.text[span.start : span.end] == "Kling"
    assert room.found("Hamburg") == [row.article.title]
    assert room.mail(3 * HOUR) == []


def read_page(room: Newsroom, page: str) -> None:
    """Read the newest article's page."""
    store = room.desk.store
    row = store.page(ArchiveFilter(matched_only=False)).articles[0]
    store.decide_pages({row.id: True}, NOW)
    text = articles.in_full(row.article, page)
    matches = Topics(CONFIG.topics).match(replace(row.article, text=text))
    store.save_page(
        PageOutcome(article_id=row.id, tries=1, read_at=NOW, page=page, text=text, matches=matches)
    )


@pytest.mark.parametrize(
    ("before", "after", "mailed"),
    [
        pytest.param("Kling shows a toaster", "Kling shows a kettle", [], id="another word"),
        pytest.param(
            "A toaster is shown", "A toaster by Kling", ["A toaster by Kling"], id="a topic more"
        ),
        pytest.param("Kling shows a toaster", "A toaster is shown", [], id="a topic less"),
    ],
)
def test_an_edit_is_mailed_only_for_a_topic_that_it_brings(
    room: Newsroom, before: str, after: str, mailed: list[str]
) -> None:
    room.show(story(title=before, text=""), at=0 * HOUR)
    room.mail(HOUR)
    room.show(story(title=after, text=""), at=2 * HOUR)
    assert room.mail(3 * HOUR) == mailed
    # And no third time.
    room.show(story(title=f"{after} again", text=""), at=4 * HOUR)
    assert room.mail(5 * HOUR) == []


def test_an_entry_edited_at_every_poll_is_followed_24_times(room: Newsroom) -> None:
    for hour in range(40):
        report = room.show(story(title=f"Kling has {hour} readers"), at=hour * HOUR)
        assert report.articles_new == (hour == 0)
    assert room.archive() == ["An older story", "Kling has 24 readers"]
    (row,) = room.desk.store.page(ArchiveFilter()).articles
    kept = room.desk.store.article_versions(row.id)
    assert [one.title for one in kept] == [f"Kling has {n} readers" for n in range(23, 18, -1)]
    assert kept[0].until == NOW + 24 * HOUR
    assert room.mail(41 * HOUR) == ["Kling has 24 readers"]


def test_a_new_headline_under_a_new_guid_is_an_edit(room: Newsroom) -> None:
    room.show(story(guid="1"), at=0 * HOUR)
    reworded = story(guid="2", title="Kling's new version, at last", published_at=NOW + HOUR)
    assert room.show(reworded, at=2 * HOUR).articles_new == 0
    assert room.archive() == ["An older story", "Kling's new version, at last"]


def test_an_article_says_what_its_first_feed_says(room: Newsroom) -> None:
    room.show(story(), at=0 * HOUR)
    assert room.show(story(), at=HOUR, url=OTHER_URL).articles_new == 0
    room.show(story(title="Kling, retold"), at=2 * HOUR, url=OTHER_URL)
    assert "Kling, retold" not in room.archive()
    room.show(story(title="Kling, corrected"), at=3 * HOUR)
    assert "Kling, corrected" in room.archive()


# ----------------------------------------------------------------- other feeds, deleted articles


def test_google_news_makes_new_links_for_an_article_all_the_time(room: Newsroom) -> None:
    def found(token: str) -> Entry:
        return story(
            guid=token,
            link=f"https://news.google.com/rss/articles/{token}?oc=5",
            title="Kling is sold - The Gazette",
            publisher="The Gazette",
            text="",
        )

    assert room.show(found("CBMi1"), at=0 * HOUR).articles_new == 1
    # The same search again; another search, in another feed.
    assert room.show(found("CBMi2"), at=DAY).articles_new == 0
    assert room.show(found("CBMi3"), at=DAY, url=OTHER_URL).articles_new == 0
    # Another publisher is another article.
    other = replace(found("CBMi4"), title="Kling is sold - Daily", publisher="Daily")
    assert room.show(found("CBMi2"), other, at=2 * DAY).articles_new == 1
    assert room.mail(3 * DAY) == ["Kling is sold", "Kling is sold"]


def test_a_move_to_another_host_is_followed_in_each_feed(room: Newsroom) -> None:
    """Given up: what the other feed never showed before the move is new there."""
    both, one_only = story(1), story(2)
    room.show(both, one_only, at=0 * HOUR)
    room.show(both, at=HOUR, url=OTHER_URL)
    after = [moved(each, "wire.example", "gazette.example") for each in (both, one_only)]
    assert room.show(*after, at=DAY).articles_new == 0
    assert room.show(after[0], at=DAY, url=OTHER_URL).articles_new == 0
    assert room.show(*after, at=2 * DAY, url=OTHER_URL).articles_new == 1


def test_an_article_that_retention_took_does_not_come_back(room: Newsroom) -> None:
    rain = story(title="Rain in Galicia", text="It rains.", guid="rain")
    assert room.show(rain, at=0 * HOUR).articles_new == 1
    assert room.desk.store.forget(unmatched_before=NOW + DAY, matched_before=None) == 2
    for day, same in enumerate(
        [
            rain,
            replace(rain, text="It rains more."),
            replace(rain, guid="again"),
            moved(rain, "wire.example", "gazette.example"),
        ]
    ):
        assert room.show(same, at=(100 + day) * DAY).articles_new == 0
    assert room.archive() == []


@pytest.mark.parametrize(
    ("published", "mailed"),
    [
        pytest.param(lambda _n: None, 10, id="no dates: the first ten"),
        pytest.param(lambda _n: NOW - 30 * DAY, 0, id="old ones"),
        pytest.param(lambda n: NOW - n * 12 * HOUR, 2, id="those of the digest's day"),
        pytest.param(lambda _n: NOW + 900 * DAY, 50, id="dates to come: they count as of now"),
    ],
)
def test_the_first_fetch_of_a_feed_does_not_flood_the_digest(
    store: Store, published: Callable[[int], datetime | None], mailed: int
) -> None:
    store.sync_feeds(CONFIG.feeds, NOW)
    room = Newsroom(Desk(store), itertools.count())
    room.show(*(story(n, published_at=published(n)) for n in range(50)), at=0 * HOUR)
    assert len(room.mail(HOUR)) == mailed
