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
from monitor.demo import SampleServer, prepare
from monitor.errors import BusyError, MonitorError

NOW = datetime(2026, 5, 12, 9, 30, 15, 999, tzinfo=UTC)


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
    assert parsedate_to_datetime(first) == datetime(2026, 5, 12, 7, 30, 15, tzinfo=UTC)
    items = json.loads(get(f"{server.url}/open-weights-weekly.json")[2])["items"]
    assert items[0]["date_published"] == "2026-05-12T06:30:15+00:00"


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
