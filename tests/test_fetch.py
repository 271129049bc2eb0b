"""Fetching: many feeds at once, politely, within limits, and never from where they must not come.

The servers are real and scripted; names lead to them through a resolver of the test's own.
"""

import gzip
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.config import FetchConfig
from monitor.fetch import Fetcher
from monitor.fetch.body import MAX_BODY_BYTES
from monitor.fetch.guard import allowance, alternating, plain_address, refusal
from monitor.model import (
    FailureKind,
    Fetched,
    FetchFailed,
    FetchRequest,
    FetchResult,
    NotModified,
    Validators,
)
from tests.scripted import Answer, ScriptedServer, Seen, serve

RSS = b'<rss version="2.0"><channel><title>Example News</title></channel></rss>'
CERTIFICATE = Path(__file__).parent / "tls" / "server.pem"
LOOPBACK = ("127.0.0.0/8",)


def config(**fields: Any) -> FetchConfig:
    """Loopback allowed, no pause: a test names what it is about."""
    defaults = {"allow": LOOPBACK, "host_gap": timedelta(0), "per_host": 50}
    return FetchConfig(**{**defaults, **fields})


def request(url: str, **fields: Any) -> FetchRequest:
    return FetchRequest(feed_url=url, url=url, **fields)


class Names:
    """A resolver of the test's own: names lead to 127.0.0.1 unless it says otherwise."""

    def __init__(self, hosts: Mapping[str, Sequence[str]] | None = None) -> None:
        self.hosts = hosts or {}

    def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.hosts.get(host, ["127.0.0.1"])


def nowhere(host: str, port: int) -> Sequence[str]:
    """A resolver without network."""
    host.encode("idna")  # as `socket.getaddrinfo` does, with its errors
    raise socket.gaierror(-2, "Name or service not known")


