"""What is the same entry inside one feed, whatever its publisher does to its identifiers.

An entry has one key, by which it is known at the next poll. It also has weaker names: the page that
it leads to, its title. When a key was never seen before, these tell whether a known entry only got
another key: guids are regenerated, sites move to https or to another host.

document ─→ `listing` (keys) ─→ store: known keys ─→ store: lookalikes ─→ `recognized`
"""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from monitor.links import canonical_link, is_google_news, stands_for_a_page, without_site
from monitor.model import Entry, EntryNames, KeyPolicy, KnownEntry, ParsedFeed

#: So long after its publication an entry may be recognised by its text, under another title.
REWORDED_WITHIN = timedelta(days=30)
#: Of the pieces of two texts, so many are shared if one is the other with changes; and so few at
#: most if they have nothing to do with each other.
ALIKE, UNLIKE = 0.8, 0.5

# Changing how keys are made means a new version: old keys then simply never match.
_KEY_VERSION = b"2"
_MARK = 8
# Where in an entry's marks each stands.
_GUID, _LINK, _HEADING = (slice(start, start + _MARK) for start in (0, _MARK, 2 * _MARK))
_NO_MARK = bytes(_MARK)
_LADDER = (KeyPolicy.GUID, KeyPolicy.LINK, KeyPolicy.LINK_TITLE)
# A text is compared in pieces of so many characters, which works in any script, up to a length that
# holds any summary. A text of few pieces ("Read more") proves nothing.
_PIECE, _COMPARED, _FEW_PIECES = 5, 3000, 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a document, and what it is called."""

    entry: Entry
    names: EntryNames
    #: The keys under the policy that the feed had before of all entries that have this key now.
    former_keys: frozenset[str]
    #: Its canonical link, "" for none.
    link: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All entries of a document by name."""

    #: How the document's entries get their keys.
    policy: KeyPolicy
    #: Those that were read, in the document's order, each once.
    entries: tuple[Listed, ...]
    #: The marks of all, those that were not read again among them; and what gives a mark's key.
    marks: tuple[bytes, ...]
    key_of: Callable[[bytes], str] = field(compare=False)
    #: Of those that were not read again, when the policy changed: the key before, and the new one.
    renamed: Mapping[str, str]
    #: Canonical links that the document uses for several titles.
    shared_links: frozenset[str]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all entries, which are rarely needed and take time to make."""
        return frozenset(map(self.key_of, self.marks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """Which entries of a document are known, and as what."""

    #: By the key they have now.
    entries: Mapping[str, KnownEntry] = field(default_factory=dict)
    #: Canonical links that a known entry has under another title.
    reused_links: frozenset[str] = frozenset()


def listing(parsed: ParsedFeed, policy: KeyPolicy) -> Listing:
    """Name the entries of a document; what says nothing at all is none.

    When more than one in twenty has no identifier of the present kind, or shares it with another,
    all entries are named by the next kind from here on: guid → link → link with title. What a
    publisher neglects would at times be there and at times not.

    Args:
        parsed: The document.
        policy: The feed's policy so far; it never gets back to an earlier one.
    """
    read = [(entry, canonical_link(entry.link or "")) for entry in parsed.entries]
    marked = [(entry, link, _marks(entry, link)) for entry, link in read if _says_anything(entry)]
    unread = [mark for mark in parsed.known if mark != 3 * _NO_MARK]
    every = (*(mark for _, _, mark in marked), *unread)
    guids, links = ambiguous(every)
    now = _policy(frozenset(every), policy, guids, links)

    def key(mark: bytes, policy: KeyPolicy) -> str:
        return _key(mark, policy, guids, links)

    formers = defaultdict(set)
    for mark in every if now is not policy else ():
        formers[key(mark, now)].add(key(mark, policy))
    found: dict[str, Listed] = {}
    for entry, link, mark in marked:
        own = key(mark, now)
        if own not in found:
            names = _names(entry, own, link, shared=mark[_LINK] in links)
            found[own] = Listed(entry, names, frozenset(formers[own] or {own}), link)
    return Listing(
        policy=now,
        entries=tuple(found.values()),
        marks=every,
        key_of=lambda mark: key(mark, now),
        renamed={} if now is policy else {key(mark, policy): key(mark, now) for mark in unread},
        shared_links=frozenset(link for _, link, mark in marked if mark[_LINK] in links),
    )


def recognized(
    listing: Listing, known: Iterable[KnownEntry], lookalikes: Collection[KnownEntry], now: datetime
) -> Recognized:
    """Tell which entries are known, by their keys or for what they say.

    An entry under a new key is a known one if that is not listed under its own key any more, and

    - both lead to the same page, host and scheme apart, with the same title, or the same time of
      publication, or nearly the same text in its first month; or
    - both have the same title on the same day, and their texts do not contradict it.

    So entries of one page with titles of their own (a status page's) stay apart.

    Args:
        listing: The document.
        known: The feed's entries that are known by a key of the listing, present or former.
        lookalikes: Those that have page or title in common with an entry of it.
        now: When the document was read.
    """
    by_key = {entry.key: entry for entry in known}
    found: dict[str, KnownEntry] = {}
    for listed in listing.entries:
        for key in (listed.names.key, *sorted(listed.former_keys)):
            if key in by_key:
                found[listed.names.key] = by_key[key]
                break
    taken = {entry.key for entry in found.values()}
    free = [
        entry for entry in lookalikes if entry.key not in taken and entry.key not in listing.keys
    ]
    for same_entry in (_same_page_and_title, _same_title_and_day, _same_page_reworded):
        for listed in listing.entries:
            if listed.names.key in found:
                continue
            for entry in free:
                if same_entry(listed, entry, now):
                    found[listed.names.key] = entry
                    free.remove(entry)
                    break
    titles = defaultdict(set)
    for entry in lookalikes:
        titles[canonical_link(entry.url)].add(entry.names.heading)
    reused = {
        listed.link for listed in listing.entries if titles[listed.link] - {listed.names.heading}
    }
    return Recognized(entries=found, reused_links=frozenset(reused - {""}))


def marks(entry: Entry) -> bytes:
    """Reduce what tells an entry from the others of its document to 24 bytes.

    They stand for an entry that is in a document, but was read before and is not read again; see
    `ParsedFeed.known`.
    """
    if not _says_anything(entry):
        return 3 * _NO_MARK
    return _marks(entry, canonical_link(entry.link or ""))


def ambiguous(marked: Iterable[bytes]) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Give the guids that a document uses for several links, and its links for several titles.

    Args:
        marked: The `marks` of all its entries; of the same kind is what is given.
    """
    entries = frozenset(marked)
    if all(len({entry[of] for entry in entries}) == len(entries) for of in (_GUID, _LINK)):
        return frozenset(), frozenset()  # as in most documents, each has its own
    links: defaultdict[bytes, set[bytes]] = defaultdict(set)
    headings: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for entry in entries:
        links[entry[_GUID]].add(entry[_LINK])
        headings[entry[_LINK]].add(entry[_HEADING])
    return _of_several(links), _of_several(headings)


def keys_changed(before: Iterable[bytes], now: Iterable[bytes], among: Iterable[bytes]) -> bool:
    """Tell whether an entry that stands in two documents has another key in the second.

    It has if the others make its guid or its link ambiguous in only one of them.

    Args:
        before: The `marks` of all entries of the first document.
        now: Those of the second.
        among: Those of the entries in question.
    """
    before, now = frozenset(before), frozenset(now)
    if before == now:
        return False
    guids, links = (
        first ^ second for first, second in zip(ambiguous(before), ambiguous(now), strict=True)
    )
    return bool(guids or links) and any(
        entry[_GUID] in guids or entry[_LINK] in links for entry in among
    )


def folded(text: str) -> str:
    """Write a text as it is compared: letters as such, gaps alike."""
    # Not `text.fold`: keys are stored, and must not change when matching learns a new folding.
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def title_of(entry: Entry) -> str:
    """Give the title without the publisher that Google News appends to it."""
    suffix = f" - {entry.publisher}"
    if entry.publisher and entry.title.endswith(suffix) and is_google_news(entry.link or ""):
        return entry.title.removesuffix(suffix).rstrip()
    return entry.title


def heading_of(entry: Entry) -> str:
    """Give the title as it is compared; what has none is told apart by its text."""
    return folded(title_of(entry)) or folded(entry.text)


def _says_anything(entry: Entry) -> bool:
    return bool(entry.title or entry.text or entry.link)


def _marks(entry: Entry, link: str) -> bytes:
    words = heading_of(entry)
    if not link:
        # Nothing but its words tells it from another one.
        words = f"{words}\0{folded(entry.text)}"
    return b"".join(map(_mark, (entry.guid or "", link, words)))


def _policy(
    marked: Collection[bytes],
    policy: KeyPolicy,
    guids: Collection[bytes],
    links: Collection[bytes],
) -> KeyPolicy:
    kinds = ((KeyPolicy.GUID, _GUID, guids), (KeyPolicy.LINK, _LINK, links))
    for kind, place, shared in kinds[_LADDER.index(policy) :]:
        bad = sum(mark[place] == _NO_MARK or mark[place] in shared for mark in marked)
        if bad * 20 <= len(marked):
            return kind
    return KeyPolicy.LINK_TITLE


def _key(mark: bytes, policy: KeyPolicy, guids: Collection[bytes], links: Collection[bytes]) -> str:
    """Name an entry by the best that it has under a policy; see `listing`."""
    guid, link, words = mark[_GUID], mark[_LINK], mark[_HEADING]
    if policy is KeyPolicy.GUID and guid != _NO_MARK:
        # A guid that stands for several links names none of them alone.
        parts = (b"guid|link", guid, link) if guid in guids else (b"guid", guid)
    elif link == _NO_MARK:
        parts = (b"words", words)
    elif policy is KeyPolicy.LINK_TITLE or link in links:
        parts = (b"link|title", link, words)
    else:
        parts = (b"link", link)
    return hashlib.blake2b(b"\0".join((_KEY_VERSION, *parts)), digest_size=16).hexdigest()


def _names(entry: Entry, key: str, link: str, *, shared: bool) -> EntryNames:
    page = without_site(link if stands_for_a_page(link) and not shared else entry.guid or "")
    heading = heading_of(entry)
    publisher = folded(entry.publisher)
    return EntryNames(
        key=key,
        page=_number(page) if page else None,
        heading=_number(f"{publisher}\0{heading}"),
        content=_number(f"{entry.title}\0{entry.text}\0{link}"),
    )


def _same_page_and_title(listed: Listed, known: KnownEntry, _now: datetime) -> bool:
    return _same_page(listed, known) and listed.names.heading == known.names.heading


def _same_title_and_day(listed: Listed, known: KnownEntry, now: datetime) -> bool:
    same = listed.names.heading == known.names.heading
    if not same or _moment(listed.entry, now).date() != known.sorted_at.date():
        return False
    one, other = _pieces(listed.entry.text), _pieces(known.text)
    fewer = min(len(one), len(other))
    return fewer < _FEW_PIECES or len(one & other) >= UNLIKE * fewer


def _same_page_reworded(listed: Listed, known: KnownEntry, now: datetime) -> bool:
    if not _same_page(listed, known):
        return False
    if listed.entry.published_at is not None and listed.entry.published_at == known.sorted_at:
        return True
    if now - known.sorted_at > REWORDED_WITHIN:
        return False
    one, other = _pieces(listed.entry.text), _pieces(known.text)
    shared = len(one & other)
    return shared >= max(_FEW_PIECES, ALIKE * len(one | other))


def _same_page(listed: Listed, known: KnownEntry) -> bool:
    return listed.names.page is not None and listed.names.page == known.names.page


def _moment(entry: Entry, now: datetime) -> datetime:
    return min(entry.published_at or now, now)


def _pieces(text: str) -> frozenset[str]:
    compared = "".join(folded(text[:_COMPARED]).split())
    return frozenset(compared[at : at + _PIECE] for at in range(len(compared) - _PIECE + 1))


def _of_several(found: Mapping[bytes, Collection[bytes]]) -> frozenset[bytes]:
    return frozenset(mark for mark, of in found.items() if len(of) > 1 and mark != _NO_MARK)


def _mark(value: str) -> bytes:
    """Give eight bytes that stand for a value, zeros for none."""
    encoded = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, digest_size=_MARK).digest() if value else _NO_MARK


def _number(value: str) -> int:
    """Give a mark as a number that a database holds."""
    return int.from_bytes(_mark(value), signed=True)
