"""The configuration as values, and every fault in it at once.

`load` turns the text of config.toml into a `Config` or raises one `ConfigError` that lists all
problems in the order of the file: line, place, the value as written, what to write instead. Nothing
that the reader wrote is ignored in silence, and no message repeats what may be a secret.
"""

import contextlib
import difflib
import ipaddress
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from monitor.errors import ConfigError, Problem, QueryError
from monitor.query import compile_topic, parse
from monitor.tomlplaces import Path, Place, places

#: Longer texts are refused before they are parsed: a list of 10,000 feeds has a tenth of it.
MAX_CHARACTERS = 2_000_000

#: Keys such as a.b.c with a hundred parts: `tomllib` needs minutes for one with 100,000.
_DEEP_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){100}")
_TOO_DEEP = "has lists, braces or names inside each other too deeply; write them flat"

# --------------------------------------------------------------------- what a value must look like
#
# Each check raises ValueError with the words that follow the value in a message:
# '"soon" is not a duration; write …'.


class _SecretError(ValueError):
    """A fault whose value may be a secret: the message must not show it."""


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([0-9]{1,6})\s*([smhdw])")


_NO_DURATION = 'is not a duration; write a number and a unit, such as "30m", "6h" or "1d"'


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(_NO_DURATION)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _bounds(least: str, most: str) -> AfterValidator:
    shortest, longest = _duration(least), _duration(most)

    def check(value: timedelta) -> timedelta:
        if value < shortest:
            raise ValueError(f'is too short; the least is "{least}"')
        if value > longest:
            raise ValueError(f'is too long; the most is "{most}"')
        return value

    return AfterValidator(check)


