"""DeletePermissionGroup."""

import psycopg
import pytest

from tests.groups import assign, group_of, make_group
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, Reply, must

__all__ = ["race"]  # a fixture

BOB, CAROL = "bob@acme.example", "carol@acme.example"


def delete(call: Caller, name: str, _as: str = "ann") -> Reply:
    return call("DeletePermissionGroup", _as=_as, permissionGroupName=name)


def names(call: Caller) -> list[str]:
    return [row["permissionGroupName"] for row in call("GetCompanyPermissionGroups").rows]


def test_deletes_a_group_with_its_permissions(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines"])

    reply = delete(call, "DEPLOY")

    assert reply.row == {"removedPermissionGroupName": "deploy", "result": "permission group deploy deleted"}
    assert names(call) == ["Administrators", "Bridges", "Users"]


@pytest.mark.parametrize(("users", "count"), [([BOB], "1 user"), ([BOB, CAROL], "2 users")])
def test_refuses_while_users_are_assigned_and_says_how_many(call: Caller, users: list[str], count: str) -> None:
    make_group(call, "deploy")
    for email in users:
        must(assign(call, email, "deploy"))

    reply = delete(call, "deploy")

    assert (reply.failure, reply.errors) == (409, [f"permission group deploy has {count}: assign another group first"])
    assert group_of(call, BOB) == "deploy"


def test_a_group_that_nobody_has_any_more_can_go(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "deploy"))
    must(assign(call, BOB, "Users"))

    assert delete(call, "deploy").failure == 0


def test_users_who_were_removed_do_not_count(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "deploy"))
    must(call("DeleteUser", _as="ann", userEmail=BOB))

    assert delete(call, "deploy").failure == 0


def test_a_group_is_deleted_or_assigned_but_not_both(call: Caller, race: Race) -> None:
    make_group(call, "deploy")

    with race.acting("ann", "select * from api.delete_permission_group('deploy')"):
        assignment = race.start(lambda other: assign(other, BOB, "deploy"))

    assert assignment.result(SECONDS).errors == ["permission group deploy not found"]
    assert group_of(call, BOB) == "Users"


def test_a_group_is_assigned_or_deleted_but_not_both(call: Caller, race: Race) -> None:
    make_group(call, "deploy")

    with race.acting("ann", "select * from api.update_user_assigned_permissions(%s, 'deploy')", BOB):
        deletion = race.start(lambda other: delete(other, "deploy"))

    assert deletion.result(SECONDS).errors == ["permission group deploy has 1 user: assign another group first"]


@pytest.mark.parametrize("name", ["Administrators", "users", "BRIDGES"])
def test_the_built_in_groups_stay(call: Caller, name: str) -> None:
    reply = delete(call, name)

    assert (reply.failure, reply.errors) == (
        409,
        [f"permission group {name.capitalize()} is built in: it cannot be changed or deleted"],
    )


def test_does_not_know_groups_of_other_companies(call: Caller) -> None:
    make_group(call, "theirs", by="gina")

    assert [delete(call, name).errors for name in ("theirs", "nothing")] == [
        ["permission group theirs not found"],
        ["permission group nothing not found"],
    ]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "deploy")
    delete(call, "deploy")

    rows = admin.execute("select action, entity, entity_name, entity_uuid from data.audit order by audit_id").fetchall()
    assert [row[:3] for row in rows] == [
        ("Created", "PermissionGroup", "deploy"),
        ("Deleted", "PermissionGroup", "deploy"),
    ]
    assert rows[0][3] == rows[1][3]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert delete(call, "deploy", _as=caller).failure == failure
