"""A disk that is full from any one operation on: nothing is lost, nothing comes twice."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy.engine.default import DefaultDialect

from monitor.app import App
from monitor.errors import StoreError
from monitor.model import ArchiveFilter, Delivery, DeliveryState, SendResult, Sent
from monitor.poll import Round, poll_due
from tests.scripted import Answer, serve
from tests.test_cli import FEED
from tests.test_deliver import Plain

#: The digest's slot; the service was started the day before.
SLOT = datetime.fromisoformat("2026-03-11T12:00:00+00:00")
TICK = timedelta(seconds=15)

CONFIG = """
timezone = "UTC"
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling"]
[[digest]]
name = "daily"
at = "12:00"
to = ["ann@example.com", "bob@example.com"]
[mail]
from = "Monitor <monitor@example.com>"
host = "mail.example.com"
[fetch]
allow = ["127.0.0.0/8"]
host_gap = "0s"
"""


class Disk:
    """Is full after so many operations, those that begin and end transactions too."""

    def __init__(self) -> None:
        self.left: float = float("inf")
        self.operations = 0

    def use(self, *_: object) -> None:
        self.operations += 1
        self.left -= 1
        if self.left < 0:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()

    def checked(step: Callable[..., None]) -> Callable[..., None]:
        def used(self: DefaultDialect, *operation: object) -> None:
            disk.use()
            step(self, *operation)

        return used

    # Not SQLAlchemy's events, which the statements of polls pass by.
    for name in ("do_execute", "do_executemany", "do_execute_no_params", "do_commit"):
        monkeypatch.setattr(DefaultDialect, name, checked(getattr(DefaultDialect, name)))
    return disk


@dataclass
class FakeMailer:
    sent: Counter[str] = field(default_factory=Counter)

    def send(self, delivery: Delivery) -> SendResult:
        self.sent[delivery.message_id] += 1
        return Sent()


@dataclass
class Service:
    """What a service does at a tick, step by step; a step that fails ends only itself."""

    folder: Path
    round: Round
    mailer: FakeMailer = field(default_factory=FakeMailer)
    now: datetime = SLOT
    app: App | None = None
    errors: set[str] = field(default_factory=set)

    def tick(self) -> None:
        try:
            if self.app is None:
                self.app = self._started()
            app, work = self.app, replace(self.round, store=self.app.store, clock=lambda: self.now)
        except StoreError as error:
            self.errors.add(str(error))
            return  # and somebody starts it again
        steps: list[Callable[[], object]] = [
            lambda: poll_due(work),
            app.store.index_pending,
            lambda: app.grouper.group_stories(self.now),
            app.compose_due,
            lambda: app.drain_outbox(self.mailer),
        ]
        for step in steps:
            try:
                step()
            except StoreError as error:
                self.errors.add(str(error))

    def _started(self) -> App:
        app = App.open(self.folder / "config.toml", clock=lambda: self.now)
        vars(app)["templates"] = Plain([])
        try:
            app.accept()
        except StoreError:
            app.store.close()
            raise
        return app


@contextmanager
def started_yesterday(folder: Path) -> Iterator[tuple[Path, Round]]:
    """Give the database of a service that ran yesterday, and parts for its rounds."""
    with serve({"/feed": Answer(body=FEED)}) as server:
        config = folder / "config.toml"
        config.write_text(CONFIG + f'[[feed]]\nurl = "{server.url("/feed")}"\n', encoding="utf-8")
        with App.open(config, clock=lambda: SLOT - timedelta(days=1, hours=-1)) as app:
            app.accept()
            app.store.close()
            with app.round() as work:
                yield folder / "data" / "monitor.db", work


def test_wherever_the_disk_is_full_the_next_tick_makes_it_whole(tmp_path: Path, disk: Disk) -> None:
    with started_yesterday(tmp_path) as (original, work):
        copies = tmp_path / "copy" / "data"
        copies.mkdir(parents=True)
        shutil.copy(tmp_path / "config.toml", copies.parent)
        for number in count(step=7):  # all of them take half a minute
            shutil.copy(original, copies / "monitor.db")
            service = Service(copies.parent, work)
            disk.left = number
            service.tick()
            reached, disk.left = disk.left < 0, float("inf")
            service.now += TICK
            service.tick()
            assert service.app
            (row,) = service.app.store.page(ArchiveFilter()).articles
            assert row.article.title == "Kling 4 & its rivals", number
            (issue,) = service.app.store.digests()
            assert issue.items == 1, number
            assert [state for _, state, _ in issue.deliveries] == [DeliveryState.SENT] * 2, number
            assert all("the disk is full" in error for error in service.errors), number
            assert list(service.mailer.sent.values()) == [1, 1], number
            service.app.store.close()
            for file in copies.iterdir():
                file.unlink()
            if not reached:
                break
    assert number > 50
