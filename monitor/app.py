"""The one place that builds the real parts from a configuration file and hands them on.

config.toml ─→ Config ─→ Topics, Templates
     │
     └ data/           beside the file: monitor.db, outbox/, web-token
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from monitor import change, deliver, extract
from monitor import config as configuration
from monitor.config import Config
from monitor.deliver import DrainReport, Mailer
from monitor.errors import BusyError, ConfigError, MonitorError, Problem, StoreError
from monitor.extract import Extractor
from monitor.fetch import Fetcher
from monitor.group import Grouper
from monitor.mail import FolderMailer, Signer, SmtpMailer
from monitor.matcher import Topics
from monitor.model import ConfigVersion, Digest, RenderedDigest
from monitor.parse import ParserPool
from monitor.poll import Round
from monitor.render import Templates
from monitor.store import Store, open_store
from monitor.stories import Glossary

if TYPE_CHECKING:
    from monitor.subscribe import Scout

_SQLITE = "sqlite:///"

#: The largest configuration file we read; the shipped one has 15 KB.
_MAX_CONFIG_BYTES = 4_000_000


def utc_now() -> datetime:
    """Tell the time: the only clock of the product, handed to everything that needs one."""
    return datetime.now(UTC)


def read_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: It is not there, not readable, or wrong; every problem at once.
    """
    text = configuration.decode(_read(path), path=str(path))
    return configuration.load(text, path=str(path), machine_zone=machine_zone(environ))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > _MAX_CONFIG_BYTES:
        raise _no_config(
            path, f"is larger than {_MAX_CONFIG_BYTES // 1_000_000} MB; is it the right file?"
        )
    return content


@lru_cache(maxsize=1)  # each page of the archive asks while the file is faulty
def _fault(text: str, path: Path, machine_zone: str) -> str:
    """Say why a text cannot be taken for the configuration, "" if it can."""
    try:
        configuration.load(text, path=str(path), machine_zone=machine_zone)
    except ConfigError as error:
        return _not_taken(error, path)
    return "" if text.strip() else f"{path.name} is empty; {_GOES_ON}"


_GOES_ON = "until that is mended, the monitor goes on with the configuration from before."


def _not_taken(error: ConfigError, path: Path) -> str:
    first = error.problems[0]
    where = f"{path.name}, line {first.line}" if first.line else path.name
    return f"{where}: {first.place}: {first.message}; {_GOES_ON}"


def _unreadable(path: Path, error: OSError) -> ConfigError:
    if not isinstance(error, FileNotFoundError):
        return _no_config(path, f"cannot be read: {error.strerror or error}")
    return _no_config(
        path,
        "is not here; name another with --config FILE, or start from the shipped one: "
        f"cp {shipped_config()} {path}",
    )


def _no_config(path: Path, message: str) -> ConfigError:
    return ConfigError(str(path), (Problem(line=0, place="this file", message=message),))


def glossary(config: Config) -> Glossary:
    """Give the shipped glossary with the reader's groups and the aliases of the topics."""
    return Glossary(
        config.stories.same, ((topic.id, topic.any) for topic in config.topics), shipped=True
    )


def shipped_config() -> Path:
    """Give the configuration that the product ships: inside a wheel, else the repository's own."""
    package = Path(__file__).parent
    inside = package / "shipped" / "config.toml"
    return inside if inside.exists() else package.parent / "config.toml"


def machine_zone(environ: Mapping[str, str] = os.environ) -> str:
    """Name the machine's time zone as TZ or /etc say it; "UTC" where they give no known name."""
    candidates = [environ.get("TZ", "").removeprefix(":")]
    try:
        candidates.append(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2])
        candidates.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    except OSError:
        pass
    return next((name for name in candidates if configuration.is_zone(name)), "UTC")


