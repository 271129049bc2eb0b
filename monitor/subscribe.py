"""Find feeds, take them into the configuration, carry them between readers, see how they are.

look at an address ─→ a feed with its newest items, or the feeds that a page names
import a list      ─→ what is new in it, what is there already, what is no address
save               ─→ config.toml with new [[feed]] tables, all else to the byte as it was
"""

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from monitor import articles, config, opml, silence
from monitor.config import Config, FeedConfig, checks
from monitor.config.editing import NewFeed, add_feeds, feed_block
from monitor.discovery import feed_links, is_page
from monitor.errors import ConfigError, MonitorError
from monitor.identity import listing
from monitor.matcher import Topics
from monitor.model import (
    Article,
    FeedRow,
    FeedState,
    Fetched,
    FetchFailed,
    FetchRequest,
    ParsedFeed,
    ParseFailed,
)
from monitor.opml import Outline
from monitor.parse.decoding import decode
from monitor.poll import FetchesFeeds, ParsesFeeds
from monitor.store import Store

#: Items shown of a feed before it is added.
NEWEST_SHOWN = 5

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|file:", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
_MAX_NAME_CHARACTERS = 500
_BLOCKS_SHOWN = 3


# ------------------------------------------------------------------------------ looking at feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Scout:
    """The parts that looking at a feed needs."""

    fetcher: FetchesFeeds
    parser: ParsesFeeds
    topics: Topics
    config: Config
    #: Where configured feeds live now, by their address in the configuration, as far as is known.
    moved: Mapping[str, str]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of several feeds that a page names."""

    url: str
    title: str
    #: It stands in the configuration already.
    configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A feed that answered, and what it would bring."""

    #: What belongs into the configuration: where permanent redirects led.
    url: str
    title: str
    items: int
    #: At most `NEWEST_SHOWN`, the newest first.
    newest: tuple[Article, ...]
    #: None when none of its items has a date.
    items_a_week: float | None
    #: Items that at least one topic matches.
    matched: int
    #: Matches by the topic's name, in the order of the configuration, without zeros.
    matches: Mapping[str, int]


def look(scout: Scout, address: str) -> Found | tuple[Candidate, ...]:
    """See what is at an address: a feed, or a page that names one, which is then looked at.

    Several feeds on a page come back as candidates, for a person to choose. Nothing is guessed:
    what answers under /feed of a site may be a stranger's.

    Args:
        scout: The parts to work with.
        address: As a person types it; https:// may be left out.

    Raises:
        MonitorError: There is no feed to add, in plain words.
    """
    url = web_address(address)
    _refuse_known(scout.config, url, scout.moved)
    fetched = _fetch(scout, url)
    parsed = scout.parser.parse(fetched)
    if isinstance(parsed, ParsedFeed):
        return _found(scout, fetched, parsed)
    page = decode(fetched.body, fetched.content_type)
    known = {identity(feed.url) for feed in scout.config.feeds}
    known |= set(map(identity, scout.moved.values()))
    candidates = tuple(
        Candidate(url=link.url, title=link.title, configured=identity(link.url) in known)
        for link in feed_links(page, url=fetched.url)
        if _is_address(link.url)
    )
    if not candidates:
        raise MonitorError(f"no feed at {url}: {parsed.reason}{_advice(page, fetched.url)}")
    return candidates if len(candidates) > 1 else look_at_feed(scout, candidates[0].url)


def look_at_feed(scout: Scout, url: str) -> Found:
    """See what a feed brings; unlike `look`, takes nothing but a feed.

    Raises:
        MonitorError: It is there already, gives no answer, or is no feed.
    """
    _refuse_known(scout.config, url, scout.moved)
    fetched = _fetch(scout, url)
    parsed = scout.parser.parse(fetched)
    if isinstance(parsed, ParseFailed):
        raise MonitorError(f"no feed at {url}: {parsed.reason}")
    return _found(scout, fetched, parsed)


def check_new(configured: Config, feed: NewFeed) -> None:
    """Refuse a feed that cannot be added whatever it brings, before anybody is asked for it.

    Raises:
        MonitorError: It is there already, or one of its values is refused.
    """
    _refuse_known(configured, feed.url, {})
    with_feeds(configured, [feed])


def web_address(typed: str) -> str:
    """Complete an address as a person types it.

    Raises:
        MonitorError: It cannot be one.
    """
    url = typed.strip()
    if url[:5].lower() == "feed:":  # an old way to say what opens it: feed:https://… or feed://…
        url = url[5:].removeprefix("//")
    if not _SCHEME.match(url):
        url = f"https://{url}"
    try:
        return checks.feed_address(url)
    except checks.SecretError as error:
        raise MonitorError(str(error)) from error
    except ValueError as error:
        raise MonitorError(f'"{_printable(typed)}" {error}') from error


