"""The store's part for polling: the accepted configuration, the feeds, and what a poll brings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Insert, and_, bindparam, func, select, update

from monitor.config import FeedConfig
from monitor.model import FeedRow, FeedState, PollOutcome, PollSaved, Sighting, TopicVersion
from monitor.store import values
from monitor.store.database import KEYS_AT_ONCE, Database
from monitor.store.tables import (
    CleanText,
    articles,
    clean,
    config_versions,
    feeds,
    imprints,
    matches,
    search_queue,
    sightings,
    topic_versions,
)

_POLLED = and_(feeds.c.active, ~feeds.c.retired)

# The statements of each poll are built once: building them costs more than executing them.
_UPDATE_FEED = (
    update(feeds).where(feeds.c.url == bindparam("of_url", type_=CleanText)).returning(feeds.c.id)
)
_KNOWN = select(sightings.c.key).where(
    sightings.c.feed_id == bindparam("feed_id"),
    sightings.c.key.in_(bindparam("keys", expanding=True)),
)
_STORED = (
    select(articles.c.key, articles.c.id, articles.c.title, articles.c.text, articles.c.sorted_at)
    .where(articles.c.key.in_(bindparam("keys", expanding=True)))
    # Only PostgreSQL needs it: there, another process's retention could take them away meanwhile.
    .with_for_update(read=True, key_share=True)
)
_IMPRINT = (
    select(imprints.c.imprint)
    .join(feeds, feeds.c.id == imprints.c.feed_id)
    .where(feeds.c.url == bindparam("of_url", type_=CleanText))
)
_UPDATE_IMPRINT = update(imprints).where(imprints.c.feed_id == bindparam("of_feed"))
_NEWEST = (
    select(sightings.c.sorted_at)
    .where(sightings.c.feed_id == bindparam("feed_id"))
    .order_by(sightings.c.sorted_at.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What hangs on an article needs to know of it, as it is stored."""

    id: int
    title: str
    text: str
    sorted_at: datetime


