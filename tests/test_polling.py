"""What a poll means for a feed: its state, and when it is asked again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import polling, rhythm
from monitor.config import FetchConfig
from monitor.model import (
    NO_VALIDATORS,
    Diary,
    Entry,
    FailureKind,
    FeedState,
    Fetched,
    FetchFailed,
    FetchRequest,
    NotModified,
    ParsedFeed,
    ParseFailed,
    Validators,
)
from tests.factories import DAY, FEED_URL, HOUR, NOW, ago, feed_state

MINUTE = timedelta(minutes=1)
OLD = Validators(etag='"old"', last_modified="Tue, 10 Mar 2026 08:00:00 GMT")
NEW = Validators(etag='"new"')
CONFIG = FetchConfig(floor=HOUR, ceiling=DAY)
BUSY = Diary(until=NOW - HOUR, counts="9" * rhythm.DIARY_HOURS)
QUIET = Diary(until=NOW - HOUR, counts="0" * rhythm.DIARY_HOURS)


def read_before(**fields: object) -> FeedState:
    """A busy feed that was read yesterday and has been well since."""
    known = feed_state(
        diary=BUSY,
        title="Example News",
        validators=OLD,
        body_hash="old",
        first_success_at=ago(days=1),
        last_success_at=ago(hours=1),
    )
    return replace(known, **fields)  # type: ignore[arg-type]  # the table's own fields


def fetched(**fields: object) -> Fetched:
    answer = Fetched(
        feed_url=FEED_URL,
        url=FEED_URL,
        moved_to=None,
        body=b"<rss/>",
        content_type="application/rss+xml",
        validators=NEW,
    )
    return replace(answer, **fields)  # type: ignore[arg-type]


def not_modified(**fields: object) -> NotModified:
    answer = NotModified(feed_url=FEED_URL, moved_to=None, validators=NO_VALIDATORS)
    return replace(answer, **fields)  # type: ignore[arg-type]


def failed(kind: FailureKind = FailureKind.STATUS, **fields: object) -> FetchFailed:
    answer = FetchFailed(feed_url=FEED_URL, kind=kind, reason="the server said 500")
    return replace(answer, **fields)  # type: ignore[arg-type]


def parsed(**fields: object) -> ParsedFeed:
    document = ParsedFeed(title="Example News", link=None, lang="en", entries=())
    return replace(document, **fields)  # type: ignore[arg-type]


def decide(
    state: FeedState,
    result: Fetched | NotModified | FetchFailed,
    document: ParsedFeed | ParseFailed | None = None,
    *,
    body_hash: str | None = None,
    fresh: Sequence[datetime | None] = (),
    slots: Sequence[datetime] = (),
    config: FetchConfig = CONFIG,
    now: datetime = NOW,
) -> FeedState:
    return polling.decide(
        state,
        result,
        document,
        body_hash=body_hash,
        fresh=fresh,
        slots=slots,
        fetch=config,
        now=now,
    )


def wait(state: FeedState, now: datetime = NOW) -> timedelta:
    """The wait until the next poll without the small spread."""
    return (state.next_poll_at - now) // (30 * MINUTE) * (30 * MINUTE)


def test_a_feed_is_asked_where_it_lives_now_with_what_its_server_said() -> None:
    state = read_before(url="https://new.example/feed")
    assert polling.request(state) == FetchRequest(
        feed_url=FEED_URL, url="https://new.example/feed", validators=OLD
    )


def test_the_first_good_answer() -> None:
    state = decide(feed_state(), fetched(), parsed(), body_hash="new")
    assert (state.title, state.lang) == ("Example News", "en")
    assert (state.validators, state.body_hash) == (NEW, "new")
    assert state.first_success_at == state.last_success_at == state.last_polled_at == NOW
    assert (state.failures, state.failure_kind, state.error) == (0, None, "")


def test_validators_are_one_set_never_mixed() -> None:
    """The new answer has no Last-Modified: the old one's goes."""
    state = decide(read_before(), fetched(), parsed(), body_hash="new")
    assert state.validators == NEW
    assert state.first_success_at == ago(days=1)


def test_an_unchanged_body_with_new_validators_is_a_success_and_they_are_taken() -> None:
    state = decide(read_before(failures=2, error="x"), fetched(), None, body_hash="old")
    assert (state.validators, state.body_hash, state.title) == (NEW, "old", "Example News")
    assert (state.last_success_at, state.failures, state.error) == (NOW, 0, "")


