"""How the walk of one feed ends early."""

from datetime import timedelta

from monitor.model import FailureKind


class Failure(Exception):  # noqa: N818  named as the outcome it becomes, a FetchFailed
    """Ends a walk; it becomes a `FetchFailed` and leaves this package as nothing else."""

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        status: int | None = None,
        retry_after: timedelta = timedelta(0),
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


def plain(text: str) -> str:
    """Make a stranger's text fit for a line of a report."""
    return text.encode("ascii", "backslashreplace").decode("ascii")[:200]
