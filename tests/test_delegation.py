"""What a group of the company's own cannot win by a permission that it has: rights of others, or more of its own."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from broker.crypto.password import password_user_hash
from tests.groups import assign, group_of, make_group, permissions_of
from tests.people import invite, recover, sign_in
from tests.world import PASSWORD, Caller, Reply, must

ANN, BOB, CAROL = "ann@acme.example", "bob@acme.example", "carol@acme.example"
HASH = "0x" + password_user_hash(PASSWORD).hex()


def delegate(call: Caller, *permissions: str) -> str:
    """Bob is of a group that permits these procedures; the token of a session of his."""
    make_group(call, "helpers", permissions)
    must(assign(call, BOB, "helpers"))
    token: str = must(sign_in(call, BOB)).row["nextRequestToken"]
    return token


def refusal(reply: Reply) -> tuple[int, Sequence[str]]:
    return reply.failure, reply.errors


@pytest.mark.parametrize("email", [BOB, CAROL])
@pytest.mark.parametrize("group", ["Administrators", "Users", "strong"])
def test_gives_nobody_a_group_that_may_more(call: Caller, email: str, group: str) -> None:
    make_group(call, "strong", ["CreateTeam"])
    make_group(call, "weak")
    must(assign(call, CAROL, "weak"))
    bob = delegate(call, "UpdateUserAssignedPermissions", "GetCompanyUsers")
    before = group_of(call, email)

    reply = assign(call, email, group, by=bob)

    sentence = f"only an administrator may give user {email} the permission group {group}: "
    assert refusal(reply) == (403, [sentence + "more rights go with it, or with his own, than you have"])
    assert group_of(call, email) == before


def test_takes_no_group_from_who_may_more(call: Caller) -> None:
    make_group(call, "weak")
    bob = delegate(call, "UpdateUserAssignedPermissions")

    assert assign(call, CAROL, "weak", by=bob).failure == 403


def test_gives_a_group_that_may_no_more(call: Caller) -> None:
    make_group(call, "weak", ["GetCompanyUsers", "GetUserRequests"])
    make_group(call, "weaker")
    must(assign(call, CAROL, "weaker"))
    bob = delegate(call, "UpdateUserAssignedPermissions", "GetCompanyUsers")

    must(assign(call, CAROL, "weak", by=bob))

    assert group_of(call, CAROL) == "weak"


@pytest.mark.parametrize(
    ("permission", "members"),
    [
        ("CreatePermissionInGroup", {"permissionGroupName": "helpers", "permissionName": "CreateTeam"}),
        ("DeletePermissionFromGroup", {"permissionGroupName": "strong", "permissionName": "CreateTeam"}),
        ("DeletePermissionGroup", {"permissionGroupName": "strong"}),
    ],
)
def test_changes_no_groups(call: Caller, permission: str, members: dict[str, Any]) -> None:
    make_group(call, "strong", ["CreateTeam"])
    bob = delegate(call, permission)

    reply = call(permission, _as=bob, **members)

    assert reply.failure == 403
    assert reply.errors[0].startswith("only an administrator may ")


@pytest.mark.parametrize(
    ("permission", "members"),
    [
        ("UpdateUserEmail", {"currentUserEmail": ANN, "newUserEmail": "mallory@acme.example"}),
        ("UpdateUserToDeactivated", {"userEmail": ANN}),
        ("UpdateUserToActivated", {"userEmail": ANN}),
        ("DeleteUser", {"userEmail": ANN}),
        ("CreateUserInvitation", {"userEmail": ANN}),
        ("UpdateUserAssignedPermissions", {"userEmail": ANN, "permissionGroupName": "helpers"}),
        ("DeleteUserFromTeam", {"teamName": "ops", "removeUserEmail": ANN}),
    ],
)
def test_touches_no_administrator(call: Caller, permission: str, members: dict[str, Any]) -> None:
    must(assign(call, CAROL, "Administrators"))
    bob = delegate(call, permission)

    reply = call(permission, _as=bob, **members)

    assert refusal(reply) == (403, [f"only an administrator may do this to {ANN}, who is an administrator"])
    assert call("GetCompanyTeams", _as="ann").failure == 0


def test_lets_an_administrator_who_was_shut_out_not_in_again(call: Caller) -> None:
    must(assign(call, CAROL, "Administrators"))
    must(call("UpdateUserToDeactivated", _as="ann", userEmail=CAROL))
    bob = delegate(call, "UpdateUserToActivated")

    assert call("UpdateUserToActivated", _as=bob, userEmail=CAROL).failure == 403


@pytest.mark.parametrize("name", ["CreateUserInvitation", "CreateNewUser"])
def test_becomes_nobody_who_may_more(call: Caller, name: str, admin: psycopg.Connection) -> None:
    erin = "erin@acme.example"
    invite(call, erin)
    admin.execute("update data.invitation set tries = 10")  # so that CreateNewUser invites him again
    bob = delegate(call, name)

    members: dict[str, Any] = {"userEmail" if name == "CreateUserInvitation" else "newUserEmail": erin}
    reply = call(name, _as=bob, **members)

    assert refusal(reply) == (403, [f"only an administrator may invite {erin} again"])


def test_makes_no_user_who_may_more(call: Caller) -> None:
    bob = delegate(call, "CreateNewUser", "GetCompanyTeams")

    reply = call("CreateNewUser", _as=bob, newUserEmail="erin@acme.example")

    # The first that not every session may, and bob may not.
    sentence = "only an administrator may invite erin@acme.example: a new user may call CancelFlow, which you may not"
    assert refusal(reply) == (403, [sentence])
    assert "erin@acme.example" not in [row["userEmail"] for row in call("GetCompanyUsers", _as="ann").rows]


def test_makes_users_who_may_no_more(call: Caller) -> None:
    bob = delegate(call, "CreateNewUser", *permissions_of(call, "Users"))

    must(call("CreateNewUser", _as=bob, newUserEmail="erin@acme.example"))

    assert group_of(call, "erin@acme.example") == "Users"


@pytest.mark.parametrize(("team", "failure"), [(None, 0), ("ops", 0), ("dev", 403)])
def test_becomes_nobody_who_sees_other_teams(
    call: Caller, admin: psycopg.Connection, team: str | None, failure: int
) -> None:
    make_group(call, "weak")
    must(assign(call, CAROL, "weak"))
    admin.execute(
        "delete from data.team_member where user_id = (select user_id from data.company_user where email = %s)", [CAROL]
    )
    admin.execute(
        "insert into data.team_member (company_id, team_id, user_id, created_time) "
        "select person.company_id, team.team_id, person.user_id, now() from data.company_user as person "
        "join data.team as team on team.company_id = person.company_id and team.team_name = %s where person.email = %s",
        [team, CAROL],
    )
    bob = delegate(call, "CreateUserInvitation")

    assert call("CreateUserInvitation", _as=bob, userEmail=CAROL).failure == failure


def test_makes_no_code_that_makes_administrators(call: Caller) -> None:
    bob = delegate(call, "CreateRecoveryCode")

    reply = call("CreateRecoveryCode", _as=bob, currentUserHash=HASH)

    assert reply.failure == 403
    assert reply.errors == ["only an administrator may make a recovery code, which makes administrators"]
    assert recover(call, BOB, str(reply.outputs.get("recoveryCode", "x"))).failure in (400, 403)


def test_enters_no_team_that_has_lost_its_members(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "delete from data.team_member where team_id = (select team_id from data.team where team_name = 'dev')"
    )
    bob = delegate(call, "CreateTeamMembership")

    assert call("CreateTeamMembership", _as=bob, teamName="dev", newUserEmail=BOB).failure == 403


def test_who_lists_all_that_administrators_may_call_is_none_by_asking_for_it(call: Caller) -> None:
    delegate(call, "GetTeamStorages", *permissions_of(call, "Administrators"))

    token = must(sign_in(call, BOB, requestedPermissions="Administrators")).row["nextRequestToken"]

    assert call("CreateTeam", _as=token, teamName="qa").failure == 0
    assert assign(call, BOB, "Administrators", by=token).failure == 403
