"""From the slot to the inbox, over a real database; what a crash may and may not do."""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from monitor import config as configuration
from monitor import deliver
from monitor.config import Config
from monitor.errors import MonitorError, StoreError
from monitor.group import Grouper
from monitor.mail import FolderMailer
from monitor.model import (
    Ambiguous,
    Deferred,
    Delivery,
    DeliveryState,
    Digest,
    Issue,
    Rejected,
    RenderedDigest,
    SendResult,
    Sent,
    Shown,
    Sighting,
)
from monitor.render import Templates
from monitor.store import Store, open_store
from monitor.stories import Glossary
from tests import mail_rules
from tests.factories import (
    DAY,
    FEED_URL,
    HOUR,
    NOW,
    feed_state,
    outcome,
    rendered,
    sighting,
    topic_version,
)

TEMPLATES = Templates([])
MINUTE = timedelta(minutes=1)
#: The morning's slot on NOW's day; the service was started the day before.
SLOT = datetime.fromisoformat("2026-03-11T07:30:00+00:00")
START = SLOT - DAY + HOUR

TOPICS = """
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling"]

[[topic]]
id = "alibaba"
name = "Alibaba"
any = ["Alibaba"]

[[feed]]
url = "https://news.example/feed"
"""
DAILY = TOPICS + '[[digest]]\nname = "daily"\nto = ["ann@example.com", "bob@example.com"]\n'
MAIL = '[mail]\nfrom = "Monitor <monitor@news.example>"\nhost = "smtp.example"\n'


def load(text: str = DAILY + MAIL) -> Config:
    return configuration.load(text)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """Give a store that knows the feed and the topics."""
    opened = open_store(sqlite_url)
    opened.sync_feeds(load().feeds, START)
    opened.accept_config(
        text="", hash="1", topics=[topic_version("kling"), topic_version("alibaba")], now=START
    )
    yield opened
    opened.close()


def poll(store: Store, at: datetime, *sightings: Sighting) -> None:
    state = feed_state(
        FEED_URL,
        last_polled_at=at,
        last_success_at=at,
        first_success_at=START,
        next_poll_at=at + HOUR,
    )
    store.save_poll(outcome(*sightings, feed=state))


def seen(title: str, at: datetime, *topics: str, backlog: bool = False) -> Sighting:
    return sighting(
        title, topics=topics or ("kling",), first_seen_at=at, published_at=at, backlog=backlog
    )


@dataclass
class FakeMailer:
    """Keeps what was sent; gives the scripted refusals first, one for each message."""

    refusals: list[Deferred | Rejected | Ambiguous] = field(default_factory=list)
    sent: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery) -> SendResult:
        mail_rules.check(delivery.message)
        if self.refusals:
            return self.refusals.pop(0)
        self.sent.append(delivery)
        return Sent()


class Died(BaseException):
    """The process ends here: nothing that follows is run, and nobody handles it."""


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def makings(store: Store, config: Config, templates: Templates = TEMPLATES) -> deliver.Makings:
    return deliver.Makings(store=store, config=config, templates=templates)


def compose(store: Store, config: Config, now: datetime = SLOT) -> int:
    return deliver.compose_due(makings(store, config), now)


@pytest.fixture
def due(store: Store) -> Config:
    """Give a configuration whose digest was started yesterday and has one article for today."""
    config = load()
    assert compose(store, config, START) == 0
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    return config


# -------------------------------------------------------------------------------------- compose


def test_a_digest_comes_once_at_its_hour(store: Store, due: Config) -> None:
    assert compose(store, due, SLOT - MINUTE) == 0
    assert compose(store, due, SLOT) == 1
    assert compose(store, due, SLOT) == 0
    assert compose(store, due, SLOT + 10 * HOUR) == 0
    [issue] = store.digests()
    assert issue.subject == "Kling 2.0 makes films · 11 Mar"
    assert [recipient for recipient, _, _ in issue.deliveries] == [
        "ann@example.com",
        "bob@example.com",
    ]


def test_the_first_issue_covers_one_period(store: Store) -> None:
    """A first poll brings old items too; only what is dated in the last period is news."""
    config = load()
    compose(store, config, START)
    old = seen("Kling, long ago", SLOT - 9 * DAY, backlog=True)
    new = seen("Kling, of yesterday", SLOT - DAY + MINUTE, backlog=True)
    first_poll = [
        replace(one, article=replace(one.article, first_seen_at=START)) for one in (old, new)
    ]
    poll(store, START, *first_poll)
    compose(store, config)
    assert _subjects(store) == ["Kling, of yesterday · 11 Mar"]


def _subjects(store: Store) -> list[str]:
    return [row.subject for row in store.digests()]


