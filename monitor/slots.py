"""Decide when an issue is due.

Slots are reckoned from local dates, not from a clock that ticks: each local date that a digest is
meant for has exactly one slot, whatever the zone does with its clocks that day.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitor.config import DigestConfig
from monitor.model import Slot

#: Issues that catching up with each missed slot makes at most; the first covers all before it.
MAX_CAUGHT_UP = 31
#: A slot that late is a missed one to `catch_up = "skip"`.
MISSED_AFTER = timedelta(hours=1)
#: A week has every weekday once; the second one is for a zone that skipped a whole date.
_DAYS_TO_LOOK = 15
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def due_slots(
    config: DigestConfig,
    zone: tzinfo,
    *,
    after: datetime,
    now: datetime,
    done: Collection[date] = (),
) -> tuple[Slot, ...]:
    """Give the slots with `after < due_at <= now` that get an issue, oldest first.

    More than one is due only after a time in which nothing was made. What becomes of those missed
    then is the digest's `catch_up`: the newest stands for all ("merge"), each of the last
    MAX_CAUGHT_UP gets its own ("each"), or only one that is less than MISSED_AFTER late does
    ("skip").

    Args:
        config: The digest.
        zone: The digest's time zone.
        after: When the last issue was due, or when the digest was first known.
        now: The present moment.
        done: Local dates that have their issue. None gets a second one, so a digest that moves to
            another hour or zone starts with the next date, and a clock that was set back repeats
            nothing.
    """
    due: list[Slot] = []
    most = MAX_CAUGHT_UP if config.catch_up == "each" else 1
    for slot in _slots(config, zone, now.astimezone(zone).date() + _DAY, -_DAY, days=most * 7 + 8):
        if slot.due_at <= after or len(due) == most:
            break
        missed = config.catch_up == "skip" and now - slot.due_at > MISSED_AFTER
        if slot.due_at <= now and slot.local_date not in done and not missed:
            due.append(slot)
    return tuple(reversed(due))


def next_slot(config: DigestConfig, zone: tzinfo, *, after: datetime) -> Slot:
    """Give the first slot that is due later than `after`."""
    slots = _slots(config, zone, after.astimezone(zone).date() - _DAY, _DAY)
    return next(slot for slot in slots if slot.due_at > after)


def slot_before(config: DigestConfig, zone: tzinfo, slot: Slot) -> Slot:
    """Give the slot before that one: a digest's first issue covers the time since it."""
    slots = _slots(config, zone, slot.local_date, -_DAY)
    return next(earlier for earlier in slots if earlier.due_at < slot.due_at)


def _slots(
    config: DigestConfig, zone: tzinfo, day: date, step: timedelta, *, days: int = _DAYS_TO_LOOK
) -> Iterator[Slot]:
    """Walk the slots of the digest's days from `day` on, forwards or backwards."""
    at = time.fromisoformat(config.at)
    for _ in range(days):
        if day.weekday() in config.days and _exists(day, zone):
            due_at = _moment(datetime.combine(day, at), zone)
            yield Slot(digest=config.name, local_date=day, at=config.at, due_at=due_at)
        day += step


def _exists(day: date, zone: tzinfo) -> bool:
    """Tell whether the zone has that date: Samoa went from 29 to 31 December 2011."""
    return _moment(datetime.combine(day, time()), zone).astimezone(zone).date() == day


def _moment(local: datetime, zone: tzinfo) -> datetime:
    """Give the first moment at which clocks there show `local`, or jump past it."""
    # PEP 495: in a gap, fold 0 reckons with the offset before the jump and lands after it, and
    # fold 1 the other way round, so the jump lies between the two.
    moment = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((moment - before) / _SECOND)
    while low < high:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).utcoffset() == offset:
            low = middle + 1
        else:
            high = middle
    return before + low * _SECOND
