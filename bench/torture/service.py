"""`python -m monitor run` as torture starts it: the real command, on a clock that torture sets.

    python -m bench.torture.service CLOCK_FILE [ORDER …]

The monitor has one clock, `app.utc_now`; only that one is moved, by the seconds in CLOCK_FILE,
which may change while the service runs. So a day passes in seconds, timeouts stay real, and nothing
but Python is needed (libfaketime would move the timeouts, too). An order is one of

    kill:statement:N      SIGKILL before the N-th statement to the database
    kill:commit:N         SIGKILL before the N-th commit
    kill:committed:N      SIGKILL after it
    fail:N:M              statements N to M find the disk full
    files:N               at most N open files
    grow:N                no file grows beyond N bytes, as on a full disk
"""

import mmap
import os
import resource
import signal
import sqlite3
import struct
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy.engine.default import DefaultDialect

from monitor import cli, scheduler
from monitor.app import App

TICK = timedelta(seconds=0.2)


def clock(file: Path) -> Callable[[], datetime]:
    """Give a clock that goes wrong by as many seconds as the file says."""
    with file.open("rb") as handle:
        shared = mmap.mmap(handle.fileno(), 8, access=mmap.ACCESS_READ)
    return lambda: datetime.now(UTC) + timedelta(seconds=struct.unpack("d", shared)[0])


def set_clock(file: Path, seconds: float) -> None:
    """Let the clocks that follow a file go wrong by so many seconds from now on."""
    with file.open("r+b" if file.exists() else "w+b") as handle:
        handle.write(struct.pack("d", seconds))


def die() -> None:
    """End as if the power went: no handler, no `finally`, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


def follow(order: str) -> None:
    """Arm one order."""
    match order.split(":"):
        case ["kill", "statement", number]:
            _at_statement(lambda n, _: die() if n == int(number) else None)
        case ["kill", moment, number]:
            _at_commit(int(number), before=moment == "commit")
        case ["fail", first, last]:
            _at_statement(
                lambda n, cursor: _find_disk_full(cursor) if int(first) <= n <= int(last) else None
            )
        case ["files", number]:
            resource.setrlimit(resource.RLIMIT_NOFILE, (int(number), int(number)))
        case ["grow", number]:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(number), int(number)))
        case _:
            raise ValueError(order)


def _find_disk_full(cursor: object) -> None:
    if isinstance(cursor, sqlite3.Cursor):
        raise sqlite3.OperationalError("database or disk is full")
    raise psycopg.errors.DiskFull("could not extend file: No space left on device")


def _at_statement(act: Callable[[int, object], None]) -> None:
    numbers = count(1)

    def counting(execute: Callable[..., None]) -> Callable[..., None]:
        def counted(self: DefaultDialect, cursor: object, *statement: object) -> None:
            act(next(numbers), cursor)
            execute(self, cursor, *statement)

        return counted

    # Inside of what SQLAlchemy guards: a failure looks like the database's own. Not its events,
    # which the statements of polls pass by.
    for name in ("do_execute", "do_executemany", "do_execute_no_params"):
        setattr(DefaultDialect, name, counting(getattr(DefaultDialect, name)))


def _at_commit(number: int, *, before: bool) -> None:
    numbers = count(1)
    commit: Callable[[DefaultDialect, object], None] = DefaultDialect.do_commit

    def counted(self: DefaultDialect, connection: object) -> None:
        due = next(numbers) == number
        if due and before:
            die()
        commit(self, connection)
        if due:
            die()

    DefaultDialect.do_commit = counted  # type: ignore[method-assign]  # of whichever database


def main() -> None:
    """Run the service."""
    _, file, *orders = sys.argv
    App.open.__func__.__kwdefaults__["clock"] = clock(Path(file))  # type: ignore[attr-defined]
    for name in ("POLL_TICK", "DELIVER_TICK", "INDEX_TICK", "GROUP_TICK"):
        setattr(scheduler, name, TICK)
    for order in orders:
        follow(order)
    sys.argv = ["monitor", "run"]
    cli.main()


if __name__ == "__main__":
    main()
