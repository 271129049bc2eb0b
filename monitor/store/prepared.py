"""Statements that are worked out once, not at each poll.

SQLAlchemy looks up what a statement is in the database's language, and how each value is stored and
read, every time; for a poll's few rows this takes several times as long as the database does. So
the statements of every poll go to the driver as they are, inside of SQLAlchemy's transaction.
"""

from collections import namedtuple
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select, Table, Update
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.exc import DBAPIError

from monitor.store.values import Values


class _Dialect(Protocol):
    engine: Engine

    def insert(self, table: Table) -> SqliteInsert | PostgresInsert: ...


class Prepared:
    """A SELECT, or an UPDATE that gives rows back.

    Args:
        dialect: The database.
        statement: What to execute; a parameter that expands takes a list of values.
        columns: Those that an UPDATE sets, each from a parameter of its name.
    """

    def __init__(
        self, dialect: _Dialect, statement: Select[Any] | Update, columns: Sequence[str] = ()
    ) -> None:
        kind = dialect.engine.dialect
        compiled = statement.compile(dialect=kind, column_keys=list(columns) or None)
        self._sql = str(compiled)
        self._in_order = compiled.positional
        names = compiled.positiontup or compiled.params
        binds = {name: compiled.binds[name] for name in names}
        self._lists = {name for name, bind in binds.items() if bind.expanding}
        #: Each parameter, its value where the statement has it, and how it is stored.
        self._parameters: list[tuple[str, Any, Any]] = [
            (name, binds[name].value, binds[name].type.dialect_impl(kind).bind_processor(kind))
            for name in names
        ]
        given = list(statement.exported_columns)
        self._row: Any = namedtuple("Row", [column.name for column in given])  # type: ignore[misc]  # noqa: PYI024  its fields are the statement's
        readers = [column.type.dialect_impl(kind).result_processor(kind, None) for column in given]
        self._readers = [(at, read) for at, read in enumerate(readers) if read]

    def rows(self, connection: Connection, **values: Any) -> list[Any]:  # noqa: ANN401  whatever its columns hold
        """Execute it; give its rows, which know their values by the columns' names."""
        sql = self._sql
        laid_out: dict[str, Any] = {}
        in_order: list[Any] = []
        for name, fixed, store in self._parameters:
            value = values.get(name, fixed)
            if name in self._lists:
                # A list without values is one of which nothing is among.
                laid_out_list = [store(one) if store else one for one in value] or [None]
                names = [f"{name}_{at}" for at in range(len(laid_out_list))]
                marks = ("?" if self._in_order else f"%({one})s" for one in names)
                sql = sql.replace(f"__[POSTCOMPILE_{name}]", ", ".join(marks))
                laid_out |= zip(names, laid_out_list, strict=True)
                in_order += laid_out_list
            else:
                laid_out[name] = store(value) if store else value
                in_order.append(laid_out[name])
        with closing(execute(connection, sql, in_order if self._in_order else laid_out)) as cursor:
            return [self._row._make(self._read(row)) for row in cursor.fetchall()]

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._readers:
            return row
        read = list(row)
        for at, reader in self._readers:
            read[at] = reader(read[at])
        return read


class Insertion:
    """Inserts those rows of a table that are not there yet.

    Args:
        dialect: The database.
        table: Where to.
        unique: The columns by which a row is known to be there.
        renewing: Whether a row that is there takes the new one's values.
    """

    def __init__(
        self, dialect: _Dialect, table: Table, unique: Sequence[str], *, renewing: bool = False
    ) -> None:
        kind = dialect.engine.dialect
        columns = [column for column in table.columns if column is not table.autoincrement_column]
        statement = dialect.insert(table)
        if renewing:
            others = [column.name for column in columns if column.name not in unique]
            statement = statement.on_conflict_do_update(
                index_elements=unique, set_={name: statement.excluded[name] for name in others}
            )
        else:
            statement = statement.on_conflict_do_nothing(index_elements=unique)
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
        names = [name for name, _ in self._lay_out]
        parameters: list[Any] = [
            [store(row[name]) if store else row[name] for name, store in self._lay_out]
            for row in rows
        ]
        if not self._in_order:
            parameters = [dict(zip(names, values, strict=True)) for values in parameters]
        with closing(execute(connection, self._sql, parameters, many=True)) as cursor:
            return int(cursor.rowcount)


def execute(connection: Connection, sql: str, parameters: Any = (), *, many: bool = False) -> Any:  # noqa: ANN401  the driver's own types
    """Hand a statement to the driver as it is; give its cursor. It fails as SQLAlchemy fails."""
    kind, raw = connection.dialect, connection.connection
    driver = kind.loaded_dbapi
    cursor = raw.cursor()
    try:
        (kind.do_executemany if many else kind.do_execute)(cursor, sql, parameters)
    except driver.Error as error:
        if kind.is_disconnect(error, raw.dbapi_connection, cursor):
            connection.invalidate(error)
        raise DBAPIError.instance(sql, parameters, error, driver.Error, dialect=kind) from error
    return cursor
