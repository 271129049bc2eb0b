"""Stand before every page: who may ask, what may be asked, and what the browser is told to refuse.

    Host known? ─→ GET or a form? ─→ token? ─→ the page ─→ security headers on whatever comes back

Each check protects against something that reaches even a service on 127.0.0.1: a web page elsewhere
whose name was rebound to this machine, a form on a strange site, a headline that carries a script.
"""

import base64
import hmac
import logging
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.config import WebConfig
from monitor.errors import MonitorError

log = logging.getLogger(__name__)

#: Our pages: our stylesheet, script and icon, our forms, our frame with a mail inside, and nothing
#: else.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: A mail as sent: its own inline styles, no script, no request anywhere; links open new windows.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

#: Answered without a token: a health check has none, and it says nothing about the news.
OPEN_PATHS = frozenset({"/health", "/style.css", "/icon.svg", "/keys.js", "/login"})

#: Below it each address is its own proof, and a mail program that asks has no cookie: it may POST,
#: without the archive's token and from anywhere (RFC 8058).
UNSUBSCRIBE = "/unsubscribe/"

#: Where the form of the refusal is sent.
LOGIN = "/login"
#: In a minute, from one caller.
MOST_WRONG_TOKENS = 10
_MAX_LOGIN_BYTES = 4_096

COOKIE = "monitor_session"
_COOKIE_SECONDS = 365 * 24 * 3600
_MIN_TOKEN_CHARS = 16

_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    # What a reader watches stays out of shared caches, and out of the history after signing out.
    "Cache-Control": "no-store",
}

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::\d{1,5})?", re.ASCII | re.IGNORECASE)

#: Builds the page for an error: status, headline, what to do.
ErrorPage = Callable[[int, str, str], Response]


