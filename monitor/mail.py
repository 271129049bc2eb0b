"""Write mail messages, and hand them to a mail server or put them into a folder."""

import hashlib
import hmac
import logging
import os
import re
import smtplib
import ssl
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, Policy, default
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from monitor.config import MailConfig, sender_parts
from monitor.errors import MonitorError
from monitor.model import (
    Ambiguous,
    Deferred,
    Delivery,
    Rejected,
    RenderedDigest,
    SendResult,
    Sent,
    Slot,
)

#: Stands in a rendered issue for the link that only one recipient gets.
UNSUBSCRIBE_HERE = "https://news-monitor.invalid/unsubscribe"
#: Stands for the sender's domain while no `[mail]` is configured (RFC 2606: nobody owns it).
NO_DOMAIN = "news-monitor.invalid"
MAX_SUBJECT = 200
#: RFC 2047, 2: of a line that holds an encoded word.
_MAX_LINE = 76
#: For each answer of the server until the message goes out.
TIMEOUT_SECONDS = 30
#: For taking the whole message, and for its last word. It may still be scanning, and hanging up
#: makes it deliver twice.
LAST_WORD_SECONDS = 300

#: For its goodbye, which changes nothing.
_GOODBYE_SECONDS = 5

#: The text that is left of a message for a server which takes not even its whole text.
_LEAST_TEXT_BYTES = 8_000
_TOO_LONG = (
    "The mail server takes no mail as long as this digest was. This is its text; more is in the "
    "archive."
)
#: "Exceeded storage allocation", which servers say for a message that is too large (RFC 1870, 6.1),
#: and Exchange's own word for it.
_TOO_LARGE_CODES = frozenset({552, 523})
#: Too long for the mailbox, too big for the system (RFC 3463, 3.3 and 3.4): some say so with 550 or
#: 554.
_TOO_LARGE = re.compile(rb"^5\.(2\.3|3\.4)\b")
#: The mailbox is full (RFC 3463, 3.3): that is 552 as well, and no shorter message helps.
_MAILBOX_FULL = re.compile(rb"^[45]\.2\.2\b")

_WHERE_SERVERS_LISTEN = (
    'look at host, port and security of [mail]; "starttls" is usual on port 587, "tls" on 465'
)
_PORTS = {"tls": 465, "starttls": 587, "plain": 25}
#: Names no machine (RFC 5321, 4.1.3): ours is nobody's business, and "localhost" is often refused.
_EHLO_NAME = "[127.0.0.1]"
#: "Log in first", "better", "wrong", "encrypted" (RFC 4954, 6): they concern us, not a message.
_LOGIN_CODES = frozenset({530, 534, 535, 538})
log = logging.getLogger(__name__)

# Letters that only turn or hide other letters: bidi controls, zero-width blanks, soft hyphen.
_HIDDEN = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\\]+")

# -------------------------------------------------------------------------------------- messages


def compose_message(
    rendered: RenderedDigest,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    date: datetime,
    digest_name: str,
    unsubscribe_url: str = "",
) -> bytes:
    """Write the message as it goes out, with CRLF line ends and in ASCII only.

    The same arguments give the same bytes. Its headers are always the same set, whatever a title
    that stands in the subject tries.

    Args:
        rendered: The issue.
        sender: "News Monitor <monitor@example.com>" or an address alone.
        recipient: An address; any other word (an outbox without mail) is written as one.
        message_id: As `message_id` gives it.
        date: When it was composed.
        digest_name: Names the list (RFC 2919), so that mail programs can sort by it.
        unsubscribe_url: Where this recipient can leave the list, "" for by mail only. With https
            one click does it (RFC 8058). The parts have it in place of UNSUBSCRIBE_HERE.
    """
    name, address = sender_parts(sender)
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _sender(address, header_text(name))
    message["To"] = _address(recipient)
    message["Subject"] = _unstructured("Subject", header_text(rendered.subject, MAX_SUBJECT))
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["List-Id"] = f"<{_list_id(digest_name, sender_domain(sender))}>"
    message["List-Unsubscribe"] = _unsubscribe(unsubscribe_url, address, digest_name)
    if unsubscribe_url.startswith("https://"):
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    text, html = (
        _body(part).replace(UNSUBSCRIBE_HERE, unsubscribe_url)
        for part in (rendered.text, rendered.html)
    )
    message.set_content(text, charset="utf-8")
    message.add_alternative(html, subtype="html", charset="utf-8")
    # "=_" cannot stand in quoted-printable or base64, so the boundary is in neither part.
    message.set_boundary("=_" + hashlib.blake2b(message_id.encode(), digest_size=12).hexdigest())
    return message.as_bytes()