def test_issues_join_without_gap_or_overlap(store: Store, due: Config) -> None:
    compose(store, due)
    # Stamped before the issue was composed, but stored only after it: it must not be lost.
    poll(store, SLOT, seen("Kling, at the very moment", SLOT))
    poll(store, SLOT + MINUTE, seen("Kling, just after", SLOT + MINUTE))
    compose(store, due, SLOT + DAY)
    second, first = store.digests()
    assert second.window.since == first.window.until == SLOT
    assert (first.items, second.items) == (1, 2)


def test_a_month_of_downtime_gives_one_issue_with_everything(store: Store, due: Config) -> None:
    compose(store, due)
    poll(store, SLOT + HOUR, seen("Kling, before the pause", SLOT + HOUR))
    back = SLOT + 30 * DAY + 2 * HOUR
    poll(store, back - 3 * HOUR, seen("Kling, after it", back - 3 * HOUR))
    assert compose(store, due, back) == 1
    newest, _ = store.digests()
    assert newest.local_date == back.date()
    assert newest.items == 2


def test_a_pause_before_the_first_issue_loses_nothing(store: Store) -> None:
    """Installed in the morning, switched off in the evening, and on again three days later."""
    config = load()
    compose(store, config, START)
    poll(store, START + HOUR, seen("Kling, on the first day", START + HOUR))
    assert compose(store, config, SLOT + 3 * DAY) == 1
    [issue] = store.digests()
    assert (issue.local_date, issue.items) == ((SLOT + 3 * DAY).date(), 1)
    assert issue.window.since == SLOT - DAY


CATCHING_UP = DAILY + 'catch_up = "{}"\nwhen_empty = "send"\n' + MAIL


def after_three_days(store: Store, catch_up: str) -> list[tuple[str, int]]:
    """Miss three slots; on return each of the days before has news, and today has some."""
    config = load(CATCHING_UP.format(catch_up))
    compose(store, config, START)
    poll(store, SLOT - HOUR)
    compose(store, config)
    back = SLOT + 3 * DAY + 2 * HOUR
    dated = [
        sighting(f"Kling, {hours} h later", topics=("kling",), first_seen_at=back - MINUTE,
                 published_at=SLOT + hours * HOUR)
        for hours in (1, 30, 35, 60, 73)
    ]  # fmt: skip
    poll(store, back - MINUTE, *dated)
    compose(store, config, back)
    assert compose(store, config, back + HOUR) == 0
    if catch_up == "skip":  # the next regular one brings it all
        poll(store, SLOT + 4 * DAY - HOUR)
        assert compose(store, config, SLOT + 4 * DAY) == 1
    made = store.digests()[:-1]
    return [(f"{row.local_date:%d}", row.items) for row in reversed(made)]


@pytest.mark.parametrize(
    ("catch_up", "made"),
    [
        ("merge", [("14", 5)]),
        ("each", [("12", 1), ("13", 2), ("14", 2)]),
        ("skip", [("15", 5)]),
    ],
)
def test_after_downtime_every_article_is_in_one_issue(
    store: Store, catch_up: str, made: list[tuple[str, int]]
) -> None:
    assert after_three_days(store, catch_up) == made


def test_each_missed_issue_covers_its_own_day(store: Store) -> None:
    after_three_days(store, "each")
    windows = [row.window for row in reversed(store.digests())][1:]
    assert [window.until for window in windows[:2]] == [SLOT + DAY, SLOT + 2 * DAY]
    assert [window.since for window in windows] == [SLOT, SLOT + DAY, SLOT + 2 * DAY]
    issue = store.digest(store.digests()[1].id)
    assert issue is not None
    assert "2 articles from 1 of 1 feed" in issue.text


def test_dying_between_two_missed_issues_loses_and_doubles_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue, calls = Store.enqueue, []

    def enqueue_once(self: Store, issue: Issue, now: datetime) -> int | None:
        calls.append(issue.slot)
        if len(calls) == 3:
            raise Died
        return enqueue(self, issue, now)

    monkeypatch.setattr(Store, "enqueue", enqueue_once)
    with pytest.raises(Died):
        after_three_days(store, "each")
    assert compose(store, load(CATCHING_UP.format("each")), SLOT + 3 * DAY + 3 * HOUR) == 2
    assert [row.items for row in store.digests()] == [2, 2, 1, 0]


