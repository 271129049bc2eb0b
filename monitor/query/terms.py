"""What one term hits: decided when the query is read, as a few patterns of folded text.

Matching never meets a regular expression of a reader: a pattern is looked for by its rarest literal
(`str.find`), and only where that stands is the rest compared: linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.text import BREAK, SEPARATOR, SYMBOLS, UNSPACED, Folding, fold, joined

#: Start and end of a hit, in characters of the text it was found in.
Hit = tuple[int, int]

_MIDDLE_DOTS = "·‧・･"
_APOSTROPHES = "'’‘ʼ`´"
#: Stand between the parts of a date, a version or a number of an item.
_NUMBER_SIGNS = "./-‐‑"
_ALIKE = (_MIDDLE_DOTS, "-‐‑–—", _APOSTROPHES, " \u00a0\u202f\u3000")

#: Small words whose s is no plural, or whose singular means something else.
_NO_PLURALS = frozenset({"arms", "customs", "goods", "means", "news", "series", "species"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way in which a term stands in folded text.

    `before`, `anchor` and `after` are literals that follow one another; where two of them meet, one
    separator may stand or be missing. The anchor is what to look for first.
    """

    before: tuple[str, ...] = ()
    anchor: str
    after: tuple[str, ...] = ()
    #: What may be appended to the last word.
    endings: tuple[str, ...] = ()
    #: The first word may be the end of a longer one, the last word the beginning of one.
    open_start: bool = False
    open_end: bool = False
    #: Capitals and accents that the stored text must show; None when they do not matter.
    spelling: str | None = None

    @property
    def literals(self) -> tuple[str, ...]:
        """All literals in their order."""
        return (*self.before, self.anchor, *self.after)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A word or phrase to look for; its text says which, so terms are not compared part by part."""

    #: As the reader wrote it, with its signs: no two different terms have the same.
    text: str
    patterns: tuple[Pattern, ...]
    #: Literals of which one stands wherever the term does: the cheapest way to rule it out.
    anchors: frozenset["Anchor"] = field(init=False)
    #: The anchors' literals.
    literals: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Gather the anchors of all patterns."""
        anchors = _anchors(self.patterns)
        object.__setattr__(self, "anchors", anchors)
        object.__setattr__(self, "literals", tuple(anchor.literal for anchor in anchors))


def words_of_term(term: str) -> str:
    """Take the signs of the query language off a term: capitals, wildcards, exact wording."""
    return term.strip('="*')


class Anchor(NamedTuple):
    """A literal of folded text, and where a word must begin or end for it to count."""

    literal: str
    at_start: bool
    #: Behind it only an s or e may go on.
    at_end: bool

    def stands(self, folded: str, start: int, end: int) -> bool:
        """Tell whether it counts at a place where its literal is."""
        if self.at_start and start and joined(folded[start - 1], folded[start]):
            return False
        return not (
            self.at_end
            and end < len(folded)
            and joined(folded[end - 1], folded[end])
            and folded[end] not in "se"
        )


def _anchors(patterns: Iterable[Pattern]) -> frozenset[Anchor]:
    every = {
        Anchor(
            pattern.anchor,
            at_start=not (pattern.before or pattern.open_start),
            at_end=not (pattern.after or pattern.open_end),
        )
        for pattern in patterns
    }
    if len(every) == 1:
        return frozenset(every)
    # Where "controls" or "boxes" stands, "control" or "box" does.
    return frozenset(
        anchor
        for anchor in every
        if not any(
            anchor.literal.endswith(ending)
            and anchor._replace(literal=anchor.literal.removesuffix(ending)) in every
            for ending in ("s", "es")
        )
    )


# ------------------------------------------------------------------------------------- reading


def says_nothing(text: str) -> bool:
    """Tell whether a word has no letter, digit or symbol that could be looked for."""
    is_plain = text.isascii() and text.isalnum()  # most are, and there are thousands
    return not is_plain and not fold(text).strip(SEPARATOR + BREAK)


