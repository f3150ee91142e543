"""GetQueueItemChanges."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import beat, claim, complete, create, fail, give_back, maintain, sweep
from tests.world import Caller, MakeItem, must

CHANGES, CURRENT = 1, 2


def changes(call: Caller, queue_id: int, **members: Any) -> list[dict[str, Any]]:
    return must(call("GetQueueItemChanges", queueId=queue_id, **members)).table(CHANGES)


def steps(call: Caller, queue_id: int, **members: Any) -> list[str]:
    """States, in order; of a scheduled one: that it is."""
    return ["SCHEDULED" if row["scheduled"] else row["status"] for row in changes(call, queue_id, **members)]


def current(call: Caller, queue_id: int) -> dict[str, Any]:
    [row] = must(call("GetQueueItemChanges", queueId=queue_id)).table(CURRENT)
    return row


def test_tells_each_state_in_order(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(beat(call, claimed))
    must(complete(call, claimed))

    assert steps(call, queue_id) == ["PENDING", "ASSIGNED", "PROCESSING", "COMPLETED"]


def test_tells_only_what_came_after_a_known_change(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claim(call)
    known = changes(call, queue_id)

    must(call("CancelQueueItem", queueId=queue_id))

    assert steps(call, queue_id, afterChange=known[0]["changeNumber"]) == ["ASSIGNED", "CANCELLED"]
    assert steps(call, queue_id, afterChange=known[1]["changeNumber"]) == ["CANCELLED"]


def test_tells_how_the_item_stands(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(beat(call, claim(call), progress=0.75, metrics={"items": 3}))

    row = current(call, queue_id)

    assert (row["queueId"], row["status"], row["scheduled"]) == (queue_id, "PROCESSING", False)
    assert (row["progress"], row["metrics"]) == (0.75, {"items": 3})
    assert row["changeNumber"] == call("GetQueueItem", queueId=queue_id).row["changeNumber"]


def test_an_item_that_waits_for_its_time_is_scheduled(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    queue_id = create(call, notBefore=(datetime.now(UTC) + timedelta(hours=1)).isoformat())

    assert steps(call, queue_id) == ["SCHEDULED"]
    assert current(call, queue_id)["scheduled"] is True

    clock.advance(hours=2)
    maintain(admin, "release_due")

    assert steps(call, queue_id) == ["SCHEDULED", "PENDING"]
    assert current(call, queue_id)["scheduled"] is False


def test_an_item_that_waits_for_its_backoff_is_scheduled(call: Caller) -> None:
    queue_id = create(call, retries=1)
    must(fail(call, claim(call, start=True)))

    assert steps(call, queue_id) == ["PENDING", "ASSIGNED", "PROCESSING", "SCHEDULED"]


def test_what_a_sweep_or_a_return_put_back_is_pending_again(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claim(call, leaseSeconds=30)
    clock.advance(seconds=31)
    sweep(admin)
    give_back(call, claim(call))

    assert steps(call, queue_id) == ["PENDING", "ASSIGNED", "PENDING", "ASSIGNED", "PENDING"]


def test_goes_on_with_retries(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item("FAILED")
    known = changes(call, queue_id)[-1]["changeNumber"]
    retry = must(call("RetryFailedQueueItem", originalQueueId=queue_id)).row["newQueueId"]

    [row] = changes(call, queue_id, afterChange=known)

    assert (row["queueId"], row["status"]) == (retry, "PENDING")
    assert current(call, queue_id)["queueId"] == retry


def test_an_item_must_be_named(call: Caller) -> None:
    reply = call("GetQueueItemChanges")

    assert (reply.failure, reply.errors) == (400, ["queueId or taskId is missing: name the item by one of them"])


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_items_of_others_are_not_found(call: Caller, queue_item: MakeItem, caller: str) -> None:
    assert call("GetQueueItemChanges", _as=caller, queueId=queue_item()).failure == 404


def test_the_team_named_must_be_the_items(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    assert call("GetQueueItemChanges", _as="ann", queueId=queue_id, teamName="dev").failure == 404
    assert call("GetQueueItemChanges", queueId=queue_id, teamName="dev").failure == 403
