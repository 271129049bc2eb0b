"""The first tables, and the search index of each database."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None


def _number() -> TypeEngine[int]:
    """Give the type of a row's number: SQLite counts by itself only in an INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> TypeEngine[datetime]:
    """Give the type of a moment: text of fixed width on SQLite."""
    return sa.DateTime(timezone=True).with_variant(sa.String(26), "sqlite")


def upgrade() -> None:
    """Make everything."""
    _create_tables()
    _create_search_index()


_FACTS = "CREATE VIEW article_facts AS SELECT id, sorted_at, source, lang FROM articles"


def _create_search_index() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # Without a copy of the texts; split at the spaces we put and nowhere else.
        op.execute(
            "CREATE VIRTUAL TABLE article_search USING fts5"
            "(title, body, known, content='', tokenize='unicode61 remove_diacritics 0')"
        )
        # What facets count, so that no article is read for it. SQLite would read the article, so
        # the view names the index. PostgreSQL keeps long texts elsewhere, and indexes none.
        op.execute("CREATE INDEX ix_articles_facets ON articles (id, sorted_at, source, lang)")
        op.execute(f"{_FACTS} INDEXED BY ix_articles_facets")
        return
    op.execute(_FACTS)
    op.execute(
        "CREATE TABLE article_search (article_id bigint REFERENCES articles (id) ON DELETE CASCADE,"
        " part integer, tokens tsvector NOT NULL, PRIMARY KEY (article_id, part))"
    )
    op.execute("CREATE INDEX ix_article_search_tokens ON article_search USING gin (tokens)")