def exact_term(written: str, wording: str, *, spelled: bool, open_end: bool = False) -> Term:
    """Make a term of quoted words, or of `=`: no other number, no other hyphens, every sign counts.

    Args:
        written: The term with its signs, for the evidence.
        wording: What stands between the quotation marks or after `=`; see `says_nothing`.
        spelled: Whether capitals, accents and signs must be the very same.
        open_end: Whether the last word may go on.
    """
    wording = _tidy(wording)
    spelling = wording if spelled else None
    return Term(written, (Pattern(anchor=fold(wording), spelling=spelling, open_end=open_end),))


def bare_term(
    written: str, wording: str, *, open_start: bool = False, open_end: bool = False
) -> Term:
    """Make a term of bare words, with what readers expect to be found as well.

    Args:
        written: The term with its asterisks, for the evidence.
        wording: The words without them; see `says_nothing`.
        open_start: There was an asterisk before the first word.
        open_end: There was one after the last word.
    """
    wording = _strip_signs(_tidy(wording))
    if wording[0] in _MIDDLE_DOTS or wording[-1] in _MIDDLE_DOTS:
        return exact_term(written, wording, spelled=True)
    folded = fold(wording)
    capitals = _initials(wording)
    if capitals and not open_start and not open_end:
        return Term(written, _initial_patterns(capitals))
    *first, last = _literals(wording, folded)
    word = _last_word(folded)
    forms = {word: ()} if open_end else _number_forms(word, typed=wording[-len(word) :])
    patterns = [
        _around_anchor(
            (*first, last.removesuffix(word) + form),
            endings=endings,
            open_start=open_start,
            open_end=open_end,
        )
        for form, endings in forms.items()
    ]
    return Term(written, tuple(patterns))


def _tidy(wording: str) -> str:
    """Write a term as texts are compared: invisible characters out, ligatures in letters."""
    wording = " ".join(wording.split())
    return wording if wording.isascii() else Folding(unicodedata.normalize("NFC", wording)).plain


def _strip_signs(wording: str) -> str:
    """Take signs off the edges ("Yahoo!", ".NET"), but not a middle dot: "阿里·" begins a name."""
    if wording.isalnum():
        return wording
    is_sign = [
        folded in SEPARATOR + BREAK and char not in _MIDDLE_DOTS
        for char, folded in zip(wording, fold(wording), strict=True)
    ]
    start, end = is_sign.index(False), len(is_sign) - is_sign[::-1].index(False)
    return wording[start:end]


def _initials(wording: str) -> str:
    """Give the letters of a term of two or three capitals (AI, U.S.), "" for every other."""
    parts = wording.split(".")
    letters = "".join(parts) if all(len(part) == 1 for part in parts) else wording
    is_short = 2 <= len(letters) <= 3
    return letters if is_short and all(c.isalpha() and c.isupper() for c in letters) else ""


def _initial_patterns(capitals: str) -> tuple[Pattern, ...]:
    # Written in capitals they are AI and US, not "ai" (Portuguese "there") and "us".
    return (
        Pattern(anchor=fold(capitals), endings=("s",), spelling=capitals),
        Pattern(anchor=SEPARATOR.join(fold(capitals)), spelling=".".join(capitals)),
    )


def capitals_of(term: Term) -> str:
    """Give the letters of a term that `_initials` made one of capitals, "" for every other."""
    solid, *others = term.patterns
    dotted = ".".join(solid.spelling or "")
    return dotted[::2] if any(other.spelling == dotted for other in others) else ""


def _literals(wording: str, folded: str) -> tuple[str, ...]:
    """Cut a term where a separator may stand or be missing."""
    literals = [folded[0]]
    for index in range(1, len(folded)):
        left, here = folded[index - 1], folded[index]
        if here == SEPARATOR and _is_soft(wording[index], left, folded[index + 1]):
            literals.append("")
        else:
            # Some write 可灵AI, some 可灵 AI.
            if _is_word(left) and _is_word(here) and (left < UNSPACED) != (here < UNSPACED):
                literals.append("")
            literals[-1] += here
    return tuple(literals)