def numeric(host: str, port: int) -> Sequence[str]:
    """Reads any spelling of an IPv4 address as the C library does, and asks nobody else."""
    if host.lower().startswith("localhost"):
        return ["127.0.0.1"]
    return [socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serve({"/feed": Answer(body=RSS)}) as running:
        yield running


@pytest.fixture(scope="module")
def usual() -> Iterator[Fetcher]:
    """One fetcher for the tests that need nothing special."""
    with Fetcher(config(), resolve=Names()) as fetcher:
        yield fetcher


@pytest.fixture(scope="module")
def offline() -> Iterator[Fetcher]:
    """Reaches addresses of this machine and no name."""
    with Fetcher(config(), resolve=nowhere) as fetcher:
        yield fetcher


@pytest.fixture(scope="module")
def as_shipped() -> Iterator[Fetcher]:
    """Nothing allowed but the public web, and nobody to ask for names."""
    with Fetcher(FetchConfig(host_gap=timedelta(0)), resolve=numeric) as fetcher:
        yield fetcher


def fetch(fetcher: Fetcher, url: str, **fields: Any) -> FetchResult:
    (result,) = fetcher.fetch_many([request(url, **fields)])
    return result


def failure(result: FetchResult) -> FetchFailed:
    assert isinstance(result, FetchFailed), result
    assert result.reason.isprintable()
    return result


# ------------------------------------------------------------------------------ what is asked


def test_a_feed_comes_as_it_was_sent(server: ScriptedServer, usual: Fetcher) -> None:
    server.script["/feed"] = Answer(
        body=RSS,
        content_type='text/xml; charset="gb18030"',
        etag='W/"a b, é\'"',
        last_modified="not a date at all",
        headers={"Cache-Control": "private, MAX-AGE=43200", "Set-Cookie": "spy=1"},
    )
    assert fetch(usual, server.url("/feed")) == Fetched(
        feed_url=server.url("/feed"),
        url=server.url("/feed"),
        moved_to=None,
        body=RSS,
        content_type='text/xml; charset="gb18030"',
        validators=Validators(etag='W/"a b, é\'"', last_modified="not a date at all"),
        max_age=timedelta(hours=12),
    )


def test_a_request_says_who_asks_and_carries_nothing_else(
    server: ScriptedServer, usual: Fetcher
) -> None:
    server.script["/feed"] = Answer(body=RSS, headers={"Set-Cookie": "spy=1"})
    server.script["/from"] = Answer(status=302, headers={"Location": "/feed"})
    for _ in range(2):
        fetch(usual, server.url("/from?page=1#top"))
        fetch(usual, server.url("/from"))
    assert {seen.method for seen in server.seen} == {"GET"}
    assert set(server.paths()) == {"/from?page=1", "/from", "/feed"}
    for seen in server.seen:
        assert seen.headers["user-agent"].startswith("NewsMonitor/")
        assert "(+https://" in seen.headers["user-agent"]
        assert seen.headers["accept-encoding"] == "gzip"
        assert "application/atom+xml" in seen.headers["accept"]
        assert set(seen.headers) == {
            "host", "user-agent", "accept", "accept-encoding", "connection"
        }  # fmt: skip


def test_validators_are_echoed_to_the_letter_and_304_is_no_failure(
    server: ScriptedServer, usual: Fetcher
) -> None:
    said = Answer(body=RSS, etag='"ä; 1"', last_modified="Tue, 10 Mar 2026 08:00:00 GMT")
    server.script["/feed"] = said
    first = fetch(usual, server.url("/feed"))
    assert isinstance(first, Fetched)
    second = fetch(usual, server.url("/feed"), validators=first.validators)
    assert second == NotModified(
        feed_url=server.url("/feed"), moved_to=None, validators=first.validators
    )
    assert server.seen[1].headers["if-none-match"] == said.etag
    assert server.seen[1].headers["if-modified-since"] == said.last_modified


def test_a_304_that_nobody_asked_for_is_a_failure(server: ScriptedServer, usual: Fetcher) -> None:
    """Taken for a success it would keep a feed empty for ever."""
    server.script["/feed"] = Answer(status=304)
    assert failure(fetch(usual, server.url("/feed"))).kind is FailureKind.STATUS


def test_the_environments_proxy_is_not_used(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Fetcher(config()) as fetcher:
        assert isinstance(fetch(fetcher, server.url("/feed")), Fetched)


# -------------------------------------------------------------------------------- many at once


def test_many_are_asked_at_the_same_time(server: ScriptedServer, usual: Fetcher) -> None:
    """Each of the ten answers waits until all ten were asked."""
    together = threading.Barrier(10, timeout=20)

    def wait(seen: Seen) -> Answer:
        together.wait()
        return Answer(body=RSS)

    urls = [server.url(f"/{number}") for number in range(10)]
    server.script |= {f"/{number}": wait for number in range(10)}
    results = list(usual.fetch_many(map(request, urls)))
    assert sorted(result.feed_url for result in results) == sorted(urls)
    assert all(isinstance(result, Fetched) for result in results)


def test_one_host_is_asked_by_few_at_a_time(server: ScriptedServer) -> None:
    """A server counts a request until it has closed its connection, whatever it said."""
    answers = [Answer(body=RSS, close_after=0.03), Answer(status=500, close_after=0.03)]
    server.script |= {f"/{number}": answers[number % 2] for number in range(8)}
    with Fetcher(config(per_host=2)) as fetcher:
        urls = [server.url(f"/{number}") for number in range(8)]
        assert len(list(fetcher.fetch_many(map(request, urls)))) == 8
    assert server.most_at_once == 2


def test_a_server_that_never_closes_its_connections_stops_nobody(server: ScriptedServer) -> None:
    server.script["/open"] = Answer(body=RSS, hang=True)
    with Fetcher(config(per_host=1)) as fetcher:
        results = list(fetcher.fetch_many([request(server.url("/open"))] * 2))
    assert [type(result) for result in results] == [Fetched] * 2


def test_a_host_gets_a_pause_between_requests_and_the_pause_costs_no_deadline() -> None:
    """The fifth feed waits longer than its deadline; the pause goes on into the next round."""
    arrived: list[float] = []

    def note(seen: Seen) -> Answer:
        arrived.append(time.monotonic())
        return Answer(body=RSS)

    pace = {"host_gap": timedelta(seconds=0.3), "deadline": timedelta(seconds=1)}
    with serve() as server, Fetcher(config(**pace)) as fetcher:
        server.script |= {f"/{number}": note for number in range(6)}
        first_round = [request(server.url(f"/{number}")) for number in range(5)]
        started = time.monotonic()
        results = [*fetcher.fetch_many(first_round), fetch(fetcher, server.url("/5"))]
    assert all(isinstance(result, Fetched) for result in results)
    # No request can arrive sooner than this, however slow the machine is.
    assert all(moment >= started + 0.3 * number for number, moment in enumerate(sorted(arrived)))


def test_a_hanging_host_delays_nobody_else() -> None:
    """Its many feeds wait for each other, not in the way of others."""
    with serve({"/hang": Answer(raw=b"", hang=True), "/feed": Answer(body=RSS)}) as server:
        hanging = [request(f"http://slow.test:{server.port}/hang?{n}") for n in range(20)]
        server.script |= {f"/hang?{n}": Answer(raw=b"", hang=True) for n in range(20)}
        quick = [request(f"http://quick.test:{server.port}/feed") for _ in range(5)]
        with Fetcher(config(per_host=2, concurrency=5), resolve=Names()) as fetcher:
            results = fetcher.fetch_many(hanging + quick)
            assert [type(next(results)) for _ in quick] == [Fetched] * 5


def test_a_busy_caller_loses_nothing_and_slows_the_fetching_down() -> None:
    with serve() as server:
        paths = [f"/{number}" for number in range(60)]
        server.script |= dict.fromkeys(paths, Answer(body=RSS))
        with Fetcher(config(concurrency=5, deadline=timedelta(seconds=1))) as fetcher:
            results = fetcher.fetch_many(request(server.url(path)) for path in paths)
            first = next(results)
            server.stopping.wait(1.2)  # longer than the deadline
            assert len(server.seen) <= 1 + 20 + 5 + 1
            assert all(isinstance(result, Fetched) for result in [first, *results])
            assert sorted(server.paths()) == sorted(paths)


def test_a_caller_may_stop_early_and_come_back(usual: Fetcher) -> None:
    with serve({"/feed": Answer(body=RSS), "/hang": Answer(raw=b"", hang=True)}) as server:
        for _ in range(2):
            results = usual.fetch_many([request(server.url(p)) for p in ("/hang", "/feed")])
            assert isinstance(next(results), Fetched)
            results.close()  # type: ignore[attr-defined]  # it is a generator


def test_closing_ends_what_is_under_way() -> None:
    with serve({"/hang": Answer(raw=b"", hang=True)}) as server:
        fetcher = Fetcher(config())
        got: list[FetchResult] = []
        url = server.url("/hang")
        thread = threading.Thread(target=lambda: got.extend(fetcher.fetch_many([request(url)])))
        thread.start()
        while not server.seen:
            server.stopping.wait(0.01)
        fetcher.close()
        thread.join()
        fetcher.close()
        assert got == []
        assert list(fetcher.fetch_many([request(url)])) == []


def test_it_may_be_closed_by_several_at_once_while_others_still_ask() -> None:
    """As at the end of the service: nobody is left waiting, nobody meets an error."""
    with serve({"/feed": Answer(body=RSS)}) as server:
        for _ in range(5):
            fetcher = Fetcher(config())
            together = threading.Barrier(8)

            def ask(fetcher: Fetcher = fetcher, together: threading.Barrier = together) -> None:
                together.wait()
                list(fetcher.fetch_many([request(server.url("/feed"))] * 3))

            def close(fetcher: Fetcher = fetcher, together: threading.Barrier = together) -> None:
                together.wait()
                fetcher.close()

            with ThreadPoolExecutor(8) as threads:
                for done in [threads.submit(each) for each in [ask, close] * 4]:
                    done.result()


# ------------------------------------------------------------------------------------ failures


def gzip_bomb() -> bytes:
    return gzip.compress(b"\0" * (MAX_BODY_BYTES + 1))


GZIP = {"Content-Encoding": "gzip"}
#: Bytes as Python writes them, numbers of errors, names of classes.
LIBRARY_WORDS = re.compile(r"bytearray|b'|Errno|[a-z]Error|Error -|buffer|peer")
FAULTS = [
    pytest.param(Answer(status=404), FailureKind.STATUS, "404 Not Found", id="not found"),
    pytest.param(Answer(status=500), FailureKind.STATUS, "500 Internal", id="server error"),
    pytest.param(Answer(status=204), FailureKind.STATUS, "204 No Content", id="no content"),
    pytest.param(Answer(status=206), FailureKind.STATUS, "206 Partial", id="a part"),
    pytest.param(Answer(status=300), FailureKind.STATUS, "300 Multiple", id="a choice"),
    pytest.param(Answer(status=777), FailureKind.STATUS, "777", id="unknown status"),
    pytest.param(Answer(status=410), FailureKind.GONE, "410 Gone", id="gone"),
    pytest.param(
        Answer(body=RSS, content_length="9999"), FailureKind.PROTOCOL, "cut off", id="cut off"
    ),
    pytest.param(
        Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n"),
        FailureKind.PROTOCOL,
        "cut off",
        id="chunks without end",
    ),
    pytest.param(
        Answer(body=RSS, content_length="9999", reset=True),
        FailureKind.PROTOCOL,
        "broke off",
        id="connection reset",
    ),
    pytest.param(Answer(raw=b""), FailureKind.PROTOCOL, "without an answer", id="no answer"),
    pytest.param(
        Answer(raw=b"SSH-2.0-x\r\n\r\n"), FailureKind.PROTOCOL, "does not speak HTTP", id="ssh"
    ),
    pytest.param(
        Answer(raw=b"HTTP/1.1 200 OK\r\n:\r\n\r\n"),
        FailureKind.PROTOCOL,
        "no proper HTTP",
        id="broken header",
    ),
    pytest.param(
        Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"),
        FailureKind.PROTOCOL,
        "header of the answer is too long",
        id="huge header",
    ),
    pytest.param(
        Answer(body=b"\0" * (MAX_BODY_BYTES + 1)), FailureKind.TOO_LARGE, "10 MB", id="too large"
    ),
    pytest.param(
        Answer(body=gzip_bomb(), headers=GZIP), FailureKind.TOO_LARGE, "10 MB", id="gzip bomb"
    ),
    pytest.param(
        Answer(body=gzip.compress(RSS)[:-9], headers=GZIP),
        FailureKind.PROTOCOL,
        "cut off",
        id="gzip cut off",
    ),
    pytest.param(
        Answer(body=RSS, headers=GZIP),
        FailureKind.PROTOCOL,
        "not compressed",
        id="gzip that is none",
    ),
    pytest.param(
        Answer(body=RSS, headers={"Content-Encoding": "br"}),
        FailureKind.PROTOCOL,
        'encoding "br"',
        id="brotli",
    ),
    pytest.param(
        Answer(body=RSS, headers={"Content-Encoding": "gzip, gzip"}),
        FailureKind.PROTOCOL,
        'encoding "gzip, gzip"',
        id="gzip twice",
    ),
]


@pytest.mark.parametrize(("answer", "kind", "words"), FAULTS)
def test_a_bad_answer_is_named_in_plain_words(
    server: ScriptedServer, usual: Fetcher, answer: Answer, kind: FailureKind, words: str
) -> None:
    server.script["/feed"] = answer
    result = failure(fetch(usual, server.url("/feed")))
    assert (result.kind, result.feed_url) == (kind, server.url("/feed"))
    assert words in result.reason
    assert not LIBRARY_WORDS.search(result.reason)


def test_whoever_takes_too_long_is_left_and_nobody_waits_for_it() -> None:
    """One deadline for all of a feed, however alive its server looks."""
    head = b"HTTP/1.1 200 OK\r\n"
    slow = {
        "/silence": Answer(raw=b"", hang=True),
        "/headers": Answer(raw=head, drip=b"X: y\r\n"),
        "/one-header": Answer(raw=head + b"X: ", drip=b"y"),
        "/continue": Answer(raw=b"", drip=b"HTTP/1.1 100 Continue\r\n\r\n"),
        "/body": Answer(raw=head + b"\r\n<rss>", drip=b"<item/>"),
        "/stops": Answer(raw=head + b"Content-Length: 99\r\n\r\n<rss>", hang=True),
        "/redirect": Answer(status=302, headers={"Location": "/silence"}),
    }
    stuck = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        if host == "stuck.test":
            stuck.wait()
        return ["127.0.0.1"]

    with (
        serve({"/feed": Answer(body=RSS), **slow}) as server,
        Fetcher(config(deadline=timedelta(seconds=1)), resolve=resolve) as fetcher,
    ):
        urls = [server.url(path) for path in slow] + [f"http://stuck.test:{server.port}/feed"]
        first, *others = fetcher.fetch_many(map(request, [*urls, server.url("/feed")]))
        assert isinstance(first, Fetched)
        assert {failure(result).feed_url for result in others} == set(urls)
        assert {failure(result).kind for result in others} == {FailureKind.TIMEOUT}
        assert failure(others[0]).reason == "no complete answer within 1 s"
        stuck.set()


def test_a_name_that_leads_nowhere(offline: Fetcher) -> None:
    result = failure(fetch(offline, "http://news.test/feed"))
    assert result.kind is FailureKind.DNS
    assert result.reason == 'no address for "news.test": Name or service not known'


def test_a_name_without_addresses() -> None:
    with Fetcher(config(), resolve=Names({"news.test": []})) as fetcher:
        result = failure(fetch(fetcher, "http://news.test/feed"))
    assert result.kind is FailureKind.DNS
    assert result.reason == 'no address for "news.test"'


def test_nobody_listens(usual: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = failure(fetch(usual, f"http://news.test:{port}/feed"))
    assert result.kind is FailureKind.CONNECT
    assert result.reason == f"no connection to news.test:{port}: nothing listens there"


def test_the_next_address_is_tried_when_nobody_listens_at_the_first() -> None:
    names = Names({"news.test": ["127.0.0.3", "::ffff:127.0.0.1"]})
    with serve({"/feed": Answer(body=RSS)}) as server, Fetcher(config(), resolve=names) as fetcher:
        assert isinstance(fetch(fetcher, f"http://news.test:{server.port}/feed"), Fetched)


@pytest.mark.parametrize(
    ("resolved", "dialled"),
    [
        ("::1 ::2 ::3 1.1.1.1", "::1 1.1.1.1 ::2 ::3"),
        ("1.1.1.1 1.1.1.2 ::1 ::2", "1.1.1.1 ::1 1.1.1.2 ::2"),
        ("1.1.1.1", "1.1.1.1"),
    ],
)
def test_a_dead_family_of_addresses_does_not_use_up_the_time(resolved: str, dialled: str) -> None:
    addresses = alternating([plain_address(text) for text in resolved.split()])
    assert " ".join(map(str, addresses)) == dialled


def test_tls_is_checked(monkeypatch: pytest.MonkeyPatch, usual: Fetcher) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with serve({"/feed": Answer(body=RSS)}, tls=context) as server:
        unknown = failure(fetch(usual, f"https://secure.test:{server.port}/feed"))
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with Fetcher(config(), resolve=Names()) as fetcher:
            good = fetch(fetcher, f"https://secure.test:{server.port}/feed")
            wrong = failure(fetch(fetcher, f"https://other.test:{server.port}/feed"))
    assert isinstance(good, Fetched)
    assert (unknown.kind, wrong.kind) == (FailureKind.TLS, FailureKind.TLS)
    assert unknown.reason == "no secure connection: self-signed certificate"
    assert "other.test" in wrong.reason


def test_a_server_without_tls_is_told_from_one_with_a_bad_certificate(usual: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        result = failure(fetch(usual, f"https://news.test:{listening.getsockname()[1]}/feed"))
        answering.join()
    assert result.kind is FailureKind.TLS
    assert "does not speak TLS there; is the address http instead of https?" in result.reason


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, timedelta(0), id="nothing"),
        pytest.param({"Retry-After": "120"}, timedelta(minutes=2), id="seconds"),
        pytest.param({"Retry-After": "0"}, timedelta(0), id="at once"),
        pytest.param({"Retry-After": "9" * 5000}, timedelta(days=366), id="for ever"),
        pytest.param({"Retry-After": "-5"}, timedelta(0), id="negative"),
        pytest.param({"Retry-After": "soon"}, timedelta(0), id="words"),
        pytest.param(
            {
                "Date": "Wed, 11 Mar 2026 12:00:00 GMT",
                "Retry-After": "Wed, 11 Mar 2026 14:00:00 GMT",
            },
            timedelta(hours=2),
            id="a date, by the server's own clock",
        ),
        pytest.param(
            {"Retry-After": "Wed, 11 Mar 2020 14:00:00 GMT"}, timedelta(0), id="a date gone by"
        ),
        pytest.param(
            {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, timedelta(days=366), id="far date"
        ),
        pytest.param({"Retry-After": "Fri, 99 Xyz 2026"}, timedelta(0), id="no date"),
    ],
)
def test_retry_after(
    server: ScriptedServer, usual: Fetcher, headers: Mapping[str, str], expected: timedelta
) -> None:
    server.script["/feed"] = Answer(status=503, headers=headers)
    result = failure(fetch(usual, server.url("/feed")))
    assert (result.status, result.retry_after) == (503, expected)


@pytest.mark.parametrize(
    ("cache_control", "expected"),
    [
        ("max-age=60", timedelta(minutes=1)),
        ('public , Max-Age = "60"', timedelta(minutes=1)),
        ("s-maxage=60, x-max-age=60", timedelta(0)),
        ("max-age=-1", timedelta(0)),
        ("max-age=" + "9" * 5000, timedelta(days=366)),
        ("max-age=", timedelta(0)),
    ],
)
def test_max_age(
    server: ScriptedServer, usual: Fetcher, cache_control: str, expected: timedelta
) -> None:
    server.script["/feed"] = Answer(body=RSS, headers={"Cache-Control": cache_control})
    result = fetch(usual, server.url("/feed"))
    assert isinstance(result, Fetched)
    assert result.max_age == expected


_DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
_SIX_HOURS_LATER = "Tue, 24 Nov 2026 16:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"Expires": _SIX_HOURS_LATER}, timedelta(hours=6), id="by the server's clock"),
        pytest.param({"Expires": "Tue, 24 Nov 2026 09:00:00 GMT"}, timedelta(0), id="past"),
        pytest.param({"Expires": "0"}, timedelta(0), id="no date"),
        pytest.param(
            {"Expires": _SIX_HOURS_LATER, "Cache-Control": "max-age=60"},
            timedelta(minutes=1),
            id="max-age goes before",
        ),
        pytest.param(
            {"Expires": _SIX_HOURS_LATER, "Cache-Control": "private, no-cache"},
            timedelta(0),
            id="no-cache goes before",
        ),
    ],
)
def test_expires(
    server: ScriptedServer, usual: Fetcher, headers: Mapping[str, str], expected: timedelta
) -> None:
    server.script["/feed"] = Answer(body=RSS, headers={"Date": _DATE, **headers})
    result = fetch(usual, server.url("/feed"))
    assert isinstance(result, Fetched)
    assert result.max_age == expected


