"""Where webhooks may be sent: nothing ever connects to an address that is not public, however it is written."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from socket import create_server, gaierror
from typing import Any
from uuid import UUID

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from broker.maintenance.addresses import AddressError, CheckedBackend, Policy, as_address, is_public, look_up
from broker.maintenance.messages import Delivery, Outcome, send

SECRET = bytes(32)
CONTEXT = ssl.create_default_context()
OPEN = Policy(allow_http=True)
PUBLIC = "93.184.216.34"

# Hosts as they may stand in an address; those that getaddrinfo reads as numbers are looked up by it.
FORBIDDEN = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.01",
    "0177.1",
    "0",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "10.0.0.1",
    "10.255.255.255",
    "167772161",
    "0x0a000001",
    "012.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "0xc0a80001",
    "3232235521",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[2001:10::1]",
    "[2001::1]",
    "[100::1]",
    "[2002:7f00:1::1]",
    "[2002:a00:1::]",
    "[2002:c0a8:1::1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2001:0:7f00:1::1]",
    "[2001:0:5db8:d822:0:0:f5ff:fffe]",
]

# Names, and what they lead to.
NAMES = {
    "loopback.example.com": ["127.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "six.example.com": ["::1"],
    "mapped.example.com": ["::ffff:10.0.0.1"],
    "scoped.example.com": ["fe80::1%1"],
    "both.example.com": [PUBLIC, "10.0.0.1"],
    "both-six.example.com": [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "fd00::1"],
    "odd.example.com": ["not an address"],
    "xn--bcher-kva.example.com": ["192.168.1.1"],
    "none.example.com": [],
}


@dataclass
class Connector(httpcore.NetworkBackend):
    """Notes what would be connected to, and answers with what it was given."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    connected: list[tuple[str, int]] = field(default_factory=list)
    failing: frozenset[str] = frozenset()

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connected.append((host, port))
        if host in self.failing:
            raise httpcore.ConnectError("nobody listens")
        return httpcore.MockStream([self.answer])


def delivery(url: str) -> Delivery:
    nobody = UUID(int=1)
    return Delivery(1, 1, 1, 0, "item.created", nobody, "{}", url, nobody, nobody, b"", 1)


def attempt(url: str, connector: Connector, policy: Policy = OPEN, resolver: Callable[..., Any] = look_up) -> Outcome:
    return send(delivery(url), SECRET, policy, CONTEXT, CheckedBackend(policy, resolver, connector))


def told(host: str, _: int) -> list[str]:
    return NAMES[host]


