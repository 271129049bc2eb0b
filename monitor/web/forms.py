"""Forms: what a page of ours may send, and what every change asks of it first.

A form carries the token of this run of the service; a page of another site can neither read it nor
guess it.
"""

import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

#: Far above a page of matches and the longest note.
MAX_FORM_BYTES = 256_000
_MAX_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class Form:
    """What a form sent; every field may be there many times."""

    fields: dict[str, list[str]]

    def get(self, name: str) -> str:
        """Give a field's last value, "" if it was not sent."""
        return self.fields.get(name, [""])[-1]


class StaleForm(Exception):  # noqa: N818  a page, not a failure
    """A form without the token of this run."""

    def __init__(self, form: Form) -> None:
        super().__init__("a form without its token")
        self.form = form


class Forms:
    """Reads forms, and knows the token that they must bring."""

    def __init__(self) -> None:
        #: Pages put it into their forms as `csrf`.
        self.token = secrets.token_urlsafe()

    async def read(self, request: Request) -> Form:
        """Take a form of our pages.

        Raises:
            HTTPException: It is no form, or too large a one.
            StaleForm: It brings not the token of this run, or another site sent it.
        """
        # A form that another site can make a browser send as text is none of ours.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise HTTPException(415, "This address takes the forms of the archive's own pages.")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                raise HTTPException(413, f"A form has at most {MAX_FORM_BYTES:,} bytes.")
        try:
            fields = parse_qs(
                bytes(body).decode("utf-8", "replace"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=_MAX_FIELDS,
            )
        except ValueError:
            raise HTTPException(413, f"A form has at most {_MAX_FIELDS:,} fields.") from None
        form = Form(fields)
        given = form.get("csrf").encode()
        elsewhere = request.headers.get("sec-fetch-site", "same-origin") == "cross-site"
        if elsewhere or not hmac.compare_digest(given, self.token.encode()):
            raise StaleForm(form)
        return form
