"""What a change of topics would gain and lose, before it is made."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import change
from monitor.app import App
from monitor.change import Trial, Yield
from monitor.config import FeedConfig, TopicConfig
from monitor.errors import QueryError
from monitor.matcher import Topics
from monitor.model import AllOf, Mark, MatchKey, ReviewChange
from monitor.query import for_index, parse
from monitor.store import Store
from tests.command import Monitor
from tests.factories import DAY, FEED_URL, NOW, ago, outcome, sighting

NEWS = {
    "Kling 4 is out": "A video model.",
    "快手发布可灵新版本": "",
    "Heidi Kling retires": "After years on stage.",
    "Veo answers": "Google's video model.",
    "Sparkling water": "Nothing about films.",
}


def topic(**lists: object) -> TopicConfig:
    return TopicConfig.model_validate({"id": "kling", "name": "Kling", **lists})


def save(store: Store, news: Iterable[tuple[str, str]], **fields: Any) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.save_poll(outcome(*(sighting(title, text=text, **fields) for title, text in news)))


def try_one(
    store: Store, before: TopicConfig | None, after: TopicConfig | None, *, days: int = 30
) -> Trial:
    (trial,) = change.try_topics(
        store,
        [before] if before else [],
        [after] if after else [],
        since=NOW - days * DAY,
        now=NOW,
    )
    return trial


def titles(trial: Trial) -> tuple[set[str], set[str]]:
    return {s.title for s in trial.gains}, {s.title for s in trial.losses}


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not indexed yet"])
def test_a_changed_topic_gains_and_loses(store: Store, *, indexed: bool) -> None:
    save(store, NEWS.items())
    if indexed:
        store.index_pending()
    trial = try_one(
        store, topic(any=["Kling"]), topic(any=["Kling", "可灵", "Veo"], none=["Heidi Kling"])
    )
    assert titles(trial) == ({"快手发布可灵新版本", "Veo answers"}, {"Heidi Kling retires"})
    assert (trial.gained, trial.lost, trial.kept) == (2, 1, 1)
    (span,) = trial.losses[0].spans
    assert (span.surface, span.field) == ("Kling", "title")


def test_what_each_item_brings(store: Store) -> None:
    save(store, NEWS.items())
    trial = try_one(store, None, topic(any=["Kling", "4", "可灵", "Runway"], none=["Heidi Kling"]))
    assert trial.yields == (
        Yield(item="Kling", found=1, alone=0, example=""),
        Yield(item="4", found=1, alone=0, example=""),
        Yield(item="可灵", found=1, alone=1, example="快手发布可灵新版本"),
        Yield(item="Runway", found=0, alone=0, example=""),
    )


def test_what_reviewers_said_is_told_of_each_item_and_of_what_is_lost(store: Store) -> None:
    before = topic(any=["Kling", "可灵"])
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    store.accept_config(text="", hash="1", topics=Topics([before]).versions, now=NOW)
    marks = {"Kling 4": Mark.RELEVANT, "Kling 5": Mark.IRRELEVANT, "可灵": Mark.RELEVANT}
    store.save_poll(outcome(*(sighting(title, text="", topics=("kling",)) for title in marks)))
    for number, mark in enumerate(marks.values(), start=1):
        key = MatchKey(topic_id="kling", article_id=number)
        store.review([key], ReviewChange(mark=mark), step=str(number), now=NOW)
    (trial,) = change.try_topics(
        store, [before], [before], since=ago(days=30), now=NOW, only="kling"
    )
    assert [(each.item, each.relevant, each.irrelevant) for each in trial.yields] == [
        ("Kling", 1, 1),
        ("可灵", 1, 0),
    ]
    narrower = try_one(store, before, topic(any=["可灵"]))
    assert (narrower.lost, narrower.lost_relevant, narrower.lost_irrelevant) == (2, 1, 1)


def test_a_topic_that_is_new_or_gone_is_told_so(store: Store) -> None:
    save(store, NEWS.items())
    new, gone = (
        try_one(store, None, topic(any="可灵")),
        try_one(store, topic(any="可灵"), None),
    )
    assert (new.was_there, new.is_there, new.gained) == (False, True, 1)
    assert (gone.was_there, gone.is_there, gone.lost) == (True, False, 1)


def test_a_topic_without_a_needed_word_is_tried_on_every_article(store: Store) -> None:
    save(store, NEWS.items())
    store.index_pending()
    trial = try_one(store, topic(any="Kling"), topic(query="NOT Kling"))
    assert (trial.gained, trial.lost, trial.kept) == (3, 2, 0)


def test_what_the_index_cannot_look_for_is_named(store: Store) -> None:
    save(store, NEWS.items())
    store.index_pending()
    trial = try_one(store, None, topic(any=["Kling", "*water"]))
    assert (trial.gained, trial.unindexed) == (3, ("*water",))
    assert try_one(store, None, topic(any=["Kling", "water"])).unindexed == ()


def test_only_articles_of_the_time_count(store: Store) -> None:
    save(store, [("Kling is new", "")], published_at=ago(days=1))
    save(store, [("Kling is old", "")], published_at=ago(days=40))
    assert try_one(store, None, topic(any="Kling")).gained == 1
    assert try_one(store, None, topic(any="Kling"), days=60).gained == 2


def test_articles_a_day_leave_out_what_feeds_brought_first(store: Store) -> None:
    save(store, [("Kling, backlog", "")], first_seen_at=ago(days=4), backlog=True)
    for number in range(8):
        save(store, [(f"Kling, part {number}", "")], first_seen_at=ago(days=number / 2))
    assert try_one(store, topic(any="backlog"), topic(any="Kling")).a_day == (0, 2)


def test_no_more_samples_than_can_be_read(store: Store) -> None:
    save(store, [(f"Kling, part {number}", "") for number in range(20)])
    trial = try_one(store, None, topic(any="Kling"))
    assert (trial.gained, len(trial.gains)) == (20, change.MOST_SAMPLES)


def test_a_new_name_changes_nothing(store: Store) -> None:
    before, after = topic(any="Kling"), topic(any="Kling", name="Kling AI", limit=3)
    assert change.changed([before], [after]) == ()
    assert change.try_topics(store, [before], [after], since=ago(days=30), now=NOW) == ()


def test_an_empty_archive_gives_zeros(store: Store) -> None:
    trial = try_one(store, None, topic(any="Kling"))
    assert (trial.gained, trial.a_day) == (0, (0, 0))


WORDS = st.sampled_from(["Kling", "可灵", "AI", "A.I.", "chips", "open-source", "01.AI", "ß", "é"])
TEXTS = st.lists(
    WORDS | st.sampled_from(["chip", "opensource", "Klings", ",", "的", "x"]), max_size=6
)
QUERIES = st.recursive(
    WORDS | st.sampled_from(["chip*", "=AI", '"open source"', "*ling", "source:a.example"]),
    lambda part: st.one_of(
        st.builds("({} OR {})".format, part, part),
        st.builds("({} AND {})".format, part, part),
        st.builds("({} NOT {})".format, part, part),
        st.builds("title:{}".format, part),
        st.builds("({} NEAR/3 {})".format, WORDS, WORDS),
    ),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), query=QUERIES)
def test_the_index_never_hides_what_a_topic_takes(
    store: Store, texts: list[tuple[list[str], list[str]]], query: str
) -> None:
    try:
        tree = parse(query)
    except QueryError:
        return
    save(store, ((" ".join(title), "".join(text)) for title, text in texts))
    while store.index_pending():
        pass
    numbers = store.candidates(AllOf(()))
    topics = Topics([topic(query=query)])
    taken = {row.id for row in store.articles_with(numbers) if topics.match(row.article)}
    assert taken <= set(store.candidates(for_index(tree).index))


# ------------------------------------------------------------------------------------ commands

CONFIG = '[[topic]]\nid = "kling"\nname = "Kling"\nany = ["Kling"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a configuration that was applied and some news of the last days."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    with App.open(tmp_path / "config.toml") as app:
        app.accept()
        seen = app.clock() - timedelta(hours=2)
        save(app.store, NEWS.items(), first_seen_at=seen, published_at=seen)
    return tmp_path


def test_try_compares_the_file_with_what_was_applied(monitor: Monitor, folder: Path) -> None:
    assert "no topic looks for anything else" in monitor("try").out
    (folder / "config.toml").write_text(CONFIG.replace('Kling"]', 'Kling", "可灵"]'), "utf-8")
    said = monitor("try")
    assert "Kling: +1 gained, -0 lost, =2 kept since" in said.out
    assert "快手发布可灵新版本 (Example News) “可灵”" in said.out


def test_try_takes_a_copy_and_speaks_json(monitor: Monitor, folder: Path) -> None:
    (folder / "copy.toml").write_text(CONFIG.replace('Kling"]', 'Veo"]'), "utf-8")
    told = json.loads(monitor("try", "--new", "copy.toml", "--since", "2d", "--json").out)
    (one,) = told["topics"]
    assert (one["topic"], one["gained"], one["lost"], one["kept"]) == ("kling", 1, 2, 0)
    assert [gain["title"] for gain in one["gains"]] == ["Veo answers"]
    assert one["articles_a_day"]["before"] == 2


def test_try_takes_a_query(monitor: Monitor, folder: Path) -> None:
    alone = monitor("try", "--query", "可灵 OR Veo")
    assert "可灵 OR Veo (new): +2 gained" in alone.out
    replaced = monitor("try", "kling", "--query", "Kling AND NOT Heidi")
    assert "Kling: +0 gained, -1 lost, =1 kept" in replaced.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], 'there is no topic "nonsense"; there are kling'),
        (["--query", "(Kling"], "never closed"),
        (["--query", "Kling", "--new", "config.toml"], "give one of them"),
        (["--since", "soon"], '"soon" is not a duration'),
    ],
)
def test_try_refuses_in_plain_words(
    monitor: Monitor, folder: Path, words: list[str], said: str
) -> None:
    answer = monitor("try", *words)
    assert answer.code != 0
    assert said in answer.err


def test_try_before_anything_was_applied(monitor: Monitor, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    assert "no article is stored yet to try it on; `monitor poll`" in monitor("try").err
    with App.open(file) as app:
        save(app.store, NEWS.items())
    assert "no configuration was applied yet" in monitor("try").out
    assert "no configuration but that of config.toml" in monitor("config", "revert").err
