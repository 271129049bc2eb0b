"""The tables, as SQLAlchemy Core knows them.

The migrations create them; a test holds both together. The search index is no table here: it is a
virtual table on SQLite and a tsvector on PostgreSQL (see `sqlite` and `postgres`).
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    column,
    table,
)
from sqlalchemy.types import TypeEngine

#: The newest revision of `migrations/versions`; here, so that opening a database that has it does
#: not have to load Alembic.
HEAD = "0001"

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what no database can hold: NUL (PostgreSQL) and lone surrogates (UTF-8).

    One character for one character, so that spans still point at the same place.
    """
    # Nearly all text can be held, which its encoding tells in a fifth of the time.
    if "\0" not in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _UNSTORABLE.sub("�", text)


class CleanText(TypeDecorator[str]):
    """Text in which everything unstorable was replaced; see `clean`."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002  SQLAlchemy's interface
        """Clean what goes in, without the two calls that SQLAlchemy would put around it."""
        return _cleaned


def _cleaned(value: str | None) -> str | None:
    return None if value is None else clean(value)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware on the way in, in UTC on the way out.

    PostgreSQL has a type for it. SQLite's own forgets the zone, so there it is text of fixed width
    ("2026-03-11 07:30:00.000000", always UTC), which sorts in time's order and which SQLite's date
    functions and people can read.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column's type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(26))
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Refuse a naive datetime (a bug of ours); store UTC."""
        return _text_of if dialect.name == "sqlite" else _utc

    def result_processor(
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002  SQLAlchemy's interface
    ) -> Callable[[Any], datetime | None]:
        """Give an aware datetime in UTC."""
        return _moment_of if dialect.name == "sqlite" else _utc


def _utc(value: datetime | None) -> datetime | None:
    if value is None or value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"{value!r} has no time zone; the store takes aware datetimes only")
    return value.astimezone(UTC)


def _text_of(value: datetime | None) -> str | None:
    utc = _utc(value)
    return None if utc is None else utc.isoformat(" ", "microseconds").removesuffix("+00:00")


