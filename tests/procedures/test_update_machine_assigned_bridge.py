"""UpdateMachineAssignedBridge."""

from typing import Any

import psycopg
import pytest

from tests.jobs import claim, complete, create
from tests.people import refuse_in_sql
from tests.world import NOBODY, Caller, MakeItem, Reply, must


def move(call: Caller, machine: str = "build-01", bridge: str = "south", _as: str = "ann", **team: Any) -> Reply:
    members = {"teamName": "ops", "machineName": machine, "newBridgeName": bridge, **team}
    return call("UpdateMachineAssignedBridge", _as=_as, **members)


def bridge_of(call: Caller, machine: str = "build-01") -> str:
    [bridge] = [row["bridgeName"] for row in call("GetTeamMachines").rows if row["machineName"] == machine]
    assert isinstance(bridge, str)
    return bridge


def test_moves_a_machine_to_another_bridge(call: Caller) -> None:
    row = move(call, "BUILD-01", "SOUTH").row

    assert row == {"machineName": "build-01", "bridgeName": "south", "teamName": "ops", "leftOut": 0}
    assert (bridge_of(call), bridge_of(call, "build-02")) == ("south", "north")


def test_its_waiting_items_go_to_the_agent_of_the_new_bridge(call: Caller) -> None:
    must(move(call, "build-02"))
    south: str = call("CreateAgentToken", _as="ann", bridgeName="south").row["token"]
    queue_id = create(call)

    must(move(call))

    assert call("GetQueueItemsNext", _as="north", itemCount=100).rows == []
    claimed = claim(call, south)
    assert (claimed["queueId"], claimed["bridgeName"]) == (queue_id, "south")
    assert claimed["vaultContent"] == '{"handler":"shell"}'
    assert complete(call, claimed, south).row["status"] == "COMPLETED"


def test_agents_of_the_old_bridge_see_its_items_no_more(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="COMPLETED")
    before = call("GetQueueItemTrace", _as="north", queueId=queue_id).failure

    must(move(call))

    assert (before, call("GetQueueItemTrace", _as="north", queueId=queue_id).failure) == (0, 404)


def test_its_own_agent_goes_on_working(call: Caller) -> None:
    queue_id = create(call)

    must(move(call))

    assert claim(call)["queueId"] == queue_id


def test_it_can_come_back(call: Caller) -> None:
    queue_id = create(call)
    must(move(call))

    must(move(call, bridge="north"))

    assert claim(call, "north")["queueId"] == queue_id


def test_to_the_bridge_where_it_is_changes_nothing(call: Caller) -> None:
    queue_id = create(call)

    assert move(call, bridge="north").row["bridgeName"] == "north"
    assert claim(call, "north")["queueId"] == queue_id


@pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING", "CANCELLING"])
def test_refuses_while_an_agent_has_items_of_it_in_hand(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_item(status=status)
    queue_item(status="PENDING")

    reply = move(call)

    assert reply.failure == 409
    assert reply.errors == ["machine build-01 has 1 item in hand: cancel them or let them end first"]
    assert bridge_of(call) == "north"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"bridge": "west"}, "bridge west not found"),
        ({"machine": "dev-01"}, "machine dev-01 not found in team ops"),
        ({"teamName": "qa"}, "team qa not found"),
    ],
)
def test_does_not_know_what_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = move(call, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_a_sql_admin_holds_no_key_to_give_to_the_bridges_agents(call: Caller, admin: psycopg.Connection) -> None:
    must(move(call))
    statement = "select api.update_machine_assigned_bridge('ops', 'build-01', 'north', null)"

    refusal = refuse_in_sql(admin, "ann@acme.example", statement)

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(move(call))

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit "
        "where procedure_name = 'UpdateMachineAssignedBridge'"
    ).fetchall()
    assert rows == [("Moved", "Machine", "build-01", "to bridge south")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert move(call, _as=caller).failure == failure
