"""The whole mail of issues of every size, byte by byte; tests/golden/README.md renews it."""

import os
import re
import unicodedata
from pathlib import Path

import pytest

from monitor.render import MAX_HTML_BYTES, TEXT_COLUMNS, Templates
from tests import press

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("stories", [0, 8, 70, 700])
def test_a_mail_looks_as_it_did(stories: int) -> None:
    mail = Templates([]).render(press.issue(stories))
    assert mail.problems == ()
    assert len(mail.html.encode()) <= MAX_HTML_BYTES
    made = {"html": mail.html, "txt": mail.text}
    for kind, content in made.items():
        file = GOLDEN / f"digest-{stories}.{kind}"
        if os.environ.get("MONITOR_RENEW_GOLDEN"):
            file.write_text(content, encoding="utf-8")
        assert content == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("stories", [8, 700])
def test_the_text_keeps_to_its_columns(stories: int) -> None:
    lines = Templates([]).render(press.issue(stories)).text.splitlines()
    assert max(columns(line) for line in lines if "://" not in line) <= TEXT_COLUMNS


def test_colours_can_be_told_from_their_ground() -> None:
    """WCAG AA: 4.5 to 1 for text, in light and in dark, of every colour on the ground it has."""
    style = (GOLDEN.parent.parent / "templates" / "digest.html.j2").read_text(encoding="utf-8")
    light, _, dark = style.partition("prefers-color-scheme: dark")
    for part, ground in ((light, "#ffffff"), (dark, "#1b1b1b")):
        for rule in re.findall(r"[{]([^{}%]*)[}]", part):
            own = dict(re.findall(r"(?:^|[ ;])(color|background): (#[0-9a-f]{6})", rule))
            if "color" in own:
                behind = own.get("background", ground)
                assert contrast(own["color"], behind) >= 4.5, (own, behind)
        words = re.findall(r"[.]text\b[^{]*[{][^}]*?color: (#\w+)", part)
        marked = re.findall(r"^ *[.]hit [{] background: (#\w+)", part, re.MULTILINE)
        assert contrast(words[0], marked[0]) >= 4.5


def columns(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
