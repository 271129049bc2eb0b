"""Compose the digests that are due, and send what is in the outbox.

    compose_due     slot due? → window → candidates → digest → mail → outbox      one transaction
    drain_outbox    claim → send → settle                                one message at a time

What is committed to the outbox goes out under the Message-ID it got there, however often the
process dies. Only a death or a cut between the end of the message and our note of the server's
"accepted" sends a second copy, and that one carries the same Message-ID.
"""

import hmac
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Protocol, assert_never

from monitor import auditing, slots
from monitor import digest as digests
from monitor.config import Config, DigestConfig, TopicConfig
from monitor.errors import MonitorError, StoreError
from monitor.mail import (
    NO_DOMAIN,
    UNSUBSCRIBE_HERE,
    compose_message,
    message_id,
    sender_domain,
    unsubscribe_token,
)
from monitor.model import (
    LONGEST_WAIT,
    Ambiguous,
    ArchiveFilter,
    ArticleMatches,
    Coverage,
    Deferred,
    Delivery,
    DeliveryState,
    Digest,
    DigestItem,
    Issue,
    Missed,
    NewDelivery,
    PastIssue,
    Recipient,
    Rejected,
    RenderedDigest,
    SendResult,
    Sent,
    Slot,
    Window,
)
from monitor.render import Templates
from monitor.store import Store

#: The recipient of a digest that is written to a folder.
OUTBOX = "outbox"
#: Longer than one message can take (see `mail`), so that no second process sends it meanwhile.
LEASE = timedelta(minutes=15)
#: A deferred message waits 1, 2, 4 … minutes, then LONGEST_WAIT each time: 77 tries are three days.
FIRST_WAIT = timedelta(minutes=1)
MAX_TRIES = 77

#: What was seen so long before the last issue ended, and not reported, is reported after all: it
#: was still on its way into the store, or the clock was set back meanwhile.
LATE = timedelta(days=1)

_NO_SENDER = f"News Monitor <monitor@{NO_DOMAIN}>"
_MOMENT = timedelta(microseconds=1)

log = logging.getLogger(__name__)


class Mailer(Protocol):
    """Takes one delivery to its recipient, or says why not."""

    def send(self, delivery: Delivery) -> SendResult:
        """Send the message as it stands in the outbox."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    """What became of the deliveries that were due."""

    sent: int = 0
    deferred: int = 0
    rejected: int = 0
    #: May have arrived, and wait for a person.
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a try ended, before the database knows."""

    delivery: Delivery
    result: SendResult
    at: datetime
    next_try_at: datetime


# -------------------------------------------------------------------------------------- compose


@dataclass(frozen=True, slots=True, kw_only=True)
class Makings:
    """All that an issue is made of besides its moment."""

    store: Store
    config: Config
    templates: Templates
    #: Puts a signature before a message.
    sign: Callable[[bytes], bytes] = bytes
    #: What the owner must know, for the top of each issue; asked when one is composed.
    notices: Callable[[], Sequence[str]] = tuple


def compose_due(makings: Makings, now: datetime) -> int:
    """Compose every digest whose slot has come; give how many issues that made.

    What becomes of slots missed while the monitor did not run is each digest's `catch_up`. An
    issue that nobody needs to see is recorded without a delivery.
    """
    made = 0
    for each in makings.config.digests:
        try:
            made += _compose(makings, each, now)
        except StoreError:
            raise
        except Exception:  # a fault of ours in one digest must hold up neither others nor outbox
            log.exception("digest failed", extra={"digest": each.name})
    return made


def _compose(makings: Makings, digest: DigestConfig, now: datetime) -> int:
    store = makings.store
    zone = makings.config.digest_zone(digest)
    started_at = store.digest_started_at(digest.name, now)
    past = store.recent_issues(digest.name)
    due = slots.due_slots(
        digest,
        zone,
        # An issue of a date to come was made while the clock was wrong.
        after=max((slot.due_at for slot, _ in past if slot.due_at <= now), default=started_at),
        now=now,
        done={slot.local_date for slot, _ in past},
    )
    return sum(
        _make(makings, digest, slot, now, until=slot.due_at, by_date=True) for slot in due[:-1]
    ) + sum(_make(makings, digest, slot, now, until=now, by_date=len(due) > 1) for slot in due[-1:])


