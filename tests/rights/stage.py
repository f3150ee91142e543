"""What the calls of the matrix ask for is made here, new for each call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.world import Caller, must


@dataclass(frozen=True)
class Stage:
    """Makes what a call asks for, new for each call."""

    call: Caller

    def item(self, status: str = "PENDING") -> int:
        body = {"teamName": "ops", "machineName": "build-01", "queueVault": '{"of":"acme"}'}
        queue_id: int = must(self.call("CreateQueueItem", **body)).row["queueId"]  # type: ignore[arg-type]  # no header
        if status == "CANCELLED":
            must(self.call("CancelQueueItem", queueId=queue_id))
        return queue_id

    def task(self, status: str = "PENDING") -> str:
        """The other name of a new item."""
        told = must(self.call("GetQueueItemTrace", queueId=self.item(status)))
        task_id: str = told.rows[0]["taskId"]
        return task_id

    def claim(self) -> dict[str, Any]:
        """A started item of build-01 and its claim token."""
        queue_id = self.item()
        rows = must(self.call("GetQueueItemsNext", _as="build-01", itemCount=100, start=True)).rows
        [token] = [row["claimToken"] for row in rows if row["queueId"] == queue_id]
        return {"queueId": queue_id, "claimToken": token}

    def agent_token(self) -> str:
        made = must(self.call("CreateAgentToken", _as="ann", machineName="build-01"))
        token_id: str = made.row["agentTokenId"]
        return token_id


def new_name() -> str:
    return f"new-{uuid4().hex[:12]}"


Bodies = dict[str, Callable[[Stage], dict[str, Any]]]
