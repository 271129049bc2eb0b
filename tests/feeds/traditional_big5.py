"""Big5, declared; no dates, no identifiers."""

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="島嶼科技報",
    link="https://daoyu.example/",
    lang="zh-TW",
    entries=(
        Entry(
            guid=None,
            link="https://daoyu.example/n/7",
            title="晶片出口管制再收緊",
            text="美國商務部宣布新的出口管制措施，半導體業者表示正在評估影響。",
        ),
    ),
)
