"""Bytes from the network to the text of a document, whatever its label says.

Publishers label feeds wrongly all the time (GBK sent as UTF-8, one cut character in a large feed),
and a parser that then falls back to Latin-1 turns every title and identifier into something else.
So what is valid UTF-8 is UTF-8 whatever was declared, and a few bad bytes cost a few characters.
"""

import codecs
import re

from monitor.parse.detection import detect

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_HTTP_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)

# The superset that publishers really send under that name, as the WHATWG Encoding Standard has it.
_SUPERSET = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "cp936": "gb18030",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-9": "cp1254",
    "ks_c_5601-1987": "cp949",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "us-ascii": "cp1252",
    "utf8": "utf-8",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
}
# A feed's word never reaches the codec registry unchecked: that has punycode, idna and zlib too.
_ALLOWED = re.compile(
    r"utf-8|gb18030|big5(hkscs)?|cp\d{3,4}|iso-?8859-\d{1,2}|koi8-[rut]|shift_jis|euc[-_]?(jp|kr)"
    r"|iso-?2022-(jp|kr)(-\w{1,4})?|hz(-gb-2312)?|mac\w{1,12}|johab|ptcp154"
)
_SEVEN_BIT = ("iso-2022", "iso2022", "hz")

_BYTE_ORDERS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)

# Control characters, halves of surrogate pairs and non-characters: no XML parser takes them.
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def decode(body: bytes, content_type: str = "") -> str:
    """Turn a feed's bytes into text; bytes that mean nothing become U+FFFD, never an error.

    Tried in this order: a byte order mark, the zero bytes of UTF-16 and UTF-32, a declared 7-bit
    encoding, strict UTF-8, the HTTP charset, the XML declaration (before a charset of Latin-1),
    faulty UTF-8, detection.
    """
    text, encoding = _decode(body, content_type)
    # In most feeds nothing is forbidden, which the bytes of UTF-8 tell in a quarter of the time.
    clean = encoding == "utf-8" and len(body.translate(None, _CONTROLS)) == len(body)
    if not clean or "\ufffe" in text or "\uffff" in text:
        text = _FORBIDDEN.sub("", text)
    return text.lstrip("\ufeff \t\r\n")


def _decode(body: bytes, content_type: str) -> tuple[str, str]:
    """Give the text, and the encoding it is in."""
    if body.startswith(codecs.BOM_UTF8):
        return body.decode("utf-8", "replace"), "utf-8"
    for mark, encoding in _BYTE_ORDERS:
        if body.startswith(mark):
            return body.decode(encoding, "replace"), encoding
    declared = _codec(_DECLARED.match(body[:1024]))
    # Text of these encodings is valid UTF-8 by accident.
    if declared and declared.startswith(_SEVEN_BIT):
        return body.decode(declared, "replace"), declared
    by_server = _codec(_HTTP_CHARSET.search(content_type))
    # Latin-1 is what servers say of any file, and it decodes all: the document knows better.
    in_order = (declared, by_server) if by_server == "cp1252" else (by_server, declared)
    stated = [codec for codec in in_order if codec is not None]
    for encoding in ("utf-8", *stated):
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return _decode_faulty(body, stated)


def _decode_faulty(body: bytes, stated: list[str]) -> tuple[str, str]:
    text = body.decode("utf-8", "replace")
    foreign = sum(character > "\x7f" for character in text)
    # In text of another encoding far more than every fourth character is bad.
    if text.count("\ufffd") * 4 <= foreign:
        return text, "utf-8"
    others = [encoding for encoding in stated if encoding != "utf-8"]
    encoding = others[-1] if others else detect(body)
    return body.decode(encoding, "replace"), encoding


def _codec(match: re.Match[bytes] | re.Match[str] | None) -> str | None:
    if match is None:
        return None
    found = match[1]
    name = (found if isinstance(found, str) else found.decode("ascii")).lower()
    name = _SUPERSET.get(name, name).replace("windows-", "cp")
    if not _ALLOWED.fullmatch(name):
        return None
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    return name
