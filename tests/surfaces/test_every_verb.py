"""What any surface takes is seen, cancelled and retried through every surface that has that verb: all pairs.

The tables grow with the surfaces: a new submission or verb is one line, and is tried with all others.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.jobs import claim, complete
from tests.surfaces.asking import Asker
from tests.world import Caller, must

JOBS = "/api/v1/jobs"
TASKS = "/api/v1/queue/tasks"
FLOWS = "/api/v1/flows"
HANDLER = "shell"
JOB = json.dumps({"handler": HANDLER, "argv": ["true"]})
# How the surfaces call what waits for an agent.
WAITING = {"PENDING", "pending", "queued"}


@dataclass(frozen=True)
class Users:
    """The ways in, each as bob of team ops."""

    ask: Asker
    call: Caller

    def say(self, method: str, path: str, body: object = None, **query: str) -> dict[str, object]:
        """A success of a surface."""
        said = self.ask(method, path, body, **query)  # type: ignore[arg-type]  # no headers
        assert said.status < 300, said
        answer: dict[str, object] = said.body
        return answer


Submit = Callable[[Users], str]  # the taskId of a new item
See = Callable[[Users, str], str]  # its state, in the surface's word
Verb = Callable[[Users, str], object]


def submit_in_batch(users: Users) -> str:
    item = {"queueName": "default", "queueVault": JOB}
    task_id: str = must(users.call("CreateQueueItems", teamName="ops", items=[item])).rows[0]["taskId"]
    return task_id


def submit_flow(users: Users) -> str:
    task = {"id": "only", "executor": HANDLER, "config": {"argv": ["true"]}}
    body = {"queue": "default", "tasks": [task]}
    task_id: str = users.say("POST", FLOWS, body)["tasks"][0]["task_id"]  # type: ignore[index]
    return task_id


def submit_for(**place: str) -> Submit:
    def submit(users: Users) -> str:
        task_id: str = must(users.call("CreateQueueItem", teamName="ops", queueVault=JOB, **place)).row["taskId"]  # type: ignore[arg-type]
        return task_id

    return submit


def submit_task(users: Users) -> str:
    body = {"queue": "operations", "operation": HANDLER, "data": {"argv": ["true"]}}
    return str(users.say("POST", TASKS, body)["task_id"])


SUBMISSIONS: dict[str, Submit] = {
    "CreateQueueItem, a machine": submit_for(machineName="build-01"),
    "CreateQueueItem, the pool": submit_for(queueName="default"),
    "CreateQueueItems": submit_in_batch,
    "spec 2, a task": submit_task,
    "spec 3, a flow": submit_flow,
}


def see_in_listing(users: Users, task_id: str) -> str:
    rows = must(users.call("GetTeamQueueItems", teamName="ops")).rows
    [status] = [row["status"] for row in rows if row["taskId"] == task_id]
    return str(status)


def see_in_task_list(users: Users, task_id: str) -> str:
    tasks: list[dict[str, str]] = users.say("GET", TASKS)["tasks"]  # type: ignore[assignment]
    [status] = [task["status"] for task in tasks if task["task_id"] == task_id]
    return status


VIEWS: dict[str, See] = {
    "GetTeamQueueItems": see_in_listing,
    "GetQueueItem": lambda users, task_id: str(users.call("GetQueueItem", taskId=task_id).row["status"]),
    "GetQueueItemDetails": lambda users, task_id: str(users.call("GetQueueItemDetails", taskId=task_id).row["status"]),
    "spec 2, the list": see_in_task_list,
    "spec 2, the task": lambda users, task_id: str(users.say("GET", f"{TASKS}/{task_id}")["status"]),
    "spec 4": lambda users, task_id: str(users.say("GET", f"{JOBS}/status/{task_id}")["status"]),
}


def cancel_by_procedure(users: Users, task_id: str) -> None:
    must(users.call("CancelQueueItem", taskId=task_id))


def cancel_in_bulk(users: Users, task_id: str) -> None:
    [row] = must(users.call("CancelQueueItems", taskIds=[task_id])).rows
    assert row["done"]


def cancel_tasks_named(users: Users, task_id: str) -> None:
    users.say("POST", f"{TASKS}/cancel", {"task_ids": [task_id]})


CANCELS: dict[str, Verb] = {
    "CancelQueueItem": cancel_by_procedure,
    "CancelQueueItems": cancel_in_bulk,
    "spec 2, one": lambda users, task_id: users.say("DELETE", f"{TASKS}/{task_id}"),
    "spec 2, those named": cancel_tasks_named,
    "spec 2, all": lambda users, _: users.say("DELETE", TASKS),
    "spec 4": lambda users, task_id: users.say("POST", f"{JOBS}/cancel/{task_id}"),
}


def letter_of(users: Users, task_id: str) -> str:
    """The id of the dead letter of a task, by /api/dlq, which shows it."""
    items: list[dict[str, str]] = users.say("GET", "/api/dlq")["items"]  # type: ignore[assignment]
    [letter] = [item for item in items if item["taskId"] == task_id]
    assert (letter["status"], letter["title"], letter["lastError"]) == ("pending", HANDLER, "no disk")
    return letter["id"]


def retry_by_procedure(users: Users, task_id: str) -> None:
    must(users.call("RetryFailedQueueItem", taskId=task_id))


def retry_in_bulk(users: Users, task_id: str) -> None:
    [row] = must(users.call("RetryQueueItems", taskIds=[task_id])).rows
    assert row["done"]


def retry_letter_by_procedure(users: Users, task_id: str) -> None:
    letter = int(letter_of(users, task_id).removeprefix("dlq_"))
    must(users.call("RetryDeadLetter", deadLetterId=letter))


RETRIES: dict[str, Verb] = {
    "RetryFailedQueueItem": retry_by_procedure,
    "RetryQueueItems": retry_in_bulk,
    "RetryDeadLetter": retry_letter_by_procedure,
    "spec 2": lambda users, task_id: users.say("POST", f"{TASKS}/{task_id}/retry"),
    "spec 4": lambda users, task_id: users.say("POST", f"{JOBS}/restart/{task_id}"),
    "spec 5": lambda users, task_id: users.say("POST", f"/api/dlq/{letter_of(users, task_id)}/retry"),
}


@pytest.fixture
def users(ask: Asker, call: Caller) -> Users:
    return Users(ask, call)


def seen(users: Users, task_id: str) -> dict[str, str]:
    """The state of an item, by every view."""
    return {name: see(users, task_id) for name, see in VIEWS.items()}


@pytest.mark.parametrize("submission", SUBMISSIONS)
@pytest.mark.parametrize("cancel", CANCELS)
def test_what_any_takes_is_cancelled_by_every_other(users: Users, submission: str, cancel: str) -> None:
    task_id = SUBMISSIONS[submission](users)
    assert set(seen(users, task_id).values()) <= WAITING

    CANCELS[cancel](users, task_id)

    assert {state.lower() for state in seen(users, task_id).values()} == {"cancelled"}
    assert users.call("GetQueueItemsNext", _as="build-01").rows == []


@pytest.mark.parametrize("submission", SUBMISSIONS)
@pytest.mark.parametrize("retry", RETRIES)
def test_what_any_takes_is_retried_by_every_other(users: Users, submission: str, retry: str) -> None:
    task_id = SUBMISSIONS[submission](users)
    first = claim(users.call)
    assert first["taskId"] == task_id
    answer = json.dumps({"error": "no disk"})
    must(complete(users.call, first, completionStatus="FAILED", responseVault=answer, retryable=False))
    assert {state.lower() for state in seen(users, task_id).values()} == {"failed"}

    RETRIES[retry](users, task_id)

    again = claim(users.call)
    assert again["taskId"] != task_id
    assert json.loads(again["vaultContent"]) == json.loads(first["vaultContent"])
    must(complete(users.call, again))
    assert {state.lower() for state in seen(users, again["taskId"]).values()} == {"completed"}
    assert users.say("GET", "/api/queue/status")["deadLetterQueue"] == {
        "pending": 0,
        "resolved": 1,
        "discarded": 0,
        "total": 1,
    }
