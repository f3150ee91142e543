"""Where webhooks may be sent: public addresses only, unless the operator allows a network; checked where it connects.

Users choose the addresses, and the broker stands in a network that they do not: whatever a name, a number or a redirect
leads to, the check is made on the very address of the connection, and nothing is looked up a second time.
"""

import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from broker.config import Config

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Iterable[str]]

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
PORTS = {"https": 443, "http": 80}
OWN_PORTS = 1024  # below are services that nobody sends webhooks to

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; what is inside of it counts
# ipaddress takes these for global, or did so in some version.
NOT_PUBLIC: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "2001:10::/28",
            "2001:20::/28",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)


class AddressError(Exception):
    """A webhook may not be sent there; the text says why, and nothing of what names in this network lead to."""


@dataclass(frozen=True)
class Policy:
    """What the operator allows beside https to public addresses."""

    allow_http: bool = False
    networks: tuple[Network, ...] = ()

    @staticmethod
    def of(config: Config) -> "Policy":
        return Policy(config.webhook_allow_http, config.webhook_allow_networks)

    def check_url(self, url: str) -> None:
        """Look at what can be seen of an address without looking up its name.

        Raises:
            AddressError: nothing may ever be sent there.
        """
        try:
            parsed = httpx.URL(url)
            port = PORTS.get(parsed.scheme, 0) if parsed.port is None else parsed.port
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise AddressError("url is not an address") from None
        if parsed.scheme not in PORTS:
            raise AddressError("url must begin with https://")
        if parsed.scheme == "http" and not self.allow_http:
            raise AddressError("url must begin with https://: this broker sends nothing without TLS")
        if "@" in re.split("[/?#]", url.partition("//")[2])[0]:
            raise AddressError("url must not hold a user or a password")
        if not parsed.host:
            raise AddressError("url names no host")
        if not 0 < port < 65536:
            raise AddressError(f"url names port {port}")
        literal = as_address(parsed.host)
        if literal is not None:
            self.check(literal, port)

    def check(self, address: Address, port: int) -> None:
        """Whether a connection may be made.

        Raises:
            AddressError: it may not.
        """
        if self.allows(address):
            return
        if not is_public(address):
            raise AddressError("the host is not in the public internet, and its network is not allowed")
        if port not in PORTS.values() and port < OWN_PORTS:
            raise AddressError(f"port {port} is not allowed: 443, 80 and those from {OWN_PORTS} on are")

    def allows(self, address: Address) -> bool:
        """Whether the operator named a network of this address."""
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        known = [each for each in (address, mapped) if each is not None]
        return any(each.version == network.version and each in network for each in known for network in self.networks)


def as_address(host: str) -> Address | None:
    """The address that a host is written as, in whatever way the system reads numbers; None: it is a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        # 127.1, 2130706433, 0x7f.1, 0177.0.0.1: as getaddrinfo reads them.
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def is_public(address: Address) -> bool:
    """Whether everybody reaches this address: not private, of this host, of a link, of a group, or of a provider.

    An IPv6 address that carries an IPv4 address (mapped, 6to4, Teredo, NAT64) is as public as that one.

    Source: IANA, special-purpose address registries; RFC 6890, RFC 6052, RFC 3056, RFC 4380.
    """
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        carried = list(carried_addresses(address))
        if carried:
            return all(map(is_public, carried))
        if address not in GLOBAL_UNICAST:
            return False
    if any(address.version == network.version and address in network for network in NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def carried_addresses(address: IPv6Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses inside of an IPv6 address."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host as the system tells them, without those it has twice."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to a host whose addresses are all allowed, at one of these; all has to be done by one moment."""

    def __init__(
        self,
        policy: Policy,
        resolver: Resolver = look_up,
        backend: httpcore.NetworkBackend | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._policy = policy
        self._resolver = resolver
        self._backend = backend or httpcore.SyncBackend()
        self._deadline = time.monotonic() + seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look up the host once, check all of its addresses, and connect to the first that answers.

        Raises:
            AddressError: one of them is not allowed.
            httpcore.ConnectError, httpcore.ConnectTimeout: none answers.
        """
        try:
            addresses = [ip_address(text) for text in self._resolver(host, port)]
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the host is not known") from None
        except ValueError:
            raise AddressError("the host has an address that cannot be read") from None
        for address in addresses:
            self._policy.check(address, port)

        problem: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses:
            try:
                stream = self._backend.connect_tcp(
                    str(address), port, remaining(self._deadline, timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
                continue
            return BoundedStream(stream, self._deadline)
        raise problem

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise AddressError("webhooks are sent over the network")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class BoundedStream(httpcore.NetworkStream):
    """A connection that is over at one moment, however slowly something still comes."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, remaining(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, remaining(self._deadline, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = remaining(self._deadline, timeout)
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def remaining(
    deadline: float, timeout: float | None, late: type[httpcore.TimeoutException] = httpcore.ConnectTimeout
) -> float:
    """The seconds that one step may take.

    Raises:
        httpcore.TimeoutException: none are left.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("it took too long")
    return left if timeout is None else min(left, timeout)


class CheckedTransport(httpx.BaseTransport):
    """httpx over connections of a CheckedBackend; each request has its own, and no proxy is between."""

    def __init__(self, backend: CheckedBackend, ssl_context: SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context, max_connections=1, max_keepalive_connections=0, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=Answered(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class Answered(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
