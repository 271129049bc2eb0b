"""Feeds that are files on this machine."""

import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from monitor.fetch import body
from monitor.fetch.failure import Failure
from monitor.model import (
    FailureKind,
    Fetched,
    FetchRequest,
    FetchResult,
    NotModified,
    Validators,
)


def read_file(request: FetchRequest) -> FetchResult:
    """Read a file; its time and size stand for its version."""
    parts = urlsplit(request.url)
    if parts.netloc.lower() not in {"", "localhost"} or not parts.path.startswith("/"):
        raise Failure(
            FailureKind.REFUSED,
            "this is no address of a file; write it such as file:///home/me/feed.xml",
        )
    try:
        path = Path(unquote(parts.path, errors="surrogateescape"))
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise Failure(FailureKind.REFUSED, "this is no regular file")
        version = Validators(etag=f'"{state.st_mtime_ns:x}-{state.st_size:x}"')
        if version == request.validators:
            return NotModified(feed_url=request.feed_url, moved_to=None, validators=version)
        with path.open("rb") as file:
            content = file.read(body.MAX_BODY_BYTES + 1)
    except (OSError, ValueError) as error:  # a NUL in the name is a ValueError
        words = getattr(error, "strerror", None) or "its name is no proper name"
        raise Failure(FailureKind.STATUS, f"the file could not be read: {words}") from error
    if len(content) > body.MAX_BODY_BYTES:
        raise body.too_large()
    return Fetched(
        feed_url=request.feed_url,
        url=request.url,
        moved_to=None,
        body=content,
        content_type="",
        validators=version,
    )