def test_a_304_keeps_what_it_does_not_tell_anew() -> None:
    state = decide(read_before(), not_modified(validators=NEW))
    assert state.validators == Validators(etag='"new"', last_modified=OLD.last_modified)
    assert (state.body_hash, state.last_success_at) == ("old", NOW)


def test_what_is_no_feed_leaves_validators_and_entries_alone() -> None:
    """A captive portal's page with 200 and an ETag must not hide the news behind a 304."""
    before = read_before(last_success_at=ago(hours=1))
    page = ParseFailed(kind=FailureKind.NOT_A_FEED, reason="this is a web page, not a feed")
    after = decide(before, fetched(moved_to="https://portal.example/"), page, body_hash="portal")
    assert (after.validators, after.body_hash, after.url) == (OLD, "old", FEED_URL)
    assert after.last_success_at == ago(hours=1)
    assert (after.failures, after.failure_kind) == (1, FailureKind.NOT_A_FEED)
    assert after.error == "this is a web page, not a feed"


@pytest.mark.parametrize(
    ("result", "document"),
    [
        pytest.param(fetched(moved_to="https://new.example/"), parsed(), id="a feed came"),
        pytest.param(fetched(moved_to="https://new.example/"), None, id="the same feed came"),
        pytest.param(not_modified(moved_to="https://new.example/"), None, id="304"),
    ],
)
def test_a_permanent_redirect_is_kept_when_it_answers_well(
    result: Fetched | NotModified, document: ParsedFeed | None
) -> None:
    state = decide(read_before(), result, document, body_hash="old")
    assert (state.feed_url, state.url) == (FEED_URL, "https://new.example/")


def test_410_ends_the_polling() -> None:
    state = decide(read_before(), failed(FailureKind.GONE, status=410))
    assert state.retired
    assert state.error


@pytest.mark.parametrize(
    ("state", "max_age", "expected"),
    [
        pytest.param({}, 0 * HOUR, 1 * HOUR, id="the floor"),
        pytest.param({"every": 3 * HOUR}, 0 * HOUR, 3 * HOUR, id="the reader's interval"),
        pytest.param({"every": 5 * MINUTE}, 0 * HOUR, 1 * HOUR, id="never below the floor"),
        pytest.param({"every": 7 * DAY}, 0 * HOUR, 7 * DAY, id="weekly, above the ceiling"),
        pytest.param({}, 12 * HOUR, 12 * HOUR, id="Cache-Control max-age"),
        pytest.param({}, 90 * DAY, 1 * DAY, id="a broken max-age is capped"),
        pytest.param({"ttl": 6 * HOUR}, 0 * HOUR, 6 * HOUR, id="ttl of the last document"),
        pytest.param({"ttl": 6 * HOUR}, 8 * HOUR, 8 * HOUR, id="the longer wish counts"),
        pytest.param({"failures": 9}, 0 * HOUR, 1 * HOUR, id="a success forgets the failures"),
        pytest.param({"diary": QUIET}, 0 * HOUR, 1 * DAY, id="nothing for weeks: the ceiling"),
        pytest.param(
            {"diary": QUIET, "every": 3 * HOUR}, 0 * HOUR, 3 * HOUR, id="the reader knows better"
        ),
        pytest.param(
            {"diary": QUIET, "first_success_at": ago(hours=23)}, 0 * HOUR, 1 * HOUR, id="first day"
        ),
    ],
)
def test_pace_after_a_success(
    state: dict[str, object], max_age: timedelta, expected: timedelta
) -> None:
    after = decide(read_before(**state), not_modified(max_age=max_age))
    assert wait(after) == expected
    assert after.next_poll_at >= NOW + expected


def test_a_documents_own_pace_is_kept_for_the_304s_after_it() -> None:
    document = parsed(ttl=12 * HOUR, skip_hours=frozenset({3}), skip_days=frozenset({6}))
    state = decide(read_before(), fetched(), document, body_hash="new")
    assert wait(state) == 12 * HOUR
    again = decide(state, not_modified())
    assert wait(again) == 12 * HOUR
    assert (again.skip_hours, again.skip_days) == (frozenset({3}), frozenset({6}))


