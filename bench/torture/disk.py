"""A disk that fails at any operation, and one that loses what was not synced in a power cut.

Both lie below SQLite and Python: a library in C stands between them and the system (`disk.c`),
compiled at the first need.
"""

import shutil
import subprocess
from pathlib import Path
from random import Random

#: What a disk writes whole or not at all, if one is modest.
_SECTOR = 512


class Disk:
    """The folder with the service's data, as a disk that torture has in its hands."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._synced = data.with_name("synced")
        self._library = data.with_name("disk.so")
        self._broken = data.with_name(f"{data.name}.broken")
        self._hit = data.with_name(f"{data.name}.hit")

    def fails(self, first: int, error: int) -> dict[str, str]:
        """Let the first-th change and all later ones fail until it is mended.

        Returns what the service's environment must have for that.
        """
        self._broken.touch()
        self._hit.unlink(missing_ok=True)
        return {**self._environ(), "TORTURE_FAIL": f"{first}:{error}"}

    @property
    def failed(self) -> bool:
        """Whether anything failed since."""
        return self._hit.exists()

    def mend(self) -> None:
        """Let it work again."""
        self._broken.unlink(missing_ok=True)

    def remembers(self) -> dict[str, str]:
        """Note from now on what is safe: all that is there, and what is synced.

        Returns what the service's environment must have for that.
        """
        shutil.rmtree(self._synced, ignore_errors=True)
        self._synced.mkdir()
        for file in self._files():
            shutil.copy(file, self._synced)
        return {**self._environ(), "TORTURE_SYNCED": str(self._synced)}

    def lose_power(self, random: Random) -> None:
        """Leave what a power cut leaves, of a service that is dead.

        What was synced is there. What was written since may be lost, or be there, or in part.
        """
        for file in self._files():
            safe = self._synced / file.name
            before = safe.read_bytes() if safe.exists() else b""
            file.write_bytes(_remains(before, file.read_bytes(), random))
        # Memory that processes shared.
        for file in self._data.glob("*-shm"):
            file.unlink()

    def _files(self) -> list[Path]:
        """Give the database and its logs."""
        return [file for file in self._data.glob("monitor.db*") if file.suffix != ".lock"
                and not file.name.endswith("-shm")]  # fmt: skip

    def _environ(self) -> dict[str, str]:
        if not self._library.exists():
            source = Path(__file__).with_name("disk.c")
            command = [
                "cc",
                "-O1",
                "-shared",
                "-fPIC",
                str(source),
                "-o",
                str(self._library),
                "-ldl",
            ]
            subprocess.run(command, check=True)
        return {"LD_PRELOAD": str(self._library), "TORTURE_DISK": str(self._data)}


def _remains(before: bytes, after: bytes, random: Random) -> bytes:
    """Mix two states of a file, sector by sector."""
    share = random.choice((0, 1, random.random()))  # how much of what was written arrived
    size = len(after) if random.random() < share else min(len(before), len(after))
    mixed = bytearray()
    for at in range(0, size, _SECTOR):
        new = after[at : at + _SECTOR]
        old = before[at : at + _SECTOR].ljust(len(new), b"\0")
        mixed += new if random.random() < share else old
    return bytes(mixed[:size])
