"""UpdateQueueItemPriority."""

import psycopg
import pytest

from tests.jobs import trace_of
from tests.world import Caller, MakeItem, must


def test_moves_an_item_forward_and_back(call: Caller, queue_item: MakeItem) -> None:
    first, second, third = queue_item(), queue_item(), queue_item()

    row = call("UpdateQueueItemPriority", queueId=third, priority=1).row
    must(call("UpdateQueueItemPriority", queueId=first, priority=5))

    assert (row["queueId"], row["priority"], row["priorityLabel"], row["result"]) == (
        third,
        1,
        "Highest",
        "priority changed",
    )
    claimed = call("GetQueueItemsNext", _as="build-01", itemCount=3).rows
    assert [(item["queueId"], item["priority"]) for item in claimed] == [(third, 1), (second, 3), (first, 5)]


def test_the_trace_tells_who_moved_it(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(call("UpdateQueueItemPriority", _as="ann", queueId=queue_id, priority=2))

    event = call("GetQueueItemTrace", queueId=queue_id).rows[-1]

    assert (event["event"], event["actor"], event["details"]) == ("PRIORITY_CHANGED", "ann@acme.example", "from 3 to 2")


def test_the_same_priority_again_changes_nothing(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    row = call("UpdateQueueItemPriority", queueId=queue_id, priority=3).row

    assert row["result"] == "priority unchanged"
    assert trace_of(call, queue_id) == ["CREATED"]


def test_takes_the_task_id_instead(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    task_id = call("GetTeamQueueItems").row["taskId"]

    assert call("UpdateQueueItemPriority", taskId=task_id, priority="4").row["queueId"] == queue_id


@pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING", "COMPLETED", "CANCELLED"])
def test_refuses_an_item_that_does_not_wait(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status)

    reply = call("UpdateQueueItemPriority", queueId=queue_id, priority=1)

    sentence = f"queue item {queue_id} is {status}: only a PENDING one can be moved in line"
    assert (reply.failure, reply.errors) == (409, [sentence])


def test_a_plan_without_priorities_refuses(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item()
    admin.execute("update data.company set plan = 'ADVANCED' where company_name = 'Acme'")

    reply = call("UpdateQueueItemPriority", queueId=queue_id, priority=1)

    assert (reply.failure, reply.errors) == (402, ["plan ADVANCED has no priorities: plans PREMIUM and ELITE have"])


@pytest.mark.parametrize("priority", [0, 6, "high", 1.5])
def test_refuses_a_priority_that_does_not_exist(call: Caller, queue_item: MakeItem, priority: object) -> None:
    reply = call("UpdateQueueItemPriority", queueId=queue_item(), priority=priority)

    assert (reply.failure, reply.errors) == (400, ['member "priority" must be a whole number from 1 to 5'])


@pytest.mark.parametrize(
    ("caller", "team", "refusal"),
    [
        ("carol", "ops", (403, "you are not a member of team ops")),
        ("carol", "dev", (404, "queue item {} not found")),
        ("gina", "ops", (404, "queue item {} not found")),
    ],
)
def test_refuses_an_item_that_is_not_the_callers(
    call: Caller, queue_item: MakeItem, caller: str, team: str, refusal: tuple[int, str]
) -> None:
    queue_id = queue_item()

    reply = call("UpdateQueueItemPriority", _as=caller, teamName=team, queueId=queue_id, priority=1)

    assert (reply.failure, reply.errors) == (refusal[0], [refusal[1].format(queue_id)])
