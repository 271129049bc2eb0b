"""Documents read after the one before: only what changed is read, and it reads as in the whole.

Most call the worker's function in this process; that a worker is safe is tested with the pool.
"""

import functools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import identity
from monitor.model import (
    NO_VALIDATORS,
    FailureKind,
    FeedState,
    Fetched,
    KeyPolicy,
    ParsedFeed,
    ParseFailed,
    ParseResult,
)
from monitor.parse import ParserPool, imprint
from monitor.parse.document import read

FEEDS = Path(__file__).parent / "feeds"
SAMPLES = [path.read_bytes() for path in sorted(FEEDS.iterdir()) if path.suffix == ".xml"]

FORMS = {
    "RSS": (
        (
            '<rss version="2.0"><channel><title>{title}</title><link>https://a.example/</link>{items}'
            "</channel></rss>"
        ),
        (
            "<item><title>{title}</title><link>{link}</link><guid>{link}</guid>"
            "<pubDate>20 Nov 2026 08:30:00 GMT</pubDate><description>{text}</description></item>"
        ),
    ),
    "RDF": (
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
            ' xmlns="http://purl.org/rss/1.0/"><channel><title>{title}</title></channel>{items}'
            "</rdf:RDF>"
        ),
        (
            '<item rdf:about="{link}"><title>{title}</title><link>{link}</link>'
            "<description>{text}</description></item>"
        ),
    ),
    "Atom": (
        (
            '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>{title}</title>{items}'
            "</feed>"
        ),
        (
            '<entry xml:base="/b/"><title type="html">{title}</title><link href="{link}"/>'
            '<id>{link}</id><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">{text}'
            "</div></content></entry>"
        ),
    ),
}
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
STATE = FeedState(
    feed_url="https://feeds.example/feed",
    url="https://feeds.example/feed",
    next_poll_at=NOW,
    first_success_at=NOW,
)
form = pytest.mark.parametrize("form", FORMS)


def document(form: str, *titles: str, title: str = "Wire", between: str = "\n") -> str:
    whole, item = FORMS[form]
    items = between.join(
        item.format(title=name, link=f"https://a.example/{number}", text=f"About {name}")
        for number, name in enumerate(titles)
    )
    return whole.format(title=title, items=items)


def fetched(body: str | bytes) -> Fetched:
    url = "https://feeds.example/feed"
    return Fetched(
        feed_url=url,
        url=url,
        moved_to=None,
        body=body.encode() if isinstance(body, str) else body,
        content_type="",
        validators=NO_VALIDATORS,
    )


def parse(body: str | bytes, last: bytes = b"") -> ParseResult:
    return read(fetched(body), last)


def feed(body: str | bytes, last: bytes = b"") -> ParsedFeed:
    parsed = parse(body, last)
    assert isinstance(parsed, ParsedFeed), parsed
    return parsed


def titles(parsed: ParsedFeed) -> list[str]:
    return [entry.title for entry in parsed.entries]


@form
def test_only_new_and_changed_entries_are_read(form: str) -> None:
    first = feed(document(form, "One", "Two", "Three"))
    assert (titles(first), first.known) == (["One", "Two", "Three"], ())
    then = feed(document(form, "One", "Two, corrected", "Three", "Four"), first.imprint)
    assert titles(then) == ["Two, corrected", "Four"]
    assert then.known == (identity.marks(first.entries[0]), identity.marks(first.entries[2]))


@form
def test_a_chain_of_documents_is_read_once_each(form: str) -> None:
    last, found = b"", []
    for names in (["A"], ["A", "B"], ["A", "B"], ["A", "B", "C", "D"], ["A"], ["A", "E"]):
        parsed = feed(document(form, *names), last)
        last = parsed.imprint
        found += titles(parsed)
    assert found == ["A", "B", "C", "D", "E"]


@form
def test_what_the_feed_says_of_itself_is_always_the_present(form: str) -> None:
    last = feed(document(form, "One", "Two")).imprint
    for names in (["One", "Two"], ["Two, or not"], ["One", "Two", "Three"]):
        body = document(form, *names, title="Wire renamed")
        assert replace(feed(body, last), entries=(), known=()) == replace(feed(body), entries=())


def test_a_feed_that_changed_only_its_date_is_not_read_at_all() -> None:
    def built(at: str) -> str:
        dated = f"<channel><lastBuildDate>{at}</lastBuildDate><!-- in {at} ms -->"
        return document("RSS", "One", between=at).replace("<channel>", dated)

    read_once = feed(built("1"))
    known = imprint.load(read_once.imprint)
    assert known.feed
    # What was not read can only come from what was kept.
    kept = replace(known, feed=replace(known.feed, title="As it was kept"))
    then = feed(built("2"), imprint.dump(kept))
    assert (then.title, then.entries, len(then.known)) == ("As it was kept", (), 1)


