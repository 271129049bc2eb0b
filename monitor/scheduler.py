"""The service: APScheduler ticks, and each tick asks the store what is due.

The scheduler decides nothing. Its own calendar jobs lose a 00:00 run every spring and double one
every autumn, so slots, intervals and retries are computed from the store; a missed tick costs
nothing, for the next one finds the same work.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from monitor import change, poll, reading
from monitor.app import App
from monitor.errors import ClosedError, ConfigError, MonitorError, StoreError
from monitor.extract import Extractor
from monitor.model import UNREACHED, PollReport
from monitor.parse import ParserPool
from monitor.poll import Round
from monitor.watching import LOOK, Watched, request_file

log = logging.getLogger(__name__)

POLL_TICK = timedelta(seconds=15)
DELIVER_TICK = timedelta(seconds=15)
INDEX_TICK = timedelta(seconds=20)
REMATCH_TICK = timedelta(seconds=20)
#: Between two steps of trying changed topics on old articles.
REMATCH_PAUSE = timedelta(milliseconds=20)
READ_TICK = timedelta(seconds=30)
FORGET_TICK = timedelta(hours=6)
#: Signs of life, from which a digest knows when the monitor did not run.
ALIVE_TICK = timedelta(minutes=1)

#: After a round that failed nobody is polled for this long: the feeds stay due, and asking their
#: servers again and again for what cannot be stored would be rude.
REST = timedelta(minutes=5)

#: How long the end waits for a step under way.
STOP_PATIENCE = timedelta(seconds=6)

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
        self._app = self._started_with = app
        #: Which app each running step works with: a step sees one configuration from start to end.
        self._steps: dict[str, App] = {}
        self._swap = Lock()
        self._watched = Watched(app.path, request_file(app.data))
        self._reload_asked = Event()
        self._fetching = ExitStack()
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

    @property
    def app(self) -> App:
        """The parts under the configuration that is applied now."""
        return self._app

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
        parser = self._parts.enter_context(ParserPool())
        extractor = self._parts.enter_context(self._app.extractor())
        self._fetcher = self._fetching.enter_context(self._app.fetcher())
        self._paced_by = self._app.config.fetch
        self._tick("poll", POLL_TICK, lambda app: self._poll(app, parser))
        self._tick("deliver", DELIVER_TICK, self._deliver)
        self._tick("index", INDEX_TICK, self._index)
        self._tick("read", READ_TICK, lambda app: self._read(app, parser, extractor))
        self._tick("rematch", REMATCH_TICK, self._rematch)
        self._tick("alive", ALIVE_TICK, lambda app: app.store.note_alive(app.clock()))
        self._tick("forget", FORGET_TICK, self._forget)
        self._scheduler.start()
        Thread(target=self._watch, name="reload", daemon=True).start()

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
        with self._swap:
            self._fetching.close()
        self._parts.close()
        ending = Thread(target=self._end, name="stop", daemon=True)
        ending.start()
        ending.join(STOP_PATIENCE.total_seconds())
        return not ending.is_alive()

    def _end(self) -> None:
        self._scheduler.shutdown()
        with suppress(MonitorError):
            self._app.settle_outbox()

    def ask_reload(self) -> None:
        """Have the configuration read again in a moment; may be called from a signal's handler."""
        self._reload_asked.set()

    def notices(self) -> tuple[str, ...]:
        """Tell what the reader of the archive should know of the configuration."""
        return (*self._app.notices(), *_waiting_for_a_start(self._started_with, self._app))

    def _watch(self) -> None:
        """Take the configuration over when it has changed, until the service ends."""
        while not self._stopping.wait(LOOK.total_seconds()):
            asked = self._watched.was_asked() or self._reload_asked.is_set()
            changed = self._watched.has_changed() and self._app.config.reload.auto
            if not (asked or changed):
                continue
            self._reload_asked.clear()
            try:
                self._reload()
            except StoreError as error:
                log.warning("the configuration waits: %s", error)
                self._reload_asked.set()
            except Exception:
                log.exception("taking the configuration over failed")

    def _reload(self) -> None:
        """Take over what the file says now; if it is faulty, everything stays as it is."""
        try:
            app = self._app.reread()
        except ConfigError as error:
            log.error("%s\nthe configuration from before stays in force", error)  # noqa: TRY400  a fault of the reader's needs no traceback
            return
        if app is self._app:
            return
        told = change.differences(self._app.config, app.config)
        with self._swap:
            app.accept(self._app.config)
            self._app = app
        log.info("configuration taken over: %s", "; ".join(told) or "only comments changed")
        for line in _waiting_for_a_start(self._started_with, app):
            log.warning(line)
        for problem in app.mail_problems():
            log.warning(problem.told(app.path.name))
        for name in ("poll", "rematch"):
            with suppress(JobLookupError):  # the service is ending
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def _tick(self, name: str, every: timedelta, step: Callable[[App], None]) -> None:
        def run() -> None:
            with self._swap:
                app = self._steps[name] = self._app
            try:
                step(app)
            finally:
                with self._swap:
                    del self._steps[name]

        self._scheduler.add_job(
            _guarded(name, run),
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

    def _round(self, app: App, parser: ParserPool) -> Round:
        """Give the parts for this configuration; where its pace is another one, a new fetcher."""
        with self._swap:
            if app.config.fetch != self._paced_by and not self._stopping.is_set():
                self._fetching.close()
                self._fetcher = self._fetching.enter_context(app.fetcher())
                self._paced_by = app.config.fetch
            return app.round_with(self._fetcher, parser)

    def _poll(self, app: App, parser: ParserPool) -> None:
        now = app.clock()
        if self._rests(now) or self._polling_rests.holds(now):
            return
        try:
            report = poll.poll_due(self._round(app, parser), on_progress=self._progress)
        except Exception as error:
            self._polling_rests = Rest.of(REST, app.clock())
            self._set(
                trouble=str(error)
                if isinstance(error, MonitorError)
                else "the last round of polls failed; the log has the details"
            )
            raise
        finally:
            self._attention.round_ended(app.clock())
            self._set(done=0, total=0, rounds=self._status.rounds + 1)
        if self._stopping.is_set():
            return  # the round was cut short: its figures would be wrong
        self._polling_rests = NO_REST
        self._set(trouble="")
        if report.feeds or not self._previewed:
            self._tell(app, report)
        if report.feeds:
            self._index(app)
            self._group(app)
        if app.config.digests and (report.matches_new or not self._previewed):
            _, rendered = app.preview()
            app.write_preview(rendered)
            self._set(template_problems=rendered.problems)
        if not self._previewed:
            self._previewed = True
            self._on_first_round()

    def _tell(self, app: App, report: PollReport) -> None:
        """Log a round in one line; while nothing can be reached, only that, and only once."""
        if report.feeds and not report.offline:
            self._set(offline="")
        elif self._status.offline:
            return
        elif nothing_reached := self._nothing_reached(app):
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

    def _nothing_reached(self, app: App) -> str:
        """Say that no feed at all could be reached when last polled; "" if one could."""
        kinds = [state.failure_kind for state in app.store.feed_states()]
        unreached = {kind for kind in kinds if kind in UNREACHED}
        offline = bool(kinds) and unreached == set(kinds)
        return poll.offline_line(len(kinds), unreached) if offline else ""

    def _deliver(self, app: App) -> None:
        now = app.clock()
        if self._attention.looked_around(now):
            self._group(app)
            app.compose_due()
        app.drain_outbox(app.mailer(), self._stopping.is_set)

    def _read(self, app: App, parser: ParserPool, extractor: Extractor | None) -> None:
        if self._rests(app.clock()):
            return
        with suppress(ClosedError):  # the service ends; what was not read stays due
            report = reading.read_due(app.round_with(self._fetcher, parser), extractor)
            if extractor and (report.read or report.failed):
                extractor.rest()
                log.info(
                    "pages read in full: %d, not readable: %d, new matches: %d",
                    report.read,
                    report.failed,
                    report.matches_new,
                )

    def _group(self, app: App) -> None:
        """Group into stories what is not yet; a fault of ours there must hold up no digest."""
        try:
            app.grouper.group_stories(app.clock())
        except MonitorError:
            raise
        except Exception:
            log.exception("grouping failed")

    def _index(self, app: App) -> None:
        while app.store.index_pending(_INDEX_BATCH):
            pass

    def _rematch(self, app: App) -> None:
        """Try changed topics on old articles, when no step works with an older configuration."""

        def go_on() -> bool:
            with self._swap:
                alone = all(other is app for other in self._steps.values())
            # Between two steps, whoever waits for the processor or the database gets it.
            return alone and not self._stopping.wait(REMATCH_PAUSE.total_seconds())

        done = change.rematch(app.store, app.config.topics, go_on=go_on)
        if done.gained or done.lost:
            log.info("old articles found later: %d, matches lost: %d", done.gained, done.lost)

    def _forget(self, app: App) -> None:
        now, keep = app.clock(), app.config.archive
        app.store.forget(
            unmatched_before=now - keep.keep_unmatched if keep.keep_unmatched else None,
            matched_before=now - keep.keep_matched if keep.keep_matched else None,
        )


def _waiting_for_a_start(started: App, now: App) -> Iterator[str]:
    """Say which settings are read at the start only and have changed since."""
    keys = [
        f"[web] {key}"
        for key in ("listen", "auth", "token_file", "user_header", "proxies")
        if getattr(started.config.web, key) != getattr(now.config.web, key)
    ]
    if started.config.database != now.config.database:
        keys.insert(0, "database")
    if keys:
        yield f"{', '.join(keys)}: changed, which takes effect when the monitor is started again."


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
