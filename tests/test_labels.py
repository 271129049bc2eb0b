"""Labels: parts of a topic, each with a query of its own."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.config import Config, FeedConfig, TopicConfig, load
from monitor.errors import ConfigError
from monitor.matcher import Topics
from monitor.model import ArchiveFilter
from monitor.store import Store
from tests.command import Monitor
from tests.factories import FEED_URL, NOW, match, outcome, sighting

SHIPPED = Topics(load((Path(__file__).parents[1] / "config.toml").read_text("utf-8")).topics)


@pytest.mark.parametrize(
    ("topic", "headline", "labels"),
    [
        ("export-controls", "US adds ten Chinese chip firms to the Entity List", {"by US"}),
        ("export-controls", "美国商务部扩大对华芯片出口管制", {"by US"}),
        ("export-controls", "Washington endurece los controles de exportación de chips", {"by US"}),
        ("export-controls", "EE. UU. amplía los controles de exportación de chips", {"by US"}),
        (
            "export-controls",
            "Beijing tightens export controls on gallium and germanium used in chips",
            {"by China"},
        ),
        ("export-controls", "中国商务部宣布对镓、锗相关技术实施出口管制", {"by China"}),
        (
            "export-controls",
            "China restringe con controles de exportación las tierras raras para chips",
            {"by China"},
        ),
        ("export-controls", "Dutch government revokes ASML export licences", {"allies"}),
        ("export-controls", "日本扩大半导体设备出口管制", {"allies"}),
        ("export-controls", "Japón amplía los controles de exportación de chips", {"allies"}),
        ("export-controls", "Two men arrested for smuggling Nvidia chips", {"enforcement"}),
        ("export-controls", "商人走私英伟达芯片被捕", {"enforcement"}),
        ("export-controls", "荷兰下周宣布对华芯片出口管制措施", {"allies"}),
        ("export-controls", "中国商务部长批评日本的半导体出口管制", {"allies"}),
        ("export-controls", "MOFCOM protests against Dutch export curbs on chip tools", {"allies"}),
        ("alibaba", "Alibaba’s quarters in Hangzhou are shared with two start-ups", set()),
        ("alibaba", "Alibaba releases Qwen3 with open weights", {"models"}),
        ("alibaba", "阿里巴巴发布新一代大模型", {"models"}),
        ("alibaba", "Alibaba presenta un modelo de lenguaje", {"models"}),
        ("alibaba", "Alibaba opens a data centre in Malaysia", {"cloud"}),
        ("alibaba", "阿里云宣布降价", {"cloud"}),
        ("alibaba", "Alibaba abre un centro de datos en México", {"cloud"}),
        ("alibaba", "Alibaba shows a chip for inference", {"chips"}),
        ("alibaba", "阿里巴巴发布真武芯片", {"chips"}),
        ("alibaba", "Taobao prepares for Singles Day", {"commerce"}),
        ("alibaba", "淘宝双11开始预售", {"commerce"}),
        ("alibaba", "Alibaba crece en el comercio electrónico", {"commerce"}),
        ("alibaba", "Alibaba shares jump after quarterly earnings", {"markets"}),
        ("alibaba", "阿里巴巴财报：净利润下降", {"markets"}),
        ("alibaba", "Las acciones de Alibaba suben en la bolsa", {"markets"}),
        ("alibaba", "Alibaba names a new chairman", set()),
    ],
)
def test_shipped_labels(topic: str, headline: str, labels: set[str]) -> None:
    found = {match.topic_id: set(match.labels) for match in SHIPPED.match_text(headline, "")}
    assert found.get(topic) == labels


def topics(**labels: str) -> Topics:
    values = {"id": "kling", "any": ["Kling"], "labels": labels}
    return Topics([TopicConfig.model_validate(values)])


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Kling makes films", [("film",)]),
        ("Kling raises money for films", [("money", "film")]),
        ("Kling 2.0", [()]),
        ("Another film about money", []),
    ],
)
def test_labels_are_tried_on_the_matches_of_their_topic(
    text: str, labels: list[tuple[str, ...]]
) -> None:
    watching = topics(money="funding OR raises money", film="film NOT karaoke")
    assert [match.labels for match in watching.match_text(text, "")] == labels


def stored(store: Store, **labelled: tuple[str, ...]) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    shown = [
        replace(sighting(title), matches=(match(spans=(), labels=labels),))
        for title, labels in labelled.items()
    ]
    store.save_poll(outcome(*shown))


def test_the_archive_is_narrowed_to_a_label_and_counts_them(store: Store) -> None:
    stored(store, a=("by US", "enforcement"), b=("by US",), c=(), d=("US",))
    page = store.page(ArchiveFilter(label="by US"))
    assert sorted(row.article.title for row in page.articles) == ["a", "b"]
    assert {row.matches[0].labels for row in page.articles} == {
        ("by US", "enforcement"),
        ("by US",),
    }
    assert store.page(ArchiveFilter(label="by US", topic_id="other")).articles == ()
    counted = store.look(ArchiveFilter(), most=100)[1].labels
    assert dict(counted) == {"by US": 2, "enforcement": 1, "US": 1}
    _, only = store.look(ArchiveFilter(label="US", topic_id="kling"), most=100)
    assert only.labels == (("US", 1),)


def config(**labels: object) -> Config:
    lines = "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in labels.items())
    return load(f'[[topic]]\nid = "kling"\nany = ["Kling"]\n[topic.labels]\n{lines}')


def test_labels_are_written_as_a_table_or_in_one_line() -> None:
    inline = load('[[topic]]\nid = "kling"\nany = "Kling"\nlabels = {"by US" = "Washington"}\n')
    assert inline.topics[0].labels == {"by US": "Washington"}
    assert config(**{"by US": "Washington"}).topics[0].labels == {"by US": "Washington"}


@pytest.mark.parametrize(
    ("labels", "line", "message"),
    [
        ({"film": "(film OR movie"}, 5, "this parenthesis is never closed"),
        ({"film": ""}, 5, "empty"),
        ({'a"b': "film"}, 5, "is no name of a label"),
        ({"film": 3}, 5, ""),
    ],
)
def test_faulty_labels(labels: Mapping[str, object], line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(**labels)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert message in problem.message


def test_labels_that_are_no_table() -> None:
    with pytest.raises(ConfigError, match="is no table; write labels ="):
        load('[[topic]]\nid = "kling"\nany = ["Kling"]\nlabels = ["film"]\n')


def test_match_prints_labels(monitor: Monitor, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[[topic]]\nid = "kling"\nany = "Kling"\nlabels = { film = "film" }\n')
    lines = tmp_path / "news.jsonl"
    lines.write_text('{"id": 1, "title": "Kling makes films"}\n')
    out = monitor("match", str(lines), "--config", str(file)).out
    assert json.loads(out)["labels"] == {"kling": ["film"]}
