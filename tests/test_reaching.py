"""`monitor check --online`: who answers, who does not, and what to write instead."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import reaching
from monitor.config import load
from monitor.fetch import Fetcher
from monitor.mail import SmtpMailer
from monitor.model import Validators
from monitor.parse import ParserPool
from monitor.reaching import Reached
from tests.command import Monitor
from tests.factories import NOW, feed_state
from tests.scripted import Answer, ScriptedServer, serve
from tests.scripted_smtp import MailServer
from tests.scripted_smtp import serve as serve_mail

FEED = b"""<rss version="2.0"><channel><title>Post</title>
<item><guid>1</guid><title>Kling 4</title></item></channel></rss>"""
PAGE = b"""<!doctype html><html><head><title>Post</title>
<link rel="alternate" type="application/rss+xml" href="/feed"></head></html>"""

HEAD = """[fetch]
allow = ["127.0.0.0/8"]
host_gap = "0s"
[[topic]]
id = "kling"
any = ["Kling"]
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as running:
        yield running


def configure(*urls: str, more: str = "") -> None:
    """Write a configuration whose feeds stand on lines 8, 10, 12 …"""
    feeds = "".join(f'[[feed]]\nurl = "{url}"\n' for url in urls)
    Path("config.toml").write_text(HEAD + feeds + more, encoding="utf-8")


#: What a server answers, and what is told of it.
DEAD = [
    (
        Answer(status=404),
        "the server said 404 Not Found; if that stays so, `monitor feeds add 127.0.0.1` looks for",
    ),
    (Answer(status=410), "it is not asked again"),
    (
        Answer(body=PAGE, content_type="text/html"),
        'an HTML page, not a feed (title: Post); it names one: write url = "{origin}/feed"',
    ),
    (
        Answer(body=b"<!doctype html><html>", content_type="text/html"),
        "an HTML page, not a feed; `monitor feeds add",
    ),
    (Answer(status=302, headers={"Location": "/4"}), "the server redirects in a circle"),
    (Answer(status=301, headers={"Location": "http://10.0.0.1/feed"}), "[fetch] allow"),
]


def test_dead_feeds_are_told_with_their_lines_and_a_way_out(
    monitor: Monitor, server: ScriptedServer
) -> None:
    server.script |= {f"/{number}": answer for number, (answer, _) in enumerate(DEAD)}
    urls = [server.url(f"/{number}") for number in range(len(DEAD))]
    configure(server.url("/feed"), *urls)
    said = monitor("check", "--online")
    assert said.code == 1
    assert said.out.endswith("7 feeds, 0 digests; 7 feeds asked\n")
    told = said.err.splitlines()
    for number, (line, (_, words)) in enumerate(zip(told, DEAD, strict=True)):
        where = f'config.toml:{10 + 2 * number}: feed {2 + number} ("127.0.0.1"), url: '
        assert line.startswith(f'{where}"{urls[number]}": ')
        assert words.format(origin=server.origin) in line


def test_a_feed_that_moved_for_good_is_no_fault(monitor: Monitor, server: ScriptedServer) -> None:
    server.script["/old"] = Answer(status=301, headers={"Location": "/feed"})
    server.script["/for-now"] = Answer(status=302, headers={"Location": "/feed"})
    configure(server.url("/old"), server.url("/for-now"))
    said = monitor("check", "--online", "--json")
    assert said.code == 0
    report = json.loads(said.out)
    (moved,) = report["doubts"]
    assert (report["ok"], moved["line"]) == (True, 8)
    assert moved["message"].endswith(f'moved for good; write url = "{server.url("/feed")}"')


def test_without_online_nobody_is_asked(monitor: Monitor, server: ScriptedServer) -> None:
    configure(server.url("/feed"), server.url("/lost"))
    assert monitor("check").code == 0
    assert server.seen == []


def test_what_was_asked_a_moment_ago_is_not_asked_again(
    monitor: Monitor, server: ScriptedServer
) -> None:
    server.script["/old"] = Answer(status=301, headers={"Location": "/feed2"})
    server.script["/feed2"] = Answer(body=FEED)
    server.script["/gone"] = Answer(status=410)
    configure(*map(server.url, ("/feed", "/lost", "/old", "/gone")))
    monitor("poll")
    asked = len(server.seen)
    said = monitor("check", "--online")
    assert (said.code, len(server.seen)) == (1, asked)
    assert said.out.endswith("; 0 feeds asked\n")
    moved, lost, gone = said.err.splitlines()
    assert f'write url = "{server.url("/feed2")}"' in moved
    assert re.search(r"config.toml:10: .*404 Not Found \(at \d{4}-\d\d-\d\d \d\d:\d\d\)", lost)
    assert "config.toml:14: " in gone


