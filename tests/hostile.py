"""Hostile answers of feed servers by name: what a test polls and `bench.hostile` measures.

`LIGHT` cost next to nothing; `HEAVY` are made to exhaust whoever reads them.
"""

import base64
import gzip
from dataclasses import dataclass, field

from tests.scripted import Answer, Script

HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please wait</body></html>"
#: 203 bytes that become 256 MB.
_BROTLI_BOMB = base64.b64decode(
    "z///fwAkAOKxQHLv//n//w+ABEAcFoDu/T////8BkACIwwLQvf/n//8/ABIAcVgAuvf//P//B0ACIA4LQPf+n///"
    "/wBIAMRhAeje//P//x8ACYA4LADd+3/+//8DIAEQhwWge//P//9/ACQA4rAAdO//+f//D4AEQBwWgO79P////wGQ"
    "AIjDAtC9/+f//z8AEgBxWAC69//8//8HQAIgDgtA9/6f////AEgAxGEB6N7/8///HwAJgDgsAN37f/7//wMgARCH"
    "BaB7/z8="
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """An answer and what the feed's state must say of it."""

    script: Script
    #: Found in the words at the feed; "" when the answer is odd, but is read.
    words: str
    #: What it redirects to.
    more: dict[str, Script] = field(default_factory=dict)


def rss(*titles: str, head: str = "", more: str = "", site: str = "post") -> bytes:
    """Give a feed with these entries."""
    items = "".join(
        f"<item><title>{title}</title><link>https://{site}.example/{number}</link>"
        f"<guid>https://{site}.example/{number}</guid></item>"
        for number, title in enumerate(titles)
    )
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>Post</title>'
        f"{items}{more}</channel></rss>"
    ).encode()


def item(inside: str) -> bytes:
    """Give a feed whose last entry has something in it."""
    return rss("One", more=f"<item><title>Odd</title><guid>odd</guid>{inside}</item>")


def entities(declarations: str) -> Answer:
    """Give a feed that declares entities."""
    document = rss("&a;", head=f"<!DOCTYPE rss [{declarations}]>")
    return Answer(body=document, etag='"bad"')


