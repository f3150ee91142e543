"""GetRegionBridges."""

from typing import Any

import pytest

from tests.world import NOBODY, Caller, must


def test_lists_the_bridges_by_name(call: Caller) -> None:
    must(call("CreateBridge", _as="ann", regionName="eu", bridgeName="East", bridgeVault='{"port": 22}'))

    rows = call("GetRegionBridges", _as="ann", regionName="EU").rows

    assert [row["bridgeName"] for row in rows] == ["East", "north", "south"]
    assert rows[0] == {
        "bridgeName": "East",
        "vaultVersion": 1,
        "vaultContent": '{"port": 22}',
        "bridgeCredentials": None,
        "regionName": "eu",
        "machineCount": 0,
        "hasAccess": False,
        "managementMode": "Local",
        "isGlobalBridge": False,
    }
    assert (rows[1]["machineCount"], rows[1]["hasAccess"]) == (3, True)


def test_shows_vaults_to_administrators_only(call: Caller) -> None:
    must(call("CreateBridge", _as="ann", regionName="eu", bridgeName="East", bridgeVault='{"port": 22}'))

    rows = call("GetRegionBridges", _as="bob", regionName="eu").rows

    assert {row["vaultContent"] for row in rows} == {None}


def test_the_bridge_that_was_made_with_the_company_is_global(call: Caller) -> None:
    rows = call("GetRegionBridges", regionName="Default Region").rows

    assert [(row["bridgeName"], row["managementMode"], row["isGlobalBridge"]) for row in rows] == [
        ("Global Bridges", "Cloud", True),
        ("My Bridge", "Local", False),
    ]


def test_access_is_to_a_machine_of_the_callers_teams(call: Caller) -> None:
    members: dict[str, Any] = {"teamName": "dev", "bridgeName": "south", "machineName": "dev-02"}
    must(call("CreateMachine", _as="ann", **members))

    seen = {
        caller: [row["hasAccess"] for row in call("GetRegionBridges", _as=caller, regionName="eu").rows]
        for caller in ("bob", "carol")
    }

    assert seen == {"bob": [True, False], "carol": [True, True]}


def test_does_not_know_a_region_that_is_not_there(call: Caller) -> None:
    reply = call("GetRegionBridges", regionName="us")

    assert (reply.failure, reply.errors) == (404, ["region us not found"])


@pytest.mark.parametrize(("caller", "failure"), [("carol", 0), ("north", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetRegionBridges", _as=caller, regionName="eu").failure == failure
