"""What the tests of single procedures share."""

import pytest

from broker.crypto import password
from tests.conftest import Clock
from tests.world import Caller, must


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords cost next to nothing."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))


@pytest.fixture
def seen(call: Caller, clock: Clock) -> None:
    """The agents of ops have just asked for work."""
    clock.advance(minutes=2)
    for agent in ("build-01", "build-02"):
        must(call("GetQueueItemsNext", _as=agent))
