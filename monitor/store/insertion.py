"""An INSERT of many rows that is worked out once, not at each poll."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

from monitor.store.values import Values


class _Dialect(Protocol):
    engine: Engine

    def insert(self, table: Table) -> SqliteInsert | PostgresInsert: ...


class Insertion:
    """Inserts those rows of a table that are not there yet.

    SQLAlchemy would look up the statement, and how each value of each row is stored, every time;
    for a poll's rows this takes longer than to store them.

    Args:
        dialect: The database.
        table: Where to.
        unique: The columns by which a row is known to be there.
    """

    def __init__(self, dialect: _Dialect, table: Table, unique: Sequence[str]) -> None:
        kind = dialect.engine.dialect
        columns = [column for column in table.columns if column is not table.autoincrement_column]
        statement = dialect.insert(table).on_conflict_do_nothing(index_elements=unique)
        compiled = statement.inline().compile(
            dialect=kind, column_keys=[column.name for column in columns]
        )
        self._sql = str(compiled)
        self._in_order = compiled.positional
        self._lay_out = [
            (column.name, column.type.dialect_impl(kind).bind_processor(kind)) for column in columns
        ]

    def run(self, connection: Connection, rows: Sequence[Values]) -> int:
        """Insert rows, each with a value for every column; say how many were not there."""
        laid_out = [
            {name: store(row[name]) if store else row[name] for name, store in self._lay_out}
            for row in rows
        ]
        parameters: Any = [tuple(row.values()) for row in laid_out] if self._in_order else laid_out
        return connection.exec_driver_sql(self._sql, parameters).rowcount