def steps(begin: datetime, hours: int) -> list[datetime]:
    return [begin + hour * HOUR for hour in range(hours)]


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(
            steps(SLOT - 3 * HOUR, 4) + steps(SLOT - 2 * HOUR, 80), id="back after 07:30"
        ),
        pytest.param(
            steps(SLOT - 3 * HOUR, 3) + steps(SLOT - 3 * HOUR, 80), id="back before 07:30"
        ),
        pytest.param(steps(SLOT - 3 * HOUR, 4) + steps(SLOT + 3 * DAY, 40), id="three days ahead"),
        pytest.param(
            steps(SLOT - 3 * HOUR, 4)
            + steps(SLOT + 3 * DAY + HOUR, 3)
            + steps(SLOT + 2 * HOUR, 130),
            id="three days ahead and put right",
        ),
        pytest.param(
            steps(SLOT + 3 * DAY, 5) + steps(SLOT - 3 * HOUR, 130), id="ahead when first started"
        ),
    ],
)  # fmt: skip
def test_whatever_the_clock_does_nothing_is_doubled_lost_or_late(
    store: Store, clock: list[datetime]
) -> None:
    config = load()
    made = []
    for number, now in enumerate(clock):
        poll(store, now, seen(f"Kling {number}", now))
        made.append(compose(store, config, now))
    issues = store.digests(1000)
    dates = [issue.local_date for issue in issues]
    assert len(dates) == len(set(dates)) == sum(made)
    assert max(made) == 1
    days = {now.date() for now in clock if now.hour >= 8 and now >= SLOT}
    assert days - set(dates) <= {clock[0].date()}
    late = compose(store, config, clock[-1] + DAY)
    assert late == 1
    reported = sum(issue.items for issue in store.digests(1000))
    assert reported == len(clock)


def test_a_renamed_digest_goes_on_where_it_was(store: Store, due: Config) -> None:
    poll(store, SLOT - MINUTE, seen("Kling, just before the last issue", SLOT - MINUTE))
    compose(store, due)
    renamed = load(DAILY.replace("daily", "morning") + MAIL)
    compose(store, renamed, SLOT + HOUR)
    poll(store, SLOT + 2 * HOUR, seen("Kling, after the last issue", SLOT + 2 * HOUR))
    assert compose(store, renamed, SLOT + DAY) == 1
    assert store.digests()[0].items == 1


def test_nothing_new_is_noted_but_not_sent(store: Store) -> None:
    config = load()
    compose(store, config, START)
    poll(store, SLOT - HOUR)
    assert compose(store, config) == 1
    [issue] = store.digests()
    assert (issue.subject, issue.deliveries) == ("Nothing new · 11 Mar", ())
    assert compose(store, config) == 0


def test_nothing_new_is_sent_on_wish(store: Store) -> None:
    config = load(DAILY + 'when_empty = "send"\n' + MAIL)
    compose(store, config, START)
    poll(store, SLOT - HOUR)
    compose(store, config)
    assert len(store.digests()[0].deliveries) == 2


def test_a_blind_monitor_says_so(store: Store) -> None:
    config = load()
    compose(store, config, START)
    compose(store, config)
    [issue] = store.digests()
    assert issue.subject.startswith("The monitor could not see")
    assert len(issue.deliveries) == 2


def test_two_digests_do_not_take_each_others_news(store: Store) -> None:
    config = load(DAILY + '[[digest]]\nname = "boss"\nto = ["eve@example.com"]\n' + MAIL)
    compose(store, config, START)
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    assert compose(store, config) == 2
    assert _subjects(store) == ["Kling 2.0 makes films · 11 Mar"] * 2


def test_a_digest_reports_only_its_topics(store: Store) -> None:
    config = load(DAILY + 'topics = ["alibaba"]\n' + MAIL)
    compose(store, config, START)
    poll(
        store,
        SLOT - HOUR,
        seen("Kling 2.0", SLOT - HOUR),
        seen("Kling and Alibaba", SLOT - HOUR, "kling", "alibaba"),
    )
    compose(store, config)
    assert [(row.subject, row.items) for row in store.digests()] == [
        ("Kling and Alibaba · 11 Mar", 1)
    ]


def test_a_broken_template_is_told_and_the_digest_goes_out(
    store: Store, due: Config, tmp_path: Path
) -> None:
    (tmp_path / "digest.html.j2").write_text("{{ headline }}", encoding="utf-8")
    deliver.compose_due(makings(store, due, Templates([tmp_path])), SLOT)
    mailer = FakeMailer()
    deliver.drain_outbox(store, mailer, at(SLOT))
    assert len(mailer.sent) == 2
    body = message_from_bytes(mailer.sent[0].message, policy=default).get_body(("plain",))
    assert body is not None
    assert "'headline' is undefined" in " ".join(body.get_content().split())
    stored = store.digest(store.digests()[0].id)
    assert stored is not None
    assert stored.problems


def test_a_digest_that_fails_does_not_hold_up_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    even = '[[digest]]\nname = "even"\nto = ["eve@example.com"]\n'
    config = load(DAILY.replace("daily", "odd") + even + MAIL)
    compose(store, config, START)
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    render = Templates.render

    def fail_for_odd(templates: Templates, digest: Digest) -> RenderedDigest:
        if digest.name == "odd":
            raise ZeroDivisionError
        return render(templates, digest)

    monkeypatch.setattr(Templates, "render", fail_for_odd)
    assert compose(store, config) == 1
    assert [row.name for row in store.digests()] == ["even"]
    assert "ZeroDivisionError" in caplog.text


