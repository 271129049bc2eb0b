"""The store: its parts under one name, and how it is opened."""

from datetime import timedelta

from monitor.store.archive import Archive
from monitor.store.audits import Audits
from monitor.store.changes import Changes
from monitor.store.database import dialect_of
from monitor.store.feeds import Feeds
from monitor.store.outbox import Outbox
from monitor.store.pages import Pages
from monitor.store.reviews import Reviews
from monitor.store.schema import migrate
from monitor.store.stories import Stories


class Store(Feeds, Pages, Archive, Reviews, Outbox, Audits, Stories, Changes):
    """The database, in whole steps: every method is one transaction, or none of it happened.

    A locked, unreachable, full or damaged database raises StoreError. Methods may be called from
    any thread. Text that no database can hold (NUL, lone surrogates) is stored with U+FFFD in its
    place, character for character.

    A SQLite file that may not be written to can still be read; what reading would write on the way
    (the search index, when a digest was first asked for) is left out then.
    """

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_store(url: str, *, patience: timedelta = timedelta(seconds=10)) -> Store:
    """Open the database, make or update its tables; raises StoreError with the fix.

    Args:
        url: `sqlite:///PATH` (its folder is made) or `postgresql://…`.
        patience: How long a step waits for another program's lock.
    """
    dialect = dialect_of(url, patience)
    try:
        migrate(dialect)
    except BaseException:
        dialect.engine.dispose()
        raise
    return Store(dialect)
