"""Entries of a feed to articles: what is the same entry, what the same publication.

An entry is known inside its feed by its `entry_key`, which decides whether a poll showed something
new. A publication is known everywhere by its `article_key`, which decides whether two feeds show
the same. Neither depends on when something was fetched, unless a feed gives nothing else.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from urllib.parse import SplitResult, urlsplit

from monitor import languages
from monitor.model import Article, Entry, FeedState, ParsedFeed, Sighting

# Changing how keys are made means a new version: old keys then simply never match.
_KEY_VERSION = "1"
_MARK = 8
# Where in an entry's marks each stands.
_GUID, _LINK, _HEADING = (slice(start, start + _MARK) for start in (0, _MARK, 2 * _MARK))
_NO_MARK = bytes(_MARK)
#: So many entries without a date may come as news from a feed's first fetch.
UNDATED_FROM_FIRST_FETCH = 10

# Parameters that say how a reader came to the page, not which page it is.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_[ce]id|_hs(?:enc|mi)"
    r"|mkt_tok|oly_(?:anon|enc)_id|at_(?:medium|campaign)\w*|cmpid|ncid|ref_src|spm|smid",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_GOOGLE_NEWS = "news.google.com"


def sightings(
    parsed: ParsedFeed, state: FeedState, *, name: str, lang: str | None, now: datetime
) -> tuple[Sighting, ...]:
    """Make articles of all entries of a document, in its order, each entry once, without matches.

    Args:
        parsed: The document.
        state: What is known of its feed; a feed that never gave entries makes a backlog of them.
        name: The feed's name in the configuration, "" for none.
        lang: Its language in the configuration, None for none.
        now: When the entries are seen.
    """
    entries = [entry for entry in parsed.entries if _says_anything(entry)]
    repeated, shared = _ambiguous(entries, parsed.known)
    source = name or parsed.title or state.title or _split(state.url).hostname or state.url
    undated = 0
    found: dict[str, Sighting] = {}
    for entry in entries:
        key = entry_key(entry, repeated_guids=repeated, shared_links=shared)
        if key in found:
            continue
        undated += entry.published_at is None
        fresh = entry.published_at is None and undated <= UNDATED_FROM_FIRST_FETCH
        article = Article(
            key=article_key(entry, source=source, shared_links=shared, now=now),
            url=entry.link or "",
            title=_title(entry),
            text=entry.text,
            source=entry.publisher or source,
            feed_url=state.feed_url,
            author=entry.author,
            tags=entry.tags,
            lang=_language(entry, parsed.lang, lang),
            published_at=entry.published_at,
            first_seen_at=now,
            backlog=state.first_success_at is None and not fresh,
        )
        found[key] = Sighting(entry_key=key, article=article)
    return tuple(found.values())


def entry_key(
    entry: Entry,
    *,
    repeated_guids: frozenset[str] = frozenset(),
    shared_links: frozenset[str] = frozenset(),
) -> str:
    """Name an entry inside its feed: by its guid, else its link, else its title and text.

    Args:
        entry: The entry.
        repeated_guids: Guids that the document uses for several links: the link then counts too.
        shared_links: Canonical links that it uses for several titles: the title then counts too.
    """
    link = canonical_link(entry.link or "")
    if entry.guid in repeated_guids:
        return _key("guid|link", entry.guid or "", link)
    if entry.guid:
        return _key("guid", entry.guid)
    if link in shared_links:
        return _key("link|title", link, _heading(entry))
    if link:
        return _key("link", link)
    return _key("title+text", entry.title, entry.text)


def article_key(
    entry: Entry, *, source: str, shared_links: frozenset[str] = frozenset(), now: datetime
) -> str:
    """Name a publication: by its link where the link stands for it, else publisher, title and day.

    A link stands for no single publication when it is a site's front page, one of `shared_links`,
    or of Google News, which makes new links for an article all the time. http and https are equal.

    Args:
        entry: The entry that shows it.
        source: The feed's name, for entries without a publisher.
        shared_links: Canonical links that the document uses for several titles.
        now: Gives the day of entries without a date.
    """
    link = canonical_link(entry.link or "")
    if link and link not in shared_links and not _is_front_page(link) and not _is_google_news(link):
        return _key("link", link.split("://", 1)[-1])
    day: date = (entry.published_at or now).date()
    heading = _heading(entry) or link
    return _key("publication", _folded(entry.publisher or source), heading, day.isoformat())


def marks(entry: Entry) -> bytes:
    """Reduce what tells an entry from the others of its document to 24 bytes.

    They stand for an entry that is in a document, but was read before and is not read again; see
    `ParsedFeed.known`.
    """
    if not _says_anything(entry):
        return 3 * _NO_MARK
    link = canonical_link(entry.link or "")
    return b"".join(map(_mark, (entry.guid or "", link, _heading(entry))))


def ambiguous(marked: Iterable[bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Give the guids that a document uses for several links, and its links for several titles.

    Args:
        marked: The `marks` of all its entries; of the same kind is what is given.
    """
    links: defaultdict[bytes, set[bytes]] = defaultdict(set)
    headings: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for entry in marked:
        links[entry[_GUID]].add(entry[_LINK])
        headings[entry[_LINK]].add(entry[_HEADING])
    return _of_several(links), _of_several(headings)


