"""The configuration as frozen values: one class for each table of config.toml."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from pathlib import PurePath
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
    field_validator,
)

from monitor.config import checks
from monitor.errors import Problem

#: A single text in the file stands for a list of one.
ListOfOne = BeforeValidator(checks.one_or_more)
Text = Annotated[StrictStr, AfterValidator(checks.line)]
TextOrNone = Annotated[StrictStr, AfterValidator(checks.line_or_nothing)]
Terms = Annotated[tuple[Text, ...], ListOfOne]
Weight = Annotated[float, BeforeValidator(checks.weight)]
Duration = Annotated[timedelta, BeforeValidator(checks.duration)]
DaysOrForever = Annotated[
    Annotated[Duration, checks.bounds("1d", "36500d")] | None,
    BeforeValidator(checks.duration_or_forever),
]
ZoneName = Annotated[StrictStr, AfterValidator(checks.zone_name)]
VariableName = Annotated[StrictStr, AfterValidator(checks.variable)]


class Table(BaseModel):
    """Frozen, closed to unknown keys; made from TOML by `load`, from Python by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    #: Where the table stands in words, such as "[[feed]]"; "" for the keys at the top.
    table: ClassVar[str] = ""


class TopicConfig(Table):
    """What the reader watches. An article is a hit if every list that is given holds."""

    table: ClassVar[str] = "[[topic]]"

    #: Stable: matches hang on it, so a topic keeps them when its name changes.
    id: Annotated[StrictStr, AfterValidator(checks.slug)]
    #: As readers see it; the id if left out.
    name: Annotated[TextOrNone, Field(validate_default=True)] = ""
    any: Terms = ()
    all: Terms = ()
    near: Terms = ()
    none: Terms = ()
    #: One more expression that must hold; "" for none.
    query: TextOrNone = ""
    #: Codes; "-zh" for a language that is left out.
    languages: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.language_or_not)], ...],
        ListOfOne,
    ] = ()
    #: Domains and names; "-prnewswire.com" for one that is left out.
    sources: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.source_or_not)], ...],
        ListOfOne,
    ] = ()
    #: Names and the queries that an article of the topic has to meet to bear them.
    labels: Annotated[
        Mapping[Annotated[StrictStr, AfterValidator(checks.label)], Text],
        BeforeValidator(checks.table_of_labels),
    ] = {}
    #: The distance in words that `near` allows.
    within: Annotated[StrictInt, Field(ge=1, le=1000)] = 25
    #: By how much its stories come before those of other topics; see `ranking`.
    weight: Weight = 1.0
    #: By how much single terms of it count more or less than the others, by their words.
    weights: Annotated[Mapping[Text, Weight], BeforeValidator(checks.table_of_weights)] = {}
    #: The most stories of the topic in one digest; None for all of them.
    limit: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None

    @field_validator("name")
    @classmethod
    def _name_or_id(cls, name: str, info: ValidationInfo) -> str:
        return name or str(info.data.get("id", ""))


class FeedConfig(Table):
    """A source."""

    table: ClassVar[str] = "[[feed]]"

    url: Annotated[StrictStr, AfterValidator(checks.feed_address)]
    #: "" means: as the feed calls itself.
    name: TextOrNone = ""
    #: A word on the source for the reader, such as its owner; "" for none.
    label: TextOrNone = ""
    #: Its language, where the feed does not say it itself ("zh-Hant").
    lang: Annotated[StrictStr, AfterValidator(checks.language)] | None = None
    #: Whether to read the pages of its articles that match or nearly match.
    extract: StrictBool = False
    #: By how much stories that it carries come before others.
    weight: Weight = 1.0
    #: How often to ask; None for as often as the floor allows.
    every: Annotated[Duration, checks.bounds("1s", "30d")] | None = None


class FetchConfig(Table):
    """How feeds are asked for."""

    table: ClassVar[str] = "[fetch]"

    #: Networks beside the public internet that may be asked, each with an optional port.
    allow: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.network)], ...],
        ListOfOne,
    ] = ()
    allow_files: StrictBool = False
    #: Requests to one host at the same time.
    per_host: Annotated[StrictInt, Field(ge=1, le=100)] = 2
    #: Pause between two requests to one host.
    host_gap: Annotated[Duration, checks.bounds("0s", "1h")] = timedelta(seconds=1)
    #: No feed is asked more often than this …
    floor: Annotated[Duration, checks.bounds("1s", "30d")] = timedelta(hours=1)
    #: … and waits that failures, servers and feeds make longer end here.
    ceiling: Annotated[Duration, checks.bounds("1s", "30d")] = timedelta(days=1)
    #: For one request with all its redirects; with the ten seconds that a document may take to be
    #: read, no feed needs more than thirty.
    deadline: Annotated[Duration, checks.bounds("1s", "10m")] = timedelta(seconds=20)
    #: Requests to all hosts at the same time.
    concurrency: Annotated[StrictInt, Field(ge=1, le=1000)] = 50


