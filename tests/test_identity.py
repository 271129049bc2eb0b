"""Entries by name: the same entry of one feed, whatever its publisher does to its identifiers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.identity import Listed, keys_changed, listing, marks
from monitor.model import Entry, KeyPolicy, ParsedFeed

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)


def entry(title: str = "Kling learns to wait", **fields: object) -> Entry:
    plain = Entry(
        guid=None, link="https://wire.example/a/1", title=title, text="", published_at=NOW
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def document(*entries: Entry, known: tuple[bytes, ...] = ()) -> ParsedFeed:
    return ParsedFeed(title="The Wire", link=None, lang=None, entries=entries, known=known)


def seen(*entries: Entry, policy: KeyPolicy = KeyPolicy.GUID) -> tuple[Listed, ...]:
    return listing(document(*entries), policy).entries


def key(one: Entry) -> str:
    (listed,) = seen(one)
    return listed.names.key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(entry(guid="7"), entry(guid="7", link="https://b.example/"), id="guid"),
        pytest.param(
            entry(link="https://wire.example/a"),
            entry("New title", link="https://WIRE.example/a?utm_source=x#top"),
            id="link",
        ),
        pytest.param(
            entry(link=None), entry(link=None, published_at=None), id="no guid and no link: words"
        ),
    ],
)
def test_the_same_entry_has_the_same_key(one: Entry, other: Entry) -> None:
    assert key(one) == key(other)


def test_other_entries_have_other_keys() -> None:
    entries = [
        entry(guid="7"),
        entry(guid="8"),
        entry(link="https://wire.example/7"),
        entry(link="http://wire.example/7"),
        entry("7", link=None),
        entry("7", link=None, text="8"),
        entry("78", link=None),
    ]
    assert len({key(one) for one in entries}) == len(entries)


def test_one_guid_for_several_links_is_no_name() -> None:
    entries = [entry(guid="0", link=f"https://wire.example/{number}") for number in range(3)]
    three = [listed.names.key for listed in seen(*entries)]
    assert len(set(three)) == 3
    # A newer entry with that guid does not take over the name of an older one.
    newest = entry(guid="0", link="https://wire.example/new")
    assert [listed.names.key for listed in seen(newest, *entries)][1:] == three


def test_one_link_for_several_titles_is_no_name() -> None:
    page = "https://wire.example/news.html"
    entries = [entry(title, link=page) for title in ("One", "Two", "Three")]
    found = seen(*entries)
    assert len({listed.names.key for listed in found}) == 3


def test_one_link_for_several_notes_without_titles_is_no_name() -> None:
    page = "https://wire.example/notes.html"
    for guids in (("1", "2"), (None, None)):
        notes = zip(("It waits.", "It learns."), guids, strict=True)
        found = seen(*(entry("", link=page, text=text, guid=guid) for text, guid in notes))
        assert len({listed.names.key for listed in found}) == 2


def test_an_entry_that_stands_twice_is_seen_once() -> None:
    assert [listed.entry.title for listed in seen(entry("A"), entry("A"))] == ["A"]


def test_an_entry_that_says_nothing_is_not_seen() -> None:
    assert seen(entry("", guid="7", link=None)) == ()


texts = st.text(max_size=20)
entries_of_all_kinds = st.builds(
    Entry,
    guid=st.none() | texts,
    link=st.none() | texts | texts.map("https://wire.example/".__add__),
    title=texts,
    text=texts,
    publisher=texts,
    lang=st.none() | texts,
    published_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


entries_much_alike = st.builds(
    Entry,
    guid=st.sampled_from([None, "1", "2"]),
    link=st.sampled_from(
        [None, "https://wire.example/", "https://wire.example/a", "https://wire.example/a?fbclid=1"]
    ),
    title=st.sampled_from(["", "Kling", "kling", "Ali"]),
    text=st.sampled_from(["", "It waits."]),
)


@given(st.lists(st.tuples(entries_much_alike, st.booleans()), max_size=8))
def test_entries_that_were_read_before_still_count_for_the_others(
    entries: list[tuple[Entry, bool]],
) -> None:
    """What is new in a document has the same names whether all of it was read or only that."""
    # An entry's author is no part of any name, and tells here which one it is.
    numbered = [(replace(entry, author=str(n)), known) for n, (entry, known) in enumerate(entries)]
    new = [entry for entry, known in numbered if not known]
    known = tuple(marks(entry) for entry, known in numbered if known)
    part = listing(document(*new, known=known), KeyPolicy.GUID)
    whole = listing(document(*(entry for entry, _ in numbered)), KeyPolicy.GUID)
    assert (part.policy, part.keys) == (whole.policy, whole.keys)
    found = {listed.names.key: listed for listed in part.entries}
    assert found.keys() <= whole.keys
    of_new = {entry.author for entry in new}
    for listed in whole.entries:
        if listed.entry.author in of_new:
            assert found[listed.names.key] == listed


@given(st.lists(entries_of_all_kinds, max_size=8), st.sampled_from(list(KeyPolicy)))
def test_any_entries_have_keys_of_their_own(entries: list[Entry], policy: KeyPolicy) -> None:
    found = listing(document(*entries), policy)
    keys = [listed.names.key for listed in found.entries]
    assert len(set(keys)) == len(keys)
    assert found.keys == set(keys)
    assert all(len(key) == 32 for key in keys)
    assert listing(document(*entries), policy) == found


@given(st.lists(entries_much_alike, max_size=5), st.lists(entries_much_alike, max_size=5))
def test_an_entry_keeps_its_key_while_its_company_leaves_it_alone(
    first: list[Entry], second: list[Entry]
) -> None:
    both = entry("Kling", guid="1", link="https://wire.example/a")
    shown, again = (listing(document(both, *others), KeyPolicy.GUID) for others in (first, second))
    before, now = (list(map(marks, (both, *others))) for others in (first, second))
    if shown.policy is again.policy and not keys_changed(before, now, among=[marks(both)]):
        assert shown.entries[0].names.key == again.entries[0].names.key


def test_a_link_shared_for_the_first_time_changes_keys() -> None:
    status, other = (entry(title, link="https://wire.example/status") for title in ("Up", "Down"))
    alone, together = [marks(status)], [marks(status), marks(other)]
    assert keys_changed(alone, together, among=alone)
    assert keys_changed(together, alone, among=alone)
    assert not keys_changed(together, together, among=alone)
    assert not keys_changed(alone, together, among=[marks(entry("Rain", link=None))])
