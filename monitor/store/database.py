"""One database, whichever it is: reading, writing, and failing in plain words."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection, Engine, delete, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from monitor.errors import StoreError
from monitor.store.prepared import Insertion
from monitor.store.sqlite import Sqlite
from monitor.store.tables import search_queue

if TYPE_CHECKING:
    from monitor.store.postgres import Postgres

Dialect: TypeAlias = "Sqlite | Postgres"

#: How many keys one statement names: far below any database's limit of parameters.
KEYS_AT_ONCE = 1000

#: SQLSTATE of PostgreSQL's "undefined table": the database is not as we left it, so no bug of ours.
_UNDEFINED_TABLE = "42P01"


class Database:
    """What the parts of the store share: the dialect and its transactions."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        dialect.remember_file()
        # One writer per process: threads wait here, without SQLite's polling for its lock.
        self._writer = threading.Lock()
        self._queued = Insertion(dialect, search_queue, ["article_id"])

    @property
    def _engine(self) -> Engine:
        return self._dialect.engine

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """Give a transaction that only reads; on SQLite it sees one moment."""
        self._dialect.check_file()
        with plain_words(self._dialect), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _write(self, *, durable: bool = False) -> Iterator[Connection]:
        """Give a transaction that writes; a `durable` one survives a power cut once it returns."""
        self._dialect.check_file()
        with (
            self._writer,
            plain_words(self._dialect),
            self._engine.connect() as connection,
            # The transaction begins as its options say, so they come first.
            connection.execution_options(writes=True, durable=durable).begin(),
        ):
            yield connection

    def _unindex(self, connection: Connection, ids: Sequence[int]) -> None:
        """Take articles out of the search index and its queue, before their texts change or go."""
        # The queue before the articles: in the order in which indexing locks them.
        queued = set(
            connection.scalars(
                delete(search_queue)
                .where(search_queue.c.article_id.in_(ids))
                .returning(search_queue.c.article_id)
            )
        )
        self._dialect.unindex(connection, [number for number in ids if number not in queued])

    def _queue_for_search(self, connection: Connection, ids: Sequence[int]) -> None:
        if ids:
            self._queued.run(connection, [{"article_id": number} for number in ids])


def dialect_of(url: str, patience: timedelta) -> Dialect:
    """Choose the database that a URL names."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(_wrong_url(url)) from error
    match parsed.get_backend_name():
        case "sqlite":
            return Sqlite(parsed, patience)
        case "postgresql" | "postgres":
            # Imported here: who stays with SQLite need not wait for it at each start.
            from monitor.store.postgres import Postgres  # noqa: PLC0415  see above

            return Postgres(parsed, patience)
        case _:
            raise StoreError(_wrong_url(parsed.render_as_string(hide_password=True)))


def _wrong_url(url: str) -> str:
    return (
        f'database: "{url}" names no database we can use; write for example '
        "sqlite:///data/monitor.db or postgresql://user:password@host/name"
    )


@contextmanager
def plain_words(dialect: Dialect) -> Iterator[None]:
    """Turn the database's failures into a StoreError; let what is our own bug pass."""
    try:
        yield
    except IntegrityError:
        raise
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _UNDEFINED_TABLE:
            raise
        raise StoreError(dialect.explain(error.orig or error)) from error
    except DBAPIError as error:
        raise StoreError(dialect.explain(error.orig or error)) from error
    except PoolTimeoutError as error:
        raise StoreError(
            f"the database {dialect.place} is too busy: all connections are in use; try again"
        ) from error
