"""Decide what a poll means for a feed: its state, and when to ask again.

    after a success        max(interval, what the server and the feed ask for, up to the ceiling),
                           or later, as the feed's rhythm says (see `rhythm`), up to the ceiling
    after n failures       interval · 2^(n-1), up to the ceiling, or Retry-After if that is longer
    after "slow down"      the same, doubled once more (429 Too Many Requests)
    not reached, never     2, 4, 8 … minutes, up to the interval: the machine may just be offline
      read before

The interval is the floor, plus a few minutes that spread the feeds; a feed's own `every` takes the
place of floor and rhythm. On its first day a feed has no rhythm yet, and after a document that was
mostly new it has none for once.
What falls into hours or days in which a feed asks not to be polled moves to the first hour after
them.

A person may have a feed polled before its time, but not sooner than a pause after the last poll,
and not while its server asks to be left alone.
"""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from monitor import rhythm
from monitor.config import FetchConfig
from monitor.model import (
    UNREACHED,
    FailureKind,
    FeedState,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    NotModified,
    ParsedFeed,
    ParseFailed,
    ParseResult,
    Validators,
)

#: The first wait while a feed was never reached.
FIRST_CONTACT = timedelta(minutes=2)
#: So long after a poll a person has to wait to have it done again.
OUT_OF_TURN = timedelta(minutes=10)
#: Feeds are spread over at most this, and at most a tenth of their interval.
MAX_SPREAD = timedelta(minutes=5)
#: So long after its first answer, a feed's rhythm is believed; until then the interval holds.
LEARNING = timedelta(days=1)

_HOUR = timedelta(hours=1)
#: Failures that cost no server anything: the fault is in the configuration or in the network. After
#: a night without a connection, feeds must not wait for another one.
NOBODY_ASKED = frozenset({FailureKind.REFUSED, FailureKind.DNS, FailureKind.CONNECT})

_ZERO = timedelta(0)
_CUT_OFF = "the feed is cut off; its whole entries are kept, the rest is missing"


def request(state: FeedState) -> FetchRequest:
    """Ask for a feed where it lives now, on condition that it changed."""
    return FetchRequest(feed_url=state.feed_url, url=state.url, validators=state.validators)


def out_of_turn_from(state: FeedState) -> datetime | None:
    """Say from when on a person may have a feed polled before its time; None if never."""
    if state.retired:
        return None
    if state.failure_kind is FailureKind.BUSY or state.last_polled_at is None:
        return state.next_poll_at
    return min(state.last_polled_at + OUT_OF_TURN, state.next_poll_at)


def decide(
    state: FeedState,
    result: FetchResult,
    parsed: ParseResult | None,
    *,
    body_hash: str | None,
    fresh: Collection[datetime | None] = (),
    slots: Sequence[datetime] = (),
    fetch: FetchConfig,
    now: datetime,
) -> FeedState:
    """Give the feed's state after a poll.

    Validators, body hash and a new address are taken over only from an answer that made sense: what
    a captive portal or a cut-off file says about itself must not hide the news behind a later 304.

    Args:
        state: Before the poll.
        result: What the server said.
        parsed: What the body holds; None if there was no body, or one equal to the last good one.
        body_hash: Of the body, None if there was none.
        fresh: When the entries that it shows for the first time were published; None: no date.
        slots: When the next digests are due, soonest first.
        fetch: The configured floor and ceiling.
        now: The moment of this poll.
    """
    state = replace(state, last_polled_at=now)
    match result:
        case FetchFailed():
            return _failed(
                state, result.kind, result.reason, fetch, now, result.retry_after, result.status
            )
        case NotModified():
            state = replace(
                _read(state, None, fresh, now),
                url=result.moved_to or state.url,
                validators=_newer(state.validators, result.validators),
            )
            return _succeeded(state, result.max_age, slots, fetch, now)
        case Fetched():
            if isinstance(parsed, ParseFailed):
                return _failed(state, parsed.kind, parsed.reason, fetch, now)
            if parsed is not None and not parsed.complete:
                # Its entries are kept, but a 304 to its validators would hide the rest for good.
                return _failed(
                    _read(state, parsed, fresh, now), FailureKind.NOT_A_FEED, _CUT_OFF, fetch, now
                )
            state = replace(
                _read(state, parsed, fresh, now),
                url=result.moved_to or state.url,
                validators=result.validators,
                body_hash=body_hash,
            )
            # When most of it is new, other entries may have come and gone before anybody looked.
            overrun = parsed is not None and len(fresh) * 2 > parsed.size
            return _succeeded(state, result.max_age, slots, fetch, now, overrun=overrun)
    assert_never(result)


