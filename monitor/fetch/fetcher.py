"""The walk of one feed to its answer, and who waits for whom.

A walk is a few hops: one, and one more for each redirect. Each hop first waits for its turn (few
at a time for one host, a pause between them, a limit for all); only the hop itself, from the
look-up of the name to the last byte, uses up the feed's deadline.
"""

import asyncio
import contextlib
import logging
import queue
import ssl
import stat
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import responses as phrases
from http.cookiejar import CookieJar
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from monitor import __version__
from monitor.config import FetchConfig
from monitor.fetch import body
from monitor.fetch.failure import Failure
from monitor.fetch.guard import GuardedNetwork, Resolve, allowance, in_thread, system_addresses
from monitor.model import (
    NO_VALIDATORS,
    FailureKind,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    NotModified,
    Validators,
)

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request at INFO

MAX_REDIRECTS = 10

_HEADERS = {
    "User-Agent": f"NewsMonitor/{__version__} (+https://pypi.org/project/news-monitor/)",
    "Accept": (
        "application/atom+xml, application/rss+xml, application/rdf+xml, application/feed+json, "
        "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
    ),
    # Nothing but gzip: 400 bytes of brotli can become 500 MB before any limit is looked at.
    "Accept-Encoding": "gzip",
    "Connection": "close",
}

#: httpcore looks at all connections of a pool on each event: several small pools cost less.
_POOLS = 8
#: Results that wait for the caller; then the fetches behind them wait too.
_WAITING_RESULTS = 20

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})

R = TypeVar("R")
Deliver = Callable[[FetchResult], Awaitable[None]]


class Fetcher:
    """Asks for feeds. It owns a thread with an event loop until it is closed.

    The pauses between requests to one host are kept from one `fetch_many` to the next.

    Args:
        config: Limits, pace, and what may be asked.
        resolve: Gives the addresses of a host; the machine's resolver as usual.
    """

    def __init__(self, config: FetchConfig, *, resolve: Resolve = system_addresses) -> None:
        self._config = config
        self._hosts: dict[bytes, _Host] = {}
        self._places = asyncio.Semaphore(config.concurrency)
        network = GuardedNetwork([allowance(entry) for entry in config.allow], resolve)
        context = httpx.create_ssl_context()  # 17 ms and 0.7 MB each: one for all
        self._clients = [_client(network, context, config.concurrency) for _ in range(_POOLS)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up all fetches under way, and end the thread; may be called again."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._give_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fetch_many(self, requests: Iterable[FetchRequest]) -> Iterator[FetchResult]:
        """Ask for many feeds at once and give each one's result as it arrives, in any order.

        Exactly one result comes for each request, whatever its address and its server do; none
        comes any more once the fetcher is closed. A caller who stops early ends the rest. While the
        caller is busy, results wait for it without loss, and new fetches are not started.
        """
        if self._loop.is_closed():
            return
        arrived: queue.SimpleQueue[FetchResult | None] = queue.SimpleQueue()
        room = asyncio.Semaphore(_WAITING_RESULTS)

        async def deliver(result: FetchResult) -> None:
            await room.acquire()
            arrived.put(result)

        run = asyncio.run_coroutine_threadsafe(self._run(tuple(requests), deliver), self._loop)
        run.add_done_callback(lambda _: arrived.put(None))
        try:
            while (result := arrived.get()) is not None:
                with contextlib.suppress(RuntimeError):  # closed meanwhile
                    self._loop.call_soon_threadsafe(room.release)
                yield result
            with contextlib.suppress(CancelledError):  # closed meanwhile
                run.result()
        finally:
            run.cancel()

    async def _run(self, requests: Iterable[FetchRequest], deliver: Deliver) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for request in requests:
                    group.create_task(self._walk(request, deliver))
        finally:
            now = self._loop.time()
            self._hosts = {
                name: host
                for name, host in self._hosts.items()
                if host.users or host.next_start > now
            }

    async def _give_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self._clients:
            await client.aclose()

    async def _walk(self, request: FetchRequest, deliver: Deliver) -> None:
        """Follow one feed to its answer, and deliver exactly one result."""
        walk = _Walk(request=request, seconds_left=self._config.deadline.total_seconds())
        if request.url[:5].lower() == "file:":
            async with self._places:
                return await deliver(await self._ended(walk, self._file))
        try:
            walk.start()
        except Failure as failure:
            return await deliver(walk.failed(failure))
        while True:
            async with self._turn(walk.url.raw_host):
                result = await self._ended(walk, self._hop)
                if result is not None:
                    # Still in turn: a caller who cannot keep up slows the fetching down.
                    return await deliver(result)

    @contextlib.asynccontextmanager
    async def _turn(self, name: bytes) -> AsyncIterator[None]:
        """Wait until a request to this host may start, and hold its place until the block ends."""
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._config.per_host)))
        host.users += 1
        try:
            async with host.places:
                async with host.door:
                    await asyncio.sleep(host.next_start - self._loop.time())
                    await self._places.acquire()
                    host.next_start = self._loop.time() + self._config.host_gap.total_seconds()
                try:
                    yield
                finally:
                    self._places.release()
        finally:
            host.users -= 1

    async def _ended(
        self, walk: "_Walk", step: Callable[["_Walk"], Awaitable[R]]
    ) -> R | FetchFailed:
        """Do one step within the time that the walk has left; every error becomes a result."""
        started = self._loop.time()
        try:
            async with asyncio.timeout(walk.seconds_left):
                return await step(walk)
        except Failure as failure:
            return walk.failed(failure)
        except (TimeoutError, httpcore.TimeoutException):
            seconds = self._config.deadline.total_seconds()
            return walk.failed(
                Failure(FailureKind.TIMEOUT, f"no complete answer within {seconds:g} s")
            )
        except Exception as error:  # noqa: BLE001  one feed must never stop the others
            return walk.failed(_failure(error, walk))
        finally:
            walk.seconds_left -= self._loop.time() - started

    async def _hop(self, walk: "_Walk") -> FetchResult | None:
        """Ask one address; None means that the walk goes on at another."""
        client = self._clients[zlib.crc32(walk.url.raw_host) % _POOLS]
        request = client.build_request("GET", walk.url, headers=_conditions(walk.validators))
        response = await client.send(request, stream=True)
        try:
            return await _read(response, walk)
        finally:
            await response.aclose()

    async def _file(self, walk: "_Walk") -> FetchResult:
        if not self._config.allow_files:
            raise Failure(
                FailureKind.REFUSED,
                "files on this machine are not read. If this one is meant, write [fetch] "
                "allow_files = true",
            )
        return await in_thread(lambda: _read_file(walk.request))


