"""One feed's walk: the addresses it passes, and what each answer means."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import responses as phrases

import httpcore
import httpx

from monitor.fetch import body
from monitor.fetch.failure import Failure
from monitor.model import (
    NO_VALIDATORS,
    FailureKind,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    NotModified,
    Validators,
)

MAX_REDIRECTS = 10

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})

_NOWHERE = httpx.URL()


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where one feed's walk stands."""

    request: FetchRequest
    seconds_left: float
    url: httpx.URL = _NOWHERE
    passed: set[str] = field(default_factory=set)
    moved_to: str | None = None
    #: Whether all redirects so far were permanent.
    permanent: bool = True

    @property
    def validators(self) -> Validators:
        """What the request is conditional on, at every hop.

        A feed behind a temporary redirect got its validators from there, so they go along.
        """
        return self.request.validators

    def start(self) -> None:
        """Take the feed's address as the first one."""
        url = _web_address(self.request.url)
        if url is None:
            raise Failure(
                FailureKind.REFUSED,
                f'"{_cut(self.request.url)}" is no web address; write it such as '
                "https://example.org/feed",
            )
        self._go(url)

    def follow(self, status: int, location: str | None) -> None:
        """Go where a redirect points to.

        Fragment and user name are dropped: neither belongs to a feed's address, and a password must
        not come from a stranger.
        """
        if location is None:
            raise Failure(FailureKind.REDIRECT, f"{_said(status)}, but not where to", status=status)
        if len(self.passed) > MAX_REDIRECTS:
            raise Failure(
                FailureKind.REDIRECT,
                f"the server redirects on and on, more than {MAX_REDIRECTS} times",
                status=status,
            )
        target = _web_address(location, base=self.url)
        if target is None:
            raise Failure(
                FailureKind.REDIRECT,
                f'the server redirects to "{_cut(location)}", which is no web address',
            )
        self._go(target.copy_with(fragment=None, userinfo=b""))
        self.permanent = self.permanent and status in _PERMANENT
        if self.permanent:
            self.moved_to = str(self.url)

    def _go(self, url: httpx.URL) -> None:
        if str(url) in self.passed:
            raise Failure(FailureKind.REDIRECT, "the server redirects in a circle")
        self.url = url
        self.passed.add(str(url))

    def failed(self, failure: Failure) -> FetchFailed:
        """Put a failure into the words of the model."""
        reason = failure.reason
        if failure.kind is FailureKind.REFUSED and len(self.passed) > 1:
            reason = f"the server redirects to {_cut(str(self.url))}. {reason}"
        return FetchFailed(
            feed_url=self.request.feed_url,
            kind=failure.kind,
            reason=reason,
            status=failure.status,
            retry_after=failure.retry_after,
        )


async def read(response: httpcore.Response, walk: Walk) -> FetchResult | None:
    """Say what an answer means; None means that the walk goes on at another address.

    Raises:
        Failure: The answer is of no use.
    """
    headers, status = response.headers, response.status
    now = datetime.now(UTC)
    match status:
        case 200:
            return Fetched(
                feed_url=walk.request.feed_url,
                url=str(walk.url),
                moved_to=walk.moved_to,
                body=await body.read(response.aiter_stream(), headers),
                content_type=body.header(headers, b"content-type") or "",
                validators=body.validators(headers),
                max_age=body.max_age(headers, now),
            )
        case 304 if walk.validators != NO_VALIDATORS:
            return NotModified(
                feed_url=walk.request.feed_url,
                moved_to=walk.moved_to,
                validators=body.validators(headers),
                max_age=body.max_age(headers, now),
            )
        case _ if status in _REDIRECTS:
            walk.follow(status, _location(headers))
            return None
    kind = FailureKind.GONE if status == 410 else FailureKind.STATUS
    raise Failure(
        kind,
        _said(status),
        status=status,
        retry_after=body.retry_after(headers, now),
    )


def _web_address(text: str, *, base: httpx.URL | None = None) -> httpx.URL | None:
    """Read an address, in the place of another one if it is relative; None if it is none."""
    try:
        url = base.join(text) if base else httpx.URL(text)
        good = url.scheme in {"http", "https"} and url.host and (url.port or 1) <= 65_535
    except (httpx.InvalidURL, ValueError):  # not all of its faults are InvalidURL
        return None
    return url if good else None


def _cut(address: str) -> str:
    return address if len(address) <= 120 else f"{address[:119]}…"


def _location(headers: body.RawHeaders) -> str | None:
    location = body.header(headers, b"location")
    if location is None:
        return None
    with contextlib.suppress(UnicodeDecodeError):  # Latin-1, then
        return location.encode("latin-1").decode()
    return location


def _said(status: int) -> str:
    # The server's own phrase is not repeated: it can be anything.
    return f"the server said {status} {phrases.get(status, '')}".rstrip()
