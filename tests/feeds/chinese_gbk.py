"""GBK that nobody declared, dates as people write them in China."""

from datetime import UTC, datetime

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="江城科技观察",
    link="https://jiangcheng.example/",
    lang="zh-cn",
    entries=(
        Entry(
            guid=None,
            link="https://jiangcheng.example/a/1.html",
            title="可灵发布新版视频模型，生成速度提高一倍",
            text="快手表示，新版可灵模型已经向全部用户开放，生成速度比上一代提高一倍。"
            "分析人士认为国内视频模型的竞争将更加激烈。",
            published_at=datetime(2026, 3, 11, 0, 30, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            link="https://jiangcheng.example/a/2.html",
            title="阿里巴巴开源新的语言模型",
            text="阿里巴巴今天宣布开源一个新的语言模型，开发者可以免费下载和使用，"
            "公司同时公布了训练数据的说明。",
            published_at=datetime(2026, 3, 11, 1, 15, tzinfo=UTC),
        ),
    ),
)
