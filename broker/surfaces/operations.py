"""`/api/queue/status`, `/api/dlq/...`, `/api/notifications/...`: how the queue does, and what it gave up (spec 5)."""

import re
from typing import Any

from psycopg.errors import Error

from broker.answer import Row
from broker.config import WEBHOOKS_AT_ONCE
from broker.contract.text import echo
from broker.database.database import UnavailableError
from broker.errors import RefusedError
from broker.surfaces.health import find_obstacle
from broker.surfaces.opened import error_of, operation_of
from broker.surfaces.operations_schemas import (
    LetterList,
    LettersQuery,
    NotificationList,
    NotificationsQuery,
    QueueStatus,
    ReadNotification,
    SettledLetter,
)
from broker.surfaces.problems import ProblemError
from broker.surfaces.routes import Route, Surface, Visit

LETTER_ID = re.compile(r"dlq_([0-9]{1,15})")
NUMBER = re.compile(r"[0-9]{1,15}")
NO_LETTER = "DeadLetterNotFoundError"
NO_NOTIFICATION = "NotificationNotFoundError"
STATES = {
    "pending": "held",
    "queued": "waiting",
    "inProgress": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
AWAY: dict[str, Any] = {
    "mode": "postgresql",
    "queues": {"tasks": {}},
    "workers": {
        "tasks": {"running": False, "concurrency": 0},
        "notifications": {"running": False, "concurrency": 0},
    },
    "deadLetterQueue": {},
    "note": "The queue cannot be reached: there are no figures.",
}


def get_queue_status(visit: Visit) -> dict[str, Any]:
    try:
        row = visit.row("GetQueueStatus", teamName=visit.team)
    except (RefusedError, UnavailableError, Error):
        if find_obstacle(visit.procedures) is None:
            raise
        return AWAY
    letters = {name: row[f"{name}DeadLetterCount"] for name in ("pending", "resolved", "discarded")}
    notifies = row["isNotifying"]
    return {
        "mode": "postgresql",
        "queues": {"tasks": {name: row[f"{state}Count"] for name, state in STATES.items()}},
        "workers": {
            "tasks": {"running": row["agentCount"] > 0, "concurrency": row["slotCount"]},
            "notifications": {"running": notifies, "concurrency": WEBHOOKS_AT_ONCE if notifies else 0},
        },
        "deadLetterQueue": {**letters, "total": sum(letters.values())},
    }


def list_dead_letters(visit: Visit) -> dict[str, Any]:
    answer = visit.call(
        "GetDeadLetters",
        teamName=visit.team,
        status=visit.query.get("status"),
        maxRecords=visit.query["limit"],
        offset=visit.query["offset"],
        includeVaults=True,
    )
    letters, [counts] = (list(table.rows) for table in answer.tables)
    return {"items": [show_letter(row) for row in letters], "total": counts["totalCount"]}


def retry_dead_letter(visit: Visit, letter_id: str) -> dict[str, Any]:
    row = visit.row("RetryDeadLetter", deadLetterId=number_of_letter(letter_id))
    return {**show_settled(row), "taskId": row["taskId"]}


def discard_dead_letter(visit: Visit, letter_id: str) -> dict[str, Any]:
    return show_settled(visit.row("DiscardDeadLetter", deadLetterId=number_of_letter(letter_id)))


def list_notifications(visit: Visit) -> dict[str, Any]:
    answer = visit.call(
        "GetNotifications",
        unreadOnly=visit.query.get("unread"),
        maxRecords=visit.query["limit"],
        offset=visit.query["offset"],
    )
    told, [counts] = (list(table.rows) for table in answer.tables)
    items = [
        {
            "id": str(row["notificationId"]),
            "kind": row["kind"],
            "message": row["message"],
            "taskId": row["taskId"],
            "createdAt": row["createdTime"],
            "readAt": row["readTime"],
        }
        for row in told
    ]
    return {"items": items, "total": counts["totalCount"], "unread": counts["unreadCount"]}


def read_notification(visit: Visit, notification_id: str) -> dict[str, Any]:
    if not NUMBER.fullmatch(notification_id):
        raise ProblemError(404, f"notification {echo(notification_id)} not found", NO_NOTIFICATION)
    row = visit.row("UpdateNotificationToRead", notificationId=int(notification_id))
    return {"id": str(row["notificationId"]), "readAt": row["readTime"]}


def number_of_letter(text: str) -> int:
    """The deadLetterId of an id in a path.

    Raises:
        ProblemError: 404, the text cannot be one.
    """
    found = LETTER_ID.fullmatch(text)
    if found is None:
        raise ProblemError(404, f"dead letter {echo(text)} not found", NO_LETTER)
    return int(found[1])


def show_letter(row: Row) -> dict[str, Any]:
    """A dead letter as the list shows it."""
    return {
        "id": f"dlq_{row['deadLetterId']:02}",
        "taskId": row["taskId"],
        "title": row["title"] or operation_of(row),
        "attempts": row["attempts"],
        "lastError": error_of(row),
        "createdAt": row["createdTime"],
        "status": row["status"].lower(),
    }


def show_settled(row: Row) -> dict[str, Any]:
    """A dead letter after it was settled."""
    return {"success": True, "id": f"dlq_{row['deadLetterId']:02}", "status": row["status"].lower()}


QUEUE_STATUS = Surface(
    "queue_status",
    "Operations",
    "/api/queue",
    [Route("GET", "/status", get_queue_status, "Tell how many tasks are where, and who works.", QueueStatus)],
)
DEAD_LETTERS = Surface(
    "dead_letters",
    "Operations",
    "/api/dlq",
    [
        Route("GET", "", list_dead_letters, "List what has failed for good.", LetterList, query=LettersQuery),
        Route(
            "POST",
            "/<letter_id>/retry",
            retry_dead_letter,
            "Queue a dead letter's task once more, as a new one.",
            SettledLetter,
            errors={404: "there is no such dead letter", 409: "it was retried or discarded"},
            names={404: NO_LETTER},
        ),
        Route(
            "POST",
            "/<letter_id>/discard",
            discard_dead_letter,
            "Give up a dead letter: it asks for nothing any more.",
            SettledLetter,
            errors={404: "there is no such dead letter", 409: "it was retried"},
            names={404: NO_LETTER},
        ),
    ],
)
NOTIFICATIONS = Surface(
    "notifications",
    "Operations",
    "/api/notifications",
    [
        Route(
            "GET",
            "",
            list_notifications,
            "List what the caller was told.",
            NotificationList,
            query=NotificationsQuery,
        ),
        Route(
            "POST",
            "/<notification_id>/read",
            read_notification,
            "Mark a notification as read.",
            ReadNotification,
            errors={404: "the caller has no such notification"},
            names={404: NO_NOTIFICATION},
        ),
    ],
)
OPERATIONS = (QUEUE_STATUS, DEAD_LETTERS, NOTIFICATIONS)
