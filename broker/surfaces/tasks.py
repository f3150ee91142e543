"""`/api/v1/queue/...`: queue items as tasks (spec 2)."""

from typing import Any

from marshmallow import ValidationError
from psycopg.errors import Error

from broker.answer import Row
from broker.database.database import UnavailableError
from broker.errors import RefusedError, failure_of
from broker.surfaces import tasks_schemas as schemas
from broker.surfaces.health import find_obstacle
from broker.surfaces.opened import result_of
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Route, Surface, Visit
from broker.surfaces.tasks_many import NOT_FOUND, cancel_all_tasks, cancel_chosen_tasks, clear_history, named, reconcile
from broker.surfaces.tasks_shapes import STATES, make_job, show_details, show_stats, show_task

LARGEST_PAGE = 200
NO_RESULT = "TaskResultNotFoundError"
NOTE = "Queues have their own settings: /api/v1/queues"


def create_task(visit: Visit) -> dict[str, Any]:
    task = visit.body
    try:
        made = visit.row(
            "CreateQueueItem",
            teamName=visit.team,
            queueName=task["queue"],
            createQueue=True,
            queueVault=make_job(task["operation"], task["data"]),
            rank=task["priority"],
            metadata=task.get("metadata"),
        )
    except ValidationError as refusal:
        # The job holds the data twice, and says so where it is too large.
        told = [str(message).replace('"queueVault"', '"data", put into the job twice,') for message in refusal.messages]
        raise ValidationError(told) from refusal
    return {"task_id": made["taskId"]}


def list_tasks(visit: Visit) -> dict[str, Any]:
    limit, offset = min(visit.query["limit"], LARGEST_PAGE), visit.query["offset"]
    names = [name for part in visit.query.get("queues", "").split(",") if (name := part.strip())] or None
    answer = visit.call(
        "GetRecentQueueItems",
        teamName=visit.team,
        queueName=",".join(names) if names else None,
        maxRecords=limit,
        skipRecords=offset,
    )
    tasks = [show_task(row) for row in answer.tables[0].rows]
    [counts] = answer.tables[1].rows
    totals = {"total": len(tasks), "total_in_queue": counts["activeCount"]}
    has_more = counts["more"] or bool(answer.outputs.get("truncated"))
    return {
        "tasks": tasks,
        **totals,
        "queues": names,
        "pagination": {"limit": limit, "offset": offset, **totals, "has_more": has_more},
    }


def get_task(visit: Visit, task_id: str) -> dict[str, Any]:
    return show_details(find_task(visit, task_id))


def get_task_result(visit: Visit, task_id: str) -> dict[str, Any]:
    row = find_task(visit, task_id)
    if row["status"] != "COMPLETED" or row["vaultContentResponse"] is None:
        state = STATES[row["status"]]
        raise ProblemError(404, f"task {row['taskId']} has no result: it is {state}", NO_RESULT)
    return {"result": result_of(row)}


def cancel_task(visit: Visit, task_id: str) -> dict[str, Any]:
    try:
        visit.row("CancelQueueItem", taskId=named(task_id), teamName=visit.named_team, force=True)
    except Error as error:
        # Who has been asked to stop is still running here, and running tasks can be cancelled.
        if failure_of(error).status != 409 or find_task(visit, task_id)["status"] != "CANCELLING":
            raise
    return {"status": "cancelled"}


def retry_task(visit: Visit, task_id: str) -> dict[str, Any]:
    original = named(task_id)
    made = visit.row("RetryFailedQueueItem", taskId=original, teamName=visit.named_team, onlyStatus="FAILED")
    return {"new_task_id": made["taskId"], "original_task_id": original}


def get_all_stats(visit: Visit) -> dict[str, Any]:
    try:
        return {"queues": [show_stats(row) for row in visit.rows("GetQueueCounts", teamName=visit.team)], "note": NOTE}
    except (Error, RefusedError, UnavailableError) as error:
        # Without the database nobody can be recognised; what is told then says nothing of anybody.
        status = failure_of(error).status
        if status == 503 or (status == 401 and find_obstacle(visit.procedures)):
            return {"queues": [], "note": "Queue service unavailable"}
        raise