def _is_soft(sign: str, left: str, right: str) -> bool:
    """Tell whether a separator inside a term may be missing in the text.

    A hyphen may (open-source, opensource), a typed space not, save beside a script without spaces.
    Between two digits none may: 2.5 is not 25.
    """
    if not (_is_word(left) and _is_word(right)) or (left.isdecimal() and right.isdecimal()):
        return False
    return not sign.isspace() or left >= UNSPACED or right >= UNSPACED


def _is_word(char: str) -> bool:
    return char not in SEPARATOR + BREAK + SYMBOLS


def _around_anchor(
    literals: tuple[str, ...], *, endings: tuple[str, ...], open_start: bool, open_end: bool
) -> Pattern:
    """Choose the rarest literal: the longest, of equals one with a digit (01 in 01.AI)."""
    at = max(range(len(literals)), key=lambda i: (len(literals[i]), min(literals[i]) < "a"))
    return Pattern(
        before=literals[:at],
        anchor=literals[at],
        after=literals[at + 1 :],
        endings=endings,
        open_start=open_start,
        open_end=open_end,
    )


def _last_word(folded: str) -> str:
    """Give the Latin word at the end of a folded term, "" if it ends otherwise."""
    found = re.search(r"[a-z]{2,}$", folded)
    return found[0] if found and _ends_word(folded, found.start()) else ""


def _number_forms(word: str, *, typed: str) -> dict[str, tuple[str, ...]]:
    """Give the forms in which a term's last word counts, each with the endings it may take.

    Every word may take s or es. A word typed in small letters also loses its own: controls hits
    "control"; but Windows is a name and never hits "window".
    """
    if not word:
        return {"": ()}
    forms: dict[str, tuple[str, ...]] = {word: ("s", "es")}
    if not typed.islower() or word in _NO_PLURALS:
        return forms
    if len(word) > 4 and word.endswith("ies"):
        forms |= {word[:-3] + "y": (), word[:-1]: ()}
    elif len(word) > 4 and re.search(r"(?:ch|sh|ss|x|z)es$", word):
        forms[word[:-2]] = ()
    elif len(word) > 3 and word.endswith("s") and not re.search(r"(?:ss|us|is|ics)$", word):
        forms[word[:-1]] = ()
    elif len(word) > 3 and re.search(r"[^aeiou]y$", word):
        forms[word[:-1] + "ies"] = ()
    return forms


# ------------------------------------------------------------------------------------- finding


def find(term: Term, folded: str, plain: str) -> list[Hit]:
    """Give every place in folded text where a term stands, in the order of the text.

    Args:
        term: What to look for.
        folded: `text.Folding.folded`.
        plain: `text.Folding.plain` of the same text, for terms in which capitals matter.
    """
    if len(term.patterns) == 1:
        return list(_find_pattern(term.patterns[0], folded, plain))
    return sorted({hit for each in term.patterns for hit in _find_pattern(each, folded, plain)})


def _find_pattern(pattern: Pattern, folded: str, plain: str) -> Iterator[Hit]:
    anchor, before, after = pattern.anchor, pattern.before, pattern.after
    size = len(anchor)
    at = folded.find(anchor)
    while at >= 0:
        resume = at + 1
        start = _match_before(before, folded, at) if before else at
        bare_end = _match_after(after, folded, at + size) if after else at + size
        if start >= 0 and bare_end >= 0:
            start, end = _edges(pattern, folded, start, bare_end)
            if (
                start >= 0
                and end >= 0
                and not (
                    start >= 2
                    and folded[start - 1] == SEPARATOR
                    and _is_rest(folded, plain, start, end)
                )
                and (pattern.spelling is None or _is_spelled(pattern, plain[start:end]))
            ):
                yield start, end
                if pattern.open_start and pattern.open_end:
                    # Its word is taken whole: looking at the rest of it again would be quadratic.
                    resume = max(resume, end)
        at = folded.find(anchor, resume)


