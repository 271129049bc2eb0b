"""config.toml is read whole or refused with every fault in it."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import config
from monitor.config import checks
from monitor.errors import ConfigError, underlined
from monitor.matcher import Topics

ROOT = Path(__file__).parent.parent
SHIPPED = (ROOT / "config.toml").read_text(encoding="utf-8")

SHIPPED_TOPICS = Topics(config.load(SHIPPED).topics)

TOPIC = '[[topic]]\nid = "kling"\nany = ["Kling"]\n'
FEED = '[[feed]]\nurl = "https://example.com/feed/"\n'
DIGEST = '[[digest]]\nname = "daily"\nto = ["me@example.com"]\n'
MAIL = '[mail]\nfrom = "me@example.com"\nhost = "smtp.example.com"\n'


def faults(text: str) -> list[str]:
    """Read a faulty text and give its messages, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        config.load(text)
    return [line.removeprefix("config.toml:") for line in str(caught.value).splitlines()]


# ------------------------------------------------------------------------------ what is read


def test_an_empty_file_is_a_configuration_with_all_defaults() -> None:
    empty = config.load("")
    assert (empty.topics, empty.feeds, empty.digests, empty.mail) == ((), (), (), None)
    assert empty.database == "sqlite:///data/monitor.db"
    assert empty.fetch.floor == timedelta(hours=1)
    assert empty.archive.keep_unmatched == timedelta(days=90)
    assert empty.archive.keep_matched is None


def test_values_arrive_as_the_types_that_other_modules_read() -> None:
    read = config.load(
        TOPIC
        + 'near = "video"\nnone = ["Kling & Bang"]\nlimit = 5\n'
        + FEED
        + 'name = "Example"\nevery = "6h"\n'
        + DIGEST
        + 'days = ["Mon", "friday"]\n'
        + MAIL
        + 'port = 2525\nsecurity = "tls"\n[archive]\nkeep_unmatched = "forever"\n'
    )
    topic, feed, digest = read.topics[0], read.feeds[0], read.digests[0]
    assert (topic.name, topic.any, topic.near, topic.within) == (
        "kling",
        ("Kling",),
        ("video",),
        25,
    )
    assert feed.every == timedelta(hours=6)
    assert (digest.to, digest.at, digest.days) == (("me@example.com",), "07:30", frozenset({0, 4}))
    assert read.mail
    assert (read.mail.from_, read.mail.port, read.mail.security) == ("me@example.com", 2525, "tls")
    assert read.archive.keep_unmatched is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("90m", 5400), ("6h", 21_600), ("1d", 86_400), ("2w", 1_209_600), ("1 h", 3600)],
)
def test_durations(text: str, seconds: int) -> None:
    read = config.load(f'{FEED}every = "{text}"\n[fetch]\nfloor = "1s"')
    assert read.feeds[0].every == timedelta(seconds=seconds)


def test_zones_come_from_the_digest_else_the_file_else_the_machine() -> None:
    text = '[[digest]]\nname = "a"\n[[digest]]\nname = "b"\ntimezone = "Asia/Shanghai"\n'
    machine = config.load(text, machine_zone="America/New_York")
    own = config.load(f'timezone = "Europe/Madrid"\n{text}', machine_zone="America/New_York")
    assert machine.zone.key == "America/New_York"
    assert own.zone.key == "Europe/Madrid"
    assert [own.digest_zone(digest).key for digest in own.digests] == [
        "Europe/Madrid",
        "Asia/Shanghai",
    ]


@pytest.mark.parametrize("name", ["", "Europe", "../UTC", "Europe/Madird", "a\0b", "x" * 5000])
def test_what_is_no_zone(name: str) -> None:
    assert not config.is_zone(name)


def test_equal_texts_have_equal_hashes_and_others_not() -> None:
    assert config.load(TOPIC).hash == config.load(TOPIC).hash != config.load(TOPIC + "\n").hash


def test_line_ends_and_byte_order_marks_of_other_systems_do_not_matter() -> None:
    windows = b"\xef\xbb\xbf" + SHIPPED.replace("\n", "\r\n").encode()
    assert config.load(config.decode(windows)).topics == config.load(SHIPPED).topics
    assert config.load("\ufeff" + TOPIC).topics == config.load(TOPIC).topics


