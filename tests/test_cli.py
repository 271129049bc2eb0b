"""What the commands print, what they exit with, and what they say to a wrong word."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.app import App
from monitor.model import ArchiveFilter
from monitor.store import open_store
from tests import mail_rules
from tests.command import Monitor, Said
from tests.scripted import Answer, ScriptedServer, serve
from tests.scripted_smtp import MailServer
from tests.scripted_smtp import serve as serve_mail

FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Morning Post</title><link>https://post.example/</link>
<item><guid>1</guid><link>https://post.example/kling</link><title>Kling 4 &amp; its rivals</title>
<description>Kuaishou shows 可灵 at a fair.</description></item>
<item><guid>2</guid><link>https://post.example/water</link><title>Sparkling water sells well</title>
</item></channel></rss>""".encode()

CONFIG = """
timezone = "Europe/Madrid"
[fetch]
allow = ["127.0.0.0/8"]
host_gap = "0s"
deadline = "2m"
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling", "可灵"]
none = ["Andreas Kling"]
[[digest]]
name = "daily"
at = "07:30"
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve({"/feed": Answer(body=FEED, etag='"1"')}) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: ScriptedServer) -> Path:
    """Give a folder whose configuration has one good feed and one that is not there."""
    feeds = "".join(f'[[feed]]\nurl = "{server.url(path)}"\n' for path in ("/feed", "/lost"))
    (tmp_path / "config.toml").write_text(CONFIG + feeds, encoding="utf-8")
    return tmp_path


# ---------------------------------------------------------------------------------------- words


def test_help_answers_before_anything_heavy_is_loaded() -> None:
    heavy = "sqlalchemy httpx pydantic jinja2 starlette feedparser apscheduler rich alembic"
    probe = (
        "import sys\nfrom monitor.cli import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_mistyped_command_is_guessed(monitor: Monitor) -> None:
    said = monitor("serach", "Kling")
    assert said.code == 2
    assert 'no command "serach"; did you mean "search"?' in said.err


def test_an_unknown_command_points_to_the_help(monitor: Monitor) -> None:
    said = monitor("xyzzy")
    assert (said.code, 'see "monitor --help"' in said.err) == (2, True)


def test_no_configuration_says_how_to_get_one(monitor: Monitor) -> None:
    said = monitor("poll")
    assert said.code == 2
    assert "config.toml" in said.err
    assert "cp " in said.err


def test_a_public_address_without_a_token_is_refused(monitor: Monitor, folder: Path) -> None:
    said = monitor("run", "--listen", "0.0.0.0:0")
    assert said.code == 1
    assert "nobody asks who they are" in said.err


def test_a_folder_that_may_not_be_written_is_named(monitor: Monitor, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "monitor.db.lock").mkdir()
    said = monitor("poll")
    assert said.code == 1
    assert "monitor.db.lock beside the database cannot be written" in said.err


def test_every_fault_of_a_configuration_is_told_at_once(monitor: Monitor, folder: Path) -> None:
    (folder / "config.toml").write_text('databse = 1\n[fetch]\nfloor = "soon"\n', encoding="utf-8")
    said = monitor("check")
    assert said.code == 2
    assert "config.toml:1" in said.err
    assert "did you mean" in said.err
    assert "config.toml:3" in said.err
    assert '"soon" is not a duration' in said.err
    as_json = monitor("check", "--json")
    assert as_json.code == 2
    assert [problem["line"] for problem in json.loads(as_json.out)["problems"]] == [1, 3]


def test_check_counts_what_it_understood(monitor: Monitor, folder: Path) -> None:
    assert monitor("check").out == "config.toml is fine: 1 topic, 2 feeds, 1 digest\n"


def test_check_names_a_broken_template(monitor: Monitor, folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "digest.html.j2").write_text("{% if %}", encoding="utf-8")
    said = monitor("check")
    assert said.code == 1
    assert "digest.html.j2" in said.err


# ---------------------------------------------------------------------------------- poll, search


def test_poll_reports_for_people_and_for_scripts(
    monitor: Monitor, folder: Path, server: ScriptedServer
) -> None:
    said = monitor("poll", "--json")
    assert (said.code, said.err) == (0, "")
    report = json.loads(said.out)
    (error,) = report.pop("errors")
    assert report == {
        "feeds": 2,
        "changed": 1,
        "unchanged": 0,
        "failed": 1,
        "articles_new": 2,
        "matches_new": 1,
        "pages_read": 0,
        "pages_failed": 0,
    }
    assert error["url"] == server.url("/lost")
    assert "404" in error["error"]
    assert monitor("poll").out == ("no feed is due; `monitor poll --force` polls all of them now\n")
    forced = monitor("poll", "--force")
    assert "2 feeds polled: 0 changed, 1 unchanged, 1 failed" in forced.out
    assert server.url("/lost") in forced.out


def test_what_was_polled_is_found_with_its_evidence(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    (found,) = json.loads(monitor("search", "可灵", "--json").out)
    assert found["title"] == "Kling 4 & its rivals"
    assert found["topics"] == ["kling"]
    assert [(hit["field"], hit["text"]) for hit in found["evidence"]] == [
        ("title", "Kling"),
        ("body", "可灵"),
    ]
    assert "Kling 4 & its rivals" in monitor("search", "rivals").out


def test_poll_groups_what_it_found(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    store = open_store(f"sqlite:///{folder / 'data' / 'monitor.db'}")
    (match,) = store.page(ArchiveFilter()).articles
    (story,) = store.stories_of([match.id])
    store.close()
    assert [member.row for member in story.members] == [match]


def test_search_looks_at_matches_unless_told_otherwise(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    assert "--all searches every stored article" in monitor("search", "water").out
    assert "Sparkling water" in monitor("search", "water", "--all").out


def test_a_faulty_search_is_underlined(monitor: Monitor, folder: Path) -> None:
    said = monitor("search", "(Kling")
    assert said.code == 2
    assert "(Kling\n    ^" in said.err


def test_an_unknown_topic_names_the_known_ones(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    said = monitor("search", "Kling", "--topic", "klink")
    assert (said.code, "kling" in said.err) == (1, True)


def test_feeds_shows_what_is_wrong(monitor: Monitor, folder: Path) -> None:
    assert "no feed is known yet" in monitor("feeds").out
    monitor("poll")
    said = monitor("feeds").out
    assert "Morning Post" in said
    assert "never read" in said
    assert "404" in said
    rows = {
        row["url"].rpartition("/")[2]: row for row in json.loads(monitor("feeds", "--json").out)
    }
    assert (rows["feed"]["articles"], rows["feed"]["matches"]) == (2, 1)
    assert rows["lost"]["failures"] == 1


# ---------------------------------------------------------------------------------------- digest


def test_the_preview_is_shown_and_written(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    said = monitor("digest", "preview", "--since", "all")
    assert said.code == 0
    assert "Kling 4 & its rivals" in said.out
    page = folder / "data" / "outbox" / "preview.html"
    assert str(page) in said.out
    assert "its rivals" in page.read_text(encoding="utf-8")


def test_an_unknown_digest_names_the_known_ones(monitor: Monitor, folder: Path) -> None:
    said = monitor("digest", "preview", "weekly")
    assert (said.code, "daily" in said.err) == (1, True)


def test_no_digest_yet(monitor: Monitor, folder: Path) -> None:
    assert "no digest yet" in monitor("digest", "list").out
    assert json.loads(monitor("digest", "list", "--json").out) == []


# ----------------------------------------------------------------------------------------- match


def test_match_tries_the_topics_on_a_file(monitor: Monitor, folder: Path) -> None:
    lines = [
        {"id": "a", "title": "Kling 4 is out", "summary": "可灵 4", "lang": "en"},
        {"id": "b", "title": "A sparkling evening", "summary": None},
        {"id": "c", "title": "Andreas Kling leaves his browser"},
    ]
    file = folder / "articles.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    said = monitor("match", str(file))
    assert said.code == 0
    first, *others = map(json.loads, said.out.splitlines())
    assert first == {
        "id": "a",
        "topics": ["kling"],
        "labels": {},
        "evidence": [
            {"topic": "kling", "field": "title", "start": 0, "end": 5, "text": "Kling"},
            {"topic": "kling", "field": "summary", "start": 0, "end": 2, "text": "可灵"},
        ],
    }
    assert others == [
        {"id": "b", "topics": [], "labels": {}, "evidence": []},
        {"id": "c", "topics": [], "labels": {}, "evidence": []},
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param("{oops", "no JSON", id="no JSON"),
        pytest.param('["Kling"]', "must be an object", id="no object"),
        pytest.param('{"title": "Kling"}', "must be an object", id="no id"),
        pytest.param('{"id": 1, "title": 7}', '"title" must be a text', id="title is a number"),
        pytest.param('{"id": 1, "title": 0}', '"title" must be a text', id="title is zero"),
        pytest.param('{"id": NaN, "title": ""}', "NaN is no JSON", id="no number"),
        pytest.param("[" * 200_000, "cannot be read as JSON", id="nested without end"),
        pytest.param('{"id": ' + "1" * 5000 + "}", "cannot be read as JSON", id="huge number"),
        pytest.param('{"id": "' + "x" * 1_000_001 + '"}', "cut it", id="endless line"),
    ],
)
def test_match_names_the_faulty_line(monitor: Monitor, folder: Path, line: str, fault: str) -> None:
    file = folder / "articles.jsonl"
    file.write_text(f'{{"id": "a", "title": "fine"}}\n{line}\n', encoding="utf-8")
    said = monitor("match", str(file))
    assert said.code == 1
    assert "articles.jsonl:2" in said.err
    assert fault in said.err


def test_match_takes_a_byte_order_mark_and_half_characters(monitor: Monitor, folder: Path) -> None:
    file = folder / "articles.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"id": "\\ud800", "title": "Kling \\ud83d"}\r\n')
    said = monitor("match", str(file))
    assert (said.code, json.loads(said.out)["topics"]) == (0, ["kling"])


# --------------------------------------------------------------------------------------- stories


def test_stories_groups_the_articles_of_a_file(monitor: Monitor, folder: Path) -> None:
    lines = [
        {"id": "zh", "title": "快手可灵融资7.5亿美元", "published": "2026-03-11T09:00:00Z"},
        {"id": 2, "title": "Rice prices in Japan fall", "published": "2026-03-10"},
        {
            "id": "en",
            "title": "Kuaishou's Kling raises $750 million",
            "published": "2026-03-11T08:00:00",
        },
        {"id": "none", "title": "A bridge reopens", "summary": None, "source": 7},
    ]
    file = folder / "articles.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    said = monitor("stories", str(file))
    assert said.code == 0
    assert list(map(json.loads, said.out.splitlines())) == [
        {"id": "zh", "story": 2},
        {"id": 2, "story": 1},
        {"id": "en", "story": 2},
        {"id": "none", "story": 3},
    ]


def test_stories_of_an_empty_file(monitor: Monitor, folder: Path) -> None:
    file = folder / "articles.jsonl"
    file.write_text("\n", encoding="utf-8")
    assert monitor("stories", str(file)) == Said(0, "", "")


def test_stories_knows_what_the_configuration_says_is_the_same(
    monitor: Monitor, folder: Path
) -> None:
    titles = ["Brontosoft builds in Seville", "雷龙软件在塞维利亚建厂"]
    titles += ["Rice prices in Japan fall", "台风逼近，航班取消"]
    file = folder / "articles.jsonl"
    file.write_text("\n".join(json.dumps({"id": t, "title": t}) for t in titles), encoding="utf-8")

    def stories() -> int:
        lines = monitor("stories", str(file)).out.splitlines()
        return len({json.loads(line)["story"] for line in lines})

    assert stories() == 4
    config = folder / "config.toml"
    own = '[stories]\nsame = [["Brontosoft", "雷龙软件"], ["Seville", "塞维利亚"]]\n'
    config.write_text(config.read_text("utf-8") + own, encoding="utf-8")
    assert stories() == 3


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ('"published": "yesterday"', '"published" must be a date such as'),
        ('"published": 5', '"published" must be a text'),
        ('"url": []', '"url" must be a text'),
    ],
)
def test_stories_names_the_faulty_line(
    monitor: Monitor, folder: Path, field: str, fault: str
) -> None:
    file = folder / "articles.jsonl"
    file.write_text(f'{{"id": "a", "title": "fine"}}\n{{"id": 1, {field}}}\n', encoding="utf-8")
    said = monitor("stories", str(file))
    assert said.code == 1
    assert "articles.jsonl:2" in said.err
    assert fault in said.err


def test_the_preview_for_scripts(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    composed = json.loads(monitor("digest", "preview", "--since", "all", "--json").out)
    (topic,) = composed["topics"]
    assert (topic["id"], topic["matches"]) == ("kling", 1)
    assert [story["title"] for story in topic["stories"]] == ["Kling 4 & its rivals"]
    assert Path(composed["page"]).exists()


def test_check_names_a_secret_that_is_not_there(monitor: Monitor, folder: Path) -> None:
    config = folder / "config.toml"
    mail = (
        '[mail]\nfrom = "me@example.com"\nhost = "smtp.example.com"\n'
        'user_env = "NO_SUCH_USER"\npassword_file = "no-such-file"\n'
    )
    text = config.read_text(encoding="utf-8")
    text = text.replace('at = "07:30"\n', 'at = "07:30"\nto = ["you@example.com"]\n' + mail)
    config.write_text(text, encoding="utf-8")
    said = monitor("check")
    assert said.code == 1
    assert "NO_SUCH_USER is not set" in said.err
    assert "no-such-file cannot be read" in said.err


def test_times_are_told_in_the_configured_zone(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    (found,) = json.loads(monitor("search", "rivals", "--json").out)
    seen = datetime.fromisoformat(found["first_seen"]).astimezone(ZoneInfo("Europe/Madrid"))
    assert f"{seen:%Y-%m-%d %H:%M}" in monitor("search", "rivals").out


def test_a_topic_without_matches_is_no_error(monitor: Monitor, folder: Path) -> None:
    said = monitor("search", "anything", "--topic", "kling")
    assert (said.code, "nothing found" in said.out) == (0, True)


def test_without_feeds_the_advice_is_to_add_one(monitor: Monitor, folder: Path) -> None:
    (folder / "config.toml").write_text("", encoding="utf-8")
    assert "monitor feeds add" in monitor("poll").out
    assert "add a [[digest]]" in monitor("digest", "list").out


def test_a_wrong_address_to_listen_on_is_a_wrong_word(monitor: Monitor, folder: Path) -> None:
    said = monitor("run", "--listen", "everywhere")
    assert (said.code, '"everywhere" is no address' in said.err) == (2, True)


# ------------------------------------------------------------------------------ pages in full

NEAR = '[[topic]]\nid = "expo"\nany = ["Kling"]\nall = ["robots"]\n'
TOLD = "".join(
    f"<p>On day {day} of the fair the makers of robots showed number {day} of their line.</p>"
    for day in range(9)
)


@pytest.fixture
def in_full(folder: Path, server: ScriptedServer) -> ScriptedServer:
    """Read the first feed's pages in full; one of its articles matches, and nearly "expo"."""
    server.script["/feed"] = Answer(
        body=FEED.replace(b"https://post.example/kling", server.url("/kling").encode())
    )
    server.script["/kling"] = Answer(
        body=f"<html><body><article>{TOLD}</article></body></html>".encode(),
        content_type="text/html; charset=utf-8",
    )
    path = folder / "config.toml"
    config = path.read_text(encoding="utf-8").replace('/feed"\n', '/feed"\nextract = true\n')
    path.write_text(config + NEAR, encoding="utf-8")
    return server