def load_token(path: Path) -> str:
    """Read the token that opens the archive, making one readable by its owner only at first use.

    Raises:
        MonitorError: The file cannot be read or made, or holds no token worth the name.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            token = path.read_text(encoding="utf-8").strip()
        else:
            token = secrets.token_urlsafe()
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(token + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise MonitorError(f"[web] token_file {path} cannot be used: {error}") from error
    if len(token) < _MIN_TOKEN_CHARS:
        raise MonitorError(
            f"[web] token_file {path} holds fewer than {_MIN_TOKEN_CHARS} characters, which can be "
            "guessed; delete it and a good one is made at the next start"
        )
    return token


def known_hosts(web: WebConfig) -> frozenset[str]:
    """Name the hosts under which the archive answers: this machine, `listen` and `public_url`."""
    listen = urlsplit(f"//{web.listen}").hostname or ""
    public = urlsplit(web.public_url).hostname or ""
    return frozenset({"127.0.0.1", "localhost", "::1", listen, public} - {""})


class Guard:
    """ASGI middleware: lets a page answer only whom it may, and hardens whatever is answered."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        token: str | None,
        user_header: str | None,
        secure: bool,
        error_page: ErrorPage,
        changes: Collection[str],
        proxies: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token
        #: What one of `proxies` names those in whom it let in; None where it is not asked.
        self._user_header = user_header
        #: Readers come by https: the cookie must never travel in the clear.
        self._secure = secure
        self._error_page = error_page
        #: The addresses that take a form.
        self._changes = frozenset({LOGIN, *changes})
        self._proxies = frozenset(proxies)
        self._wrong = WrongTokens(clock)
        #: What the cookie holds: made from the token, which thus lies in no browser, and too long
        #: to be guessed even where the token is somebody's own pass phrase.
        self._session = hmac.digest((token or "").encode(), b"archive", "sha256").hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            request = Request(scope, receive)
            answer = self._refuse(request)
            if answer is None and request.url.path == LOGIN and self._token is not None:
                answer = await self._log_in(request)
            await (answer or self._app)(scope, receive, hardened)
        except Exception:  # the one place that keeps a fault of ours from showing its inside
            log.exception("page failed", extra={"path": scope["path"]})
            if started:
                raise
            page = self._error_page(
                500, "Something broke", "This is a fault of News Monitor; its log has the details."
            )
            await page(scope, receive, hardened)

    def _refuse(self, request: Request) -> Response | None:
        """Give the answer for a request that no page shall see; None lets it pass."""
        host = _host_name(request.headers.get("host", ""))
        if host not in self._hosts:
            return self._error_page(
                421,
                "Not known by this name",
                "The archive answers only to names it knows. If this one is yours, write it into "
                'config.toml: public_url = "http://NAME:PORT" under [web], and start again.',
            )
        leaving = request.url.path.startswith(UNSUBSCRIBE)
        allowed = {"POST"} if request.url.path in self._changes else {"GET", "HEAD"}
        if leaving:
            allowed = {"GET", "HEAD", "POST"}
        if request.method not in allowed:
            only = " and ".join(sorted(allowed))
            page = self._error_page(405, "Not in this way", f"This address answers {only}.")
            page.headers["Allow"] = ", ".join(sorted(allowed))
            return page
        if leaving or request.url.path in OPEN_PATHS:
            return None
        if self._user_header is not None:
            return None if self._let_in_by_proxy(request, self._user_header) else self._outside()
        return None if self._token is None else self._ask_token(request)

    def _ask_token(self, request: Request) -> Response | None:
        password = _password(request.headers.get("authorization", ""))
        if password is not None:
            return self._waiting(request) or self._check(request, password)
        given = request.query_params.get("token")
        if given is not None:
            return self._try(request, given, _without_token(request))
        cookie = request.cookies.get(COOKIE, "").encode("utf-8", "replace")
        inside = hmac.compare_digest(cookie, self._session.encode())
        return None if inside else self._closed(request)

    async def _log_in(self, request: Request) -> Response:
        """Take the token from the form that the refusal shows."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_LOGIN_BYTES:
                return self._error_page(413, "That is no token", "A token is much shorter.")
        fields = parse_qs(bytes(body).decode("utf-8", "replace"), errors="replace")
        return self._try(request, fields.get("token", [""])[0].strip(), "/")

    def _try(self, request: Request, given: str, target: str) -> Response:
        """Let in who brings the token; who guesses has to wait, even with the right one then."""
        if refused := self._waiting(request) or self._check(request, given):
            return refused
        response = RedirectResponse(target, status_code=303)
        response.set_cookie(
            COOKIE,
            self._session,
            max_age=_COOKIE_SECONDS,
            httponly=True,
            # "strict" would ask whoever follows a link in webmail to sign in again. Lax lets a
            # link from elsewhere show a page; nothing here changes anything on a GET.
            samesite="lax",
            secure=self._secure,
        )
        return response

    def _waiting(self, request: Request) -> Response | None:
        if not self._wrong.too_many(self._caller(request)):
            return None
        page = self._error_page(
            429, "Too many wrong tokens", "Wait a minute, then try again with the right one."
        )
        page.headers["Retry-After"] = "60"
        return page

    def _check(self, request: Request, given: str) -> Response | None:
        expected = (self._token or "").encode()
        if hmac.compare_digest(given.encode("utf-8", "replace"), expected):
            return None
        caller = self._caller(request)
        self._wrong.note(caller)
        log.warning("a wrong token", extra={"caller": caller})
        return self._closed(request)

    def _let_in_by_proxy(self, request: Request, header: str) -> bool:
        hop = request.client.host if request.client else ""
        named = request.headers.getlist(header)
        # Two of them: one came from outside, and nobody knows which.
        return hop in self._proxies and len(named) == 1 and bool(named[0].strip())

    def _outside(self) -> Response:
        return self._error_page(
            403,
            "Please come in by the front door",
            "The archive shows itself to those only whom its proxy has let in: use the proxy's "
            "address.",
        )

    def _closed(self, request: Request) -> Response:
        page = self._error_page(
            401,
            "Please open the archive with its link",
            "Use the link with the token that the monitor printed when it started, or add "
            "?token= and the content of the token file (data/web-token as shipped) to this "
            "address. Once is enough: this browser remembers it.",
        )
        if request.url.path.endswith((".json", ".csv", ".atom")):
            # Programs send a password when they are asked; a browser would show its own box.
            page.headers["WWW-Authenticate"] = 'Basic realm="News Monitor", charset="UTF-8"'
        return page

    def _caller(self, request: Request) -> str:
        """Say who asks: the next hop, or whom our own proxy names."""
        hop = request.client.host if request.client else ""
        named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        # Each proxy adds at the end whom it heard; what stands before could be anybody's.
        while hop in self._proxies and named and (last := named.pop().strip()):
            hop = last
        return hop


class WrongTokens:
    """Counts wrong tokens of each caller in the last minute."""

    #: So many callers are remembered; a flood of others pushes the oldest out.
    MOST_CALLERS = 10_000

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._moments: OrderedDict[str, list[float]] = OrderedDict()

    def note(self, caller: str) -> None:
        """Remember one."""
        self._moments[caller] = [*self._recent(caller), self._clock()]
        self._moments.move_to_end(caller)
        if len(self._moments) > self.MOST_CALLERS:
            self._moments.popitem(last=False)

    def too_many(self, caller: str) -> bool:
        """Tell whether this caller has to wait."""
        return len(self._recent(caller)) >= MOST_WRONG_TOKENS

    def _recent(self, caller: str) -> list[float]:
        since = self._clock() - 60
        return [moment for moment in self._moments.get(caller, []) if moment > since]


def _without_token(request: Request) -> str:
    """Give the same address without the token, which leaves the address bar and the history."""
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    # One leading slash: "//evil.example" would be another host's address.
    target = "/" + quote(request.url.path.lstrip("/\\"), safe="/")
    return f"{target}?{urlencode(rest)}" if rest else target


def _password(header: str) -> str | None:
    """Take the password out of HTTP Basic (RFC 7617); None where something else was sent."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _host_name(header: str) -> str:
    """Take the name out of a Host header; "" for what is none."""
    parts = _HOST.fullmatch(header)
    return (parts[1] or parts[2]).lower() if parts else ""