def _make(
    makings: Makings,
    digest: DigestConfig,
    slot: Slot,
    now: datetime,
    *,
    until: datetime,
    by_date: bool,
) -> int:
    """Compose the issue of a slot and put it into the outbox; 0 if somebody else was faster.

    Args:
        makings: The archive and the outbox, the configuration, the templates.
        digest: The digest.
        slot: The slot.
        now: The present moment.
        until: Where its window ends: at the slot if later ones are made up for as well, else now.
        by_date: Whether it shares what was found since the last issue with other slots, so that
            each article belongs to the slot that its date leads to.
    """
    store, config = makings.store, makings.config
    last = _last(store, digest, now)
    covered = _window(store, config, digest, last, now)
    window = replace(covered, until=max(until, covered.since))
    topics = digests.selected(digest, config.topics)
    rows = tuple(
        row
        for row in _candidates(store, digest, covered, topics, last)
        if until == now or digests.time_of(row.article) <= until
    )
    composed = _composed(
        makings,
        digest,
        rows,
        window,
        slot,
        coverage=store.coverage(window, by_date=by_date),
        missed=_missed(store, digest, topics, slot, window),
        notices=makings.notices(),
    )
    rendered = makings.templates.render(composed)
    issue = Issue(
        slot=slot,
        window=window,
        rendered=rendered,
        items=digests.items(topics, rows, composed, rendered.shown),
        deliveries=_deliveries(makings, digest, slot, rendered, now)
        if digests.goes_out(digest, composed)
        else (),
    )
    if issue.deliveries:
        issue = replace(issue, missed=tuple(each.id for each in composed.missed))
    if store.enqueue(issue, now) is None:
        return 0
    log.info(
        "composed",
        extra={
            "digest": digest.name,
            "slot": slot.due_at.isoformat(),
            "articles": composed.articles,
            "deliveries": len(issue.deliveries),
            "problems": list(rendered.problems),
        },
    )
    return 1


def _last(store: Store, digest: DigestConfig, now: datetime) -> tuple[Slot, Window] | None:
    """Give the issue made last, but for those made while the clock was ahead."""
    past = store.recent_issues(digest.name)
    return next((issue for issue in past if issue[1].until <= now), None)


def _window(
    store: Store,
    config: Config,
    digest: DigestConfig,
    last: tuple[Slot, Window] | None,
    now: datetime,
) -> Window:
    """Give what an issue covers: what the last one did not, or the period before the first slot.

    It reaches up to the moment of composing: an issue that is late because the monitor was down
    brings what was found since it is up again, too.
    """
    if last is None:
        zone = config.digest_zone(digest)
        # Not the slot that is due now: what was found before slots were missed is in it, too.
        first = slots.next_slot(digest, zone, after=store.digest_started_at(digest.name, now))
        since = slots.slot_before(digest, zone, first).due_at
    else:
        since = last[1].until
    return Window(since=min(since, now), until=now)


def _candidates(
    store: Store,
    digest: DigestConfig,
    window: Window,
    topics: Sequence[TopicConfig],
    last: tuple[Slot, Window] | None,
) -> tuple[ArticleMatches, ...]:
    """Give what is to be reported, also what was stored only after the last issue looked.

    An article is stamped before its transaction ends; what was reported is left out by the store.
    A digest without an issue has reported nothing, and looks no further back than its window: it
    may be an old one under a new name.
    """
    late = LATE if last else timedelta(0)
    wanted = [topic.id for topic in topics]
    return store.digest_candidates(digest.name, window, wanted, late=late)


def _missed(
    store: Store, digest: DigestConfig, topics: Sequence[TopicConfig], slot: Slot, window: Window
) -> tuple[Missed, ...]:
    if not auditing.is_due(store, digest, slot.local_date):
        return ()
    return auditing.missed(store, digest, topics, until=window.until)


