"""What is special about PostgreSQL: how it is reached, locks, fails and searches."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, assert_never

from sqlalchemy import (
    URL,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    column,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql

from monitor.errors import StoreError
from monitor.model import AllOf, AnyOf, Field, IndexQuery, NoneOf, Phrase, UrlPart
from monitor.query import GAP, SIGN, STOP, TOUCH, Words
from monitor.store.search import Indexed, clipped

#: Limits of a tsvector: a position is at most 16,383, a word keeps 256 of them, the whole has 1 MB.
MAX_POSITION = 16_383
MAX_POSITIONS = 256
MAX_VECTOR_BYTES = 900_000

#: A server that vanished without a word (a cable, a firewall) is given up after a minute; by the
#: system's own measure, a step would wait for it for hours.
_PATIENCE_WITH_THE_NETWORK = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

#: Any number of our own: processes that migrate at the same time wait for each other on it.
_MIGRATION_LOCK = 7_306_921
#: Processes that store the same articles wait for each other on locks of this class: one lock for
#: each of so many groups of keys.
_ARTICLE_LOCKS = 7_306_922
_ARTICLE_GROUPS = 64


class Postgres:
    """The database for more than one machine."""

    #: SQLAlchemy's INSERT that knows ON CONFLICT.
    insert = staticmethod(postgresql.insert)
    #: Other programs may have tables of their own in it.
    shared = True
    #: A long article lies in several rows of the index: whether it has each of several words is
    #: asked for each by itself.
    joins = False
    #: What a role may do is found out by doing it.
    read_only = False

    def __init__(self, url: URL, patience: timedelta) -> None:
        self.place = f"{url.database or ''} at {url.host or 'the local socket'}"
        # Changed by `set`, so that it works behind a connection pooler too.
        wait = f"SET lock_timeout = {int(patience.total_seconds() * 1000)}"

        def prepare(raw: Any, _record: Any) -> None:  # noqa: ANN401  the driver's own types
            raw.execute(wait)
            raw.execute("SET TIME ZONE 'UTC'")  # moments as text are then in UTC
            raw.commit()

        try:
            self.engine: Engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args=_PATIENCE_WITH_THE_NETWORK,
            )
        except ImportError as error:
            raise StoreError(
                "PostgreSQL needs a driver that is not installed; "
                'write: pip install "news-monitor[postgres]"'
            ) from error
        event.listen(self.engine, "connect", prepare)

    def prepare_database(self) -> None:
        """Do nothing: a PostgreSQL database is ready."""

    @staticmethod
    def remember_file() -> None:
        """Do nothing: a server looks after its files."""

    @staticmethod
    def check_file() -> None:
        """Do nothing: a server looks after its files."""

    @staticmethod
    def wait_for_migration(connection: Connection) -> None:
        """Let one process migrate at a time."""
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))

    @staticmethod
    def hold_articles(connection: Connection, keys: Iterable[str] | None = None) -> None:
        """Keep other processes from articles of these keys (None: all) until the transaction ends.

        Two feeds list the same articles in different orders: each transaction would end up waiting
        for an article that the other has just stored. These locks are taken in one order.
        """
        groups = (
            list(range(_ARTICLE_GROUPS))
            if keys is None
            else sorted({zlib.crc32(key.encode()) % _ARTICLE_GROUPS for key in keys})
        )
        connection.execute(
            text(
                "SELECT pg_advisory_xact_lock(:locks, number)"
                " FROM unnest(CAST(:groups AS integer[])) AS number"
            ),
            {"locks": _ARTICLE_LOCKS, "groups": groups},
        )

    @staticmethod
    def index(connection: Connection, rows: Sequence[Indexed]) -> None:
        """Put articles into the index."""
        connection.execute(
            text(
                "INSERT INTO article_search (article_id, part, tokens)"
                " VALUES (:id, :part, CAST(:tokens AS tsvector))"
            ),
            [
                {"id": row.id, "part": part, "tokens": tokens}
                for row in rows
                for part, tokens in enumerate(vectors(row.words))
            ],
        )

    @staticmethod
    def unindex(connection: Connection, ids: Sequence[int]) -> None:
        """Take articles out of the index, before their texts change."""
        connection.execute(
            text("DELETE FROM article_search WHERE article_id = ANY(:ids)"), {"ids": list(ids)}
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
        hits = "SELECT article_id FROM article_search WHERE tokens @@ CAST(:expression AS tsquery)"
        given: list[BindParameter[Any]] = [bindparam("expression", expression(query), unique=True)]
        if least:
            hits += " AND article_id >= :least"
            given.append(bindparam("least", least, unique=True))
        found = text(hits).bindparams(*given).columns(column("article_id", BigInteger))
        return article_id.in_(found)

    def explain(self, error: BaseException) -> str:
        """Say in plain words what PostgreSQL or the way to it complains of, and what to do."""
        words = " ".join(str(error).split())
        state = getattr(error, "sqlstate", None)
        if state in _MEANINGS:
            return f"the PostgreSQL database {self.place} {_MEANINGS[state]}"
        if state is None:
            return (
                f"the PostgreSQL database {self.place} did not answer: {words}; "
                "check that it runs and that `database` in the configuration is right"
            )
        return f"the PostgreSQL database {self.place} did not do what was asked: {words}"


_MEANINGS = {
    "55P03": "is locked by another program; end what writes to it, then try again",
    "40P01": "was changed by two programs that waited for each other; try again",
    "53100": "cannot grow: its disk is full; free some space, then try again",
    "42P01": "lacks a table of ours; restore a backup, or name an empty database",
}


#: A token with its place and its label: A in the title, D elsewhere.
_Placed = tuple[str, int, str]
#: How many places further the next word stands, and how many more if something stands between the
#: two. Two steps are more than the longest, so that what is so far apart are neighbours.
_STEP = 5
_MORE = {TOUCH: 1, SIGN: 2, STOP: 3, GAP: 4}
#: So far apart nothing is asked for.
_FAR = 2 * _STEP
#: A phrase on the border of two parts stands in the second one too: no term has more tokens.
_OVERLAP = 400
_LABELS: dict[Field | None, str] = {None: "", "title": "A", "body": "D"}


def vectors(words: Words) -> Iterator[str]:
    """Write an article as tsvectors: more than one where it exceeds the limits of one.

    Each word has its places; what stands between words moves them further.
    """
    placed = list(_placed(words))
    start = 0
    while True:
        end = _end_of_part(placed, start)
        yield _vector(placed[start:end])
        if end == len(placed):
            return
        start = max(end - _OVERLAP, (start + end) // 2 + 1)


def _placed(words: Words) -> Iterator[_Placed]:
    place = 0
    for tokens, label in ((words.known, ""), (words.title, "A"), (words.body, "")):
        place += _FAR
        for token in tokens:
            if token in _MORE:
                place += _MORE[token]
            else:
                place += _STEP
                yield token, place, label


def _end_of_part(placed: Sequence[_Placed], start: int) -> int:
    """Say where a part that begins here has to end."""
    times: Counter[str] = Counter()
    size = 0
    first = placed[start][1] if placed else 0
    for at in range(start, len(placed)):
        token, place, _ = placed[at]
        size += 3 if times[token] else len(token.encode()) + 11
        times[token] += 1
        beyond = place - first >= MAX_POSITION or times[token] > MAX_POSITIONS
        if beyond or size > MAX_VECTOR_BYTES:
            return at
    return len(placed)


def _vector(placed: Sequence[_Placed]) -> str:
    places: dict[str, list[str]] = {}
    for token, place, label in placed:
        places.setdefault(token, []).append(f"{place - placed[0][1] + 1}{label}")
    return " ".join(f"{_quoted(token)}:{','.join(known)}" for token, known in places.items())


def expression(query: IndexQuery) -> str:
    """Write a query as a tsquery; only quoted tokens reach it."""
    match query:
        case Phrase(tokens=tokens, prefix=prefix, field=field):
            return f"({_phrase(clipped(tokens), _LABELS[field], prefix=prefix)})"
        case AllOf(parts):
            return "(" + " & ".join(map(expression, parts)) + ")"
        case AnyOf(parts):
            return "(" + " | ".join(map(expression, parts)) + ")"
        case NoneOf() | UrlPart():
            raise ValueError("negations and addresses are left to SQL")
        case _:
            assert_never(query)


def _phrase(tokens: Sequence[str], label: str, *, prefix: bool) -> str:
    written = ""
    step = _STEP
    for number, token in enumerate(tokens, 1):
        if token in _MORE:
            step += _MORE[token]
            continue
        signs = label + ("*" if prefix and number == len(tokens) else "")
        word = _quoted(token) + (f":{signs}" if signs else "")
        written += f" <{step}> {word}" if written else word
        step = _STEP
    return written


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"
