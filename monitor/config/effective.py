"""A configuration with every key that it could have: what is in force, the defaults included."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from monitor.config.checks import DAYS_SHORT, duration_text
from monitor.config.models import LISTS, TABLES, Config, Table, TopicConfig, TopKeys


def effective(config: Config) -> str:
    """Write a configuration as TOML with all its keys; one that stands for nothing is a comment.

    There is no secret in it, as there is none in the file: those live elsewhere and are named here.
    """
    parts = [_table("", TopKeys(database=config.database, timezone=config.timezone))]
    lists = {"topic": config.topics, "feed": config.feeds, "digest": config.digests}
    for name in TABLES:
        table = getattr(config, name)
        parts.append(_table(f"[{name}]", table) if table else f"#[{name}]\n")
    for name in LISTS:
        parts.extend(_table(f"[[{name}]]", table) for table in lists[name])
    return "\n".join(parts)


def _table(header: str, table: Table) -> str:
    return "\n".join([*filter(None, [header]), *_lines(table)]) + "\n"


def _lines(table: Table) -> Iterator[str]:
    for name, field in type(table).model_fields.items():
        key = str(field.validation_alias or name)
        value = getattr(table, name)
        if value is None and key.startswith("keep_"):
            value = "forever"
        if value is None or value == "":
            yield f"#{key} ="
        elif key == "within" and isinstance(table, TopicConfig) and not table.near:
            yield f"#{key} = {value}"  # refused where it says nothing
        else:
            yield f"{key} = {_value(value)}"


def _value(value: object) -> str:
    match value:
        case timedelta():
            return _value(duration_text(value))
        case frozenset():
            return _value(tuple(DAYS_SHORT[day] for day in sorted(value)))
        case tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case Mapping():
            pairs = (f"{_value(key)} = {_value(each)}" for key, each in value.items())
            return "{ " + ", ".join(pairs) + " }" if value else "{}"
        case _:
            return json.dumps(value, ensure_ascii=False)
