"""DeleteQueue."""

from typing import Any

import psycopg
import pytest

from tests.jobs import complete
from tests.queues import JOB, audited, new_queue, put, take
from tests.world import NOBODY, Caller, Reply, must

SCHEDULE = """
    insert into data.schedule (
        company_id, schedule_uuid, team_id, schedule_name, every_seconds, policy_id, priority, max_attempts, retries,
        vault_record_id, created_by, created_time)
    select policy.company_id, gen_random_uuid(), policy.team_id, 'nightly', 60, policy.policy_id, 50, 3, 0, 1, 1, now()
    from data.queue_policy as policy
    where policy.queue_name = 'mail'
"""


def delete(call: Caller, name: str = "mail", _as: str = "ann", **members: Any) -> Reply:
    return call("DeleteQueue", _as=_as, **{"teamName": "ops", "queueName": name, **members})


def test_it_is_gone_and_its_name_is_free(call: Caller) -> None:
    new_queue(call, concurrency=1)

    reply = must(delete(call, "MAIL"))

    assert reply.row == {"result": "queue mail deleted"}
    assert [row["queueName"] for row in call("GetTeamQueues").rows] == ["default"]
    assert new_queue(call)["concurrency"] == 10


def test_nobody_finds_it_any_more(call: Caller) -> None:
    new_queue(call)
    must(delete(call))

    for procedure in ("UpdateQueue", "PauseQueue", "ResumeQueue", "DeleteQueue"):
        assert call(procedure, _as="ann", teamName="ops", queueName="mail").failure == 404
    assert call("CreateQueueItem", teamName="ops", queueName="mail", queueVault=JOB).failure == 404


def test_the_teams_own_queue_stays(call: Caller) -> None:
    reply = delete(call, "Default")

    assert (reply.failure, reply.errors) == (
        409,
        ["queue default takes the items of team ops that name no queue: it cannot be deleted"],
    )


@pytest.mark.parametrize(
    ("members", "running", "sentence"),
    [
        ([{}], 0, "1 unfinished item, 0 of them in hand"),
        ([{}, {}], 1, "2 unfinished items, 1 of them in hand"),
        ([{"notBefore": "2035-01-01T00:00:00Z"}], 0, "1 unfinished item, 0 of them in hand"),
        ([{"machineName": None}], 0, "1 unfinished item, 0 of them in hand"),
        (
            [{"machineName": None, "notBefore": "2035-01-01T00:00:00Z"}, {"machineName": None}],
            1,
            "2 unfinished items, 1 of them in hand",
        ),
    ],
)
def test_refuses_while_items_are_not_finished(
    call: Caller, members: list[dict[str, Any]], running: int, sentence: str
) -> None:
    new_queue(call)
    for each in members:
        put(call, **each)
    if running:
        take(call, running, _as="bob")

    reply = delete(call)

    assert (reply.failure, reply.errors) == (
        409,
        [f"queue mail has {sentence}: cancel them or let them end first"],
    )


def test_refuses_while_a_schedule_uses_it(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)
    admin.execute(SCHEDULE)

    reply = delete(call)

    admin.execute("delete from data.schedule")
    assert (reply.failure, reply.errors) == (409, ["queue mail is used by 1 schedule: delete or change that first"])
    assert delete(call).failure == 0


def test_its_finished_items_stay_under_its_name_and_cannot_be_retried(call: Caller) -> None:
    new_queue(call)
    [done, failed] = put(call, count=2)
    for row, status in zip(take(call), ("SUCCESS", "FAILED"), strict=True):
        must(complete(call, row, completionStatus=status, retryable=False))

    must(delete(call))

    assert sorted(row["queueId"] for row in call("GetTeamQueueItems").rows) == [done, failed]
    reply = call("RetryFailedQueueItem", originalQueueId=failed)
    assert (reply.failure, reply.errors) == (
        409,
        [f"queue item {failed} was of queue mail, which was deleted: queue its job for another one"],
    )


def test_others_keep_their_items(call: Caller) -> None:
    new_queue(call)
    new_queue(call, "other")
    [kept] = put(call, "other")

    must(delete(call))

    assert [row["queueId"] for row in take(call)] == [kept]


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)

    must(delete(call))

    assert audited(admin, "DeleteQueue") == [("Deleted", "Queue", "mail", "in team ops")]


def test_is_for_administrators(call: Caller) -> None:
    new_queue(call)

    heard = {caller: delete(call, _as=caller).failure for caller in ("bob", "build-01", "gina", NOBODY)}

    assert heard == {"bob": 403, "build-01": 403, "gina": 404, NOBODY: 401}
