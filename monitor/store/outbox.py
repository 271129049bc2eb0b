"""The store's part for digests: what an issue may report, what it reported, and what is to be sent.

The life of a delivery is drawn in docs/delivery.md. A claim leases it: should the process die, it
is due again when the lease ends, under the same Message-ID.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, assert_never

from sqlalchemy import Connection, Row, and_, delete, exists, func, or_, select, update

from monitor import silence
from monitor.model import (
    LONGEST_WAIT,
    Ambiguous,
    ArticleMatches,
    Coverage,
    Deferred,
    Delivery,
    DeliveryState,
    DigestItem,
    DigestRow,
    FailingFeed,
    Gap,
    Issue,
    PastIssue,
    QuietFeed,
    Recipient,
    Rejected,
    RenderedDigest,
    Reported,
    SendResult,
    Sent,
    Shown,
    Slot,
    Window,
)
from monitor.store import values
from monitor.store.archive import join_articles, read_matches
from monitor.store.database import KEYS_AT_ONCE, Database
from monitor.store.feeds import newest_times
from monitor.store.tables import (
    articles,
    audited,
    deliveries,
    digest_items,
    digest_starts,
    digests,
    feeds,
    installations,
    matches,
    runs,
    unsubscribed,
)

#: A service that is awake gives a sign of life more often than this.
_LONGEST_SILENCE = timedelta(minutes=5)
#: A restart that takes less keeps nothing from anybody.
_LEAST_GAP = timedelta(minutes=10)
#: Two months of a daily digest: no clock is set back further and put right again later.
_RECENT_ISSUES = 64
#: All of an issue but its large texts.
_SUMMARY = [column for column in digests.c if column.name not in {"html", "text", "problems"}]

#: What was shown most clearly comes first.
_SEEN = (Shown.LEAD, Shown.STORY, Shown.COUNTED)
#: What is usual is told by this time …
_USUAL = timedelta(weeks=4)
#: … if that holds so many windows.
_FEWEST_TIMES = 3

_DIED = "the monitor ended while it sent this, so it may have arrived"
_SHORTENED = "shortened: the server took no longer one"


class Outbox(Database):
    """Digests and deliveries."""

    def installation(self) -> str:
        """Give the mark that this database was given at random, once and for all."""
        known = select(installations.c.mark)
        with self._read() as connection:
            mark: str | None = connection.scalar(known)
        if mark is not None:
            return mark
        with self._write() as connection:
            connection.execute(
                self._dialect.insert(installations)
                .values(id=1, mark=secrets.token_hex(16))
                .on_conflict_do_nothing(index_elements=["id"])
            )
            first: str = connection.execute(known).scalar_one()
            return first

    def digest_started_at(self, name: str, now: datetime) -> datetime:
        """Say when this digest was first asked for: its first window starts there.

        A moment that is still to come shows that the clock was wrong then: it is put right. A
        database that can only be read does not remember it.
        """
        started = select(digest_starts.c.started_at).where(digest_starts.c.name == name)
        with self._read() as connection:
            known: datetime | None = connection.scalar(started)
        if (known is not None and known <= now) or self._dialect.read_only:
            return known or now
        with self._write() as connection:
            connection.execute(
                self._dialect.insert(digest_starts)
                .values(name=name, started_at=now)
                .on_conflict_do_update(
                    index_elements=["name"],
                    set_={"started_at": now},
                    where=digest_starts.c.started_at > now,
                )
            )
            first: datetime = connection.execute(started).scalar_one()
            return first

    def recent_issues(self, name: str) -> tuple[tuple[Slot, Window], ...]:
        """Give the slots made last, sent or empty, the last one first."""
        newest = (
            select(*_SUMMARY)
            .where(digests.c.name == name)
            # In the order in which they were made, whatever the clock said then.
            .order_by(digests.c.id.desc())
            .limit(_RECENT_ISSUES)
        )
        with self._read() as connection:
            rows = connection.execute(newest).all()
        return tuple((values.slot(row), values.window(row)) for row in rows)

    def digest_candidates(
        self,
        digest_name: str | None,
        window: Window,
        topic_ids: Collection[str] | None,
        *,
        late: timedelta = timedelta(0),
    ) -> tuple[ArticleMatches, ...]:
        """Give what the digest of this window may report, newest first.

        That is: matches of these topics (None: all) that were first seen in the window and that no
        issue of this digest reported. Articles of a feed's first fetch count only if they are also
        dated in the window. An article that was known before counts from the moment when another
        feed's longer text brought the match.

        Args:
            digest_name: What was reported under this name is left out; None leaves out nothing.
            window: The time the issue covers.
            topic_ids: The digest's topics.
            late: So long before the window something may have been seen that the issue before
                could not report yet: it was being stored, or the clock was set back.
        """
        since = window.since - late
        in_window = and_(matches.c.seen_at > since, matches.c.seen_at <= window.until)
        old = exists().where(
            articles.c.id == matches.c.article_id,
            articles.c.backlog,
            # `sorted_at` is the article's date, or our own if that lies in the future.
            or_(
                articles.c.published_at.is_(None),
                articles.c.sorted_at <= since,
                and_(matches.c.seen_at > window.since, articles.c.sorted_at <= window.since),
                articles.c.sorted_at > window.until,
            ),
        )
        reported = exists().where(
            digest_items.c.digest_name == digest_name,
            digest_items.c.article_id == matches.c.article_id,
            digest_items.c.topic_id == matches.c.topic_id,
        )
        wanted = and_(in_window, ~old, matches.c.lost_in.is_(None))
        if digest_name is not None:
            wanted = and_(wanted, ~reported)
        if topic_ids is not None:
            wanted = and_(wanted, matches.c.topic_id.in_(topic_ids))
        with self._read() as connection:
            found = read_matches(connection, wanted)
            return join_articles(connection, list(found), found)

    def reported(
        self, digest_name: str, article_ids: Sequence[int], *, before: datetime
    ) -> dict[int, Reported]:
        """Say which of these articles issues of this digest reported, and what readers saw of them.

        Args:
            digest_name: The digest.
            article_ids: The articles.
            before: Only issues that were due before this moment count.
        """
        found: dict[int, Reported] = {}
        with self._read() as connection:
            for start in range(0, len(article_ids), KEYS_AT_ONCE):
                some = digest_items.c.article_id.in_(article_ids[start : start + KEYS_AT_ONCE])
                rows = connection.execute(
                    select(digest_items.c.article_id, digest_items.c.shown, digests.c.due_at)
                    .join(digests)
                    .where(
                        digest_items.c.digest_name == digest_name,
                        digests.c.due_at < before,
                        some,
                    )
                )
                for row in rows:
                    new = Reported(at=row.due_at, shown=Shown(row.shown))
                    known = found.get(row.article_id, new)
                    # An article of two topics may have been a headline in one of them.
                    found[row.article_id] = min(known, new, key=lambda one: _SEEN.index(one.shown))
        return found

    def usual(self, topic_ids: Collection[str], window: Window) -> dict[str, float]:
        """Say how many articles a topic has in such a time as a rule, by the four weeks before it.

        {} while less than three such times are known. What came with a feed's first fetch does not
        count.
        """
        length = window.until - window.since
        first_read = select(func.min(feeds.c.first_success_at)).where(feeds.c.active)
        with self._read() as connection:
            first: datetime | None = connection.scalar(first_read)
            begin = max(first or window.since, window.since - _USUAL)
            times = (window.since - begin) / length if length else 0
            if times < _FEWEST_TIMES:
                return {}
            counted = connection.execute(
                select(matches.c.topic_id, func.count().label("number"))
                .join(articles)
                .where(
                    matches.c.topic_id.in_(topic_ids),
                    matches.c.seen_at > begin,
                    matches.c.seen_at <= window.since,
                    ~articles.c.backlog,
                )
                .group_by(matches.c.topic_id)
            ).all()
        number = {row.topic_id: row.number for row in counted}
        return {topic_id: number.get(topic_id, 0) / times for topic_id in topic_ids}

    def coverage(self, window: Window, *, by_date: bool = False) -> Coverage:
        """Say what could be seen in a window that ends now.

        A feed counts as read if its last success came after the window's start, or if it is well
        and was not due since. For windows that ended long ago that is more than was true.

        Args:
            window: The time in question.
            by_date: Count the articles dated in the window, not those first seen in it: when a
                missed issue is made up for, all of them were seen only now.
        """
        configured = select(feeds).where(feeds.c.active).order_by(feeds.c.id)
        moment = articles.c.sorted_at if by_date else articles.c.first_seen_at
        new = select(func.count()).where(moment > window.since, moment <= window.until)
        with self._read() as connection:
            every = connection.execute(configured).all()
            rows = [row for row in every if not row.retired]
            number = connection.execute(new).scalar_one()
            quiet = [_quiet(connection, row) for row in rows]
            gaps = _gaps(connection, window)
        return Coverage(
            feeds=len(rows),
            feeds_read=sum(1 for row in rows if _was_read(row, window)),
            articles=number,
            failing=tuple(
                FailingFeed(name=_name(row), url=row.url, error=row.error)
                for row in every
                if row.failures or row.retired
            ),
            quiet=tuple(sorted((feed for feed in quiet if feed), key=lambda feed: feed.days)),
            gaps=gaps,
        )

    def coverage_then(self, window: Window) -> Coverage:
        """Say what is still known of a window long ago: what came in, and when nobody looked.

        All feeds that had been read by then count as read: which of them failed is not kept.
        """
        new = select(func.count()).where(
            articles.c.first_seen_at > window.since, articles.c.first_seen_at <= window.until
        )
        known = select(func.count()).where(feeds.c.active, feeds.c.first_success_at <= window.until)
        with self._read() as connection:
            number = connection.execute(known).scalar_one()
            return Coverage(
                feeds=number,
                feeds_read=number,
                articles=connection.execute(new).scalar_one(),
                gaps=_gaps(connection, window),
            )

    def note_alive(self, now: datetime) -> None:
        """Note that the service is awake; from time to time, so that a pause is seen later."""
        newest = select(runs).order_by(runs.c.id.desc()).limit(1)
        with self._write() as connection:
            last = connection.execute(newest).one_or_none()
            if last is not None and timedelta(0) <= now - last.alive_at <= _LONGEST_SILENCE:
                going_on = update(runs).where(runs.c.id == last.id)
                connection.execute(going_on.values(alive_at=now))
            else:  # it was started, or woke, or the clock was set back
                connection.execute(runs.insert().values(started_at=now, alive_at=now))

    def issue_of(self, name: str, moment: datetime) -> PastIssue | None:
        """Give the issue in whose window a moment lies, with what it reported; None if in none."""
        wanted = (
            select(digests)
            .where(digests.c.name == name, digests.c.since < moment, digests.c.until >= moment)
            .order_by(digests.c.id.desc())
            .limit(1)
        )
        with self._read() as connection:
            row = connection.execute(wanted).one_or_none()
            if row is None:
                return None
            reported = connection.execute(
                select(digest_items).where(digest_items.c.digest_id == row.id)
            ).all()
        return PastIssue(
            id=row.id,
            slot=values.slot(row),
            window=values.window(row),
            rendered=values.rendered(row),
            items=frozenset(
                DigestItem(article_id=item.article_id, topic_id=item.topic_id) for item in reported
            ),
        )

    def enqueue(self, issue: Issue, now: datetime) -> int | None:
        """Store an issue with its deliveries and what it reports; safe from a power cut on return.

        Returns the digest's number; None if that slot has an issue already, which then stands.
        """
        slot = issue.slot
        with self._write(durable=True) as connection:
            digest_id: int | None = connection.scalar(
                self._dialect.insert(digests)
                .values(
                    name=slot.digest,
                    local_date=slot.local_date,
                    slot=slot.at,
                    due_at=slot.due_at,
                    since=issue.window.since,
                    until=issue.window.until,
                    created_at=now,
                    **values.rendered_values(issue.rendered),
                )
                .on_conflict_do_nothing(index_elements=["name", "local_date", "slot"])
                .returning(digests.c.id)
            )
            if digest_id is None:
                return None
            self._add_items(connection, issue, digest_id)
            if issue.missed:
                connection.execute(
                    self._dialect.insert(audited).on_conflict_do_nothing(
                        index_elements=["digest_name", "article_id"]
                    ),
                    [
                        {"digest_name": slot.digest, "article_id": number, "digest_id": digest_id}
                        for number in issue.missed
                    ],
                )
            if issue.deliveries:
                connection.execute(
                    deliveries.insert(),
                    [
                        {
                            "digest_id": digest_id,
                            "recipient": delivery.recipient,
                            "message_id": delivery.message_id,
                            "message": delivery.message,
                            "state": DeliveryState.QUEUED.value,
                            "tries": 0,
                            "next_try_at": now,
                            "error": "",
                        }
                        for delivery in issue.deliveries
                    ],
                )
            return digest_id

    def claim_delivery(
        self, now: datetime, *, lease: timedelta, hold: bool = False
    ) -> Delivery | None:
        """Take the delivery that is due longest; nobody else gets it while the lease runs.

        Further ahead than LONGEST_WAIT nothing is planned: a clock that was ahead wrote it, and it
        is due at once.

        Args:
            now: The present moment.
            lease: How long it is ours.
            hold: Leave alone what somebody died with: it may have arrived.
        """
        is_due = or_(deliveries.c.next_try_at <= now, deliveries.c.next_try_at > now + LONGEST_WAIT)
        queued = deliveries.c.state == DeliveryState.QUEUED.value
        sending = deliveries.c.state == DeliveryState.SENDING.value
        first = (
            select(deliveries.c.id)
            .where(or_(queued, sending), is_due)
            .order_by(deliveries.c.next_try_at, deliveries.c.id)
            .limit(1)
        )
        # Only PostgreSQL needs it: there, two processes may claim at the same moment.
        due = first.with_for_update(skip_locked=True)
        with self._read() as connection:  # most ticks find nothing, and need not write
            if connection.scalar(first) is None:
                return None
        with self._write() as connection:
            if hold:
                connection.execute(
                    update(deliveries)
                    .where(sending, is_due)
                    .values(state=DeliveryState.HELD.value, error=_DIED)
                )
            delivery_id = connection.scalar(due)
            if delivery_id is None:
                return None
            row = connection.execute(
                update(deliveries)
                .where(deliveries.c.id == delivery_id)
                .values(
                    state=DeliveryState.SENDING.value,
                    next_try_at=now + lease,
                    tries=deliveries.c.tries + 1,
                )
                .returning(deliveries)
            ).one()
            return values.delivery(row)

    def release_claims(self, now: datetime) -> int:
        """Make due at once what a process died with; only for who knows that no other one sends."""
        sending = deliveries.c.state == DeliveryState.SENDING.value
        with self._read() as connection:
            if connection.scalar(select(func.count()).where(sending)) == 0:
                return 0
        with self._write() as connection:
            change = update(deliveries).where(sending).values(next_try_at=now)
            return connection.execute(change).rowcount

    def settle_delivery(
        self,
        delivery_id: int,
        result: SendResult,
        now: datetime,
        *,
        next_try_at: datetime,
        hold: bool = False,
    ) -> None:
        """Note how a try ended.

        Args:
            delivery_id: The claimed delivery; one that is settled already stays as it is.
            result: What the server said. If it concerns more than this message, all others wait
                until the next try as well.
            now: The moment of its answer.
            next_try_at: When to try again what is deferred, or may not have arrived.
            hold: Leave what may have arrived to a person.
        """
        everyone = False
        match result:
            case Sent(shortened=shortened):
                change: dict[str, Any] = {"state": DeliveryState.SENT.value, "sent_at": now}
                change["error"] = _SHORTENED if shortened else ""
                if shortened:
                    change["message"] = shortened
            case Deferred(reason=reason, concerns=concerns):
                change = {"state": DeliveryState.QUEUED.value, "error": reason}
                everyone = concerns != "message"
            case Ambiguous(reason=reason):
                state = DeliveryState.HELD if hold else DeliveryState.QUEUED
                change = {"state": state.value, "error": reason}
            case Rejected(reason=reason):
                change = {"state": DeliveryState.REJECTED.value, "error": reason}
            case _:
                assert_never(result)
        if change["state"] == DeliveryState.QUEUED.value:
            change["next_try_at"] = next_try_at
        # Durable: a forgotten "sent" would mail the digest twice.
        with self._write(durable=True) as connection:
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id == delivery_id,
                    deliveries.c.state == DeliveryState.SENDING.value,
                )
                .values(**change)
            )
            if everyone:
                connection.execute(
                    update(deliveries)
                    .where(
                        deliveries.c.state == DeliveryState.QUEUED.value,
                        deliveries.c.next_try_at < next_try_at,
                    )
                    .values(next_try_at=next_try_at)
                )

    def requeue(self, digest_id: int, now: datetime, *, recipient: str | None = None) -> int:
        """Let an issue's copies be sent again at once, under their old ids; say how many.

        Args:
            digest_id: The issue.
            now: The present moment.
            recipient: Whose copy, sent or not; None for all that did not surely arrive.
        """
        off = exists().where(
            unsubscribed.c.recipient == deliveries.c.recipient,
            unsubscribed.c.digest_name
            == select(digests.c.name).where(digests.c.id == digest_id).scalar_subquery(),
        )
        untouchable = {DeliveryState.SENDING.value}
        if recipient is None:
            untouchable.add(DeliveryState.SENT.value)
        wanted = and_(
            deliveries.c.digest_id == digest_id, deliveries.c.state.not_in(untouchable), ~off
        )
        if recipient is not None:
            wanted = and_(wanted, deliveries.c.recipient == recipient)
        with self._write(durable=True) as connection:
            change = {"state": DeliveryState.QUEUED.value, "tries": 0, "next_try_at": now}
            return connection.execute(update(deliveries).where(wanted).values(**change)).rowcount

    def hurry(self, now: datetime) -> int:
        """Let all that waits for its next try be tried at once; say how many copies that are."""
        waiting = and_(
            deliveries.c.state == DeliveryState.QUEUED.value, deliveries.c.next_try_at > now
        )
        with self._write() as connection:
            change = update(deliveries).where(waiting).values(next_try_at=now)
            return connection.execute(change).rowcount

    def copies(self, digest_id: int) -> tuple[Delivery, ...]:
        """Give an issue's copies as they were or will be sent, byte for byte."""
        wanted = select(deliveries).where(deliveries.c.digest_id == digest_id)
        with self._read() as connection:
            rows = connection.execute(wanted.order_by(deliveries.c.id)).all()
        return tuple(values.delivery(row) for row in rows)

    def unsubscribe(self, digest_name: str, recipient: str, now: datetime) -> None:
        """Send this digest to that address no more, whatever the configuration says."""
        ids = select(digests.c.id).where(digests.c.name == digest_name)
        with self._write(durable=True) as connection:
            connection.execute(
                self._dialect.insert(unsubscribed)
                .values(digest_name=digest_name, recipient=recipient, unsubscribed_at=now)
                .on_conflict_do_nothing(index_elements=["digest_name", "recipient"])
            )
            connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.recipient == recipient,
                    deliveries.c.state == DeliveryState.QUEUED.value,
                    deliveries.c.digest_id.in_(ids),
                )
                .values(state=DeliveryState.REJECTED.value, error="unsubscribed")
            )

    def unsubscribed(self, digest_name: str) -> frozenset[str]:
        """Give the addresses that do not want this digest any more."""
        wanted = select(unsubscribed.c.recipient).where(unsubscribed.c.digest_name == digest_name)
        with self._read() as connection:
            return frozenset(connection.scalars(wanted))

    def subscribe_again(self, digest_name: str, recipient: str) -> bool:
        """Send this digest to that address again; False if nothing kept it away."""
        with self._write(durable=True) as connection:
            gone = delete(unsubscribed).where(
                unsubscribed.c.digest_name == digest_name, unsubscribed.c.recipient == recipient
            )
            return connection.execute(gone).rowcount > 0

    def recipients(self) -> tuple[Recipient, ...]:
        """Give everybody who got a digest or said that they do not want it, by digest and name."""
        copies = (
            select(
                digests.c.name,
                deliveries.c.recipient,
                deliveries.c.state,
                deliveries.c.error,
                deliveries.c.sent_at,
            )
            .join(digests)
            .order_by(deliveries.c.id)
        )
        with self._read() as connection:
            rows = connection.execute(copies).all()
            off = connection.execute(select(unsubscribed)).all()
        found = {
            (row.digest_name, row.recipient): Recipient(
                digest=row.digest_name,
                address=row.recipient,
                unsubscribed_at=row.unsubscribed_at,
            )
            for row in off
        }
        for row in rows:
            key = (row.name, row.recipient)
            known = found.get(key) or Recipient(digest=row.name, address=row.recipient)
            found[key] = _with_copy(known, row)
        return tuple(found[key] for key in sorted(found))

    def digests(self, limit: int = 50, *, up_to: int | None = None) -> tuple[DigestRow, ...]:
        """Give the newest issues first, empty ones too.

        Args:
            limit: How many at most.
            up_to: The number of the newest one to give; None for the newest of all.
        """
        items = (
            select(func.count())
            .where(digest_items.c.digest_id == digests.c.id)
            .scalar_subquery()
            .label("items")
        )
        newest = (
            select(*_SUMMARY, items)
            .order_by(digests.c.due_at.desc(), digests.c.id.desc())
            .limit(limit)
        )
        if up_to is not None:
            due = select(digests.c.due_at).where(digests.c.id == up_to).scalar_subquery()
            earlier = and_(digests.c.due_at == due, digests.c.id <= up_to)
            newest = newest.where(or_(digests.c.due_at < due, earlier))
        with self._read() as connection:
            rows = connection.execute(newest).all()
            sent = connection.execute(
                select(
                    deliveries.c.digest_id,
                    deliveries.c.recipient,
                    deliveries.c.state,
                    deliveries.c.error,
                )
                .where(deliveries.c.digest_id.in_([row.id for row in rows]))
                .order_by(deliveries.c.id)
            ).all()
        return tuple(
            DigestRow(
                id=row.id,
                name=row.name,
                local_date=row.local_date,
                at=row.slot,
                subject=row.subject,
                created_at=row.created_at,
                window=values.window(row),
                items=row.items,
                deliveries=tuple(
                    (one.recipient, DeliveryState(one.state), one.error)
                    for one in sent
                    if one.digest_id == row.id
                ),
            )
            for row in rows
        )

    def digest(self, digest_id: int) -> RenderedDigest | None:
        """Give an issue as it was sent; None if there is none of this number."""
        with self._read() as connection:
            row = connection.execute(select(digests).where(digests.c.id == digest_id)).one_or_none()
        return None if row is None else values.rendered(row)

    def _add_items(self, connection: Connection, issue: Issue, digest_id: int) -> None:
        if not issue.items:
            return
        connection.execute(
            # An item that an earlier issue reported stays with that one.
            self._dialect.insert(digest_items).on_conflict_do_nothing(
                index_elements=["digest_name", "article_id", "topic_id"]
            ),
            [
                {
                    "digest_name": issue.slot.digest,
                    "article_id": item.article_id,
                    "topic_id": item.topic_id,
                    "digest_id": digest_id,
                    "shown": item.shown.value,
                }
                for item in issue.items
            ],
        )


