"""What feedparser stumbles over, put out of its way before it reads a document.

A repaired document has the same elements; one that was well-formed stays it.
"""

import re

# feedparser keeps media:description and itunes:summary in the place of the item's own summary, and
# the one that comes first pushes the others out; of the others it fails if their end comes without
# a beginning. Under names that it does not know they do no harm.
_RENAMED = tuple(
    (f"{tag}{prefix}{name}", f"{tag}{prefix}x-{name}")
    for prefix, name in (
        ("media:", "description"),
        ("media:", "player"),
        ("media:", "thumbnail"),
        ("itunes:", "summary"),
        ("", "height"),
        ("", "width"),
    )
    for tag in ("<", "</")
)
# feedparser looks for mail addresses in such texts with a regular expression of quadratic time.
_AUTHOR = re.compile(
    r"(?P<tag><(?:\w{1,20}:)?"
    r"(?:author|creator|managingEditor|webMaster|publisher|contributor|owner|name|email)"
    r"\b[^<>]{0,500}>\s{0,50})(?P<section><!\[CDATA\[)?(?P<kept>[^<]{300})(?P<rest>[^<]{200,})",
    re.IGNORECASE,
)
# feedparser forgets to leave a base address at the end of its element: that of one item's content
# would go before the links of the next. Links inside of content are not read, so nothing needs it.
_CONTENT_BASE = re.compile(
    r"""(<(?:\w{1,20}:)?(?:content|summary|title)\s(?:[^<>]{0,500}\s)?)
    (?:xml:)?base\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""",
    re.VERBOSE,
)
_HALF_AN_ENTITY = re.compile(r"&[^;]{0,12}\Z")


def repaired(document: bytes) -> bytes:
    """Give a document in UTF-8 as feedparser reads it well and in linear time."""
    text = document.decode()
    for name, apart in _RENAMED:
        text = text.replace(name, apart)
    if "base" in text:
        text = _CONTENT_BASE.sub(r"\1", text)
    return _AUTHOR.sub(_shortened, text).encode()


def _shortened(author: re.Match[str]) -> str:
    section, kept = author["section"] or "", author["kept"]
    if section and "]]>" not in kept:
        # The cut lies in the section: if it ends behind the cut, it ends there now.
        kept = kept.rstrip("]")
        ended = "]]>" in author[0][author.start("kept") - author.start() + len(kept) :]
        return author["tag"] + section + kept + "]]>" * ended
    return author["tag"] + section + _HALF_AN_ENTITY.sub("", kept)
