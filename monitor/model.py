"""The words of News Monitor: the values that cross from one module to another.

Feed (a source) · Entry (one item as a feed published it) · Article (the publication, once, however
many feeds carry it) · Topic (what the reader watches) · Match (topic × article, with evidence) ·
Story (articles about one event) · Digest (one composed issue) · Delivery (one digest to one
recipient) · Poll (fetch, decide, store: one feed, once).

Everything here is frozen, knows no I/O and no clock. Datetimes are aware and in UTC, except where a
comment says that they are shown to people. A number that is not a `timedelta` carries its unit.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

# ------------------------------------------------------------------------------------ fetching


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """A server's words about one version of a feed, echoed to the letter: one set, never mixed."""

    etag: str | None = None
    last_modified: str | None = None


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """Ask for one feed."""

    #: The feed's address in the configuration: its name everywhere else.
    feed_url: str
    #: Where it lives now: differs from `feed_url` after a permanent redirect.
    url: str
    validators: Validators = NO_VALIDATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The server sent a body (200)."""

    feed_url: str
    #: The address that answered, after all redirects.
    url: str
    #: Where permanent redirects (301, 308) led, if every hop up to there was permanent; else None.
    moved_to: str | None
    #: Decompressed, within the size limit.
    body: bytes
    #: The server's Content-Type with its parameters, "" if it sent none.
    content_type: str
    validators: Validators
    #: How long the answer holds: Cache-Control's max-age, else Expires; zero if neither is there.
    max_age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server said that nothing changed (304)."""

    feed_url: str
    moved_to: str | None
    #: What the 304 itself carried; empty fields mean "keep yours".
    validators: Validators
    max_age: timedelta = timedelta(0)


class FailureKind(StrEnum):
    """What kind of failure a feed shows; a reader sees the reason's words instead."""

    DNS = "dns"  # the name could not be resolved
    CONNECT = "connect"  # nobody listens, or the network is down
    TLS = "tls"
    TIMEOUT = "timeout"
    STATUS = "status"  # an answer other than 200 and 304
    BUSY = "busy"  # the server asks to be left alone: 429, or Retry-After
    GONE = "gone"  # 410: never to be asked again
    TOO_LARGE = "too large"
    REDIRECT = "redirect"  # too many, in a circle, or without an address
    REFUSED = "refused"  # we did not ask: address not allowed
    PROTOCOL = "protocol"  # the answer is no proper HTTP, or cut off
    NOT_A_FEED = "not a feed"  # the body is no feed, or a broken one
    PARSER = "parser"  # the parser took too long, too much memory, or died


#: Failures in which no server was reached at all: all feeds failing so means that we are offline.
UNREACHED = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No usable answer; the feed's validators and entries stay as they are."""

    feed_url: str
    kind: FailureKind
    #: In plain words, for the person who reads the feed's state.
    reason: str
    status: int | None = None
    #: The server's Retry-After, zero if it asked for nothing.
    retry_after: timedelta = timedelta(0)


FetchResult = Fetched | NotModified | FetchFailed

# ------------------------------------------------------------------------------------- workers


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed:
    """A worker process did not do its job."""

    #: What became of it, to follow the worker's name: "needed more than 10 s".
    reason: str
    #: Which fault of ours it was, for the log; "" if it was none.
    detail: str = ""


