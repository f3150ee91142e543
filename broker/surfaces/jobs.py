"""`/api/v1/jobs/...`: queue items as background jobs (spec 4)."""

import os
import time
from functools import cache
from typing import Any

import psutil
from flask import Response, request

from broker.errors import failure_of
from broker.live.hub import Ending
from broker.live.longpoll import LOOK_AGAIN_SECONDS
from broker.live.sse import EVENT_STREAM, respond_stream
from broker.live.watching import Look, Place
from broker.surfaces.jobs_shapes import (
    FINAL,
    NOT_FOUND,
    OF_STATE,
    WORDS,
    JobDone,
    JobStats,
    JobStatus,
    Nothing,
    Poll,
    show_job,
    show_time,
    status_of,
)
from broker.surfaces.jobs_stream import JobStream
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Route, Surface, Visit, item_id

MISSING = "Job {} not found"
LAST_EVENT = "Last-Event-ID"


def get_status(visit: Visit, job_id: str) -> dict[str, Any]:
    """Tell how a job is."""
    job_id = item_id(job_id, NOT_FOUND, MISSING)
    row = visit.row("GetQueueItem", taskId=job_id, teamName=visit.named_team, newest=True)
    return show_job(job_id, row)


def poll_status(visit: Visit, job_id: str) -> dict[str, Any]:
    """Tell how a job is, as soon as it is otherwise."""
    job_id = item_id(job_id, NOT_FOUND, MISSING)
    known = visit.query.get("current_status")
    deadline = time.monotonic() + visit.query["timeout"]
    mark = visit.hub.mark()
    look = Look.of(visit.call("GetQueueItemChanges", taskId=job_id, teamName=visit.named_team))
    begun = status_of(look.current)
    after = max((change["changeNumber"] for change in look.changes), default=0)
    is_due = known != begun if known else begun in FINAL
    while not is_due and (left := deadline - time.monotonic()) > 0:
        ending = visit.hub.wait(look.wait_keys, mark, min(left, LOOK_AGAIN_SECONDS), visit.client)
        if ending in (Ending.GONE, Ending.CLOSED):
            break
        mark = visit.hub.mark()
        look = Look.of(visit.call("GetQueueItemChanges", taskId=job_id, teamName=visit.named_team, afterChange=after))
        passed = [status_of(change) for change in look.changes]
        is_due = status_of(look.current) != known if known else any(status != begun for status in passed)
    return get_status(visit, job_id)


def stream_status(visit: Visit, job_id: str) -> Response:
    """Follow a job to its end."""
    job_id = item_id(job_id, NOT_FOUND, MISSING)
    text = request.headers.get(LAST_EVENT, "")
    try:
        place = Place.read(text) if text else None
    except ValueError:
        raise ProblemError(400, f"{LAST_EVENT} is none that a stream of jobs gives") from None
    stream = JobStream(
        visit.procedures, visit.hub, visit.sender, job_id, visit.named_team, place=place, client=visit.client
    )
    events = stream.open()
    return Response(status=204) if events is None else respond_stream(events)


def get_stats(visit: Visit) -> dict[str, Any]:
    """Tell how many jobs there are, and how the broker and the agents do."""
    row = visit.row("GetQueueStatus", teamName=visit.named_team)
    states = {name: row[f"{name}Count"] for name in ("waiting", "running", "held", "completed", "failed", "cancelled")}
    active = row["agentCount"]
    process = this_process(os.getpid())
    return {
        "pending_jobs": states["waiting"],
        "running_jobs": states["running"],
        "scheduled_jobs": states["held"],
        "completed_jobs": states["completed"],
        "failed_jobs": states["failed"],
        "cancelled_jobs": states["cancelled"],
        "total_jobs": sum(states.values()),
        "queue_type": "postgresql",
        "cache_size": visit.procedures.cached_tokens,
        "active_workers": active,
        "cpu_usage_percent": process.cpu_percent(),
        "memory_usage_mb": process.memory_info().rss // 2**20,
        "global_max_concurrent_jobs": row["maxRunning"],
        "per_user_max_concurrent_jobs": row["maxRunningPerUser"],
        "worker_health_status": "unavailable" if not active else "degraded" if row["silentMachineCount"] else "healthy",
        "last_cleanup": show_time(row["lastCleanup"]),
    }