@pytest.mark.parametrize(
    ("url", "absolute"),
    [
        ("sqlite:///data/monitor.db", "sqlite:////srv/news/data/monitor.db"),
        ("sqlite:////var/lib/monitor.db", "sqlite:////var/lib/monitor.db"),
        ("postgresql://me@db/news", "postgresql://me@db/news"),
    ],
)
def test_a_database_file_counts_from_the_folder_of_the_configuration(
    url: str, absolute: str
) -> None:
    assert config.database_url(url, folder=PurePosixPath("/srv/news")) == absolute


# --------------------------------------------------------------------------- what is refused


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        'databse = "sqlite:///x.db"\n\n'
        '[[topic]]\nid = "kling"\nany = [\n  "Kling",\n  3,\n]\n\n'
        '[[feed]]\nurl = "https://example.com/"\nname = "technode"\nevery = "soon"\n\n'
        "[fetch]\nper_host = 0\n"
    )
    assert faults(text) == [
        '1: top of the file: key "databse" is not known here; did you mean "database"?',
        '7: topic 1 ("kling"), any: 3 is not a text; put it in quotation marks',
        (
            '13: feed 1 ("technode"), every: "soon" is not a duration; write a number and a unit,'
            ' such as "30m", "6h" or "1d"'
        ),
        "16: fetch.per_host: 0 is too little; the least is 1",
    ]


def test_two_faults_of_one_table_hide_neither_each_other_nor_those_of_its_neighbours() -> None:
    text = '[[topic]]\nid = "A"\nwithin = "x"\n[[topic]]\n[[digest]]\nname = "d"\ntopics = ["b"]\n'
    assert [line.partition(":")[0] for line in faults(text)] == ["1", "2", "3", "4", "4", "7"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '[[topic]]\nid = "no id"\nany = []', ["1: has nothing", '2: "no id"'], id="bad id"
        ),
        pytest.param(
            '[[topic]]\nid = "x"\nname = 3\nany = ["(a", 4]\nwithin = 5',
            ["3: 3 is not a text", "4: 4 is not a text", "4: this parenthesis", "5: 5 has no"],
            id="bad name and item",
        ),
        pytest.param(
            TOPIC + DIGEST + 'at = "7"\ntopics = ["nosuch", 5]',
            ['7: "7" is not a time', "8: 5 is not a text", '8: "nosuch" is not the id'],
            id="bad time of a digest",
        ),
        pytest.param(
            '[[digest]]\nname = "a/b"\n' + MAIL,
            ["1: has no recipient", '2: "a/b" cannot name'],
            id="bad name of a digest",
        ),
        pytest.param(
            '[fetch]\ndeadline = "0s"\nfloor = "2h"\nceiling = "1h"\n' + FEED + 'every = "1m"',
            ['2: "0s" is too short', '4: "1h" is shorter', '7: "1m" is more often'],
            id="bad deadline",
        ),
        pytest.param(
            MAIL.replace("smtp.", "smtp ") + 'user_env = "U"',
            ["1: has a user but no password", '3: "smtp example.com" is not'],
            id="bad host of a mail server",
        ),
        pytest.param(
            FEED + 'lang = "?"\n' + FEED + 'every = "x"',
            ['3: "?" is not', '5: "https://example.com/feed/" is there', '6: "x" is not'],
            id="bad language of the first of two",
        ),
    ],
)
def test_a_bad_value_hides_no_fault_of_the_good_ones(text: str, expected: list[str]) -> None:
    assert starts(faults(text), expected) == expected


