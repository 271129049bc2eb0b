"""Worker processes: what a job can do to its worker, and that the next job never notices."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import ClosedError
from monitor.model import JobFailed
from monitor.workers import Workers
from monitor.workers.pool import JOBS_PER_WORKER

HERE = Path(__file__).parent.parent


def workers(
    chore: str, *, count: int = 1, busy: float = 60, patience: float = 60
) -> Workers[object]:
    return Workers(
        chore if ":" in chore else f"tests.chores:{chore}",
        workers=count,
        timeout=timedelta(seconds=busy),
        patience=timedelta(seconds=patience),
        memory_bytes=256 << 20,
    )


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_is_replaced_after_many_jobs() -> None:
    with workers("os:getpid") as pool:
        seen = [pool.run() for _ in range(2 * JOBS_PER_WORKER + 1)]
        assert [len(set(seen[:JOBS_PER_WORKER])), len(set(seen))] == [1, 3]
        assert [alive(int(str(process))) for process in dict.fromkeys(seen)] == [False, False, True]


def test_workers_that_keep_dying_are_replaced_under_load() -> None:
    """Each job gets its own answer, and a death costs one job only."""
    with workers("die_at_every_tenth", count=2) as pool, ThreadPoolExecutor(8) as threads:
        results = list(threads.map(pool.run, range(1, 101)))
    died = JobFailed(reason="died")
    assert results == [number if number % 10 else died for number in range(1, 101)]


@pytest.mark.parametrize(
    ("chore", "limits", "reason"),
    [
        ("die_in_the_middle_of_an_answer", {}, "died"),
        ("hang_in_the_middle_of_an_answer", {"patience": 0.2}, "gave no answer within 0.2 s"),
        ("compute_for_ever", {"busy": 0.2}, "needed more than 0.2 s"),
        # To wait for a processor is no fault, for a while.
        ("sleep", {"busy": 0.1, "patience": 0.5}, "gave no answer within 0.5 s"),
        ("fill_memory", {}, "needed more memory than it may take"),
        ("no_such_chore", {}, "could not be started: its process ended before it was ready"),
    ],
)
def test_a_job_that_is_not_done_is_told_in_plain_words(
    chore: str, limits: dict[str, float], reason: str
) -> None:
    with workers(chore, **limits) as pool:  # type: ignore[arg-type]
        assert pool.run() == JobFailed(reason=reason)
        assert pool.run() == JobFailed(reason=reason)


def test_a_fault_of_ours_is_told_with_its_place() -> None:
    with workers("fail") as pool:
        failed = pool.run("oops")
        assert isinstance(failed, JobFailed)
        assert failed.reason == "failed, which is our fault; the log has the details"
        assert failed.detail.startswith("ValueError: oops (")
        assert "chores.py" in failed.detail


def test_a_worker_that_takes_no_job_does_not_hold_up_its_caller() -> None:
    """It stands still while a job too large for the pipe is written to it."""
    with workers("count_bytes", patience=0.5) as pool:
        assert pool.run(b"12") == 2
        (worker,) = pool._workers
        os.kill(worker._process.pid, signal.SIGSTOP)
        assert pool.run(bytes(20 << 20)) == JobFailed(reason="gave no answer within 0.5 s")
        assert pool.run(b"123") == 3


def test_a_large_answer_comes_whole() -> None:
    with workers("give_back") as pool:
        value = bytes(range(256)) * 40_000
        assert pool.run(value) == value


def test_a_rest_ends_idle_workers_only() -> None:
    with workers("os:getpid", count=2) as pool:
        first = int(str(pool.run()))
        pool.rest()
        pool.rest()
        assert not alive(first)
        assert alive(int(str(pool.run())))
    with pytest.raises(ClosedError):
        pool.run()


PROGRAM = """
from datetime import timedelta
from threading import Thread
from monitor.workers import Workers
limit = timedelta(seconds=0.3)
pool = Workers("time:sleep", workers=1, timeout=limit, patience=limit, memory_bytes=1 << 28)
pool.run(0)
(worker,) = pool._workers
jobs = [Thread(target=pool.run, args=[1000])] if BUSY else []
for job in jobs:
    job.start()
while worker._jobs == len(jobs):
    pass
print(worker._process.pid, flush=True)
input()
"""


@pytest.mark.parametrize("busy", [False, True])
def test_workers_end_when_their_parent_is_killed(*, busy: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("BUSY", str(busy))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    while alive(child):
        time.sleep(0.01)
