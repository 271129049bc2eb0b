"""Dates of feeds: right, or none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.parse.dates import default_zone, parse_date

#: What all of these mean.
MOMENT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 20 Nov 2026 08:30:00 GMT",
        "Fri,20 Nov 2026 08:30:00 +0000",
        "20 Nov 26 08:30 Z",
        "Fri, 20 Nov 2026 03:30:00 EST",
        "Fri, 20 Nov 2026 09:30:00 CET",
        "Fri, 20 Nov 2026 17:30:00 JST",
        "Fri, 20 Nov 2026 14:00:00 +0530",
        "Fri, 20 Nov 2026 16:30:00 GMT+0800 (China Standard Time)",
        "20 de noviembre de 2026 08:30",
        "ven., 20 nov. 2026 09:30:00 +0100",
        "пт, 20 ноя 2026 11:30:00 +0300",
        "周五, 20 十一月 2026 16:30:00 +0800",
        "Fri, 20 11月 2026 16:30:00 +0800",
        "2026-11-20T08:30:00Z",
        "2026-11-20T08:30:00.000+0000",
        "2026-11-20T16:30:00+08:00",
        "2026-11-20 08:30:00 UTC",
        "2026-11-20 08:30",
        "2026/11/20 08:30",
        "2026-11-20 16:30 Asia/Shanghai",
        "20261120T083000Z",
        "2026年11月20日 16:30",
        "2026年11月20日（星期五） 下午4:30",
        "2026年11月20日16时30分",
        "2026年11月20日 下午4時30分0秒",
        "2026년 11월 20일 오후 5:30",
        "2026년 11월 20일 17시 30분",
        "Nov 20, 2026 3:30 am EST",
        "November 20, 2026 08:30",
        "Fri Nov 20 08:30:00 UTC 2026",
        "1795163400",
        "1795163400000",
    ],
)
def test_a_date_is_understood(text: str) -> None:
    assert parse_date(f" {text}\n") == MOMENT


@pytest.mark.parametrize("text", ["2026-11-20", "20 November 2026", "20261120", "Nov. 20, 2026"])
def test_a_day_is_understood(text: str) -> None:
    assert parse_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "1970-01-01T00:00:00Z",
        "2026-13-40",
        "Fri, 31 Feb 2026 08:30:00 GMT",
        "Fri, 20 Nov 2026 25:00:00 GMT",
        "Fri, 20 Nov 2026 08:30:00 +9999",
        "2026-11-20 08:30 XYZ",
        "2026-11-20 08:30 Mars/Olympus",
        "11/12/2026 08:30",
        "2026-11",
        "9999-12-31T23:59:59Z",
        "9" * 500,
    ],
)
def test_what_is_not_understood_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "lang", "hour"),
    [
        pytest.param("2026-11-20 16:30", "zh-CN", 8, id="a Chinese feed means Beijing"),
        pytest.param("Fri, 20 Nov 2026 16:30:00 CST", "zh", 8, id="CST is China's there"),
        pytest.param("Fri, 20 Nov 2026 16:30:00 CST", "en", 22, id="and Chicago's elsewhere"),
        pytest.param("2026-11-20 16:30", "ja", 7, id="a Japanese feed means Tokyo"),
        pytest.param("2026-11-20 16:30", "de", 16, id="others tell, or mean UTC"),
        pytest.param("2026-11-20 16:30", None, 16, id="nothing known"),
    ],
)
def test_the_zone_of_a_date_without_one(text: str, lang: str | None, hour: int) -> None:
    assert parse_date(text, default_zone(lang)) == datetime(2026, 11, 20, hour, 30, tzinfo=UTC)


@given(st.text(max_size=150) | st.from_regex(r"[0-9T:+\-/. 年月日]{1,30}"))
def test_any_text_is_a_sane_date_or_none(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or (moment.tzinfo is UTC and 1970 < moment.year < 2101)
