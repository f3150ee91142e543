"""RetryFailedQueueItem."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.world import Caller, MakeItem, Reply, must

JOB = '{"handler":"shell"}'


def item(call: Caller, queue_id: int) -> dict[str, object]:
    rows = must(call("GetTeamQueueItems")).rows
    [row] = [row for row in rows if row["queueId"] == queue_id]
    return row


def retry(call: Caller, queue_id: int, **members: Any) -> Reply:
    return call("RetryFailedQueueItem", teamName="ops", originalQueueId=queue_id, **members)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_makes_a_new_item_of_one_that_failed_or_was_cancelled(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    row = retry(call, queue_id).row

    assert list(row) == [
        "newQueueId",
        "time",
        "machineName",
        "originalQueueId",
        "queueId",
        "taskId",
        "newRetryCount",
        "result",
    ]
    assert row["newQueueId"] == row["queueId"] > queue_id
    assert (row["originalQueueId"], row["machineName"]) == (queue_id, "build-01")
    new = item(call, row["newQueueId"])
    assert (new["status"], new["originalQueueId"], new["attempt"]) == ("PENDING", queue_id, 0)
    assert (new["taskId"], new["createdTime"]) == (row["taskId"], row["time"])
    assert UUID(row["taskId"]).version == 7


@pytest.mark.parametrize("status", ["PENDING", "ASSIGNED", "PROCESSING", "CANCELLING", "COMPLETED"])
def test_refuses_an_item_in_another_state(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = retry(call, queue_id)

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is {status}: only a FAILED or CANCELLED one can be retried"]


def test_the_original_stays_as_it_was(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="FAILED")
    before = item(call, queue_id)

    retry(call, queue_id)

    after = item(call, queue_id)
    changing = {"ageInMinutes", "minutesSinceHeartbeat"}
    assert {name: after[name] for name in after.keys() - changing} == {
        name: before[name] for name in before.keys() - changing
    }


def test_uses_the_job_of_the_original_without_a_key(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item(status="CANCELLED")

    new_queue_id = retry(call, queue_id, modifiedVault=None).row["newQueueId"]

    [(vaults,)] = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchall()
    assert vaults == 1
    claimed = call("GetQueueItemsNext", _as="build-01").row
    assert (claimed["queueId"], claimed["vaultContent"]) == (new_queue_id, JOB)


def test_uses_the_modified_job_for_this_time_only(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLED")

    new_queue_id = retry(call, queue_id, modifiedVault='{"handler":"shell","argv":["2"]}').row["newQueueId"]

    assert item(call, new_queue_id)["vaultContent"] == '{"handler":"shell","argv":["2"]}'
    assert item(call, queue_id)["vaultContent"] == JOB
    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == '{"handler":"shell","argv":["2"]}'


def test_refuses_a_modified_job_that_is_no_json(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLED")

    reply = retry(call, queue_id, modifiedVault="{")

    assert reply.failure == 400
    assert 'member "modifiedVault" must hold valid JSON' in reply.errors[0]


def test_inherits_machine_priority_attempts_timeout_and_metadata(call: Caller) -> None:
    members: dict[str, Any] = {"priority": 1, "maxAttempts": 7, "timeoutSeconds": 60, "metadata": {"run": 1}}
    made = call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault=JOB, **members)
    must(call("CancelQueueItem", queueId=made.row["queueId"]))

    new = item(call, retry(call, made.row["queueId"]).row["newQueueId"])

    assert {name: new[name] for name in members} == members
    assert new["machineName"] == "build-02"


def test_the_new_item_is_of_who_retried_it(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLED")

    new_queue_id = call("RetryFailedQueueItem", _as="ann", originalQueueId=queue_id).row["newQueueId"]

    assert item(call, new_queue_id)["createdBy"] == "ann@acme.example"
    assert item(call, queue_id)["createdBy"] == "bob@acme.example"


def test_each_call_makes_one_new_item(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="FAILED")

    first, second = retry(call, queue_id).row, retry(call, queue_id).row

    assert first["newQueueId"] != second["newQueueId"]
    assert first["originalQueueId"] == second["originalQueueId"] == queue_id


def test_a_retry_can_be_retried_in_turn(call: Caller, queue_item: MakeItem) -> None:
    chain = [queue_item(status="CANCELLED")]
    for _ in range(3):
        chain.append(retry(call, chain[-1]).row["newQueueId"])
        must(call("CancelQueueItem", queueId=chain[-1]))

    assert [item(call, queue_id)["originalQueueId"] for queue_id in chain] == [None, *chain[:-1]]
    assert [item(call, queue_id)["vaultContent"] for queue_id in chain] == [JOB] * 4


def test_a_modified_retry_begins_a_job_of_its_own(call: Caller, queue_item: MakeItem) -> None:
    original = queue_item(status="CANCELLED")
    modified = retry(call, original, modifiedVault="[2]").row["newQueueId"]
    must(call("CancelQueueItem", queueId=modified))
    again = retry(call, modified).row["newQueueId"]

    must(call("DeleteQueueItem", queueId=original))
    must(call("DeleteQueueItem", queueId=modified))

    assert item(call, again)["vaultContent"] == "[2]"


def test_both_traces_tell_of_the_retry(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLED")

    row = retry(call, queue_id).row

    old = call("GetQueueItemTrace", queueId=queue_id).rows[-1]
    new = call("GetQueueItemTrace", queueId=row["newQueueId"]).row
    assert (old["event"], old["actor"]) == ("RETRIED", "bob@acme.example")
    assert old["details"] == f"as queue item {row['newQueueId']}, task {row['taskId']}"
    assert (new["event"], new["details"]) == ("CREATED", f"retry of queue item {queue_id}")


def test_takes_the_task_id_of_the_original_instead(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLED")
    task_id = item(call, queue_id)["taskId"]

    plain = call("RetryFailedQueueItem", taskId=task_id)
    modified = call("RetryFailedQueueItem", taskId=task_id, modifiedVault="[2]")

    assert plain.row["originalQueueId"] == modified.row["originalQueueId"] == queue_id
    assert len({task_id, plain.row["taskId"], modified.row["taskId"]}) == 3


@pytest.mark.parametrize(
    ("caller", "team", "refusal"),
    [
        ("carol", "ops", (403, "you are not a member of team ops")),
        ("carol", "dev", (404, "queue item {} not found")),
        ("gina", "ops", (404, "queue item {} not found")),
        ("gina", None, (404, "queue item {} not found")),
    ],
)
def test_refuses_an_item_that_is_not_the_callers(
    call: Caller, queue_item: MakeItem, caller: str, team: str | None, refusal: tuple[int, str]
) -> None:
    queue_id = queue_item(status="CANCELLED")

    plain = call("RetryFailedQueueItem", _as=caller, teamName=team, originalQueueId=queue_id)
    modified = call("RetryFailedQueueItem", _as=caller, teamName=team, originalQueueId=queue_id, modifiedVault="[2]")

    assert (plain.failure, plain.errors) == (refusal[0], [refusal[1].format(queue_id)])
    assert (modified.failure, modified.errors) == (refusal[0], [refusal[1].format(queue_id)])


def test_waits_for_nothing_that_the_original_depended_on(call: Caller) -> None:
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
    needed = must(call("CreateQueueItem", **place)).row
    dependant = must(call("CreateQueueItem", **place, dependsOn=[needed["taskId"]])).row["queueId"]
    must(call("CancelQueueItem", teamName="ops", queueId=needed["queueId"]))
    before = item(call, dependant)["status"]

    new = must(retry(call, dependant)).row["queueId"]

    assert before == "FAILED"
    assert must(call("GetQueueItemsNext", _as="build-01")).rows[0]["queueId"] == new


def test_settles_no_dead_letter_of_another_item(call: Caller, queue_item: MakeItem) -> None:
    other, queue_id = queue_item(status="FAILED"), queue_item(status="FAILED")

    must(retry(call, queue_id))

    letters = {row["queueId"]: row["status"] for row in must(call("GetDeadLetters")).rows}
    assert letters == {other: "PENDING", queue_id: "RESOLVED"}


def test_refuses_an_item_whose_queue_was_deleted(call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="gone"))
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}", "queueName": "gone"}
    queue_id = must(call("CreateQueueItem", **place)).row["queueId"]
    must(call("CancelQueueItem", queueId=queue_id))
    must(call("DeleteQueue", _as="ann", teamName="ops", queueName="gone"))

    reply = retry(call, queue_id)

    assert reply.failure == 409
    assert reply.errors == [
        f"queue item {queue_id} was of queue gone, which was deleted: queue its job for another one"
    ]


def test_a_deleted_queue_hinders_no_retry_in_another(call: Caller, queue_item: MakeItem) -> None:
    for name in ("a-gone", "gone"):
        must(call("CreateQueue", teamName="ops", queueName=name))
        must(call("DeleteQueue", _as="ann", teamName="ops", queueName=name))

    assert must(retry(call, queue_item(status="FAILED"))).row["newQueueId"] > 0


def test_the_newest_is_retried_in_place_of_what_it_retries(call: Caller, queue_item: MakeItem) -> None:
    first = queue_item("FAILED")
    second = must(call("RetryFailedQueueItem", originalQueueId=first, newest=True)).row["newQueueId"]

    waiting = call("RetryFailedQueueItem", originalQueueId=first, newest=True)
    must(call("CancelQueueItem", queueId=second))
    third = must(call("RetryFailedQueueItem", originalQueueId=first, newest=True)).row

    assert waiting.errors == [f"queue item {second} is PENDING: only a FAILED or CANCELLED one can be retried"]
    assert third["originalQueueId"] == second


@pytest.mark.parametrize(("status", "only"), [("FAILED", "CANCELLED"), ("CANCELLED", "FAILED"), ("PENDING", "FAILED")])
def test_only_an_item_of_one_state_is_retried_when_asked_so(
    call: Caller, queue_item: MakeItem, status: str, only: str
) -> None:
    queue_id = queue_item(status)

    reply = call("RetryFailedQueueItem", originalQueueId=queue_id, onlyStatus=only)

    sentence = f"queue item {queue_id} is {status}: only a {only} one is to be retried"
    assert (reply.failure, reply.errors) == (409, [sentence])


def test_an_item_of_the_state_that_is_asked_for_is_retried(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item("FAILED")

    assert call("RetryFailedQueueItem", originalQueueId=queue_id, onlyStatus="failed").failure == 0
