"""Tasks as the tests of `/api/v1/queue` make them and have them worked on."""

import json
from typing import Any

from tests.jobs import claim, complete
from tests.surfaces.asking import Asker, Said
from tests.world import Caller, must

TASKS = "/api/v1/queue/tasks"
SOURCE = {"source_id": "src-uuid-1"}


def make(ask: Asker, queue: str = "operations", **members: Any) -> str:
    """A new task; its id."""
    body = {"queue": queue, "operation": "import_ccx", "data": SOURCE, **members}
    said = ask("POST", TASKS, body)
    assert said.status == 201, said
    task_id: str = said.body["task_id"]
    return task_id


def work(call: Caller, answer: object = None, **members: Any) -> None:
    """Have the next task done by the agent of build-01."""
    must(complete(call, claim(call), responseVault=json.dumps(answer), **members))


def fail(call: Caller, answer: object = None) -> None:
    """Have the next task fail for good."""
    work(call, answer, completionStatus="FAILED", retryable=False)


def show(ask: Asker, task_id: str) -> dict[str, Any]:
    said = ask("GET", f"{TASKS}/{task_id}")
    assert said.status == 200, said
    task: dict[str, Any] = said.body
    return task


def status_of(ask: Asker, task_id: str) -> str:
    status: str = show(ask, task_id)["status"]
    return status


def listed(ask: Asker, **query: Any) -> list[str]:
    """The ids of the tasks that a list shows."""
    return [task["task_id"] for task in ask("GET", TASKS, **query).body["tasks"]]


def one_of_each(ask: Asker, call: Caller) -> dict[str, str]:
    """A task in each state of the engine."""
    made: dict[str, str] = {}
    for state in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"):
        task_id = made[state] = make(ask)
        if state == "COMPLETED":
            work(call)
        elif state == "FAILED":
            fail(call)
        elif state == "CANCELLED":
            cancel(ask, task_id)
        elif state in ("PROCESSING", "CANCELLING", "ASSIGNED"):
            must(call("GetQueueItemsNext", _as="build-01", itemCount=1, start=state != "ASSIGNED"))
            if state == "CANCELLING":
                cancel(ask, task_id)
    return made


def cancel(ask: Asker, task_id: str) -> Said:
    return ask("DELETE", f"{TASKS}/{task_id}")
