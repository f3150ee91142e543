"""DeleteUserFromTeam."""

import psycopg
import pytest

from tests.groups import assign
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, Reply, must

__all__ = ["race"]  # a fixture

ANN, BOB, CAROL = "ann@acme.example", "bob@acme.example", "carol@acme.example"


def remove(call: Caller, email: str = BOB, team: str = "ops", _as: str = "ann") -> Reply:
    return call("DeleteUserFromTeam", _as=_as, teamName=team, removeUserEmail=email)


def members(call: Caller, team: str = "ops", _as: str = "ann") -> list[str]:
    return [row["userEmail"] for row in call("GetTeamMembers", _as=_as, teamName=team).rows]


def test_takes_a_user_out_of_a_team(call: Caller) -> None:
    reply = remove(call, "Bob@Acme.example", "OPS")

    assert reply.row == {"userEmail": BOB, "teamName": "ops", "result": f"user {BOB} removed from team ops"}
    assert members(call) == [ANN]


def test_he_loses_at_once_what_membership_gives(call: Caller) -> None:
    before = call("GetTeamMachines", teamName="ops")
    remove(call)
    after = call("GetTeamMachines", teamName="ops")

    assert (before.failure, after.failure) == (0, 403)


def test_he_may_become_a_member_again(call: Caller) -> None:
    remove(call)

    assert call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=BOB).failure == 0


def test_refuses_who_is_no_member(call: Caller) -> None:
    reply = remove(call, CAROL)

    assert (reply.failure, reply.errors) == (404, [f"user {CAROL} is not a member of team ops"])


def test_the_caller_may_leave_himself_and_is_a_member_no_more(call: Caller) -> None:
    assert remove(call, ANN).failure == 0

    assert remove(call, BOB).errors == ["you are not a member of team ops"]
    assert members(call, _as="bob") == [BOB]


def test_the_last_member_stays(call: Caller) -> None:
    remove(call)

    reply = remove(call, ANN)

    assert (reply.failure, reply.errors) == (
        409,
        [f"user {ANN} is the last member of team ops: add another one first, or delete the team"],
    )
    assert members(call) == [ANN]


def test_of_two_members_who_leave_at_once_one_stays(call: Caller, race: Race, admin: psycopg.Connection) -> None:
    must(assign(call, BOB, "Administrators"))
    admin.execute("update data.token set permission_group = 'Administrators' where permission_group = 'Users'")

    with race.acting("bob", "select * from api.delete_user_from_team('ops', %s)", BOB):
        second = race.start(lambda other: remove(other, ANN))

    assert second.result(SECONDS).failure == 409
    assert members(call) == [ANN]


@pytest.mark.parametrize("email", ["nobody@acme.example", "gina@globex.example"])
def test_does_not_know_users_of_other_companies(call: Caller, email: str) -> None:
    reply = remove(call, email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    assert remove(call, team="qa").errors == ["team qa not found"]


def test_a_team_that_has_lost_all_its_members_can_be_filled_again(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "delete from data.team_member where team_id = (select min(team_id) from data.team where team_name = 'ops')"
    )

    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=ANN)

    assert reply.failure == 0
    assert members(call) == [ANN]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    remove(call)

    assert admin.execute("select action, entity, entity_name, details from data.audit").fetchall() == [
        ("MemberRemoved", "Team", "ops", f"user {BOB} removed")
    ]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert remove(call, _as=caller).failure == failure
