"""Queue items as jobs: how one is shown (spec 4, decisions).

A job is an item with its retries: its id names the first that the caller knows, and what is shown is the newest.
"""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from broker.answer import Row
from broker.surfaces.opened import error_of, operation_of
from broker.surfaces.routes import Members, Query

STATUSES = ("pending", "running", "completed", "failed", "cancelled", "scheduled")
FINAL = frozenset({"completed", "failed", "cancelled"})
OF_STATE = {
    "PENDING": "pending",
    "ASSIGNED": "running",
    "PROCESSING": "running",
    "CANCELLING": "running",  # until its agent confirms
    "COMPLETED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
LONGEST_POLL_SECONDS = 120
NOT_FOUND = "JobNotFoundError"
WORDS = {"queue item": "Job"}


class JobStatus(Schema):
    """A job as it is now."""

    job_id = fields.String(required=True)
    job_type = fields.String(required=True, allow_none=True, metadata={"description": "its handler or operation"})
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    progress = fields.Float(required=True, validate=validate.Range(0, 1))
    created_at = fields.String(required=True)
    started_at = fields.String(required=True, allow_none=True)
    completed_at = fields.String(required=True, allow_none=True)
    error = fields.String(required=True, allow_none=True)
    user_id = fields.String(required=True, allow_none=True, metadata={"description": "e-mail of who queued it"})
    metrics = fields.Dict(
        keys=fields.String(), values=fields.Float(), required=True, metadata={"description": "what its agent reported"}
    )


class Poll(Query):
    """How long to wait, and for what."""

    current_status = fields.String(
        validate=validate.OneOf(STATUSES),
        metadata={
            "description": "the status that is known: any other is answered at once; left out: a change from now"
        },
    )
    timeout = fields.Integer(
        load_default=30,
        validate=validate.Range(0, LONGEST_POLL_SECONDS),
        metadata={"description": f"seconds to wait at most, 0 to {LONGEST_POLL_SECONDS}"},
    )


class Nothing(Members):
    """A body without members, which may be left out."""


class JobDone(Schema):
    """What was done to a job."""

    job_id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    message = fields.String(required=True)


class JobStats(Schema):
    """All jobs of the caller's teams, and how this broker and the agents do."""

    pending_jobs = fields.Integer(required=True)
    running_jobs = fields.Integer(required=True)
    scheduled_jobs = fields.Integer(required=True)
    completed_jobs = fields.Integer(required=True)
    failed_jobs = fields.Integer(required=True)
    cancelled_jobs = fields.Integer(required=True)
    total_jobs = fields.Integer(required=True)
    queue_type = fields.String(required=True)
    cache_size = fields.Integer(required=True, metadata={"description": "tokens whose keys this broker has at hand"})
    active_workers = fields.Integer(required=True, metadata={"description": "agents heard of in the last 3 minutes"})
    cpu_usage_percent = fields.Float(required=True, metadata={"description": "of this broker process"})
    memory_usage_mb = fields.Integer(required=True, metadata={"description": "of this broker process"})
    global_max_concurrent_jobs = fields.Integer(required=True, allow_none=True, metadata={"description": "null: none"})
    per_user_max_concurrent_jobs = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: none"}
    )
    worker_health_status = fields.String(
        required=True,
        validate=validate.OneOf(("healthy", "degraded", "unavailable")),
        metadata={"description": "degraded: some machines' agents are silent; unavailable: no agent was heard of"},
    )
    last_cleanup = fields.String(
        required=True, allow_none=True, metadata={"description": "when retention last ran; null: never yet"}
    )


def status_of(row: Row) -> str:
    """The status that a row of GetQueueItem, a change or a state tells."""
    return "scheduled" if row["scheduled"] else OF_STATE[row["status"]]


def show_job(job_id: str, row: Row) -> dict[str, Any]:
    """A job, from a row of GetQueueItem."""
    status = status_of(row)
    return {
        "job_id": job_id,
        "job_type": operation_of(row),
        "status": status,
        "progress": show_progress(status, row["progress"]),
        "created_at": show_time(row["createdTime"]),
        "started_at": show_time(row["startedTime"] or row["assignedTime"]),
        "completed_at": show_time(row["finishedTime"]),
        "error": error_of(row) if status == "failed" else None,
        "user_id": row["createdBy"],
        "metrics": row["metrics"] or {},
    }


def show_progress(status: str, progress: float | None) -> float:
    """0 to 1; what is completed is done, whatever its agent said last."""
    return 1.0 if status == "completed" else progress or 0.0


def show_time(moment: datetime | None) -> str | None:
    """Whole seconds, with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
