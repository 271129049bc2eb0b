"""What a single value must look like.

Each check gives the value or raises ValueError with the words that follow it in a message:
'"soon" is not a duration; write …'.
"""

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from monitor.config.words import did_you_mean, quoted


class SecretError(ValueError):
    """A fault whose value may be a secret: the message must not show it."""


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([0-9]{1,6})\s*([smhdw])")


_NO_DURATION = 'is not a duration; write a number and a unit, such as "30m", "6h" or "1d"'


def duration(value: object) -> timedelta:
    """Read "30m", "6h" or "1d"."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(_NO_DURATION)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def duration_text(value: timedelta) -> str:
    """Write a duration as `duration` reads it, in the largest unit that fits."""
    seconds = round(value.total_seconds())
    for letter, unit in reversed(_UNITS.items()):
        count, rest = divmod(seconds, round(timedelta(**{unit: 1}).total_seconds()))
        if count and not rest:
            return f"{count}{letter}"
    return "0s"


def bounds(least: str, most: str) -> AfterValidator:
    """Make a check that a duration lies between two others, both written as in the file."""
    shortest, longest = duration(least), duration(most)

    def check(value: timedelta) -> timedelta:
        if value < shortest:
            raise ValueError(f'is too short; the least is "{least}"')
        if value > longest:
            raise ValueError(f'is too long; the most is "{most}"')
        return value

    return AfterValidator(check)


def duration_or_forever(value: object) -> object:
    """Read a duration; "forever" gives None."""
    if value is None or value == "forever":
        return None
    try:
        return duration(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "forever"') from error


def weight(value: object) -> object:
    """Check for a number by which a score is multiplied."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 10:
        raise ValueError("is not a weight; write a number from 0.1 to 10, such as 2 or 0.5")
    return float(value)


def one_or_more(value: object) -> object:
    """A single text stands for a list of one."""
    return (value,) if isinstance(value, str) else value


def line(value: str) -> str:
    """Check for one line of visible text."""
    if not value.strip():
        raise ValueError("is empty; write a text, or leave the key out")
    if not value.isprintable():
        raise ValueError("has a line break or an invisible control character in it; take it out")
    return value


def line_or_nothing(value: str) -> str:
    """Check for one line of visible text, or ""."""
    return line(value) if value else value


def header_name(value: str) -> str:
    """Check the name of a header (RFC 9110, 5.1)."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,60}", value):
        raise ValueError('is no name of a header; write it such as "Remote-User"')
    return value


def slug(value: str) -> str:
    """Check an id: it stands in addresses of pages and in the database."""
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", value) or len(value) > 60:
        raise ValueError(
            "is no id; use small letters a to z, digits and single hyphens, such as"
            ' "export-controls", 60 at most'
        )
    return value


def digest_name(value: str) -> str:
    """Check a digest's name: its files are called by it."""
    if re.search(r"[/\\]", line(value)) or value.startswith(".") or len(value) > 60:
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


def web_address(value: str) -> str:
    """Check an http or https address that holds no secret."""
    url = _split(value)
    if url.scheme.lower() not in {"http", "https"} or not _host(url):
        raise ValueError(_NO_WEB_ADDRESS)
    if "@" in url.netloc:
        raise SecretError(
            "this address has a user name or password in it; a configuration holds no secrets:"
            " take out the part before the @"
        )
    return value


#: PostgreSQL's indexes hold no longer ones.
_LONGEST_ADDRESS = 2_000


def feed_address(value: str) -> str:
    """Check an address of the web or of a file."""
    if len(value) > _LONGEST_ADDRESS:
        raise ValueError(f"has {len(value):,} characters; {_LONGEST_ADDRESS:,} are the most")
    url = _split(value)
    if url.scheme.lower() != "file":
        return web_address(value)
    if url.netloc.lower() not in {"", "localhost"} or not url.path.startswith("/"):
        raise ValueError('is no address of a file; write it such as "file:///home/me/feed.xml"')
    return value


