"""The store's part for polling: the accepted configuration, the feeds, and what a poll brings."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from monitor.config import FeedConfig
from monitor.model import (
    Article,
    ArticleVersion,
    EntryNames,
    FeedRow,
    FeedState,
    KnownEntry,
    PollOutcome,
    PollSaved,
    Renewal,
    Sighting,
)
from monitor.store import values
from monitor.store.database import KEYS_AT_ONCE, Database, Dialect
from monitor.store.prepared import Insertion, Prepared
from monitor.store.tables import (
    CleanText,
    article_versions,
    articles,
    clean,
    feeds,
    imprints,
    matches,
    sightings,
)

#: So much the clocks of two machines may differ that work on one database.
CLOCKS_DIFFER = timedelta(minutes=10)

_POLLED = and_(feeds.c.active, ~feeds.c.retired)
#: What of a feed no poll decides.
_CONFIGURED = {"id", "url", "name", "active", "every_seconds"}

_UPDATE_FEED = (
    update(feeds).where(feeds.c.url == bindparam("of_url", type_=CleanText)).returning(feeds.c.id)
)
_OF_FEED = sightings.c.feed_id == (
    select(feeds.c.id).where(feeds.c.url == bindparam("of_url", type_=CleanText)).scalar_subquery()
)
_NAMES = (
    sightings.c.key,
    sightings.c.page,
    sightings.c.heading,
    sightings.c.content,
    sightings.c.edits,
    sightings.c.sorted_at,
)
_KNOWN = select(*_NAMES).where(_OF_FEED, sightings.c.key.in_(bindparam("keys", expanding=True)))
#: So many lookalikes are read, newest first: a feed may call everything by one name.
_MOST_LOOKALIKES = 1000
_LOOKALIKES = (
    select(
        *_NAMES,
        func.coalesce(articles.c.url, "").label("url"),
        func.coalesce(articles.c.text, "").label("text"),
    )
    .outerjoin(articles, articles.c.id == sightings.c.article_id)
    .where(
        or_(
            and_(_OF_FEED, sightings.c.page.in_(bindparam("pages", expanding=True))),
            and_(_OF_FEED, sightings.c.heading.in_(bindparam("headings", expanding=True))),
        )
    )
    .order_by(sightings.c.sorted_at.desc())
    .limit(_MOST_LOOKALIKES)
)
_SEEN = (
    select(
        sightings.c.key,
        sightings.c.content,
        articles.c.key.label("article_key"),
    )
    .outerjoin(articles, articles.c.id == sightings.c.article_id)
    .where(
        sightings.c.feed_id == bindparam("feed_id"),
        sightings.c.key.in_(bindparam("keys", expanding=True)),
    )
)
_STORED = (
    select(
        articles.c.key,
        articles.c.id,
        articles.c.feed_id,
        articles.c.title,
        articles.c.text,
        articles.c.sorted_at,
    )
    .where(articles.c.key.in_(bindparam("keys", expanding=True)))
    # Only PostgreSQL needs it: there, another process's retention could take them away meanwhile.
    .with_for_update(read=True, key_share=True)
)
_NUMBERS = select(articles.c.key, articles.c.id).where(
    articles.c.key.in_(bindparam("keys", expanding=True))
)
_OF_SIGHTING = and_(
    sightings.c.feed_id == bindparam("of_feed"), sightings.c.key == bindparam("of_key")
)
_RENAME = update(sightings).where(_OF_SIGHTING).values(key=bindparam("key"))
_EDIT_SIGHTING = (
    update(sightings)
    .where(_OF_SIGHTING)
    .values(
        key=bindparam("key"),
        page=bindparam("page"),
        heading=bindparam("heading"),
        content=bindparam("content"),
        edits=sightings.c.edits + 1,
    )
)
_EDIT_ARTICLE = update(articles).where(articles.c.id == bindparam("of_id"))
#: So many earlier versions of an article are kept, and so many characters of each one's text.
MOST_VERSIONS = 5
MAX_VERSION_CHARS = 2_000
_EDIT_MATCH = update(matches).where(
    matches.c.article_id == bindparam("of_article"), matches.c.topic_id == bindparam("of_topic")
)
_IMPRINT = (
    select(imprints.c.imprint)
    .join(feeds, feeds.c.id == imprints.c.feed_id)
    .where(feeds.c.url == bindparam("of_url", type_=CleanText))
)
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
    feed_id: int
    title: str
    text: str
    sorted_at: datetime


class Feeds(Database):
    """Feeds and polls."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(dialect)
        polled = [column.name for column in feeds.columns if column.name not in _CONFIGURED]
        self._update_feed = Prepared(dialect, _UPDATE_FEED, polled)
        self._known = Prepared(dialect, _KNOWN)
        self._lookalikes = Prepared(dialect, _LOOKALIKES)
        self._seen = Prepared(dialect, _SEEN)
        self._stored = Prepared(dialect, _STORED)
        self._numbers = Prepared(dialect, _NUMBERS)
        self._imprint = Prepared(dialect, _IMPRINT)
        self._new_imprint = Insertion(dialect, imprints, ["feed_id"], renewing=True)
        self._new_articles = Insertion(dialect, articles, ["key"])
        self._new_sightings = Insertion(dialect, sightings, ["feed_id", "key"])
        self._new_matches = Insertion(dialect, matches, ["topic_id", "article_id"])

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
        """Give the feeds to poll now, the longest overdue first; `everything`: due or not.

        A feed that was last polled in a time to come is due: the clock was wrong then, and what was
        planned by it is, too.
        """
        due = select(feeds).where(_POLLED).order_by(feeds.c.next_poll_at, feeds.c.id)
        if not everything:
            wrong = feeds.c.last_polled_at > now + CLOCKS_DIFFER
            due = due.where(or_(feeds.c.next_poll_at <= now, wrong))
        with self._read() as connection:
            return tuple(map(values.feed_state, connection.execute(due)))

    def poll_soon(self, feed_url: str, now: datetime) -> None:
        """Let a feed be due now, before its time, unless it is due already or not polled at all."""
        with self._write() as connection:
            connection.execute(
                update(feeds)
                .where(feeds.c.url == clean(feed_url), _POLLED, feeds.c.next_poll_at > now)
                .values(next_poll_at=now)
            )

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

    def known_entries(
        self, feed_url: str, entries: Collection[tuple[EntryNames, Collection[str]]]
    ) -> tuple[tuple[KnownEntry, ...], tuple[KnownEntry, ...]]:
        """Give what a feed showed before of these entries, and what looks like the others.

        Args:
            feed_url: The feed.
            entries: What each is called, and the keys that it had under another policy.

        Returns:
            Those known by a key, without their articles' words; and those that have the page or the
            heading of an entry that is not, newest first.
        """
        keys = {key for names, formers in entries for key in (names.key, *formers)}
        with self._read() as connection:
            known = _rows_of_keys(connection, self._known, keys, of_url=feed_url)
            there = {row.key for row in known}
            strange = [
                names
                for names, formers in entries
                if names.key not in there and there.isdisjoint(formers)
            ]
            alike = self._looking_like(connection, feed_url, strange)
        return tuple(map(values.known_entry, known)), alike

    def _looking_like(
        self, connection: Connection, feed_url: str, strange: Sequence[EntryNames]
    ) -> tuple[KnownEntry, ...]:
        found: dict[str, KnownEntry] = {}
        for start in range(0, len(strange), KEYS_AT_ONCE // 2):
            some = strange[start : start + KEYS_AT_ONCE // 2]
            rows = self._lookalikes.rows(
                connection,
                of_url=feed_url,
                pages=[one.page for one in some if one.page is not None],
                headings=[one.heading for one in some],
            )
            for row in rows:
                found.setdefault(row.key, values.lookalike(row))
        return tuple(found.values())

    def imprint(self, feed_url: str) -> bytes:
        """Give what the parser keeps of a feed's last good document, b"" if nothing."""
        with self._read() as connection:
            rows = self._imprint.rows(connection, of_url=feed_url)
        return bytes(rows[0].imprint) if rows else b""

    def save_poll(self, outcome: PollOutcome) -> PollSaved:
        """Store all that one poll changes; doing it twice changes nothing more.

        An article that is stored already (another feed carried it) stays as it is; the sighting and
        what is new of the matches hang on it, with those spans that hold in its stored text. An
        edited entry changes its article if it came first through this feed. Its matches stay, with
        the evidence that holds now, and a digest that reported them does not report them again.
        """
        with self._write() as connection:
            updated = self._update_feed.rows(
                connection, of_url=outcome.feed.feed_url, **values.feed_values(outcome.feed)
            )
            if not updated:
                raise LookupError(f"{outcome.feed.feed_url} was never given to sync_feeds")
            feed_id = updated[0].id
            if outcome.imprint is not None:
                kept = {"feed_id": feed_id, "imprint": outcome.imprint}
                self._new_imprint.run(connection, [kept])
            if not outcome.sightings and not outcome.renewals:
                return PollSaved()
            seen = self._seen_before(connection, feed_id, outcome)
            edits = _renew(connection, feed_id, outcome.renewals, seen)
            # A feed's newest entry usually comes first; stored last, it gets the highest number and
            # stands first among those of the same time.
            fresh = [
                (clean(sighting.article.key), sighting)
                for sighting in reversed(outcome.sightings)
                if clean(sighting.names.key) not in seen
            ]
            keys = [key for key, _ in fresh]
            self._dialect.hold_articles(connection, [*keys, *edits])
            stored = self._stored_of(connection, [*keys, *edits])
            new = {key: sighting.article for key, sighting in fresh if key not in stored}
            articles_new = self._add_articles(connection, feed_id, new, stored) if new else 0
            edited = {key: seen for key, seen in edits.items() if key in stored}
            self._edit_articles(connection, feed_id, edited, stored)
            shown = [(sighting, stored[key]) for key, sighting in fresh]
            self._add_sightings(connection, feed_id, shown)
            told = [*shown, *((seen, stored[key]) for key, seen in edited.items())]
            matches_new = self._add_matches(connection, told)
            return PollSaved(articles_new=articles_new, matches_new=matches_new)

    def feed_rows(self, since: datetime | None = None) -> tuple[FeedRow, ...]:
        """Give the feeds of the configuration, retired ones too, with what each brought.

        Args:
            since: Count only what is from this time on, however large the archive; None counts all.
        """
        seen = [sightings.c.feed_id == feeds.c.id]
        if since is not None:
            seen.append(sightings.c.sorted_at >= since)
        carried = select(func.count(sightings.c.article_id.distinct())).where(*seen)
        # What stands in several entries of a feed counts once.
        pair = matches.c.topic_id + literal(" ") + cast(matches.c.article_id, Text)
        matched = (
            select(func.count(pair.distinct()))
            .select_from(sightings)
            .join(matches, matches.c.article_id == sightings.c.article_id)
            .where(*seen)
        )
        statement = (
            select(
                feeds,
                carried.correlate(feeds).scalar_subquery().label("articles"),
                matched.correlate(feeds).scalar_subquery().label("matches"),
            )
            .where(feeds.c.active)
            .order_by(feeds.c.id)
        )
        with self._read() as connection:
            return tuple(
                FeedRow(state=values.feed_state(row), articles=row.articles, matches=row.matches)
                for row in connection.execute(statement)
            )

    def article_versions(self, number: int) -> tuple[ArticleVersion, ...]:
        """Give what an article said before its feed changed it, the latest first."""
        kept = (
            select(article_versions)
            .where(article_versions.c.article_id == number)
            .order_by(article_versions.c.id.desc())
        )
        with self._read() as connection:
            return tuple(
                ArticleVersion(title=row.title, text=row.text, until=row.until)
                for row in connection.execute(kept)
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

    def _seen_before(
        self, connection: Connection, feed_id: int, outcome: PollOutcome
    ) -> dict[str, Any]:
        """Give what a feed's sightings have of a poll's keys, former and present."""
        keys = [sighting.names.key for sighting in outcome.sightings]
        keys += [key for one in outcome.renewals for key in {one.former_key, one.key}]
        return {
            row.key: row for row in _rows_of_keys(connection, self._seen, keys, feed_id=feed_id)
        }

    def _stored_of(self, connection: Connection, keys: Iterable[str]) -> dict[str, _Stored]:
        """Give the articles of these keys as they are stored."""
        return {key: _Stored(*rest) for key, *rest in _rows_of_keys(connection, self._stored, keys)}

    def _add_articles(
        self,
        connection: Connection,
        feed_id: int,
        new: Mapping[str, Article],
        stored: dict[str, _Stored],
    ) -> int:
        """Store articles, add them to what is stored, and say how many were new after all."""
        rows = [values.article_values(article, feed_id) for article in new.values()]
        # Another process may have stored the same article a moment ago.
        number = self._new_articles.run(connection, rows)
        if number < len(rows):
            stored |= self._stored_of(connection, new)
        else:
            ids = {row.key: row.id for row in _rows_of_keys(connection, self._numbers, new)}
            for key, row in zip(new, rows, strict=True):
                title, text = clean(row["title"]), clean(row["text"])
                stored[key] = _Stored(ids[key], feed_id, title, text, row["sorted_at"])
        self._queue_for_search(connection, [stored[key].id for key in new])
        return number

    def _edit_articles(
        self,
        connection: Connection,
        feed_id: int,
        edited: Mapping[str, Sighting],
        stored: dict[str, _Stored],
    ) -> None:
        """Let this feed's articles say what their entries say now, and their matches point there.

        An article that came first through another feed says what that one says.
        """
        rows, after, reworded, versions = [], {}, [], []
        for key, seen in edited.items():
            before = stored[key]
            if before.feed_id != feed_id:
                continue
            title, text = clean(seen.article.title), clean(seen.article.text)
            # A feed that leaves out its texts for a while does not take them from the archive.
            said = replace(seen.article, title=title or before.title, text=text or before.text)
            rows.append({"of_id": before.id, **values.edited_values(said)})
            stored[key] = replace(before, title=said.title, text=said.text)
            after[before.id] = (seen, stored[key])
            if stored[key] != before:
                reworded.append(before.id)
                versions.append(
                    {
                        "article_id": before.id,
                        "title": before.title,
                        "text": before.text[:MAX_VERSION_CHARS],
                        "until": seen.article.first_seen_at,
                    }
                )
        if rows:
            self._unindex(connection, reworded)
            connection.execute(_EDIT_ARTICLE, rows)
            self._queue_for_search(connection, reworded)
            _keep_versions(connection, versions)
            _point_matches(connection, after)

    def _add_sightings(
        self, connection: Connection, feed_id: int, shown: Sequence[tuple[Sighting, _Stored]]
    ) -> None:
        if not shown:
            return
        rows = [
            {
                "feed_id": feed_id,
                "article_id": article.id,
                "sorted_at": article.sorted_at,
                "edits": 0,
                **values.names_values(seen.names),
            }
            for seen, article in shown
        ]
        self._new_sightings.run(connection, rows)

    def _add_matches(
        self, connection: Connection, shown: Sequence[tuple[Sighting, _Stored]]
    ) -> int:
        rows = []
        for seen, article in shown:
            for match in seen.matches:
                spans = values.spans_that_hold(match.spans, title=article.title, text=article.text)
                rows.append(
                    {
                        "topic_id": match.topic_id,
                        "article_id": article.id,
                        "first_version": match.query_version,
                        "version": match.query_version,
                        "spans": values.spans_json(spans),
                        "labels": values.strings_json(match.labels),
                        "seen_at": seen.article.first_seen_at,
                        "sorted_at": article.sorted_at,
                        "found_in": None,
                        "lost_in": None,
                    }
                )
        return self._new_matches.run(connection, rows) if rows else 0


def newest_times(connection: Connection, feed_id: int, most: int) -> tuple[datetime, ...]:
    """Give when a feed's newest items were published, newest first, at most so many.

    It is one look into the index; a single statement for all feeds would read the whole index.
    """
    return tuple(connection.scalars(_NEWEST, {"feed_id": feed_id, "most": most}))


def _renew(
    connection: Connection,
    feed_id: int,
    renewals: Sequence[Renewal],
    seen: dict[str, Any],
) -> dict[str, Sighting]:
    """Give known entries their new keys and contents.

    What is done already, or has lost its key to another entry, stays as it is.

    Returns:
        What the edited ones say now, by the keys of the articles that they are stored as.
    """
    renamed, changed, edits = [], [], {}
    for one in renewals:
        former, key = clean(one.former_key), clean(one.key)
        row = seen.get(former)
        if row is None or (key != former and key in seen):
            continue
        seen[key] = seen.pop(former)
        place = {"of_feed": feed_id, "of_key": former}
        if one.sighting is not None and one.sighting.names.content != row.content:
            changed.append({**place, **values.names_values(one.sighting.names)})
            if row.article_key is not None:
                edits[row.article_key] = one.sighting
        elif key != former:
            renamed.append({**place, "key": key})
    if renamed:
        connection.execute(_RENAME, renamed)
    if changed:
        connection.execute(_EDIT_SIGHTING, changed)
    return edits


def _keep_versions(connection: Connection, versions: Sequence[Mapping[str, Any]]) -> None:
    """Keep what articles said until now, and of each article's earlier versions the newest."""
    if not versions:
        return
    connection.execute(insert(article_versions), versions)
    number = func.row_number().over(
        partition_by=article_versions.c.article_id, order_by=article_versions.c.id.desc()
    )
    ranked = (
        select(article_versions.c.id, number.label("place"))
        .where(article_versions.c.article_id.in_([one["article_id"] for one in versions]))
        .subquery()
    )
    old = select(ranked.c.id).where(ranked.c.place > MOST_VERSIONS)
    connection.execute(delete(article_versions).where(article_versions.c.id.in_(old)))


def _point_matches(connection: Connection, edited: Mapping[int, tuple[Sighting, _Stored]]) -> None:
    """Let the matches of edited articles show what holds of them now."""
    known = select(matches)
    rows = []
    for row in connection.execute(known.where(matches.c.article_id.in_(edited))):
        seen, article = edited[row.article_id]
        found = {match.topic_id: match for match in seen.matches}.get(row.topic_id)
        spans = found.spans if found else values.spans(row.spans)
        holding = values.spans_that_hold(spans, title=article.title, text=article.text)
        rows.append(
            {
                "of_article": row.article_id,
                "of_topic": row.topic_id,
                "version": found.query_version if found else row.version,
                "spans": values.spans_json(holding),
                "labels": values.strings_json(found.labels) if found else row.labels,
                "lost_in": None if found else row.lost_in,
            }
        )
    if rows:
        connection.execute(_EDIT_MATCH, rows)


def _rows_of_keys(
    connection: Connection, statement: Prepared, keys: Iterable[str], **parameters: object
) -> list[Any]:
    """Execute a statement for so many keys as it takes at a time."""
    wanted = list(keys)
    rows: list[Any] = []
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        rows += statement.rows(connection, keys=wanted[start : start + KEYS_AT_ONCE], **parameters)
    return rows
