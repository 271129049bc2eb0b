"""The wire: httpx over connections that the guard allows, and its errors in plain words."""

import errno
import logging
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from http.cookiejar import CookieJar

import httpcore
import httpx

from monitor import __version__
from monitor.fetch.failure import Failure
from monitor.fetch.guard import GuardedNetwork
from monitor.model import FailureKind, Validators

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request at INFO

#: Where a server's owner can read who asks. Reserved by RFC 2606 until the project has a home.
PROJECT_URL = "https://news-monitor.example/"

_HEADERS = {
    "User-Agent": f"NewsMonitor/{__version__} (+{PROJECT_URL})",
    "Accept": (
        "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
        "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
    ),
    # Nothing but gzip: 400 bytes of brotli can become 500 MB before any limit is looked at.
    "Accept-Encoding": "gzip",
    "Connection": "close",
}


class _Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1 through the guard; httpx's own transport would look names up by itself."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=b"",
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Stream(response))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


class _NoCookies(CookieJar):
    """Does not even read them."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Take nothing."""


def make_client(
    network: GuardedNetwork, context: ssl.SSLContext, concurrency: int
) -> httpx.AsyncClient:
    """Make a client that dials through the guard and remembers nothing."""
    pool = httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=concurrency,
        max_keepalive_connections=0,  # the next poll is an hour away
        network_backend=network,
    )
    return httpx.AsyncClient(
        transport=_Transport(pool),
        headers=_HEADERS,
        cookies=_NoCookies(),
        timeout=None,  # noqa: S113  httpx counts anew with each byte; the walk has a deadline
        trust_env=False,  # a proxy from the environment would dial for us, past the guard
    )


def conditions(validators: Validators) -> list[tuple[bytes, bytes]]:
    """Give the headers of a conditional request, the server's own bytes (see `body.header`)."""
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
    if isinstance(error, httpx.RemoteProtocolError | httpx.InvalidURL | UnicodeError):
        # httpx has a look at each redirect of its own; nothing else of its errors gets here.
        return Failure(FailureKind.REDIRECT, "the server redirects to no web address")
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
