"""One parse worker: `python -m monitor.parse.worker DESCRIPTOR MEMORY_BYTES`, started by the pool.

It reads jobs from a pipe and writes results back until the pipe closes. It is made to be killed.
"""

import os
import resource
import signal
import sys
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection

from monitor.model import FailureKind, Fetched, ParseFailed, ParseResult
from monitor.parse.document import read


def main(descriptor: int, memory_bytes: int) -> None:
    """Serve one parent until it closes the pipe."""
    # Ctrl-C and a service manager's stop are the parent's business; its end closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with Connection(descriptor) as connection, suppress(EOFError, OSError):
        connection.send(os.getpid())
        # From here on every fault is a result; what a library prints would spoil a terminal.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        while True:
            fetched, last, seconds = connection.recv()
            # Ends this process if the parent died and cannot; the signal needs no interpreter.
            signal.setitimer(signal.ITIMER_REAL, seconds)
            result = _read(fetched, last)
            signal.setitimer(signal.ITIMER_REAL, 0)
            connection.send(result)


def _read(fetched: Fetched, last: bytes) -> ParseResult:
    try:
        return read(fetched, last)
    except MemoryError:
        return ParseFailed(
            kind=FailureKind.PARSER, reason="the parser needed more memory than it may take"
        )
    except Exception as error:  # noqa: BLE001  hostile input finds every kind of error in a parser
        return ParseFailed(
            kind=FailureKind.PARSER,
            reason="the parser failed on this feed, which is our fault; the log has the details",
            detail=_detail(error),
        )


def _detail(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"[:500]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
