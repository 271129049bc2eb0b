"""Read pages in full: of feeds that ask for it, those articles that match or nearly match.

    choose what is new | fetch | extract | match again | store, one transaction an article

A feed's summary may lack the word that a topic needs. The page is then asked for once, as by a
person who opens the link: no other link of it is followed, so robots.txt, which is for those who
follow links, is not consulted. One host is asked for one page after the other, each at the
fetcher's pace.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from monitor import articles
from monitor.config import TopicConfig
from monitor.matcher import Topics
from monitor.model import (
    FailureKind,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    JobFailed,
    PageOutcome,
    PageToRead,
    ReadingReport,
)
from monitor.parse.decoding import decode
from monitor.poll import Round

log = logging.getLogger(__name__)

#: Only articles that are news still are read.
YOUNG = timedelta(days=2)
#: A page is asked for once, and once more if the first failure may pass.
MOST_TRIES = 2
#: The pause between the two; longer if the server asks for it.
RETRY_AFTER = timedelta(hours=1)

#: Pages with less text are notes on cookies, subscriptions and robots.
_LEAST_CHARACTERS = 200
#: Articles looked at in one step, between which polls get the writer's lock.
_AT_ONCE = 500

_PASSING = {FailureKind.DNS, FailureKind.CONNECT, FailureKind.TIMEOUT, FailureKind.PROTOCOL}
_PASSING_STATUS = {408, 425, 429, *range(500, 600)}
_HTML_TYPES = {"", "text/html", "application/xhtml+xml"}
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|main|article|div|p)\b", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""<meta[^>]{1,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""")


class ExtractsText(Protocol):
    """What reading needs of `extract.Extractor`."""

    def read(self, page: str) -> str | JobFailed:
        """Give the article's own text, "" for none."""
        ...


def read_due(work: Round, extractor: ExtractsText | None) -> ReadingReport:
    """Read all pages that are due, and report them; nothing is due if no feed has `extract`.

    When a part is closed meanwhile, it ends early, and what is not stored stays due.

    Args:
        work: The parts to work with.
        extractor: None if its package is not there: then nothing is read.

    Raises:
        StoreError: The database failed. What was read before stays stored.
        ClosedError: The extractor was closed.
    """
    feeds = tuple(feed.url for feed in work.config.feeds if feed.extract)
    report = ReadingReport()
    if not feeds or extractor is None:
        return report
    _choose(work, feeds)
    while batch := _one_of_each_host(work, feeds):
        fetched = work.fetcher.fetch_many(FetchRequest(feed_url=url, url=url) for url in batch)
        done = 0
        for result in fetched:
            outcome = _outcome(work.topics, extractor, batch[result.feed_url], result, work.clock())
            matches_new = work.store.save_page(outcome)
            done += 1
            report = replace(
                report,
                read=report.read + bool(outcome.text),
                failed=report.failed + (not outcome.text),
                matches_new=report.matches_new + matches_new,
            )
        if done < len(batch):
            break  # the fetcher was closed
    return report


def nearly(topics: Iterable[TopicConfig]) -> Topics:
    """Give what an article nearly matches: each topic without its `near`, `query` or one of `all`.

    A topic that has only `any` has no "nearly": its words are there, or nothing tells of them.
    """
    return Topics(loose for topic in topics for loose in _loosened(topic))


def _loosened(topic: TopicConfig) -> Iterator[TopicConfig]:
    if topic.near:
        yield topic.model_copy(update={"near": ()})
    if topic.query and (topic.any or topic.all):
        yield topic.model_copy(update={"query": ""})
    if topic.any or topic.query or len(topic.all) > 1:
        for place in range(len(topic.all)):
            fewer = (*topic.all[:place], *topic.all[place + 1 :])
            yield topic.model_copy(update={"all": fewer})


def _choose(work: Round, feeds: tuple[str, ...]) -> None:
    """Decide on each article that is new since the last time whether its page is wanted."""
    loose: Topics | None = None
    while new := work.store.undecided_pages(feeds, work.clock() - YOUNG, limit=_AT_ONCE):
        loose = loose or nearly(work.config.topics)
        work.store.decide_pages(
            {
                row.id: bool(row.article.url) and bool(row.matches or loose.match(row.article))
                for row in new
            },
            work.clock(),
        )


def _one_of_each_host(work: Round, feeds: tuple[str, ...]) -> dict[str, PageToRead]:
    """Give pages to ask for now by their address, none of a host that asked to be left alone."""
    now = work.clock()
    taken = {_host(url) for url in work.store.resting_pages(now)}
    batch: dict[str, PageToRead] = {}
    for page in work.store.due_pages(feeds, now, since=now - YOUNG):
        host = _host(page.article.url)
        if host not in taken:
            taken.add(host)
            batch[page.article.url] = page
    return batch


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url  # the fetcher will refuse it


def _outcome(
    topics: Topics, extractor: ExtractsText, page: PageToRead, result: FetchResult, now: datetime
) -> PageOutcome:
    outcome = PageOutcome(article_id=page.id, tries=page.tries + 1, read_at=now)
    if isinstance(result, FetchFailed):
        return _failed(outcome, result, now)
    found = _text(extractor, result)
    before = page.article.text
    if isinstance(found, JobFailed):
        if found.detail:
            log.error("extractor failed", extra={"url": page.article.url, "detail": found.detail})
        return replace(outcome, error=f"the extractor {found.reason}")
    if isinstance(found, _Unusable):
        return replace(outcome, error=found.reason)
    if len(found) < max(_LEAST_CHARACTERS, len(before) + 1):
        return replace(outcome, error="the page has no more text than the feed gave")
    text = articles.in_full(page.article, found)
    matches = topics.match(replace(page.article, text=text))
    return replace(outcome, page=found, text=text, matches=matches)


@dataclass(frozen=True, slots=True)
class _Unusable:
    reason: str


def _text(extractor: ExtractsText, result: FetchResult) -> str | JobFailed | _Unusable:
    if not isinstance(result, Fetched):
        return _Unusable("the server said that nothing changed, although it was not asked that")
    kind = result.content_type.partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        return _Unusable(f'it is no HTML page but "{kind[:60]}"')
    text = decode(result.body, _with_charset(result))
    if not _HTML.search(text, 0, 20_000):
        return _Unusable("it is no HTML page")
    return extractor.read(text)


def _with_charset(result: Fetched) -> str:
    """Give the Content-Type, with the page's own word on its charset if it has none."""
    stated = _META_CHARSET.search(result.body, 0, 4_096)
    if stated is None or "charset" in result.content_type.lower():
        return result.content_type
    return f"{result.content_type}; charset={stated[1].decode('ascii')}"


def _failed(outcome: PageOutcome, failure: FetchFailed, now: datetime) -> PageOutcome:
    passing = failure.kind in _PASSING or failure.status in _PASSING_STATUS
    again = now + max(RETRY_AFTER, failure.retry_after)
    return replace(
        outcome,
        error=failure.reason,
        next_try_at=again if passing and outcome.tries < MOST_TRIES else None,
        rests_until=now + failure.retry_after if failure.retry_after else None,
    )
