"""Listen for browsers: uvicorn in a thread of its own, on the first free port."""

import errno
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from monitor.config import WebConfig
from monitor.errors import MonitorError

#: How many ports after the wanted one are tried when it is taken.
NEXT_PORTS = 20

#: Answers under way at a stop get this long.
_GRACE_SECONDS = 2
_STOP_SECONDS = 10.0


def check_listen(web: WebConfig) -> tuple[str, int]:
    """Give the host and port to listen on.

    Raises:
        MonitorError: Other machines could read the archive without a token, or it is no address.
    """
    host, port = web.host, web.listen.rpartition(":")[2]
    if not host or not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise MonitorError(
            f'[web] listen = "{web.listen}" is no address and port; write "127.0.0.1:8484"'
        )
    if web.auth == "none" and not web.is_local:
        raise MonitorError(
            f'[web] listen = "{web.listen}" lets other machines read the archive, and nobody asks '
            'who they are; add auth = "token" under [web], or keep it on this machine with '
            f'listen = "127.0.0.1:{port}"'
        )
    return host, int(port)


class Server:
    """Serves an application from `start` to `stop`, once.

    If the port is taken, the next free one is used: `port` is then another than was asked for and
    `taken_port` tells which one was.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self.host = host
        #: The port listened on, once started.
        self.port = port
        #: The port that was asked for, if somebody else listens there.
        self.taken_port: int | None = None
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,  # the application's logging stays as it is
                log_level="warning",
                access_log=False,  # addresses hold searches, and a token once
                proxy_headers=False,  # X-Forwarded-* could be anybody's
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the archive, without a final slash."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  shown, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        """Listen and return: from now on requests are answered.

        Raises:
            MonitorError: Nothing can listen there.
        """
        listener = self._listen()
        port = listener.getsockname()[1]
        if self.port not in {0, port}:
            self.taken_port = self.port
        self.port = port
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="web", daemon=True
        )
        self._thread.start()
        self._server.answering.wait(_STOP_SECONDS)

    def stop(self) -> None:
        """Finish the answers under way, for two seconds at most, and stop listening."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        self._thread = None

    def _listen(self) -> socket.socket:
        last = self.port if self.port == 0 else min(self.port + NEXT_PORTS, 65_535)
        for port in range(self.port, last + 1):
            try:
                return _listener(self.host, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise MonitorError(
                        f"the archive cannot listen on {self.host}:{port}: {error.strerror}; "
                        "write another address or port into [web] listen"
                    ) from error
        raise MonitorError(
            f"the ports {self.port} to {last} of {self.host} are all taken; "
            "write a free one into [web] listen"
        )


class _Uvicorn(uvicorn.Server):
    """Tells when requests are answered, instead of having it asked for in a loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # A port that a stopped service left in TIME_WAIT can be taken over, a listening one cannot.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
