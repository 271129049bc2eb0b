"""The store's part for changed configurations: which stored articles a topic has to be tried on."""

from array import array
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select, union

from monitor.model import AllOf, ArticleMatches, IndexQuery
from monitor.store import search
from monitor.store.archive import join_articles
from monitor.store.database import Database
from monitor.store.tables import articles, config_versions, matches, search_queue


class Changes(Database):
    """What a changed configuration needs of the past."""

    def applied_config(self) -> str | None:
        """Give the text of the configuration that was accepted last; None if none ever was."""
        last = select(config_versions.c.text).order_by(config_versions.c.id.desc()).limit(1)
        with self._read() as connection:
            return connection.scalar(last)

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
        statement = select(articles.c.id)
        if query != AllOf(()):
            statement = statement.where(articles.c.id.in_(self._to_try(query, topic_ids)))
        if since is not None:
            statement = statement.where(articles.c.sorted_at >= since)
        if below is not None:
            statement = statement.where(articles.c.id < below)
        streamed = statement.order_by(articles.c.id.desc())
        with self._read() as connection:
            return array("q", connection.execution_options(yield_per=10_000).scalars(streamed))

    def _to_try(self, query: IndexQuery, topic_ids: Collection[str]) -> Select[int]:
        number: ColumnElement[int] = articles.c.id
        found = search.condition(
            query,
            number,
            lambda part: self._dialect.found(number, part),
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
