"""UpdateQueueItemHeartbeat with many items in one call."""

from datetime import timedelta

import psycopg

from tests.jobs import claim, complete, create, item_of, late_sentence, lease_left
from tests.procedures.test_update_queue_item_heartbeat import METRICS
from tests.world import Caller, MakeItem, must


def test_each_has_its_own_progress_and_lease(call: Caller, admin: psycopg.Connection) -> None:
    made = [create(call), create(call)]
    first, second = claim(call), claim(call)

    rows = must(
        call(
            "UpdateQueueItemHeartbeat",
            _as="build-01",
            items=[
                {"queueId": second["queueId"], "claimToken": second["claimToken"], "progress": 0.5},
                {"queueId": first["queueId"], "claimToken": first["claimToken"], "leaseSeconds": 60},
            ],
        )
    ).rows

    assert {row["queueId"]: row["accepted"] for row in rows} == dict.fromkeys(made, True)
    assert item_of(call, made[1])["progress"] == 0.5
    assert item_of(call, made[0])["progress"] is None
    assert lease_left(admin, made[0]) <= timedelta(seconds=60) < lease_left(admin, made[1])


def test_metrics_that_are_none_refuse_their_own_row_only(call: Caller) -> None:
    made = [create(call), create(call)]
    named = [{"queueId": row["queueId"], "claimToken": row["claimToken"]} for row in (claim(call), claim(call))]

    rows = must(
        call(
            "UpdateQueueItemHeartbeat",
            _as="build-01",
            items=[{**named[0], "metrics": {"done": 3}}, {**named[1], "metrics": {"log": "printed"}}],
        )
    ).rows

    assert [row["accepted"] for row in rows] == [True, False]
    assert rows[1]["message"] == METRICS
    assert call("GetQueueItem", queueId=made[0]).row["metrics"] == {"done": 3}


def test_late_and_foreign_ones_do_not_refuse_the_call(call: Caller) -> None:
    for _ in range(3):
        create(call)
    other = create(call, "build-02")
    foreign = create(call, _as="gina")
    good, ended, deleted = (claim(call) for _ in range(3))
    must(complete(call, ended))
    must(call("DeleteQueueItem", queueId=deleted["queueId"]))
    named = [(row["queueId"], row["claimToken"]) for row in (good, ended, deleted)]

    rows = must(
        call(
            "UpdateQueueItemHeartbeat",
            _as="build-01",
            items=[
                {"queueId": queue_id, "claimToken": token}
                for queue_id, token in [*named, (other, good["claimToken"]), (foreign, good["claimToken"])]
            ]
            + [{"claimToken": good["claimToken"]}, {"queueId": good["queueId"], "claimToken": "A" * 22}],
        )
    ).rows

    messages = {(row["queueId"], row["accepted"]): row["message"] for row in rows}
    assert messages == {
        (good["queueId"], True): None,
        (
            ended["queueId"],
            False,
        ): late_sentence(ended["queueId"], "COMPLETED"),
        (deleted["queueId"], False): f"queue item {deleted['queueId']} not found",
        (other, False): f"queue item {other} not found",
        (foreign, False): f"queue item {foreign} not found",
        (None, False): "queueId or taskId is missing: name the item by one of them",
        (good["queueId"], False): f"claimToken is not one of queue item {good['queueId']}",
    }


def test_an_empty_list_is_refused(call: Caller) -> None:
    assert call("UpdateQueueItemHeartbeat", _as="build-01", items=[]).failure == 400


def test_a_thousand_is_the_limit(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = claim(call)
    one = {"taskId": claimed["taskId"], "claimToken": claimed["claimToken"]}

    allowed = call("UpdateQueueItemHeartbeat", _as="build-01", items=[one] * 1000)
    refused = call("UpdateQueueItemHeartbeat", _as="build-01", items=[one] * 1001)

    assert len(allowed.rows) == 1000
    assert refused.failure == 400
