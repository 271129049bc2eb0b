"""Walk every half-hour slot of 60 zones through two years, and say whether each date has one issue.

    python -m bench.slots [YEAR]

For each zone and each of the 48 half-hour times, the slots of two years are walked as the service
does: nothing may be due a moment before, exactly one issue at the moment, the local dates must
follow each other without a gap (but for dates that the zone itself skipped), and after 1 to 30 days
of downtime one issue must stand for all that was missed. Exits with 1 if anything is otherwise.
"""

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from monitor import slots
from monitor.config import DigestConfig

#: Half of them change their clocks in some way of their own; all of UTC-11 to UTC+14 is there.
ZONES = [
    "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Johannesburg", "Africa/Lagos",
    "Africa/Nairobi", "America/Adak", "America/Anchorage", "America/Argentina/Buenos_Aires",
    "America/Asuncion", "America/Bogota", "America/Caracas", "America/Chicago", "America/Denver",
    "America/Halifax", "America/Havana", "America/Lima", "America/Los_Angeles",
    "America/Mexico_City", "America/Miquelon", "America/New_York", "America/Nuuk",
    "America/Santiago", "America/Sao_Paulo", "America/Scoresbysund", "America/St_Johns",
    "America/Tijuana", "Antarctica/Troll", "Asia/Amman", "Asia/Beirut", "Asia/Calcutta",
    "Asia/Dhaka", "Asia/Dubai", "Asia/Gaza", "Asia/Hong_Kong", "Asia/Jerusalem", "Asia/Kathmandu",
    "Asia/Seoul", "Asia/Shanghai", "Asia/Taipei", "Asia/Tehran", "Asia/Tokyo", "Asia/Yangon",
    "Atlantic/Azores", "Australia/Adelaide", "Australia/Eucla", "Australia/Lord_Howe",
    "Australia/Sydney", "Europe/Berlin", "Europe/Chisinau", "Europe/Dublin", "Europe/Istanbul",
    "Europe/London", "Europe/Madrid", "Europe/Moscow", "Pacific/Apia", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Easter", "Pacific/Kiritimati",
]  # fmt: skip
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def walk(config: DigestConfig, zone: ZoneInfo, begin: datetime, end: datetime) -> tuple[int, int]:
    """Give how many issues two years have, and how many faults were found."""
    done, dates, dues, faults = begin, [], [], 0
    while (coming := slots.next_slot(config, zone, after=done)).due_at <= end:
        faults += slots.due_slots(config, zone, after=done, now=coming.due_at - MOMENT) != ()
        faults += slots.due_slots(config, zone, after=done, now=coming.due_at) != (coming,)
        dates.append(coming.local_date)
        dues.append(coming.due_at)
        done = coming.due_at
    expected = (end.astimezone(zone).date() - begin.astimezone(zone).date()).days
    faults += abs(len(dates) - expected) > 1
    faults += sum(later - date != DAY for date, later in pairwise(dates))
    for days in range(1, 31):  # beginning at ever other dates, so that all of the year is met
        at = days * len(dues) // 32
        back = dues[at] + days * DAY + DAY / 2
        missed = [
            missed_on for missed_on, due in zip(dates, dues, strict=True) if dues[at] < due <= back
        ]
        due = slots.due_slots(config, zone, after=dues[at], now=back)
        faults += [slot.local_date for slot in due] != missed[-1:]
    return len(dates), faults


def main() -> int:
    year = int(sys.argv[1]) if len(sys.argv) > 1 else 2025
    begin, end = (datetime(y, 1, 1, 12, tzinfo=UTC) for y in (year, year + 2))
    issues = faults = 0
    for name in ZONES:
        zone, bad = ZoneInfo(name), 0
        for half_hour in range(48):
            at = f"{half_hour // 2:02}:{half_hour % 2 * 30:02}"
            made, wrong = walk(DigestConfig(name="daily", at=at), zone, begin, end)
            issues += made
            bad += wrong
        if bad:
            print(f"{name}: {bad} faults")
        faults += bad
    print(
        f"{len(ZONES)} zones x 48 half-hour slots x {year} and {year + 1}: {issues:,} issues, each "
        f"local date once, {len(ZONES) * 48 * 30:,} pauses of 1 to 30 days; {faults} faults"
    )
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
