"""What a poll's document costs against a full parse by feedparser, as a ratio within this run.

    python -m bench.parse [FILE...]    (20 generated feeds unless files are given)

Bars: with nothing new at least 15 times cheaper, with 2 new items at least 6 times.
"""

import io
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import feedparser

from bench.farm import ENTRIES, feed
from monitor.model import NO_VALIDATORS, Fetched, ParsedFeed, ParseResult
from monitor.parse.decoding import decode
from monitor.parse.document import read
from monitor.parse.items import item_ranges

SCENARIOS = ("all new", "2 new items", "nothing new")


def parse(body: bytes, last: bytes = b"") -> ParseResult:
    url = "https://outlet.example/feed"
    return read(
        Fetched(
            feed_url=url,
            url=url,
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


def costs(body: bytes) -> tuple[float, ...] | None:
    """Give the cost of feedparser's full parse and of each scenario; None where nothing is cut."""
    document = re.sub(r"^<\?xml[^>]*>", "", decode(body)).encode()
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


def main(files: list[str]) -> None:
    """Time all documents and print the scenarios' ratios."""
    bodies = [Path(file).read_bytes() for file in files]
    bodies = bodies or [feed(number, ENTRIES) for number in range(20)]
    rows = [row for row in map(costs, bodies) if row]
    default = sum(row[0] for row in rows)
    print(f"{len(rows)} feeds; feedparser's defaults: {default / len(rows):.1f} ms each")
    print(f"{'':14}{'ms each':>9}{'cheaper, all':>14}{'median feed':>13}")
    for place, name in enumerate(SCENARIOS, start=1):
        total = sum(row[place] for row in rows)
        middle = median(row[0] / row[place] for row in rows)
        print(f"{name:14}{total / len(rows):>9.2f}{default / total:>13.1f}x{middle:>12.1f}x")


if __name__ == "__main__":
    main(sys.argv[1:])
