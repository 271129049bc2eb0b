"""Messages, and the mail servers that take them or not."""

import asyncio
import re
import shutil
import socket
import ssl
import subprocess
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import MailConfig
from monitor.mail import (
    FolderMailer,
    SmtpMailer,
    compose_message,
    header_text,
    message_id,
    sender_domain,
)
from monitor.model import Ambiguous, Deferred, Delivery, DeliveryState, Rejected, SendResult, Sent
from tests import mail_rules
from tests.factories import NOW, rendered, slot

SENDER = "News Monitor <monitor@news.example>"
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "Auto-Submitted",
    "MIME-Version", "Content-Type",
]  # fmt: skip


def own_id(
    recipient: str = "ann@example.com", *, name: str = "daily", installation: str = "here"
) -> str:
    return message_id(name, slot(), recipient, domain="news.example", installation=installation)


def message(subject: str = "Kling 3 · 11 Mar", **given: Any) -> bytes:
    fields: dict[str, Any] = {
        "sender": SENDER,
        "recipient": "ann@example.com",
        "message_id": own_id(),
        "date": NOW,
        "digest_name": "daily",
    }
    if "sender" in given:
        domain = sender_domain(given["sender"])
        fields["message_id"] = fields["message_id"].replace("news.example", domain)
    kept = {name: given.pop(name) for name in list(given) if name in {*fields, "unsubscribe_url"}}
    written = compose_message(rendered(subject, **given), **(fields | kept))
    mail_rules.check(written)
    return written


def delivery(recipient: str = "ann@example.com", **given: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": 1,
        "digest_id": 1,
        "recipient": recipient,
        "message_id": own_id(recipient),
        "message": message(recipient=recipient, message_id=own_id(recipient)),
        "state": DeliveryState.QUEUED,
        "tries": 1,
        "next_try_at": NOW,
    }
    return Delivery(**(fields | given))


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def bodies(mail: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in mail.iter_parts()]


# -------------------------------------------------------------------------------------- messages


def test_a_message_has_both_parts_and_the_fixed_headers() -> None:
    mail = read(message(html="<p>可灵</p>", text="可灵\n"))
    assert mail.keys() == HEADERS
    assert mail["From"] == SENDER
    assert mail["To"] == "ann@example.com"
    assert mail["Subject"] == "Kling 3 · 11 Mar"
    assert mail["Date"].datetime == NOW
    assert mail["List-Id"] == "<daily.news.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert bodies(mail) == ["可灵\n", "<p>可灵</p>\n"]


@pytest.mark.parametrize(
    "title",
    [
        "a\r\nBcc: v@x.example",
        "a\nBcc: v@x.example",
        "a\rBcc: v@x.example",
        "a\x0bBcc: v@x.example",
        "a\x0cBcc: v@x.example",
        "a\x85Bcc: v@x.example",
        "a\u2028Bcc: v@x.example",
        "a\u2029Bcc: v@x.example",
        "a\x00Bcc: v@x.example",
        "=?utf-8?q?=0d=0aBcc:_v@x?=",
        "=?utf-8?b?DQpYLUV2aWw6IDE=?=",
        "==?utf-8?q?a?= =?utf-8?q?=0aBcc:_v@x?=",
        "half \ud800 of a pair",
        "x" * 1_000_000,
        "可灵" * 300,
        "👩‍👩‍👧‍👦 family",
        "\u202egpj.exe\u2066",
        "a" + "\u0301" * 5000,
        "",
        " ",
        "?==?",
    ],
)
def test_no_title_makes_a_header(title: str) -> None:
    content = message(title, digest_name=title, text=title, html=title)
    head, _, _ = content.partition(b"\r\n\r\n")
    mail = read(content)
    assert mail.keys() == HEADERS
    lines = [line for line in head.decode("ascii").split("\r\n") if line[0] not in " \t"]
    assert [line.partition(":")[0] for line in lines] == HEADERS
    subject = str(mail["Subject"])
    assert len(subject) <= 200
    assert len(subject.splitlines()) <= 1
    assert not {unicodedata.category(letter) for letter in subject} & {"Cc", "Cs"}
    assert not set(subject) & set("\u202e\u2066")