def _is_address(url: str) -> bool:
    try:
        return bool(checks.web_address(url))
    except ValueError:
        return False


def identity(url: str) -> str:
    """Give what two addresses of one feed have in common.

    http and https, capitals in the host, a usual port, a final slash and a fragment do not matter.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() not in {"http", "https"}:
        return parts._replace(fragment="").geturl()
    host = (parts.hostname or "").rstrip(".")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}"


def _refuse_known(configured: Config, url: str, moved: Mapping[str, str]) -> None:
    for feed in configured.feeds:
        now = moved.get(feed.url, feed.url)
        if identity(url) in {identity(feed.url), identity(now)}:
            name = f'"{feed.name}", ' if feed.name else ""
            lives = "" if now == feed.url else f", which moved to {now}"
            raise MonitorError(f"this feed is configured already: {name}{feed.url}{lives}")


def _fetch(scout: Scout, url: str) -> Fetched:
    (result,) = scout.fetcher.fetch_many([FetchRequest(feed_url=url, url=url)])
    if isinstance(result, FetchFailed):
        raise MonitorError(f"{url}: {result.reason}")
    assert isinstance(result, Fetched), "a request without validators is never answered by 304"  # noqa: S101  told to mypy
    return result


def _found(scout: Scout, fetched: Fetched, parsed: ParsedFeed) -> Found:
    url, now = fetched.moved_to or fetched.feed_url, scout.clock()
    _refuse_known(scout.config, url, scout.moved)
    state = FeedState(feed_url=url, url=fetched.url, next_poll_at=now)
    listed = listing(parsed, state.key_policy)
    seen = articles.sightings(parsed, listed, state, name="", lang=None, now=now)
    found = [sighting.article for sighting in seen]
    dates = [min(a.published_at, now) for a in found if a.published_at]
    topics = [{match.topic_id for match in scout.topics.match(article)} for article in found]
    hits = Counter(topic for matched in topics for topic in matched)
    return Found(
        url=url,
        title=parsed.title or url,
        items=len(found),
        newest=tuple(sorted(found, key=_age(now))[:NEWEST_SHOWN]),
        items_a_week=silence.items_a_week(dates, now) if dates else None,
        matched=sum(map(bool, topics)),
        matches={topic.name: hits[topic.id] for topic in scout.config.topics if hits[topic.id]},
    )


def _age(now: datetime) -> Callable[[Article], timedelta]:
    return lambda article: now - article.published_at if article.published_at else timedelta.max


def _advice(page: str, url: str) -> str:
    if not is_page(page):
        return ""
    return (
        f", and it names no feed of its own. Look on {urlsplit(url).hostname} for a link called "
        "RSS, Atom or Feed (often at the foot of a page) and give its address"
    )


# ----------------------------------------------------------------------- writing the configuration


def with_feeds(configured: Config, feeds: Sequence[NewFeed]) -> str:
    """Give the text of a configuration with more feeds in it, checked as a whole.

    Raises:
        MonitorError: The configuration would refuse them; every reason at once.
    """
    text = add_feeds(configured.text, feeds)
    try:
        config.load(text, machine_zone=configured.machine_zone)
    except ConfigError as error:
        reasons = "\n".join(f"  {_printable(p.place)}: {p.message}" for p in error.problems)
        raise MonitorError(f"the configuration would refuse this:\n{reasons}") from error
    return text


def save(path: Path, configured: Config, feeds: Sequence[NewFeed]) -> None:
    """Put feeds into a configuration file; it is whole at every moment and keeps its permissions.

    Args:
        path: The file.
        configured: What was read from it.
        feeds: The tables to add.

    Raises:
        MonitorError: The feeds are refused, the file cannot be written, or somebody changed it
            after it was read; it then is as it was.
    """
    text = with_feeds(configured, feeds)
    try:
        file = path.resolve()  # a link to it stays one
        before = file.read_bytes()
        if config.decode(before, path=str(path)) != configured.text:
            raise MonitorError(
                f"{path} was changed by somebody else meanwhile, so nothing was written; "
                "run the command again"
            )
        mark = _BOM if before.startswith(_BOM) else b""
        replace_file(file, mark + text.encode())
    except OSError as error:
        raise MonitorError(
            f"{path} could not be written: {error.strerror or error}{_by_hand(feeds)}"
        ) from error


def _by_hand(feeds: Sequence[NewFeed]) -> str:
    if len(feeds) > _BLOCKS_SHOWN:
        return ""
    return "; put this into it yourself:\n\n" + "\n".join(map(feed_block, feeds))


def replace_file(file: Path, content: bytes) -> None:
    """Write a draft beside a file and put it in its place in one step; permissions stay."""
    state = file.stat()
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # in a container a killed process had the same number
    try:
        with draft.open("xb") as out:
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.fchown(out.fileno(), state.st_uid, state.st_gid)
            os.fchmod(out.fileno(), state.st_mode & 0o7777)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------- lists of feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What a list would bring."""

    new: tuple[NewFeed, ...]
    #: How many of its feeds are configured already, or came twice in it.
    present: int
    #: Address as the list has it, and what is wrong with it.
    invalid: tuple[tuple[str, str], ...]


