"""The demo's stage: what is served, and which folder it dares to clear."""

import fcntl
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from monitor import config as configuration
from monitor.app import shipped_config
from monitor.demo import SampleServer, prepare
from monitor.errors import BusyError, MonitorError
from monitor.matcher import Topics

NOW = datetime(2026, 5, 12, 9, 30, 15, 999, tzinfo=UTC)

#: Every sample article that a topic finds. All others are ordinary news or near misses: Klingon,
#: sparkling wine, Ali Baba, 阿里山, 可灵活, 开源节流, coffee exports, "June 01. AI is".
FOUND = {
    "Kling 4 turns one sketch into two minutes of film": "kling",
    "Kuaishou's Kling 4 keeps a face for two minutes": "kling",
    "可灵 4 发布：一张草图生成两分钟视频": "kling",
    "可靈 4 登場 兩分鐘影片人臉不走樣": "kling",
    "Kling 4 convierte un boceto en dos minutos de vídeo": "kling",
    "01.AI sells its office assistant to three airlines": "01ai",
    "零一万物与三家航空公司签约，行李信件一分钟回复": "01ai",
    "Yi-34B, three years on: who still runs it?": "01ai",
    "Alibaba opens a data centre that heats a swimming pool": "alibaba",
    "阿里云用服务器余热为泳池加温": "alibaba",
    "Alibaba calienta una piscina con sus servidores": "alibaba",
    "Qwen 5 reads a whole law library in one go": "alibaba",
    "Qwen 5 on a laptop: an afternoon with the small one": "alibaba",
    "通义千问 5 开放权重，小尺寸可在笔记本上运行": "alibaba open-source-ai",
    "Chip makers get ninety days to answer new export controls": "export-controls",
    "Draft rule puts lithography parts under export controls": "export-controls",
    "Lithography parts to come under export controls, draft rule says": "export-controls",
    "Two firms leave the Entity List after four years": "export-controls",
    "Ministry explains rare earth licences in eleven pages": "export-controls",
    "光刻零部件拟纳入出口管制，企业有九十天反馈": "export-controls",
    "稀土出口许可指南共十一页，答复需四十五个工作日": "export-controls",
    "晶片設備擬列出口管制 業者盼公布料號": "export-controls",
    "Los controles de exportación alcanzan a las piezas de litografía": "export-controls",
    "Open-weight models pass closed ones in a test of kitchen recipes": "open-source-ai",
    "What an open-source AI licence should promise": "open-source-ai",
    "A village trains its own open source language model": "open-source-ai",
    "方言开源模型由两位退休教师训练完成": "open-source-ai",
    "開源模型學會方言 兩位退休老師帶頭": "open-source-ai",
    "Un pueblo entrena su propia IA de código abierto": "open-source-ai",
}


@pytest.fixture
def server() -> Iterator[SampleServer]:
    with SampleServer(NOW) as running:
        yield running


def get(url: str, etag: str = "") -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers={"If-None-Match": etag} if etag else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_every_feed_is_well_formed_and_has_all_its_dates(server: SampleServer) -> None:
    assert len(server.feeds) == 8
    for url in server.feeds:
        status, headers, body = get(url)
        assert status == 200
        assert b"{{" not in body
        if url.endswith(".json"):
            assert headers["Content-Type"] == "application/feed+json"
            assert json.loads(body)["version"].startswith("https://jsonfeed.org/")
        else:
            assert "xml" in headers["Content-Type"]
            ET.fromstring(body)


def test_dates_count_back_from_the_start(server: SampleServer) -> None:
    rss = ET.fromstring(get(f"{server.url}/harbour-dispatch.rss")[2])
    first = rss.findtext("channel/item/pubDate")
    assert first is not None
    assert parsedate_to_datetime(first) == datetime(2026, 5, 12, 7, 26, 15, tzinfo=UTC)
    items = json.loads(get(f"{server.url}/open-weights-weekly.json")[2])["items"]
    assert items[0]["date_published"] == "2026-05-12T06:05:15+00:00"