def _match_before(before: tuple[str, ...], folded: str, at: int) -> int:
    """Give where a pattern starts whose anchor stands at `at`; -1 if the rest is not there."""
    for literal in reversed(before):
        if at and folded[at - 1] == SEPARATOR:
            at -= 1
        at -= len(literal)
        if at < 0 or not folded.startswith(literal, at):
            return -1
    return at


def _match_after(after: tuple[str, ...], folded: str, at: int) -> int:
    """Give where a pattern ends whose anchor ends at `at`; -1 if the rest is not there."""
    for literal in after:
        if folded.startswith(SEPARATOR, at):
            at += 1
        if not folded.startswith(literal, at):
            return -1
        at += len(literal)
    return at


def _edges(pattern: Pattern, folded: str, start: int, end: int) -> Hit:
    """Give a hit's edges as the pattern allows; -1 for one inside a longer word."""
    if not pattern.open_start and start and joined(folded[start - 1], folded[start]):
        return -1, -1
    if not pattern.open_end and end < len(folded) and joined(folded[end - 1], folded[end]):
        return start, _ending(pattern, folded, end)
    if pattern.open_start:
        while not _ends_word(folded, start):
            start -= 1
    if pattern.open_end:
        while not _ends_word(folded, end):
            end += 1
    return start, end


def _ending(pattern: Pattern, folded: str, end: int) -> int:
    for ending in pattern.endings:
        if folded.startswith(ending, end) and _ends_word(folded, end + len(ending)):
            return end + len(ending)
    return -1


def _ends_word(folded: str, index: int) -> bool:
    return not 0 < index < len(folded) or not joined(folded[index - 1], folded[index])


def _is_rest(folded: str, plain: str, start: int, end: int) -> bool:
    """Tell whether a hit behind a separator begins inside a longer word or number."""
    return _is_contracted(folded, plain, start) or _ends_number(folded, plain, start, end)


def _is_contracted(folded: str, plain: str, start: int) -> bool:
    """Tell whether a hit begins with the s of "Berlin's" or the t of "can't": that is no word."""
    return (
        plain[start - 1] in _APOSTROPHES
        and folded[start] in "dmst"
        and joined(folded[start - 2], "a")
        and _ends_word(folded, start + 1)
    )


def _ends_number(folded: str, plain: str, start: int, end: int) -> bool:
    """Tell whether a hit begins with the last part of a longer number: 01 AI in "v1.01 AI".

    What stands behind a letter may be such a number too (No.01 AI), but not if it has no blank in
    it, as in addresses and lists (www.01.ai, 4G/5G).
    """
    if plain[start - 1] not in _NUMBER_SIGNS or not "0" <= folded[start] <= "9":
        return False
    left = folded[start - 2]
    if "0" <= left <= "9":
        return True
    return "a" <= left < UNSPACED and any(map(str.isspace, plain[start:end]))


def _is_spelled(pattern: Pattern, surface: str) -> bool:
    """Tell whether a hit shows the very capitals, accents and signs that its pattern asks for."""
    spelling = pattern.spelling or ""
    stem, ending = surface[: len(spelling)], surface[len(spelling) :]
    # The plural of AI is AIs; AIS is something else.
    return (pattern.open_end or ending.islower() or not ending) and all(
        map(_is_same, stem, spelling)
    )


def _is_same(found: str, wanted: str) -> bool:
    """Compare two characters; one dash, apostrophe, space or middle dot is as good as another."""
    return any(found in alike and wanted in alike for alike in _ALIKE) or (
        unicodedata.normalize("NFKC", found) == unicodedata.normalize("NFKC", wanted)
    )
