"""Why an article is in a topic or not, as its reader is told."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli_why import lines
from monitor.config import TopicConfig
from monitor.matcher import Topics, loose_article
from monitor.model import Article
from tests.command import Monitor
from tests.scripted import Answer, ScriptedServer, serve


def topic(**lists: object) -> Topics:
    return Topics([TopicConfig.model_validate({"id": "t", **lists})])


def told(article: Article, **lists: object) -> list[str]:
    """Give the lines, set in by two blanks a step."""
    (explanation,) = topic(**lists).explain(article)
    assert explanation.finding.held == bool(topic(**lists).match(article))
    return ["  " * (depth - 1) + line for depth, line in lines(explanation.finding)]


KLING = {"any": ["Kling", "可灵"], "near": ["video", "AI"], "none": ["Andreas Kling"], "within": 3}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param(
            "Kling makes a video",
            [
                "yes at most 3 words apart:",
                "  yes one of these:",
                "    yes Kling: “Kling” in the title",
                "    no  1 other",
                "  yes one of these:",
                "    yes video: “video” in the title",
                "    no  1 other",
            ],
            id="a match",
        ),
        pytest.param(
            "Kling calls it the best of all video tools",
            [
                "no  at most 3 words apart: the closest are 6 words apart",
                "  yes one of these:",
                "    yes Kling: “Kling” in the title",
                "    no  1 other",
                "  yes one of these:",
                "    yes video: “video” in the title",
                "    no  1 other",
            ],
            id="too far apart",
        ),
        pytest.param(
            "Andreas Kling on sparkling ai",
            [
                "no  at most 3 words apart:",
                "  no  one of these:",
                "    no  Kling: cancelled, it stands only inside “Andreas Kling”",
                "    no  可灵: not there",
                "  no  one of these:",
                "    no  AI: only as “ai”; here capitals and accents count",
                "    no  video: not there",
            ],
            id="cancelled, and small letters",
        ),
    ],
)
def test_lists(title: str, expected: list[str]) -> None:
    assert told(loose_article(title, ""), **KLING) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Kling", "no  Kling: only inside a longer word, “Klingon”"),
        ("Klingon", "yes Klingon: “Klingon” in the title"),
        ("title:harbour", "no  in the title:|  no  harbour: only in the text"),
        ("body:Klingon", "no  in the text:|  no  Klingon: only in the title"),
        (
            "NOT harbour",
            "no  not this:|  yes harbour: “harbour” in the text, “Harbours” in the text",
        ),
        ("lang:zh", "no  lang:zh: it is en"),
        ("source:news.example", "yes source:news.example: it is news.example, Example News"),
        ("author:Lee", "no  author:Lee: the article does not say"),
        ("tag:sport", "no  tag:sport: it is Retail, Ports"),
        ("url:/a", "yes url:/a: it is https://news.example/a"),
        (
            "new AND Klingon",
            "no  all of these:|  no  new: not there|  yes Klingon: “Klingon” in the title",
        ),
        ("a OR b OR (c AND d)", "no  one of these:|  no  a, b and 1 more: not there"),
        ("Klingon NEAR Klingon", None),
    ],
)
def test_expressions(query: str, expected: str | None) -> None:
    article = loose_article(
        "Klingon lore",
        "At the harbour. Harbours grow.",
        url="https://news.example/a",
        source="Example News",
        tags=("Retail", "Ports"),
        lang="en",
    )
    said = told(article, query=query)
    assert said == (expected.split("|") if expected else said)
    if expected is None:
        assert said[0].endswith("one word is no company for itself")


QUERIES = st.sampled_from(
    ["ai", "可灵", "title:ai", "NOT ai", "ai NEAR/2 可灵", "(a OR ai) AND 可", "lang:en", "*a* -b"]
)
TEXTS = st.text(alphabet="aAiIb 可灵,", max_size=20)


@given(st.lists(QUERIES, max_size=3), st.lists(QUERIES, max_size=3), TEXTS, TEXTS)
def test_what_is_told_is_what_matches(
    wanted: list[str], unwanted: list[str], title: str, body: str
) -> None:
    unwanted = [query for query in unwanted if not query.startswith("NOT")]
    assert told(loose_article(title, body), query="a OR NOT a", all=wanted, none=unwanted)


# ----------------------------------------------------------------------------------- the command

FEED = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Morning Post</title><link>https://post.example/</link>
<item><guid>1</guid><link>https://post.example/kling</link><title>Kling 4 is out</title></item>
</channel></rss>"""
CONFIG = """
[fetch]
allow = ["127.0.0.0/8"]
[[topic]]
id = "kling"
name = "Kling"
any = ["Kling"]
[[topic]]
id = "ports"
any = ["harbour"]
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve({"/feed": Answer(body=FEED)}) as running:
        yield running


@pytest.fixture
def path(tmp_path: Path, server: ScriptedServer, monitor: Monitor) -> str:
    feed = f'[[feed]]\nurl = "{server.url("/feed")}"\n'
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + feed, encoding="utf-8")
    assert monitor("poll", "--config", str(path)).code == 0
    return str(path)


def test_why_explains_the_topics_that_match(monitor: Monitor, path: str) -> None:
    said = monitor("why", "https://post.example/kling", "--config", path)
    assert said.code == 0
    assert "Kling: match\n    yes Kling: “Kling” in the title\n" in said.out
    assert "ports: no match\n" in said.out
    assert "`monitor why 1 TOPIC` shows" in said.out


def test_why_tells_every_number_of_the_order(monitor: Monitor, path: str) -> None:
    file = Path(path)
    weighed = file.read_text("utf-8").replace('["Kling"]', '["Kling"]\nweights = { Kling = 0.5 }')
    file.write_text(weighed, encoding="utf-8")
    said = monitor("why", "1", "kling", "--config", path)
    assert re.search(
        r"    its story scores [\d.]+ now: weight 1 × hits [\d.]+ × freshness [\d.]+ × outlets 1"
        r" × source 1 × taste 1\n"
        r"        hits [\d.]+ = [\d.]+ / \([\d.]+ \+ 12\), of which\n"
        r"            [\d.]+ “Kling”: place 3 × rarity [\d.]+ × weight 0.5\n",
        said.out,
    )
    score = json.loads(monitor("why", "1", "--json", "--config", path).out)["topics"][0]["score"]
    assert score["value"] == pytest.approx(score["hits"] * score["freshness"])
    assert [(word["surface"], word["weight"]) for word in score["words"]] == [("Kling", 0.5)]


def test_why_explains_a_miss(monitor: Monitor, path: str) -> None:
    said = monitor("why", "1", "ports", "--config", path)
    assert "ports: no match\n    no  harbour: not there\n" in said.out
    assert "Kling:" not in said.out
    assert "scores" not in said.out


def test_why_tells_when_the_topic_was_changed_since(monitor: Monitor, path: str) -> None:
    file = Path(path)
    file.write_text(file.read_text("utf-8").replace('["Kling"]', '["Klingon"]'), encoding="utf-8")
    said = monitor("why", "1", "kling", "--config", path)
    assert (
        "Kling: no match\n    an earlier wording of this topic is stored as a match\n" in said.out
    )


def test_why_for_scripts(monitor: Monitor, path: str) -> None:
    found = json.loads(monitor("why", "1", "kling", "--json", "--config", path).out)
    (topic,) = found["topics"]
    assert (found["id"], topic["matched"], topic["version"] == topic["stored_version"]) == (
        1,
        True,
        True,
    )
    assert topic["tree"]["note"] == "“Kling” in the title"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("7",), "no article 7 is stored"),
        (("https://post.example/none",), "no article https://post.example/none is stored"),
        (("1", "klnig"), 'there is no topic "klnig"; there are kling, ports'),
    ],
)
def test_why_names_what_is_not_there(
    monitor: Monitor, path: str, words: tuple[str, ...], message: str
) -> None:
    said = monitor("why", *words, "--config", path)
    assert said.code == 1
    assert message in said.err
