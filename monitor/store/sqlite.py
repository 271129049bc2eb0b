"""What is special about SQLite: how it is opened, locks, fails and searches.

A file that may not be written to can be read. Beside a database in use lies its log (`-wal`), from
which SQLite reads along; where none can be made, because the disk or the folder is only for
reading, the file is opened as one that nobody changes (`immutable`), and given up when a log
appears after all.
"""

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import quote

from sqlalchemy import (
    URL,
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    bindparam,
    column,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import sqlite

from monitor.errors import StoreError
from monitor.model import AllOf, AnyOf, IndexQuery, NoneOf, Phrase, UrlPart
from monitor.store.prepared import execute
from monitor.store.search import Indexed, clipped, indexed, to_index
from monitor.store.tables import articles

#: Characters that FTS5's tokeniser `unicode61` (Unicode 6.1) leaves as they are. All others are
#: written out as numbers behind a private character that it takes for a letter: it would split
#: at them, or fold them its own way.
_PLAIN = "a-z0-9ß-öø-ÿа-яぁ-ゖァ-ヺ一-鿌가-힣"
_ODD = re.compile(f"[^{_PLAIN} ]")
_ESCAPE = "\ue000"

#: Less is as good as nothing: SQLite makes the memory that its processes share 32 KB at a time.
_LEAST_FREE = 65_536


class Sqlite:
    """The embedded default: one file, one writer at a time, readers beside it."""

    #: SQLAlchemy's INSERT that knows ON CONFLICT.
    insert = staticmethod(sqlite.insert)
    #: A file belongs to one program.
    shared = False
    #: FTS5 tells that several words stand in one article.
    joins = True

    def __init__(self, url: URL, patience: timedelta) -> None:
        self.place = url.database or ""
        if self.place in {"", ":memory:"}:
            raise StoreError(
                "database: an archive needs a file; write for example sqlite:///data/monitor.db"
            )
        self._file = Path(self.place)
        _make_folder(self._file.parent, self.place)
        there = self._file.is_file()
        #: Opened as a file that nobody changes.
        self._unchanging = there and not _may_write(self._file.parent) and not self._has_log()
        #: Whether it can only be read.
        self.read_only = self._unchanging or (there and not _may_write(self._file))
        self._opened: tuple[int, int] | None = None
        if self._unchanging:
            query = {"immutable": "1", "uri": "true"}
            url = url.set(database=f"file:{quote(str(self._file.absolute()))}", query=query)
        self.engine: Engine = create_engine(url, connect_args={"timeout": patience.total_seconds()})
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    def prepare_database(self) -> None:
        """Choose the write-ahead log, which the file remembers: readers do not wait for writers."""
        raw = self.engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            raw.close()

    def remember_file(self) -> None:
        """Note which file was opened: only this one is ours, whatever its path leads to later."""
        self._opened = self._identity()

    def check_file(self) -> None:
        """Make sure that the opened file is still at its place.

        Who deletes the folder while the service runs would otherwise never learn that everything
        goes into a file that nobody can open any more.

        Raises:
            StoreError: It is not, or a file that was said not to change is in use.
        """
        found = self._identity()
        if found != self._opened:
            what = "is not there any more" if found is None else "was replaced by another one"
            raise StoreError(
                f"the database file {self.place} {what}, so nothing can be stored; stop the "
                "monitor, put the file back if you still have it, and start the monitor again"
            )
        if self._unchanging and self._has_log():
            raise StoreError(
                f"the database {self.place} was only for reading, but another program has begun to "
                "write to it; try again"
            )

    def _has_log(self) -> bool:
        """Whether the file is in use, or was not closed properly."""
        name = self._file.name
        return any(self._file.with_name(name + end).exists() for end in ("-wal", "-journal"))

    def _identity(self) -> tuple[int, int] | None:
        try:
            state = self._file.stat()
        except OSError:
            return None
        return state.st_dev, state.st_ino

    @staticmethod
    def wait_for_migration(connection: Connection) -> None:
        """Do nothing: `BEGIN IMMEDIATE` lets one process in at a time."""

    @staticmethod
    def hold_articles(connection: Connection, keys: Iterable[str] | None = None) -> None:
        """Do nothing: here only one writes at a time."""

    @staticmethod
    def index(connection: Connection, rows: Sequence[Indexed]) -> None:
        """Put articles into the index."""
        connection.execute(
            text(
                "INSERT INTO article_search(rowid, title, body, known)"
                " VALUES (:id, :title, :body, :known)"
            ),
            [_encoded_row(row) for row in rows],
        )

    @staticmethod
    def unindex(connection: Connection, ids: Sequence[int]) -> None:
        """Take articles out of the index, before their texts change or go.

        An index without a copy of the texts must be told what it holds, to the letter.
        """
        rows = connection.execute(to_index().where(articles.c.id.in_(ids)))
        if gone := [_encoded_row(indexed(row)) for row in rows]:
            connection.execute(
                text(
                    "INSERT INTO article_search(article_search, rowid, title, body, known) "
                    "VALUES ('delete', :id, :title, :body, :known)"
                ),
                gone,
            )

    @staticmethod
    def found(
        article_id: ColumnElement[int], query: IndexQuery, *, least: int = 0
    ) -> ColumnElement[bool]:
        """Give the condition that an article is found by a query (see `search.condition`).

        Args:
            article_id: The number of the article.
            query: What is asked.
            least: The least number that is wanted; above 0, the index need not give all it has.
        """
        hits = "SELECT rowid FROM article_search WHERE article_search MATCH :expression"
        given: list[BindParameter[Any]] = [bindparam("expression", expression(query), unique=True)]
        if least:
            hits += " AND rowid >= :least"
            given.append(bindparam("least", least, unique=True))
        found = text(hits).bindparams(*given).columns(column("rowid", Integer))
        return article_id.in_(found)

    def explain(self, error: BaseException) -> str:
        """Say in plain words what SQLite complains of, and what to do."""
        words = str(error)
        if "readonly" in words or "unable to open" in words:
            return f"the database {self.place} {self._hindrance()}"
        if "disk I/O" in words and shutil.disk_usage(self._file.parent).free < _LEAST_FREE:
            words = "disk is full"  # SQLite says so only of the file itself, not of its log
        for sign, meaning in _MEANINGS.items():
            if sign in words:
                return f"the database {self.place} {meaning}"
        return f"the database {self.place} did not do what was asked: {words}"

    def _hindrance(self) -> str:
        """Say what keeps us from opening or writing the file, as far as the system tells."""
        folder = self._file.parent
        if self._file.is_dir():
            return "is a folder; name a file in it"
        if folder.is_dir() and not _may_write(folder):
            if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
                return f"cannot be written to: its disk is only for reading{_ELSEWHERE}"
            return (
                f"cannot be written to: this user may not write to its folder, {folder}, where "
                f"SQLite needs to keep its log; change the folder's permissions{_ELSEWHERE}"
            )
        if self._file.exists() and not _may_write(self._file):
            return "cannot be written to: this user may not; change the file's permissions"
        return "cannot be opened or written to; check the permissions of the file and its folder"


_ELSEWHERE = ", or choose another place with `database` in the configuration"

_MEANINGS = {
    "locked": "is locked by another program; close what writes to it, then try again",
    "busy": "is locked by another program; close what writes to it, then try again",
    "disk is full": "cannot grow: the disk is full; free some space, then try again",
    "not a database": "is no SQLite file; move it away, or put a backup in its place",
    "malformed": "is damaged; put a backup in its place",
    "disk I/O": "cannot be read or written (disk I/O error); check the disk",
    "no such table": "lacks a table of ours; put a backup in its place, or move it away",
}


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _make_folder(folder: Path, place: str) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        file = next((path for path in (folder, *folder.parents) if path.is_file()), None)
        fix = f"{file} is a file; move it away" if file else f"{error.strerror}; make it yourself"
        raise StoreError(
            f"the folder of the database {place} cannot be made: {fix}{_ELSEWHERE}"
        ) from error


def _prepare(raw: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401  SQLAlchemy's own record
    # The driver would begin transactions where it sees fit; we do it in `_begin`.
    raw.isolation_level = None
    raw.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    """Begin at once as a writer what will write: upgrading a reader fails when others write."""
    options = connection.get_execution_options()
    if not options.get("writes"):
        execute(connection, "BEGIN")
        return
    # NORMAL may lose the last commits in a power cut, FULL does not.
    level = "FULL" if options.get("durable") else "NORMAL"
    if connection.info.get("synchronous") != level:
        # Cannot be changed inside a transaction.
        execute(connection, f"PRAGMA synchronous={level}")
        connection.info["synchronous"] = level
    execute(connection, "BEGIN IMMEDIATE")


def encoded(tokens: str) -> str:
    """Spell tokens so that FTS5 leaves each whole; the start of a word stays its start."""
    return _ODD.sub(lambda odd: f"{_ESCAPE}{ord(odd[0]):06x}", tokens)


def _encoded_row(row: Indexed) -> dict[str, Any]:
    title, body, known = map(_spelled, row.words)
    return {"id": row.id, "title": title, "body": body, "known": known}


def _spelled(tokens: Iterable[str]) -> str:
    # All at once: most have nothing odd, and there are hundreds in an article.
    return encoded(" ".join(tokens))


def expression(query: IndexQuery) -> str:
    """Write a query in FTS5's language; only encoded tokens in quotes reach it."""
    match query:
        case Phrase(tokens=tokens, prefix=prefix, field=field):
            words = f'"{_spelled(clipped(tokens))}"' + (" *" if prefix else "")
            return f"{field} : {words}" if field else words
        case AllOf(parts):
            return "(" + " AND ".join(map(expression, parts)) + ")"
        case AnyOf(parts):
            return "(" + " OR ".join(map(expression, parts)) + ")"
        case NoneOf() | UrlPart():
            raise ValueError("negations and addresses are left to SQL")
        case _:
            assert_never(query)