def test_gzip_comes_inflated_in_one_member_or_many(server: ScriptedServer, usual: Fetcher) -> None:
    """A body longer than one read, several members, and padding after the end."""
    body = os.urandom(100_000) + b"<item/>" * 100_000
    parts = [body[at : at + 90_000] for at in range(0, len(body), 90_000)]
    sent = b"".join(gzip.compress(part) for part in parts) + b"\0" * 512
    server.script["/feed"] = Answer(body=sent, headers={"Content-Encoding": "X-GZIP"})
    result = fetch(usual, server.url("/feed"))
    assert isinstance(result, Fetched)
    assert result.body == body


# ----------------------------------------------------------------------------------- redirects


def redirects(server: ScriptedServer, *statuses: int) -> str:
    """Script a chain /0 → /1 → … → /feed and give its start."""
    for number, status in enumerate(statuses):
        target = f"/{number + 1}" if number + 1 < len(statuses) else "/feed"
        server.script[f"/{number}"] = Answer(status=status, headers={"Location": target})
    return server.url("/0")


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        pytest.param((301,), "/feed", id="moved"),
        pytest.param((308, 301), "/feed", id="moved twice"),
        pytest.param((302,), None, id="temporary"),
        pytest.param((303,), None, id="see other"),
        pytest.param((307, 301), None, id="temporary first"),
        pytest.param((301, 302), "/1", id="moved to where it is temporarily elsewhere"),
        pytest.param((301, 302, 301), "/1", id="the last move is not ours"),
        pytest.param((301,) * 10, "/feed", id="ten hops"),
    ],
)
def test_redirects_are_followed(
    server: ScriptedServer, usual: Fetcher, statuses: Sequence[int], moved_to: str | None
) -> None:
    start = redirects(server, *statuses)
    result = fetch(usual, start)
    assert isinstance(result, Fetched)
    assert (result.feed_url, result.url) == (start, server.url("/feed"))
    assert result.moved_to == (moved_to and server.url(moved_to))


