"""Feed documents through the pool's door: what they say, and what hostile ones cannot do."""

import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import ClosedError
from monitor.model import NO_VALIDATORS, FailureKind, Fetched, ParsedFeed, ParseFailed
from monitor.parse import ParserPool

FEEDS = Path(__file__).parent / "feeds"
SAMPLES = sorted(path for path in FEEDS.iterdir() if path.suffix in {".xml", ".json"})
SMALL = b"<rss version='2.0'><channel><title>t</title><item><title>x</title></item></channel></rss>"


def fetched(body: bytes, *, content_type: str = "") -> Fetched:
    url = "https://feeds.example/sample/feed"
    return Fetched(
        feed_url=url,
        url=url,
        moved_to=None,
        body=body,
        content_type=content_type,
        validators=NO_VALIDATORS,
    )


def many_items(count: int) -> bytes:
    items = b"<item><title>One more item</title></item>" * count
    return b"<rss version='2.0'><channel><title>t</title>" + items + b"</channel></rss>"


#: Keeps a parser busy far longer than any time limit of these tests: for feedparser compares each
#: category with all before it, and the attribute leaves the item to feedparser.
ENDLESS = SMALL.replace(
    b"</item>", b"".join(b"<category odd=''>%d</category>" % n for n in range(50_000)) + b"</item>"
)


def children() -> set[int]:
    """Give the processes that this one started and that still exist, dead ones included."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == os.getpid():
            found.add(int(status.parent.name))
    return found


def processor_ticks(process: int) -> int:
    """Give how long a process has worked."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool() as started:
        yield started


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_feed_says_what_its_pair_expects(sample: Path, pool: ParserPool) -> None:
    expected = runpy.run_path(str(sample.with_suffix(".py")))["EXPECTED"]
    assert pool.parse(fetched(sample.read_bytes())) == expected


def test_every_sample_has_its_pair() -> None:
    assert [path.stem for path in SAMPLES] == sorted(path.stem for path in FEEDS.glob("*.py"))


def test_a_document_that_takes_too_long_costs_its_worker_only() -> None:
    with ParserPool(workers=1, timeout=timedelta(milliseconds=500)) as pool:
        failed = pool.parse(fetched(ENDLESS))
        assert failed == ParseFailed(
            kind=FailureKind.PARSER, reason="the parser needed more than 0.5 s"
        )
        # On a busy machine even a small document may once take that long.
        while not isinstance(pool.parse(fetched(SMALL)), ParsedFeed):
            pass


def test_a_document_that_needs_too_much_memory_is_told_as_such() -> None:
    huge = SMALL.replace(b"<title>x", b"<title>" + b"x" * (20 << 20))
    with ParserPool(workers=1, memory_bytes=100 << 20) as pool:
        failed = pool.parse(fetched(huge))
        assert isinstance(failed, ParseFailed)
        assert failed.kind is FailureKind.PARSER
        assert isinstance(pool.parse(fetched(SMALL)), ParsedFeed)


def test_a_worker_that_dies_at_work_fails_that_document_only() -> None:
    before = children()
    with ParserPool(workers=1) as pool, ThreadPoolExecutor(1) as threads:
        pool.parse(fetched(SMALL))
        (worker,) = children() - before
        idle_ticks = processor_ticks(worker)
        at_work = threads.submit(pool.parse, fetched(ENDLESS))
        while processor_ticks(worker) < 5 + idle_ticks:
            pass
        os.kill(worker, signal.SIGKILL)
        assert at_work.result() == ParseFailed(kind=FailureKind.PARSER, reason="the parser died")
        assert isinstance(pool.parse(fetched(SMALL)), ParsedFeed)


def test_a_worker_that_died_while_idle_is_replaced() -> None:
    before = children()
    with ParserPool(workers=1) as pool:
        pool.parse(fetched(SMALL))
        (worker,) = children() - before
        os.kill(worker, signal.SIGKILL)
        while Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            pass
        assert isinstance(pool.parse(fetched(SMALL)), ParsedFeed)


def test_ctrl_c_and_stop_signals_leave_the_workers_alone() -> None:
    before = children()
    with ParserPool(workers=1) as pool:
        pool.parse(fetched(SMALL))
        (worker,) = children() - before
        os.kill(worker, signal.SIGINT)
        os.kill(worker, signal.SIGTERM)
        assert isinstance(pool.parse(fetched(SMALL)), ParsedFeed)
        assert children() - before == {worker}


def test_many_threads_share_few_workers() -> None:
    before = children()
    with ParserPool(workers=2) as pool:
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(pool.parse, [fetched(many_items(n)) for n in range(40)]))
        assert len(children() - before) <= 2
    assert [len(result.entries) for result in results if isinstance(result, ParsedFeed)] == list(
        range(40)
    )


def test_no_process_is_left_behind() -> None:
    before = children()
    pool = ParserPool()
    pool.parse(fetched(SMALL))
    pool.close()
    pool.close()
    assert children() == before
    with pytest.raises(ClosedError):
        pool.parse(fetched(SMALL))


def test_closing_ends_a_call_under_way() -> None:
    before = children()
    pool = ParserPool(workers=1)
    raised: list[str] = []

    def work() -> None:
        try:
            while True:
                pool.parse(fetched(ENDLESS))
        except ClosedError as error:
            raised.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not children() - before:
        pass
    pool.close()
    thread.join()
    assert raised == ["the worker pool is closed"]
    assert children() == before


def test_many_may_close_while_calls_are_under_way() -> None:
    before = children()
    pool = ParserPool(workers=2)

    def work() -> None:
        with pytest.raises(ClosedError):
            pool.parse(fetched(ENDLESS))

    callers = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    closers = [threading.Thread(target=pool.close, daemon=True) for _ in range(5)]
    for thread in callers:
        thread.start()
    while len(children() - before) < 2:
        pass
    for thread in closers:
        thread.start()
    for thread in callers + closers:
        thread.join(30)
    assert not any(thread.is_alive() for thread in callers + closers)
    assert children() == before


def test_the_program_itself_is_not_imported_again(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import os, sys
print("started")
from monitor.model import NO_VALIDATORS, Fetched
from monitor.parse import ParserPool
pool = ParserPool(workers=1)
url = "https://feeds.example/"
body = {SMALL!r}
found = pool.parse(
    Fetched(
        feed_url=url, url=url, moved_to=None, body=body, content_type="", validators=NO_VALIDATORS
    )
)
print(found.title)
pool.close()
""",
        encoding="utf-8",
    )
    run = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert run.stdout == "started\nt\n"
    assert run.stderr == ""
