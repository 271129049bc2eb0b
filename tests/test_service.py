"""The service as people start it: a process of its own, real feeds on loopback, a real browser's
requests, and signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue
from random import SystemRandom

import httpx
import pytest

from monitor.serve import Stop
from tests.scripted import Answer, Seen, serve
from tests.test_cli import CONFIG, FEED

#: Seconds; it is reached only by a test that fails.
PATIENCE = 200


@dataclass
class Process:
    """A running `monitor`, read line by line."""

    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _queue: "Queue[str | None]" = field(default_factory=Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for a line that the pattern is found in."""
        while True:
            try:
                line = self._queue.get(timeout=PATIENCE)
            except Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {pattern}; it said:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(PATIENCE)


@contextmanager
def monitor(*words: str, folder: Path) -> Iterator[Process]:
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", *words],
        cwd=folder,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()


def configure(folder: Path, *feeds: str, port: int = 0, more: str = "") -> None:
    web = f'[web]\nlisten = "127.0.0.1:{port or free_port()}"\n'
    tables = "".join(f'[[feed]]\nurl = "{url}"\n' for url in feeds)
    (folder / "config.toml").write_text(CONFIG + web + more + tables, encoding="utf-8")


def free_port() -> int:
    """Choose a port below those that the system hands out: it is still free when it is used."""
    while True:
        # The tests' own generator begins alike in all processes that run them side by side.
        port = SystemRandom().randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def test_it_polls_shows_and_ends_cleanly(tmp_path: Path) -> None:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as server:
        # One dead feed is no dead network.
        configure(tmp_path, server.url("/feed"), f"http://127.0.0.1:{free_port()}/feed")
        with monitor("run", folder=tmp_path) as service:
            url = service.line(r"the archive is at (\S+)")[1]
            service.line(
                "feeds polled: 2, changed: 1, unchanged: 0, failed: 1; new articles: 2, matches: 1"
            )
            service.line("the digest to look at: .*/digests/next")
            service.line("preview.html")
            page = httpx.get(url).text
            assert "https://post.example/kling" in page
            assert "Sparkling water" not in page
            assert "is this machine online" not in page
            assert "Kling 4" in httpx.get(f"{url}/digests/next/mail").text
            assert (tmp_path / "data" / "outbox" / "preview.html").exists()
            with monitor("run", folder=tmp_path) as second:
                second.line("another monitor .* already works on .*monitor.db")
                assert second.popen.wait(PATIENCE) == 1
            with monitor("search", "Kling", "--json", folder=tmp_path) as search:
                search.line("Kling 4")
                assert search.popen.wait(PATIENCE) == 0
            assert service.stop() == 0


def test_a_signal_ends_it_while_a_server_keeps_it_waiting(tmp_path: Path) -> None:
    asked = threading.Event()

    def slow(_: Seen) -> Answer:
        asked.set()
        return Answer(hang=True, raw=b"HTTP/1.1 200 OK\r\n")

    with serve({"/slow": slow}) as server:
        configure(tmp_path, server.url("/slow"))
        with monitor("run", folder=tmp_path) as service:
            url = service.line(r"the archive is at (\S+)")[1]
            assert asked.wait(PATIENCE)
            assert "Reading 1 feed: 0 done" in httpx.get(url).text
            assert service.stop() == 0


def test_without_a_network_one_line_says_so_and_of_a_taken_port_too(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        configure(tmp_path, *(f"http://127.0.0.1:{port}/feed" for port in ports), port=taken)
        with monitor("run", folder=tmp_path) as service:
            service.line(f"port {taken} is taken")
            url = service.line(r"the archive is at (\S+)")[1]
            service.line("none of 3 feeds answered: no connection; is this machine online")
            service.line("the digest to look at")
            assert sum("answered" in line for line in service.lines) == 1
            page = httpx.get(url).text
            assert "None of 3 feeds answered" in page
            assert re.search(r"next try at \d\d:\d\d", page)


def test_a_public_address_needs_a_token(tmp_path: Path) -> None:
    configure(tmp_path)
    with monitor("run", "--token-file", "token", folder=tmp_path) as service:
        link = service.line(r"the archive is at (\S+)")[1]
        base = link.partition("/?")[0]
        assert httpx.get(base).status_code == 401
        with httpx.Client(follow_redirects=True) as browser:
            assert browser.get(link).status_code == 200
            assert browser.get(f"{base}/feeds").status_code == 200


def test_the_demo_shows_a_digest_twice_the_same(tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        with monitor("demo", "--folder", "demo", folder=tmp_path) as demo:
            demo.line("NEWS MONITOR")
            url = demo.line(r"the archive is at (\S+)")[1]
            mail = demo.line(r"the digest to look at: (\S+)")[1]
            assert "Kling" in httpx.get(f"{mail}/mail").text
            told.append([line for line in demo.lines if line.startswith("* ")])
            assert "Kling" in httpx.get(f"{url}/digests").text
            assert demo.stop(signal.SIGINT) == 0
    assert len(told[0]) > 5
    assert told[0] == told[1]


def test_a_service_that_was_killed_leaves_nothing_in_the_way_of_the_next(tmp_path: Path) -> None:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as server:
        configure(tmp_path, server.url("/feed"))
        now = datetime.now(UTC).isoformat()
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "starts").write_text(f"{now}\n" * 4, encoding="utf-8")
        with monitor("run", folder=tmp_path) as service:
            url = service.line(r"the archive is at (\S+)")[1]
            service.line("asks no feed and sends no mail before")
            assert "monitor died several times" in httpx.get(url).text
            assert service.stop() == 0
        assert server.seen == []
        with monitor("run", folder=tmp_path) as service:
            service.line("new articles: 2")
            assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        with monitor("poll", "--force", "--json", folder=tmp_path) as again:
            assert again.popen.wait(PATIENCE) == 0
            again.line('"unchanged": 1')
            again.line('"articles_new": 0')


def test_a_signal_wakes_it_whichever_thread_gets_it() -> None:
    stop, over = Stop(), threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    with stop.listening():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        os.kill(os.getpid(), signal.SIGTERM)
        assert any(stop.wait(timedelta(seconds=PATIENCE)) for _ in range(2))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    over.set()


def test_it_goes_on_when_nobody_reads_its_words_any_more(tmp_path: Path) -> None:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as server:
        port = free_port()
        configure(tmp_path, server.url("/feed"), port=port)
        words = [sys.executable, "-m", "monitor", "run"]
        with subprocess.Popen(
            words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as service:
            assert service.stdout
            assert service.stderr
            assert b"the archive is at" in service.stdout.readline()
            service.stdout.close()
            assert b"feeds polled: 1" in service.stderr.readline()
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
            service.terminate()
            assert service.wait(PATIENCE) == 0


def test_a_database_that_vanished_is_told_once_and_on_the_page(tmp_path: Path) -> None:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as server:
        configure(tmp_path, server.url("/feed"))
        with monitor("run", folder=tmp_path) as service:
            url = service.line(r"the archive is at (\S+)")[1]
            service.line("the digest to look at")
            for file in (tmp_path / "data").glob("monitor.db*"):
                file.unlink()
            assert httpx.get(url).status_code == 503
            service.line("failed: .*monitor.db")
            assert service.stop() == 0
