"""The service: APScheduler ticks, and each tick asks the store what is due.

The scheduler decides nothing. Its own calendar jobs lose a 00:00 run every spring and double one
every autumn, so slots, intervals and retries are computed from the store; a missed tick costs
nothing, for the next one finds the same work.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor import poll, reading
from monitor.app import App
from monitor.deliver import Mailer
from monitor.errors import ClosedError, MonitorError
from monitor.extract import Extractor
from monitor.model import UNREACHED, PollReport
from monitor.poll import Round

log = logging.getLogger(__name__)

POLL_TICK = timedelta(seconds=15)
DELIVER_TICK = timedelta(seconds=15)
INDEX_TICK = timedelta(seconds=20)
READ_TICK = timedelta(seconds=30)
FORGET_TICK = timedelta(hours=6)
#: Signs of life, from which a digest knows when the monitor did not run.
ALIVE_TICK = timedelta(minutes=1)

#: After a round that failed nobody is polled for this long: the feeds stay due, and asking their
#: servers again and again for what cannot be stored would be rude.
REST = timedelta(minutes=5)

#: How long the end waits for a step under way.
STOP_PATIENCE = timedelta(seconds=7)

#: Ticks so far apart mean that the machine slept.
LONG_GAP = timedelta(minutes=2)

#: A tick may be planned so much more than its interval ahead.
_UNEVEN = timedelta(seconds=1)

#: A service that was just started or woke composes what is due only after a round of polls, but
#: does not wait longer than this.
FIRST_ROUND_PATIENCE = timedelta(minutes=10)

#: Articles indexed in one step, between which polls get the writer's lock.
_INDEX_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the service is doing, for the terminal and the archive's pages."""

    #: Feeds done and feeds to do in the running round; (0, 0) between rounds.
    done: int = 0
    total: int = 0
    #: Rounds of polls that ended since the start.
    rounds: int = 0
    #: One line that says so while no feed can be reached, "" otherwise.
    offline: str = ""
    #: What the last rendering said of the reader's templates.
    template_problems: tuple[str, ...] = ()
    #: Why the last round failed, "" if it did not.
    trouble: str = ""

    @property
    def polling(self) -> bool:
        """Whether a round is running."""
        return self.total > 0


