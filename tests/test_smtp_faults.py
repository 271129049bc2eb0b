"""What a mail server can do to us, and where each copy ends: one table."""

import base64
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from monitor import deliver, mail
from monitor.config import MailConfig
from monitor.deliver import DrainReport
from monitor.mail import Signer, SmtpMailer, compose_message, message_id, shortened
from monitor.model import DeliveryState, Issue, NewDelivery
from monitor.store import Store, open_store
from tests import mail_rules
from tests.factories import HOUR, NOW, issue, rendered, slot, window
from tests.scripted_smtp import CUT, HANG, Answer, MailServer, serve

SENDER = "Monitor <monitor@news.example>"
MINUTE = timedelta(minutes=1)
ANN, BOB, EVE = (f"{name}@example.com" for name in ("ann", "bob", "eve"))


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs is given up at once, instead of after five minutes."""
    monkeypatch.setattr(mail, "LAST_WORD_SECONDS", 0.3)
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.3)


def outgoing(*recipients: str, text: str = "Kling 2.0\n", html: str = "<p>Kling</p>") -> Issue:
    deliveries = []
    for recipient in recipients:
        own_id = message_id("daily", slot(), recipient, domain="news.example", installation="here")
        message = compose_message(
            rendered(text=text, html=html),
            sender=SENDER,
            recipient=recipient,
            message_id=own_id,
            date=NOW,
            digest_name="daily",
        )
        deliveries.append(NewDelivery(recipient=recipient, message_id=own_id, message=message))
    return issue(slot=slot(), window=window(), deliveries=tuple(deliveries))


def mailer(port: int, **given: Any) -> SmtpMailer:
    fields = {"from": SENDER, "host": "127.0.0.1", "port": port, "security": "plain"} | given
    secrets = {"SMTP_USER": "monitor", "SMTP_PASSWORD": "right"}
    return SmtpMailer(MailConfig.model_validate(fields), secrets)


def drain(store: Store, out: SmtpMailer, now: datetime, *, hold: bool = False) -> DrainReport:
    return deliver.drain_outbox(store, out, lambda: now, hold=hold)


def states(store: Store) -> dict[str, str]:
    return {to.partition("@")[0]: str(state) for to, state, _ in store.digests()[0].deliveries}


def words(store: Store) -> str:
    return "; ".join(error for _, _, error in store.digests()[0].deliveries)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong at the first try, and how it stands then and after the next tries."""

    script: Callable[[], MailServer]
    #: After the first drain, in the order ann, bob, eve.
    first: str
    #: What its error says.
    says: str = ""
    #: After the later ones; "" for the same.
    last: str = "sent sent sent"
    #: Messages that the server had in full, by recipient's own ids: how many copies of each.
    copies: tuple[int, int, int] = (1, 1, 1)
    #: Connections that the first drain made.
    connections: int = 3
    mail: dict[str, Any] | None = None
    hold: bool = False


def script(**answers: list[Answer] | int) -> Callable[[], MailServer]:
    def build() -> MailServer:
        return MailServer(**{k: list(v) if isinstance(v, list) else v for k, v in answers.items()})  # type: ignore[arg-type]  # fields of its own

    return build


LOGIN = {"user_env": "SMTP_USER", "password_env": "SMTP_PASSWORD"}
WAIT = "queued queued queued"

