"""UpdateMachineVault; what all entities have in common is in test_update_entity_vaults.py."""

from typing import Any

import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"ip": "10.0.0.1"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"teamName": "ops", "machineName": "Build-01", "machineVault": content, "vaultVersion": version, **other}
    return call("UpdateMachineVault", _as=_as, **members)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"machineName": "dev-01"}, "machine dev-01 not found in team ops"),
        ({"teamName": "qa"}, "team qa not found"),
    ],
)
def test_does_not_know_a_machine_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = update(call, 1, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
