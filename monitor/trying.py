"""Try another wording of one topic, written as it would stand in the configuration."""

from datetime import datetime

from monitor import change, config
from monitor.change import Trial
from monitor.config import TopicConfig
from monitor.errors import ConfigError, Problem
from monitor.store import Store

#: The longest wording that is tried: with nine bytes for a Chinese character it fits an address.
MAX_CHARS = 5_000


def read(topic: TopicConfig, wording: str) -> TopicConfig:
    """Read a topic's new wording, one [[topic]] table with the id that it has.

    Raises:
        ConfigError: It cannot be understood, or is not one table of this topic.
    """
    if len(wording) > MAX_CHARS:
        raise _refused(f"this has {len(wording):,} characters; {MAX_CHARS:,} are the most")
    found = config.load(wording.replace("\r\n", "\n"), path="line").topics
    if [each.id for each in found] != [topic.id]:
        raise _refused(f'write one [[topic]] table here, with id = "{topic.id}"')
    return found[0]


def look(
    store: Store, before: TopicConfig, after: TopicConfig, *, since: datetime, now: datetime
) -> Trial:
    """Say what a new wording would gain and lose among the articles since then."""
    (trial,) = change.try_topics(store, [before], [after], since=since, now=now, only=after.id)
    return trial


def _refused(message: str) -> ConfigError:
    return ConfigError("line", (Problem(line=0, place="[[topic]]", message=message),))
