"""The store's part for reading: pages, search, counts; and for what retention takes away."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)

from monitor.model import (
    ArchiveFilter,
    ArchivePage,
    ArticleMatches,
    Cursor,
    DeliveryState,
    Facets,
    Mark,
    Match,
    Review,
    ReviewState,
    Standing,
)
from monitor.store import search, values
from monitor.store.database import KEYS_AT_ONCE, Database
from monitor.store.reviews import UNREVIEWED
from monitor.store.tables import (
    UtcDateTime,
    article_facts,
    articles,
    config_versions,
    deliveries,
    digest_starts,
    digests,
    feeds,
    matches,
    reviews,
    search_queue,
    sightings,
    stories,
    story_articles,
)

#: How many articles one transaction of retention takes away: polls get their turn between two.
_FORGET_AT_ONCE = 500
#: So many of what a query finds are looked at for a page, where these are enough.
_LATEST = 20_000


class Archive(Database):
    """Articles and their matches."""

    def page(
        self, wanted: ArchiveFilter, *, after: Cursor | None = None, limit: int = 50
    ) -> ArchivePage:
        """Give one page, newest first.

        A query sees the articles that `index_pending` indexed; call that first.
        """
        with self._read() as connection:
            found = self._places(connection, wanted, after, limit + 1)
            rows = _read_articles(connection, [place.id for place in found[:limit]])
        return ArchivePage(articles=rows, next=found[limit - 1] if len(found) > limit else None)

    def places(
        self, wanted: ArchiveFilter, *, after: Cursor | None = None, limit: int
    ) -> tuple[Cursor, ...]:
        """Give the numbers and times of what `page` would give, without reading the articles."""
        with self._read() as connection:
            return self._places(connection, wanted, after, limit)

    def _places(
        self, connection: Connection, wanted: ArchiveFilter, after: Cursor | None, limit: int
    ) -> tuple[Cursor, ...]:
        if wanted.query is None:
            return self._in_time(connection, wanted, after, limit)
        hits = self._newest(wanted, _LATEST).cte("hits")
        number, least = func.count(hits.c.id).label("id"), func.min(hits.c.id).label("least")
        no_time = literal(None, UtcDateTime()).label("sorted_at")
        rows = _first(hits, after, limit).subquery()
        statement = union_all(
            select(number, no_time, least), select(rows.c.id, rows.c.sorted_at, literal(None))
        )
        found = connection.execute(statement).all()
        looked_at = next(row for row in found if row.sorted_at is None)
        places = [Cursor(id=row.id, sorted_at=row.sorted_at) for row in found if row.sorted_at]
        places.sort(key=lambda place: (place.sorted_at, place.id), reverse=True)
        if looked_at.id < _LATEST or (
            len(places) == limit
            and not _has_others(connection, wanted, after, places[-1], looked_at.least)
        ):
            return tuple(places)
        return self._in_time(connection, wanted, after, limit)

    def _in_time(
        self, connection: Connection, wanted: ArchiveFilter, after: Cursor | None, limit: int
    ) -> tuple[Cursor, ...]:
        found = connection.execute(_in_order(self._wanted(wanted, after)).limit(limit))
        return tuple(Cursor(id=row.id, sorted_at=row.sorted_at) for row in found)

    def _newest(self, wanted: ArchiveFilter, most: int) -> Select[int, datetime]:
        """Select the newest of what is wanted; of a query's, those that were stored last.

        The search index knows no times: to sort by them, it would have to give all it has.
        """
        found = self._wanted(wanted, None)
        if wanted.query is None:
            return _in_order(found).limit(most)
        return found.order_by(found.selected_columns.id.desc()).limit(most)

    def look(
        self, wanted: ArchiveFilter, *, most: int, after: Cursor | None = None, limit: int = 0
    ) -> tuple[ArchivePage, Facets]:
        """Give a page as `page` does, and count what is among the newest `most` articles found.

        For a query those are the ones that were stored last.
        """
        # One statement, so that the articles are looked for once.
        hits = self._newest(wanted, most).cte("hits")
        same = article_facts.c.id == hits.c.id
        judged = and_(
            reviews.c.topic_id == matches.c.topic_id, reviews.c.article_id == matches.c.article_id
        )
        of_topic = () if wanted.topic_id is None else (matches.c.topic_id == wanted.topic_id,)
        gone = matches.c.lost_in
        lost = gone.is_not(None) if wanted.review is ReviewState.LOST else gone.is_(None)
        mark = func.coalesce(reviews.c.mark, Mark.OPEN.value)
        facts = (article_facts.c.source, article_facts.c.lang)
        of_hits = _listed("match", matches.c.topic_id, mark, matches.c.labels).where(
            *of_topic, lost
        )
        if wanted == ArchiveFilter(
            topic_id=wanted.topic_id, since=wanted.since, until=wanted.until
        ):
            # All matches of a time: they lie side by side in an index.
            begin = select(func.min(hits.c.sorted_at)).scalar_subquery()
            until = () if wanted.until is None else (matches.c.sorted_at < wanted.until,)
            of_hits = of_hits.select_from(matches).where(matches.c.sorted_at >= begin, *until)
        else:
            of_hits = of_hits.select_from(hits).join(matches, hits.c.id == matches.c.article_id)
        parts = [
            _listed("about", *facts).select_from(hits).join(article_facts, same),
            of_hits.outerjoin(reviews, judged),
            _listed("moments", cast(hits.c.sorted_at, Text), least=func.min(hits.c.id)),
        ]
        if limit:
            rows = _first(hits, after, limit + 1).subquery()
            at = cast(rows.c.sorted_at, Text)
            parts.append(select(literal("row"), at, rows.c.id))
        with self._read() as connection:
            found = connection.execute(union_all(*parts)).all()
            facets = _facets(found, most)
            shown = sorted(
                ((_moments(at)[0], number) for kind, at, number in found if kind == "row"),
                reverse=True,
            )
            places = [Cursor(sorted_at=moment, id=number) for moment, number in shown]
            if facets.capped and limit:
                least = next(number for kind, _, number in found if kind == "moments")
                # It may go on behind what was counted.
                if len(places) <= limit or (
                    wanted.query is not None
                    and _has_others(connection, wanted, after, places[limit - 1], least)
                ):
                    places = list(self._in_time(connection, wanted, after, limit + 1))
            read = _read_articles(connection, [place.id for place in places[:limit]])
        following = places[limit - 1] if len(places) > limit > 0 else None
        return ArchivePage(articles=read, next=following), facets

    def carriers(self, article_id: int) -> tuple[str, ...]:
        """Give the addresses of the feeds that carried an article, in the order of the feeds."""
        of_this = sightings.c.article_id == article_id
        statement = (
            select(feeds.c.url)
            .where(exists().where(sightings.c.feed_id == feeds.c.id, of_this))
            .order_by(feeds.c.id)
        )
        with self._read() as connection:
            return tuple(connection.scalars(statement))

    def article(self, article_id: int) -> ArticleMatches | None:
        """Give one article; None if there is none of this number."""
        with self._read() as connection:
            return next(iter(_read_articles(connection, [article_id])), None)

    def article_at(self, url: str) -> ArticleMatches | None:
        """Give the newest article of this address; None if there is none."""
        newest = select(func.max(articles.c.id)).where(articles.c.url == url)
        with self._read() as connection:
            number = connection.scalar(newest)
            return next(iter(_read_articles(connection, [number] if number else [])), None)

    def topic_counts(self) -> dict[str, int]:
        """Count the matches of each topic that has any."""
        counts = (
            select(matches.c.topic_id, func.count())
            .where(matches.c.lost_in.is_(None))
            .group_by(matches.c.topic_id)
        )
        with self._read() as connection:
            return dict(connection.execute(counts).all())

    def match_times(self, since: datetime) -> dict[str, tuple[datetime, ...]]:
        """Give for each topic when its matches of this time are from, the oldest first."""
        listed = func.aggregate_strings(cast(matches.c.sorted_at, Text), ",")
        statement = (
            select(matches.c.topic_id, listed)
            .where(matches.c.sorted_at >= since, matches.c.lost_in.is_(None))
            .group_by(matches.c.topic_id)
        )
        with self._read() as connection:
            return {topic: _moments(when) for topic, when in connection.execute(statement)}

    def standing(self) -> Standing:
        """Say how the database stands."""
        accepted = select(func.count(), func.max(config_versions.c.accepted_at))
        counted = select(
            deliveries.c.state, func.count().label("number"), func.min(deliveries.c.next_try_at)
        ).group_by(deliveries.c.state)
        with self._read() as connection:
            number, accepted_at = connection.execute(accepted).one()
            states = connection.execute(counted).all()
            waiting = connection.scalar(select(func.count()).select_from(search_queue)) or 0
            kind = connection.dialect
        queued = DeliveryState.QUEUED.value
        return Standing(
            database=f"{kind.name} {'.'.join(map(str, kind.server_version_info or ()))}",
            place=self._dialect.place,
            config_versions=number,
            config_accepted_at=accepted_at,
            copies={DeliveryState(state): count for state, count, _ in states},
            next_try_at=next((at for state, _, at in states if state == queued), None),
            to_index=waiting,
        )

    def index_pending(self, limit: int = 1000) -> int:
        """Take up to `limit` articles into the search index, oldest first; say how many it were.

        In a database that can only be read, what is not indexed is not found.
        """
        if self._dialect.read_only:
            return 0
        waiting = (
            search.to_index()
            .join(search_queue, search_queue.c.article_id == articles.c.id)
            .order_by(articles.c.id)
            .limit(limit)
        )
        with self._read() as connection:
            rows = connection.execute(waiting).all()
        if not rows:
            return 0
        # Cut outside of the transaction, which holds up everyone else's writing.
        tokens = [search.indexed(row) for row in rows]
        with self._write() as connection:
            # Some may have gone meanwhile, deleted or indexed by another process. On PostgreSQL,
            # what another one is about to index is left to it.
            there = (
                select(search_queue.c.article_id)
                .where(search_queue.c.article_id.in_([row.id for row in rows]))
                .with_for_update(skip_locked=True)
            )
            ours = set(
                connection.scalars(
                    delete(search_queue)
                    .where(search_queue.c.article_id.in_(there))
                    .returning(search_queue.c.article_id)
                )
            )
            # A poll may have changed a text since it was cut.
            text_now = search.to_index().where(articles.c.id.in_(ours))
            now = {row.id: row for row in connection.execute(text_now)} if ours else {}
            new = [
                cut if now[row.id] == row else search.indexed(now[row.id])
                for row, cut in zip(rows, tokens, strict=True)
                if row.id in now
            ]
            if new:
                self._dialect.index(connection, new)
        return len(new)

    def forget(self, *, unmatched_before: datetime | None, matched_before: datetime | None) -> int:
        """Delete articles first seen before these moments (None: keep all); say how many it were.

        A matched article stays while any digest that ever started has not had its issue of that
        time. The entries' keys stay, so that a feed which still lists them brings nothing back.
        """
        if matched_before is not None:
            with self._read() as connection:
                matched_before = min([matched_before, *_digests_wait_since(connection)])
        number = 0
        for before, matched in ((unmatched_before, False), (matched_before, True)):
            if before is not None:
                number += sum(self._forget(before, matched=matched))
        return number

    def _forget(self, before: datetime, *, matched: bool) -> Iterator[int]:
        has_match = exists().where(matches.c.article_id == articles.c.id)
        place = tuple_(articles.c.first_seen_at, articles.c.id)
        old = (
            select(articles.c.first_seen_at, articles.c.id)
            .where(articles.c.first_seen_at < before, has_match if matched else ~has_match)
            .order_by(articles.c.first_seen_at, articles.c.id)
            .limit(_FORGET_AT_ONCE)
        )
        if matched:
            # Another feed may have brought a match later: the digest counts from there.
            late = matches.c.seen_at >= before
            old = old.where(~exists().where(matches.c.article_id == articles.c.id, late))
        step = old
        while True:
            with self._write() as connection:
                self._dialect.hold_articles(connection)
                rows = connection.execute(step).all()
                if not rows:
                    return
                self._delete(connection, [number for _, number in rows])
            yield len(rows)
            seen, number = rows[-1]
            step = old.where(place > tuple_(literal(seen, UtcDateTime()), literal(number)))

    def _delete(self, connection: Connection, ids: Sequence[int]) -> None:
        self._unindex(connection, ids)
        told = select(story_articles.c.story_id).where(story_articles.c.article_id.in_(ids))
        touched = connection.scalars(told.distinct()).all()
        connection.execute(delete(articles).where(articles.c.id.in_(ids)))
        left = exists().where(story_articles.c.story_id == stories.c.id)
        connection.execute(delete(stories).where(stories.c.id.in_(touched), ~left))

    def _wanted(self, wanted: ArchiveFilter, after: Cursor | None) -> Select[int, datetime]:
        number, moment, conditions = _from_table(wanted)
        conditions.extend(_about(wanted, number, moment))
        if wanted.query is not None:
            conditions.append(
                search.condition(
                    wanted.query,
                    number,
                    lambda part: self._dialect.found(number, part),
                    joins=self._dialect.joins,
                )
            )
        found = select(number.label("id"), moment.label("sorted_at")).where(
            *conditions, *_from(moment, number, after)
        )
        # One article may have several matches, or several entries in one feed.
        return found if number in {articles.c.id, article_facts.c.id} else found.distinct()


def _in_order(found: Select[int, datetime]) -> Select[int, datetime]:
    columns = found.selected_columns
    return found.order_by(columns.sorted_at.desc(), columns.id.desc())


def _first(hits: CTE, after: Cursor | None, limit: int) -> Select[int, datetime]:
    rest = select(hits.c.id, hits.c.sorted_at).where(*_from(hits.c.sorted_at, hits.c.id, after))
    return _in_order(rest).limit(limit)


def _has_others(
    connection: Connection,
    wanted: ArchiveFilter,
    after: Cursor | None,
    last: Cursor,
    below: int,
) -> bool:
    """Tell whether an article stored before the one numbered `below` might come before `last`.

    Hardly ever: an article is sorted by no later time than that of its storing.
    """
    end = literal(last.sorted_at, UtcDateTime())
    newer = tuple_(articles.c.sorted_at, articles.c.id) > tuple_(end, literal(last.id))
    until = () if wanted.until is None else (articles.c.sorted_at < wanted.until,)
    before = _from(articles.c.sorted_at, articles.c.id, after)
    # Not by the number alone, so that SQLite goes by the time: there are few that are newer.
    others = exists().where(articles.c.id + 0 < below, newer, *until, *before)
    return bool(connection.scalar(select(others)))


def _from_table(
    wanted: ArchiveFilter,
) -> tuple[ColumnElement[int], ColumnElement[datetime], list[ColumnElement[bool]]]:
    """Choose the table whose index gives the page in order: its article, time and conditions."""
    if wanted.feed_url is not None and wanted.topic_id is None and wanted.review is None:
        conditions = [_of_feed(wanted.feed_url)]
        if wanted.matched_only:
            same = matches.c.article_id == sightings.c.article_id
            conditions.append(exists().where(same, matches.c.lost_in.is_(None)))
        return sightings.c.article_id, sightings.c.sorted_at, conditions
    if wanted.review is ReviewState.LOST:
        table, conditions = matches, [matches.c.lost_in.is_not(None)]
    elif wanted.review is not None and wanted.review is not ReviewState.OPEN:
        table, conditions = reviews, [_said(wanted.review)]
    elif wanted.review or wanted.matched_only or wanted.topic_id is not None:
        table, conditions = matches, [matches.c.lost_in.is_(None)]
        if wanted.review:
            conditions.append(UNREVIEWED)
    elif wanted.query is not None:
        return article_facts.c.id, article_facts.c.sorted_at, []
    else:
        return articles.c.id, articles.c.sorted_at, []
    if wanted.topic_id is not None:
        conditions.append(table.c.topic_id == wanted.topic_id)
    if wanted.feed_url is not None:
        seen = sightings.c.article_id == table.c.article_id
        conditions.append(exists().where(seen, _of_feed(wanted.feed_url)))
    return table.c.article_id, table.c.sorted_at, conditions


def _of_feed(url: str) -> ColumnElement[bool]:
    feed_id = select(feeds.c.id).where(feeds.c.url == url).scalar_subquery()
    return and_(sightings.c.feed_id == feed_id, sightings.c.article_id.is_not(None))


def _about(
    wanted: ArchiveFilter, number: ColumnElement[int], moment: ColumnElement[datetime]
) -> Iterator[ColumnElement[bool]]:
    """Narrow by what the articles themselves say."""
    if wanted.since is not None:
        yield moment >= wanted.since
    if wanted.until is not None:
        yield moment < wanted.until
    if wanted.label is not None:
        labelled = matches.alias()
        has_label = labelled.c.labels.contains(f'"{wanted.label}"', autoescape=True)
        of_topic = labelled.c.topic_id == wanted.topic_id if wanted.topic_id else true()
        yield exists().where(labelled.c.article_id == number, has_label, of_topic)
    if wanted.ids is not None:
        yield number.in_(wanted.ids)
    table = articles if number is articles.c.id else article_facts
    given = ((table.c.source, wanted.source), (table.c.lang, wanted.lang))
    about = [column == value for column, value in given if value is not None]
    if about and number is table.c.id:
        yield and_(*about)
    elif about:
        yield exists().where(table.c.id == number, *about)


def _from(
    moment: ColumnElement[datetime], number: ColumnElement[int], after: Cursor | None
) -> Iterator[ColumnElement[bool]]:
    """Begin behind a place."""
    if after is not None:
        cursor = tuple_(literal(after.sorted_at, UtcDateTime()), literal(after.id))
        yield tuple_(moment, number) < cursor


#: Between the rows, and the values of a row, of what is listed.
_ROWS, _VALUES = "\x1e", "\x1f"


def _listed(
    kind: str, *values: ColumnElement[str], least: ColumnElement[int] | None = None
) -> Select[str, str, int]:
    """List values of all rows in one: to group twenty thousand, a database would sort them."""
    row = reduce(lambda row, value: row.concat(_VALUES).concat(value), values)
    number = literal(0) if least is None else least
    return select(literal(kind), func.aggregate_strings(row, _ROWS), number)


def _facets(found: Sequence[Row[str, str, int]], most: int) -> Facets:
    listed = {kind: list(filter(None, (text or "").split(_ROWS))) for kind, text, _ in found}
    sources, langs = (_tally(listed["about"], at) for at in (0, 1))
    topics, marks, labels = (_tally(listed["match"], at) for at in (0, 1, 2))
    labelled: Counter[str] = Counter()
    for label, number in labels.items():
        labelled.update(dict.fromkeys(values.strings(label), number))
    moments = tuple(sorted(listed["moments"]))
    return Facets(
        total=len(moments),
        capped=len(moments) == most,
        topics=dict(topics),
        sources=tuple(sources.most_common()),
        langs=tuple(langs.most_common()),
        labels=tuple(labelled.most_common()),
        marks=tuple((Mark(mark), number) for mark, number in marks.most_common()),
        moments=moments,
    )


def _tally(rows: Sequence[str], at: int) -> Counter[str]:
    """Count one of the values of listed rows."""
    counts: Counter[str] = Counter()
    # Few rows differ. (A source's name in the configuration may have what stands between values.)
    for row, number in Counter(rows).items():
        counts["".join(row.split(_VALUES)[at : at + 1])] += number
    return counts


def _moments(listed: str) -> tuple[datetime, ...]:
    """Read moments as the database writes them, the oldest first; without a zone they are UTC."""
    zone = "" if "+" in listed[-6:] else "+00:00"
    return tuple(sorted(datetime.fromisoformat(one + zone) for one in listed.split(",") if one))


def _said(state: ReviewState) -> ColumnElement[bool]:
    """Give the condition on `reviews` that reviewers said this."""
    if state is ReviewState.STARRED:
        return reviews.c.starred.is_(True)
    if state is ReviewState.NOTED:
        return reviews.c.note != ""
    return reviews.c.mark == state.value


def read_matches(
    connection: Connection, condition: ColumnElement[bool]
) -> dict[int, tuple[Match, ...]]:
    """Give the matches that meet a condition, by article, in the order of the topics' ids."""
    found: dict[int, tuple[Match, ...]] = {}
    rows = connection.execute(
        select(matches).where(condition).order_by(matches.c.article_id, matches.c.topic_id)
    )
    for row in rows:
        found[row.article_id] = (*found.get(row.article_id, ()), values.match(row))
    return found