def test_a_feed_behind_a_redirect_answers_304(server: ScriptedServer, usual: Fetcher) -> None:
    server.script["/feed"] = Answer(body=RSS, etag='"1"')
    start = redirects(server, 301)
    result = fetch(usual, start, validators=Validators(etag='"1"'))
    assert isinstance(result, NotModified)
    assert result.moved_to == server.url("/feed")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("feed#top", "/feed"),
        ("//127.0.0.1:{port}/feed", "/feed"),
        ("http://user:secret@127.0.0.1:{port}/feed", "/feed"),
        ("/f%C3%A9", "/f%C3%A9"),
        ("/f\u00c3\u00a9", "/f%C3%A9"),  # UTF-8, as a careless server sends it
        ("/f\u00e9", "/f%C3%A9"),  # Latin-1
    ],
)
def test_addresses_of_redirects(
    server: ScriptedServer, usual: Fetcher, location: str, expected: str
) -> None:
    server.script["/f%C3%A9"] = Answer(body=RSS)
    server.script["/from"] = Answer(
        status=301, headers={"Location": location.replace("{port}", str(server.port))}
    )
    result = fetch(usual, server.url("/from"))
    assert isinstance(result, Fetched)
    assert result.moved_to == result.url == server.url(expected)
    assert "authorization" not in server.seen[-1].headers


