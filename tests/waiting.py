"""What an item waits for, as GetQueueItemWaitReason tells it."""

from typing import Any

from tests.world import Caller, must


def why(call: Caller, queue_id: int, _as: str = "bob") -> list[dict[str, Any]]:
    return must(call("GetQueueItemWaitReason", _as=_as, queueId=queue_id)).rows


def codes(call: Caller, queue_id: int) -> list[str]:
    return [row["code"] for row in why(call, queue_id)]
