"""UpdateRegionVault; what all entities have in common is in test_update_entity_vaults.py."""

from typing import Any

import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "eu"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"regionName": "EU", "regionVault": content, "vaultVersion": version, **other}
    return call("UpdateRegionVault", _as=_as, **members)


def test_does_not_know_a_region_that_is_not_there(call: Caller) -> None:
    reply = update(call, 1, regionName="us")

    assert (reply.failure, reply.errors) == (404, ["region us not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
