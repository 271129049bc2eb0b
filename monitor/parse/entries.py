"""From what an item states to an `Entry`: the same, whoever read the item."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from monitor import markup
from monitor.model import Entry, ParsedFeed
from monitor.parse.dates import default_zone, parse_date
from monitor.parse.values import absolute_link, joined_texts, label


@dataclass(slots=True)
class Statements:
    """The words of one item of RSS, RDF or Atom, as they stand in the document."""

    guid: str = ""
    #: The one that stands first and is an address of the web is the entry's.
    links: list[str] = field(default_factory=list)
    title: str = ""
    texts: list[str] = field(default_factory=list)
    author: str = ""
    publisher: str = ""
    tags: list[str] = field(default_factory=list)
    #: The language of this item; that of its feed or of what is around it says nothing new.
    lang: str = ""
    inherited_lang: str = ""
    #: The first that is understood counts.
    dates: list[str] = field(default_factory=list)


class Reading:
    """How the items of one feed are read.

    Args:
        feed: What the document says of itself.
        url: Where it came from.
        atom: Whether it is an Atom feed.
    """

    def __init__(self, feed: ParsedFeed, *, url: str, atom: bool) -> None:
        # RFC 4287 resolves against the document; in RSS a relative link is meant as on the site.
        self._base = url if atom else feed.link or url
        self._zone: tzinfo = default_zone(feed.lang)
        self._feed_lang = feed.lang

    def entry(self, stated: Statements) -> Entry:
        """Make an entry of an item's words."""
        links = (absolute_link(link, base=self._base) for link in stated.links)
        inherited = label(stated.inherited_lang)
        lang = label(stated.lang) or (inherited if inherited != self._feed_lang else "")
        return Entry(
            guid=stated.guid.strip() or None,
            link=next(filter(None, links), None),
            title=markup.one_line(stated.title),
            text=joined_texts(stated.texts),
            author=label(stated.author),
            publisher=label(stated.publisher),
            tags=tuple(dict.fromkeys(filter(None, map(label, stated.tags))))[:50],
            lang=lang or None,
            published_at=self._published_at(stated),
        )

    def _published_at(self, stated: Statements) -> datetime | None:
        moments = (parse_date(date, self._zone) for date in stated.dates)
        return next(filter(None, moments), None)
