"""The words that pages use for states and times. Pure."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import assert_never

from monitor import links
from monitor.archive import ArchiveArticle, ArchiveView, Bar, Question, TopicCount
from monitor.config import Config, DigestConfig, FeedConfig
from monitor.model import (
    UNREACHED,
    DeliveryState,
    FailureKind,
    FeedState,
    Gap,
    Mark,
    StoryLine,
    StoryOutline,
)
from monitor.poll import offline_line
from monitor.polling import out_of_turn_from
from monitor.slots import next_slot
from monitor.stats import TopicTrend
from monitor.subscribe import Condition, FeedHealth

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
    #: The same for people.
    place: str
    name: str
    label: str
    #: "ok", "quiet", "failing", "unread" or "retired": picks the colour; `words` say the same.
    kind: str
    words: str
    error: str
    last_success: str
    next_poll: str
    articles: int
    matches: int
    #: A person may have it polled now.
    can_ask: bool
    #: What becomes of it when a person asks, or just asked.
    when_asked: str


_KINDS = {
    Condition.FAILING: "failing",
    Condition.RETIRED: "retired",
    Condition.QUIET: "quiet",
    Condition.NEVER_READ: "unread",
    Condition.WELL: "ok",
}


def feed_lines(
    every: Sequence[FeedHealth], feeds: Sequence[FeedConfig], now: datetime
) -> tuple[FeedLine, ...]:
    """Describe the feeds, those that need a look first, then by name."""
    labels = {feed.url: feed.label for feed in feeds}
    lines = [_feed_line(feed, labels.get(feed.row.state.feed_url, ""), now) for feed in every]
    order = list(_KINDS.values())
    return tuple(sorted(lines, key=lambda line: (order.index(line.kind), line.name.casefold())))


def _feed_line(feed: FeedHealth, label: str, now: datetime) -> FeedLine:
    row, state = feed.row, feed.row.state
    never = "never whole" if row.articles else "never"
    return FeedLine(
        url=state.feed_url,
        place=links.shown(state.feed_url),
        name=links.shown(feed.name) if feed.name == state.feed_url else feed.name,
        label=label,
        kind=_KINDS[feed.condition],
        words=_condition(feed, now),
        error=state.error,
        last_success=ago(state.last_success_at, now) if state.last_success_at else never,
        next_poll="never" if state.retired else ahead(state.next_poll_at, now),
        articles=row.articles,
        matches=row.matches,
        can_ask=_can_ask(state, now),
        when_asked=_when_asked(state, now),
    )


def _can_ask(state: FeedState, now: datetime) -> bool:
    allowed = out_of_turn_from(state)
    return allowed is not None and allowed <= now < state.next_poll_at


def _when_asked(state: FeedState, now: datetime) -> str:
    allowed = out_of_turn_from(state)
    if allowed is None:
        return "is not polled any more"
    if state.next_poll_at <= now:
        return "is polled in a moment"
    if allowed <= now:
        return f"is polled {ahead(state.next_poll_at, now)}"
    if state.failure_kind is FailureKind.BUSY:
        return f"is polled {ahead(allowed, now)}: its server asks to be left alone until then"
    polled = ago(state.last_polled_at, now)
    return f"was polled {polled}; you can have it polled again {ahead(allowed, now)}"


def _condition(feed: FeedHealth, now: datetime) -> str:
    state = feed.row.state
    match feed.condition:
        case Condition.RETIRED:
            return "retired: not polled any more"
        case Condition.FAILING:
            tries = "1 try" if state.failures == 1 else f"{state.failures} tries"
            if state.last_success_at:
                return f"failing for {span(now - state.last_success_at)}, {tries}"
            # A feed that is cut off brings articles all the same.
            return f"failing: {tries}, never read {'whole' if feed.row.articles else 'yet'}"
        case Condition.QUIET:
            days = feed.quiet_for.days if feed.quiet_for else 0
            return f"quiet: nothing new for {count(days, 'day')}"
        case Condition.NEVER_READ:
            return "not read yet"
        case Condition.WELL:
            return "ok"
    assert_never(feed.condition)


def sentence(words: str) -> str:
    """Begin with a capital what stands alone on a page."""
    return words[:1].upper() + words[1:]


def count(number: int, word: str) -> str:
    """Say a number with its word: "1 feed", "1,204 articles"."""
    return f"{number:,} {word if number == 1 else word + 's'}"


def feed_summary(lines: Sequence[FeedLine]) -> str:
    """Sum up the table: "55 feeds: 50 ok, 2 quiet, 2 failing, 1 not read yet"."""
    kinds = Counter(line.kind for line in lines)
    shown = ("ok", "quiet", "failing", "unread", "retired")
    parts = [
        f"{kinds[kind]:,} {'not read yet' if kind == 'unread' else kind}"
        for kind in shown
        if kinds[kind]
    ]
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


def asked_so_far(states: Sequence[FeedState]) -> str:
    """Say how many feeds were asked; "" when each one was, so that what they lack can be said."""
    asked = sum(state.last_polled_at is not None for state in states)
    return "" if asked == len(states) else f"{asked:,} of {len(states):,} feeds were asked so far"


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
    return told + (f" {sentence(following)}." if following else "")


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


def slot(digest: DigestConfig, config: Config, now: datetime) -> str:
    """Say when a digest comes next: "tomorrow, 07:30, in 19 h"."""
    due = next_slot(digest, config.digest_zone(digest), after=now).due_at
    local = due.astimezone(config.zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}, {ahead(due, now)}"


def gap(one: Gap, zone: tzinfo, now: datetime) -> str:
    """Say when the monitor did not run: "10 Mar 22:00 to 11 Mar 06:00, 8 h"."""
    today = now.astimezone(zone).date()
    begin, end = (short_time(moment, zone, today) for moment in (one.since, one.until))
    return f"{begin} to {end}, {span(one.until - one.since)}"


#: What became of a copy of a digest; pages put them in colour too.
STATES = {
    DeliveryState.SENT: "sent",
    DeliveryState.QUEUED: "waiting",
    DeliveryState.SENDING: "on its way",
    DeliveryState.HELD: "held: the server may have it",
    DeliveryState.REJECTED: "refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBar:
    """A bar of a chart: where it stands, in units of the drawing, and what it says."""

    x: float
    y: float
    width: float
    height: float
    label: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart of articles over days, with its text alternative."""

    width: int
    height: int
    bars: tuple[ChartBar, ...]
    summary: str
    begin: str
    end: str