def test_skipped_hours_are_those_of_the_feed_not_of_an_article_about_them() -> None:
    item = "<item><title>A</title><description>{}</description></item>"
    about = item.format("<![CDATA[<skipHours><hour>7</hour></skipHours>]]>")
    body = document("RSS").replace("</channel>", about + "</channel>")
    assert feed(body).skip_hours == frozenset()
    body = body.replace("<item>", "<skipHours><hour>5</hour></skipHours><item>")
    assert feed(body).skip_hours == feed(body, feed(body).imprint).skip_hours == {5}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda last: b"0" + last[1:], id="another version"),
        pytest.param(lambda last: last[:9], id="cut off"),
        pytest.param(lambda last: last.replace(b'"ttl"', b'"tty"'), id="other names"),
        pytest.param(lambda _last: b"\xff\x00", id="anything"),
    ],
)
def test_an_imprint_that_is_none_of_ours_is_forgotten(spoil: object) -> None:
    body = document("RSS", "One", "Two")
    assert callable(spoil)
    then = feed(body, spoil(feed(body).imprint))
    assert then == feed(body)
    assert then.imprint == feed(body).imprint


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("<item><title>Fish & chips</title></item>", id="broken XML"),
        pytest.param("<image><item><title>In an image</title></item></image>", id="elsewhere"),
        pytest.param("<item/>", id="an empty element"),
        pytest.param("<ITEM><title>In capitals</title></ITEM>", id="in capitals"),
    ],
)
def test_where_items_are_not_certain_the_whole_document_is_read(more: str) -> None:
    last = feed(document("RSS", "One", "Two")).imprint
    body = document("RSS", "One", "Two").replace("</channel>", more + "</channel>")
    assert feed(body, last) == feed(body)
    assert len(feed(body).entries) == 3
    assert feed(body).imprint == b""


NEW, END = "<item><title>New</title><link>c/</link>", "</description></item>"


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        pytest.param("<!--", "-->", id="in a comment"),
        pytest.param("<description><![CDATA[", "]]></description>", id="in a text"),
        pytest.param("<image>", "</image>", id="inside of another element"),
        pytest.param("<item>", "</item>", id="inside of an item"),
        pytest.param(f"{NEW}<description><![CDATA[", f"]]>{END}", id="in a new item's text"),
        pytest.param(f"{NEW}<!--", "--></item>", id="in a new item's comment"),
        pytest.param(NEW, "</item>", id="inside of a new item"),
        pytest.param(f"{NEW}</item>", f"{NEW}</item>", id="between new items"),
        pytest.param(NEW.replace(">", " xml:base='/b/'>", 1) + "</item>", "", id="behind a base"),
        pytest.param("<!--", "", id="behind a comment without an end"),
        pytest.param("<image>", "", id="broken before them"),
        pytest.param("", "&nbsp;</rss>", id="broken behind them"),
        pytest.param("", "", id="as they were"),
    ],
)
def test_known_items_count_only_where_items_stand(before: str, behind: str) -> None:
    whole = document("RSS", "One", "Two")
    last = feed(whole).imprint
    start, end = whole.index("<item>"), whole.rindex("</channel>")
    body = whole[:start] + before + whole[start:end] + behind + whole[end:]
    assert same_but_for_what_was_known(parse(body), parse(body, last))


def test_the_base_of_one_content_is_not_that_of_the_next_link() -> None:
    entry = (
        "<entry><id>{n}</id><title>{n}</title><link href='{n}'/>"
        "<content type='html' xml:base='https://b.example/{n}/'>a</content></entry>"
    )
    entries = [entry.format(n=n) for n in (1, 2, 3)]
    atom = "<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>"
    last = feed(atom.format("".join(entries[1:]))).imprint
    whole = feed(atom.format("".join(entries)))
    then = feed(atom.format("".join(entries)), last)
    assert [(e.guid, e.link) for e in whole.entries] == [
        (n, f"https://feeds.example/{n}") for n in ("1", "2", "3")
    ]
    assert then.entries == whole.entries[:1]


@pytest.mark.parametrize(
    ("before", "now", "whole"),
    [
        pytest.param("A", "BA", True, id="a second entry at the same address"),
        pytest.param("BA", "CBA", False, id="a third one"),
        pytest.param("BA", "B", True, id="only one is left"),
    ],
)
def test_where_entries_get_other_keys_the_whole_document_is_read(
    before: str, now: str, whole: bool
) -> None:
    item = "<item><title>{}</title><link>https://a.example/status</link></item>"

    def status(names: str) -> str:
        return document("RSS").replace(
            "</channel>", "".join(map(item.format, names)) + "</channel>"
        )

    then = feed(status(now), feed(status(before)).imprint)
    assert titles(then) == [name for name in now if whole or name not in before]