def shortened(message: bytes, *, max_text_bytes: int | None = None) -> bytes:
    """Give a message without its HTML part, for a server that takes no longer one.

    It keeps its headers and its Message-ID; a signature does not hold any more and goes.

    Args:
        message: As `compose_message` wrote it.
        max_text_bytes: Where its text ends; None keeps all of it.
    """
    plain = message_from_bytes(message, policy=default).get_body(("plain",))
    text = plain.get_content().replace("\r\n", "\n") if plain else ""
    if max_text_bytes is not None:
        text = text.encode()[:max_text_bytes].decode(errors="ignore").rpartition("\n")[0] + "\n"
        text += "\n[…] The rest is in the archive.\n"
    part = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    part.set_content(f"! {_TOO_LONG}\n\n{text}", charset="utf-8")
    head = message.partition(b"\r\n\r\n")[0]
    kept = [
        header
        for header in re.split(rb"\r\n(?![ \t])", head)
        if not header.lower().startswith((b"content-", b"mime-version:", b"dkim-signature:"))
    ]
    return b"\r\n".join([*kept, part.as_bytes()])


def message_id(
    digest_name: str, slot: Slot, recipient: str, *, domain: str, installation: str
) -> str:
    """Name one recipient's copy of one issue: always the same, so that a second try is known.

    Args:
        digest_name: The digest.
        slot: The issue.
        recipient: An address.
        domain: The sender's.
        installation: The database's mark. Mail programs drop a message whose name they know, so
            two monitors that write to the same person must not give the same.
    """
    copy = f"{installation}\0{digest_name}\0{slot.local_date}\0{slot.at}\0{recipient}"
    mark = hashlib.blake2b(copy.encode(), digest_size=10).hexdigest()
    at = slot.at.replace(":", "")
    return f"<{_slug(digest_name)}-{slot.local_date:%Y-%m-%d}-{at}.{mark}@{domain}>"


def unsubscribe_token(installation: str, digest_name: str, recipient: str) -> str:
    """Give the word that proves a link to leave a list to be ours, for one recipient.

    Args:
        installation: The database's mark, which nobody else knows.
        digest_name: The list.
        recipient: Who leaves it.
    """
    key = hashlib.blake2b(installation.encode(), person=b"unsubscribe").digest()
    words = f"{digest_name}\0{recipient}".encode()
    return hmac.new(key, words, hashlib.sha256).hexdigest()[:40]


def sender_domain(sender: str) -> str:
    """Give the domain of "News Monitor <monitor@example.com>"."""
    return _ascii(sender_parts(sender)[1]).rpartition("@")[2]


def header_text(text: str, limit: int = 78) -> str:
    """Make any text fit for a header: one line of visible letters that means only itself."""
    visible = _HIDDEN.sub("", text[: 20 * limit])
    line = " ".join("".join(map(_header_letter, visible)).split())
    # An "encoded word" (RFC 2047) may hide a line break and further headers behind it.
    line = line.replace("=?", "= ?")
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folded:
    """A header as it goes out. Python's own folding writes empty encoded words at some lengths."""

    name: str
    lines: tuple[str, ...]

    def fold(self, *, policy: Policy) -> str:
        """Give its lines: the policy asks a header that has a name to fold itself."""
        return f"{self.name}: {(policy.linesep + ' ').join(self.lines)}{policy.linesep}"


def _unstructured(name: str, text: str) -> _Folded:
    """Write a text as it is if it is ASCII and its words are short, else in encoded words."""
    width = _MAX_LINE - len(f"{name}: ")
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    fits = text.isascii() and all(len(line) <= width for line in lines)
    return _Folded(name=name, lines=tuple(lines) if fits else _encoded(name, text))


def _sender(address: str, name: str) -> Address | _Folded:
    written = _address(address, name)
    # Python forgets a name's quotation marks when it folds.
    if not name or (name.isascii() and len(f"From: {written}") <= _MAX_LINE):
        return written
    return _Folded(name="From", lines=(*_encoded("From", name), f"<{written.addr_spec}>"))


def _encoded(name: str, text: str) -> tuple[str, ...]:
    """Give a header's text in encoded words (RFC 2047), one in each line."""
    words = Header(text, "utf-8", maxlinelen=_MAX_LINE, header_name=name).encode(linesep="\n")
    return tuple(words.split("\n "))


def _header_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cs":
        return "\ufffd"
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else letter


