"""A service that dies again and again leaves the servers alone for longer and longer."""

from datetime import timedelta
from pathlib import Path

from monitor.starts import Starts
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


def test_the_rest_grows_with_each_bad_end(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "data" / "starts")
    now = NOW
    rests = []
    for _ in range(10):
        rests.append(starts.begin(now) // MINUTE)
        now += timedelta(seconds=5)
    assert rests == [0, 0, 0, 1, 2, 4, 8, 16, 30, 30]


def test_a_good_end_forgets_them(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    for _ in range(6):
        starts.begin(NOW)
    starts.ended_well()
    assert not starts.begin(NOW)


def test_an_hour_forgets_them_and_so_does_a_clock_that_was_set_back(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    for _ in range(6):
        starts.begin(NOW)
    assert not starts.begin(NOW + timedelta(hours=1))
    assert not starts.begin(NOW - MINUTE)


def test_where_nothing_can_be_remembered_nothing_rests(tmp_path: Path) -> None:
    (tmp_path / "starts").mkdir()
    for _ in range(6):
        assert not Starts(tmp_path / "starts").begin(NOW)
    (tmp_path / "half").write_text("2026-03-1", encoding="utf-8")
    assert not Starts(tmp_path / "half").begin(NOW)
