"""Run the service with its archive until somebody stops it, on real feeds or on the demo's.

The archive answers first, then the polling begins: whatever the network does, there is a page that
says what is going on.
"""

import os
import select
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor import deliver
from monitor.app import App, machine_zone, utc_now
from monitor.config import Config, TopicConfig
from monitor.console import count, say, say_as_it_is
from monitor.demo import SampleServer, prepare
from monitor.poll import poll_due
from monitor.scheduler import Service
from monitor.starts import Starts
from monitor.terminal import Progress
from monitor.web import Server, Services, check_listen, create_app, load_token

#: How often to look whether the machine's clock was set back.
MIND_THE_CLOCK = timedelta(seconds=10)

#: The demo's own port, so that it can run beside a service.
DEMO_LISTEN = "127.0.0.1:8485"


def serve(
    app: App,
    *,
    listen: str | None = None,
    token_file: Path | None = None,
    digest_page: str = "/digests/next",
) -> None:
    """Poll, send and show the archive until SIGINT or SIGTERM.

    Args:
        app: The parts, with the lock on their database held.
        listen: An address and port that go before those of the configuration.
        token_file: Asks visitors for the token in this file, whatever the configuration says.
        digest_page: The page that is recommended once the first round of polls is done.
    """
    given: dict[str, str] = {"listen": listen} if listen else {}
    if token_file:
        given |= {"auth": "token", "token_file": str(token_file.absolute())}
    app = replace(app, web=given).configured(app.config)
    stop = Stop()
    with stop.listening(), Progress() as progress:
        server: Server

        def first_words() -> None:
            if app.config.digests:
                say(f"the digest to look at: {server.url}{digest_page}")
                say(f"the next one as it looks now is also in {app.outbox / 'preview.html'}")

        service = Service(app, on_progress=progress, on_first_round=first_words)
        server = _server(app, service)
        starts = Starts(app.data / "starts")
        app.accept()
        server.start()
        try:
            _say_where(app, server)
            service.start(rest=starts.begin(app.clock()))
            with _reload_signal(service):
                while not stop.wait(MIND_THE_CLOCK):
                    service.mind_the_clock()
            say("stopping")
        finally:
            server.stop()
            ended = service.stop()
            starts.ended_well()
            if not ended:
                say("a mail server kept us waiting; its mail will be tried again")
                os._exit(0)  # its thread cannot be ended otherwise


def serve_demo(folder: Path, topics: Sequence[TopicConfig] | None = None) -> None:
    """Poll the sample feeds, compose a digest of them and show it, then serve like any service.

    Args:
        folder: The demo's own data, made anew.
        topics: What to look for in the sample news; None for the demo's own topics.
    """
    start = utc_now()
    # The digest is due in this very minute, and the news was seen just before it.
    minute = start.replace(second=0, microsecond=0)
    with SampleServer(start) as sample:
        at = f"{minute.astimezone(ZoneInfo(machine_zone())):%H:%M}"
        path = prepare(folder, sample.url, at=at, topics=topics)
        with App.open(path, clock=lambda: minute) as app, app.sole_service():
            number = _demo_digest(app)
            if issue := app.store.digest(number):
                say_as_it_is(issue.text)
            say(f"That was the digest as plain text; the mail itself is in {app.outbox}.")
            say("Look at it in a browser, too, and at the reason for each match:")
            page = f"/digests/{number}"
            serve(replace(app, clock=utc_now), listen=DEMO_LISTEN, digest_page=page)


def _demo_digest(app: App) -> int:
    """Poll the sample feeds and send the digest that is due; give its number."""
    for digest in app.config.digests:
        app.store.digest_started_at(digest.name, app.clock() - timedelta(days=1))
    app.accept()
    with Progress() as progress, app.round() as work:
        poll_due(work, on_progress=progress)
    while app.store.index_pending():
        pass
    app.grouper.group_stories(app.clock())
    app.compose_due()
    app.drain_outbox(app.mailer())
    return app.store.digests()[0].id


class Stop:
    """Whether somebody asked the service to end.

    A `threading.Event` would be asked too late: a signal that arrives just before the main thread
    falls asleep, or in another thread, is not seen before it wakes. A byte in a socket wakes it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._bell, self._button = socket.socketpair()
        self._button.settimeout(0)

    def wait(self, time: timedelta) -> bool:
        """Wait until somebody asks, or for so long; say whether somebody did."""
        if not self.asked and select.select([self._bell], [], [], time.total_seconds())[0]:
            self._bell.recv(4096)
        return self.asked

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM ask; a second signal ends the process at once."""

        def on_signal(number: int, _: object) -> None:
            if self.asked:
                os._exit(128 + number)
            self.asked = True

        with self._bell, self._button:
            woken_before = signal.set_wakeup_fd(self._button.fileno(), warn_on_full_buffer=False)
            before = {
                number: signal.signal(number, on_signal)
                for number in (signal.SIGINT, signal.SIGTERM)
            }
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(woken_before)


@contextmanager
def _reload_signal(service: Service) -> Iterator[None]:
    """Let SIGHUP, where the system has it, have the configuration read again."""
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        yield
        return
    before = signal.signal(number, lambda *_: service.ask_reload())
    try:
        yield
    finally:
        signal.signal(number, before)


def _server(app: App, service: Service) -> Server:
    web = app.config.web
    host, port = check_listen(web)
    token = load_token(app.path.parent / web.token_file) if web.auth == "token" else None

    return Server(
        create_app(
            Services(
                store=app.store,
                config=lambda: service.app.config,
                preview=lambda name: service.app.preview(name)[1],
                now=app.clock,
                status=lambda: status_line(service.app, service),
                notices=lambda: (
                    *service.notices(),
                    *service.status.template_problems,
                    *deliver.troubles(app.store),
                ),
                config_notices=app.notices,
                token=token,
            )
        ),
        host,
        port,
    )


def status_line(app: App, service: Service) -> str | None:
    """Say in one line what the service is doing, if a reader of the archive should know."""
    status = service.status
    if status.trouble:
        return status.trouble
    if status.polling:
        return f"reading {count(status.total, 'feed')}: {status.done} done"
    if status.rounds == 0:
        return "the first round of polls is about to start"
    if status.offline:
        following = app.store.next_poll_at()
        when = f"; next try at {following.astimezone(app.config.zone):%H:%M}" if following else ""
        return status.offline + when
    return None


def _say_where(app: App, server: Server) -> None:
    if server.taken_port:
        say(f"port {server.taken_port} is taken, so the archive is on the next free one")
    token = ""
    if app.config.web.auth == "token":
        token = "/?token=" + load_token(app.path.parent / app.config.web.token_file)
    say(f"the archive is at {server.url}{token}")
    say(_plan(app.config, app.outbox))
    for problem in (*app.mail_problems(), *app.extract_problems()):
        say(problem.told(app.path.name))
    say("Ctrl-C ends it")


def _plan(config: Config, outbox: Path) -> str:
    if not config.digests:
        return "no [[digest]] is configured, so no mail goes out"
    names = ", ".join(f"{digest.name} at {digest.at}" for digest in config.digests)
    where = "by mail" if config.mail else f"as files to {outbox}, since there is no [mail] yet"
    return f"digests ({names}) go out {where}"
