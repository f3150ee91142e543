"""The settings of webhooks, as a broker reads them at its start."""

from ipaddress import ip_network

import pytest

from broker.config import WEBHOOK_RETRY_SECONDS, Config, ConfigError


def test_by_default_webhooks_go_to_public_addresses_with_tls_over_three_days() -> None:
    config = Config.from_env({})

    assert (config.webhook_allow_http, config.webhook_allow_networks) == (False, ())
    assert config.webhook_retry_seconds == WEBHOOK_RETRY_SECONDS
    assert WEBHOOK_RETRY_SECONDS == (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)


def test_they_are_read_from_the_environment() -> None:
    config = Config.from_env(
        {
            "BROKER_WEBHOOK_ALLOW_HTTP": "1",
            "BROKER_WEBHOOK_ALLOW_NETWORKS": "10.0.0.0/8, fd00::/8,192.168.1.7",
            "BROKER_WEBHOOK_RETRY_SECONDS": "0, 10,20",
        }
    )

    assert config.webhook_allow_http is True
    assert config.webhook_allow_networks == tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.168.1.7/32")))
    assert config.webhook_retry_seconds == (0, 10, 20)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOW_HTTP", "perhaps"),
        ("ALLOW_NETWORKS", "10.0.0.1/8"),
        ("ALLOW_NETWORKS", "everything"),
        ("ALLOW_NETWORKS", "10.0.0.0/33"),
        ("RETRY_SECONDS", "soon"),
        ("RETRY_SECONDS", "5,300"),
        ("RETRY_SECONDS", "0,-1"),
        ("RETRY_SECONDS", "0,604801"),
        ("RETRY_SECONDS", "0,1.5"),
        ("RETRY_SECONDS", ","),
        ("RETRY_SECONDS", ",".join(["0"] * 51)),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"BROKER_WEBHOOK_{name}"):
        Config.from_env({f"BROKER_WEBHOOK_{name}": text})
