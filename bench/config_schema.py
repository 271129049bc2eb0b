"""Write config.schema.json, by which editors complete and explain config.toml.

    python -m bench.config_schema

What may stand where comes from the classes that read it, the words on each key from docs/config.md.
"""

import json
import re
from pathlib import Path
from typing import Any

from monitor.config import LISTS, TABLES, Table, TopKeys

ROOT = Path(__file__).parents[1]
FILE = ROOT / "config.schema.json"

_DURATION = {"type": "string", "pattern": "^[0-9]{1,6} *[smhdw]$"}
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def schema() -> str:
    """Give the text of the schema."""
    words = dict(_words((ROOT / "docs" / "config.md").read_text("utf-8")))
    top = _table(TopKeys, words[""])
    for name, model in TABLES.items():
        top["properties"][name] = _table(model, words[name])
    for name, model in LISTS.items():
        top["properties"][name] = {"type": "array", "items": _table(model, words[name])}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "News Monitor"}
    return json.dumps({**head, **top}, ensure_ascii=False, indent=1) + "\n"


def _words(document: str) -> list[tuple[str, dict[str, str]]]:
    """Read the tables of the document: by the name of each section, its keys and their words."""
    found = []
    for section in re.split(r"^## ", document, flags=re.MULTILINE)[1:]:
        header = section.partition("\n")[0]
        rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", section, re.MULTILINE)
        words = {
            key: f"{_plain(meaning)} Default: {_plain(default)}." for key, default, meaning in rows
        }
        found.append((header.strip("[]") if header.startswith("[") else "", words))
    return found


def _plain(text: str) -> str:
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").strip(" .") + (
        "." if text.rstrip().endswith(".") else ""
    )


def _table(model: type[Table], words: dict[str, str]) -> dict[str, Any]:
    made = model.model_json_schema(by_alias=True)
    properties = {
        key: {"description": words[key], **_kind(key, kind)}
        for key, kind in made["properties"].items()
    }
    table = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": made["required"]} if "required" in made else table


def _kind(key: str, kind: dict[str, Any]) -> dict[str, Any]:
    """Say it as it stands in the file: durations and days as texts, one text for a list of one."""
    if key == "days":
        kind = {"type": "array", "items": {"enum": _DAYS}, "minItems": 1}
    if key.startswith("keep_"):
        return {"anyOf": [_DURATION, {"const": "forever"}]}
    if "anyOf" in kind:  # what may be left out cannot be written as nothing
        (kind,) = (each for each in kind["anyOf"] if each != {"type": "null"})
    if kind.get("format") == "duration":
        return _DURATION
    kept = {name: value for name, value in kind.items() if name not in {"default", "title"}}
    items = kept.get("items")
    if kept.get("type") == "array" and items and ("enum" in items or items["type"] == "string"):
        return {"anyOf": [items, kept]}
    return kept


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
