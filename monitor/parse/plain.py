"""Items that hold nothing unusual, read without feedparser.

Most items are made of the same two dozen elements. What feedparser makes of these is known to the
letter, and it takes ten times as long for it. Whatever is not known here, such as an element inside
of another, an attribute that changes a meaning, or two elements that speak of the same, leaves the
item to feedparser.
"""

import re
from collections.abc import Callable, Mapping
from xml.parsers import expat

from monitor.parse.entries import Statements
from monitor.parse.feedxml import NAMESPACES
from monitor.parse.values import label

_ABOUT = "http://www.w3.org/1999/02/22-rdf-syntax-ns# about "
_USERLAND = "backend.userland.com/rss"
_RSS_10 = "http://purl.org/rss/1.0/"
_RSS_090 = "http://my.netscape.com/rdf/simple/0.9/"
_ATOM = "http://www.w3.org/2005/atom"

_ITEMS = {"item", "entry"}
# feedparser takes C1 controls for letters of windows-1252.
_C1_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
# So many bytes `repair` leaves to an author.
_MAX_AUTHOR_BYTES = 400
_TEXT_TYPES = {"text", "html", "plain", "text/plain", "text/html"}
_PAGE_TYPES = {"html", "xhtml", "text/html", "application/xhtml+xml"}

# Where an element's text goes.
_TEXTS = {
    "title": "title",
    "dc:title": "title",
    "description": "summary",
    "summary": "summary",
    "dc:description": "summary",
    "content": "content",
    "content:encoded": "content",
    "guid": "guid",
    "id": "guid",
    "link": "link",
    "author": "author",
    "dc:creator": "author",
    "dc:author": "author",
    "itunes:author": "author",
    "category": "category",
    "dc:subject": "category",
    "source": "source",
    "language": "language",
    "dc:language": "language",
    "feedburner:origlink": "original",
    "pubdate": "published",
    "published": "published",
    "issued": "published",
    "dcterms:issued": "published",
    "updated": "updated",
    "modified": "updated",
    "dc:date": "updated",
    "dcterms:modified": "updated",
    "created": "created",
    "dcterms:created": "created",
}
# What an author is made of.
_PERSON = {"name": "name", "email": "email", "uri": "uri", "url": "uri"}
# Elements that change nothing in what is read of an item, with what is in them.
_IGNORED = {
    "comments", "enclosure",
    "dc:contributor", "dc:coverage", "dc:format", "dc:identifier", "dc:publisher", "dc:relation",
    "dc:rights", "dc:source", "dc:type",
    "itunes:block", "itunes:duration", "itunes:episode", "itunes:episodetype", "itunes:explicit",
    "itunes:image", "itunes:order", "itunes:season", "itunes:subtitle", "itunes:summary",
    "itunes:title",
    "media:content", "media:copyright", "media:credit", "media:description", "media:group",
    "media:player", "media:text", "media:thumbnail",
}  # fmt: skip
# Other prefixes than these mean nothing to feedparser.
_PREFIXES = {
    "admin", "cc", "content", "creativecommons", "dc", "dcterms", "feedburner", "geo", "georss",
    "gml", "itunes", "media", "psc", "title", "xhtml", "xml",
}  # fmt: skip

_DATES = ("published", "updated", "created")
_READ = frozenset(_TEXTS.values())
_PASSED = {"ignored", "caption"}

Attributes = dict[str, str]


