"""What a poll's document costs against a full parse by feedparser, as a ratio within this run.

    python -m bench.parse [FILE|FOLDER...]    (20 generated feeds unless files are given)

It also says in how many of them all entries read as by feedparser alone, and how many need it.
"""

import io
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from statistics import median

import feedparser

from bench.farm import ENTRIES, feed
from monitor.model import NO_VALIDATORS, Fetched, ParsedFeed, ParseResult
from monitor.parse import changes, feedxml, plain
from monitor.parse.decoding import decode
from monitor.parse.document import read
from monitor.parse.items import UnsafeError, item_ranges
from monitor.parse.repair import repaired

URL = "https://outlet.example/feed"

#: What is polled, and how many times cheaper than feedparser's full parse it must be at least.
SCENARIOS = (("all new", None), ("2 new items", 6), ("nothing new", 15))


def parse(body: bytes, last: bytes = b"") -> ParseResult:
    return read(
        Fetched(
            feed_url=URL,
            url=URL,
            moved_to=None,
            body=body,
            content_type="",
            validators=NO_VALIDATORS,
        ),
        last,
    )


def milliseconds(step: Callable[[], object], times: int) -> float:
    """Give the CPU time of the fastest of some runs: whatever else runs here makes it no slower."""
    found = []
    for _ in range(times):
        start = time.process_time()
        step()
        found.append(1000 * (time.process_time() - start))
    return min(found)


def well_formed(body: bytes) -> bytes | None:
    """Give a document as `changes` gets it; None if that reads it as a whole."""
    document = re.sub(r"^<\?xml[^>]*>", "", decode(body)).encode()
    try:
        return document if len(item_ranges(document)) else None
    except UnsafeError:
        return None


def differences(document: bytes) -> tuple[int, int, int]:
    """Count the entries, those read without feedparser, and those that read otherwise."""
    alone, _ = feedxml.read(repaired(document), url=URL)
    ours, _ = changes.read(document, url=URL)
    _, stated = plain.read(document)
    assert alone
    assert ours
    pairs = zip_longest(alone.entries, ours.entries)
    return len(alone.entries), sum(map(bool, stated)), sum(one != other for one, other in pairs)


def costs(document: bytes) -> tuple[float, ...] | None:
    """Give the cost of feedparser's full parse and of each scenario; None where nothing is cut."""
    ranges = item_ranges(document)
    full = parse(document)
    if not isinstance(full, ParsedFeed) or not full.imprint or len(ranges) < 5:
        return None
    before = parse(document[: ranges[0][0]] + document[ranges[1][1] :])
    assert isinstance(before, ParsedFeed)
    return (
        milliseconds(lambda: feedparser.parse(io.BytesIO(document)), 3),
        milliseconds(lambda: parse(document), 3),
        milliseconds(lambda: parse(document, before.imprint), 9),
        milliseconds(lambda: parse(document, full.imprint), 9),
    )


def named(places: list[str]) -> Iterator[Path]:
    """Give these files, and those in these folders."""
    for path in map(Path, places):
        yield from sorted(path.glob("*.xml")) if path.is_dir() else [path]


def main(places: list[str]) -> None:
    """Time all documents and print the scenarios' ratios."""
    bodies = [path.read_bytes() for path in named(places)]
    bodies = bodies or [feed(number, ENTRIES) for number in range(20)]
    documents = list(filter(None, map(well_formed, bodies)))
    entries, read_here, different = map(sum, zip(*map(differences, documents), strict=True))
    print(
        f"{len(documents)} of {len(bodies)} feeds are well-formed, {entries:,} entries: "
        f"{read_here:,} read without feedparser, {different} otherwise than by it"
    )
    rows = [row for row in map(costs, documents) if row]
    default = sum(row[0] for row in rows)
    print(f"{len(rows)} feeds; feedparser's defaults: {default / len(rows):.1f} ms each")
    print(f"{'':14}{'ms each':>9}{'cheaper, all':>14}{'median feed':>13}{'bar':>6}")
    for place, (name, bar) in enumerate(SCENARIOS, start=1):
        total = sum(row[place] for row in rows)
        middle = median(row[0] / row[place] for row in rows)
        print(
            f"{name:14}{total / len(rows):>9.2f}{default / total:>13.1f}x{middle:>12.1f}x"
            f"{f'{bar}x' if bar else '':>6}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
