"""From a headline to the tokens by which two reports of one event are recognised.

    "阿里Qwen3.5降价75%"   →   @alibaba  @qwen  qwen3.5  #75%  @price cut  阿里  降价

Whatever two languages or two desks write differently comes out alike: amounts (`20亿美元`,
`$2 billion`, `two billion`), names with a version (`Qwen 3.5`, `V4-Pro`), names and terms of the
glossary. The rest are words, and pairs of characters where a script has no spaces between words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import pairwise

from monitor.stories.glossary import GROUP, Glossary, pieces, stem
from monitor.text import UNSPACED

#: What tells an amount from a word.
NUMBER = "#"

#: So much of a headline, and of the text below it, is looked at: the event is told there.
MAX_TITLE = 300
MAX_TEXT = 300

#: A word of the headline counts as so many of the text.
TITLE_WEIGHT = 2

_MAGNITUDES = {
    "万亿": 1e12, "兆": 1e12, "千亿": 1e11, "百亿": 1e10, "十亿": 1e9, "亿": 1e8, "億": 1e8,
    "千万": 1e7, "百万": 1e6, "万": 1e4, "萬": 1e4,
    "trillion": 1e12, "billones": 1e12, "billionen": 1e12, "tn": 1e12, "t": 1e12,
    "mil millones": 1e9, "milliarden": 1e9, "milliards": 1e9, "billion": 1e9, "mrd": 1e9,
    "bn": 1e9, "b": 1e9,
    "millones": 1e6, "millionen": 1e6, "millions": 1e6, "million": 1e6, "mio": 1e6, "mn": 1e6,
    "m": 1e6,
    "thousand": 1e3, "k": 1e3,
}  # fmt: skip
_SPELLED = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_COUNTED = {word: number for number, word in enumerate(_SPELLED, start=1)}
_CURRENCIES = r"us\$|hk\$|nt\$|[$€£¥]"
_PERCENT = {"%", "percent", "per cent", "prozent", "por ciento", "pour cent", "个百分点"}
#: Units of languages in which a dot parts the thousands.
_DOTTED = {
    *("mil millones", "millones", "billones", "milliarden", "millionen", "billionen", "mrd", "mio"),
    *("prozent", "por ciento"),
}
_SHORT_UNITS = "[tbm]n|[bmkt]"
_LONG_UNITS = "|".join(
    sorted(
        (
            re.escape(unit)
            for unit in {*_MAGNITUDES, *_PERCENT}
            if not re.fullmatch(_SHORT_UNITS, unit)
        ),
        key=len,
        reverse=True,
    )
)
_NUMBER = re.compile(
    rf"(?<![a-z0-9.])({_CURRENCIES})?\s?"
    r"(\d{1,3}(?:\.\d{3}){2,5}(?!\d)|\d[\d,]{0,20}(?:\.\d{1,9}(?:,\d{1,2}(?![\d,]))?)?)"
    rf"(?:\s?({_LONG_UNITS})|(\s?[tbm]n|[bmkt])(?![a-z]))?"
)
_SPELLED_NUMBER = re.compile(rf"\b({'|'.join(_SPELLED)}) (trillion|billion|million)\b")
#: Smaller whole numbers are days, places in a list, people in a room.
_FIRST_TELLING = 13
_YEARS = range(1990, 2036)

_VERSION = re.compile(
    r"(?<![a-z0-9])([a-z]{1,14})[\s-]?(\d{1,3}(?:\.\d{1,2}){0,2})"
    r"(?![\d%]|\.\d|\s?(?:%|percent|billion|million|trillion|bn|tn|亿|万|years|days|people|women|men|months))"
)
#: What stands before a number without being the name of something with versions.
_NO_NAMES = frozenset(
    """
    a about after aged all amid an and april are as at august be been but by chapter day
    december eu february for from has have in into is it its january july june just least
    march may more most nearly no november october of on only or out over page part q round
    s september t than that the their this to top uk under up us was week were will with
    """.split()  # noqa: SIM905  a list would have a line for each word
)
_FUNCTION_WORDS = frozenset(
    map(
        stem,
        """
        a an and are as at be been but by for from had has have he her his i in into is it
        its more most new no not of off on or our out over s t says said say saying so than
        that the their them they this to up we was were what when which who will with you
        your after about how why can could all amid against do does did just if there here
        would should may might also some any other others one now get gets got make makes
        made being via per inc ltd co corp de la el en y los las del que un una por con para
        der die das und von mit für auf le les des et du dans est two three four five six seven
        eight nine ten first second third last next
        """.split(),  # noqa: SIM905  see above
    )
)
_SHORT = re.compile(r"\b[A-Za-z]{2,3}\b")
_CURRENCY_NAMES = re.compile("美元|人民币|港元|欧元|us dollars?|dollars?|euros?")

#: "(Author/Outlet)" and " - Outlet" behind a headline.
_CREDIT = re.compile(r"\s*\([^()]{3,60}/[^()]{2,60}\)\s*$")
_OUTLET = re.compile(r"\s[-|–—]\s[^-|–—]{2,30}$")
_LONG_TITLE = 40


def tokens(title: str, text: str, glossary: Glossary) -> dict[str, int]:
    """Count the tokens of an article, those of its headline `TITLE_WEIGHT` times."""
    counted = Counter[str]()
    for token in _read(headline(title)[:MAX_TITLE], glossary):
        counted[token] += TITLE_WEIGHT
    counted.update(_read(text[:MAX_TEXT], glossary))
    return counted


def headline(title: str) -> str:
    """Give a title without the author or outlet that some feeds write behind it."""
    title = _CREDIT.sub("", title[: 2 * MAX_TITLE])
    return _OUTLET.sub("", title) if len(title) > _LONG_TITLE else title


def is_unspaced(title: str) -> bool:
    """Tell whether a title is written in a script without spaces between words."""
    wide = sum(char >= UNSPACED for char in title[:MAX_TITLE])
    return wide >= 4 or wide * 5 > len(title[:MAX_TITLE])


def _read(text: str, glossary: Glossary) -> Iterator[str]:
    written = unicodedata.normalize("NFKC", text)
    plain = _SHORT.sub(lambda word: _unless(word[0], glossary.acronyms), written).lower()
    yield from _numbers(plain)
    versions = {name + number for name, number in _VERSION.findall(plain) if name not in _NO_NAMES}
    yield from versions
    rest = _SPELLED_NUMBER.sub(" ", _NUMBER.sub(_without_amount, plain))
    found = pieces(_CURRENCY_NAMES.sub(" ", rest))
    for token in glossary.read(found):
        if token[0] == GROUP or (len(token) > 1 and token not in _FUNCTION_WORDS):
            yield token
    for run in found:
        if run >= UNSPACED:
            yield from map("".join, pairwise(run))


def _unless(word: str, acronyms: Collection[str]) -> str:
    """Take away a word that is only spelled like an acronym."""
    return " " if word.upper() in acronyms and not word.isupper() else word


def _numbers(plain: str) -> Iterator[str]:
    """Give the amounts of a text in one spelling; bare small numbers and years tell nothing."""
    for word, unit in _SPELLED_NUMBER.findall(plain):
        yield _amount(_COUNTED[word] * _MAGNITUDES[unit])
    for currency, digits, long_unit, short_unit in _NUMBER.findall(plain):
        unit = long_unit or short_unit.strip()
        value = _value(digits, unit)
        if unit in _PERCENT:
            yield f"{NUMBER}{value:g}%"
        elif unit:
            yield _amount(value * _MAGNITUDES[unit])
        elif currency or "." in digits or (value >= _FIRST_TELLING and value not in _YEARS):
            yield _amount(value)


def amounts(text: str) -> dict[str, str]:
    """Give what a text counts in money, percent or millions, as written, by its canonical token."""
    plain = unicodedata.normalize("NFKC", text)
    lower = plain.lower()
    found: dict[str, str] = {}
    for match in _NUMBER.finditer(lower):
        currency, digits, long_unit, short_unit = match.groups()
        unit = long_unit or (short_unit or "").strip()
        if currency or unit:
            value = _value(digits, unit)
            token = (
                f"{NUMBER}{value:g}%"
                if unit in _PERCENT
                else _amount(value * _MAGNITUDES.get(unit, 1))
            )
            # A few capitals (İ) become two letters, and places then differ.
            written = plain if len(plain) == len(lower) else lower
            found.setdefault(token, written[match.start() : match.end()].strip())
    return found


def _value(digits: str, unit: str) -> float:
    """Read 1,500.5 or 1.500,5: behind a comma there are three digits, or it stands for a dot."""
    whole, comma, rest = digits.rpartition(",")
    if comma and len(rest) < len("000"):
        return float(f"{re.sub('[.,]', '', whole)}.{rest or 0}")
    if digits.count(".") > 1 or (unit in _DOTTED and re.search(r"\.\d{3}$", digits)):
        return float(digits.replace(".", ""))
    return float(digits.replace(",", ""))


def _amount(value: float) -> str:
    return f"{NUMBER}{value:.3g}"


def _without_amount(found: re.Match[str]) -> str:
    """Take away what `_numbers` told; a bare number may belong to a name (01.AI)."""
    return " " if found[1] or found[3] or found[4] else found[0]