def read_reviews(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Review, ...]]:
    """Give what reviewers said of these articles' matches, in the order of the topics' ids."""
    said: dict[int, tuple[Review, ...]] = {}
    of_these = select(reviews).where(reviews.c.article_id.in_(ids)).order_by(reviews.c.topic_id)
    for row in connection.execute(of_these):
        said[row.article_id] = (*said.get(row.article_id, ()), values.review(row))
    return said


def join_articles(
    connection: Connection,
    ids: Sequence[int],
    found: Mapping[int, tuple[Match, ...]],
    said: Mapping[int, tuple[Review, ...]] = MappingProxyType({}),
) -> tuple[ArticleMatches, ...]:
    """Give these articles, newest first, with the matches and reviews found for them."""
    statement = select(articles, feeds.c.url.label("feed_url")).join(feeds)
    rows: list[Row[*tuple[Any, ...]]] = []
    # A digest of everything may ask for more than one statement can name.
    for start in range(0, len(ids), KEYS_AT_ONCE):
        some = articles.c.id.in_(ids[start : start + KEYS_AT_ONCE])
        rows.extend(connection.execute(statement.where(some)))
    rows.sort(key=lambda row: (row.sorted_at, row.id), reverse=True)
    return tuple(
        ArticleMatches(
            id=row.id,
            article=values.article(row),
            matches=found.get(row.id, ()),
            reviews=said.get(row.id, ()),
        )
        for row in rows
    )


def _read_articles(connection: Connection, ids: Sequence[int]) -> tuple[ArticleMatches, ...]:
    found = read_matches(connection, matches.c.article_id.in_(ids))
    return join_articles(connection, ids, found, read_reviews(connection, ids))


def _digests_wait_since(connection: Connection) -> Sequence[datetime]:
    """Give for each digest the end of its last issue, else its start."""
    last = select(func.max(digests.c.until)).where(digests.c.name == digest_starts.c.name)
    return connection.scalars(
        select(func.coalesce(last.scalar_subquery(), digest_starts.c.started_at))
    ).all()
