"""Pages to the text of their article, in a worker process that can be killed.

`Extractor` is the door. trafilatura, an optional package, is loaded by the child only: pages made
to harm take it minutes and hundreds of megabytes.
"""

from datetime import timedelta
from importlib.util import find_spec

from monitor.model import JobFailed
from monitor.workers import Workers

#: Real articles stay far below; what is above is refused unread.
MAX_CHARACTERS = 3_000_000


def is_installed() -> bool:
    """Whether the optional package is there."""
    return find_spec("trafilatura") is not None


class Extractor(Workers[str]):
    """Reads one page at a time in a child process, started when first needed.

    Args:
        timeout: How long one page may keep a processor busy; see `Workers`.
        patience: How long it may take by the clock.
        memory_bytes: How much address space the worker may take.
    """

    def __init__(
        self,
        timeout: timedelta = timedelta(seconds=5),
        *,
        patience: timedelta = timedelta(seconds=15),
        memory_bytes: int = 512 << 20,
    ) -> None:
        super().__init__(
            "monitor.extract.page:read",
            workers=1,
            timeout=timeout,
            patience=patience,
            memory_bytes=memory_bytes,
        )

    def read(self, page: str) -> str | JobFailed:
        """Give the article's own text, "" if there is none that can be told from its frame."""
        if len(page) > MAX_CHARACTERS:
            return JobFailed(reason=f"takes no page above {MAX_CHARACTERS:,} characters")
        return self.run(page)
