"""Which addresses may be dialled.

A feed's address comes from a stranger as soon as a server redirects, and a name may lead anywhere:
so names are resolved here, every resolved address is judged, and exactly the judged address is
dialled. There is no moment between check and use in which an answer of DNS could change.
"""

import asyncio
import concurrent.futures
import ipaddress
import itertools
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpcore

from monitor.fetch.failure import Failure
from monitor.model import FailureKind

T = TypeVar("T")

# A connection given up in the very moment it begins leaves a coroutine of anyio's behind that was
# made and never needed; Python would tell whoever ends the service in that moment.
warnings.filterwarnings("ignore", "coroutine 'connect_tcp", RuntimeWarning)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Gives the addresses of a host; raises OSError or UnicodeError if there are none. May block.
Resolve = Callable[[str, int], Sequence[str]]

_LINK_LOCAL = "a link-local address, where clouds keep their keys"
_CLOUD = "a cloud's internal address"
_DOCUMENTATION = "an address for documentation"
_MULTICAST = "a multicast address"
_RESERVED = "a reserved address"
_CARRIER = "a 6to4 address, which carries an IPv4 address"
#: Where no feed lives: nobody is told how to open them.
_NEVER_MEANT = frozenset({_LINK_LOCAL, _CLOUD, _DOCUMENTATION, _MULTICAST, _RESERVED, _CARRIER})

# The lists are our own because `ipaddress` answers differently from one Python to the next.
_REFUSED_IPV4: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "an address of this machine"),
    ("127.0.0.0/8", "an address of this machine"),
    ("10.0.0.0/8", "a private network"),
    ("172.16.0.0/12", "a private network"),
    ("192.168.0.0/16", "a private network"),
    ("100.100.100.200/32", _CLOUD),
    ("100.64.0.0/10", "a provider's internal network"),
    ("169.254.0.0/16", _LINK_LOCAL),
    ("168.63.129.16/32", _CLOUD),
    ("192.0.0.0/24", _RESERVED),
    ("192.0.2.0/24", _DOCUMENTATION),
    ("192.88.99.0/24", _RESERVED),
    ("198.18.0.0/15", "an address for measurements"),
    ("198.51.100.0/24", _DOCUMENTATION),
    ("203.0.113.0/24", _DOCUMENTATION),
    ("224.0.0.0/4", _MULTICAST),
    ("240.0.0.0/4", _RESERVED),
)
_REFUSED_IPV6: tuple[tuple[str, str], ...] = (
    ("::/127", "an address of this machine"),
    ("fd00:ec2::/32", _CLOUD),
    ("fd20:ce::/32", _CLOUD),
    ("fc00::/7", "a private network"),
    ("fec0::/10", "a private network"),
    ("fe80::/10", _LINK_LOCAL),
    ("ff00::/8", _MULTICAST),
    ("2001::/23", _RESERVED),  # Teredo among them: it carries an IPv4 address
    ("2001:db8::/32", _DOCUMENTATION),
    ("2002::/16", _CARRIER),
    ("3fff::/20", _DOCUMENTATION),
)
_REFUSED: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ipaddress.ip_network(network), words) for network, words in (*_REFUSED_IPV4, *_REFUSED_IPV6)
)
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
#: RFC 6052: networks without IPv4 reach it through these; the last 32 bits are the IPv4 address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_WEB_PORTS = frozenset({80, 443})
#: Ports from 1024 on at which databases and the like listen; below 1024 only the web is polled.
_SERVICE_PORTS = frozenset({2049, 3306, 5432, 6379, 9200, 11211, 27017})

#: How long one of several addresses may take to accept: a dead one leaves time for the next.
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """A network that may be polled although it is not public; None means every port."""

    network: IPNetwork
    port: int | None

    def covers(self, address: IPAddress, port: int) -> bool:
        """Whether this entry opens that address and port."""
        return address in self.network and self.port in {None, port}


def allowance(entry: str) -> Allowance:
    """Read an entry of `[fetch] allow`, such as "10.1.2.0/24", "10.1.2.3:8080" or "[fd00::/8]:80".

    Raises:
        ValueError: It is no such entry.
    """
    network, port = entry, ""
    if entry.startswith("["):
        network, _, port = entry[1:].partition("]")
        port = port.removeprefix(":")
    elif "/" in entry or entry.count(":") == 1:
        base, slash, rest = entry.rpartition("/")
        prefix, _, port = rest.partition(":")
        network = base + slash + prefix
    return Allowance(ipaddress.ip_network(network, strict=False), int(port) if port else None)


