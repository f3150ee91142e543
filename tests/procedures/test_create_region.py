"""CreateRegion."""

import pytest

from tests.world import NOBODY, Caller, must


@pytest.mark.parametrize("vault", [None, "{}", '{"zone": 1}'])
def test_makes_a_region_that_bridges_can_be_put_in(call: Caller, vault: str | None) -> None:
    reply = call("CreateRegion", _as="ann", regionName="us", regionVault=vault)

    assert reply.row == {"name": "us"}
    assert call("CreateBridge", _as="ann", regionName="US", bridgeName="west").failure == 0


@pytest.mark.parametrize("name", ["eu", "EU", "default region"])
def test_refuses_a_name_that_is_taken_whatever_its_case(call: Caller, name: str) -> None:
    reply = call("CreateRegion", _as="ann", regionName=name)

    assert (reply.failure, reply.errors) == (409, [f"region {name} exists already"])


def test_companies_may_use_the_same_names(call: Caller) -> None:
    must(call("CreateRegion", _as="ann", regionName="us"))

    assert call("CreateRegion", _as="gina", regionName="us").failure == 0


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("CreateRegion", _as=caller, regionName="us").failure == failure
