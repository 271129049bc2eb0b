"""Links as names: when two of them lead to the same page."""

import re
import unicodedata
from urllib.parse import unquote, urlsplit

# Parameters that say how a reader came to the page, not which page it is.
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_[ce]id|_hs(?:enc|mi)"
    r"|mkt_tok|oly_(?:anon|enc)_id|at_(?:medium|campaign)\w*|cmpid|ncid|ref_src|spm|smid",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_GOOGLE_NEWS = "news.google.com"
_SITE = re.compile(r"\w+://[^/]*", re.ASCII)


def canonical_link(link: str) -> str:
    """Write a link as all feeds would: without tracking, default port, and place in the page."""
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return link
    if not host:
        return link
    if port and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    query = parts.query
    if query:
        # As it stands: to decode it would make one of all letters that are not UTF-8.
        query = "&".join(
            parameter
            for parameter in query.split("&")
            if parameter and not _TRACKING.fullmatch(parameter.partition("=")[0])
        )
    encoded = f"?{query}" if query else ""
    # Sites made of one page tell their articles apart behind "#!" or "#/".
    route = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{parts.scheme}://{host}{parts.path or '/'}{encoded}{route}"


def ascii_host(host: str) -> str:
    """Write a host so that it looks like no other one: "раураl.com" is not "paypal.com"."""
    if host.isascii():
        return host
    # Not Python's codec "idna", which makes "ss" of ß: a different site since 2010 (RFC 5891).
    labels = re.split("[.\u3002]", unicodedata.normalize("NFKC", host.lower()))
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels
    )


def shown(link: str, most: int = 100) -> str:
    """Write a link for people: its host as `ascii_host` has it, what stands for letters as letters.

    Args:
        link: As it is followed.
        most: A longer one is cut.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link[:most]
    rest = unquote(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    if not rest.isprintable() or "\ufffd" in rest:
        rest = parts.path
    whole = f"{ascii_host(parts.netloc.rpartition('@')[2])}{rest.rstrip('/')}"
    return whole if len(whole) <= most else f"{whole[: most - 1]}…"


def site(link: str) -> str:
    """Name the site that a link leads to; "" if it leads nowhere."""
    return shown(link).partition("/")[0].partition("?")[0].removeprefix("www.")


def without_scheme(canonical: str) -> str:
    """Make one of http and https."""
    return canonical.partition("://")[2] or canonical


def without_site(address: str) -> str:
    """Leave of an address what names the page inside its site; "" for the front page.

    What is no address stays as it is. Without the whole host, not only "www.": a site that moves
    to another domain keeps its paths, as one does that moves to https.
    """
    page = _SITE.sub("", address, count=1)
    return "" if page == "/" else page


def stands_for_a_page(canonical: str) -> bool:
    """Whether a canonical link names one page for good.

    A site's front page shows something else every day, and Google News makes new links for an
    article all the time.
    """
    host, slash, page = without_scheme(canonical).partition("/")
    front_page = slash and not page
    return bool(canonical) and not front_page and host != _GOOGLE_NEWS


def is_google_news(link: str) -> bool:
    """Whether a link leads through Google News."""
    return without_scheme(canonical_link(link)).partition("/")[0] == _GOOGLE_NEWS
