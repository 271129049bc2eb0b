"""When the service may compose what is due."""

from datetime import timedelta

import pytest

from monitor.scheduler import Attention
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=15)


@pytest.mark.parametrize(
    ("rounds", "silence", "asked_at", "expected"),
    [
        pytest.param([], None, 1, False, id="just started, nothing polled yet"),
        pytest.param([1], None, 2, True, id="the first round is done"),
        pytest.param([], None, 11, True, id="a first round that never ends is not waited for"),
        pytest.param([1], (5, 600), 600, False, id="woken, the morning's news is not read yet"),
        pytest.param([1, 601], (5, 600), 602, True, id="woken, and read"),
        pytest.param([1], (5, 600), 611, True, id="woken, but feeds keep us waiting"),
    ],
)
def test_a_digest_waits_for_the_news(
    rounds: list[int], silence: tuple[int, int] | None, asked_at: int, expected: bool
) -> None:
    attention = Attention(NOW)
    answer = False
    now = NOW
    while now < NOW + asked_at * MINUTE:
        now += TICK
        if silence and NOW + silence[0] * MINUTE < now < NOW + silence[1] * MINUTE:
            continue  # the machine sleeps
        if now in [NOW + minute * MINUTE for minute in rounds]:
            attention.round_ended(now)
        answer = attention.looked_around(now)
    assert answer is expected
