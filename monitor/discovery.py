"""The feeds that a web page names as its own (RSS and Atom autodiscovery).

    <link rel="alternate" type="application/rss+xml" title="News" href="/feed.xml">

Read with a few expressions and no HTML parser: a page comes from strangers, and no trick in it may
cost more than one look at each character.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit

from monitor import markup

#: Further down no page names its feeds.
MAX_CHARACTERS = 2_000_000

#: More than a person would read through; a site of that kind has a page of its own for them.
MAX_LINKS = 50

_MAX_TAGS = 5000
_MAX_TAG_CHARACTERS = 4000
_MAX_ATTRIBUTES = 50

_FEED_TYPES = frozenset(
    f"application/{kind}"
    for kind in ("rss+xml", "atom+xml", "rdf+xml", "feed+json", "x.atom+xml", "x-atom+xml")
)

_PAGE = re.compile(
    r"(?:\s++|<!--.*?-->|<\?.*?\?>)*+<(?:!doctype html|html|head)\b", re.IGNORECASE | re.DOTALL
)
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<silent>script|style|textarea)\b.*?(?:</(?P=silent)|\Z)"
    r"|<(?P<name>link|a|base)(?=[\s/])",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""[\s/]*+([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLink:
    """A feed as a page names it."""

    #: Absolute, http or https.
    url: str
    #: One line of plain text, "" if the page gives none.
    title: str


def is_page(text: str) -> bool:
    """Tell whether a text begins as a web page does."""
    return _PAGE.match(text) is not None


def feed_links(page: str, *, url: str) -> tuple[FeedLink, ...]:
    """Give the feeds that a page names, in its order, each address once, at most MAX_LINKS.

    Args:
        page: The page's HTML.
        url: Where it came from; relative addresses count from there, or from its <base>.
    """
    base = ""
    found: dict[str, FeedLink] = {}
    for name, attributes in islice(_tags(page[:MAX_CHARACTERS]), _MAX_TAGS):
        href = attributes.get("href", "").strip()
        if name == "base":
            base = base or href
        elif href and _names_a_feed(name, attributes):
            target = _absolute(href, base=base, url=url)
            if target:
                title = markup.one_line(attributes.get("title", ""))
                found.setdefault(target, FeedLink(url=target, title=title))
        if len(found) == MAX_LINKS:
            break
    return tuple(found.values())


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    for match in _TAG.finditer(page):
        if match["name"]:
            yield match["name"].lower(), _attributes(page, match.end())


def _attributes(page: str, at: int) -> dict[str, str]:
    end = at + _MAX_TAG_CHARACTERS
    found: dict[str, str] = {}
    for _ in range(_MAX_ATTRIBUTES):
        match = _ATTRIBUTE.match(page, at, end)
        if match is None:
            break
        value = match[2] or match[3] or match[4] or ""
        found.setdefault(match[1].lower(), html.unescape(value))
        at = match.end()
    return found


def _names_a_feed(name: str, attributes: dict[str, str]) -> bool:
    kind = attributes.get("type", "").partition(";")[0].strip().lower()
    if kind not in _FEED_TYPES:
        return False
    return name == "a" or bool(
        {"alternate", "feed"} & set(attributes.get("rel", "").lower().split())
    )


def _absolute(href: str, *, base: str, url: str) -> str | None:
    try:
        parts = urlsplit(urljoin(urljoin(url, base), href.replace(" ", "%20")))
    except ValueError:  # such as "http://[", which is nobody's feed
        return None
    scheme = "https" if parts.scheme == "feed" else parts.scheme  # an old way to write it
    target = parts._replace(scheme=scheme, fragment="").geturl()
    return target if scheme in {"http", "https"} and target.isprintable() else None