def starts(lines: list[str], expected: list[str]) -> list[str]:
    """Cut messages to their line number and as many first words as are expected."""
    messages = [
        re.sub(r"^([0-9]+)(?::[0-9]+)?: .*?: ", r"\1: ", line) for line in lines if line[0] != " "
    ]
    return [
        message[: len(start)] for message, start in zip(messages, [*expected, "…"], strict=False)
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[[topic]]\nid = "x"\nany = 3', id="what a topic looks for"),
        pytest.param(TOPIC + "near = 3\nwithin = 5", id="near without a list"),
        pytest.param('[[topic]]\nid = "x"\nnay = ["Kling"]', id="a key misspelled"),
        pytest.param('[[feed]]\nulr = "https://example.com/"', id="a needed key misspelled"),
        pytest.param('[fetch]\nfloor = "x"\nceiling = "1m"', id="floor"),
        pytest.param(FEED + 'every = "5m"\n[fetch]\nflor = "1m"', id="floor misspelled"),
        pytest.param(
            '[[feed]]\nurl = "file:///a.xml"\n[fetch]\nallow_files = "yes"', id="allow files"
        ),
        pytest.param('[[digest]]\nname = "d"\nto = "me"\n' + MAIL, id="a recipient"),
        pytest.param(MAIL + 'user_env = "U"\npassword_env = "a b"', id="a password's name"),
        pytest.param('[[feed]]\nurl = "x"\n[[feed]]\nurl = "https://example.com/"', id="a feed"),
        pytest.param('[topic]\nid = "x"\n[[digest]]\nname = "d"\ntopics = "x"', id="brackets"),
        pytest.param('[[digest]]\nname = "d"\nto = [5, "a@b.c"]', id="no text among addresses"),
    ],
)
def test_a_bad_value_brings_no_second_fault(text: str) -> None:
    assert len(faults(text)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timezone = 5", "1: timezone: 5 is not a text"),
        ('timezone = "europe/madird"', 'did you mean "Europe/Madrid"?'),
        ('database = "mysql://x/y"', '1: database: "mysql://x/y" is no address of a database'),
        ('[[topics]]\nid = "x"', 'table "topics" is not known here; did you mean "topic"?'),
        ("[wbe]", 'table "wbe" is not known here; did you mean "web"?'),
        ("zzz = 1", 'key "zzz" is not known here; known are database, timezone'),
        ('[topic]\nid = "x"', "1: topic: write this table with two brackets: [[topic]]"),
        ("[[web]]", "1: [web]: write this table once, with single brackets: [web]"),
        ("topic = 3", "1: topic: write this table with two brackets: [[topic]]"),
        ('[[topic]]\nany = "x"', '1: topic 1: id is missing; add a line such as id = "my-topic"'),
        ('[[topic]]\nid = "my topic"\nany = "x"', '"my topic" is no id; use small letters'),
        ('[[topic]]\nid = "x"', '1: topic 1 ("x"): has nothing to look for'),
        ('[[topic]]\nid = "x"\nany = []\nnone = []', "has nothing to look for"),
        (TOPIC + 'languages = ["chinese"]', '"chinese" is not the code of a language'),
        (TOPIC + 'sources = ["https://a.example"]', '"https://a.example" is no source; write a'),
        (TOPIC + 'sources = ["-"]', '"-" is no source'),
        (TOPIC + 'query = "titel:Kling"', "there is no field titel: here; did you mean title:?"),
        (TOPIC + "within = 5", '4: topic 1 ("kling"), within: 5 has no effect without near'),
        (TOPIC + "nera = []", '4: topic 1 ("kling"): key "nera" is not known here; did you mean'),
        (TOPIC + 'timezone = "UTC"', "it belongs at the top of the file or under [[digest]]"),
        (TOPIC + 'none = ["a", ""]', '4: topic 1 ("kling"), none: "" is empty'),
        (TOPIC + "weights = 2", '4: topic 1 ("kling"), weights: 2 is no table; write weights = {'),
        (TOPIC + "weights = { Kling = 20 }", "20 is not a weight; write a number from 0.1 to 10"),
        (
            TOPIC + "[topic.weights]\nKling = 0.5\nKlng = 2",
            '6: topic 1 ("kling"), weights: "Klng" is no term of this topic; write one as it',
        ),
        (
            TOPIC + "weights = { Klng = 2 }",
            'without the signs =, " and *; did you mean "Kling"?',
        ),
        (
            '[[topic]]\nid = "x"\nany = "=BIS"\nnone = "karaoke"\nweights = { "=BIS" = 2 }',
            'did you mean "BIS"?',
        ),
        (TOPIC + 'none = "karaoke"\nweights = { karaoke = 0.5 }', '"karaoke" is no term of this'),
        (TOPIC + "limit = 2.5", "2.5 is not a whole number"),
        (TOPIC + "limit = true", "true is not a whole number"),
        (TOPIC + "limit = 5000", "5000 is too much; the most is 1000"),
        (TOPIC + "all.b = 1", '4: topic 1 ("kling"), all: this table is not a list'),
        (TOPIC + TOPIC, '5: topic 2 ("kling"), id: "kling" is there already, on line 2'),
        (TOPIC + 'name = "a\\nb"', '"a\\nb" has a line break or an invisible control character'),
        (FEED + FEED.replace("example", "Example"), "is there already, on line 2; keep one"),
        ('[[feed]]\nurl = "example.com/feed"', '"example.com/feed" is not a web address'),
        ('[[feed]]\nurl = "ftp://example.com/"', "is not a web address"),
        ('[[feed]]\nurl = "https:///feed"', "is not a web address"),
        (f'[[feed]]\nurl = "https://a.example/{"x" * 3000}"', "has 3,018 characters; 2,000 are"),
        ('[[feed]]\nurl = "https://[::1/"', "is not a web address"),
        ('[[feed]]\nurl = "https://example.com:99999/"', "is not a web address"),
        ('[[feed]]\nurl = "https://example.com/a b"', "has a blank or a control character in it"),
        ('[[feed]]\nurl = "file:///tmp/a.xml"', "add allow_files = true under [fetch]"),
        ('[fetch]\nallow_files = true\n[[feed]]\nurl = "file:a.xml"', "is no address of a file"),
        (FEED + 'every = "5m"', '"5m" is more often than any feed may be asked'),
        (FEED + "every = 30", "30 is not a duration"),
        (FEED + 'every = "90d"', '"90d" is too long; the most is "30d"'),
        (FEED + 'lang = "english!"', '"english!" is not the code of a language'),
        ('[fetch]\nallow = ["10.0.0.7/8"]', 'did you mean "10.0.0.0/8"?'),
        ('[fetch]\nallow = ["localhost"]', '"localhost" is no network'),
        ('[fetch]\nallow = ["10.0.0.0/8:0"]', '"10.0.0.0/8:0" is no network'),
        ('[fetch]\nfloor = "2h"\nceiling = "1h"', '3: fetch.ceiling: "1h" is shorter than floor'),
        ('[fetch]\nfloor = "2d"', '2: fetch.floor: "2d" is longer than ceiling; write a longer'),
        ('fetch = {floor = "x", per_host = 2}', '1: fetch.floor: "x" is not a duration'),
        ('[fetch]\n"floor" = "x"', '2: fetch.floor: "x" is not a duration'),
        ('fetch.per_host = 2\nfetch.floor = "x"', '2: fetch.floor: "x" is not a duration'),
        ("[fetch.floor]\nhours = 1", "1: fetch.floor: this table is not a duration"),
        (TOPIC + "[topic.near]\nany = []", '4: topic 1 ("kling"), near: this table is not a list'),
        ('[fetch]\nallow_files = "yes"', '"yes" is neither true nor false'),
        ('[fetch]\nhost_gap = "2d"', '"2d" is too long; the most is "1h"'),
        (DIGEST + DIGEST.replace("daily", "Daily"), '"Daily" is there already, on line 2'),
        ('[[digest]]\nname = "../etc"', "cannot name a digest"),
        (DIGEST + 'at = "7:30"', '4: digest 1 ("daily"), at: "7:30" is not a time of day'),
        (DIGEST + "at = 07:30:00", "07:30:00 is not a time of day"),
        (DIGEST + 'at = "24:00"', "is not a time of day"),
        (DIGEST + 'days = ["mon", "tusday"]', 'did you mean "tuesday"?'),
        (DIGEST + "days = [1]", "1 is not the name of a day"),
        (DIGEST + 'days = "weekdays"', 'write days = ["mon", "tue", "wed", "thu", "fri"]'),
        (DIGEST + 'days = ["Weekend"]', 'write days = ["sat", "sun"]'),
        (DIGEST + 'days = "daily"', "write no days at all, which means each day"),
        (DIGEST + "days = []", "[] is an empty list; put something in it, or leave the key out"),
        (DIGEST + "days = 5", "5 is not a list; write it in brackets"),
        (DIGEST + 'topics = ["klnig"]\n' + TOPIC, "id of a topic; write ids of [[topic]] tables"),
        (DIGEST + 'topics = ["klnig"]\n' + TOPIC, 'did you mean "kling"?'),
        (
            DIGEST + 'topics = ["Video"]\n' + TOPIC + 'name = "Video"',
            'did you mean "kling"?',
        ),
        (
            DIGEST + 'when_empty = "sned"',
            '"sned" is not one of "skip", "send"; did you mean "send"?',
        ),
        ('[[digest]]\nname = "d"\nto = ["a@b.org, c@d.org"]', "is not a mail address"),
        ('[[digest]]\nname = "d"\nto = "me"', '"me" is not a mail address'),
        (
            '[[digest]]\nname = "d"\nto = ["a@b.org", "A@b.org"]',
            '3: digest 1 ("d"), to: "A@b.org" is there already; each address gets one copy',
        ),
        ('[[digest]]\nname = "d"\n' + MAIL, '1: digest 1 ("d"): has no recipient although there'),
        (
            '[mail]\nhost = "smtp.example.com"',
            "1: [mail]: from is missing; add a line such as from",
        ),
        ('[mail]\nfrom = "me@example.com"', "1: [mail]: host is missing; add a line such as host"),
        (MAIL + 'security = "ssl"', '"ssl" is not one of "tls", "starttls", "plain"'),
        (MAIL + "port = 0", "0 is too little; the least is 1"),
        (MAIL.replace("smtp.example.com", "smtp.example.com:587"), "the port under its own key"),
        (MAIL.replace("me@", "me at "), "is not a sender"),
        (MAIL.replace("me@", "a@b.org, me@"), "is not a sender"),
        (MAIL.replace("me@example.com", "Me <me@example.com> <x>"), "is not a sender"),
        (MAIL + 'user_env = "U"', "has a user but no password; add a line such as password_env"),
        (
            MAIL + 'user_env = "U"\nuser_file = "u"\npassword_env = "P"',
            "5: mail.user_file: user_env is there too; keep one of the two",
        ),
        ('[web]\nlisten = "8484"', '"8484" is no address to listen at'),
        ('[web]\nlisten = "localhost:99999"', "is no address to listen at"),
        ('[web]\npublic_url = "news"', '"news" is not a web address'),
        ('[web]\npublic_url = "https://example.com/?a"', 'must end before "?" and "#"'),
        ('[web]\nauth = "basic"', '"basic" is not one of "none", "token", "proxy"'),
        ('[web]\nauth = "proxy"', "no proxy is listed"),
        ('[web]\nuser_header = "Remote User:"', "is no name of a header"),
        ('[archive]\nkeep_matched = "always"', 'such as "30m", "6h" or "1d", or "forever"'),
        ('[archive]\nkeep_matched = "1h"', '"1h" is too short; the least is "1d"'),
    ],
)
def test_each_fault_is_named_with_its_fix(text: str, expected: str) -> None:
    assert expected in "\n".join(faults(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at = 07:30", "1: column 7: the line must end after the value; a text needs quotation"),
        ("a = 1\na = 2", "2: at the end: this key is written twice"),
        ("[mail]\n[mail]\n", "2: column 6: this table is there twice"),
        ('a = "x\nb = 1', "1: column 7: the line ends, or has an invisible character"),
        ('a = ["x"\n\n[mail]\n', "3: column 1: the list above this line is never closed"),
        ('a = ["x"', "1: at the end: a list is never closed"),
        ("a = hello", "1: column 5: this is no value; a text needs quotation marks around it"),
        ("[topic\n", '1: column 7: a header must end in "]"'),
        ("= 1", "1: column 1: here a line must read: key = value"),
        ("any 'x'", "1: column 5: here a line must read: key = value"),
        ("a = 1" + "0" * 5000, " this file: has a number of more than 4,000 digits"),
        (
            "[[topic]]\nany = [“Kling”]",
            '2: column 8: this quotation mark is not a straight one; write " before and after',
        ),
        ("name = „Kling“", "1: column 8: this quotation mark is not a straight one"),
        (
            '[[topic]]\nany = ["Kling",\n[[feed]]\nurl = "https://a.example/"',
            '3: column 3: the list above this line is never closed; put "]" at its end',
        ),
        (
            '[[topic]]\nany = ["Kling"\n[web]\nauth = "none"',
            '3: column 1: the list above this line is never closed; put "]" at its end',
        ),
        (
            "a = " + "[" * 3000,
            " this file: has lists, braces or names inside each other too deeply",
        ),
        ("a." * 200_000 + "a = 1", " this file: has lists, braces or names inside each other"),
        ("# x\n" * 500_001, " this file: is longer than 2,000,000 characters"),
    ],
)
def test_a_text_that_is_no_toml_is_explained_without_its_grammar(text: str, expected: str) -> None:
    assert faults(text)[0].startswith(expected)


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    with pytest.raises(ConfigError, match=r"news\.toml:2: this file: .*not UTF-8"):
        config.decode(b'# one\nname = "caf\xe9"', path="news.toml")