def test_without_mail_a_digest_goes_into_the_folder(store: Store, tmp_path: Path) -> None:
    config = load(DAILY)
    compose(store, config, START)
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    compose(store, config)
    report = deliver.drain_outbox(store, FolderMailer(tmp_path / "outbox"), at(SLOT))
    assert report == deliver.DrainReport(sent=1)
    page = tmp_path / "outbox" / "daily-2026-03-11-0730.html"
    assert "2.0 makes films" in page.read_text(encoding="utf-8")


FILM = "Kuaishou shows a new version of its video model that keeps a face for two minutes"


def told(store: Store, now: datetime, config: Config) -> list[tuple[str, str]]:
    """Group, compose the issue of that moment, and give the state of each story it shows."""
    Grouper(store, Glossary(shipped=True)).group_stories(now)
    digest, _ = deliver.preview(makings(store, config), now - MINUTE)
    assert compose(store, config, now) == 1
    return [
        (story.state.value, "".join(piece.text for piece in story.lead.title))
        for topic in digest.topics
        for story in (*topic.stories, *topic.ongoing)
    ]


def report(title: str, at: datetime, source: str, text: str = "") -> Sighting:
    return sighting(title, topics=("kling",), first_seen_at=at, source=source, text=text)


def test_a_story_comes_again_only_when_somebody_reports_more(store: Store) -> None:
    config = load()
    compose(store, config, START)
    first = "Kling 4 keeps a face for two minutes, Kuaishou says"
    poll(store, SLOT - HOUR, report(first, SLOT - HOUR, "Harbour Post", FILM))
    assert told(store, SLOT, config) == [("new", first)]
    later = SLOT + 2 * HOUR
    poll(store, later, report(f"{first}: agency", later, "Copy Desk", FILM))
    assert told(store, SLOT + DAY, config) == [("ongoing", f"{first}: agency")]
    assert store.digests()[0].deliveries == ()
    last = SLOT + DAY + HOUR
    more = "Kling 4 keeps a face for two minutes and costs $20 million, Kuaishou says"
    poll(store, last, report(more, last, "Film Weekly", "Studios paid $20 million for it."))
    assert told(store, SLOT + 2 * DAY, config) == [("update", more)]
    update = store.digest(store.digests()[0].id)
    assert update is not None
    assert "1 new source; new figure: $20 million, since “" + first in " ".join(update.text.split())
    assert told(store, SLOT + 3 * DAY, config) == []


def test_it_is_kept_which_headlines_a_reader_saw(store: Store) -> None:
    config = load((DAILY + MAIL).replace('any = ["Kling"]', 'any = ["Kling"]\nlimit = 1'))
    compose(store, config, START)
    best = report("Kling 4 keeps a face for two minutes", SLOT - HOUR, "Harbour Post")
    counted = report("Kling opens an office in Lisbon", SLOT - 3 * HOUR, "Harbour Post")
    poll(store, SLOT - HOUR, best, counted)
    compose(store, config)
    saw = store.reported("daily", [1, 2], before=NOW)
    assert sorted(one.shown for one in saw.values()) == [Shown.COUNTED, Shown.LEAD]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_each_article_is_reported_once(store: Store, seed: int) -> None:
    """The monitor is off for days, and its owner moves the digest to other hours and zones."""
    chance = random.Random(seed)
    hours, zones = ("00:00", "02:30", "07:30", "23:59"), ("UTC", "Asia/Tokyo", "America/New_York")
    config, now, polls = load(), START, chance.randint(15, 30)
    compose(store, config, now)
    for number in range(polls):
        now += chance.choice((MINUTE, 5 * HOUR, DAY, 4 * DAY)) * chance.random()
        if chance.random() < 0.2:
            zone = f'timezone = "{chance.choice(zones)}"\n'
            config = load(zone + DAILY + f'at = "{chance.choice(hours)}"\n' + MAIL)
        # Stamped when it was read, stored when its transaction ended.
        stamp = max(START, now - chance.choice((0, 0, 20)) * MINUTE)
        poll(store, now, seen(f"Kling {number}", stamp))
        if chance.random() < 0.7:
            compose(store, config, now)
    compose(store, config, now + 2 * DAY)
    assert sum(issue.items for issue in store.digests(1000)) == polls


# ----------------------------------------------------------------------------------------- send


