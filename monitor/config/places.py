"""Where each key and value of a TOML text stands.

`tomllib` gives values without their places, and a message without a line sends its reader
searching. The text was already accepted by `tomllib` when it comes here, so this scanner only has
to find its way through valid TOML: one pass, each character looked at once or twice.
"""

import re
import tomllib
from bisect import bisect_left
from dataclasses import dataclass

#: Keys and, inside lists, positions from 0: ("topic", 2, "any", 0).
Path = tuple[str | int, ...]

_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(\.?)""")
_BLANKS = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SCALAR = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\]|\\.)*+"'
    r"|'[^']*+'"
    r"|[^,\]}#\n]++",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, and how it was written."""

    #: Counted from 1.
    line: int
    #: The value to the letter; "" for a table, whose line is the one of its header.
    source: str = ""
    #: The column in which the value begins, counted from 1; 0 for a table.
    column: int = 0

    def of_character(self, index: int) -> tuple[int, int]:
        """Give line and column, in the file, of one character of the text that the value is."""
        offsets = _offsets(self.source)
        before = self.source[: offsets[min(index, len(offsets) - 1)]]
        line, _, last = before.rpartition("\n")
        if not line and "\n" not in before:
            return self.line, self.column + len(before)
        return self.line + before.count("\n"), len(last) + 1


def places(text: str) -> dict[Path, Place]:
    """Find every key, value, list item and table of a valid TOML text."""
    return _Scanner(text).places


_PIECE = re.compile(r"\\[ \t]*\n\s*|\\u.{4}|\\U.{8}|\\.|.", re.DOTALL)


def _offsets(source: str) -> list[int]:
    """Give, for each character of a TOML string and its end, where it stands in its source."""
    fence = 3 if source[:3] in {'"""', "'''"} else 1
    start, end = fence, len(source) - fence
    if fence == 3 and source.startswith("\n", start):
        start += 1
    if source[0] == "'":
        return list(range(start, end + 1))
    return [
        piece.start()
        for piece in _PIECE.finditer(source, start, end)
        # A backslash at the end of a line joins it with the next: no character at all.
        if not re.match(r"\\[ \t]*\n", piece[0])
    ] + [end]


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: dict[Path, Place] = {}
        self._line_ends = [match.start() for match in re.finditer("\n", text)]
        #: How many tables each [[array]] has so far.
        self._counts: dict[Path, int] = {}
        self._document()

    def _document(self) -> None:
        table: Path = ()
        while self._skip_blanks() < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._assignment(table)

    def _header(self) -> Path:
        start, array = self.at, self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path: Path = ()
        keys = self._keys()
        for position, key in enumerate(keys):
            path = (*path, key)
            self._add(path, start)
            if array and position == len(keys) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
                self._add(path, start)
        self.at += 2 if array else 1
        return path

    def _assignment(self, table: Path) -> None:
        self._skip_blanks()
        start = self.at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._add(path, start)
        self.at += 1  # the equals sign
        self._value(path, self._line(start))

    def _value(self, path: Path, line: int | None = None) -> None:
        start = self._skip_blanks()
        opening = self.text[start]
        if opening == "[":
            self._items(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)
        source = self.text[start : self.at].rstrip()
        column = start - self.text.rfind("\n", 0, start)
        self.places[path] = Place(line or self._line(start), source, column)

    def _items(self, path: Path) -> None:
        self.at += 1
        position = 0
        while self.text[self._skip_blanks()] != "]":
            self._value((*path, position))
            position += 1
            self._skip_comma()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self.text[self._skip_blanks()] != "}":
            self._assignment(path)
            self._skip_comma()
        self.at += 1

    def _keys(self) -> list[str]:
        """Read a dotted key and stop before what follows it."""
        keys: list[str] = []
        more = True
        while more and (match := _KEY.match(self.text, self.at)):
            self.at = match.end()
            quoted = match[1][0] in "\"'"
            keys.append(tomllib.loads(f"key = {match[1]}")["key"] if quoted else match[1])
            more = bool(match[2])
        return keys

    def _skip_comma(self) -> None:
        if self.text[self._skip_blanks()] == ",":
            self.at += 1

    def _skip_blanks(self) -> int:
        return self._skip(_BLANKS)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _add(self, path: Path, start: int) -> None:
        self.places.setdefault(path, Place(self._line(start)))

    def _line(self, offset: int) -> int:
        return bisect_left(self._line_ends, offset) + 1
