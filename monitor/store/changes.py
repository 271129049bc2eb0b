"""The store's part for changed configurations: their versions, and old articles tried again."""

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Row,
    Select,
    Update,
    delete,
    insert,
    select,
    union,
    update,
)

from monitor.model import (
    AllOf,
    ArticleMatches,
    ConfigVersion,
    IndexQuery,
    Match,
    Rematch,
    Rematched,
    TopicVersion,
)
from monitor.store import search, values
from monitor.store.archive import join_articles
from monitor.store.database import Database
from monitor.store.tables import (
    articles,
    clean,
    config_versions,
    matches,
    rematches,
    search_queue,
    topic_versions,
)

#: A number that no article has: nothing is done yet.
_NONE_DONE = 2**62


class Changes(Database):
    """What a changed configuration needs of the past."""

    def applied_config(self) -> str | None:
        """Give the text of the configuration that was accepted last; None if none ever was."""
        last = select(config_versions.c.text).order_by(config_versions.c.id.desc()).limit(1)
        with self._read() as connection:
            return connection.scalar(last)

    def accept_config(
        self,
        *,
        text: str,
        hash: str,  # noqa: A002  what it is
        topics: Sequence[TopicVersion],
        changes: Sequence[str] = (),
        now: datetime,
    ) -> bool:
        """Store a configuration that was accepted, unless it equals the last; say if it was new.

        Topics with a new wording are noted for `next_rematch`. The wordings are stored in any case:
        they are what matches refer to.
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
            newest = select(config_versions.c.id, config_versions.c.hash)
            last = connection.execute(newest.order_by(config_versions.c.id.desc()).limit(1)).first()
            if last is not None and last.hash == hash:
                return False
            added = connection.execute(
                config_versions.insert()
                .values(
                    text=text,
                    hash=hash,
                    accepted_at=now,
                    changes=values.strings_json(changes),
                    gained=0,
                    lost=0,
                )
                .returning(config_versions.c.id)
            ).scalar_one()
            self._plan_rematches(connection, topics, added)
            return True

    def _plan_rematches(
        self, connection: Connection, topics: Sequence[TopicVersion], config_id: int
    ) -> None:
        """Note which topics have a new wording; one that left begins anew when it comes back."""
        wanted = {clean(topic.topic_id): topic.query_version for topic in topics}
        rows = connection.execute(select(rematches.c.topic_id, rematches.c.query_version)).all()
        stale = [each.topic_id for each in rows if wanted.get(each.topic_id) != each.query_version]
        connection.execute(delete(rematches).where(rematches.c.topic_id.in_(stale)))
        kept = {each.topic_id for each in rows}.difference(stale)
        # Where there is no article yet, there is nothing to look through.
        done = None if connection.scalar(select(articles.c.id).limit(1)) is None else _NONE_DONE
        new = [
            {"topic_id": topic, "query_version": version, "config_id": config_id, "done_from": done}
            for topic, version in wanted.items()
            if topic not in kept
        ]
        if new:
            connection.execute(rematches.insert(), new)

    def config_versions(self) -> tuple[ConfigVersion, ...]:
        """Give the configurations that were accepted, the newest first."""
        newest = select(config_versions).order_by(config_versions.c.id.desc())
        with self._read() as connection:
            return tuple(
                ConfigVersion(
                    id=row.id,
                    text=row.text,
                    accepted_at=row.accepted_at,
                    changes=values.strings(row.changes),
                    gained=row.gained,
                    lost=row.lost,
                )
                for row in connection.execute(newest)
            )

    def next_rematch(self) -> Rematch | None:
        """Give topics whose new wording is to be tried on the stored articles; None if none is.

        Topics that are equally far are done together.
        """
        waiting = select(rematches).where(rematches.c.done_from.is_not(None))
        with self._read() as connection:
            rows = connection.execute(waiting.order_by(rematches.c.done_from.desc())).all()
        if not rows:
            return None
        first = rows[0].done_from
        return Rematch(
            versions={row.topic_id: row.query_version for row in rows if row.done_from == first},
            done_from=None if first == _NONE_DONE else first,
        )

    def save_rematch(
        self,
        rematch: Rematch,
        found: Mapping[int, Sequence[Match]],
        *,
        done_from: int | None,
    ) -> Rematched:
        """Store which of these topics take these articles, and how far that is.

        A match that is new counts for digests from when its article was first seen. One that is not
        given any more stays and is marked. If another configuration was accepted meanwhile, or
        another process has done this step, nothing is stored.

        Args:
            rematch: What `next_rematch` gave.
            found: The matches of each article that was tried, () for none.
            done_from: The number of the oldest of them; None if all articles are done.
        """
        gained = lost = 0
        with self._write() as connection:
            self._dialect.hold_articles(connection)
            stood = _NONE_DONE if rematch.done_from is None else rematch.done_from
            rows = connection.execute(
                select(rematches)
                .where(rematches.c.done_from == stood, rematches.c.topic_id.in_(rematch.versions))
                .with_for_update()
            ).all()
            ours = {
                row.topic_id: row
                for row in rows
                if rematch.versions[row.topic_id] == row.query_version
            }
            if not ours:
                return Rematched()
            there = (
                select(articles.c.id, articles.c.first_seen_at, articles.c.sorted_at)
                .where(articles.c.id.in_(found))
                .with_for_update(read=True)
            )
            stored = {row.id: row for row in connection.execute(there)}
            of_these = (matches.c.article_id.in_(stored), matches.c.topic_id.in_(ours))
            known = {
                (row.article_id, row.topic_id): row
                for row in connection.execute(select(matches).where(*of_these))
            }
            for number, article in stored.items():
                given = {match.topic_id: match for match in found[number]}
                for topic, job in ours.items():
                    step = _change(known.get((number, topic)), given.get(topic), job, article)
                    if step is not None:
                        connection.execute(step.statement)
                        gained, lost = gained + step.gained, lost + step.lost
                        connection.execute(
                            update(config_versions)
                            .where(config_versions.c.id == job.config_id)
                            .values(
                                gained=config_versions.c.gained + step.gained,
                                lost=config_versions.c.lost + step.lost,
                            )
                        )
            connection.execute(
                update(rematches).where(rematches.c.topic_id.in_(ours)).values(done_from=done_from)
            )
        return Rematched(gained=gained, lost=lost)

    def candidates(
        self,
        query: IndexQuery,
        *,
        topic_ids: Collection[str] = (),
        since: datetime | None = None,
        below: int | None = None,
    ) -> "array[int]":
        """Give the numbers of the articles that topics have to be tried on, the newest first.

        That is what the search index finds, what it does not have yet, and what is a match now.

        Args:
            query: What the index is asked; `AllOf(())` for all articles.
            topic_ids: The topics whose matches are wanted in any case.
            since: Only articles of this time or later, by the time that they are sorted by.
            below: Only articles with a smaller number.
        """
        statement, least = select(articles.c.id), 0
        if since is not None:
            with self._read() as connection:
                least = connection.scalar(search.least_number(since)) or 0
        if query != AllOf(()):
            statement = statement.where(articles.c.id.in_(self._to_try(query, topic_ids, least)))
        if since is not None:
            statement = statement.where(articles.c.sorted_at >= since)
        if below is not None:
            statement = statement.where(articles.c.id < below)
        streamed = statement.order_by(articles.c.id.desc())
        with self._read() as connection:
            return array("q", connection.execution_options(yield_per=10_000).scalars(streamed))

    def _to_try(self, query: IndexQuery, topic_ids: Collection[str], least: int) -> Select[int]:
        number: ColumnElement[int] = articles.c.id
        found = search.condition(
            query,
            number,
            lambda part: self._dialect.found(number, part, least=least),
            joins=self._dialect.joins,
        )
        parts = union(
            select(articles.c.id).where(found),
            select(search_queue.c.article_id),
            select(matches.c.article_id).where(matches.c.topic_id.in_(topic_ids)),
        ).subquery()
        return select(parts.c.id)

    def first_seen_at(self) -> datetime | None:
        """Say when the oldest of the stored articles was first seen; None if there is none."""
        oldest = select(articles.c.first_seen_at).order_by(articles.c.first_seen_at).limit(1)
        with self._read() as connection:
            return connection.scalar(oldest)

    def articles_with(self, numbers: Sequence[int]) -> tuple[ArticleMatches, ...]:
        """Give these articles, as far as they are still there, without their matches."""
        with self._read() as connection:
            return join_articles(connection, numbers, {})


@dataclass(frozen=True, slots=True)
class _Step:
    statement: Insert | Update
    gained: int = 0
    lost: int = 0


def _change(
    known: Row[*tuple[Any, ...]] | None,
    match: Match | None,
    job: Row[*tuple[Any, ...]],
    article: Row[*tuple[Any, ...]],
) -> _Step | None:
    """Give what a topic's new wording changes of one article; None for nothing."""
    of_this = (matches.c.article_id == article.id, matches.c.topic_id == job.topic_id)
    if match is None:
        if known is None or known.lost_in is not None:
            return None
        return _Step(update(matches).where(*of_this).values(lost_in=job.config_id), lost=1)
    given = {
        "version": match.query_version,
        "spans": values.spans_json(match.spans),
        "labels": values.strings_json(match.labels),
    }
    if known is None:
        return _Step(
            insert(matches).values(
                topic_id=job.topic_id,
                article_id=article.id,
                first_version=match.query_version,
                seen_at=article.first_seen_at,
                sorted_at=article.sorted_at,
                found_in=job.config_id,
                lost_in=None,
                **given,
            ),
            gained=1,
        )
    back = known.lost_in is not None
    if not back and known.version == match.query_version:
        return None
    return _Step(update(matches).where(*of_this).values(lost_in=None, **given), gained=int(back))
