"""HTML from strangers to plain text: what topics match, what spans point into, what people read.

The result is text, never markup: whoever shows it escapes it. It is made by one linear pass, not by
an HTML5 tree builder (nh3, lxml): those need seconds to minutes for a megabyte of wrongly nested
tags, and the text is all we want.
"""

import html
import re
import sys
import unicodedata

MAX_TEXT = 20_000
MAX_TITLE = 500

# Markup may be far longer than its text (inline images, scripts); the rest is not read.
_MAX_INPUT = 500_000

_INLINE = """
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label
    mark nobr q ruby rb s samp small span strike strong sub sup time tt u var wbr
"""
_BLOCK = """
    address article aside blockquote body br center dd details dialog div dl dt
    fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html
    li main menu nav ol optgroup option p pre section summary table tbody tfoot
    thead title tr ul
"""
_SPACE = """
    area audio base button canvas caption col colgroup datalist embed frame
    frameset iframe img input legend link map meta meter noscript object output
    param picture progress rp rt select slot source svg td template textarea th
    track video
"""
_REPLACED = {
    name: replacement
    for names, replacement in ((_INLINE, ""), (_BLOCK, "\n"), (_SPACE, " "))
    for name in names.split()
}
# Elements whose content is no text.
_SILENT = "script|style"
_KNOWN = "|".join(sorted((*_REPLACED, *_SILENT.split("|")), key=len, reverse=True))

_MARKUP = re.compile(
    rf"""
      <!--.*?(?:-->|\Z)
    | <!\[CDATA\[ | \]\]>
    | <[!?][^<>]*+>
    | <(?P<silent>{_SILENT})\b.*?(?:</(?P=silent)\s*>|\Z)
    | </?(?P<name>[a-z][a-z0-9:._-]*+)
      (?P<attributes>(?:[\s/](?:[^<>"']++|"[^"]*+"|'[^']*+')*+)?+(?=>) | (?:[\s/][^<>]*+)?+(?=>|\Z))
      (?:>|\Z)
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_TAG_START = re.compile(rf"<(?=/?(?:{_KNOWN})(?![\w:.-])|!--|!\[CDATA)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d|#x[0-9a-f]|[a-z][a-z0-9]{1,31};)", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]++)|([0-9]++));?", re.IGNORECASE)
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]+")

# Signs that are not seen but split words for a search, or turn the direction of what is around them
# (CVE-2021-42574); C0 and C1 controls other than blanks; halves of surrogate pairs.
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)
# No script stacks so many marks on one letter, and normalising needs quadratic time for them.
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_ANY_MARK = re.compile(_MARK)
_STACKED_MARKS = re.compile(f"({_MARK}{{8}}){_MARK}+")


def plain_text(markup: str) -> str:
    """Reduce HTML, even doubly escaped, to readable text of at most MAX_TEXT characters.

    Ends of blocks become line ends; scripts, styles and comments go with what is in them; invisible
    and control characters go; blanks collapse; the rest is in Unicode's NFC. A lone `<` as in
    "a < b" is text.
    """
    text = _INVISIBLE.sub("", markup[:_MAX_INPUT])
    # Most texts are plain: what is not there need not be looked for.
    if "<" in text or ">" in text:
        text = _MARKUP.sub(_replace, text)
    if "&" in text:
        text = _without_entities(text)
    if "<" in text:
        # Tags that only came into being by what was taken out of them.
        text = _TAG_START.sub(" ", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    text = "\n".join(filter(None, lines))[: 2 * MAX_TEXT]
    if not text.isascii():
        if _ANY_MARK.search(text):  # most have none, which is told faster
            text = _STACKED_MARKS.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text[:MAX_TEXT])
    return text[:MAX_TEXT].rstrip()


def _without_entities(text: str) -> str:
    # Feeds escape once too often; what comes out then is either markup again or an entity.
    for _ in range(2):
        unescaped = _unescape(text)
        if unescaped == text:
            break
        text = _MARKUP.sub(_replace_if_surely_markup, unescaped)
        if not _ENTITY.search(text):
            break
    return text


def one_line(markup: str) -> str:
    """Reduce a title to one line of plain text, at most MAX_TITLE characters; see `plain_text`."""
    return plain_text(markup[:MAX_TEXT]).replace("\n", " ")[:MAX_TITLE].rstrip()


def mend_references(markup: str) -> str:
    """Resolve the numeric references that an XML parser takes for a fault; the others stay.

    Two halves of a surrogate pair are the character that they mean; a single half, and a number
    beyond Unicode, is U+FFFD. 128 to 159 are what Windows calls so (HTML Standard, 13.2.5.80), and
    other control characters vanish.
    """
    if "&#" not in markup:
        return markup
    return _SURROGATES.sub(_joined_pairs, _REFERENCE.sub(_mended, markup))


def _mended(reference: re.Match[str]) -> str:
    hexadecimal, decimal = reference.groups()
    digits = hexadecimal or decimal
    # `int` refuses thousands of digits.
    code = int(digits, 16 if hexadecimal else 10) if len(digits) < 10 else sys.maxunicode + 1
    if code > sys.maxunicode:
        return "\ufffd"
    if 0xD800 <= code < 0xE000:
        return chr(code)
    if 0x7F <= code < 0xA0:
        return html.unescape(f"&#{code};")
    return "" if _NOT_IN_XML.match(chr(code)) else reference[0]


def _joined_pairs(halves: re.Match[str]) -> str:
    return halves[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescape(text: str) -> str:
    return _INVISIBLE.sub("", html.unescape(mend_references(text)))


def _replace(match: re.Match[str]) -> str:
    name = match["name"]
    if name is None:
        return " " if match["silent"] else ""
    replacement = _REPLACED.get(name.lower())
    if replacement is None:
        return " " if _looks_like_markup(match) and not _is_written_word(match) else match[0]
    if _is_unfinished_sentence(match):
        return match[0]
    return replacement


def _replace_if_surely_markup(match: re.Match[str]) -> str:
    # "x<b and c>d" was text before it was escaped, and so was "the <script> tag"; "<b>" was not.
    if match["name"] is None:
        return _replace(match) if match[0].endswith(">") else match[0]
    if match["name"].lower() in _REPLACED and _looks_like_markup(match):
        return _replace(match)
    return match[0]


def _is_written_word(match: re.Match[str]) -> bool:
    """Tell whether it is a word in angle brackets: no element has capitals, as <AI> and <T> do."""
    name = match["name"]
    return match[0] == f"<{name}>" and not name.islower() and name.isalnum()


def _is_unfinished_sentence(match: re.Match[str]) -> bool:
    """Tell whether a tag that never ends is rather words behind a sign: "Q<A, as we know"."""
    words = match["attributes"]
    return not match[0].endswith(">") and "=" not in words and len(words.split()) > 1


def _looks_like_markup(match: re.Match[str]) -> bool:
    attributes = match["attributes"]
    return attributes.strip() in {"", "/"} or (attributes[0].isspace() and "=" in attributes)
