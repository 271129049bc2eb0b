"""Notice a service that dies again and again, before it has asked every server at each start.

Each start is a line in a file, and an end as it should be takes the file away: what is left are the
starts that ended in a crash, a SIGKILL or a power cut.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

#: Starts longer ago are forgotten.
_REMEMBERED = timedelta(hours=1)
#: So many may end badly without a consequence: a person tries things out.
_FREE = 3
_FIRST_REST = timedelta(minutes=1)
_LONGEST_REST = timedelta(minutes=30)


class Starts:
    """The starts of a service that have not ended well."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, now: datetime) -> timedelta:
        """Note a start; say how long the service shall leave all servers alone first.

        After three bad ends within an hour it rests 1, 2, 4 … minutes, half an hour at most. Where
        nothing can be written nothing is remembered.
        """
        bad = [start for start in self._read() if timedelta(0) <= now - start < _REMEMBERED]
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lines = [f"{start.isoformat()}\n" for start in (*bad, now)]
            self._file.write_text("".join(lines), encoding="utf-8")
        if len(bad) < _FREE:
            return timedelta(0)
        return min(_FIRST_REST * (1 << min(len(bad) - _FREE, 16)), _LONGEST_REST)

    def ended_well(self) -> None:
        """Forget them."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _read(self) -> list[datetime]:
        try:
            return [
                datetime.fromisoformat(line)
                for line in self._file.read_text(encoding="utf-8").splitlines()
            ]
        except (OSError, ValueError):  # not there, or half of it was written
            return []
