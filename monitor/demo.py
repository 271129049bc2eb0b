"""The demo's stage: sample feeds on a real local server, and a folder configured for them.

The feeds are files in `sample/`, written by hand. `{{ago 2h05m}}` in them stands for a moment
before the demo's start, in the way in which the format writes a date.
"""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self
from urllib.parse import urlsplit

from monitor.config import TopicConfig
from monitor.errors import BusyError, MonitorError

SAMPLE = Path(__file__).with_name("sample")

#: The first words of the demo's configuration: what tells a demo's folder from anybody's data.
_MARK = "# Made by `monitor demo`"
_AGO = re.compile(r"\{\{ago (\d+)h(\d\d)m\}\}")


@dataclass(frozen=True, slots=True)
class _Format:
    content_type: str
    date: Callable[[datetime], str]


_FORMATS = {
    ".rss": _Format("application/rss+xml; charset=utf-8", format_datetime),
    ".atom": _Format("application/atom+xml; charset=utf-8", datetime.isoformat),
    ".rdf": _Format("application/rdf+xml; charset=utf-8", datetime.isoformat),
    ".json": _Format("application/feed+json", datetime.isoformat),
}


@dataclass(frozen=True, slots=True)
class _Page:
    content_type: str
    body: bytes

    @property
    def etag(self) -> str:
        return f'"{blake2b(self.body, digest_size=8).hexdigest()}"'


class SampleServer:
    """Serves the sample feeds on 127.0.0.1, with ETags and 304, until the end of its block.

    Args:
        now: The demo's start, from which the feeds' dates count back; timezone-aware.
    """

    def __init__(self, now: datetime) -> None:
        self._pages = _pages(now.replace(microsecond=0))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},  # how long `stop` waits
            name="sample feeds",
            daemon=True,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the server is: "http://127.0.0.1:40123"."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def feeds(self) -> tuple[str, ...]:
        """The addresses of all sample feeds."""
        return tuple(self.url + path for path in self._pages)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            # Eight feeds of one host come over few connections, as from a real server.
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                page = pages.get(urlsplit(self.path).path)
                if page is None:
                    self._answer(
                        HTTPStatus.NOT_FOUND, _Page("text/plain", b"no such sample feed\n")
                    )
                elif self.headers["If-None-Match"] == page.etag:
                    self._answer(HTTPStatus.NOT_MODIFIED, _Page(page.content_type, b""), page.etag)
                else:
                    self._answer(HTTPStatus.OK, page, page.etag)

            def _answer(self, status: HTTPStatus, page: _Page, etag: str | None = None) -> None:
                self.send_response(status)
                if etag:
                    self.send_header("ETag", etag)
                if status != HTTPStatus.NOT_MODIFIED:
                    self.send_header("Content-Type", page.content_type)
                    self.send_header("Content-Length", str(len(page.body)))
                self.end_headers()
                self.wfile.write(page.body)

            def log_message(self, *_: object) -> None:
                """Say nothing: the demo's terminal tells what to look at."""

        return Handler


def _pages(now: datetime) -> dict[str, _Page]:
    pages = {}
    for file in sorted(SAMPLE.iterdir()):
        if style := _FORMATS.get(file.suffix):
            text = _dated(file.read_text(encoding="utf-8"), now, style.date)
            pages[f"/{file.name}"] = _Page(style.content_type, text.encode())
    return pages


def _dated(text: str, now: datetime, date: Callable[[datetime], str]) -> str:
    return _AGO.sub(lambda ago: date(now - timedelta(hours=int(ago[1]), minutes=int(ago[2]))), text)


def prepare(
    folder: Path,
    server_url: str,
    *,
    at: str = "07:30",
    topics: Sequence[TopicConfig] | None = None,
) -> Path:
    """Make the demo's folder anew, whatever the last demo left there, and give its configuration.

    Args:
        folder: The demo's own; it need not exist.
        server_url: Where the sample feeds are served.
        at: When the demo's digest is due, in the machine's time zone.
        topics: What to look for in the sample news; None for the demo's own topics.

    Raises:
        BusyError: A demo is running in this folder.
        MonitorError: The folder holds something else, which is left as it is.
    """
    config = folder / "config.toml"
    try:
        _clear(folder, config)
        folder.mkdir(parents=True, exist_ok=True)
        config.write_text(_configuration(server_url, at, topics), encoding="utf-8")
    except OSError as error:
        raise MonitorError(
            f"the demo cannot use {folder}: {error.strerror or error}; "
            "name another folder with --folder"
        ) from error
    return config


def _configuration(server_url: str, at: str, topics: Sequence[TopicConfig] | None) -> str:
    text = (SAMPLE / "config.toml").read_text(encoding="utf-8")
    if topics is not None:
        head, _, rest = text.partition("[[topic]]")
        text = head + "".join(map(_table, topics)) + "[[digest]]" + rest.partition("[[digest]]")[2]
    network = f"127.0.0.1/32:{urlsplit(server_url).port}"
    for name, value in {"base": server_url, "network": network, "at": at}.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _table(topic: TopicConfig) -> str:
    """Write a topic as it could stand in a configuration."""
    # An empty list is left out, since a key beside it (within without near) would be a fault.
    given = {k: value for k, value in topic.model_dump().items() if value not in (None, (), {})}
    if not topic.near:
        given.pop("within")
    lines = [f"{key} = {_value(value)}" for key, value in given.items()]
    return "\n".join(["[[topic]]", *lines, "", ""])


def _value(value: object) -> str:
    # What JSON says of texts, numbers and lists is TOML as well.
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_value(key)} = {_value(v)}" for key, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _clear(folder: Path, config: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (config.is_file() and config.read_text("utf-8", errors="replace").startswith(_MARK)):
        raise MonitorError(
            f"{folder} holds something other than a demo, and the demo would remove it; "
            "name a new or empty folder with --folder"
        )
    _refuse_running(folder)
    # The configuration goes last (it is overwritten): a demo stopped half way is still one.
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != config:
            entry.unlink()


def _refuse_running(folder: Path) -> None:
    """Raise BusyError if a demo holds the lock beside its database."""
    import fcntl  # noqa: PLC0415  absent on Windows, where a running demo's files refuse removal

    for lock in folder.glob("data/*.lock"):
        with lock.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BusyError(
                    f"a demo is already running in {folder}; look at its page, or end it first"
                ) from error
