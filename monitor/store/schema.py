"""Bringing a database to the tables of this version; how to change them: `migrations/env.py`."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine

from monitor.errors import StoreError
from monitor.store.database import Dialect, plain_words
from monitor.store.tables import HEAD


def migrate(dialect: Dialect) -> None:
    """Bring the database to HEAD: at once if it is there, else in one transaction."""
    with plain_words(dialect):
        if _revision_of(dialect.engine) == HEAD:
            return
        dialect.prepare_database()
        with dialect.engine.connect() as plain:
            connection = plain.execution_options(writes=True, durable=True)
            with connection.begin():
                dialect.wait_for_migration(connection)
                # Another process may have been faster.
                if _revision(connection) != HEAD:
                    _upgrade(connection, dialect.place)


def _revision_of(engine: Engine) -> str | None:
    with engine.connect() as connection, connection.begin():
        return _revision(connection)


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
