"""The errors of News Monitor, split by what the person does next.

    MonitorError
    ├── ConfigError     edit the configuration; carries every problem at once
    ├── QueryError      edit a query; carries the span of the fault
    ├── StoreError      look at the database: locked, unreachable, full, of a newer version
    ├── RenderError     edit a template; the built-in one is used meanwhile
    ├── BusyError       another service already works on this database
    └── ClosedError     nothing: the monitor is ending, and what was under way is done next time

An everyday outcome (a feed that times out, a mail server that says "later") is a value, no error.
"""

import unicodedata
from dataclasses import dataclass

#: Columns of a query that are shown on each side of its fault: a line of a narrow terminal, which
#: would break a longer one and put the mark below other words.
_AROUND = 30


class MonitorError(Exception):
    """What a command prints as one plain sentence; it then exits with 1 (a ConfigError: 2)."""


def underlined(text: str, span: tuple[int, int]) -> tuple[str, str]:
    """Give a text, cut to what is around its fault, and the line of marks that goes below it."""
    start, end = span
    first, last = max(0, start - _AROUND), end + _AROUND
    before = ("…" if first else "") + text[first:start]
    after = text[end:last] + ("…" if last < len(text) else "")
    marks = " " * _columns(before) + "^" * max(1, _columns(text[start:end]))
    return before + text[start:end] + after, marks


def _columns(text: str) -> int:
    """Count the columns that a terminal gives a text: two for 可, none for an accent by itself."""
    return sum(
        0
        if unicodedata.category(char) in {"Mn", "Me", "Cf"}
        else 1 + (unicodedata.east_asian_width(char) in {"W", "F"})
        for char in text
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in a configuration: where it is, what stands there, what to write instead."""

    #: The line in the file, counted from 1; 0 when it concerns no single line.
    line: int
    #: Where in words a reader knows: 'topic "Kling", any' or 'fetch.floor'.
    place: str
    message: str
    #: A query's text, to be printed with the fault underlined; empty for all other problems.
    excerpt: str = ""
    #: Start and end of the fault within the excerpt, in characters.
    span: tuple[int, int] = (0, 0)
    #: The column of the line in which a query's fault begins, counted from 1; 0 where none is told.
    column: int = 0

    def told(self, path: str) -> str:
        """Give the lines that tell it: where, what, and the query with its fault underlined."""
        line = f":{self.line}" if self.line else ""
        column = f":{self.column}" if self.column else ""
        lines = [f"{path}{line}{column}: {self.place}: {self.message}"]
        if self.excerpt:
            lines += [f"    {shown}" for shown in underlined(self.excerpt, self.span)]
        return "\n".join(lines)


class ConfigError(MonitorError):
    """The configuration cannot be used. `problems` has every fault of the file, in its order."""

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(problem.told(path) for problem in problems))


class QueryError(MonitorError):
    """A query that cannot be understood. `span` underlines the fault in `text`, in characters."""

    def __init__(self, message: str, *, text: str, span: tuple[int, int]) -> None:
        self.message = message
        self.text = text
        self.span = span
        super().__init__(message)


class StoreError(MonitorError):
    """The database did not do what was asked; nothing of the step was kept."""


class RenderError(MonitorError):
    """A template that cannot be used, named with its line and its fault."""


class BusyError(MonitorError):
    """Another service holds this database; two would poll and mail the same things twice."""


class ClosedError(MonitorError):
    """A part was closed while it was asked: no outcome, and nothing to be recorded as one."""
