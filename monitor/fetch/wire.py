"""The wire: HTTP/1.1 over connections that the guard allows, and its errors in plain words."""

import asyncio
import contextlib
import errno
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import httpcore
import httpx

from monitor import __version__
from monitor.fetch.failure import Failure
from monitor.fetch.guard import GuardedNetwork
from monitor.model import FailureKind, Validators

log = logging.getLogger(__name__)

#: Where a server's owner can read who asks. Reserved by RFC 2606 until the project has a home.
PROJECT_URL = "https://news-monitor.example/"

_HEADERS = (
    (b"User-Agent", f"NewsMonitor/{__version__} (+{PROJECT_URL})".encode()),
    (
        b"Accept",
        (
            b"application/atom+xml, application/rss+xml, application/rdf+xml, "
            b"application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
            b"application/json;q=0.8, */*;q=0.5"
        ),
    ),
    # Nothing but gzip: 400 bytes of brotli can become 500 MB before any limit is looked at.
    (b"Accept-Encoding", b"gzip"),
    (b"Connection", b"close"),
)

#: How long a server is given to close a connection after its answer.
_GOODBYE_SECONDS = 1.0
#: And how much of an answer that nobody wants is taken for it.
_GOODBYE_CHUNKS = 16
_CHUNK_BYTES = 64 * 1024


class Wire:
    """Asks for addresses, dialling through the guard. Each request has a connection of its own.

    The next poll of a host is an hour away, so there is no pool. No cookie is kept, no environment
    read: a proxy from there would dial for us, past the guard.
    """

    def __init__(self, network: GuardedNetwork) -> None:
        self._network = network
        self._context = httpx.create_ssl_context()  # 17 ms and 0.7 MB each: one for all

    @contextlib.asynccontextmanager
    async def get(
        self, url: httpx.URL, validators: Validators, *, others_wait: Callable[[], bool]
    ) -> AsyncIterator[httpcore.Response]:
        """Send one request; give the answer's head, from which the body can be read.

        Args:
            url: Where to ask.
            validators: What the request is conditional on.
            others_wait: Whether somebody waits for this host. Then the server closes the connection
                first, if it does so soon: until that moment it counts the request as going on.
        """
        target = httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        connection = httpcore.AsyncHTTPConnection(
            target.origin, ssl_context=self._context, network_backend=self._network
        )
        headers = [(b"Host", url.netloc), *_HEADERS, *_conditions(validators)]
        try:
            response = await connection.handle_async_request(
                httpcore.Request("GET", target, headers=headers)
            )
            refused = None
            try:
                yield response
            except Failure as failure:
                refused = failure
            if others_wait():
                await _goodbye(response.extensions["network_stream"])
            if refused:
                raise refused
        finally:
            await connection.aclose()


async def _goodbye(stream: httpcore.AsyncNetworkStream) -> None:
    """Wait until the server closes the connection; what it still sends is no use to anybody."""
    with contextlib.suppress(TimeoutError, httpcore.NetworkError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            for _ in range(_GOODBYE_CHUNKS):
                if not await stream.read(_CHUNK_BYTES):
                    return


def _conditions(validators: Validators) -> list[tuple[bytes, bytes]]:
    """Give the headers of a condition, the server's own bytes (see `body.header`)."""
    pairs = (
        (b"If-None-Match", validators.etag),
        (b"If-Modified-Since", validators.last_modified),
    )
    return [(name, value.encode("latin-1")) for name, value in pairs if value]


def failure_of(error: Exception, url: httpx.URL) -> Failure:
    """Put a foreign error into words for a person."""
    chain = list(_causes(error))
    tls = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return Failure(FailureKind.TLS, f"no secure connection: {_tls_words(tls)}")
    if isinstance(error, httpcore.ConnectError | OSError):
        numbers = (cause.errno for cause in chain if isinstance(cause, OSError))
        words = next(map(_connection_words, filter(None, numbers)), "the server closed it")
        host = url.netloc.decode("ascii")
        return Failure(FailureKind.CONNECT, f"no connection to {host}: {words}")
    if isinstance(error, httpcore.NetworkError):
        return Failure(FailureKind.PROTOCOL, "the connection broke off in the middle of the answer")
    if isinstance(error, httpcore.ProtocolError):
        said = str(error)
        words = next((plain for sign, plain in _PROTOCOL_WORDS.items() if sign in said), _NO_HTTP)
        return Failure(FailureKind.PROTOCOL, words)
    log.error("fetch failed", exc_info=error, extra={"url": str(url)})
    return Failure(
        FailureKind.PROTOCOL, "the monitor could not read the answer; its log has the details"
    )


def _tls_words(error: ssl.SSLError) -> str:
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
        return "the server does not speak TLS there; is the address http instead of https?"
    said = getattr(error, "verify_message", "") or (error.reason or "it failed").lower()
    return str(said).replace("_", " ")


_NO_HTTP = "the answer is no proper HTTP"
#: What h11 and httpcore say of a broken answer, and the same for a person.
_PROTOCOL_WORDS = {
    "illegal status line": "the server does not speak HTTP at this address",
    "Receive buffer too long": "the header of the answer is too long",
    "without sending a response": "the server closed the connection without an answer",
    "peer closed connection": "the answer is cut off: the server closed the connection too early",
}


def _connection_words(number: int) -> str:
    return "nothing listens there" if number == errno.ECONNREFUSED else os.strerror(number)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
