"""UpdateUserVault and GetUserVault."""

import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "bob"}', _as: str = "bob") -> Reply:
    return call("UpdateUserVault", _as=_as, userVault=content, vaultVersion=version)


def test_everybody_has_his_own(call: Caller) -> None:
    update(call, 1)

    shown = call("GetUserVault", _as="ann").row

    assert shown == {"userEmail": "ann@acme.example", "vaultVersion": 1, "vaultContent": None}


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_sessions(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
    assert call("GetUserVault", _as=caller).failure == failure
