"""Entries of a feed to articles: what is the same publication, what a reader will see of it.

A publication is known everywhere by its `article_key`, which decides whether two feeds show the
same. It does not depend on when something was fetched, unless a feed gives nothing else. What is
the same entry inside one feed is told by `identity`.
"""

import hashlib
from collections.abc import Collection, Iterator
from datetime import date, datetime
from urllib.parse import urlsplit

from monitor import languages
from monitor.identity import Listing, Recognized, folded, heading_of, title_of
from monitor.links import stands_for_a_page, without_scheme
from monitor.model import Article, Entry, FeedState, ParsedFeed, Sighting

# Changing how keys are made means a new version: old keys then simply never match.
_KEY_VERSION = "1"
#: So many entries without a date may come as news from a feed's first fetch.
UNDATED_FROM_FIRST_FETCH = 10
#: So many changes of one entry are followed; what changes more often counts its own readers.
MOST_EDITS = 24

_NOTHING_KNOWN = Recognized()


def sightings(
    parsed: ParsedFeed,
    listing: Listing,
    state: FeedState,
    *,
    known: Recognized = _NOTHING_KNOWN,
    name: str,
    lang: str | None,
    now: datetime,
) -> Iterator[Sighting]:
    """Make articles of all entries that are new or edited, in the document's order, unmatched.

    What a feed shows at its first fetch is a backlog, but for the first ten entries without a date.
    So is what is new to us in the document with which its keys became others: it might be old.

    Args:
        parsed: The document.
        listing: Its entries by name.
        state: What was known of the feed before.
        known: Those of its entries that are known.
        name: The feed's name in the configuration, "" for none.
        lang: Its language in the configuration, None for none.
        now: When the entries are seen.
    """
    source = name or parsed.title or state.title or _host(state.url) or state.url
    first = state.first_success_at is None
    switched = listing.policy is not state.key_policy
    shared_links = listing.shared_links | known.reused_links
    undated = 0
    for listed in listing.entries:
        entry, names = listed.entry, listed.names
        undated += entry.published_at is None
        before = known.entries.get(names.key)
        if before and (before.edits >= MOST_EDITS or before.names.content == names.content):
            continue
        fresh = first and entry.published_at is None and undated <= UNDATED_FROM_FIRST_FETCH
        article = Article(
            key=article_key(entry, listed.link, source=source, shared_links=shared_links, now=now),
            url=entry.link or "",
            title=title_of(entry),
            text=entry.text,
            source=entry.publisher or source,
            feed_url=state.feed_url,
            author=entry.author,
            tags=entry.tags,
            lang=_language(entry, parsed.lang, lang),
            published_at=entry.published_at,
            first_seen_at=now,
            backlog=(first or switched) and not fresh,
        )
        yield Sighting(names=names, article=article)


def article_key(
    entry: Entry, link: str, *, source: str, shared_links: Collection[str] = (), now: datetime
) -> str:
    """Name a publication: by its link where the link stands for it, else publisher, title and day.

    A link stands for no single publication when it is a site's front page, one of `shared_links`,
    or of Google News, which makes new links for an article all the time. http and https are equal.

    Args:
        entry: The entry that shows it.
        link: Its canonical link, "" for none.
        source: The feed's name, for entries without a publisher.
        shared_links: Canonical links that the feed uses for several titles.
        now: Gives the day of entries without a date.
    """
    if link not in shared_links and stands_for_a_page(link):
        return _key("link", without_scheme(link))
    day: date = (entry.published_at or now).date()
    heading = heading_of(entry) or link
    return _key("publication", folded(entry.publisher or source), heading, day.isoformat())


def in_full(article: Article, page: str) -> str:
    """Give an article's text with that of its page, from which it may have come itself.

    The feed's own words stand in front, so that all evidence in them holds as it is.

    Args:
        article: As its feed has it.
        page: What its page says.
    """
    rest = page.removeprefix(article.title).lstrip()
    if rest.startswith(article.text):
        return rest
    before, _, after = rest.partition(article.text)
    return "\n".join(filter(None, (article.text, before.rstrip(), after.lstrip())))


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


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _key(kind: str, *values: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in (_KEY_VERSION, kind, *values):
        encoded = part.encode("utf-8", "surrogatepass")
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(encoded).to_bytes(8) + encoded)
    return digest.hexdigest()