def cancel_job(visit: Visit, job_id: str) -> dict[str, Any]:
    """Cancel a job, or ask the agent that runs it to stop."""
    job_id = item_id(job_id, NOT_FOUND, MISSING)
    try:
        [row] = (
            visit.call("CancelQueueItem", taskId=job_id, teamName=visit.named_team, force=True, newest=True)
            .tables[0]
            .rows
        )
    except Exception as error:
        if failure_of(error).status != 409:
            raise
        status = status_of(Look.of(visit.call("GetQueueItemChanges", taskId=job_id, teamName=visit.named_team)).current)
        if status in FINAL:
            sentence = f"Cannot cancel job that is already {status}"
            raise ProblemError(409, sentence, "JobAlreadyCompletedError", current_status=status) from error
        return {"job_id": job_id, "status": status, "message": "Job is being cancelled already"}
    status = OF_STATE[row["status"]]
    done = "Job cancelled successfully" if status == "cancelled" else "Job runs until its agent has stopped it"
    return {"job_id": job_id, "status": status, "message": done}


def restart_job(visit: Visit, job_id: str) -> dict[str, Any]:
    """Queue a failed or cancelled job again, under the same id."""
    job_id = item_id(job_id, NOT_FOUND, MISSING)
    try:
        visit.call("RetryFailedQueueItem", taskId=job_id, teamName=visit.named_team, newest=True)
    except Exception as error:
        failure = failure_of(error)
        if failure.status != 409:
            raise
        status = status_of(Look.of(visit.call("GetQueueItemChanges", taskId=job_id, teamName=visit.named_team)).current)
        # A failed one cannot be restarted where its machine or its queue is gone, which the engine says.
        sentence = failure.messages[0] if status in ("failed", "cancelled") else f"Cannot restart job that is {status}"
        raise ProblemError(409, sentence, "JobNotRestartableError", current_status=status) from error
    return {"job_id": job_id, "status": "pending", "message": "Job restarted and re-queued"}


@cache
def this_process(number: int) -> psutil.Process:
    """The process of this number, which remembers since when its next cpu_percent counts."""
    return psutil.Process(number)


JOBS = Surface(
    "jobs",
    "Jobs",
    "/api/v1/jobs",
    [
        Route(
            "GET",
            "/status/<job_id>",
            get_status,
            "Tell how a job is.",
            JobStatus,
            errors={404: "there is no such job of the caller"},
            names={404: NOT_FOUND},
            subject="job_id",
        ),
        Route(
            "GET",
            "/status/<job_id>/poll",
            poll_status,
            "Tell how a job is, as soon as its status changes, or the time is up.",
            JobStatus,
            query=Poll,
            errors={404: "there is no such job of the caller"},
            names={404: NOT_FOUND},
            subject="job_id",
        ),
        Route(
            "GET",
            "/status/<job_id>/stream",
            stream_status,
            "Follow a job to its end: each status and each progress.",
            None,
            errors={404: "there is no such job of the caller"},
            names={404: NOT_FOUND},
            subject="job_id",
            content_type=EVENT_STREAM,
            headers={LAST_EVENT: "id of the last event that was received: what came later follows"},
            also={204: "the job is finished, and the last event was its end: there is nothing more to come for"},
        ),
        Route("GET", "/queue/stats", get_stats, "Tell how many jobs there are, and how the queue does.", JobStats),
        Route(
            "POST",
            "/cancel/<job_id>",
            cancel_job,
            "Cancel a job that waits or runs.",
            JobDone,
            body=Nothing,
            errors={404: "there is no such job of the caller", 409: "it is completed, failed or cancelled"},
            names={404: NOT_FOUND, 409: "JobAlreadyCompletedError"},
            subject="job_id",
        ),
        Route(
            "POST",
            "/restart/<job_id>",
            restart_job,
            "Queue a failed or cancelled job again, under the same id.",
            JobDone,
            body=Nothing,
            errors={404: "there is no such job of the caller", 409: "it is neither failed nor cancelled"},
            names={404: NOT_FOUND, 409: "JobNotRestartableError"},
            subject="job_id",
        ),
    ],
    words=WORDS,
)