@pytest.mark.parametrize(
    ("location", "kind", "words"),
    [
        pytest.param(None, FailureKind.REDIRECT, "not where to", id="without an address"),
        pytest.param("/from", FailureKind.REDIRECT, "in a circle", id="to itself"),
        pytest.param("/back", FailureKind.REDIRECT, "in a circle", id="to and fro"),
        pytest.param("/on", FailureKind.REDIRECT, "more than 10", id="on and on"),
        pytest.param("http://[::1", FailureKind.REDIRECT, "no web address", id="garbage"),
        pytest.param("http://xn--.test/", FailureKind.REDIRECT, "no web address", id="no name"),
        pytest.param("http://x.test:99999/", FailureKind.REDIRECT, "no web address", id="port"),
        pytest.param(
            "file:///etc/hostname",
            FailureKind.REDIRECT,
            'the server redirects to "file:///etc/hostname", which is no web address',
            id="file",
        ),
        pytest.param("ftp://x.test/", FailureKind.REDIRECT, "no web address", id="ftp"),
        pytest.param("javascript:1", FailureKind.REDIRECT, "no web address", id="script"),
    ],
)
def test_redirects_that_lead_nowhere(
    server: ScriptedServer, location: str | None, kind: FailureKind, words: str
) -> None:
    def on(seen: Seen) -> Answer:
        target = f"{seen.path}x"
        server.script[target] = on
        return Answer(status=302, headers={"Location": target})

    server.script["/on"] = on
    server.script["/back"] = Answer(status=301, headers={"Location": "/from"})
    server.script["/from"] = Answer(status=301, headers={"Location": location} if location else {})
    with Fetcher(config(allow_files=True), resolve=Names()) as fetcher:
        result = failure(fetch(fetcher, server.url("/from")))
    assert result.kind is kind
    assert words in result.reason
    assert len(server.seen) <= 11