def test_poll_reads_pages_at_its_end(monitor: Monitor, in_full: ScriptedServer) -> None:
    said = monitor("poll")
    assert "1 page read in full, 0 not readable; 1 new match" in said.out
    assert [path for path in in_full.paths() if path != "/lost"] == ["/feed", "/kling"]
    assert "Kling 4 & its rivals" in monitor("search", "robots").out
    again = json.loads(monitor("poll", "--force", "--json").out)
    assert (again["pages_read"], again["pages_failed"], again["matches_new"]) == (0, 0, 0)


def test_without_its_package_pages_are_left_alone_and_that_is_said(
    monitor: Monitor, in_full: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.extract.is_installed", lambda: False)
    fix = ", extract: needs one more package: pip install"
    assert fix in monitor("check").err
    assert monitor("check").code == 1
    polled = monitor("poll")
    assert (polled.code, "1 new match" in polled.out, fix in polled.err) == (0, True, True)
    assert "/kling" not in in_full.paths()


def test_the_service_reads_pages_too(in_full: ScriptedServer, folder: Path) -> None:
    from monitor.app import App
    from monitor.poll import poll_due
    from monitor.scheduler import Service

    with App.open(folder / "config.toml") as app:
        app.accept()
        with app.round() as work:
            poll_due(work)
        service = Service(app)
        service.start()
        while "expo" not in app.store.topic_counts():
            time.sleep(0.01)
        assert service.stop()


# ------------------------------------------------------------------------------------- delivery


@pytest.fixture
def mails(folder: Path) -> Iterator[MailServer]:
    """Give a mail server, for a digest to two people that was due this minute."""
    file = folder / "config.toml"
    with serve_mail() as running:
        table = f'[mail]\nfrom = "me@example.com"\nhost = "127.0.0.1"\nport = {running.port}\n'
        to = 'to = ["ann@example.com", "bob@example.com"]\nwhen_empty = "send"\n'
        text = file.read_text(encoding="utf-8")
        digest = 'name = "daily"\nat = "07:30"\n'
        file.write_text(
            text.replace(digest, digest + to) + table + 'security = "plain"\n', encoding="utf-8"
        )
        with App.open(file) as app:  # it was started two days ago
            app.store.digest_started_at("daily", app.clock() - timedelta(days=2))
        yield running
        for one in running.taken:
            mail_rules.check(one)


def test_a_digest_is_sent_shown_and_sent_again_by_hand(monitor: Monitor, mails: MailServer) -> None:
    monitor("poll")
    mails.at_rcpt = ["250 ok", "550 nobody"]
    sent = monitor("digest", "send")
    assert "not delivered" not in sent.err  # that is said once, in a sentence
    assert (sent.code, len(mails.taken)) == (1, 1)
    assert "1 digest composed; 1 copy sent, 0 to be tried again, 1 refused, 0 held" in sent.out
    assert "bob@example.com rejected" in sent.out
    assert "550 nobody" in sent.out
    (listed,) = json.loads(monitor("digest", "list", "--json").out)
    number = str(listed["id"])
    assert "Kling" in monitor("digest", "show", number).out
    shown = monitor("digest", "show", number, "--eml")
    assert shown.out.encode() == mails.taken[0]
    assert "it went to ann@" in monitor("digest", "show", number, "--eml", "--to", "x@y.z").err
    assert "there is no digest 99" in monitor("digest", "show", "99").err

    assert "1 copy will be sent again" in monitor("digest", "resend", number).out
    assert monitor("digest", "send").code == 0
    assert "every copy" in monitor("digest", "resend", number).err
    assert monitor("digest", "resend", number, "--to", "ann@example.com").code == 0
    monitor("digest", "send")
    assert mails.recipients == ["ann@example.com", "bob@example.com", "ann@example.com"]
    assert mails.taken[0] == mails.taken[2]
    assert 'nothing to send: the next digest, "daily", is due' in monitor("digest", "send").out
    past = monitor("digest", "preview", "--as-of", f"{listed['date']} {listed['at']}")
    assert "since it was composed: nothing has changed" in past.out
    assert monitor("digest", "resend", "99").code == 1


def test_recipients_come_and_go(monitor: Monitor, mails: MailServer) -> None:
    assert "daily  ann@example.com  nothing sent yet" in monitor("digest", "recipients").out
    off = monitor("digest", "recipients", "--off", "ann@example.com")
    assert "ann@example.com  unsubscribed" in off.out
    assert "no digest goes to x@y.z" in monitor("digest", "recipients", "--off", "x@y.z").err
    monitor("poll")
    monitor("digest", "send")
    assert mails.recipients == ["bob@example.com"]
    told = monitor("digest", "recipients", "--again", "ann@example.com", "--json")
    ann, bob = json.loads(told.out)
    assert (ann["address"], ann["unsubscribed_at"], ann["state"]) == ("ann@example.com", None, None)
    assert (bob["sent"], bob["state"]) == (1, "sent")
    assert "bob@example.com  1 sent; last 20" in monitor("digest", "recipients").out


def test_a_digest_of_the_past_is_shown_from_the_archive(monitor: Monitor, folder: Path) -> None:
    monitor("poll")
    later = f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%S+00:00}"
    first, again = (monitor("digest", "preview", "--as-of", later, "--json").out for _ in range(2))
    assert first == again
    assert json.loads(first)["changes"] is None  # there is no issue yet to compare with
    assert "which feeds could not be read then is not kept" in " ".join(first.split())
    early = monitor("digest", "preview", "--as-of", "2001-01-01 07:30")
    assert (early.code, "nothing had been read by 2001-01-01 07:30" in early.err) == (1, True)
    assert monitor("digest", "preview", "--as-of", "yesterday").code == 2


def test_a_changed_or_broken_configuration_is_told_in_the_digest(
    monitor: Monitor, folder: Path
) -> None:
    file = folder / "config.toml"
    with App.open(file) as app:
        assert app.notices() == ()
        file.write_text(file.read_text("utf-8") + "# more\n", encoding="utf-8")
        assert app.notices() == (), "it takes effect in a moment"
        file.write_text(file.read_text("utf-8") + "[mial]\n", encoding="utf-8")
        (notice,) = app.notices()
        assert "config.toml, line " in notice
        assert "goes on with the configuration from before" in notice