class DigestConfig(Table):
    """A mail that comes by itself."""

    table: ClassVar[str] = "[[digest]]"

    #: Stable: what was already reported hangs on it.
    name: Annotated[StrictStr, AfterValidator(checks.digest_name)]
    to: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.recipient)], ...],
        ListOfOne,
    ] = ()
    #: Local time in the digest's zone, "HH:MM".
    at: Annotated[str, BeforeValidator(checks.clock_time)] = "07:30"
    #: 0 is Monday.
    days: Annotated[
        frozenset[Annotated[int, BeforeValidator(checks.day)]],
        Field(min_length=1),
        ListOfOne,
    ] = frozenset(range(7))
    #: None for the configuration's zone.
    timezone: ZoneName | None = None
    #: Ids, or "*" for all of them.
    topics: Annotated[tuple[StrictStr, ...], Field(min_length=1), ListOfOne] = ("*",)
    #: What its readers read, the best first: leads are chosen in these. () for any language.
    languages: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.language)], ...],
        ListOfOne,
    ] = ()
    #: What to do when no topic matched.
    when_empty: Literal["skip", "send"] = "skip"
    #: Whether the first issue of a week shows what topics may have missed.
    audit: Literal["weekly", "never"] = "weekly"
    #: What becomes of issues that were missed while the monitor did not run.
    catch_up: Literal["merge", "each", "skip"] = "merge"


class MailConfig(Table):
    """The mail server; secrets are named here and live elsewhere."""

    table: ClassVar[str] = "[mail]"

    #: The key is `from`, which is no name in Python.
    from_: Annotated[StrictStr, AfterValidator(checks.sender), Field(validation_alias="from")]
    host: Annotated[StrictStr, AfterValidator(checks.mail_host)]
    #: None for the usual one: 465 with "tls", 587 with "starttls", 25 with "plain".
    port: Annotated[StrictInt, Field(ge=1, le=65_535)] | None = None
    #: Kept to the letter: nothing is ever sent less protected than this says.
    security: Literal["tls", "starttls", "plain"] = "starttls"
    user_env: VariableName | None = None
    user_file: Text | None = None
    password_env: VariableName | None = None
    password_file: Text | None = None
    #: What to do when the server may have taken a message or not.
    on_ambiguous: Literal["resend", "hold"] = "resend"
    #: Where the receivers find our public key: SELECTOR._domainkey.DOMAIN, the sender's domain.
    dkim_selector: Annotated[StrictStr, AfterValidator(checks.dkim_selector)] | None = None
    dkim_key_file: Text | None = None


class WebConfig(Table):
    """The archive's pages."""

    table: ClassVar[str] = "[web]"

    listen: Annotated[StrictStr, AfterValidator(checks.listen)] = "127.0.0.1:8484"
    #: How readers of a digest reach the archive; "" leaves such links out.
    public_url: Annotated[StrictStr, AfterValidator(checks.public_address)] = ""
    auth: Literal["none", "token", "proxy"] = "none"
    #: With `auth = "proxy"`: what a proxy writes the name of whom it let in into.
    user_header: Annotated[StrictStr, AfterValidator(checks.header_name)] = "Remote-User"
    #: The addresses of proxies that say truly for whom they ask (X-Forwarded-For, `user_header`).
    proxies: Annotated[
        tuple[Annotated[StrictStr, AfterValidator(checks.address)], ...],
        ListOfOne,
    ] = ()
    token_file: Text = "data/web-token"  # noqa: S105  the name of a file

    @property
    def host(self) -> str:
        """The name or address listened on, an IPv6 address without brackets."""
        return self.listen.rpartition(":")[0].removeprefix("[").removesuffix("]")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the archive."""
        return checks.is_loopback(self.host)


class ArchiveConfig(Table):
    """How long articles are kept after they were first seen; None is for ever."""

    table: ClassVar[str] = "[archive]"

    keep_unmatched: DaysOrForever = timedelta(days=90)
    keep_matched: DaysOrForever = None


class StoriesConfig(Table):
    """How articles are grouped into stories."""

    table: ClassVar[str] = "[stories]"

    #: Words and names that mean the same, beside the shipped ones; one list for each meaning.
    same: tuple[Annotated[tuple[Text, ...], Field(min_length=2)], ...] = ()


class ReloadConfig(Table):
    """What becomes of a change of this file while the monitor runs."""

    table: ClassVar[str] = "[reload]"

    #: Whether it takes effect by itself; otherwise `monitor reload` is waited for.
    auto: StrictBool = True


class TopKeys(Table):
    """The keys before the first table."""

    database: Annotated[StrictStr, AfterValidator(checks.database_address)] = (
        "sqlite:///data/monitor.db"
    )
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
    stories: StoriesConfig = StoriesConfig()
    reload: ReloadConfig = ReloadConfig()
    #: The file, to the letter.
    text: str = ""
    #: What `timezone` falls back to.
    machine_zone: str = "UTC"
    #: What can be used as it is, but may not be meant so.
    doubts: tuple[Problem, ...] = ()

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


#: The tables that may be there many times …
LISTS: Mapping[str, type[Table]] = {
    "topic": TopicConfig,
    "feed": FeedConfig,
    "digest": DigestConfig,
}
#: … and those that may be there once.
TABLES: Mapping[str, type[Table]] = {
    "fetch": FetchConfig,
    "mail": MailConfig,
    "web": WebConfig,
    "archive": ArchiveConfig,
    "stories": StoriesConfig,
    "reload": ReloadConfig,
}


def keys(model: type[Table]) -> list[str]:
    """Give the keys of a table as they are written in TOML."""
    return [str(field.validation_alias or name) for name, field in model.model_fields.items()]