def read(document: bytes) -> tuple[bool, list[Statements | None]]:
    """Read the items of a document for which `items.item_ranges` gives places.

    Args:
        document: In UTF-8, not yet repaired.

    Returns:
        Whether it is an Atom feed; and each item's statements, None for those left to feedparser.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(document, True)  # noqa: FBT003  expat takes no names
    finally:
        # The parser and its handlers hold each other in memory.
        del reader.parser
    found: list[Statements | None] = list(reader.found)
    if reader.odd or _C1_CONTROLS.search(document):
        found = [None] * len(found)
    return reader.atom, found


class _Item:
    """One item, as far as it was read. Its methods say whether what they were given is plain."""

    def __init__(self, about: str) -> None:
        self.captioned = False
        self._titles: list[str] = []
        self._guid = about
        self._guids = 0
        # The guid, where it is the page's address.
        self._page = ""
        self._link: str | None = None
        self._original = ""
        self._summary: str | None = None
        self._contents: list[str] = []
        self._author = ""
        self._person: dict[str, str] = {}
        self._source: str | None = None
        self._tags: list[str] = []
        self._lang = ""
        self._dates: dict[str, str] = {}

    def take(self, kind: str, text: str, attributes: Attributes) -> bool:
        """Take the whole text of an element."""
        if not text.isascii():
            text = _decoded(text)
        if kind in _DATES:
            self._dates[kind] = text
            return True
        return _TAKERS[kind](self, text, attributes)

    def take_title(self, text: str, attributes: Attributes) -> bool:
        """Take a title; the first one that says something counts."""
        self._titles.append(text)
        return _is_text(attributes)

    def take_summary(self, text: str, attributes: Attributes) -> bool:
        """Take a summary; a second one is a content, unless there is one."""
        if self._summary is not None and not self._contents:
            return self.take_content(text, attributes)
        self._summary = text
        return _is_text(attributes)

    def take_content(self, text: str, attributes: Attributes) -> bool:
        """Take a content, which stands in for a summary until there is one."""
        self._contents.append(text)
        if self._summary is None:
            self._summary = text
        return _is_text(attributes)

    def take_link(self, text: str, attributes: Attributes) -> bool:
        """Take a link; the last one to a page counts."""
        if attributes:
            if "href" not in attributes or "url" in attributes or "uri" in attributes:
                return False
            rel = attributes.get("rel", "alternate").lower()
            kind = attributes.get("type", "text/html").lower()
            if rel != "alternate" or kind not in _PAGE_TYPES:
                return True
            text = attributes["href"]
        self._link = text
        return _is_address(text)

    def take_guid(self, text: str, attributes: Attributes) -> bool:
        """Take its identifier, which is its page's address too unless it says that it is not."""
        self._guid = text
        self._guids += 1
        if attributes.get("ispermalink", "true") == "true":
            self._page = text
        return self._guids == 1 and attributes.keys() <= {"ispermalink"} and _is_address(text)

    def take_category(self, text: str, attributes: Attributes) -> bool:
        """Take a tag, as RSS or as Atom writes them."""
        if attributes.keys() <= {"domain"}:
            self._tags.append(text)
            return True
        term, name = attributes.get("term", ""), attributes.get("label", "")
        self._tags.append(name if label(name) else term)
        return bool(term) and not text and attributes.keys() <= {"term", "scheme", "label"}

    def take_source(self, text: str, attributes: Attributes) -> bool:
        """Take who published it."""
        self._source = text
        return attributes.keys() <= {"url"}

    def take_language(self, text: str, _attributes: Attributes) -> bool:
        """Take its language."""
        self._lang = text
        return True

    def take_original(self, text: str, attributes: Attributes) -> bool:
        """Take the publisher's own address, where a counting service stands between."""
        self._original = text
        return not attributes

    def take_part_of_author(self, kind: str, text: str) -> bool:
        """Take what stands inside of the present author."""
        first = kind not in self._person
        self._person[kind] = text
        return first

    def take_author(self, text: str, size: int) -> bool:
        """Take an author; the last one counts."""
        before, self._author = self._author, text if text.isascii() else _decoded(text)
        person, self._person = self._person, {}
        if person:
            name, email = person.get("name"), person.get("email")
            self._author = f"{name} ({email})" if name and email else name or email or ""
            # feedparser mixes the two up.
            if text or (before and ("@" in before or not name)):
                return False
        return size < _MAX_AUTHOR_BYTES

    def statements(self, lang: str) -> Statements | None:
        """Give all it states; None where a picture's title could stand for its own."""
        title = next(filter(None, self._titles), "")
        if (self.captioned and not title) or (
            self._source is not None and len(self._titles) + self.captioned > 1
        ):
            return None
        return Statements(
            guid=self._guid,
            links=[self._original, self._page if self._link is None else self._link],
            title=title,
            texts=[self._summary or "", *self._contents],
            author=self._author,
            publisher=self._source or "",
            tags=self._tags,
            lang=self._lang,
            inherited_lang=lang if self._titles else "",
            dates=[self._dates[kind] for kind in _DATES if kind in self._dates],
        )


