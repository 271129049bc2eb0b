"""The process ends at the worst moments of a delivery; the next one finishes what it began."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from monitor.app import App
from monitor.model import DeliveryState, DigestItem
from tests.command import Monitor
from tests.factories import issue as made
from tests.factories import new_delivery, rendered, slot, window
from tests.scripted_smtp import HANG, Answer, MailServer, serve
from tests.test_service import PATIENCE, configure
from tests.test_service import monitor as started

MAIL = """
[mail]
from = "me@news.example"
host = "127.0.0.1"
port = {port}
security = "plain"
on_ambiguous = "{on_ambiguous}"
"""
KLING = "Kling makes films.\r\n" * 20
TO = ("ann@example.com", "bob@example.com")


def prepare(folder: Path, server: MailServer, *, on_ambiguous: str = "resend") -> Path:
    """Put a digest for two people into the outbox of a new database."""
    configure(folder, more=MAIL.format(port=server.port, on_ambiguous=on_ambiguous))
    path = folder / "config.toml"
    config = path.read_text("utf-8").replace(
        'name = "daily"\n', f'name = "daily"\nto = {list(TO)}\n'
    )
    path.write_text(config.replace("'", '"'), encoding="utf-8")
    with App.open(path) as app:
        now = app.clock()
        app.store.digest_started_at("daily", now)
        copies = tuple(
            new_delivery(to, message=f"Message-ID: <{to}>\r\nTo: {to}\r\n\r\n{KLING}".encode())
            for to in TO
        )
        app.store.enqueue(
            made(DigestItem(article_id=1, topic_id="kling"), deliveries=copies,
                 slot=slot(local_date=now.date(), due_at=now), window=window(until=now),
                 rendered=rendered()),
            now,
        )  # fmt: skip
    return path


def send(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "digest", "send"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Killer:
    """Kills the process that is being served, at the moment when it is asked for an answer."""

    def __init__(self) -> None:
        self.pid = 0
        self.ready = threading.Event()
        self.answer: Answer = HANG

    def __call__(self) -> str:
        assert self.ready.wait(PATIENCE)
        os.kill(self.pid, signal.SIGKILL)
        return str(self.answer)


POINTS = ["at_banner", "at_rcpt", "in_body", "at_end", "at_quit"]


@pytest.mark.parametrize(
    ("point", "on_ambiguous"),
    [*((point, "resend") for point in POINTS), ("at_data", "hold"), ("at_end", "hold")],
)
def test_killed_at_any_point_everybody_gets_one_id(
    tmp_path: Path, monitor: Monitor, point: str, on_ambiguous: str
) -> None:
    killer = Killer()
    with serve(MailServer(**{point: [killer]})) as server:  # type: ignore[arg-type]  # a field of its own
        path = prepare(tmp_path, server, on_ambiguous=on_ambiguous)
        with send(tmp_path) as first:
            killer.pid = first.pid
            killer.ready.set()
            assert first.wait(PATIENCE) == -signal.SIGKILL
        monitor("digest", "send")
        ids = [message_from_bytes(one, policy=default)["Message-ID"] for one in server.seen]
    with App.open(path) as app:
        states = {to: state for to, state, _ in app.store.digests()[0].deliveries}
    assert states["bob@example.com"] is DeliveryState.SENT
    assert ids.count("<bob@example.com>") == 1
    if on_ambiguous == "hold":
        # It died with Ann's copy in its hands.
        assert states["ann@example.com"] is DeliveryState.HELD
        assert ids.count("<ann@example.com>") <= 1
    else:
        assert states["ann@example.com"] is DeliveryState.SENT
        # A second copy, and under the same id, only if the whole mail had gone out before.
        assert ids.count("<ann@example.com>") == (2 if point in {"at_end", "at_quit"} else 1)


def test_asked_to_end_it_does_so_although_a_mail_server_keeps_it_waiting(tmp_path: Path) -> None:
    asked = threading.Event()

    def slow() -> str:
        asked.set()
        return HANG

    with serve(MailServer(at_end=[slow])) as server:
        path = prepare(tmp_path, server)
        with started("run", folder=tmp_path) as service:
            assert asked.wait(PATIENCE)
            assert service.stop() == 0
        with App.open(path) as app:
            states = [state for _, state, _ in app.store.digests()[0].deliveries]
            assert states == [DeliveryState.SENDING, DeliveryState.QUEUED]
        with started("run", folder=tmp_path) as service:
            wait_for(lambda: len(server.taken) == 2)
            assert service.stop() == 0
    ids = [message_from_bytes(one)["Message-ID"] for one in server.seen]
    assert sorted(ids) == ["<ann@example.com>", "<ann@example.com>", "<bob@example.com>"]


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    asked = threading.Event()

    def slow() -> str:
        asked.set()
        return HANG

    with serve(MailServer(at_end=[slow])) as server:
        prepare(tmp_path, server)
        with started("run", folder=tmp_path) as service:
            assert asked.wait(PATIENCE)
            service.popen.send_signal(signal.SIGTERM)
            service.line("stopping")
            assert service.stop() == 128 + signal.SIGTERM


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(PATIENCE * 20):
        if holds():
            return
        threading.Event().wait(0.05)
    pytest.fail("it did not come about")