def ok(body: bytes, **headers: str) -> Answer:
    """Give a body with validators of its own."""
    return Answer(
        body=body, etag='"bad"', headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def raw(head: str, body: bytes = b"", **more: object) -> Answer:
    """Give an answer to the byte."""
    lines = f'HTTP/1.1 200 OK\r\nETag: "bad"\r\n{head}\r\n'
    return Answer(raw=lines.encode() + body, **more)  # type: ignore[arg-type]  # fields of Answer


WHOLE = rss("One", "Two", "Three", "Four")
CUT = WHOLE[: len(WHOLE) * 6 // 10]
MEGABYTES_20 = b" " * (20 << 20)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_NO_ENTITIES = "declares XML entities of its own"

LIGHT: dict[str, Hostile] = {
    # What breaks off
    "cut off, length kept": Hostile(raw(f"Content-Length: {len(WHOLE)}\r\n", CUT), "cut off"),
    "cut off, length hidden": Hostile(raw("", CUT), "cut off"),
    "chunks without end": Hostile(
        raw("Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n" % (len(CUT), CUT)), "cut off"
    ),
    "no answer": Hostile(Answer(raw=b""), "without an answer"),
    "torn down": Hostile(
        Answer(raw=b"HTTP/1.1 200 OK\r\n", reset=True), "the connection broke off"
    ),
    # What is no feed
    "error page": Hostile(ok(HTML), "an HTML page, not a feed (title: Sign in)"),
    "empty body": Hostile(ok(b""), "empty document"),
    "JSON error": Hostile(ok(b'{"error": "busy"}'), "a JSON document, not a feed"),
    "redirect to a login page": Hostile(
        Answer(status=302, headers={"Location": "/login"}),
        "an HTML page",
        {"/login": ok(HTML)},
    ),
    "a list without its end": Hostile(
        ok(b'{"version": "https://jsonfeed.org/version/1.1", "items": ['), "cut off JSON"
    ),
    "500": Hostile(Answer(status=500, etag='"bad"'), "the server said 500"),
    # Compression
    "brotli bomb": Hostile(
        Answer(body=_BROTLI_BOMB, etag='"bad"', headers={"Content-Encoding": "br"}),
        'the encoding "br", although it was offered gzip only',
    ),
    "gzip bomb": Hostile(
        ok(gzip.compress(MEGABYTES_20), Content_Encoding="gzip"), "larger than 10 MB"
    ),
    "gzip in gzip": Hostile(
        ok(gzip.compress(gzip.compress(WHOLE)), Content_Encoding="gzip, gzip"), "gzip, gzip"
    ),
    "broken gzip": Hostile(
        ok(gzip.compress(WHOLE)[:20] + b"\xff" * 200, Content_Encoding="gzip"), "damaged"
    ),
    "gzip only by name": Hostile(ok(WHOLE, Content_Encoding="gzip"), "not compressed at all"),
    "endless body": Hostile(Answer(drip=b"x" * (1 << 20), content_length=""), "larger than 10 MB"),
    # Headers
    "10,000 headers": Hostile(raw("X: y\r\n" * 10_000 * 3), "header of the answer is too long"),
    "a header of 1 MB": Hostile(
        raw(f"X: {'y' * (1 << 20)}\r\n"), "header of the answer is too long"
    ),
    # What redirects
    "redirect to itself": Hostile(
        Answer(status=302, headers={"Location": "/hostile"}), "redirects in a circle"
    ),
    "redirects on and on": Hostile(
        Answer(status=302, headers={"Location": "/hop/0"}),
        "more than 10 times",
        {f"/hop/{n}": Answer(status=301, headers={"Location": f"/hop/{n + 1}"}) for n in range(12)},
    ),
    "moved to a private network": Hostile(
        Answer(status=301, headers={"Location": "http://10.0.0.1/"}), "a private network"
    ),
    # XML
    "billion laughs": Hostile(
        entities(f'<!ENTITY l0 "ha">{LAUGHS}<!ENTITY a "&l9;">'), _NO_ENTITIES
    ),
    "quadratic entity": Hostile(entities(f'<!ENTITY a "{"a" * 50_000}">'), _NO_ENTITIES),
    "entity of a file": Hostile(entities('<!ENTITY a SYSTEM "file:///etc/passwd">'), _NO_ENTITIES),
    "entity of a server": Hostile(
        entities('<!ENTITY a SYSTEM "http://127.0.0.1:9/">'), _NO_ENTITIES
    ),
    "parameter entity": Hostile(
        entities('<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;'), _NO_ENTITIES
    ),
    "50,000 attributes": Hostile(
        ok(item("<a " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>")),
        "refused as dangerous",
    ),
    "20,000 namespaces": Hostile(
        ok(item("<a " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(20_000)) + "/>")),
        "refused as dangerous",
    ),
    "100,000 tags deep": Hostile(
        ok(item("<a>" * 100_000 + "</a>" * 100_000)), "refused as dangerous"
    ),
    # Odd, but readable
    "document type elsewhere": Hostile(
        ok(rss("One", head='<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd">')), ""
    ),
    "XInclude": Hostile(
        ok(
            item('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>')
        ),
        "",
    ),
    "bytes that no text has": Hostile(ok(rss("One", "Two", "3\0\x01\x1f\x85 &#xD800; &#0;")), ""),
    "encoding punycode": Hostile(ok(WHOLE.replace(b'"1.0"', b'"1.0" encoding="punycode"')), ""),
    "UTF-7": Hostile(ok(WHOLE.replace(b'"1.0"', b'"1.0" encoding="utf-7"')), ""),
    "UTF-16 without a mark": Hostile(ok(WHOLE.decode().encode("utf-16-le")), ""),
    "two marks": Hostile(ok(b"\xef\xbb\xbf" * 2 + WHOLE), ""),
    "5,000 marks on one letter": Hostile(ok(rss("One", "Two", "a" + "\u0301" * 5_000)), ""),
    "a guid of 100 kB": Hostile(ok(item(f"<guid>{'g' * 100_000}</guid>")), ""),
}

#: Each may take all the time that a feed gets.
SILENT: dict[str, Hostile] = {
    "silence": Hostile(Answer(raw=b"", hang=True), "no complete answer within"),
    "headers only": Hostile(
        raw("Content-Length: 1000\r\n", hang=True), "no complete answer within"
    ),
    "one byte at a time": Hostile(
        Answer(body=b"<", content_length="9999999", drip=b" "), "no complete answer within"
    ),
    "100 Continue for ever": Hostile(
        Answer(raw=b"", drip=b"HTTP/1.1 100 Continue\r\n\r\n"), "no complete answer within"
    ),
}

HEAVY: dict[str, Hostile] = {
    "60,000 open comments": Hostile(ok(item("<!--" * 60_000)), ""),
    "300,000 &lt;": Hostile(ok(item(f"<description>{'&lt;' * 300_000}</description>")), ""),
    "2 MB of bare &": Hostile(ok(item(f"<description>{'&' * (2 << 20)}</description>")), ""),
    "author of 200 kB": Hostile(ok(item(f"<author>{'a ' * 100_000}</author>")), ""),
    "title of 9 MB": Hostile(ok(rss("One", "t" * (9 << 20))), ""),
    "50,000 items": Hostile(ok(rss(*map(str, range(50_000)))), ""),
    "a million empty items": Hostile(ok(rss(more="<item/>" * 1_000_000)), ""),
    "200,000 attributes": Hostile(
        ok(item("<a " + " ".join(f'a{n}="1"' for n in range(200_000)) + "/>")), ""
    ),
    "100,000 namespaces, broken": Hostile(
        ok(item("<a " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(100_000)) + "><b>&")), ""
    ),
    "9 MB of < ": Hostile(ok(item("< " * (9 << 19))), ""),
    "9 MB of [": Hostile(ok(b"[" * (9 << 20)), ""),
    "9 MB of numbers": Hostile(ok(b'{"items": [' + b"1," * (9 << 19) + b"1]}"), ""),
    "tables in tables": Hostile(
        ok(item(f"<description>{'&lt;table&gt;&lt;td&gt;' * 100_000}</description>")), ""
    ),
}
