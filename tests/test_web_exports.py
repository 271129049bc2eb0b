"""A view for other programs: the same filter as the page, every field documented."""

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest

from monitor import archive
from monitor.model import EntryNames, Mark, MatchKey, ReviewChange, Sighting
from monitor.web.exports import COLUMNS
from tests.archive_site import Site
from tests.factories import NOW, ago, article, feed_state, match, outcome

DOCUMENT = (Path(__file__).parents[1] / "docs" / "archive.md").read_text("utf-8")


@pytest.fixture
def news(site: Site) -> Site:
    site.put("Kling news", match("kling"), match("chips"))
    site.put("Chip news", match("chips"), published_at=ago(hours=2))
    site.put("Other news", published_at=ago(hours=3))
    return site


def rows(site: Site, query: str = "") -> list[dict[str, str]]:
    text = site.text(f"/archive.csv{query}")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        pytest.param("", ["Kling news", "Chip news"], id="matches"),
        pytest.param("?all=1", ["Kling news", "Chip news", "Other news"], id="everything"),
        pytest.param("?topic=kling", ["Kling news"], id="one topic"),
        pytest.param("?q=chip", ["Chip news"], id="search"),
        pytest.param("?mark=relevant", ["Chip news"], id="mark"),
        pytest.param("?topic=kling&q=chip", [], id="none"),
    ],
)
def test_every_format_has_what_the_page_shows(news: Site, query: str, titles: list[str]) -> None:
    chip = next(r for r in news.get("/archive.json").json()["articles"] if r["title"][0] == "C")
    key = MatchKey(topic_id="chips", article_id=chip["id"])
    news.store.review([key], ReviewChange(mark=Mark.RELEVANT), step="a", now=NOW)

    page = news.text(f"/{query}").replace("<mark>", "").replace("</mark>", "")
    shown = re.findall(r"<h3.*?<bdi>(.*?)</bdi>", page)
    as_json = [row["title"] for row in news.get(f"/archive.json{query}").json()["articles"]]
    as_csv = list(dict.fromkeys(row["title"] for row in rows(news, query)))
    feed = feedparser.parse(news.text(f"/archive.atom{query}"))

    assert not feed.bozo
    assert shown == as_json == as_csv == [entry.title for entry in feed.entries] == titles


def test_the_fields_are_those_of_the_document(news: Site) -> None:
    def documented(heading: str) -> set[str]:
        part = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        return set(re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE))

    first = news.get("/archive.json").json()["articles"][0]
    assert documented("JSON: an article") == first.keys()
    assert documented("JSON: a match") == first["matches"][0].keys()
    assert documented("CSV") == set(COLUMNS) == rows(news)[0].keys()
    assert list(rows(news)[0]) == list(COLUMNS)


def test_a_table_has_a_row_for_each_match(news: Site) -> None:
    found = [(row["title"], row["topic"]) for row in rows(news, "?all=1")]
    assert found == [
        ("Kling news", "chips"),
        ("Kling news", "kling"),
        ("Chip news", "chips"),
        ("Other news", ""),
    ]


@pytest.mark.parametrize(
    "title",
    ['=HYPERLINK("http://evil.example")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1"],
)  # fmt: skip
def test_no_cell_is_a_formula(news: Site, title: str) -> None:
    news.put(title, match("kling"), source=title, author=title, published_at=ago(minutes=1))
    (row,) = [row for row in rows(news) if row["title"].endswith(title)]
    for name in ("title", "source", "author"):
        assert row[name] == "'" + title


def test_a_feed_of_hostile_texts_is_well_formed(news: Site) -> None:
    hostile = ']]></title><script>alert(1)</script>&\x00\x0b\ufffe"'
    news.put(hostile, match("kling"), author=hostile, source=hostile, url="https://a.example/?a&b")
    assert ET.fromstring(news.text("/archive.atom")).tag == "{http://www.w3.org/2005/Atom}feed"


def test_more_than_one_page_is_exported_whole(news: Site) -> None:
    many = [
        Sighting(names=EntryNames(key=one.key), article=one, matches=(match("kling"),))
        for one in (article(f"News {n}", published_at=ago(days=1, minutes=n)) for n in range(450))
    ]
    news.store.save_poll(outcome(*many, feed=feed_state()))
    found = [row["title"] for row in news.get("/archive.json?topic=kling").json()["articles"]]
    assert found == ["Kling news", *(f"News {n}" for n in range(450))]
    assert len(feedparser.parse(news.text("/archive.atom")).entries) == archive.PAGE_SIZE


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?q=(", "This search cannot be understood"),
        ("?topic=klang", "There is no topic"),
        ("?mark=great", "There is no mark"),
    ],
)
def test_what_cannot_be_followed_is_said(news: Site, query: str, says: str) -> None:
    for end in ("json", "csv", "atom"):
        answer = news.get(f"/archive.{end}{query}")
        assert answer.status_code == 400
        assert says in answer.text


def test_pages_of_an_export_are_links_that_stay(news: Site) -> None:
    row = news.get("/archive.json").json()["articles"][0]
    assert row["page"] == f"{news.client.base_url}/articles/{row['id']}".replace(
        "//articles", "/articles"
    )
    assert news.get(row["page"]).status_code == 200