@given(st.text(max_size=300))
def test_any_text_becomes_one_line_for_a_header(text: str) -> None:
    line = header_text(text, 100)
    assert len(line) <= 100
    assert line.splitlines() in ([line], [])
    assert "=?" not in line
    assert header_text(line, 100) == line
    assert read(message(text)).keys() == HEADERS


def check_words(header: str) -> None:
    """Check a header against RFC 2047, 2."""
    lines = header.split("\r\n")
    assert max(map(len, lines)) <= (76 if "=?" in header else 78)
    assert all(line.strip() for line in lines)
    assert not re.search(r"\?[bq]\?\?=", header)
    word = re.compile(r"=\?utf-8\?[bq]\?[^? ]+\?=")
    assert "=?" not in word.sub("", header)
    assert max(map(len, word.findall(header)), default=0) <= 75


@given(
    st.text(max_size=250)
    | st.text("ab1, ·可é👩=?_", max_size=250)
    | st.builds("{} · 24 Nov".format, st.text("abcdef ", max_size=150))
)
def test_any_subject_is_folded_by_the_rules(text: str) -> None:
    content = message(text)
    found = re.search(rb"^(Subject: .*(?:\r\n .*)*)\r\nDate", content, re.MULTILINE)
    assert found is not None
    header = found[1].decode("ascii")
    if header != "Subject: ":
        check_words(header)
    assert read(content)["Subject"] == header_text(text, 200)


@given(st.text('ab, 可é=?"\\', min_size=1, max_size=100).filter(str.strip))
def test_any_name_of_a_sender_is_folded_by_the_rules(name: str) -> None:
    shown = header_text(name.strip())
    quoted = name.replace("\\", r"\\").replace('"', r"\"")
    content = message(sender=f'"{quoted}" <monitor@news.example>')
    found = re.search(rb"^(From: .*(?:\r\n .*)*)\r\nTo", content, re.MULTILINE)
    assert found is not None
    header = found[1].decode("ascii")
    check_words(header)
    [address] = read(content)["From"].addresses
    assert address.addr_spec == "monitor@news.example"
    if "=?" in header:  # Python's newer reader keeps the blank between two words
        words = header.removeprefix("From: ").removesuffix("\r\n <monitor@news.example>")
        assert str(make_header(decode_header(words))) == shown
    else:
        assert address.display_name == shown


def test_lines_are_legal_and_content_is_kept() -> None:
    long = "可灵 and then " * 300 + "\n.\n..dots\nFrom here\n"
    content = message(text=long, html=f"<p>{'x' * 5000}</p>" + long)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    content.decode("ascii")
    text, html = bodies(read(content))
    assert text == long
    assert html.endswith(long)


