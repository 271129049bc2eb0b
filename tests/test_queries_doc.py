"""docs/queries.md says what happens: every example in it is tried."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.config import TopicConfig
from monitor.matcher import Topics, loose_article

PAGE = (Path(__file__).parents[1] / "docs" / "queries.md").read_text("utf-8")


def rows(*heading: str) -> list[tuple[str, ...]]:
    """Give the rows of all tables with this heading."""
    found: list[tuple[str, ...]] = []
    lines = PAGE.splitlines()
    for number, line in enumerate(lines):
        if line == f"| {' | '.join(heading)} |":
            for row in lines[number + 2 :]:
                if not row.startswith("|"):
                    break
                found.append(tuple(cell.strip() for cell in row.strip("|").split(" | ")))
    return found


def topic(**lists: object) -> Topics:
    return Topics([TopicConfig.model_validate({"id": "example", "name": "Example", **lists})])


@pytest.mark.parametrize(("query", "text", "result"), rows("query", "text", "result"))
def test_queries(query: str, text: str, result: str) -> None:
    matches = topic(any=(query.strip("`"),)).match_text(text, "")
    assert ("hit" if matches else "miss") == result


@pytest.mark.parametrize(
    ("query", "article", "result"), rows("query", "title / text / known", "result")
)
def test_fields(query: str, article: str, result: str) -> None:
    title, text, known = (part.strip() for part in (article + " ").split("/ ", 2))
    name, _, value = known.partition("=")
    facts: dict[str, Any] = {"tags": (value,)} if name == "tag" else {name: value} if name else {}
    seen = loose_article(title, text, **facts)
    assert ("hit" if topic(any=(query.strip("`"),)).match(seen) else "miss") == result


@pytest.mark.parametrize(("text", "result"), rows("text", "result"))
def test_lists(text: str, result: str) -> None:
    block = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert block
    matches = topic(**tomllib.loads(block[1])).match_text("", text)
    assert ("hit" if matches else "miss") == result


def test_the_page_has_its_examples() -> None:
    assert len(rows("query", "text", "result")) > 50
    assert len(rows("text", "result")) > 5
    assert len(rows("query", "title / text / known", "result")) > 10
