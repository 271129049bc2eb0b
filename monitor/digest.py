"""Decide when an issue is due and what stands in it.

Slots are reckoned from local dates, not from a clock that ticks: each local date that a digest is
meant for has exactly one slot, whatever the zone does with its clocks that day.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitor import text
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.model import (
    Article,
    ArticleMatches,
    Coverage,
    Digest,
    DigestArticle,
    DigestItem,
    DigestStory,
    DigestTopic,
    Gap,
    Match,
    Piece,
    Slot,
    Span,
    Window,
)

MAX_SUBJECT = 120
#: Longer titles are cut around their hits.
MAX_TITLE = 200
#: Words named as the reason for a story.
MAX_REASONS = 3
#: Issues that catching up with each missed slot makes at most; the first covers all before it.
MAX_CAUGHT_UP = 31
#: A slot that late is a missed one to `catch_up = "skip"`.
MISSED_AFTER = timedelta(hours=1)
#: A week has every weekday once; the second one is for a zone that skipped a whole date.
_DAYS_TO_LOOK = 15
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

# ---------------------------------------------------------------------------------------- slots


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


# ---------------------------------------------------------------------------------------- issue


def selected(config: DigestConfig, topics: Sequence[TopicConfig]) -> tuple[TopicConfig, ...]:
    """Give the digest's topics in the order it names them; "*" stands for all others."""
    by_id = {topic.id: topic for topic in topics}
    ids: list[str] = []
    for name in config.topics:
        ids += (
            [topic.id for topic in topics if topic.id not in config.topics]
            if name == "*"
            else [name]
        )
    return tuple(by_id[topic_id] for topic_id in dict.fromkeys(ids) if topic_id in by_id)


def items(topics: Sequence[TopicConfig], rows: Sequence[ArticleMatches]) -> tuple[DigestItem, ...]:
    """Give what an issue of these topics reports: shown or only counted, none comes again."""
    ids = {topic.id for topic in topics}
    return tuple(
        DigestItem(article_id=row.id, topic_id=match.topic_id)
        for row in rows
        for match in row.matches
        if match.topic_id in ids
    )


def goes_out(config: DigestConfig, digest: Digest) -> bool:
    """Tell whether anybody gets it: "nothing new" only on wish, "could not see" always."""
    return digest.articles > 0 or digest.coverage.blind or config.when_empty == "send"


def compose(
    *,
    config: DigestConfig,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    rows: Sequence[ArticleMatches],
    coverage: Coverage,
    window: Window,
    zone: tzinfo,
    slot_at: datetime,
    notices: Sequence[str] = (),
    archive_url: str = "",
    unsubscribe_url: str = "",
    preview: bool = False,
) -> Digest:
    """Compose one issue.

    An article stands under each of its topics, those with a hit in the title first, then newest
    first. A topic shows at most its own limit; the rest is counted.

    Args:
        config: The digest.
        topics: All topics of the configuration, in its order.
        feeds: All feeds of the configuration, for their labels.
        rows: The articles to report, in any order.
        coverage: What the monitor could see in the window.
        window: The time covered.
        zone: The digest's time zone, in which all times are shown.
        slot_at: The issue's moment.
        notices: What the owner must know besides.
        archive_url: The archive's public address, "" if it has none.
        unsubscribe_url: Where a reader can unsubscribe, "" if nowhere.
        preview: Whether this is a look ahead and no issue.
    """
    labels = {feed.url: feed.label for feed in feeds}
    sections = [_section(topic, rows, labels, zone) for topic in selected(config, topics)]
    largest = max((section.articles for section in sections), default=0)
    shown = tuple(_with_bar(section, largest) for section in sections)
    slot = slot_at.astimezone(zone)
    since = window.since.astimezone(zone)
    return Digest(
        name=config.name,
        subject=_subject(shown, coverage, slot, preview=preview),
        slot=slot,
        since=since,
        until=window.until.astimezone(zone),
        topics=shown,
        coverage=_in_zone(coverage, zone),
        notices=(
            *notices,
            *_blindness(coverage, since, empty=largest == 0, preview=preview),
        ),
        quiet="" if largest or coverage.blind else _quietness(coverage),
        archive_url=archive_url.rstrip("/"),
        unsubscribe_url=unsubscribe_url,
        preview=preview,
    )


def _section(
    topic: TopicConfig, rows: Sequence[ArticleMatches], labels: dict[str, str], zone: tzinfo
) -> DigestTopic:
    matched = [(row, match) for row in rows for match in row.matches if match.topic_id == topic.id]
    matched.sort(key=lambda pair: _rank(*pair))
    stories = tuple(
        DigestStory(lead=_article(row, match, labels.get(row.article.feed_url, ""), zone))
        for row, match in matched[: topic.limit]
    )
    return DigestTopic(
        id=topic.id,
        name=topic.name,
        stories=stories,
        articles=len(matched),
        more=len(matched) - len(stories),
    )


def _rank(row: ArticleMatches, match: Match) -> tuple[bool, float, int]:
    in_title = any(span.field == "title" for span in match.spans)
    return not in_title, -time_of(row.article).timestamp(), -row.id


def time_of(article: Article) -> datetime:
    """Give the feed's date, unless it lies in the future: such a date would lead every issue."""
    return min(article.published_at or article.first_seen_at, article.first_seen_at)


