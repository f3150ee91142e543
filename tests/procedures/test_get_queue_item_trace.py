"""GetQueueItemTrace."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.world import Caller, MakeItem, Reply, must

BOB, AGENT = "bob@acme.example", "agent build-01"


def trace(call: Caller, queue_id: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = must(call("GetQueueItemTrace", teamName="ops", queueId=queue_id)).rows
    return rows


def told(call: Caller, queue_id: int) -> list[tuple[str, str, str | None]]:
    """Event, actor and details of each row."""
    return [(row["event"], row["actor"], row["details"]) for row in trace(call, queue_id)]


def claim(call: Caller, **members: Any) -> dict[str, Any]:
    """Claim the only pending item as its agent; what its later calls carry."""
    row = must(call("GetQueueItemsNext", _as="build-01", **members)).row
    return {"queueId": row["queueId"], "claimToken": row["claimToken"]}


def agent(call: Caller, procedure: str, **members: Any) -> Reply:
    return call(procedure, _as="build-01", **members)


def test_tells_the_whole_story_in_order(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    held = claim(call)
    must(agent(call, "UpdateQueueItemHeartbeat", progress=0.25, **held))
    clock.advance(minutes=1)
    must(agent(call, "UpdateQueueItemHeartbeat", progress=0.5, **held))
    must(agent(call, "UpdateQueueItemResponse", responseVault="[1]", **held))
    must(agent(call, "UpdateQueueItemResponse", responseVault="[2]", **held))
    must(agent(call, "UpdateQueueItemToCompleted", responseVault="[3]", completionStatus="PARTIAL", **held))

    assert told(call, queue_id) == [
        ("CREATED", BOB, None),
        ("ASSIGNED", AGENT, None),
        ("PROCESSING", AGENT, None),
        ("HEARTBEAT", AGENT, "25.0 % done"),
        ("HEARTBEAT", AGENT, "50.0 % done"),
        ("RESPONSE", AGENT, "version 1"),
        ("RESPONSE", AGENT, "version 2"),
        ("COMPLETED", AGENT, "PARTIAL"),
    ]


def test_rows_name_the_item_the_time_and_the_attempt(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    task_id = call("GetTeamQueueItems").row["taskId"]
    clock.advance(minutes=5)
    claim(call)

    created, assigned = trace(call, queue_id)

    assert list(created) == ["timestamp", "event", "details", "actor", "attempt", "queueId", "taskId"]
    assert (created["queueId"], created["taskId"]) == (queue_id, task_id)
    assert (created["attempt"], assigned["attempt"]) == (0, 1)
    listed = call("GetTeamQueueItems").row
    assert created["timestamp"] == listed["createdTime"]
    assert assigned["timestamp"] == listed["assignedTime"] > created["timestamp"]


def test_heartbeats_are_kept_once_a_minute(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    held = claim(call, start=True)
    for _ in range(6):
        clock.advance(seconds=20)
        must(agent(call, "UpdateQueueItemHeartbeat", **held))

    # Two minutes touch three calendar minutes at most; the first sign of life is always kept.
    assert 2 <= sum(event == "HEARTBEAT" for event, _, _ in told(call, queue_id)) <= 3


def test_tells_who_cancelled_and_why(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(call("CancelQueueItem", _as="ann", queueId=queue_id, reason="wrong branch"))

    assert told(call, queue_id) == [("CREATED", BOB, None), ("CANCELLED", "ann@acme.example", "wrong branch")]


def test_tells_of_a_cancel_that_the_agent_confirmed(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    held = claim(call, start=True)
    must(call("CancelQueueItem", queueId=queue_id, reason="stop it", force=True))
    must(agent(call, "UpdateQueueItemToCompleted", responseVault="[]", completionStatus="CANCELLED", **held))

    assert told(call, queue_id)[3:] == [("CANCEL_REQUESTED", BOB, "stop it"), ("CANCELLED", AGENT, None)]


def test_tells_of_a_failure(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    held = claim(call, start=True)
    must(agent(call, "UpdateQueueItemToCompleted", responseVault="[]", completionStatus="FAILED", **held))

    assert told(call, queue_id)[-2:] == [("FAILED", AGENT, None), ("DEAD_LETTERED", "broker", None)]


def test_tells_of_a_lost_lease_and_of_the_answer_that_came_too_late(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    late = claim(call, start=True, leaseSeconds=30)
    must(agent(call, "UpdateQueueItemHeartbeat", **late))
    clock.advance(seconds=31)
    admin.execute("select maintenance.rescue_lost_leases()")
    claim(call, start=True)
    refused = agent(call, "UpdateQueueItemToCompleted", responseVault="[1]", **late)

    assert refused.failure == 409
    assert told(call, queue_id)[4:] == [
        ("REQUEUED", "broker", "lease of attempt 1 lost"),
        ("ASSIGNED", AGENT, None),
        ("PROCESSING", AGENT, None),
        ("LATE_COMPLETION", AGENT, "answer of attempt 1 refused and kept beside the item"),
    ]
    assert [row["attempt"] for row in trace(call, queue_id)] == [0, 1, 1, 1, 1, 2, 2, 2]


def test_tells_that_an_item_was_stale(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claim(call, start=True)
    clock.advance(minutes=11)
    admin.execute("select maintenance.mark_stale(10)")

    event, actor, details = told(call, queue_id)[-1]
    assert (event, actor) == ("STALE", "broker")
    assert details is not None
    assert details.startswith("no sign of life since ")


def test_nothing_that_a_job_says_is_in_it(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(job='["request-words"]')
    held = claim(call, start=True)
    must(agent(call, "UpdateQueueItemResponse", responseVault='["response-words"]', **held))
    must(agent(call, "UpdateQueueItemToCompleted", responseVault='["final-words"]', **held))

    assert "-words" not in str(trace(call, queue_id))


# They tell of the same item, one its events, the other everything.
BOTH = ("GetQueueItemTrace", "GetQueueItemDetails")


@pytest.mark.parametrize("procedure", BOTH)
def test_takes_the_task_id_instead(call: Caller, queue_item: MakeItem, procedure: str) -> None:
    queue_id = queue_item()
    task_id = call("GetTeamQueueItems").row["taskId"]

    assert call(procedure, taskId=task_id).row["queueId"] == queue_id


@pytest.mark.parametrize("procedure", BOTH)
def test_the_items_agent_may_read_it_another_may_not(call: Caller, queue_item: MakeItem, procedure: str) -> None:
    queue_id = queue_item()

    replies = [call(procedure, _as=name, queueId=queue_id) for name in ("build-01", "north", "build-02", "dev-01")]

    assert [reply.failure for reply in replies] == [0, 0, 404, 404]


@pytest.mark.parametrize("procedure", BOTH)
@pytest.mark.parametrize(
    ("caller", "team", "refusal"),
    [
        ("carol", "ops", (403, "you are not a member of team ops")),
        ("carol", "dev", (404, "queue item {} not found")),
        ("gina", "ops", (404, "queue item {} not found")),
        ("gina", "dev", (404, "team dev not found")),
        ("bob", "nowhere", (404, "team nowhere not found")),
        ("build-01", "dev", (404, "queue item {} not found")),
    ],
)
def test_refuses_an_item_that_is_not_the_callers(
    call: Caller, queue_item: MakeItem, procedure: str, caller: str, team: str, refusal: tuple[int, str]
) -> None:
    queue_id = queue_item()

    reply = call(procedure, _as=caller, teamName=team, queueId=queue_id)

    assert (reply.failure, reply.errors) == (refusal[0], [refusal[1].format(queue_id)])
