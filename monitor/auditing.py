"""Look for articles that topics may have missed: no match of any, but nearly.

topics, each with one clause less           ─┐
names that titles of its matches say often, ─┴→ the search index ─→ tried ─→ a few of each topic
and hardly any other article
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice, zip_longest

from monitor.config import DigestConfig, TopicConfig
from monitor.model import ArchiveFilter, ArticleMatches, IndexQuery, Missed
from monitor.query import for_index, parse
from monitor.store import Store
from monitor.suggest import NearMisses, is_rare, names
from monitor.text import fold

#: Articles of so long are looked through …
AUDITED = timedelta(days=7)
#: … and matches of so long say which names belong to a topic.
_LEARNT_FROM = timedelta(days=28)
#: The most that one issue shows, and of one topic.
MOST, MOST_OF_A_TOPIC = 8, 3
#: Matches that are learnt from, and articles that are tried, for one topic.
_MOST_MATCHES, _MOST_TRIED = 200, 200
#: Names that are looked for.
_MOST_NAMES = 5
#: Articles that are counted.
_MOST_COUNTED = 200_000


def is_due(store: Store, digest: DigestConfig, day: date) -> bool:
    """Tell whether an issue of this date is the first of its week, from Monday on, to go out."""
    if digest.audit == "never":
        return False
    return not store.went_out_since(digest.name, day - timedelta(days=day.weekday()))


def missed(
    store: Store, digest: DigestConfig, topics: Sequence[TopicConfig], *, until: datetime
) -> tuple[Missed, ...]:
    """Give articles of the last week that these topics may have missed, at most MOST.

    None that an audit of this digest showed before.

    Args:
        store: The archive; what is not indexed yet is left for the next audit.
        digest: The digest.
        topics: Those of the digest.
        until: Where its window ends.
    """
    shown: set[str] = set()
    found: list[list[Missed]] = []
    for topic in topics:
        some: list[Missed] = []
        for row, why in _candidates(store, digest, topic, until):
            key = fold(row.article.title)
            if key not in shown and len(some) < MOST_OF_A_TOPIC:
                shown.add(key)
                some.append(_missed(row, topic, why))
        found.append(some)
    # The best of each topic before the second best of any.
    turns = [each for turn in zip_longest(*found) for each in turn if each][:MOST]
    order = {topic.name: place for place, topic in enumerate(topics)}
    return tuple(sorted(turns, key=lambda each: order[each.topic]))


def _candidates(
    store: Store, digest: DigestConfig, topic: TopicConfig, until: datetime
) -> Iterator[tuple[ArticleMatches, str]]:
    """Give articles with what speaks for them: those first whose reason few others have."""
    since = until - AUDITED
    near = NearMisses(topic)
    asked = near.asked
    reasons: dict[str, list[ArticleMatches]] = {}
    if asked is not None:
        for row in store.unmatched(
            asked, digest_name=digest.name, since=since, until=until, limit=_MOST_TRIED
        ):
            if short := near.of(row.article):
                why = f"“{short.held}” without “{short.missing}”"
                reasons.setdefault(why, []).append(row)
    for name, number in islice(_names(store, topic, until), _MOST_NAMES):
        for row in store.unmatched(
            _asked(name), digest_name=digest.name, since=since, until=until, limit=_MOST_TRIED
        ):
            if fold(name) in fold(row.article.title):
                reasons.setdefault(f"“{name}”, as in {number} matches", []).append(row)
    rarest = sorted(reasons.items(), key=lambda each: len(each[1]))
    for turn in zip_longest(*([(row, why) for row in rows] for why, rows in rarest)):
        yield from (each for each in turn if each)


def _names(store: Store, topic: TopicConfig, until: datetime) -> Iterator[tuple[str, int]]:
    """Give names that matches of the last weeks say, and hardly any other article."""
    since = until - _LEARNT_FROM
    recent = ArchiveFilter(topic_id=topic.id, since=since)
    matched = store.page(recent, limit=_MOST_MATCHES).articles
    stories = store.story_numbers([row.id for row in matched])
    every = store.how_many(None, since=since, most=_MOST_COUNTED)
    for name, number in names(topic, matched, stories):
        said = store.how_many(_asked(name), since=since, most=_MOST_COUNTED)
        if is_rare(number, len(matched), said - number, every - len(matched)):
            yield name, number


def _asked(name: str) -> IndexQuery:
    return for_index(parse(f'"{name}"')).index


def _missed(row: ArticleMatches, topic: TopicConfig, why: str) -> Missed:
    article = row.article
    return Missed(
        id=row.id,
        topic=topic.name,
        why=why,
        title=article.title,
        url=article.url,
        source=article.source,
        lang=article.lang,
        time=article.published_at or article.first_seen_at,
    )