def public_address(value: str) -> str:
    """Check an address under which pages are found; "" is one too."""
    if value and (urlsplit(web_address(value)).query or urlsplit(value).fragment):
        raise ValueError('must end before "?" and "#"; write it such as "https://news.example.com"')
    return value


_NETWORK = re.compile(r"\[([0-9a-fA-F:./]+)\](?::([0-9]{1,5}))?|([0-9./]+)(?::([0-9]{1,5}))?|(.+)")


def network(value: str) -> str:
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


def zone_name(value: str) -> str:
    """Check the name of a time zone."""
    if not is_zone(value):
        if not available_timezones():
            raise ValueError(
                "cannot be looked up: this machine has no time zone data; install the package"
                " tzdata where the monitor runs (pip install tzdata)"
            )
        hint = did_you_mean(value, sorted(available_timezones()))
        raise ValueError(
            "is not a time zone; write Continent/City, such as"
            f' "Europe/Madrid" or "Asia/Shanghai"{hint}'
        )
    return value


def clock_time(value: object) -> object:
    """Check a time of day, "HH:MM"."""
    if not isinstance(value, str) or not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(
            "is not a time of day; write hours and minutes in quotation marks, from"
            ' "00:00" to "23:59"'
        )
    return value


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_SHORT = tuple(day[:3] for day in _DAYS)
_WORKDAYS = 'days = ["mon", "tue", "wed", "thu", "fri"]'
_WEEKEND = 'days = ["sat", "sun"]'
_EACH_DAY = "no days at all, which means each day"
#: Words for several days, and what to write for them.
_DAY_LISTS = {
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays", "working days"), _WORKDAYS),
    **dict.fromkeys(("weekend", "weekends"), _WEEKEND),
    **dict.fromkeys(("*", "all", "daily", "every day", "everyday"), _EACH_DAY),
}


def day(value: object) -> object:
    """Read the name of a weekday, short or in full; Monday gives 0."""
    word = value.lower() if isinstance(value, str) else ""
    for names in (DAYS_SHORT, _DAYS):
        if word in names:
            return names.index(word)
    if word in _DAY_LISTS:
        raise ValueError(f"is not the name of a day; write {_DAY_LISTS[word]}")
    hint = did_you_mean(word, (*DAYS_SHORT, *_DAYS))
    raise ValueError(f"is not the name of a day; write {quoted(DAYS_SHORT)}{hint}")


def table_of_labels(value: object) -> object:
    """Check that labels are a table."""
    if not isinstance(value, Mapping):
        raise ValueError('is no table; write labels = { "by US" = "Washington OR BIS" }')  # noqa: TRY004  pydantic's way
    return value


def table_of_weights(value: object) -> object:
    """Check that weights are a table."""
    if not isinstance(value, Mapping):
        raise ValueError("is no table; write weights = { Qwen = 2, Taobao = 0.5 }")  # noqa: TRY004  pydantic's way
    return value


def label(value: str) -> str:
    """Check the name of a label."""
    if not re.fullmatch(r"\w[\w &/+.-]{0,39}", value):
        raise ValueError(
            f'"{value[:60]}" is no name of a label; write up to 40 letters, digits, blanks and'
            ' hyphens, such as "by US"'
        )
    return value


def language(value: str) -> str:
    """Check the form of a language code (BCP 47, the usual part of it)."""
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", value):
        raise ValueError('is not the code of a language; write it such as "en", "es" or "zh-Hant"')
    return value


def language_or_not(value: str) -> str:
    """Check a language code that may have a hyphen in front, for all but this one."""
    language(value.removeprefix("-"))
    return value


def source_or_not(value: str) -> str:
    """Check a domain or an outlet's name that may have a hyphen in front, for all but this one."""
    name = line(value).removeprefix("-")
    if not any(map(str.isalnum, name)) or re.search("[/*]", name):
        raise ValueError(
            'is no source; write a domain such as "reuters.com", or an outlet\'s name as the'
            ' archive shows it; "-" in front leaves it out'
        )
    return value