@dataclass(frozen=True)
class App:
    """A configuration with the parts it asks for."""

    config: Config
    #: The configuration file, absolute.
    path: Path
    store: Store
    clock: Callable[[], datetime] = utc_now
    #: Keys of `[web]` that the command line gave: they stay, whatever the file says.
    web: Mapping[str, str] = field(default_factory=dict)
    #: What servers said while the database could not be written to.
    unsettled: list[deliver.Outcome] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = utc_now,
    ) -> "App":
        """Read the configuration and open its database, making both folder and schema on need.

        Raises:
            ConfigError: The configuration is wrong.
            StoreError: The database cannot be used.
        """
        path = path.absolute()
        config = read_config(path, environ)
        store = open_store(configuration.database_url(config.database, folder=path.parent))
        return cls(config=config, path=path, store=store, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def configured(self, config: Config) -> "App":
        """Give the app for another configuration, with the same database."""
        web = config.web.model_copy(update=dict(self.web))
        return replace(self, config=config.model_copy(update={"web": web}))

    def reread(self, environ: Mapping[str, str] = os.environ) -> "App":
        """Give the app for the configuration as the file has it now; itself if it is the same.

        Raises:
            ConfigError: It is wrong, or there is nothing in it, as when a disk was full.
        """
        config = read_config(self.path, environ)
        if config.text == self.config.text:
            return self
        if not config.text.strip():
            raise _no_config(self.path, "is empty; put its text back")
        return self.configured(config)

    @property
    def data(self) -> Path:
        """The folder for everything that is not the database: `data/` beside the configuration."""
        return self.path.parent / "data"

    @property
    def outbox(self) -> Path:
        """Where digests are written as files, and the preview always."""
        return self.data / "outbox"

    @cached_property
    def topics(self) -> Topics:
        """The configured topics, compiled."""
        return Topics(self.config.topics)

    @cached_property
    def grouper(self) -> Grouper:
        """What groups matched articles into stories."""
        return Grouper(self.store, glossary(self.config))

    @cached_property
    def templates(self) -> Templates:
        """The reader's templates before the shipped ones."""
        return Templates([self.path.parent / "templates"])

    def applied(self) -> Config | None:
        """Give the configuration that was applied last; None if none ever was.

        Raises:
            ConfigError: This version of the monitor cannot read it any more.
        """
        text = self.store.applied_config()
        if text is None:
            return None
        return configuration.load(
            text, path="the configuration applied last", machine_zone=self.config.machine_zone
        )

    def accept(self, before: Config | None = None) -> bool:
        """Make this configuration the one that is applied; True when it was not before.

        Who knows the one `before` spares us reading it again.
        """
        now = self.clock()
        new = self.store.accept_config(
            text=self.config.text,
            hash=self.config.hash,
            topics=self.topics.versions,
            changes=self._changes(before),
            now=now,
        )
        self.store.sync_feeds(self.config.feeds, now)
        for digest in self.config.digests:
            self.store.digest_started_at(digest.name, now)
        return new

    def _changes(self, before: Config | None) -> tuple[str, ...]:
        try:
            if before is None or before.text != self.store.applied_config():
                before = self.applied()
            return change.differences(before, self.config)
        except ConfigError:
            return ("after an update of the monitor",)

    @property
    def is_shared(self) -> bool:
        """Whether others may work on the database without our lock: one that is no file."""
        url = configuration.database_url(self.config.database, folder=self.path.parent)
        return not url.startswith(_SQLITE)

    @contextmanager
    def sole_service(self) -> Iterator[None]:
        """Hold the lock beside an SQLite database: one service or poll at a time.

        Raises:
            BusyError: Somebody else holds it.
        """
        url = configuration.database_url(self.config.database, folder=self.path.parent)
        if not url.startswith(_SQLITE):
            yield  # on PostgreSQL the unique keys keep two services from doubling anything
            return
        import fcntl  # noqa: PLC0415  absent on Windows, where only this method needs it

        file = Path(url.removeprefix(_SQLITE))
        lock = file.with_name(file.name + ".lock")
        with _lock_file(lock) as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                handle.seek(0)
                holder = handle.read().strip()
                raise BusyError(
                    f"another monitor ({holder or 'unknown process'}) already works on {file}; "
                    "stop it first, or give this one a database of its own in its configuration. "
                    "Reading commands (search, digest, feeds, check) work beside it"
                ) from error
            handle.truncate(0)
            handle.write(f"process {os.getpid()}")
            handle.flush()
            # Whoever was sending something died.
            self.store.release_claims(self.clock())
            yield

    @contextmanager
    def round(self) -> Iterator[Round]:
        """Lend the parts for rounds of polls; their threads and processes end with the block."""
        with self.fetcher() as fetcher, ParserPool() as parser:
            yield self.round_with(fetcher, parser)

    def fetcher(self) -> Fetcher:
        """Give what asks for feeds, at the pace of this configuration."""
        return Fetcher(self.config.fetch)

    def round_with(self, fetcher: Fetcher, parser: ParserPool) -> Round:
        """Give the parts for rounds of polls under this configuration."""
        return Round(
            store=self.store,
            fetcher=fetcher,
            parser=parser,
            topics=self.topics,
            config=self.config,
            clock=self.clock,
        )

    @contextmanager
    def extractor(self) -> Iterator[Extractor | None]:
        """Lend what reads pages in full, None without its package; its process ends with it."""
        if not extract.is_installed():
            yield None
            return
        with Extractor() as extractor:
            yield extractor

    def mailer(self, environ: Mapping[str, str] = os.environ) -> Mailer:
        """Give what takes digests out: SMTP when `[mail]` is there, else files in the outbox."""
        if self.config.mail is None:
            return FolderMailer(self.outbox)
        return SmtpMailer(self.config.mail, environ, self.path.parent)

    def mail_problems(self, environ: Mapping[str, str] = os.environ) -> tuple[Problem, ...]:
        """Name the secrets of `[mail]` that are not there, before one is needed."""
        mail = self.config.mail
        if mail is None:
            return ()
        variables = {"user_env": mail.user_env, "password_env": mail.password_env}
        files = {"user_file": mail.user_file, "password_file": mail.password_file}
        problems = {
            key: f"the environment variable {name} is not set; set it where the monitor starts"
            for key, name in variables.items()
            if name and not environ.get(name)
        }
        for key, name in files.items():
            if name and not os.access(file := self.path.parent / name, os.R_OK):
                problems[key] = (
                    f"the file {file} cannot be read; put the secret there, readable by the monitor"
                )
        if unsigned := Signer(mail, self.path.parent).problem():
            problems["dkim_key_file"] = unsigned
        located = configuration.locator(self.config)
        return tuple(located(("mail", key), message) for key, message in problems.items())

    def makings(self) -> deliver.Makings:
        """Give what issues are made of."""
        mail = self.config.mail
        return deliver.Makings(
            store=self.store,
            config=self.config,
            templates=self.templates,
            sign=Signer(mail, self.path.parent).sign if mail else bytes,
            notices=self.notices,
        )

    def extract_problems(self) -> tuple[Problem, ...]:
        """Say so if pages are to be read in full and the package for it is not there."""
        asking = [row for row, feed in enumerate(self.config.feeds) if feed.extract]
        if not asking or extract.is_installed():
            return ()
        message = (
            "needs one more package: pip install 'news-monitor[extract]'; or take the line out"
        )
        return (configuration.locator(self.config)(("feed", asking[0], "extract"), message),)

    def notices(self) -> tuple[str, ...]:
        """Tell what the reader of a digest should know of the configuration file."""
        try:
            text = configuration.decode(_read(self.path), path=str(self.path))
        except ConfigError as error:
            return (_not_taken(error, self.path),)
        if text == self.config.text:
            return ()
        if fault := _fault(text, self.path, self.config.machine_zone):
            return (fault,)
        if self.config.reload.auto:
            return ()  # it takes effect in a moment
        return (f"{self.path.name} was changed; `monitor reload` lets that take effect.",)

    def compose_due(self) -> int:
        """Compose the digests that are due; give how many issues that made."""
        return deliver.compose_due(self.makings(), self.clock())

    def drain_outbox(self, mailer: Mailer, stop: Callable[[], bool] = lambda: False) -> DrainReport:
        """Send what is due until nothing is, or until it shall stop."""
        return deliver.drain_outbox(
            self.store, mailer, self.clock, hold=self._holds, stop=stop, unsettled=self.unsettled
        )

    def settle_outbox(self) -> None:
        """Tell the database what it could not be told so far: the last chance before the end."""
        deliver.settle(self.store, self.unsettled, hold=self._holds)

    @property
    def _holds(self) -> bool:
        mail = self.config.mail
        return mail is not None and mail.on_ambiguous == "hold"

    def preview(
        self, name: str | None = None, *, everything: bool = False
    ) -> tuple[Digest, RenderedDigest]:
        """Render the next digest as it would look now.

        Args:
            name: Which digest; the first one configured if None.
            everything: Take all matches of the archive instead of the next issue's window.

        Raises:
            MonitorError: There is no such digest.
        """
        return deliver.preview(self.makings(), self.clock(), name=name, everything=everything)

    def as_of(self, moment: datetime, name: str | None = None) -> deliver.LookBack:
        """Render the issue that a past moment belongs to.

        Raises:
            MonitorError: There is no such digest, or nothing had been read by then.
        """
        return deliver.as_of(self.makings(), moment, name=name)

    def write_preview(self, rendered: RenderedDigest) -> Path:
        """Put a preview into the outbox folder, HTML and text, and give the HTML's path."""
        page = self.outbox / "preview.html"
        try:
            self.outbox.mkdir(parents=True, exist_ok=True)
            _replace(page, rendered.html)
            _replace(self.outbox / "preview.txt", rendered.text)
        except OSError as error:
            raise MonitorError(
                f"the preview could not be written to {self.outbox}: {error.strerror or error}"
            ) from error
        return page


@contextmanager
def scout(config: Config, path: Path, clock: Callable[[], datetime] = utc_now) -> "Iterator[Scout]":
    """Lend the parts that look at feeds nobody configured yet; no database is made.

    Args:
        config: What is configured.
        path: The configuration file.
        clock: Tells the time.
    """
    from monitor.subscribe import Scout  # noqa: PLC0415  the service needs none of what it loads

    with Fetcher(config.fetch) as fetcher, ParserPool(workers=1) as parser:
        yield Scout(
            fetcher=fetcher,
            parser=parser,
            topics=Topics(config.topics),
            config=config,
            moved=_moved(config, path.absolute().parent),
            clock=clock,
        )


def _moved(config: Config, folder: Path) -> Mapping[str, str]:
    """Give where each feed lives now; nothing if there is no database to ask."""
    url = configuration.database_url(config.database, folder=folder)
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return {}
    try:
        with closing(open_store(url)) as store:
            return {state.feed_url: state.url for state in store.feed_states()}
    except StoreError:
        return {}  # a feed can be looked at and written down without it


def versions_of(path: Path) -> tuple[ConfigVersion, ...]:
    """Give the configurations that were applied, the newest first, also beside a broken file.

    Of a broken one nobody knows which database it names: the usual one is looked at.
    """
    try:
        config = read_config(path)
    except ConfigError:
        config = Config()
    url = configuration.database_url(config.database, folder=path.absolute().parent)
    with closing(open_store(url)) as store:
        return store.config_versions()


def _lock_file(path: Path) -> IO[str]:
    try:
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"the lock {path} beside the database cannot be written: {error.strerror}; "
            "run the monitor where it may write"
        ) from error


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
