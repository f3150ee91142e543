"""UpdateTeamVault; what all entities have in common is in test_update_entity_vaults.py."""

import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "ops"}', _as: str = "ann") -> Reply:
    return call("UpdateTeamVault", _as=_as, teamName="ops", teamVault=content, vaultVersion=version)


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