@dataclass(slots=True)
class _Host:
    """One host's pace."""

    #: How many may be in progress.
    places: asyncio.Semaphore
    #: Who holds it is the next to start.
    door: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: By the loop's clock.
    next_start: float = 0.0
    #: Walks that wait here or are in progress.
    users: int = 0


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Where one feed's walk stands."""

    request: FetchRequest
    seconds_left: float
    url: httpx.URL = field(default_factory=httpx.URL)
    passed: set[str] = field(default_factory=set)
    moved_to: str | None = None
    #: Whether all redirects so far were permanent.
    permanent: bool = True

    @property
    def validators(self) -> Validators:
        # They go along with redirects: a feed behind a temporary one got its validators from there.
        return self.request.validators

    def start(self) -> None:
        """Take the feed's address as the first one."""
        try:
            url = httpx.URL(self.request.url)
        except (httpx.InvalidURL, ValueError) as error:  # lone surrogates are a ValueError
            raise Failure(
                FailureKind.REFUSED, f"this is no web address: {_plain(str(error))}"
            ) from error
        self._go(url)

    def follow(self, status: int, location: str | None) -> None:
        """Go where a redirect points to.

        Fragment and user name are dropped: neither belongs to a feed's address, and a password must
        not come from a stranger.
        """
        if location is None:
            raise Failure(FailureKind.REDIRECT, f"{_said(status)}, but not where to", status=status)
        if len(self.passed) > MAX_REDIRECTS:
            raise Failure(
                FailureKind.REDIRECT,
                f"the server redirects on and on, more than {MAX_REDIRECTS} times",
                status=status,
            )
        try:
            url = self.url.join(location).copy_with(fragment=None, userinfo=b"")
        except (httpx.InvalidURL, ValueError) as error:
            raise _bad_redirect(error) from error
        if str(url) in self.passed:
            raise Failure(FailureKind.REDIRECT, "the server redirects in a circle", status=status)
        self._go(url)
        self.permanent = self.permanent and status in _PERMANENT
        if self.permanent:
            self.moved_to = str(url)

    def _go(self, url: httpx.URL) -> None:
        if url.scheme not in {"http", "https"} or not url.raw_host:
            raise Failure(
                FailureKind.REFUSED,
                f'"{_plain(str(url))}" is not on the web; only http:// and https:// are polled',
            )
        self.url = url
        self.passed.add(str(url))

    def failed(self, failure: Failure) -> FetchFailed:
        return FetchFailed(
            feed_url=self.request.feed_url,
            kind=failure.kind,
            reason=failure.reason,
            status=failure.status,
            retry_after=failure.retry_after,
        )


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


def _client(
    network: GuardedNetwork, context: ssl.SSLContext, concurrency: int
) -> httpx.AsyncClient:
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


