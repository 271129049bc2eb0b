"""The layers of the house, read from the imports: they point down only.

entry points   cli serve console scheduler web/ …        people, HTTP, the clock
               app                                       builds the real parts
use cases      poll deliver archive reading …            gather, decide, apply
edges          fetch/ parse/ store/ render mail          one third-party package each, no neighbours
processes      workers/                                  children that may be killed
core           the pure parts                            no clock, no I/O
words          model errors

Imports for type checking only count as well: they are knowledge all the same.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import monitor

PACKAGE = Path(monitor.__file__).parent

LAYERS = {
    "entry points": {
        "__main__",
        "cli",
        "cli_change",
        "cli_check",
        "cli_digest",
        "cli_feeds",
        "cli_try",
        "cli_stats",
        "cli_why",
        "console",
        "serve",
        "terminal",
        "scheduler",
        "watching",
        "web",
        "demo",
    },
    "app": {"app"},
    "use cases": {
        "poll",
        "group",
        "deliver",
        "archive",
        "auditing",
        "checking",
        "reaching",
        "finding",
        "timeline",
        "weighing",
        "noise",
        "trying",
        "reading",
        "stats",
        "records",
        "subscribe",
        "change",
    },
    "edges": {"extract", "fetch", "parse", "store", "render", "mail", "starts"},
    "processes": {"workers"},
    "core": {
        "config",
        "polling",
        "rhythm",
        "matcher",
        "digest",
        "slots",
        "storytelling",
        "query",
        "articles",
        "identity",
        "links",
        "text",
        "fold_table",
        "languages",
        "markup",
        "discovery",
        "opml",
        "drawing",
        "silence",
        "steady",
        "stories",
        "ranking",
        "suggest",
    },
    "words": {"model", "errors"},
}
HEIGHT = {part: -height for height, parts in enumerate(LAYERS.values()) for part in parts}

OWNERS = {
    "httpx": {"fetch"},
    "httpcore": {"fetch"},
    "anyio": {"fetch", "web"},
    "feedparser": {"parse"},
    "trafilatura": {"extract"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "jinja2": {"render"},
    "css_inline": {"render"},
    "dkim": {"mail"},
    "apscheduler": {"scheduler"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "python_multipart": {"web"},
    "click": {
        "cli",
        "cli_change",
        "cli_check",
        "cli_digest",
        "cli_feeds",
        "cli_try",
        "cli_stats",
        "cli_why",
        "console",
        "serve",
    },  # those that talk on the terminal
    "rich": {"terminal"},
    "pydantic": {"config"},
    "ahocorasick_rs": {"query"},
    "tomlkit": {"config"},
}

#: What the core must not touch: files, sockets, processes, threads, the environment, chance.
IMPURE_MODULES = {
    "asyncio", "concurrent", "glob", "http", "io", "multiprocessing", "os", "pathlib", "random",
    "secrets", "selectors", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip
IMPURE_NAMES = {"open", "input", "print"}
CLOCKS = {"now", "utcnow", "today"}


@dataclass(frozen=True)
class Module:
    """One source file of the product."""

    path: Path

    @property
    def name(self) -> str:
        """The dotted name below `monitor`, "" for the package itself."""
        parts = self.path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def part(self) -> str:
        """The module or package directly below `monitor` that it belongs to."""
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.path.read_text("utf-8"), str(self.path))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Give each import's line and full dotted name, wherever in the file it stands."""
        package = "monitor." + self.name
        if self.path.name != "__init__.py":
            package = package.rpartition(".")[0]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                above = package.rstrip(".").split(".")
                base = above[: len(above) - node.level + 1] if node.level else []
                origin = ".".join([*base, *filter(None, [node.module])])
                for alias in node.names:
                    yield node.lineno, f"{origin}.{alias.name}"

    def where(self, line: int) -> str:
        """Name a place in the file as an editor can open it."""
        return f"monitor/{self.path.relative_to(PACKAGE)}:{line}"


MODULES = [
    Module(path)
    for path in sorted(PACKAGE.rglob("*.py"))
    if "shipped" not in path.relative_to(PACKAGE).parts
]
CORE = [module for module in MODULES if module.part in LAYERS["core"] | LAYERS["words"]]


def test_every_part_has_its_layer() -> None:
    homeless = {module.part for module in MODULES if module.part} - HEIGHT.keys()
    assert not homeless, f"add them to LAYERS in {Path(__file__).name}: {sorted(homeless)}"


def test_imports_point_down_only() -> None:
    faults = []
    for module in MODULES:
        for line, name in module.imports():
            root, _, rest = name.partition(".")
            part = rest.partition(".")[0]
            if root != "monitor" or part == module.part or part not in HEIGHT:
                continue
            here, there = HEIGHT.get(module.part, 0), HEIGHT[part]
            sideways = here == there and part not in _may_share(module.part)
            if there > here or sideways:
                faults.append(f"{module.where(line)}: {module.part} must not know {part}")
    assert not faults, "\n".join(faults)


def _may_share(part: str) -> set[str]:
    """Neighbours of one layer that may know each other: all but the edges."""
    for name, parts in LAYERS.items():
        if part in parts:
            return set() if name == "edges" else parts
    return set()


def test_each_third_party_package_has_one_owner() -> None:
    faults = []
    for module in MODULES:
        for line, name in module.imports():
            root = name.partition(".")[0]
            if root == "monitor" or root in sys.stdlib_module_names:
                continue
            owners = OWNERS.get(root)
            if owners is None:
                faults.append(f"{module.where(line)}: {root} has no owner in OWNERS")
            elif module.part not in owners:
                faults.append(f"{module.where(line)}: {root} belongs to {' and '.join(owners)}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("module", CORE, ids=lambda module: module.name)
def test_the_core_does_no_io_and_reads_no_clock(module: Module) -> None:
    faults = [
        f"{module.where(line)}: imports {name}"
        for line, name in module.imports()
        if any(name == banned or name.startswith(banned + ".") for banned in IMPURE_MODULES)
        and not name.startswith("pathlib.Pure")
    ]
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in IMPURE_NAMES:
                faults.append(f"{module.where(node.lineno)}: calls {name}()")
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=name) if name in CLOCKS:
                faults.append(f"{module.where(node.lineno)}: reads the clock; take `now` instead")
            case _:
                pass
    assert not faults, "\n".join(faults)
