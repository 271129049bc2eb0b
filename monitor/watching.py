"""Notices that the configuration file was changed and is whole again.

The file is looked at, twice a second: unlike the system's notifications this works for a file that
an editor replaces, that a link leads to, that a container mounts or that lies on a network drive.
"""

from datetime import timedelta
from pathlib import Path

#: Between two looks; a change is taken up when two looks see the same.
LOOK = timedelta(milliseconds=400)

#: Size, times, and which file it is; None for no file.
_Signature = tuple[int, int, int, int] | None


class Watched:
    """A file, and another one that is touched to have the first one read again."""

    def __init__(self, file: Path, request: Path) -> None:
        """Take the files as they are: what is there is known already."""
        self._file, self._request = file, request
        self._known = self._seen = _signature(file)
        self._asked = _signature(request)

    def was_asked(self) -> bool:
        """Tell once of each request."""
        before, self._asked = self._asked, _signature(self._request)
        return self._asked not in {None, before}

    def has_changed(self) -> bool:
        """Tell once of each change, when the file has come to rest."""
        before, self._seen = self._seen, _signature(self._file)
        if self._seen != before or self._seen == self._known:
            return False
        self._known = self._seen
        return True


def request_file(data: Path) -> Path:
    """Give the file that `monitor reload` touches."""
    return data / "reload"


def _signature(path: Path) -> _Signature:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino
