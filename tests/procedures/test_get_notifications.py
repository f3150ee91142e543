"""GetNotifications and UpdateNotificationToRead: what a user is told of his items."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, create, everything, fail, maintain
from tests.world import Caller, MakeItem, must


@pytest.fixture
def told(call: Caller, queue_item: MakeItem) -> int:
    """A notification of bob's."""
    queue_item(status="FAILED")
    notification_id: int = call("GetNotifications").row["notificationId"]
    return notification_id


def test_who_made_an_item_is_told_that_it_was_given_up(call: Caller) -> None:
    queue_id = create(call, maxAttempts=2)
    claimed = claim(call)
    must(fail(call, claimed))

    row = call("GetNotifications").row

    assert (row["kind"], row["queueId"], row["taskId"]) == ("DEAD_LETTERED", queue_id, claimed["taskId"])
    assert row["message"] == f"queue item {queue_id} failed (REPORTED) after 1 of 2 attempts"
    assert row["readTime"] is None
    assert call("GetNotifications", _as="ann").rows == []


def test_a_retry_tells_nothing_yet(call: Caller) -> None:
    create(call, retries=1)
    must(fail(call, claim(call)))

    assert call("GetNotifications").rows == []


def test_marks_as_read_once(call: Caller, admin: psycopg.Connection, clock: Clock, told: int) -> None:
    first = must(call("UpdateNotificationToRead", notificationId=told))
    before = everything(admin)
    clock.advance(seconds=60)

    second = must(call("UpdateNotificationToRead", notificationId=told))

    assert first.row["readTime"] is not None
    assert second.rows == first.rows
    assert everything(admin) == before
    assert call("GetNotifications", unreadOnly=True).rows == []
    assert call("GetNotifications").row["readTime"] == first.row["readTime"]


def test_shows_the_newest_up_to_the_limit(call: Caller, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(status="FAILED") for _ in range(3)]

    rows = must(call("GetNotifications", maxRecords=2)).rows

    assert [row["queueId"] for row in rows] == queue_ids[:0:-1]


@pytest.mark.parametrize("count", [0, 1001])
def test_refuses_a_limit_out_of_range(call: Caller, count: int) -> None:
    reply = call("GetNotifications", maxRecords=count)

    assert (reply.failure, reply.errors) == (400, [f"maxRecords is {count}: 1 to 1,000 are possible"])


@pytest.mark.parametrize("caller", ["ann", "gina"])
def test_nobody_marks_what_others_were_told(call: Caller, told: int, caller: str) -> None:
    reply = call("UpdateNotificationToRead", _as=caller, notificationId=told)

    assert (reply.failure, reply.errors) == (404, [f"notification {told} not found"])
    assert call("GetNotifications").row["readTime"] is None


def test_a_notification_outlives_its_item(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="FAILED")

    must(call("DeleteQueueItem", queueId=queue_id))

    row = call("GetNotifications").row
    assert (row["queueId"], row["taskId"]) == (queue_id, None)


def test_who_was_removed_is_told_nothing(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item(status="FAILED")
    queue_item()
    must(call("DeleteUser", _as="ann", userEmail="bob@acme.example"))
    must(fail(call, claim(call)))

    assert admin.execute("select count(*) from data.notification").fetchone() == (0,)


def test_notifications_are_kept_for_ninety_days(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    must(fail(call, claim(call)))
    counts = []
    for days in (89, 2):
        clock.advance(days=days)
        maintain(admin, "delete_expired")
        counts.append(admin.execute("select count(*) from data.notification").fetchone())

    assert counts == [(1,), (0,)]


def test_leaves_out_the_newest_that_were_shown_before(call: Caller, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(status="FAILED") for _ in range(3)]

    assert [row["queueId"] for row in must(call("GetNotifications", maxRecords=2, offset=1)).rows] == queue_ids[1::-1]
    assert call("GetNotifications", offset=10001).errors == ["offset is 10001: 0 to 10,000 are possible"]
    assert call("GetNotifications", offset=-1).failure == 400
