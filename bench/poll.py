"""What polling costs on this machine: feeds per second, CPU per feed, memory.

    python -m bench.poll [FEEDS]    (200 unless told otherwise)

CPU is that of this process and its parse workers, never of the server, which is another process.
The database lies in a temporary folder; the fetcher's own limits per host are lifted.
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
from pathlib import Path

from monitor.app import App, shipped_config
from monitor.model import PollReport
from monitor.poll import poll_due

FARM = Path(__file__).with_name("farm.py")
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
    return "\n".join(tables)


def descendants(*, but: int) -> list[Path]:
    """Find this process and everything it started, except the server (Linux only)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended between the two looks
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, queue = [], [os.getpid()]
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
        stat = (process / "stat").read_text().rpartition(")")[2].split()
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


def main(count: int) -> None:
    """Poll the farm three times: at first sight, unchanged, and with one feed in ten changed."""
    linux = Path("/proc/self/stat").exists()
    with tempfile.TemporaryDirectory() as folder, farm(count) as (control, feeds, server):

        def processes() -> list[Path]:
            return descendants(but=server) if linux else []

        path = Path(folder) / "config.toml"
        path.write_text(configuration(feeds), encoding="utf-8")
        with App.open(path) as app, app.round() as work:
            app.accept()
            print(f"{count} feeds of 85 kB and 40 entries; {len(app.config.topics)} topics")
            if not linux:
                print("no /proc here: CPU and memory without the parse workers")
            print(f"{'':14}{'feeds/s':>9}{'CPU ms/feed':>13}{'new articles':>14}{'matches':>9}")
            for name in ("cold", "all 304", "10 % changed"):
                if name == "10 % changed":
                    urllib.request.urlopen(f"{control}/change/10", timeout=60).close()
                cpu, start = cpu_seconds(processes()), time.perf_counter()
                report = poll_due(work, everything=True)
                wall = time.perf_counter() - start
                used = cpu_seconds(processes()) - cpu
                print_row(name, report, wall, used)
            sizes = peak_megabytes(processes())
            workers = ", ".join(str(size) for size in sorted(sizes[1:], reverse=True))
            print(
                f"peak memory: {sizes[0]} MB" + (f"; its processes: {workers} MB" * bool(workers))
            )


def print_row(name: str, report: PollReport, wall: float, cpu: float) -> None:
    """Print one scenario's figures, and what failed, since a failed feed costs nothing."""
    print(
        f"{name:14}{report.feeds / wall:>9.0f}{1000 * cpu / report.feeds:>13.1f}"
        f"{report.articles_new:>14,}{report.matches_new:>9,}"
    )
    for error in report.errors[:3]:
        print(f"    {error.url}: {error.error}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