@dataclass(frozen=True, slots=True)
class Rest:
    """A time in which something is not done; over at once when the clock is set back before it."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, length: timedelta, now: datetime) -> Self:
        """Begin a rest."""
        return cls(now, now + length)

    def holds(self, now: datetime) -> bool:
        """Whether it is not over."""
        return self.since <= now < self.until


NO_REST = Rest.of(timedelta(0), datetime.fromtimestamp(0, UTC))


class Attention:
    """Knows whether feeds were polled since the service started or its machine woke.

    A machine that slept through the morning must not send its digest before it has read the
    morning's news.
    """

    def __init__(self, now: datetime) -> None:
        self._awake_since = self._ticked_at = now
        self._round_ended_at: datetime | None = None

    def round_ended(self, now: datetime) -> None:
        """Note that every feed that was due has been asked."""
        self._round_ended_at = now

    def looked_around(self, now: datetime) -> bool:
        """Whether what is due may be composed; asked at every tick, which shows that we are awake.

        Without a round of polls the answer is yes only after FIRST_ROUND_PATIENCE.
        """
        if now - self._ticked_at > LONG_GAP:
            self._awake_since = now
        # A clock that is set back must not make us wait until it is that late again.
        self._awake_since = min(self._awake_since, now)
        self._ticked_at = now
        if self._round_ended_at is not None and self._round_ended_at >= self._awake_since:
            return True
        return now - self._awake_since > FIRST_ROUND_PATIENCE


class Service:
    """Polls, indexes, composes and sends until it is stopped."""

    def __init__(
        self,
        app: App,
        *,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
        on_first_round: Callable[[], None] = lambda: None,
    ) -> None:
        """Build a service that does nothing until `start`.

        Args:
            app: The parts, with the lock on their database held.
            on_progress: Told during a round how many of how many feeds are done.
            on_first_round: Called once, when the first round and the first preview are done.
        """
        self._app = app
        self._on_progress = on_progress
        self._on_first_round = on_first_round
        # A round longer than a tick is usual here, and no reason for a warning.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(6)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._parts = ExitStack()
        self._status = Status()
        self._status_lock = Lock()
        self._polling_rests = NO_REST
        self._everything_rests = NO_REST
        self._stopping = Event()
        self._attention = Attention(app.clock())
        self._previewed = False

    @property
    def status(self) -> Status:
        """What is going on right now."""
        return self._status

    def start(self, *, rest: timedelta = timedelta(0)) -> None:
        """Begin to tick; the first poll starts at once, or after a rest.

        Args:
            rest: For so long no feed and no mail server is asked, because the service died at its
                last starts.
        """
        self._everything_rests = Rest.of(rest, self._app.clock())
        if rest:
            until = self._everything_rests.until.astimezone(self._app.config.zone)
            self._set(
                trouble="the monitor died several times in the last hour, so it asks no feed and "
                f"sends no mail before {until:%H:%M}; its log says why it died"
            )
            log.error(self._status.trouble)
        work = self._parts.enter_context(self._app.round())
        extractor = self._parts.enter_context(self._app.extractor())
        mailer = self._app.mailer()
        self._tick("poll", POLL_TICK, lambda: self._poll(work))
        self._tick("deliver", DELIVER_TICK, lambda: self._deliver(mailer))
        self._tick("index", INDEX_TICK, self._index)
        self._tick("read", READ_TICK, lambda: self._read(work, extractor))
        self._tick("alive", ALIVE_TICK, lambda: self._app.store.note_alive(self._app.clock()))
        self._tick("forget", FORGET_TICK, self._forget)
        self._scheduler.start()

    def mind_the_clock(self) -> None:
        """Let steps run at once that are planned further ahead than they ever are.

        That is what is left when the machine's clock is set back: APScheduler plans by it, and
        would let nothing happen until it is that late again.
        """
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            if job.next_run_time - now > job.trigger.interval + _UNEVEN:
                log.warning("the clock was set back", extra={"step": job.id})
                job.modify(next_run_time=now)

    def stop(self) -> bool:
        """Stop ticking, let running steps end, and end the parser's processes.

        Returns False if a step is still under way after STOP_PATIENCE, which a mail server that
        keeps us waiting for its last word can bring about.
        """
        self._stopping.set()
        if not self._scheduler.running:
            self._parts.close()
            return True
        self._scheduler.remove_all_jobs()
        # The fetcher goes first: a round that waits for slow servers ends with it.
        self._parts.close()
        ending = Thread(target=self._end, name="stop", daemon=True)
        ending.start()
        ending.join(STOP_PATIENCE.total_seconds())
        return not ending.is_alive()

    def _end(self) -> None:
        self._scheduler.shutdown()
        with suppress(MonitorError):
            self._app.settle_outbox()

    def _tick(self, name: str, every: timedelta, step: Callable[[], None]) -> None:
        self._scheduler.add_job(
            _guarded(name, step),
            "interval",
            seconds=every.total_seconds(),
            id=name,
            # By the scheduler's own clock: at once, wherever that of the monitor stands.
            next_run_time=datetime.now(UTC),
        )

    def _set(self, **changes: object) -> None:
        with self._status_lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]  # names are this module's own

    def _rests(self, now: datetime) -> bool:
        return self._everything_rests.holds(now)

    def _progress(self, done: int, total: int) -> None:
        self._set(done=done, total=total)
        self._on_progress(done, total)

    def _poll(self, work: Round) -> None:
        now = self._app.clock()
        if self._rests(now) or self._polling_rests.holds(now):
            return
        try:
            report = poll.poll_due(work, on_progress=self._progress)
        except Exception as error:
            self._polling_rests = Rest.of(REST, self._app.clock())
            self._set(
                trouble=str(error)
                if isinstance(error, MonitorError)
                else "the last round of polls failed; the log has the details"
            )
            raise
        finally:
            self._attention.round_ended(self._app.clock())
            self._set(done=0, total=0, rounds=self._status.rounds + 1)
        if self._stopping.is_set():
            return  # the round was cut short: its figures would be wrong
        self._polling_rests = NO_REST
        self._set(trouble="")
        if report.feeds or not self._previewed:
            self._tell(report)
        if report.feeds:
            self._index()
            self._group()
        if self._app.config.digests and (report.matches_new or not self._previewed):
            _, rendered = self._app.preview()
            self._app.write_preview(rendered)
            self._set(template_problems=rendered.problems)
        if not self._previewed:
            self._previewed = True
            self._on_first_round()

    def _tell(self, report: PollReport) -> None:
        """Log a round in one line; while nothing can be reached, only that, and only once."""
        if report.feeds and not report.offline:
            self._set(offline="")
        elif self._status.offline:
            return
        elif nothing_reached := self._nothing_reached():
            self._set(offline=nothing_reached)
            log.warning(nothing_reached)
            return
        if not report.feeds:
            return
        log.info(
            "feeds polled: %d, changed: %d, unchanged: %d, failed: %d; "
            "new articles: %d, matches: %d",
            report.feeds,
            report.changed,
            report.unchanged,
            report.failed,
            report.articles_new,
            report.matches_new,
        )

    def _nothing_reached(self) -> str:
        """Say that no feed at all could be reached when last polled; "" if one could."""
        kinds = [state.failure_kind for state in self._app.store.feed_states()]
        unreached = {kind for kind in kinds if kind in UNREACHED}
        offline = bool(kinds) and unreached == set(kinds)
        return poll.offline_line(len(kinds), unreached) if offline else ""

    def _deliver(self, mailer: Mailer) -> None:
        now = self._app.clock()
        if self._attention.looked_around(now):
            self._group()
            self._app.compose_due()
        self._app.drain_outbox(mailer, self._stopping.is_set)

    def _read(self, work: Round, extractor: Extractor | None) -> None:
        if self._rests(self._app.clock()):
            return
        with suppress(ClosedError):  # the service ends; what was not read stays due
            report = reading.read_due(work, extractor)
            if extractor and (report.read or report.failed):
                extractor.rest()
                log.info(
                    "pages read in full: %d, not readable: %d, new matches: %d",
                    report.read,
                    report.failed,
                    report.matches_new,
                )

    def _group(self) -> None:
        """Group into stories what is not yet; a fault of ours there must hold up no digest."""
        try:
            self._app.grouper.group_stories(self._app.clock())
        except MonitorError:
            raise
        except Exception:
            log.exception("grouping failed")

    def _index(self) -> None:
        while self._app.store.index_pending(_INDEX_BATCH):
            pass

    def _forget(self) -> None:
        now, keep = self._app.clock(), self._app.config.archive
        self._app.store.forget(
            unmatched_before=now - keep.keep_unmatched if keep.keep_unmatched else None,
            matched_before=now - keep.keep_matched if keep.keep_matched else None,
        )


def _guarded(name: str, step: Callable[[], None]) -> Callable[[], None]:
    """Keep one failing step from ending the service; the next tick tries again.

    A fault that stays is told once, not at every tick.
    """
    told = ""

    def run() -> None:
        nonlocal told
        try:
            step()
            told = ""
        except MonitorError as error:
            if str(error) != told:
                told = str(error)
                log.error("%s failed: %s", name, error)  # noqa: TRY400  an expected fault needs no traceback
        except Exception:
            log.exception("%s failed", name)

    return run