CHART_WIDTH, CHART_HEIGHT = 720, 64
_LEAST_DAYS = 14


def chart(bars: Sequence[Bar], today: date) -> Chart | None:
    """Lay out a chart; None where it would be a single bar."""
    if len(bars) < 2:
        return None
    bars = _some_days(bars)
    step = CHART_WIDTH / len(bars)
    most = max(bar.articles for bar in bars)
    drawn = []
    for number, bar in enumerate(bars):
        # What is there can be seen, however little it is.
        height = max(2.0, CHART_HEIGHT * bar.articles / most) if bar.articles else 0.0
        drawn.append(
            ChartBar(
                x=round(number * step, 2),
                y=round(CHART_HEIGHT - height, 2),
                width=round(max(1.0, step - min(2.0, step / 4)), 2),
                height=round(height, 2),
                label=f"{_days(bar, today)}: {count(bar.articles, 'article')}",
                first=bar.first.isoformat(),
                last=bar.last.isoformat(),
            )
        )
    top = max(bars, key=lambda bar: bar.articles)
    each = "day" if bars[0].first == bars[0].last else f"{(top.last - top.first).days + 1} days"
    total = sum(bar.articles for bar in bars)
    return Chart(
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
        bars=tuple(drawn),
        summary=f"{count(total, 'article')} by {each}; most on {_days(top, today)} "
        f"({top.articles:,})",
        begin=_short_day(bars[0].first, today),
        end=_short_day(bars[-1].last, today),
    )