def refusal(address: IPAddress, port: int, allowed: Iterable[Allowance] = ()) -> str | None:
    """Tell in words what speaks against dialling an address, None if nothing does."""
    if any(entry.covers(address, port) for entry in allowed):
        return None
    if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return refusal(embedded, port)
    for network, words in _REFUSED:
        if address in network:
            return words
    if isinstance(address, ipaddress.IPv6Address) and address not in _PUBLIC_IPV6:
        return _RESERVED
    if port in _SERVICE_PORTS or (port < 1024 and port not in _WEB_PORTS):
        return f"port {port}, which is not for the web"
    return None


def plain_address(text: str) -> IPAddress:
    """Read an address as the one that would be dialled: IPv4 mapped into IPv6 is IPv4."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def system_addresses(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def alternating(addresses: Sequence[IPAddress]) -> list[IPAddress]:
    """Order addresses so that IPv4 and IPv6 take turns, as RFC 8305 does.

    Where IPv6 leads nowhere, eight such addresses in a row would use up a feed's whole time.
    """
    first = [address for address in addresses if address.version == addresses[0].version]
    second = [address for address in addresses if address.version != addresses[0].version]
    pairs = itertools.zip_longest(first, second)
    return [address for pair in pairs for address in pair if address is not None]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to nothing but judged addresses; raises `Failure` before any packet leaves."""

    def __init__(self, allowed: Sequence[Allowance], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Dial the host's addresses one after the other until one accepts."""
        good = self._judge(host, port, await self._look_up(host, port))
        *others, last = alternating(good)
        for address in others:
            try:
                return await self._network.connect_tcp(
                    str(address), port, _CONNECT_SECONDS, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(
            str(last), port, timeout, local_address, socket_options
        )

    async def _look_up(self, host: str, port: int) -> list[IPAddress]:
        try:
            return [plain_address(host)]
        except ValueError:
            pass  # a name, as usual
        try:
            found = await in_thread(lambda: self._resolve(host, port))
            return [plain_address(text) for text in found]
        except (OSError, UnicodeError) as error:
            words = getattr(error, "strerror", None) or "it is no proper name"
            raise Failure(FailureKind.DNS, f'no address for "{host}": {words}') from error

    def _judge(self, host: str, port: int, found: Sequence[IPAddress]) -> list[IPAddress]:
        """Give the addresses that may be dialled; a name that also leads elsewhere is no fault."""
        good: list[IPAddress] = []
        reasons: list[tuple[IPAddress, str]] = []
        for address in found:
            reason = refusal(address, port, self._allowed)
            if reason is None:
                good.append(address)
            else:
                reasons.append((address, reason))
        if good:
            return good
        if not reasons:
            raise Failure(FailureKind.DNS, f'no address for "{host}"')
        raise Failure(FailureKind.REFUSED, _refused(host, port, *reasons[0]))


def _refused(host: str, port: int, address: IPAddress, reason: str) -> str:
    """Say why an address is not polled, and how it can be, where somebody may mean it."""
    words = (
        f"{host} leads to {reason} ({address}, port {port}), and only public web addresses are "
        "polled."
    )
    if reason in _NEVER_MEANT:
        return words.removesuffix(".")
    network = ipaddress.ip_network(address)
    fix = f"{network}:{port}" if network.version == 4 else f"[{network}]:{port}"
    return f'{words} If you trust it, write [fetch] allow = ["{fix}"]'


async def in_thread(function: Callable[[], T]) -> T:
    """Run a blocking function in a thread that, unlike an executor's, never holds up the exit."""
    promise: concurrent.futures.Future[T] = concurrent.futures.Future()

    def work() -> None:
        if not promise.set_running_or_notify_cancel():
            return
        try:
            promise.set_result(function())
        except BaseException as error:  # noqa: BLE001  it is raised where the result is awaited
            promise.set_exception(error)

    threading.Thread(target=work, name="fetch-blocking", daemon=True).start()
    return await asyncio.wrap_future(promise)