def keys_changed(before: Iterable[bytes], now: Iterable[bytes], among: Iterable[bytes]) -> bool:
    """Tell whether an entry that stands in two documents has another key in the second.

    It has if the others make its guid or its link ambiguous in only one of them.

    Args:
        before: The `marks` of all entries of the first document.
        now: Those of the second.
        among: Those of the entries in question.
    """
    before, now = frozenset(before), frozenset(now)
    if before == now:
        return False
    guids, links = (
        first ^ second for first, second in zip(ambiguous(before), ambiguous(now), strict=True)
    )
    return bool(guids or links) and any(
        entry[_GUID] in guids or entry[_LINK] in links for entry in among
    )


def canonical_link(link: str) -> str:
    """Write a link as all feeds would: without tracking, default port, and place in the page."""
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return link
    host = parts.hostname or ""
    if port and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    # As it stands: to decode it would make one of all letters that are not UTF-8.
    query = "&".join(
        parameter
        for parameter in parts.query.split("&")
        if parameter and not _TRACKING.fullmatch(parameter.partition("=")[0])
    )
    encoded = f"?{query}" if query else ""
    # Sites made of one page tell their articles apart behind "#!" or "#/".
    route = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{parts.scheme}://{host}{parts.path or '/'}{encoded}{route}" if host else link


def _ambiguous(
    entries: Sequence[Entry], known: Iterable[bytes]
) -> tuple[frozenset[str], frozenset[str]]:
    """Give the guids a document uses for several links, and its links for several titles."""
    marked = [(entry, marks(entry)) for entry in entries]
    repeated, shared = ambiguous((*(own for _, own in marked), *known))
    return (
        frozenset(entry.guid or "" for entry, own in marked if own[_GUID] in repeated),
        frozenset(
            canonical_link(entry.link or "") for entry, own in marked if own[_LINK] in shared
        ),
    )


def _says_anything(entry: Entry) -> bool:
    return bool(entry.title or entry.text or entry.link)


def _of_several(found: Mapping[bytes, Collection[bytes]]) -> frozenset[bytes]:
    return frozenset(mark for mark, of in found.items() if len(of) > 1 and mark != _NO_MARK)


def _mark(value: str) -> bytes:
    """Give eight bytes that stand for a value, zeros for none."""
    encoded = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, digest_size=_MARK).digest() if value else _NO_MARK


def _heading(entry: Entry) -> str:
    """Give the title as it is compared; what has none is told apart by its text."""
    return _folded(_title(entry)) or _folded(entry.text)


def _title(entry: Entry) -> str:
    """Give the title without the publisher that Google News appends to it."""
    suffix = f" - {entry.publisher}"
    if entry.publisher and _is_google_news(entry.link or "") and entry.title.endswith(suffix):
        return entry.title.removesuffix(suffix).rstrip()
    return entry.title


def _language(entry: Entry, feed: str | None, configured: str | None) -> str:
    own = languages.normalized(entry.lang)
    stated = [tag for tag in map(languages.normalized, (feed, configured)) if tag]
    seen = languages.detected(f"{entry.title}\n{entry.text}")
    lang = own or seen or next(iter(stated), "und")
    if lang != "zh":
        return lang
    # Chinese, but not said which: the other words for it may tell; most is simplified.
    written = (tag for tag in (seen, *stated) if tag and tag.startswith("zh-"))
    return next(written, "zh-Hans")


def _is_front_page(link: str) -> bool:
    parts = _split(link)
    return parts.path in {"", "/"} and not (parts.query or parts.fragment)


def _is_google_news(link: str) -> bool:
    return _split(link).hostname == _GOOGLE_NEWS


def _split(link: str) -> SplitResult:
    try:
        return urlsplit(link)
    except ValueError:
        # Not an address at all: everything in it counts.
        return SplitResult("", "", link, "", "")


def _folded(text: str) -> str:
    # Not `text.fold`: keys are stored, and must not change when matching learns a new folding.
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _key(kind: str, *values: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in (_KEY_VERSION, kind, *values):
        encoded = part.encode("utf-8", "surrogatepass")
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()
