"""What the workers of test_workers.py are given to do: each name says what happens."""

import os
import signal
import struct
import sys
import time


def give_back(value: object) -> object:
    return value


def count_bytes(value: bytes) -> int:
    return len(value)


def die_at_every_tenth(number: int) -> int:
    if number % 10 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def answer_by_half(*, then_hang: bool) -> None:
    os.write(int(sys.argv[1]), struct.pack("!i", 1000) + b"half")
    if then_hang:
        time.sleep(1000)
    os._exit(1)


def die_in_the_middle_of_an_answer() -> None:
    answer_by_half(then_hang=False)


def hang_in_the_middle_of_an_answer() -> None:
    answer_by_half(then_hang=True)


def compute_for_ever() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(1000)


def fill_memory() -> int:
    return len(bytes(1 << 40))


def fail(word: str) -> None:
    raise ValueError(word)
