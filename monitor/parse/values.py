"""Single values of an entry, the same for XML and JSON."""

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from monitor import markup

_MAX_LINK = 4000
_MAX_LABEL = 200
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:…|\.\.\.)\]?)\s*\Z")


def absolute_link(value: object, *, base: str) -> str | None:
    """Resolve a link and give it only if it is an absolute http or https address."""
    if not isinstance(value, str):
        return None
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
    return link if link.isprintable() else None


def label(value: object) -> str:
    """Reduce a short text, such as a name or a tag, to one plain line."""
    return markup.one_line(value)[:_MAX_LABEL].rstrip() if isinstance(value, str) else ""


def joined_texts(texts: Iterable[str]) -> str:
    """Join summary and contents as plain text, without those that stand inside another one."""
    plain = dict.fromkeys(filter(None, map(markup.plain_text, texts)))
    kept = [
        text
        for text in plain
        if not any(_ELLIPSIS.sub("", text) in other for other in plain if other != text)
    ]
    return "\n".join(kept)[: markup.MAX_TEXT].rstrip()
