"""DeleteMachine."""

from typing import Any

import psycopg
import pytest

from tests.jobs import create, trace_of
from tests.world import NOBODY, Caller, MakeItem, Reply, must


def delete(call: Caller, machine: str = "build-01", _as: str = "ann", team: str = "ops") -> Reply:
    return call("DeleteMachine", _as=_as, teamName=team, machineName=machine)


def machines(call: Caller) -> list[str]:
    return [row["machineName"] for row in call("GetTeamMachines").rows]


def test_deletes_a_machine(call: Caller) -> None:
    reply = delete(call, "BUILD-01")

    assert reply.row == {"result": "machine build-01 deleted"}
    assert machines(call) == ["build-02"]
    assert [row["machineCount"] for row in call("GetCompanyTeams").rows if row["teamName"] == "ops"] == [1]


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (["PENDING"], "1 unfinished item, 0 of them in hand"),
        (["ASSIGNED", "PENDING"], "2 unfinished items, 1 of them in hand"),
        (["PROCESSING"], "1 unfinished item, 1 of them in hand"),
        (["CANCELLING", "FAILED", "PENDING"], "2 unfinished items, 1 of them in hand"),
    ],
)
def test_refuses_while_items_are_not_finished(
    call: Caller, queue_item: MakeItem, states: list[str], sentence: str
) -> None:
    for status in states:
        queue_item(status=status)

    reply = delete(call)

    assert reply.failure == 409
    assert reply.errors == [f"machine build-01 has {sentence}: cancel them or let them end first"]
    assert "build-01" in machines(call)


def test_keeps_its_finished_items_with_vaults_and_traces(call: Caller, queue_item: MakeItem) -> None:
    ids = [queue_item(status=status) for status in ("COMPLETED", "FAILED", "CANCELLED")]
    before = {row["queueId"]: row for row in call("GetTeamQueueItems").rows}
    traces = [trace_of(call, queue_id) for queue_id in ids]

    must(delete(call))

    after = {row["queueId"]: row for row in call("GetTeamQueueItems").rows}
    for queue_id in ids:
        told = dict.fromkeys(
            ["ageInMinutes", "minutesSinceHeartbeat", "minutesSinceAssigned"], after[queue_id]["ageInMinutes"]
        )
        gone = {"bridgeName": None, "regionName": None}
        assert {**after[queue_id], **told} == {**before[queue_id], **told, **gone}
        assert after[queue_id]["machineName"] == "build-01"
        assert after[queue_id]["vaultContent"] == '{"handler":"shell"}'
    assert after[ids[0]]["vaultContentResponse"] == '{"exitCode": 0}'
    assert [trace_of(call, queue_id) for queue_id in ids] == traces


def test_all_of_its_finished_items_is_told_at_once(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="COMPLETED")
    must(delete(call))

    reply = must(call("GetQueueItemDetails", queueId=queue_id))

    [details] = reply.table(1)
    assert (details["machineName"], details["bridgeName"], details["regionName"]) == ("build-01", None, None)
    assert reply.table(6)[0]["machineName"] == "build-01"


def test_its_finished_items_can_be_deleted_but_not_retried(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="FAILED")
    must(delete(call))

    retried = [
        call("RetryFailedQueueItem", originalQueueId=queue_id),
        call("RetryFailedQueueItem", originalQueueId=queue_id, modifiedVault="{}"),
    ]
    deleted = call("DeleteQueueItem", queueId=queue_id)

    for reply in retried:
        assert reply.failure == 409
        assert reply.errors == [
            f"queue item {queue_id} was for machine build-01, which was deleted: queue its job for another one"
        ]
    assert deleted.row["result"] == "deleted"


def test_its_name_is_free_and_leads_to_nothing_of_it(call: Caller, queue_item: MakeItem) -> None:
    old = queue_item(status="COMPLETED")
    must(delete(call))

    asked: dict[str, dict[str, Any]] = {
        "CreateQueueItem": {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"},
        "GetTeamQueueItems": {"machineName": "build-01"},
        "GetQueueItemsNext": {"machineName": "build-01"},
        "GetMachineAssignmentStatus": {"teamName": "ops", "machineName": "build-01"},
    }
    for procedure, members in asked.items():
        assert call(procedure, **members).failure == 404, procedure
    assert call("CreateAgentToken", _as="ann", machineName="build-01").failure == 404
    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="build-01"))
    new = create(call)
    rows = {row["queueId"]: row["bridgeName"] for row in call("GetTeamQueueItems").rows}
    assert rows == {old: None, new: "south"}
    assert [row["queueId"] for row in call("GetTeamQueueItems", machineName="build-01").rows] == [new]


def test_ends_its_agents_and_takes_its_keys_from_the_bridges(call: Caller, admin: psycopg.Connection) -> None:
    row = admin.execute("select machine_uuid from data.machine where machine_name = 'build-01'").fetchone()
    must(delete(call))

    assert call("GetQueueItemsNext", _as="build-01").failure == 401
    assert call("GetQueueItemsNext", _as="north").failure == 0
    assert admin.execute("select count(*) from data.held_key where key_id = any(%s)", [list(row or ())]).fetchone() == (
        0,
    )


def test_a_bridge_whose_machines_are_all_gone_can_be_deleted(call: Caller) -> None:
    for team, machine in (("ops", "build-01"), ("ops", "build-02"), ("dev", "dev-01")):
        must(delete(call, machine, team=team))

    assert call("DeleteBridge", _as="ann", bridgeName="north").failure == 0


def test_its_place_in_the_plan_is_free(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set plan = 'COMMUNITY'")
    for number in range(7):
        must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="north", machineName=f"more-{number}"))
    last: dict[str, Any] = {"teamName": "ops", "bridgeName": "north", "machineName": "last"}
    before = call("CreateMachine", _as="ann", **last).failure

    must(delete(call))

    assert (before, call("CreateMachine", _as="ann", **last).failure) == (402, 0)


def test_deletes_its_vault(call: Caller, admin: psycopg.Connection) -> None:
    members: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "machineVault": "{}", "vaultVersion": 1}
    must(call("UpdateMachineVault", _as="ann", **members))

    must(delete(call))

    assert admin.execute("select count(*) from data.vault_record where owner_kind = 'machine'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("team", "machine", "sentence"),
    [
        ("ops", "nothing", "machine nothing not found in team ops"),
        ("ops", "dev-01", "machine dev-01 not found in team ops"),
        ("qa", "build-01", "team qa not found"),
    ],
)
def test_does_not_know_a_machine_that_is_not_there(call: Caller, team: str, machine: str, sentence: str) -> None:
    reply = delete(call, machine, team=team)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(delete(call))

    rows = admin.execute(
        "select action, entity, entity_name from data.audit where procedure_name = 'DeleteMachine'"
    ).fetchall()
    assert rows == [("Deleted", "Machine", "build-01")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert delete(call, _as=caller).failure == failure
