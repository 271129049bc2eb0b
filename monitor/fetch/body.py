"""What a server sent: the body within a limit, and the headers that polling acts on."""

import re
import zlib
from collections.abc import AsyncIterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.fetch.failure import Failure
from monitor.model import FailureKind, Validators

#: The largest body that is read, as sent and after decompression. Real feeds stay below a fifth.
MAX_BODY_BYTES = 10 * 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"
_MAX_AGE = re.compile(r"(?<![\w-])max-age\s*=\s*\"?(\d+)", re.IGNORECASE | re.ASCII)
_NO_CACHE = re.compile(r"(?<![\w-])no-(?:cache|store)(?![\w-])", re.IGNORECASE | re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
#: More than anybody means; keeps hostile figures within what dates can hold.
_LONGEST = timedelta(days=366)

RawHeaders = Sequence[tuple[bytes, bytes]]


def header(headers: RawHeaders, name: bytes) -> str | None:
    """Give a header's values to the letter, joined by commas as RFC 9110, 5.3 says; None if absent.

    Bytes beyond ASCII become Latin-1, so that `encode("latin-1")` gives back what was sent.
    """
    values = [value.decode("latin-1") for key, value in headers if key.lower() == name]
    return ", ".join(values) if values else None


def validators(headers: RawHeaders) -> Validators:
    """Give the validators of an answer: one set, to be echoed to the letter."""
    return Validators(
        etag=header(headers, b"etag") or None,
        last_modified=header(headers, b"last-modified") or None,
    )


def max_age(headers: RawHeaders, now: datetime) -> timedelta:
    """Give how long an answer holds, zero if it does not say so (RFC 9111, 4.2.1).

    That is Cache-Control's max-age, else Expires, which counts from the server's own Date.
    """
    control = header(headers, b"cache-control") or ""
    if found := _MAX_AGE.search(control):
        return _seconds(found[1])
    if _NO_CACHE.search(control):
        return timedelta(0)
    return _until((header(headers, b"expires") or "").strip(), headers, now)


def retry_after(headers: RawHeaders, now: datetime) -> timedelta:
    """Give Retry-After (RFC 9110, 10.2.3), seconds or a date, as a wait; zero if it says nothing.

    A date counts from the server's own Date where it sent one: its clock need not be right.
    """
    text = (header(headers, b"retry-after") or "").strip()
    if _DIGITS.fullmatch(text):
        return _seconds(text)
    return _until(text, headers, now)


def _until(text: str, headers: RawHeaders, now: datetime) -> timedelta:
    """Give the wait until a date of the server's; zero for one that is past or is no date."""
    until = _date(text)
    if until is None:
        return timedelta(0)
    return min(max(until - (_date(header(headers, b"date") or "") or now), timedelta(0)), _LONGEST)


def _seconds(digits: str) -> timedelta:
    # Ten digits are centuries; int() refuses some thousands of them.
    return min(timedelta(seconds=int(digits.lstrip("0")[:10] or "0")), _LONGEST)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):  # the library leaks all of them
        return None


async def read(chunks: AsyncIterable[bytes], headers: RawHeaders) -> bytes:
    """Read a body, inflating gzip.

    Raises:
        Failure: It is too large, cut off inside its gzip, or in an encoding nobody asked for.
    """
    said = (header(headers, b"content-encoding") or "").lower().split(",")
    encodings = [name for name in map(str.strip, said) if name not in {"", "identity"}]
    if encodings not in ([], ["gzip"], ["x-gzip"]):
        raise Failure(
            FailureKind.PROTOCOL,
            f'the server sent the encoding "{", ".join(encodings)[:40]}", '
            "although it was offered gzip only",
        )
    gunzip = _Gunzip() if encodings else None
    body = bytearray()
    sent_bytes = 0
    async for chunk in chunks:
        sent_bytes += len(chunk)
        body += gunzip.inflate(chunk, MAX_BODY_BYTES - len(body)) if gunzip else chunk
        if max(sent_bytes, len(body)) > MAX_BODY_BYTES:
            raise too_large()
    if gunzip is not None and sent_bytes:
        gunzip.finish()
    return bytes(body)


def too_large() -> Failure:
    """Say that a body passes the limit."""
    return Failure(
        FailureKind.TOO_LARGE, f"the feed is larger than {MAX_BODY_BYTES // (1024 * 1024)} MB"
    )


class _Gunzip:
    """Inflates gzip piece by piece: one member or several, as RFC 1952 allows."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def inflate(self, data: bytes, limit: int) -> bytes:
        """Give at most `limit` + 1 bytes: the one too many tells that the limit is passed."""
        output = bytearray()
        while data and len(output) <= limit:
            if self._member.eof:
                if data[:2] != _GZIP_MAGIC[: len(data)]:
                    break  # padding after the end, which every gzip program ignores
                self._member = zlib.decompressobj(wbits=31)
            try:
                output += self._member.decompress(data, limit + 1 - len(output))
            except zlib.error as error:
                raise Failure(
                    FailureKind.PROTOCOL,
                    "the server says that the answer is compressed with gzip, but it is damaged or "
                    "not compressed at all",
                ) from error
            data = self._member.unconsumed_tail or self._member.unused_data
        return bytes(output)

    def finish(self) -> None:
        """Make sure that nothing is missing."""
        if not self._member.eof:
            raise Failure(
                FailureKind.PROTOCOL, "the answer was cut off in the middle of its gzip compression"
            )
