"""CreateTeamMembership."""

import psycopg
import pytest

from tests.people import invite
from tests.world import NOBODY, Caller


def test_makes_a_user_a_member(call: Caller) -> None:
    reply = call("CreateTeamMembership", _as="ann", teamName="DEV", newUserEmail="Bob@Acme.example")

    assert reply.row == {
        "addedUserEmail": "bob@acme.example",
        "teamName": "dev",
        "result": "user bob@acme.example added to team dev",
    }
    assert [row["machineName"] for row in call("GetTeamMachines", teamName="dev").rows] == ["dev-01"]


def test_refuses_a_user_who_is_a_member_already(call: Caller) -> None:
    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail="bob@acme.example")

    assert (reply.failure, reply.errors) == (409, ["user bob@acme.example is a member of team ops already"])


def test_refuses_a_user_who_has_not_activated_his_account(call: Caller) -> None:
    invite(call, "dave@acme.example")

    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail="dave@acme.example")

    assert (reply.failure, reply.errors) == (409, ["user dave@acme.example is not active"])


def test_refuses_a_deactivated_user(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = now() where email = 'carol@acme.example'")

    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail="carol@acme.example")

    assert (reply.failure, reply.errors) == (409, ["user carol@acme.example is not active"])


@pytest.mark.parametrize("email", ["nobody@acme.example", "gina@globex.example"])
def test_does_not_know_users_of_other_companies(call: Caller, email: str) -> None:
    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=email)

    assert (reply.failure, reply.errors) == (404, [f"user {email} not found"])


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    reply = call("CreateTeamMembership", _as="ann", teamName="qa", newUserEmail="carol@acme.example")

    assert (reply.failure, reply.errors) == (404, ["team qa not found"])


def test_an_administrator_must_be_a_member_himself(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "delete from data.team_member where user_id = (select user_id from data.company_user where email ~ '^ann')"
    )

    reply = call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail="carol@acme.example")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team ops"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    reply = call("CreateTeamMembership", _as=caller, teamName="ops", newUserEmail="carol@acme.example")

    assert reply.failure == failure
