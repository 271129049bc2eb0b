"""Dates as feeds write them. What is not understood is None, never a guess."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

# News outside of this is a zero date (0001-01-01, 1970-01-01) or nonsense.
_YEARS = range(1971, 2100)

# By the first three or four letters, in the languages whose feeds write them out.
_MONTH_NAMES = """
    jan ene gen янв | feb fev fév фев | mar mär mrz мар | apr abr avr апр | may mai mag maj мая май
    | jun juin giu июн | jul juil lug июл | aug ago aoû авг | sep set сен | oct out ott okt окт
    | nov ноя | dec dic déc dez дек
"""
_MONTHS = {
    name: number
    for number, names in enumerate(_MONTH_NAMES.split("|"), start=1)
    for name in names.split()
}
_CHINESE_MONTHS = {
    name + "月": number
    for number, name in enumerate(
        ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], start=1
    )
}
# Minutes east of UTC. CST is left to `_named_zone`: it is a different one in China.
_ZONES = {
    "utc": 0, "gmt": 0, "ut": 0, "z": 0, "wet": 0, "bst": 60, "west": 60,
    "cet": 60, "cest": 120, "met": 60, "mest": 120, "mez": 60, "mesz": 120,
    "eet": 120, "eest": 180, "sast": 120, "msk": 180, "pkt": 300, "ist": 330,
    "ict": 420, "wib": 420, "hkt": 480, "sgt": 480, "pht": 480, "awst": 480, "jst": 540, "kst": 540,
    "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780,
    "brt": -180, "art": -180, "nst": -210, "ndt": -150, "ast": -240, "adt": -180,
    "est": -300, "edt": -240, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "akst": -540, "akdt": -480, "hst": -600,
}  # fmt: skip
_CHINA = timezone(timedelta(hours=8))
_KOREA_JAPAN = timezone(timedelta(hours=9))

_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
_HALF = r"(?P<half>上午|下午|오전|오후|午前|午後|[ap]\.?m\.?)"
_ZONE = r"(?P<zone>.{0,60})"
_WEEKDAY = r"(?:[^\d\s,]{1,20},?\s+|[^\d\s,]{1,20},)?"
# Never the half of the day, which stands right behind it.
_EAST_ASIAN_WEEKDAY = (
    r"(?:\s*[(（]?[周星月火水木金土日월화수목금토일][^\d\s上下午前後오전후]{0,4})?"
)
_MONTH = r"(?P<month>[^\W\d_]{3,12}|十?[一二三四五六七八九十]月|\d{1,2}月)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.VERBOSE)
    for form in (
        # 2026-11-20T08:30:00+08:00, 2026/11/20 08:30, 2026年11月20日 上午8:30
        rf"""(?P<year>\d{{4}})(?:[-/.]|(?P<asian>\s*[年년]))
        \s*(?P<number>\d{{1,2}})(?:[-/.]|\s*[月월])
        \s*(?P<day>\d{{1,2}})\s*[日일]?{_EAST_ASIAN_WEEKDAY}
        (?:[T\s]*{_HALF}?\s*{_CLOCK}\s*{_ZONE})?""",
        # 20261120T083000Z
        r"""(?P<year>\d{4})(?P<number>\d{2})(?P<day>\d{2})
        (?:T(?P<hour>\d{2}):?(?P<minute>\d{2}):?(?P<second>\d{2})?(?P<zone>.{0,10}))?""",
        # Fri, 20 Nov 2026 08:30:00 +0100; 20 de noviembre de 2026
        rf"""{_WEEKDAY}(?P<day>\d{{1,2}})[\s.-]+(?:de\s+)?{_MONTH}[\s.,-]+(?:de\s+)?
        (?P<year>\d{{4}}|\d{{2}}),?(?:\s+{_CLOCK}\s*{_HALF}?\s*{_ZONE})?""",
        # Nov 20, 2026 8:30 am EST
        rf"""{_WEEKDAY}(?P<month>[^\W\d_]{{3,12}})\.?\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}),?
        (?:\s+(?:at\s+)?{_CLOCK}\s*{_HALF}?\s*{_ZONE})?""",
        # Fri Nov 20 08:30:00 UTC 2026
        rf"""[a-z]{{3}}\s+(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+
        (?:(?P<zone>[A-Z0-9+-]{{1,6}})\s+)?(?P<year>\d{{4}})""",
    )
)
_SPELLED_CLOCK = re.compile(
    r"(\d{1,2})\s*[时時点點시]\s*(\d{1,2})\s*[分분](?:\s*(\d{1,2})\s*[秒초])?"
)
_TIMESTAMP = re.compile(r"\d{9,10}(?:\d{3})?")
_OFFSET = re.compile(r"(?:GMT|UTC)?\s*([+-])\s*(\d{1,2}):?(\d{2})?(?!\d)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"\(?([A-Za-z]{1,5})\)?(?![\w/])")
_ZONE_PATH = re.compile(r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_]+){1,2}")


def default_zone(lang: str | None) -> tzinfo:
    """Choose the zone of dates that state none, by the feed's language where that tells it."""
    primary = (lang or "").lower().replace("_", "-").split("-")[0]
    if primary in {"zh", "cn"}:
        return _CHINA
    return _KOREA_JAPAN if primary in {"ja", "ko"} else UTC


def parse_date(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Read a date of a feed.

    Args:
        text: As the feed states it: RFC 822, ISO 8601, their variants, Chinese, a Unix timestamp.
        zone: Where the clock hangs that the feed means when it names no zone.

    Returns:
        An aware datetime in UTC; None for no date, an unknown zone, an absurd year.
    """
    text = text.strip()
    if len(text) > 120:
        return None
    if _TIMESTAMP.fullmatch(text):
        return _sane(datetime.fromtimestamp(int(text[:10] if len(text) > 10 else text), UTC))
    text = _SPELLED_CLOCK.sub(_with_colons, text)
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _build(match.groupdict(), zone)
    return None


def _with_colons(clock: re.Match[str]) -> str:
    return ":".join(number.zfill(2) for number in clock.groups() if number)


def _build(parts: dict[str, str | None], zone: tzinfo) -> datetime | None:
    month = int(parts["number"] or 0) if "number" in parts else _month(parts["month"] or "")
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900
    if zone is UTC and (asian := (parts.get("asian") or "").strip()):
        zone = _CHINA if asian == "年" else _KOREA_JAPAN
    found = _zone((parts["zone"] or "").strip(), zone)
    if found is None:
        return None
    try:
        return _sane(
            datetime(
                year,
                month,
                int(parts["day"] or 0),
                _hour(int(parts["hour"] or 0), parts.get("half")),
                int(parts["minute"] or 0),
                min(int(parts["second"] or 0), 59),  # a leap second
                tzinfo=found,
            ).astimezone(UTC)
        )
    except (ValueError, OverflowError):
        return None


def _sane(moment: datetime) -> datetime | None:
    return moment if moment.year in _YEARS else None


def _month(name: str) -> int:
    name = name.lower()
    if name.endswith("月"):
        return int(name[:-1]) if name[:-1].isdecimal() else _CHINESE_MONTHS.get(name, 0)
    return _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if half.lower().startswith("p") or half in {"下午", "오후", "午後"}:
        return hour + 12 if hour < 12 else hour
    return 0 if hour == 12 else hour


def _zone(text: str, default: tzinfo) -> tzinfo | None:
    if not text:
        return default
    if match := _OFFSET.match(text):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        # No place on earth is further away from Greenwich.
        east = timedelta(minutes=-minutes if match[1] == "-" else minutes)
        return timezone(east) if minutes <= 15 * 60 else None
    if match := _ZONE_NAME.match(text):
        return _named_zone(match[1].lower(), default)
    try:
        return ZoneInfo(text) if _ZONE_PATH.fullmatch(text) else None
    except (KeyError, ValueError, OSError):
        return None


def _named_zone(name: str, default: tzinfo) -> tzinfo | None:
    if name == "cst":
        return _CHINA if default is _CHINA else timezone(timedelta(hours=-6))
    minutes = _ZONES.get(name)
    return None if minutes is None else timezone(timedelta(minutes=minutes))
