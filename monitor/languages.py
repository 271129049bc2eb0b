"""The language of a short text, from its script and its most common words; nothing is guessed.

A news item is a headline and some sentences: script decides most of it, function words the rest.
"""

import re

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
_ONLY_SIMPLIFIED = frozenset(_PAIRS[::2])
_ONLY_TRADITIONAL = frozenset(_PAIRS[1::2])

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Scripts that stand for one language well enough.
_OTHER_SCRIPTS = (
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
)
_ARABIC = re.compile("[\u0600-\u06ff]")
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
_FUNCTION_WORDS = {lang: frozenset(words.split()) for lang, words in _WORDS.items()}
# A word that several languages have says less for each of them.
_WEIGHTS = {
    word: 1 / sum(word in known for known in _FUNCTION_WORDS.values())
    for words in _FUNCTION_WORDS.values()
    for word in words
}
_WORD = re.compile(r"[^\W\d_]+")

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
    latin = len(_LATIN.findall(text))
    han, kana, hangul = (len(script.findall(text)) for script in (_HAN, _KANA, _HANGUL))
    east_asian = han + kana + hangul
    # One such character says as much as several letters; product names are Latin in every language.
    if east_asian * 4 > latin:
        return _east_asian(text, han=han, kana=kana, hangul=hangul)
    for script, lang in _OTHER_SCRIPTS:
        if len(script.findall(text)) > latin:
            return lang
    if len(_CYRILLIC.findall(text)) > latin:
        return _cyrillic(text.lower())
    if len(_ARABIC.findall(text)) > latin:
        return "ur" if _URDU.search(text) else "fa" if _PERSIAN.search(text) else "ar"
    return _by_words(text.lower())


def _east_asian(text: str, *, han: int, kana: int, hangul: int) -> str:
    if hangul > kana + han // 4:
        return "ko"
    # A Chinese text may quote a Japanese name; a Japanese one cannot do without kana.
    if kana * 8 > han:
        return "ja"
    simplified = sum(map(_ONLY_SIMPLIFIED.__contains__, text))
    traditional = sum(map(_ONLY_TRADITIONAL.__contains__, text))
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


def _cyrillic(text: str) -> str | None:
    for lang, signs in _CYRILLIC_SIGNS:
        if any(sign in text for sign in signs):
            return lang
    return None


def _by_words(text: str) -> str | None:
    found = [word for word in _WORD.findall(text) if word in _WEIGHTS]
    scores = sorted(
        (
            (sum(_WEIGHTS[word] for word in found if word in known), lang)
            for lang, known in _FUNCTION_WORDS.items()
        ),
        reverse=True,
    )
    (best, lang), (second, _) = scores[0], scores[1]
    return lang if best >= 1.5 and best > 2 * second else None
