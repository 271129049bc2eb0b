"""A scripted mail server on 127.0.0.1: takes mail like any other, except where the test says.

    with serve(at_rcpt=["451 later"]) as server:
        server.port
        server.taken            # the messages that got a 250, as they came over the wire
        server.seen             # also those whose fate the client does not know

Each `at_…` list holds answers, given one after the other; then the usual ones follow. An answer may
also be CUT (the connection is closed), HANG (no answer until the server stops) or a function,
called at that moment, that gives one.
"""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CUT = "cut"
HANG = "hang"
#: Answers of several lines stand with "\n" between them.
Answer = str | Callable[[], str]


@dataclass(slots=True)
class MailServer:
    """A running server: what it will answer, and what it saw."""

    at_banner: list[Answer] = field(default_factory=list)
    at_ehlo: list[Answer] = field(default_factory=list)
    at_auth: list[Answer] = field(default_factory=list)
    at_mail: list[Answer] = field(default_factory=list)
    at_rcpt: list[Answer] = field(default_factory=list)
    at_data: list[Answer] = field(default_factory=list)
    #: After this many bytes of a message.
    in_body: list[Answer] = field(default_factory=list)
    #: After the final dot.
    at_end: list[Answer] = field(default_factory=list)
    at_quit: list[Answer] = field(default_factory=list)
    #: The largest message it takes and says so at EHLO; 0 for any.
    size: int = 0
    taken: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    #: The commands, in order of arrival.
    said: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)


class _Cut(Exception):  # noqa: N818  no error: the script wants it
    """The connection ends here."""


class _Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    server: "_Listener"

    def handle(self) -> None:
        with suppress(OSError, _Cut):
            self._converse(self.server.script)

    def _converse(self, script: MailServer) -> None:
        script.connections += 1
        self._answer(script.at_banner, "220 mail.test")
        for line in self.rfile:
            command = line.decode("utf-8", "replace").strip()
            script.said.append(command)
            match command.split(" ")[0].upper().partition(":")[0]:
                case "EHLO":
                    extras = f"\nSIZE {script.size}" if script.size else ""
                    self._answer(script.at_ehlo, f"250 mail.test{extras}\nAUTH PLAIN")
                case "AUTH":
                    self._answer(script.at_auth, "235 welcome")
                case "MAIL":
                    self._answer(script.at_mail, "250 ok")
                case "RCPT":
                    address = command.partition("<")[2].partition(">")[0]
                    if self._answer(script.at_rcpt, "250 ok").startswith("250"):
                        script.recipients.append(address)
                case "DATA":
                    if self._answer(script.at_data, "354 go on").startswith("354"):
                        self._take(script)
                case "QUIT":
                    self._answer(script.at_quit, "221 bye")
                    return
                case _:
                    self._answer([], "250 ok")

    def _take(self, script: MailServer) -> None:
        message = bytearray()
        if script.in_body:
            self.rfile.read(200)
            self._answer(script.in_body, "")
        for line in self.rfile:
            if line == b".\r\n":
                break
            message += line.removeprefix(b".")
        script.seen.append(bytes(message))
        if self._answer(script.at_end, "250 taken").startswith("250"):
            script.taken.append(bytes(message))

    def _answer(self, scripted: list[Answer], usual: str) -> str:
        answer = scripted.pop(0) if scripted else usual
        words = answer() if callable(answer) else answer
        if words == CUT:
            raise _Cut
        if words == HANG:
            self.server.script.stopping.wait()
            raise _Cut
        *more, last = words.split("\n")
        code = last[:3] if not more else more[0][:3]
        lines = [f"{code}-{line.removeprefix(code).strip()}" for line in more]
        final = last if not more else f"{code} {last}"
        self.wfile.write("\r\n".join([*lines, final, ""]).encode())
        return words


class _Listener(socketserver.ThreadingTCPServer):
    """Gives each connection a thread of its own."""

    daemon_threads = True
    script: MailServer


@contextmanager
def serve(script: MailServer | None = None) -> Iterator[MailServer]:
    """Run a server for the length of the block."""
    script = script or MailServer()
    with _Listener(("127.0.0.1", 0), _Conversation) as listener:
        listener.script = script
        script.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            script.stopping.set()
            listener.shutdown()
            thread.join()
