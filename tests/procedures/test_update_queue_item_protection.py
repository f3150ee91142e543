"""UpdateQueueItemProtection."""

from typing import Any

import pytest

from tests.jobs import item_of, trace_of
from tests.world import Caller, MakeItem, must

ABSENT = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "COMPLETED", "CANCELLED"])
def test_a_protected_item_is_not_deleted(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status)

    row = call("UpdateQueueItemProtection", teamName="ops", queueId=queue_id, protection=True).row
    reply = call("DeleteQueueItem", queueId=queue_id)

    assert row == {
        "queueId": queue_id,
        "taskId": item_of(call, queue_id)["taskId"],
        "protection": True,
        "result": "protection changed",
    }
    assert (reply.failure, reply.errors) == (409, [f"queue item {queue_id} is protected"])
    assert item_of(call, queue_id)["protected"] is True


def test_protection_can_be_ended(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(call("UpdateQueueItemProtection", queueId=queue_id, protection=1))
    must(call("UpdateQueueItemProtection", queueId=queue_id, protection="false"))

    reply = call("DeleteQueueItem", queueId=queue_id)

    assert reply.failure == 0


def test_what_changes_nothing_leaves_no_event(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    results = [
        call("UpdateQueueItemProtection", queueId=queue_id, protection=protection).row["result"]
        for protection in (False, True, True)
    ]

    assert results == ["protection unchanged", "protection changed", "protection unchanged"]
    assert trace_of(call, queue_id) == ["CREATED", "PROTECTION_CHANGED"]


@pytest.mark.parametrize(
    ("caller", "members", "refusal"),
    [
        ("bob", {"protection": True}, (400, "queueId or taskId is missing: name the item by one of them")),
        ("bob", {"taskId": ABSENT}, (400, 'member "protection" is required')),
        ("bob", {"taskId": ABSENT, "protection": "yes"}, (400, 'member "protection" must be true or false')),
        ("bob", {"taskId": ABSENT, "protection": True}, (404, f"queue item {ABSENT} not found")),
        ("carol", {"taskId": ABSENT, "protection": True, "teamName": "ops"}, (403, "you are not a member of team ops")),
    ],
)
def test_refuses_what_is_missing_or_not_the_callers(
    call: Caller, caller: str, members: dict[str, Any], refusal: tuple[int, str]
) -> None:
    reply = call("UpdateQueueItemProtection", _as=caller, **members)

    assert (reply.failure, reply.errors) == (refusal[0], [refusal[1]])
