"""Text as the monitor compares it: folded, cut into search tokens, marked where something hit.

Folding turns one character into exactly one character, so that every position in folded text is the
same position in the stored text: what is found in the one can be underlined in the other.

Folded text has a small alphabet, and everything else here relies on it:

    SEPARATOR   space, hyphen, dot, slash, underscore, apostrophe, middle dot, line end, invisibles
    BREAK       , ; : ! ? brackets, quotation marks and every other sign: no term reaches across
    SYMBOLS     + # & @ $ %: they belong to names (C++, AT&T)
    0 to 9      digits of every script
    the rest    letters and the marks that belong to them; small ones where a script has capitals
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.model import Piece, Span

SEPARATOR = " "
BREAK = "\n"
SYMBOLS = "+#&@$%"

#: From here on (Thai, Han, kana, Hangul …) we do not rely on spaces between words.
UNSPACED = "\u0e00"

#: Signs that stand inside a name or compound, besides spaces, dashes and invisible characters.
_INSIDE_NAMES = frozenset("._/'`´‘’ʼ′·‧・⁄∕−")

#: Latin letters that Unicode does not take apart into a letter and an accent.
_STROKED = str.maketrans("øłđħŧıё", "oldhtiе")

_TOKEN = re.compile(r"[0-9]+|[+#&@$%]|[\u0e00-\U0010ffff]|[^0-9 \n+#&@$%\u0e00-\U0010ffff]+")


class _FoldTable(dict[int, str]):
    """Folds a character when it is first met: a table of all Unicode would slow every start."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(char: str) -> str:
    plain = _only(unicodedata.normalize("NFKC", char), char)
    # Accents fall in Latin and Greek only: kana, Cyrillic й, Indic vowels are letters of their own.
    if plain < "\u0400" or "\u1e00" <= plain < "\u2000":
        letters = [c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c)]
        plain = _only("".join(letters), plain)
    small = _only(plain.casefold(), _only(plain.lower(), plain)).translate(_STROKED)
    category = unicodedata.category(small)
    if small in _INSIDE_NAMES or category in {"Zs", "Zl", "Zp", "Pd", "Pc", "Cc", "Cf"}:
        return SEPARATOR
    if category == "Nd":
        return str(unicodedata.decimal(small))
    return small if category[0] in "LMN" or small in SYMBOLS else BREAK


def _only(text: str, otherwise: str) -> str:
    """Give the text if it is one character; folding must not change a length."""
    return text if len(text) == 1 else otherwise


_FOLD_TABLE = _FoldTable()


def fold(text: str) -> str:
    """Fold case, accents, full width and typographic signs; the result has the same length.

    Give it text in NFC: an accent that stands alone as a character of its own stays.
    """
    return text.translate(_FOLD_TABLE)


def joined(left: str, right: str) -> bool:
    """Tell whether two neighbouring characters of folded text stand inside one word or one number.

    Only then may a term not begin or end between them: AI does not hit "said", H20 not "H200"; but
    AI hits "发布AI模型" and Qwen hits "Qwen2.5".
    """
    if left >= "a":
        return left < UNSPACED and "a" <= right < UNSPACED
    return "0" <= left <= "9" and "0" <= right <= "9"


def index_tokens(text: str) -> list[str]:
    """Cut text into the tokens of the search index, consistent with what `matcher` hits.

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
    found = _TOKEN.finditer(fold(body))
    for wanted in index_tokens(title):
        token = next(found, None)
        if token is None:
            return len(body)
        if token[0] != wanted:
            # A title cut for a short text may end inside a word.
            cut = wanted.startswith(token[0]) and next(found, None) is None
            return len(body) if cut else None
        end = token.end()
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
