"""`monitor feeds …`: feeds are found, looked at, added, carried and watched."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import config as configuration
from monitor import subscribe
from monitor.app import App
from monitor.config.editing import NewFeed
from monitor.errors import MonitorError
from monitor.model import PageOutcome
from monitor.subscribe import identity, read_list, save, web_address, write_list
from tests.command import Monitor
from tests.factories import DAY, NOW
from tests.scripted import Answer, ScriptedServer, serve

THIS_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

CONFIG = """\
# What I watch
timezone = "Pacific/Auckland"

[fetch]
allow = ["127.0.0.1/32:PORT"]   # only this test's server
host_gap = "0s"

[[topic]]
id = "kling"
name = "Kling"
any = ["Kling", "可灵"]

[[topic]]
id = "water"
name = "Water"
any = ["water"]

[[feed]]
url = "ORIGIN/old"
name = "Old News"

# ------ WHEN

[[digest]]
name = "daily"
"""


def rss(*titles: str, title: str = "Post", every: timedelta = DAY, ended: int = 1) -> bytes:
    """Give a feed with items so far apart, the newest so many days ago."""
    items = "".join(
        f"<item><guid>{number}</guid><link>https://post.example/{title}/{number}</link>"
        f"<title>{words}</title>"
        f"<pubDate>{format_datetime(THIS_HOUR - ended * DAY - number * every)}</pubDate></item>"
        for number, words in enumerate(titles)
    )
    return f'<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'.encode()


def page(*links: str) -> Answer:
    tags = "".join(f'<link rel="alternate" type="application/rss+xml" {link}>' for link in links)
    body = f"<!doctype html><html><head><title>The Post</title>{tags}</head></html>"
    return Answer(body=body.encode(), content_type="text/html")


FEED = Answer(body=rss("Kling 4 is here", "可灵 and water", "Nothing", "Water", "Rain", "Snow"))
ONE = page('href="/feed" title="News"')
SEVERAL = page(
    'href="/feed" title="News"', 'href="/old"', 'href="/comments?a=1&amp;b=2" title="Comments"'
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    script = {"/feed": FEED, "/": ONE, "/several": SEVERAL, "/comments?a=1&b=2": FEED}
    with serve(script) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path, server: ScriptedServer) -> Path:
    """Give a configuration with one feed, that may ask this test's server."""
    path = tmp_path / "config.toml"
    text = CONFIG.replace("PORT", str(server.port)).replace("ORIGIN", server.origin)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o640)
    return path


def with_block(text: str, *lines: str) -> str:
    """Give a configuration as it must be after a feed was added to it."""
    block = "\n".join(["[[feed]]", *lines, "", ""])
    return text.replace("# ------ WHEN", f"{block}# ------ WHEN")


# ------------------------------------------------------------------------------------------ add


