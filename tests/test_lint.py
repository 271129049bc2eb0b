"""What `monitor check` advises about topics."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import checking
from monitor.config import load
from monitor.query.lint import Counts, Lists, Tally, lint, lint_counts
from monitor.store import open_store
from tests.command import Monitor
from tests.factories import NOW, article


def lists(**given: object) -> Lists:
    return Lists(id="topic", **given)  # type: ignore[arg-type]  # lists and texts


def advice(**given: object) -> list[tuple[str, int | None, str]]:
    """Give key, position and what is underlined."""
    return [
        (each.key, each.position, each.doubt.text[slice(*each.doubt.span)])
        for each in lint(lists(**given))
    ]


@pytest.mark.parametrize(
    ("terms", "doubted"),
    [
        (["可灵"], []),
        (["灵"], ["灵"]),  # in many words
        (["Kling OR 灵"], ["灵"]),
        (["灵 NEAR/5 快手"], []),  # not by itself
        (["灵 AND 快手"], []),
        (["AI"], []),  # capitals are taken as written
        (["ai"], ["ai"]),
        (["title:ai"], ["ai"]),
        (["X"], ["X"]),
        (["ai NEAR/3 Kling"], []),
        (["C++"], []),
        (["llm"], []),
    ],
)
def test_terms_that_are_too_short(terms: list[str], doubted: list[str]) -> None:
    assert [text for *_, text in advice(any=terms)] == doubted
    assert advice(any=terms, asks_more=True) == []


@pytest.mark.parametrize(
    ("terms", "doubted"),
    [
        (["Kling", "Kuaishou"], []),
        (["可灵", "可靈"], ["可靈"]),  # traditional characters are the same
        (["export control", "Export-Controls"], []),  # "Export-Control" is no "export control"
        (["chip ban", "chip bans"], ["chip bans"]),
        (["Kling AI", "Kling"], ["Kling AI"]),
        (["Kling", "KlingAI"], []),  # one word
        (["Kling*", "KlingAI"], ["KlingAI"]),
        (["Alibaba", "Alibaba*"], ["Alibaba"]),
        (["Qwen3", "Qwen"], ["Qwen3"]),
        (["阿里", "阿里巴巴"], []),  # the longer one is what gets marked
        (["AI", "ai"], []),  # "ai" takes no A.I.
        (["=BIS", "BIS"], ["=BIS"]),
        (["bis", "=BIS"], ["=BIS"]),
        (["open-source", "source"], []),  # opensource is one word
        (["open-source", "open source"], ["open source"]),
        (['"chip ban"', "chip ban"], ['"chip ban"']),
        (["*kontrolle", "Exportkontrolle"], ["Exportkontrolle"]),
        (["*kontroll*", "Exportkontrolle"], ["Exportkontrolle"]),
    ],
)
def test_terms_that_another_one_covers(terms: list[str], doubted: list[str]) -> None:
    found = lint(lists(any=terms))
    assert [each.doubt.text for each in found if "takes all" in each.doubt.message] == doubted


@pytest.mark.parametrize(
    ("wanted", "none", "doubted"),
    [
        (["Kling"], ["Andreas Kling"], []),
        (["Kling"], ["Kling"], ["Kling"]),
        (["Kling"], ["Kling*"], ["Kling*"]),
        (["可灵"], ["可靈"], ["可靈"]),
        (["Kling", "可灵"], ["Kling OR karaoke"], ["Kling"]),
        (["Kling*"], ["Kling"], []),  # Klingon stays
        (["Kling"], ["Kling AND karaoke"], []),
        (["chip ban"], ["chip bans"], ["chip bans"]),
    ],
)
def test_exclusions_that_cancel_all(wanted: list[str], none: list[str], doubted: list[str]) -> None:
    found = advice(any=wanted, none=none)
    assert [text for key, _, text in found if key == "none"] == doubted


TOPICS = [lists(any=["Kling", "Klign", "AI"]), Lists(id="other", any=["Kling"], asks_more=True)]


def counts(articles: int = 2_000, shared: int = 0, **items: int) -> Counts:
    seen = {"Kling": 50, "Klign": 0, "AI": 40} | items
    return Counts(
        articles=articles,
        items={
            "topic": Counter({at: seen[name] for at, name in enumerate(TOPICS[0].any)}),
            "other": Counter({0: 1_000}),
        },
        matched=Counter({"topic": 90, "other": 30}),
        shared=Counter({("other", "topic"): shared}),
    )


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (counts(), ["“Klign”: in none of the last 2,000 articles"]),
        (counts(articles=900), []),  # too few to say anything
        (counts(Klign=1), []),
        (counts(Klign=1, AI=101), ["in 5 % of all articles"]),
        (counts(Klign=1, AI=700), ["in 35 % of all articles"]),
        (counts(Klign=1, shared=24), ["24 of its 30 articles also belong to “topic”"]),
        (counts(Klign=1, shared=23), []),
    ],
)
def test_what_the_archive_tells(seen: Counts, said: list[str]) -> None:
    found = [each.doubt.message for each in lint_counts(TOPICS, seen)]
    assert [message.startswith(begin) for message, begin in zip(found, said, strict=True)] == [
        True
    ] * len(said)


def test_counting() -> None:
    tally = Tally(TOPICS)
    tally.add(article("Kling and AI", text=""), ["topic", "other", "former"])
    tally.add(article("Kling", text=""), ["topic"])
    assert tally.counts.articles == 2
    assert tally.counts.items["topic"] == {0: 2, 2: 1}
    assert tally.counts.matched == {"topic": 2, "other": 1}
    assert tally.counts.shared == {("other", "topic"): 1}


def test_check_says_where_and_stays_content(monitor: Monitor, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[[topic]]\nid = "kling"\nany = [\n  "可灵",\n  "Kuaishou OR 灵",\n]\nnone = ["可靈"]\n',
        "utf-8",
    )
    said = monitor("check", "--config", str(file))
    assert said.code == 0
    assert ':5:16: topic 1 ("kling"), any: one character is a part of many words' in said.err
    assert ':7:10: topic 1 ("kling"), none: this cancels every hit of “可灵”' in said.err
    told = monitor("check", "--json", "--config", str(file))
    assert '"ok": true' in told.out
    assert told.out.count('"message"') == 2


def test_the_shipped_configuration_leaves_no_doubt(tmp_path: Path) -> None:
    config = load((Path(__file__).parents[1] / "config.toml").read_text("utf-8"))
    store = open_store(f"sqlite:///{tmp_path / 'monitor.db'}", patience=timedelta(seconds=1))
    found = checking.doubts(config, store, NOW)
    store.close()
    assert [each.told("config.toml") for each in found] == []


def test_many_terms_take_no_time(tmp_path: Path) -> None:
    many = [f"term{chr(97 + n % 26)}{chr(97 + n // 26 % 26)} {n}" for n in range(5_000)]
    assert advice(any=many) == []