def test_a_document_cut_off_gives_what_is_new_in_it() -> None:
    last = feed(document("RSS", "One", "Two")).imprint
    for names, new in ((["One", "Two", "Three"], ["Three"]), (["One", "Two"], [])):
        body = document("RSS", *names).partition("</channel>")[0] + "<item><title>Half"
        then = feed(body, last)
        assert (titles(then), then.complete) == (new, False)


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<b>" * 300 + "</b>" * 300, "its elements are nested more than 256 deep"),
        (
            "<b " + " ".join(f"a{n}=''" for n in range(501)) + "/>",
            "it has more than 500 attributes",
        ),
        ("".join(f"<b xmlns:n{n}='u:{n}'/>" for n in range(201)), "it has more than 200 names"),
        ("<item/>" * 20_001, "it has more than 20,000 items"),
    ],
)
def test_a_hostile_document_is_refused_in_plain_words(inside: str, reason: str) -> None:
    body = document("RSS", "One").replace("</channel>", inside + "</channel>")
    failed = parse(body)
    assert isinstance(failed, ParseFailed)
    assert failed.kind is FailureKind.NOT_A_FEED
    assert failed.reason.startswith(reason)
    assert failed.reason.endswith(", which is refused as dangerous")


def same_but_for_what_was_known(full: ParseResult, then: ParseResult) -> bool:
    """Tell whether what was left out of a feed is all that makes it differ from the whole."""
    if not isinstance(full, ParsedFeed) or not isinstance(then, ParsedFeed):
        return full == then
    places = iter(full.entries)
    in_order = all(entry in places for entry in then.entries)
    whole = len(then.entries) + len(then.known) == len(full.entries)
    return in_order and whole and replace(then, entries=full.entries, known=()) == full


words = st.text("可灵 Kling&;<>]![CDATA-/'\"\n", max_size=12).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "")
)


@given(st.sampled_from(list(FORMS)), st.lists(words, max_size=6), st.data())
def test_what_is_kept_reads_as_in_the_whole(
    form: str, names: list[str], data: st.DataObject
) -> None:
    before = data.draw(st.lists(st.sampled_from(names), max_size=6)) if names else []
    last = feed(document(form, *before)).imprint
    body = document(form, *names)
    then = parse(body, last)
    assert same_but_for_what_was_known(parse(body), then)


def news(documents: list[str], *, remembering: bool) -> list[str]:
    """Poll these documents one after the other; give the keys of what each showed first."""
    known: set[str] = set()
    found: list[str] = []
    policy, last = KeyPolicy.GUID, b""
    for body in documents:
        parsed = feed(body, last)
        listing = identity.listing(parsed, policy)
        for listed in listing.entries:
            if not known & {listed.names.key, *listed.former_keys}:
                found.append(listed.names.key)
            known.add(listed.names.key)
        known |= {key for former, key in listing.renamed.items() if former in known}
        policy = listing.policy
        last = parsed.imprint if remembering else b""
    return found


items_much_alike = st.tuples(
    st.sampled_from(["", "<guid>1</guid>", "<guid>2</guid>"]),
    st.sampled_from(["", "<link>https://a.example/1</link>", "<link>https://a.example/2</link>"]),
    st.sampled_from(["", "<title>Kling</title>", "<title>Ali</title>"]),
).map(lambda parts: f"<item>{''.join(parts)}</item>")


@settings(max_examples=60)
@given(st.lists(st.lists(items_much_alike, max_size=4), max_size=5))
def test_the_same_news_is_found_as_if_every_document_was_read_in_full(
    polls: list[list[str]],
) -> None:
    start, end = document("RSS").split("</channel>")
    documents = [f"{start}{''.join(items)}</channel>{end}" for items in polls]
    assert news(documents, remembering=True) == news(documents, remembering=False)


@pytest.mark.parametrize("sample", SAMPLES)
def test_of_a_real_feed_any_part_may_be_known(sample: bytes) -> None:
    full = feed(sample)
    if not full.imprint:
        return
    known = imprint.load(full.imprint)
    chance = random.Random(1)
    for _ in range(20):
        some = {key: mark for key, mark in known.items.items() if chance.random() < 0.5}
        then = feed(sample, imprint.dump(replace(known, items=some)))
        assert len(then.known) == len(some)
        assert same_but_for_what_was_known(full, then)
        assert not full.complete or then.imprint == full.imprint


imprint_of = functools.cache(lambda sample: feed(sample).imprint)

pieces = st.sampled_from(
    [
        b"<item>", b"</item>", b"</entry>", b"<item/>", b"<entry xmlns='urn:x'>", b"&", b"&#xD800;",
        b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<", b">", b"\x00", b"\xff", b"<?php", b"</rss>",
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]>", b"<channel>", b"xmlns=''", b"\xe5\x8f", b"</channel>",
    ]
)  # fmt: skip
#: Where (as a part of the whole), how much is taken away, what is put there.
mutations = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(pieces, st.binary(max_size=6))),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    with ParserPool() as started:
        yield started


@settings(max_examples=80)
@given(st.sampled_from(SAMPLES), mutations)
def test_a_mutated_feed_is_a_feed_or_a_plain_word(
    pool: ParserPool, sample: bytes, mutated: list[tuple[float, int, bytes]]
) -> None:
    body = sample
    for part, cut, put in mutated:
        at = int(part * len(body))
        body = body[:at] + put + body[at + cut :]
    # Not in this process: feedparser raises what it likes, which the worker puts into words.
    full, then = pool.parse(fetched(body)), pool.parse(fetched(body), imprint_of(sample))
    assert isinstance(full, ParsedFeed | ParseFailed)
    assert same_but_for_what_was_known(full, then)