def _create_tables() -> None:
    op.create_table(
        "config_versions",
        sa.Column("id", _number(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("accepted_at", _moment(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("gained", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_versions")),
    )
    op.create_table(
        "rematches",
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("query_version", sa.Text(), nullable=False),
        sa.Column("config_id", _number(), nullable=False),
        sa.Column("done_from", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["config_id"], ["config_versions.id"], name=op.f("fk_rematches_config_id")
        ),
        sa.PrimaryKeyConstraint("topic_id", name=op.f("pk_rematches")),
    )
    op.create_table(
        "digest_starts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_digest_starts")),
    )
    op.create_table(
        "digests",
        sa.Column("id", _number(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("due_at", _moment(), nullable=False),
        sa.Column("since", _moment(), nullable=False),
        sa.Column("until", _moment(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint(
            "name", "local_date", "slot", name=op.f("uq_digests_name_local_date_slot")
        ),
    )
    op.create_index(op.f("ix_digests_name_due_at"), "digests", ["name", "due_at"])
    op.create_table(
        "feeds",
        sa.Column("id", _number(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("current_url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.Text(), nullable=True),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("next_poll_at", _moment(), nullable=False),
        sa.Column("last_polled_at", _moment(), nullable=True),
        sa.Column("last_success_at", _moment(), nullable=True),
        sa.Column("first_success_at", _moment(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failure_kind", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("ttl_seconds", sa.Integer(), nullable=False),
        sa.Column("skip_hours", sa.Text(), nullable=False),
        sa.Column("skip_days", sa.Text(), nullable=False),
        sa.Column("diary_until", _moment(), nullable=True),
        sa.Column("diary", sa.Text(), nullable=True),
        sa.Column("key_policy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("url", name=op.f("uq_feeds_url")),
    )
    op.create_table(
        "installations",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    op.create_table(
        "topic_versions",
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("query_version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("accepted_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "query_version", name=op.f("pk_topic_versions")),
    )
    op.create_table(
        "articles",
        sa.Column("id", _number(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("feed_id", _number(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("published_at", _moment(), nullable=True),
        sa.Column("first_seen_at", _moment(), nullable=False),
        sa.Column("sorted_at", _moment(), nullable=False),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_articles_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("key", name=op.f("uq_articles_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_articles_first_seen_at_id"), "articles", ["first_seen_at", "id"])
    op.create_index(op.f("ix_articles_sorted_at_id"), "articles", ["sorted_at", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", _number(), nullable=False),
        sa.Column("digest_id", _number(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _moment(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", _moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_deliveries_digest_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "digest_id", "recipient", name=op.f("uq_deliveries_digest_id_recipient")
        ),
    )
    op.create_index(op.f("ix_deliveries_state_next_try_at"), "deliveries", ["state", "next_try_at"])
    op.create_table(
        "unsubscribed",
        sa.Column("digest_name", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("unsubscribed_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest_name", "recipient", name=op.f("pk_unsubscribed")),
    )
    op.create_table(
        "runs",
        sa.Column("id", _number(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("alive_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_table(
        "digest_items",
        sa.Column("digest_name", sa.Text(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("digest_id", _number(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_digest_items_digest_id")
        ),
        sa.PrimaryKeyConstraint(
            "digest_name", "article_id", "topic_id", name=op.f("pk_digest_items")
        ),
    )
    op.create_index(op.f("ix_digest_items_digest_id"), "digest_items", ["digest_id"])
    op.create_table(
        "audited",
        sa.Column("digest_name", sa.Text(), nullable=False),
        sa.Column("article_id", sa.BigInteger(), nullable=False),
        sa.Column("digest_id", _number(), nullable=False),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name=op.f("fk_audited_digest_id")),
        sa.PrimaryKeyConstraint("digest_name", "article_id", name=op.f("pk_audited")),
    )
    op.create_index(op.f("ix_audited_digest_id"), "audited", ["digest_id"])
    op.create_table(
        "imprints",
        sa.Column("feed_id", _number(), autoincrement=False, nullable=False),
        sa.Column("imprint", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_imprints_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_imprints")),
    )
    op.create_table(
        "matches",
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("article_id", _number(), nullable=False),
        sa.Column("first_version", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("spans", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("seen_at", _moment(), nullable=False),
        sa.Column("sorted_at", _moment(), nullable=False),
        sa.Column("found_in", sa.BigInteger(), nullable=True),
        sa.Column("lost_in", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_matches_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "article_id", name=op.f("pk_matches")),
    )
    op.create_index(
        op.f("ix_matches_article_id_topic_id_lost_in_labels"),
        "matches",
        ["article_id", "topic_id", "lost_in", "labels"],
    )
    op.create_index(op.f("ix_matches_seen_at"), "matches", ["seen_at"])
    op.create_index(
        op.f("ix_matches_sorted_at_article_id_lost_in_topic_id_labels"),
        "matches",
        ["sorted_at", "article_id", "lost_in", "topic_id", "labels"],
    )
    op.create_index(op.f("ix_matches_topic_id_seen_at"), "matches", ["topic_id", "seen_at"])
    op.create_index(
        op.f("ix_matches_topic_id_sorted_at_article_id_lost_in"),
        "matches",
        ["topic_id", "sorted_at", "article_id", "lost_in"],
    )
    op.create_table(
        "pages",
        sa.Column("article_id", _number(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _moment(), nullable=True),
        sa.Column("read_at", _moment(), nullable=True),
        sa.Column("rests_until", _moment(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_pages_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_pages")),
    )
    op.create_index(op.f("ix_pages_next_try_at"), "pages", ["next_try_at"])
    op.create_index(op.f("ix_pages_rests_until"), "pages", ["rests_until"])
    op.create_index(op.f("ix_pages_url"), "pages", ["url"])
    op.create_table(
        "article_versions",
        sa.Column("id", _number(), nullable=False),
        sa.Column("article_id", _number(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("until", _moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_versions_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_versions")),
    )
    op.create_index(op.f("ix_article_versions_article_id"), "article_versions", ["article_id"])
    op.create_table(
        "reviews",
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("article_id", _number(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sorted_at", _moment(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("changed_at", _moment(), nullable=False),
        sa.Column("mark_before", sa.Text(), nullable=False),
        sa.Column("starred_before", sa.Boolean(), nullable=False),
        sa.Column("note_before", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_reviews_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("topic_id", "article_id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_article_id"), "reviews", ["article_id"])
    op.create_index(op.f("ix_reviews_step"), "reviews", ["step"])
    for column in ("mark", "starred"):
        op.create_index(
            op.f(f"ix_reviews_{column}_sorted_at_article_id"),
            "reviews",
            [column, "sorted_at", "article_id"],
        )
    op.create_table(
        "stories",
        sa.Column("id", _number(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("into_id", _number(), nullable=True),
        sa.ForeignKeyConstraint(
            ["into_id"], ["stories.id"], name=op.f("fk_stories_into_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stories_into_id"), "stories", ["into_id"])
    op.create_table(
        "story_articles",
        sa.Column("article_id", _number(), autoincrement=False, nullable=False),
        sa.Column("story_id", _number(), nullable=False),
        sa.Column("copy_of", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_story_articles_article_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["stories.id"], name=op.f("fk_story_articles_story_id")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_story_articles")),
    )
    op.create_index(op.f("ix_story_articles_story_id"), "story_articles", ["story_id"])
    op.create_table(
        "search_queue",
        sa.Column("article_id", _number(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_search_queue_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_search_queue")),
    )
    op.create_table(
        "sightings",
        sa.Column("feed_id", _number(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("article_id", _number(), nullable=True),
        sa.Column("sorted_at", _moment(), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=True),
        sa.Column("heading", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.BigInteger(), nullable=False),
        sa.Column("edits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_sightings_article_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_sightings_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", "key", name=op.f("pk_sightings")),
    )
    op.create_index(op.f("ix_sightings_article_id"), "sightings", ["article_id"])
    op.create_index(
        op.f("ix_sightings_feed_id_sorted_at_article_id"),
        "sightings",
        ["feed_id", "sorted_at", "article_id"],
    )
    op.create_index(op.f("ix_sightings_feed_id_page"), "sightings", ["feed_id", "page"])
    op.create_index(op.f("ix_sightings_feed_id_heading"), "sightings", ["feed_id", "heading"])
