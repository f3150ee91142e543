"""DeleteQueueItem."""

import psycopg
import pytest

from tests.races import meet
from tests.world import Caller, MakeItem, must


def count_vaults(admin: psycopg.Connection) -> int:
    [(count,)] = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchall()
    assert isinstance(count, int)
    return count


def retry(call: Caller, queue_id: int) -> int:
    new_queue_id: int = must(call("RetryFailedQueueItem", originalQueueId=queue_id)).row["newQueueId"]
    return new_queue_id


@pytest.mark.parametrize(
    "status", ["PENDING", "ASSIGNED", "PROCESSING", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED"]
)
def test_removes_an_item_in_any_state_with_its_vaults(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, status: str
) -> None:
    queue_id = queue_item(status=status)
    task_id = call("GetTeamQueueItems").row["taskId"]

    reply = call("DeleteQueueItem", teamName="ops", queueId=queue_id)

    assert reply.row == {"queueId": queue_id, "taskId": task_id, "result": "deleted"}
    assert call("GetTeamQueueItems").rows == []
    assert count_vaults(admin) == 0


def test_takes_the_task_id_instead(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    task_id = call("GetTeamQueueItems").row["taskId"]

    assert call("DeleteQueueItem", taskId=task_id).row["queueId"] == queue_id


def test_an_item_that_was_deleted_is_not_found(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(call("DeleteQueueItem", queueId=queue_id))

    for procedure in ("DeleteQueueItem", "CancelQueueItem", "GetQueueItemTrace"):
        reply = call(procedure, queueId=queue_id)
        assert (reply.failure, reply.errors) == (404, [f"queue item {queue_id} not found"])


def test_leaves_other_items_alone(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    deleted, kept = queue_item(), queue_item()

    must(call("DeleteQueueItem", queueId=deleted))

    assert call("GetTeamQueueItems").row["queueId"] == kept
    assert call("GetTeamQueueItems").row["vaultContent"] == '{"handler":"shell"}'
    assert count_vaults(admin) == 1


def test_a_running_agent_hears_of_it_at_its_next_heartbeat(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claim = call("GetQueueItemsNext", _as="build-01", start=True).row
    must(call("DeleteQueueItem", queueId=queue_id))
    beat = {"taskId": claim["taskId"], "claimToken": claim["claimToken"]}

    alone = call("UpdateQueueItemHeartbeat", _as="build-01", **beat)
    row = call("UpdateQueueItemHeartbeat", _as="build-01", items=[beat]).row

    assert (alone.failure, alone.errors) == (404, [f"queue item {claim['taskId']} not found"])
    assert (row["accepted"], row["message"]) == (False, f"queue item {claim['taskId']} not found")


def test_a_late_answer_and_the_answers_of_lost_attempts_go_too(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    lost = call("GetQueueItemsNext", _as="build-01", start=True, leaseSeconds=5).row
    claimed = {"queueId": queue_id, "claimToken": lost["claimToken"]}
    must(call("UpdateQueueItemResponse", _as="build-01", responseVault="1", **claimed))
    admin.execute("update data.test_clock set ahead = '6 seconds'")
    admin.execute("select maintenance.rescue_lost_leases()")
    must(call("GetQueueItemsNext", _as="build-01"))
    assert call("UpdateQueueItemToCompleted", _as="build-01", responseVault="2", **claimed).failure == 409
    assert count_vaults(admin) == 3

    must(call("DeleteQueueItem", queueId=queue_id))

    assert count_vaults(admin) == 0


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_a_request_vault_that_retries_share_goes_with_its_last_referrer(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, order: list[int]
) -> None:
    original = queue_item(status="CANCELLED")
    first = retry(call, original)
    must(call("CancelQueueItem", queueId=first))
    second = retry(call, first)
    items = [original, first, second]

    for deleted, number in enumerate(order, start=1):
        must(call("DeleteQueueItem", queueId=items[number]))
        left = call("GetTeamQueueItems").rows
        assert [row["vaultContent"] for row in left] == ['{"handler":"shell"}'] * (3 - deleted)
        assert count_vaults(admin) == (1 if left else 0)


def test_two_referrers_deleted_at_once_leave_no_vault(
    call: Caller, queue_item: MakeItem, database: str, admin: psycopg.Connection
) -> None:
    original = queue_item(status="CANCELLED")
    items = [original, retry(call, original)]

    replies = meet(
        database,
        "select from data.vault_record where owner_kind = 'queue_item' for update",
        [lambda queue_id=queue_id: call("DeleteQueueItem", queueId=queue_id) for queue_id in items],  # type: ignore[misc]
    )

    assert [reply.failure for reply in replies] == [0, 0]
    assert count_vaults(admin) == 0


def test_of_two_deletions_of_one_item_at_once_one_finds_nothing(
    call: Caller, queue_item: MakeItem, database: str
) -> None:
    queue_id = queue_item()

    replies = meet(
        database,
        "select from data.queue_item for update",
        [lambda: call("DeleteQueueItem", queueId=queue_id)] * 2,
    )

    assert sorted(reply.failure for reply in replies) == [0, 404]


def test_a_retry_at_the_moment_of_deletion_keeps_its_vault_or_is_refused(
    call: Caller, queue_item: MakeItem, database: str
) -> None:
    queue_id = queue_item(status="CANCELLED")

    deleted, retried = meet(
        database,
        "select from data.queue_item for update",
        [
            lambda: call("DeleteQueueItem", queueId=queue_id),
            lambda: call("RetryFailedQueueItem", originalQueueId=queue_id),
        ],
    )

    assert deleted.failure == 0
    assert retried.failure in (0, 404)
    assert [row["vaultContent"] for row in call("GetTeamQueueItems").rows] == (
        ['{"handler":"shell"}'] if retried.failure == 0 else []
    )


@pytest.mark.parametrize(
    ("caller", "team", "refusal"),
    [
        ("carol", "ops", (403, ["you are not a member of team ops"])),
        ("carol", None, (404, ["queue item {} not found"])),
        ("carol", "dev", (404, ["queue item {} not found"])),
        ("ann", "dev", (404, ["queue item {} not found"])),
        ("gina", "ops", (404, ["queue item {} not found"])),
        ("gina", "dev", (404, ["team dev not found"])),
        ("build-01", None, (403, ["agent build-01 may not call DeleteQueueItem"])),
    ],
)
def test_refuses_an_item_that_is_not_the_callers(
    call: Caller, queue_item: MakeItem, caller: str, team: str | None, refusal: tuple[int, list[str]]
) -> None:
    queue_id = queue_item()

    reply = call("DeleteQueueItem", _as=caller, teamName=team, queueId=queue_id)

    status, sentences = refusal
    assert (reply.failure, reply.errors) == (status, [sentence.format(queue_id) for sentence in sentences])
    assert call("GetTeamQueueItems").row["queueId"] == queue_id


def test_needs_the_name_of_an_item(call: Caller) -> None:
    reply = call("DeleteQueueItem", teamName="ops")

    assert (reply.failure, reply.errors) == (400, ["queueId or taskId is missing: name the item by one of them"])