@pytest.mark.parametrize(
    ("answer", "waits", "kind"),
    [
        pytest.param(failed(), 10 * MINUTE, FailureKind.STATUS, id="an error"),
        pytest.param(failed(status=429), 2 * HOUR, FailureKind.BUSY, id="slow down"),
        pytest.param(failed(retry_after=5 * HOUR), 5 * HOUR, FailureKind.BUSY, id="come later"),
        pytest.param(failed(FailureKind.GONE), None, FailureKind.GONE, id="never"),
    ],
)
def test_a_person_may_ask_early_but_not_a_server_that_wants_rest(
    answer: FetchFailed, waits: timedelta | None, kind: FailureKind
) -> None:
    state = decide(read_before(), answer)
    allowed = polling.out_of_turn_from(state)
    assert state.failure_kind is kind
    if waits is None:
        assert allowed is None
    else:
        assert allowed is not None
        assert timedelta(0) <= allowed - NOW - waits <= polling.MAX_SPREAD * 2


@pytest.mark.parametrize(
    ("failures", "kind", "fields", "expected"),
    [
        pytest.param(0, FailureKind.STATUS, {}, 1 * HOUR, id="first failure"),
        pytest.param(1, FailureKind.STATUS, {}, 2 * HOUR, id="second"),
        pytest.param(3, FailureKind.TIMEOUT, {}, 8 * HOUR, id="fourth"),
        pytest.param(99, FailureKind.TLS, {}, 1 * DAY, id="up to the ceiling"),
        pytest.param(0, FailureKind.STATUS, {"status": 429}, 2 * HOUR, id="slow down"),
        pytest.param(
            0, FailureKind.STATUS, {"status": 503, "retry_after": 5 * HOUR}, 5 * HOUR, id="later"
        ),
        pytest.param(
            3, FailureKind.STATUS, {"retry_after": 1 * HOUR}, 8 * HOUR, id="the longer wait counts"
        ),
        pytest.param(
            0, FailureKind.STATUS, {"retry_after": 999 * DAY}, 1 * DAY, id="broken Retry-After"
        ),
        pytest.param(7, FailureKind.REFUSED, {}, 1 * HOUR, id="nobody was asked"),
        pytest.param(7, FailureKind.DNS, {}, 1 * HOUR, id="a night without a connection"),
        pytest.param(7, FailureKind.CONNECT, {}, 1 * HOUR, id="nobody listened"),
    ],
)
def test_pace_after_a_failure(
    failures: int, kind: FailureKind, fields: dict[str, object], expected: timedelta
) -> None:
    state = decide(read_before(failures=failures), failed(kind, **fields))
    assert wait(state) == expected
    assert state.failures == failures + 1
    assert (state.validators, state.body_hash) == (OLD, "old")


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 2), (1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (40, 60)]
)
def test_a_feed_never_reached_is_tried_again_within_minutes(failures: int, minutes: int) -> None:
    """The machine may just be offline at its first start."""
    state = decide(feed_state(failures=failures), failed(FailureKind.DNS))
    passed = state.next_poll_at - NOW
    assert minutes * MINUTE <= passed <= (minutes + 5) * MINUTE


def test_a_server_that_answers_badly_gets_no_quick_retries() -> None:
    assert wait(decide(feed_state(), failed(status=500))) == 1 * HOUR


@pytest.mark.parametrize(
    ("skip", "expected"),
    [
        # NOW is a Wednesday, 12:00.
        pytest.param({"skip_hours": frozenset({13, 14})}, "11 15:00", id="hours"),
        pytest.param({"skip_hours": frozenset({3})}, "11 13:00", id="another hour"),
        pytest.param({"skip_days": frozenset({2})}, "12 00:00", id="day"),
        pytest.param(
            {"skip_days": frozenset({2}), "skip_hours": frozenset({0, 1})}, "12 02:00", id="both"
        ),
        pytest.param({"skip_hours": frozenset(range(24))}, "12 12:00", id="all: the ceiling"),
        pytest.param({"skip_days": frozenset({2, 3})}, "12 12:00", id="too long: the ceiling"),
    ],
)
def test_skipped_hours_and_days(skip: dict[str, object], expected: str) -> None:
    state = decide(read_before(**skip), not_modified())
    at = state.next_poll_at
    assert at.replace(minute=0, second=0, microsecond=0).strftime("%d %H:%M") == expected


def counts(state: FeedState) -> str:
    """The last two hours of a feed's diary, NOW's and the one before."""
    assert state.diary
    assert state.diary.until == NOW
    return state.diary.counts[-2:]


