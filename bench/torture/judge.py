"""What must hold after all lives, whatever ended them."""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bench.torture.lives import DIGESTS, RECIPIENTS, Runner
from bench.torture.world import Mail, read_mail
from monitor.model import ArchiveFilter, ArticleMatches, DigestRow
from monitor.store import Store
from tests import mail_rules


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was counted, and everything that should not be."""

    entries: int
    wanted: int
    issues: int
    messages: int
    repeated: int
    violations: tuple[str, ...]


def judge(runner: Runner) -> Verdict:
    """Compare the ledger, the archive and the mail server."""
    mails = read_mails(runner)
    store = runner.open_store()
    try:
        rows, issues = list(_matched(store)), store.digests(1_000_000)
    finally:
        store.close()
    problems = [
        *runner.violations,
        *_archive(runner, rows),
        *_ids(mails, issues),
        *_once(runner, mails),
        *_slots(runner, issues),
        *_repeats(runner, mails),
        *_rules(runner),
        *_log(runner),
    ]
    if not runner.database:
        with sqlite3.connect(runner.file) as connection:
            (word,) = connection.execute("PRAGMA integrity_check").fetchone()
        connection.close()
        problems += [] if word == "ok" else [f"integrity_check: {word}"]
    return Verdict(
        entries=len(runner.world.ledger),
        wanted=len(runner.world.wanted),
        issues=len(issues),
        messages=len(mails),
        repeated=len(mails) - len({mail.id for mail in mails}),
        violations=tuple(problems),
    )


def read_mails(runner: Runner) -> list[Mail]:
    """Read all messages that the server saw to their final dot."""
    mails, life = [], 0
    for number, raw in enumerate(runner.world.mail.seen):
        while number >= runner.mails_after[life]:
            life += 1
        mails.append(read_mail(number, raw, life))
    return mails


def _matched(store: Store) -> Iterator[ArticleMatches]:
    after = None
    while True:
        page = store.page(ArchiveFilter(), after=after, limit=1000)
        yield from page.articles
        if page.next is None:
            return
        after = page.next


def _archive(runner: Runner, rows: list[ArticleMatches]) -> Iterator[str]:
    found = [row.article.url.rpartition("/")[2] for row in rows]
    if lost := runner.world.wanted - set(found):
        yield f"{len(lost)} matches lost: {sorted(lost)[:5]}"
    if len(found) != len(set(found)):
        yield f"{len(found) - len(set(found))} articles stored twice"
    if more := set(found) - runner.world.wanted:
        yield f"{len(more)} matches of nothing: {sorted(more)[:5]}"


def _ids(mails: list[Mail], issues: tuple[DigestRow, ...]) -> Iterator[str]:
    """Each issue has one Message-ID for each recipient, and each id belongs to one issue."""
    ids = {mail.id for mail in mails}
    expected = sum(len(issue.deliveries) for issue in issues)
    if len(ids) != expected:
        yield f"{len(ids)} Message-IDs for {expected} deliveries"
    bodies = defaultdict(set)
    for mail in mails:
        bodies[mail.id].add((mail.recipient, mail.digest, mail.tokens))
    for known, different in bodies.items():
        if len(different) > 1:
            yield f"{known} was sent with different content"


def _once(runner: Runner, mails: list[Mail]) -> Iterator[str]:
    """Each match reaches each recipient in exactly one issue of each digest."""
    unique = {mail.id: mail for mail in mails}.values()
    reached: dict[tuple[str, str], list[str]] = defaultdict(list)
    for mail in unique:
        reached[mail.digest, mail.recipient] += mail.tokens
    if len(reached) != len(DIGESTS) * len(RECIPIENTS):
        yield f"mail only for {sorted(reached)}"
    for who, tokens in reached.items():
        if missing := runner.world.wanted - set(tokens):
            yield f"{who} never got {len(missing)} matches: {sorted(missing)[:5]}"
        if len(tokens) != len(set(tokens)):
            twice = {token for token in tokens if tokens.count(token) > 1}
            yield f"{who} got {len(twice)} matches in two issues: {sorted(twice)[:5]}"


def _slots(runner: Runner, issues: tuple[DigestRow, ...]) -> Iterator[str]:
    """A digest that makes up for each slot has every date; none has a date twice."""
    for name, _, catch_up in DIGESTS:
        dates = sorted(issue.local_date for issue in issues if issue.name == name)
        if len(dates) != len(set(dates)):
            yield f"{name}: two issues for one date"
        if not dates:
            yield f"{name}: no issue at all"
            continue
        (last,) = (day for known, day in runner.last_slots() if known == name)
        if dates[-1] != last:
            yield f"{name}: the last issue is of {dates[-1]}, not of {last}"
        days = (last - dates[0]) // timedelta(days=1) + 1
        if catch_up == "each" and len(dates) != days:
            yield f"{name}: {len(dates)} issues for {days} dates"
    for issue in issues:
        for recipient, state, error in issue.deliveries:
            if state.value != "sent":
                yield f"{issue.name} of {issue.local_date} to {recipient}: {state.value}, {error}"


def _repeats(runner: Runner, mails: list[Mail]) -> Iterator[str]:
    """A message comes again only if nothing could be noted after it.

    That is: its life was killed, the line was cut, or the disk was full, at its very end.
    """
    excused = runner.killed | runner.speechless
    last_of_life = {mail.life: mail.number for mail in mails}
    previous: dict[str, Mail] = {}
    for mail in mails:
        before = previous.get(mail.id)
        previous[mail.id] = mail
        if before is None or before.number in runner.cut:
            continue
        if before.life not in excused or last_of_life[before.life] != before.number:
            yield f"{mail.id} was sent again in life {mail.life}, after {before.life}"


def _rules(runner: Runner) -> Iterator[str]:
    """Every mail is well-formed."""
    broken = Counter(rule for raw in runner.world.mail.seen for rule in mail_rules.faults(raw))
    for rule, number in broken.items():
        yield f"{number} mails do not keep: {rule}"


def _log(runner: Runner) -> Iterator[str]:
    """Expected faults are told in plain words."""
    text = runner.log.read_text("utf-8", "replace")
    traces = re.findall(r"^Traceback[^\n]*\n(?:[ \t][^\n]*\n)*([^\n]*)", text, re.MULTILINE)
    for line in sorted(set(traces)):
        yield f"{traces.count(line)} tracebacks: {line}"
