"""DeleteQueueItems; how items are chosen is tested with CancelQueueItems."""

import psycopg

from tests.bulk import add_many, add_queue, make, said, task_of
from tests.conftest import Clock
from tests.world import Caller, MakeItem, must

STATES = ["COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"]


def count(admin: psycopg.Connection, table: bytes) -> int:
    [(rows,)] = admin.execute(b"select count(*) from data." + table).fetchall()
    assert isinstance(rows, int)
    return rows


VAULTS = b"vault_record where owner_kind = 'queue_item'"


def test_removes_items_in_any_state_with_their_vaults(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    items = [queue_item(status=status) for status in STATES]
    tasks = [task_of(call, queue_id) for queue_id in items]

    reply = must(call("DeleteQueueItems", taskIds=tasks))

    assert said(reply) == dict.fromkeys(items)
    assert [row["taskId"] for row in reply.rows] == tasks
    assert reply.outputs == {"matched": 7, "done": 7, "more": False}
    assert (count(admin, b"queue_item"), count(admin, VAULTS)) == (0, 0)
    again = call("DeleteQueueItems", taskIds=tasks[:1])
    assert (again.rows[0]["reason"], again.outputs["matched"]) == (f"queue item {tasks[0]} not found", 0)


def test_a_protected_item_stays_and_is_named(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    kept, deleted = queue_item("CANCELLED"), queue_item("CANCELLED")
    admin.execute("update data.queue_item set protected = true where queue_id = %s", [kept])

    rehearsed = call("DeleteQueueItems", filter={"status": ["CANCELLED"]}, dryRun=True)
    reply = call("DeleteQueueItems", filter={"status": ["CANCELLED"]})

    assert said(rehearsed) == said(reply) == {kept: f"queue item {kept} is protected", deleted: None}
    assert reply.outputs == {"matched": 2, "done": 1, "more": False}
    assert call("GetTeamQueueItems").row["queueId"] == kept


def test_clears_the_old_ones_of_a_queue(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    add_queue(admin, "builds")
    old = make(call, queueName="builds")["queueId"]
    elsewhere = make(call)["queueId"]
    clock.advance(hours=5)
    young = make(call, queueName="builds")["queueId"]

    reply = call("DeleteQueueItems", filter={"queueName": "builds", "olderThanHours": 5})

    assert said(reply) == {old: None}
    assert {row["queueId"] for row in call("GetTeamQueueItems").rows} == {elsewhere, young}


def test_a_vault_that_a_thousand_share_goes_with_the_last(call: Caller, admin: psycopg.Connection) -> None:
    add_many(admin, make(call)["queueId"], 1000)

    first = must(call("DeleteQueueItems", filter={"status": ["PENDING"]}))
    left = (count(admin, b"queue_item"), count(admin, VAULTS))
    second = must(call("DeleteQueueItems", filter={"status": ["PENDING"]}))

    assert (first.outputs["done"], first.outputs["more"], left) == (1000, True, (1, 1))
    assert (second.outputs["done"], second.outputs["more"]) == (1, False)
    assert (count(admin, b"queue_item"), count(admin, VAULTS)) == (0, 0)


def test_a_dry_run_deletes_nothing(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    reply = call("DeleteQueueItems", filter={"machineName": "build-01"}, dryRun=True)

    assert said(reply) == {queue_id: None}
    assert call("GetTeamQueueItems").row["queueId"] == queue_id


def test_a_call_leaves_one_row_in_the_audit(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    tasks = [task_of(call, queue_item()) for _ in range(3)]
    must(call("DeleteQueueItems", taskIds=tasks))

    rows = admin.execute("select procedure_name, entity, details from data.audit where action = 'Deleted'").fetchall()

    assert rows == [("DeleteQueueItems", "QueueItem", "3 of 3 items")]