@pytest.mark.parametrize(
    ("result", "document", "fresh", "expected"),
    [
        pytest.param(not_modified(), None, [], "00", id="304"),
        pytest.param(fetched(), None, [], "00", id="the same document"),
        pytest.param(fetched(), parsed(), [ago(minutes=9), NOW], "11", id="two new entries"),
        pytest.param(fetched(), parsed(complete=False), [NOW], "01", id="of a cut-off document"),
    ],
)
def test_each_good_answer_goes_into_the_diary(
    result: Fetched | NotModified,
    document: ParsedFeed | None,
    fresh: list[datetime | None],
    expected: str,
) -> None:
    before = read_before(diary=replace(QUIET, until=NOW - 2 * HOUR))
    assert counts(decide(before, result, document, body_hash="old", fresh=fresh)) == expected


@pytest.mark.parametrize(("new", "soon"), [(5, False), (6, True)])
def test_a_feed_that_showed_mostly_new_entries_is_asked_again_soon(*, new: int, soon: bool) -> None:
    """Of ten, three of which were not read again; others may have come and gone unseen."""
    entry = Entry(guid=None, link=None, title="Kling 3 is out", text="")
    document = parsed(entries=(entry,) * 7, known=(b"mark",) * 3)
    after = decide(read_before(diary=QUIET), fetched(), document, fresh=[NOW] * new)
    assert (wait(after) == HOUR) == soon


def test_a_failure_tells_nothing_about_when_a_feed_publishes() -> None:
    assert decide(read_before(diary=QUIET), failed()).diary == QUIET


def test_one_poll_is_aimed_into_the_hour_before_a_digest() -> None:
    """NOW is a Wednesday, 12:00; the digest is due on Thursday at 07:30."""
    slot = NOW + timedelta(hours=19, minutes=30)
    state = decide(read_before(diary=QUIET), not_modified(), slots=[slot])
    assert slot - HOUR <= state.next_poll_at < slot
    fixed = decide(read_before(diary=QUIET, every=8 * HOUR), not_modified(), slots=[slot])
    assert wait(fixed) == 8 * HOUR


def test_feeds_spread_and_each_keeps_its_place() -> None:
    urls = [f"https://news.example/{number}" for number in range(20)]
    places = [decide(feed_state(url), not_modified()).next_poll_at for url in urls]
    assert len(set(places)) > 10
    assert places == [decide(feed_state(url), not_modified()).next_poll_at for url in urls]


durations = st.timedeltas(min_value=timedelta(0), max_value=400 * DAY)


@given(
    state=st.builds(
        FeedState,
        feed_url=st.text(),
        url=st.just(FEED_URL),
        next_poll_at=st.just(NOW),
        every=st.none() | st.timedeltas(min_value=timedelta(seconds=1), max_value=30 * DAY),
        failures=st.integers(0, 10**6),
        first_success_at=st.none() | st.just(NOW),
        ttl=durations,
        skip_hours=st.frozensets(st.integers(0, 23)),
        skip_days=st.frozensets(st.integers(0, 6)),
        diary=st.none()
        | st.builds(
            Diary,
            until=st.just(NOW),
            counts=st.text("0123456789", min_size=1, max_size=rhythm.DIARY_HOURS),
        ),
    ),
    slots=st.lists(durations),
    result=st.builds(
        failed,
        st.sampled_from(FailureKind),
        status=st.none() | st.sampled_from([429, 500, 503]),
        retry_after=durations,
    )
    | st.builds(not_modified, max_age=durations),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  given one by hypothesis
)
def test_the_next_poll_is_never_hurried_and_never_lost(
    state: FeedState, slots: list[timedelta], result: NotModified | FetchFailed, now: datetime
) -> None:
    after = decide(state, result, slots=sorted(now + ahead for ahead in slots), now=now)
    interval = max(state.every or HOUR, HOUR)
    soonest = polling.FIRST_CONTACT if state.first_success_at is None else HOUR
    assert now + soonest <= after.next_poll_at <= now + max(interval + polling.MAX_SPREAD, DAY)


def test_a_cut_off_document_keeps_the_validators_of_the_last_whole_one() -> None:
    state = decide(
        read_before(), fetched(), parsed(complete=False, title="Renamed"), body_hash="new"
    )
    assert (state.validators, state.body_hash) == (OLD, "old")
    assert "cut off" in state.error
    assert state.failures == 1
    assert state.title == "Renamed"
