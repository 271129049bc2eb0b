"""A feed has gone quiet when its silence is long for this feed."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.silence import items_a_week, quiet_for
from tests.factories import DAY, HOUR, NOW

Rhythm = list[timedelta]

WEEKLY = [7 * DAY] * 12
MONTHLY = [30 * DAY] * 8
DAILY = [DAY] * 30
NEWSPAPER = [HOUR] * 60
#: Ten articles a working day, none from Friday evening to Monday morning.
OFFICE_HOURS = ([*([HOUR] * 9), 15 * HOUR] * 4 + [*([HOUR] * 9), 63 * HOUR]) * 2
#: Three at once, then nothing for a month.
IN_BUNCHES = [30 * DAY, timedelta(minutes=1), timedelta(minutes=1)] * 8
SUMMER_BREAK = [*([7 * DAY] * 15), 60 * DAY, *([7 * DAY] * 3)]


def times(pauses: Rhythm, *, silent: timedelta) -> list[datetime]:
    """Give the publication times of a feed with these pauses that then fell silent until NOW."""
    moments = [NOW - silent]
    for pause in reversed(pauses):
        moments.append(moments[-1] - pause)
    return moments


@pytest.mark.parametrize(
    ("pauses", "silent", "quiet"),
    [
        pytest.param(WEEKLY, 8 * DAY, False, id="a weekly blog a day late"),
        pytest.param(WEEKLY, 34 * DAY, False, id="a weekly blog on a month's holiday"),
        pytest.param(WEEKLY, 36 * DAY, True, id="a weekly blog after five missed weeks"),
        pytest.param(MONTHLY, 100 * DAY, False, id="a monthly letter that skips two issues"),
        pytest.param(MONTHLY, 160 * DAY, True, id="a monthly letter that skips five"),
        pytest.param(DAILY, 6 * DAY, False, id="a daily over a long holiday"),
        pytest.param(DAILY, 8 * DAY, True, id="a daily after a week"),
        pytest.param(NEWSPAPER, 4 * DAY, False, id="a newspaper over Easter"),
        pytest.param(NEWSPAPER, 8 * DAY, True, id="a newspaper after a week"),
        pytest.param(OFFICE_HOURS, 5 * DAY, False, id="an office over a long weekend"),
        pytest.param(OFFICE_HOURS, 8 * DAY, True, id="an office after a week"),
        pytest.param(IN_BUNCHES, 90 * DAY, False, id="bunches are one publication each"),
        pytest.param(SUMMER_BREAK, 34 * DAY, False, id="back from a break, within its rhythm"),
        pytest.param(SUMMER_BREAK, 36 * DAY, True, id="one long break is no excuse for ever"),
        pytest.param([DAY] * 3, 400 * DAY, False, id="too short a past to judge"),
        pytest.param([timedelta(0)] * 99, 400 * DAY, False, id="a hundred items without a date"),
    ],
)
def test_gone_quiet(pauses: Rhythm, silent: timedelta, quiet: bool) -> None:
    assert quiet_for(times(pauses, silent=silent), NOW) == (silent if quiet else None)


def test_a_feed_that_never_published_is_not_judged() -> None:
    assert quiet_for([], NOW) is None


@given(
    pauses=st.lists(st.timedeltas(timedelta(0), 400 * DAY), max_size=60),
    silent=st.timedeltas(timedelta(0), 2000 * DAY),
    more=st.timedeltas(timedelta(0), 100 * DAY),
)
def test_longer_silence_never_sounds_better(
    pauses: Rhythm, silent: timedelta, more: timedelta
) -> None:
    past = times(pauses, silent=silent)
    now, later = quiet_for(past, NOW), quiet_for(past, NOW + more)
    if now is not None:
        assert later == now + more
    if later is not None:
        assert later > 7 * DAY


@pytest.mark.parametrize(
    ("pauses", "silent", "expected"),
    [
        pytest.param(DAILY, HOUR, 7, id="one a day"),
        pytest.param(WEEKLY, DAY, 1, id="one a week"),
        pytest.param([2 * HOUR] * 99, HOUR, 84, id="a hundred items in eight days"),
        pytest.param(DAILY, 60 * DAY, 0, id="nothing for two months"),
        pytest.param([], HOUR, 7, id="one item, an hour ago"),
    ],
)
def test_items_a_week(pauses: Rhythm, silent: timedelta, expected: int) -> None:
    assert round(items_a_week(times(pauses, silent=silent), NOW)) == expected


def test_no_items_are_none_a_week() -> None:
    assert items_a_week([], NOW) == 0
