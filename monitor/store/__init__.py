"""The archive's memory: everything that outlives a process, in SQLite or PostgreSQL.

`open_store` gives a `Store`; each of its methods is a whole step in one transaction and speaks in
the values of `monitor.model`. Nothing else of this package is for other modules.
"""

from monitor.store.store import Store, open_store

__all__ = ["Store", "open_store"]
