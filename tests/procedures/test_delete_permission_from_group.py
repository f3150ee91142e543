"""DeletePermissionFromGroup."""

import psycopg
import pytest

from tests.groups import make_group, permissions_of
from tests.world import NOBODY, Caller, Reply


def remove(call: Caller, permission: str, group: str = "deploy", _as: str = "ann") -> Reply:
    return call("DeletePermissionFromGroup", _as=_as, permissionGroupName=group, permissionName=permission)


def test_takes_one_permission_and_leaves_the_others(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines", "GetTeamRepositories"])

    reply = remove(call, "GetTeamRepositories", "Deploy")

    assert reply.row == {
        "removedPermissionName": "GetTeamRepositories",
        "result": "permission GetTeamRepositories removed from group deploy",
    }
    assert permissions_of(call, "deploy") == ["GetTeamMachines"]


@pytest.mark.parametrize("permission", ["GetCompanyTeams", "getteammachines", "no name"])
def test_refuses_a_permission_that_the_group_does_not_have(call: Caller, permission: str) -> None:
    make_group(call, "deploy", ["GetTeamMachines"])

    reply = remove(call, permission)

    assert (reply.failure, reply.errors) == (
        404,
        [f"permission group deploy does not have the permission {permission}"],
    )


@pytest.mark.parametrize("group", ["Administrators", "Users", "Bridges"])
def test_the_built_in_groups_stay_as_they_are(call: Caller, group: str) -> None:
    reply = remove(call, "GetTeamMachines", group)

    assert (reply.failure, reply.errors) == (
        409,
        [f"permission group {group} is built in: it cannot be changed or deleted"],
    )


def test_does_not_know_groups_of_other_companies(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines"], by="gina")

    assert remove(call, "GetTeamMachines").errors == ["permission group deploy not found"]
    assert permissions_of(call, "deploy", by="gina") == ["GetTeamMachines"]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "deploy", ["GetTeamMachines"])
    remove(call, "GetTeamMachines")

    rows = admin.execute("select action, entity, entity_name, details from data.audit order by audit_id").fetchall()
    assert rows[2:] == [("PermissionRemoved", "PermissionGroup", "deploy", "GetTeamMachines")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert remove(call, "GetTeamMachines", _as=caller).failure == failure
