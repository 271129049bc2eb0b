"""Who waits for whom.

A walk is a few hops: one, and one more for each redirect. Each hop first waits for its turn (few
at a time for one host, a pause between them, a limit for all); only the hop itself, from the
look-up of the name to the last byte, uses up the feed's deadline.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import httpcore

from monitor.config import FetchConfig
from monitor.fetch.failure import Failure
from monitor.fetch.guard import GuardedNetwork, Resolve, allowance, in_thread, system_addresses
from monitor.fetch.local import read_file
from monitor.fetch.walk import Walk, read
from monitor.fetch.wire import Wire, failure_of
from monitor.model import FailureKind, FetchFailed, FetchRequest, FetchResult

#: Results that wait for the caller; then the fetches behind them wait too.
_WAITING_RESULTS = 20

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
        self._wire = Wire(network)
        self._loop = asyncio.new_event_loop()
        #: Held while work is handed to the loop: none may come after the loop was told to end.
        self._gate = threading.Lock()
        self._closed = False
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
        with self._gate:
            if self._closed:
                return
            self._closed = True
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
        arrived: queue.SimpleQueue[FetchResult | None] = queue.SimpleQueue()
        room = asyncio.Semaphore(_WAITING_RESULTS)

        async def deliver(result: FetchResult) -> None:
            await room.acquire()
            arrived.put(result)

        asked = tuple(requests)
        with self._gate:
            if self._closed:
                return
            run = asyncio.run_coroutine_threadsafe(self._run(asked, deliver), self._loop)
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

    async def _walk(self, request: FetchRequest, deliver: Deliver) -> None:
        """Follow one feed to its answer, and deliver exactly one result."""
        walk = Walk(request=request, seconds_left=self._config.deadline.total_seconds())
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

    async def _ended(self, walk: Walk, step: Callable[[Walk], Awaitable[R]]) -> R | FetchFailed:
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
            return walk.failed(failure_of(error, walk.url))
        finally:
            walk.seconds_left -= self._loop.time() - started

    async def _hop(self, walk: Walk) -> FetchResult | None:
        """Ask one address; None means that the walk goes on at another."""
        host = self._hosts[walk.url.raw_host]
        async with self._wire.get(
            walk.url, walk.validators, others_wait=lambda: host.users > self._config.per_host
        ) as response:
            return await read(response, walk)

    async def _file(self, walk: Walk) -> FetchResult:
        if not self._config.allow_files:
            raise Failure(
                FailureKind.REFUSED,
                "files on this machine are not read. If this one is meant, write [fetch] "
                "allow_files = true",
            )
        return await in_thread(lambda: read_file(walk.request))


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
