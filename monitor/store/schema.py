"""Bringing a database to the tables of this version; how to change them: `migrations/env.py`."""

from sqlalchemy import Connection, inspect, text

from monitor.errors import StoreError
from monitor.store.database import Dialect, plain_words
from monitor.store.tables import HEAD, metadata


def migrate(dialect: Dialect) -> None:
    """Bring the database to HEAD: at once if it is there, else in one transaction."""
    with plain_words(dialect):
        if _revision_of(dialect) == HEAD:
            return
        dialect.prepare_database()
        with dialect.engine.connect() as plain:
            connection = plain.execution_options(writes=True, durable=True)
            with connection.begin():
                dialect.wait_for_migration(connection)
                # Another process may have been faster.
                if _revision(connection) != HEAD:
                    _upgrade(connection, dialect.place)


def _revision_of(dialect: Dialect) -> str | None:
    with dialect.engine.connect() as connection, connection.begin():
        revision = _revision(connection)
        if revision != HEAD:
            _refuse_foreign(connection, revision, dialect)
        return revision


def _refuse_foreign(connection: Connection, revision: str | None, dialect: Dialect) -> None:
    """Leave alone what another program made, before anything in it is changed."""
    there = set(inspect(connection).get_table_names())
    ours = there & metadata.tables.keys()
    foreign = ours if dialect.shared and revision is None else there
    if foreign and (revision is None or not ours):
        names = sorted(foreign)
        more = ", …" if len(names) > 3 else ""
        raise StoreError(
            f"the database {dialect.place} belongs to another program (its tables: "
            f"{', '.join(names[:3])}{more}); name another one with `database` in the configuration"
        )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection, place: str) -> None:
    # Imported here: Alembic takes 0.2 s, and nearly every start finds the tables as they should be.
    from alembic import command  # noqa: PLC0415  see above
    from alembic.config import Config  # noqa: PLC0415  see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415  see above
    from alembic.util import CommandError  # noqa: PLC0415  see above

    config = Config()
    config.set_main_option("script_location", "monitor:store/migrations")
    config.attributes["connection"] = connection
    revision = _revision(connection)
    try:
        if revision is not None:
            ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        raise StoreError(
            f"the database {place} was written by a newer News Monitor (its tables are revision "
            f"{revision}, this version knows up to {HEAD}); install the newer version again, or "
            "put the backup from before that update in its place"
        ) from error
    command.upgrade(config, "head")
