"""How many articles the shipped topics read per second on this machine.

python -m bench.match [ARTICLES]    (20000 unless told otherwise)
"""

import random
import resource
import sys
import time

from bench.farm import BODY_CHARACTERS, text
from monitor.app import read_config, shipped_config
from monitor.matcher import Topics


def main(count: int) -> None:
    """Match generated articles of the usual length, three in ten of them Chinese."""
    chance = random.Random(1)
    articles = [(text(chance, 60), text(chance, BODY_CHARACTERS)) for _ in range(count)]
    topics = Topics(read_config(shipped_config()).topics)
    start = time.process_time()
    hits = sum(bool(topics.match_text(title, body)) for title, body in articles)
    seconds = time.process_time() - start
    print(
        f"{count:,} articles of {BODY_CHARACTERS:,} characters: "
        f"{count / seconds:,.0f} per CPU second, {hits:,} with a match"
    )
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