def _duration_or_forever(value: object) -> object:
    if value is None or value == "forever":
        return None
    try:
        return _duration(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "forever"') from error


def _list(value: object) -> object:
    """A single text stands for a list of one."""
    return (value,) if isinstance(value, str) else value


def _line(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; write a text, or leave the key out")
    if not value.isprintable():
        raise ValueError("has a line break or an invisible control character in it; take it out")
    return value


def _line_or_nothing(value: str) -> str:
    return _line(value) if value else value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", value) or len(value) > 60:
        raise ValueError(
            "is no id; use small letters a to z, digits and single hyphens, such as"
            ' "export-controls", 60 at most'
        )
    return value


def _digest_name(value: str) -> str:
    if re.search(r"[/\\]", _line(value)) or value.startswith(".") or len(value) > 60:
        raise ValueError(
            'cannot name a digest; it becomes a file name: no "/" or "\\", no "." in front,'
            " 60 characters at most"
        )
    return value


def _host(url: SplitResult) -> str:
    """Give the host in small letters, "" if the address has none or a broken one."""
    try:
        return (url.hostname or "") if url.port != 0 else ""
    except ValueError:
        return ""


def _split(value: str) -> SplitResult:
    if re.search(r"[\s\x00-\x1f\x7f-\x9f]", value):
        raise ValueError("has a blank or a control character in it; write %20 for a blank")
    try:
        return urlsplit(value)
    except ValueError as error:
        raise ValueError(_NO_WEB_ADDRESS) from error


_NO_WEB_ADDRESS = 'is not a web address; write it in full, such as "https://example.com/feed/"'


def _web_address(value: str) -> str:
    url = _split(value)
    if url.scheme.lower() not in {"http", "https"} or not _host(url):
        raise ValueError(_NO_WEB_ADDRESS)
    if "@" in url.netloc:
        raise _SecretError(
            "this address has a user name or password in it; a configuration holds no secrets:"
            " take out the part before the @"
        )
    return value


def _feed_address(value: str) -> str:
    url = _split(value)
    if url.scheme.lower() != "file":
        return _web_address(value)
    if url.netloc.lower() not in {"", "localhost"} or not url.path.startswith("/"):
        raise ValueError('is no address of a file; write it such as "file:///home/me/feed.xml"')
    return value


def _public_address(value: str) -> str:
    if value and (urlsplit(_web_address(value)).query or urlsplit(value).fragment):
        raise ValueError('must end before "?" and "#"; write it such as "https://news.example.com"')
    return value


_NETWORK = re.compile(r"\[([0-9a-fA-F:./]+)\](?::([0-9]{1,5}))?|([0-9./]+)(?::([0-9]{1,5}))?|(.+)")


def _network(value: str) -> str:
    """Check a network in CIDR form with an optional port; IPv6 with a port in brackets."""
    match = _NETWORK.fullmatch(value)
    network, port = (match[1] or match[3] or match[5], match[2] or match[4]) if match else ("", "")
    try:
        loose = ipaddress.ip_network(network, strict=False)
        address = ipaddress.ip_interface(network).ip
    except ValueError as error:
        raise ValueError(_NO_NETWORK) from error
    if port and not 0 < int(port) < 65_536:
        raise ValueError(_NO_NETWORK)
    if loose.network_address != address:
        raise ValueError(f'is not the start of its network; did you mean "{loose}"?')
    return value


_NO_NETWORK = (
    'is no network; write it such as "127.0.0.0/8", "10.1.2.0/24:8080" (only this port) or'
    ' "fd00::/8"'
)


def is_zone(name: str) -> bool:
    """Tell whether this is the name of a time zone, such as "Europe/Madrid"."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _zone_name(value: str) -> str:
    if not is_zone(value):
        hint = _did_you_mean(value, sorted(available_timezones()))
        raise ValueError(
            "is not a time zone; write Continent/City, such as"
            f' "Europe/Madrid" or "Asia/Shanghai"{hint}'
        )
    return value


def _clock_time(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(
            "is not a time of day; write hours and minutes in quotation marks, from"
            ' "00:00" to "23:59"'
        )
    return value


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_DAYS = tuple(day[:3] for day in _DAYS)


def _day(value: object) -> object:
    word = value.lower() if isinstance(value, str) else ""
    for names in (_SHORT_DAYS, _DAYS):
        if word in names:
            return names.index(word)
    hint = _did_you_mean(word, (*_SHORT_DAYS, *_DAYS))
    raise ValueError(f"is not the name of a day; write {_quoted(_SHORT_DAYS)}{hint}")


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", value):
        raise ValueError('is not the code of a language; write it such as "en", "es" or "zh-Hant"')
    return value


_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def _recipient(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or len(value) > 254:
        raise ValueError(
            'is not a mail address; write only the address, such as "me@example.com",'
            " one in each pair of quotation marks"
        )
    return value


def _sender(value: str) -> str:
    match = re.fullmatch(r'(?:[^<>"]*<([^<>]*)>|([^<>]*))', _line(value))
    if not match or not _ADDRESS.fullmatch(match[1] or match[2] or ""):
        raise ValueError(
            'is not a sender; write "me@example.com" or "News Monitor <me@example.com>"'
        )
    return value


def _mail_host(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", value) or re.search(r"[^:]:[0-9]+$", value):
        raise ValueError(
            'is not the name of a mail server; write only the name, such as "smtp.example.com",'
            " the port under its own key"
        )
    return value


def _variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise _SecretError(
            "this is not the name of an environment variable; write the name, never the secret"
            ' itself, such as "SMTP_PASSWORD"'
        )
    return value


def _listen(value: str) -> str:
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", value)
    if not match or int(match[1]) > 65_535:
        raise ValueError(
            "is no address to listen at; write host and port, such as"
            ' "127.0.0.1:8484" (this machine only)'
        )
    return value


def _database(value: str) -> str:
    if re.fullmatch(r"sqlite:///[^?#\x00]*[^?#/\x00]", value):
        return value
    if re.match(r"[^:]*://[^/]*:[^/]*@", value):
        raise _SecretError(
            "this address has a password in it; a configuration holds no secrets: take it out and"
            " set the environment variable PGPASSWORD (or use a .pgpass file)"
        )
    if not re.fullmatch(r"postgresql(?:\+psycopg)?://[^/\s]*/[^/\s]+", value):
        raise ValueError(
            'is no address of a database; write "sqlite:///data/monitor.db" or'
            ' "postgresql://user@host/name"'
        )
    return value


# --------------------------------------------------------------------------------------- the values

Text = Annotated[StrictStr, AfterValidator(_line)]
TextOrNone = Annotated[StrictStr, AfterValidator(_line_or_nothing)]
Terms = Annotated[tuple[Text, ...], BeforeValidator(_list)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
DaysOrForever = Annotated[
    Annotated[Duration, _bounds("1d", "36500d")] | None, BeforeValidator(_duration_or_forever)
]
ZoneName = Annotated[StrictStr, AfterValidator(_zone_name)]
VariableName = Annotated[StrictStr, AfterValidator(_variable)]


class _Model(BaseModel):
    """Frozen, closed to unknown keys; made from TOML by `load`, from Python by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    #: Where the table stands in words, such as "[[feed]]"; "" for the keys at the top.
    table: ClassVar[str] = ""


class TopicConfig(_Model):
    """What the reader watches. An article is a hit if every list that is given holds."""

    table: ClassVar[str] = "[[topic]]"

    #: Stable: matches hang on it, so a topic keeps them when its name changes.
    id: Annotated[StrictStr, AfterValidator(_slug)]
    #: As readers see it; the id if left out.
    name: Annotated[TextOrNone, Field(validate_default=True)] = ""
    any: Terms = ()
    all: Terms = ()
    near: Terms = ()
    none: Terms = ()
    #: The distance in words that `near` allows.
    within: Annotated[StrictInt, Field(ge=1, le=1000)] = 25
    #: The most articles of the topic in one digest; None for all of them.
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None

    @field_validator("name")
    @classmethod
    def _name_or_id(cls, name: str, info: ValidationInfo) -> str:
        return name or str(info.data.get("id", ""))


class FeedConfig(_Model):
    """A source."""

    table: ClassVar[str] = "[[feed]]"

    url: Annotated[StrictStr, AfterValidator(_feed_address)]
    #: "" means: as the feed calls itself.
    name: TextOrNone = ""
    #: A word on the source for the reader, such as its owner; "" for none.
    label: TextOrNone = ""
    #: Its language, where the feed does not say it itself ("zh-Hant").
    lang: Annotated[StrictStr, AfterValidator(_language)] | None = None
    #: How often to ask; None lets the feed's own rhythm decide.
    every: Annotated[Duration, _bounds("1s", "30d")] | None = None


class FetchConfig(_Model):
    """How feeds are asked for."""

    table: ClassVar[str] = "[fetch]"

    #: Networks beside the public internet that may be asked, each with an optional port.
    allow: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(_network)], ...], BeforeValidator(_list)
    ] = ()
    allow_files: StrictBool = False
    #: Requests to one host at the same time.
    per_host: Annotated[StrictInt, Field(ge=1, le=100)] = 2
    #: Pause between two requests to one host.
    host_gap: Annotated[Duration, _bounds("0s", "1h")] = timedelta(seconds=1)
    #: No feed is asked more often than this …
    floor: Annotated[Duration, _bounds("1s", "30d")] = timedelta(hours=1)
    #: … nor, while it works, more seldom than this.
    ceiling: Annotated[Duration, _bounds("1s", "30d")] = timedelta(days=1)
    #: For one request with all its redirects.
    deadline: Annotated[Duration, _bounds("1s", "10m")] = timedelta(seconds=30)
    #: Requests to all hosts at the same time.
    concurrency: Annotated[StrictInt, Field(ge=1, le=1000)] = 50


