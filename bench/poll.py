"""What polling costs on this machine beside what it may cost: CPU, time, memory.

    python -m bench.poll [FEEDS]    (200 unless told otherwise)

CPU is that of this process and its parse workers, never of the server, which is another process.
The database lies in a temporary folder; the fetcher's own limits per host are lifted. A feed has
five seconds to answer, so that one which our own work keeps waiting is seen to fail. A "!" stands
behind a figure that passes its bar; the bars of time are those of two quiet cores. Beside some
figures stands what the requests alone cost in the same minute, their answers thrown away.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.app import App, shipped_config
from monitor.model import FailureKind, PollReport
from monitor.poll import Round, poll_due
from monitor.polling import request

FARM = Path(__file__).with_name("farm.py")
#: Seconds that a feed has to answer.
DEADLINE = 5
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def farm(count: int) -> Iterator[tuple[str, list[str], int]]:
    """Run the server; give the address of its controls, all feeds, and its process id."""
    with subprocess.Popen(
        [sys.executable, FARM, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        port, *hosts = server.stdout.readline().split()
        feeds = [f"http://{hosts[n % len(hosts)]}:{port}/feed/{n}" for n in range(count)]
        try:
            yield f"http://{hosts[0]}:{port}", feeds, server.pid
        finally:
            server.stdin.close()


def configuration(feeds: list[str]) -> str:
    """Take the shipped topics, the farm's feeds, and no waiting."""
    shipped = shipped_config().read_text("utf-8")
    topics = [part for part in shipped.split("\n[[") if part.startswith("topic]]")]
    tables = [f"[[{topic.partition(chr(10) + '[')[0]}\n" for topic in topics]
    tables += [f'[[feed]]\nurl = "{url}"\n' for url in feeds]
    tables.append('[fetch]\nallow = ["127.0.0.0/8"]\nhost_gap = "0s"\nper_host = 50\n')
    tables.append(f'deadline = "{DEADLINE}s"\n')
    return "\n".join(tables)


def descendants(*, but: int, root: int | None = None) -> list[Path]:
    """Find a process, else this one, and all it started, except the server (Linux only)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended between the two looks
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, queue = [], [root or os.getpid()]
    while queue:
        process = queue.pop()
        if process != but:
            found.append(Path(f"/proc/{process}"))
            queue += parents.get(process, [])
    return found


def cpu_seconds(processes: list[Path]) -> float:
    """Sum up the CPU time of processes and of those they started and saw end."""
    if not processes:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime
    ticks = 0
    for process in processes:
        try:
            stat = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile; who started it has its time
        ticks += sum(int(value) for value in stat[11:15])
    return ticks / TICK


def peak_megabytes(processes: list[Path]) -> list[int]:
    """Give each process's largest resident size so far, this process first."""
    if not processes:
        return [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]
    return [
        int(line.split()[1]) // 1024
        for process in processes
        for line in (process / "status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One round of polls, and what it may cost."""

    name: str
    #: What the farm is told before.
    controls: tuple[str, ...] = ()
    #: Bars: milliseconds of CPU a feed; seconds for a thousand feeds; seconds for any number.
    cpu: float | None = None
    wall_of_1000: float | None = None
    wall: float | None = None
    #: Two feeds in a hundred do not answer, and have to be named.
    silent: bool = False
    #: Whether its requests are made once more before, for nothing but their cost.
    beside: bool = False


NEAR = (
    Scenario("cold", cpu=22, wall_of_1000=15, beside=True),
    Scenario("all 304", cpu=1.5, wall_of_1000=2, beside=True),
    Scenario("10 % changed", ("change/10",), wall_of_1000=2.5),
    Scenario("2 new items", ("change/100",), cpu=4.5, beside=True),
    Scenario("new build date", ("rebuild",), cpu=2.5, beside=True),
    Scenario("slow, silent", ("manner/slow",), wall=DEADLINE + 5, silent=True),
)
FAR = (
    Scenario("distant, cold", ("manner/distant",)),
    Scenario("distant, 304", wall_of_1000=15),
)
MAIN_MB, TREE_MB = 120, 250


def main(count: int) -> None:
    """Poll the farm near by, then one that is as far away as the internet."""
    if not Path("/proc/self/stat").exists():
        print("no /proc here: CPU and memory without the parse workers")
    with farm(count) as (control, feeds, server):
        print(f"{count} feeds of 85 kB and 40 entries, deadline {DEADLINE} s; bars in brackets")
        print(
            f"{'':16}{'CPU ms/feed':>16}{'fetch':>8}{'wall s':>16}{'articles':>10}{'matches':>9}"
            f"{'failed':>10}"
        )
        for scenarios in (NEAR, FAR):
            rounds(scenarios, control, feeds, server)


def rounds(scenarios: tuple[Scenario, ...], control: str, feeds: list[str], server: int) -> None:
    """Run scenarios one after the other on a database of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(configuration(feeds), encoding="utf-8")
        with App.open(path) as app, app.round() as work:
            app.accept()
            for scenario in scenarios:
                for told in scenario.controls:
                    urllib.request.urlopen(f"{control}/{told}", timeout=120).close()
                fetch = fetching(work) if scenario.beside else None
                cpu, start = cpu_seconds(processes(server)), time.perf_counter()
                report = poll_due(work, everything=True)
                wall = time.perf_counter() - start
                used = cpu_seconds(processes(server)) - cpu
                print_row(scenario, report, wall, used, fetch)
            main_size, *others = peak_megabytes(processes(server))
            print(
                f"peak memory: {main_size} MB{bar(main_size, MAIN_MB)}, with its processes "
                f"{main_size + sum(others)} MB{bar(main_size + sum(others), TREE_MB)}"
            )


def fetching(work: Round) -> float:
    """Ask for all feeds as they are due; give the CPU time of nothing else."""
    due = work.store.due_feeds(work.clock(), everything=True)
    before = time.process_time()
    for _ in work.fetcher.fetch_many(map(request, due)):
        pass
    return time.process_time() - before


def processes(server: int) -> list[Path]:
    """Find our processes; none where that cannot be."""
    return descendants(but=server) if Path("/proc/self/stat").exists() else []


def bar(figure: float, most: float | None) -> str:
    """Put a bar beside a figure; an exclamation mark says that it is passed."""
    return "" if most is None else f" ({most:g}){'!' if figure > most else ''}"


def print_row(
    scenario: Scenario, report: PollReport, wall: float, cpu: float, fetch: float | None
) -> None:
    """Print one scenario's figures and bars, and what failed against expectation."""
    count = report.feeds
    each = 1000 * cpu / count
    limit = scenario.wall or (scenario.wall_of_1000 and scenario.wall_of_1000 * count / 1000)
    silent = sum(number % 50 == 7 for number in range(count)) if scenario.silent else 0
    named = sum(error.kind is FailureKind.TIMEOUT for error in report.errors) == silent
    failed = f"{report.failed} ({silent}){'' if named and report.failed == silent else '!'}"
    print(
        f"{scenario.name:16}{f'{each:.1f}' + bar(each, scenario.cpu):>16}"
        f"{'' if fetch is None else f'{1000 * fetch / count:.1f}':>8}"
        f"{f'{wall:.1f}' + bar(wall, limit):>16}"
        f"{report.articles_new:>10,}{report.matches_new:>9,}{failed:>10}",
        flush=True,
    )
    if not named or report.failed != silent:
        for error in report.errors[:3]:
            print(f"    {error.url}: {error.error}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