def test_a_fault_in_a_query_is_underlined_at_its_line() -> None:
    text = '[[topic]]\nid = "x"\nany = [\n  "Kling",\n  "(Kling OR 可灵",\n]\n'
    line, excerpt, mark = faults(text)
    assert line.startswith('5:4: topic 1 ("x"), any: ')
    assert excerpt.strip() == "(Kling OR 可灵"
    assert mark.strip().startswith("^")


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        pytest.param("Kling OR", (6, 8), ("Kling OR", "      ^^"), id="latin"),
        pytest.param("Kling (", (7, 7), ("Kling (", "       ^"), id="at the end"),
        pytest.param(
            "可灵 OR 视频", (3, 5), ("可灵 OR 视频", "     ^^"), id="after wide characters"
        ),
        pytest.param("可灵 视频", (3, 5), ("可灵 视频", "     ^^^^"), id="wide characters"),
        pytest.param("cafe\u0301 (", (6, 7), ("cafe\u0301 (", "     ^"), id="an accent by itself"),
        pytest.param(
            "a " * 100 + "NEAR" + " b" * 100,
            (200, 204),
            ("…" + "a " * 15 + "NEAR" + " b" * 15 + "…", " " * 31 + "^^^^"),
            id="in the middle of a long one",
        ),
    ],
)
def test_the_mark_stands_below_the_fault_on_a_terminal(
    text: str, span: tuple[int, int], expected: tuple[str, str]
) -> None:
    assert underlined(text, span) == expected