def _body(text: str) -> str:
    return (
        text.replace("\0", "\ufffd")
        .encode("utf-8", "replace")
        .decode()
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )


def _unsubscribe(url: str, address: str, digest_name: str) -> "_Folded":
    local, _, domain = _ascii(address).rpartition("@")
    subject = quote(f"unsubscribe {_slug(digest_name)}")
    by_mail = f"<mailto:{quote(local)}@{domain}?subject={subject}>"
    lines = (f"<{url}>,", by_mail) if url else (by_mail,)
    return _Folded(name="List-Unsubscribe", lines=lines)


def _list_id(name: str, domain: str) -> str:
    """Name the list in one short line: a longer one would be encoded, which RFC 2919, 2 forbids."""
    return f"{_slug(name).lower()[: max(8, 64 - len(domain))].rstrip('-')}.{domain}"


def _slug(name: str) -> str:
    """Give a name's plain letters, for ids and file names."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].rstrip("-") or "digest"


def _address(address: str, name: str = "") -> Address:
    """Write an address for a header as it is: some providers gave out a..b@ and a.@ (RFC 5322)."""
    local, _, domain = _ascii(address).rpartition("@")
    return Address(name, username=local, domain=domain)


def _ascii(address: str) -> str:
    """Write an address with its domain in ASCII (IDNA); a word without one gets ours."""
    if "@" not in address:
        return f"{address}@{NO_DOMAIN}"
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"


# ------------------------------------------------------------------------------------------ SMTP


class _NotNowError(Exception):
    """The message stays where it is; the text is for the person who looks after it."""

    def __init__(self, reason: str, *, key: str, login: bool = False) -> None:
        super().__init__(reason)
        #: The key of `[mail]` to look at.
        self.key = key
        self.login = login


class _TooLargeError(Exception):
    """The server takes no message of this size."""


class _SilenceError(Exception):
    """No clear answer after the whole message."""


class Signer:
    """Signs messages for the sender's domain (DKIM, RFC 6376)."""

    def __init__(self, config: MailConfig, folder: Path = Path()) -> None:
        """Take the key's place; it is read anew for each message.

        Args:
            config: The `[mail]` table.
            folder: What a relative `dkim_key_file` is relative to.
        """
        self._selector = config.dkim_selector or ""
        self._key_file = folder / config.dkim_key_file if config.dkim_key_file else None
        self._domain = sender_domain(config.from_)

    def problem(self) -> str:
        """Say why nothing can be signed, "" if it can or nobody asked for it."""
        try:
            self._signature(b"From: a@b.example\r\n\r\n\r\n")
        except MonitorError as error:
            return str(error)
        return ""

    def sign(self, message: bytes) -> bytes:
        """Give the message with its signature before it; as it is if that is not possible."""
        try:
            return self._signature(message) + message
        except MonitorError as error:
            log.warning("not signed: %s", error)
            return message

    def _signature(self, message: bytes) -> bytes:
        if self._key_file is None:
            return b""
        try:
            import dkim  # noqa: PLC0415  an extra that few need
        except ImportError as error:
            raise MonitorError(
                'mails cannot be signed; pip install "news-monitor[dkim]"'
            ) from error
        try:
            key = self._key_file.read_bytes()
            signature: bytes = dkim.sign(
                message,
                self._selector.encode(),
                self._domain.encode(),
                key,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=_SIGNED,
            )
        except (OSError, dkim.DKIMException) as error:
            raise MonitorError(
                f"mails cannot be signed with {self._key_file}: {error}; put an RSA "
                "private key (PEM) there, readable by the monitor"
            ) from error
        return signature


#: A receiver honours the one-click header only if it is signed (RFC 8058, 4).
_SIGNED = [
    b"from", b"to", b"subject", b"date", b"message-id", b"list-id", b"list-unsubscribe",
    b"list-unsubscribe-post", b"auto-submitted", b"mime-version", b"content-type",
]  # fmt: skip


