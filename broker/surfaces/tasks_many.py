"""What `/api/v1/queue/...` does to many tasks in one request (spec 2)."""

from collections.abc import Iterator
from typing import Any

from psycopg.errors import Error

from broker.answer import Answer, Row
from broker.errors import failure_of
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Visit, item_id
from broker.surfaces.tasks_shapes import STATES

ITEMS_AT_ONCE = 1_000  # that a call for many takes
ACTIVE = ["PENDING", "ASSIGNED", "PROCESSING"]
FINISHED = ["COMPLETED", "FAILED", "CANCELLED"]
NOT_FOUND = "TaskNotFoundError"


def cancel_all_tasks(visit: Visit) -> dict[str, Any]:
    queue = visit.query.get("queue")
    cancelled = count_done(visit, "CancelQueueItems", {"status": ACTIVE, "queueName": queue}, force=True)
    return {"cancelled": cancelled, "queue": queue}


def cancel_chosen_tasks(visit: Visit) -> dict[str, Any]:
    chosen = visit.body
    if "metadata" in chosen:
        meant = {"status": ACTIVE, "queueName": chosen.get("queue"), "metadata": chosen["metadata"]}
        return {"cancelled": count_done(visit, "CancelQueueItems", meant, force=True)}

    asked: list[str] = chosen["task_ids"]
    ids = {text: found for text in asked if (found := read_id(text)) is not None}
    rows: dict[str, Row] = {}
    if not ids:
        visit.row(
            "GetOwnTeam", teamName=visit.named_team
        )  # who asks is asked for his token also when nothing can be found
    for some in pieces(sorted(set(ids.values()))):
        answer = visit.call("CancelQueueItems", taskIds=some, teamName=visit.named_team, onlyStatus="PENDING")
        rows.update({str(row["taskId"]): row for row in answer.tables[0].rows})
    answers = {text: explain(rows.get(ids.get(text, ""))) for text in asked}
    return {
        "cancelled_count": sum(row["done"] for row in rows.values()),
        "requested_count": len(asked),
        "failed": [{"task_id": text, "reason": reason} for text, reason in answers.items() if reason],
    }


def clear_history(visit: Visit) -> dict[str, Any]:
    queue, hours = visit.query.get("queue"), visit.query["older_than_hours"]
    meant = {"status": FINISHED, "queueName": queue, "olderThanHours": hours or None}
    return {"cleared": count_done(visit, "DeleteQueueItems", meant), "queue": queue}


def reconcile(visit: Visit) -> dict[str, Any]:
    answer = call_known(visit, "ReconcileQueue", queueName=visit.body.get("queue"))
    done = {"orphans": 0, "requeued": 0, "failed": 0}
    for row in answer.tables[0].rows if answer else ():
        done.update(row)
    return {
        "recovered_orphans": done["orphans"],
        "recovered_crashed": done["requeued"],
        "failed_unrecoverable": done["failed"],
    }


def count_done(visit: Visit, name: str, meant: dict[str, Any], **members: Any) -> int:
    """Do to all tasks of the team that are meant what a call does to at most a thousand; to how many it was done."""
    done, after = 0, None
    while answer := call_known(visit, name, filter=meant, afterQueueId=after, **members):
        done += answer.outputs["done"]
        if not answer.outputs["more"]:
            break
        after = max(row["queueId"] for row in answer.tables[0].rows)
    return done


def call_known(visit: Visit, name: str, **members: Any) -> Answer | None:
    """Make a call for the team that may name a queue; None: the team has no such queue, so nothing is meant."""
    team = visit.team
    try:
        return visit.call(name, teamName=team, **members)
    except Error as error:
        if failure_of(error).status == 404:
            return None
        raise


def named(task_id: str) -> str:
    """The id of a task in a path.

    Raises:
        ProblemError: 404, there cannot be one.
    """
    return item_id(task_id, NOT_FOUND, "task {} not found")


def read_id(text: str) -> str | None:
    """The id of a task in a list; None: there cannot be one."""
    try:
        return named(text)
    except ProblemError:
        return None


def pieces(ids: list[str]) -> Iterator[list[str]]:
    """A list in as many pieces as there must be calls."""
    for start in range(0, len(ids), ITEMS_AT_ONCE):
        yield ids[start : start + ITEMS_AT_ONCE]


def explain(row: Row | None) -> str | None:
    """Why a task that was named was not cancelled, by its row of the answer; None: it was."""
    if row is not None and row["done"]:
        return None
    if row is None or row["status"] is None:
        return "Task not found"
    state = STATES[row["status"]]
    return "Task is currently running" if state == "running" else f"Task is already {state}"
