"""What the learned pace costs and brings against fixed ones: a simulated month, the same each time.

    python -m bench.rhythm [FEEDS]    (of each kind; 10 unless told otherwise)

Every feed is new on the first day and shows its newest 30 entries. A delay is the time from an
entry's publication to the poll that saw it. "Before a digest" is how old the last look at a feed
was when the digest of 07:30 went out.
"""

import random
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import fmean, quantiles
from zoneinfo import ZoneInfo

from monitor import polling
from monitor.config import DigestConfig, FetchConfig
from monitor.model import NO_VALIDATORS, Diary, Entry, FeedState, Fetched, NotModified, ParsedFeed
from monitor.slots import next_slot

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + 30 * DAY
SHOWN = 30
#: The service's next tick, and the time that an answer takes.
LATE = timedelta(seconds=10)

ZONE = ZoneInfo("Europe/Madrid")
LIMITS = FetchConfig()

CHANGED = Fetched(
    feed_url="",
    url="",
    moved_to=None,
    body=b"",
    content_type="application/rss+xml",
    validators=NO_VALIDATORS,
)
DOCUMENT = ParsedFeed(
    title="",
    link=None,
    lang=None,
    entries=(Entry(guid=None, link=None, title="", text=""),) * SHOWN,
)

# ---------------------------------------------------------------------------------------- feeds

#: How many entries an hour a feed publishes at a local time.
Profile = Callable[[datetime, random.Random], float]


def wire(at: datetime, _: random.Random) -> float:
    by_day = 11.0 if 8 <= at.hour < 22 else 5.5
    return by_day * (1.0 if at.weekday() < 5 else 0.5)


def newspaper(at: datetime, _: random.Random) -> float:
    if not 8 <= at.hour < 19:
        return 0.05
    return 2.7 if at.weekday() < 5 else 0.4


def stopping(at: datetime, chance: random.Random) -> float:
    return newspaper(at, chance) if at < START + 7 * DAY else 0.0


def blog(at: datetime, _: random.Random) -> float:
    return 1 / 3 if at.weekday() == 0 and 9 <= at.hour < 12 else 0.0


def bursty(_: datetime, chance: random.Random) -> float:
    return 20.0 if chance.random() < 1 / 80 else 0.0


def monthly(_: datetime, __: random.Random) -> float:
    return 1 / (30 * 24)


def dead(at: datetime, _: random.Random) -> float:
    return 1.0 if at < START - 58 * DAY else 0.0


KINDS: dict[str, Profile] = {
    "wire, 200 a day": wire,
    "newspaper, 30 by day": newspaper,
    "the same, then silent": stopping,
    "blog, Monday morning": blog,
    "bursts of twenty": bursty,
    "monthly": monthly,
    "dead": dead,
}


def published(profile: Profile, chance: random.Random) -> list[datetime]:
    """Draw a feed's entries, from two months before the start to three days after the end."""
    times = []
    at = START - 60 * DAY
    while at < END + 3 * DAY:
        rate = profile(at.astimezone(ZONE), chance)
        passed = chance.expovariate(1)
        while passed < rate:
            times.append(at + passed / rate * HOUR)
            passed += chance.expovariate(1)
        at += HOUR
    return times


# ---------------------------------------------------------------------------------------- paces

#: From what a poll showed for the first time, and its moment, to the next poll.
Pace = Callable[[Sequence[datetime], datetime], datetime]


def fixed(interval: timedelta) -> Pace:
    return lambda _fresh, now: now + interval


def learned(url: str, first: datetime) -> Pace:
    """Ask as the monitor does."""
    state = FeedState(feed_url=url, url=url, next_poll_at=first)

    def following(fresh: Sequence[datetime], now: datetime) -> datetime:
        nonlocal state
        soonest = bisect_right(SLOTS, now)
        state = polling.decide(
            state,
            CHANGED,
            DOCUMENT,
            body_hash="",
            fresh=fresh,
            slots=SLOTS[soonest : soonest + 2],
            fetch=LIMITS,
            now=now,
        )
        return state.next_poll_at

    return following