def _moment_of(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


#: SQLite numbers rows by itself only in a column of exactly this type.
_Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", _Id, primary_key=True),
    #: As configured.
    Column("url", CleanText, nullable=False, unique=True),
    #: Where it lives now.
    Column("current_url", CleanText, nullable=False),
    #: As configured, "" if not.
    Column("name", CleanText, nullable=False),
    #: Whether it stands in the present configuration; one that left keeps its history.
    Column("active", Boolean, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("lang", CleanText),
    Column("etag", CleanText),
    Column("last_modified", CleanText),
    Column("body_hash", CleanText),
    Column("every_seconds", Integer),
    Column("next_poll_at", UtcDateTime, nullable=False),
    Column("last_polled_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("first_success_at", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("failure_kind", CleanText),
    Column("error", CleanText, nullable=False),
    Column("retired", Boolean, nullable=False),
    #: The feed's own wishes; the latter two as JSON lists.
    Column("ttl_seconds", Integer, nullable=False),
    Column("skip_hours", CleanText, nullable=False),
    Column("skip_days", CleanText, nullable=False),
    #: The last hour of the diary and its digits; NULL until the feed was read once.
    Column("diary_until", UtcDateTime),
    Column("diary", CleanText),
    #: See `model.KeyPolicy`.
    Column("key_policy", CleanText, nullable=False),
)

#: What the parser keeps of each feed's last good document: beside the feeds, since only a poll that
#: brought a document needs it.
imprints = Table(
    "imprints",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("imprint", LargeBinary, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("key", CleanText, nullable=False, unique=True),
    Column("url", CleanText, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("source", CleanText, nullable=False),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("author", CleanText, nullable=False),
    #: A JSON list.
    Column("tags", CleanText, nullable=False),
    Column("lang", CleanText, nullable=False),
    Column("published_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime, nullable=False),
    #: What the archive is ordered by: the article's date, never later than when it was first seen.
    Column("sorted_at", UtcDateTime, nullable=False),
    Column("backlog", Boolean, nullable=False),
    Index(None, "sorted_at", "id"),
    Index(None, "first_seen_at", "id"),
    # A number that an old digest item holds must never come to mean another article.
    sqlite_autoincrement=True,
)

#: What is counted of articles, a view: on SQLite it reads an index by their numbers, so that of no
#: article the text is read.
article_facts = table(
    "article_facts",
    column("id", _Id),
    column("sorted_at", UtcDateTime),
    column("source", CleanText),
    column("lang", CleanText),
)

#: Articles that the search index does not have yet.
search_queue = Table(
    "search_queue",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
)

#: Articles of feeds with `extract` whose page was asked for, will be, or is not wanted.
pages = Table(
    "pages",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    #: The article's, as it was asked for.
    Column("url", CleanText, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    #: NULL: never (again).
    Column("next_try_at", UtcDateTime, index=True),
    Column("read_at", UtcDateTime),
    #: Until when its host asked to be left alone.
    Column("rests_until", UtcDateTime, index=True),
    Column("error", CleanText, nullable=False),
    #: The page's own text; the article's text is what the feed gave, and then this.
    Column("text", CleanText, nullable=False),
)

#: What an article said before its feed changed it.
article_versions = Table(
    "article_versions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", CleanText, nullable=False),
    #: Its beginning.
    Column("text", CleanText, nullable=False),
    #: Until when it stood.
    Column("until", UtcDateTime, nullable=False),
)

sightings = Table(
    "sightings",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), nullable=False),
    Column("key", CleanText, nullable=False),
    #: NULL once retention took the article: the key stays, so that the entry does not come back.
    Column("article_id", ForeignKey("articles.id", ondelete="SET NULL"), index=True),
    #: The article's, here so that one index gives a feed's newest articles.
    Column("sorted_at", UtcDateTime, nullable=False),
    #: Hashes of the page, of publisher and title, and of all that is said; see `model.EntryNames`.
    Column("page", BigInteger),
    Column("heading", BigInteger, nullable=False),
    Column("content", BigInteger, nullable=False),
    #: How often its content has changed.
    Column("edits", Integer, nullable=False),
    PrimaryKeyConstraint("feed_id", "key"),
    Index(None, "feed_id", "sorted_at", "article_id"),
    Index(None, "feed_id", "page"),
    Index(None, "feed_id", "heading"),
)

matches = Table(
    "matches",
    metadata,
    Column("topic_id", CleanText, nullable=False),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False),
    #: The wording of the topic that found it first, and the one that holds now.
    Column("first_version", CleanText, nullable=False),
    Column("version", CleanText, nullable=False),
    #: A JSON list of [field, start, end, surface, term].
    Column("spans", CleanText, nullable=False),
    #: A JSON list of the labels that held.
    Column("labels", CleanText, nullable=False),
    #: When we saw the entry that brought this match: later than the article's `first_seen_at` if a
    #: second feed showed more of its text. Decides which digest reports it.
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    #: The article's, here so that one index gives a topic's newest articles.
    Column("sorted_at", UtcDateTime, nullable=False),
    #: The version of the configuration that found it in an old article; NULL: its poll did.
    Column("found_in", BigInteger),
    #: The version of the configuration since which the topic does not give it; NULL: it does.
    Column("lost_in", BigInteger),
    PrimaryKeyConstraint("topic_id", "article_id"),
    # With `lost_in` and more, so that pages and counts find what they need in the index alone.
    Index(None, "article_id", "topic_id", "lost_in", "labels"),
    Index(None, "topic_id", "seen_at"),
    Index(None, "topic_id", "sorted_at", "article_id", "lost_in"),
    Index(None, "sorted_at", "article_id", "lost_in", "topic_id", "labels"),
)

#: What reviewers said of matches. It outlives the match: an edited topic forgets no judgement.
reviews = Table(
    "reviews",
    metadata,
    Column("topic_id", CleanText, nullable=False),
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("mark", CleanText, nullable=False),
    Column("starred", Boolean, nullable=False),
    Column("note", CleanText, nullable=False),
    #: The article's, here so that one index gives the newest of a mark.
    Column("sorted_at", UtcDateTime, nullable=False),
    #: The last change, which may have been one of many matches at once, and how it was before.
    Column("step", CleanText, nullable=False, index=True),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("mark_before", CleanText, nullable=False),
    Column("starred_before", Boolean, nullable=False),
    Column("note_before", CleanText, nullable=False),
    PrimaryKeyConstraint("topic_id", "article_id"),
    Index(None, "mark", "sorted_at", "article_id"),
    Index(None, "starred", "sorted_at", "article_id"),
)

#: Their ids are permalinks: an id is never used again, and one that became part of another leads
#: there.
stories = Table(
    "stories",
    metadata,
    Column("id", _Id, primary_key=True),
    #: The date of its first article when it was made.
    Column("started_at", UtcDateTime, nullable=False),
    Column("into_id", ForeignKey("stories.id", ondelete="CASCADE"), index=True),
    sqlite_autoincrement=True,
)

#: Beside the articles: grouping changes it often, and they are large.
story_articles = Table(
    "story_articles",
    metadata,
    Column("article_id", ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    #: The earliest article of the story that it repeats; no foreign key: retention may take that.
    Column("copy_of", BigInteger),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("hash", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
    #: What is different from the version before, a JSON list of lines.
    Column("changes", CleanText, nullable=False),
    #: Old articles that its topics found, and matches that they no longer give, so far.
    Column("gained", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
)

#: The wording of each topic that stored articles are, or are being, matched with.
rematches = Table(
    "rematches",
    metadata,
    Column("topic_id", CleanText, primary_key=True),
    Column("query_version", CleanText, nullable=False),
    #: The version of the configuration that brought it.
    Column("config_id", ForeignKey("config_versions.id"), nullable=False),
    #: Articles from this number on are done, the newest first; NULL: all are.
    Column("done_from", BigInteger),
)

topic_versions = Table(
    "topic_versions",
    metadata,
    Column("topic_id", CleanText, nullable=False),
    Column("query_version", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("definition", CleanText, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("topic_id", "query_version"),
)

#: One row: what tells this database from every other.
installations = Table(
    "installations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("mark", CleanText, nullable=False),
)

#: When a digest was first heard of: its first window starts there.
digest_starts = Table(
    "digest_starts",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
)

digests = Table(
    "digests",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", CleanText, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("slot", CleanText, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("subject", CleanText, nullable=False),
    Column("html", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    #: A JSON list.
    Column("problems", CleanText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("name", "local_date", "slot"),
    Index(None, "name", "due_at"),
)

#: What was reported. It hangs on the digest's name, never on the match: an edited topic mails
#: nothing again, and two digests do not take each other's news.
digest_items = Table(
    "digest_items",
    metadata,
    Column("digest_name", CleanText, nullable=False),
    #: No foreign key: the record outlives the article.
    Column("article_id", BigInteger, nullable=False),
    Column("topic_id", CleanText, nullable=False),
    Column("digest_id", ForeignKey("digests.id"), nullable=False, index=True),
    #: See `model.Shown`.
    Column("shown", CleanText, nullable=False),
    PrimaryKeyConstraint("digest_name", "article_id", "topic_id"),
)

#: What issues showed as perhaps missed. It hangs on the digest's name, so that none comes again.
audited = Table(
    "audited",
    metadata,
    Column("digest_name", CleanText, nullable=False),
    #: No foreign key: the record outlives the article.
    Column("article_id", BigInteger, nullable=False),
    Column("digest_id", ForeignKey("digests.id"), nullable=False, index=True),
    PrimaryKeyConstraint("digest_name", "article_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("recipient", CleanText, nullable=False),
    Column("message_id", CleanText, nullable=False),
    Column("message", LargeBinary, nullable=False),
    Column("state", CleanText, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_try_at", UtcDateTime, nullable=False),
    Column("error", CleanText, nullable=False),
    Column("sent_at", UtcDateTime),
    UniqueConstraint("digest_id", "recipient"),
    Index(None, "state", "next_try_at"),
)

#: Who does not want a digest any more. It outlives any edit of the configuration.
unsubscribed = Table(
    "unsubscribed",
    metadata,
    Column("digest_name", CleanText, nullable=False),
    Column("recipient", CleanText, nullable=False),
    Column("unsubscribed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("digest_name", "recipient"),
)

#: When the service was awake: one row from each start, or waking, to the last sign of life.
runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("alive_at", UtcDateTime, nullable=False),
)
