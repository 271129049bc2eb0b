"""Write mail messages, and hand them to a mail server or put them into a folder."""

import hashlib
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

from monitor.config import MailConfig, sender_parts
from monitor.model import (
    Deferred,
    Delivery,
    Rejected,
    RenderedDigest,
    SendResult,
    Sent,
    Slot,
)

#: Stands for the sender's domain while no `[mail]` is configured (RFC 2606: nobody owns it).
NO_DOMAIN = "news-monitor.invalid"
MAX_SUBJECT = 200
#: RFC 2047, 2: of a line that holds an encoded word.
_MAX_LINE = 76
#: For each answer of the server until the message goes out.
TIMEOUT_SECONDS = 30
#: For its last word. It may still be scanning, and hanging up makes it deliver twice.
LAST_WORD_SECONDS = 300

_PORTS = {"tls": 465, "starttls": 587, "plain": 25}
#: Names no machine (RFC 5321, 4.1.3): ours is nobody's business, and "localhost" is often refused.
_EHLO_NAME = "[127.0.0.1]"
#: "Log in first", "better", "wrong", "encrypted" (RFC 4954, 6): they concern us, not a message.
_LOGIN_CODES = frozenset({530, 534, 535, 538})
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
    """
    name, address = sender_parts(sender)
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message["From"] = _sender(address, header_text(name))
    message["To"] = _address(recipient)
    message["Subject"] = _unstructured("Subject", header_text(rendered.subject, MAX_SUBJECT))
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    message["List-Id"] = f"<{_list_id(digest_name, sender_domain(sender))}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(rendered.text), charset="utf-8")
    message.add_alternative(_body(rendered.html), subtype="html", charset="utf-8")
    # "=_" cannot stand in quoted-printable or base64, so the boundary is in neither part.
    message.set_boundary("=_" + hashlib.blake2b(message_id.encode(), digest_size=12).hexdigest())
    return message.as_bytes()


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
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


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
        self._server = f"{config.host}:{config.port or _PORTS[config.security]}"

    def send(self, delivery: Delivery) -> SendResult:
        """Send one message to its one recipient.

        Sent only means a final 250. Without a clear answer it is Deferred: the server may have it
        already, and the second copy carries the same Message-ID. A refusal that concerns this
        message (5xx) is Rejected; one that concerns our login or the connection is for the person
        who runs this to mend, so the message waits.
        """
        local, _, _ = delivery.recipient.rpartition("@")
        if not (_ADDRESS.fullmatch(delivery.recipient) and local.isascii()):
            return Rejected(reason=f'"{delivery.recipient}" is no mail address we can send to')
        try:
            self._hand_over(_ascii(delivery.recipient), delivery.message)
        except _NotNowError as error:
            return Deferred(reason=str(error))
        except (smtplib.SMTPException, OSError) as error:
            return self._failed(error)
        return Sent()

    def _hand_over(self, recipient: str, message: bytes) -> None:
        with self._client() as client:
            self._log_in(client)
            if client.sock:
                client.sock.settimeout(LAST_WORD_SECONDS)
            _, sender = sender_parts(self._config.from_)
            client.sendmail(_ascii(sender), [recipient], message)

    def _failed(self, error: smtplib.SMTPException | OSError) -> Deferred | Rejected:
        match error:
            case smtplib.SMTPRecipientsRefused(recipients=answers):
                return self._refused(*next(iter(answers.values())))
            case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
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
                'if it is meant for TLS from the start, write security = "tls" under [mail]'
            )
        client.starttls(context=ssl.create_default_context())

    def _log_in(self, client: smtplib.SMTP) -> None:
        config = self._config
        user = self._secret("user", config.user_env, config.user_file)
        password = self._secret("password", config.password_env, config.password_file)
        if not user:
            return
        try:
            client.login(user, password)
        except smtplib.SMTPAuthenticationError as error:
            raise _NotNowError(
                f"{self._server} refused the login: {error.smtp_code} {_words(error)}; "
                "look at the user and password of [mail]"
            ) from error
        except (smtplib.SMTPNotSupportedError, UnicodeEncodeError) as error:
            raise _NotNowError(f"{self._server}: the login failed: {_words(error)}") from error

    def _secret(self, what: str, variable: str | None, file: str | None) -> str:
        if variable is not None:
            if variable not in self._environ:
                raise _NotNowError(
                    f"the mail {what} is not there: "
                    f"set the environment variable {variable} where the monitor starts"
                )
            return self._environ[variable]
        if file is None:
            return ""
        try:
            return (self._folder / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _NotNowError(f"the mail {what} cannot be read from {file}: {error}") from error

    def _refused(self, code: int, answer: bytes | str) -> Deferred | Rejected:
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        reason = f"{self._server} answered {code} {header_text(words, 300)}".rstrip()
        final = 500 <= code < 600 and code not in _LOGIN_CODES
        return Rejected(reason=reason) if final else Deferred(reason=reason)


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
