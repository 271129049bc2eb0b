"""One worker: `python -m monitor.workers.child DESCRIPTOR MEMORY_BYTES MODULE:FUNCTION`.

It reads jobs from a pipe and writes results back until the pipe closes. It is made to be killed.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection

from monitor.model import JobFailed


def main(descriptor: int, memory_bytes: int, place: str) -> None:
    """Serve one parent until it closes the pipe.

    Args:
        descriptor: Our end of the pipe.
        memory_bytes: How much address space this process may take.
        place: The function that does a job, as "module:function".
    """
    # Ctrl-C and a service manager's stop are the parent's business; its end closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    module, _, name = place.partition(":")
    work: Callable[..., object] = getattr(import_module(module), name)
    with Connection(descriptor) as connection, suppress(EOFError, OSError):
        connection.send(os.getpid())
        # From here on every fault is a result; what a library prints would spoil a terminal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        while True:
            arguments, busy_seconds, seconds = connection.recv()
            # Their signals end this process whatever its interpreter does: when the job has kept
            # the processor busy for too long; or by the clock, if the parent died and cannot.
            signal.setitimer(signal.ITIMER_PROF, busy_seconds)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            result = _done(work, arguments)
            signal.setitimer(signal.ITIMER_PROF, 0)
            connection.send(result)
            signal.setitimer(signal.ITIMER_REAL, 0)


def _done(work: Callable[..., object], arguments: tuple[object, ...]) -> object:
    try:
        return work(*arguments)
    except MemoryError:
        return JobFailed(reason="needed more memory than it may take")
    except Exception as error:  # noqa: BLE001  hostile input finds every kind of error in a library
        return JobFailed(
            reason="failed, which is our fault; the log has the details", detail=_detail(error)
        )


def _detail(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"[:500]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
