"""Ask the feeds and the mail server of a configuration whether they answer; nothing is stored.

feeds that may be asked now ─→ asked as a poll would ─→ read ─→ what is wrong, where they moved
the others                  ─→ what became of their last poll
the mail server             ─→ greeted, protected, logged in to, left
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from monitor import polling
from monitor.config import Config, locator
from monitor.discovery import feed_links, is_page
from monitor.errors import Problem
from monitor.model import (
    UNREACHED,
    FailureKind,
    FeedState,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    ParseFailed,
)
from monitor.parse.decoding import decode
from monitor.poll import FetchesFeeds, ParsesFeeds, offline_line

_OPEN = "open it in a browser; if the site is well, the monitor goes on trying"
_SEARCH = "`monitor feeds add {host}` looks for the present one; or take this table out"
#: What to do about a failure whose reason does not say it.
_ADVICE: Mapping[FailureKind, str] = {
    FailureKind.DNS: "is the address written as it should be?",
    FailureKind.CONNECT: _OPEN,
    FailureKind.TLS: _OPEN,
    FailureKind.TIMEOUT: _OPEN,
    FailureKind.STATUS: f"if that stays so, {_SEARCH}",
    FailureKind.GONE: f"it is not asked again; {_SEARCH}",
    FailureKind.REDIRECT: _SEARCH,
    FailureKind.NOT_A_FEED: _SEARCH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How the feeds answered."""

    #: How many were asked; of the others it is known from their last poll.
    asked: int
    #: Those that bring nothing, in the order of the configuration.
    dead: tuple[Problem, ...]
    #: Those that moved for good. They are read where they are now.
    moved: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What became of one feed."""

    #: Where permanent redirects led, "" if it stays where it is.
    moved_to: str = ""
    kind: FailureKind | None = None
    #: What is wrong, and what to do about it; "" if it is well.
    fault: str = ""


def feeds(
    config: Config,
    states: Mapping[str, FeedState],
    fetcher: FetchesFeeds,
    parser: ParsesFeeds,
    *,
    now: datetime,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Reached:
    """Ask the feeds that may be asked now, as politely as a poll does, and read what they send.

    A feed whose next poll is not due yet is not asked, unless its last one reached no server.

    Args:
        config: Names the feeds.
        states: What is known of them, by their address in the configuration.
        fetcher: Asks them.
        parser: Reads them.
        now: The present moment.
        on_progress: Called with how many of how many have answered.
    """
    known = {
        feed.url: states.get(feed.url, FeedState(feed_url=feed.url, url=feed.url, next_poll_at=now))
        for feed in config.feeds
    }
    answers = {url: _remembered(state, config) for url, state in known.items()}
    due = [state for state in known.values() if _may_be_asked(state, now)]
    for done, result in enumerate(fetcher.fetch_many(map(polling.request, due)), start=1):
        answers[result.feed_url] = _judged(known[result.feed_url], result, parser)
        on_progress(done, len(due))
    kinds = {answer.kind for answer in answers.values()}
    if len(answers) > 1 and kinds <= UNREACHED:
        offline = offline_line(len(answers), {kind for kind in kinds if kind})
        dead = (Problem(line=0, place="feeds", message=offline),)
        return Reached(asked=len(due), dead=dead, moved=())
    return Reached(
        asked=len(due),
        dead=tuple(_located(config, {url: each.fault for url, each in answers.items()})),
        moved=tuple(
            _located(
                config,
                {
                    url: f'moved for good; write url = "{each.moved_to}"' if each.moved_to else ""
                    for url, each in answers.items()
                },
            )
        ),
    )


def _may_be_asked(state: FeedState, now: datetime) -> bool:
    if state.retired:
        return False
    return state.next_poll_at <= now or state.failure_kind in polling.NOBODY_ASKED


def _remembered(state: FeedState, config: Config) -> _Answer:
    moved_to = state.url if state.url != state.feed_url else ""
    if not state.error:
        return _Answer(moved_to=moved_to)
    reason = state.error
    if state.last_polled_at:
        reason += f" (at {state.last_polled_at.astimezone(config.zone):%Y-%m-%d %H:%M})"
    kind = FailureKind.GONE if state.retired else state.failure_kind
    return _Answer(moved_to=moved_to, kind=kind, fault=_advised(state.url, kind, reason))


def _judged(state: FeedState, result: FetchResult, parser: ParsesFeeds) -> _Answer:
    if isinstance(result, FetchFailed):
        return _Answer(kind=result.kind, fault=_advised(state.url, result.kind, result.reason))
    now_at = result.moved_to or state.url
    moved = _Answer(moved_to=now_at if now_at != state.feed_url else "")
    if isinstance(result, NotModified):
        return moved
    parsed = parser.parse(result)
    if not isinstance(parsed, ParseFailed):
        return moved
    return _Answer(kind=parsed.kind, fault=_no_feed(result, parsed))


def _no_feed(fetched: Fetched, parsed: ParseFailed) -> str:
    page = decode(fetched.body, fetched.content_type)
    links = [link.url for link in feed_links(page, url=fetched.url)] if is_page(page) else []
    if not links:
        return _advised(fetched.url, parsed.kind, parsed.reason)
    return f'{parsed.reason}; it names one: write url = "{links[0]}"'


def _advised(url: str, kind: FailureKind | None, reason: str) -> str:
    advice = _ADVICE.get(kind, "") if kind else ""
    return f"{reason}; {advice.format(host=urlsplit(url).hostname or url)}" if advice else reason


def _located(config: Config, told: Mapping[str, str]) -> Iterator[Problem]:
    located = locator(config)
    for row, feed in enumerate(config.feeds):
        if message := told[feed.url]:
            yield located(("feed", row, "url"), f'"{feed.url}": {message}')


class ReachesMail(Protocol):
    """What this needs of `mail.SmtpMailer`."""

    def try_login(self) -> tuple[str, str] | None:
        """Say at which key of `[mail]` the fault is, and what it is; None if all is well."""
        ...


def mail_server(config: Config, mailer: ReachesMail) -> Problem | None:
    """See whether the mail server would take mail, without sending any; None if it would."""
    fault = mailer.try_login()
    return locator(config)(("mail", fault[0]), fault[1]) if fault else None