class DigestConfig(_Model):
    """A mail that comes by itself."""

    table: ClassVar[str] = "[[digest]]"

    #: Stable: what was already reported hangs on it.
    name: Annotated[StrictStr, AfterValidator(_digest_name)]
    to: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(_recipient)], ...], BeforeValidator(_list)
    ] = ()
    #: Local time in the digest's zone, "HH:MM".
    at: Annotated[str, BeforeValidator(_clock_time)] = "07:30"
    #: 0 is Monday.
    days: Annotated[
        frozenset[Annotated[int, BeforeValidator(_day)]],
        Field(min_length=1),
        BeforeValidator(_list),
    ] = frozenset(range(7))
    #: None for the configuration's zone.
    timezone: ZoneName | None = None
    #: Ids, or "*" for all of them.
    topics: Annotated[tuple[StrictStr, ...], Field(min_length=1), BeforeValidator(_list)] = ("*",)
    #: What to do when no topic matched.
    when_empty: Literal["skip", "send"] = "skip"


class MailConfig(_Model):
    """The mail server; secrets are named here and live elsewhere."""

    table: ClassVar[str] = "[mail]"

    #: The key is `from`, which is no name in Python.
    from_: Annotated[StrictStr, AfterValidator(_sender), Field(validation_alias="from")]
    host: Annotated[StrictStr, AfterValidator(_mail_host)]
    #: None for the usual one: 465 with "tls", 587 with "starttls", 25 with "plain".
    port: Annotated[StrictInt, Field(ge=1, le=65_535)] | None = None
    #: Kept to the letter: nothing is ever sent less protected than this says.
    security: Literal["tls", "starttls", "plain"] = "starttls"
    user_env: VariableName | None = None
    user_file: Text | None = None
    password_env: VariableName | None = None
    password_file: Text | None = None


