"""Lists of feeds as other readers write and read them: OPML 2.0 (http://opml.org/spec2.opml).

An address, a name and a language travel, and between two monitors, in attributes of our own, label
and interval; folders do not. A list comes from anywhere, so it is
limited in size, number and depth, and must not declare anything (DTD, entities).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from monitor.errors import MonitorError

MAX_BYTES = 10 * 1024 * 1024
MAX_OUTLINES = 20_000
MAX_DEPTH = 64

#: OPML 2.0 lets a list carry more under a name of its author's.
_NAMESPACE = "https://news-monitor.example/opml"

#: No XML document can hold these, not even escaped (XML 1.0, 2.2).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One feed of a list; nothing in it is checked."""

    url: str
    #: "" if the list gives none, or only repeats the address.
    name: str = ""
    #: "" if the list does not say.
    lang: str = ""
    #: A word on the source and how often to ask, as the configuration writes them; "" for none.
    label: str = ""
    every: str = ""


def read(document: bytes) -> tuple[Outline, ...]:
    """Give the feeds of a list in its order, folders opened.

    Raises:
        MonitorError: It is no OPML, broken, or passes a limit.
    """
    if len(document) > MAX_BYTES:
        raise MonitorError(
            f"the list is larger than {MAX_BYTES // 1024 // 1024} MB; is it the right file?"
        )
    reading = _Reading()
    try:
        reading.parser.Parse(document, True)  # noqa: FBT003  expat takes it by position only
    except expat.ExpatError as error:
        raise MonitorError(
            f"the list is broken in line {error.lineno}, column {error.offset + 1}: "
            f"{expat.ErrorString(error.code)}; export it again, or mend that line"
        ) from error
    except (ValueError, LookupError) as error:  # an encoding that expat does not know
        raise MonitorError(f"save the list as UTF-8; its own encoding: {error}") from error
    return tuple(reading.outlines)


def write(outlines: Iterable[Outline], *, now: datetime) -> str:
    """Write a list that `read` and other readers understand."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:monitor="{_NAMESPACE}">',
        "  <head>",
        "    <title>Feeds of News Monitor</title>",
        f"    <dateCreated>{format_datetime(now)}</dateCreated>",
        "  </head>",
        "  <body>",
        *map(_line, outlines),
        "  </body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def _line(outline: Outline) -> str:
    name = outline.name or outline.url
    attributes = {"type": "rss", "text": name, "title": name, "xmlUrl": outline.url}
    more = {
        "language": outline.lang,
        "monitor:label": outline.label,
        "monitor:every": outline.every,
    }
    attributes |= {key: value for key, value in more.items() if value}
    written = (
        f"{key}={quoteattr(_FORBIDDEN.sub('�', value))}" for key, value in attributes.items()
    )
    return f"    <outline {' '.join(written)}/>"


class _Reading:
    """One pass over a document: expat calls, the limits answer."""

    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self._depth = 0
        self._count = 0
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _doctype(self, *_: object) -> None:
        raise MonitorError(
            "the list declares a document type (<!DOCTYPE …>), which is refused as dangerous; "
            "take that line out"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1 and tag.lower() != "opml":
            raise MonitorError(_no_opml(tag))
        if self._depth > MAX_DEPTH:
            raise MonitorError(f"the list has folders in folders, more than {MAX_DEPTH} deep")
        if tag.lower() != "outline":
            return
        self._count += 1
        if self._count > MAX_OUTLINES:
            raise MonitorError(f"the list has more than {MAX_OUTLINES:,} lines; divide it")
        self._add({key.lower(): value.strip() for key, value in attributes.items()})

    def _end(self, _tag: str) -> None:
        self._depth -= 1

    def _add(self, said: dict[str, str]) -> None:
        url = said.get("xmlurl", "")
        if not url:
            return  # a folder, or a link to a page
        name = said.get("title") or said.get("text", "")
        self.outlines.append(
            Outline(
                url=url,
                name="" if name == url else name,
                lang=said.get("language", ""),
                label=said.get("monitor:label", ""),
                every=said.get("monitor:every", ""),
            )
        )


def _no_opml(root: str) -> str:
    if root.lower() in {"rss", "feed", "rdf:rdf"}:
        return "this is a feed itself, no list of feeds; `monitor feeds add` takes its address"
    if root.lower() == "html":
        return "this is a web page, no list of feeds; export the list as OPML"
    return f"this is no list of feeds: it begins with <{root[:40]}>, not with <opml>"