# ------------------------------------------------------------------------------------- parsing


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item as a feed published it, reduced to plain text; nothing in it is trusted."""

    #: The feed's own identifier, trimmed, not resolved against any base; None if it gives none.
    guid: str | None
    #: Absolute, http or https only; None if the feed gives no such link.
    link: str | None
    #: Plain text in one line, entities resolved; "" if the feed gives none.
    title: str
    #: Plain text of the summary and all contents, without repeating one that contains the other.
    text: str
    author: str = ""
    #: The publisher inside an aggregator's item (RSS <source>), "" if none.
    publisher: str = ""
    tags: tuple[str, ...] = ()
    #: As the item itself states it ("zh-Hans"), None if it does not.
    lang: str | None = None
    #: As the feed states it; None when it gives no usable date.
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A feed document, understood."""

    title: str
    #: The site the feed belongs to, None if not stated.
    link: str | None
    lang: str | None
    entries: tuple[Entry, ...]
    #: Entries of the document that are left out because they were read before and did not change:
    #: what `identity.marks` makes of them.
    known: tuple[bytes, ...] = ()
    #: What the parser wants to be told with the feed's next document, b"" for nothing.
    imprint: bytes = field(default=b"", compare=False, repr=False)
    #: The feed's own wish (RSS ttl), zero if none.
    ttl: timedelta = timedelta(0)
    #: UTC hours (0 to 23) and weekdays (0 = Monday) in which the feed asks not to be polled.
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    #: False when the document ends before its end: the entries are whole and worth storing, but the
    #: validators stand for a version we have not seen in full and must not be kept.
    complete: bool = True
    #: How many more entries the document has than any feed is read to; mostly 0.
    left_out: int = 0

    @property
    def size(self) -> int:
        """How many entries it shows, those that were not read again among them."""
        return len(self.entries) + len(self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseFailed:
    """The body is no feed, or the parser could not finish; `reason` says so in plain words."""

    kind: FailureKind
    reason: str
    #: Which fault of ours it was, for the log; "" if it was none.
    detail: str = ""


ParseResult = ParsedFeed | ParseFailed

# --------------------------------------------------------------------------------------- feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """How many entries a feed brought in each of the last hours; see `rhythm`."""

    #: The start of the last hour.
    until: datetime
    #: One digit for each hour, oldest first; a 9 means nine or more.
    counts: str


class KeyPolicy(StrEnum):
    """By what a feed's entries are told apart: the best that its publisher is careful with."""

    GUID = "guid"
    LINK = "link"
    LINK_TITLE = "link+title"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the store knows of one feed between two polls."""

    feed_url: str
    #: Where the feed lives now.
    url: str
    #: The feed's own title, "" until it was read once.
    title: str = ""
    #: The feed's own statement of its language.
    lang: str | None = None
    validators: Validators = NO_VALIDATORS
    #: `steady.fingerprint` of the last good body; an equal one is not parsed again.
    body_hash: str | None = None
    #: The interval asked for in the configuration, None for the usual one.
    every: timedelta | None = None
    next_poll_at: datetime
    last_polled_at: datetime | None = None
    #: Last 200 or 304 that made sense.
    last_success_at: datetime | None = None
    #: First time that the feed's entries were stored; None means that nothing was read yet.
    first_success_at: datetime | None = None
    #: Consecutive failed polls; 0 after a success.
    failures: int = 0
    failure_kind: FailureKind | None = None
    #: The last failure in plain words, "" while all is well.
    error: str = ""
    #: A server said 410, or a person will have to look: it is not polled any more.
    retired: bool = False
    #: The feed's own wishes when it was last read (RSS ttl, skipHours, skipDays; see `ParsedFeed`):
    #: they also bind the polls that a 304 answers.
    ttl: timedelta = timedelta(0)
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    #: What its past tells about when it publishes; None until it was read once.
    diary: Diary | None = None
    #: How its entries get their keys; see `identity.listing`.
    key_policy: KeyPolicy = KeyPolicy.GUID


# ------------------------------------------------------------------------------------- articles

Field = Literal["title", "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One publication, however many feeds carried it."""

    #: What makes two entries the same publication; see `articles.article_key`.
    key: str
    #: "" when no feed gave a link.
    url: str
    title: str
    #: Plain text; title and text are what topics match and what spans point into.
    text: str
    #: The outlet as a reader knows it: the publisher, else the feed's name.
    source: str
    #: The feed through which it was first seen.
    feed_url: str
    author: str = ""
    tags: tuple[str, ...] = ()
    #: BCP 47 primary language with script for Chinese ("zh-Hans"); "und" if unknown.
    lang: str = "und"
    #: As the feed states it; None when it gives no usable date.
    published_at: datetime | None = None
    #: When we first saw it: what decides which digest it belongs to.
    first_seen_at: datetime
    #: It came with a feed's first fetch and may be old: a digest takes it only if `published_at`
    #: lies inside its window. False for the first ten undated entries of such a fetch.
    backlog: bool = False

    @property
    def sorted_at(self) -> datetime:
        """What the archive is ordered by: its date, never later than when it was first seen."""
        return min(self.published_at or self.first_seen_at, self.first_seen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleVersion:
    """What an article said before its feed changed it."""

    title: str
    #: Its beginning.
    text: str
    #: When the next one took its place.
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One hit: where it stands in the stored text, and what made it a hit."""

    field: Field
    #: Offsets into the article's `title` or `text`, in characters; `end` is exclusive.
    start: int
    end: int
    #: The text found there, to the letter.
    surface: str
    #: The term of the topic that hit, as the reader wrote it.
    term: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A topic found in an article, with the evidence."""

    topic_id: str
    #: Which wording of the topic decided: a short hash, resolved by the store's topic versions.
    query_version: str
    #: In the order of the text, title first; at most `matcher.MAX_SPANS`.
    spans: tuple[Span, ...]
    #: The names of the topic's labels that held, in their order in the configuration.
    labels: tuple[str, ...] = ()
    #: The topic was changed after the article had come, and took it only then.
    found_later: bool = False
    #: The topic was changed since and does not take it any more.
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicVersion:
    """One wording of a topic: what a `Match.query_version` stands for."""

    topic_id: str
    query_version: str
    name: str
    #: The topic's lists in one canonical line of text.
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """A configuration that was accepted."""

    id: int
    #: The file, to the letter.
    text: str
    accepted_at: datetime
    #: What is different from the version before, in words.
    changes: tuple[str, ...]
    #: Old articles that its topics found, and matches that they no longer give, so far.
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematch:
    """Topics whose new wording is being tried on the stored articles, from the newest on."""

    #: By topic: its wording.
    versions: Mapping[str, str]
    #: Articles from this number on are done; None when none is.
    done_from: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rematched:
    """What trying new wordings on old articles changed."""

    gained: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryNames:
    """What an entry is called inside its feed; see `identity`. Hashes, not the words themselves."""

    #: What makes two entries of one feed the same.
    key: str
    #: The page that it leads to, wherever its site lives; None if it leads to no page of its own.
    page: int | None = None
    #: Publisher and title.
    heading: int = 0
    #: Title, text and link, never a date: it differs when the entry was edited.
    content: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry that a feed showed before."""

    names: EntryNames
    #: How often its content has changed.
    edits: int = 0
    #: When its article was published, never later than when that was first seen.
    sorted_at: datetime
    #: Its article's, all "" when retention took that; only looked up for lookalikes.
    url: str = ""
    text: str = ""

    @property
    def key(self) -> str:
        """What it was known by so far."""
        return self.names.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An entry seen in a feed for the first time, its article and that article's matches."""

    names: EntryNames
    article: Article
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A known entry that shows again under another key, with another content, or both."""

    #: The key that it was known by.
    former_key: str
    #: The key that it has now.
    key: str
    #: What it says now, as a sighting; None if only its key is new.
    sighting: Sighting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """All that one poll of one feed changes: stored in one transaction."""

    feed: FeedState
    sightings: tuple[Sighting, ...] = ()
    renewals: tuple[Renewal, ...] = ()
    #: Number of entries in the document, for the coverage figures; 0 when nothing was parsed.
    entries: int = 0
    #: `ParsedFeed.imprint` of the document, None to keep the one that is stored.
    imprint: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSaved:
    """What a poll added to the archive."""

    articles_new: int = 0
    matches_new: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedError:
    """One feed's failure as a person reads it."""

    url: str
    kind: FailureKind
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What one round of polls did."""

    feeds: int = 0
    changed: int = 0
    unchanged: int = 0
    articles_new: int = 0
    matches_new: int = 0
    errors: tuple[FeedError, ...] = ()

    @property
    def failed(self) -> int:
        """How many feeds gave no usable answer."""
        return len(self.errors)

    @property
    def offline(self) -> bool:
        """Whether every feed failed before any server was reached."""
        return (
            bool(self.errors)
            and self.failed == self.feeds
            and all(error.kind in UNREACHED for error in self.errors)
        )


# -------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PageToRead:
    """An article whose page is to be read in full."""

    #: The article's number.
    id: int
    article: Article
    #: How often its page was asked for.
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """What one try to read a page brought: stored in one transaction."""

    article_id: int
    #: This try included.
    tries: int
    read_at: datetime
    #: The page's own text, "" if it could not be read or tells no more than the feed.
    page: str = ""
    #: What becomes the article's text: the feed's words, then the page's; "" to leave it.
    text: str = ""
    #: What the article matches with it.
    matches: tuple[Match, ...] = ()
    #: Why there is no text, in plain words; "" if there is.
    error: str = ""
    #: When to try again; None for never.
    next_try_at: datetime | None = None
    #: Until when the server asked to be left alone; None if it did not.
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingReport:
    """What reading pages in full brought."""

    read: int = 0
    failed: int = 0
    matches_new: int = 0


# -------------------------------------------------------------------------------------- archive


class Mark(StrEnum):
    """What a reviewer said of a match."""

    OPEN = "open"
    RELEVANT = "relevant"
    IRRELEVANT = "irrelevant"
    #: Went past without a judgement: "reviewed up to here".
    SEEN = "seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchKey:
    """Names one match: reviewers judge an article for a topic, never by itself."""

    topic_id: str
    article_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What reviewers said of one match so far."""

    topic_id: str
    mark: Mark = Mark.OPEN
    starred: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a review says of the reader's taste."""

    topic_id: str
    title: str
    source: str
    liked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMatch:
    """A match, as far as it tells what a topic's words and sources are worth."""

    source: str
    #: The topic's own words that were found.
    terms: frozenset[str]
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewChange:
    """What a reviewer changes; None leaves a part as it is, so that two reviewers lose nothing."""

    mark: Mark | None = None
    starred: bool | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleMatches:
    """One article with all its present matches, in the order of the topics' ids."""

    id: int
    article: Article
    matches: tuple[Match, ...]
    #: What reviewers said of them; none of matches that nobody touched.
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed as the reader sees it: state and what it brought."""

    state: FeedState
    articles: int
    matches: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that must stand side by side (see `query.search`)."""

    tokens: tuple[str, ...]
    _: KW_ONLY
    #: The last token may be only the start of a word.
    prefix: bool = False
    #: Only there; None for anywhere.
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class UrlPart:
    """Characters, small letters, that an article's address must have, whatever its capitals."""

    part: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part must hold."""

    parts: "tuple[IndexQuery, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part must hold."""

    parts: "tuple[IndexQuery, ...]"


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The part must not hold."""

    part: "IndexQuery"


#: A query as the search index can answer it: made by `query.for_index`, translated by the store.
IndexQuery = Phrase | UrlPart | AllOf | AnyOf | NoneOf


class ReviewState(StrEnum):
    """What the archive can be narrowed to, by what reviewers said of its matches."""

    OPEN = "open"
    RELEVANT = "relevant"
    IRRELEVANT = "irrelevant"
    SEEN = "seen"
    STARRED = "starred"
    NOTED = "noted"
    #: Not said by anybody: the topic was changed since, and does not take it any more.
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFilter:
    """What a reader asked the archive for; every part narrows."""

    topic_id: str | None = None
    feed_url: str | None = None
    query: IndexQuery | None = None
    #: Only matches of which reviewers said this.
    review: ReviewState | None = None
    #: Only articles with a match that has this label.
    label: str | None = None
    source: str | None = None
    lang: str | None = None
    #: By the time articles are sorted by; `until` is exclusive.
    since: datetime | None = None
    until: datetime | None = None
    #: False also gives articles that no topic matched.
    matched_only: bool = True
    #: None for any.
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page of the archive ended: the next page starts after it."""

    #: The time an article is sorted by: its date, but never later than when it was first seen.
    sorted_at: datetime
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePage:
    """One page of articles, newest first."""

    articles: tuple[ArticleMatches, ...]
    #: None on the last page.
    next: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """What is among the articles that meet a filter, counted in the newest of them."""

    #: The articles counted.
    total: int
    #: Whether there are more, which were not counted.
    capped: bool
    #: Matches of each topic that has any.
    topics: Mapping[str, int]
    #: Each in falling order of its number.
    sources: tuple[tuple[str, int], ...]
    langs: tuple[tuple[str, int], ...]
    #: Matches, not articles.
    labels: tuple[tuple[str, int], ...]
    #: Matches, not articles.
    marks: tuple[tuple[Mark, int], ...]
    #: When the articles are from (see `Cursor`), the oldest first: in UTC, as text that begins with
    #: "2026-03-11 12:00:00". To read twenty thousand would take longer than to find them.
    moments: tuple[str, ...]


# -------------------------------------------------------------------------------------- stories


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryArticle:
    """What grouping needs to know of an article."""

    id: int
    title: str
    #: Its beginning is enough.
    text: str
    url: str
    #: The article's date, but never later than when it was first seen.
    at: datetime
    #: The story it belongs to by now, None before it was grouped.
    story_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles about one event."""

    #: Stays as long as most of its articles stay together; None until the store gives it one.
    id: int | None
    #: In order of time.
    articles: tuple[int, ...]
    #: For each article that repeats an earlier one: the id of the earliest such.
    copies: Mapping[int, int] = field(default_factory=dict)
    #: Earlier stories that became part of this one: their ids lead to it.
    absorbed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryMember:
    """An article in its story."""

    row: ArticleMatches
    #: The earliest article of the story whose text, headline or address it repeats; None if it
    #: reports by itself.
    copy_of: int | None = None

    @property
    def at(self) -> datetime:
        """The article's date, but never later than when it was first seen."""
        article = self.row.article
        return min(article.published_at or article.first_seen_at, article.first_seen_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A story whole, as it stands in the archive."""

    #: Its permalink.
    id: int
    #: In order of time, its stages one after the other; never empty.
    members: tuple[StoryMember, ...]

    @property
    def first_seen_at(self) -> datetime:
        """When the monitor saw its first article."""
        return min(member.row.article.first_seen_at for member in self.members)

    @property
    def outlets(self) -> tuple[str, ...]:
        """Who carries it, in the order in which they came."""
        return tuple(dict.fromkeys(member.row.article.source for member in self.members))

    @property
    def repeating(self) -> tuple[str, ...]:
        """The outlets that only repeat another one's text."""
        own = {member.row.article.source for member in self.members if member.copy_of is None}
        return tuple(outlet for outlet in self.outlets if outlet not in own)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """An article as a list of its story names it."""

    id: int
    title: str
    source: str
    lang: str
    #: See `StoryMember.at`.
    at: datetime
    #: Whether it only repeats another article of the story.
    repeats: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryOutline:
    """A story in short."""

    id: int
    #: How many it has.
    articles: int
    #: The newest ones, newest first.
    newest: tuple[StoryLine, ...]


# --------------------------------------------------------------------------------------- digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One planned issue of a digest: unique by digest name, local date and time."""

    digest: str
    #: The date in the digest's time zone.
    local_date: date
    #: "07:30" in the digest's time zone, as configured.
    at: str
    #: The moment it is due.
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time an issue covers, by `first_seen_at`: after `since`, up to and including `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingFeed:
    """A feed the footer names because nothing could be read from it."""

    name: str
    url: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietFeed:
    """A feed the footer names because it answers but brings nothing any more; see `silence`."""

    name: str
    url: str
    #: Whole days from its newest item to the last look at it.
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time in which the monitor itself did not run."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the monitor could see in a window, and what not."""

    #: Feeds that are polled (configured, not retired).
    feeds: int
    #: Feeds with a successful poll inside the window, or well and not due in it.
    feeds_read: int
    #: Entries new to the monitor inside the window, matched or not.
    articles: int
    failing: tuple[FailingFeed, ...] = ()
    #: Feeds that are well, but silent for longer than their own rhythm explains; the shortest
    #: silence first: it is news.
    quiet: tuple[QuietFeed, ...] = ()
    #: Times in or around the window in which the monitor did not run, oldest first; those of a
    #: composed digest are in its zone.
    gaps: tuple[Gap, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether under half of the feeds were read: "no news" would be a guess."""
        return self.feeds == 0 or self.feeds_read * 2 < self.feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text that is either marked as a hit or not: templates never cut strings."""

    text: str
    hit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestArticle:
    """One article as an issue shows it."""

    id: int
    #: "" when no feed gave a link.
    url: str
    title: tuple[Piece, ...]
    #: About two lines of the text around its hits; () when there is none.
    snippet: tuple[Piece, ...]
    source: str
    #: What the reader should know of the source ("state media", "owned by Alibaba"); "" for most.
    label: str
    lang: str
    #: In the digest's time zone; the feed's own date, else when it was first seen.
    time: datetime
    #: True when the feed gave no date and `time` is when we first saw it.
    undated: bool
    #: Why it is here, in the reader's words: 'Kling, 可灵 in the title', 'Kuaishou in the text'.
    why: tuple[str, ...]
    #: For one in a language that the reader does not read, which and what about ("Chinese ·
    #: Kling"); "" for all others.
    foreign: str = ""
    #: The topic's labels that hold: "by US", "enforcement".
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestOutlet:
    """Somebody else who carries a story."""

    name: str
    #: Its article, "" when no feed gave a link.
    url: str


class StoryState(StrEnum):
    """What a story is to who reads this digest."""

    #: No issue has shown it.
    NEW = "new"
    #: An issue has, and somebody has reported more since.
    UPDATE = "update"
    #: An issue has, and all that came since only repeats what was there.
    ONGOING = "ongoing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestStory:
    """One event: the article to read, and who else carries it."""

    #: Its number in the archive, None for one that is not there yet.
    id: int | None = None
    state: StoryState = StoryState.NEW
    lead: DigestArticle
    #: The others, who reports by itself first; those that are new since an update's last issue.
    others: tuple[DigestOutlet, ...] = ()
    #: Who carries it in all, in words, where some only copy: "12 outlets, 9 of them copies of one
    #: text"; "" else.
    sources: str = ""
    #: What an update brings, in words: "2 new sources", "new figures: $2 billion, 75%".
    news: tuple[str, ...] = ()
    #: For what was shown before, under which headline and when; "" and None else.
    before: str = ""
    before_at: datetime | None = None
    #: The names of further topics that it belongs to.
    also: tuple[str, ...] = ()
    #: Only its headline is to be shown, in one line.
    brief: bool = False
    #: The issue's top story, which gives the subject its headline.
    top: bool = False
    #: The numbers that it is ordered by, see `ranking`, and "value": their product.
    score: Mapping[str, float] = field(default_factory=dict)
    #: The articles that this issue reports with it, by number.
    reported: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTopic:
    """One section of an issue."""

    id: str
    name: str
    #: New ones and updates, the best first.
    stories: tuple[DigestStory, ...]
    #: Those of earlier issues that others only repeat now.
    ongoing: tuple[DigestStory, ...] = ()
    #: Articles matched in the window, shown or not.
    articles: int
    #: How many there are in such a time as a rule; None while that is not known.
    usual: float | None = None
    #: Stories left out for space; they are in the archive.
    more: int = 0
    #: How long the bars of `articles` and of `usual` are, 0 to 100: the longest of all has 100.
    bar_percent: int = 0
    usual_percent: int = 0
    #: The names of the sections in which the other stories of this topic stand.
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """An article that a topic may have missed: shown apart from its matches, and none of them."""

    #: Its number in the archive.
    id: int
    #: The topic's name.
    topic: str
    #: What speaks for it, in plain words.
    why: str
    title: str
    #: "" if the feed gave none.
    url: str
    source: str
    lang: str
    #: When it was published, else when it was first seen.
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One composed issue: the only value that a mail template gets, as `digest`."""

    name: str
    subject: str
    #: The issue's date and time in its own zone.
    slot: datetime
    #: The window, in the digest's zone.
    since: datetime
    until: datetime
    topics: tuple[DigestTopic, ...]
    coverage: Coverage
    #: What the owner must know: a broken template, nothing readable. Shown at the top.
    notices: tuple[str, ...] = ()
    #: Once a week, a few articles that no topic matched, but nearly: no matches, and in no count.
    missed: tuple[Missed, ...] = ()
    #: Without any match, in one sentence, whether the world was quiet or what the monitor reads;
    #: "" otherwise, and while it could not see.
    quiet: str = ""
    #: The archive's public address without a final slash; "" while none is configured.
    archive_url: str = ""
    #: Where the reader of a copy can unsubscribe; "" while there is no such page.
    unsubscribe_url: str = ""
    #: True for "the next digest as it would look now".
    preview: bool = False

    @property
    def stories(self) -> int:
        """How many stories the issue shows."""
        return sum(len(topic.stories) for topic in self.topics)

    @property
    def updates(self) -> int:
        """How many of them an earlier issue has shown."""
        shown = (story for topic in self.topics for story in topic.stories)
        return sum(story.state is StoryState.UPDATE for story in shown)

    @property
    def articles(self) -> int:
        """How many matches the window holds; an article of two topics counts in both."""
        return sum(topic.articles for topic in self.topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDigest:
    """An issue as it will be sent."""

    subject: str
    html: str
    text: str
    #: Problems with the reader's templates that made us fall back, in plain words.
    problems: tuple[str, ...] = ()
    #: The articles of the stories that found room, by number; of issues long sent it is not kept.
    shown: frozenset[int] = field(default=frozenset(), compare=False)


class Shown(StrEnum):
    """What the reader of an issue saw of an article."""

    #: Its headline.
    LEAD = "lead"
    #: That its story is there, under another headline.
    STORY = "story"
    #: Nothing: it was counted as one of many.
    COUNTED = "counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestItem:
    """What an issue reported. It hangs on the digest's name: no edit of a topic mails it again."""

    article_id: int
    topic_id: str
    shown: Shown = field(default=Shown.COUNTED, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """That an earlier issue of a digest reported an article."""

    #: The moment of that issue.
    at: datetime
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One recipient's copy, before the outbox gave it a number."""

    recipient: str
    #: Fixed here, before the first SMTP byte: every try carries the same.
    message_id: str
    #: The whole message as it goes out.
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """A composed digest with its deliveries: stored in one transaction, then sent."""

    slot: Slot
    window: Window
    rendered: RenderedDigest
    items: tuple[DigestItem, ...]
    #: () for an issue that goes to nobody (nothing to report): the slot is done all the same.
    deliveries: tuple[NewDelivery, ...]
    #: The articles that it shows as perhaps missed, by number.
    missed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIssue:
    """An issue that was composed, and what it reported."""

    id: int
    slot: Slot
    window: Window
    rendered: RenderedDigest
    items: frozenset[DigestItem]


class DeliveryState(StrEnum):
    """Where a delivery stands; docs/delivery.md draws how it gets there."""

    #: Waits for its next try.
    QUEUED = "queued"
    #: In somebody's hands: when the lease ends, it is taken up again.
    SENDING = "sending"
    #: The server took it (250).
    SENT = "sent"
    #: Will not be tried again: refused for good, given up, or unsubscribed.
    REJECTED = "rejected"
    #: May have arrived, and is not sent again unless a person says so (`on_ambiguous = "hold"`).
    HELD = "held"


#: What may become of a delivery, and nothing else.
TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    # claimed; unsubscribed
    DeliveryState.QUEUED: frozenset({DeliveryState.SENDING, DeliveryState.REJECTED}),
    # deferred; taken; refused; no clear answer
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.QUEUED,
            DeliveryState.SENT,
            DeliveryState.REJECTED,
            DeliveryState.HELD,
        }
    ),
    # the other three: sent again by a person
    DeliveryState.SENT: frozenset({DeliveryState.QUEUED}),
    DeliveryState.REJECTED: frozenset({DeliveryState.QUEUED}),
    DeliveryState.HELD: frozenset({DeliveryState.QUEUED}),
}


#: No copy waits longer for its next try.
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One digest to one recipient: a row of the outbox."""

    id: int
    digest_id: int
    recipient: str
    message_id: str
    message: bytes
    state: DeliveryState
    #: Tries so far.
    tries: int
    next_try_at: datetime
    #: The server's last words, "" if it had none.
    error: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The server took the message (250)."""

    #: What it took, if that was shorter than what stood in the outbox; None if it was that.
    shortened: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now: no answer, or a 4xx. It is tried again with the same Message-ID."""

    reason: str
    #: What it concerns: this message only; the server, and so every message; or our login there,
    #: which is not tried again soon, since servers lock out who does.
    concerns: Literal["message", "server", "login"] = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """The server had the whole message, and then gave no clear answer: it may have taken it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Never: a 5xx for this recipient, or a server that cannot do what the config requires."""

    reason: str


SendResult = Sent | Deferred | Ambiguous | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody to whom a digest goes or went, and how that has been going."""

    digest: str
    address: str
    #: When they said that they do not want it any more; None for those who did not.
    unsubscribed_at: datetime | None = None
    #: Copies that the server took, and when it took the last one.
    sent: int = 0
    last_sent_at: datetime | None = None
    #: Copies refused since the last one that was taken.
    refused: int = 0
    #: What became of the newest copy, and the server's last words on it; None before the first.
    state: DeliveryState | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the database stands."""

    #: "sqlite 3.40.1", and where it is.
    database: str
    place: str
    #: How many configurations were accepted so far, and when the last one was.
    config_versions: int
    config_accepted_at: datetime | None
    #: Copies of digests by their state, those of all time.
    copies: Mapping[DeliveryState, int]
    #: When the next of the waiting copies is tried.
    next_try_at: datetime | None
    #: Articles that a search does not find yet.
    to_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """An issue in the archive's list."""

    id: int
    name: str
    local_date: date
    at: str
    subject: str
    created_at: datetime
    window: Window
    items: int
    #: Recipient, state, the server's last words.
    deliveries: tuple[tuple[str, DeliveryState, str], ...]
