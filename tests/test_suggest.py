"""Words that a topic could look for or leave out, from its matches and their marks."""

import json
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import FeedConfig, TopicConfig
from monitor.matcher import Topics
from monitor.model import ArticleMatches, Mark, MatchKey, Review, ReviewChange
from monitor.suggest import Suggestions, names, suggest
from tests.command import Monitor
from tests.factories import FEED_URL, NOW, article, outcome, row, sighting

NEWS = [
    *(f"Kling draws clip {n} for Kuaishou" for n in "abcd"),
    *(f"可灵发布新版，快手股价 {n}" for n in "abc"),
    *(f"Kling family history, volume {n}" for n in "abc"),
    *(f"Kuaishou opens office {n}" for n in "ab"),
    *(f"Parliament debates budget {n}" for n in range(100)),
    *(f"央行公布利率 {n}" for n in range(100)),
]
"""Titles: matches, irrelevant ones, articles that the topic does not find yet, and all the rest."""


def topic(**lists: object) -> TopicConfig:
    return TopicConfig.model_validate({"id": "kling", "name": "Kling", **lists})


def learn(wanted: TopicConfig, *, marked: bool = True) -> Suggestions:
    found = Topics([wanted])
    rows = []
    for number, title in enumerate(NEWS):
        seen = article(title, text="")
        row = ArticleMatches(id=number, article=seen, matches=found.match(seen))
        if marked and "family" in title:
            row = replace(row, reviews=(Review(topic_id="kling", mark=Mark.IRRELEVANT),))
        rows.append(row)
    return suggest(wanted, lambda: rows)


def test_names_that_only_the_matches_say_are_suggested() -> None:
    add = {each.text: each for each in learn(topic(any=["Kling", "可灵"])).add}
    assert "快手股价" in add
    kuaishou = add["Kuaishou"]
    assert (kuaishou.matches, kuaishou.others) == (4, 2)
    assert kuaishou.examples[0].startswith("Kuaishou opens office")
    assert not {"Kling", "可灵", "Parliament", "family history"} & add.keys()


def test_what_one_event_has_many_outlets_say_counts_once() -> None:
    wanted = topic(any=["Kling"])
    matches = Topics([wanted])
    titles = [f"Kling opens Sahara studio, says outlet {n}" for n in range(9)]
    titles += [f"Kling {what} for Kuaishou" for what in ("sings", "dances", "paints")]
    titles += [f"Parliament debates budget {n}" for n in range(200)]
    rows = [
        ArticleMatches(id=n, article=seen, matches=matches.match(seen))
        for n, seen in enumerate(article(title, text="") for title in titles)
    ]
    told = [
        each.text for each in suggest(wanted, lambda: rows, stories=dict.fromkeys(range(9), 1)).add
    ]
    assert "Kuaishou" in told
    assert not any("Sahara" in text for text in told)


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        pytest.param(
            ["可灵与快手科技合作", "快手科技看好可灵", "可灵属于快手科技"], "快手科技", id="whole"
        ),
        pytest.param(
            ["可灵靠快手推广", "快手让可灵独立", "可灵在快手上线"], "快手", id="no particles"
        ),
        pytest.param(
            ["可灵 3.8 出自快手", "可灵 3.8 快手", "快手谈可灵 3.8"], "快手", id="no numbers"
        ),
    ],
)
def test_a_name_is_told_from_pieces_of_text(titles: list[str], name: str) -> None:
    wanted = topic(any=["可灵"])
    rows = [row(number, title=title, text="") for number, title in enumerate(titles)]
    assert [text for text, _ in names(wanted, rows, {})] == [name]
    assert names(wanted, rows, dict.fromkeys(range(3), 1)) == (), "one event"


def test_words_of_irrelevant_matches_are_to_be_left_out() -> None:
    out = {each.text: each for each in learn(topic(any=["Kling"])).leave_out}
    assert out.keys() == {"family history", "volume"}
    assert (out["volume"].matches, out["volume"].others) == (3, 0)
    assert learn(topic(any=["Kling"]), marked=False).leave_out == ()


def test_near_misses_hold_all_but_one_clause() -> None:
    (miss,) = learn(topic(any=["Kuaishou NEAR/5 (Kling OR 可灵)"])).near_misses
    assert (miss.text, miss.missing) == ("Kuaishou NEAR/5 (Kling OR 可灵)", "Kling OR 可灵")
    assert (miss.others, len(miss.examples)) == (2, 2)


def test_what_is_left_out_is_no_near_miss() -> None:
    assert learn(topic(any=["Kuaishou"], none=["office"])).near_misses == ()


def test_nothing_stored_suggests_nothing() -> None:
    assert suggest(topic(any=["Kling"]), tuple) == Suggestions(add=(), leave_out=(), near_misses=())


def test_the_command_gives_lines_to_paste(monitor: Monitor, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[topic]]\nid = "kling"\nname = "Kling"\nany = ["Kling"]\n', "utf-8")
    with App.open(file) as app:
        app.accept()
        app.store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
        seen = app.clock() - timedelta(hours=2)
        for title in NEWS:
            topics = ("kling",) if "Kling" in title else ()
            entry = sighting(title, text="", topics=topics, first_seen_at=seen, published_at=seen)
            app.store.save_poll(outcome(entry))
        keys = [MatchKey(topic_id="kling", article_id=number) for number in (1, 2, 3, 8)]
        for mark, some in ((Mark.RELEVANT, keys[:3]), (Mark.IRRELEVANT, keys[3:])):
            app.store.review(some, ReviewChange(mark=mark), step=mark.value, now=app.clock())
    said = monitor("suggest", "kling").out
    assert said.startswith("# 75 % (3 of 4) of what was marked is relevant; by word:\n")
    assert "#     75 % (3 of 4)  Kling\n" in said
    assert "Kuaishou" in tomllib.loads(f"any = [\n{said}\n]")["any"]
    told = json.loads(monitor("suggest", "kling", "--json").out)
    assert told["topic"] == "kling"
    assert (told["marked"]["relevant"], told["marked"]["irrelevant"]) == (3, 1)
    assert "Kuaishou" in [each["text"] for each in told["add"]]
    assert "there is no topic" in monitor("suggest", "nonsense").err