def _read(
    state: FeedState,
    parsed: ParsedFeed | None,
    fresh: Collection[datetime | None],
    now: datetime,
) -> FeedState:
    """Take over what the document says of itself; an unchanged one says what it said before."""
    state = replace(state, diary=rhythm.remember(state.diary, fresh, now))
    if parsed is None:
        return state
    return replace(
        state,
        title=parsed.title or state.title,
        lang=parsed.lang,
        ttl=parsed.ttl,
        skip_hours=parsed.skip_hours,
        skip_days=parsed.skip_days,
        first_success_at=state.first_success_at or now,
    )


def _newer(stored: Validators, told: Validators) -> Validators:
    """A 304 may carry newer validators (RFC 9111, 4.3.4); what it leaves out stays."""
    return Validators(
        etag=told.etag or stored.etag, last_modified=told.last_modified or stored.last_modified
    )


def _succeeded(
    state: FeedState,
    max_age: timedelta,
    slots: Sequence[datetime],
    fetch: FetchConfig,
    now: datetime,
    *,
    overrun: bool = False,
) -> FeedState:
    asked = min(max(max_age, state.ttl), fetch.ceiling)
    at = earliest = now + max(_interval(state, fetch), asked)
    latest = max(earliest, now + fetch.ceiling)
    learning = now - (state.first_success_at or now) < LEARNING
    if state.diary is not None and state.every is None and not learning and not overrun:
        at = rhythm.next_poll(
            state.diary,
            slots=slots,
            floor=fetch.floor,
            earliest=earliest,
            latest=latest,
            place=_place(state),
            now=now,
        )
    return replace(
        state,
        next_poll_at=_outside_skipped(state, at, latest),
        last_success_at=now,
        failures=0,
        failure_kind=None,
        error="",
    )


def _failed(
    state: FeedState,
    kind: FailureKind,
    reason: str,
    fetch: FetchConfig,
    now: datetime,
    retry_after: timedelta = _ZERO,
    status: int | None = None,
) -> FeedState:
    if kind is FailureKind.STATUS and (retry_after or status == 429):
        kind = FailureKind.BUSY
    state = replace(
        state,
        failures=state.failures + 1,
        failure_kind=kind,
        error=reason,
        retired=state.retired or kind is FailureKind.GONE,
    )
    wait = max(_pause(state, fetch, status), min(retry_after, fetch.ceiling))
    latest = now + max(wait, fetch.ceiling)
    return replace(state, next_poll_at=_outside_skipped(state, now + wait, latest))


def _pause(state: FeedState, fetch: FetchConfig, status: int | None) -> timedelta:
    """How long to leave a feed alone after the failures it has by now."""
    interval = _interval(state, fetch)
    # 2^16 hours are seven years: the ceiling bites long before, and timedelta does not overflow.
    doublings = min(state.failures - 1, 16)
    if state.first_success_at is None and state.failure_kind in UNREACHED:
        return min(FIRST_CONTACT * (1 << doublings), interval)
    if state.failure_kind in NOBODY_ASKED:
        return interval
    if status == 429:
        doublings += 1
    return min(interval * (1 << doublings), max(interval, fetch.ceiling))


def _interval(state: FeedState, fetch: FetchConfig) -> timedelta:
    """The feed's shortest interval, with its own small part of a spread; never below the floor."""
    interval = max(state.every or fetch.floor, fetch.floor)
    return interval + min(interval / 10, MAX_SPREAD) * _place(state)


def _place(state: FeedState) -> float:
    """The feed's lasting place among all, from 0 to 1; another one on every machine."""
    name = f"{state.feed_url} {state.first_success_at}"
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % 1000 / 1000


def _outside_skipped(state: FeedState, at: datetime, latest: datetime) -> datetime:
    """Give the first moment from `at` on in no skipped hour or day; a feed that skips all waits."""
    while at < latest and (at.hour in state.skip_hours or at.weekday() in state.skip_days):
        at = at.replace(minute=0, second=0, microsecond=0) + _HOUR
    return min(at, latest)