def _with_copy(recipient: Recipient, copy: Row[*tuple[Any, ...]]) -> Recipient:
    state = DeliveryState(copy.state)
    told = replace(recipient, state=state, error=copy.error)
    if copy.sent_at is not None:
        return replace(told, sent=told.sent + 1, last_sent_at=copy.sent_at, refused=0)
    return replace(told, refused=told.refused + (state is DeliveryState.REJECTED))


def _name(feed: Row[Any]) -> str:
    name: str = feed.name or feed.title or feed.url
    return name


def _quiet(connection: Connection, feed: Row[Any]) -> QuietFeed | None:
    """Say how long a feed that is well has been silent, if its own rhythm does not explain it."""
    if feed.failures or feed.last_success_at is None:
        return None
    newest = newest_times(connection, feed.id, 1)
    if not newest or feed.last_success_at - newest[0] <= silence.LEAST:
        return None  # as nearly all are
    times = newest_times(connection, feed.id, silence.TIMES_CONSIDERED)
    silent = silence.quiet_for(times, feed.last_success_at)
    return QuietFeed(name=_name(feed), url=feed.url, days=silent.days) if silent else None


def _gaps(connection: Connection, window: Window) -> tuple[Gap, ...]:
    """Give the pauses between two runs of the service that touch a window."""
    near = (
        select(runs).where(runs.c.started_at <= window.until).order_by(runs.c.id.desc()).limit(1000)
    )
    rows = connection.execute(near).all()[::-1]
    return tuple(
        Gap(since=before.alive_at, until=after.started_at)
        for before, after in pairwise(rows)
        if after.started_at - before.alive_at >= _LEAST_GAP and after.started_at > window.since
    )


def _was_read(row: Row[Any], window: Window) -> bool:
    """Whether what a feed published in a window that ends now is known."""
    if row.last_success_at is None:
        return False
    rested = row.failures == 0 and row.next_poll_at > window.until
    return bool(rested or row.last_success_at > window.since)