def get_queue_stats(visit: Visit, queue_name: str) -> dict[str, Any]:
    rows = visit.rows("GetQueueCounts", teamName=visit.team, queueName=queue_name)
    return show_stats(rows[0]) if rows else {**dict.fromkeys(schemas.QueueStats().fields, 0), "queue": queue_name}


def get_health(visit: Visit) -> dict[str, Any]:
    connected = find_obstacle(visit.procedures) is None
    return {
        "status": "healthy" if connected else "unavailable",
        "enabled": True,
        "connected": connected,
        "system": "postgresql",
        "note": "Machines' agents work on the tasks. Queues have their own settings: /api/v1/queues.",
    }


def find_task(visit: Visit, task_id: str) -> Row:
    """A task with all that is known of it."""
    return visit.row("GetQueueItem", taskId=named(task_id), teamName=visit.named_team)


QUEUE = {403: "the team is not the caller's", 404: "the company has no such team"}
TASK = {403: "the team named is not the caller's", 404: "Task not found"}
NAMES = {404: NOT_FOUND}

TASKS = Surface(
    "tasks",
    "Tasks",
    "/api/v1/queue",
    [
        Route(
            "POST",
            "/tasks",
            create_task,
            "Queue a new task.",
            schemas.TaskMade,
            status=201,
            body=schemas.TaskRequest,
            errors={**QUEUE, 409: "the Idempotency-Key was used with another body"},
        ),
        Route(
            "GET",
            "/tasks",
            list_tasks,
            "List the newest tasks.",
            schemas.TaskList,
            query=schemas.ListQuery,
            errors=QUEUE,
        ),
        Route(
            "DELETE",
            "/tasks",
            cancel_all_tasks,
            "Cancel all tasks that are queued or running.",
            schemas.TasksCancelled,
            query=schemas.QueueQuery,
            errors=QUEUE,
        ),
        Route(
            "POST",
            "/tasks/cancel",
            cancel_chosen_tasks,
            "Cancel the tasks that are named, or whose metadata fit.",
            schemas.ChosenCancelled,
            body=schemas.CancelRequest,
            errors=QUEUE,
        ),
        Route(
            "DELETE",
            "/tasks/history",
            clear_history,
            "Remove finished tasks, unless they are protected.",
            schemas.HistoryCleared,
            query=schemas.HistoryQuery,
            errors=QUEUE,
        ),
        Route("GET", "/tasks/<task_id>", get_task, "Show a task.", schemas.TaskDetails, errors=TASK, names=NAMES),
        Route(
            "GET",
            "/tasks/<task_id>/result",
            get_task_result,
            "Show what a completed task came to.",
            schemas.TaskResult,
            errors={**TASK, 404: "Result not found or expired"},
            names=NAMES,
        ),
        Route(
            "DELETE",
            "/tasks/<task_id>",
            cancel_task,
            "Cancel a task; a running one is asked to stop.",
            schemas.TaskCancelled,
            errors={**TASK, 409: "Task cannot be cancelled (already completed or failed)"},
            names=NAMES,
        ),
        Route(
            "POST",
            "/tasks/<task_id>/retry",
            retry_task,
            "Queue a failed task again, as a new one.",
            schemas.TaskRetried,
            errors={**TASK, 409: "Task is not in failed status"},
            names=NAMES,
        ),
        Route("GET", "/stats", get_all_stats, "Count the tasks of every queue.", schemas.AllStats, errors=QUEUE),
        Route(
            "GET",
            "/stats/<queue_name>",
            get_queue_stats,
            "Count the tasks of a queue.",
            schemas.QueueStats,
            errors=QUEUE,
        ),
        Route("GET", "/health", get_health, "Tell whether the queue can be reached.", schemas.Health, for_anyone=True),
        Route(
            "POST",
            "/reconcile",
            reconcile,
            "Take back what crashed agents have lost, and repair what belongs to nothing.",
            schemas.Reconciled,
            body=schemas.ReconcileRequest,
            errors=QUEUE,
        ),
    ],
    retold={409: 400},
)
