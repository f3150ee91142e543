"""CancelQueueItem."""

import pytest

from tests.races import meet
from tests.world import Caller, MakeItem, must


@pytest.mark.parametrize("status", ["PENDING", "ASSIGNED"])
def test_cancels_an_item_that_no_agent_has_started(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("CancelQueueItem", teamName="ops", queueId=queue_id, reason="wrong branch")

    assert list(reply.row) == [
        "queueId",
        "taskId",
        "status",
        "cancelledTime",
        "cancelledBy",
        "previousStatus",
        "result",
    ]
    assert reply.row["queueId"] == queue_id
    assert reply.row["status"] == "CANCELLED"
    assert reply.row["cancelledBy"] == "bob@acme.example"
    assert reply.row["cancelledTime"].endswith("Z")


@pytest.mark.parametrize("status", ["PROCESSING", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED"])
def test_refuses_an_item_that_has_started(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("CancelQueueItem", teamName="ops", queueId=queue_id)

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is {status}"]


def test_a_cancelled_item_is_handed_out_to_nobody(call: Caller, queue_item: MakeItem) -> None:
    must(call("CancelQueueItem", queueId=queue_item()))

    reply = call("GetQueueItemsNext", _as="build-01")

    assert (reply.rows, reply.outputs["message"]) == ([], "no pending queue items")


def test_keeps_the_reason_for_audit(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    cancelled = call("CancelQueueItem", queueId=queue_id, reason="wrong branch").row

    event = call("GetQueueItemTrace", queueId=queue_id).rows[-1]
    assert (event["event"], event["details"], event["actor"]) == ("CANCELLED", "wrong branch", "bob@acme.example")
    assert event["timestamp"] == cancelled["cancelledTime"]


def test_a_reason_has_at_most_a_thousand_characters(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    assert call("CancelQueueItem", queueId=queue_id, reason="x" * 1001).failure == 400
    assert call("CancelQueueItem", queueId=queue_id, reason="x" * 1000).failure == 0


def test_force_asks_the_agent_of_a_started_item_to_stop(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="PROCESSING")

    row = call("CancelQueueItem", queueId=queue_id, reason="too slow", force=True).row

    assert (row["status"], row["cancelledTime"], row["cancelledBy"]) == ("CANCELLING", None, "bob@acme.example")
    event = call("GetQueueItemTrace", queueId=queue_id).rows[-1]
    assert (event["event"], event["details"]) == ("CANCEL_REQUESTED", "too slow")


@pytest.mark.parametrize("status", ["PENDING", "ASSIGNED"])
def test_force_changes_nothing_for_an_item_that_has_not_started(
    call: Caller, queue_item: MakeItem, status: str
) -> None:
    assert call("CancelQueueItem", queueId=queue_item(status=status), force=True).row["status"] == "CANCELLED"


@pytest.mark.parametrize("status", ["CANCELLING", "COMPLETED", "FAILED", "CANCELLED"])
def test_force_does_not_undo_what_is_over(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("CancelQueueItem", queueId=queue_id, force=True)

    assert (reply.failure, reply.errors) == (409, [f"queue item {queue_id} is {status}"])


def test_the_agent_hears_of_it_at_its_heartbeat_and_confirms(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claim = call("GetQueueItemsNext", _as="build-01", start=True).row
    held = {"queueId": queue_id, "claimToken": claim["claimToken"]}
    before = call("UpdateQueueItemHeartbeat", _as="build-01", **held).row
    must(call("CancelQueueItem", queueId=queue_id, force=True))

    after = call("UpdateQueueItemHeartbeat", _as="build-01", **held).row
    confirmed = call(
        "UpdateQueueItemToCompleted", _as="build-01", responseVault="{}", completionStatus="CANCELLED", **held
    )

    assert (before["cancelRequested"], after["cancelRequested"]) == (False, True)
    assert confirmed.row["status"] == "CANCELLED"


def test_the_claim_of_an_item_cancelled_before_its_start_is_over(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claim = call("GetQueueItemsNext", _as="build-01").row
    must(call("CancelQueueItem", queueId=queue_id))

    reply = call("UpdateQueueItemHeartbeat", _as="build-01", queueId=queue_id, claimToken=claim["claimToken"])

    assert reply.failure == 409
    assert reply.errors[0].startswith(f"too late for queue item {queue_id}: it is CANCELLED")


def test_takes_the_task_id_instead(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    task_id = call("GetTeamQueueItems").row["taskId"]

    row = call("CancelQueueItem", taskId=task_id).row

    assert (row["queueId"], row["taskId"]) == (queue_id, task_id)


def test_both_names_of_an_item_must_be_of_the_same(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    other = call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault="{}").row

    reply = call("CancelQueueItem", queueId=queue_id, taskId=other["taskId"])

    assert (reply.failure, reply.errors) == (404, [f"queue item {queue_id} not found"])


def test_needs_the_name_of_an_item(call: Caller) -> None:
    reply = call("CancelQueueItem", teamName="ops")

    assert (reply.failure, reply.errors) == (400, ["queueId or taskId is missing: name the item by one of them"])


@pytest.mark.parametrize(
    ("caller", "team", "refusal"),
    [
        ("carol", "ops", (403, "you are not a member of team ops")),
        ("carol", "dev", (404, "queue item {} not found")),
        ("carol", None, (404, "queue item {} not found")),
        ("ann", "dev", (404, "queue item {} not found")),
        ("gina", "ops", (404, "queue item {} not found")),
        ("gina", "dev", (404, "team dev not found")),
        ("bob", "nowhere", (404, "team nowhere not found")),
        ("build-01", None, (403, "agent build-01 may not call CancelQueueItem")),
    ],
)
def test_refuses_an_item_that_is_not_the_callers(
    call: Caller, queue_item: MakeItem, caller: str, team: str | None, refusal: tuple[int, str]
) -> None:
    queue_id = queue_item()

    reply = call("CancelQueueItem", _as=caller, teamName=team, queueId=queue_id)

    assert (reply.failure, reply.errors) == (refusal[0], [refusal[1].format(queue_id)])
    assert call("GetTeamQueueItems").row["status"] == "PENDING"


def test_of_two_cancels_at_once_one_finds_the_item_cancelled(call: Caller, queue_item: MakeItem, database: str) -> None:
    queue_id = queue_item()

    replies = meet(
        database, "select from data.queue_item for update", [lambda: call("CancelQueueItem", queueId=queue_id)] * 2
    )

    assert sorted(reply.failure for reply in replies) == [0, 409]


def test_the_newest_is_cancelled_in_place_of_what_it_retries(call: Caller, queue_item: MakeItem) -> None:
    first = queue_item("FAILED")
    retry = must(call("RetryFailedQueueItem", originalQueueId=first)).row["newQueueId"]

    row = must(call("CancelQueueItem", queueId=first, newest=True)).row

    assert (row["queueId"], row["status"]) == (retry, "CANCELLED")
