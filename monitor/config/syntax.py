"""From bytes to text and from text to plain data, or to one fault in plain words."""

import re
import tomllib
from typing import Any

from monitor.errors import ConfigError, Problem

#: Longer texts are refused before they are parsed: a list of 10,000 feeds has a tenth of it.
MAX_CHARACTERS = 2_000_000

#: Keys such as a.b.c with a hundred parts: `tomllib` needs minutes for one with 100,000.
_DEEP_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){100}")
_TOO_DEEP = "has lists, braces or names inside each other too deeply; write them flat"


def decode(raw: bytes, *, path: str = "config.toml") -> str:
    """Read a file's bytes as UTF-8, with or without a byte order mark.

    Raises ConfigError with the line of the first byte that is not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = "this is not UTF-8 text; save the file with the encoding UTF-8"
        raise ConfigError(
            path, (Problem(line=line, place="this file", message=message),)
        ) from error


#: How `tomllib` begins its messages, and the same in words for a reader who does not know TOML.
_SYNTAX = {
    "Cannot overwrite a value": "this key is written twice in its table; keep one of the two lines",
    "Cannot declare": "this table is there twice; keep one of the two headers",
    "Cannot mutate": "this key belongs to a table that was already finished further up",
    "Cannot redefine": "this key belongs to a table that was already finished further up",
    "Duplicate inline table key": "this key is written twice between the braces",
    "Expected '='": "here a line must read: key = value",
    "Expected ']": 'a header must end in "]", or in "]]" if it begins with "[["',
    "Expected newline": "the line must end after the value; a text needs quotation marks around it",
    "Found invalid character": "here is a character that may not stand in a key",
    "Illegal character": "the line ends, or has an invisible character, where the text goes on;"
    " close the text with a quotation mark",
    "Invalid date": "this is no date; a text needs quotation marks around it",
    "Invalid initial character": "here a key is missing, or it needs quotation marks",
    "Invalid statement": "here a line must read: key = value",
    "Invalid value": 'this is no value; a text needs quotation marks around it, such as "07:30"',
    "Unclosed array": 'a list is never closed; put commas between its items and "]" at its end',
    "Unclosed inline table": 'braces are never closed; put "}" at the end',
    "Unescaped": 'a "\\" in a text must be doubled, or use single quotation marks',
    "Unterminated string": "a text is never closed; put a quotation mark at its end",
}


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """Read TOML; raises ConfigError with the place of the first fault, in plain words."""
    if len(text) > MAX_CHARACTERS:
        message = f"is longer than {MAX_CHARACTERS:,} characters; is this the right file?"
        raise ConfigError(path, (Problem(line=0, place="this file", message=message),))
    if _DEEP_KEY.search(text):
        raise ConfigError(path, (Problem(line=0, place="this file", message=_TOO_DEEP),))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        problem = Problem(line=0, place="this file", message=_TOO_DEEP)
        raise ConfigError(path, (problem,)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, (_syntax_problem(str(error), text),)) from error
    except ValueError as error:  # Python's limit for the digits of a number
        message = "has a number of more than 4,000 digits"
        raise ConfigError(path, (Problem(line=0, place="this file", message=message),)) from error


#: What word processors and phones make of a straight quotation mark.
_CURLY = "“”„‟«»‘’‚‛＂「」"
_HEADER = re.compile(r"\s*\[\[?[A-Za-z_]+\]")


def _meant(said: str, line: str, column: int) -> str:
    """Guess what a person meant where TOML only sees a wrong character; "" if nothing is near."""
    if line[column - 1 : column] in tuple(_CURLY):
        return 'this quotation mark is not a straight one; write " before and after a text'
    # Inside a list, TOML takes a header for a list within it.
    if said.startswith(("Invalid value", "Unclosed array")) and _HEADER.match(line):
        return 'the list above this line is never closed; put "]" at its end'
    return ""


def _syntax_problem(message: str, text: str) -> Problem:
    where = re.search(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$", message)
    said = message[: where.start()] if where else message
    plain = next((words for start, words in _SYNTAX.items() if said.startswith(start)), said)
    if where and where[1]:
        line, column = int(where[1]), int(where[2])
        plain = _meant(said, text.split("\n")[line - 1], column) or plain
        return Problem(line=line, place=f"column {column}", message=plain)
    return Problem(line=text.rstrip().count("\n") + 1, place="at the end", message=plain)