class SmtpMailer:
    """Sends through the configured mail server, never less protected than configured."""

    def __init__(
        self, config: MailConfig, environ: Mapping[str, str], folder: Path = Path()
    ) -> None:
        """Take the server and where its secrets are; they are read anew for each message.

        Args:
            config: The `[mail]` table.
            environ: Where `*_env` names are looked up.
            folder: What a relative `*_file` is relative to: the configuration's folder.
        """
        self._config = config
        self._environ = environ
        self._folder = folder
        self._signer = Signer(config, folder)
        self._server = f"{config.host}:{config.port or _PORTS[config.security]}"

    def send(self, delivery: Delivery) -> SendResult:
        """Send one message to its one recipient.

        Sent only means a final 250. A server that gives no clear answer after the whole message may
        have it already: that is Ambiguous, and before it is Deferred. A refusal that concerns this
        message (5xx) is Rejected; one that concerns our login or the connection is for the person
        who runs this to mend, so the message waits. One that is too large for the server is
        shortened until it is not.
        """
        local, _, _ = delivery.recipient.rpartition("@")
        if not (_ADDRESS.fullmatch(delivery.recipient) and local.isascii()):
            return Rejected(reason=f'"{delivery.recipient}" is no mail address we can send to')
        reason = ""
        for message in self._shorter_and_shorter(delivery.message):
            try:
                result = self._hand_over(_ascii(delivery.recipient), message)
            except _TooLargeError as error:
                reason = str(error)
                continue
            if isinstance(result, Sent) and message is not delivery.message:
                return Sent(shortened=message)
            return result
        return Rejected(reason=reason)

    def try_login(self) -> tuple[str, str] | None:
        """Greet the server, protect the connection and log in as configured; nothing is sent.

        Returns:
            The key of `[mail]` to look at, and what is wrong there; None if all is well.
        """
        try:
            with self._client() as client:
                client.ehlo_or_helo_if_needed()
                self._log_in(client)
        except _NotNowError as error:
            return error.key, str(error)
        except (smtplib.SMTPException, OSError) as error:
            return "host", f"{self._failed(error).reason}; {_WHERE_SERVERS_LISTEN}"
        return None

    def _shorter_and_shorter(self, message: bytes) -> Iterator[bytes]:
        yield message
        yield self._signer.sign(shortened(message))
        yield self._signer.sign(shortened(message, max_text_bytes=_LEAST_TEXT_BYTES))

    def _hand_over(self, recipient: str, message: bytes) -> SendResult:
        try:
            with self._client() as client:
                self._log_in(client)
                try:
                    return self._transfer(client, recipient, message)
                except (smtplib.SMTPException, OSError) as error:
                    return self._failed(error)
                except _SilenceError as error:
                    return Ambiguous(reason=str(error))
        except _NotNowError as error:
            return Deferred(reason=str(error), concerns="login" if error.login else "server")
        except (smtplib.SMTPException, OSError) as error:
            reason = self._failed(error).reason
            return Deferred(reason=reason, concerns="server")

    def _transfer(self, client: smtplib.SMTP, recipient: str, message: bytes) -> Sent:
        """Do what `smtplib.sendmail` does, but know whether the whole message had gone out."""
        sender = _ascii(sender_parts(self._config.from_)[1])
        client.ehlo_or_helo_if_needed()
        limit = client.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(message):
            raise _TooLargeError(f"{self._server} takes no more than {limit} bytes")
        size = [f"size={len(message)}"] if client.has_extn("size") else []
        self._check_taken(*client.mail(sender, size))
        code, answer = client.rcpt(recipient)
        self._check_size(code, answer)
        if code not in {250, 251}:
            raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
        code, answer = client.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        if client.sock:
            client.sock.settimeout(LAST_WORD_SECONDS)
        whole = message if message.endswith(b"\r\n") else message + b"\r\n"
        client.send(re.sub(rb"(?m)^\.", b"..", whole) + b".\r\n")
        # From here on the server may have it.
        try:
            code, answer = client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise _SilenceError(self._silent(_words(error))) from error
        if code < 200:
            raise _SilenceError(self._silent(header_text(answer.decode("utf-8", "replace"), 300)))
        self._check_taken(code, answer)
        return Sent()

    def _silent(self, words: str) -> str:
        return f"{self._server} had the whole mail and gave no clear answer: {words}"

    def _check_size(self, code: int, answer: bytes) -> None:
        too_large = code in _TOO_LARGE_CODES or (code >= 500 and _TOO_LARGE.match(answer))
        if too_large and not _MAILBOX_FULL.match(answer):
            words = header_text(answer.decode("utf-8", "replace"), 300)
            raise _TooLargeError(f"{self._server} answered {code} {words}")

    def _check_taken(self, code: int, answer: bytes) -> None:
        self._check_size(code, answer)
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)

    def _failed(self, error: smtplib.SMTPException | OSError) -> Deferred | Rejected:
        match error:
            case smtplib.SMTPRecipientsRefused(recipients=answers):
                return self._refused(*next(iter(answers.values())))
            case smtplib.SMTPDataError():
                return self._refused(error.smtp_code, error.smtp_error)
            case smtplib.SMTPResponseException(smtp_code=code):
                return Deferred(reason=f"{self._server} answered {code} {_words(error)}")
            case ssl.SSLCertVerificationError(verify_message=fault):
                return Deferred(reason=f"{self._server} has no valid certificate: {fault}")
            case _:
                return Deferred(reason=f"{self._server} gave no proper answer: {_words(error)}")

    @contextmanager
    def _client(self) -> Iterator[smtplib.SMTP]:
        """Lend a connection as protected as configured."""
        client = self._connected()
        try:
            if self._config.security == "starttls":
                self._start_tls(client)
            yield client
            # The message is delivered: how the server says goodbye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                if client.sock:
                    client.sock.settimeout(_GOODBYE_SECONDS)
                client.quit()
        finally:
            client.close()

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        port = config.port or _PORTS[config.security]
        if config.security == "tls":
            return smtplib.SMTP_SSL(
                config.host,
                port,
                local_hostname=_EHLO_NAME,
                timeout=TIMEOUT_SECONDS,
                context=ssl.create_default_context(),
            )
        return smtplib.SMTP(config.host, port, local_hostname=_EHLO_NAME, timeout=TIMEOUT_SECONDS)

    def _start_tls(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if not client.has_extn("starttls"):
            raise _NotNowError(
                f"{self._server} does not offer STARTTLS, so nothing was sent to it; "
                'if it is meant for TLS from the start, write security = "tls" under [mail]',
                key="security",
            )
        client.starttls(context=ssl.create_default_context())

    def _log_in(self, client: smtplib.SMTP) -> None:
        config = self._config
        key = "user_env" if config.user_env else "user_file"
        user = self._secret("user", config.user_env, config.user_file)
        password = self._secret("password", config.password_env, config.password_file)
        if not user:
            return
        try:
            client.login(user, password)
        except smtplib.SMTPAuthenticationError as error:
            raise _NotNowError(
                f"{self._server} refused the login: {error.smtp_code} {_words(error)}; "
                "look at the user and password of [mail]",
                key=key,
                login=True,
            ) from error
        except (smtplib.SMTPNotSupportedError, UnicodeEncodeError) as error:
            raise _NotNowError(
                f"{self._server}: the login failed: {_words(error)}", key=key, login=True
            ) from error

    def _secret(self, what: str, variable: str | None, file: str | None) -> str:
        if variable is not None:
            if variable not in self._environ:
                raise _NotNowError(
                    f"the mail {what} is not there: "
                    f"set the environment variable {variable} where the monitor starts",
                    key=f"{what}_env",
                )
            return self._environ[variable]
        if file is None:
            return ""
        try:
            return (self._folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _NotNowError(
                f"the mail {what} cannot be read from {file}: {error}", key=f"{what}_file"
            ) from error

    def _refused(self, code: int, answer: bytes | str) -> Deferred | Rejected:
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        reason = f"{self._server} answered {code} {header_text(words, 300)}".rstrip()
        if code in _LOGIN_CODES:
            return Deferred(reason=reason, concerns="login")
        if code == 421:  # "closing": it does so to everybody
            return Deferred(reason=reason, concerns="server")
        return Rejected(reason=reason) if 500 <= code < 600 else Deferred(reason=reason)


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    else:
        text = str(error)
    return header_text(text, 300) or type(error).__name__


# ---------------------------------------------------------------------------------------- folder


class FolderMailer:
    """Puts digests into a folder as files: what happens while no mail server is configured."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made on need."""
        self._folder = folder

    def send(self, delivery: Delivery) -> SendResult:
        """Write the message as .eml and its HTML part as .html, each complete or not at all."""
        message = message_from_bytes(delivery.message, policy=default)
        html = message.get_body(("html",))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = self._name(delivery)
            if html is not None:
                _write(
                    self._folder / f"{name}.html", html.get_content().replace("\r\n", "\n").encode()
                )
            _write(self._folder / f"{name}.eml", delivery.message)
        except OSError as error:
            return Deferred(reason=f"the digest could not be written: {error}")
        return Sent()

    def _name(self, delivery: Delivery) -> str:
        """Give "daily-2026-11-24-0730", with a mark added if that name holds another message."""
        local = delivery.message_id.strip("<>").rpartition("@")[0]
        name = re.sub(r"[^A-Za-z0-9.-]", "-", local)
        readable = name.rpartition(".")[0] or name
        taken = self._folder / f"{readable}.eml"
        if taken.exists() and taken.read_bytes() != delivery.message:
            return name
        return readable


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
