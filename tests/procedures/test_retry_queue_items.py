"""RetryQueueItems; how items are chosen is tested with CancelQueueItems."""

import psycopg
import pytest

from tests.bulk import make, said, status_of, task_of
from tests.jobs import claim
from tests.racing import SECONDS, Race, race
from tests.world import Caller, MakeItem, must

__all__ = ["race"]  # a fixture

STATES = ["COMPLETED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"]


def test_queues_failed_and_cancelled_items_again(call: Caller, queue_item: MakeItem) -> None:
    items = [queue_item("FAILED"), queue_item("CANCELLED")]

    reply = must(call("RetryQueueItems", taskIds=[task_of(call, queue_id) for queue_id in items]))

    assert said(reply) == dict.fromkeys(items)
    assert reply.outputs == {"matched": 2, "done": 2, "more": False}
    for row in reply.rows:
        assert status_of(call, row["newQueueId"]) == "PENDING"
        assert task_of(call, row["newQueueId"]) == row["newTaskId"]
        event = call("GetQueueItemTrace", queueId=row["queueId"]).rows[-1]
        assert event["details"] == f"as queue item {row['newQueueId']}, task {row['newTaskId']}"
    assert claim(call)["vaultContent"] == '{"handler":"shell"}'


@pytest.mark.parametrize("status", STATES)
def test_says_of_others_why_not(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status)

    reply = must(call("RetryQueueItems", taskIds=[task_of(call, queue_id)]))

    why = f"queue item {queue_id} is {status}: only a FAILED or CANCELLED one can be retried"
    assert said(reply) == {queue_id: why}
    assert (reply.rows[0]["newQueueId"], reply.outputs["done"]) == (None, 0)


def test_a_filter_without_a_status_means_what_failed_or_was_cancelled(call: Caller, queue_item: MakeItem) -> None:
    items = [queue_item("FAILED"), queue_item("CANCELLED"), queue_item("COMPLETED")]

    assert said(call("RetryQueueItems", filter={"machineName": "build-01"})) == dict.fromkeys(items[:2])


def test_a_filter_does_not_retry_twice_and_an_id_does(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item("FAILED")
    first = must(call("RetryQueueItems", filter={"machineName": "build-01"})).row

    again = call("RetryQueueItems", filter={"machineName": "build-01"})
    named = must(call("RetryQueueItems", taskIds=[first["taskId"]])).row

    assert said(again) == {queue_id: f"queue item {queue_id} was retried as queue item {first['newQueueId']}"}
    assert named["newQueueId"] > first["newQueueId"]


def test_what_has_lost_its_machine_stays_as_it_is(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item("CANCELLED")
    must(call("DeleteMachine", _as="ann", teamName="ops", machineName="build-01"))
    pooled = make(call, queueName="default")
    must(call("CancelQueueItem", queueId=pooled["queueId"]))

    reply = must(call("RetryQueueItems", filter={"status": ["CANCELLED"]}))

    why = f"queue item {queue_id} was for machine build-01, which was deleted: queue its job for another one"
    assert said(reply) == {queue_id: why, pooled["queueId"]: None}


def test_a_dry_run_queues_nothing(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item("FAILED")

    reply = call("RetryQueueItems", filter={"machineName": "build-01"}, dryRun=True)

    assert said(reply) == {queue_id: None}
    assert (reply.rows[0]["newQueueId"], reply.outputs) == (None, {"matched": 1, "done": 1, "more": False})
    assert admin.execute("select count(*) from data.queue_item").fetchone() == (1,)


def test_a_call_leaves_one_row_in_the_audit(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    tasks = [task_of(call, queue_item(status)) for status in ("FAILED", "PENDING")]
    must(call("RetryQueueItems", taskIds=tasks))

    rows = admin.execute("select procedure_name, entity, details from data.audit where action = 'Retried'").fetchall()

    assert rows == [("RetryQueueItems", "QueueItem", "1 of 2 items")]


def test_waits_at_the_gate_before_it_locks_anything(call: Caller, queue_item: MakeItem, race: Race) -> None:
    tasks = [task_of(call, queue_item("FAILED"))]

    with race.held("select queue.close_gate(1)") as closing:
        retried = race.start(lambda other: other("RetryQueueItems", taskIds=tasks))
        closing.execute("select from data.queue_item, data.machine for update nowait")

    assert retried.result(SECONDS).outputs["done"] == 1


def test_what_is_deleted_at_the_same_time_gets_no_retry(call: Caller, queue_item: MakeItem, race: Race) -> None:
    queue_id = queue_item("FAILED")
    tasks = [task_of(call, queue_id)]

    with race.acting("ann", "select api.delete_machine('ops', 'build-01')"):
        retried = race.start(lambda other: other("RetryQueueItems", taskIds=tasks))

    why = f"queue item {queue_id} was for machine build-01, which was deleted: queue its job for another one"
    assert said(retried.result(SECONDS)) == {queue_id: why}
