"""GetCompanyRegions."""

import pytest

from tests.world import NOBODY, Caller, must


def test_lists_the_regions_by_name_with_their_bridges_counted(call: Caller) -> None:
    must(call("CreateRegion", _as="ann", regionName="Asia", regionVault='{"zone": 8}'))

    assert call("GetCompanyRegions").rows == [
        {"regionName": "Asia", "vaultVersion": 1, "vaultContent": '{"zone": 8}', "bridgeCount": 0},
        {"regionName": "Default Region", "vaultVersion": 1, "vaultContent": None, "bridgeCount": 2},
        {"regionName": "eu", "vaultVersion": 1, "vaultContent": None, "bridgeCount": 2},
    ]


def test_shows_nothing_of_another_company(call: Caller) -> None:
    must(call("CreateRegion", _as="ann", regionName="Asia"))

    assert [row["regionName"] for row in call("GetCompanyRegions", _as="gina").rows] == ["Default Region", "eu"]


@pytest.mark.parametrize(("caller", "failure"), [("carol", 0), ("north", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyRegions", _as=caller).failure == failure
