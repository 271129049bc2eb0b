"""Has a feed gone quiet, measured against its own rhythm.

A feed that answers but publishes nothing any more looks well and is lost all the same: it moved, or
its site stopped filling it. What is long depends on the feed, so its own past decides:

    quiet  when silent for more than  max(7 days, 5 × a long pause of its own)

Seven days, because newsrooms pause over a holiday (the Spring Festival, the days around New Year).
A long pause is the 90th percentile of the last 20 pauses: a single summer break does not count, but
the nights and weekends of a feed that has many of them do. Five of them, because a weekly blog that
skips a month is nothing to report. A weekly blog is quiet after 35 days, a newspaper after 7.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

#: Publication times, newest first, beyond which nothing here looks.
TIMES_CONSIDERED = 100
#: Nothing shorter is silence.
LEAST = timedelta(days=7)

_PAUSES = 20
#: With fewer pauses there is no rhythm yet.
_FEWEST_PAUSES = 4
_FACTOR = 5

_WEEK = timedelta(days=7)
_RECENT = timedelta(weeks=4)
_HOUR_SECONDS = 3600


def quiet_for(times: Collection[datetime], seen_until: datetime) -> timedelta | None:
    """Say for how long a feed has been silent, if that is longer than its rhythm explains.

    Args:
        times: When its latest items were published, in any order; twenty or more are best.
        seen_until: When it was last read: what came after that nobody knows.

    Returns:
        Its silence; None for a feed in its rhythm, or with too short a past to have one.
    """
    # Items of one hour are one publication: a move to a new site brings a hundred at once.
    hours = sorted({int(time.timestamp()) // _HOUR_SECONDS for time in times})
    pauses = [b - a for a, b in pairwise(hours)][-_PAUSES:]
    if len(pauses) < _FEWEST_PAUSES:
        return None
    silence = seen_until - max(times)
    long_pause = timedelta(hours=sorted(pauses)[(len(pauses) * 9 - 1) // 10])
    return silence if silence > max(LEAST, _FACTOR * long_pause) else None


def items_a_week(times: Sequence[datetime], now: datetime) -> float:
    """Give how many items a feed brings in a week, from its latest ones.

    Counted are the last four weeks; less where the times do not reach back so far, since older
    items may have been left out.
    """
    if not times:
        return 0.0
    past = min(now - min(times), _RECENT)
    recent = sum(1 for time in times if time >= now - _RECENT)
    return recent / max(past / _WEEK, 1 / 7)
