"""UpdateBridgeVault; what all entities have in common is in test_update_entity_vaults.py."""

from typing import Any

import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "south"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"bridgeName": "South", "bridgeVault": content, "vaultVersion": version, **other}
    return call("UpdateBridgeVault", _as=_as, **members)


def test_the_region_may_be_named_as_well(call: Caller) -> None:
    assert update(call, 1, regionName="EU").row["vaultVersion"] == 2


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"bridgeName": "west"}, "bridge west not found"),
        ({"regionName": "us"}, "region us not found"),
        ({"regionName": "default region"}, "bridge South not found in region Default Region"),
    ],
)
def test_does_not_know_a_bridge_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = update(call, 1, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
