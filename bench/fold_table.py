"""Write monitor/fold_table.py: how each character is folded before texts are compared.

    python -m bench.fold_table > monitor/fold_table.py

It takes what Unicode says of each character from Python, and which simplified character a
traditional one is from OpenCC (pip install opencc), whose tables are under the Apache License 2.0.
Both have versions: the table is shipped, so that a text folds the same under each Python.
"""

import unicodedata
from collections.abc import Callable, Iterable

#: What has no place in the table folds to itself: rare Han characters, signs of the future.
END = 0x20000

SEPARATOR, BREAK = " ", "\n"
#: What `fold` has to look at again: an invisible character, or letters written as one.
UNEVEN = "\x01"
SYMBOLS = "+#&@$%"

#: Signs that stand inside a name or compound, besides spaces and dashes.
_INSIDE_NAMES = frozenset("._/'`´‘’ʼ′·‧・⁄∕−")
#: Latin letters that Unicode does not take apart into a letter and an accent.
_STROKED = str.maketrans("øłđðħŧıё", "olddhtiе")
#: Letters that are two, beyond those of which Unicode says so.
_TWO = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
#: Signs without a look of their own that Unicode does not call format characters: the joiner of
#: accents, the Arabic stroke that stretches a word, the choice between two looks of a sign.
_UNSEEN = frozenset("\u034f\u0640\u115f\u1160\u17b4\u17b5\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x180F), *range(0xFE00, 0xFE10)))
)
#: Half-width Japanese writes ハ and its mark as two characters.
_VOICED = "ﾞﾟ"


def expansion(char: str) -> str | None:
    """Give the letters that a character stands for: "" for an invisible one, None for most."""
    if unicodedata.category(char) == "Cf" or char in _UNSEEN:
        return ""
    plain = unicodedata.normalize("NFKC", char)
    bare = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    if bare in _TWO:
        return _TWO[bare]
    if char in _VOICED:
        return plain
    is_letter = unicodedata.category(char)[0] == "L"
    return plain if is_letter and 1 < len(plain) <= 4 and plain.isalpha() else None


def folded(char: str, simplified: Callable[[str], str]) -> str:
    """Fold one character to one character."""
    if expansion(char) is not None:
        return UNEVEN
    plain = _only(unicodedata.normalize("NFKC", char), char)
    # Accents fall in Latin and Greek only: kana, Cyrillic й, Indic vowels are letters of their own.
    if plain < "\u0400" or "\u1e00" <= plain < "\u2000":
        letters = [c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c)]
        plain = _only("".join(letters), plain)
    small = _only(plain.casefold(), _only(plain.lower(), plain)).translate(_STROKED)
    category = unicodedata.category(small)
    if small in _INSIDE_NAMES or category in {"Zs", "Zl", "Zp", "Pd", "Pc", "Cc"}:
        return SEPARATOR
    if category == "Nd":
        return str(unicodedata.decimal(small))
    if category[0] in "LMN" or category == "Cn":
        return _only(simplified(small), small) if small >= "\u2e80" else small
    return small if small in SYMBOLS else BREAK


def _only(text: str, otherwise: str) -> str:
    """Give the text if it is one character; folding must not change a length."""
    return text if len(text) == 1 and ord(text) < END else otherwise


def ranges(codes: Iterable[int]) -> str:
    """Write code points as "20-2f 3a", in hexadecimal digits."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in runs)


def literal(text: str, *, indent: str = "    ", width: int = 60) -> str:
    """Write a text as string literals in lines of equal length."""
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    return "\n".join(f'{indent}"{line}"' for line in lines)


def table(simplified: Callable[[str], str]) -> str:
    """Give the text of monitor/fold_table.py."""
    every = {code: folded(chr(code), simplified) for code in range(END)}
    changed = {code: to for code, to in every.items() if to != chr(code)}
    pairs = {c: to for c, to in changed.items() if to not in {SEPARATOR, BREAK, UNEVEN}}
    expansions = {c: expansion(chr(c)) for c, to in changed.items() if to == UNEVEN}
    letters = {code: text for code, text in expansions.items() if text}
    signs = {
        sign: literal(ranges(c for c, to in every.items() if to == sign) + " ", width=80)
        for sign in (SEPARATOR, BREAK)
    }
    return f'''"""How single characters fold; `text.fold` uses it.

Written by `python -m bench.fold_table`; change it there. Which simplified character a traditional
one folds to was taken from OpenCC's TSCharacters (https://github.com/BYVoid/OpenCC, Apache License
2.0, Copyright BYVoid and contributors).
"""
# fmt: off

#: The version of Unicode that it follows.
UNICODE = "{unicodedata.unidata_version}"

#: What folds to `text.SEPARATOR` and to `text.BREAK`: code points, as "20-2f 3a" in hexadecimal.
SEPARATORS = (
{signs[SEPARATOR]}
)
BREAKS = (
{signs[BREAK]}
)

#: What cannot be seen: a text is folded as if it were not there.
INVISIBLE = (
{literal(ranges(code for code, text in expansions.items() if not text) + " ", width=80)}
)

#: Letters that stand for several, and these.
EXPANDED = (
{literal(" ".join(f"{code:x}={text}" for code, text in letters.items()) + " ")}
)

#: Each character of the one folds to the character at the same place of the other.
FROM = (
{literal("".join(map(chr, pairs)))}
)
TO = (
{literal("".join(pairs.values()))}
)
'''


def main() -> None:
    """Print the table."""
    from opencc import OpenCC  # noqa: PLC0415  only this needs it

    print(table(OpenCC("t2s").convert), end="")


if __name__ == "__main__":
    main()
