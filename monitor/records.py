"""What other programs get of feeds, topics, digests and the monitor itself, as JSON has it.

Commands and pages give the same; docs/archive.md describes each field.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from monitor.config import Config, FeedConfig
from monitor.model import Coverage, DigestRow, Standing
from monitor.noise import Bringer, Noise
from monitor.stats import Stats, TopicTrend
from monitor.subscribe import FeedHealth

_DAY = timedelta(days=1)


def moment(when: datetime | None) -> str | None:
    """Write a moment."""
    return when.isoformat() if when else None


def feed(health: FeedHealth, configured: FeedConfig) -> dict[str, object]:
    """Give how a feed is."""
    state, row = health.row.state, health.row
    return {
        "url": state.feed_url,
        "name": health.name,
        "label": configured.label,
        "condition": health.condition.value,
        "last_success": moment(state.last_success_at),
        "next_poll": None if state.retired else moment(state.next_poll_at),
        "items_a_week": round(health.items_a_week, 2),
        "articles": row.articles,
        "matches": row.matches,
        "match_rate": round(row.matches / row.articles, 4) if row.articles else None,
        "quiet_days": health.quiet_for.days if health.quiet_for else None,
        "failures": state.failures,
        "error": state.error,
        "pages_read": health.pages.get("", 0),
        "pages_not_read": {why: number for why, number in health.pages.items() if why},
    }


#: The fields of a feed that a table has too.
FEED_COLUMNS = (
    "url", "name", "label", "condition", "last_success", "next_poll", "items_a_week", "articles",
    "matches", "match_rate", "quiet_days", "failures", "error", "pages_read",
)  # fmt: skip


def topics(found: Stats) -> dict[str, object]:
    """Give how the topics run."""
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "topics": [_trend(topic) for topic in found.topics],
        "sources": dict(found.sources),
        "languages": dict(found.langs),
    }


def _trend(topic: TopicTrend) -> dict[str, object]:
    return {
        "id": topic.id,
        "name": topic.name,
        "days": list(topic.days),
        "bursts": list(topic.bursts),
        "matches": topic.matches,
        "stored": topic.stored,
        "open": topic.open,
        "relevant": topic.relevant,
        "irrelevant": topic.irrelevant,
        "precision": topic.precision,
    }


DAY_COLUMNS = ("day", "topic", "topic_name", "matches", "burst")


def days(found: Stats) -> Iterator[dict[str, object]]:
    """Give the topics as a table: a row for each day and topic."""
    for topic in found.topics:
        for place, number in enumerate(topic.days):
            yield {
                "day": (found.first + place * _DAY).isoformat(),
                "topic": topic.id,
                "topic_name": topic.name,
                "matches": number,
                "burst": "yes" if place in topic.bursts else "",
            }


def bringers(topic_id: str, name: str, noise: Noise) -> dict[str, object]:
    """Give what brings a topic its matches."""
    return {
        "id": topic_id,
        "name": name,
        "matches": noise.matches,
        "words": [_bringer(each) for each in noise.words],
        "sources": [_bringer(each) for each in noise.sources],
    }


def _bringer(one: Bringer) -> dict[str, object]:
    return {
        "name": one.name,
        "matches": one.matches,
        "relevant": one.relevant,
        "irrelevant": one.irrelevant,
    }


def issue(row: DigestRow) -> dict[str, object]:
    """Give a digest that was composed, and what became of each copy."""
    return {
        "id": row.id,
        "name": row.name,
        "date": row.local_date.isoformat(),
        "at": row.at,
        "subject": row.subject,
        "articles": row.items,
        "deliveries": [
            {"to": to, "state": state.value, "error": error} for to, state, error in row.deliveries
        ],
    }


COPY_COLUMNS = ("id", "name", "date", "at", "subject", "articles", "to", "state", "error")


def copies(rows: Iterable[DigestRow]) -> Iterator[dict[str, object]]:
    """Give digests as a table: a row for each copy, one for a digest that went to nobody."""
    for row in rows:
        about = issue(row)
        del about["deliveries"]
        for to, state, error in row.deliveries:
            yield about | {"to": to, "state": state.value, "error": error}
        if not row.deliveries:
            yield about


def status(
    standing: Standing,
    config: Config,
    week: Coverage,
    *,
    problems: Iterable[str],
    next_poll: datetime | None,
) -> dict[str, object]:
    """Give how the monitor itself is; `week` is what it saw in the last days."""
    return {
        "database": standing.database,
        "topics": len(config.topics),
        "feeds": len(config.feeds),
        "digests": len(config.digests),
        "config_accepted": moment(standing.config_accepted_at),
        "config_versions": standing.config_versions,
        "config_problems": list(problems),
        "new_articles": week.articles,
        "feeds_read": week.feeds_read,
        "feeds_failing": len(week.failing),
        "feeds_quiet": len(week.quiet),
        "pauses": [
            {"since": gap.since.isoformat(), "until": gap.until.isoformat()} for gap in week.gaps
        ],
        "next_poll": moment(next_poll),
        "to_index": standing.to_index,
        "outbox": {state.value: number for state, number in standing.copies.items()},
        "next_try": moment(standing.next_try_at),
    }