def _conditions(validators: Validators) -> list[tuple[bytes, bytes]]:
    pairs = (
        (b"If-None-Match", validators.etag),
        (b"If-Modified-Since", validators.last_modified),
    )
    return [(name, value.encode("latin-1")) for name, value in pairs if value]


async def _read(response: httpx.Response, walk: _Walk) -> FetchResult | None:
    headers, status = response.headers.raw, response.status_code
    match status:
        case 200:
            return Fetched(
                feed_url=walk.request.feed_url,
                url=str(walk.url),
                moved_to=walk.moved_to,
                body=await body.read(response.aiter_raw(), headers),
                content_type=body.header(headers, b"content-type") or "",
                validators=body.validators(headers),
                max_age=body.max_age(headers),
            )
        case 304 if walk.validators != NO_VALIDATORS:
            return NotModified(
                feed_url=walk.request.feed_url,
                moved_to=walk.moved_to,
                validators=body.validators(headers),
                max_age=body.max_age(headers),
            )
        case _ if status in _REDIRECTS:
            walk.follow(status, _location(headers))
            return None
    kind = FailureKind.GONE if status == 410 else FailureKind.STATUS
    raise Failure(
        kind,
        _said(status),
        status=status,
        retry_after=body.retry_after(headers, datetime.now(UTC)),
    )


def _location(headers: body.RawHeaders) -> str | None:
    location = body.header(headers, b"location")
    if location is None:
        return None
    with contextlib.suppress(UnicodeDecodeError):  # Latin-1, then
        return location.encode("latin-1").decode()
    return location


def _said(status: int) -> str:
    # The server's own phrase is not repeated: it can be anything.
    return f"the server said {status} {phrases.get(status, '')}".rstrip()


def _read_file(request: FetchRequest) -> FetchResult:
    """Read a file; its time and size stand for its version."""
    parts = urlsplit(request.url)
    if parts.netloc.lower() not in {"", "localhost"} or not parts.path.startswith("/"):
        raise Failure(
            FailureKind.REFUSED,
            "this is no address of a file; write it such as file:///home/me/feed.xml",
        )
    try:
        path = Path(unquote(parts.path, errors="surrogateescape"))
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise Failure(FailureKind.REFUSED, "this is no regular file")
        version = Validators(etag=f'"{state.st_mtime_ns:x}-{state.st_size:x}"')
        if version == request.validators:
            return NotModified(feed_url=request.feed_url, moved_to=None, validators=version)
        with path.open("rb") as file:
            content = file.read(body.MAX_BODY_BYTES + 1)
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        words = getattr(error, "strerror", None) or "its name is no proper name"
        raise Failure(FailureKind.CONNECT, f"the file could not be read: {words}") from error
    if len(content) > body.MAX_BODY_BYTES:
        raise body.too_large()
    return Fetched(
        feed_url=request.feed_url,
        url=request.url,
        moved_to=None,
        body=content,
        content_type="",
        validators=version,
    )


def _failure(error: Exception, walk: _Walk) -> Failure:
    """Put a foreign error into words for a person."""
    chain = list(_causes(error))
    tls = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        words = getattr(tls, "verify_message", "") or (tls.reason or "it failed").lower()
        return Failure(FailureKind.TLS, f"no secure connection: {words.replace('_', ' ')}")
    if isinstance(error, httpcore.ConnectError | OSError):
        words = next((e.strerror for e in chain if isinstance(e, OSError) and e.strerror), "")
        host = walk.url.netloc.decode("ascii")
        return Failure(
            FailureKind.CONNECT, f"no connection to {host}: {words or 'the server closed it'}"
        )
    if isinstance(error, httpx.RemoteProtocolError):  # httpx itself looks at redirects only
        return _bad_redirect(error)
    if isinstance(error, httpcore.NetworkError):
        return Failure(FailureKind.PROTOCOL, "the connection broke off in the middle of the answer")
    if isinstance(error, httpcore.ProtocolError):
        return Failure(
            FailureKind.PROTOCOL,
            f"the answer is cut off or no proper HTTP: {_plain(str(error))}",
        )
    log.error("fetch failed", exc_info=error, extra={"feed": walk.request.feed_url})
    return Failure(
        FailureKind.PROTOCOL,
        f"the answer made no sense: {_plain(f'{type(error).__name__}: {error}')}",
    )


def _bad_redirect(error: Exception) -> Failure:
    return Failure(
        FailureKind.REDIRECT, f"the server redirects to no web address: {_plain(str(error))}"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _plain(text: str) -> str:
    """Make a stranger's text fit for a line of a report."""
    return text.encode("ascii", "backslashreplace").decode("ascii")[:200]
