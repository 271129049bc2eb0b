"""Learn when a feed publishes, and choose from it when to ask again.

A diary keeps how many entries came in each hour of the last four weeks; it needs no look into the
archive. It gives a rate for every hour to come:

    rate  =  the feed's average  ·  what its hour of day is worth  ·  what its weekday is worth

A request is worth its cost once the articles it is expected to find have waited for two floors
altogether: two articles for one floor each, or one for two. So a wire is asked as often as the
floor allows, a newspaper often by day and rarely by night, and of two feeds one with four times the
articles twice as often, which for a given number of requests makes the sum of all waiting least.
A poll that would fall just before or after the hour before a digest moves into that hour.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from monitor.model import Diary

#: Four weeks: every weekday four times.
DIARY_HOURS = 4 * 7 * 24
#: Nobody counts on a poll later than this before a digest to be in it.
LAST_CALL = timedelta(minutes=5)
#: Polls for a digest are spread over this much time before the last call.
AIM_SPREAD = timedelta(minutes=30)

_HOUR = timedelta(hours=1)
_HOUR_SECONDS = 3600
_DAY = 24
_WEEK = 7 * _DAY
#: Hours of a week that had passed when 1970 began, on a Thursday.
_EPOCH = 3 * _DAY
#: A burst counts as nine entries: a digit, and more than enough for the shortest interval.
_MOST = 9
_UNWATCHED = "-"

#: Of the oldest week to the newest: a feed that changes its ways is believed before long.
_WEIGHTS = (1, 2, 3, 4)
# What the characters of a diary stand for, weighted for each week.
_DIGITS = b"0123456789"
_ENTRIES = [bytes.maketrans(b"-" + _DIGITS, bytes([0, *range(0, 10 * w, w)])) for w in _WEIGHTS]
_BUSY = [bytes.maketrans(b"-" + _DIGITS, bytes([0, 0, *[w] * 9])) for w in _WEIGHTS]
_WATCHED = [bytes.maketrans(b"-" + _DIGITS, bytes([0, *[w] * 10])) for w in _WEIGHTS]

#: What is assumed of a feed about which nothing is known.
_ASSUMED_ENTRIES = 1.0
_ASSUMED_HOURS = 0.5
#: The belief that an hour or a weekday is like any other, in hours that speak for it.
_DOUBT = 0.2
#: A request is worth its cost when articles have waited for so many floors altogether.
_FLOORS_WAITED = 2.0


# -------------------------------------------------------------------------------------- learning


def remember(diary: Diary | None, published: Collection[datetime | None], now: datetime) -> Diary:
    """Write into a feed's diary what came with a poll.

    What counts is when an entry appeared. That is its date, if the date lies between this poll and
    the one before. Entries with no such date appeared somewhere in between, so they are counted in
    the middle, which later polls correct: each halves what is not known. Entries that were a day
    old at the poll before are old ones that came back, and together count as one.

    Args:
        diary: Up to the poll before; None before the first, whose dated entries tell the past.
        published: The dates of all entries that this poll was the first to show; None for no date.
        now: The moment of this poll.
    """
    if diary is None:
        return _first(published, now)
    last, this = _hour(diary.until), max(_hour(now), _hour(diary.until))
    counts = _counts(diary.counts + "0" * min(this - last, DIARY_HOURS))
    middle = (last + this) // 2
    returned = False
    for date in published:
        hour = this + 1 if date is None else _hour(date)
        if hour < last - _DAY:
            returned = True
            continue
        _count(counts, hour if last <= hour <= this else middle, this)
    if returned:
        _count(counts, middle, this)
    return _diary(counts, this)


def _first(published: Collection[datetime | None], now: datetime) -> Diary:
    """Begin with the last four weeks, as far back as the first document's entries reach."""
    this = _hour(now)
    hours = sorted(_hour(date) for date in published if date is not None and date <= now)
    recent = [hour for hour in hours if hour > this - DIARY_HOURS]
    # One in ten may be pinned to the top and says nothing about how far the document reaches. Where
    # all are old, the past is left open: a feed with wrong dates must not look dead from the start.
    recent = recent[len(recent) // 10 :]
    counts = _counts("0" * (this - min(recent, default=this) + 1))
    for hour in recent:
        _count(counts, hour, this)
    return _diary(counts, this)


def _count(counts: bytearray, hour: int, this: int) -> None:
    place = len(counts) - 1 - (this - hour)
    if place >= 0:
        counts[place] = min(counts[place] + 1, ord("0") + _MOST)


def _counts(digits: str) -> bytearray:
    return bytearray(digits[-DIARY_HOURS:], "ascii")


def _diary(counts: bytearray, this: int) -> Diary:
    return Diary(
        until=datetime.fromtimestamp(this * _HOUR_SECONDS, UTC), counts=counts.decode("ascii")
    )


def _hour(moment: datetime) -> int:
    return int(moment.timestamp() // _HOUR_SECONDS)


# -------------------------------------------------------------------------------------- choosing


def next_poll(
    diary: Diary,
    *,
    slots: Sequence[datetime],
    floor: timedelta,
    earliest: datetime,
    latest: datetime,
    place: float,
    now: datetime,
) -> datetime:
    """Choose when to ask a feed again, between `earliest` and `latest`.

    Args:
        diary: The feed's, up to now.
        slots: When the next digests are due, soonest first, up to some time after `latest`.
        floor: The shortest interval that any feed is asked in; how eager the monitor is as a whole.
        earliest: Before it the feed must not be asked.
        latest: By then it must be asked.
        place: The feed's own place among all, from 0 to 1: they are not asked all at once.
        now: The moment of this poll.
    """
    # A tenth more for some: feeds that are alike do not come all at once.
    worth = _FLOORS_WAITED * floor * (1 + place / 10)
    wish = min(max(_worth_asking(diary, worth, latest, now), earliest), latest)
    for slot in reversed(slots):
        last_call = slot - LAST_CALL
        if wish + (earliest - now) <= last_call:
            continue  # another poll fits in before: that one can be aimed when its turn comes
        if slot - _HOUR <= wish <= last_call:
            break
        aim = max(last_call - AIM_SPREAD * place, earliest)
        if aim <= min(last_call, latest):
            return aim
    return wish


def _worth_asking(diary: Diary, worth: timedelta, latest: datetime, now: datetime) -> datetime:
    """Give the moment at which what came since `now` has waited for that long altogether."""
    rates = _rates(diary)
    enough = worth / _HOUR
    at = now.timestamp() / _HOUR_SECONDS
    end = latest.timestamp() / _HOUR_SECONDS
    articles = waited = 0.0
    while at < end:
        step = int(at) + 1 - at
        coming = rates[(int(at) + _EPOCH) % _WEEK] * step
        more = (articles + coming / 2) * step
        if waited + more >= enough:
            # Within an hour a straight line is close enough.
            at += step * (enough - waited) / more
            return now + (at - now.timestamp() / _HOUR_SECONDS) * _HOUR
        articles, waited, at = articles + coming, waited + more, at + step
    return latest


def _rates(diary: Diary) -> list[float]:
    """Give how many entries to expect in each hour of the week, from Monday 00:00 UTC on."""
    entries, busy, watched = (_week(diary, meaning) for meaning in (_ENTRIES, _BUSY, _WATCHED))
    # What an hour is worth is judged by whether anything came in it: a burst is one piece of
    # evidence for its hour, not twenty.
    usual = sum(busy) / sum(watched)
    by_hour = [sum(busy[hour::_DAY]) for hour in range(_DAY)]
    hours = [
        # The neighbours count half: what comes at 09:05 today may come at 08:55 tomorrow.
        _times_usual(
            (by_hour[hour - 1] + 2 * by_hour[hour] + by_hour[(hour + 1) % _DAY]) / 4,
            usual * sum(watched[hour::_DAY]),
        )
        for hour in range(_DAY)
    ]
    days = [
        _times_usual(sum(busy[day : day + _DAY]), usual * sum(watched[day : day + _DAY]))
        for day in range(0, _WEEK, _DAY)
    ]
    average = (sum(entries) + _ASSUMED_ENTRIES) / (sum(watched) + _ASSUMED_HOURS)
    return [average * day * hour for day in days for hour in hours]


def _week(diary: Diary, meaning: Sequence[bytes]) -> list[float]:
    """Lay the weeks of a diary over each other, weighted: what each hour from Monday on has."""
    digits = diary.counts.rjust(DIARY_HOURS, _UNWATCHED).encode("ascii")
    weeks = [digits[start : start + _WEEK] for start in range(0, DIARY_HOURS, _WEEK)]
    scale = len(_WEIGHTS) / sum(_WEIGHTS)
    laid = [sum(hour) * scale for hour in zip(*map(bytes.translate, weeks, meaning), strict=True)]
    monday = -(_hour(diary.until) + 1 + _EPOCH) % _WEEK
    return laid[monday:] + laid[:monday]


def _times_usual(came: float, expected: float) -> float:
    """Compare what came with what was to be expected; little evidence leaves it near 1."""
    return (came + _DOUBT) / (expected + _DOUBT)
