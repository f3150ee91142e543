"""GetTeamMembers."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller

ANN, BOB, CAROL = "ann@acme.example", "bob@acme.example", "carol@acme.example"


def teams_of(call: Caller, _as: str = "ann", **members: Any) -> dict[str, str]:
    return {row["userEmail"]: row["teams"] for row in call("GetTeamMembers", _as=_as, **members).rows}


def test_lists_the_members_of_a_team_by_email(call: Caller) -> None:
    reply = call("GetTeamMembers", teamName="OPS")

    assert reply.rows == [
        {
            "userEmail": email,
            "activated": True,
            "teams": "ops",
            "companyName": "Acme",
            "isMember": True,
            "hasAccess": True,
        }
        for email in (ANN, BOB)
    ]


def test_without_a_name_lists_the_members_of_every_team_of_the_caller(call: Caller) -> None:
    assert teams_of(call) == {ANN: "dev,ops,Private Team", BOB: "ops", CAROL: "dev"}
    assert teams_of(call, "bob") == {ANN: "ops", BOB: "ops"}


def test_takes_many_names_and_lists_each_user_once(call: Caller) -> None:
    assert teams_of(call, teamName=" ops , dev, nowhere") == {ANN: "dev,ops", BOB: "ops", CAROL: "dev"}


def test_an_unknown_name_is_ignored(call: Caller) -> None:
    assert teams_of(call, teamName="nowhere") == {}


def test_refuses_a_team_that_is_not_the_callers(call: Caller) -> None:
    reply = call("GetTeamMembers", teamName="ops,dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_a_deactivated_member_has_no_access(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = data.clock() where email = %s", [CAROL])

    [row] = [row for row in call("GetTeamMembers", _as="ann", teamName="dev").rows if row["userEmail"] == CAROL]

    assert (row["activated"], row["isMember"], row["hasAccess"]) == (False, True, False)


@pytest.mark.parametrize(("caller", "failure"), [("bob", 0), ("build-01", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetTeamMembers", _as=caller).failure == failure