def _composed(
    makings: Makings,
    digest: DigestConfig,
    rows: Sequence[ArticleMatches],
    window: Window,
    slot: Slot,
    *,
    coverage: Coverage,
    missed: Sequence[Missed] = (),
    notices: Sequence[str],
    as_first: bool = False,
    preview: bool = False,
) -> Digest:
    """Compose an issue of these articles.

    Args:
        makings: The archive, the configuration, the templates.
        digest: The digest.
        rows: What there is to report.
        window: The time covered.
        slot: The issue's slot.
        coverage: What the monitor could see in the window.
        missed: What topics may have missed.
        notices: What the owner must know besides.
        as_first: Whether to forget what earlier issues reported.
        preview: Whether this is a look ahead and no issue.
    """
    config, store = makings.config, makings.store
    stories = store.stories_of([row.id for row in rows])
    members = [member.row.id for story in stories for member in story.members]
    return digests.compose(
        config=digest,
        topics=config.topics,
        feeds=config.feeds,
        rows=rows,
        coverage=coverage,
        window=window,
        zone=config.digest_zone(digest),
        slot_at=slot.due_at,
        stories=stories,
        reported={} if as_first else store.reported(digest.name, members, before=slot.due_at),
        usual=store.usual([topic.id for topic in config.topics], window),
        votes=store.votes(),
        missed=missed,
        notices=notices,
        archive_url=config.web.public_url,
        unsubscribe_url=UNSUBSCRIBE_HERE if config.web.public_url and config.mail else "",
        preview=preview,
    )


def _deliveries(
    makings: Makings,
    digest: DigestConfig,
    slot: Slot,
    rendered: RenderedDigest,
    now: datetime,
) -> tuple[NewDelivery, ...]:
    config, installation = makings.config, makings.store.installation()
    sender = config.mail.from_ if config.mail else _NO_SENDER
    recipients = dict.fromkeys(digest.to if config.mail else (OUTBOX,))
    made = []
    for recipient in recipients.keys() - makings.store.unsubscribed(digest.name):
        own_id = message_id(
            digest.name,
            slot,
            recipient,
            domain=sender_domain(sender),
            installation=installation,
        )
        message = compose_message(
            rendered,
            sender=sender,
            recipient=recipient,
            message_id=own_id,
            date=now,
            digest_name=digest.name,
            unsubscribe_url=_unsubscribe_url(config, installation, digest.name, recipient),
        )
        signed = makings.sign(message)
        made.append(NewDelivery(recipient=recipient, message_id=own_id, message=signed))
    return tuple(sorted(made, key=lambda copy: list(recipients).index(copy.recipient)))


def _unsubscribe_url(config: Config, installation: str, name: str, recipient: str) -> str:
    if not config.web.public_url or config.mail is None:
        return ""
    token = unsubscribe_token(installation, name, recipient)
    return f"{config.web.public_url.rstrip('/')}/unsubscribe/{token}"


# ------------------------------------------------------------------------------------ recipients


def recipients(store: Store, config: Config) -> tuple[Recipient, ...]:
    """Give everybody a digest goes or went to, those of the configuration first."""
    known = {(one.digest, one.address): one for one in store.recipients()}
    configured = [(digest.name, address) for digest in config.digests for address in digest.to]
    found = {
        key: known.get(key) or Recipient(digest=key[0], address=key[1])
        for key in dict.fromkeys(configured)
    }
    return tuple((found | {key: one for key, one in known.items() if key not in found}).values())


def whose_token(store: Store, config: Config, token: str) -> Recipient | None:
    """Give who gets a digest with this token in its link to leave; None if nobody does."""
    installation = store.installation()
    return next(
        (
            one
            for one in recipients(store, config)
            if hmac.compare_digest(
                unsubscribe_token(installation, one.digest, one.address).encode(),
                token.encode("utf-8", "replace"),
            )
        ),
        None,
    )


# -------------------------------------------------------------------------------------- preview


def preview(
    makings: Makings, now: datetime, *, name: str | None = None, everything: bool = False
) -> tuple[Digest, RenderedDigest]:
    """Show the next issue as it would look now; nothing is recorded.

    Args:
        makings: The archive, the configuration, the templates.
        now: The present moment.
        name: Which digest; None for the first one.
        everything: Take every match of the archive, reported or not, instead of what is new.

    Raises:
        MonitorError: There is no such digest.
    """
    store, config = makings.store, makings.config
    digest = named(config, name)
    slot = slots.next_slot(digest, config.digest_zone(digest), after=now)
    topics = digests.selected(digest, config.topics)
    if everything:
        rows = _all_matched(store)
        window = Window(since=_beginning(store, rows, now) - _MOMENT, until=now)
    else:
        last = _last(store, digest, now)
        window = _window(store, config, digest, last, now)
        rows = _candidates(store, digest, window, topics, last)
    composed = _composed(
        makings,
        digest,
        rows,
        window,
        slot,
        coverage=store.coverage(window),
        missed=_missed(store, digest, topics, slot, window),
        notices=makings.notices(),
        as_first=everything,
        preview=True,
    )
    return composed, makings.templates.render(composed)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """An issue as today's configuration and archive show it, and what differs from then."""

    digest: Digest
    rendered: RenderedDigest
    #: What has changed since it was composed, one sentence each; None if no issue was made for that
    #: moment.
    changes: tuple[str, ...] | None = None


