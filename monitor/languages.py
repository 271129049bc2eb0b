"""The language of a short text, from its script and its most common words; nothing is guessed.

A news item is a headline and some sentences: script decides most of it, function words the rest.
"""

import re
from operator import itemgetter

_TAG = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE | re.DOTALL)
# Codes of countries that publishers write for the language spoken there.
_MISTAKEN = {"cn": "zh-Hans", "tw": "zh-Hant", "jp": "ja", "kr": "ko", "gb": "en", "us": "en"}
_NO_LANGUAGE = {"und", "mul", "zxx", "mis"}
_TRADITIONAL_REGIONS = {"hant", "tw", "hk", "mo"}
_SIMPLIFIED_REGIONS = {"hans", "cn", "sg", "my"}

# Characters of everyday news in pairs, simplified and traditional.
_PAIRS = (
    "们們这這个個为為说說国國会會对對来來时時过過发發现現开開关關门門问問间間"
    "题題经經济濟产產业業东東车車马馬龙龍头頭长長张張让讓认認识識语語话話请請"
    "读讀课課谁誰谈談讯訊设設计計证證试試软軟应應动動务務实實验驗报報数數据據"
    "网網络絡华華资資货貨贸貿财財贵貴费費负負责責贡貢质質购購总總统統领領导導"
    "团團队隊员員学學习習写寫书書画畫图圖体體义義乐樂买買卖賣点點电電机機灵靈"
)
_ONLY_SIMPLIFIED = re.compile(f"[{_PAIRS[::2]}]")
_ONLY_TRADITIONAL = re.compile(f"[{_PAIRS[1::2]}]")

# Each finds whole runs: there are far fewer of them than of characters.
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]+")
_HANGUL = re.compile("[\uac00-\ud7a3]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]+")
# Scripts that stand for one language well enough.
_OTHER_SCRIPTS = (
    (re.compile("[\u0370-\u03ff]+"), "el"),
    (re.compile("[\u0590-\u05ff]+"), "he"),
    (re.compile("[\u0e00-\u0e7f]+"), "th"),
)
_ARABIC = re.compile("[\u0600-\u06ff]+")
_PERSIAN = re.compile("[پچژگ]")
_URDU = re.compile("[ٹڈڑے]")
_CYRILLIC_SIGNS = (("uk", "їєґі"), ("sr", "ђћџљњј"), ("ru", "ыэё"))

# Without words of one letter: they mean something in every language.
_WORDS = {
    "de": "der die das und ist nicht mit von für auf ein eine im den dem des sich auch wird zu bei",
    "en": "the of and to in is for on that with as are has from by at an its was will how what be",
    "es": "el la los las de que en un una por con para del se su al es más lo como sobre sus",
    "fr": "le la les des de et en un une du que pour dans est sur au par plus avec qui ne pas aux",
    "it": "il la le di che una un per con del della dei non è in al da sono gli alla nel più delle",
    "nl": "de het een van en in is op te dat voor met zijn niet aan door bij naar ook om er uit",
    "pl": "na nie się do jest że po dla od przez jak oraz to ze są jego przy roku",
    "pt": "os as de que em um uma do da dos das no na por com para não ao mais são pela foi",
    "sv": "och att det som en på är av för med den till inte om har ett kan från vid",
    "tr": "ve bir bu için ile da de olarak olan daha çok en gibi sonra kadar yeni ise",
}
_KNOWN = {lang: words.split() for lang, words in _WORDS.items()}
# Which languages have a word, and what it says for each: less if several have it.
_SAYS = {
    word: tuple((lang, 1 / sum(word in more for more in _KNOWN.values())) for lang in having)
    for word, having in (
        (word, [lang for lang, words in _KNOWN.items() if word in words])
        for words in _KNOWN.values()
        for word in words
    )
}
_WORD = re.compile(r"[^\W\d_]+")
_ONLY_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}

# So much of a text is looked at: a headline and some sentences.
_CHARACTERS = 600


def normalized(tag: str | None) -> str | None:
    """Reduce a language tag, or what publishers take for one, to ours: "en", "zh-Hant", "zh".

    None when it names no language. "zh" alone leaves open how it is written.
    """
    match = _TAG.fullmatch((tag or "").strip())
    if match is None:
        return None
    primary = match[1].lower()
    if primary in _NO_LANGUAGE:
        return None
    if primary in _MISTAKEN:
        return _MISTAKEN[primary]
    if primary != "zh":
        return primary
    parts = set(re.split("[-_]", match[0].lower()))
    if "hans" not in parts and parts & _TRADITIONAL_REGIONS:
        return "zh-Hant"
    return "zh-Hans" if parts & _SIMPLIFIED_REGIONS else "zh"


def detected(text: str) -> str | None:
    """Tell the language of a text by script and function words; None when that is not clear.

    "zh" when a Chinese text has no character that tells simplified from traditional.
    """
    text = text[:_CHARACTERS]
    if text.isascii():
        return _by_words(text.lower())
    latin = _count(_LATIN, text)
    han, kana, hangul = (_count(script, text) for script in (_HAN, _KANA, _HANGUL))
    east_asian = han + kana + hangul
    # One such character says as much as several letters; product names are Latin in every language.
    if east_asian * 4 > latin:
        return _east_asian(text, han=han, kana=kana, hangul=hangul)
    for script, lang in _OTHER_SCRIPTS:
        if _count(script, text) > latin:
            return lang
    if _count(_CYRILLIC, text) > latin:
        return _cyrillic(text.lower())
    if _count(_ARABIC, text) > latin:
        return "ur" if _URDU.search(text) else "fa" if _PERSIAN.search(text) else "ar"
    return _by_words(text.lower())


def _count(script: re.Pattern[str], text: str) -> int:
    return sum(map(len, script.findall(text)))


def _east_asian(text: str, *, han: int, kana: int, hangul: int) -> str:
    if hangul > kana + han // 4:
        return "ko"
    # A Chinese text may quote a Japanese name; a Japanese one cannot do without kana.
    if kana * 8 > han:
        return "ja"
    simplified = len(_ONLY_SIMPLIFIED.findall(text))
    traditional = len(_ONLY_TRADITIONAL.findall(text))
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


def _cyrillic(text: str) -> str | None:
    for lang, signs in _CYRILLIC_SIGNS:
        if any(sign in text for sign in signs):
            return lang
    return None


def _by_words(text: str) -> str | None:
    scores = dict.fromkeys(_WORDS, 0.0)
    words = text.translate(_ONLY_LETTERS).split() if text.isascii() else _WORD.findall(text)
    for word in words:
        if word in _SAYS:
            for lang, weight in _SAYS[word]:
                scores[lang] += weight
    (lang, best), (_, second) = sorted(scores.items(), key=itemgetter(1), reverse=True)[:2]
    return lang if best >= 1.5 and best > 2 * second else None
