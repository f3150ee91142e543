"""CreateMachine."""

import psycopg
import pytest

from tests.world import NOBODY, Caller, must


def test_makes_a_machine(call: Caller) -> None:
    reply = call(
        "CreateMachine",
        _as="ann",
        teamName="ops",
        bridgeName="south",
        machineName="s1",
        machineVault='{"ip": "10.0.0.1"}',
    )

    assert reply.row == {"name": "s1", "leftOut": 0}
    [machine] = [row for row in call("GetTeamMachines").rows if row["machineName"] == "s1"]
    assert (machine["bridgeName"], machine["vaultVersion"]) == ("south", 1)
    assert machine["vaultContent"] == '{"ip": "10.0.0.1"}'


def test_jobs_can_be_queued_for_it(call: Caller) -> None:
    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="s1"))

    assert call("CreateQueueItem", teamName="ops", machineName="s1", queueVault="{}").failure == 0


@pytest.mark.parametrize("name", ["build-01", "BUILD-01", "dev-01"])
def test_refuses_a_name_that_is_taken_in_any_team(call: Caller, name: str) -> None:
    reply = call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName=name)

    assert (reply.failure, reply.errors) == (409, [f"machine {name} exists already"])


@pytest.mark.parametrize(
    ("team", "bridge", "error"),
    [("qa", "south", "team qa not found"), ("ops", "east", "bridge east not found")],
)
def test_does_not_know_what_is_not_there(call: Caller, team: str, bridge: str, error: str) -> None:
    reply = call("CreateMachine", _as="ann", teamName=team, bridgeName=bridge, machineName="s1")

    assert (reply.failure, reply.errors) == (404, [error])


def test_does_not_know_bridges_of_other_companies(call: Caller) -> None:
    must(call("CreateBridge", _as="gina", regionName="eu", bridgeName="mars"))

    assert call("CreateMachine", _as="ann", teamName="ops", bridgeName="mars", machineName="s1").failure == 404


def test_an_administrator_must_be_a_member_of_the_team(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute(
        "delete from data.team_member where user_id = (select user_id from data.company_user where email ~ '^ann')"
    )

    reply = call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="s1")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team ops"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    reply = call("CreateMachine", _as=caller, teamName="ops", bridgeName="south", machineName="s1")

    assert reply.failure == failure