def _some_days(bars: Sequence[Bar]) -> Sequence[Bar]:
    """Add days before the first, so that a few days are not a few blocks."""
    if bars[0].first != bars[0].last:
        return bars
    begin = bars[0].first
    before = (begin - n * _DAY for n in range(_LEAST_DAYS - len(bars), 0, -1))
    return [*(Bar(first=day, last=day, articles=0) for day in before), *bars]


def _days(bar: Bar, today: date) -> str:
    first, last = _short_day(bar.first, today), _short_day(bar.last, today)
    return first if first == last else f"{first} to {last}"


def _short_day(day: date, today: date) -> str:
    return f"{day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


#: What reviewers said, as buttons and filters name it.
MARKS = {
    "open": "to review",
    "relevant": "relevant",
    "irrelevant": "not relevant",
    "seen": "seen",
    "starred": "starred",
    "noted": "with a note",
    "lost": "not matched any more",
}


def scope(asked: Question, topics: Sequence[TopicCount]) -> str:
    """Say in words what a page is narrowed to: "Kling, zh-Hans, to review"; "" if to nothing."""
    names = {topic.id: topic.name for topic in topics}
    parts = [names.get(asked.topic, asked.topic), asked.source, asked.lang, asked.label]
    parts += [MARKS.get(asked.mark, ""), _range(asked.first, asked.last)]
    return ", ".join(filter(None, parts))


def _range(first: str, last: str) -> str:
    if first and last:
        return first if first == last else f"{first} to {last}"
    return f"from {first}" if first else (f"to {last}" if last else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What reviewers said of an article, for the topics that a page is about."""

    #: Its matches as forms name them: "12:kling 12:chips"; "" when there is none.
    keys: str
    #: The mark of all; open when they differ.
    mark: Mark
    mixed: bool
    starred: bool


def judged(article: ArchiveArticle, topic_id: str) -> Judged:
    """Sum up an article's reviews, for one topic or ("") for all of its topics."""
    reviews = [why.review for why in article.why if topic_id in {"", why.topic_id}]
    marks = {review.mark for review in reviews}
    return Judged(
        keys=" ".join(f"{article.id}:{review.topic_id}" for review in reviews),
        mark=marks.pop() if len(marks) == 1 else Mark.OPEN,
        mixed=len({review.mark for review in reviews}) > 1,
        starred=bool(reviews) and all(review.starred for review in reviews),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An article of a page, and under it what else the page has of its story."""

    article: ArchiveArticle
    story: StoryOutline | None
    #: Other articles of this page, with their day.
    folded: tuple[tuple[ArchiveArticle, str], ...]
    #: Articles of the story that stand elsewhere, with their time.
    lines: tuple[tuple[StoryLine, str], ...]


def rows(view: ArchiveView, zone: tzinfo, today: date) -> tuple[Row, ...]:
    """Fold the articles of a story under the first of them."""
    groups: dict[tuple[bool, int], list[ArchiveArticle]] = {}
    for article in view.articles:
        story = view.stories.get(article.id)
        key = (True, story.id) if story else (False, article.id)
        groups.setdefault(key, []).append(article)
    return tuple(
        Row(
            article=first,
            story=(story := view.stories.get(first.id)),
            folded=tuple((article, _short_day(article.time.date(), today)) for article in others),
            lines=story_lines(story, {first.id, *(article.id for article in others)}, zone, today),
        )
        for first, *others in groups.values()
    )


def story_lines(
    story: StoryOutline | None, but: Collection[int], zone: tzinfo, today: date
) -> tuple[tuple[StoryLine, str], ...]:
    """Give the newest articles of a story that are not shown already, with their time."""
    newest = story.newest if story else ()
    return tuple((line, short_time(line.at, zone, today)) for line in newest if line.id not in but)


def trend(topic: TopicTrend, first: date) -> str:
    """Say what a topic's chart shows."""
    number = f"{topic.matches:,} {'match' if topic.matches == 1 else 'matches'}"
    said = f"{topic.name}: {number} in {len(topic.days)} days"
    if topic.matches:
        top = max(range(len(topic.days)), key=topic.days.__getitem__)
        said += f", most on {first + top * _DAY} ({topic.days[top]})"
    return said
