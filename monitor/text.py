"""Text as the monitor compares it: folded, cut into search tokens, marked where something hit.

Folding turns one character into one character, so that a position in folded text is the same one in
the stored text: what is found in the one can be underlined in the other. Where that cannot be (ß is
ss, a soft hyphen is nothing), `Folding` knows which position stands for which.

Folded text has a small alphabet, and everything else here relies on it:

    SEPARATOR   space, hyphen, dot, slash, underscore, apostrophe, middle dot, line end, invisibles
    BREAK       , ; : ! ? brackets, quotation marks and every other sign: no term reaches across
    SYMBOLS     + # & @ $ %: they belong to names (C++, AT&T)
    0 to 9      digits of every script
    the rest    letters and the marks that belong to them; small ones where a script has capitals
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from monitor import fold_table
from monitor.model import Piece, Span

SEPARATOR = " "
BREAK = "\n"
SYMBOLS = "+#&@$%"

#: From here on (Thai, Han, kana, Hangul …) we do not rely on spaces between words.
UNSPACED = "\u0e00"

_TOKEN = re.compile(r"[0-9]+|[+#&@$%]|[\u0e00-\U0010ffff]|[^0-9 \n+#&@$%\u0e00-\U0010ffff]+")


def _codes(ranges: str) -> Iterator[int]:
    """Read code points written as "20-2f 3a"."""
    for item in ranges.split():
        first, _, last = item.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


#: What the table gives for a character that is not folded to one.
_UNEVEN = "\x01"
#: What such characters stand for: nothing, or letters.
_EXPANDED = dict.fromkeys(map(chr, _codes(fold_table.INVISIBLE)), "")
_EXPANDED |= {
    chr(int(code, 16)): letters
    for code, _, letters in (item.partition("=") for item in fold_table.EXPANDED.split())
}
_VOICED = re.compile("[\uff66-\uff9d][\uff9e\uff9f]")


def _code_table() -> list[int]:
    codes = list(range(0x1FC00))
    for code in _codes(fold_table.SEPARATORS):
        codes[code] = ord(SEPARATOR)
    for code in _codes(fold_table.BREAKS):
        codes[code] = ord(BREAK)
    for source, folded in zip(fold_table.FROM, fold_table.TO, strict=True):
        codes[ord(source)] = ord(folded)
    for char in _EXPANDED:
        codes[ord(char)] = ord(_UNEVEN)
    return codes


#: A list is twice as fast as a dict here; what lies beyond its end folds to itself.
_CODES = _code_table()
_ASCII = bytes([*_CODES[:128], *range(128, 256)])
#: With these, most English texts are ASCII.
_TYPOGRAPHY = (("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-"), ("…", ","))


def fold(text: str) -> str:
    """Fold case, accents, width, traditional characters and typographic signs.

    The result has the same length, unless an invisible character stands in the text or letters
    that count as several; see `Folding`. Give it text in NFC: an accent by itself stays.
    """
    folded = _fold_evenly(text)
    return _fold_evenly(_expanded(text)) if _UNEVEN in folded else folded


def _fold_evenly(text: str) -> str:
    plain = text
    if not text.isascii() and text[:40] < UNSPACED:
        for sign, alike in _TYPOGRAPHY:
            plain = plain.replace(sign, alike)
    if plain.isascii():
        return plain.encode("ascii").translate(_ASCII).decode("ascii")
    return text.translate(_CODES)


def _expanded(text: str) -> str:
    return "".join(letters for letters, _ in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Cut a text into what each of its characters counts as; give also how many they were."""
    at = 0
    while at < len(text):
        # Half-width Japanese: two characters are one letter.
        if voiced := _VOICED.match(text, at):
            yield unicodedata.normalize("NFKC", voiced[0]), 2
            at += 2
        else:
            yield _EXPANDED.get(text[at], text[at]), 1
            at += 1


