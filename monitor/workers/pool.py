"""Worker processes for hostile documents: each job has a time and a memory limit that hold.

A thread cannot be stopped inside a regular expression, and `concurrent.futures` gives up its whole
pool when one worker dies. So: a few plain child processes, each with a pipe; what takes too long is
killed and replaced. They are fresh interpreters, not started by `multiprocessing`, because that
imports the program's main module again in every child.
"""

import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from monitor.errors import ClosedError
from monitor.model import JobFailed

#: Parsers leak and fragment: a worker is replaced after so many jobs. To start one keeps a
#: processor busy for a quarter of a second, which is thirty feeds read in full.
JOBS_PER_WORKER = 2_000
# A loaded machine may need seconds to start a process; one that needs this long never will.
_START_SECONDS = 60.0

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])

R = TypeVar("R")


class Workers(Generic[R]):
    """Runs one function in up to `workers` child processes, started when first needed.

    `run` may be called from many threads at once and waits for a free worker. `close` ends all
    children; calls under way then raise ClosedError, so that nobody records a failure that was
    none.

    Args:
        function: What each child runs, as "module:function"; imported there and nowhere else.
        workers: How many jobs are done at the same time.
        timeout: How long one job may keep a processor busy before its worker ends.
        patience: How long one job may take by the clock before its worker is killed: longer, since
            a job that a busy machine keeps waiting is not to blame.
        memory_bytes: How much address space one worker may take.
    """

    def __init__(
        self,
        function: str,
        *,
        workers: int,
        timeout: timedelta,
        patience: timedelta,
        memory_bytes: int,
    ) -> None:
        self._function = function
        self._timeout = timeout
        self._patience = patience
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._closing = threading.Lock()
        self._closed = False
        self._workers: set[_Worker] = set()
        # The one used last is taken first, so that a quiet monitor keeps one worker, not all.
        self._places: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._size = workers
        for _ in range(workers):
            self._places.put(None)

    def run(self, *arguments: object) -> R | JobFailed:
        """Do one job; a failure is a value that says in plain words what was wrong."""
        worker: _Worker | None = self._places.get()
        try:
            if worker is None or not worker.is_fit:
                worker = self._replaced(worker)
            result: R | JobFailed = worker.run(arguments, self._timeout, self._patience)
        except (EOFError, OSError) as error:
            exit_code = self._discard(worker)
            worker = None
            result = self._failure(error, exit_code)
        except BaseException:
            # Interrupted between question and answer: the next job must not get this one's answer.
            self._discard(worker)
            worker = None
            raise
        finally:
            self._places.put(worker)
        if self._closed and isinstance(result, JobFailed):
            raise ClosedError("the worker pool is closed")
        return result

    def rest(self) -> None:
        """End the children that have nothing to do; the next job starts new ones."""
        for _ in range(self._size):
            try:
                worker = self._places.get_nowait()
            except queue.Empty:
                return
            self._discard(worker)
            self._places.put(None)

    def close(self) -> None:
        """End all children and wait for them. May be called twice, and at any moment."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()
        # Every call under way has lost its child and gives its place back; two who collect places
        # at the same time would wait for each other.
        with self._closing:
            places = [self._places.get() for _ in range(self._size)]
            for place in places:
                self._discard(place)
                self._places.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _replaced(self, old: "_Worker | None") -> "_Worker":
        self._discard(old)
        with self._lock:
            if self._closed:
                raise ClosedError("the worker pool is closed")
            worker = _Worker(self._function, self._patience, self._memory_bytes)
            self._workers.add(worker)
        return worker

    def _discard(self, worker: "_Worker | None") -> int | None:
        if worker is None:
            return None
        exit_code = worker.end()
        with self._lock:
            self._workers.discard(worker)
        return exit_code

    def _failure(self, error: EOFError | OSError, exit_code: int | None) -> JobFailed:
        if exit_code == -signal.SIGPROF:
            return JobFailed(reason=f"needed more than {self._timeout.total_seconds():g} s")
        match error:
            case TimeoutError() | BlockingIOError():
                seconds = self._patience.total_seconds()
                return JobFailed(reason=f"gave no answer within {seconds:g} s")
            case ChildProcessError():
                return JobFailed(reason=f"could not be started: {error}")
            # An OSError without a number: the child died in the middle of its answer.
            case EOFError() | ConnectionError() | OSError(errno=None):
                return JobFailed(reason="died")
            case _:
                return JobFailed(reason=f"could not be started: {error.strerror}")


class _Worker:
    """One child process and our end of its pipe."""

    def __init__(self, function: str, patience: timedelta, memory_bytes: int) -> None:
        self._jobs = 0
        self._ready = False
        ours, theirs = socket.socketpair()
        # A child that stops between two bytes of a job or of an answer must not hold us up.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, _timeval(patience))
        self._connection = Connection(ours.detach())
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                [
                    *(sys.executable, "-P", "-m", "monitor.workers.child"),
                    *(str(theirs.fileno()), str(memory_bytes), function),
                ],
                env={**os.environ, "PYTHONPATH": _python_path()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                # The terminal's Ctrl-C is for the parent only.
                process_group=0,
            )

    @property
    def is_fit(self) -> bool:
        """Whether it lives and is young enough for another job."""
        return self._jobs < JOBS_PER_WORKER and self._process.poll() is None

    def run(self, arguments: tuple[object, ...], timeout: timedelta, patience: timedelta) -> Any:  # noqa: ANN401  what the function gives
        """Give it one job.

        TimeoutError or BlockingIOError when it does not answer, EOFError when it dies.
        """
        if not self._ready:
            # The first import must not count against the first job.
            self._await_start()
            self._ready = True
        self._jobs += 1
        last_moment = time.monotonic() + patience.total_seconds()
        limits = timeout.total_seconds(), 2 * patience.total_seconds() + 1
        self._connection.send((arguments, *limits))
        return self._receive(max(0.0, last_moment - time.monotonic()))

    def kill(self) -> None:
        """Make it die; the next call on its pipe ends with EOFError."""
        self._process.kill()

    def end(self) -> int:
        """Kill it, wait for it, and let go of the pipe; give how it ended, if it had already."""
        self._process.kill()
        exit_code = self._process.wait()
        self._connection.close()
        return exit_code

    def _await_start(self) -> None:
        try:
            self._receive(_START_SECONDS)
        except (EOFError, TimeoutError) as error:
            raise ChildProcessError("its process ended before it was ready") from error

    def _receive(self, seconds: float) -> Any:  # noqa: ANN401  whatever was sent
        if not self._connection.poll(seconds):
            raise TimeoutError
        return self._connection.recv()


def _timeval(time: timedelta) -> bytes:
    """Write a duration as the C struct of socket options."""
    return struct.pack("@ll", int(time.total_seconds()), time.microseconds)


def _python_path() -> str:
    # The child finds the package where we found it, installed or not.
    return os.pathsep.join(filter(None, (_PACKAGE_ROOT, os.environ.get("PYTHONPATH"))))