@pytest.mark.parametrize(
    ("value", "place"),
    [
        pytest.param('"NEAR a"', "3:8", id="a single text"),
        pytest.param("'NEAR a'", "3:8", id="in single quotation marks"),
        pytest.param('["a", "b NEAR"]', "3:16", id="in a list"),
        pytest.param(r'["\u53ef\\x NEAR"]', "3:19", id="behind signs that are written out"),
        pytest.param('["a",\n"""b \\\n  NEAR""", "c"]', "5:3", id="over several lines"),
        pytest.param('["""\nNEAR"""]', "4:1", id="on the line below its quotation marks"),
        pytest.param("['''\nb NEAR''']", "4:3", id="the same in single ones"),
    ],
)
def test_a_fault_in_a_query_is_named_by_line_and_column(value: str, place: str) -> None:
    text = f'[[topic]]\nid = "x"\nany = {value}\n'
    assert faults(text)[0].startswith(f'{place}: topic 1 ("x"), any: ')


def test_a_fault_in_one_table_is_not_blamed_on_others() -> None:
    text = FEED + 'every = "5m"\n[fetch]\nfloor = "1m"\nper_host = 0\n'
    assert faults(text) == ["6: fetch.per_host: 0 is too little; the least is 1"]


def test_what_may_be_meant_otherwise_is_no_fault_but_told() -> None:
    text = TOPIC + 'query = "a AND b OR c"\n[[topic]]\nid = "rest"\nnone = ["Kling"]\n'
    first, second = config.load(text).doubts
    assert first.told("config.toml").startswith('config.toml:4:10: topic 1 ("kling"), query: AND ')
    assert "a AND b OR c" in first.told("config.toml")
    assert second.told("config.toml").startswith('config.toml:5: topic 2 ("rest"): names no word')


