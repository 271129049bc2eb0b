"""When an issue is due, and what stands in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import digest as digests
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.model import ArticleMatches, Digest, DigestItem, Slot, Span
from tests.factories import DAY, HOUR, NOW, ago, coverage, match, row, span, window

BERLIN = ZoneInfo("Europe/Berlin")
KLING = TopicConfig(id="kling", name="Kling", any=("Kling", "可灵"))
ALIBABA = TopicConfig(id="alibaba", name="Alibaba", any=("Alibaba",))


def config(**fields: Any) -> DigestConfig:
    return DigestConfig(name="daily", **fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------- slots


@pytest.mark.parametrize(
    ("zone", "at", "day", "due"),
    [
        pytest.param("Europe/Berlin", "07:30", "2026-03-28", "2026-03-28 06:30", id="winter"),
        pytest.param("Europe/Berlin", "07:30", "2026-03-29", "2026-03-29 05:30", id="summer"),
        pytest.param("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29 01:00", id="in the gap"),
        pytest.param("Europe/Berlin", "02:00", "2026-03-29", "2026-03-29 01:00", id="gap begins"),
        pytest.param("Europe/Berlin", "03:00", "2026-03-29", "2026-03-29 01:00", id="gap ends"),
        pytest.param("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25 00:30", id="first 02:30"),
        pytest.param("America/New_York", "02:30", "2026-03-08", "2026-03-08 07:00", id="NY gap"),
        pytest.param("America/New_York", "01:30", "2026-11-01", "2026-11-01 05:30", id="NY fold"),
        pytest.param(
            "Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03 15:30", id="gap of 30 min"
        ),
        pytest.param(
            "Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04 14:45", id="fold of 30 min"
        ),
        pytest.param(
            "America/Santiago", "00:00", "2026-09-06", "2026-09-06 04:00", id="no midnight"
        ),
        pytest.param("America/Santiago", "00:30", "2026-09-06", "2026-09-06 04:00", id="nor 00:30"),
        pytest.param("Africa/Cairo", "00:00", "2026-04-24", "2026-04-23 22:00", id="Cairo's gap"),
        pytest.param(
            "America/Santiago", "23:30", "2026-04-04", "2026-04-05 02:30", id="first 23:30"
        ),
    ],
)
def test_a_slot_is_where_clocks_first_show_its_time_or_jump_past_it(
    zone: str, at: str, day: str, due: str
) -> None:
    due_at = utc(due)
    slot = digests.next_slot(config(at=at), ZoneInfo(zone), after=due_at - timedelta(minutes=1))
    assert slot == Slot(digest="daily", local_date=date.fromisoformat(day), at=at, due_at=due_at)


@pytest.mark.parametrize("at", ["00:00", "00:30", "02:30", "07:30", "23:59"])
@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut"],
)
def test_every_local_date_has_exactly_one_slot(zone: str, at: str) -> None:
    """Asked every hour for seventy days around both changes of the clocks."""
    tz, daily = ZoneInfo(zone), config(at=at)
    for begin in (utc("2026-03-01"), utc("2026-09-01")):
        last: Slot | None = None
        dates = []
        for tick in range(70 * 24):
            now = begin + tick * HOUR
            due = digests.due_slots(daily, tz, after=last.due_at if last else begin, now=now)
            for slot in due:
                dates.append(slot.local_date)
                last = slot
        assert dates == [dates[0] + number * DAY for number in range(len(dates))]
        assert abs(len(dates) - 70) <= 1


def test_a_date_that_a_zone_skipped_has_no_slot() -> None:
    apia = ZoneInfo("Pacific/Apia")
    slot = digests.next_slot(config(), apia, after=utc("2011-12-29 18:00"))
    assert slot.local_date == date(2011, 12, 31)


#: Clocks there jump at midnight, by half an hour, twice a year the other way round, or never.
ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Santiago",
    "Asia/Beirut", "Asia/Kathmandu", "Asia/Shanghai", "Atlantic/Azores", "Australia/Lord_Howe",
    "Europe/Berlin", "Europe/Dublin", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati",
]  # fmt: skip
HALF_HOURS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]


def all_slots(daily: DigestConfig, zone: ZoneInfo, begin: datetime, end: datetime) -> list[Slot]:
    """Walk from each slot to the moment when the next one is due."""
    slots: list[Slot] = []
    done = begin
    while (coming := digests.next_slot(daily, zone, after=done)).due_at <= end:
        early = coming.due_at - timedelta(microseconds=1)
        assert digests.due_slots(daily, zone, after=done, now=early) == ()
        assert digests.due_slots(daily, zone, after=done, now=coming.due_at) == (coming,)
        slots.append(coming)
        done = coming.due_at
    return slots


@settings(max_examples=25)
@given(zone=st.sampled_from(ZONES), at=st.sampled_from(HALF_HOURS), year=st.integers(2012, 2037))
def test_in_any_zone_and_year_each_local_date_has_one_issue(zone: str, at: str, year: int) -> None:
    tz = ZoneInfo(zone)
    begin, end = (datetime(y, 1, 1, 12, tzinfo=UTC) for y in (year, year + 1))
    dates = [slot.local_date for slot in all_slots(config(at=at), tz, begin, end)]
    first, last = dates[0], dates[-1]
    assert dates == [first + number * DAY for number in range((last - first).days + 1)]
    assert abs((begin.astimezone(tz).date() - first).days) <= 1
    assert abs((end.astimezone(tz).date() - last).days) <= 1


@given(
    zone=st.sampled_from(ZONES),
    at=st.sampled_from(HALF_HOURS),
    begun=st.integers(0, 3 * 365 * 48),
    hours=st.floats(0, 30 * 24),
    catch_up=st.sampled_from(["merge", "each", "skip"]),
)
def test_after_downtime_the_missed_slots_become_what_was_asked_for(
    zone: str, at: str, begun: int, hours: float, catch_up: str
) -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC) + begun * HOUR / 2
    tz, now = ZoneInfo(zone), begin + hours * HOUR
    missed = all_slots(config(at=at), tz, begin, now)
    due = digests.due_slots(config(at=at, catch_up=catch_up), tz, after=begin, now=now)
    match catch_up:
        case "merge":
            assert due == tuple(missed[-1:])
        case "each":
            assert due == tuple(missed)
        case _:
            late = [slot for slot in missed if now - slot.due_at <= digests.MISSED_AFTER]
            assert due == tuple(late[-1:])


def test_catching_up_with_each_slot_has_an_end() -> None:
    each = config(catch_up="each")
    due = digests.due_slots(each, BERLIN, after=NOW - 5000 * DAY, now=NOW)
    assert len(due) == digests.MAX_CAUGHT_UP
    assert due[-1].local_date == NOW.date()
    weekly = digests.due_slots(
        config(catch_up="each", days=["sun"]), BERLIN, after=NOW - 5000 * DAY, now=NOW
    )
    assert len(weekly) == digests.MAX_CAUGHT_UP


def test_nothing_is_due_before_its_time_and_nothing_twice() -> None:
    due = utc("2026-03-11 06:30")
    before, at = due - timedelta(seconds=1), due
    assert digests.due_slots(config(), BERLIN, after=due - DAY, now=before) == ()
    (found,) = digests.due_slots(config(), BERLIN, after=due - DAY, now=at)
    assert found.due_at == due
    assert digests.due_slots(config(), BERLIN, after=found.due_at, now=due + 3 * HOUR) == ()


def test_a_digest_comes_only_on_its_days() -> None:
    mondays = config(days=["mon"])
    assert digests.due_slots(mondays, BERLIN, after=NOW - DAY, now=NOW) == ()  # a Wednesday
    (slot,) = digests.due_slots(mondays, BERLIN, after=NOW - 7 * DAY, now=NOW)
    assert slot.local_date == date(2026, 3, 9)
    assert digests.next_slot(mondays, BERLIN, after=NOW).local_date == date(2026, 3, 16)
    assert digests.slot_before(mondays, BERLIN, slot).due_at == slot.due_at - 7 * DAY


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        pytest.param("America/New_York", "07:30", id="moved to a later zone"),
        pytest.param("Europe/Berlin", "11:00", id="moved to a later hour"),
    ],
)
def test_a_digest_that_moves_gets_no_second_issue_for_a_date(zone: str, at: str) -> None:
    (sent,) = digests.due_slots(config(), BERLIN, after=NOW - DAY, now=NOW)
    again = digests.due_slots(
        config(at=at), ZoneInfo(zone), after=sent.due_at, now=NOW, done={sent.local_date}
    )
    assert again == ()


def test_the_slot_before_is_a_local_day_earlier() -> None:
    slot = digests.next_slot(config(), BERLIN, after=utc("2026-03-29 00:00"))
    # One hour less: the clocks went forward in that night.
    assert digests.slot_before(config(), BERLIN, slot).due_at == utc("2026-03-28 06:30")


# ---------------------------------------------------------------------------------------- issue


def compose(*rows: ArticleMatches, **fields: Any) -> Digest:
    given: dict[str, Any] = {
        "config": config(),
        "topics": (KLING, ALIBABA),
        "feeds": (),
        "rows": rows,
        "coverage": coverage(),
        "window": window(),
        "zone": BERLIN,
        "slot_at": NOW,
    }
    return digests.compose(**(given | fields))


def titles(digest: Digest, topic_id: str) -> list[str]:
    topic = next(topic for topic in digest.topics if topic.id == topic_id)
    return ["".join(piece.text for piece in story.lead.title) for story in topic.stories]


def test_an_article_stands_under_each_of_its_topics() -> None:
    both = row(1, title="Kling meets Alibaba", topics=("alibaba", "kling"))
    composed = compose(both)
    assert [topic.name for topic in composed.topics] == ["Kling", "Alibaba"]
    assert titles(composed, "kling") == titles(composed, "alibaba") == ["Kling meets Alibaba"]
    assert (composed.stories, composed.articles) == (2, 2)


def test_hits_in_the_title_come_first_then_the_newest() -> None:
    text = match(spans=(span(field="body"),))
    rows = [
        row(1, title="Kling, old", published_at=ago(hours=9)),
        row(2, title="In the text, new", published_at=ago(hours=1)),
        row(3, title="Kling, new", published_at=ago(hours=2)),
        row(
            4,
            title="Kling, from the future",
            published_at=NOW + 9 * DAY,
            first_seen_at=ago(hours=5),
        ),
    ]
    rows[1] = ArticleMatches(id=2, article=rows[1].article, matches=(text,))
    assert titles(compose(*rows), "kling") == [
        "Kling, new",
        "Kling, from the future",
        "Kling, old",
        "In the text, new",
    ]


def test_hits_are_marked_and_every_story_says_why_it_is_there() -> None:
    spans = (
        span("可灵"),
        span("可灵", 5, field="body"),
        span("Kuaishou", 10, field="body", term="kuaishou"),
    )
    found = row(1, title="可灵2.0发布", text="快手发布 可灵 。 Kuaishou said so.")
    composed = compose(ArticleMatches(id=1, article=found.article, matches=(match(spans=spans),)))
    lead = composed.topics[0].stories[0].lead
    assert [(piece.text, piece.hit) for piece in lead.title] == [("可灵", True), ("2.0发布", False)]
    assert any(piece.hit for piece in lead.snippet)
    assert lead.why == ("可灵 in the title", "Kuaishou in the text")


def why(*spans: Span) -> tuple[str, ...]:
    found = ArticleMatches(id=1, article=row().article, matches=(match(spans=spans),))
    return compose(found).topics[0].stories[0].lead.why


def test_reasons_are_few_and_short() -> None:
    title = (span("阿里"), span("Qwen", 9))
    assert why(*title) == ("阿里, Qwen in the title",)
    assert why(*title, span("qwen", 3, field="body"), span("Tongyi", 30, field="body")) == (
        "阿里, Qwen in the title",
        "Tongyi in the text",
    )
    # What stands inside a longer find is not said again.
    assert why(span("Alibaba"), span("Alibaba Cloud")) == ("Alibaba Cloud in the title",)
    many = [span(f"Word {number}", 10 * number) for number in range(9)]
    assert why(*many) == ("Word 0, Word 1, Word 2 in the title",)
    # Evidence that the stored text does not show is not kept.
    assert why() == ("for words that this version lacks",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Kling 2.0 makes films", "", id="the title"),
        pytest.param("KLING 2.0 makes films.  Example News", "", id="the title and the source"),
        pytest.param("A new model was shown.", "A new model was shown.", id="something else"),
    ],
)
def test_a_snippet_does_not_say_the_title_again(text: str, shown: str) -> None:
    composed = compose(row(1, title="Kling 2.0 makes films", text=text))
    lead = composed.topics[0].stories[0].lead
    assert "".join(piece.text for piece in lead.snippet) == shown


def test_times_are_local_and_an_undated_article_says_so() -> None:
    composed = compose(row(1, published_at=None), row(2, published_at=ago(hours=1)))
    newest, second = (story.lead for story in composed.topics[0].stories)
    assert (newest.time.isoformat(), newest.undated) == ("2026-03-11T13:00:00+01:00", True)
    assert (second.time.isoformat(), second.undated) == ("2026-03-11T12:00:00+01:00", False)
    assert composed.slot.isoformat() == "2026-03-11T13:00:00+01:00"


def test_a_feeds_label_stands_at_its_articles() -> None:
    labelled = FeedConfig(url="https://state.example/feed", label="state media")
    composed = compose(row(1, feed_url=labelled.url), row(2), feeds=(labelled,))
    labels = {story.lead.id: story.lead.label for story in composed.topics[0].stories}
    assert labels == {1: "state media", 2: ""}


def test_a_topics_limit_leaves_the_rest_to_the_archive() -> None:
    limited = TopicConfig(id="kling", name="Kling", any=("Kling",), limit=2)
    rows = [row(number) for number in range(5)]
    composed = compose(*rows, topics=(limited,))
    assert [(len(t.stories), t.articles, t.more) for t in composed.topics] == [(2, 5, 3)]
    # What was only counted is reported as well: it does not come back tomorrow.
    assert len(digests.items((limited,), rows)) == 5


def test_bars_compare_with_the_largest_topic() -> None:
    rows = [row(number) for number in range(4)] + [row(9, topics=("alibaba",))]
    assert [topic.bar_percent for topic in compose(*rows).topics] == [100, 25]
    assert [topic.bar_percent for topic in compose().topics] == [0, 0]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(["*"], ["kling", "alibaba"], id="all, as configured"),
        pytest.param(["alibaba"], ["alibaba"], id="one"),
        pytest.param(["alibaba", "kling"], ["alibaba", "kling"], id="in the digest's order"),
        pytest.param(["alibaba", "*"], ["alibaba", "kling"], id="one first, then the others"),
        pytest.param(["kling", "kling"], ["kling"], id="named twice"),
    ],
)
def test_a_digest_has_the_topics_it_names(wanted: list[str], expected: list[str]) -> None:
    chosen = digests.selected(config(topics=wanted), (KLING, ALIBABA))
    assert [topic.id for topic in chosen] == expected


def test_items_are_only_those_of_the_digests_topics() -> None:
    both = row(7, topics=("alibaba", "kling"))
    assert digests.items((KLING,), (both,)) == (DigestItem(article_id=7, topic_id="kling"),)


def test_the_subject_carries_the_news() -> None:
    rows = [row(number) for number in range(3)] + [row(9, topics=("alibaba",))]
    assert compose(*rows).subject == "Kling 3, Alibaba 1 · 11 Mar"
    assert compose(row()).subject == "Kling 1 · 11 Mar"
    assert compose().subject == "Nothing new · 11 Mar"


@given(names=st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=30))
def test_a_subject_is_one_short_line(names: list[str]) -> None:
    topics = [
        KLING.model_copy(update={"id": f"t{number}", "name": name})
        for number, name in enumerate(names)
    ]
    found = row(1, topics=tuple(topic.id for topic in topics))
    subject = compose(found, topics=topics).subject
    assert len(subject) <= digests.MAX_SUBJECT
    assert subject.splitlines() == [subject]


@pytest.mark.parametrize(
    ("found", "seen", "subject", "notice"),
    [
        pytest.param(
            [], (55, 3), "The monitor could not see: 3 of 55 feeds read · 11 Mar", "could not see"
        ),
        pytest.param(
            [], (55, 0), "The monitor could not see: 0 of 55 feeds read · 11 Mar", "none of 55"
        ),
        pytest.param(
            [], (0, 0), "The monitor could not see: no feeds are configured · 11 Mar", "No feeds"
        ),
        pytest.param(
            [],
            (1, 0),
            "The monitor could not see: the only feed was not read · 11 Mar",
            "could not see: the only feed was not read since",
        ),
        pytest.param(
            [row()], (55, 1), "Kling 1 · 11 Mar", "saw little: only 1 of 55 feeds was read since"
        ),
        pytest.param([row()], (55, 3), "Kling 1 · 11 Mar", "News may be missing"),
    ],
)
def test_a_blind_monitor_says_so(
    found: list[ArticleMatches], seen: tuple[int, int], subject: str, notice: str
) -> None:
    composed = compose(*found, coverage=coverage(feeds=seen[0], feeds_read=seen[1]))
    assert composed.subject == subject
    assert notice in " ".join(composed.notices)


@pytest.mark.parametrize(
    ("found", "seen", "says"),
    [
        pytest.param([row()], 120, "", id="news"),
        pytest.param([], 120, "All 120 new articles from 10 of 10 feeds are about something else."),
        pytest.param([], 1, "The one new article from 10 of 10 feeds is about something else."),
        pytest.param([], 0, "There was no new article at all, although 10 of 10 feeds could be"),
    ],
)
def test_without_a_match_it_says_who_was_quiet(
    found: list[ArticleMatches], seen: int, says: str
) -> None:
    quiet = compose(*found, coverage=coverage(articles=seen)).quiet
    assert quiet.startswith(says)
    assert bool(quiet) is bool(says)
    assert compose(*found, coverage=coverage(articles=seen, feeds_read=1)).quiet == ""


def test_a_preview_does_not_judge_a_window_that_is_not_over() -> None:
    composed = compose(coverage=coverage(feeds_read=0), preview=True)
    assert composed.subject == "Nothing new so far · 11 Mar"
    assert composed.notices == ("So far none of 10 feeds were read since 10 Mar 13:00.",)


@pytest.mark.parametrize(
    ("found", "read", "when_empty", "goes"),
    [
        pytest.param([row()], 10, "skip", True, id="news"),
        pytest.param([], 10, "skip", False, id="nothing new"),
        pytest.param([], 10, "send", True, id="nothing new, but wished for"),
        pytest.param([], 4, "skip", True, id="nothing seen"),
        pytest.param([], 5, "skip", False, id="half of the feeds is enough"),
    ],
)
def test_nothing_new_goes_out_only_on_wish_but_blindness_always(
    found: list[ArticleMatches], read: int, when_empty: str, *, goes: bool
) -> None:
    composed = compose(*found, coverage=coverage(feeds_read=read))
    assert digests.goes_out(config(when_empty=when_empty), composed) is goes


def test_strange_articles_are_shown_safely() -> None:
    nothing = row(1, title="", text="", url="")
    script = row(2, title="Kling " + "x" * 5000, url="javascript:alert(1)")
    composed = compose(nothing, script)
    leads = {story.lead.id: story.lead for story in composed.topics[0].stories}
    assert leads[1].title[0].text == "(no title)"
    assert (leads[1].snippet, leads[1].url, leads[2].url) == ((), "", "")
    assert sum(len(piece.text) for piece in leads[2].title) <= digests.MAX_TITLE + 1
