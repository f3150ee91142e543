"""Rights of what follows a failure: dead letters, attempts, notifications."""

from typing import Any

from tests.rights.stage import Bodies, Stage
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    GetDeadLetters                 none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetDeadLetterCounts            none     403      403    ok     ok    403    403   403     403     403    403     ok
    GetQueueStatus                 own      403      403    ok     ok    403    403   403     403     403    403     ok
    RetryDeadLetter                404      404      403    ok     ok    404    403   403     403     403    403     ok
    DiscardDeadLetter              404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetQueueItemAttempts           404      404      403    ok     ok    404    ok    404     404     ok     404     ok
    GetNotifications               own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    GetNotificationCounts          own      ok       ok     ok     ok    ok     403   403     403     403    403     ok
    UpdateNotificationToRead       404      404      404    ok     404   404    403   403     403     403    403     404
"""


def failed(stage: Stage) -> int:
    """An item of bob's that has just failed for good."""
    claimed = stage.claim()
    report: dict[str, Any] = {"responseVault": "{}", "completionStatus": "FAILED", **claimed}
    must(stage.call("UpdateQueueItemToCompleted", _as="build-01", **report))
    queue_id: int = claimed["queueId"]
    return queue_id


def dead_letter(stage: Stage) -> int:
    queue_id = failed(stage)
    [letter] = [row for row in must(stage.call("GetDeadLetters")).rows if row["queueId"] == queue_id]
    letter_id: int = letter["deadLetterId"]
    return letter_id


def notification(stage: Stage) -> int:
    queue_id = failed(stage)
    [told] = [row for row in must(stage.call("GetNotifications")).rows if row["queueId"] == queue_id]
    notification_id: int = told["notificationId"]
    return notification_id


# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "GetDeadLetters": lambda stage: {"teamName": "ops", "maxRecords": 1 + 0 * failed(stage)},
    "GetDeadLetterCounts": lambda _: {"teamName": "ops"},
    "GetQueueStatus": lambda _: {"teamName": "ops"},
    "RetryDeadLetter": lambda stage: {"deadLetterId": dead_letter(stage)},
    "DiscardDeadLetter": lambda stage: {"deadLetterId": dead_letter(stage)},
    "GetQueueItemAttempts": lambda stage: {"queueId": stage.claim()["queueId"]},
    "GetNotifications": lambda _: {},
    "GetNotificationCounts": lambda _: {},
    "UpdateNotificationToRead": lambda stage: {"notificationId": notification(stage)},
}
