"""How the topics run: counts per day, bursts, precision; on the terminal and as drawings."""

import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from monitor import drawing
from monitor.model import ArchiveFilter, Mark, MatchKey, ReviewChange
from monitor.stats import bursts, look
from tests.archive_site import Site
from tests.command import Monitor
from tests.factories import NOW, ago, match


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        pytest.param([0] * 10 + [4], (10,), id="out of nothing"),
        pytest.param([0] * 10 + [3], (), id="three are no burst"),
        pytest.param([5, 4, 6, 5, 5, 4, 6, 13], (7,), id="far above the usual"),
        pytest.param([5, 4, 6, 5, 5, 4, 6, 9], (), id="a good day"),
        pytest.param([0, 9, 0], (), id="no week to stand out from"),
        pytest.param([], (), id="no day"),
    ],
)
def test_bursts(counts: list[int], found: tuple[int, ...]) -> None:
    assert bursts(counts) == found


def test_the_first_days_of_a_topic_are_no_burst() -> None:
    assert bursts([0] * 10 + [8, 8], young=True) == ()
    assert bursts([0] * 10 + [1] * 7 + [8], young=True) == (17,)


@pytest.fixture
def news(site: Site) -> Site:
    site.put("Kling news", match("kling"))
    site.put("Kling again", match("kling"), published_at=ago(hours=2))
    site.put("Old news", match("kling"), published_at=ago(days=3))
    site.put("Very old", match("kling"), published_at=ago(days=90), lang="es")
    ids = [row.id for row in site.store.page(ArchiveFilter(topic_id="kling")).articles]
    for number, mark in zip(ids, (Mark.RELEVANT, Mark.IRRELEVANT, Mark.SEEN), strict=False):
        key = MatchKey(topic_id="kling", article_id=number)
        site.store.review([key], ReviewChange(mark=mark), step="a", now=NOW)
    return site


def test_topics_are_counted_by_day(news: Site) -> None:
    found = look(news.store, news.config, NOW, days=5)
    kling, chips = found.topics
    assert (kling.days, kling.matches, kling.stored, kling.open) == ((0, 1, 0, 0, 2), 3, 4, 1)
    assert kling.precision == 0.5
    assert (chips.days, chips.precision) == ((0,) * 5, None)
    assert found.langs == (("en", 3),)
    assert found.last - found.first == timedelta(days=4)


def test_the_page_shows_a_chart_for_each_topic(news: Site) -> None:
    page = news.text("/topics")
    assert 'aria-label="Kling: 3 matches in 60 days, most on 2026-03-11 (2)"' in page
    assert "1 of 2 judged are relevant (50%)" in page
    assert '<a href="/?topic=kling&mark=open">1 to review</a>'.replace("&", "&amp;") in page
    assert "Export controls: 0 matches in 60 days" in page


@pytest.mark.parametrize(
    ("counts", "line"),
    [([0, 1, 7], "▁▂█"), ([0, 0], "▁▁"), ([], ""), ([100, 1], "█▂")],
)
def test_sparklines(counts: list[int], line: str) -> None:
    assert drawing.sparkline(counts) == line


def test_a_drawing_says_what_it_shows() -> None:
    drawn = ET.fromstring(drawing.trend([0, 3, 1], bursts=[1], top=3, words='A <b> & "c"'))
    space = "{http://www.w3.org/2000/svg}"
    assert drawn.get("aria-label") == 'A <b> & "c"'
    assert len(drawn.findall(f".//{space}rect")) == 2
    assert len(drawn.findall(f".//{space}circle")) == 1


TOPIC = '[[topic]]\nid = "kling"\nname = "Kling"\nany = ["Kling"]\n'


def test_the_command_tells_and_draws(monitor: Monitor, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TOPIC)
    told = monitor("stats", "--days", "7", "--svg", "drawn")
    assert "Kling  ▁▁▁▁▁▁▁  0 matches" in told.out
    drawn = ET.parse(tmp_path / "drawn" / "kling.svg").getroot()
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "Kling: 0 matches"
    assert len(texts) == 3
    found = json.loads(monitor("stats", "--json", "--days", "7").out)
    assert found["topics"][0]["days"] == [0] * 7


def test_a_folder_that_cannot_be_made_is_told(monitor: Monitor, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TOPIC)
    (tmp_path / "file").touch()
    told = monitor("stats", "--svg", "file/drawn")
    assert told.code == 1
    assert "--svg file/drawn cannot be written" in told.err
