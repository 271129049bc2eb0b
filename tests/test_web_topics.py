"""A topic's page: what brings its matches, and what another wording would change."""

import html
import re
from urllib.parse import quote

import pytest

from monitor import config, trying
from monitor.config import editing
from monitor.errors import ConfigError
from tests.archive_site import Site, send
from tests.factories import ago, match, span


@pytest.fixture
def news(site: Site) -> Site:
    chinese = match("kling", spans=(span("可灵", 0, term="可灵"),))
    site.put("Kling films studios", match("kling"), source="Reuters")
    site.put("Kling sings", match("kling"), published_at=ago(hours=2), source="Gossip")
    site.put("可灵发布", chinese, published_at=ago(hours=3), source="Gossip")
    send(site, do="relevant 1:kling")
    send(site, do="irrelevant 2:kling")
    return site


def plain(page: str) -> str:
    """Give what a page says, without its markup."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())


def wording(page: str) -> str:
    """Give what stands in the box."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_words_and_sources_show_what_they_are_worth(news: Site) -> None:
    page = plain(news.text("/topics/kling"))

    assert "What brought its newest 3 articles" in page
    assert "Kling 2 1 of 2 mute 可灵 1 – mute" in page
    assert "Gossip 2 0 of 1 mute Reuters 1 1 of 1 mute" in page
    assert 'href="/topics/kling"' in news.text("/topics")


def test_a_word_is_muted_on_trial(news: Site) -> None:
    page = news.text("/topics/kling?word=Kling")

    assert "it would gain 0 articles, lose 2 and keep 1." in plain(page)
    assert config.load(wording(page)).topics[0].any == ("可灵",)
    assert "Kling sings" in page


def test_a_source_is_muted_on_trial(news: Site) -> None:
    page = news.text("/topics/kling?source=Gossip")

    assert "it would gain 0 articles, lose 2 and keep 1." in plain(page)
    assert config.load(wording(page)).topics[0].sources == ("-Gossip",)


def test_any_wording_can_be_tried(news: Site) -> None:
    news.put("Sora sleeps", published_at=ago(hours=4))
    new = '[[topic]]\nid = "kling"\nany = ["Kling", "可灵", "Sora"]\nnone = ["sings"]\n'

    page = news.text(f"/topics/kling?wording={quote(new)}")

    assert "it would gain 1 article, lose 1 and keep 2." in plain(page)
    assert page.index("Sora sleeps") < page.index("Kling sings")
    assert wording(page) == new.rstrip()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("any = 3", "[[topic]]"),
        ('[[topic]]\nid = "kling"\nany = ["(a"]', "parenthesis"),
        ('[[topic]]\nid = "other"\nany = ["a"]', 'with id = "kling"'),
        ('[[topic]]\nid = "kling"\nanny = ["a"]', "anny"),
        ("x" * (trying.MAX_CHARS + 1), "5,000 are the most"),
    ],
)
def test_a_faulty_wording_is_told(news: Site, given: str, says: str) -> None:
    page = plain(news.text(f"/topics/kling?wording={quote(given)}"))
    assert says in page
    assert "it would gain" not in page


def test_topics_that_are_not_there(news: Site) -> None:
    assert news.get("/topics/none").status_code == 404


def test_the_last_word_of_a_topic_is_muted_by_refusing_it() -> None:
    (topic,) = config.load('[[topic]]\nid = "a"\nany = ["Kling"]').topics
    muted = editing.without_word(topic, "Kling")
    assert (muted.any, muted.none) == (("Kling",), ("Kling",))


def test_a_muted_word_leaves_its_weight_behind() -> None:
    text = '[[topic]]\nid = "a"\nany = ["Kling", "可灵"]\nweights = { Kling = 0.5, "可灵" = 2 }'
    (topic,) = config.load(text).topics
    block = editing.topic_block(editing.without_word(topic, "Kling"))
    assert config.load(block).topics[0].weights == {"可灵": 2.0}


def test_a_topic_is_written_as_it_is_read() -> None:
    text = """[[topic]]
id = "a"
any = ["Kling", '"open weights"']
near = ["video"]
none = ["Andreas Kling"]
languages = ["-de"]
sources = ["-prnewswire.com"]
within = 9
weight = 2.5
limit = 3
labels = { "by US" = "Commerce OR Washington" }
weights = { "open weights" = 0.5, video = 2.0 }
"""
    (topic,) = config.load(text).topics
    assert config.load(editing.topic_block(topic)).topics == (topic,)


def test_only_one_table_is_read() -> None:
    (topic,) = config.load('[[topic]]\nid = "a"\nany = ["Kling"]').topics
    with pytest.raises(ConfigError, match="one"):
        trying.read(topic, editing.topic_block(topic) * 2)
