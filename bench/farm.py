"""A farm of generated feeds for the benches: the same feeds from the same seed, on loopback.

    python bench/farm.py 200        prints its port, then answers until its standard input ends

    GET /feed/7            RSS of about 85 kB with 40 entries, gzip, with ETag and 304
    GET /change/10         gives two new entries to 10 % of the feeds
    GET /rebuild           gives all feeds another build date, and nothing else
    GET /manner/slow       5 % of the feeds answer after 2 s, 2 % never
    GET /manner/distant    each after its own delay as over the internet: lognormal, median 150 ms,
                           at most 1.5 s
    GET /manner/prompt     all at once again

On Linux it answers under as many loopback addresses as `HOSTS`, as so many servers would.
"""

import asyncio
import contextlib
import gzip
import math
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 26))
ENTRIES = 40
BODY_CHARACTERS = 1_050
FOR_EVER = 3600.0
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

# fmt: off
WORDS = """
the a of and to in for on with from after over new old small large first last week month year city
harbour council market bank court school river road bridge hospital minister company engineer team
player season price report study plan rule law tax budget power water food energy climate health
chip phone battery screen camera cloud server model data network software update release goods
import trade border customs port ship rail flight strike vote talks deal growth supply demand says
opens closes rises falls wins loses builds sells buys finds tests delays promises warns answers
""".split()  # noqa: SIM905  a paragraph reads better than a list of a hundred strings
CLAUSES = [
    "记者获悉", "市民表示", "公司公布新产品", "项目将于明年完工", "专家认为影响有限",
    "价格保持稳定", "双方签署协议", "数据中心投入使用", "新机型支持快速充电", "港口吞吐量增长",
    "天气转凉注意保暖", "球队客场取胜", "图书馆延长开放", "铁路增开列车", "农产品价格回落",
]
#: What some of the articles are about, so that topics find something.
SUBJECTS = [
    "Kling 3.0", "可灵", "01.AI", "零一万物", "Alibaba Cloud", "Qwen 4", "阿里巴巴", "通义千问",
    "export controls", "出口管制", "controles de exportación", "an open-source AI model",
    "开源大模型",
]
# fmt: on


def text(chance: random.Random, characters: int) -> str:
    """Give a text of about so many characters; one in twenty has a subject that topics look for."""
    chinese = chance.random() < 0.3
    words: list[str] = []
    length = 0
    while length < characters:
        words.append(chance.choice(CLAUSES if chinese else WORDS))
        length += len(words[-1]) + 1
    if chance.random() < 0.05:
        words.insert(chance.randrange(len(words) + 1), chance.choice(SUBJECTS))
    return ("，" if chinese else " ").join(words)


def feed(number: int, newest: int, built: int = 0) -> bytes:
    """Give a feed's document; `newest` is the number of its first entry, which counts upwards."""
    build = format_datetime(START + timedelta(minutes=built))
    items = []
    for entry in range(newest, newest - ENTRIES, -1):
        chance = random.Random(f"{number} {entry}")
        date = START + timedelta(minutes=10 * entry)
        paragraphs = "".join(f"<p>{text(chance, BODY_CHARACTERS // 3)}</p>" for _ in range(3))
        link = f"https://outlet-{number}.example/{entry}"
        items.append(
            f"<item><title>{text(chance, 60)}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{format_datetime(date)}</pubDate><dc:creator>Desk {number}</dc:creator>"
            f"<content:encoded><![CDATA[{paragraphs}]]></content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>Outlet {number}</title><link>https://outlet-{number}.example/</link>"
        f"<description>Generated</description><language>en</language>"
        f"<lastBuildDate>{build}</lastBuildDate>{''.join(items)}"
        "</channel></rss>"
    ).encode()


class Farm:
    """All feeds, made once and kept compressed, so that serving them costs next to nothing."""

    def __init__(self, count: int) -> None:
        self.newest = [ENTRIES] * count
        self.built = 0
        self.manner = "prompt"
        self.pages = [self._page(number) for number in range(count)]

    def _page(self, number: int) -> tuple[bytes, bytes]:
        body = feed(number, self.newest[number], self.built)
        etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'.encode()
        return etag, gzip.compress(body, compresslevel=1, mtime=0)

    def change(self, percent: int) -> None:
        """Publish two new entries in so many feeds, evenly spread."""
        for number in range(0, len(self.pages), max(1, 100 // percent)):
            self.newest[number] += 2
            self.pages[number] = self._page(number)

    def rebuild(self) -> None:
        """Give every feed another build date."""
        self.built += 1
        self.pages = [self._page(number) for number in range(len(self.pages))]

    def delay(self, number: int) -> float:
        """Give how many seconds a feed takes to answer in the present manner."""
        chance = random.Random(f"delay {number}")
        if self.manner == "distant":
            return min(chance.lognormvariate(math.log(0.15), 0.8), 1.5)
        if self.manner == "slow":
            return FOR_EVER if number % 50 == 7 else 2.0 if number % 20 == 3 else 0.0
        return 0.0

    async def answer(self, head: bytes) -> bytes:
        """Give the whole HTTP answer to a request's head."""
        path = head.split(b" ", 2)[1]
        match path.decode().split("/")[1:]:
            case ["change", percent]:
                self.change(int(percent))
            case ["rebuild"]:
                self.rebuild()
            case ["manner", manner]:
                self.manner = manner
            case [_, number]:
                await asyncio.sleep(self.delay(int(number)))
                return self.page(int(number), head)
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    def page(self, number: int, head: bytes) -> bytes:
        """Give a feed as a request's head asks for it."""
        etag, body = self.pages[number]
        if etag in head:
            return b"HTTP/1.1 304 Not Modified\r\nETag: " + etag + b"\r\n\r\n"
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\n"
            b"Content-Encoding: gzip\r\nContent-Length: %d\r\nETag: %b\r\n\r\n" % (len(body), etag)
        ) + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until its client closes it."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                writer.write(await self.answer(await reader.readuntil(b"\r\n\r\n")))
                await writer.drain()
        writer.close()


async def main(count: int) -> None:
    """Serve until nobody holds the other end of standard input any more."""
    farm = Farm(count)
    first = await asyncio.start_server(farm.serve, HOSTS[0], 0)
    port = first.sockets[0].getsockname()[1]
    hosts = [HOSTS[0]]
    for host in HOSTS[1:]:
        with contextlib.suppress(OSError):  # other systems give the loopback one address
            await asyncio.start_server(farm.serve, host, port)
            hosts.append(host)
    print(port, *hosts, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # whoever still waits for an answer waits for ever


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