def as_of(makings: Makings, moment: datetime, *, name: str | None = None) -> LookBack:
    """Render the issue that a past moment belongs to; the same archive gives the same bytes.

    A moment after an issue's slot gives that issue, one before it the issue as it would have looked
    then.

    Raises:
        MonitorError: There is no such digest, or nothing had been read by then.
    """
    store, config = makings.store, makings.config
    digest = named(config, name)
    zone, topics = config.digest_zone(digest), digests.selected(digest, config.topics)
    issue = store.issue_of(digest.name, moment)
    if issue is not None:
        slot, window = issue.slot, issue.window
        if moment < slot.due_at:
            window = replace(window, until=moment)
    else:
        slot = slots.next_slot(digest, zone, after=moment - _MOMENT)
        window = Window(since=slots.slot_before(digest, zone, slot).due_at, until=moment)
    coverage = store.coverage_then(window)
    if coverage.feeds == 0:
        raise MonitorError(f"nothing had been read by {moment.astimezone(zone):%Y-%m-%d %H:%M}")
    rows = store.digest_candidates(None, window, [topic.id for topic in topics])
    composed = _composed(
        makings, digest, rows, window, slot, coverage=coverage, notices=[_LOOKED_BACK]
    )
    rendered = makings.templates.render(composed)
    if issue is None or window != issue.window:
        return LookBack(digest=composed, rendered=rendered)
    items = digests.items(topics, rows, composed, rendered.shown)
    changes = tuple(_changes(store, issue, rows, frozenset(items)))
    return LookBack(digest=composed, rendered=rendered, changes=changes)


_LOOKED_BACK = (
    "This is what the archive holds of that time today; which feeds could not be read then is not "
    "kept."
)


def _changes(
    store: Store, issue: PastIssue, rows: Sequence[ArticleMatches], items: frozenset[DigestItem]
) -> Iterator[str]:
    titles = {row.id: row.article.title for row in rows}
    order = attrgetter("article_id", "topic_id")
    for item in sorted(issue.items - items, key=order):
        found = store.article(item.article_id)
        if found is None:
            yield f"article {item.article_id} ({item.topic_id}) is not in the archive any more"
        elif item.topic_id not in {match.topic_id for match in found.matches}:
            yield f'"{found.article.title}" is no longer a match of {item.topic_id}'
        else:
            yield f'"{found.article.title}" ({item.topic_id}) was reported late: it was seen before'
    for item in sorted(items - issue.items, key=order):
        yield f'"{titles[item.article_id]}" ({item.topic_id}) was stored or matched only later'


def named(config: Config, name: str | None) -> DigestConfig:
    """Give the digest of that name, the first one for None.

    Raises:
        MonitorError: There is no such digest.
    """
    known = {digest.name: digest for digest in config.digests}
    if not known:
        raise MonitorError('no digest is configured; add [[digest]] with a name, such as "daily"')
    if name is None:
        return config.digests[0]
    if name not in known:
        raise MonitorError(f'there is no digest "{name}"; configured are: {", ".join(known)}')
    return known[name]


def _beginning(store: Store, rows: Sequence[ArticleMatches], now: datetime) -> datetime:
    """Say since when articles have come in, those that no topic matched too."""
    read = [state.first_success_at for state in store.feed_states() if state.first_success_at]
    return min([now, *read, *(row.article.first_seen_at for row in rows)])


def _all_matched(store: Store) -> tuple[ArticleMatches, ...]:
    rows: list[ArticleMatches] = []
    page = store.page(ArchiveFilter(), limit=1000)
    rows += page.articles
    while page.next is not None:
        page = store.page(ArchiveFilter(), after=page.next, limit=1000)
        rows += page.articles
    return tuple(rows)


