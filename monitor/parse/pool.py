"""The door to parsing: one document in, a `ParseResult` out, whatever the document does."""

from datetime import timedelta

from monitor.model import FailureKind, Fetched, JobFailed, ParsedFeed, ParseFailed, ParseResult
from monitor.workers import Workers


class ParserPool(Workers[ParsedFeed | ParseFailed]):
    """Parses in up to `workers` child processes; see `Workers` for what can be relied on.

    Args:
        workers: How many documents are parsed at the same time.
        timeout: How long one document may keep a processor busy; see `Workers`.
        patience: How long it may take by the clock.
        memory_bytes: How much address space one worker may take.
    """

    def __init__(
        self,
        workers: int = 2,
        timeout: timedelta = timedelta(seconds=10),
        *,
        patience: timedelta = timedelta(seconds=30),
        memory_bytes: int = 1 << 30,
    ) -> None:
        super().__init__(
            "monitor.parse.document:read",
            workers=workers,
            timeout=timeout,
            patience=patience,
            memory_bytes=memory_bytes,
        )

    def parse(self, fetched: Fetched, last: bytes = b"") -> ParseResult:
        """Understand one document; a failure is a value that says in plain words what was wrong.

        Args:
            fetched: The document.
            last: `ParsedFeed.imprint` of the feed's last good document. What that one had is not
                read again, and among the result's `known`.
        """
        result = self.run(fetched, last)
        if isinstance(result, JobFailed):
            return ParseFailed(
                kind=FailureKind.PARSER,
                reason=f"the parser {result.reason}",
                detail=result.detail,
            )
        return result