def test_each_recipient_gets_one_copy(store: Store, due: Config) -> None:
    compose(store, due)
    mailer = FakeMailer()
    assert deliver.drain_outbox(store, mailer, at(SLOT)) == deliver.DrainReport(sent=2)
    assert deliver.drain_outbox(store, mailer, at(SLOT + DAY)) == deliver.DrainReport()
    assert [one.recipient for one in mailer.sent] == ["ann@example.com", "bob@example.com"]
    ids = [message_from_bytes(one.message)["Message-ID"] for one in mailer.sent]
    assert ids == [one.message_id for one in mailer.sent]
    assert len(set(ids)) == 2


def test_a_refused_recipient_does_not_hold_up_the_others(store: Store, due: Config) -> None:
    compose(store, due)
    mailer = FakeMailer(refusals=[Rejected(reason="550 no such person")])
    report = deliver.drain_outbox(store, mailer, at(SLOT))
    assert report == deliver.DrainReport(sent=1, rejected=1)
    assert store.digests()[0].deliveries == (
        ("ann@example.com", DeliveryState.REJECTED, "550 no such person"),
        ("bob@example.com", DeliveryState.SENT, ""),
    )
    assert deliver.drain_outbox(store, mailer, at(SLOT + DAY)) == deliver.DrainReport()


def test_a_fault_of_ours_defers_one_message_and_does_not_hold_up_the_others(
    store: Store, due: Config, caplog: pytest.LogCaptureFixture
) -> None:
    compose(store, due)
    mailer = FailingMailer()
    report = deliver.drain_outbox(store, mailer, at(SLOT))
    assert report == deliver.DrainReport(sent=1, deferred=1)
    (_, state, words), _ = store.digests()[0].deliveries
    assert state is DeliveryState.QUEUED
    assert "its log has the details" in words
    assert "ZeroDivisionError" not in words
    assert "ZeroDivisionError" in caplog.text
    assert deliver.drain_outbox(store, mailer, at(SLOT + MINUTE)) == deliver.DrainReport(sent=1)


class FailingMailer(FakeMailer):
    """Fails at its first message as nobody foresaw."""

    def send(self, delivery: Delivery) -> SendResult:
        if delivery.recipient == "ann@example.com" and delivery.tries == 1:
            raise ZeroDivisionError
        return super().send(delivery)


def test_what_keeps_mail_from_its_readers_is_told(store: Store, due: Config) -> None:
    assert deliver.troubles(store) == ()
    compose(store, due)
    assert deliver.troubles(store) == ()
    refusals: list[Deferred | Rejected | Ambiguous] = [
        Ambiguous(reason="cut"), Deferred(reason="451 later")
    ]  # fmt: skip
    deliver.drain_outbox(store, FakeMailer(refusals=refusals), at(SLOT), hold=True)
    waits, held = deliver.troubles(store)
    assert waits == "Mail waits (1 to be tried again): 451 later"
    assert held.startswith("Mail is held (1), since it may have arrived")


HOSTILE = [
    "Kling\r\nBcc: v@x.example", "Kling\nBcc: v@x.example", "Kling\x0b\x0c\x85Bcc: v@x.example",
    "Kling\u2028Bcc: v@x.example", "Kling\x00Bcc: v@x.example", "Kling \ud800",
    "Kling =?utf-8?q?=0d=0aBcc:_v@x?=", "Kling =?utf-8?b?DQpYLUV2aWw6IDE=?=",
    "Kling " + "x" * 100_000, "可灵" * 300, "Kling \u202egpj.exe\u2066", "Kling" + "\u0301" * 5000,
    "Kling 👩‍👩‍👧‍👦", "Kling {{ digest }} {% endif %}", "Kling <script>alert(1)</script>", ".\r\n.",
]  # fmt: skip


def test_no_title_or_name_adds_a_header_or_stops_a_digest(store: Store) -> None:
    name = "Evil, <a@b.example> =?utf-8?q?=0aBcc:_v?="
    topic = f'[[topic]]\nid = "evil"\nname = "{name}"\nany = ["x"]\n'
    text = (DAILY + MAIL).replace("[[feed]]", topic + "[[feed]]", 1)
    config = load(text.replace('from = "Monitor <', 'from = "Evil, Ltd. (news) <'))
    compose(store, config, START)
    for number, title in enumerate(HOSTILE):
        odd = seen(f"{number}", SLOT - HOUR, "kling", "evil")
        article = replace(odd.article, title=title, text=title, author=title, source=title)
        poll(store, SLOT - HOUR, replace(odd, article=article))
    assert compose(store, config) == 1
    mailer = FakeMailer()
    assert deliver.drain_outbox(store, mailer, at(SLOT)).sent == 2
    for one in mailer.sent:
        message = message_from_bytes(one.message, policy=default)
        assert message["Bcc"] is None
        assert message["X-Evil"] is None
        assert [address.addr_spec for address in message["From"].addresses] == [
            "monitor@news.example"
        ]
    assert store.digests()[0].items == 2 * len(HOSTILE)


