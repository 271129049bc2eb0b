"""Browse the archive: from what a reader asked for to one page, ready to be shown.

topic, search text, feed, cursor ─→ ArchiveFilter ─→ store ─→ ArchiveView
"""

import itertools
import re
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitor import finding, text
from monitor import query as queries
from monitor.config import FeedConfig, TopicConfig
from monitor.errors import MonitorError, QueryError
from monitor.model import (
    ArchiveFilter,
    ArticleMatches,
    ArticleVersion,
    Cursor,
    Facets,
    Field,
    Match,
    Piece,
    Review,
    ReviewState,
    Span,
    StoryOutline,
)
from monitor.query import Asked, Term
from monitor.store import Store

#: With all its buttons a page stays under 50 KB.
PAGE_SIZE = 20
#: The newest articles of a story that its rows name.
STORY_LINES = 2
MAX_QUERY_CHARS = 1_000
#: Counts look at the newest of what is found.
MAX_COUNTED = 20_000
#: The most bars of a chart.
MAX_BARS = 60
_EXPORT_PAGE = 200
#: A longer headline is shown around its hits.
MAX_TITLE_CHARS = 240

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Eighteen digits stay inside a database key; years before 1 and after 9999 are caught on reading.
_CURSOR = re.compile(r"(-?\d{1,18})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a reader asked for, as it stands in the page's address; nothing in it is checked yet."""

    topic: str = ""
    #: The search box, in the language of topics.
    query: str = ""
    #: A feed's address as configured.
    feed: str = ""
    #: Also articles that no topic matched.
    everything: bool = False
    #: One source, one language ("zh-Hans").
    source: str = ""
    lang: str = ""
    #: A label of a topic.
    label: str = ""
    #: What reviewers said: a `ReviewState`.
    mark: str = ""
    #: The first and the last day, in the reader's zone: "2026-03-11".
    first: str = ""
    last: str = ""
    #: `ArchiveView.older` of the page before, "" for the newest articles.
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an article is here: one topic and what was found."""

    topic_id: str
    topic_name: str
    #: In the reader's words: "可灵 in the title".
    found: tuple[str, ...]
    #: The topic's labels that held.
    labels: tuple[str, ...]
    review: Review
    #: What a change of the topic did to it, "" for nothing.
    since_change: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveArticle:
    """One article as the archive shows it."""

    id: int
    #: http or https; "" when no feed gave a link.
    url: str
    title: tuple[Piece, ...]
    #: About two lines around the hits, else the beginning; () when the text only repeats the title.
    snippet: tuple[Piece, ...]
    source: str
    #: What the reader should know of the source ("state media"); "" for most.
    label: str
    lang: str
    #: In the reader's zone: the article's date, but never later than when it was first seen.
    time: datetime
    #: True when the feed gave no date and `time` is when we first saw it.
    undated: bool
    why: tuple[Reason, ...]
    author: str = ""
    #: Where a page's own order ends with this one.
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCount:
    """A topic as the filter offers it."""

    id: str
    name: str
    #: Among what was counted; None where that says nothing of it: another topic was asked for.
    matches: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFault:
    """A search that cannot be understood: `before`, `fault` and `after` make up its text."""

    message: str
    before: str
    fault: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A day, or several, of the chart of an archive's page."""

    first: date
    last: date
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is among all that a question finds, not only on this page."""

    facets: Facets
    #: From the oldest to the newest, without gaps.
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveView:
    """One page of the archive."""

    articles: tuple[ArchiveArticle, ...]
    topics: tuple[TopicCount, ...]
    #: The place of the newest article that the question finds; "" if this page begins elsewhere.
    newest: str = ""
    #: The stories of the articles that have another one too, by article.
    stories: Mapping[int, StoryOutline] = field(default_factory=dict)
    #: None where nothing was looked up.
    overview: Overview | None = None
    #: `Question.after` of the next page; "" on the last one.
    older: str = ""
    #: The search's fault; nothing was looked up then.
    fault: QueryFault | None = None
    #: Parts of the question that could not be followed, in plain words; articles are empty then.
    problems: tuple[str, ...] = ()


class Counts:
    """Remembers for a moment what was counted of large views.

    To count twenty thousand articles takes longer than all the rest of a page, and where there are
    more of them, numbers that are ten seconds old say as much.
    """

    LASTS = timedelta(seconds=10)
    _MOST = 100

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: dict[Question, tuple[datetime, Facets]] = {}

    def of(self, question: Question) -> Facets | None:
        """Give what was counted of a view a moment ago, on whichever of its pages."""
        at, facets = self._known.get(replace(question, after=""), (None, None))
        return facets if at is not None and self._clock() - at < self.LASTS else None

    def keep(self, question: Question, facets: Facets) -> None:
        """Remember what was counted, if it was much."""
        if facets.capped:
            if len(self._known) >= self._MOST:
                self._known.clear()
            self._known[replace(question, after="")] = (self._clock(), facets)


def browse(
    store: Store,
    question: Question,
    *,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    zone: tzinfo,
    limit: int = PAGE_SIZE,
    counts: Counts | None = None,
) -> ArchiveView:
    """Answer a reader's question with one page.

    A search that cannot be understood and an unknown topic, feed or cursor are answers too: the
    page says what is wrong. A topic that left the configuration can be asked for while it has
    matches.

    Raises:
        StoreError: The database did not answer.
    """
    names = {topic.id: topic.name for topic in topics}
    labels = {feed.url: feed.label for feed in feeds}
    offered = tuple(TopicCount(id=topic.id, name=topic.name) for topic in topics)
    problems = tuple(_problems(store, question, topics=names, feeds=labels))
    try:
        asked = _understand(question.query)
        wanted = _filter(question, zone)
    except QueryError as error:
        return ArchiveView(articles=(), topics=offered, fault=_fault(error))
    except _DamagedError as error:
        return ArchiveView(articles=(), topics=offered, problems=(*problems, str(error)))
    if problems:
        return ArchiveView(articles=(), topics=offered, problems=problems)
    after = cursor(question.after)
    known = counts.of(question) if counts else None
    if known:
        page, facets = finding.page(store, wanted, asked, after=after, limit=limit), known
    else:
        page, facets = finding.look(
            store, wanted, asked, most=MAX_COUNTED, after=after, limit=limit
        )
        if counts:
            counts.keep(question, facets)
    rows = tuple(
        shown(row, _terms(asked), names=names, labels=labels, zone=zone) for row in page.articles
    )
    return ArchiveView(
        articles=rows,
        topics=tuple(_with_count(topic, question, facets) for topic in offered),
        newest=rows[0].place if rows and not question.after else "",
        stories=store.outlines([row.id for row in rows], newest=STORY_LINES),
        overview=Overview(facets=facets, bars=_bars(facets.moments, zone)),
        older=_address(page.next),
    )


def export(
    store: Store,
    question: Question,
    *,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    zone: tzinfo,
) -> Iterator[ArchiveArticle]:
    """Give all that a question finds, newest first, however much it is; a page at a time is held.

    Raises:
        MonitorError: The question cannot be followed; said before the first article is asked for.
    """
    names = {topic.id: topic.name for topic in topics}
    labels = {feed.url: feed.label for feed in feeds}
    for problem in _problems(store, question, topics=names, feeds=labels):
        raise QuestionError(problem)
    asked = _understand(question.query)
    wanted = _filter(question, zone)
    pages = finding.pages(store, wanted, asked, after=cursor(question.after), limit=_EXPORT_PAGE)
    return (
        shown(row, _terms(asked), names=names, labels=labels, zone=zone)
        for page in pages
        for row in page.articles
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeArticle:
    """One article as its own page shows it."""

    article: ArchiveArticle
    #: All of its text, with what was found.
    text: tuple[Piece, ...]
    #: The addresses of the feeds that carried it.
    carriers: tuple[str, ...]
    first_seen_at: datetime
    #: What it said before its feed changed it, the latest first; times in the reader's zone.
    earlier: tuple[ArticleVersion, ...]
    #: None while no other article belongs to its story.
    story: StoryOutline | None


def whole(
    store: Store,
    number: int,
    *,
    topics: Sequence[TopicConfig],
    feeds: Sequence[FeedConfig],
    zone: tzinfo,
) -> WholeArticle | None:
    """Give one article with all that is known of it; None if there is none of this number."""
    row = store.article(number)
    if row is None:
        return None
    names = {topic.id: topic.name for topic in topics}
    labels = {feed.url: feed.label for feed in feeds}
    spans = [s for match in row.matches for s in match.spans if s.field == "body"]
    body = row.article.text
    return WholeArticle(
        article=shown(row, (), names=names, labels=labels, zone=zone),
        text=text.pieces(body, spans),
        carriers=store.carriers(number),
        first_seen_at=row.article.first_seen_at.astimezone(zone),
        earlier=tuple(
            replace(version, until=version.until.astimezone(zone))
            for version in store.article_versions(number)
        ),
        story=store.outlines([number], newest=2 * STORY_LINES).get(number),
    )


class QuestionError(MonitorError):
    """A question that cannot be followed."""


class _DamagedError(QuestionError):
    """A part of an address that no page of ours wrote."""


def _filter(question: Question, zone: tzinfo) -> ArchiveFilter:
    state = None
    if question.mark:
        try:
            state = ReviewState(question.mark)
        except ValueError:
            raise _DamagedError(f'There is no mark "{_short(question.mark)}".') from None
    first, last = _day(question.first), _day(question.last)
    return ArchiveFilter(
        topic_id=question.topic or None,
        feed_url=question.feed or None,
        source=question.source or None,
        lang=question.lang or None,
        label=question.label or None,
        review=state,
        since=None if first is None else _midnight(first, zone),
        until=None if last is None else _midnight(last + _DAY, zone),
        matched_only=not question.everything,
    )


def _day(given: str) -> date | None:
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = date.min
    # Next to the ends of time no zone can be taken into account.
    if not 1900 <= found.year <= 2200:
        raise _DamagedError(f'"{_short(given)}" is not a day; write it like 2026-03-11.')
    return found


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _bars(moments: Sequence[str], zone: tzinfo) -> tuple[Bar, ...]:
    """Count by day; by as many days as keep the chart readable if they are too many."""
    if not moments:
        return ()
    ends = (datetime.fromisoformat(f"{moments[n][:19]}+00:00") for n in (0, -1))
    first, last = (moment.astimezone(zone).date() for moment in ends)
    width = 1 + (last - first).days // MAX_BARS
    bars: list[Bar] = []
    end, above = last, len(moments)
    while end >= first:
        start = end - (width - 1) * _DAY
        below = bisect_left(moments, f"{_midnight(start, zone):%Y-%m-%d %H:%M:%S}")
        bars.append(Bar(first=start, last=end, articles=above - below))
        end, above = start - _DAY, below
    return tuple(reversed(bars))


def find(
    store: Store, query: str, *, topic: str | None, everything: bool, limit: int
) -> tuple[ArticleMatches, ...]:
    """Give the newest articles that a search finds, at most `limit`.

    Args:
        store: The archive.
        query: In the language of topics.
        topic: Only matches of the topic with this id.
        everything: Also articles that no topic matched.
        limit: How many at most.

    Raises:
        QueryError: The search cannot be understood.
        MonitorError: No such topic was ever matched.
    """
    if topic is not None and topic not in (known := store.topic_counts()):
        ids = ", ".join(sorted(known)) or "none yet"
        raise MonitorError(f'no match of a topic "{topic}" is stored; topics with matches: {ids}')
    wanted = ArchiveFilter(topic_id=topic, matched_only=not everything)
    pages = finding.pages(store, wanted, _understand(query), after=None, limit=limit)
    found = (row for page in pages for row in page.articles)
    return tuple(itertools.islice(found, limit))


def _found(match: Match) -> tuple[str, ...]:
    """Say what made a match; a word found in the title is not named again for the text."""
    words: dict[str, str] = {}
    for span in match.spans:
        surface = _short(" ".join(span.surface.split()), 40)
        place = "title" if span.field == "title" else "text"
        words.setdefault(surface.casefold(), f"{surface} in the {place}")
    return tuple(words.values())


def _since_change(match: Match) -> str:
    if match.lost:
        return "not matched any more"
    return "found later" if match.found_later else ""


def _with_count(topic: TopicCount, question: Question, facets: Facets) -> TopicCount:
    asked_for = question.topic in {"", topic.id}
    return replace(topic, matches=facets.topics.get(topic.id, 0)) if asked_for else topic


def _problems(
    store: Store, question: Question, *, topics: Container[str], feeds: Container[str]
) -> Iterable[str]:
    asked = question.topic
    if asked and asked not in topics and asked not in store.topic_counts():
        yield f'There is no topic "{_short(question.topic)}".'
    if question.feed and question.feed not in feeds:
        yield f'The feed "{_short(question.feed)}" is not in the configuration.'
    if question.after and cursor(question.after) is None:
        yield "The address of this page is damaged: its “after” names no place in the archive."


def _short(value: str, width: int = 80) -> str:
    return value if len(value) <= width else value[: width - 1] + "…"


def _understand(query: str) -> Asked | None:
    query = query.strip()
    if not query:
        return None
    if len(query) > MAX_QUERY_CHARS:
        raise QueryError(
            f"This search is too long; {MAX_QUERY_CHARS:,} characters are the most",
            text=_short(query),
            span=(0, 0),
        )
    return queries.for_index(queries.parse(query))


def _terms(asked: Asked | None) -> tuple[Term, ...]:
    """Give what a search looks for, to be marked where it stands."""
    return () if asked is None else tuple(queries.wanted_terms(asked.node))


def _searched(terms: Sequence[Term], field: Field, stored: str) -> list[Span]:
    if not terms:
        return []
    folding = text.Folding(stored)
    places = (
        (term, *folding.in_stored(start, end))
        for term in terms
        for start, end in queries.find(term, folding.folded, folding.plain)
    )
    return [
        Span(field=field, start=start, end=end, surface=stored[start:end], term=term.text)
        for term, start, end in places
    ]


def _fault(error: QueryError) -> QueryFault:
    start, end = error.span
    return QueryFault(
        message=error.message,
        before=error.text[:start],
        fault=error.text[start:end],
        after=error.text[end:],
    )


def shown(
    row: ArticleMatches,
    terms: Sequence[Term],
    *,
    names: dict[str, str],
    labels: dict[str, str],
    zone: tzinfo,
) -> ArchiveArticle:
    """Make an article ready to be shown, with what its topics and these terms find marked."""
    article = row.article
    spans = [span for match in row.matches for span in match.spans]
    in_title = [span for span in spans if span.field == "title"]
    in_text = [span for span in spans if span.field == "body"]
    searched = _searched(terms, "body", article.text)
    reviews = {review.topic_id: review for review in row.reviews}
    return ArchiveArticle(
        id=row.id,
        url=article.url if article.url.lower().startswith(("http://", "https://")) else "",
        title=text.snippet(
            article.title, in_title + _searched(terms, "title", article.title), MAX_TITLE_CHARS
        ),
        # Who searches wants to see what was searched for, not what a topic found elsewhere.
        snippet=text.excerpt(article.title, article.text, searched or in_text),
        source=article.source,
        label=labels.get(article.feed_url, ""),
        lang=article.lang,
        time=article.sorted_at.astimezone(zone),
        undated=article.published_at is None,
        author=article.author,
        place=_address(finding.place(row)),
        why=tuple(
            Reason(
                topic_id=match.topic_id,
                topic_name=names.get(match.topic_id, match.topic_id),
                found=_found(match),
                labels=match.labels,
                review=reviews.get(match.topic_id, Review(topic_id=match.topic_id)),
                since_change=_since_change(match),
            )
            for match in row.matches
        ),
    )


def _address(cursor: Cursor | None) -> str:
    if cursor is None:
        return ""
    return f"{(cursor.sorted_at - _EPOCH) // _MICROSECOND}.{cursor.id}"


def cursor(address: str) -> Cursor | None:
    """Read a place in the archive back; None for "" and for what `_address` never wrote."""
    parts = _CURSOR.fullmatch(address)
    if parts is None:
        return None
    try:
        return Cursor(sorted_at=_EPOCH + int(parts[1]) * _MICROSECOND, id=int(parts[2]))
    except OverflowError:
        return None
