"""What the tests of single procedures share."""

import pytest

from broker.crypto import password


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords cost next to nothing."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))
