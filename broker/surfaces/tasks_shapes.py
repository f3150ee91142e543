"""Queue items as tasks: how one is shown, and how a task becomes a job (spec 2, decisions)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from broker.answer import Row
from broker.surfaces.opened import error_of, read_json

STATES = {
    "PENDING": "queued",
    "ASSIGNED": "running",
    "PROCESSING": "running",
    "CANCELLING": "running",
    "COMPLETED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
TIME = "%Y-%m-%dT%H:%M:%S.%f"


def make_job(operation: str, data: Mapping[str, Any]) -> str:
    """The job of a task, JSON text: its data are the handler's members, and kept apart as well.

    What the data call `handler` is not the handler, or another would run than the task says.
    """
    return json.dumps({**data, "handler": operation, "operation": operation, "data": data}, ensure_ascii=False)


def read_job(text: str | None) -> tuple[str | None, Any]:
    """Operation and data of a job, as make_job made it, or as anybody else did: handler, and all the rest.

    Returns:
        no operation where there is no handler, or no object at all; (None, None) where there is nothing to read.
    """
    job = read_json(text)
    if not isinstance(job, dict):
        return None, job
    handler = job.get("handler")
    operation = handler if isinstance(handler, str) else None
    if operation is not None and job.get("operation") == operation and isinstance(job.get("data"), dict):
        return operation, job["data"]
    return operation, {name: value for name, value in job.items() if name != "handler" or operation is None}


def show_task(row: Row) -> dict[str, Any]:
    """A task, from a row of GetRecentQueueItems or GetQueueItem."""
    operation, data = read_job(row["vaultContent"])
    state = STATES[row["status"]]
    return {
        "task_id": row["taskId"],
        "queue": row["queueName"],
        "operation": operation,
        "status": state,
        "priority": row["rank"],
        "data": data,
        "metadata": row["metadata"] or {},
        "attempts": row["attempt"],
        "created_at": show_time(row["createdTime"]),
        "started_at": show_time(None if state == "queued" else row["startedTime"] or row["assignedTime"]),
        "completed_at": show_time(row["finishedTime"]),
    }


def show_details(row: Row) -> dict[str, Any]:
    """A task with what went wrong, if it failed."""
    return {**show_task(row), "error": error_of(row) if row["status"] == "FAILED" else None}


def show_stats(row: Row) -> dict[str, Any]:
    """How many tasks a queue holds, from a row of GetQueueCounts."""
    return {
        "queue": row["queueName"],
        "queued": row["waitingCount"] + row["heldCount"],
        "running": row["runningCount"],
        "completed": row["completedCount"],
        "failed": row["failedCount"],
    }


def show_time(moment: datetime | None) -> str | None:
    """A time as spec 2 prints it: UTC without a zone, microseconds."""
    return None if moment is None else moment.astimezone(UTC).strftime(TIME)
