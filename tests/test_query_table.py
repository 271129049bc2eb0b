"""What the query language means, on headlines.

A row is: what to look for (a query, or a topic's lists) and a headline; " / " begins the text below
it, " @ " what else is known. The first list is found, the second is not.
"""

from typing import Any

import pytest

from monitor.config import TopicConfig
from monitor.matcher import Topics, loose_article

EXPORT = "export controls"
OPEN = "open-source AI"
NEAR_KLING = "Kling NEAR/15 (video OR AI OR Kuaishou)"
KLING = {"any": ["Kling", "可灵"], "near": ["video", "AI", "Kuaishou", "快手", "视频"]}
CONTROLS = {"any": ["export control"], "all": ["China OR Chinese OR 中国"]}
NO_GUNS = {"any": ["export control", "出口管制"], "none": ["firearm"]}
NO_ANDREAS = {"any": ["Kling"], "none": ["Andreas Kling"]}
NOT_IN_TITLE = {"any": ["Kling"], "none": ["title:Kling Brothers"]}
NO_GAMES = {"any": ["Kling"], "none": ["Kling NEAR/2 game"]}
ENTITIES = {"any": ["实体清单"], "none": ["不可靠实体清单"]}
WIRES = {"any": ["Alibaba"], "sources": ["reuters.com", "Morning Post", "-sport.reuters.com"]}
TONGUES = {"any": ["AI"], "languages": ["en", "zh-Hant"]}
NOT_GERMAN = {"any": ["AI"], "languages": ["-de"]}
BOTH = {"any": ["Kling"], "query": "video AND NOT karaoke"}
ONLY_FROM = {"sources": ["reuters.com"]}

HITS = [
    # phrases and what may stand between their words
    (EXPORT, "Brussels tightens its export control rules"),
    (EXPORT, "Export-controls, explained"),
    (EXPORT, "THE EXPORT CONTROLS’ PRICE"),
    (EXPORT, "An export\u00a0controls deal"),
    ("01.AI", "Lee’s 01 AI hires again"),
    ("01.AI", "零一万物（01.ai）融资"),
    ("01.AI", "01AI cuts its prices"),
    (OPEN, "A debate on opensource AI"),
    (OPEN, "Open–source AI"),
    ("GPT-4o", "Two names, GPT4o and GPT 4o"),
    ("AT&T", "AT&T sells towers"),
    ("C++", "What is new in C++"),
    # number and possessive
    ("Alibaba", "Alibaba’s shares rise"),
    ("policy", "Farm policies return"),
    ("chip bans", "A chip ban that leaks"),
    # case, accents, width, scripts
    ("resume", "A résumé for robots"),
    ("naïve Bayes", "NAIVE BAYES AGAIN"),
    ("Straße", "Die STRASSE wird breiter"),
    ("encyclopædia", "An encyclopaedia of chips"),
    ("阿里巴巴", "阿里巴巴集團公布財報"),
    ("開源", "开源模型发布"),
    ("开源", "這是開源的"),
    ("アリババ", "ｱﾘﾊﾞﾊﾞの決算"),
    ("приём", "Прием гостей"),
    # borders of words
    ("AI", "发布AI模型"),
    ("Qwen", "阿里发布Qwen2.5"),
    ("EU", "EU27 meets"),
    ("Exportkontroll*", "Neue Exportkontrollen für Chips"),
    ("*kontrolle", "Die Exportkontrolle greift"),
    ("Alibaba*", "AlibabaCloud is down"),
    # capitals
    ("AI", "A.I. takes the stage"),
    ("AI", "ＡＩ for all"),
    ("ai", "my ai helper"),
    ("US", "U.S. talks resume"),
    ("GPU", "GPUs are scarce"),
    ("=BIS", "BIS lists more firms"),
    ('="Entity List"', "Added to the Entity List"),
    ('"chip ban"', "The Chip Ban stays"),
    # what cannot be seen
    ("Kling", "K\u200bl\u00ading is out"),
    ("Kling", "\u202eKling\u202c is out"),
    ("可灵", "可\ufeff灵上线"),
    ("Kling", "Kling\ud83d is out"),
    # operators
    ("Kling OR Sora", "Sora is back"),
    ("Kling | Sora", "Sora is back"),
    ("research and development", "Research and development grows"),
    ("(chip OR GPU) AND China", "GPU sales in China"),
    ("Alibaba NOT basketball", "Alibaba opens shops"),
    ("Alibaba AND NOT (NBA OR Nets)", "Alibaba opens shops"),
    (NEAR_KLING, "Kling makes longer clips / A video tool by Kuaishou"),
    (NEAR_KLING, "Kuaishou’s Kling makes longer clips"),
    (KLING, "快手发布可灵：文生视频"),
    # fields
    ("title:Alibaba AND NOT (NBA OR Nets)", "Alibaba beats estimates"),
    ("body:(Alibaba OR Tencent)", "Two firms grow / Tencent and Alibaba"),
    ("title:(cloud NEAR/2 prices)", "Cloud cuts prices"),
    ("title：Alibaba", "Alibaba grows"),
    ("Alibaba source:reuters.com", "Alibaba cuts prices @ url=https://www.reuters.com/x"),
    ("Alibaba source:Reuters", "Alibaba cuts prices @ source=Reuters Business"),
    ("chip lang:zh", "英伟达chip降价 @ lang=zh-CN"),
    ("Alibaba author:lee", "Alibaba cuts prices @ author=Ann Lee"),
    ("Alibaba tag:e-commerce", "Alibaba cuts prices @ tag=E-Commerce"),
    ("Alibaba url:/tech/", "Alibaba cuts prices @ url=https://a.example/Tech/1"),
    ("Alibaba -source:a.example", "Alibaba cuts prices @ url=https://b.example/1"),
    # lists
    (CONTROLS, "Export controls bite / Chinese firms stockpile"),
    (BOTH, "Kling makes a video"),
    (WIRES, "Alibaba grows @ url=https://www.reuters.com/x"),
    (WIRES, "Alibaba grows @ source=South China Morning Post"),
    (TONGUES, "AI grows @ lang=en"),
    (NOT_GERMAN, "AI grows @ lang=fr"),
    (ONLY_FROM, "Rain @ url=https://reuters.com/rain"),
    # guards cancel the hits inside them
    (NO_ANDREAS, "Andreas Kling joins Ladybird; Kling 3.0 is out"),
    ({"any": ["可灵"], "none": ["可灵活"]}, "快手可灵可灵活调整时长"),
    (NOT_IN_TITLE, "The harbour / Kling Brothers and Kling"),
    (NOT_IN_TITLE, "The harbour / Kling Brothers"),
    (NO_GAMES, "Kling the game, and much later that year the Kling model"),
]

