"""The lives of a tortured service: each begins, works, is disturbed, and is ended."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import cached_property
from pathlib import Path
from random import Random

import psycopg
from sqlalchemy import make_url

from bench.torture.disk import Disk
from bench.torture.service import set_clock
from bench.torture.world import FEEDS, WORD, World
from monitor.model import DeliveryState
from monitor.store import Store, open_store
from tests.scripted import Answer
from tests.scripted_smtp import CUT

RECIPIENTS = ("ann@reader.example", "bob@reader.example")
#: Name, time and catch-up of each digest: there is one slot in every six hours.
DIGESTS = (
    ("night", "00:30", "merge"),
    ("morning", "06:30", "each"),
    ("noon", "12:30", "merge"),
    ("evening", "18:30", "each"),
)
START = datetime(2031, 3, 3, 5, 0, tzinfo=UTC)
#: Where a kill may meet the conversation with the mail server.
MAIL_POINTS = ("banner", "ehlo", "mail", "rcpt", "data", "body", "end", "quit")
#: Seconds after SIGTERM within which the service must have ended.
STOP_WITHIN = 10
#: Seconds that a life without a disturbance may take to do all its work.
PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Life:
    """How one life is to be disturbed and ended."""

    #: "kill" (SIGKILL), "term" (SIGTERM) or "power" (SIGKILL, and what was not synced is lost).
    end: str
    #: Where the end comes: a point and its number. With "time", a share of the time it takes to
    #: start, and beyond 1, of the time that its work takes after that.
    point: str
    number: float
    #: What the service has to live with meanwhile.
    hardship: str
    #: Hours by which the clock jumps before it begins, and while it runs.
    before: float
    during: float


def draw(random: Random, *, end: str, hardships: tuple[str, ...]) -> Life:
    """Draw a life."""
    point = random.choices(
        ("time", "mail", "statement", "commit", "committed", "feed"), (35, 25, 15, 10, 10, 5)
    )[0]
    if end == "term":
        point = "time"
    if end == "power":  # what notes the syncs needs files of its own
        hardships = tuple(one for one in hardships if one not in {"no growth", "few files"})
    number: float
    match point:
        case "time":
            number = random.uniform(0.8 if end == "term" else 0.5, 3)
        case "mail":
            number = random.randrange(len(MAIL_POINTS))
        case "statement":
            number = random.randint(1, 160)
        case "feed":
            number = random.randint(1, 4)
        case _:
            number = random.randint(1, 30)
    return Life(
        end=end,
        point=point,
        number=number,
        hardship=random.choice(hardships) if random.random() < 0.3 else "",
        before=random.uniform(0.5, 9),
        during=random.choice((0, 0, 0, random.uniform(0.1, 7))),
    )


@dataclass
class Runner:
    """Runs lives one after the other in one folder."""

    world: World
    folder: Path
    #: "" for SQLite in the folder.
    database: str = ""
    now: datetime = START
    #: How many messages the mail server had seen when each life was over.
    mails_after: list[int] = field(default_factory=list)
    #: Messages whose end the server cut off, by their number in the order of arrival.
    cut: set[int] = field(default_factory=set)
    #: Lives that were killed.
    killed: set[int] = field(default_factory=set)
    #: Lives that could not always write down what they did.
    speechless: set[int] = field(default_factory=set)
    endings: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    #: Seconds that a service takes to start, and then to do all that is due; measured in the first,
    #: calm life.
    start: float = 1
    work: float = 2
    slowest_stop: float = 0
    _groups: list[int] = field(default_factory=list)
    #: Where the words of this life begin in the log.
    _log_begin: int = 0

    def __post_init__(self) -> None:
        digests = "".join(
            f'[[digest]]\nname = "{name}"\nat = "{at}"\ncatch_up = "{catch_up}"\n'
            f'when_empty = "send"\nto = ["{RECIPIENTS[0]}", "{RECIPIENTS[1]}"]\n'
            for name, at, catch_up in DIGESTS
        )
        feeds = "".join(f'[[feed]]\nurl = "{self.world.feed_url}{path}"\n' for path in FEEDS)
        database = f'database = "{self.database}"\n' if self.database else ""
        (self.folder / "config.toml").write_text(
            f'{database}timezone = "UTC"\n[web]\nlisten = "127.0.0.1:0"\n'
            f'[fetch]\nallow = ["127.0.0.0/8"]\nhost_gap = "0s"\nfloor = "1m"\nceiling = "2h"\n'
            f'[[topic]]\nid = "wanted"\nname = "Wanted"\nany = ["{WORD}*"]\n{digests}{feeds}'
            f'[mail]\nfrom = "Monitor <monitor@sender.example>"\nhost = "127.0.0.1"\n'
            f'port = {self.world.mail.port}\nsecurity = "plain"\n',
            encoding="utf-8",
        )
        self._pass(0)

    @property
    def file(self) -> Path:
        """The SQLite database."""
        return self.folder / "data" / "monitor.db"

    @cached_property
    def disk(self) -> Disk:
        """What the SQLite database lies on."""
        return Disk(self.folder / "data")

    @property
    def log(self) -> Path:
        """What the service said in all its lives."""
        return self.folder / "service.log"

    def last_slots(self) -> list[tuple[str, date]]:
        """Give the slot of each digest that came last, if one came since the beginning."""
        slots = []
        for name, at, _ in DIGESTS:
            moment = time_of_day.fromisoformat(at)
            day = self.now.date() - timedelta(days=self.now.time() < moment)
            if datetime.combine(day, moment, UTC) > START:
                slots.append((name, day))
        return slots

    def open_store(self) -> Store:
        """Open the archive beside the service."""
        return open_store(self.database or f"sqlite:///{self.file}")

    def calm_life(self) -> None:
        """Let the service do all its work undisturbed, for as long as it takes."""
        self.world.calm()
        self._pass(3)
        with self._service() as process:
            # Past all slots of a day and every wait for another try.
            for _ in range(4):
                self._settle(process)
                self._pass(7)
            self._settle(process)
            self._terminate(process)
        self.mails_after.append(len(self.world.mail.seen))
        self.endings["calm"] += 1

    def measure(self) -> None:
        """Begin with a calm life, and see how long a usual one takes."""
        self.world.publish(self.now)
        begun = time.monotonic()
        with self._service() as process:
            self._wait_until_up(process)
            self.start = time.monotonic() - begun
            self._settle(process)
            self.work = time.monotonic() - begun - self.start
            self._terminate(process)
        self.mails_after.append(len(self.world.mail.seen))
        self.endings["calm"] += 1

    def live(self, life: Life) -> None:
        """Run one life to its end."""
        self.world.calm()
        self._pass(life.before)
        self.world.publish(self.now)
        if life.hardship in UNWRITABLE:
            self.speechless.add(len(self.mails_after))
        orders = []
        if life.point in {"statement", "commit", "committed"}:
            orders.append(f"kill:{life.point}:{int(life.number)}")
        orders += self._hardship(life)
        environ = self.disk.remembers() if life.end == "power" else {}
        if life.hardship == "disk fails":
            environ |= self.disk.fails(
                self.world.random.randint(1, 150), self.world.random.choice(ERRORS)
            )
        with self._service(*orders, environ=environ) as process, self._for_a_while(life):
            self._arm(life, process)
            self._let_it_live(life, process)
            if life.end == "term":
                self._terminate(process, life)
            else:
                self._kill(life, process)
        if life.end == "power":
            self.disk.lose_power(self.world.random)
        if life.hardship == "clock":
            self._pass(24)
        self.mails_after.append(len(self.world.mail.seen))

    def _let_it_live(self, life: Life, process: subprocess.Popen[bytes]) -> None:
        """Wait until the time for its end has come, or it has ended."""
        share = life.number if life.point == "time" else 5
        begun = time.monotonic()
        if share < 1:
            _wait(process, self.start * share)
            return
        self._wait_until_up(process)
        # Whatever else this machine is doing makes all of it slower.
        slower = max(1, (time.monotonic() - begun) / self.start)
        left = self.work * (share - 1) * slower
        _wait(process, left / 2)
        if life.hardship == "stopped":
            self._stop_and_go_on(process, life.before)
        elif life.during:
            self._pass(life.during)
        _wait(process, left / 2)

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        patience = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < patience:
            with self.log.open("rb") as log:
                log.seek(self._log_begin)
                if b"the archive is at" in log.read():
                    return
            time.sleep(0.01)

    def sweep(self, step: int) -> None:
        """Let the disk fail from the first change of a file on, then from a later one, and so on.

        It is mended within a second, and then the service must make up for everything by itself;
        one that refused to start is started again.
        """
        for error in ERRORS:
            first = 1
            while self._live_on_failing_disk(first, error):
                first += step

    def _live_on_failing_disk(self, first: int, error: int) -> bool:
        """Give whether anything failed: else the service had done all its work before."""
        self._pass(7)
        self.world.publish(self.now)
        self.speechless.add(len(self.mails_after))
        with self._service(environ=self.disk.fails(first, error)) as process:
            self._wait_until_up(process)
            patience = time.monotonic() + 5 * self.work
            while not self.disk.failed and time.monotonic() < patience:
                time.sleep(0.02)
            time.sleep(self.world.random.uniform(0, 1))
            failed = self.disk.failed
            self.disk.mend()
            if process.poll() is None:
                self._pass(0.2)  # longer than nobody is polled after a round that failed
                self._settle(process)
                self._terminate(process)
            elif process.returncode == 1:
                self.endings["refused to start"] += 1
            else:
                self.violations.append(f"change {first} failed, and it ended {process.returncode}")
        self.mails_after.append(len(self.world.mail.seen))
        return failed

    def check_groups(self) -> None:
        """Nothing of a dead service lives on."""
        patience = time.monotonic() + 10
        left = self._groups
        while left and time.monotonic() < patience:
            left = [group for group in left if _is_alive(group)]
            time.sleep(0.05)
        self.violations += [f"process group {group} outlived its service" for group in left]

    def _kill(self, life: Life, process: subprocess.Popen[bytes]) -> None:
        ended_itself = process.poll()
        process.kill()
        process.wait()
        number = len(self.mails_after)
        self.killed.add(number)
        if ended_itself not in {None, -signal.SIGKILL}:
            self.endings["refused to start"] += 1
            if ended_itself != 1 or life.hardship not in REFUSED:
                self.violations.append(f"life {number} {life} ended by itself with {ended_itself}")
            return
        what = "power cut" if life.end == "power" else "SIGKILL"
        where = "by time" if ended_itself is None else f"at {life.point}"
        self.endings[f"{what} {where}"] += 1

    def _terminate(self, process: subprocess.Popen[bytes], life: Life | None = None) -> None:
        if process.poll() is not None:
            self.endings["ended before SIGTERM"] += 1
            return
        begun = time.monotonic()
        process.terminate()
        try:
            code = process.wait(STOP_WITHIN + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        took = time.monotonic() - begun
        self.slowest_stop = max(self.slowest_stop, took)
        # Before our handler stands, a process ends by the signal itself; and one that could not
        # start may have been about to say so.
        if code == 1 and life and life.hardship in REFUSED:
            self.endings["SIGTERM while it refused to start"] += 1
            return
        if code not in {0, -signal.SIGTERM} or took > STOP_WITHIN:
            number = len(self.mails_after)
            self.violations.append(
                f"SIGTERM: exit code {code} after {took:.1f} s in life {number} {life}"
            )
        self.endings["SIGTERM" if code == 0 else "SIGTERM while starting"] += 1

    @contextmanager
    def _service(
        self, *orders: str, environ: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        root = Path(__file__).parents[2]
        with self.log.open("ab") as log:
            log.write(f"--- life {len(self.mails_after)} {orders} at {self.now}\n".encode())
            log.flush()
            self._log_begin = log.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.torture.service", self.folder / "clock", *orders],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(root), **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(process.pid)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def _pass(self, hours: float) -> None:
        """Let time pass at once."""
        self.now += timedelta(hours=hours)
        set_clock(self.folder / "clock", (self.now - datetime.now(UTC)).total_seconds())

    def _arm(self, life: Life, process: subprocess.Popen[bytes]) -> None:
        if life.point == "mail":
            where = MAIL_POINTS[int(life.number)]
            script = self.world.mail.in_body if where == "body" else None
            script = getattr(self.world.mail, f"at_{where}") if script is None else script

            def kill() -> str:
                process.kill()
                return CUT

            script.insert(0, kill)
        if life.point == "feed":
            left = [int(life.number)]

            def on_request() -> None:
                left[0] -= 1
                if left[0] == 0:
                    process.kill()

            self.world.on_request = on_request

    def _hardship(self, life: Life) -> list[str]:
        world, random = self.world, self.world.random
        match life.hardship:
            case "feeds fail":
                world.trouble = random.choice(
                    (Answer(status=500), Answer(raw=b"HTTP/1.1 200 OK\r\n\r\n<rss><chan"))
                )
            case "mail later":
                world.mail.at_rcpt.extend(["451 later"] * random.randint(1, 3))
            case "mail cut":
                world.mail.at_end.append(self._cut)
            case "clock":
                self._pass(-24)
            case "disk full":
                first = random.randint(1, 120)
                return [f"fail:{first}:{first + random.randint(0, 60)}"]
            case "no growth":
                return [f"grow:{random.choice((0, 4_096, 40_000, 200_000))}"]
            case "few files":
                return ["files:32"]
        return []

    def _cut(self) -> str:
        self.cut.add(len(self.world.mail.seen) - 1)
        return CUT

    def _stop_and_go_on(self, process: subprocess.Popen[bytes], hours: float) -> None:
        """Let the service stand still while hours pass, as when its machine sleeps."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGSTOP)
        self._pass(hours)
        time.sleep(0.2)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)

    @contextmanager
    def _for_a_while(self, life: Life) -> Iterator[None]:
        """Let another program write, or a disk fail, until some moment in this life or its end."""
        match life.hardship:
            case "locked":
                free = _lock(self.database, self.file)
            case "disk fails":
                free = self.disk.mend
            case _:
                yield
                return
        timer = threading.Timer(self.world.random.uniform(0.2, 7), free)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            free()

    def _settle(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until there is nothing left to do at this hour."""
        patience = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 2:
            if process.poll() is not None or time.monotonic() > patience:
                self.violations.append(f"no rest at {self.now}: {process.poll()}")
                return
            time.sleep(0.1)
            quiet = quiet + 1 if self._is_done() else 0

    def _is_done(self) -> bool:
        if not self.database and not self.file.exists():
            return False
        store = self.open_store()
        try:
            rows = store.digests(100)
            waiting = [
                state
                for row in rows
                for _, state, _ in row.deliveries
                if state in {DeliveryState.QUEUED, DeliveryState.SENDING}
            ]
            made = {(row.name, row.local_date) for row in rows}
            return (
                len(store.feed_states()) == len(FEEDS)
                and all(state.first_success_at for state in store.feed_states())
                and not waiting
                and not store.due_feeds(self.now)
                and made >= set(self.last_slots())
            )
        finally:
            store.close()


#: Under these the database may not take what is to be noted.
UNWRITABLE = frozenset({"locked", "disk full", "disk fails", "no growth"})
#: Under these a service may refuse to start.
REFUSED = UNWRITABLE | {"few files"}
HARDSHIPS = (
    "feeds fail",
    "mail later",
    "mail cut",
    "clock",
    "disk full",
    "no growth",
    "few files",
    "locked",
    "stopped",
)
#: What only a database that is a file can meet, where a C compiler is.
OF_FILES = ("disk fails",) if shutil.which("cc") else ()
#: What a disk says.
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _is_alive(group: int) -> bool:
    # A number is not given again while a group has it: who has it now is a newcomer.
    if Path(f"/proc/{group}").exists():
        return False
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _lock(database: str, file: Path) -> Callable[[], None]:
    if database:
        url = make_url(database).set(drivername="postgresql")
        other = psycopg.connect(url.render_as_string(hide_password=False))
        other.execute("LOCK TABLE feeds, articles, matches, digests, deliveries")
        return other.close
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection.close