FAULTS = {
    "421 at the banner": Fault(
        script=script(at_banner=["421 closing"]), first=WAIT, says="421 closing", connections=1
    ),
    "554 at the banner": Fault(
        script=script(at_banner=["554 not you"]), first=WAIT, says="554 not you", connections=1
    ),
    "no word at all": Fault(
        script=script(at_banner=[HANG]), first=WAIT, says="no proper answer", connections=1
    ),
    "hangs up at once": Fault(
        script=script(at_banner=[CUT]), first=WAIT, says="no proper answer", connections=1
    ),
    "no STARTTLS where it must be": Fault(
        script=script(),
        first=WAIT,
        last=WAIT,
        says="does not offer STARTTLS",
        copies=(0, 0, 0),
        connections=1,
        mail={"security": "starttls"},
    ),
    "535 at the login": Fault(
        script=script(at_auth=["535 5.7.8 wrong"] * 9),
        first=WAIT,
        last=WAIT,
        says="refused the login: 535",
        copies=(0, 0, 0),
        connections=1,
        mail=LOGIN,
    ),
    "454 at the login": Fault(
        script=script(at_auth=["454 later"]), first=WAIT, connections=1, mail=LOGIN
    ),
    "450 at RCPT": Fault(
        script=script(at_rcpt=["450 busy"]), first="queued sent sent", says="450 busy"
    ),
    "451 at RCPT for everybody": Fault(
        script=script(at_rcpt=["451 greylisted"] * 3), first=WAIT, says="451 greylisted"
    ),
    "452 at the end": Fault(
        script=script(at_end=["452 full"]),
        first="queued sent sent",
        says="452 full",
        copies=(2, 1, 1),
    ),
    "421 at DATA": Fault(
        script=script(at_data=["421 closing"]), first=WAIT, says="421", connections=1
    ),
    "550 for one of three": Fault(
        script=script(at_rcpt=["250 ok", "550 nobody"]),
        first="sent rejected sent",
        last="sent rejected sent",
        says="550 nobody",
        copies=(1, 0, 1),
    ),
    "550 for all": Fault(
        script=script(at_rcpt=["550 nobody"] * 3),
        first="rejected rejected rejected",
        last="rejected rejected rejected",
        copies=(0, 0, 0),
    ),
    "553 for the sender": Fault(
        script=script(at_mail=["553 not yours"]),
        first="rejected sent sent",
        last="rejected sent sent",
        copies=(0, 1, 1),
    ),
    "552 at the end": Fault(
        script=script(at_end=["552 5.3.4 too big"]),
        first="sent sent sent",
        says="shortened",
        copies=(2, 1, 1),
        connections=4,
    ),
    "550 that means too big": Fault(
        script=script(at_rcpt=["550 5.2.3 too long for this mailbox", "250 ok"]),
        first="sent sent sent",
        says="shortened",
        connections=4,
    ),
    "552 since the mailbox is full": Fault(
        script=script(at_rcpt=["552 5.2.2 mailbox full"]),
        first="rejected sent sent",
        last="rejected sent sent",
        says="mailbox full",
        copies=(0, 1, 1),
    ),
    "SIZE too small for the whole": Fault(
        script=script(size=1_500), first="sent sent sent", says="shortened", connections=6
    ),
    "SIZE too small for anything": Fault(
        script=script(size=100),
        first="rejected rejected rejected",
        last="rejected rejected rejected",
        says="no more than 100 bytes",
        copies=(0, 0, 0),
        connections=9,
    ),
    "cut before the mail": Fault(
        script=script(at_data=[CUT]), first="queued sent sent", says="no proper answer"
    ),
    "cut in the middle of the mail": Fault(
        script=script(in_body=[CUT]), first="queued sent sent", copies=(1, 1, 1)
    ),
    "cut after the final dot": Fault(
        script=script(at_end=[CUT]),
        first="queued sent sent",
        says="had the whole mail and gave no clear answer",
        copies=(2, 1, 1),
    ),
    "cut after the final dot, held": Fault(
        script=script(at_end=[CUT]), first="held sent sent", last="held sent sent", hold=True
    ),
    "silence after the final dot": Fault(
        script=script(at_end=[HANG]), first="queued sent sent", copies=(2, 1, 1)
    ),
    "nonsense after the final dot": Fault(
        script=script(at_end=["what?"]),
        first="queued sent sent",
        says="no clear answer",
        copies=(2, 1, 1),
    ),
    "cut after 250": Fault(script=script(at_quit=[CUT]), first="sent sent sent"),
    "silence after 250": Fault(script=script(at_quit=[HANG]), first="sent sent sent"),
    "several lines": Fault(
        script=script(at_rcpt=["450 busy\nreally"]), first="queued sent sent", says="busy really"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_where_each_copy_ends(store: Store, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    monkeypatch.setattr(mail, "_GOODBYE_SECONDS", 0.2)
    store.enqueue(outgoing(ANN, BOB, EVE, html="<p>Kling</p>" * 100), NOW)
    with serve(fault.script()) as server:
        out = mailer(server.port, **(fault.mail or {}))
        drain(store, out, NOW, hold=fault.hold)
        assert " ".join(states(store).values()) == fault.first
        assert fault.says in words(store)
        assert server.connections == fault.connections
        drain(store, out, NOW + 10 * timedelta(seconds=1), hold=fault.hold)
        assert server.connections == fault.connections  # nobody is asked again at once
        for hours in range(1, 4):
            drain(store, out, NOW + hours * HOUR, hold=fault.hold)
        assert " ".join(states(store).values()) == fault.last
    had = [message_from_bytes(one, policy=default) for one in server.seen]
    by_person = [[one["Message-ID"] for one in had if one["To"] == to] for to in (ANN, BOB, EVE)]
    assert tuple(map(len, by_person)) == fault.copies
    assert all(len(set(ids)) <= 1 for ids in by_person)  # never two ids for one copy
    for one in server.taken:
        mail_rules.check(one)


def test_a_wrong_login_is_not_tried_again_for_an_hour(store: Store) -> None:
    store.enqueue(outgoing(ANN, BOB), NOW)
    with serve(MailServer(at_auth=["535 wrong"] * 50)) as server:
        out = mailer(server.port, **LOGIN)
        for minutes in range(0, 24 * 60, 5):
            drain(store, out, NOW + minutes * MINUTE)
        assert server.connections == 24


def test_a_server_that_is_down_is_asked_for_one_copy_and_ever_less_often(store: Store) -> None:
    store.enqueue(outgoing(ANN, BOB, EVE), NOW)
    with serve(MailServer(at_banner=["421 down"] * 99)) as server:
        out = mailer(server.port)
        for minutes in range(64):
            drain(store, out, NOW + minutes * MINUTE)
        assert server.connections == 7  # after 0, 1, 3, 7, 15, 31 and 63 minutes


def test_nobody_listens(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    store.enqueue(outgoing(ANN, BOB), NOW)
    assert drain(store, mailer(port), NOW).deferred == 1
    assert states(store) == {"ann": "queued", "bob": "queued"}


def test_an_unknown_name_waits(store: Store) -> None:
    store.enqueue(outgoing(ANN), NOW)
    assert drain(store, mailer(25, host="mail.invalid"), NOW).deferred == 1
    assert states(store) == {"ann": "queued"}


def test_lines_dots_and_letters_arrive_as_they_were(store: Store) -> None:
    text = "." + "x" * 2000 + "\n.\n..\n可灵 é\n" + "long " * 300 + "\n"
    store.enqueue(outgoing(ANN, text=text), NOW)
    with serve() as server:
        drain(store, mailer(server.port), NOW)
    (sent,) = server.taken
    body = message_from_bytes(sent, policy=default).get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text
    (copy,) = store.copies(store.digests()[0].id)
    assert copy.message == sent


def test_the_bytes_kept_are_those_the_server_took(store: Store) -> None:
    number = store.enqueue(outgoing(ANN, html="<p>Kling</p>" * 9_000, text="Kling\n" * 9_000), NOW)
    assert number is not None
    with serve(MailServer(size=20_000)) as server:
        drain(store, mailer(server.port), NOW)
    (copy,) = store.copies(number)
    assert server.taken == [copy.message]
    sent = message_from_bytes(copy.message, policy=default)
    assert sent.get_content_type() == "text/plain"
    text = " ".join(sent.get_content().split())
    assert text.startswith("! The mail server takes no mail as long as this digest was.")
    assert text.endswith("Kling […] The rest is in the archive.")
    assert copy.state is DeliveryState.SENT


def test_stopping_leaves_the_rest_for_later(store: Store) -> None:
    store.enqueue(outgoing(ANN, BOB, EVE), NOW)
    with serve() as server:
        out = mailer(server.port)
        stop = lambda: bool(server.taken)  # noqa: E731  read once, here
        assert deliver.drain_outbox(store, out, lambda: NOW, stop=stop).sent == 1
        assert states(store) == {"ann": "sent", "bob": "queued", "eve": "queued"}
        assert drain(store, out, NOW).sent == 2


# -------------------------------------------------------------------------------------- signature


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command here to make a key with")
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    command = [openssl, "genrsa", "-traditional", "-out", str(path), "2048"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def public(key: Path) -> bytes:
    """Give the DNS record that belongs to a key."""
    command = ["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"]
    made = subprocess.run(command, check=True, capture_output=True)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(made.stdout)


def signer(key: Path) -> Signer:
    fields = {"from": SENDER, "host": "smtp.example", "dkim_selector": "news"}
    return Signer(MailConfig.model_validate(fields | {"dkim_key_file": str(key)}))


def test_a_signature_verifies_and_covers_what_names_us(key: Path) -> None:
    import dkim

    message = compose_message(
        rendered(),
        sender=SENDER,
        recipient=ANN,
        message_id="<a.b@news.example>",
        date=NOW,
        digest_name="daily",
        unsubscribe_url="https://news.example/unsubscribe/abc",
    )
    signed = signer(key).sign(message)
    mail_rules.check(signed)
    record = public(key)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"news._domainkey.news.example."
        return record

    assert dkim.verify(signed, dnsfunc=dns)
    assert not dkim.verify(signed.replace(b"unsubscribe/abc", b"unsubscribe/abd"), dnsfunc=dns)
    head = message_from_bytes(signed, policy=default)["DKIM-Signature"]
    assert "d=news.example" in head
    for name in ("from", "subject", "message-id", "list-unsubscribe", "list-unsubscribe-post"):
        assert name in head.replace(" ", "")
    # A shorter version is signed anew.
    short = signer(key).sign(shortened(signed))
    assert dkim.verify(short, dnsfunc=dns)
    mail_rules.check(short)


def test_without_its_key_a_digest_goes_out_unsigned_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = signer(tmp_path / "key.pem")
    assert "put an RSA private key (PEM) there" in missing.problem()
    assert missing.sign(b"From: a@b.example\r\n\r\nx\r\n") == b"From: a@b.example\r\n\r\nx\r\n"
    assert "not signed" in caplog.text
    (tmp_path / "key.pem").write_text("no key", encoding="utf-8")
    assert "cannot be signed with" in missing.problem()