def test_later_means_after_a_pause_under_the_same_id(store: Store, due: Config) -> None:
    compose(store, due)
    mailer = FakeMailer(refusals=[Deferred(reason="451 later")] * 2)
    assert deliver.drain_outbox(store, mailer, at(SLOT + MINUTE)).deferred == 2
    assert deliver.drain_outbox(store, mailer, at(SLOT + MINUTE)) == deliver.DrainReport()
    assert deliver.drain_outbox(store, mailer, at(SLOT + 2 * MINUTE)).sent == 2
    assert {one.tries for one in mailer.sent} == {2}


@pytest.mark.parametrize(
    ("tries", "minutes"),
    [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1000, 60)],
)
def test_pauses_double_up_to_an_hour(tries: int, minutes: int) -> None:
    assert deliver.wait(tries) == minutes * MINUTE


def test_after_three_days_it_is_given_up(store: Store, due: Config) -> None:
    alone = due.digests[0].model_copy(update={"to": ("ann@example.com",)})
    compose(store, due.model_copy(update={"digests": (alone,)}))
    mailer = FakeMailer(refusals=[Deferred(reason="no answer")] * 1000)
    now, rejected = SLOT + MINUTE, 0
    while not rejected:
        rejected = deliver.drain_outbox(store, mailer, at(now)).rejected
        now += HOUR
    assert 3 * DAY <= now - SLOT <= 4 * DAY
    (_, state, words), *_ = store.digests()[0].deliveries
    assert state is DeliveryState.REJECTED
    assert words == "given up after 77 tries: no answer"


# ---------------------------------------------------------------------------------------- crash


class Fault:
    """Lets one statement fail as a disk does, after so many others."""

    def __init__(self, store: Store, *, left: int) -> None:
        self.left = left
        event.listen(store._engine, "before_cursor_execute", self)

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == -1:
            raise OperationalError("", None, sqlite3.OperationalError("disk I/O error"))


class Plain(Templates):
    """Renders at once: what is tried here is tried often."""

    def render(self, digest: Digest) -> RenderedDigest:
        return rendered(digest.subject)


@dataclass
class Ticks:
    """The service's steps, each of which may fail and is taken up by the next tick."""

    store: Store
    config: Config
    mailer: FakeMailer = field(default_factory=FakeMailer)
    unsettled: list[deliver.Outcome] = field(default_factory=list)

    def tick(self, now: datetime, sighting: Sighting) -> None:
        parts = makings(self.store, self.config, Plain([]))
        steps: list[Callable[[], object]] = [
            lambda: poll(self.store, now, sighting),
            lambda: deliver.compose_due(parts, now),
            lambda: deliver.drain_outbox(
                self.store, self.mailer, at(now), unsettled=self.unsettled
            ),
        ]
        for step in steps:
            with suppress(StoreError):
                step()


def test_whichever_statement_fails_the_next_tick_makes_it_whole(
    tmp_path: Path, store: Store, due: Config
) -> None:
    """Polled, composed and sent, with the first statement failing, then the fourth, and so on."""
    original = Path(str(store._engine.url.database))
    store.close()
    for number in count(step=3):
        copy = tmp_path / f"{number}.db"
        shutil.copy(original, copy)
        one = open_store(f"sqlite:///{copy}")
        fault, service = Fault(one, left=number), Ticks(one, due)
        service.tick(SLOT, seen("Kling, read just now", SLOT - MINUTE))
        reached, fault.left = fault.left < 0, -1
        service.tick(SLOT + MINUTE, seen("Kling, read just now", SLOT - MINUTE))
        # Whatever was claimed when the disk failed is due again by then.
        service.tick(SLOT + DAY, seen("Kling, the next day", SLOT + DAY - HOUR))
        rows = one.digests()
        assert [row.items for row in rows] in ([1, 2], [2, 1])
        assert {state for row in rows for _, state, _ in row.deliveries} == {DeliveryState.SENT}
        ids = [message.message_id for message in service.mailer.sent]
        assert len(ids) == len(set(ids)) == 4
        one.close()
        if not reached:
            break
    assert number > 20