@contextmanager
def canary() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine on which nobody may ever knock, on both kinds of loopback; and who did."""
    heard: list[object] = []
    sockets = [create_server(("127.0.0.1", 0))]
    port: int = sockets[0].getsockname()[1]

    def listen() -> None:
        while True:
            try:
                connection, sender = sockets[0].accept()
            except OSError:
                return
            heard.append(sender)
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield port, heard
    finally:
        sockets[0].settimeout(0.05)
        sockets[0].shutdown(2)
        sockets[0].close()
        thread.join()


def test_there_are_enough_spellings() -> None:
    assert len(set(FORBIDDEN)) == len(FORBIDDEN) >= 40


@pytest.mark.parametrize("host", FORBIDDEN)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_a_forbidden_address_is_connected_to(scheme: str, host: str) -> None:
    connector = Connector()

    outcome = attempt(f"{scheme}://{host}/in", connector)

    assert connector.connected == []
    assert outcome.status is None
    assert outcome.problem


@pytest.mark.parametrize("host", FORBIDDEN)
def test_nor_is_one_where_only_the_connection_is_checked(host: str) -> None:
    """The check of the URL is for early answers; that of the connection is what counts."""
    connector = Connector()
    backend = CheckedBackend(OPEN, backend=connector)

    with pytest.raises((AddressError, httpcore.ConnectError)):
        backend.connect_tcp(host.strip("[]").replace("%25", "%"), 443)

    assert connector.connected == []


def test_nothing_knocks_at_this_machine() -> None:
    with canary() as (port, heard):
        for host in FORBIDDEN:
            outcome = send(delivery(f"http://{host}:{port}/"), SECRET, OPEN, CONTEXT)
            assert outcome.problem, host
        assert heard == []

        # The canary hears whoever does come.
        allowed = Policy(allow_http=True, networks=(ip_network("127.0.0.0/8"),))
        send(delivery(f"http://127.0.0.1:{port}/"), SECRET, allowed, CONTEXT)
        assert len(heard) == 1


@pytest.mark.parametrize("name", list(NAMES))
def test_a_name_is_forbidden_when_one_of_its_addresses_is(name: str) -> None:
    connector = Connector()

    outcome = attempt(f"https://{name}/in", connector, resolver=told)

    assert connector.connected == []
    assert outcome.problem
    # Who sends learns nothing of what names in this network lead to.
    assert not any(address in outcome.problem for address in NAMES[name])


def test_a_name_that_is_not_known_is_a_problem_like_others() -> None:
    def unknown(*_: Any) -> list[str]:
        raise gaierror(-2, "Name or service not known")

    connector = Connector()

    assert attempt("https://hooks.example.com/", connector, resolver=unknown).problem == (
        "the connection failed: the host is not known"
    )
    assert connector.connected == []


def test_an_address_that_changes_after_the_check_is_not_followed() -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    asked: list[str] = []

    def changing(host: str, _: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    connector = Connector()
    first = attempt("http://rebinding.example.com/in", connector, resolver=changing)
    second = attempt("http://rebinding.example.com/in", connector, resolver=changing)

    assert (first.status, second.status) == (200, None)
    assert connector.connected == [(PUBLIC, 80)]
    assert asked == ["rebinding.example.com"] * 2


def test_of_several_addresses_the_next_is_tried_when_one_does_not_answer() -> None:
    connector = Connector(failing=frozenset({PUBLIC}))

    outcome = attempt("http://two.example.com/", connector, resolver=lambda *_: [PUBLIC, "93.184.216.35"])

    assert outcome.status == 200
    assert connector.connected == [(PUBLIC, 80), ("93.184.216.35", 80)]


@pytest.mark.parametrize(
    "host",
    [
        PUBLIC,
        "8.8.8.8",
        "1572395042",
        "[2606:2800:220:1:248:1893:25c8:1946]",
        "[::ffff:8.8.8.8]",
        "[2002:808:808::1]",
        "[64:ff9b::8.8.8.8]",
    ],
)
def test_public_addresses_are_connected_to_at_once(host: str) -> None:
    connector = Connector()

    assert attempt(f"http://{host}/in", connector).status == 200
    assert [port for _, port in connector.connected] == [80]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    answer = f"HTTP/1.1 {status} Moved\r\nLocation: http://8.8.4.4/\r\nContent-Length: 0\r\n\r\n"
    connector = Connector(answer.encode())

    outcome = attempt("http://8.8.8.8/in", connector)

    assert (outcome.status, outcome.problem) == (status, f"it answered {status}")
    assert connector.connected == [("8.8.8.8", 80)]


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    connector = Connector()

    assert attempt("http://8.8.8.8/in", connector).status == 200
    assert connector.connected == [("8.8.8.8", 80)]


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/in",
        "ftp://8.8.8.8/in",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "//8.8.8.8/in",
        "8.8.8.8",
        "",
        "https://",
        "https:///in",
        "https:8.8.8.8",
        "https://bob@8.8.8.8/in",
        "https://bob:secret@8.8.8.8/in",
        "https://@8.8.8.8/in",
        "https://8.8.8.8@127.0.0.1/in",
        "https://8.8.8.8:0/in",
        "https://8.8.8.8:70000/in",
        "https://8.8.8.8:x/in",
        "https://8.8.8.8:22/in",
        "https://8.8.8.8:25/in",
        "https://8.8.8.8:1023/in",
        "https://[8.8.8.8/in",
        "https://[::1/in",
        "https://\uff11\uff12\uff17.0.0.1/in",
        "https://\u2460\u2461\u2466.0.0.1/in",
        "https://127\u30020\u30020\u30021/in",
    ],
)
def test_what_no_webhook_is_sent_to(url: str) -> None:
    connector = Connector()

    outcome = attempt(url, connector, Policy())

    assert outcome.problem
    assert connector.connected == []


@pytest.mark.parametrize("port", [443, 80, 1024, 8443, 65535])
def test_ports_that_webhooks_are_sent_to(port: int) -> None:
    Policy().check(ip_address(PUBLIC), port)


def test_networks_that_the_operator_allows_are_reached_at_every_port() -> None:
    policy = Policy(networks=(ip_network("10.1.0.0/16"), ip_network("fd00::/8")))

    for address in ("10.1.2.3", "fd00::1", "::ffff:10.1.2.3"):
        policy.check(ip_address(address), 22)
    for address in ("10.2.0.1", "127.0.0.1", "fc00::1", "::ffff:10.2.0.1", "64:ff9b::a01:203"):
        with pytest.raises(AddressError):
            policy.check(ip_address(address), 443)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("example.com", None),
        ("1.2.3.4.5", None),
        ("", None),
    ],
)
def test_reads_hosts_as_the_system_does(host: str, address: str | None) -> None:
    assert as_address(host) == (ip_address(address) if address else None)


def test_every_special_network_of_the_registries_is_forbidden_from_end_to_end() -> None:
    special = (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
        "::/128 ::1/128 100::/64 2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 "
        "64:ff9b:1::/48"
    )
    for text in special.split():
        network = ip_network(text)
        assert not is_public(network[0]), text
        assert not is_public(network[-1]), text
        assert not is_public(network[network.num_addresses // 2]), text


class Tls:
    """A receiver with a certificate for hooks.example.com, of an authority that only this test trusts."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate = folder / "certificate.pem"
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = folder / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key_file)
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names: list[str | None] = []
        self.heard: list[bytes] = []

    @contextmanager
    def serving(self) -> Iterator[int]:
        """One request; the port."""
        listening = create_server(("127.0.0.1", 0))

        def serve() -> None:
            connection, _ = listening.accept()
            try:
                with self._context.wrap_socket(connection, server_side=True) as secured:
                    self.heard.append(secured.recv(65536))
                    secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except (ssl.SSLError, OSError):
                pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()
        listening.close()