class Feeds(Database):
    """Feeds and polls."""

    def accept_config(
        self,
        *,
        text: str,
        hash: str,  # noqa: A002  what it is
        topics: Sequence[TopicVersion],
        now: datetime,
    ) -> bool:
        """Store a configuration that was accepted, unless it equals the last; say if it was new.

        The wordings of its topics are stored in any case: they are what matches refer to.
        """
        with self._write() as connection:
            for topic in topics:
                statement = self._dialect.insert(topic_versions).values(
                    topic_id=topic.topic_id,
                    query_version=topic.query_version,
                    name=topic.name,
                    definition=topic.definition,
                    accepted_at=now,
                )
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["topic_id", "query_version"],
                        set_={"name": statement.excluded.name},
                    )
                )
            last = connection.scalar(
                select(config_versions.c.hash).order_by(config_versions.c.id.desc()).limit(1)
            )
            if last == hash:
                return False
            connection.execute(
                config_versions.insert().values(text=text, hash=hash, accepted_at=now)
            )
            return True

    def sync_feeds(self, configured: Sequence[FeedConfig], now: datetime) -> None:
        """Take over the configuration's feeds.

        A new feed is due at once. One that left keeps its history but is not polled; when it comes
        back, it goes on where it was. A retired feed stays retired.
        """
        with self._write() as connection:
            known = {row.url: row for row in connection.execute(select(feeds))}
            wanted = {clean(feed.url): feed for feed in configured}
            for url, feed in wanted.items():
                ours = {
                    "name": clean(feed.name),
                    "every_seconds": values.seconds(feed.every),
                    "active": True,
                }
                if url not in known:
                    state = FeedState(feed_url=url, url=url, next_poll_at=now)
                    # Another process may have taken over the same configuration a moment ago.
                    connection.execute(
                        self._dialect.insert(feeds)
                        .values(url=url, **values.feed_values(state), **ours)
                        .on_conflict_do_nothing(index_elements=["url"])
                    )
                elif any(known[url]._mapping[name] != value for name, value in ours.items()):  # noqa: SLF001  SQLAlchemy's public name
                    connection.execute(update(feeds).where(feeds.c.url == url).values(**ours))
            for url in known.keys() - wanted.keys():
                if known[url].active:
                    connection.execute(update(feeds).where(feeds.c.url == url).values(active=False))

    def due_feeds(self, now: datetime, *, everything: bool = False) -> tuple[FeedState, ...]:
        """Give the feeds to poll now, the longest overdue first; `everything`: due or not."""
        due = select(feeds).where(_POLLED).order_by(feeds.c.next_poll_at, feeds.c.id)
        if not everything:
            due = due.where(feeds.c.next_poll_at <= now)
        with self._read() as connection:
            return tuple(map(values.feed_state, connection.execute(due)))

    def feed_states(self) -> tuple[FeedState, ...]:
        """Give the feeds of the configuration, retired ones too: cheap, however large the archive.

        See `feed_rows` for what each brought.
        """
        ours = select(feeds).where(feeds.c.active).order_by(feeds.c.id)
        with self._read() as connection:
            return tuple(map(values.feed_state, connection.execute(ours)))

    def next_poll_at(self) -> datetime | None:
        """Say when the next feed is due; None if none is polled."""
        with self._read() as connection:
            return connection.scalar(
                select(feeds.c.next_poll_at).where(_POLLED).order_by(feeds.c.next_poll_at).limit(1)
            )

    def known_entries(self, feed_url: str, keys: Collection[str]) -> frozenset[str]:
        """Say which of a feed's entries were seen before."""
        with self._read() as connection:
            feed_id = connection.scalar(select(feeds.c.id).where(feeds.c.url == feed_url))
            known = _known(connection, feed_id, keys)
        return frozenset(key for key in keys if clean(key) in known)

    def imprint(self, feed_url: str) -> bytes:
        """Give what the parser keeps of a feed's last good document, b"" if nothing."""
        with self._read() as connection:
            return bytes(connection.scalar(_IMPRINT, {"of_url": feed_url}) or b"")

    def save_poll(self, outcome: PollOutcome) -> PollSaved:
        """Store all that one poll changes; doing it twice changes nothing more.

        An article that is stored already (another feed carried it) stays as it is; the sighting and
        what is new of the matches hang on it, with those spans that hold in its stored text.
        """
        with self._write() as connection:
            feed_id = connection.scalar(
                _UPDATE_FEED,
                {"of_url": outcome.feed.feed_url, **values.feed_values(outcome.feed)},
            )
            if feed_id is None:
                raise LookupError(f"{outcome.feed.feed_url} was never given to sync_feeds")
            if outcome.imprint is not None:
                self._keep_imprint(connection, feed_id, outcome.imprint)
            known = _known(connection, feed_id, [s.entry_key for s in outcome.sightings])
            # A feed's newest entry usually comes first; stored last, it gets the highest number and
            # stands first among those of the same time.
            fresh = [s for s in reversed(outcome.sightings) if clean(s.entry_key) not in known]
            if not fresh:
                return PollSaved()
            keys = [clean(s.article.key) for s in fresh]
            self._dialect.hold_articles(connection, keys)
            stored = _stored(connection, keys)
            new = {
                clean(s.article.key): values.article_values(s.article, feed_id)
                for s in fresh
                if clean(s.article.key) not in stored
            }
            articles_new = self._add_articles(connection, list(new.values())) if new else 0
            stored |= _stored(connection, list(new))
            self._queue_for_search(connection, [stored[key].id for key in new])
            self._add_sightings(connection, feed_id, fresh, stored)
            matches_new = self._add_matches(connection, fresh, stored)
            return PollSaved(articles_new=articles_new, matches_new=matches_new)

    def feed_rows(self) -> tuple[FeedRow, ...]:
        """Give the feeds of the configuration, retired ones too, with what each brought."""
        carried = (
            select(
                sightings.c.feed_id, func.count(sightings.c.article_id.distinct()).label("number")
            )
            .group_by(sightings.c.feed_id)
            .subquery()
        )
        pairs = (
            select(sightings.c.feed_id, matches.c.topic_id, matches.c.article_id)
            .join(matches, matches.c.article_id == sightings.c.article_id)
            .distinct()
            .subquery()
        )
        matched = (
            select(pairs.c.feed_id, func.count().label("number"))
            .group_by(pairs.c.feed_id)
            .subquery()
        )
        statement = (
            select(
                feeds,
                func.coalesce(carried.c.number, 0).label("articles"),
                func.coalesce(matched.c.number, 0).label("matches"),
            )
            .outerjoin(carried, carried.c.feed_id == feeds.c.id)
            .outerjoin(matched, matched.c.feed_id == feeds.c.id)
            .where(feeds.c.active)
            .order_by(feeds.c.id)
        )
        with self._read() as connection:
            return tuple(
                FeedRow(state=values.feed_state(row), articles=row.articles, matches=row.matches)
                for row in connection.execute(statement)
            )

    def publication_times(self, most: int) -> dict[str, tuple[datetime, ...]]:
        """Give when each configured feed's newest items were published, newest first.

        That is the article's date, but never later than when it was first seen; retention does not
        take it away.

        Args:
            most: The most of one feed.
        """
        with self._read() as connection:
            known = connection.execute(select(feeds.c.id, feeds.c.url).where(feeds.c.active)).all()
            return {url: newest_times(connection, feed_id, most) for feed_id, url in known}

    def _keep_imprint(self, connection: Connection, feed_id: int, imprint: bytes) -> None:
        kept = connection.execute(_UPDATE_IMPRINT, {"of_feed": feed_id, "imprint": imprint})
        if kept.rowcount == 0:
            # Where another process was faster, its document is as good as ours.
            connection.execute(
                self._dialect.insert(imprints).on_conflict_do_nothing(index_elements=["feed_id"]),
                {"feed_id": feed_id, "imprint": imprint},
            )

    def _add_articles(self, connection: Connection, rows: Sequence[values.Values]) -> int:
        # Another process may have stored the same article a moment ago.
        statement = self._dialect.insert(articles).on_conflict_do_nothing(index_elements=["key"])
        return _insert(connection, statement, rows)

    def _queue_for_search(self, connection: Connection, ids: Sequence[int]) -> None:
        if ids:
            connection.execute(
                self._dialect.insert(search_queue).on_conflict_do_nothing(
                    index_elements=["article_id"]
                ),
                [{"article_id": number} for number in ids],
            )

    def _add_sightings(
        self,
        connection: Connection,
        feed_id: int,
        fresh: Sequence[Sighting],
        stored: dict[str, _Stored],
    ) -> None:
        rows = []
        for seen in fresh:
            article = stored[clean(seen.article.key)]
            rows.append(
                {
                    "feed_id": feed_id,
                    "key": seen.entry_key,
                    "article_id": article.id,
                    "sorted_at": article.sorted_at,
                }
            )
        connection.execute(
            self._dialect.insert(sightings).on_conflict_do_nothing(
                index_elements=["feed_id", "key"]
            ),
            rows,
        )

    def _add_matches(
        self, connection: Connection, fresh: Sequence[Sighting], stored: dict[str, _Stored]
    ) -> int:
        rows = []
        for seen in fresh:
            article = stored[clean(seen.article.key)]
            for match in seen.matches:
                spans = values.spans_that_hold(match.spans, title=article.title, text=article.text)
                rows.append(
                    {
                        "topic_id": match.topic_id,
                        "article_id": article.id,
                        "first_version": match.query_version,
                        "version": match.query_version,
                        "spans": values.spans_json(spans),
                        "seen_at": seen.article.first_seen_at,
                        "sorted_at": article.sorted_at,
                    }
                )
        if not rows:
            return 0
        statement = self._dialect.insert(matches).on_conflict_do_nothing(
            index_elements=["topic_id", "article_id"]
        )
        return _insert(connection, statement, rows)


