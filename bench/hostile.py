"""What one hostile feed among nine good ones costs the service, one after the other.

    python -m bench.hostile [WORD]    (all of them, or those with the word in their name)

Each case is a `monitor run` of its own on a scripted server; its CPU and memory are those of all
its processes, above what ten good feeds need. "late" is when the last of the nine good feeds was
stored, counted from the first request. Linux only.
"""

import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.poll import cpu_seconds, descendants
from monitor.store import open_store
from tests.hostile import HEAVY, LIGHT, SILENT, Hostile, rss
from tests.scripted import Answer, ScriptedServer, serve

BARS = {"CPU s": 10, "MB": 250, "wall s": 30, "late s": 30}
GOOD = 9
SHOWN = 60

CONFIG = """
[fetch]
allow = ["127.0.0.1"]
host_gap = "0s"
per_host = 10
[web]
listen = "127.0.0.1:0"
"""
TOPIC = '[[topic]]\nid = "a"\nany = ["entry"]\n'
#: Topics are written by the reader, and hostile only by accident.
LONG = Hostile(Answer(body=rss("One", more=f"<item><title>{'a' * 100_000}!</title></item>")), "")
TOPICS = {
    "topic (a+)+$": '[[topic]]\nid = "a"\nany = ["(a+)+$"]\n',
    "topic .": '[[topic]]\nid = "a"\nany = ["."]\n',
    "topic with an empty word": '[[topic]]\nid = "a"\nany = [""]\n',
    "topic of 5,000 words": f'[[topic]]\nid = "a"\nany = {[f"word{n}" for n in range(5000)]}\n',
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a case needed, and what it said at its feed or at the start."""

    cpu: float
    megabytes: float
    wall: float
    late: float
    said: str


def megabytes(processes: list[Path]) -> float:
    """Sum up how much memory processes have right now."""
    pages = 0
    for process in processes:
        try:
            pages += int((process / "statm").read_text().split()[1])
        except OSError:
            continue  # it ended meanwhile
    return pages * 4096 / 1e6


def run(server: ScriptedServer, hostile: Hostile, topic: str) -> Cost:
    """Start the service, wait until every feed was polled once, and end it."""
    server.script |= {"/hostile": hostile.script, **hostile.more}
    good = [f"/good/{number}" for number in range(GOOD)]
    server.script |= {path: Answer(body=rss("entry 1", "entry 2", site=path[1:])) for path in good}
    feeds = "".join(f'[[feed]]\nurl = "{server.url(path)}"\n' for path in ["/hostile", *good])
    server.seen.clear()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.toml").write_text(topic + CONFIG.replace(":0", f":{port()}") + feeds)
        with subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", "--config", f"{folder}/config.toml"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as service:
            try:
                return watched(service, server, Path(folder))
            finally:
                service.terminate()


def watched(service: "subprocess.Popen[str]", server: ScriptedServer, folder: Path) -> Cost:
    """Look at a service until all is stored, or it ends by itself."""
    while not server.seen:
        if service.poll() is not None:
            assert service.stdout
            said = service.stdout.read().strip().replace(f"{folder}/", "")
            return Cost(0, 0, 0, 0, f"refused: {said}")
        time.sleep(0.01)
    start, peak, late = time.monotonic(), 0.0, 0.0
    store = open_store(f"sqlite:///{folder}/data/monitor.db")
    try:
        while True:
            tree = descendants(but=0, root=service.pid)
            peak = max(peak, megabytes(tree))
            now = time.monotonic() - start
            states = {state.feed_url: state for state in store.feed_states()}
            hostile = states[server.url("/hostile")]
            waiting = [url for url, state in states.items() if state.last_polled_at is None]
            if not late and not set(waiting) - {hostile.feed_url}:
                late = now
            if not waiting:
                return Cost(cpu_seconds(tree), peak, now, late, hostile.error)
            if now > 120:
                return Cost(cpu_seconds(tree), peak, now, late or now, "NEVER ENDED")
            time.sleep(0.02)
    finally:
        store.close()


def port() -> int:
    """Find a free port."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        number: int = one.getsockname()[1]
        return number


def main(word: str) -> None:
    """Measure every case and say which figure passes its bar."""
    cases = {name: (case, TOPIC) for name, case in {**LIGHT, **SILENT, **HEAVY}.items()}
    cases |= {name: (LONG, topic) for name, topic in TOPICS.items()}
    quiet = Hostile(Answer(body=rss("entry 3")), "")
    worst = dict.fromkeys(BARS, 0.0)
    with serve() as server:
        base = run(server, quiet, TOPIC)
        print(f"ten good feeds: {base.cpu:.1f} s CPU, {base.megabytes:.0f} MB, {base.wall:.1f} s")
        print(f"{'':30}" + "".join(f"{name:>8}" for name in BARS) + "  at the feed")
        print(f"{'bar':30}" + "".join(f"{bar:>8}" for bar in BARS.values()))
        for name, (hostile, topic) in cases.items():
            if word not in name:
                continue
            cost = run(server, hostile, topic)
            figures = (
                max(cost.cpu - base.cpu, 0),
                max(cost.megabytes - base.megabytes, 0),
                cost.wall,
                cost.late,
            )
            shown = "".join(
                f"{figure:>7.1f}{'!' if figure > bar else ' '}"
                for figure, bar in zip(figures, BARS.values(), strict=True)
            )
            print(f"{name:30}{shown}  {cost.said[:SHOWN] or 'read'}", flush=True)
            worst = {
                bar: max(most, figure)
                for (bar, most), figure in zip(worst.items(), figures, strict=True)
            }
    print(f"{'worst':30}" + "".join(f"{figure:>7.1f} " for figure in worst.values()))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