def test_the_same_issue_gives_the_same_bytes_and_each_recipient_an_own_id() -> None:
    assert message() == message()
    ids = {own_id("ann@e.com"), own_id("bob@e.com"), own_id("ann@e.com", installation="there")}
    ids |= {own_id("ann@e.com", name=name) for name in ("weekly", "日报", "周报")}
    assert len(ids) == 6
    assert all(one.isascii() and one.startswith("<") and " " not in one for one in ids)


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        pytest.param("monitor@news.example", "news.example", id="address alone"),
        pytest.param('"Evil, <a@b>" <monitor@news.example>', "news.example", id="quoted name"),
        pytest.param("新闻 <monitor@news.example>", "news.example", id="Chinese name"),
        pytest.param("M <monitor@bücher.example>", "xn--bcher-kva.example", id="Umlaut domain"),
    ],
)
def test_a_sender_is_one_address(sender: str, domain: str) -> None:
    assert sender_domain(sender) == domain
    [address] = read(message(sender=sender))["From"].addresses
    assert address.addr_spec == f"monitor@{domain}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Smith, John", "Smith, John", id="comma"),
        pytest.param("News; Monitor", "News; Monitor", id="semicolon"),
        pytest.param("News @ Home", "News @ Home", id="at sign"),
        pytest.param("Ärger, Ö", "Ärger, Ö", id="comma and Umlaut"),
        pytest.param("新闻, 监测", "新闻, 监测", id="comma and Chinese"),
        pytest.param("News (daily): all", "News (daily): all", id="brackets and colon"),
        pytest.param('"Smith, John"', "Smith, John", id="quoted"),
        pytest.param(r'"John \"Jay\" Smith"', 'John "Jay" Smith', id="quotation marks, quoted"),
        pytest.param('"News <a@b.example>"', "News <a@b.example>", id="an address, quoted"),
        pytest.param("", "", id="none"),
    ],
)
def test_a_senders_name_may_hold_any_sign(name: str, shown: str) -> None:
    sender = f"{name} <monitor@news.example>"
    sink = Sink()
    assert send(sink, **{"from": sender}) == Sent()
    assert sink.taken[0].mail_from == "monitor@news.example"
    mail = read(message(sender=sender))
    [address] = mail["From"].addresses
    assert (address.display_name, address.addr_spec) == (shown, "monitor@news.example")
    assert mail["List-Id"] == "<daily.news.example>"


@pytest.mark.parametrize("address", ["a..b@news.example", "ann.@news.example", "o'neil@n.example"])
def test_an_address_that_a_provider_should_not_have_given_out_is_kept(address: str) -> None:
    mail = message(recipient=address, sender=f"Ann <{address}>")
    assert f"To: {address}\r\n".encode() in mail
    assert f"From: Ann <{address}>\r\n".encode() in mail


def test_a_long_name_of_a_list_is_shortened_and_not_encoded() -> None:
    sender = "monitor@mail.news.a-long-name-of-a-company.example"
    mail = message(sender=sender, digest_name="everything that we watch in all of Asia")
    [line] = re.findall(rb"List-Id: .*\r\n", mail)
    assert len(line) <= 80
    assert line.startswith(b"List-Id: <everything-that-we")
    assert line.endswith(b".mail.news.a-long-name-of-a-company.example>\r\n")


# --------------------------------------------------------------------------------------- servers