class Folding:
    """A text folded, and the way back to the stored text."""

    __slots__ = ("_ends", "_starts", "folded", "plain", "stored")

    def __init__(self, stored: str) -> None:
        #: The text as it is.
        self.stored = stored
        self.folded = _fold_evenly(stored)
        #: As long as `folded`, with the text's own capitals, accents and signs.
        self.plain = stored
        self._starts: list[int] | None = None
        self._ends: list[int] | None = None
        if _UNEVEN in self.folded:
            self._expand()

    def _expand(self) -> None:
        self._starts, self._ends = [], []
        letters: list[str] = []
        at = 0
        for part, size in _parts(self.stored):
            letters.append(part)
            self._starts += [at] * len(part)
            at += size
            self._ends += [at] * len(part)
        self.plain = "".join(letters)
        self.folded = _fold_evenly(self.plain)

    def in_stored(self, start: int, end: int) -> tuple[int, int]:
        """Give where a stretch of the folded text, never an empty one, stands in the stored."""
        if self._starts is None or self._ends is None:
            return start, end
        return self._starts[start], self._ends[end - 1]


def joined(left: str, right: str) -> bool:
    """Tell whether two neighbouring characters of folded text stand inside one word or one number.

    Only then may a term not begin or end between them: AI does not hit "said", H20 not "H200"; but
    AI hits "发布AI模型" and Qwen hits "Qwen2.5".
    """
    if left >= "a":
        return left < UNSPACED and "a" <= right < UNSPACED
    return "0" <= left <= "9" and "0" <= right <= "9"


def index_tokens(text: str) -> list[str]:
    """Cut text into words as the matcher sees them, whatever stands between them.

    A token is a folded run of letters, a run of digits ("Qwen2.5" gives qwen, 2, 5), one character
    of a script without spaces, or one of the SYMBOLS.
    """
    return _TOKEN.findall(fold(text))


def pieces(text: str, spans: Iterable[Span]) -> tuple[Piece, ...]:
    """Cut a whole text at its hits; the pieces joined give the text again.

    Args:
        text: The title or the text of an article.
        spans: Hits in this text (of this one field); they may overlap and stand in any order.
    """
    return _cut(text, 0, len(text), _marks(text, spans))


#: How many characters about two lines of a mail hold: of Latin script, and of Chinese.
TWO_LINES = 160
TWO_LINES_WIDE = 84
#: From here on scripts are mostly written in characters as wide as two Latin ones.
_FIRST_WIDE = "\u2e80"

_LEFT_OUT = Piece(text="…")
#: What may part a title from the text behind it.
_BEHIND_A_TITLE = " \t\r\n\xa0\u3000.,:;!?…|·•-–—)]»”’'\"。，：；！？、）】》」』"


def snippet(text: str, spans: Iterable[Span], width: int | None = None) -> tuple[Piece, ...]:
    """Show the stretch of a text that has most hits, in one line; its beginning when nothing hit.

    Args:
        text: As for `pieces`.
        spans: As for `pieces`.
        width: The most characters to take from the text; "…" marks what was left out. None for
            about two lines of a mail: half as many characters where they are twice as wide.
    """
    marks = _marks(text, spans)
    if width is None:
        begin = marks[0][0] if marks else 0
        around = text[max(0, begin - TWO_LINES_WIDE) : begin + TWO_LINES_WIDE]
        wide = sum(char >= _FIRST_WIDE for char in around)
        width = TWO_LINES_WIDE if wide * 2 > len(around) else TWO_LINES
    start, end = _window(text, marks, width)
    shown = [
        Piece(text=re.sub(r"\s+", " ", piece.text), hit=piece.hit)
        for piece in _cut(text, start, end, marks)
    ]
    if shown and text[:start].strip():
        shown.insert(0, _LEFT_OUT)
    if shown and text[end:].strip():
        shown.append(_LEFT_OUT)
    return tuple(shown)


#: No more tokens than these behind a repeated title ("Read more", "全文") say nothing new.
_FEW = 3