def test_near_needs_any() -> None:
    text = '[[topic]]\nid = "x"\nall = ["a"]\nnear = ["b"]\n'
    assert faults(text)[0].startswith('4:10: topic 1 ("x"), near: ')


SECRET = "hunter2!"


@pytest.mark.parametrize(
    "text",
    [
        f'{MAIL}password = "{SECRET}"',
        f'{MAIL}pasword = "{SECRET}"',
        f'{MAIL}password_env = "{SECRET}"',
        f'{TOPIC}password = "{SECRET}"',
        f'[[feed]]\nurl = "https://me:{SECRET}@example.com/"',
        f'database = "postgresql://me:{SECRET}@localhost/news"',
        f'database = "postgresql://me:a/{SECRET}@localhost/news"',
        f'database = "postgresql://me@localhost/news?password={SECRET}"',
        f'database = "postgresql://me@localhost/news?sslmode=require&sslPassword={SECRET}"',
        f'database = "postgresql://me@localhost/news?p%61ssword={SECRET}"',
        f'database = "postgresql://localhost?password={SECRET}"',
        f'database = "mysql://me:{SECRET}@localhost/news"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(text: str) -> None:
    message = "\n".join(faults(text))
    assert SECRET not in message
    assert "_env" in message or "no secrets" in message or "password" in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db.example:5432/news",
        "postgresql+psycopg://[::1]:5432/news",
        "postgresql://postgres@/postgres?host=/var/run/postgresql",
        "postgresql://postgres:@/postgres",
        "postgresql://me@%2Fvar%2Frun%2Fpostgresql/news",
        "postgresql:///news?host=/run/a:b&user=me&passfile=/run/secrets/pgpass&password=",
    ],
)
def test_addresses_of_databases_without_a_password(url: str) -> None:
    assert config.load(f'database = "{url}"').database == url


