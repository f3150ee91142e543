"""CreateBridge."""

import pytest

from tests.world import NOBODY, Caller, must


@pytest.mark.parametrize("vault", [None, '{"port": 22}'])
def test_makes_a_bridge_that_machines_can_be_put_behind(call: Caller, vault: str | None) -> None:
    reply = call("CreateBridge", _as="ann", regionName="EU", bridgeName="west", bridgeVault=vault)

    row = reply.row
    assert isinstance(row.pop("bridgeId"), int)
    assert row == {"name": "west"}
    assert call("CreateMachine", _as="ann", teamName="ops", bridgeName="WEST", machineName="w1").failure == 0


@pytest.mark.parametrize("region", ["us", "Default Region of another"])
def test_does_not_know_a_region_that_is_not_there(call: Caller, region: str) -> None:
    reply = call("CreateBridge", _as="ann", regionName=region, bridgeName="west")

    assert (reply.failure, reply.errors) == (404, [f"region {region} not found"])


def test_does_not_know_regions_of_other_companies(call: Caller) -> None:
    must(call("CreateRegion", _as="gina", regionName="mars"))

    assert call("CreateBridge", _as="ann", regionName="mars", bridgeName="west").failure == 404


@pytest.mark.parametrize("name", ["north", "NORTH", "global bridges"])
def test_refuses_a_name_that_is_taken_in_any_region(call: Caller, name: str) -> None:
    must(call("CreateRegion", _as="ann", regionName="us"))

    reply = call("CreateBridge", _as="ann", regionName="us", bridgeName=name)

    assert (reply.failure, reply.errors) == (409, [f"bridge {name} exists already"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("CreateBridge", _as=caller, regionName="eu", bridgeName="west").failure == failure
