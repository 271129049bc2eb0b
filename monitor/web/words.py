"""The words that pages use for states and times. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from urllib.parse import urlsplit

from monitor.config import FeedConfig
from monitor.model import (
    UNREACHED,
    DeliveryState,
    DigestRow,
    FailureKind,
    FeedRow,
    FeedState,
)
from monitor.poll import offline_line

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def span(length: timedelta) -> str:
    """Say a length of time in its largest unit: "3 min", "5 h", "2 days"."""
    if length < 2 * _MINUTE:
        return "1 min"
    if length < 2 * _HOUR:
        return f"{length // _MINUTE} min"
    if length < 2 * _DAY:
        return f"{length // _HOUR} h"
    return f"{length // _DAY} days"


def ago(moment: datetime | None, now: datetime) -> str:
    """Say how long ago something was: "3 min ago", "never"."""
    if moment is None:
        return "never"
    if now - moment < _MINUTE:
        return "just now"
    return f"{span(now - moment)} ago"


def ahead(moment: datetime, now: datetime) -> str:
    """Say how soon something comes: "in 3 min", "now"."""
    return f"in {span(moment - now)}" if moment - now >= _MINUTE else "now"


def day(when: date, today: date) -> str:
    """Name a day as a newspaper does: "Today, Tuesday 24 November"."""
    name = f"{when:%A} {when.day} {when:%B}"
    if when.year != today.year:
        name += f" {when.year}"
    near = {0: "Today, ", 1: "Yesterday, "}.get((today - when).days, "")
    return near + name


def short_time(moment: datetime, zone: tzinfo, today: date) -> str:
    """Name a moment in little room: "07:30" today, "23 Nov 07:30" in this year."""
    local = moment.astimezone(zone)
    if local.date() == today:
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """A feed as its table shows it."""

    url: str
    name: str
    label: str
    #: "ok", "failing", "unread" or "retired": picks the colour; `words` say the same.
    kind: str
    words: str
    error: str
    last_success: str
    next_poll: str
    articles: int
    matches: int


_ORDER = ("failing", "retired", "unread", "ok")


def feed_lines(
    rows: Sequence[FeedRow], feeds: Sequence[FeedConfig], now: datetime
) -> tuple[FeedLine, ...]:
    """Describe the feeds, those that need a look first, then by name."""
    configured = {feed.url: feed for feed in feeds}
    lines = [_feed_line(row, configured.get(row.state.feed_url), now) for row in rows]
    return tuple(sorted(lines, key=lambda line: (_ORDER.index(line.kind), line.name.casefold())))


def _feed_line(row: FeedRow, feed: FeedConfig | None, now: datetime) -> FeedLine:
    state = row.state
    kind, words = _feed_state(state, now)
    return FeedLine(
        url=state.feed_url,
        name=(feed.name if feed else "") or state.title or address(state.feed_url),
        label=feed.label if feed else "",
        kind=kind,
        words=words,
        error=state.error,
        last_success=ago(state.last_success_at, now),
        next_poll="never" if state.retired else ahead(state.next_poll_at, now),
        articles=row.articles,
        matches=row.matches,
    )


def _feed_state(state: FeedState, now: datetime) -> tuple[str, str]:
    if state.retired:
        return "retired", "retired: not polled any more"
    if state.failures:
        tries = "1 try" if state.failures == 1 else f"{state.failures} tries"
        if state.last_success_at is None:
            return "failing", f"failing: {tries}, never read yet"
        return "failing", f"failing for {span(now - state.last_success_at)}, {tries}"
    if state.last_success_at is None:
        return "unread", "not read yet"
    return "ok", "ok"


def address(url: str) -> str:
    """Shorten a URL to its host, for a feed that has no other name yet."""
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def count(number: int, word: str) -> str:
    """Say a number with its word: "1 feed", "1,204 articles"."""
    return f"{number:,} {word if number == 1 else word + 's'}"


def feed_summary(lines: Sequence[FeedLine]) -> str:
    """Sum up the table: "55 feeds: 52 ok, 2 failing, 1 not read yet"."""
    words = {"ok": "ok", "failing": "failing", "unread": "not read yet", "retired": "retired"}
    kinds = [line.kind for line in lines]
    parts = [f"{kinds.count(kind)} {name}" for kind, name in words.items() if kind in kinds]
    return f"{count(len(lines), 'feed')}: {', '.join(parts)}" if lines else "No feeds yet"


def is_offline(states: Sequence[FeedState]) -> bool:
    """Whether each feed was asked and none of their servers was reached."""
    return bool(states) and all(state.failure_kind in UNREACHED for state in states)


#: Failures whose words name the feed's own host, in words that hold for many.
_ANYWHERE = {
    FailureKind.DNS: "name resolution failed",
    FailureKind.CONNECT: "no connection",
    FailureKind.TLS: "no secure connection",
}


def asked_in_vain(states: Sequence[FeedState], zone: tzinfo, now: datetime) -> str:
    """Say what became of feeds of which none was ever read; "" before the first one was asked."""
    failed = [state for state in states if state.failures]
    if not failed:
        return ""
    following = _next_try(states, zone, now)
    if is_offline(states):
        kinds = {state.failure_kind for state in states if state.failure_kind}
        return offline_line(len(states), kinds) + (f"; {following}" if following else "")
    reason, number = _most_common_reason(failed)
    if len(states) == 1:
        told = f"The feed was asked, but could not be read: {reason}."
    else:
        some = f"{len(failed)} of {len(states)} feeds were asked so far"
        asked = some if len(failed) < len(states) else f"All {len(states)} feeds were asked"
        told = (
            f"{asked}, but none could be read. "
            f"The most common reason ({number} of {len(failed)}): {reason}."
        )
        if number == len(states) and failed[0].failure_kind is FailureKind.NOT_A_FEED:
            told += " The same page everywhere: does this network ask you to sign in first?"
    return told + (f" {following[0].upper()}{following[1:]}." if following else "")


def _most_common_reason(failed: Sequence[FeedState]) -> tuple[str, int]:
    reasons = Counter(
        _ANYWHERE.get(state.failure_kind or FailureKind.PARSER, state.error) for state in failed
    )
    return reasons.most_common(1)[0]


def _next_try(states: Sequence[FeedState], zone: tzinfo, now: datetime) -> str:
    times = [state.next_poll_at for state in states if not state.retired]
    if not times:
        return ""
    if min(times) <= now:
        return "the next try is about to start"
    return f"next try at {short_time(min(times), zone, now.astimezone(zone).date())}"


def delivery_lines(row: DigestRow) -> tuple[str, ...]:
    """Say what became of each copy of a digest."""
    if not row.deliveries:
        return ("went to nobody",)
    lines = {
        DeliveryState.SENT: "sent to {to}",
        DeliveryState.QUEUED: "waiting to go to {to}",
        DeliveryState.REJECTED: "refused for {to}",
    }
    return tuple(
        lines[state].format(to=recipient) + (f": {error}" if error else "")
        for recipient, state, error in row.deliveries
    )