def test_on_a_full_disk_nothing_is_sent_and_all_of_it_once_there_is_room(
    store: Store, due: Config
) -> None:
    """SQLite's own limit stands for the disk's."""
    pages = 0

    def limit(raw: sqlite3.Connection, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count={pages or 2**30}")

    event.listen(store._engine, "checkout", limit)
    pages = 1  # no smaller than the file is
    mailer = FakeMailer()
    long = replace(makings(store, due), sign=lambda message: message + b"x\r\n" * 1_000_000)
    with pytest.raises(StoreError, match="disk is full"):
        deliver.compose_due(long, SLOT)
    assert deliver.drain_outbox(store, mailer, at(SLOT)) == deliver.DrainReport()
    assert store.digests() == ()
    pages = 0
    assert compose(store, due, SLOT + MINUTE) == 1
    assert deliver.drain_outbox(store, mailer, at(SLOT + MINUTE)).sent == 2


def test_dying_before_the_outbox_loses_nothing(
    store: Store, due: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Templates, "render", _die)
        with pytest.raises(Died):
            compose(store, due)
    assert store.digests() == ()
    assert compose(store, due) == 1
    assert store.digests()[0].items == 1


def _die(*_: object) -> None:
    raise Died


def test_dying_before_the_send_gives_one_copy_under_the_first_id(store: Store, due: Config) -> None:
    compose(store, due)
    killed, mailer = KilledMailer(), FakeMailer()
    with pytest.raises(Died):
        deliver.drain_outbox(store, killed, at(SLOT + MINUTE))
    deliver.drain_outbox(store, mailer, at(SLOT + MINUTE))  # the other recipient only
    assert [one.recipient for one in mailer.sent] == ["bob@example.com"]
    deliver.drain_outbox(store, mailer, at(SLOT + MINUTE + deliver.LEASE))
    assert [one.recipient for one in mailer.sent] == ["bob@example.com", "ann@example.com"]
    assert mailer.sent[1].message_id == killed.seen[0].message_id
    assert mailer.sent[1].message == killed.seen[0].message
    assert compose(store, due, SLOT + HOUR) == 0


@dataclass
class KilledMailer:
    """Dies with the message in its hands."""

    seen: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery) -> SendResult:
        self.seen.append(delivery)
        raise Died


# -------------------------------------------------------------------------------------- preview


def test_a_preview_shows_the_next_issue_and_changes_nothing(store: Store, due: Config) -> None:
    digest, rendered = deliver.preview(makings(store, due), SLOT - 30 * MINUTE)
    assert digest.preview
    assert digest.slot == SLOT
    assert rendered.subject == "Kling 2.0 makes films · 11 Mar"
    assert "preview of the next issue" in rendered.html
    assert store.digests() == ()
    assert compose(store, due) == 1
    later, _ = deliver.preview(makings(store, due), NOW)
    assert (later.articles, later.slot) == (0, SLOT + DAY)


def test_a_preview_of_everything_has_reported_and_old_articles_too(
    store: Store, due: Config
) -> None:
    compose(store, due)
    poll(store, NOW, seen("Kling, long ago", NOW - 300 * DAY, backlog=True))
    digest, _ = deliver.preview(makings(store, due), NOW, everything=True)
    assert digest.articles == 2
    assert digest.coverage.articles == 2


def test_a_preview_of_everything_counts_what_came_before_the_first_match(
    store: Store, due: Config
) -> None:
    poll(store, START, *(seen(f"Weather {number}", START, "none") for number in range(3)))
    digest, _ = deliver.preview(makings(store, due), NOW, everything=True)
    assert (digest.articles, digest.coverage.articles) == (1, 4)


def test_the_footer_names_feeds_that_have_gone_quiet(store: Store) -> None:
    names = [f"Weekly <{number}>" for number in range(7)]
    feeds = "".join(
        f'[[feed]]\nurl = "https://{number}.example/"\nname = "{name}"\n'
        for number, name in enumerate(names)
    )
    config = load(DAILY + MAIL + feeds)
    store.sync_feeds(config.feeds, START)
    for number, feed in enumerate(config.feeds[1:]):
        ended = NOW - (40 + number) * DAY
        issues = [seen(f"{number}.{issue}", ended - issue * 7 * DAY, "none") for issue in range(8)]
        state = feed_state(feed.url, last_success_at=NOW, next_poll_at=NOW + HOUR)
        store.save_poll(outcome(*issues, feed=state))
    poll(store, NOW, seen("News", NOW))
    composed, mail = deliver.preview(makings(store, config), NOW)
    assert mail.problems == ()
    assert [(feed.name, feed.days) for feed in composed.coverage.quiet] == [
        (name, 40 + number) for number, name in enumerate(names)
    ]
    told = re.sub("</?b(di)?>", "", mail.html)
    assert "7 answered but have gone quiet: Weekly &lt;0&gt; (nothing for 40 days); " in told
    assert "Weekly &lt;3&gt; (nothing for 43 days); and 3 more." in told
    assert "- Weekly <3> has gone quiet: nothing for 43 days\n- and 3 more have gone" in mail.text
    assert "<4>" not in mail.text


def test_a_preview_of_an_unknown_digest_names_the_known(store: Store, due: Config) -> None:
    with pytest.raises(MonitorError, match='no digest "dayly"; configured are: daily'):
        deliver.preview(makings(store, due), NOW, name="dayly")
    with pytest.raises(MonitorError, match=r"add \[\[digest\]\]"):
        deliver.preview(makings(store, load(TOPICS)), NOW)
    digest, _ = deliver.preview(makings(store, due), NOW, name="daily")
    assert digest.name == "daily"


