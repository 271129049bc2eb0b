"""Poll what is due: fetch | parse | decide | store, one transaction a feed.

Fetching overlaps fetching, parsing happens in child processes, and each result is stored as it
arrives: a slow feed holds up nobody.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Protocol

from monitor import articles, identity, polling, slots
from monitor.config import Config, FeedConfig
from monitor.errors import ClosedError, StoreError
from monitor.identity import Listing, Recognized
from monitor.matcher import Topics
from monitor.model import (
    FailureKind,
    FeedError,
    FeedState,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    KeyPolicy,
    ParsedFeed,
    ParseFailed,
    ParseResult,
    PollOutcome,
    PollReport,
    PollSaved,
    Renewal,
    Sighting,
)
from monitor.steady import fingerprint
from monitor.store import Store

log = logging.getLogger(__name__)

#: Threads that take results to the parser and the store. More than the parser's processes, so that
#: a 304 is stored while they work; few, since each may hold a body of 10 MB.
HANDLERS = 4

_OFFLINE_CAUSES = {
    FailureKind.DNS: "name resolution failed",
    FailureKind.CONNECT: "no connection",
    FailureKind.TIMEOUT: "no answer in time",
}


class FetchesFeeds(Protocol):
    """What polling needs of `fetch.Fetcher`."""

    def fetch_many(self, requests: Iterable[FetchRequest]) -> Iterator[FetchResult]:
        """Ask for many feeds at once and give the results as they arrive."""
        ...


class ParsesFeeds(Protocol):
    """What polling needs of `parse.ParserPool`."""

    def parse(self, fetched: Fetched, last: bytes = b"") -> ParseResult:
        """Read one body, given the last one's imprint; called from several threads."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The parts that one round of polls works with."""

    store: Store
    fetcher: FetchesFeeds
    parser: ParsesFeeds
    topics: Topics
    config: Config
    #: Read once a feed, when its result is there: an article is first seen when it is stored.
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One feed to poll, and what its poll is decided by beside the answer."""

    feed: FeedConfig
    #: Before the poll.
    state: FeedState
    #: When the next digests are due, soonest first.
    slots: Sequence[datetime]


def poll_due(
    work: Round,
    *,
    everything: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> PollReport:
    """Poll every feed that is due, store what came, and report the round.

    When a part is closed meanwhile, the round ends early and the feeds it did not store stay due.

    Args:
        work: The parts to work with.
        everything: Poll all feeds, due or not; their requests stay conditional.
        on_progress: Told how many of how many feeds are done, after each.

    Raises:
        StoreError: The database failed. Feeds stored before it stay stored, the others stay due.
    """
    now = work.clock()
    due = work.store.due_feeds(now, everything=everything)
    feeds = {feed.url: feed for feed in work.config.feeds}
    slots = _slots(work.config, now) if due else ()
    tasks = {
        state.feed_url: _Task(
            feed=feeds.get(state.feed_url, FeedConfig(url=state.feed_url)), state=state, slots=slots
        )
        for state in due
    }
    tally = _Tally(total=len(due), on_progress=on_progress)
    on_progress(0, len(due))
    # Bodies wait here when the parser is slower than the network; the fetcher then waits in turn.
    room = BoundedSemaphore(2 * HANDLERS)

    def handle(result: FetchResult) -> None:
        try:
            tally.add(*_handle(work, tasks[result.feed_url], result))
        except ClosedError:
            pass  # as when the fetcher is closed: the feed stays due, and nobody waits for it
        finally:
            room.release()

    with ThreadPoolExecutor(HANDLERS, thread_name_prefix="poll") as threads:
        futures = []
        for result in work.fetcher.fetch_many(map(polling.request, due)):
            room.acquire()
            if isinstance(result, Fetched):
                futures.append(threads.submit(handle, result))
            else:
                handle(result)
        for future in as_completed(futures):
            future.result()
    return tally.report()


def _slots(config: Config, now: datetime) -> tuple[datetime, ...]:
    """Give when digests are due, soonest first, as far ahead as a poll may be put."""
    far = now + config.fetch.ceiling + config.fetch.floor
    found = set()
    for planned in config.digests:
        zone, at = config.digest_zone(planned), now
        while at < far:
            at = slots.next_slot(planned, zone, after=at).due_at
            found.add(at)
    return tuple(sorted(found))


def _handle(work: Round, task: _Task, result: FetchResult) -> tuple[FeedState, PollSaved, bool]:
    """Take one result to the store: the feed's new state, what was new, whether it had changed."""
    now = work.clock()
    try:
        outcome, changed = _decide(work, task, result, now)
    except (StoreError, ClosedError):
        raise
    except (
        Exception
    ):  # a fault of ours in one feed must neither stop the round nor be polled in a loop
        log.exception("poll failed", extra={"feed": task.state.feed_url})
        fault = FetchFailed(
            feed_url=task.state.feed_url,
            kind=FailureKind.PARSER,
            reason="the monitor itself failed on this feed; its log has the details",
        )
        outcome, changed = _outcome(work, task, fault, None, None, now), False
    saved = work.store.save_poll(outcome)
    log.debug(
        "polled",
        extra={
            "feed": task.state.feed_url,
            "error": outcome.feed.error,
            "entries": outcome.entries,
            "new": saved.articles_new,
        },
    )
    return outcome.feed, saved, changed