_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


def recipient(value: str) -> str:
    """Check a bare mail address (RFC 5321, without its quoted forms)."""
    if not _ADDRESS.fullmatch(value) or len(value) > 254:
        raise ValueError(
            'is not a mail address; write only the address, such as "me@example.com",'
            " one in each pair of quotation marks"
        )
    return value


_SENDER = re.compile(r'(?:"((?:[^"\\]|\\.)*)"\s*|([^<>"]*))<([^<>]*)>')


def sender_parts(sender: str) -> tuple[str, str]:
    """Split a sender into its name, "" for none, and its address: what stands in the last <…>.

    Not by RFC 5322, to which "Smith, John <me@example.com>" is two addresses: here it is one
    person. The name may stand in quotation marks, as mail programs show it.
    """
    match = _SENDER.fullmatch(sender)
    if match is None:
        return "", sender
    quoted, bare, address = match.groups()
    return (bare.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)), address


def sender(value: str) -> str:
    """Check a mail address that may have a name before it."""
    _, address = sender_parts(line(value))
    if not _ADDRESS.fullmatch(address):
        raise ValueError(
            'is not a sender; write "me@example.com" or "News Monitor <me@example.com>"'
        )
    return value


def mail_host(value: str) -> str:
    """Check the name of a mail server."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", value) or re.search(r"[^:]:[0-9]+$", value):
        raise ValueError(
            'is not the name of a mail server; write only the name, such as "smtp.example.com",'
            " the port under its own key"
        )
    return value


def variable(value: str) -> str:
    """Check the name of an environment variable; who writes the secret itself is stopped."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise SecretError(
            "this is not the name of an environment variable; write the name, never the secret"
            ' itself, such as "SMTP_PASSWORD"'
        )
    return value


def dkim_selector(value: str) -> str:
    """Check a name of the domain name system, such as "news2026"."""
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?", value):
        raise ValueError(
            'is no DKIM selector; write the name before "._domainkey" in your DNS, such as "news"'
        )
    return value


def is_loopback(host: str) -> bool:
    """Tell whether this host is this machine itself, whoever looks its name up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name: it may lead anywhere


def address(value: str) -> str:
    """Check an address of one machine; give it as sockets write it."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError('is no address; write it such as "127.0.0.1" or "::1"') from error


def listen(value: str) -> str:
    """Check host and port."""
    match = re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", value)
    if not match or int(match[1]) > 65_535:
        raise ValueError(
            "is no address to listen at; write host and port, such as"
            ' "127.0.0.1:8484" (this machine only)'
        )
    return value


#: User and host have no ":" but an empty password and ports; a query may name a socket's folder.
_POSTGRESQL = re.compile(
    r"postgresql(?:\+psycopg)?://(?:[^:/?#@\s]*:?@)?[^/?#@\s]*/[^/?#@\s]+(?:\?[^#\s]*)?"
)
#: Also in an address that is wrong in other ways: what may be a password is not repeated.
_PASSWORD = re.compile(r"://[^@]*:[^@]+@")
#: The parameters of libpq that are secrets; "passfile" is none.
_SECRET_PARAMETER = re.compile(
    r"[?&][^=&]*(?:password|secret|scram_\w+_key)[^=&]*=[^&]", re.IGNORECASE
)


def database_address(value: str) -> str:
    """Check the address of a SQLite file or a PostgreSQL database without password."""
    if re.fullmatch(r"sqlite:///[^?#\x00]*[^?#/\x00]", value):
        return value
    fits = _POSTGRESQL.fullmatch(value)
    if _SECRET_PARAMETER.search(unquote(value)) or (not fits and _PASSWORD.search(value)):
        raise SecretError(
            "this address has a password in it; a configuration holds no secrets: take it out and"
            " set the environment variable PGPASSWORD (or use a .pgpass file)"
        )
    if not fits:
        raise ValueError(
            'is no address of a database; write "sqlite:///data/monitor.db" or'
            ' "postgresql://user@host/name"'
        )
    return value
