"""Where the items of a feed stand, byte for byte, and whether the document is safe to read at all.

Both are told by one pass of expat, which costs a small part of what reading an item costs.
"""

import re
from xml.parsers import expat

MAX_ATTRIBUTES = 500
MAX_DEPTH = 256
MAX_NAMESPACES = 200
MAX_ITEMS = 20_000

# Whatever their namespace: publishers write many, and what feedparser does not take for an item
# shows in the number of entries.
_ITEMS = ("item", "entry")
# feedparser forgets to leave a base address (xml:base) where its element ends, unless there is one
# around it. That of the elements here is taken away before (see `repair`), for nothing needs it.
_XML_BASE = "http://www.w3.org/XML/1998/namespace base"
_BASELESS = {"content", "summary", "title"}
_NAME = re.compile(rb"[^\s/>]+")

Range = tuple[int, int]


class UnsafeError(Exception):
    """The document is made to exhaust its reader: "it has more than 200 namespaces"."""


def item_ranges(document: bytes) -> tuple[Range, ...]:
    """Give the place of every item, from its first "<" up to and including its last ">".

    Args:
        document: In UTF-8.

    Returns:
        Places in the document's order; () if there are none, or if they cannot be told for certain:
        the XML is broken, has a document type, has items where no feed has them, or an item may
        read otherwise for what stands before it.

    Raises:
        UnsafeError: It declares entities, or goes beyond one of the limits.
    """
    scan = _Scan(document)
    try:
        scan.parser.Parse(document, True)  # noqa: FBT003  expat takes no names
    except expat.ExpatError:
        return ()
    finally:
        # The parser and its handlers hold each other, and so the document, in memory.
        del scan.parser
    return tuple(scan.ranges) if scan.independent else ()


class _Scan:
    """What expat told so far."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.ranges: list[Range] = []
        self.certain = True
        self._depth = 0
        self._items = 0
        # Whether the present child of the outermost element is a channel.
        self._channel = False
        # Where the present item began, how deep it lies; 0 outside of all.
        self._start = 0
        self._item_depth = 0
        # Whether the outermost element has a base address; how many items have their own.
        self._based = False
        self._items_based = 0
        self._namespaces: set[tuple[str | None, str | None]] = set()
        # With a separator, expat resolves prefixes and refuses unknown ones, as feedparser does.
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.StartNamespaceDeclHandler = self._declare_namespace
        parser.StartDoctypeDeclHandler = self._declare_type
        parser.EntityDeclHandler = self._declare_entity

    @property
    def independent(self) -> bool:
        """Whether the items are known, and none reads otherwise for what stands before it."""
        return self.certain and self._items_based in {0, len(self.ranges)}

    def _open(self, name: str, attributes: list[str]) -> None:
        self._depth = depth = self._depth + 1
        if depth > MAX_DEPTH:
            raise UnsafeError(f"its elements are nested more than {MAX_DEPTH} deep")
        if attributes:
            self._check_attributes(name, attributes, depth)
        if name.endswith(_ITEMS) and _local(name) in _ITEMS:
            self._open_item(depth)
        elif depth == 2:
            self._channel = _local(name) == "channel"

    def _check_attributes(self, name: str, attributes: list[str], depth: int) -> None:
        if len(attributes) > 2 * MAX_ATTRIBUTES:
            raise UnsafeError(f"it has more than {MAX_ATTRIBUTES} attributes on one element")
        if self._based or not (_XML_BASE in attributes or "base" in attributes):
            return
        local = _local(name)
        if depth == 1:
            self._based = True
        elif local in _ITEMS:
            self._items_based += 1
        elif local not in _BASELESS:
            self.certain = False

    def _open_item(self, depth: int) -> None:
        self._items += 1
        if self._items > MAX_ITEMS:
            raise UnsafeError(f"it has more than {MAX_ITEMS:,} items")
        if self._item_depth or not (depth == 2 or (depth == 3 and self._channel)):
            self.certain = False
            return
        self._start = self.parser.CurrentByteIndex
        self._item_depth = depth

    def _close(self, _name: str) -> None:
        if self._depth == self._item_depth:
            self._close_item()
        self._depth -= 1

    def _close_item(self) -> None:
        self._item_depth = 0
        at = self.parser.CurrentByteIndex
        # Of an empty element (<item/>) expat does not tell its end tag, for it has none.
        name = _NAME.match(self.document, self._start + 1)
        self.certain = self.certain and bool(name and self.document.startswith(b"</" + name[0], at))
        self.ranges.append((self._start, self.document.find(b">", at) + 1))

    def _declare_namespace(self, prefix: str | None, uri: str | None) -> None:
        self._namespaces.add((prefix, uri))
        if len(self._namespaces) > MAX_NAMESPACES:
            raise UnsafeError(f"it has more than {MAX_NAMESPACES} namespaces")

    def _declare_type(self, *_declaration: object) -> None:
        # feedparser takes it away, after which its entities are unknown: that is another document.
        self.certain = False

    def _declare_entity(self, *_declaration: object) -> None:
        raise UnsafeError("it declares XML entities of its own")


def _local(name: str) -> str:
    """Give a name without its namespace, which expat puts before it."""
    return name.rpartition(" ")[2]