# ---------------------------------------------------------------------- the shipped file, the docs


def uncommented(text: str) -> str:
    """Use every setting that the file shows behind a "#"."""
    return re.sub(r"(?m)^#(?=[^ #:\n])", "", text)


def test_the_shipped_file_works_as_it_is() -> None:
    shipped = config.load(SHIPPED)
    assert [topic.id for topic in shipped.topics] == [
        "kling",
        "01ai",
        "alibaba",
        "export-controls",
        "open-source-ai",
    ]
    assert len(shipped.feeds) == 55
    assert [(digest.name, digest.at) for digest in shipped.digests] == [("daily", "07:30")]


def test_each_example_in_the_shipped_file_works_when_its_sign_is_taken_away() -> None:
    text = uncommented(SHIPPED)
    read = config.load(text)
    assert read.mail
    assert read.digests[0].to
    assert len(tomllib.loads(text)) > len(tomllib.loads(SHIPPED))


@pytest.mark.parametrize(
    ("headline", "topics"),
    [
        ("Kuaishou's Kling adds sound to its clips", {"kling"}),
        ("快手可灵上线新功能", {"kling"}),
        ("可靈推出新版本", {"kling"}),
        ("Kling presenta su nuevo generador de vídeo", {"kling"}),
        ("Tackling dust on a sparkling vase", set()),
        ("Andreas Kling leaves the browser project for an AI firm", set()),
        ("The Klingon language course", set()),
        ("快手主播带货翻车", set()),
        ("他做菜可灵活了", set()),
        ("01.AI raises new money", {"01ai"}),
        ("零一萬物發表新模型", {"01ai"}),
        ("Figure 101.AI units sold", set()),
        ("Version 1.01 AI features explained", set()),
        ("Alibaba’s cloud arm opens in Madrid", {"alibaba"}),
        ("阿里发布新品", {"alibaba"}),
        ("通義千問開放下載", {"alibaba"}),
        ("阿里山樱花盛开", set()),
        ("穆罕默德·阿里传记上映", set()),
        ("Alibaba.ir sells tickets to Mashhad", set()),
        ("Lazada opens a warehouse in Johor", {"alibaba"}),
        ("Évekig tarthat a lázadás", set()),
        ("她灵光一闪，用AI写了一首歌", set()),
        ("US tightens export controls on AI chips", {"export-controls"}),
        ("Netherlands widens export licence rule for lithography", {"export-controls"}),
        ("日本限制半导体设备出口", {"export-controls"}),
        ("EE. UU. restringe la exportación de chips a China", {"export-controls"}),
        ("Man held for smuggling Nvidia GPUs", {"export-controls"}),
        ("South Korean chip exports rise 30 percent", set()),
        ("India bans rice exports", set()),
        ("Russia bans gasoline exports; China looks for other sellers", set()),
        ("China extends its ban on fertilizer exports", set()),
        ("China lifts its seafood ban; export controls on chips stay", {"export-controls"}),
        ("Washington lets Nvidia sell H200 chips to China", {"export-controls"}),
        ("A new compiler lets Blackwell users work faster with AI in the US", set()),
        ("Game controls get an export button", set()),
        ("Startup releases an open-weight model", {"open-source-ai"}),
        ("开源大模型再添新成员", {"open-source-ai"}),
        ("Un modelo de IA de código abierto para el catalán", {"open-source-ai"}),
        ("MedGemma reads X-rays on a laptop", {"open-source-ai"}),
        ("Google brings Gemma to phones", {"open-source-ai"}),
        ("Gemma Arterton returns to the stage", set()),
        ("OpenAI launches a new app", set()),
        ("KiCad 9, the open-source editor for circuit boards", set()),
        ("公司开源节流见成效", set()),
    ],
)
def test_the_shipped_topics_know_their_names_and_their_traps(
    headline: str, topics: set[str]
) -> None:
    matches = SHIPPED_TOPICS.match_text(headline, "")
    assert {match.topic_id for match in matches} == topics


