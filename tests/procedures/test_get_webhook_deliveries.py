"""GetWebhookDeliveries, and what the outbox is told of items."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.webhooks import URL, create, listen_to, outbox, told
from tests.world import Caller, MakeItem, must

FINAL = {
    "COMPLETED": ["item.created", "item.assigned", "item.completed"],
    "FAILED": ["item.created", "item.assigned", "item.failed", "item.dead_lettered"],
    "CANCELLED": ["item.created", "item.cancelled"],
    "ASSIGNED": ["item.created", "item.assigned"],
}


def test_lists_what_is_to_be_sent_the_newest_first(call: Caller, queue_item: MakeItem) -> None:
    webhook_id = listen_to(call, URL)
    queue_item(status="COMPLETED")

    rows = must(call("GetWebhookDeliveries", webhookId=webhook_id)).rows

    assert [row["event"] for row in rows] == ["item.completed", "item.assigned", "item.created"]
    assert {(row["status"], row["attempts"], row["problem"]) for row in rows} == {("PENDING", 0, None)}
    assert must(call("GetWebhookDeliveries", webhookId=webhook_id, maxRecords=1)).rows == rows[:1]


@pytest.mark.parametrize("status", list(FINAL))
def test_an_item_tells_its_events_in_order(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, status: str
) -> None:
    listen_to(call, URL)

    queue_item(status=status)

    assert told(admin) == FINAL[status]


def test_a_message_names_ids_status_and_times_and_nothing_else(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    listen_to(call, URL, ("item.completed",))
    queue_id = queue_item(status="COMPLETED", job='{"handler":"shell","stdin":"canary"}')

    [body] = outbox(admin)
    data: dict[str, Any] = body["data"]

    listed = must(call("GetTeamQueueItems", teamName="ops", includeCompleted=True)).row
    times = {name for name in data if name.endswith("Time")}
    assert set(body) == {"type", "timestamp", "data"}
    assert times == {"createdTime", "assignedTime", "startedTime", "finishedTime"}
    assert body["timestamp"] == data["finishedTime"]
    assert {name: value for name, value in data.items() if name not in times} == {
        "taskId": listed["taskId"],
        "queueId": queue_id,
        "status": "COMPLETED",
        "teamName": "ops",
        "queueName": "default",
        "machineName": "build-01",
        "attempt": 1,
    }
    assert "canary" not in str(body)


def test_a_stale_item_is_told_once(call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock) -> None:
    listen_to(call, URL, ("item.stale",))
    queue_item(status="PROCESSING")
    clock.advance(minutes=11)

    for _ in range(2):
        admin.execute("select maintenance.mark_stale(10)")

    [body] = outbox(admin)
    assert (body["type"], body["data"]["status"]) == ("item.stale", "PROCESSING")


def test_an_item_that_is_deleted_unfinished_is_told_as_cancelled(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    listen_to(call, URL)
    queue_id = queue_item()

    must(call("DeleteQueueItem", queueId=queue_id))

    assert told(admin) == ["item.created", "item.cancelled"]


def test_many_completions_at_once_are_all_told(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    listen_to(call, URL, ("item.completed",))
    for _ in range(3):
        must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"))
    rows = must(call("GetQueueItemsNext", _as="build-01", itemCount=3, start=True)).rows

    items = [
        {"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": "{}", "completionStatus": "SUCCESS"}
        for row in rows
    ]
    must(call("UpdateQueueItemsToCompleted", _as="build-01", items=items))

    assert [body["data"]["taskId"] for body in outbox(admin)] == [row["taskId"] for row in rows]


def test_only_the_events_of_its_own_team_that_it_asked_for(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    must(create(call, _as="carol", teamName="dev"))
    must(create(call, _as="gina", teamName="ops"))
    listen_to(call, URL, ("item.cancelled", "item.failed"))

    queue_item(status="COMPLETED")
    queue_item(status="CANCELLED")

    assert told(admin) == ["item.cancelled"]


def test_a_change_that_is_undone_tells_nothing(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    listen_to(call, URL)
    queue_id = queue_item()
    before = told(admin)

    with admin.transaction(force_rollback=True):
        admin.execute("select data.record_event(item, 'CANCELLED', 'x', data.clock()) from data.queue_item as item")
        assert len(told(admin)) == len(before) + 1

    assert told(admin) == before
    assert queue_id


@pytest.mark.parametrize("count", [0, 1001, -1, "x"])
def test_refuses_a_count_out_of_range(call: Caller, count: object) -> None:
    webhook_id = listen_to(call, URL)

    assert call("GetWebhookDeliveries", webhookId=webhook_id, maxRecords=count).failure == 400


def test_knows_those_of_the_callers_teams_only(call: Caller) -> None:
    webhook_id = must(create(call, _as="carol", teamName="dev")).row["webhookId"]

    assert call("GetWebhookDeliveries", webhookId=webhook_id).failure == 404