def read_list(configured: Config, document: bytes) -> Import:
    """See what is new in an OPML list.

    Raises:
        MonitorError: It is no list, or too large a one.
    """
    known = {identity(feed.url) for feed in configured.feeds}
    new: list[NewFeed] = []
    invalid: list[tuple[str, str]] = []
    present = 0
    for outline in opml.read(document):
        try:
            url = web_address(outline.url)
        except MonitorError as error:
            invalid.append((_printable(outline.url), str(error)))
            continue
        if url[:5].lower() == "file:" and not configured.fetch.allow_files:
            invalid.append((url, "is a file, which [fetch] allow_files does not allow"))
        elif identity(url) in known:
            present += 1
        else:
            known.add(identity(url))
            new.append(
                NewFeed(
                    url=url,
                    name=_line(outline.name),
                    label=_line(outline.label),
                    lang=_language(outline.lang),
                    every=_interval(outline.every, configured),
                )
            )
    return Import(new=tuple(new), present=present, invalid=tuple(invalid))


def write_list(configured: Config, now: datetime) -> str:
    """Give the configured feeds as an OPML list."""
    return opml.write(
        (
            Outline(
                url=feed.url,
                name=feed.name,
                lang=feed.lang or "",
                label=feed.label,
                every=checks.duration_text(feed.every) if feed.every else "",
            )
            for feed in configured.feeds
        ),
        now=now,
    )


def _line(title: str) -> str:
    """Make any title one that a configuration takes: one line, visible, not too long."""
    name = title if title.isprintable() else _printable(" ".join(title.split()))
    return name.strip()[:_MAX_NAME_CHARACTERS]


def _language(stated: str) -> str:
    try:
        return checks.language(stated)
    except ValueError:
        return ""


def _interval(stated: str, configured: Config) -> str:
    """Take an interval that this configuration allows; any other is better learnt."""
    try:
        every = FeedConfig.model_validate({"url": "https://any.example/", "every": stated}).every
    except ValueError:
        return ""
    return stated if every and every >= configured.fetch.floor else ""


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())


# --------------------------------------------------------------------------------------- health


class Condition(StrEnum):
    """How a feed is, the worst first."""

    RETIRED = "retired"  # it is gone, and not polled any more
    FAILING = "failing"
    QUIET = "quiet"  # it answers, but brings nothing any more
    NEVER_READ = "never read"
    WELL = "well"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """A feed with what a person needs to judge it."""

    #: As configured, else as the feed calls itself, else its address.
    name: str
    row: FeedRow
    items_a_week: float
    #: How long it has been silent, if that is longer than its own rhythm explains.
    quiet_for: timedelta | None
    #: How its articles' pages were read, by error, "" for those read; see `[[feed]] extract`.
    pages: Mapping[str, int]

    @property
    def condition(self) -> Condition:
        """The worst that can be said of it."""
        state = self.row.state
        if state.retired:
            return Condition.RETIRED
        if state.error:
            return Condition.FAILING
        if state.last_success_at is None:
            return Condition.NEVER_READ
        return Condition.QUIET if self.quiet_for else Condition.WELL


def health(
    store: Store, configured: Config, now: datetime, *, since: datetime | None = None
) -> tuple[FeedHealth, ...]:
    """Tell how every configured feed is, those in trouble first.

    What each brought is counted from `since` on; None counts all that is kept.
    """
    times = store.publication_times(silence.TIMES_CONSIDERED)
    rows = {row.state.feed_url: row for row in store.feed_rows(since)}
    pages = store.page_results() if any(feed.extract for feed in configured.feeds) else {}
    every = [
        _health(feed, rows.get(feed.url), times.get(feed.url, ()), pages.get(feed.url, {}), now)
        for feed in configured.feeds
    ]
    order = list(Condition)
    return tuple(sorted(every, key=lambda feed: order.index(feed.condition)))


def _health(
    feed: FeedConfig,
    row: FeedRow | None,
    times: Sequence[datetime],
    pages: Mapping[str, int],
    now: datetime,
) -> FeedHealth:
    if row is None:  # added to the configuration, and not polled since
        state = FeedState(feed_url=feed.url, url=feed.url, next_poll_at=now)
        row = FeedRow(state=state, articles=0, matches=0)
    state = row.state
    return FeedHealth(
        name=feed.name or state.title or feed.url,
        row=row,
        items_a_week=silence.items_a_week(times, now),
        quiet_for=silence.quiet_for(times, state.last_success_at)
        if state.last_success_at
        else None,
        pages=pages,
    )