def test_an_unchanged_feed_is_not_sent_again(server: SampleServer) -> None:
    _, headers, _ = get(server.feeds[0])
    assert get(server.feeds[0], headers["ETag"])[::2] == (304, b"")
    assert get(server.feeds[0], '"other"')[0] == 200


def test_an_unknown_path_is_not_found(server: SampleServer) -> None:
    assert get(f"{server.url}/../config.toml")[0] == 404


def test_the_configuration_is_valid_and_names_every_sample_feed(
    server: SampleServer, tmp_path: Path
) -> None:
    path = prepare(tmp_path / "demo", server.url, at="09:30")
    config = configuration.load(path.read_text("utf-8"), path=str(path))
    assert sorted(feed.url for feed in config.feeds) == sorted(server.feeds)
    assert config.digests[0].at == "09:30"
    assert [topic.id for topic in config.topics] == [
        "kling",
        "01ai",
        "alibaba",
        "export-controls",
        "open-source-ai",
    ]


def test_the_readers_own_topics_can_be_looked_for(tmp_path: Path) -> None:
    topics = configuration.load(shipped_config().read_text("utf-8")).topics
    path = prepare(tmp_path / "demo", "http://127.0.0.1:1111", topics=topics)
    taken = configuration.load(path.read_text("utf-8"))
    assert taken.topics == topics
    assert len(taken.feeds) == 8
    assert [digest.name for digest in taken.digests] == ["daily"]
    none = prepare(tmp_path / "demo", "http://127.0.0.1:1111", topics=())
    assert configuration.load(none.read_text("utf-8")).topics == ()


def test_a_second_demo_starts_from_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = prepare(folder, "http://127.0.0.1:1111")
    (folder / "data" / "outbox").mkdir(parents=True)
    (folder / "data" / "monitor.db").write_text("old")
    (folder / "note").write_text("old")
    second = prepare(folder, "http://127.0.0.1:2222")
    assert second == first
    assert [entry.name for entry in folder.iterdir()] == ["config.toml"]
    assert "1111" not in second.read_text("utf-8")


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# my own\n")
    (tmp_path / "monitor.db").write_text("years of news")
    with pytest.raises(MonitorError, match="something other than a demo"):
        prepare(tmp_path, "http://127.0.0.1:1111")
    assert (tmp_path / "monitor.db").read_text() == "years of news"


def test_a_folder_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MonitorError, match="--folder"):
        prepare(tmp_path / "file" / "demo", "http://127.0.0.1:1111")


def test_a_running_demo_keeps_its_folder(tmp_path: Path) -> None:
    prepare(tmp_path, "http://127.0.0.1:1111")
    (tmp_path / "data").mkdir()
    lock = tmp_path / "data" / "monitor.db.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="already running"):
            prepare(tmp_path, "http://127.0.0.1:2222")
    assert lock.exists()


def test_topics_find_their_news_and_no_near_miss(server: SampleServer, tmp_path: Path) -> None:
    path = prepare(tmp_path / "demo", server.url)
    topics = Topics(configuration.load(path.read_text("utf-8")).topics)
    found = {
        title: " ".join(match.topic_id for match in topics.match_text(title, text))
        for url in server.feeds
        for title, text in items(get(url)[2])
    }
    assert len(found) == 57  # one headline stands in two feeds
    assert {title: ids for title, ids in found.items() if ids} == FOUND


def items(document: bytes) -> Iterator[tuple[str, str]]:
    """Give title and text of each item, whatever the format."""
    if document.startswith(b"{"):
        for item in json.loads(document)["items"]:
            yield item["title"], item.get("content_html") or item["content_text"]
        return
    for element in ET.fromstring(document).iter():
        if element.tag.rpartition("}")[2] in {"item", "entry"}:
            fields = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            text = fields.get("encoded") or fields.get("description") or fields["summary"]
            yield fields["title"], text