# ------------------------------------------------------------------------------------- look back


def test_a_past_issue_is_rendered_twice_the_same_as_it_was_sent(store: Store, due: Config) -> None:
    compose(store, due)
    poll(store, NOW, seen("Kling, after the issue", NOW))
    first = deliver.as_of(makings(store, due), SLOT)
    assert deliver.as_of(makings(store, due), SLOT, name="daily") == first
    assert first.rendered.subject == "Kling 2.0 makes films · 11 Mar"
    assert first.changes == ()
    poll(store, SLOT + DAY, seen("Kling, tomorrow", SLOT + DAY))
    assert deliver.as_of(makings(store, due), SLOT).rendered == first.rendered
    assert store.digests()[0].subject == first.rendered.subject


def test_a_past_moment_without_an_issue_is_shown_as_it_would_have_been(
    store: Store, due: Config
) -> None:
    early = deliver.as_of(makings(store, due), SLOT - 2 * HOUR)
    assert (early.digest.articles, early.digest.slot) == (0, SLOT)
    assert deliver.as_of(makings(store, due), SLOT - MINUTE).digest.articles == 1
    with pytest.raises(MonitorError, match="nothing had been read by 2026-03-01"):
        deliver.as_of(makings(store, due), SLOT - 10 * DAY)


def test_what_changed_since_an_issue_is_named(store: Store, due: Config) -> None:
    poll(store, SLOT - HOUR, seen("Kling in a bottle", SLOT - HOUR))
    compose(store, due)
    poll(store, SLOT + MINUTE, seen("Kling, stored late", SLOT - MINUTE))
    store.accept_config(
        text="2", hash="2", topics=[topic_version("kling", query_version="v2")], now=NOW
    )
    changes = deliver.as_of(makings(store, due), SLOT).changes
    assert changes == ('"Kling, stored late" (kling) was stored or matched only later',)
    store.forget(unmatched_before=None, matched_before=None)
    compose(store, due, SLOT + DAY)
    store.forget(unmatched_before=None, matched_before=SLOT - MINUTE)
    gone = deliver.as_of(makings(store, due), SLOT).changes or ()
    assert sum("is not in the archive any more" in change for change in gone) == 2


# ------------------------------------------------------------------------------------ recipients


PUBLIC = DAILY + MAIL + '[web]\npublic_url = "https://news.example"\n'


def test_who_unsubscribed_stays_off_whatever_the_configuration_says(store: Store) -> None:
    config = load(PUBLIC)
    store.unsubscribe("daily", "ann@example.com", NOW)
    compose(store, config, START)
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    compose(store, config)
    assert [to for to, _, _ in store.digests()[0].deliveries] == ["bob@example.com"]
    ann, bob = deliver.recipients(store, config)
    assert (ann.address, ann.unsubscribed_at) == ("ann@example.com", NOW)
    assert (bob.address, bob.state) == ("bob@example.com", DeliveryState.QUEUED)


def test_each_copy_has_the_link_of_its_reader(store: Store) -> None:
    config = load(PUBLIC)
    compose(store, config, START)
    poll(store, SLOT - HOUR, seen("Kling 2.0 makes films", SLOT - HOUR))
    compose(store, config)
    links = []
    for copy in store.copies(store.digests()[0].id):
        mail_rules.check(copy.message)
        message = message_from_bytes(copy.message, policy=default)
        link = str(message["List-Unsubscribe"]).partition(">")[0].removeprefix("<")
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None
            assert link in body.get_content()
        owner = deliver.whose_token(store, config, link.rpartition("/")[2])
        assert owner is not None
        assert owner.address == copy.recipient
        links.append(link)
    assert len(set(links)) == 2
    assert deliver.whose_token(store, config, "0" * 40) is None
    assert deliver.whose_token(store, config, "\ud800é") is None


def test_a_notice_for_the_owner_stands_at_the_top(store: Store, due: Config) -> None:
    told = replace(makings(store, due), notices=lambda: ["config.toml has a mistake"])
    deliver.compose_due(told, SLOT)
    issue = store.digest(store.digests()[0].id)
    assert issue is not None
    assert "! config.toml has a mistake" in issue.text


def test_a_pause_of_the_monitor_is_told(store: Store, due: Config) -> None:
    store.note_alive(SLOT - 6 * HOUR)
    store.note_alive(SLOT - 2 * HOUR)
    compose(store, due)
    issue = store.digest(store.digests()[0].id)
    assert issue is not None
    told = "did not run from 11 Mar 01:30 to 11 Mar 05:30"
    assert told in " ".join(issue.text.split())
    assert told in " ".join(issue.html.split())