# --------------------------------------------------------------------------------------- guard

REFUSED_ADDRESSES = [
    "127.0.0.1", "127.127.127.127", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "100.64.0.1", "169.254.169.254", "169.254.170.2", "100.100.100.200",
    "168.63.129.16", "192.0.0.8", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::7f00:1",
    "::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1",
    "2002:7f00:1::", "2002:a9fe:a9fe::", "2002:808:808::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "ff0e::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1",
]  # fmt: skip
PUBLIC_ADDRESSES = [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.128.0.1",
    "223.255.255.255", "2606:4700::1111", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]  # fmt: skip


def test_no_private_address_is_dialled() -> None:
    names = Names({f"{n}.test": [address] for n, address in enumerate(REFUSED_ADDRESSES)})
    with Fetcher(FetchConfig(), resolve=names) as fetcher:
        results = list(fetcher.fetch_many(request(f"https://{name}/feed") for name in names.hosts))
    assert len(results) == len(REFUSED_ADDRESSES)
    assert {failure(result).kind for result in results} == {FailureKind.REFUSED}


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("127.0.0.1", True), ("10.0.0.1", True), ("192.168.0.1", True), ("100.64.0.1", True),
        ("fd00::1", True), ("64:ff9b::a00:1", True), ("169.254.169.254", False),
        ("fe80::1", False), ("64:ff9b::a9fe:a9fe", False), ("::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::", False), ("100.100.100.200", False), ("168.63.129.16", False),
        ("fd00:ec2::254", False), ("fd20:ce::254", False), ("224.0.0.1", False),
    ],
)  # fmt: skip
def test_nobody_is_told_how_to_open_the_addresses_where_clouds_keep_keys(
    address: str, offered: bool
) -> None:
    with Fetcher(FetchConfig(), resolve=Names({"news.test": [address]})) as fetcher:
        reason = failure(fetch(fetcher, "http://news.test/feed")).reason
    assert ("[fetch] allow = [" in reason) == offered
    assert "only public web addresses are polled" in reason


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_public_addresses_may_be_dialled_at_the_ports_of_the_web(address: str) -> None:
    ports = (80, 443, 8080, 22, 25, 6379)
    allowed = [refusal(plain_address(address), port) is None for port in ports]
    assert allowed == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("entry", "address", "port", "allowed"),
    [
        ("127.0.0.0/8", "127.1.2.3", 6379, True),
        ("127.0.0.0/8", "10.0.0.1", 80, False),
        ("127.0.0.0/8", "::ffff:127.0.0.1", 80, True),
        ("127.0.0.0/8", "64:ff9b::7f00:1", 80, False),
        ("10.1.2.0/24:8080", "10.1.2.3", 8080, True),
        ("10.1.2.0/24:8080", "10.1.2.3", 80, False),
        ("10.1.2.3:8080", "10.1.2.3", 8080, True),
        ("10.1.2.3", "10.1.2.3", 80, True),
        ("10.1.2.3", "10.1.2.4", 80, False),
        ("fd00::/8", "fd00::1", 80, True),
        ("[fd00::/8]", "fd00::1", 80, True),
        ("[fd00::/8]:8080", "fd00::1", 80, False),
        ("[fd00::/8]:8080", "fd00::1", 8080, True),
        ("::1", "::1", 8080, True),
    ],
)
def test_an_entry_of_allow_opens_just_that(
    entry: str, address: str, port: int, allowed: bool
) -> None:
    FetchConfig(allow=(entry,))  # the configuration reads it the same way
    assert (refusal(plain_address(address), port, [allowance(entry)]) is None) == allowed