def test_a_feed_that_is_due_is_asked_on_the_terms_of_its_last_answer(
    server: ScriptedServer,
) -> None:
    config = load(f'{HEAD}[[feed]]\nurl = "{server.url("/feed")}"\n')
    state = feed_state(server.url("/feed"), validators=Validators(etag='"1"'), next_poll_at=NOW)
    with Fetcher(config.fetch) as fetcher, ParserPool(workers=1) as parser:
        reached = reaching.feeds(config, {state.feed_url: state}, fetcher, parser, now=NOW)
    assert reached == Reached(asked=1, dead=(), moved=())
    assert server.seen[0].headers["if-none-match"] == '"1"'


def test_a_machine_that_is_offline_is_told_once(monitor: Monitor) -> None:
    configure("http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "http://127.0.0.1:1/c")
    said = monitor("check", "--online")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "none of 3 feeds answered" in said.err
    # No server was asked, so asking again costs nobody anything.
    monitor("poll")
    assert monitor("check", "--online").out.endswith("3 feeds asked\n")


# ------------------------------------------------------------------------------------ mail

MAIL = """[[digest]]
name = "daily"
to = ["ann@example.com"]
[mail]
from = "me@example.com"
host = "127.0.0.1"
security = "plain"
user_env = "MAIL_USER"
password_env = "MAIL_PASSWORD"
"""


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_USER", "me")
    monkeypatch.setenv("MAIL_PASSWORD", "open sesame")


def configure_mail(port: int, text: str = MAIL) -> None:
    """Write a configuration in which `host` stands on line 12."""
    configure(more=f"{text}port = {port}\n")


@pytest.mark.usefixtures("login")
def test_a_mail_server_is_logged_in_to_and_gets_no_mail(monitor: Monitor) -> None:
    with serve_mail() as server:
        configure_mail(server.port)
        assert monitor("check").code == 0
        assert server.connections == 0
        said = monitor("check", "--online")
        assert (said.code, said.err) == (0, "")
    assert [words.split(" ")[0] for words in server.said] == ["ehlo", "AUTH", "quit"]


@pytest.mark.parametrize(
    ("server", "security", "line", "place", "words"),
    [
        pytest.param(
            MailServer(at_auth=["535 wrong"]),
            "plain",
            14,
            "mail.user_env",
            "127.0.0.1:{port} refused the login: 535 wrong; look at the user",
            id="a wrong password",
        ),
        pytest.param(
            MailServer(),
            "starttls",
            13,
            "mail.security",
            "127.0.0.1:{port} does not offer STARTTLS",
            id="no STARTTLS",
        ),
        pytest.param(
            MailServer(at_banner=["554 go away"]),
            "plain",
            12,
            "mail.host",
            "127.0.0.1:{port} answered 554 go away; look at host, port",
            id="unfriendly",
        ),
        pytest.param(
            MailServer(),
            "tls",
            12,
            "mail.host",
            "127.0.0.1:{port} gave no proper answer: ",
            id="no TLS on this port",
        ),
        pytest.param(None, "plain", 12, "mail.host", "127.0.0.1:1 gave no", id="nobody there"),
    ],
)
def test_a_mail_server_that_would_take_nothing_is_told_with_the_line(
    server: MailServer | None, security: str, line: int, place: str, words: str
) -> None:
    with serve_mail(server) as running:
        port = running.port if server else 1
        text = HEAD + MAIL.replace("plain", security) + f"port = {port}\n"
        config = load(text)
        assert config.mail
        secrets = {"MAIL_USER": "me", "MAIL_PASSWORD": "open sesame"}
        problem = reaching.mail_server(config, SmtpMailer(config.mail, secrets))
    assert problem
    assert (problem.line, problem.place) == (line, place)
    assert words.format(port=port) in problem.message
    assert "sesame" not in problem.message
    assert running.seen == []


def test_a_secret_that_is_not_there_is_told_once(monitor: Monitor) -> None:
    with serve_mail() as server:
        configure_mail(server.port)
        said = monitor("check", "--online")
    assert said.code == 1
    assert "config.toml:14: mail.user_env: the environment variable MAIL_USER is not" in said.err
    assert "config.toml:15: mail.password_env: " in said.err
    assert said.err.count("\n") == 2