def test_it_says_when_a_feed_waits_for_a_reload(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    file.write_text(f"{file.read_text('utf-8')}\n[reload]\nauto = false\n", "utf-8")
    said = monitor("feeds", "add", server.url("/feed"), "--yes")
    assert "was added to config.toml; after `monitor reload` a running monitor" in said.out


def test_a_feed_is_shown_and_added_with_one_request(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    before = file.read_text("utf-8")
    said = monitor("feeds", "add", server.url("/feed"), "--yes")
    assert (said.code, said.err) == (0, "")
    assert server.paths() == ["/feed"]
    assert said.out.startswith(f"Post\n    {server.url('/feed')}\n    6 items, 7.0 a week; ")
    assert "your topics match 3 of them (Kling 2, Water 2)" in said.out
    local = (THIS_HOUR - DAY).astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"    {local:%Y-%m-%d %H:%M}  Kling 4 is here\n" in said.out
    assert "Snow" not in said.out, "the five newest only"
    assert "was added to config.toml; a running monitor polls what was added" in said.out
    url = f'url = "{server.url("/feed")}"'
    assert file.read_text("utf-8") == with_block(before, url)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_what_is_known_of_a_feed_is_written_with_it(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    before = file.read_text("utf-8")
    options = {"--name": 'The "Post"', "--label": "state media", "--lang": "es", "--every": "6h"}
    words = [word for option in options.items() for word in option]
    assert monitor("feeds", "add", server.url("/feed"), "--yes", *words).code == 0
    assert file.read_text("utf-8") == with_block(
        before,
        f'url = "{server.url("/feed")}"',
        'name = "The \\"Post\\""',
        'label = "state media"',
        'lang = "es"',
        'every = "6h"',
    )


def test_a_page_costs_its_own_request_and_one_for_its_feed(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    said = monitor("feeds", "add", server.url("/"), "--yes", "--json")
    assert server.paths() == ["/", "/feed"]
    found = json.loads(said.out)
    assert found.pop("newest")[0] == {
        "title": "Kling 4 is here",
        "url": "https://post.example/Post/0",
        "published": (THIS_HOUR - DAY).isoformat(),
    }
    assert round(found.pop("items_a_week")) == 7
    assert found == {
        "url": server.url("/feed"),
        "title": "Post",
        "items": 6,
        "matched": 3,
        "matches": {"Kling": 2, "Water": 2},
        "added": True,
    }


def test_of_several_feeds_a_person_chooses(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    said = monitor("feeds", "add", server.url("/several"), typed="3\ny\n")
    assert said.code == 0
    assert "this page names 3 feeds" in said.out
    assert f"2  without a title (configured already)\n     {server.url('/old')}" in said.out
    assert server.paths() == ["/several", "/comments?a=1&b=2"]
    assert server.url("/comments?a=1&b=2") in file.read_text("utf-8")


def test_of_several_feeds_a_script_names_one(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    add = ("feeds", "add", server.url("/several"), "--yes")
    refused = monitor(*add)
    assert (refused.code, "--choose" in refused.err) == (1, True)
    listed = monitor(*add, "--json")
    assert listed.code == 1
    assert json.loads(listed.out)["candidates"][0] == {
        "url": server.url("/feed"),
        "title": "News",
        "configured": False,
    }
    assert "names 3 feeds only" in monitor(*add, "--choose", "4").err
    one = monitor("feeds", "add", server.url("/"), "--choose", "2")
    assert (one.code, "there is only one feed" in one.err) == (1, True)
    assert monitor(*add, "--choose", "1").code == 0


def test_nothing_is_written_without_a_yes(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    before = file.read_bytes()
    add = ("feeds", "add", server.url("/feed"))
    said = monitor(*add)
    assert said.code == 1
    assert f'[[feed]]\nurl = "{server.url("/feed")}"\n' in said.out
    assert "--yes adds this feed" in said.err
    assert json.loads(monitor(*add, "--json").out)["added"] is False
    declined = monitor(*add, typed="n\n")
    assert (declined.code, "nothing was written" in declined.out) == (1, True)
    assert file.read_bytes() == before
    assert monitor(*add, typed="y\n").code == 0
    assert file.read_bytes() != before


def test_a_permanent_redirect_gives_the_new_address(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    server.script["/away"] = Answer(status=301, headers={"Location": "/feed"})
    server.script["/now"] = Answer(status=302, headers={"Location": "/feed"})
    assert monitor("feeds", "add", server.url("/away"), "--yes").code == 0
    assert f'"{server.url("/feed")}"' in file.read_text("utf-8")
    assert monitor("feeds", "add", server.url("/now"), "--yes").code == 0
    assert f'"{server.url("/now")}"' in file.read_text("utf-8")


def test_a_feed_that_moved_is_known_by_both_addresses(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    server.script |= {
        "/old": Answer(status=301, headers={"Location": "/new"}),
        "/new": FEED,
        "/other": Answer(status=301, headers={"Location": "/new"}),
    }
    assert monitor("poll").code == 0
    before = file.read_bytes()
    for path in ("/old", "/new", "/other"):
        said = monitor("feeds", "add", server.url(path), "--yes")
        known = f'this feed is configured already: "Old News", {server.url("/old")}'
        assert (said.code, known in said.err) == (1, True)
        assert path == "/old" or f"which moved to {server.url('/new')}" in said.err
    assert file.read_bytes() == before


def test_what_is_configured_already_is_refused(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    server.script["/away"] = Answer(status=301, headers={"Location": "/old/"})
    server.script["/old/"] = FEED
    server.script["/old-page"] = page('href="/old#top"')
    before = file.read_bytes()
    for path in ("/old", "/old/", "/away", "/old-page"):
        said = monitor("feeds", "add", server.url(path), "--yes")
        assert said.code == 1
        assert f'configured already: "Old News", {server.url("/old")}' in said.err
    assert server.paths() == ["/away", "/old/", "/old-page"], "the first two cost no request"
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            page(),
            ": an HTML page, not a feed (title: The Post), and it names no feed of its own. "
            "Look on 127.0.0.1 for a link called RSS",
            id="a page without feeds",
        ),
        pytest.param(Answer(body=b"%PDF-1.7"), ": a PDF file, not a feed\n", id="no page at all"),
        pytest.param(Answer(status=404), "the server said 404 Not Found", id="nothing there"),
        pytest.param(page('href="/"'), ": an HTML page, not a feed", id="a page for a feed"),
        pytest.param(page('href="http://x:99999/"'), "names no feed", id="a broken address"),
        pytest.param(
            page('href="http://127.0.0.1:9/feed"'), "port 9), and only public", id="a private one"
        ),
        pytest.param(
            Answer(status=302, headers={"Location": "http://10.1.2.3/"}),
            "10.1.2.3 leads to",
            id="a redirect inside",
        ),
    ],
)
def test_what_cannot_be_added_is_told_in_plain_words(
    monitor: Monitor, file: Path, server: ScriptedServer, answer: Answer, words: str
) -> None:
    server.script["/it"] = answer
    server.script["/"] = page()
    before = file.read_bytes()
    said = monitor("feeds", "add", server.url("/it"), "--yes")
    assert said.code == 1
    assert words in said.err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        pytest.param("--every", "soon", '"soon" is not a duration', id="no duration"),
        pytest.param("--every", "5m", "more often than any feed may be asked", id="too often"),
        pytest.param("--lang", "spanish!", "is not the code of a language", id="no language"),
        pytest.param("--name", " ", "is empty", id="a blank name"),
    ],
)
def test_a_wrong_option_is_refused_before_anybody_is_asked(
    monitor: Monitor, file: Path, server: ScriptedServer, option: str, value: str, words: str
) -> None:
    said = monitor("feeds", "add", server.url("/feed"), option, value)
    assert said.code == 1
    assert words in said.err
    assert server.seen == []


def test_a_file_is_no_feed_unless_allowed(monitor: Monitor, file: Path) -> None:
    said = monitor("feeds", "add", "file:///etc/passwd", "--yes")
    assert (said.code, "allow_files = true" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        pytest.param("technode.com/feed", "https://technode.com/feed", id="no scheme"),
        pytest.param(" http://a.example ", "http://a.example", id="blanks"),
        pytest.param("feed://a.example/f", "https://a.example/f", id="feed://"),
        pytest.param("feed:http://a.example/f", "http://a.example/f", id="feed:http://"),
        pytest.param("a.example/?of=http://b.example/", None, id="an address in a query"),
        pytest.param("file:///a/b.xml", "file:///a/b.xml", id="a file"),
    ],
)
def test_addresses_as_people_type_them(typed: str, address: str | None) -> None:
    assert web_address(typed) == (address or f"https://{typed}")


@pytest.mark.parametrize(
    "typed",
    ["", "ftp://a.example/", "https://", "a b.example", "javascript:alert(1)", "https://[x/"],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(MonitorError, match=r"web address|blank"):
        web_address(typed)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(MonitorError) as caught:
        web_address("https://ann:hunter2@a.example/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/f", "https://A.example/f/", True),
        ("https://a.example", "http://a.example:80/#top", True),
        ("https://a.example:443/?b=1", "https://a.example/?b=1", True),
        ("https://a.example:8443/f", "https://a.example/f", False),
        ("https://a.example/F", "https://a.example/f", False),
        ("https://a.example/f?x=1", "https://a.example/f?x=2", False),
        ("file:///a", "https:///a", False),
    ],
)
def test_two_addresses_of_one_feed(one: str, other: str, same: bool) -> None:
    assert (identity(one) == identity(other)) is same


# ----------------------------------------------------------------------------------------- save


NEW = NewFeed(url="https://new.example/feed")


def read(path: Path) -> configuration.Config:
    return configuration.load(configuration.decode(path.read_bytes()))


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(file: Path) -> None:
    before = read(file)
    edited = file.read_text("utf-8") + "# mine\n"
    file.write_text(edited, encoding="utf-8")
    with pytest.raises(MonitorError, match="changed by somebody else"):
        save(file, before, [NEW])
    assert file.read_text("utf-8") == edited


def test_a_link_to_the_configuration_stays_one(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    save(link, read(file), [NEW])
    assert link.is_symlink()
    assert "new.example" in file.read_text("utf-8")


def test_a_byte_order_mark_stays(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    save(file, read(file), [NEW])
    assert file.read_bytes().startswith(b"\xef\xbb\xbf#")
    assert read(file).feeds[-1].url == NEW.url


def test_a_file_that_cannot_be_written_gives_the_lines_to_put_in_by_hand(file: Path) -> None:
    (file.parent / f".config.toml.{os.getpid()}").mkdir()  # stands where the draft would
    before = file.read_bytes()
    with pytest.raises(MonitorError, match="could not be written") as caught:
        save(file, read(file), [NEW])
    assert '[[feed]]\nurl = "https://new.example/feed"\n' in str(caught.value)
    with pytest.raises(MonitorError) as caught:
        save(file, read(file), [NewFeed(url=f"https://{n}.example/") for n in range(9)])
    assert "[[feed]]" not in str(caught.value), "too long to be read"
    assert file.read_bytes() == before


# ------------------------------------------------------------------------------ import and export


LIST = """<opml version="2.0"><body><outline text="Tech">
<outline text="New" xmlUrl="https://new.example/feed" language="en-us"/>
<outline text=" Odd&#10;one&#x3000;here " xmlUrl="feed://odd.example/" language="en_US?"/>
<outline text="Old" xmlUrl="ORIGIN/old/"/><outline text="Again" xmlUrl="http://new.example/feed/"/>
<outline text="A file" xmlUrl="file:///etc/passwd"/><outline text="Mail" xmlUrl="mailto:a@b.c"/>
</outline></body></opml>"""


def test_a_list_is_imported_without_asking_any_server(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    before = file.read_text("utf-8")
    Path("list.opml").write_text(LIST.replace("ORIGIN", server.origin), encoding="utf-8")
    waiting = monitor("feeds", "import", "list.opml")
    assert (waiting.code, "--yes adds these 2 feeds" in waiting.err) == (1, True)
    assert file.read_text("utf-8") == before
    said = monitor("feeds", "import", "list.opml", "--yes")
    assert said.code == 0
    assert "2 new feeds, 2 configured already or twice in the list, 2 with an address" in said.out
    assert "file:///etc/passwd" in said.out
    assert "mailto:a@b.c" in said.out
    assert server.seen == []
    assert file.read_text("utf-8") == with_block(
        before,
        'url = "https://new.example/feed"',
        'name = "New"',
        'lang = "en-us"',
        "",
        "[[feed]]",
        'url = "https://odd.example/"',
        'name = "Odd one here"',
    )
    again = monitor("feeds", "import", "list.opml")
    assert (again.code, "0 new feeds" in again.out) == (0, True)


def test_of_many_invalid_addresses_some_are_named(monitor: Monitor, file: Path) -> None:
    lines = "".join(f'<outline xmlUrl="ftp://a{number}.example/"/>' for number in range(30))
    Path("list.opml").write_text(f"<opml>{lines}</opml>", encoding="utf-8")
    said = monitor("feeds", "import", "list.opml", "--yes")
    assert said.code == 0
    assert said.out.count("ftp://") == 2 * 20, "each with its address and what is wrong with it"
    assert "and 10 more" in said.out


def test_what_is_no_list_is_refused(monitor: Monitor, file: Path) -> None:
    Path("feed.xml").write_bytes(FEED.body)
    said = monitor("feeds", "import", "feed.xml", "--yes")
    assert (said.code, "monitor feeds add" in said.err) == (1, True)


def test_the_configured_feeds_are_exported(monitor: Monitor, file: Path) -> None:
    printed = monitor("feeds", "export").out
    assert monitor("feeds", "export", "mine.opml").code == 0
    written = Path("mine.opml").read_text("utf-8")
    for text in (printed, written):
        (feed,) = read_list(configuration.load(""), text.encode()).new
        assert feed == NewFeed(url=read(file).feeds[0].url, name="Old News")


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=30)


@given(
    names=st.lists(NAMES.map(str.strip), max_size=5),
    lang=st.sampled_from(["", "es", "zh-Hant"]),
    label=st.sampled_from(["", "state media", 'owned by "Example" & sons']),
    every=st.sampled_from(["", "90m", "1d", "4w"]),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_list_carries_all_feeds_to_another_monitor(
    names: list[str], lang: str, label: str, every: str
) -> None:
    feeds = [
        NewFeed(
            url=f"https://a.example/{number}?a=1&b=<2>",
            name=name,
            lang=lang,
            label=label,
            every=every,
        )
        for number, name in enumerate(names)
    ]
    empty = configuration.load("")
    full = configuration.load(subscribe.with_feeds(empty, feeds))
    carried = read_list(empty, write_list(full, NOW).encode())
    assert (carried.new, carried.present, carried.invalid) == (tuple(feeds), 0, ())
    assert read_list(full, write_list(full, NOW).encode()).new == ()


@pytest.mark.parametrize("every", ["soon", "30m", "90d", "0s", "1 week or so"])
def test_an_interval_that_is_not_allowed_here_is_learnt_instead(every: str) -> None:
    line = f'<outline text="A" xmlUrl="https://a.example/" monitor:every="{every}"/>'
    found = read_list(configuration.load(""), f"<opml>{line}</opml>".encode())
    assert found.new == (NewFeed(url="https://a.example/", name="A"),)


# --------------------------------------------------------------------------------------- health


def test_health_names_feeds_in_trouble_first(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    titles = [f"Kling {number}" for number in range(8)]
    server.script["/quiet"] = Answer(body=rss(*titles, title="Weekly", every=7 * DAY, ended=50))
    server.script["/well"] = Answer(body=rss(*titles, title="Daily"))
    server.script["/gone"] = Answer(status=410)
    with file.open("a", encoding="utf-8") as out:
        for path in ("/well", "/quiet", "/gone"):
            out.write(f'[[feed]]\nurl = "{server.url(path)}"\n')
    monitor("poll")
    with file.open("a", encoding="utf-8") as out:
        out.write('[[feed]]\nurl = "https://later.example/"\n')
    said = monitor("feeds", "health").out
    assert said.startswith("5 feeds: 1 retired, 1 failing, 1 quiet, 1 never read, 1 well\n")
    assert "Old News: failing\n    never read, next " in said
    assert "the server said 404 Not Found" in said
    assert "Weekly: quiet for 50 days\n" in said
    assert "0 items a week, 8 matches in 8 articles" in said
    rows = json.loads(monitor("feeds", "health", "--json").out)
    assert [row["condition"] for row in rows] == [
        "retired",
        "failing",
        "quiet",
        "never read",
        "well",
    ]
    assert [row["quiet_days"] for row in rows] == [None, None, 50, None, None]
    assert (rows[-1]["match_rate"], rows[0]["match_rate"]) == (1, None)
    assert (rows[0]["next_poll"], rows[-1]["items_a_week"] > 5) == (None, True)


def test_health_says_why_pages_are_not_read_in_full(
    monitor: Monitor, file: Path, server: ScriptedServer
) -> None:
    titles = [f"Kling {number}" for number in range(4)]
    server.script["/brief"] = Answer(body=rss(*titles, title="Brief"))
    with file.open("a", encoding="utf-8") as out:
        out.write(f'[[feed]]\nurl = "{server.url("/brief")}"\n')
    monitor("poll")
    with file.open("a", encoding="utf-8") as out:
        out.write("extract = true\n")
    results = {1: "", 2: "it is no HTML page", 3: "it is no HTML page", 4: "the server said 403"}
    with App.open(file) as app:
        app.store.decide_pages(dict.fromkeys(results, True), app.clock())
        for number, error in results.items():
            outcome = PageOutcome(article_id=number, tries=1, read_at=app.clock(), error=error)
            app.store.save_page(outcome)
    told = "1 page read in full, 3 not: it is no HTML page (2); the server said 403 (1)"
    assert told in " ".join(monitor("feeds", "health").out.split())
    (row,) = (
        row for row in json.loads(monitor("feeds", "health", "--json").out) if row["articles"] == 4
    )
    assert row["pages_read"] == 1
    assert row["pages_not_read"] == {"it is no HTML page": 2, "the server said 403": 1}


def test_health_without_feeds_says_so(monitor: Monitor, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    assert monitor("feeds", "health").out == "0 feeds configured\n"


def test_options_before_the_subcommand_hold_for_it(monitor: Monitor, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[[feed]]\nurl = "https://a.example/"\n', "utf-8")
    said = monitor("feeds", "--config", "mine.toml", "--json", "health")
    assert [row["url"] for row in json.loads(said.out)] == ["https://a.example/"]


def test_a_mistyped_subcommand_is_guessed(monitor: Monitor) -> None:
    said = monitor("feeds", "helth")
    assert (said.code, 'did you mean "health"?' in said.err) == (2, True)