def newest_times(connection: Connection, feed_id: int, most: int) -> tuple[datetime, ...]:
    """Give when a feed's newest items were published, newest first, at most so many.

    It is one look into the index; a single statement for all feeds would read the whole index.
    """
    return tuple(connection.scalars(_NEWEST, {"feed_id": feed_id, "most": most}))


def _insert(connection: Connection, statement: Insert, rows: Sequence[values.Values]) -> int:
    """Insert what is not there yet; say how many rows it was."""
    # Of an INSERT, SQLAlchemy keeps the number only if asked to.
    counted = {"preserve_rowcount": True}
    return connection.execute(statement, rows, execution_options=counted).rowcount


def _known(connection: Connection, feed_id: int | None, keys: Collection[str]) -> set[str]:
    """Give those keys (cleaned) that are among a feed's sightings."""
    wanted = [clean(key) for key in keys]
    known: set[str] = set()
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        some = {"feed_id": feed_id, "keys": wanted[start : start + KEYS_AT_ONCE]}
        known.update(connection.scalars(_KNOWN, some))
    return known


def _stored(connection: Connection, keys: Sequence[str]) -> dict[str, _Stored]:
    """Give the articles of these keys as they are stored."""
    found: dict[str, _Stored] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = {"keys": keys[start : start + KEYS_AT_ONCE]}
        for key, *rest in connection.execute(_STORED, some):
            found[key] = _Stored(*rest)
    return found
