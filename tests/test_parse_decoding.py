"""The text of feeds that do not say which encoding they are in, or say a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.parse.decoding import decode

ITEM = "<item><title>{}</title><link>https://news.example/1</link></item>"
RSS = f'<rss version="2.0"><channel><title>Wire</title>{ITEM}</channel></rss>'
AS_UTF8 = '<?xml version="1.0" encoding="utf-8"?>'

# One headline has to be enough: many feeds have no more than one item at night.
HEADLINES = [
    ("gb18030", "央行宣布下调存款准备金率，释放长期资金"),
    ("gb18030", "DeepSeek 发布新模型"),
    ("gb18030", "地铁十二号线明天开通"),
    ("big5", "立法院今天通過新的能源法案"),
    ("big5hkscs", "颱風逼近，全台停班停課"),
    ("shift_jis", "政府、来年度の予算案を閣議決定"),
    ("shift_jis", "ランキング"),
    ("euc-jp", "台風が九州に接近、新幹線は運転を見合わせ"),
    ("euc-jp", "なぜ電気料金は上がるのか"),
    ("euc-kr", "국회, 내년 예산안 본회의 통과"),
    ("cp949", "서울 지하철 요금 오늘부터 인상"),
    ("windows-1251", "Центробанк сохранил ключевую ставку"),
    ("windows-1251", "МИНИСТР УШЁЛ В ОТСТАВКУ"),
    ("koi8-r", "В Москве открылась новая станция метро"),
    ("iso-8859-5", "Суд отложил заседание до понедельника"),
    ("windows-1251", "Уряд схвалив бюджет на наступний рік"),
    ("koi8-u", "Київ і Львів з'єднає новий поїзд"),
    ("windows-1251", "Kinks или Beatles"),
    ("windows-1251", "Парламентът прие бюджета за следващата година"),
    ("iso-8859-7", "Η κυβέρνηση ανακοίνωσε νέα μέτρα για την ενέργεια"),
    ("windows-1255", "הכנסת אישרה את תקציב המדינה"),
    ("windows-1256", "الحكومة تعلن عن ميزانية جديدة"),
    ("cp874", "รัฐบาลประกาศขึ้นค่าแรงขั้นต่ำ"),
    ("windows-1252", "Très attendue, la réforme des soins à domicile est votée"),
    ("windows-1252", "« Ça suffit », dit la ministre à l’Assemblée"),
    ("windows-1252", "El Congreso aprobó una ley para los niños: ¿qué cambia?"),
    ("windows-1252", "Zurück auf Gleis drei: Bahn kündigt größere Pünktlichkeit an"),
    ("windows-1252", "Eleições: votação começa às oito da manhã em São Paulo"),
    ("windows-1252", "Così cambierà la città: più verde, meno traffico"),
    ("windows-1252", "Regeringen föreslår högre skatt på kött från Själland"),
    ("windows-1252", "“I won’t go” – minister pays £5m, then leaves"),
    ("windows-1252", "A café in Zürich sells the year’s best naïve paintings"),
    ("windows-1250", "Rząd przyjął budżet na przyszły rok, opozycja żąda wyjaśnień"),
    ("iso-8859-2", "Vláda schválila příští rozpočet, důchody porostou"),
    ("windows-1250", "A kormány őszre új költségvetést ígér, drágább lesz a fűtés"),
    ("windows-1254", "Hükümet yeni bütçeyi açıkladı, öğretmen maaşı artıyor"),
]


@pytest.mark.parametrize(("encoding", "headline"), HEADLINES)
@pytest.mark.parametrize("declaration", ["", AS_UTF8], ids=["no label", "labelled UTF-8"])
def test_one_headline_tells_its_encoding(declaration: str, encoding: str, headline: str) -> None:
    feed = declaration + RSS.format(headline)
    assert decode(feed.encode(encoding), "text/xml") == feed


@pytest.mark.parametrize(
    ("encoding", "language", "headline"),
    [
        ("windows-1250", "hu", "A kémektől félti a kisfiút"),
        ("windows-1252", "pt", "Camões é lido outra vez"),
        ("windows-1254", "tr-TR", "Film altyazısı hazır"),
        ("windows-1250", "cs", "Nový rok začal klidně"),
    ],
)
def test_the_language_of_the_feed_decides_between_near_equals(
    encoding: str, language: str, headline: str
) -> None:
    feed = f"<rss><channel><language>{language}</language>{ITEM.format(headline)}</channel></rss>"
    assert decode(feed.encode(encoding)) == feed


@pytest.mark.parametrize("language", ["en-us", "fr", "ru"])
def test_a_wrong_language_decides_nothing(language: str) -> None:
    headline = "央行宣布下调存款准备金率，释放长期资金"
    feed = f"<rss><channel><language>{language}</language>{ITEM.format(headline)}</channel></rss>"
    assert decode(feed.encode("gb18030")) == feed


def test_one_broken_character_does_not_change_the_rest() -> None:
    feed = RSS.format("央行宣布下调存款准备金率，释放长期资金")
    cut = feed.encode("gb18030").replace("，".encode("gb18030"), b"\xff")
    assert decode(cut) == feed.replace("，", "\ufffd")


def test_one_cut_character_leaves_a_short_headline_utf_8() -> None:
    feed = RSS.format("地铁明天开通")
    cut = feed.encode().replace("明".encode(), "明".encode()[:2])
    assert decode(cut) == feed.replace("明", "\ufffd")


def test_text_far_down_in_a_feed_counts() -> None:
    feed = "<rss><channel>" + ITEM.format("Nothing but ASCII") * 3000
    feed += ITEM.format("Une soirée très animée à l’Élysée") + "</channel></rss>"
    assert decode(feed.encode("cp1252")) == feed


@given(st.binary(max_size=200))
def test_any_bytes_become_text(body: bytes) -> None:
    assert decode(b"<rss>\xff" + body) == decode(b"<rss>\xff" + body)


def test_a_servers_latin_1_gives_way_to_what_the_document_says() -> None:
    headline = "央行宣布下调存款准备金率"
    feed = f'<?xml version="1.0" encoding="gb2312"?>{RSS.format(headline)}'.encode("gb18030")
    assert headline in decode(feed, "text/xml; charset=iso-8859-1")
    assert headline in decode(feed, "text/xml; charset=gbk")
