"""Look a configuration over: what can hardly be meant, and what the archive tells of it."""

from datetime import datetime, timedelta

from monitor.config import Config, TopicConfig, locator
from monitor.errors import Problem
from monitor.model import ArchiveFilter
from monitor.query.lint import Lists, Tally, lint, lint_counts
from monitor.store import Store

#: How far back, and in how many articles, terms are looked for.
_PERIOD = timedelta(days=30)
_MOST = 5_000
_AT_ONCE = 500


def doubts(config: Config, store: Store, now: datetime) -> tuple[Problem, ...]:
    """Give what should be looked at, in the order of the file: none of it is an error."""
    topics = [_lists(topic) for topic in config.topics]
    found = [advice for topic in topics for advice in lint(topic)]
    tally = Tally(topics)
    after, left = None, _MOST
    recent = ArchiveFilter(since=now - _PERIOD, matched_only=False)
    while left > 0:
        page = store.page(recent, after=after, limit=min(left, _AT_ONCE))
        for row in page.articles:
            tally.add(row.article, [match.topic_id for match in row.matches])
        left -= len(page.articles)
        after = page.next
        if after is None:
            break
    found += lint_counts(topics, tally.counts)
    located = locator(config)
    rows = {topic.id: row for row, topic in enumerate(config.topics)}
    said = [
        located(("topic", rows[each.topic], *_path(each.key, each.position)), each.doubt)
        for each in found
    ]
    return tuple(sorted((*config.doubts, *said), key=lambda problem: problem.line))


def _path(key: str, position: int | None) -> tuple[str | int, ...]:
    if not key:
        return ()
    return (key,) if position is None else (key, position)


def _lists(topic: TopicConfig) -> Lists:
    return Lists(
        id=topic.id,
        any=topic.any,
        none=topic.none,
        query=topic.query,
        asks_more=bool(topic.near or topic.all or (topic.query and topic.any)),
    )