MISSES = [
    (EXPORT, "We export. Controls are checked at sea"),
    (EXPORT, "Controls on every export"),
    (EXPORT, "On export / Controls are good"),
    ("01.AI", "See figure 101.AI"),
    ("01.AI", "It begins on June 01. AI follows"),
    (OPEN, "Open source: AI for everybody?"),
    ("open source", "The opensource debate"),
    ("C++", "Vitamin C is healthy"),
    ("Alibaba", "AlibabaCloud is down"),
    ("Windows", "Open the window"),
    ('"chip ban"', "New chip bans loom"),
    ("ババ", "パパは元気"),
    ("йод", "под водой"),
    ("AI", "Il parle ai giornalisti"),
    ("AI", "He said it again"),
    ("US", "Come and join us"),
    ("H20", "Nvidia ships its H200"),
    ("3G", "松下FH3GK报价"),
    ("=BIS", "Von heute bis morgen"),
    ('="Entity List"', "The entity list of a database"),
    ("=開源", "开源模型"),
    ("Alibaba AND cloud", "Alibaba sells shoes"),
    ("Alibaba NOT basketball", "Alibaba’s owner loves basketball"),
    ("Kling NEAR/3 video", "Kling, as everyone in this town says, is for video"),
    ("Kling NEAR Kling", "Kling is here"),
    (KLING, "Kling & Bang shows paintings / Art in Reykjavik"),
    ("title:Alibaba AND NOT (NBA OR Nets)", "Nets owner speaks / Alibaba’s chairman"),
    ("title:Alibaba", "A price war / Alibaba cuts prices"),
    ("title:(cloud NEAR/9 prices)", "Cloud news / All prices"),
    ("Alibaba source:reuters.com", "Alibaba cuts prices @ url=https://notreuters.com/x"),
    ("Alibaba source:reuters.com", "Alibaba cuts prices @ url=https://reuters.com.example/x"),
    ("Alibaba source:reuters.com", "Alibaba cuts prices"),
    ("chip lang:zh", "A chip @ lang=en"),
    ("Alibaba tag:commerce", "Alibaba cuts prices @ tag=Ecommerce"),
    (CONTROLS, "Export controls on Norway"),
    (BOTH, "Kling makes a karaoke video"),
    (WIRES, "Alibaba grows @ url=https://sport.reuters.com/x"),
    (WIRES, "Alibaba grows @ url=https://b.example/x"),
    (TONGUES, "AI 新聞 @ lang=zh-Hans"),
    (TONGUES, "AI grows"),
    (NOT_GERMAN, "AI wächst @ lang=de-AT"),
    (ONLY_FROM, "Rain @ url=https://b.example/rain"),
    (NO_GUNS, "Export controls on firearms"),
    (NO_GUNS, "Export controls on chips and firearms"),
    (NO_ANDREAS, "Andreas Kling joins Ladybird"),
    (ENTITIES, "三家企业列入不可靠实体清单"),
    (NOT_IN_TITLE, "Kling Brothers open a shop"),
    (NO_GAMES, "Kling, a game"),
]


def found(wanted: str | dict[str, Any], line: str) -> bool:
    lists = {"query": wanted} if isinstance(wanted, str) else wanted
    texts, _, known = line.partition(" @ ")
    title, _, body = texts.partition(" / ")
    name, _, value = known.partition("=")
    facts: dict[str, Any] = {"tags": (value,)} if name == "tag" else {name: value} if name else {}
    topics = Topics([TopicConfig.model_validate({"id": "t", **lists})])
    return bool(topics.match(loose_article(title, body, **facts)))


@pytest.mark.parametrize(("wanted", "line"), HITS)
def test_found(wanted: str | dict[str, Any], line: str) -> None:
    assert found(wanted, line)


@pytest.mark.parametrize(("wanted", "line"), MISSES)
def test_not_found(wanted: str | dict[str, Any], line: str) -> None:
    assert not found(wanted, line)
