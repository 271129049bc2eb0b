"""From the text of config.toml to a `Config`, or to every fault in it at once."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from monitor.config.checks import SecretError, one_or_more
from monitor.config.models import (
    LISTS,
    TABLES,
    ArchiveConfig,
    Config,
    DigestConfig,
    FeedConfig,
    FetchConfig,
    MailConfig,
    ReloadConfig,
    StoriesConfig,
    Table,
    TopicConfig,
    TopKeys,
    WebConfig,
    keys,
)
from monitor.config.places import Path, Place, places
from monitor.config.syntax import parse_toml
from monitor.config.words import did_you_mean, nearest, quoted
from monitor.errors import ConfigError, Problem, QueryError
from monitor.query import Doubt, TopicQuery, compile_topic, wanted_terms, words_of_term
from monitor.query import read as parse

#: What to write for a key that may not be missing.
_EXAMPLES = {
    "id": 'id = "my-topic"',
    "url": 'url = "https://example.com/feed/"',
    "name": 'name = "daily"',
    "from": 'from = "News Monitor <me@example.com>"',
    "host": 'host = "smtp.example.com"',
}


def load(text: str, *, path: str = "config.toml", machine_zone: str = "UTC") -> Config:
    """Read the text of a configuration.

    Args:
        text: The whole file.
        path: Its name, as messages show it.
        machine_zone: The zone for a configuration that names none, such as "Europe/Madrid".

    Raises ConfigError with every problem, in the order of the file.
    """
    data = parse_toml(text.removeprefix("\ufeff"), path)
    reading = _Reading(data, places(text.removeprefix("\ufeff").replace("\r\n", "\n")))
    config = reading.config(text=text, machine_zone=machine_zone)
    if problems := sorted(reading.problems, key=lambda problem: problem.line):
        raise ConfigError(path, tuple(problems))
    return config


def locator(config: Config) -> Callable[[Path, Doubt | str], Problem]:
    """Give what says where in a configuration's file something is the matter.

    The path is the one of a table, a key or an item. A doubt with a text points into an item.
    """
    text = config.text.removeprefix("\ufeff")
    reading = _Reading(parse_toml(text, ""), places(text.replace("\r\n", "\n")))
    return reading.doubt


#: The keys of a topic that hold queries, and all that say what it wants.
_QUERIES = ("near", "any", "all", "none", "query")
_WISHES = (*_QUERIES, "languages", "sources")

_M = TypeVar("_M", bound=Table)

#: What stands for a needed key that is faulty or missing while the others are looked at.
_STAND_INS = {
    "id": "x",
    "url": "https://example.com/",
    "name": "x",
    "from": "x@example.com",
    "host": "example.com",
}


@dataclass(frozen=True, slots=True)
class _Read(Generic[_M]):
    """A table as far as it could be read."""

    values: _M
    #: Keys that are faulty, missing or misspelled; what `values` has for them means nothing.
    bad: frozenset[str] = frozenset()

    def good(self, *names: str) -> bool:
        """Whether a rule may look at these keys: else it would name the same fault twice."""
        return self.bad.isdisjoint(names)


class _Reading:
    """One pass over a parsed file, table by table, so that one fault does not hide another."""

    def __init__(self, data: Mapping[str, Any], found: Mapping[Path, Place]) -> None:
        self.data = data
        self.places = found
        self.problems: list[Problem] = []
        self.doubts: list[Problem] = []
        #: The values of which something was said already.
        self._faulty: set[Path] = set()

    def config(self, *, text: str, machine_zone: str) -> Config:
        top = {key: value for key, value in self.data.items() if key not in {*LISTS, *TABLES}}
        basics = self._model(TopKeys, top, ()).values
        topics = self._list(TopicConfig, "topic")
        feeds = self._list(FeedConfig, "feed")
        digests = self._list(DigestConfig, "digest")
        fetch = self._table(FetchConfig, "fetch")
        mail = self._table(MailConfig, "mail")
        web, archive = self._table(WebConfig, "web"), self._table(ArchiveConfig, "archive")
        stories = self._table(StoriesConfig, "stories")
        reload = self._table(ReloadConfig, "reload")
        for row, topic in topics.items():
            self._check_topic(row, topic)
        self._check_feeds(feeds, fetch if "fetch" in self.data else _Read(FetchConfig()))
        self._check_digests(digests)
        self._check_unique("topic", "id")
        self._check_unique("digest", "name")
        if fetch:
            self._check_pace(fetch)
        if mail:
            self._check_mail(mail)
        if web:
            self._check_web(web)
        return Config(
            database=basics.database,
            timezone=basics.timezone,
            topics=tuple(topic.values for topic in topics.values()),
            feeds=tuple(feed.values for feed in feeds.values()),
            digests=tuple(digest.values for digest in digests.values()),
            fetch=fetch.values if fetch else FetchConfig(),
            mail=mail.values if mail else None,
            web=web.values if web else WebConfig(),
            archive=archive.values if archive else ArchiveConfig(),
            stories=stories.values if stories else StoriesConfig(),
            reload=reload.values if reload else ReloadConfig(),
            text=text,
            machine_zone=machine_zone,
            doubts=tuple(sorted(self.doubts, key=lambda doubt: doubt.line)),
        )

    # tables

    def _list(self, model: type[_M], name: str) -> dict[int, _Read[_M]]:
        """Read [[name]] tables, by their position."""
        rows = self.data.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._add((name,), f"write this table with two brackets: [[{name}]]")
            return {}
        return {row: self._model(model, value, (name, row)) for row, value in enumerate(rows)}

    def _table(self, model: type[_M], name: str) -> _Read[_M] | None:
        """Read the [name] table; None if it is absent or no table."""
        if name not in self.data:
            return None
        value = self.data[name]
        if not isinstance(value, dict):
            self._add((name,), f"write this table once, with single brackets: [{name}]")
            return None
        return self._model(model, value, (name,))

    def _model(self, model: type[_M], value: Mapping[str, Any], path: Path) -> _Read[_M]:
        known = keys(model)
        meant = set()
        for key in value:
            if key not in known:
                message = _unknown_key(key, model, is_table=_is_table(value[key]))
                self._add((*path, key), message, place=self._place(path))
                meant.add(nearest(key, [name for name in known if name not in value]))
        given = {key: value[key] for key in value if key in known}
        try:
            return _Read(model.model_validate(given), frozenset(meant))
        except ValidationError as error:
            faults = error.errors(include_url=False)
        for fault in faults:
            where = (*path, *fault["loc"])
            self._faulty.add(where)
            if fault["type"] != "missing" or where[-1] not in meant:
                self._model_fault(where, path, fault)
        bad = {str(fault["loc"][0]) for fault in faults}
        usable = {key: given[key] for key in given.keys() - bad}
        stand_ins = {key: _STAND_INS[key] for key in bad & _STAND_INS.keys() if key in known}
        return _Read(model.model_validate(stand_ins | usable), frozenset(meant | bad))

    def _model_fault(self, where: Path, table: Path, fault: Mapping[str, Any]) -> None:
        if fault["type"] == "missing":
            key = str(where[-1])
            self._add(table, f"{key} is missing; add a line such as {_EXAMPLES[key]}")
            return
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, SecretError):
            self._add(where, str(cause))
        else:
            self._fault(where, str(cause) if cause else _type_words(fault))

    # rules between keys and tables

    def _check_topic(self, row: int, read: _Read[TopicConfig]) -> None:
        topic = read.values
        if not any(getattr(topic, key) for key in _WISHES) and read.good(*_WISHES):
            self._add(("topic", row), 'has nothing to look for; add a line such as any = ["Kling"]')
        if "within" in topic.model_fields_set and not topic.near and read.good("near"):
            self._fault(("topic", row, "within"), "has no effect without near; take it out")
        items = [item for key in _QUERIES for item in self._items("topic", row, key)]
        items = [(path, item) for path, item in items if item or path[2] != "query"]
        faulty = False
        for path, item in items:
            try:
                understood = parse(item)
            except QueryError as error:
                faulty = True
                self.problems.append(self._query_problem(path, error))
            else:
                self.doubts += [self._query_problem(path, doubt) for doubt in understood.doubts]
        self._check_labels(row)
        if faulty or not read.good(*_WISHES):
            return
        try:
            compiled = compile_topic(
                **{key: getattr(topic, key) for key in _WISHES}, within=topic.within
            )
        except QueryError as error:
            at = next((path for path, item in items if item == error.text), ("topic", row))
            self.problems.append(self._query_problem(at, error))
            return
        self._check_weights(row, compiled)
        if not compiled.is_anchored:
            message = (
                "names no word that an article must have, so every article is looked through; add"
                ' a line such as any = ["Kling"] if you do not mean this'
            )
            self.doubts.append(self._problem(("topic", row), message))

    def _check_weights(self, row: int, compiled: TopicQuery) -> None:
        known = [words_of_term(term.text) for term in wanted_terms(compiled.tree)]
        given = self.data["topic"][row].get("weights")
        for term in given if isinstance(given, dict) else ():
            path: Path = ("topic", row, "weights", term)
            if path not in self._faulty and term not in known:
                self._add(
                    path,
                    f'"{term[:60]}" is no term of this topic; write one as it stands in any, all,'
                    f' near or query, without the signs =, " and *{did_you_mean(term, known)}',
                )

    def _check_labels(self, row: int) -> None:
        given = self.data["topic"][row].get("labels")
        for name, wanted in given.items() if isinstance(given, dict) else ():
            path: Path = ("topic", row, "labels", name)
            if path in self._faulty or not isinstance(wanted, str):
                continue
            try:
                understood = parse(wanted)
            except QueryError as error:
                self.problems.append(self._query_problem(path, error))
            else:
                self.doubts += [self._query_problem(path, doubt) for doubt in understood.doubts]

    def _check_pace(self, read: _Read[FetchConfig]) -> None:
        fetch = read.values
        if fetch.ceiling >= fetch.floor or not read.good("ceiling", "floor"):
            return
        if "ceiling" in fetch.model_fields_set:
            self._fault(("fetch", "ceiling"), "is shorter than floor; write at least the same")
        else:
            self._fault(("fetch", "floor"), "is longer than ceiling; write a longer ceiling too")

    def _check_feeds(
        self, feeds: Mapping[int, _Read[FeedConfig]], fetch: _Read[FetchConfig] | None
    ) -> None:
        seen: dict[str, int] = {}
        for row, read in feeds.items():
            if fetch:
                self._check_feed_allowed(row, read, fetch)
            if not read.good("url"):
                continue
            parts = urlsplit(read.values.url)
            same = parts._replace(netloc=parts.netloc.lower(), fragment="")
            first = seen.setdefault(same.geturl(), row)
            if first != row:
                line = self._line(("feed", first, "url"))
                self._fault(("feed", row, "url"), f"is there already, on line {line}; keep one")

    def _check_feed_allowed(
        self, row: int, read: _Read[FeedConfig], pace: _Read[FetchConfig]
    ) -> None:
        feed, fetch = read.values, pace.values
        is_file = urlsplit(feed.url).scheme == "file"
        if is_file and not fetch.allow_files and pace.good("allow_files"):
            self._fault(
                ("feed", row, "url"),
                "is a file on this machine, which is not allowed; add allow_files = true under"
                " [fetch] if you want it",
            )
        if feed.every is not None and feed.every < fetch.floor and pace.good("floor"):
            self._fault(
                ("feed", row, "every"),
                "is more often than any feed may be asked; write at least the value of floor"
                " under [fetch]",
            )

    def _check_digests(self, digests: Mapping[int, _Read[DigestConfig]]) -> None:
        rows = [row for row in self._rows("topic") if isinstance(row.get("id"), str)]
        ids = [row["id"] for row in rows]
        names = {row["name"]: row["id"] for row in rows if isinstance(row.get("name"), str)}
        for row, read in digests.items():
            for path, topic in self._items("digest", row, "topics"):
                if topic not in {*ids, "*"}:
                    hint = f'; did you mean "{names[topic]}"?' if topic in names else ""
                    self._fault(
                        path,
                        "is not the id of a topic; write ids of [[topic]] tables, or"
                        f' "*" for all{hint or did_you_mean(topic, ids)}',
                    )
            self._check_recipients(row)
            if "mail" in self.data and not read.values.to and read.good("to"):
                self._add(
                    ("digest", row),
                    "has no recipient although there is a [mail] table; add a line such as"
                    ' to = ["me@example.com"]',
                )

    def _check_recipients(self, row: int) -> None:
        seen: set[str] = set()
        for path, recipient in self._items("digest", row, "to"):
            # Formally the part before the @ may differ in this; no real mailbox does.
            if recipient.casefold() in seen:
                self._fault(path, "is there already; each address gets one copy: keep one")
            seen.add(recipient.casefold())

    def _check_unique(self, table: str, key: str) -> None:
        seen: dict[str, int] = {}
        for position, row in enumerate(self._rows(table)):
            value = row.get(key)
            if isinstance(value, str) and seen.setdefault(value.casefold(), position) != position:
                line = self._line((table, seen[value.casefold()], key))
                self._fault(
                    (table, position, key), f"is there already, on line {line}; write another one"
                )

    def _check_mail(self, read: _Read[MailConfig]) -> None:
        mail = read.values
        for what in ("user", "password"):
            if getattr(mail, f"{what}_env") and getattr(mail, f"{what}_file"):
                self._add(("mail", f"{what}_file"), f"{what}_env is there too; keep one of the two")
        user, password = mail.user_env or mail.user_file, mail.password_env or mail.password_file
        named = read.good("user_env", "user_file", "password_env", "password_file")
        if bool(user) != bool(password) and named:
            have, lack = ("user", "password") if user else ("password", "user")
            self._add(
                ("mail",),
                f"has a {have} but no {lack}; add a line such as {lack}_env ="
                f' "SMTP_{lack.upper()}", or take the other out',
            )

        if bool(mail.dkim_selector) != bool(mail.dkim_key_file):
            lack = "dkim_key_file" if mail.dkim_selector else "dkim_selector"
            if read.good("dkim_selector", "dkim_key_file"):
                self._add(
                    ("mail",), f"signs nothing: {lack} is missing; add it, or take out the other"
                )

    def _check_web(self, read: _Read[WebConfig]) -> None:
        web = read.values
        if web.auth == "proxy" and not web.proxies and read.good("auth", "proxies"):
            self._add(
                ("web", "auth"),
                "lets in whom a proxy names, but no proxy is listed; add its address, such as"
                ' proxies = ["127.0.0.1"], under [web]',
            )
        if web.auth == "none" and read.good("auth", "listen") and not web.is_local:
            port = web.listen.rpartition(":")[2]
            self._fault(
                ("web", "listen"),
                "lets other machines read the archive, and nobody asks who they are; add"
                f' auth = "token" under [web], or write listen = "127.0.0.1:{port}"',
            )

    # places and words

    def _rows(self, table: str) -> Sequence[Mapping[str, Any]]:
        rows = self.data.get(table)
        # One with too few brackets is told once; what refers to it is right.
        listed = rows if isinstance(rows, list) else [rows]
        return [row for row in listed if isinstance(row, dict)]

    def _items(self, table: str, row: int, key: str) -> Iterator[tuple[Path, str]]:
        """Give those texts of a list, with their paths, about which nothing was said yet."""
        value = one_or_more(self.data[table][row].get(key))
        for position, item in enumerate(value if isinstance(value, list | tuple) else ()):
            path = (table, row, key, position)
            if isinstance(item, str) and path not in self._faulty:
                yield path, item

    def _known_path(self, path: Path) -> Path:
        """Shorten a path until the text has it: a single text for a list has no first item."""
        while path and path not in self.places:
            path = path[:-1]
        return path

    def _line(self, path: Path) -> int:
        found = self.places.get(self._known_path(path))
        return found.line if found else 0

    def _fault(self, path: Path, message: str) -> None:
        """Add a problem that begins with the value as it was written."""
        source = " ".join(self.places[self._known_path(path)].source.split()) or "this table"
        shown = source if len(source) <= 80 else f"{source[:79]}…"
        self._add(path, f"{shown} {message}")

    def _add(self, path: Path, message: str, *, place: str = "") -> None:
        self.problems.append(self._problem(path, message, place=place))

    def _problem(self, path: Path, message: str, *, place: str = "") -> Problem:
        return Problem(line=self._line(path), place=place or self._place(path), message=message)

    def doubt(self, path: Path, doubt: Doubt | str) -> Problem:
        if isinstance(doubt, str):
            return self._problem(path, doubt)
        if doubt.text:
            return self._query_problem(path, doubt)
        return self._problem(path, doubt.message)

    def _query_problem(self, path: Path, fault: QueryError | Doubt) -> Problem:
        place = self.places[self._known_path(path)]
        # One that concerns a whole topic has no text in the file to point into.
        line, column = place.of_character(fault.span[0]) if place.source else (place.line, 0)
        return Problem(
            line=line,
            column=column,
            place=self._place(path),
            message=fault.message,
            excerpt=fault.text,
            span=fault.span,
        )

    def _place(self, path: Path) -> str:
        match path:
            case (str(table), int(row), *keys) if table in LISTS:
                name = _row_name(self.data[table][row])
                place = f'{table} {row + 1} ("{name}")' if name else f"{table} {row + 1}"
                return f"{place}, {keys[0]}" if keys else place
            case (str(table),) if table in TABLES:
                return f"[{table}]"
            case (str(table), key, *_):
                return f"{table}.{key}"
            case (str(key),):
                return key
            case _:
                return "top of the file"


def _row_name(row: Mapping[str, Any]) -> str:
    """Give what a reader calls a topic, feed or digest; "" if it has no usable name."""
    name = row.get("id") or row.get("name")
    if not name and isinstance(url := row.get("url"), str):
        with contextlib.suppress(ValueError):
            name = urlsplit(url).hostname
    return name[:40] if isinstance(name, str) and name.isprintable() else ""


_SECRETS = frozenset({"password", "passwd", "pass", "secret", "token", "smtp_password"})


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _unknown_key(key: str, model: type[Table], *, is_table: bool) -> str:
    """Say that a key is not known, where it belongs, or which one was meant; never its value."""
    if key.lower() in _SECRETS:
        return (
            f'"{key}" may not stand here: a configuration holds no secrets; name an environment'
            ' variable, password_env = "SMTP_PASSWORD", or a file, password_file, under [mail]'
        )
    at_top = model is TopKeys
    known = [*LISTS, *TABLES] if at_top and is_table else keys(model)
    hint = did_you_mean(key, known) or f"; known are {', '.join(known)}"
    models: tuple[type[Table], ...] = (TopKeys, *LISTS.values(), *TABLES.values())
    if not is_table and (homes := [_where(other) for other in models if key in keys(other)]):
        hint = f"; it belongs {' or '.join(homes)}"
    shown = key if len(key) <= 40 and key.isprintable() else ascii(key[:40])
    return f'{"table" if is_table else "key"} "{shown}" is not known here{hint}'


def _where(model: type[Table]) -> str:
    return f"under {model.table}" if model.table else "at the top of the file"


#: What pydantic found wrong, by its names of faults, in plain words.
_TYPE_WORDS = {
    "string_type": "is not a text; put it in quotation marks",
    "int_type": "is not a whole number; write only digits, without quotation marks",
    "bool_type": "is neither true nor false; write one of the two, without quotation marks",
    "tuple_type": 'is not a list; write it in brackets, such as ["…", "…"]',
    "frozen_set_type": 'is not a list; write it in brackets, such as ["…", "…"]',
    "too_short": "is an empty list; put something in it, or leave the key out",
}


def _type_words(fault: Mapping[str, Any]) -> str:
    context = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than_equal":
            return f"is too little; the least is {context['ge']}"
        case "less_than_equal":
            return f"is too much; the most is {context['le']}"
        case "literal_error":
            known = re.findall("'([^']*)'", context["expected"])
            return f"is not one of {quoted(known)}{did_you_mean(str(fault['input']), known)}"
        case kind:
            return _TYPE_WORDS.get(kind, f"cannot be used: {fault['msg']}")
