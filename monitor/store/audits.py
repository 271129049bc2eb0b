"""The store's part for audits: what no topic matched, and what a digest showed of that."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, exists, func, select

from monitor.model import ArticleMatches, IndexQuery
from monitor.store import search
from monitor.store.archive import join_articles
from monitor.store.database import Database
from monitor.store.tables import articles, audited, deliveries, digests, matches


class Audits(Database):
    """What a look for missed articles needs."""

    def unmatched(
        self, query: IndexQuery, *, digest_name: str, since: datetime, until: datetime, limit: int
    ) -> tuple[ArticleMatches, ...]:
        """Give the newest articles that the index finds and that never were a match, as they are.

        Args:
            query: What the index is asked.
            digest_name: What an audit of this digest showed is left out.
            since: Only articles that were first seen after this moment and are not older.
            until: Only articles that were first seen by this moment.
            limit: How many at most.
        """
        with self._read() as connection:
            found = select(articles.c.id).where(
                self._found(connection, query, since),
                articles.c.first_seen_at > since,
                articles.c.first_seen_at <= until,
                articles.c.sorted_at > since,
                ~exists().where(matches.c.article_id == articles.c.id),
                ~exists().where(
                    audited.c.article_id == articles.c.id, audited.c.digest_name == digest_name
                ),
            )
            newest = found.order_by(articles.c.id.desc()).limit(limit)
            return join_articles(connection, connection.scalars(newest).all(), {})

    def how_many(self, query: IndexQuery | None, *, since: datetime, most: int) -> int:
        """Count the articles that the index finds, or all, first seen since; up to most."""
        with self._read() as connection:
            some = select(articles.c.id).where(articles.c.first_seen_at > since)
            if query is not None:
                some = some.where(self._found(connection, query, since))
            counted: int = connection.execute(
                select(func.count()).select_from(some.limit(most).subquery())
            ).scalar_one()
        return counted

    def _found(
        self, connection: Connection, query: IndexQuery, since: datetime
    ) -> ColumnElement[bool]:
        least = connection.scalar(search.least_number(since)) or 0
        number: ColumnElement[int] = articles.c.id
        return search.condition(
            query,
            number,
            lambda part: self._dialect.found(number, part, least=least),
            joins=self._dialect.joins,
        )

    def went_out_since(self, digest_name: str, day: date) -> bool:
        """Tell whether an issue of this digest, of this day or a later one, goes to anybody."""
        sent = (
            select(deliveries.c.id)
            .join(digests)
            .where(digests.c.name == digest_name, digests.c.local_date >= day)
        )
        with self._read() as connection:
            return connection.scalar(sent.limit(1)) is not None
