"""Opening a database: its tables, its versions, and every way it can be wrong."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from monitor.errors import StoreError
from monitor.store import open_store
from monitor.store.tables import HEAD, metadata
from tests.factories import NOW


def test_the_migrations_make_the_tables_that_the_code_knows(new_url: str) -> None:
    def ours(name: str | None, _kind: str, _parents: object) -> bool:
        # The search index and what FTS5 keeps beside it are no tables of ours, and one index is
        # SQLite's alone.
        return not (name or "").startswith(("article_search", "ix_articles_facets"))

    store = open_store(new_url)
    with store._engine.connect() as connection:
        options = {"include_name": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
    store.close()
    assert differences == [], "write a migration for what you changed in tables.py"


def test_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "monitor:store/migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_database_of_a_newer_version_is_left_alone(new_url: str) -> None:
    store = open_store(new_url)
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match=r"newer News Monitor .*9999.* install the newer version"):
        open_store(new_url)


def test_an_up_to_date_database_opens_without_alembic(sqlite_url: str) -> None:
    code = (
        "import sys; from monitor.store import open_store; "
        f"open_store({sqlite_url!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_two_processes_may_open_a_new_database_at_once(new_url: str) -> None:
    code = f"from monitor.store import open_store; open_store({new_url!r}).close()"
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]


def test_the_log_is_written_ahead(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    with store._engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    store.close()


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param(["articles", "authors"], id="a name of ours"),
        pytest.param(["alembic_version", "articles"], id="migrated by Alembic too"),
    ],
)
def test_a_database_of_another_program_is_left_alone(new_url: str, tables: list[str]) -> None:
    other = other_program(new_url, tables)
    with pytest.raises(StoreError, match=r"belongs to another program .*articles"):
        open_store(new_url)
    with other.connect() as connection:
        assert set(inspect(connection).get_table_names()) == set(tables)
    other.dispose()


def test_a_file_belongs_to_one_program_a_server_may_be_shared(new_url: str) -> None:
    other_program(new_url, ["albums"]).dispose()
    if new_url.startswith("sqlite"):
        with pytest.raises(StoreError, match="its tables: albums"):
            open_store(new_url)
    else:
        open_store(new_url).close()


def other_program(url: str, tables: list[str]) -> Engine:
    """Make a database with these tables, as some other program would."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir()
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"CREATE TABLE {table} (id integer, version_num text)"))
    return engine


def make_garbage(folder: Path) -> str:
    (folder / "garbage.db").write_bytes(b"This is no database. " * 100)
    return f"sqlite:///{folder}/garbage.db"


def make_folder(folder: Path) -> str:
    (folder / "folder.db").mkdir()
    return f"sqlite:///{folder}/folder.db"


def make_blocked(folder: Path) -> str:
    (folder / "file").write_text("in the way")
    return f"sqlite:///{folder}/file/monitor.db"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(make_garbage, "is no SQLite file", id="another file"),
        pytest.param(make_folder, "is a folder; name a file in it", id="a folder"),
        pytest.param(make_blocked, "file is a file; move it away", id="a folder's name taken"),
        pytest.param(lambda _: "sqlite://", "sqlite:///data/monitor.db", id="memory"),
        pytest.param(lambda _: "data/monitor.db", "write for example", id="no URL"),
        pytest.param(lambda _: "mysql://host/name", "write for example", id="another database"),
        pytest.param(
            lambda _: "postgresql://nobody:secret@127.0.0.1:1/news",
            "did not answer",
            id="unreachable",
        ),
    ],
)
def test_what_cannot_be_opened_is_said_in_plain_words(
    tmp_path: Path, make: Callable[[Path], str], words: str
) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(make(tmp_path))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r'pip install "news-monitor\[postgres\]"'):
        open_store("postgresql://host/name")


def test_a_full_disk_is_said_in_plain_words(sqlite_url: str) -> None:
    store = open_store(sqlite_url, patience=timedelta(0))
    with store._engine.connect() as connection:
        # The only connection of the pool: what it may not grow to is what the disk has left.
        connection.execute(text("PRAGMA max_page_count = 1"))
    with pytest.raises(StoreError, match="disk is full; free some space"):
        store.accept_config(text="x" * 1_000_000, hash="x", topics=[], now=NOW)
    store.close()
