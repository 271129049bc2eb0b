"""A scripted HTTP server on 127.0.0.1: each path answers what the test wrote down, well or badly.

    with serve({"/feed": Answer(body=b"<rss/>", etag='"1"')}) as server:
        server.url("/feed")                          # http://127.0.0.1:PORT/feed
        server.script["/feed"] = Answer(status=500)  # may change at any time
        server.seen                                  # the requests so far, in order of arrival

A script's value is an `Answer`, a list of them (given one after the other; the last one stays) or a
function from `Seen` to `Answer`. A path that is not in the script gets 404. Every connection has a
thread of its own, so that an answer may wait for another request (a `threading.Barrier` proves that
requests run side by side without looking at a clock).
"""

import contextlib
import gzip
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says, byte for byte where it matters."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/rss+xml"
    #: With it the server answers 304 to a request that carries the same value.
    etag: str | None = None
    last_modified: str | None = None
    #: Compresses the body and says so.
    gzipped: bool = False
    #: Content-Length as sent; None means the true one, "" leaves it out.
    content_length: str | None = None
    #: Sent instead of status line, headers and body.
    raw: bytes | None = None
    #: After everything else: repeated until the client goes away or the server stops.
    drip: bytes = b""
    #: After everything else: keeps the connection open, silent, until the server stops.
    hang: bool = False
    #: Seconds that the server takes to close the connection after its answer.
    close_after: float = 0
    #: At the end the connection is not closed but torn down (TCP reset).
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


Script = Answer | Sequence[Answer] | Callable[[Seen], Answer]


@dataclass(slots=True)
class ScriptedServer:
    """A running server: where it is, what it says, what it saw."""

    origin: str
    script: dict[str, Script] = field(repr=False)
    seen: list[Seen] = field(default_factory=list, repr=False)
    stopping: threading.Event = field(default_factory=threading.Event)
    #: The most requests that were in progress at the same time, each until its connection closes.
    most_at_once: int = 0
    _in_progress: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        """The address of one path."""
        return self.origin + path

    @property
    def port(self) -> int:
        """The port, for tests that put another name before it."""
        return int(self.origin.rpartition(":")[2])

    def paths(self) -> list[str]:
        """The paths that were asked for, in order of arrival."""
        return [seen.path for seen in self.seen]

    def answer(self, seen: Seen) -> Answer:
        """Write the request down and choose the answer."""
        with self._lock:
            self.seen.append(seen)
            self._in_progress += 1
            self.most_at_once = max(self.most_at_once, self._in_progress)
            entry = self.script.get(seen.path, Answer(status=404))
            if isinstance(entry, Sequence):
                answer = entry[0]
                self.script[seen.path] = entry[1:] or answer
                return answer
        return entry if isinstance(entry, Answer) else entry(seen)

    def answered(self) -> None:
        """Note that a connection is about to be closed."""
        with self._lock:
            self._in_progress -= 1


@contextlib.contextmanager
def serve(
    script: Mapping[str, Script] | None = None, *, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Run a server for the length of the block; with `tls` it speaks https."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client left, as scripted
                _converse(self.request, server, tls)

    class TCPServer(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 256

    with TCPServer(("127.0.0.1", 0), Handler) as tcp:
        scheme = "https" if tls else "http"
        server = ScriptedServer(f"{scheme}://127.0.0.1:{tcp.server_address[1]}", dict(script or {}))
        thread = threading.Thread(target=tcp.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            tcp.shutdown()
            thread.join()


def _converse(
    connection: socket.socket, server: ScriptedServer, tls: ssl.SSLContext | None
) -> None:
    """Read one request, send its answer."""
    if tls is not None:
        connection = tls.wrap_socket(connection, server_side=True)
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = connection.recv(65536)
            if not chunk:
                return
            head += chunk
        request_line, *lines = head.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
        method, path, _ = request_line.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        seen = Seen(method=method, path=path, headers=headers)
        try:
            answer = server.answer(seen)
            connection.sendall(_message(answer, seen))
            while answer.drip and not server.stopping.wait(0.005):
                connection.sendall(answer.drip)
            if answer.hang or answer.close_after:
                server.stopping.wait(None if answer.hang else answer.close_after)
        finally:
            server.answered()
        if answer.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _message(answer: Answer, seen: Seen) -> bytes:
    if answer.raw is not None:
        return answer.raw
    headers = {"Content-Type": answer.content_type, "Connection": "close"}
    if answer.etag is not None:
        headers["ETag"] = answer.etag
    if answer.last_modified is not None:
        headers["Last-Modified"] = answer.last_modified
    status, body = answer.status, answer.body
    if _unchanged(answer, seen):
        status, body = 304, b""
    elif answer.gzipped:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    length = str(len(body)) if answer.content_length is None else answer.content_length
    if length and status != 304:
        headers["Content-Length"] = length
    headers |= answer.headers
    lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _unchanged(answer: Answer, seen: Seen) -> bool:
    """RFC 9110, 13.2.2: If-None-Match decides alone when it is there."""
    if answer.status != 200:
        return False
    if "if-none-match" in seen.headers:
        return answer.etag is not None and seen.headers["if-none-match"] == answer.etag
    since = seen.headers.get("if-modified-since")
    return since is not None and since == answer.last_modified


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unheard-of"