def keys_in_code() -> dict[str, set[str]]:
    tables: dict[str, Any] = {
        "Top of the file": config.TopKeys,
        **{f"[[{name}]]": model for name, model in config.LISTS.items()},
        **{f"[{name}]": model for name, model in config.TABLES.items()},
    }
    return {title: set(config.keys(model)) for title, model in tables.items()}


def keys_in_docs() -> dict[str, set[str]]:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^## ", text)[1:]
    return {
        section.partition("\n")[0]: set(re.findall(r"(?m)^\| `(\w+)` \|", section))
        for section in sections
    }


def test_docs_and_code_know_the_same_keys() -> None:
    assert keys_in_docs() == keys_in_code(), "docs/config.md has one table row for each key"


# ------------------------------------------------------------------------------- hostile input

SNIPPETS = st.sampled_from(
    [
        *("[[topic]]\n", "[topic.x]\n", "[[feed]]\nurl=5\n", "[mail]\n", "[["),
        *("]", '"', "'''", "\n", "\r\n", "=", "#", "\\", "\x00", "\u2028", "{a=1}"),
        *("topic", "id", "any", "nan", "1e9", "07:30:00", 'to = ["a@b"]\n', "a.b.c = 1\n"),
        *("fetch = [1, {x = [2]}]\n", 'x = "\\ud800"\n', '"a".b = 2\n', "x = '''a'''''\n"),
    ]
)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A stretch of the shipped file with pieces put in and taken out."""
    start = draw(st.integers(0, len(SHIPPED)))
    text = SHIPPED[start : start + draw(st.integers(0, 1500))]
    for piece in draw(st.lists(st.one_of(SNIPPETS, st.text(max_size=5)), max_size=5)):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + piece + text[at + draw(st.integers(0, 20)) :]
    return uncommented(text) if draw(st.booleans()) else text


@settings(max_examples=60)
@given(st.one_of(mangled(), st.text()))
def test_any_text_is_read_or_refused_with_lines_that_exist(text: str) -> None:
    lines = problem_lines(text)
    assert lines == sorted(lines)
    assert all(0 <= line <= text.count("\n") + 1 for line in lines)


def problem_lines(text: str) -> list[int]:
    try:
        config.load(text)
    except ConfigError as error:
        return [problem.line for problem in error.problems] or [-1]
    return []


def test_a_public_address_without_a_token_is_a_fault_of_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load('[web]\nlisten = "0.0.0.0:8700"\n')
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert 'add auth = "token"' in problem.message
    assert config.load('[web]\nlisten = "[::1]:8700"\n').web.is_local
    assert not config.load('[web]\nlisten = "0.0.0.0:8700"\nauth = "token"\n').web.is_local


def test_a_machine_without_time_zones_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "available_timezones", set)
    monkeypatch.setattr(checks, "is_zone", lambda _: False)
    with pytest.raises(ConfigError, match="pip install tzdata"):
        config.load('timezone = "Europe/Madrid"')
