"""What a feed's past tells about when to ask it next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import rhythm
from monitor.model import Diary
from tests.factories import DAY, HOUR

MINUTE = timedelta(minutes=1)
WEEK = timedelta(weeks=1)
#: A Wednesday; the feeds below publish from five weeks before it to a week after.
NOON = datetime(2026, 3, 11, 12, tzinfo=UTC)
DAYS = [NOON.replace(hour=0) + number * DAY for number in range(-35, 8)]

WIRE = [day + number * 9 * MINUTE for day in DAYS for number in range(160)]
#: Twice an hour from Monday to Friday, 08:00 to 18:00.
PAPER = [day + 8 * HOUR + n * 30 * MINUTE for day in DAYS if day.weekday() < 5 for n in range(20)]
BLOG = [day + 9 * HOUR for day in DAYS if day.weekday() == 0]
ONE_BURST = [NOON - 10 * DAY + number * MINUTE for number in range(60)]
SILENT: list[datetime] = []
#: Its newspaper days ended two weeks ago.
STOPPED = [at for at in PAPER if at < NOON - 2 * WEEK]


def watched(feed: Sequence[datetime], until: datetime) -> Diary:
    """Watch a feed for four weeks up to that moment, with a poll every three hours."""
    at = until - 4 * WEEK
    diary = rhythm.remember(None, [], at)
    while at < until:
        before, at = at, at + 3 * HOUR
        diary = rhythm.remember(diary, [time for time in feed if before < time <= at], at)
    return diary


def following(
    diary: Diary,
    now: datetime,
    *slots: datetime,
    pause: timedelta = HOUR,
    ceiling: timedelta = DAY,
    place: float = 0.5,
) -> datetime:
    """Choose the next poll; `pause` is what floor and server ask for."""
    return rhythm.next_poll(
        diary,
        slots=slots,
        floor=HOUR,
        earliest=now + pause,
        latest=now + ceiling,
        place=place,
        now=now,
    )


def moment(text: str) -> datetime:
    """Read "Mon 09:30" as a moment of the week that begins with the Wednesday."""
    day, _, time = text.partition(" ")
    number = (["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(day) - 2) % 7
    hour, minute = map(int, time.split(":"))
    return NOON.replace(hour=hour, minute=minute) + number * DAY


# -------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("feed", "polled", "soonest", "latest"),
    [
        pytest.param(WIRE, "Wed 12:00", "Wed 13:00", "Wed 13:00", id="a wire: at the floor"),
        pytest.param(WIRE, "Sun 03:00", "Sun 04:00", "Sun 04:00", id="a wire: at night too"),
        pytest.param(PAPER, "Thu 10:00", "Thu 11:00", "Thu 12:00", id="a newspaper: often by day"),
        pytest.param(PAPER, "Thu 19:00", "Fri 05:00", "Fri 09:30", id="at night: in the morning"),
        pytest.param(PAPER, "Sat 08:00", "Sat 14:00", "Sun 08:00", id="on Saturday: hardly"),
        pytest.param(STOPPED, "Thu 10:00", "Thu 12:00", "Thu 18:00", id="when it stopped: less"),
        pytest.param(BLOG, "Wed 12:00", "Thu 12:00", "Thu 12:00", id="a weekly blog: once a day"),
        pytest.param(BLOG, "Mon 07:00", "Mon 10:00", "Mon 17:00", id="its Monday: the same day"),
        pytest.param(ONE_BURST, "Wed 12:00", "Thu 00:00", "Thu 12:00", id="after a burst: seldom"),
        pytest.param(SILENT, "Wed 12:00", "Thu 12:00", "Thu 12:00", id="a silent feed: ceiling"),
    ],
)
def test_a_feed_is_asked_when_it_is_likely_to_have_something(
    feed: list[datetime], polled: str, soonest: str, latest: str
) -> None:
    now = moment(polled)
    assert moment(soonest) <= following(watched(feed, now), now) <= moment(latest)


@pytest.mark.parametrize(
    ("feed", "polled", "pause", "expected"),
    [
        # The digest is due on Thursday at 07:30; the feed's place among all is 07:10.
        pytest.param(SILENT, "Wed 12:00", 1, "Thu 07:10", id="earlier than it would be"),
        pytest.param(SILENT, "Wed 07:10", 1, "Thu 07:10", id="exactly one day after the last"),
        pytest.param(WIRE, "Wed 12:00", 1, "Wed 13:00", id="hours before: as usual"),
        pytest.param(WIRE, "Thu 05:22", 1, "Thu 06:22", id="another poll still fits in between"),
        pytest.param(WIRE, "Thu 05:28", 1, "Thu 07:10", id="none fits: later than it would be"),
        pytest.param(WIRE, "Thu 05:45", 1, "Thu 06:45", id="in the hour before anyway"),
        pytest.param(SILENT, "Thu 06:20", 1, "Thu 07:20", id="as soon as the floor allows"),
        pytest.param(WIRE, "Thu 06:40", 1, "Thu 07:40", id="the floor does not allow it"),
        pytest.param(WIRE, "Wed 23:00", 6, "Thu 07:10", id="the server wants six hours"),
        pytest.param(WIRE, "Wed 23:00", 9, "Thu 08:00", id="the server does not allow it"),
    ],
)
def test_one_poll_is_aimed_into_the_hour_before_a_digest(
    feed: list[datetime], polled: str, pause: int, expected: str
) -> None:
    now = moment(polled)
    at = following(watched(feed, now), now, moment("Thu 07:30"), pause=pause * HOUR)
    assert at == moment(expected)


def test_polls_for_a_digest_are_spread_over_half_an_hour() -> None:
    diary = watched(SILENT, NOON)
    first, last = (following(diary, NOON, moment("Thu 07:30"), place=place) for place in (1.0, 0.0))
    assert (first, last) == (moment("Thu 06:55"), moment("Thu 07:25"))


def test_a_slow_feed_is_not_asked_for_every_digest_of_a_day() -> None:
    """One poll a day is what it is worth, so one digest of the two finds it fresh."""
    slots = [moment("Wed 18:00"), moment("Thu 07:30"), moment("Thu 18:00")]
    assert following(watched(SILENT, NOON), NOON, *slots) == moment("Thu 07:10")


def test_a_feed_without_news_is_asked_less_and_less() -> None:
    at, diary, waits = NOON, rhythm.remember(None, [], NOON), []
    while at < NOON + 4 * WEEK:
        before, at = at, following(diary, at)
        diary = rhythm.remember(diary, [], at)
        waits.append(at - before)
    assert waits[0] < 4 * HOUR
    assert waits == sorted(waits)
    assert waits[5] > 12 * HOUR
    assert waits[-1] == DAY


def test_a_new_feed_is_known_from_its_first_document() -> None:
    """Ten entries, a week apart: there is no reason to begin with every hour."""
    first_document = [NOON - number * WEEK - 3 * HOUR for number in range(10)]
    diary = rhythm.remember(None, first_document, NOON)
    assert following(diary, NOON) > NOON + 10 * HOUR


def test_a_lower_floor_makes_the_monitor_more_eager_as_a_whole() -> None:
    now = moment("Thu 10:00")
    diary = watched(PAPER, now)
    waits = [
        rhythm.next_poll(
            diary,
            slots=(),
            floor=floor,
            earliest=now + floor,
            latest=now + DAY,
            place=0.5,
            now=now,
        )
        - now
        for floor in (10 * MINUTE, HOUR, 3 * HOUR)
    ]
    assert 10 * MINUTE < waits[0] < waits[1] < waits[2]


# -------------------------------------------------------------------------------------- learning


def ago(**parts: float) -> datetime:
    return NOON - timedelta(**parts)


@pytest.mark.parametrize(
    ("published", "counts"),
    [
        # The poll before was at 06:15, this one is at 12:00: seven hours with a digit each.
        pytest.param([], "0000000", id="nothing new"),
        pytest.param([ago(minutes=150)], "0001000", id="in the hour of its date"),
        pytest.param([ago(minutes=150), ago(minutes=140)], "0002000", id="two in an hour"),
        pytest.param([ago(minutes=150)] * 40, "0009000", id="a burst is nine"),
        pytest.param([None, None], "0002000", id="without a date: in the middle"),
        pytest.param([NOON + 5 * HOUR], "0001000", id="tomorrow's date: in the middle"),
        pytest.param([ago(hours=20)], "0001000", id="dated by the day, came today"),
        pytest.param([ago(days=90), ago(days=80)] * 30, "0001000", id="old ones: one in all"),
        pytest.param([NOON, ago(hours=6)], "1000001", id="the hours of both polls count"),
    ],
)
def test_what_a_poll_tells(published: list[datetime | None], counts: str) -> None:
    before = rhythm.remember(None, [], NOON - 345 * MINUTE)
    assert rhythm.remember(before, published, NOON) == Diary(until=NOON, counts=counts)


@pytest.mark.parametrize(
    ("published", "counts"),
    [
        pytest.param([], "0", id="an empty feed"),
        pytest.param([None, None], "0", id="no dates: they may be of any time"),
        pytest.param([NOON + HOUR], "0", id="of the future"),
        pytest.param([ago(days=90), ago(days=99)], "0", id="all old, or wrongly dated"),
        pytest.param([ago(hours=4), ago(hours=2)], "10100", id="the past begins with the oldest"),
        pytest.param(
            [ago(days=9), *(ago(hours=n) for n in range(1, 10))], "1111111110", id="one is pinned"
        ),
    ],
)
def test_what_the_first_document_tells(published: list[datetime | None], counts: str) -> None:
    assert rhythm.remember(None, published, NOON) == Diary(until=NOON, counts=counts)


def test_a_diary_keeps_four_weeks() -> None:
    diary = rhythm.remember(None, [ago(days=60), ago(days=28, hours=-1), ago(days=1)], NOON)
    assert len(diary.counts) == rhythm.DIARY_HOURS
    later = rhythm.remember(diary, [], NOON + 90 * DAY)
    assert later == Diary(until=NOON + 90 * DAY, counts="0" * rhythm.DIARY_HOURS)


def test_a_clock_that_was_set_back_changes_nothing() -> None:
    diary = rhythm.remember(None, [ago(hours=2)], NOON)
    assert rhythm.remember(diary, [], NOON - DAY) == diary


moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  given one by hypothesis
waits = st.timedeltas(min_value=timedelta(0), max_value=40 * DAY)


@given(
    first=st.lists(st.none() | moments),
    polls=st.lists(st.tuples(waits, st.lists(st.none() | moments)), max_size=5),
    pause=st.timedeltas(min_value=MINUTE, max_value=9 * DAY),
    more=waits,
    slots=st.lists(waits),
    place=st.floats(0, 1),
)
def test_whatever_a_feed_says_it_is_asked_within_its_limits(
    first: list[datetime | None],
    polls: list[tuple[timedelta, list[datetime | None]]],
    pause: timedelta,
    more: timedelta,
    slots: list[timedelta],
    place: float,
) -> None:
    now, diary = NOON, rhythm.remember(None, first, NOON)
    for wait, published in polls:
        now += wait
        diary = rhythm.remember(diary, published, now)
        assert diary == rhythm.remember(diary, [], now)
    assert len(diary.counts) <= rhythm.DIARY_HOURS
    at = following(
        diary,
        now,
        *sorted(now + ahead for ahead in slots),
        pause=pause,
        ceiling=pause + more,
        place=place,
    )
    assert now + pause <= at <= now + pause + more