def slots() -> list[datetime]:
    config = DigestConfig(name="daily", at="07:30")
    times = [START]
    while times[-1] < END + 5 * DAY:
        times.append(next_slot(config, ZONE, after=times[-1]).due_at)
    return times[1:]


SLOTS = slots()

# ---------------------------------------------------------------------------------------- month


@dataclass
class Outcome:
    """What the month of some feeds gave."""

    requests: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    entries: int = 0

    def poll(self, times: list[datetime], pace: Pace, first: datetime) -> None:
        """Poll one more feed for a month."""
        polls, seen, now = [], 0, first
        while now < END + 2 * DAY:
            until = bisect_right(times, now)
            fresh = times[max(seen, until - SHOWN) : until]
            self.delays += [(now - at) / HOUR for at in fresh if first < at < END]
            polls.append(now)
            seen, now = until, pace(fresh, now) + LATE
        self.requests.append(bisect_right(polls, END))
        self.entries += sum(first < at < END for at in times)
        self.ages += [
            (slot - polls[bisect_right(polls, slot) - 1]) / HOUR
            for slot in SLOTS
            if first < slot < END
        ]


def main(count: int) -> None:
    """Print the table."""
    paces = ["60 min", "24 h", "ours"]
    heads = ["requests a feed", "mean delay, h", "90 % within, h", "before a digest, h"]
    print(" " * 22 + "".join(f"{head:>20}" for head in heads))
    print(
        " " * 22 + "".join(f"{pace:>7}" if pace != "24 h" else f"{pace:>6}" for pace in paces) * 4
    )
    lost = dict.fromkeys(paces, 0)
    entries = 0
    for name, profile in KINDS.items():
        outcomes = {pace: Outcome() for pace in paces}
        for number in range(count):
            chance = random.Random(f"{name} {number}")
            times = published(profile, chance)
            first = START + chance.random() * DAY
            outcomes["60 min"].poll(times, fixed(HOUR), first)
            outcomes["24 h"].poll(times, fixed(DAY), first)
            outcomes["ours"].poll(times, learned(f"{name} {number}", first), first)
        rows = outcomes.values()
        figures = [f"{fmean(o.requests):.0f}" for o in rows]
        figures += [f"{fmean(o.delays):.1f}" if o.delays else "-" for o in rows]
        figures += [f"{quantiles(o.delays, n=10)[-1]:.1f}" if o.delays else "-" for o in rows]
        figures += [f"{fmean(o.ages):.1f}" for o in rows]
        widths = [7, 6, 7] * 4
        print(f"{name:22}" + "".join(f"{f:>{w}}" for f, w in zip(figures, widths, strict=True)))
        entries += outcomes["ours"].entries
        for pace, outcome in outcomes.items():
            lost[pace] += outcome.entries - len(outcome.delays)
    told = ", ".join(f"{number:,} ({pace})" for pace, number in lost.items())
    print(f"of {entries:,} entries, gone from the feed before anybody looked: {told}")
    print(f"one decision: {cost_ms():.2f} ms")


def cost_ms() -> float:
    """Measure what the decision after a 304 costs with a full diary."""
    by_day = "0" * 8 + "2" * 10 + "0" * 6
    state = FeedState(
        feed_url="busy",
        url="busy",
        next_poll_at=START,
        first_success_at=START - 60 * DAY,
        diary=Diary(until=START, counts=by_day * 28),
    )
    unchanged = NotModified(feed_url="busy", moved_to=None, validators=NO_VALIDATORS)
    now, rounds = START + HOUR, 1000
    start = time.process_time()
    for _ in range(rounds):
        polling.decide(
            state, unchanged, None, body_hash=None, slots=SLOTS[:2], fetch=LIMITS, now=now
        )
    return (time.process_time() - start) / rounds * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