@dataclass
class Sink:
    """Keeps what was sent; gives the scripted answers first."""

    taken: list[Envelope] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)
    at_end: list[str] = field(default_factory=list)
    cut: bool = False
    greeted: list[str] = field(default_factory=list)

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        self.greeted.append(hostname)
        session.host_name = hostname
        return answers

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.cut:
            self.cut = False
            server.transport.close()  # type: ignore[union-attr]  # it is connected
        elif self.at_end:
            return self.at_end.pop(0)
        self.taken.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(
    sink: Sink, *, implicit: ssl.SSLContext | None = None, **options: Any
) -> Iterator[int]:
    """Serve mail on a free port of this machine, and give that port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(SMTP(sink, hostname="mail.test", loop=loop, **options))
        return protocols[-1]

    async def start() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit)

    async def stop(server: asyncio.Server) -> None:
        server.close()
        for one in protocols:
            if one.transport is not None:
                one.transport.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection by hand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):  # the other side may hang up at any time
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a self-made certificate for this machine, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command here to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    command = (
        f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        f" -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {path}.key -out {path}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let OpenSSL know the certificate as it would a private authority's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def mailer(port: int, environ: dict[str, str] | None = None, **given: Any) -> SmtpMailer:
    fields = {"from": SENDER, "host": "127.0.0.1", "port": port, "security": "plain"} | given
    return SmtpMailer(MailConfig.model_validate(fields), environ or {})


def send(sink: Sink, **given: Any) -> SendResult:
    with mail_server(sink) as port:
        return mailer(port, **given).send(delivery())


def test_plain_sends_the_message_as_it_is() -> None:
    sink = Sink()
    one = delivery()
    with mail_server(sink) as port:
        assert mailer(port).send(one) == Sent()
    [envelope] = sink.taken
    assert envelope.mail_from == "monitor@news.example"
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert envelope.content == one.message
    assert sink.greeted == ["[127.0.0.1]"]  # no machine's name


@pytest.mark.usefixtures("trusted")
def test_starttls_and_login(tls: ssl.SSLContext) -> None:
    sink = Sink()
    logins: list[bytes] = []

    def check(
        server: SMTP, session: Session, envelope: Envelope, how: str, data: Any
    ) -> AuthResult:
        logins.append(data.login)
        return AuthResult(success=data.password == b"right", handled=False)

    secrets = {"user_env": "USER_NAME", "password_env": "PASSWORD"}
    with mail_server(
        sink, tls_context=tls, require_starttls=True, authenticator=check, auth_required=True
    ) as port:
        right = {"USER_NAME": "monitor", "PASSWORD": "right"}
        assert mailer(port, right, security="starttls", **secrets).send(delivery()) == Sent()
        wrong = mailer(port, right | {"PASSWORD": "no"}, security="starttls", **secrets)
        result = wrong.send(delivery())
    # A wrong password is no reason to lose a digest.
    assert isinstance(result, Deferred)
    assert "refused the login: 535" in result.reason
    assert set(logins) == {b"monitor"}
    assert len(sink.taken) == 1


@pytest.mark.usefixtures("trusted")
def test_tls_from_the_start(tls: ssl.SSLContext) -> None:
    sink = Sink()
    with mail_server(sink, implicit=tls) as port:
        assert mailer(port, security="tls").send(delivery()) == Sent()
    assert len(sink.taken) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_certificate_gets_nothing(tls: ssl.SSLContext, security: str) -> None:
    sink = Sink()
    options = {"implicit": tls} if security == "tls" else {"tls_context": tls}
    with mail_server(sink, **options) as port:
        result = mailer(port, security=security).send(delivery())
    assert isinstance(result, Deferred)
    assert "no valid certificate" in result.reason
    assert sink.taken == []


def test_without_starttls_nothing_is_sent() -> None:
    sink = Sink()
    result = send(sink, security="starttls")
    assert isinstance(result, Deferred)
    assert "does not offer STARTTLS" in result.reason
    assert sink.taken == []


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        pytest.param({"at_rcpt": ["450 busy"]}, Deferred, "450 busy", id="450 at RCPT"),
        pytest.param({"at_rcpt": ["451 later"]}, Deferred, "451 later", id="451 at RCPT"),
        pytest.param({"at_end": ["452 full"]}, Deferred, "452 full", id="452 at the end"),
        pytest.param({"at_rcpt": ["550 nobody"]}, Rejected, "550 nobody", id="550 at RCPT"),
        pytest.param({"at_end": ["552 too big"] * 3}, Rejected, "552 too big", id="552 for ever"),
        pytest.param({"at_rcpt": ["530 log in"]}, Deferred, "530 log in", id="530 at RCPT"),
        pytest.param({"at_end": ["554 no"]}, Rejected, "554 no", id="554 at the end"),
    ],
)
def test_the_servers_words_decide(
    given: dict[str, Any], expected: type[Deferred | Rejected], words: str
) -> None:
    sink = Sink(**given)
    result = send(sink)
    assert isinstance(result, expected)
    assert words in result.reason
    assert sink.taken == []


def test_a_cut_after_the_message_is_tried_again_under_the_same_id() -> None:
    sink = Sink(cut=True)
    with mail_server(sink) as port:
        assert isinstance(mailer(port).send(delivery()), Ambiguous)
        assert mailer(port).send(delivery()) == Sent()
    ids = {
        read(envelope.content)["Message-ID"]
        for envelope in sink.taken
        if isinstance(envelope.content, bytes)
    }
    assert ids == {delivery().message_id}


def _say(*words: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        for word in words:
            connection.sendall(word)
            connection.recv(4096)

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(_say(b"421 closing\r\n"), id="421 at once"),
        pytest.param(_say(b"554 not you\r\n"), id="554 at once"),
        pytest.param(_say(b"220 hi\r\n"), id="hangs up"),
        pytest.param(_say(b"\x00\xff not SMTP\r\n"), id="no SMTP"),
        pytest.param(_say(b"220 " + b"x" * 20_000), id="endless line"),
    ],
)
def test_a_server_that_makes_no_sense_is_asked_again(
    serve: Callable[[socket.socket], None],
) -> None:
    with raw_server(serve) as port:
        assert isinstance(mailer(port).send(delivery()), Deferred)


def test_after_250_the_goodbye_does_not_matter() -> None:
    def serve(connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            connection.sendall(b"220 hi\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                    connection.sendall(b"250 taken\r\n")
                    return
                connection.sendall(b"250 ok\r\n")

    with raw_server(serve) as port:
        assert mailer(port).send(delivery()) == Sent()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(mailer(port).send(delivery()), Deferred)


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with mail_server(Sink()) as port:
        variable = mailer(port, user_env="SMTP_USER", password_env="SMTP_PASSWORD")
        result = variable.send(delivery())
        assert isinstance(result, Deferred)
        assert "set the environment variable SMTP_USER" in result.reason
        missing = str(tmp_path / "password")
        file = mailer(port, {"SMTP_USER": "a"}, user_env="SMTP_USER", password_file=missing)
        result = file.send(delivery())
        assert isinstance(result, Deferred)
        assert missing in result.reason


@pytest.mark.parametrize("content", ["no\n", "right\n"])
def test_secrets_may_stand_in_files_beside_the_configuration(tmp_path: Path, content: str) -> None:
    (tmp_path / "user").write_text("monitor\n", encoding="utf-8")
    (tmp_path / "password").write_text(content, encoding="utf-8")

    def check(
        server: SMTP, session: Session, envelope: Envelope, how: str, data: Any
    ) -> AuthResult:
        good = (data.login, data.password) == (b"monitor", b"right")
        return AuthResult(success=good, handled=False)

    with mail_server(Sink(), authenticator=check, auth_require_tls=False) as port:
        fields = {"from": SENDER, "host": "127.0.0.1", "port": port, "security": "plain"}
        files = {"user_file": "user", "password_file": "password"}
        config = MailConfig.model_validate(fields | files)
        result = SmtpMailer(config, {}, tmp_path).send(delivery())
    assert isinstance(result, Sent) is (content == "right\n")


@pytest.mark.parametrize(
    "recipient", ["outbox", "a b@x.example", "jürgen@x.example", "a@x\r\nDATA"]
)
def test_what_is_no_address_is_not_sent_to(recipient: str) -> None:
    sink = Sink()
    with mail_server(sink) as port:
        one = delivery(message=message())
        result = mailer(port).send(Delivery(**(_fields(one) | {"recipient": recipient})))
    assert isinstance(result, Rejected)
    assert sink.taken == []


def _fields(one: Delivery) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Delivery.__slots__}


# ---------------------------------------------------------------------------------------- folder


def test_a_digest_becomes_two_files(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "outbox"
    one = delivery("outbox")
    assert FolderMailer(folder).send(one) == Sent()
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["daily-2026-03-11-0730.eml", "daily-2026-03-11-0730.html"]
    assert (folder / names[0]).read_bytes() == one.message
    assert (folder / names[1]).read_text(encoding="utf-8").strip() == "<p>Kling 2.0</p>"


def test_a_second_try_writes_the_same_files_and_another_message_its_own(tmp_path: Path) -> None:
    outbox = FolderMailer(tmp_path)
    for one in (delivery("outbox"), delivery("outbox"), delivery("bob@example.com")):
        assert outbox.send(one) == Sent()
    assert len(list(tmp_path.glob("*.eml"))) == len(list(tmp_path.glob("*.html"))) == 2


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, not a folder", encoding="utf-8")
    result = FolderMailer(tmp_path / "outbox").send(delivery("outbox"))
    assert isinstance(result, Deferred)
    assert "could not be written" in result.reason