class WebConfig(_Model):
    """The archive's pages."""

    table: ClassVar[str] = "[web]"

    listen: Annotated[StrictStr, AfterValidator(_listen)] = "127.0.0.1:8484"
    #: How readers of a digest reach the archive; "" leaves such links out.
    public_url: Annotated[StrictStr, AfterValidator(_public_address)] = ""
    auth: Literal["none", "token"] = "none"
    token_file: Text = "data/web-token"  # noqa: S105  the name of a file


class ArchiveConfig(_Model):
    """How long articles are kept after they were first seen; None is for ever."""

    table: ClassVar[str] = "[archive]"

    keep_unmatched: DaysOrForever = timedelta(days=90)
    keep_matched: DaysOrForever = None


class TopKeys(_Model):
    """The keys before the first table."""

    database: Annotated[StrictStr, AfterValidator(_database)] = "sqlite:///data/monitor.db"
    #: None for the machine's.
    timezone: ZoneName | None = None


class Config(TopKeys):
    """Everything the reader configured."""

    topics: tuple[TopicConfig, ...] = ()
    feeds: tuple[FeedConfig, ...] = ()
    digests: tuple[DigestConfig, ...] = ()
    fetch: FetchConfig = FetchConfig()
    mail: MailConfig | None = None
    web: WebConfig = WebConfig()
    archive: ArchiveConfig = ArchiveConfig()
    #: The file, to the letter.
    text: str = ""
    #: What `timezone` falls back to.
    machine_zone: str = "UTC"

    @property
    def hash(self) -> str:
        """BLAKE2b of `text`, in hexadecimal digits."""
        return blake2b(self.text.encode()).hexdigest()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which people read times: the configured one, else the machine's."""
        return ZoneInfo(self.timezone or self.machine_zone)

    def digest_zone(self, digest: DigestConfig) -> ZoneInfo:
        """Give the zone of a digest's slots: its own, else the configuration's."""
        return ZoneInfo(digest.timezone) if digest.timezone else self.zone


def database_url(url: str, *, folder: PurePath) -> str:
    """Make a configured database's address absolute: a SQLite path counts from `folder`."""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        return url
    return f"{prefix}{folder / url.removeprefix(prefix)}"


# --------------------------------------------------------------------------------------- reading it

#: The tables of the file: those that may be there many times, and those that may be there once.
#: The tables that may be there many times, and those that may be there once.
LISTS: Mapping[str, type[_Model]] = {
    "topic": TopicConfig,
    "feed": FeedConfig,
    "digest": DigestConfig,
}
TABLES: Mapping[str, type[_Model]] = {
    "fetch": FetchConfig,
    "mail": MailConfig,
    "web": WebConfig,
    "archive": ArchiveConfig,
}
#: What to write for a key that may not be missing.
_EXAMPLES = {
    "id": 'id = "my-topic"',
    "url": 'url = "https://example.com/feed/"',
    "name": 'name = "daily"',
    "from": 'from = "News Monitor <me@example.com>"',
    "host": 'host = "smtp.example.com"',
}


def keys(model: type[_Model]) -> list[str]:
    """Give the keys of a table as they are written in TOML."""
    return [str(field.validation_alias or name) for name, field in model.model_fields.items()]


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


def load(text: str, *, path: str = "config.toml", machine_zone: str = "UTC") -> Config:
    """Read the text of a configuration.

    Args:
        text: The whole file.
        path: Its name, as messages show it.
        machine_zone: The zone for a configuration that names none, such as "Europe/Madrid".

    Raises ConfigError with every problem, in the order of the file.
    """
    data = _parse(text.removeprefix("\ufeff"), path)
    reading = _Reading(data, places(text.removeprefix("\ufeff").replace("\r\n", "\n")))
    config = reading.config(text=text, machine_zone=machine_zone)
    if problems := sorted(reading.problems, key=lambda problem: problem.line):
        raise ConfigError(path, tuple(problems))
    return config


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


def _parse(text: str, path: str) -> dict[str, Any]:
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


def _syntax_problem(message: str, text: str) -> Problem:
    where = re.search(r" \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)$", message)
    said = message[: where.start()] if where else message
    plain = next((words for start, words in _SYNTAX.items() if said.startswith(start)), said)
    if where and where[1]:
        return Problem(line=int(where[1]), place=f"column {where[2]}", message=plain)
    return Problem(line=text.rstrip().count("\n") + 1, place="at the end", message=plain)


_M = TypeVar("_M", bound=_Model)


