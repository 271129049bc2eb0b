"""Adding feeds to a configuration changes nothing else in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import config as configuration
from monitor.config.editing import NewFeed, add_feeds
from monitor.errors import MonitorError

SHIPPED = (Path(__file__).parents[1] / "config.toml").read_text("utf-8")
NEW = NewFeed(url="https://new.example/feed")
BLOCK = '[[feed]]\nurl = "https://new.example/feed"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", BLOCK, id="an empty file"),
        pytest.param("# mine\n", f"# mine\n\n{BLOCK}", id="no feed yet"),
        pytest.param('timezone = "UTC"', f'timezone = "UTC"\n\n{BLOCK}', id="no last line end"),
        pytest.param(
            '[[feed]]\nurl = "https://a.example/"  # the first\n\n\n# DIGESTS\n\n[[digest]]\n',
            '[[feed]]\nurl = "https://a.example/"  # the first\n\n'
            + BLOCK
            + "\n\n# DIGESTS\n\n[[digest]]\n",
            id="before the next section's heading",
        ),
        pytest.param(
            '[[feed]]\nurl = "https://a.example/"\n#every = "6h"\n\n[web]\n',
            f'[[feed]]\nurl = "https://a.example/"\n#every = "6h"\n\n{BLOCK}\n[web]\n',
            id="a switched-off line stays with its feed",
        ),
        pytest.param(
            '[[feed]]\nurl = "https://a.example/"\n# The mail:\n[[digest]]\n',
            f'[[feed]]\nurl = "https://a.example/"\n\n{BLOCK}\n# The mail:\n[[digest]]\n',
            id="a comment stays with the table below it",
        ),
        pytest.param(
            '[[feed]]\nurl = "https://a.example/"\n[web]\n[[feed]]\nurl = """https://b.\\\n'
            '   example/"""\n[archive]\n',
            '[[feed]]\nurl = "https://a.example/"\n[web]\n[[feed]]\nurl = """https://b.\\\n'
            f'   example/"""\n\n{BLOCK}\n[archive]\n',
            id="feeds that stand apart, a value over two lines",
        ),
        pytest.param(
            '[[feed]]\r\nurl = "https://a.example/"\r\n',
            '[[feed]]\r\nurl = "https://a.example/"\r\n\r\n' + BLOCK.replace("\n", "\r\n"),
            id="line ends of Windows",
        ),
    ],
)
def test_a_feed_goes_behind_the_last_one(before: str, after: str) -> None:
    assert add_feeds(before, [NEW]) == after


def test_every_key_is_written_and_read_back() -> None:
    feed = NewFeed(
        url="https://new.example/feed?a=b#c",
        name='The "Post" \\ 可灵',
        label="state media",
        lang="zh-Hant",
        every="6h",
    )
    added = configuration.load(add_feeds(SHIPPED, [feed])).feeds[-1]
    assert (added.url, added.name, added.label, added.lang) == (
        feed.url,
        feed.name,
        feed.label,
        feed.lang,
    )
    assert added.every is not None
    assert added.every.total_seconds() == 6 * 3600


PIECES = st.sampled_from(
    [
        "",
        "# a comment",
        "  # another",
        '[[topic]]\nid = "kling"\nany = ["Kling", # why\n  "可灵"]\n',
        '[[digest]]\nname = "daily"\n',
        "[web]",
        "[archive]\n",
    ]
)


def _text(pieces: list[str], line_end: str) -> str:
    seen: list[str] = []
    for number, piece in enumerate(pieces):
        # A table may be there once; only feeds repeat.
        if not piece.startswith("[") or piece not in seen:
            seen.append(piece.replace("NUMBER", str(number)))
    return "\n".join(seen).replace("\n", line_end)


@given(
    pieces=st.lists(st.one_of(PIECES, st.just('[[feed]]\nurl = "https://NUMBER.example/"'))),
    line_end=st.sampled_from(["\n", "\r\n"]),
    names=st.lists(st.text(st.characters(exclude_categories=["C", "Z"])), min_size=1, max_size=3),
)
def test_nothing_else_changes(pieces: list[str], line_end: str, names: list[str]) -> None:
    """What comes out is what went in with something put into it, and holds the feeds of both."""
    text = _text(pieces, line_end)
    new = [NewFeed(url=f"https://new.example/{n}", name=name) for n, name in enumerate(names)]
    edited = add_feeds(text, new)
    start = next((i for i, (a, b) in enumerate(zip(text, edited, strict=False)) if a != b), None)
    start = len(text) if start is None else start
    grown = len(edited) - len(text)
    assert any(
        edited[: start - back] + edited[start - back + grown :] == text for back in range(start + 1)
    )
    before, after = configuration.load(text), configuration.load(edited)
    assert after.feeds[: len(before.feeds)] == before.feeds
    assert [(f.url, f.name) for f in after.feeds[len(before.feeds) :]] == [
        (f.url, f.name) for f in new
    ]
    assert (after.topics, after.digests, after.web) == (before.topics, before.digests, before.web)


def test_feeds_in_one_list_are_refused_in_plain_words() -> None:
    with pytest.raises(MonitorError, match=r"write each as a table of its own"):
        add_feeds('feed = [{url = "https://a.example/"}]\n', [NEW])
