"""A made-up press: issues of any size, composed as the service composes them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import digest as digests
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.model import (
    ArticleMatches,
    Digest,
    FailingFeed,
    Match,
    Missed,
    QuietFeed,
    Reported,
    Shown,
    StoryMember,
    Timeline,
)
from tests.factories import DAY, HOUR, NOW, article, coverage, span, window

ZONE = ZoneInfo("Europe/Berlin")
TOPICS = (
    TopicConfig(id="kling", name="Kling", any=("Kling", "可灵", "可靈")),
    TopicConfig(id="01ai", name="01.AI", any=("01.AI", "零一万物")),
    TopicConfig(id="alibaba", name="Alibaba", any=("Alibaba", "Qwen", "阿里", "通义千问")),
    TopicConfig(
        id="export-controls", name="Export controls",
        any=("export controls", "Entity List", "出口管制", "controles de exportación"),
    ),
    TopicConfig(
        id="open-source-ai", name="Open-source AI",
        any=("open source", "open-weight", "开源", "código abierto"),
    ),
)  # fmt: skip
STATE = FeedConfig(url="https://northern-wire.example/feed", label="state media")

#: Language, headline, text. Nothing here happened.
NEWS = [
    ("en", "Kling {n} turns one sketch into two minutes of film",
     ("Kuaishou has shown a new Kling, a video model that keeps faces and clothes the same over "
     "two minutes. Studios drew one sketch per scene and left the rest to the machine.")),
    ("zh-Hans", "光刻零部件拟纳入出口管制，企业有{n}天反馈",
     "规则草案扩大出口管制范围，镜片、泵和光源须申请许可。小企业希望主管部门列出零件编号，以便核对库存。"),
    ("en", "Alibaba opens data centre number {n}, and it heats a swimming pool",
     ("Warm water from the servers of Alibaba Cloud runs under the street to the public baths. The "
     "town saves its gas; the company gets cold water back.")),
    ("en", "A village trains open source language model number {n}",
     ("Eight hundred letters, two retired teachers and a borrowed graphics card: the open source "
     "model speaks the dialect, and answers politely when it does not know.")),
    ("es", "Los controles de exportación alcanzan a {n} piezas de litografía",
     ("El borrador amplía los controles de exportación a espejos, bombas y fuentes de luz. Las "
     "empresas tienen noventa días para responder.")),
    ("en", "01.AI sells its office assistant to airline number {n}",
     ("01.AI will answer lost-luggage letters. It promises an answer within a minute; the luggage "
     "takes longer, as the union of porters points out in its own letter.")),
    ("zh-Hans", "通义千问{n}开放权重，小尺寸可在笔记本上运行",
     "阿里巴巴公布新一代开源大模型，支持一千万词元的上下文，许可允许商用，权重今晚上线。"),
    ("en", "Draft rule puts {n} lithography parts under export controls",
     ("Mirrors, pumps and light sources would need a licence under the widened export controls. "
     "Industry has ninety days to comment, and a list with part numbers is to follow.")),
    ("en", "Open-weight models win {n} of ten rounds in a test of kitchen recipes",
     ("Cooks tasted two hundred dishes without knowing who wrote the recipe. An open-weight model "
     "won with a lentil soup.")),
]  # fmt: skip
#: What the topics may have missed.
MISSED = (
    Missed(
        id=901, topic="Kling", why="“Kuaishou”, as in 9 matches",
        title="Kuaishou's film machine wants actors <and> a village square", source="Trade Gazette",
        url="https://901.example/news", lang="en", time=NOW - 2 * DAY,
    ),
    Missed(
        id=902, topic="Export controls", why="“光刻 NEAR/8 出口” without “出口”",
        title="光刻零件清单征求意见", source="北辰商报", url="", lang="zh-Hans", time=NOW - 5 * DAY,
    ),
)  # fmt: skip
OUTLETS = (
    "Harbour Dispatch", "Circuit Ledger", "Trade Gazette", "Northern Wire", "北辰商报",
    "El Meridiano", "Open Weights Weekly", "云间科技", "The Long Room", "Kettle & Crane",
)  # fmt: skip


def issue(number: int, *, archive_url: str = "https://news.example.org") -> Digest:
    """Compose an issue of so many stories, some of them updates, in three languages."""
    stories = tuple(map(_story, range(number)))
    reported: dict[int, Reported] = {}
    rows = []
    for place, story in enumerate(stories):
        old = story.members[0].row.id if place % 7 == 2 else 0
        if old:
            reported[old] = Reported(at=NOW - DAY, shown=Shown.LEAD)
        rows += [member.row for member in story.members if member.row.id != old]
    read = coverage(feeds=212, feeds_read=210, articles=4812) if number else coverage()
    failing = FailingFeed(name="Trade Gazette", url="https://t.example", error="answered 503")
    quiet = QuietFeed(name="El Meridiano", url="https://m.example", days=9)
    return digests.compose(
        config=DigestConfig(name="daily", languages=("en",)),
        topics=TOPICS,
        feeds=(STATE,),
        rows=rows,
        coverage=type(read)(
            feeds=read.feeds, feeds_read=read.feeds_read, articles=read.articles,
            failing=(failing,), quiet=(quiet,),
        ),
        window=window(),
        zone=ZONE,
        slot_at=NOW,
        stories=stories,
        reported=reported,
        usual={topic.id: float(number) / (4 + place) for place, topic in enumerate(TOPICS)},
        missed=MISSED if number == 8 else (),
        archive_url=archive_url,
        unsubscribe_url="https://news.example.org/unsubscribe/0123456789",
    )  # fmt: skip


def _story(place: int) -> Timeline:
    lang, title, text = NEWS[place % len(NEWS)]
    outlets = 1 + (place * 5 + 3) % 7 if place % 3 != 1 else 1
    members = []
    for turn in range(outlets):
        number = 10 * place + turn + 1
        row = _row(
            number, lang, title.format(n=place + 4) + (f", part {turn + 1}" if turn else ""), text,
            OUTLETS[(place + turn) % len(OUTLETS)],
            NOW - (place % 23) * HOUR - timedelta(minutes=7 * turn + place % 50),
        )  # fmt: skip
        copy = 10 * place + 1 if turn % 2 and place % 7 != 2 else None
        members.append(StoryMember(row=row, copy_of=copy))
    if place % 7 == 2 and len(members) == 1:
        again = _row(
            10 * place + 2, lang, title.format(n=place + 4) + ", and it cost $2 billion", text,
            OUTLETS[place % len(OUTLETS) - 1], NOW - (place % 23) * HOUR,
        )  # fmt: skip
        members.append(StoryMember(row=again))
    return Timeline(id=place + 1, members=tuple(members))


def _row(
    number: int, lang: str, title: str, text: str, source: str, at: datetime
) -> ArticleMatches:
    told = article(
        title, text=text, lang=lang, source=source, published_at=at, first_seen_at=at,
        url=f"https://{number}.example/news/2026/03/{number}-a-usual-address-of-a-newspaper",
        feed_url=STATE.url if source == "Northern Wire" else "https://other.example/feed",
    )  # fmt: skip
    matches = []
    for topic in TOPICS:
        spans = tuple(
            span(term, words.find(term), field=field)
            for field, words in {"title": title, "body": text}.items()
            for term in topic.any
            if term in words
        )
        if spans:
            matches.append(Match(topic_id=topic.id, query_version="v1", spans=spans))
    return ArticleMatches(id=number, article=told, matches=tuple(matches))