class _Reading:
    """One pass over a parsed file, table by table, so that one fault does not hide another."""

    def __init__(self, data: Mapping[str, Any], found: Mapping[Path, Place]) -> None:
        self.data = data
        self.places = found
        self.problems: list[Problem] = []

    def config(self, *, text: str, machine_zone: str) -> Config:
        top = {key: value for key, value in self.data.items() if key not in {*LISTS, *TABLES}}
        basics = self._model(TopKeys, top, ()) or TopKeys()
        topics = self._list(TopicConfig, "topic")
        feeds = self._list(FeedConfig, "feed")
        digests = self._list(DigestConfig, "digest")
        fetch = self._table(FetchConfig, "fetch")
        mail = self._table(MailConfig, "mail")
        web, archive = self._table(WebConfig, "web"), self._table(ArchiveConfig, "archive")
        for row, topic in topics.items():
            self._check_topic(row, topic)
        self._check_feeds(feeds, fetch or FetchConfig())
        self._check_digests(digests)
        self._check_unique("topic", "id")
        self._check_unique("digest", "name")
        if fetch and fetch.ceiling < fetch.floor:
            self._fault(("fetch", "ceiling"), "is shorter than floor; write at least the same")
        if mail:
            self._check_mail(mail)
        return Config(
            database=basics.database,
            timezone=basics.timezone,
            topics=tuple(topics.values()),
            feeds=tuple(feeds.values()),
            digests=tuple(digests.values()),
            fetch=fetch or FetchConfig(),
            mail=mail,
            web=web or WebConfig(),
            archive=archive or ArchiveConfig(),
            text=text,
            machine_zone=machine_zone,
        )

    # tables

    def _list(self, model: type[_M], name: str) -> dict[int, _M]:
        """Read [[name]] tables: the good ones by their position."""
        rows = self.data.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._add((name,), f"write this table with two brackets: [[{name}]]")
            return {}
        read = {row: self._model(model, value, (name, row)) for row, value in enumerate(rows)}
        return {row: value for row, value in read.items() if value is not None}

    def _table(self, model: type[_M], name: str) -> _M | None:
        """Read the [name] table; None if it is absent or bad."""
        if name not in self.data:
            return None
        value = self.data[name]
        if not isinstance(value, dict):
            self._add((name,), f"write this table once, with single brackets: [{name}]")
            return None
        return self._model(model, value, (name,))

    def _model(self, model: type[_M], value: Mapping[str, Any], path: Path) -> _M | None:
        known = keys(model)
        for key in value:
            if key not in known:
                message = _unknown_key(key, model, is_table=_is_table(value[key]))
                self._add((*path, key), message, place=self._place(path))
        try:
            return model.model_validate({key: value[key] for key in value if key in known})
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                self._model_fault((*path, *fault["loc"]), path, fault)
            return None

    def _model_fault(self, where: Path, table: Path, fault: Mapping[str, Any]) -> None:
        if fault["type"] == "missing":
            key = str(where[-1])
            self._add(table, f"{key} is missing; add a line such as {_EXAMPLES[key]}")
            return
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, _SecretError):
            self._add(where, str(cause))
        else:
            self._fault(where, str(cause) if cause else _type_words(fault))

    # rules between keys and tables

    def _check_topic(self, row: int, topic: TopicConfig) -> None:
        if not topic.any and not topic.all:
            self._add(("topic", row), 'has nothing to look for; add a line such as any = ["Kling"]')
        if "within" in topic.model_fields_set and not topic.near:
            self._fault(("topic", row, "within"), "has no effect without near; take it out")
        lists = {key: getattr(topic, key) for key in ("near", "any", "all", "none")}
        items = [(key, i, item) for key, found in lists.items() for i, item in enumerate(found)]
        faulty = False
        for key, position, item in items:
            try:
                parse(item)
            except QueryError as error:
                faulty = True
                self._add_query_error(("topic", row, key, position), error)
        if faulty:
            return
        try:
            compile_topic(**lists, within=topic.within)
        except QueryError as error:
            at = next(((key, i) for key, i, item in items if item == error.text), ())
            self._add_query_error(("topic", row, *at), error)

    def _check_feeds(self, feeds: Mapping[int, FeedConfig], fetch: FetchConfig) -> None:
        seen: dict[str, int] = {}
        for row, feed in feeds.items():
            parts = urlsplit(feed.url)
            same = parts._replace(netloc=parts.netloc.lower(), fragment="")
            first = seen.setdefault(same.geturl(), row)
            if first != row:
                line = self._line(("feed", first, "url"))
                self._fault(("feed", row, "url"), f"is there already, on line {line}; keep one")
            if same.scheme == "file" and not fetch.allow_files:
                self._fault(
                    ("feed", row, "url"),
                    "is a file on this machine, which is not allowed; add allow_files = true"
                    " under [fetch] if you want it",
                )
            if feed.every is not None and feed.every < fetch.floor:
                self._fault(
                    ("feed", row, "every"),
                    "is more often than any feed may be asked; write at least the value of floor"
                    " under [fetch]",
                )

    def _check_digests(self, digests: Mapping[int, DigestConfig]) -> None:
        rows = [row for row in self._rows("topic") if isinstance(row.get("id"), str)]
        ids = [row["id"] for row in rows]
        names = {row["name"]: row["id"] for row in rows if isinstance(row.get("name"), str)}
        for row, digest in digests.items():
            for position, topic in enumerate(digest.topics):
                if topic not in {*ids, "*"}:
                    hint = f'; did you mean "{names[topic]}"?' if topic in names else ""
                    self._fault(
                        ("digest", row, "topics", position),
                        "is not the id of a topic; write ids of [[topic]] tables, or"
                        f' "*" for all{hint or _did_you_mean(topic, ids)}',
                    )
            if "mail" in self.data and not digest.to:
                self._add(
                    ("digest", row),
                    "has no recipient although there is a [mail] table; add a line such as"
                    ' to = ["me@example.com"]',
                )

    def _check_unique(self, table: str, key: str) -> None:
        seen: dict[str, int] = {}
        for position, row in enumerate(self._rows(table)):
            value = row.get(key)
            if isinstance(value, str) and seen.setdefault(value.casefold(), position) != position:
                line = self._line((table, seen[value.casefold()], key))
                self._fault(
                    (table, position, key), f"is there already, on line {line}; write another one"
                )

    def _check_mail(self, mail: MailConfig) -> None:
        for what in ("user", "password"):
            if getattr(mail, f"{what}_env") and getattr(mail, f"{what}_file"):
                self._add(("mail", f"{what}_file"), f"{what}_env is there too; keep one of the two")
        user, password = mail.user_env or mail.user_file, mail.password_env or mail.password_file
        if bool(user) != bool(password):
            have, lack = ("user", "password") if user else ("password", "user")
            self._add(
                ("mail",),
                f"has a {have} but no {lack}; add a line such as {lack}_env ="
                f' "SMTP_{lack.upper()}", or take the other out',
            )

    # places and words

    def _rows(self, table: str) -> Sequence[Mapping[str, Any]]:
        rows = self.data.get(table)
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

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
        line, words = self._line(path), place or self._place(path)
        self.problems.append(Problem(line=line, place=words, message=message))

    def _add_query_error(self, path: Path, error: QueryError) -> None:
        self.problems.append(
            Problem(
                line=self._line(path),
                place=self._place(path),
                message=error.message,
                excerpt=error.text,
                span=error.span,
            )
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


def _unknown_key(key: str, model: type[_Model], *, is_table: bool) -> str:
    """Say that a key is not known, where it belongs, or which one was meant; never its value."""
    if key.lower() in _SECRETS:
        return (
            f'"{key}" may not stand here: a configuration holds no secrets; name an environment'
            ' variable, password_env = "SMTP_PASSWORD", or a file, password_file, under [mail]'
        )
    at_top = model is TopKeys
    known = [*LISTS, *TABLES] if at_top and is_table else keys(model)
    hint = _did_you_mean(key, known) or f"; known are {', '.join(known)}"
    models: tuple[type[_Model], ...] = (TopKeys, *LISTS.values(), *TABLES.values())
    if not is_table and (homes := [_where(other) for other in models if key in keys(other)]):
        hint = f"; it belongs {' or '.join(homes)}"
    shown = key if len(key) <= 40 and key.isprintable() else ascii(key[:40])
    return f'{"table" if is_table else "key"} "{shown}" is not known here{hint}'


def _where(model: type[_Model]) -> str:
    return f"under {model.table}" if model.table else "at the top of the file"


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    """Give '; did you mean "x"?', or "" if nothing is near."""
    by_small = {name.casefold(): name for name in reversed(known)}
    near = difflib.get_close_matches(word[:100].casefold(), list(by_small), n=1, cutoff=0.6)
    return f'; did you mean "{by_small[near[0]]}"?' if near else ""


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
            return f"is not one of {_quoted(known)}{_did_you_mean(str(fault['input']), known)}"
        case kind:
            return _TYPE_WORDS.get(kind, f"cannot be used: {fault['msg']}")
