"""Stories in the archive: a page of their own, and rows that unfold."""

import re

import pytest

from monitor import archive
from monitor.model import ReviewState, Story
from tests.archive_site import Site, said, send
from tests.factories import ago, match


@pytest.fixture
def news(site: Site) -> Site:
    """Give an archive with a story of three articles, the third a copy, and one without others."""
    site.put("Kling raises money", match("kling"), published_at=ago(hours=30), source="Reuters")
    site.put("可灵融资", match("kling"), match("chips"), published_at=ago(hours=5), source="云间")
    site.put("Kling raises money!", match("kling"), published_at=ago(hours=4), source="Copyist")
    site.put("Chips leave port", match("chips"), published_at=ago(hours=3))
    site.tell(1, 2, 3, copies={3: 1})
    return site


def titles(page: str) -> list[str]:
    """Give the headlines of a page's rows, in the order in which they stand."""
    plain = page.replace("<mark>", "").replace("</mark>", "")
    return re.findall(r"<h3.*?<bdi>(.*?)</bdi>.*?</h3>", plain)


def test_a_story_is_told_from_its_beginning(news: Site) -> None:
    page = news.text("/stories/1")

    assert titles(page) == ["Kling raises money", "可灵融资", "Kling raises money!"]
    assert "3 articles · 3 outlets, 1 of them a copy of one text" in page
    assert "repeats <bdi>Reuters</bdi>" in page
    assert page.index("Yesterday, ") < page.index("Today, ")
    assert "Kling in the title" in page


def test_a_row_unfolds_to_its_story(news: Site) -> None:
    page = news.text("/")

    assert titles(page) == [
        "Chips leave port",
        "Kling raises money!",
        "可灵融资",
        "Kling raises money",
    ]
    assert page.count("2 more articles of this story") == 1
    assert page.index("<summary title") < page.index("可灵融资")
    assert 'href="/stories/1"' in page

    narrow = news.text("/?topic=chips")

    assert titles(narrow) == ["Chips leave port", "可灵融资"]
    assert 'href="/articles/3"' in narrow
    assert "<bdi>Copyist</bdi>, 08:00, a copy" in narrow


def test_an_article_leads_to_its_story(news: Site) -> None:
    assert 'href="/stories/1"' in news.text("/articles/2")
    assert "/stories/" not in news.text("/articles/4")


def test_a_whole_story_is_judged_at_once(news: Site) -> None:
    page = send(news, do="irrelevant story", story="1")

    assert page.url.path == "/stories/1"
    assert "4 matches changed." in page.text
    assert said(news, ReviewState.IRRELEVANT) == [
        "Kling raises money!",
        "可灵融资",
        "Kling raises money",
    ]
    assert send(news, do="seen story", story="99").status_code == 400


def test_a_story_that_became_part_of_another_is_still_found(news: Site) -> None:
    other = news.tell(4)
    known = news.store.recent_matched(ago(days=9))
    whole = news.store.stories_of([1])[0]
    news.store.save_stories([Story(id=whole.id, articles=(1, 2, 3, 4), absorbed=(other,))], known)
    assert "4 articles" in news.text(f"/stories/{other}")


def test_a_long_story_has_pages(site: Site) -> None:
    number = archive.PAGE_SIZE + 2
    for n in range(number):
        site.put(f"Kling, part {n}", match("kling"), published_at=ago(hours=number - n))
    site.tell(*range(1, number + 1))

    first = site.text("/stories/1")
    assert len(titles(first)) == archive.PAGE_SIZE
    assert f"{number} articles" in first
    (later,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert titles(site.text(later)) == [f"Kling, part {n}" for n in (number - 2, number - 1)]
    for place in (10**17, 10**18, "x"):
        assert site.get(f"/stories/1?after={place}").status_code == 404
    # The newest rows of the archive fold into one.
    assert f"{number - 1} more articles of this story" in site.text("/")


@pytest.mark.parametrize("number", ["2", "0", "x", "9" * 40])
def test_stories_that_are_not_there(news: Site, number: str) -> None:
    assert news.get(f"/stories/{number}").status_code == 404
    assert news.get(f"/stories/{number}.json").status_code == 404


def test_a_story_is_there_for_other_programs(news: Site) -> None:
    story = news.get("/stories/1.json").json()

    assert story["sources"] == "3 outlets, 1 of them a copy of one text"
    assert [(each["title"], each["repeats"]) for each in story["articles"]] == [
        ("Kling raises money", None),
        ("可灵融资", None),
        ("Kling raises money!", 1),
    ]


def test_a_page_stays_small_however_much_there_is_to_unfold(site: Site) -> None:
    number = archive.PAGE_SIZE
    for n in range(3 * number):
        about = {"published_at": ago(hours=n), "source": f"The Harbour Post of Town {n}"}
        title = f"Kling raises money for its video generator, part {n}"
        site.put(title, match("kling"), match("chips"), text="Its text goes on. " * 30, **about)
    for n in range(1, number + 1):
        site.tell(n, number + n, 2 * number + n)

    assert len(site.text("/?mark=open").encode()) < 50_000
