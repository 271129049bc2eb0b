"""Compose an issue: what stands in it, in which order, and what its subject says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from monitor import ranking
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.model import (
    Article,
    ArticleMatches,
    Coverage,
    Digest,
    DigestItem,
    DigestTopic,
    Gap,
    Missed,
    Reported,
    Shown,
    StoryState,
    Timeline,
    Vote,
    Window,
)
from monitor.storytelling import Desk, Told, alone, short, tell

MAX_SUBJECT = 120
#: So much of a headline stands in the subject: a phone shows half of it, a desk all.
MAX_HEADLINE = 80
#: An issue with more stories than this is a front page: only the first ones of each topic are told,
#: of the others there is the headline.
SMALL_ISSUE = 12
TOLD_OF_A_TOPIC = 3


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


def items(
    topics: Sequence[TopicConfig],
    rows: Sequence[ArticleMatches],
    digest: Digest,
    shown: frozenset[int],
) -> tuple[DigestItem, ...]:
    """Give what an issue reports: shown or only counted, none comes again.

    Args:
        topics: Those of the digest.
        rows: What there was to report.
        digest: What was composed of it.
        shown: The articles whose stories found room in the mail.
    """
    ids = {topic.id for topic in topics}
    leads = {story.lead.id for topic in digest.topics for story in topic.stories}
    return tuple(
        DigestItem(
            article_id=row.id,
            topic_id=match.topic_id,
            shown=Shown.COUNTED
            if row.id not in shown
            else Shown.LEAD
            if row.id in leads
            else Shown.STORY,
        )
        for row in rows
        for match in row.matches
        if match.topic_id in ids
    )


def goes_out(config: DigestConfig, digest: Digest) -> bool:
    """Tell whether anybody gets it: "nothing new" only on wish, "could not see" always."""
    return digest.stories > 0 or digest.coverage.blind or config.when_empty == "send"


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
    stories: Sequence[Timeline] = (),
    reported: Mapping[int, Reported] | None = None,
    usual: Mapping[str, float] | None = None,
    votes: Sequence[Vote] = (),
    missed: Sequence[Missed] = (),
    notices: Sequence[str] = (),
    archive_url: str = "",
    unsubscribe_url: str = "",
    preview: bool = False,
) -> Digest:
    """Compose one issue.

    Each story stands once, under the topic of which it says most, the best first (see `ranking`).
    What only repeats the stories of earlier issues is named in one line for each topic. A topic
    shows at most its own limit; the rest is counted.

    Args:
        config: The digest.
        topics: All topics of the configuration, in its order.
        feeds: All feeds of the configuration, for their labels and weights.
        rows: The articles to report, in any order.
        coverage: What the monitor could see in the window.
        window: The time covered.
        zone: The digest's time zone, in which all times are shown.
        slot_at: The issue's moment.
        stories: Those of the articles, whole; an article of none stands for itself.
        reported: What earlier issues of this digest reported of these stories.
        usual: How many articles the topics have in such a time as a rule, where that is known.
        votes: What reviewers said of matches, for the order of stories.
        missed: What topics may have missed.
        notices: What the owner must know besides.
        archive_url: The archive's public address, "" if it has none.
        unsubscribe_url: Where a reader can unsubscribe, "" if nowhere.
        preview: Whether this is a look ahead and no issue.
    """
    chosen = selected(config, topics)
    desk = Desk(
        topics=chosen,
        feeds={feed.url: feed for feed in feeds},
        languages=config.languages,
        zone=zone,
        until=window.until,
        fresh=_fresh(chosen, rows),
        reported=reported or {},
        rare=ranking.rarity(rows, coverage.articles),
        tastes=ranking.tastes(votes),
    )
    told = _told(stories, desk)
    sections = [_section(topic, told, desk, usual or {}) for topic in chosen]
    shown = _with_top(tuple(_on_the_front_page(_with_bars(sections))))
    slot, since = slot_at.astimezone(zone), window.since.astimezone(zone)
    empty = not any(section.articles for section in shown)
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
            *_blindness(coverage, since, empty=empty, preview=preview),
        ),
        missed=tuple(replace(each, time=each.time.astimezone(zone)) for each in missed),
        quiet=_quietness(coverage) if empty and not coverage.blind else "",
        archive_url=archive_url.rstrip("/"),
        unsubscribe_url=unsubscribe_url,
        preview=preview,
    )


def time_of(article: Article) -> datetime:
    """Give the feed's date, unless it lies in the future: such a date would lead every issue."""
    return min(article.published_at or article.first_seen_at, article.first_seen_at)


