"""UpdateUserAssignedPermissions."""

import psycopg
import pytest

from tests.groups import assign, group_of, make_group
from tests.people import enter, invite, sign_in
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, must

__all__ = ["race"]  # a fixture

ANN, BOB, CAROL = "ann@acme.example", "bob@acme.example", "carol@acme.example"
LAST = [f"user {ANN} is the last active administrator: make another one first"]
ASSIGN = "select * from api.update_user_assigned_permissions(%s, %s)"


def new_session(call: Caller, email: str) -> str:
    token: str = must(sign_in(call, email)).row["nextRequestToken"]
    return token


@pytest.mark.parametrize(
    ("sent", "group"), [("administrators", "Administrators"), ("Bridges", "Bridges"), ("DEPLOY", "deploy")]
)
def test_gives_a_user_another_group(call: Caller, sent: str, group: str) -> None:
    make_group(call, "deploy")

    reply = assign(call, "Bob@Acme.example", sent)

    assert reply.row == {
        "userEmail": BOB,
        "permissionGroupName": group,
        "result": f"user {BOB} has permission group {group}",
        "totalTokenCount": 1,
        "tokensDowngraded": 0 if group == "Administrators" else 1,
    }
    assert group_of(call, BOB) == group


def test_sessions_opened_from_now_on_have_the_groups_rights_and_no_others(call: Caller) -> None:
    make_group(call, "deploy", ["GetTeamMachines", "CreateRegion"])
    must(assign(call, BOB, "deploy"))

    session = new_session(call, BOB)

    assert call("GetTeamMachines", _as=session, teamName="ops").failure == 0
    assert call("CreateRegion", _as=session, regionName="us").failure == 0
    refusal = call("GetCompanyTeams", _as=session)
    assert (refusal.failure, refusal.errors) == (403, [f"{BOB} may not call GetCompanyTeams"])


def test_from_a_group_of_ones_own_back_to_a_built_in_one(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "deploy"))
    must(assign(call, BOB, "Users"))

    session = new_session(call, BOB)

    assert call("GetCompanyTeams", _as=session).failure == 0
    assert call("CreateRegion", _as=session, regionName="us").failure == 403


def test_an_administrator_who_takes_his_own_rights_keeps_them_in_this_session(call: Caller) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "Administrators"))

    reply = assign(call, ANN, "Users")

    assert (reply.row["totalTokenCount"], reply.row["tokensDowngraded"]) == (1, 1)
    assert assign(call, CAROL, "deploy").failure == 0
    assert call("DeletePermissionGroup", _as=new_session(call, ANN), permissionGroupName="deploy").failure == 403


def test_counts_the_sessions_that_have_more_than_the_group(call: Caller, admin: psycopg.Connection) -> None:
    make_group(call, "machines", ["GetTeamMachines"])
    make_group(call, "more", ["GetTeamMachines", "CreateRegion"])
    must(assign(call, BOB, "machines"))
    new_session(call, BOB)
    must(assign(call, BOB, "more"))
    expired = new_session(call, BOB)
    admin.execute("update data.token set expires_time = data.clock() where token_hash = sha256(%s::bytea)", [expired])

    reply = assign(call, BOB, "more")
    less = assign(call, BOB, "machines")

    # Of the world's session, with the rights of Users, and the one with those of machines.
    assert (reply.row["totalTokenCount"], reply.row["tokensDowngraded"]) == (2, 1)
    assert (less.row["totalTokenCount"], less.row["tokensDowngraded"]) == (2, 1)


def test_an_invited_user_has_the_group_when_he_comes(call: Caller, cheap_passwords: None) -> None:
    make_group(call, "deploy", ["CreateRegion"])
    code = invite(call, "dave@acme.example")

    reply = assign(call, "dave@acme.example", "deploy")

    assert reply.row["totalTokenCount"] == 0
    dave = enter(call, "dave@acme.example", code)
    assert call("CreateRegion", _as=dave, regionName="us").failure == 0


@pytest.mark.parametrize("group", ["Users", "Bridges", "deploy"])
def test_the_last_active_administrator_keeps_his_group(call: Caller, admin: psycopg.Connection, group: str) -> None:
    make_group(call, "deploy")
    must(assign(call, BOB, "Administrators"))
    admin.execute("update data.company_user set deactivated_time = data.clock() where email = %s", [BOB])

    reply = assign(call, ANN, group)

    assert (reply.failure, reply.errors) == (409, LAST)
    assert group_of(call, ANN) == "Administrators"


def test_the_last_administrator_may_be_made_one_again(call: Caller) -> None:
    assert assign(call, ANN, "Administrators").failure == 0


@pytest.mark.parametrize(("lost", "failure"), [("UpdateUserToDeactivated", 0), ("DeleteUser", 404)])
def test_who_is_no_active_administrator_is_not_needed(call: Caller, lost: str, failure: int) -> None:
    must(assign(call, BOB, "Administrators"))
    must(call(lost, _as="ann", userEmail=BOB))

    assert assign(call, BOB, "Users").failure == failure


def test_an_invited_administrator_does_not_count(call: Caller) -> None:
    invite(call, "dave@acme.example")
    must(assign(call, "dave@acme.example", "Administrators"))

    assert assign(call, ANN, "Users").errors == LAST


def test_of_two_administrators_who_leave_at_once_one_stays(call: Caller, race: Race) -> None:
    must(assign(call, BOB, "Administrators"))

    with race.acting("ann", ASSIGN, BOB, "Users"):
        second = race.start(lambda other: assign(other, ANN, "Users"))

    assert second.result(SECONDS).errors == LAST
    assert (group_of(call, ANN), group_of(call, BOB)) == ("Administrators", "Users")


@pytest.mark.parametrize("email", ["nobody@acme.example", "gina@globex.example"])
def test_does_not_know_users_of_other_companies(call: Caller, email: str) -> None:
    reply = assign(call, email, "Users")

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


def test_does_not_know_groups_of_other_companies(call: Caller) -> None:
    make_group(call, "deploy", by="gina")

    reply = assign(call, BOB, "deploy")

    assert (reply.failure, reply.errors) == (404, ["permission group deploy not found"])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    assign(call, BOB, "Administrators")

    assert admin.execute("select action, entity, entity_name, details from data.audit").fetchall() == [
        ("GroupAssigned", "User", BOB, "permission group Administrators")
    ]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert assign(call, BOB, "Administrators", by=caller).failure == failure
