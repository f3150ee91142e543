"""CreatePermissionInGroup."""

import psycopg
import pytest

from tests.groups import make_group, permissions_of
from tests.world import NOBODY, Caller, Reply, must


def add(call: Caller, permission: object, group: str = "deploy", _as: str = "ann") -> Reply:
    return call("CreatePermissionInGroup", _as=_as, permissionGroupName=group, permissionName=permission)


@pytest.mark.parametrize("permission", ["GetTeamMachines", "GetTeamRepositories"])
def test_adds_a_permission_also_for_a_procedure_that_is_not_built(call: Caller, permission: str) -> None:
    make_group(call, "deploy")

    reply = add(call, permission, "DEPLOY")

    assert reply.row == {
        "permissionName": permission,
        "permissionGroupName": "deploy",
        "result": f"permission {permission} added to group deploy",
    }
    assert permissions_of(call, "deploy") == [permission]


def test_refuses_a_permission_that_the_group_has(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines"])

    reply = add(call, "GetTeamMachines")

    assert (reply.failure, reply.errors) == (
        409,
        ["permission group deploy has the permission GetTeamMachines already"],
    )


@pytest.mark.parametrize("group", ["Administrators", "users", "BRIDGES"])
def test_the_built_in_groups_stay_as_they_are(call: Caller, group: str) -> None:
    reply = add(call, "GetTeamRepositories", group)

    assert (reply.failure, reply.errors) == (
        409,
        [f"permission group {group.capitalize()} is built in: it cannot be changed or deleted"],
    )


def test_does_not_know_groups_of_other_companies(call: Caller) -> None:
    make_group(call, "deploy", by="gina")

    reply = add(call, "GetTeamMachines")

    assert (reply.failure, reply.errors) == (404, ["permission group deploy not found"])


def test_sessions_that_are_open_get_nothing_from_it(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "deploy")
    admin.execute(
        "update data.token set permissions = '{}' where user_id = "
        "(select user_id from data.company_user where email = 'bob@acme.example')"
    )

    must(add(call, "GetTeamMachines"))

    assert call("GetTeamMachines").failure == 403


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "deploy")
    add(call, "GetTeamMachines")

    rows = admin.execute("select action, entity, entity_name, details from data.audit order by audit_id").fetchall()
    assert rows[1:] == [("PermissionAdded", "PermissionGroup", "deploy", "GetTeamMachines")]


@pytest.mark.parametrize(
    "permission", [None, "", "x", "getTeamMachines", "Get Machines", "Get;", "G" * 101, "Äpfel", []]
)
def test_refuses_what_is_no_name_of_a_procedure(call: Caller, permission: object) -> None:
    make_group(call, "deploy")

    reply = add(call, permission)

    assert reply.failure == 400
    assert 'member "permissionName"' in reply.errors[0]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert add(call, "GetTeamMachines", _as=caller).failure == failure
