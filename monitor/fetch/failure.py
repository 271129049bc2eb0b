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
        self.reason = _fit_to_print(reason)
        self.status = status
        self.retry_after = retry_after


def _fit_to_print(text: str) -> str:
    """Make a text with a stranger's words in it fit for a line on a terminal or a page."""
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return "".join(shown)[:500]
