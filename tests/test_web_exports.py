"""A view for other programs: the same filter as the page, every field documented."""

import csv
import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest

from monitor import archive
from monitor.model import EntryNames, Mark, MatchKey, ReviewChange, Sighting
from tests.archive_site import Site
from tests.factories import NOW, ago, article, feed_state, issue, match, outcome

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


def documented(heading: str, table: int = 0) -> set[str]:
    """Give the fields that a table of docs/archive.md has."""
    part = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", part.split("|---|")[table + 1], re.MULTILINE))


def test_the_fields_are_those_of_the_document(news: Site) -> None:
    news.tell(1, 2)
    assert news.store.enqueue(issue(), NOW)

    def given(address: str) -> Any:
        return news.get(address).json()

    def columns(address: str) -> set[str]:
        return set(news.text(address).removeprefix("\ufeff").partition("\r\n")[0].split(","))

    first = given("/archive.json")["articles"][0]
    assert first.keys() == documented("JSON: an article")
    assert first["matches"][0].keys() == documented("JSON: a match")
    assert columns("/archive.csv") == columns("/stories/1.csv") == documented("CSV: an article")
    assert given("/articles/1.json").keys() - first.keys() == documented("JSON: one article")
    assert given("/stories/1.json").keys() == documented("JSON: a story")

    digest = documented("JSON and CSV: a digest")
    assert given("/digests/1.json").keys() == digest
    assert given("/digests.json")["digests"][0].keys() == digest - {"text", "problems"}
    copies = columns("/digests.csv")
    assert copies == digest - {"page", "deliveries", "text", "problems"} | {"to", "state", "error"}

    topics = given("/topics.json")
    assert topics.keys() == documented("JSON: topics", 0)
    assert topics["topics"][0].keys() == documented("JSON: topics", 1)
    assert columns("/topics.csv") == documented("CSV: topics")
    assert given("/topics/kling.json").keys() == documented("JSON: a topic")
    (feed,) = given("/feeds.json")["feeds"]
    assert feed.keys() == documented("JSON and CSV: a feed")
    assert columns("/feeds.csv") == documented("JSON and CSV: a feed") - {"pages_not_read"}
    assert given("/status.json").keys() == documented("JSON: the status")


def test_every_form_has_what_its_page_has(news: Site) -> None:
    news.tell(1, 2)
    assert news.store.enqueue(issue(to=("ann@example.com", "bob@example.com")), NOW)

    def table(address: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(news.text(address).removeprefix("\ufeff"))))

    def feed(address: str) -> list[str]:
        found = feedparser.parse(news.text(address))
        assert not found.bozo
        return [entry.title for entry in found.entries]

    assert [row["title"] for row in table("/stories/1.csv")] == ["Chip news"] + ["Kling news"] * 2
    assert feed("/stories/1.atom") == ["Kling news", "Chip news"]
    assert feed("/digests.atom") == ["Daily: Kling 2.0 makes films"]
    copies = [(row["to"], row["state"]) for row in table("/digests.csv")]
    assert copies == [("ann@example.com", "queued"), ("bob@example.com", "queued")]
    days = table("/topics.csv")
    assert len(days) == 2 * 60
    assert sum(int(row["matches"]) for row in days if row["topic"] == "chips") == 2
    assert [(row["name"], row["articles"]) for row in table("/feeds.csv")] == [
        ("Harbour Post", "3")
    ]


def test_every_page_leads_to_its_forms_and_no_form_is_without_a_page(news: Site) -> None:
    """Whatever stands in the list of docs/archive.md is linked, and nothing else."""
    news.tell(1, 2)
    assert news.store.enqueue(issue(), NOW)
    part = DOCUMENT.partition("## For other programs\n")[2].partition("\n## ")[0]
    for page, forms in re.findall(r"^\| `(/\S*)` \| (.*?) \|", part, re.MULTILINE):
        address = page.replace("/topics/ID", "/topics/kling").replace("ID", "1")
        linked = set(re.findall(r'href="[^"?]*\.(json|csv|atom)[?"]', news.text(address)))
        assert linked == set(re.findall(r"\.(json|csv|atom)`", forms)), page
        for form in linked:
            assert news.get(f"{address if page != '/' else '/archive'}.{form}").status_code == 200


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