def _article(row: ArticleMatches, match: Match, label: str, zone: tzinfo) -> DigestArticle:
    article = row.article
    in_title = [span for span in match.spans if span.field == "title"]
    in_body = [span for span in match.spans if span.field == "body"]
    return DigestArticle(
        id=row.id,
        url=article.url if article.url.startswith(("https://", "http://")) else "",
        title=_title(article, in_title),
        snippet=text.excerpt(article.title, article.text, in_body),
        source=article.source,
        label=label,
        lang=article.lang,
        time=time_of(article).astimezone(zone),
        undated=article.published_at is None,
        why=_reasons(match.spans),
    )


def _title(article: Article, spans: Sequence[Span]) -> tuple[Piece, ...]:
    if not article.title:
        return (Piece(text="(no title)"),)
    if len(article.title) > MAX_TITLE:
        return text.snippet(article.title, spans, MAX_TITLE)
    return text.pieces(article.title, spans)


def _reasons(spans: Sequence[Span]) -> tuple[str, ...]:
    """Say what was found and where: ("阿里, Qwen in the title", "Tongyi in the text").

    A word found in the title is not named again for the text, nor one inside a longer find.
    """
    found: dict[str, tuple[str, str]] = {}
    for span in spans:
        word = _short(span.surface, 40)
        if word.casefold() not in found and not any(_is_inside(span, other) for other in spans):
            found[word.casefold()] = (word, span.field)
    named = list(found.values())[:MAX_REASONS]
    in_title = ", ".join(word for word, field in named if field == "title")
    in_text = ", ".join(word for word, field in named if field == "body")
    reasons = (
        *([f"{in_title} in the title"] if in_title else ()),
        *([f"{in_text} in the text"] if in_text else ()),
    )
    # Another feed's longer text may have matched (see `save_poll`), or a topic that only says NOT.
    return reasons or ("for words that this version lacks",)


def _is_inside(span: Span, other: Span) -> bool:
    return (
        span.field == other.field
        and other.start <= span.start
        and span.end <= other.end
        and (span.start, span.end) != (other.start, other.end)
    )


def _with_bar(section: DigestTopic, largest: int) -> DigestTopic:
    percent = round(100 * section.articles / largest) if largest else 0
    return replace(section, bar_percent=percent)


def _subject(
    topics: Sequence[DigestTopic], coverage: Coverage, slot: datetime, *, preview: bool
) -> str:
    """Say the news in the inbox's list already: "Kling 3, Alibaba 12 · 24 Nov"."""
    day = f"{slot.day} {slot:%b}"
    counts = [f"{_short(topic.name, 40)} {topic.articles}" for topic in topics if topic.articles]
    if not counts and preview:
        return f"Nothing new so far · {day}"
    if not counts and coverage.blind:
        return f"The monitor could not see: {_feeds_read(coverage)} · {day}"
    if not counts:
        return f"Nothing new · {day}"
    shown = len(counts)
    while len(subject := _listed(counts, shown) + f" · {day}") > MAX_SUBJECT:
        shown -= 1
    return subject


def _listed(counts: Sequence[str], shown: int) -> str:
    rest = len(counts) - shown
    tail = [f"{rest} more topics" if rest > 1 else "1 more topic"] if rest else []
    return ", ".join([*counts[:shown], *tail])


def _short(words: str, limit: int) -> str:
    line = " ".join(words.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _feeds_read(coverage: Coverage) -> str:
    if coverage.feeds == 0:
        return "no feeds are configured"
    if coverage.feeds == 1:  # and the monitor is blind
        return "the only feed was not read"
    return f"{coverage.feeds_read} of {coverage.feeds} feeds read"


def _few_read(coverage: Coverage) -> str:
    if coverage.feeds == 1:
        return "the only feed was not read"
    few = f"only {coverage.feeds_read}" if coverage.feeds_read else "none"
    verb = "was" if coverage.feeds_read == 1 else "were"
    return f"{few} of {coverage.feeds} feeds {verb} read"


def _quietness(coverage: Coverage) -> str:
    """Say whether nothing happened, or nothing about these topics."""
    asked = (
        "the feed" if coverage.feeds == 1 else f"{coverage.feeds_read} of {coverage.feeds} feeds"
    )
    if coverage.articles == 0:
        return f"There was no new article at all, although {asked} could be read."
    if coverage.articles == 1:
        return f"The one new article from {asked} is about something else."
    return f"All {coverage.articles:,} new articles from {asked} are about something else."


def _in_zone(coverage: Coverage, zone: tzinfo) -> Coverage:
    gaps = (
        Gap(since=gap.since.astimezone(zone), until=gap.until.astimezone(zone))
        for gap in coverage.gaps
    )
    return replace(coverage, gaps=tuple(gaps))


def _blindness(
    coverage: Coverage, since: datetime, *, empty: bool, preview: bool
) -> tuple[str, ...]:
    if not coverage.blind:
        return ()
    if coverage.feeds == 0:
        return ("No feeds are configured, so there was nothing to read.",)
    seen = f"{_few_read(coverage)} since {since.day} {since:%b %H:%M}"
    if preview:  # its window is not over and may have begun a minute ago
        return (f"So far {seen}.",)
    if empty:
        return (f"The monitor could not see: {seen}. No match does not mean no news.",)
    return (f"The monitor saw little: {seen}. News may be missing.",)
