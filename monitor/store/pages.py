"""The store's part for reading pages in full: which are wanted, and what they brought."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import (
    Connection,
    exists,
    func,
    insert,
    select,
    update,
)

from monitor.model import ArticleMatches, PageOutcome, PageToRead
from monitor.store import values
from monitor.store.archive import join_articles, read_matches
from monitor.store.database import Database
from monitor.store.tables import articles, feeds, matches, pages, sightings


class Pages(Database):
    """Pages of articles."""

    def undecided_pages(
        self, feed_urls: Collection[str], since: datetime, *, limit: int
    ) -> tuple[ArticleMatches, ...]:
        """Give articles of these feeds of which it was never decided whether to read their page.

        Args:
            feed_urls: The feeds.
            since: Articles from before are left out.
            limit: The most that are given; the newest come first.
        """
        young = (
            select(sightings.c.article_id)
            .join(feeds, feeds.c.id == sightings.c.feed_id)
            .where(
                feeds.c.url.in_(feed_urls),
                sightings.c.sorted_at >= since,
                sightings.c.article_id.is_not(None),
                ~exists().where(pages.c.article_id == sightings.c.article_id),
            )
            .distinct()
            .order_by(sightings.c.article_id.desc())
            .limit(limit)
        )
        with self._read() as connection:
            ids = connection.scalars(young).all()
            found = read_matches(connection, matches.c.article_id.in_(ids))
            return join_articles(connection, ids, found)

    def decide_pages(self, wanted: Mapping[int, bool], now: datetime) -> None:
        """Note of these articles whether their page is wanted; those that are become due.

        A decision that was noted before stays, and a page that was asked for already, for another
        article, is not asked for again.
        """
        with self._write() as connection:
            there = select(articles.c.id, articles.c.url).where(articles.c.id.in_(wanted))
            rows = [
                {
                    "article_id": number,
                    "url": url,
                    "tries": 0,
                    "next_try_at": now if wanted[number] else None,
                    "error": "",
                    "text": "",
                }
                for number, url in connection.execute(there.with_for_update(read=True)).all()
            ]
            if rows:
                statement = self._dialect.insert(pages)
                connection.execute(
                    statement.on_conflict_do_nothing(index_elements=["article_id"]), rows
                )

    def due_pages(
        self, feed_urls: Collection[str], now: datetime, *, since: datetime
    ) -> tuple[PageToRead, ...]:
        """Give the pages of these feeds to ask for now, those of the newest articles first.

        Args:
            feed_urls: The feeds.
            now: What is due by then.
            since: Articles from before are left out.
        """
        other = pages.alias()
        of_feeds = (
            exists()
            .where(sightings.c.article_id == pages.c.article_id)
            .where(sightings.c.feed_id == feeds.c.id, feeds.c.url.in_(feed_urls))
        )
        asked_already = exists().where(
            other.c.url == pages.c.url,
            other.c.article_id != pages.c.article_id,
            other.c.tries > 0,
        )
        due = (
            select(pages.c.article_id, pages.c.tries)
            .join(articles, articles.c.id == pages.c.article_id)
            .where(
                pages.c.next_try_at <= now, articles.c.sorted_at >= since, of_feeds, ~asked_already
            )
        )
        with self._read() as connection:
            tries = {row.article_id: row.tries for row in connection.execute(due)}
            rows = join_articles(connection, list(tries), {})
        return tuple(
            PageToRead(id=row.id, article=row.article, tries=tries[row.id]) for row in rows
        )

    def resting_pages(self, now: datetime) -> tuple[str, ...]:
        """Give the addresses whose hosts asked to be left alone for now."""
        with self._read() as connection:
            return tuple(connection.scalars(select(pages.c.url).where(pages.c.rests_until > now)))

    def page_results(self) -> dict[str, dict[str, int]]:
        """Count for each feed how its articles' pages were read: by error, "" for those read.

        Pages that will be asked for again are not among them.
        """
        counted = (
            select(feeds.c.url, pages.c.error, func.count())
            .join(articles, articles.c.id == pages.c.article_id)
            .join(feeds, feeds.c.id == articles.c.feed_id)
            .where(pages.c.tries > 0, pages.c.next_try_at.is_(None))
            .group_by(feeds.c.url, pages.c.error)
        )
        results: dict[str, dict[str, int]] = {}
        with self._read() as connection:
            for url, error, number in connection.execute(counted):
                results.setdefault(url, {})[error] = number
        return results

    def page_texts(self, feed_url: str, keys: Collection[str]) -> dict[str, str]:
        """Give what was read of the pages of a feed's entries, by their keys."""
        read = (
            select(sightings.c.key, pages.c.text)
            .join(feeds, feeds.c.id == sightings.c.feed_id)
            .join(pages, pages.c.article_id == sightings.c.article_id)
            .where(feeds.c.url == feed_url, sightings.c.key.in_(keys), pages.c.text != "")
        )
        with self._read() as connection:
            return {row.key: row.text for row in connection.execute(read)}

    def save_page(self, outcome: PageOutcome) -> int:
        """Store all that one try to read a page changes; say how many matches were new.

        What matched before stays as it is, with its evidence: nothing is reported again.
        """
        with self._write() as connection:
            self._dialect.hold_articles(connection)
            article = connection.execute(
                select(articles.c.sorted_at).where(articles.c.id == outcome.article_id)
            ).one_or_none()
            if article is None:
                return 0  # retention took it away meanwhile
            connection.execute(
                update(pages)
                .where(pages.c.article_id == outcome.article_id)
                .values(
                    tries=outcome.tries,
                    next_try_at=outcome.next_try_at,
                    read_at=outcome.read_at,
                    rests_until=outcome.rests_until,
                    error=outcome.error,
                    text=outcome.page,
                )
            )
            if not outcome.text:
                return 0
            self._unindex(connection, [outcome.article_id])
            connection.execute(
                update(articles)
                .where(articles.c.id == outcome.article_id)
                .values(text=outcome.text)
            )
            self._queue_for_search(connection, [outcome.article_id])
            return self._add_page_matches(connection, outcome, article.sorted_at)

    def _add_page_matches(
        self, connection: Connection, outcome: PageOutcome, sorted_at: datetime
    ) -> int:
        known = set(
            connection.scalars(
                select(matches.c.topic_id).where(matches.c.article_id == outcome.article_id)
            )
        )
        new = [match for match in outcome.matches if match.topic_id not in known]
        if new:
            connection.execute(
                insert(matches),
                [
                    {
                        "topic_id": match.topic_id,
                        "article_id": outcome.article_id,
                        "first_version": match.query_version,
                        "version": match.query_version,
                        "spans": values.spans_json(match.spans),
                        "labels": values.strings_json(match.labels),
                        "seen_at": outcome.read_at,
                        "sorted_at": sorted_at,
                    }
                    for match in new
                ],
            )
        return len(new)
