"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), which feedparser does not read."""

import json
from collections.abc import Mapping
from datetime import datetime, tzinfo

from monitor import markup
from monitor.model import Entry, FailureKind, ParsedFeed, ParseFailed, ParseResult
from monitor.parse.dates import default_zone, parse_date
from monitor.parse.values import absolute_link, joined_texts, label, site_name


def read(text: str, *, url: str, most: int) -> ParseResult:
    """Read a JSON Feed; a value of the wrong type counts as missing.

    Args:
        text: The document.
        url: Where it came from: relative links are resolved against it.
        most: How many items are read, from the first one on.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        return _no_feed(f"broken or cut off JSON: line {error.lineno}: {error.msg}")
    except RecursionError:
        return _no_feed("broken JSON: lists inside one another without end")
    except ValueError:
        return _no_feed("broken JSON: a number of thousands of digits")
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        return _no_feed(f"a JSON document, not a feed: {markup.one_line(text[:400])[:80]}")
    link = absolute_link(document.get("home_page_url"), base=url)
    lang = label(document.get("language")) or None
    zone = default_zone(lang)
    items = document["items"]
    return ParsedFeed(
        title=site_name(document.get("title")),
        link=link,
        lang=lang,
        entries=tuple(
            _entry(item, base=link or url, zone=zone)
            for item in items[:most]
            if isinstance(item, dict)
        ),
        left_out=len(items[most:]),
    )


def _entry(item: Mapping[str, object], *, base: str, zone: tzinfo) -> Entry:
    links = (absolute_link(item.get(name), base=base) for name in ("url", "external_url"))
    return Entry(
        guid=_identifier(item.get("id")),
        link=next(filter(None, links), None),
        title=markup.one_line(_text(item.get("title"))),
        text=joined_texts(
            _text(item.get(name)) for name in ("summary", "content_html", "content_text")
        ),
        author=_author(item),
        tags=_tags(item.get("tags")),
        lang=label(item.get("language")) or None,
        published_at=_published_at(item, zone),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _identifier(value: object) -> str | None:
    # The standard says text; many write a number.
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value).strip() or None


def _author(item: Mapping[str, object]) -> str:
    authors = item.get("authors")
    # `author` is of version 1.0.
    people = [*(authors if isinstance(authors, list) else ()), item.get("author")]
    names = (label(person.get("name")) for person in people if isinstance(person, dict))
    return label(", ".join(dict.fromkeys(filter(None, names))))


def _tags(value: object) -> tuple[str, ...]:
    names = map(label, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(filter(None, names)))[:50]


def _published_at(item: Mapping[str, object], zone: tzinfo) -> datetime | None:
    dates = (
        parse_date(_text(item.get(name)), zone) for name in ("date_published", "date_modified")
    )
    return next(filter(None, dates), None)


def _no_feed(reason: str) -> ParseFailed:
    return ParseFailed(kind=FailureKind.NOT_A_FEED, reason=reason[:300])
