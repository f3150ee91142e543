"""GetPermissionGroupDetails."""

import pytest

from tests.groups import make_group, permissions_of
from tests.world import NOBODY, Caller


def test_lists_the_permissions_of_a_group_of_ones_own_by_name(call: Caller) -> None:
    make_group(call, "Deploy", ["GetTeamRepositories", "GetTeamMachines", "CancelQueueItem"])

    reply = call("GetPermissionGroupDetails", permissionGroupName="DEPLOY")

    assert reply.rows == [
        {"permissionGroupName": "Deploy", "permissionName": name}
        for name in ("CancelQueueItem", "GetTeamMachines", "GetTeamRepositories")
    ]


@pytest.mark.parametrize(
    ("group", "has", "lacks"),
    [
        ("Administrators", {"CreateTeam", "GetCompanyTeams", "DeleteUserRequest"}, {"CreateNewCompany"}),
        ("Users", {"GetCompanyTeams", "CreateQueueItem", "DeleteUserRequest"}, {"CreateTeam", "CreateNewCompany"}),
        ("Bridges", {"GetQueueItemsNext", "DeleteUserRequest"}, {"CreateTeam", "CreateQueueItem"}),
    ],
)
def test_lists_what_a_built_in_group_may_call(call: Caller, group: str, has: set[str], lacks: set[str]) -> None:
    reply = call("GetPermissionGroupDetails", permissionGroupName=group.lower())

    found = [row["permissionName"] for row in reply.rows]
    assert found == sorted(set(found))
    assert has <= set(found)
    assert not lacks & set(found)
    assert {row["permissionGroupName"] for row in reply.rows} == {group}


def test_a_listing_and_its_counts_are_one_permission(call: Caller) -> None:
    found = permissions_of(call, "Users")

    assert "GetTeamQueueItems" in found
    assert "GetTeamQueueItemCounts" not in found


@pytest.mark.parametrize("name", ["theirs", "nothing", ""])
def test_does_not_know_groups_of_other_companies(call: Caller, name: str) -> None:
    make_group(call, "theirs", by="gina")

    reply = call("GetPermissionGroupDetails", permissionGroupName=name)

    assert (reply.failure, reply.errors) == (404, [f"permission group {name} not found"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 0), ("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetPermissionGroupDetails", _as=caller, permissionGroupName="Users").failure == failure