def _decide(
    work: Round, task: _Task, result: FetchResult, now: datetime
) -> tuple[PollOutcome, bool]:
    parsed: ParseResult | None = None
    body_hash: str | None = None
    last = b""
    if isinstance(result, Fetched):
        body_hash = fingerprint(result.body)
        if body_hash != task.state.body_hash:
            if task.state.body_hash is not None:
                last = work.store.imprint(task.state.feed_url)
            parsed = work.parser.parse(result, last)
            _log_oddities(task.state, parsed)
    outcome = _outcome(work, task, result, parsed, body_hash, now)
    if isinstance(parsed, ParsedFeed) and parsed.complete and parsed.imprint != last:
        outcome = replace(outcome, imprint=parsed.imprint)
    return outcome, isinstance(parsed, ParsedFeed)


def _log_oddities(state: FeedState, parsed: ParseResult) -> None:
    if isinstance(parsed, ParseFailed) and parsed.detail:
        log.error("parser failed", extra={"feed": state.feed_url, "detail": parsed.detail})
    elif isinstance(parsed, ParsedFeed) and parsed.left_out:
        log.warning(
            "feed too long, its first entries were read",
            extra={
                "feed": state.feed_url,
                "entries": parsed.size,
                "left_out": parsed.left_out,
            },
        )


def _outcome(
    work: Round,
    task: _Task,
    result: FetchResult,
    parsed: ParseResult | None,
    body_hash: str | None,
    now: datetime,
) -> PollOutcome:
    document = parsed if isinstance(parsed, ParsedFeed) else None
    news = _news(work, task, document, now) if document else _News(policy=task.state.key_policy)
    after = polling.decide(
        task.state,
        result,
        parsed,
        body_hash=body_hash,
        fresh=[sighting.article.published_at for sighting in news.fresh],
        slots=task.slots,
        fetch=work.config.fetch,
        now=now,
    )
    return PollOutcome(
        feed=replace(after, key_policy=news.policy),
        sightings=news.fresh,
        renewals=news.renewals,
        entries=document.size if document else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """What a document shows that its feed did not show before."""

    policy: KeyPolicy
    fresh: tuple[Sighting, ...] = ()
    renewals: tuple[Renewal, ...] = ()


def _news(work: Round, task: _Task, parsed: ParsedFeed, now: datetime) -> _News:
    feed, state = task.feed, task.state
    listing = identity.listing(parsed, state.key_policy)
    known = _known(work.store, state, listing, now)
    shown = articles.sightings(
        parsed, listing, state, known=known, name=feed.name, lang=feed.lang, now=now
    )
    seen = [
        replace(sighting, matches=work.topics.match(sighting.article))
        for sighting in _in_full(work.store, state, tuple(shown), known)
    ]
    edited = {sighting.names.key: sighting for sighting in seen}
    renewals = [
        Renewal(former_key=before.key, key=key, sighting=edited.get(key))
        for key, before in known.entries.items()
        if before.key != key or key in edited
    ]
    renewals += [
        Renewal(former_key=former, key=key)
        for former, key in listing.renamed.items()
        if former != key
    ]
    return _News(
        policy=listing.policy,
        fresh=tuple(sighting for sighting in seen if sighting.names.key not in known.entries),
        renewals=tuple(renewals),
    )


def _known(store: Store, state: FeedState, listing: Listing, now: datetime) -> Recognized:
    """Recognise what the feed showed before: by its keys; what is left, by page and title."""
    if state.first_success_at is None or not listing.entries:
        return Recognized()
    known, lookalikes = store.known_entries(
        state.feed_url, [(one.names, one.former_keys) for one in listing.entries]
    )
    return identity.recognized(listing, known, lookalikes, now)


def _in_full(
    store: Store, state: FeedState, shown: Sequence[Sighting], known: Recognized
) -> Iterator[Sighting]:
    """Put the pages that were read in full behind the new words of edited entries."""
    keys = {key: known.entries[key].key for s in shown if (key := s.names.key) in known.entries}
    pages = store.page_texts(state.feed_url, keys.values()) if keys else {}
    for sighting in shown:
        page = pages.get(keys.get(sighting.names.key, ""))
        # A feed that leaves out a text does not take it away.
        if page and sighting.article.text:
            text = articles.in_full(sighting.article, page)
            yield replace(sighting, article=replace(sighting.article, text=text))
        else:
            yield sighting


def offline_line(feeds: int, kinds: Collection[FailureKind]) -> str:
    """Say in one line that none of so many feeds could be reached, and why."""
    cause = " and ".join(_OFFLINE_CAUSES[kind] for kind in sorted(kinds))
    told = f"none of {feeds} feeds answered" if feeds > 1 else "the feed did not answer"
    return f"{told}: {cause}; is this machine online? `make demo` shows everything on sample news"


class _Tally:
    """Counts a round's results as threads bring them."""

    def __init__(self, *, total: int, on_progress: Callable[[int, int], None]) -> None:
        self._report = PollReport(feeds=total)
        self._done = 0
        self._on_progress = on_progress
        self._lock = Lock()

    def add(self, feed: FeedState, saved: PollSaved, changed: bool) -> None:  # noqa: FBT001  passed on as it was computed
        with self._lock:
            report = self._report
            errors = report.errors
            if feed.error:
                kind = feed.failure_kind or FailureKind.PARSER
                errors += (FeedError(url=feed.feed_url, kind=kind, error=feed.error),)
            self._report = replace(
                report,
                changed=report.changed + (changed and not feed.error),
                unchanged=report.unchanged + (not changed and not feed.error),
                articles_new=report.articles_new + saved.articles_new,
                matches_new=report.matches_new + saved.matches_new,
                errors=errors,
            )
            self._done += 1
            self._on_progress(self._done, report.feeds)

    def report(self) -> PollReport:
        return replace(
            self._report, errors=tuple(sorted(self._report.errors, key=lambda error: error.url))
        )
