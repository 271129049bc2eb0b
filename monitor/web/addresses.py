"""Addresses of the archive: what a reader asks for, as it stands in a link, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from monitor.archive import Question

#: What a page shows of a request would else bring its invisible characters along: controls become
#: blanks, and those that turn the direction of what follows them go.
_INVISIBLE: dict[int, str] = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ") | dict.fromkeys(
    (*range(0x202A, 0x202F), *range(0x2066, 0x206A)), ""
)

#: More than any part of a question may have: a page repeats it in each of its links.
_MOST_CHARS = 2_001

#: The names of a question's parts in an address.
_NAMES = {
    "query": "q",
    "topic": "topic",
    "feed": "feed",
    "source": "source",
    "lang": "lang",
    "label": "label",
    "mark": "mark",
    "first": "from",
    "last": "to",
    "after": "after",
}


def visible(given: str) -> str:
    """Take what cannot be seen out of a request's text."""
    return given.translate(_INVISIBLE)


def question(given: Mapping[str, str]) -> Question:
    """Read what is asked for out of an address's parameters or a form's fields."""
    asked = {field: visible(given.get(name, "")[:_MOST_CHARS]) for field, name in _NAMES.items()}
    return Question(everything=given.get("all", "") not in {"", "0"}, **asked)


def parts(asked: Question) -> list[tuple[str, str]]:
    """Give the parameters that `question` reads back."""
    given = [(name, getattr(asked, field)) for field, name in _NAMES.items()]
    given.append(("all", "1" if asked.everything else ""))
    return [(name, value) for name, value in given if value]


def address(asked: Question, more: Iterable[tuple[str, str]] = (), *, page: str = "/") -> str:
    """Give the address of a page that answers a question."""
    given = [*parts(asked), *more]
    return f"{page}?{urlencode(given)}" if given else page


class Links:
    """Addresses that differ from the present one in the parts named."""

    def __init__(self, asked: Question) -> None:
        self._asked = asked

    def __call__(self, *, page: str = "/", **changes: str | bool) -> str:
        """Give one; a changed filter begins with its newest article again."""
        return address(replace(self._asked, **{"after": "", **changes}), page=page)  # type: ignore[arg-type]  # templates name its fields