def test_the_machines_own_resolver_is_guarded_too(server: ScriptedServer) -> None:
    with Fetcher(FetchConfig()) as fetcher:
        result = failure(fetch(fetcher, f"http://localhost:{server.port}/feed"))
    assert result.kind is FailureKind.REFUSED
    assert server.seen == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_hop_is_guarded(status: int) -> None:
    """The first server is allowed, the one it points to is not: it never sees a byte."""
    with serve({"/feed": Answer(body=RSS)}) as secret, serve() as server:
        server.script["/0"] = Answer(status=302, headers={"Location": "/1"})
        server.script["/1"] = Answer(
            status=status, headers={"Location": f"http://good.test:{secret.port}/feed"}
        )
        with Fetcher(config(allow=(f"127.0.0.1/32:{server.port}",)), resolve=Names()) as fetcher:
            result = failure(fetch(fetcher, server.url("/0")))
        assert result.kind is FailureKind.REFUSED
        assert result.reason == (
            f"the server redirects to http://good.test:{secret.port}/feed. "
            f"good.test leads to an address of this machine (127.0.0.1, port {secret.port}), and "
            "only public web addresses are polled. If you trust it, write [fetch] allow = "
            f'["127.0.0.1/32:{secret.port}"]'
        )
        assert secret.seen == []
        with Fetcher(
            config(allow=(f"127.0.0.1/32:{server.port}", f"127.0.0.1/32:{secret.port}")),
            resolve=Names(),
        ) as fetcher:
            assert isinstance(fetch(fetcher, server.url("/0")), Fetched)


def test_what_was_judged_is_what_is_dialled(server: ScriptedServer) -> None:
    """A name that changes its answer is asked once for each connection."""
    asked: list[str] = []
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[len(asked) % 2]

    with Fetcher(config(allow=("127.0.0.1/32",)), resolve=resolve) as fetcher:
        kinds = [type(fetch(fetcher, f"http://evil.test:{server.port}/feed")) for _ in range(20)]
    assert kinds == [FetchFailed, Fetched] * 10
    assert len(asked) == 20