_TAKERS: Mapping[str, Callable[[_Item, str, Attributes], bool]] = {
    "title": _Item.take_title,
    "summary": _Item.take_summary,
    "content": _Item.take_content,
    "link": _Item.take_link,
    "guid": _Item.take_guid,
    "category": _Item.take_category,
    "source": _Item.take_source,
    "language": _Item.take_language,
    "original": _Item.take_original,
}


class _Reader:
    """What expat told so far."""

    def __init__(self) -> None:
        self.found: list[Statements | None] = []
        self.atom = False
        #: Whether what stands around the items makes feedparser read them in another way.
        self.odd = False
        self._depth = 0
        self._lang = ""
        # Attributes of the element around the present one, unless that is the outermost.
        self._around: list[str] = []
        # How deep the present item lies, 0 outside of all; None of one that is not plain.
        self._item_depth = 0
        self._item: _Item | None = None
        # The item's child that is open.
        self._kind = ""
        self._attributes: Attributes = {}
        self._start = 0
        self._pieces: list[str] = []
        self._kinds: dict[str, str] = {}
        self._uris: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._pieces.append
        parser.StartNamespaceDeclHandler = self._declare_namespace

    def _open(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        kind = self._kinds.get(name) or self._learn(name)
        if not self._item_depth:
            self._open_outside(name, kind, attributes)
        elif self._item and not self._open_inside(self._item, kind, attributes):
            self._item = None

    def _open_outside(self, name: str, kind: str, attributes: list[str]) -> None:
        if kind in {"item", "foreign"}:
            self._item_depth = self._depth
            self.odd = self.odd or bool(self._depth == 3 and self._around)
            plain = kind == "item" and (not attributes or attributes[0].startswith(_ABOUT))
            about = attributes[1] if attributes else ""
            self._item = _Item(about) if plain and len(attributes) <= 2 else None
        elif self._depth == 1:
            self._open_root(name, attributes)
        elif self._depth == 2:
            self._around = attributes

    def _open_root(self, name: str, attributes: list[str]) -> None:
        root = self._key(name)
        stated = dict(zip(attributes[::2], attributes[1::2], strict=True))
        langs = [stated[key] for key in stated if key.split(" ")[1:2] == ["lang"] or key == "lang"]
        self._lang = langs[0].replace("_", "-") if langs else ""
        self.atom = root == "feed"
        uris = {uri.lower() for uri in self._uris}
        self.odd = (
            self.odd
            or len(langs) > 1
            or "base" in "".join(stated).lower()
            # By one of these namespaces feedparser tells what it reads, if it is the first.
            or not (
                root == "rss"
                or (root == "feed" and _RSS_10 not in uris and _RSS_090 not in uris)
                or (root == "rdf:rdf" and _RSS_10 in uris and _ATOM not in uris)
            )
        )

    def _open_inside(self, item: _Item, kind: str, attributes: list[str]) -> bool:
        names = "".join(attributes[::2]).lower() if attributes else ""
        if "base" in names:
            return False
        level = self._depth - self._item_depth
        if level == 1:
            self._kind = kind
            self._start = self.parser.CurrentByteIndex
            self._pieces.clear()
            if kind in _PASSED:
                item.captioned = item.captioned or kind == "caption"
                return True
            self._attributes = {
                key.lower(): value
                for key, value in zip(attributes[::2], attributes[1::2], strict=True)
            }
            return kind in _READ and " " not in names
        if kind in _PASSED:
            item.captioned = item.captioned or kind == "caption"
            return self._kind == "ignored"
        # Of an author with words beside a name, feedparser takes the words.
        nothing_before = not "".join(self._pieces).strip()
        self._pieces.clear()
        return level == 2 and self._kind == "author" and kind in _PERSON.values() and nothing_before

    def _close(self, name: str) -> None:
        level = self._depth - self._item_depth
        self._depth -= 1
        if not self._item_depth:
            return
        if level == 0:
            self.found.append(self._item.statements(self._lang) if self._item else None)
            self._item_depth = 0
        elif self._item and not self._close_inside(self._item, level, name):
            self._item = None

    def _close_inside(self, item: _Item, level: int, name: str) -> bool:
        if self._kind in _PASSED:
            return True
        text = "".join(self._pieces).strip()
        if level == 2:
            self._pieces.clear()
            return item.take_part_of_author(self._kinds[name], text)
        if self._kind == "author":
            return item.take_author(text, self.parser.CurrentByteIndex - self._start)
        return item.take(self._kind, text, self._attributes)

    def _learn(self, name: str) -> str:
        key = self._key(name)
        prefix = key.rpartition(":")[0]
        if _local(name) in _ITEMS:
            kind = "foreign" if prefix else "item"
        elif key in _TEXTS:
            kind = _TEXTS[key]
        elif key == "media:title":
            kind = "caption"
        elif key in _PERSON:
            kind = _PERSON[key]
        elif key in _IGNORED or (prefix and prefix not in _PREFIXES) or "-" in key:
            kind = "ignored"
        else:
            kind = "odd"
        self._kinds[name] = kind
        return kind

    def _key(self, name: str) -> str:
        """Name an element as feedparser does: by the usual prefix of its namespace."""
        parts = name.split(" ")
        if len(parts) == 1:
            return name.lower()
        uri = parts[0].lower()
        prefix = "" if _USERLAND in uri else NAMESPACES.get(uri)
        if prefix is None:
            prefix = parts[2] if len(parts) > 2 else ""
        return (f"{prefix}:{parts[1]}" if prefix else parts[1]).lower()

    def _declare_namespace(self, prefix: str | None, uri: str | None) -> None:
        """Note a namespace; feedparser knows one prefix of each, for the whole document."""
        if not uri:
            return
        usual = NAMESPACES.get(uri.lower())
        if usual is not None:
            self.odd = self.odd or bool(
                prefix and prefix != usual and prefix in NAMESPACES.values()
            )
        # What has a blank in it cannot be told from what expat puts behind it.
        self.odd = self.odd or uri.split() != [uri]
        known = self._uris.setdefault(uri, prefix or "")
        if usual is None and known != (prefix or ""):
            self.odd = True
        if prefix and self._prefixes.setdefault(prefix, uri) != uri:
            self.odd = True


def _local(name: str) -> str:
    """Give an element's own name, as it is written, of what expat says."""
    uri, _, rest = name.partition(" ")
    return rest.partition(" ")[0] or uri


def _is_text(attributes: Attributes) -> bool:
    return not attributes or (
        attributes.keys() == {"type"} and attributes["type"].lower() in _TEXT_TYPES
    )


def _is_address(text: str) -> bool:
    """Tell whether feedparser leaves an address as it is."""
    return ":///" not in text and not ("&" in text and ";" in text)


def _decoded(text: str) -> str:
    """Undo an encoding that was done twice, as feedparser does."""
    try:
        return text.encode("iso-8859-1").decode()
    except UnicodeError:
        return text
