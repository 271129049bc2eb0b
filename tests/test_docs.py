"""Documents keep their word: what they name exists, and what exists is named."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from monitor import config as configuration
from monitor.cli import cli
from monitor.model import TRANSITIONS, DeliveryState

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def commands(group: click.Group = cli, prefix: str = "monitor") -> Iterator[tuple[str, set[str]]]:
    """Give each command as it is typed, with its options; a group that also runs alone is one."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            options = {opt for param in command.params for opt in param.opts if opt[0] == "-"}
            yield f"{prefix} {name}", options


COMMANDS = dict(commands())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", document.read_text("utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    missing = [link for link in local if not (document.parent / link).exists()]
    assert not missing


def test_the_list_of_documents_is_complete() -> None:
    listed = (ROOT / "docs" / "README.md").read_text("utf-8")
    documents = {file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert documents == set(re.findall(r"^- \[.*?\]\(([\w.-]+\.md)\)", listed, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE))
    assert named <= targets()


def test_make_help_tells_every_target() -> None:
    told = set(re.findall(r"@echo 'make ([a-z]+)", MAKEFILE))
    assert told == targets() - {"help"}


def targets() -> set[str]:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    return set(phony[1].split())


def test_the_readme_has_every_command() -> None:
    told = {row_command(row) for row in command_rows()}
    assert told == COMMANDS.keys()


def test_the_readme_names_only_options_that_exist() -> None:
    for row in command_rows():
        options = set(re.findall(r"--[a-z][a-z-]*", row))
        assert options <= COMMANDS[row_command(row)], row


def command_rows() -> list[str]:
    return re.findall(r"^\| (`monitor .*) \|$", README, re.MULTILINE)


def row_command(row: str) -> str:
    """Give "monitor digest list" for its row: the words before any argument or option."""
    typed = re.match(r"`(monitor(?: [a-z]+)+)", row)
    assert typed, row
    return typed[1]


def test_the_readme_s_configuration_is_valid() -> None:
    (snippet,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    config = configuration.load(snippet)
    assert config.mail is not None


def test_the_container_starts_a_command_that_exists() -> None:
    words = re.findall(r'"([^"]+)"', DOCKERFILE[DOCKERFILE.index("\nCMD") :])
    assert {word for word in words if word.startswith("--")} <= COMMANDS[f"monitor {words[0]}"]


def test_the_container_s_files_are_there_to_be_copied() -> None:
    allowed = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    ]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed, f"{source} is kept out by .dockerignore"


def test_compose_publishes_to_this_machine_only() -> None:
    ports = re.search(r"ports:\n((?: +- .*\n)+)", COMPOSE)
    assert ports
    assert re.findall(r'- "([\d.:]+)"', ports[1]) == ["127.0.0.1:8484:8484"]
    assert "\nEXPOSE 8484\n" in DOCKERFILE


def test_compose_mounts_what_is_there() -> None:
    mounted = re.findall(r"- \./(\S+?):/app/(\S+?):ro", COMPOSE)
    assert mounted == [("config.toml", "config.toml"), ("templates", "templates")]
    for here, _ in mounted:
        assert (ROOT / here).exists()


def test_every_dependency_is_pinned_to_a_version_it_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            pins[canonicalize_name(name)] = version
    extras = project["optional-dependencies"].values()
    for text in [*project["dependencies"], *(text for extra in extras for text in extra)]:
        wanted = Requirement(text)
        if wanted.name == project["name"]:
            continue
        pin = pins.get(canonicalize_name(wanted.name))
        assert pin, f"{wanted.name} is missing from constraints.txt"
        assert pin in wanted.specifier, f"constraints.txt pins {wanted.name}=={pin}"


def test_the_drawing_of_a_delivery_s_life_is_what_the_code_allows() -> None:
    drawing = (ROOT / "docs" / "delivery.md").read_text("utf-8")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", drawing, re.MULTILINE))
    allowed = {(str(here), str(there)) for here, to in TRANSITIONS.items() for there in to}
    assert drawn == allowed
    assert TRANSITIONS.keys() == set(DeliveryState)