def test_a_name_with_good_and_bad_addresses_leads_to_the_good_ones(server: ScriptedServer) -> None:
    names = Names({"news.test": ["10.0.0.1", "::1", "127.0.0.1", "169.254.169.254"]})
    with Fetcher(config(allow=("127.0.0.1/32",)), resolve=names) as fetcher:
        assert isinstance(fetch(fetcher, f"http://news.test:{server.port}/feed"), Fetched)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "user@127.0.0.1",
        "good.test@127.0.0.1",
        "127。0。0。1",
        "１２７.0.0.1",
        "①②⑦.⓪.⓪.①",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "\\\\127.0.0.1",
        "/127.0.0.1",
        "[::1]@x",
        "127.0.0.1%2egood.test",
    ],
)
def test_spellings_of_this_machine_are_all_refused(
    server: ScriptedServer, as_shipped: Fetcher, host: str
) -> None:
    result = failure(fetch(as_shipped, f"http://{host}:{server.port}/feed"))
    assert result.kind in {FailureKind.REFUSED, FailureKind.DNS}
    assert server.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "-", "/etc/hostname", "news.test/feed", "http:", "http://", "http:///feed",
        "http:127.0.0.1", "https://\udcff.test/", "http://news.test/\udcff", "http://news.test:x/",
        "http://news.test:99999/", "http://news.test:-1/", "http://[::1", "http://[zz]/",
        "http://ne ws.test/", "http://news.test/\n", "http://" + "x" * 300 + ".test/",
        "http://.../", "http://*/", "gopher://news.test/", "data:text/xml,<rss/>", "jar:x",
        "http://xn--.test/", "http://" + "a" * 70_000,
    ],
)  # fmt: skip
def test_whatever_stands_for_an_address_gives_one_failure(offline: Fetcher, url: str) -> None:
    result = failure(fetch(offline, url))
    assert result.kind in {FailureKind.REFUSED, FailureKind.DNS}
    if result.kind is FailureKind.REFUSED:
        assert "is no web address; write it such as https://example.org/feed" in result.reason


# --------------------------------------------------------------------------------------- files


def test_files_are_refused_unless_allowed(tmp_path: Path, usual: Fetcher) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(RSS)
    result = failure(fetch(usual, path.as_uri()))
    assert result.kind is FailureKind.REFUSED
    assert "[fetch] allow_files = true" in result.reason


def test_a_file_is_read_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "a feed, ñ.xml"
    path.write_bytes(RSS)
    with Fetcher(config(allow_files=True)) as fetcher:
        first = fetch(fetcher, path.as_uri())
        assert isinstance(first, Fetched)
        assert (first.body, first.url) == (RSS, path.as_uri())
        again = fetch(fetcher, path.as_uri(), validators=first.validators)
        assert isinstance(again, NotModified)
        path.write_bytes(RSS + b"\n")
        changed = fetch(fetcher, path.as_uri(), validators=first.validators)
        assert isinstance(changed, Fetched)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        pytest.param(lambda path: None, FailureKind.STATUS, "No such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), FailureKind.REFUSED, "regular file", id="folder"),
        pytest.param(os.mkfifo, FailureKind.REFUSED, "regular file", id="pipe"),
        pytest.param(
            lambda path: path.write_bytes(b"\0" * (MAX_BODY_BYTES + 1)),
            FailureKind.TOO_LARGE,
            "10 MB",
            id="too large",
        ),
    ],
)
def test_files_that_are_no_feeds(
    tmp_path: Path, make: Callable[[Path], object], kind: FailureKind, words: str
) -> None:
    make(tmp_path / "feed.xml")
    with Fetcher(config(allow_files=True)) as fetcher:
        result = failure(fetch(fetcher, (tmp_path / "feed.xml").as_uri()))
    assert result.kind is kind
    assert words in result.reason


@pytest.mark.parametrize("url", ["file:feed.xml", "file://elsewhere/feed.xml", "FILE:///a%00b"])
def test_addresses_that_are_no_files(url: str) -> None:
    with Fetcher(config(allow_files=True)) as fetcher:
        assert failure(fetch(fetcher, url)).kind in {FailureKind.REFUSED, FailureKind.STATUS}


# ---------------------------------------------------------------------------------- properties

hostile = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
line = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)


@hostile
@given(url=st.text() | st.builds("http://{}:{}/{}".format, st.text(), st.integers(), st.text()))
def test_any_text_for_an_address_gives_one_result(offline: Fetcher, url: str) -> None:
    failure(fetch(offline, url))


@hostile
@given(
    status=st.sampled_from([200, 301, 304, 429]),
    headers=st.dictionaries(
        st.sampled_from(
            ["Location", "Retry-After", "Date", "Cache-Control", "ETag", "Content-Encoding",
             "Content-Length", "Transfer-Encoding", "Content-Type", "Set-Cookie"]
        ),
        line | st.sampled_from(["gzip", "chunked", "5", "//", "http://x", "max-age=1"]),
    ),
    body=st.binary(max_size=40),
)  # fmt: skip
def test_any_headers_give_one_result(
    server: ScriptedServer,
    offline: Fetcher,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {text}" for name, text in headers.items())]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    server.script["/feed"] = Answer(raw=head + body)
    result = fetch(offline, server.url("/feed"), validators=Validators(etag='"1"'))
    if isinstance(result, FetchFailed):
        failure(result)


@hostile
@given(data=st.binary(max_size=200))
def test_any_bytes_as_an_answer_give_one_result(
    server: ScriptedServer, offline: Fetcher, data: bytes
) -> None:
    server.script["/feed"] = Answer(raw=data)
    assert fetch(offline, server.url("/feed")).feed_url == server.url("/feed")