def repeats(title: str, body: str) -> bool:
    """Tell whether a body says nothing that its title does not say.

    It is the title again, cut or whole, with a few words behind it at most; case, blanks,
    accents and signs do not matter.
    """
    start = _beyond(title, body)
    return start is not None and len(index_tokens(body[start:])) <= _FEW


def excerpt(title: str, body: str, spans: Iterable[Span]) -> tuple[Piece, ...]:
    """Give the snippet to stand below a title: without the title itself, () if nothing is left.

    Args:
        title: The article's title.
        body: The article's text.
        spans: Hits in this text, as for `pieces`.
    """
    if repeats(title, body):
        return ()
    start = _beyond(title, body) or 0
    ahead = [
        replace(span, start=span.start - start, end=span.end - start)
        for span in spans
        if span.start >= start
    ]
    shown = snippet(body[start:], ahead)
    # Only a cut at its own beginning is marked by `snippet`.
    return (_LEFT_OUT, *shown) if start and shown[:1] != (_LEFT_OUT,) else shown


def _beyond(title: str, body: str) -> int | None:
    """Say where a body goes on behind its title: None unless it begins with the whole title.

    For a body that ends inside its title that is its end.
    """
    end = 0
    folding = Folding(body)
    found = _TOKEN.finditer(folding.folded)
    for wanted in index_tokens(title):
        token = next(found, None)
        if token is None:
            return len(body)
        if token[0] != wanted:
            # A title cut for a short text may end inside a word.
            cut = wanted.startswith(token[0]) and next(found, None) is None
            return len(body) if cut else None
        _, end = folding.in_stored(*token.span())
    return end + len(body[end:]) - len(body[end:].lstrip(_BEHIND_A_TITLE)) if end else None


def _marks(text: str, spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Give the hits in the order of the text, those that overlap or touch as one."""
    marks: list[tuple[int, int]] = []
    for start, end in sorted((span.start, min(span.end, len(text))) for span in spans):
        if marks and start <= marks[-1][1]:
            marks[-1] = (marks[-1][0], max(end, marks[-1][1]))
        elif start < end:
            marks.append((start, end))
    return marks


def _cut(text: str, start: int, end: int, marks: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    found: list[Piece] = []
    position = start
    for mark_start, mark_end in marks:
        hit_start, hit_end = max(mark_start, start), min(mark_end, end)
        if hit_start >= hit_end:
            continue
        if position < hit_start:
            found.append(Piece(text=text[position:hit_start]))
        found.append(Piece(text=text[hit_start:hit_end], hit=True))
        position = hit_end
    if position < end:
        found.append(Piece(text=text[position:end]))
    return tuple(found)


def _window(text: str, marks: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    """Choose where a snippet starts and ends: around most hits, between words where possible."""
    first, last = _densest(marks, width)
    # A third of the room that is left goes before the first hit: what follows says more.
    start = max(0, min(first - (width - (last - first)) // 3, len(text) - width))
    end = min(start + width, len(text))
    while start < first and not _is_border(text, start):
        start += 1
    border = end
    while border > max(last, start) and not _is_border(text, border):
        border -= 1
    if border > start:
        end = border
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _densest(marks: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    """Give the start of the first and the end of the last hit of the fullest stretch of `width`."""
    best = (0, 0)
    best_count = last = 0
    for index, (start, end) in enumerate(marks):
        last = max(last, index)
        while last + 1 < len(marks) and marks[last + 1][1] - start <= width:
            last += 1
        if last - index + 1 > best_count:
            best_count = last - index + 1
            best = (start, min(max(end, marks[last][1]), start + width))
    return best


def _is_border(text: str, index: int) -> bool:
    """Tell whether a text may be cut here without cutting a word."""
    if not 0 < index < len(text):
        return True
    left, right = text[index - 1], text[index]
    return left.isspace() or right.isspace() or left >= UNSPACED or right >= UNSPACED
