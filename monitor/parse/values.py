"""Single values of an entry, the same for XML and JSON."""

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from monitor import links, markup

_MAX_LINK = 4000
_MAX_LABEL = 200
# "Rest of World -", "| Gazette", "Latest:": what a site's template left of "name - section".
_DANGLING = re.compile(r"^(?:[-–—|:·•/]+\s+)+|(?:\s+[-–—|·•/]+|\s*[:|])+$")
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:…|\.\.\.)\]?)\s*\Z")


# Most links: they are taken as they are.
_USUAL_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]++(?::\d{1,5})?/[A-Za-z0-9._~%/+,@!$&'()*:=-]*+"
    r"(?:\?[A-Za-z0-9._~%/+,@!$&'()*:=;?-]++)?"
)


def absolute_link(value: object, *, base: str) -> str | None:
    """Resolve a link and give it only if it is an absolute http or https address.

    A user name and password in it go, which make "example.com@b.example" look like another site,
    and a host is written in ASCII (IDNA), in which none looks like another.
    """
    if not isinstance(value, str):
        return None
    if len(value) <= _MAX_LINK and _USUAL_LINK.fullmatch(value):
        return value
    return _resolved(value, base)


def _resolved(value: str, base: str) -> str | None:
    # Browsers drop line ends inside addresses too (WHATWG URL Standard, 4.4).
    link = re.sub(r"[\t\r\n]", "", value).strip().replace(" ", "%20")
    if not link or len(link) > _MAX_LINK:
        return None
    try:
        link = urljoin(base, link)
        parts = urlsplit(link)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
    except ValueError:
        return None
    if not link.isprintable():
        return None
    host = links.ascii_host(parts.netloc.rpartition("@")[2])
    return link if host == parts.netloc else parts._replace(netloc=host).geturl()


def label(value: object) -> str:
    """Reduce a short text, such as a name or a tag, to one plain line."""
    if not isinstance(value, str) or not value:
        return ""
    return markup.one_line(value)[:_MAX_LABEL].rstrip()


def site_name(value: object) -> str:
    """Reduce a feed's title to one plain line, without a sign that separates it from nothing."""
    line = label(value)
    return _DANGLING.sub("", line) or line


def joined_texts(texts: Iterable[str]) -> str:
    """Join summary and contents as plain text, without those that stand inside another one."""
    whole: dict[str, str] = {}
    # Of an item without a summary, its content is that too.
    for text in filter(None, map(markup.plain_text, dict.fromkeys(texts))):
        # Only its end is looked at: the pattern tries every blank of what it is given.
        whole.setdefault(text[:-9] + _ELLIPSIS.sub("", text[-9:]), text)
    kept = [
        text
        for bare, text in whole.items()
        if not any(bare in other for other in whole if other != bare)
    ]
    return "\n".join(kept)[: markup.MAX_TEXT].rstrip()
