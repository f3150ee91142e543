"""GetTeamMachines."""

from typing import Any
from uuid import UUID

import pytest

from tests.conftest import Clock
from tests.jobs import beat, claim, create
from tests.world import NOBODY, Caller, MakeItem, must


def test_lists_the_machines_of_all_the_callers_teams(call: Caller) -> None:
    rows = call("GetTeamMachines", _as="ann").rows

    assert [(row["teamName"], row["machineName"]) for row in rows] == [
        ("dev", "dev-01"),
        ("ops", "build-01"),
        ("ops", "build-02"),
    ]
    assert {(row["bridgeName"], row["regionName"]) for row in rows} == {("north", "eu")}
    assert len({UUID(row["machineGuid"]) for row in rows}) == 3


@pytest.mark.parametrize(
    ("teams", "machines"),
    [
        ("ops", ["build-01", "build-02"]),
        ("OPS, dev", ["dev-01", "build-01", "build-02"]),
        ("dev,qa", ["dev-01"]),
        ("qa", []),
        (" , ", ["dev-01", "build-01", "build-02"]),
    ],
)
def test_takes_a_list_of_teams_and_ignores_those_that_are_not_there(
    call: Caller, teams: str, machines: list[str]
) -> None:
    rows = call("GetTeamMachines", _as="ann", teamName=teams).rows

    assert [row["machineName"] for row in rows] == machines


def test_refuses_a_team_that_is_not_the_callers(call: Caller) -> None:
    reply = call("GetTeamMachines", _as="bob", teamName="ops,dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_shows_nothing_of_another_company(call: Caller) -> None:
    rows = call("GetTeamMachines", _as="gina").rows

    assert [row["machineName"] for row in rows] == ["build-01"]
    assert rows[0]["machineGuid"] not in {row["machineGuid"] for row in call("GetTeamMachines", _as="ann").rows}
    assert call("GetTeamMachines", _as="gina", teamName="dev").rows == []


def test_counts_the_items_that_are_not_finished(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "PENDING"):
        queue_item(status=status)

    counts = {row["machineName"]: row["queueCount"] for row in call("GetTeamMachines").rows}

    assert counts == {"build-01": 2, "build-02": 0}


def test_shows_the_vault_of_each_machine(call: Caller) -> None:
    vault = '{"ip": "10.0.0.2"}'
    must(call("CreateMachine", _as="ann", teamName="dev", bridgeName="north", machineName="dev-02", machineVault=vault))

    rows = call("GetTeamMachines", _as="carol").rows

    assert [(row["machineName"], row["vaultVersion"], row["vaultContent"]) for row in rows] == [
        ("dev-01", 1, None),
        ("dev-02", 1, vault),
    ]


@pytest.mark.parametrize(("caller", "failure"), [("north", 403), (NOBODY, 401)])
def test_is_for_users(call: Caller, caller: str, failure: int) -> None:
    assert call("GetTeamMachines", _as=caller).failure == failure


def health(call: Caller, machine: str = "build-01") -> str:
    [row] = [row for row in call("GetTeamMachines", _as="ann").rows if row["machineName"] == machine]
    word: str = row["health"]
    return word


def test_a_machine_nobody_heard_of_was_never_seen(call: Caller) -> None:
    [row] = [row for row in call("GetTeamMachines").rows if row["machineName"] == "build-01"]

    assert (row["health"], row["lastContact"], row["lastClaim"]) == ("NEVER_SEEN", None, None)
    assert (row["paused"], row["draining"], row["slots"]) == (False, False, None)


def test_a_machine_whose_agent_asks_is_online_and_offline_after_three_minutes(call: Caller, clock: Clock) -> None:
    clock.advance(minutes=2)
    must(call("GetQueueItemsNext", _as="build-01"))
    online = health(call)
    clock.advance(minutes=3, seconds=1)

    assert (online, health(call)) == ("ONLINE", "OFFLINE")


def test_an_agent_that_beats_and_does_not_ask_is_deaf_if_it_has_a_free_slot(
    call: Caller, clock: Clock, queue_item: MakeItem
) -> None:
    clock.advance(minutes=2)
    must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=2))
    queue_item()
    claimed = claim(call)
    clock.advance(minutes=4)
    must(beat(call, claimed))
    deaf = health(call)
    must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))

    assert (deaf, health(call)) == ("DEAF", "ONLINE")


def test_the_slots_of_a_bridges_agent_are_for_all_its_machines(call: Caller, clock: Clock) -> None:
    clock.advance(minutes=2)
    must(call("RegisterAgent", _as="north", agentVersion="1", slots=1))
    create(call, "build-02")
    claimed = claim(call, "north")
    clock.advance(minutes=4)
    must(beat(call, claimed, "north"))
    busy = health(call)
    must(call("RegisterAgent", _as="north", agentVersion="1", slots=2))

    assert (busy, health(call)) == ("ONLINE", "DEAF")


def test_a_bridge_that_lets_its_agent_wait_is_not_deaf(call: Caller, clock: Clock) -> None:
    clock.advance(minutes=2)
    must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=2))
    for _ in range(4):
        must(call("GetQueueItemsNext", _as="build-01"))
        clock.advance(minutes=2)

    assert health(call) == "ONLINE"


def test_what_somebody_wanted_of_it_comes_first(call: Caller) -> None:
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}
    must(call("PauseMachine", **place))
    paused = health(call)
    must(call("DrainMachine", **place))

    assert (paused, health(call)) == ("PAUSED", "DRAINING")
