"""Stories: one event, one line, whatever outlet, wording or language."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Story, StoryArticle
from monitor.stories import Glossary, Statistics, cluster, copies, count
from monitor.stories.tokens import tokens
from tests.factories import HOUR, NOW, story_article

SHIPPED = Glossary()

#: Stories of one week, each with its headlines; the time is hours before the last.
WEEK = {
    "Qwen for glasses": [
        (30, "Alibaba unveils Qwen Lens, a model for smart glasses with 8 billion parameters"),
        (29, "阿里发布智能眼镜模型Qwen Lens，80亿参数"),
        (28, "Qwen Lens: Alibaba's 8B model comes to smart glasses"),
        (27, "通义千问推出眼镜专用模型Qwen Lens"),
    ],
    "Kling raises money": [
        (20, "Kuaishou's Kling raises $750 million for its video generator"),
        (19, "快手可灵融资7.5亿美元"),
        (18, "Video generator Kling AI closes funding of $750m"),
    ],
    "Tool makers blacklisted": [
        (12, "US adds 14 Chinese chipmaking tool firms to entity list"),
        (11, "美国将14家中国芯片设备公司列入实体清单"),
        (10, "Washington blacklists 14 chip equipment makers from China"),
    ],
    "Rice prices": [(9, "Rice prices in Japan fall for the third month")],
    "A bridge": [(8, "Bridge over the Ebro reopens after repairs")],
    "A merger": [(7, "Two Spanish banks agree to merge")],
    "A match": [(6, "Late goal sends Valencia through to the final")],
    "A storm": [(5, "台风逼近，上海取消航班")],
    "A film": [(4, "国产科幻电影票房破纪录")],
    "A strike": [(3, "Train drivers in Germany announce a two-day walkout")],
}


def told(number: int, title: str, hours: float = 0, **fields: Any) -> StoryArticle:
    return story_article(number, title, at=NOW - hours * HOUR, **fields)


def week() -> list[StoryArticle]:
    entries = [entry for headlines in WEEK.values() for entry in headlines]
    return [told(number, title, hours) for number, (hours, title) in enumerate(entries, 1)]


def grouped(articles: Sequence[StoryArticle], glossary: Glossary = SHIPPED) -> tuple[Story, ...]:
    archive = Statistics()
    count(archive, articles, glossary)
    return cluster(articles, glossary, archive)


def members(stories: Sequence[Story]) -> list[tuple[int, ...]]:
    return [story.articles for story in stories]


def test_a_week_of_headlines_in_two_languages() -> None:
    numbers = iter(range(1, 100))
    expected = [tuple(next(numbers) for _ in headlines) for headlines in WEEK.values()]
    assert members(grouped(week())) == expected


def test_three_languages_tell_one_event() -> None:
    titles = [
        "Draft rule puts lithography parts under export controls",
        "Los controles de exportación alcanzan a las piezas de litografía",
        "光刻零部件拟纳入出口管制",
        "La exportación de café crece por tercer mes",
    ]
    stories = grouped([told(number, title, 0) for number, title in enumerate(titles)])
    assert members(stories) == [(0, 1, 2), (3,)]


def test_the_same_words_a_week_later_are_another_event() -> None:
    later = [told(50 + article.id, article.title, -7 * 24, url="") for article in week()[4:7]]
    stories = grouped([*week(), *later])
    assert (5, 6, 7) in members(stories)
    assert (55, 56, 57) in members(stories)


@pytest.mark.parametrize(
    "alike",
    [
        ("$2 billion", "20亿美元", "two billion dollars", "2bn", "2 bn", "2,000 million"),
        ("$1.5 million", "150万美元", "1,5 millones", "1,5 Millionen", "1.500.000 euros"),
        ("2 billion", "2.000 millones de euros", "2,0 Milliarden", "2 mil millones"),
        ("75%", "75 percent", "75 per cent", "75％", "75 por ciento", "75,0 %"),
        ("Qwen 3.5", "Qwen3.5", "QWEN-3.5"),
        ("export controls", "Export-controls", "出口管制", "controles de exportación"),
        ("lithography", "光刻机", "litografía"),
        ("Export curbs", "出口限制"),
        ("Alibaba", "ALIBABA's", "阿里巴巴", "阿里"),
        ("raised", "raises", "融资"),
        ("U.S.", "US", "美国"),
    ],
    ids=lambda alike: alike[0],
)
def test_desks_and_languages_write_one_thing_differently(alike: Sequence[str]) -> None:
    found = [
        {token for token in tokens(text, "", SHIPPED) if token < "一"} - {"#2e+03"}
        for text in alike
    ]
    assert set.intersection(*found)


@pytest.mark.parametrize(
    ("acronym", "word"),
    [("US", "Join us"), ("UN", "Un pueblo, un lago"), ("SEC", "a sec"), ("IPO", "a list")],
)
def test_an_acronym_is_no_word(acronym: str, word: str) -> None:
    assert not set(tokens(acronym, "", SHIPPED)) & set(tokens(word, "", SHIPPED))


@pytest.mark.parametrize(
    ("one", "other"),
    [("H20", "H200"), ("Qwen 3", "Qwen 3.5"), ("$2 billion", "$2 million"), ("5%", "5")],
)
def test_what_looks_alike_is_not_the_same(one: str, other: str) -> None:
    found = [set(tokens(text, "", Glossary(shipped=False))) for text in (one, other)]
    assert found[0] - {"qwen"} != found[1] - {"qwen"}
    assert not (found[0] & found[1]) - {"qwen"}


def test_the_outlet_behind_a_headline_does_not_count() -> None:
    with_outlet = tokens(
        "Kling raises $750 million for its video generator - Morning Post", "", SHIPPED
    )
    assert with_outlet == tokens("Kling raises $750 million for its video generator", "", SHIPPED)


PAIR = [
    (2, "Brontosoft opens a laboratory for batteries in Seville"),
    (1, "雷龙软件在塞维利亚设电池实验室"),
]


def test_the_reader_s_own_groups_join_two_languages() -> None:
    pair = [told(100 + number, title, hours) for number, (hours, title) in enumerate(PAIR)]
    background = week()[7:]
    assert (100, 101) not in members(grouped([*pair, *background], Glossary(shipped=False)))
    own = Glossary([("Brontosoft", "雷龙软件"), ("Seville", "塞维利亚")])
    assert (100, 101) in members(grouped([*pair, *background], own))


def test_the_aliases_of_a_topic_join_the_glossary_by_themselves() -> None:
    items = [
        "Brontosoft",
        '="雷龙软件"',
        "雷龙 NEAR/5 (电池 OR 汽车)",
        "NOT (",
        "Seville OR 塞维利亚",
    ]
    glossary = Glossary(topics=[("brontosoft", items)])
    english = tokens("Brontosoft opens in Seville", "", glossary)
    chinese = tokens("雷龙软件在塞维利亚", "", glossary)
    assert english["@@brontosoft"] == chinese["@@brontosoft"] == 4
    # Terms of a topic need not mean the same: the words count as well.
    assert english["sevill"]


def test_a_topic_does_not_undo_a_shipped_group() -> None:
    glossary = Glossary(topics=[("cloud", ["Alibaba", "Amazon"])])
    assert "@@cloud" not in tokens("Alibaba and Amazon", "", glossary)


def test_a_story_that_everybody_carries_stays_one() -> None:
    """What hundreds have in common must not look like what all the news has in common."""
    words = ["Kuaishou", "Kling", "raises", "$750 million", "video", "generator", "funding"]
    chance = random.Random(1)
    everybody = [
        told(number, f"{' '.join(chance.sample(words, 5))} outlet{number}", number / 100)
        for number in range(100, 300)
    ]
    archive = Statistics()
    count(archive, [*everybody, *week()], SHIPPED)
    archive.articles += 4000  # other news, in none of these words
    largest = max(members(cluster([*everybody, *week()], SHIPPED, archive)), key=len)
    assert len(largest) >= 200


def test_the_same_headline_from_everybody_is_one_story() -> None:
    title = "Kling raises $750 million"
    everybody = [told(number, title, number / 100) for number in range(100, 600)]
    assert max(map(len, members(grouped(everybody)))) == 500


# ------------------------------------------------------------------------------------------- ids


def numbered(stories: Sequence[Story], articles: Sequence[StoryArticle]) -> list[StoryArticle]:
    """Give the articles as they are after these stories were stored."""
    own: dict[int, int] = {}
    fresh = max((story.id or 0 for story in stories), default=0)
    for story in stories:
        number = story.id
        if number is None:
            fresh += 1
            number = fresh
        own |= dict.fromkeys(story.articles, number)
    return [
        story_article(a.id, a.title, at=a.at, url=a.url, text=a.text, story_id=own[a.id])
        for a in articles
    ]


def test_grouping_again_changes_nothing() -> None:
    first = grouped(week())
    again = grouped(numbered(first, week()))
    assert members(again) == members(first)
    assert [story.id for story in again] == list(range(1, len(first) + 1))
    assert all(story.absorbed == () for story in again)


def test_new_articles_take_their_story_s_id() -> None:
    known = numbered(grouped(week()[:-2]), week()[:-2])
    more = told(90, "可灵AI获7.5亿美元融资", 1)
    story = next(story for story in grouped([*known, more]) if 90 in story.articles)
    assert story.articles == (5, 6, 7, 90)
    assert story.id == known[4].story_id


def test_the_larger_of_two_stories_that_become_one_goes_on() -> None:
    articles = [
        story_article(a.id, a.title, at=a.at, story_id=7 if a.id == 1 else 9) for a in week()[:4]
    ]
    rest = week()[4:]
    story = grouped([*articles, *rest])[0]
    assert (story.id, story.absorbed) == (9, (7,))


def test_a_story_that_falls_apart_goes_on_where_most_of_it_is() -> None:
    articles = [
        story_article(a.id, a.title, at=a.at, story_id=3 if a.id in {4, 5, 6, 7} else None)
        for a in week()
    ]
    stories = grouped(articles)
    assert stories[1].articles == (5, 6, 7)
    assert stories[1].id == 3
    assert stories[0].id is None


# ------------------------------------------------------------------------------------ properties


@given(seed=st.integers())
def test_the_order_of_articles_does_not_matter(seed: int) -> None:
    shuffled = week()
    random.Random(seed).shuffle(shuffled)
    assert grouped(shuffled) == grouped(week())


any_title = st.text(max_size=40) | st.sampled_from(
    [
        "",
        "Kling",
        "可灵",
        "\u202eKling\u202c",
        "a" * 5000,
        "阿" * 5000,
        "1" * 400,
        "$" * 50,
        "\ud800",
    ]
)


@given(st.lists(st.tuples(any_title, st.text(max_size=200), st.integers(0, 200)), max_size=12))
def test_every_article_is_in_exactly_one_story(rows: list[tuple[str, str, int]]) -> None:
    articles = [
        told(number, title, hours, text=text) for number, (title, text, hours) in enumerate(rows)
    ]
    stories = grouped(articles)
    assert sorted(a for story in stories for a in story.articles) == list(range(len(rows)))
    again = grouped(numbered(stories, articles))
    assert members(again) == members(stories)
    assert all(story.id is not None for story in again)


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("Kling " * 200_000, id="a megabyte of one word"),
        pytest.param("可灵融资" * 250_000, id="a megabyte of Chinese"),
        pytest.param("7" * 1_000_000, id="a megabyte of digits"),
        pytest.param("$1, " * 250_000, id="a megabyte of amounts"),
        pytest.param("a - b" * 200_000, id="a megabyte of dashes"),
        pytest.param("(a/b" * 250_000, id="a megabyte of parentheses"),
        pytest.param("\u202e\u200b" * 500_000, id="a megabyte of invisibles"),
    ],
)
def test_a_hostile_title_costs_no_more_than_its_beginning(title: str) -> None:
    found = tokens(title, title, SHIPPED)
    assert len(found) < 1000
    assert max(map(len, found), default=0) <= 600
    assert copies([told(number, title, text=title) for number in (1, 2)]) in ({}, {2: 1})


# ---------------------------------------------------------------------------------------- copies

AGENCY = (
    "The ministry said on Friday that it would require licences for the sale of lithography parts "
    "to eleven companies. Officials described the step as temporary. Makers of machines in three "
    "countries warned that orders worth several months would be delayed, and asked for a meeting "
    "with the minister next week in order to discuss what exactly falls under the new rule."
)
OTHER = (
    "Engineers in Eindhoven were surprised by the announcement, which reached them by mail. Nobody "
    "had expected that spare parts would be part of it, one of them told this newspaper, and "
    "customers had called all morning to find out whether their machines could still be repaired."
)


@pytest.mark.parametrize(
    ("text", "is_copy"),
    [
        pytest.param(AGENCY, True, id="to the letter"),
        pytest.param(AGENCY[:180], True, id="an excerpt"),
        pytest.param(
            f"(Agency) {AGENCY} Subscribe to our newsletter.", True, id="with lines around"
        ),
        pytest.param(AGENCY.replace("Officials", "Two officials"), True, id="a word changed"),
        pytest.param(OTHER, False, id="another report"),
        pytest.param(f'{OTHER} "{AGENCY[:60]}"', False, id="a report that quotes it"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_copies_are_told_from_reports(text: str, is_copy: bool) -> None:
    articles = [
        told(1, "Licences for lithography parts", 3, text=AGENCY),
        told(2, "Ministry wants licences", 2, text=text),
    ]
    assert copies(articles) == ({2: 1} if is_copy else {})


def test_copies_in_chinese() -> None:
    text = "商务部周五表示，将对向十一家公司出售光刻零部件实行许可证管理，官员称此举是暂时的。"
    articles = [
        told(1, "光刻零部件需许可证", 2, text=text),
        told(2, "新规", 1, text="快讯：" + text[:30]),
    ]
    assert copies(articles) == {2: 1}


def test_the_same_address_or_headline_is_a_copy_of_the_first() -> None:
    articles = [
        told(1, "Licences for lithography parts", 5, text=OTHER),
        told(2, "LICENCES for lithography parts!", 4, text=AGENCY),
        told(3, "Parts", 3, url="http://news.example/1?utm_source=feed"),
        told(4, "Ministry wants licences", 2, text=AGENCY),
    ]
    assert copies(articles) == {2: 1, 3: 1}


def test_no_story_without_articles() -> None:
    assert cluster([], SHIPPED, Statistics()) == ()


def test_time_alone_does_not_part_a_day() -> None:
    """What is told again within hours stays one story, however the window is cut."""
    articles = week()
    window = [a for a in articles if a.at > NOW - timedelta(hours=29, minutes=30)]
    assert members(grouped(window))[0] == (2, 3, 4)
