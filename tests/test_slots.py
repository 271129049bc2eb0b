"""When an issue is due."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import slots
from monitor.config import DigestConfig
from monitor.model import Slot
from tests.factories import DAY, HOUR, NOW

BERLIN = ZoneInfo("Europe/Berlin")


def config(**fields: Any) -> DigestConfig:
    return DigestConfig(name="daily", **fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
    slot = slots.next_slot(config(at=at), ZoneInfo(zone), after=due_at - timedelta(minutes=1))
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
            due = slots.due_slots(daily, tz, after=last.due_at if last else begin, now=now)
            for slot in due:
                dates.append(slot.local_date)
                last = slot
        assert dates == [dates[0] + number * DAY for number in range(len(dates))]
        assert abs(len(dates) - 70) <= 1


def test_a_date_that_a_zone_skipped_has_no_slot() -> None:
    apia = ZoneInfo("Pacific/Apia")
    slot = slots.next_slot(config(), apia, after=utc("2011-12-29 18:00"))
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
    found: list[Slot] = []
    done = begin
    while (coming := slots.next_slot(daily, zone, after=done)).due_at <= end:
        early = coming.due_at - timedelta(microseconds=1)
        assert slots.due_slots(daily, zone, after=done, now=early) == ()
        assert slots.due_slots(daily, zone, after=done, now=coming.due_at) == (coming,)
        found.append(coming)
        done = coming.due_at
    return found


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
    due = slots.due_slots(config(at=at, catch_up=catch_up), tz, after=begin, now=now)
    match catch_up:
        case "merge":
            assert due == tuple(missed[-1:])
        case "each":
            assert due == tuple(missed)
        case _:
            late = [slot for slot in missed if now - slot.due_at <= slots.MISSED_AFTER]
            assert due == tuple(late[-1:])


def test_catching_up_with_each_slot_has_an_end() -> None:
    each = config(catch_up="each")
    due = slots.due_slots(each, BERLIN, after=NOW - 5000 * DAY, now=NOW)
    assert len(due) == slots.MAX_CAUGHT_UP
    assert due[-1].local_date == NOW.date()
    weekly = slots.due_slots(
        config(catch_up="each", days=["sun"]), BERLIN, after=NOW - 5000 * DAY, now=NOW
    )
    assert len(weekly) == slots.MAX_CAUGHT_UP


def test_nothing_is_due_before_its_time_and_nothing_twice() -> None:
    due = utc("2026-03-11 06:30")
    before, at = due - timedelta(seconds=1), due
    assert slots.due_slots(config(), BERLIN, after=due - DAY, now=before) == ()
    (found,) = slots.due_slots(config(), BERLIN, after=due - DAY, now=at)
    assert found.due_at == due
    assert slots.due_slots(config(), BERLIN, after=found.due_at, now=due + 3 * HOUR) == ()


def test_a_digest_comes_only_on_its_days() -> None:
    mondays = config(days=["mon"])
    assert slots.due_slots(mondays, BERLIN, after=NOW - DAY, now=NOW) == ()  # a Wednesday
    (slot,) = slots.due_slots(mondays, BERLIN, after=NOW - 7 * DAY, now=NOW)
    assert slot.local_date == date(2026, 3, 9)
    assert slots.next_slot(mondays, BERLIN, after=NOW).local_date == date(2026, 3, 16)
    assert slots.slot_before(mondays, BERLIN, slot).due_at == slot.due_at - 7 * DAY


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        pytest.param("America/New_York", "07:30", id="moved to a later zone"),
        pytest.param("Europe/Berlin", "11:00", id="moved to a later hour"),
    ],
)
def test_a_digest_that_moves_gets_no_second_issue_for_a_date(zone: str, at: str) -> None:
    (sent,) = slots.due_slots(config(), BERLIN, after=NOW - DAY, now=NOW)
    again = slots.due_slots(
        config(at=at), ZoneInfo(zone), after=sent.due_at, now=NOW, done={sent.local_date}
    )
    assert again == ()


def test_the_slot_before_is_a_local_day_earlier() -> None:
    slot = slots.next_slot(config(), BERLIN, after=utc("2026-03-29 00:00"))
    # One hour less: the clocks went forward in that night.
    assert slots.slot_before(config(), BERLIN, slot).due_at == utc("2026-03-28 06:30")
