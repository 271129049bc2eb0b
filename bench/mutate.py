"""Feed the parser's processes damaged feeds: nothing may fall over, hang or come out unnamed.

    python -m bench.mutate [HOW_MANY [FOLDER]]    (10,000 unless told otherwise)

The originals are the samples of the tests and, with a folder, all files in it. The same seed gives
the same damages. Every document goes through a `ParserPool` as in the service.
"""

import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from monitor.model import NO_VALIDATORS, FailureKind, Fetched, ParsedFeed, ParseFailed, ParseResult
from monitor.parse import ParserPool

SAMPLES = Path(__file__).parents[1] / "tests" / "feeds"
#: Longer originals are cut here: the damage matters, not the length.
MOST_BYTES = 300_000
LIMIT = timedelta(seconds=10)
WORKERS = 2

#: What damage likes to consist of.
PIECES = (
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!DOCTYPE", b"<!ENTITY a 'b'>",
    b"&a;", b"&#0;", b"&#xD800;", b"&#99999999;", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B",
    b"<?xml ", b'encoding="utf-7"', b'encoding="gb18030"', b"</item>", b"<item>", b"<entry>",
    b"</channel>",
    b"xmlns:a=''", b"xml:base='//'", b"<link/>", b"<guid>", b"99999-99-99T99:99:99Z", b"{", b"[",
    b'"', b"<dc:date>", b"=", b"\r", b"\xe2\x80\xae", b"<div " + b"a='1' " * 600 + b">",
    b"<b>" * 300,
)  # fmt: skip


def damaged(original: bytes, chance: random.Random) -> bytes:
    """Damage a document in one to eight places."""
    body = bytearray(original)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(body) + 1)
        size = min(int(chance.paretovariate(0.7)), 5_000)
        match chance.randrange(8):
            case 0:
                body[at : at + size] = b""
            case 1:
                body[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 1, 50))
            case 2:
                body[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                body[at:at] = chance.randbytes(min(size, 200))
            case 4:
                body[at:at] = body[at : at + size] * chance.choice((1, 2, 20))
            case 5:
                del body[at:]
            case 6:
                other = chance.randrange(len(body) + 1)
                body[at:at] = body[other : other + size]
            case _:
                text = chance.choice(("utf-16", "latin-1", "cp1252", "gb18030"))
                body = bytearray(body.decode("utf-8", "replace").encode(text, "replace"))
    return bytes(body)


def main(count: int, folder: Path | None) -> None:
    """Parse so many damaged feeds and count what became of them."""
    files = [path for path in SAMPLES.iterdir() if path.suffix != ".py"]
    files += [path for path in folder.rglob("*") if path.is_file()] if folder else []
    originals = [path.read_bytes()[:MOST_BYTES] for path in sorted(files)]
    outcomes: Counter[str] = Counter()
    bad: list[str] = []
    slowest = 0.0

    def one(number: int) -> None:
        nonlocal slowest
        chance = random.Random(number)
        body = damaged(chance.choice(originals), chance)
        kind = chance.choice(("text/xml", "application/json", "text/xml; charset=gbk", ""))
        start = time.monotonic()
        try:
            result: ParseResult | Exception = pool.parse(fetched(body, kind))
        except Exception as error:  # noqa: BLE001  that there is none is what this is about
            result = error
        slowest = max(slowest, time.monotonic() - start)
        match result:
            case ParsedFeed(complete=True):
                outcomes["read"] += 1
            case ParsedFeed():
                outcomes["read up to a cut"] += 1
            case ParseFailed(kind=FailureKind.NOT_A_FEED):
                outcomes["refused in plain words"] += 1
            case ParseFailed():
                bad.append(f"{number}: {result.reason} {result.detail}")
            case _:
                bad.append(f"{number}: {result!r}")

    start = time.monotonic()
    with ParserPool(WORKERS, LIMIT) as pool, ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(one, range(count)))
    print(f"{count:,} damaged feeds of {len(originals)} in {time.monotonic() - start:.0f} s")
    for name, number in outcomes.most_common():
        print(f"  {name:24}{number:>8,}")
    print(f"  {'slowest':24}{slowest:>8.1f} s")
    print(f"  {'unhandled, hung, died':24}{len(bad):>8,} (0){'!' if bad else ''}")
    for line in bad[:20]:
        print(f"    {line}")


def fetched(body: bytes, content_type: str) -> Fetched:
    """Give a body as a server would have sent it."""
    url = "https://damaged.example/feed"
    return Fetched(
        feed_url=url,
        url=url,
        moved_to=None,
        body=body,
        content_type=content_type,
        validators=NO_VALIDATORS,
    )


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 10_000,
        Path(sys.argv[2]) if len(sys.argv) > 2 else None,
    )
