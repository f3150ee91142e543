"""GetCompanyPermissionGroups."""

from typing import Any

import pytest

from tests.groups import assign, make_group, permissions_of
from tests.people import invite
from tests.world import NOBODY, Caller, must


def groups(call: Caller, _as: str = "bob") -> dict[str, dict[str, Any]]:
    return {row["permissionGroupName"]: row for row in call("GetCompanyPermissionGroups", _as=_as).rows}


def test_lists_the_built_in_groups_and_the_companys_own_by_name(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines", "CancelQueueItem"])
    make_group(call, "qa", by="gina")

    found = groups(call)

    assert list(found) == ["Administrators", "Bridges", "deploy", "Users"]
    assert found["deploy"] == {
        "permissionGroupName": "deploy",
        "userCount": 0,
        "permissionCount": 2,
        "permissions": "CancelQueueItem,GetTeamMachines",
    }


@pytest.mark.parametrize("group", ["Administrators", "Bridges", "Users", "deploy", "empty"])
def test_says_the_same_permissions_as_the_details(call: Caller, group: str) -> None:
    make_group(call, "deploy", ["GetTeamMachines", "CancelQueueItem"])
    make_group(call, "empty")

    row = groups(call)[group]

    assert [name for name in row["permissions"].split(",") if name] == permissions_of(call, group)
    assert row["permissionCount"] == len(permissions_of(call, group))


def test_counts_the_users_of_each_group_also_invited_ones(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, "bob@acme.example", "deploy"))
    invite(call, "dave@acme.example")

    counts = {name: row["userCount"] for name, row in groups(call, "ann").items()}

    assert counts == {"Administrators": 1, "Bridges": 0, "deploy": 1, "Users": 2}


@pytest.mark.parametrize(("caller", "failure"), [("bob", 0), ("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetCompanyPermissionGroups", _as=caller).failure == failure
