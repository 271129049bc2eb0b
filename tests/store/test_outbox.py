"""Digests: what an issue may report, and how it reaches its recipients once."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import FeedConfig
from monitor.model import (
    Ambiguous,
    Coverage,
    Deferred,
    DeliveryState,
    DigestItem,
    EntryNames,
    FailingFeed,
    FailureKind,
    Gap,
    PollOutcome,
    Recipient,
    Rejected,
    Reported,
    SendResult,
    Sent,
    Shown,
    Sighting,
)
from monitor.store import Store, open_store
from tests.factories import (
    DAY,
    FEED_URL,
    HOUR,
    NOW,
    ago,
    article,
    feed_state,
    issue,
    match,
    new_delivery,
    outcome,
    rendered,
    sighting,
    slot,
    window,
)

OTHER_URL = "https://other.example/feed"
LEASE = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _feeds(store: Store) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL), FeedConfig(url=OTHER_URL, name="Other")], NOW)


def candidates(store: Store, digest: str = "daily", topics: list[str] | None = None) -> list[str]:
    rows = store.digest_candidates(digest, window(), topics)
    return [f"{row.article.title}: {m.topic_id}" for row in rows for m in row.matches]


# ----------------------------------------------------------------------------------- candidates


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(sighting("A", topics=("kling",)), True, id="seen in the window"),
        pytest.param(sighting("A"), False, id="not matched"),
        pytest.param(
            sighting("A", topics=("kling",), first_seen_at=ago(days=1)),
            False,
            id="seen at the very start, which the issue before covered",
        ),
        pytest.param(
            sighting("A", topics=("kling",), first_seen_at=NOW + HOUR), False, id="seen later"
        ),
        pytest.param(
            sighting("A", topics=("kling",), published_at=ago(days=30)),
            True,
            id="an old date in a feed we follow",
        ),
        pytest.param(
            sighting("A", topics=("kling",), backlog=True), True, id="first fetch, fresh date"
        ),
        pytest.param(
            sighting("A", topics=("kling",), backlog=True, published_at=ago(days=2)),
            False,
            id="first fetch, old date",
        ),
        pytest.param(
            sighting("A", topics=("kling",), backlog=True, published_at=None),
            False,
            id="first fetch, undated",
        ),
    ],
)
def test_what_an_issue_may_report(store: Store, seen: Sighting, *, expected: bool) -> None:
    store.save_poll(outcome(seen))
    assert bool(candidates(store)) is expected


def test_only_the_digests_topics_are_reported(store: Store) -> None:
    store.save_poll(outcome(sighting("A", topics=("kling", "video")), sighting("B", topics=("c",))))
    assert candidates(store, topics=["video"]) == ["A: video"]
    assert candidates(store) == ["A: kling", "A: video", "B: c"]
    assert candidates(store, topics=[]) == []


def test_candidates_come_newest_first_however_many_they_are(store: Store) -> None:
    seen = [
        sighting(f"A{number}", text="", topics=("kling",), published_at=ago(minutes=number % 70))
        for number in range(1100)
    ]
    store.save_poll(outcome(*seen))
    rows = store.digest_candidates("daily", window(), None)
    assert len(rows) == 1100
    dates = [row.article.published_at or NOW for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_what_a_digest_reported_is_not_reported_again_by_it_but_by_another(store: Store) -> None:
    store.save_poll(outcome(sighting("A", topics=("kling", "video"))))
    (row,) = store.digest_candidates("daily", window(), None)
    store.enqueue(issue(DigestItem(article_id=row.id, topic_id="kling")), NOW)
    assert candidates(store) == ["A: video"]
    assert candidates(store, "weekly") == ["A: kling", "A: video"]


def test_a_match_that_a_longer_text_brought_later_is_news_then(store: Store) -> None:
    store.save_poll(outcome(sighting("A", text="", first_seen_at=ago(days=3))))
    longer = Sighting(
        names=EntryNames(key="other"), article=article("A"), matches=(match(spans=()),)
    )
    store.save_poll(outcome(longer, feed=feed_state(OTHER_URL)))
    assert candidates(store) == ["A: kling"]


# ------------------------------------------------------------------------------------- coverage


def test_coverage_says_what_could_be_seen(store: Store) -> None:
    store.save_poll(
        outcome(sighting("A"), sighting("B"), sighting("Old", first_seen_at=ago(days=2)))
    )
    down = feed_state(
        OTHER_URL,
        failures=2,
        failure_kind=FailureKind.DNS,
        error="no such name",
        last_success_at=ago(days=2),
    )
    store.save_poll(PollOutcome(feed=down))
    failing = FailingFeed(name="Other", url=OTHER_URL, error="no such name")
    assert store.coverage(window()) == Coverage(
        feeds=2, feeds_read=1, articles=2, failing=(failing,)
    )


def test_coverage_counts_only_feeds_that_are_polled_but_names_those_that_are_gone(
    store: Store,
) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(PollOutcome(feed=feed_state(retired=True, error="gone for good (410)")))
    gone = FailingFeed(name=FEED_URL, url=FEED_URL, error="gone for good (410)")
    assert store.coverage(window()) == Coverage(feeds=0, feeds_read=0, articles=0, failing=(gone,))


def awake(store: Store, since: datetime, until: datetime) -> None:
    """Give a sign of life every four minutes."""
    while since < until:
        store.note_alive(since)
        since += timedelta(minutes=4)
    store.note_alive(until)


def test_coverage_tells_when_the_monitor_did_not_run(store: Store) -> None:
    assert store.coverage(window()).gaps == ()
    for since, until in [(60, 50), (40, 20), (19.9, 12), (8, 0)]:
        awake(store, ago(hours=since), ago(hours=until))
    assert store.coverage(window()).gaps == (Gap(since=ago(hours=12), until=ago(hours=8)),)
    before = store.coverage(window(until=ago(hours=24), length=2 * DAY)).gaps
    assert before == (Gap(since=ago(hours=50), until=ago(hours=40)),)


def test_a_clock_that_is_set_back_makes_no_gap(store: Store) -> None:
    awake(store, ago(hours=3), ago(hours=1))
    awake(store, ago(hours=2), NOW)
    assert store.coverage(window()).gaps == ()


def test_of_a_time_long_ago_is_told_what_is_kept(store: Store) -> None:
    past = window(until=ago(days=3))
    read = feed_state(first_success_at=ago(days=9), failures=1, failure_kind=FailureKind.DNS)
    store.save_poll(outcome(sighting("A", first_seen_at=ago(days=3.5)), feed=read))
    assert store.coverage_then(past) == Coverage(feeds=1, feeds_read=1, articles=1)
    assert store.coverage_then(window(until=ago(days=10))).feeds == 0


def test_coverage_names_feeds_that_are_well_but_bring_nothing_any_more(store: Store) -> None:
    weekly = [sighting(f"Issue {n}", published_at=ago(days=50 + 7 * n)) for n in range(9)]
    store.save_poll(outcome(*weekly))
    store.save_poll(outcome(*weekly, feed=feed_state(OTHER_URL, last_success_at=ago(days=20))))
    # What a feed published since it was last read, nobody knows; one that fails is named as such.
    (quiet,) = store.coverage(window()).quiet
    assert (quiet.url, quiet.days) == (FEED_URL, 50)
    down = feed_state(failures=1, failure_kind=FailureKind.DNS, error="x", last_success_at=NOW)
    store.save_poll(PollOutcome(feed=down))
    assert store.coverage(window()).quiet == ()


# --------------------------------------------------------------------------------------- issues


def test_an_installation_has_a_mark_that_no_other_has(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    again = open_store(store_url)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    marks = [each.installation() for each in (store, again, store, other)]
    again.close()
    other.close()
    assert marks[0] == marks[1] == marks[2] != marks[3]
    assert len(marks[0]) == len(marks[3]) == 32


def test_a_digest_starts_when_it_is_first_asked_for(store: Store) -> None:
    assert store.digest_started_at("daily", NOW) == NOW
    assert store.digest_started_at("daily", NOW + DAY) == NOW
    assert store.digest_started_at("weekly", NOW + DAY) == NOW + DAY
    # The clock was a day ahead when it started.
    assert store.digest_started_at("weekly", NOW) == NOW
    assert store.digest_started_at("weekly", NOW + DAY) == NOW


def test_a_slot_has_one_issue(store: Store) -> None:
    assert store.enqueue(issue(), NOW) is not None
    assert store.enqueue(issue(to=("eve@example.com",)), NOW) is None
    for other in (
        slot("weekly"),
        slot(at="19:00"),
        slot(local_date=NOW.date() + DAY),
    ):
        assert store.enqueue(issue(slot=other), NOW) is not None
    assert len(store.digests()) == 4


def test_recent_issues_come_in_the_order_they_were_made_even_if_empty(store: Store) -> None:
    assert store.recent_issues("daily") == ()
    ahead = issue(slot=slot(local_date=NOW.date() + DAY), to=(), window=window(NOW + DAY))
    usual = issue()
    for made in (ahead, usual):
        store.enqueue(made, NOW)
    assert store.recent_issues("daily") == tuple((i.slot, i.window) for i in (usual, ahead))
    assert store.recent_issues("weekly") == ()


def test_an_issue_is_listed_with_its_deliveries_and_read_as_sent(store: Store) -> None:
    mail = rendered(problems=("digest.html.j2: line 3",))
    items = [DigestItem(article_id=1, topic_id=topic) for topic in ("kling", "video")]
    number = store.enqueue(
        issue(*items, to=("ann@example.com", "bob@example.com"), rendered=mail), NOW
    )
    assert number is not None
    (row,) = store.digests()
    assert (row.id, row.name, row.local_date, row.at) == (number, "daily", NOW.date(), "07:30")
    assert (row.subject, row.created_at, row.window) == (mail.subject, NOW, window())
    assert row.items == 2
    assert row.deliveries == (
        ("ann@example.com", DeliveryState.QUEUED, ""),
        ("bob@example.com", DeliveryState.QUEUED, ""),
    )
    assert store.digest(number) == mail
    assert store.digest(number + 1) is None


# ----------------------------------------------------------------------------------- deliveries


def test_a_delivery_is_claimed_once_and_freed_when_its_lease_ends(store: Store) -> None:
    store.enqueue(issue(), NOW)
    first = store.claim_delivery(NOW, lease=LEASE)
    assert first is not None
    expected = new_delivery()
    assert (first.message_id, first.message) == (expected.message_id, expected.message)
    assert (first.recipient, first.tries, first.next_try_at) == (expected.recipient, 1, NOW + LEASE)
    assert store.claim_delivery(NOW, lease=LEASE) is None
    # The process died: the next one sends the same message.
    again = store.claim_delivery(NOW + LEASE, lease=LEASE)
    assert again == replace(first, tries=2, next_try_at=NOW + 2 * LEASE)


def test_deliveries_are_claimed_in_the_order_they_are_due(store: Store) -> None:
    store.enqueue(issue(to=("ann@example.com",)), NOW)
    store.enqueue(issue(slot=slot("weekly"), to=("bob@example.com",)), ago(hours=1))
    claimed = [store.claim_delivery(NOW, lease=LEASE) for _ in range(3)]
    assert [one and one.recipient for one in claimed] == [
        "bob@example.com",
        "ann@example.com",
        None,
    ]


@pytest.mark.parametrize(
    ("result", "state", "words"),
    [
        pytest.param(Sent(), DeliveryState.SENT, "", id="250"),
        pytest.param(
            Rejected(reason="no such user"), DeliveryState.REJECTED, "no such user", id="5xx"
        ),
        pytest.param(Deferred(reason="later"), DeliveryState.QUEUED, "later", id="4xx"),
    ],
)
def test_how_a_try_ended_is_noted(
    store: Store, result: SendResult, state: DeliveryState, words: str
) -> None:
    store.enqueue(issue(), NOW)
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert claimed is not None
    store.settle_delivery(claimed.id, result, NOW, next_try_at=NOW + HOUR)
    assert store.digests()[0].deliveries == (("ann@example.com", state, words),)
    later = store.claim_delivery(NOW + DAY, lease=LEASE)
    assert (later is not None) is (state is DeliveryState.QUEUED)


def test_a_deferred_delivery_waits_until_its_next_try(store: Store) -> None:
    store.enqueue(issue(), NOW)
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert claimed is not None
    store.settle_delivery(claimed.id, Deferred(reason="later"), NOW, next_try_at=NOW + HOUR)
    assert store.claim_delivery(NOW + HOUR - LEASE, lease=LEASE) is None
    again = store.claim_delivery(NOW + HOUR, lease=LEASE)
    assert again is not None
    assert (again.tries, again.error) == (2, "later")
    store.settle_delivery(again.id, Deferred(reason="no answer"), NOW, next_try_at=NOW + DAY)
    assert store.claim_delivery(NOW + DAY, lease=LEASE) is not None


@pytest.mark.parametrize("ahead", [2 * HOUR, 3 * DAY])
def test_what_a_clock_that_was_ahead_put_off_is_due_when_it_is_set_right(
    store: Store, ahead: timedelta
) -> None:
    store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW + ahead)
    ann = store.claim_delivery(NOW + ahead, lease=LEASE)
    assert ann is not None
    later = Deferred(reason="later")
    store.settle_delivery(ann.id, later, NOW + ahead, next_try_at=NOW + ahead + HOUR)
    for _ in range(2):
        copy = store.claim_delivery(NOW, lease=LEASE)
        assert copy is not None
        store.settle_delivery(copy.id, later, NOW, next_try_at=NOW + HOUR)
    assert store.claim_delivery(NOW, lease=LEASE) is None


def test_what_somebody_died_with_can_be_held_or_taken_up_at_once(store: Store) -> None:
    store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW)
    for _ in range(2):
        assert store.claim_delivery(NOW, lease=LEASE)
    assert store.release_claims(NOW) == 2
    again = store.claim_delivery(NOW, lease=LEASE)
    assert again is not None
    assert again.tries == 2
    # Bob's copy may have arrived, and nothing else is due.
    assert store.claim_delivery(NOW, lease=LEASE, hold=True) is None
    (ann, _, _), (bob, held, words) = store.digests()[0].deliveries
    assert (ann, bob, held) == ("ann@example.com", "bob@example.com", DeliveryState.HELD)
    assert "may have arrived" in words


def test_a_fault_of_the_server_lets_every_copy_wait(store: Store) -> None:
    store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW)
    first = store.claim_delivery(NOW, lease=LEASE)
    assert first is not None
    down = Deferred(reason="down", concerns="server")
    store.settle_delivery(first.id, down, NOW, next_try_at=NOW + HOUR)
    assert store.claim_delivery(NOW + HOUR - LEASE, lease=LEASE) is None
    assert store.hurry(NOW + LEASE) == 2
    again = store.claim_delivery(NOW + LEASE, lease=LEASE)
    assert again is not None
    assert again.recipient == "ann@example.com"


@pytest.mark.parametrize("hold", [True, False])
def test_what_may_have_arrived_is_sent_again_or_held(store: Store, *, hold: bool) -> None:
    store.enqueue(issue(), NOW)
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert claimed is not None
    cut = Ambiguous(reason="cut after the final dot")
    store.settle_delivery(claimed.id, cut, NOW, next_try_at=NOW + HOUR, hold=hold)
    state = DeliveryState.HELD if hold else DeliveryState.QUEUED
    assert store.digests()[0].deliveries == (("ann@example.com", state, cut.reason),)
    again = store.claim_delivery(NOW + HOUR, lease=LEASE, hold=hold)
    assert (again is None) is hold


def settled(store: Store, result: SendResult) -> int:
    number = store.enqueue(issue(), NOW)
    assert number is not None
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert claimed is not None
    store.settle_delivery(claimed.id, result, NOW, next_try_at=NOW + HOUR, hold=True)
    return number


@pytest.mark.parametrize(
    ("result", "by_name", "again"),
    [
        pytest.param(Sent(), False, 0, id="sent"),
        pytest.param(Sent(), True, 1, id="sent, by name"),
        pytest.param(Rejected(reason="no"), False, 1, id="refused"),
        pytest.param(Ambiguous(reason="cut"), False, 1, id="held"),
        pytest.param(Deferred(reason="later"), False, 1, id="waiting"),
    ],
)
def test_a_person_lets_a_copy_be_sent_again(
    store: Store, result: SendResult, again: int, *, by_name: bool
) -> None:
    number = settled(store, result)
    to = "ann@example.com" if by_name else None
    assert store.requeue(number, NOW, recipient=to) == again
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert (claimed is not None) is bool(again)
    if claimed:
        assert (claimed.message_id, claimed.tries) == (new_delivery().message_id, 1)
        # While it is being sent, it is left alone.
        assert store.requeue(number, NOW, recipient="ann@example.com") == 0


def test_who_unsubscribed_gets_nothing_more(store: Store) -> None:
    number = store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW)
    assert number is not None
    for _ in range(2):  # a second time changes nothing
        store.unsubscribe("daily", "ann@example.com", NOW)
    assert store.unsubscribed("daily") == {"ann@example.com"}
    assert store.unsubscribed("weekly") == frozenset()
    assert store.digests()[0].deliveries[0] == (
        "ann@example.com", DeliveryState.REJECTED, "unsubscribed"
    )  # fmt: skip
    assert store.requeue(number, NOW, recipient="ann@example.com") == 0
    assert store.requeue(number, NOW) == 1
    assert store.subscribe_again("daily", "ann@example.com")
    assert not store.subscribe_again("daily", "ann@example.com")
    assert store.requeue(number, NOW) == 2


def test_recipients_are_told_how_it_goes(store: Store) -> None:
    settled(store, Sent())
    for days, result in ((1, Rejected(reason="550 no")), (2, Rejected(reason="550 still no"))):
        later = slot(local_date=NOW.date() + days * DAY)
        store.enqueue(issue(slot=later), NOW)
        claimed = store.claim_delivery(NOW, lease=LEASE)
        assert claimed is not None
        store.settle_delivery(claimed.id, result, NOW, next_try_at=NOW)
    store.unsubscribe("weekly", "eve@example.com", NOW)
    assert store.recipients() == (
        Recipient(
            digest="daily",
            address="ann@example.com",
            sent=1,
            last_sent_at=NOW,
            refused=2,
            state=DeliveryState.REJECTED,
            error="550 still no",
        ),
        Recipient(digest="weekly", address="eve@example.com", unsubscribed_at=NOW),
    )


def test_a_shortened_copy_is_kept_as_it_was_sent(store: Store) -> None:
    number = settled(store, Sent(shortened=b"short"))
    (copy,) = store.copies(number)
    assert (copy.message, copy.state) == (b"short", DeliveryState.SENT)
    assert "shortened" in copy.error


def test_a_moment_belongs_to_the_issue_whose_window_it_is_in(store: Store) -> None:
    item = DigestItem(article_id=1, topic_id="kling")
    number = store.enqueue(issue(item), NOW)
    found = store.issue_of("daily", ago(hours=1))
    assert found is not None
    assert (found.id, found.items, found.window) == (number, frozenset({item}), window())
    assert store.issue_of("daily", NOW) == found
    assert store.issue_of("daily", window().since) is None
    assert store.issue_of("weekly", NOW) is None


def test_a_settled_delivery_stays_settled(store: Store) -> None:
    store.enqueue(issue(), NOW)
    claimed = store.claim_delivery(NOW, lease=LEASE)
    assert claimed is not None
    store.settle_delivery(claimed.id, Sent(), NOW, next_try_at=NOW)
    late = Rejected(reason="too late")
    store.settle_delivery(claimed.id, late, NOW, next_try_at=NOW)
    assert store.digests()[0].deliveries == (("ann@example.com", DeliveryState.SENT, ""),)


# ------------------------------------------------------------------------------- what was shown


def test_what_readers_saw_of_an_article_is_kept_for_each_digest(store: Store) -> None:
    lead, counted = (
        DigestItem(article_id=1, topic_id=topic, shown=shown)
        for topic, shown in (("kling", Shown.LEAD), ("video", Shown.COUNTED))
    )
    other = DigestItem(article_id=2, topic_id="kling", shown=Shown.STORY)
    first = slot()
    store.enqueue(issue(counted, lead, other, slot=first), NOW)
    later = first.due_at + timedelta(seconds=1)
    assert store.reported("daily", [1, 2, 3], before=later) == {
        1: Reported(at=first.due_at, shown=Shown.LEAD),
        2: Reported(at=first.due_at, shown=Shown.STORY),
    }
    assert store.reported("daily", [1, 2], before=first.due_at) == {}
    assert store.reported("weekly", [1, 2], before=later) == {}


def test_the_usual_level_is_told_by_the_weeks_before(store: Store) -> None:
    begun = ago(days=11)
    state = feed_state(first_success_at=begun, last_success_at=NOW)
    shown = [
        sighting(f"Kling {number}", topics=("kling",), first_seen_at=ago(days=3 + number % 3))
        for number in range(20)
    ]
    old = sighting("Kling, old", topics=("kling",), first_seen_at=begun, backlog=True)
    today = sighting("Kling, today", topics=("kling",), first_seen_at=ago(hours=1))
    store.save_poll(outcome(*shown, old, today, feed=state))
    assert store.usual(["kling", "video"], window()) == {"kling": 2.0, "video": 0.0}
    assert store.usual(["kling"], window(length=5 * DAY)) == {}
    assert store.usual(["kling"], window(length=0 * DAY)) == {}