@pytest.mark.parametrize(("host", "trusted"), [("hooks.example.com", True), ("other.example.com", False)])
def test_name_in_tls_and_host_stay_those_of_the_url(tmp_path: Path, host: str, trusted: bool) -> None:
    tls = Tls(tmp_path)
    policy = Policy(networks=(ip_network("127.0.0.0/8"),))
    context = ssl.create_default_context(cafile=str(tls.certificate))

    with tls.serving() as port:
        backend = CheckedBackend(policy, lambda *_: ["127.0.0.1"])
        outcome = send(delivery(f"https://{host}:{port}/in"), SECRET, policy, context, backend)

    assert tls.names == [host]
    assert outcome.status == (204 if trusted else None)
    if trusted:
        assert f"Host: {host}:{port}".encode() in tls.heard[0]
    else:
        assert outcome.problem is not None
        assert "certificate" in outcome.problem.lower()


def test_a_certificate_of_nobody_is_refused(tmp_path: Path) -> None:
    tls = Tls(tmp_path)
    policy = Policy(networks=(ip_network("127.0.0.0/8"),))

    with tls.serving() as port:
        backend = CheckedBackend(policy, lambda *_: ["127.0.0.1"])
        url = f"https://hooks.example.com:{port}/in"
        outcome = send(delivery(url), SECRET, policy, httpx.create_ssl_context(trust_env=False), backend)

    assert outcome.status is None
    assert tls.heard == []
