"""The agent over TLS: whom it trusts, and that an open poll ends there as well."""

import datetime
import ipaddress
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.client import BrokerClient
from agent.errors import PollEndedError, UnavailableError
from tests.agent.fake_broker import DEADLINE_SECONDS, TOKEN, FakeBroker


@pytest.fixture
def certificate(broker: FakeBroker, tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, which the fake broker shows from now on."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a broker")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    broker.use_tls(context)
    return file


def test_a_certificate_that_nobody_vouches_for_is_refused(broker: FakeBroker, certificate: Path) -> None:
    client = BrokerClient(broker.url.replace("http:", "https:"), TOKEN)

    with pytest.raises(UnavailableError, match="certificate verify failed"):
        client.get_queue_items_next(1, 0, lease_seconds=0)

    assert broker.calls == []


def test_an_open_poll_over_tls_is_withdrawn_at_once(broker: FakeBroker, certificate: Path) -> None:
    client = BrokerClient(broker.url.replace("http:", "https:"), TOKEN, ca_file=certificate)
    ended = threading.Event()

    def poll() -> None:
        with pytest.raises(PollEndedError):
            client.get_queue_items_next(1, 300, lease_seconds=30)
        ended.set()

    threading.Thread(target=poll).start()
    broker.wait_for_poll()
    client.end_polls()

    assert ended.wait(DEADLINE_SECONDS)