# ----------------------------------------------------------------------------------------- send


def drain_outbox(
    store: Store,
    mailer: Mailer,
    clock: Callable[[], datetime],
    *,
    hold: bool = False,
    stop: Callable[[], bool] = lambda: False,
    unsettled: list[Outcome] | None = None,
) -> DrainReport:
    """Send what is due, one message after the other, until nothing is.

    Args:
        store: Holds the outbox.
        mailer: Takes the messages out.
        clock: Asked before and after each message: one that hangs makes minutes pass.
        hold: Leave to a person what may have arrived, instead of sending it again.
        stop: Asked before each message whether to leave the rest for later.
        unsettled: What the database could not be told when it was last tried, and will be before
            anything else is sent: a full disk is no reason to mail a digest twice.
    """
    sent = deferred = rejected = held = 0
    told = [] if unsettled is None else unsettled
    settle(store, told, hold=hold)
    while not stop() and (delivery := store.claim_delivery(clock(), lease=LEASE, hold=hold)):
        result = _judged(delivery, _sent(mailer, delivery))
        now = clock()
        pause = wait(delivery.tries)
        match result:
            case Sent():
                sent += 1
            case Deferred(concerns=concerns):
                deferred += 1
                pause = LONGEST_WAIT if concerns == "login" else pause
            case Ambiguous():
                deferred, held = deferred + (not hold), held + hold
            case Rejected():
                rejected += 1
            case _:
                assert_never(result)
        told.append(Outcome(delivery=delivery, result=result, at=now, next_try_at=now + pause))
        settle(store, told, hold=hold)
        log.log(
            logging.INFO if isinstance(result, Sent) else logging.WARNING,
            "delivered" if isinstance(result, Sent) else "not delivered",
            extra={
                "recipient": delivery.recipient,
                "message_id": delivery.message_id,
                "tries": delivery.tries,
                "result": type(result).__name__.lower(),
                "reason": "" if isinstance(result, Sent) else result.reason,
            },
        )
    return DrainReport(sent=sent, deferred=deferred, rejected=rejected, held=held)


def settle(store: Store, outcomes: list[Outcome], *, hold: bool) -> None:
    """Tell the database how tries ended; what it does not take stays in the list."""
    while outcomes:
        one = outcomes[0]
        store.settle_delivery(
            one.delivery.id, one.result, one.at, next_try_at=one.next_try_at, hold=hold
        )
        outcomes.pop(0)


def _sent(mailer: Mailer, delivery: Delivery) -> SendResult:
    try:
        return mailer.send(delivery)
    except Exception:  # a fault of ours in one message must not hold up the others
        log.exception("delivery failed", extra={"recipient": delivery.recipient})
        return Deferred(reason="the monitor itself failed to send this; its log has the details")


def _judged(delivery: Delivery, result: SendResult) -> SendResult:
    """Turn the last "later" into a "never"."""
    if isinstance(result, Deferred | Ambiguous) and delivery.tries >= MAX_TRIES:
        return Rejected(reason=f"given up after {delivery.tries} tries: {result.reason}")
    return result


def troubles(store: Store) -> tuple[str, ...]:
    """Say in a line each what keeps copies of the last digests from their readers."""
    copies = [copy for row in store.digests(16) for copy in row.deliveries]
    waiting = [error for _, state, error in copies if state is DeliveryState.QUEUED and error]
    held = sum(state is DeliveryState.HELD for _, state, _ in copies)
    lines = []
    if waiting:
        lines.append(f"Mail waits ({len(waiting)} to be tried again): {waiting[0]}")
    if held:
        lines.append(
            f"Mail is held ({held}), since it may have arrived: `monitor digest list` tells which, "
            "and `monitor digest resend` sends it again"
        )
    return tuple(lines)


def wait(tries: int) -> timedelta:
    """Say how long to wait: FIRST_WAIT · 2^(tries - 1), at most LONGEST_WAIT."""
    # The shift is capped because timedelta overflows near 40; LONGEST_WAIT bites long before.
    return min(FIRST_WAIT * (1 << min(max(tries - 1, 0), 16)), LONGEST_WAIT)
