"""Companies of clients that speak the dialect of current Rediacc clients."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.crypto import password
from tests.conftest import Template, cloned, serving, settings
from tests.surfaces.asking import Asker
from tests.surfaces.rediacc_client import CODE, RediaccClient, found_company, furnish
from tests.world import World

BOSS, PASSWORD = "boss@acme.io", "pw123"


@pytest.fixture(scope="module")
def cheap_passwords() -> Iterator[None]:
    """New passwords cost next to nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))
        yield


@pytest.fixture(scope="module")
def acme_url(server: str, template: Template) -> Iterator[str]:
    with cloned(server, template) as url:
        yield url


@pytest.fixture(scope="module")
def acme(acme_url: str, template: Template, cheap_passwords: None) -> Iterator[Flask]:
    """A broker whose activation codes are fixed, with a company of one user, team T1, machine M1 on bridge B1."""
    with serving(replace(settings(acme_url, template), activation_code=CODE)) as app:
        boss = RediaccClient(app.test_client())
        found_company(boss, BOSS, PASSWORD)
        boss.sign_in(BOSS, PASSWORD)
        furnish(boss)
        yield app


@pytest.fixture
def stranger(acme: Flask) -> RediaccClient:
    """Somebody without a token."""
    return RediaccClient(acme.test_client())


@pytest.fixture
def boss(acme: Flask) -> RediaccClient:
    """The administrator, in a session of his own."""
    client = RediaccClient(acme.test_client())
    client.sign_in(BOSS, PASSWORD)
    return client


@pytest.fixture
def bridge(acme: Flask) -> RediaccClient:
    """The administrator in a session for bridge B1."""
    client = RediaccClient(acme.test_client())
    client.sign_in(BOSS, PASSWORD, target="B1")
    return client


@pytest.fixture
def ask(client: FlaskClient, world: World) -> Asker:
    return Asker(client, world)