def _fresh(
    topics: Sequence[TopicConfig], rows: Sequence[ArticleMatches]
) -> dict[int, ArticleMatches]:
    """Give the articles with the matches of these topics, by number."""
    ids = {topic.id for topic in topics}
    found = {
        row.id: replace(row, matches=tuple(m for m in row.matches if m.topic_id in ids))
        for row in rows
    }
    return {number: row for number, row in found.items() if row.matches}


def _told(stories: Sequence[Timeline], desk: Desk) -> list[Told]:
    """Tell every story that has something to report, the best first."""
    grouped = [
        story for story in stories if any(member.row.id in desk.fresh for member in story.members)
    ]
    there = {member.row.id for story in grouped for member in story.members}
    single = [alone(row) for number, row in desk.fresh.items() if number not in there]
    told = {story.id: tell(story, desk) for story in (*grouped, *single)}
    order = ranking.ranked((one.timeline, one.score) for one in told.values())
    return [told[timeline.id] for timeline, _ in order]


def _section(
    topic: TopicConfig, told: Sequence[Told], desk: Desk, usual: Mapping[str, float]
) -> DigestTopic:
    here = [one.story for one in told if one.topic_id == topic.id]
    new = [story for story in here if story.state is not StoryState.ONGOING]
    ongoing = [story for story in here if story.state is StoryState.ONGOING]
    others = {one.topic_id for one in told if topic.id in one.topic_ids} - {topic.id}
    return DigestTopic(
        id=topic.id,
        name=topic.name,
        stories=tuple(new[: topic.limit]),
        ongoing=tuple(ongoing),
        articles=sum(
            any(match.topic_id == topic.id for match in row.matches) for row in desk.fresh.values()
        ),
        usual=usual.get(topic.id),
        more=len(new[topic.limit :]) if topic.limit else 0,
        elsewhere=tuple(other.name for other in desk.topics if other.id in others),
    )


def _with_bars(sections: Sequence[DigestTopic]) -> Iterable[DigestTopic]:
    longest = max((max(each.articles, each.usual or 0) for each in sections), default=0) or 1
    for section in sections:
        yield replace(
            section,
            bar_percent=round(100 * section.articles / longest),
            usual_percent=round(100 * (section.usual or 0) / longest),
        )


def _on_the_front_page(sections: Iterable[DigestTopic]) -> Iterable[DigestTopic]:
    """Tell the first stories of each topic; in a large issue the others are headlines only."""
    sections = list(sections)
    if sum(len(section.stories) for section in sections) <= SMALL_ISSUE:
        return sections
    return [
        replace(
            section,
            stories=tuple(
                replace(story, brief=place >= TOLD_OF_A_TOPIC)
                for place, story in enumerate(section.stories)
            ),
        )
        for section in sections
    ]


def _with_top(sections: tuple[DigestTopic, ...]) -> tuple[DigestTopic, ...]:
    """Mark the story that matters most: of those that are told, and can be read if one can.

    How much of its topic a story says orders the stories of one topic; between two topics it says
    nothing.
    """
    told = [story for section in sections for story in section.stories if not story.brief]
    if not told:
        return sections
    top = max(
        told,
        key=lambda story: (not story.lead.foreign, story.score["value"] / story.score["hits"]),
    )
    return tuple(
        replace(
            section,
            stories=tuple(replace(story, top=story is top) for story in section.stories),
        )
        for section in sections
    )


# ------------------------------------------------------------------------------------ its words


def _subject(
    topics: Sequence[DigestTopic], coverage: Coverage, slot: datetime, *, preview: bool
) -> str:
    """Say the news in the inbox's list already: "Kling 4 makes films, and 11 more · 24 Nov"."""
    day = f"{slot.day} {slot:%b}"
    stories = [story for topic in topics for story in topic.stories]
    if stories:
        top = next(story for story in stories if story.top)
        headline = short("".join(piece.text for piece in top.lead.title), MAX_HEADLINE)
        rest = len(stories) - 1 + sum(topic.more for topic in topics)
        return f"{headline}, and {rest:,} more · {day}" if rest else f"{headline} · {day}"
    if preview:
        return f"Nothing new so far · {day}"
    if coverage.blind and not any(topic.articles for topic in topics):
        return f"The monitor could not see: {_feeds_read(coverage)} · {day}"
    return f"Nothing new · {day}"


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
