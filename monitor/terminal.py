"""A progress bar on a terminal, and nothing at all where nobody watches."""

import sys
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar


class Progress:
    """Call it with how many of how many feeds are done, from any thread.

    The bar is there from the first call of a round to its last, so that whatever is printed before
    and after stands on lines of its own.
    """

    def __init__(self) -> None:
        self._watched = sys.stderr.isatty()
        self._bar: tuple[Bar, TaskID] | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._close()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` feeds have been dealt with."""
        if not self._watched:
            return
        with self._lock:
            if done < total:
                bar, task = self._bar or self._open()
                bar.update(task, completed=done, total=total)
            else:
                self._close()

    def _open(self) -> tuple[Bar, TaskID]:
        bar = Bar(
            TextColumn("reading"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TextColumn("feeds"),
            console=Console(stderr=True),
            transient=True,
        )
        bar.start()
        self._bar = (bar, bar.add_task("reading", total=None))
        return self._bar

    def _close(self) -> None:
        if self._bar:
            self._bar[0].stop()
            self._bar = None
