"""GetLookupData."""

import json
from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller


def lookup(call: Caller, _as: str = "ann", **members: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(call("GetLookupData", _as=_as, **members).row["dropdownValues"])
    return values


def test_gives_an_administrator_every_list(call: Caller) -> None:
    bridges = {"Default Region": ["Global Bridges", "My Bridge"], "eu": ["north", "south"]}
    machines = {"dev": ["dev-01"], "ops": ["build-01", "build-02"], "Private Team": []}

    assert lookup(call) == {
        "regions": ["Default Region", "eu"],
        "bridges": ["Global Bridges", "My Bridge", "north", "south"],
        "bridgesByRegion": [{"regionName": region, "bridges": names} for region, names in bridges.items()],
        "teams": ["dev", "ops", "Private Team"],
        "machines": ["build-01", "build-02", "dev-01"],
        "machinesByTeam": [
            {"teamName": team, "machines": [{"machineName": name, "bridgeName": "north"} for name in names]}
            for team, names in machines.items()
        ],
        "users": ["ann@acme.example", "bob@acme.example", "carol@acme.example"],
        "permissionGroups": ["Administrators", "Bridges", "Users"],
        "plans": ["COMMUNITY", "ADVANCED", "PREMIUM", "ELITE"],
        "priorities": [1, 2, 3, 4, 5],
    }


def test_gives_a_user_teams_machines_and_people_of_his_own(call: Caller) -> None:
    lists = lookup(call, _as="bob")

    assert lists["teams"] == ["ops"]
    assert lists["machines"] == ["build-01", "build-02"]
    assert [entry["teamName"] for entry in lists["machinesByTeam"]] == ["ops"]
    assert lists["users"] == ["ann@acme.example", "bob@acme.example"]


def test_gives_one_list_by_its_name(call: Caller) -> None:
    assert lookup(call, context="teams") == {"teams": ["dev", "ops", "Private Team"]}
    assert lookup(call, context="create-machine") == lookup(call)


def test_leaves_out_who_is_deactivated(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = data.clock() where email = 'carol@acme.example'")

    assert lookup(call, context="users") == {"users": ["ann@acme.example", "bob@acme.example"]}


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetLookupData", _as=caller).failure == failure
