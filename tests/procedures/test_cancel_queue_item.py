"""CancelQueueItem."""

import pytest

from tests.world import Caller, MakeItem


@pytest.mark.parametrize("status", ["PENDING", "ASSIGNED"])
def test_cancels_an_item_that_no_agent_has_started(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("CancelQueueItem", teamName="ops", queueId=queue_id, reason="wrong branch")

    assert reply.row["status"] == "CANCELLED"
    assert reply.row["cancelledBy"] == "bob@acme.example"
    assert reply.row["cancelledTime"].endswith("Z")


@pytest.mark.parametrize("status", ["PROCESSING", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED"])
def test_refuses_an_item_that_has_started(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("CancelQueueItem", teamName="ops", queueId=queue_id)

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is {status}"]
