"""UpdateTeamName."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, create
from tests.world import NOBODY, Caller, Reply, must

OLD = "ops"
NAMES = ["a", "x" * 100, "$HOME ${x} {y} a.b", "größe Ω 机器 🚀", "%s %I \\ '\"", "O'Hara; drop table x --"]


def rename(call: Caller, old: object = "Ops", new: object = "fresh", _as: str = "ann") -> Reply:
    members: dict[str, Any] = {"currentTeamName": old, "newTeamName": new}
    return call("UpdateTeamName", _as=_as, **members)


def teams(call: Caller) -> list[str]:
    return [row["teamName"] for row in call("GetCompanyTeams").rows]


def test_renames_a_team(call: Caller) -> None:
    row = rename(call).row

    assert row == {"teamName": "fresh", "companyName": "Acme", "memberCount": 2}
    assert teams(call) == ["dev", "fresh", "Private Team"]
    assert {row["teamName"] for row in call("GetTeamMachines").rows} == {"fresh"}


def test_its_items_and_agents_stay_with_it(call: Caller) -> None:
    queue_id = create(call)

    must(rename(call))

    assert [row["teamName"] for row in call("GetTeamQueueItems", teamName="fresh").rows] == ["fresh"]
    assert claim(call)["queueId"] == queue_id
    assert call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}").failure == 404
    assert create(call, team="fresh") > queue_id


@pytest.mark.parametrize("name", NAMES)
def test_takes_every_name_of_up_to_a_hundred_characters(call: Caller, name: str) -> None:
    must(rename(call, new=name))

    assert name in teams(call)
    assert must(rename(call, old=name, new="plain")).row["teamName"] == "plain"


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 101, "a\nb", "a\u0000b", None, ["a"]])
def test_refuses_what_is_no_name(call: Caller, name: object) -> None:
    reply = rename(call, new=name)

    assert reply.failure == 400
    assert OLD in teams(call)


def test_a_change_of_case_alone_is_a_change(call: Caller) -> None:
    must(rename(call, new=OLD.upper()))

    assert OLD.upper() in teams(call)


def test_takes_the_name_that_it_has(call: Caller) -> None:
    assert rename(call, new=OLD).row["teamName"] == OLD


@pytest.mark.parametrize("name", ["dev", "DEV", "private team"])
def test_refuses_a_name_that_is_taken(call: Caller, name: str) -> None:
    reply = rename(call, new=name)

    assert (reply.failure, reply.errors) == (409, [f"team {name} exists already"])
    assert OLD in teams(call)


def test_does_not_know_a_team_that_is_not_there(call: Caller) -> None:
    reply = rename(call, old="qa")

    assert (reply.failure, reply.errors) == (404, ["team qa not found"])


def test_other_companies_names_do_not_count(call: Caller) -> None:
    must(call("CreateTeam", _as="gina", teamName="theirs"))

    assert rename(call, new="theirs").failure == 0


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(rename(call, new="fresh"))

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit where procedure_name = 'UpdateTeamName'"
    ).fetchall()
    assert rows == [("Renamed", "Team", "fresh", f"it was called {OLD}")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert rename(call, _as=caller).failure == failure
