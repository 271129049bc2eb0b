"""What Alembic runs to migrate a database: always on the connection that `schema` hands over.

To change the tables: change `tables.py`, add a module to `versions/` with the next number as its
`revision`, and set `tables.HEAD` to it. A migration is never edited after a release and imports
nothing of ours. A test compares the migrated database with `tables.metadata`, on both databases.
"""

from alembic import context

from monitor.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most of a table; Alembic copies it instead.
    render_as_batch=True,
)
context.run_migrations()
