"""The configuration as values, and every fault in it at once.

`load` turns the text of config.toml into a `Config` or raises one `ConfigError` that lists all
problems in the order of the file: line, place, the value as written, what to write instead. Nothing
that the reader wrote is ignored in silence, and no message repeats what may be a secret.

checks     what a single value must look like
models     the values, table by table
places     the line on which each key and value of a TOML text stands
syntax     from bytes to plain data
reading    from plain data to values or to a list of problems
words      pieces of messages
effective  from values to a text with every key
editing    changes to the text (not loaded with the rest: only commands that write need it)
"""

from monitor.config.checks import is_zone, sender_parts
from monitor.config.effective import effective
from monitor.config.models import (
    LISTS,
    TABLES,
    ArchiveConfig,
    Config,
    DigestConfig,
    FeedConfig,
    FetchConfig,
    MailConfig,
    Table,
    TopicConfig,
    TopKeys,
    WebConfig,
    database_url,
    keys,
)
from monitor.config.reading import load, locator
from monitor.config.syntax import decode

__all__ = [
    "LISTS",
    "TABLES",
    "ArchiveConfig",
    "Config",
    "DigestConfig",
    "FeedConfig",
    "FetchConfig",
    "MailConfig",
    "Table",
    "TopKeys",
    "TopicConfig",
    "WebConfig",
    "database_url",
    "decode",
    "effective",
    "is_zone",
    "keys",
    "load",
    "locator",
    "sender_parts",
]
