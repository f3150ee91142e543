"""CreateQueueItem."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import sign_in
from tests.races import meet
from tests.world import Caller, MakeItem, Reply, must

JOB = '{"handler":"shell","argv":["true"]}'
WAIT_FOR_THE_ITEM = "lock table data.queue_item in share mode"


def create(call: Caller, key: str | None = None, _as: str = "bob", **members: object) -> Reply:
    body = {"teamName": "ops", "machineName": "build-01", "queueVault": JOB, **members}
    return call("CreateQueueItem", _as=_as, _headers={"Idempotency-Key": key} if key else None, **body)


def listed(call: Caller, queue_id: int) -> dict[str, object]:
    rows = must(call("GetTeamQueueItems", teamName="ops")).rows
    [row] = [row for row in rows if row["queueId"] == queue_id]
    return row


def count_items(admin: psycopg.Connection) -> int:
    [(count,)] = admin.execute("select count(*) from data.queue_item").fetchall()
    assert isinstance(count, int)
    return count


def test_queues_a_job_for_a_machine(call: Caller) -> None:
    reply = create(call)

    assert list(reply.row) == [
        "queueId",
        "taskId",
        "time",
        "machineName",
        "status",
        "priority",
        "bridgeName",
        "createdBy",
        "queueName",
    ]
    assert (reply.row["machineName"], reply.row["bridgeName"]) == ("build-01", "north")
    assert reply.row["createdBy"] == "bob@acme.example"
    assert reply.row["status"] == "PENDING"
    assert reply.row["priority"] == 3
    assert UUID(reply.row["taskId"]).version == 7


def test_timestamps_the_item(call: Caller, admin: psycopg.Connection) -> None:
    reply = create(call)

    [(at_that_time,)] = admin.execute(
        "select abs(extract(epoch from %s::timestamptz - data.clock())) < 10", [reply.row["time"]]
    ).fetchall()
    assert at_that_time
    assert reply.row["time"].endswith("Z")
    assert listed(call, reply.row["queueId"])["createdTime"] == reply.row["time"]


def test_numbers_items_in_the_order_in_which_they_come(call: Caller) -> None:
    first, second = create(call).row, create(call).row

    assert first["queueId"] < second["queueId"] < 2**53
    assert UUID(first["taskId"]) < UUID(second["taskId"])


def test_names_match_without_regard_to_case(call: Caller) -> None:
    assert create(call, teamName="OPS", machineName="Build-01").row["machineName"] == "build-01"


@pytest.mark.parametrize(
    ("members", "caller", "refusal"),
    [
        ({"teamName": "dev", "machineName": "dev-01"}, "bob", (403, ["you are not a member of team dev"])),
        ({"teamName": "nowhere"}, "bob", (404, ["team nowhere not found"])),
        ({"machineName": "dev-01"}, "bob", (404, ["machine dev-01 not found in team ops"])),
        ({"machineName": "nothing"}, "bob", (404, ["machine nothing not found in team ops"])),
        ({"machineName": "dev-01"}, "ann", (404, ["machine dev-01 not found in team ops"])),
        ({"teamName": "dev", "machineName": "dev-01"}, "gina", (404, ["team dev not found"])),
        ({"machineName": "build-02"}, "gina", (404, ["machine build-02 not found in team ops"])),
        ({}, "build-01", (403, ["agent build-01 may seal responses only"])),
        ({"teamName": "nowhere"}, "build-01", (403, ["agent build-01 may seal responses only"])),
    ],
)
def test_refuses_a_place_that_is_not_the_callers(
    call: Caller, admin: psycopg.Connection, members: dict[str, str], caller: str, refusal: tuple[int, list[str]]
) -> None:
    reply = create(call, _as=caller, **members)

    assert (reply.failure, reply.errors) == refusal
    assert count_items(admin) == 0


def test_a_team_of_the_same_name_in_another_company_is_another_team(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = create(call, _as="gina").row["queueId"]

    assert call("GetTeamQueueItems", teamName="ops").rows == []
    assert call("GetTeamQueueItems", _as="gina", teamName="ops").row["queueId"] == queue_id


@pytest.mark.parametrize(
    "job",
    [
        '{"b": 1e2, "a": "\\u0000", "A": [1.0, 2.50, -0]}',
        ' { "handler" : "shell" }\n',
        '"ä€\U0001f600"',
        "null",
        "12345678901234567890123456789.5",
    ],
)
def test_keeps_the_vault_as_it_was_sent(call: Caller, job: str) -> None:
    queue_id = create(call, queueVault=job).row["queueId"]

    assert listed(call, queue_id)["vaultContent"] == job
    assert call("GetQueueItemsNext", machineName="build-01").row["vaultContent"] == job


def test_stores_the_vault_sealed(call: Caller, admin: psycopg.Connection) -> None:
    task_id = create(call, queueVault='{"argv":["a-secret-word"]}').row["taskId"]

    [(content, wrapped_key, owner_id, scope_kind)] = admin.execute(
        "select content, wrapped_key, owner_id, scope_kind from data.vault_record where owner_kind = 'queue_item'"
    ).fetchall()
    assert b"secret" not in content + wrapped_key
    assert (str(owner_id), scope_kind) == (task_id, "machine")


def test_seals_the_same_job_differently_each_time(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    create(call)

    [(contents, keys)] = admin.execute(
        "select count(distinct content), count(distinct wrapped_key) from data.vault_record "
        "where owner_kind = 'queue_item'"
    ).fetchall()
    assert (contents, keys) == (2, 2)


def test_starts_the_trace_with_who_created_the_item(call: Caller) -> None:
    queue_id = create(call).row["queueId"]

    event = call("GetQueueItemTrace", queueId=queue_id).row
    assert (event["event"], event["actor"], event["details"]) == ("CREATED", "bob@acme.example", None)


@pytest.mark.parametrize("plan", ["PREMIUM", "ELITE"])
def test_plans_with_priority_keep_it(call: Caller, admin: psycopg.Connection, plan: str) -> None:
    admin.execute("update data.company set plan = %s", [plan])

    made = [create(call, priority=level).row for level in (None, 1, 2, 3, 4, 5)]

    assert [row["priority"] for row in made] == [3, 1, 2, 3, 4, 5]
    assert [listed(call, row["queueId"])["priority"] for row in made] == [3, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("plan", ["COMMUNITY", "ADVANCED"])
def test_plans_without_priority_ignore_it_and_show_null(call: Caller, admin: psycopg.Connection, plan: str) -> None:
    admin.execute("update data.company set plan = %s", [plan])
    late = create(call, priority=5).row
    create(call, priority=1)

    claimed = call("GetQueueItemsNext", machineName="build-01").rows

    assert late["priority"] is None
    assert [row["priority"] for row in claimed] == [None, None]
    assert claimed[0]["queueId"] == late["queueId"]


def test_refuses_a_priority_that_does_not_exist(call: Caller) -> None:
    assert {create(call, priority=level).failure for level in (0, 6, -1, 1.5, "high")} == {400}


def test_keeps_attempts_timeout_and_metadata(call: Caller) -> None:
    metadata = {"title": "nightly", "run": 7, "tags": ["a", None]}

    row = listed(call, create(call, maxAttempts=5, timeoutSeconds=90, metadata=metadata).row["queueId"])

    assert (row["maxAttempts"], row["timeoutSeconds"], row["metadata"]) == (5, 90, metadata)


def test_gives_three_attempts_no_timeout_and_no_metadata_by_default(call: Caller) -> None:
    row = listed(call, create(call).row["queueId"])

    assert (row["maxAttempts"], row["timeoutSeconds"], row["metadata"]) == (3, None, None)


@pytest.mark.parametrize(
    ("member", "good", "bad"), [("maxAttempts", [1, 100], [0, 101]), ("timeoutSeconds", [1, 31536000], [0, 31536001])]
)
def test_takes_numbers_within_their_limits_only(call: Caller, member: str, good: list[Any], bad: list[Any]) -> None:
    assert [create(call, **{member: number}).failure for number in good] == [0, 0]
    assert [create(call, **{member: number}).failure for number in bad] == [400, 400]


@pytest.mark.parametrize("metadata", [[], {"a": "x" * 4096}])
def test_refuses_metadata_that_is_no_object_or_too_long(call: Caller, metadata: object) -> None:
    reply = create(call, metadata=metadata)

    assert (reply.failure, reply.errors) == (400, ["metadata must be a JSON object of at most 4 KiB"])


def test_takes_the_task_id_that_the_caller_gives(call: Caller) -> None:
    task_id = str(uuid4())

    reply = create(call, taskId=task_id)

    assert reply.row["taskId"] == task_id
    assert call("GetTeamQueueItems", taskId=task_id).row["vaultContent"] == JOB


def test_refuses_a_task_id_that_is_taken(call: Caller, admin: psycopg.Connection) -> None:
    task_id = create(call).row["taskId"]

    reply = create(call, taskId=task_id.upper())

    assert (reply.failure, reply.errors) == (409, [f"taskId {task_id} is taken"])
    assert count_items(admin) == 1


def test_a_task_id_taken_in_another_company_is_free(call: Caller) -> None:
    task_id = create(call, _as="gina").row["taskId"]

    assert create(call, taskId=task_id).row["taskId"] == task_id


def test_of_two_calls_at_once_with_one_task_id_one_is_refused(
    call: Caller, database: str, admin: psycopg.Connection
) -> None:
    task_id = str(uuid4())

    replies = meet(database, WAIT_FOR_THE_ITEM, [lambda: create(call, taskId=task_id)] * 2)

    assert sorted(reply.failure for reply in replies) == [0, 409]
    assert count_items(admin) == 1


def test_the_same_idempotency_key_and_body_give_the_same_item(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call, "key-1", priority=2, metadata={"run": 1})

    again = create(call, "key-1", priority=2, metadata={"run": 1})

    assert again.row == first.row
    assert count_items(admin) == 1


def test_a_repeated_call_shows_the_item_as_it_is_now(call: Caller) -> None:
    queue_id = create(call, "key-1").row["queueId"]
    must(call("CancelQueueItem", queueId=queue_id))

    assert create(call, "key-1").row["status"] == "CANCELLED"


def test_a_repeated_call_leaves_no_second_vault_and_no_second_event(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = create(call, "key-1").row["queueId"]
    create(call, "key-1")

    [(vaults,)] = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchall()
    assert vaults == 1
    assert [row["event"] for row in call("GetQueueItemTrace", queueId=queue_id).rows] == ["CREATED"]


def test_an_idempotency_key_is_its_users_own(call: Caller) -> None:
    first = create(call, key="nightly").row

    other = create(call, _as="carol", key="nightly", teamName="dev", machineName="dev-01").row

    assert other["queueId"] != first["queueId"]


@pytest.mark.parametrize(
    "other",
    [
        {"queueVault": JOB + " "},
        {"machineName": "build-02"},
        {"priority": 1},
        {"maxAttempts": 4},
        {"timeoutSeconds": 1},
        {"metadata": {}},
        {"taskId": "7f9c24e5-8a5b-4f6c-9d3e-0123456789ab"},
    ],
)
def test_refuses_an_idempotency_key_with_another_body(
    call: Caller, admin: psycopg.Connection, other: dict[str, Any]
) -> None:
    create(call, "key-1")

    reply = create(call, "key-1", **other)

    assert (reply.failure, reply.errors) == (409, ["Idempotency-Key key-1 was used with another body"])
    assert count_items(admin) == 1


def test_a_default_that_is_spelled_out_is_the_same_body(call: Caller) -> None:
    first = create(call, "key-1")

    assert create(call, "key-1", maxAttempts=3, metadata=None).row == first.row


def test_other_keys_and_no_key_make_other_items(call: Caller, admin: psycopg.Connection) -> None:
    create(call, "key-1")
    create(call, "key-2")
    create(call)

    assert count_items(admin) == 3


def test_the_same_key_in_another_company_is_another_key(call: Caller, admin: psycopg.Connection) -> None:
    mine = create(call, "key-1").row["queueId"]

    assert create(call, "key-1", _as="gina").row["queueId"] != mine
    assert count_items(admin) == 2


def test_two_calls_at_once_with_one_key_make_one_item(call: Caller, database: str, admin: psycopg.Connection) -> None:
    first, second = meet(database, WAIT_FOR_THE_ITEM, [lambda: create(call, "key-1")] * 2)

    assert first.row == second.row
    assert count_items(admin) == 1


def test_a_call_that_was_refused_does_not_use_its_key_up(call: Caller) -> None:
    taken = create(call).row["taskId"]
    assert create(call, "key-1", taskId=taken).failure == 409

    assert create(call, "key-1").failure == 0


def test_says_that_the_item_of_a_key_was_deleted(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = create(call, "key-1").row["queueId"]
    must(call("DeleteQueueItem", queueId=queue_id))

    reply = create(call, "key-1")

    assert reply.failure == 409
    assert reply.errors == [f"Idempotency-Key key-1 made queue item {queue_id}, which was deleted"]
    assert count_items(admin) == 0


@pytest.mark.parametrize(("hours", "items"), [(7 * 24 - 1, 1), (7 * 24, 2)])
def test_forgets_a_key_after_seven_days(
    call: Caller, clock: Clock, admin: psycopg.Connection, hours: int, items: int
) -> None:
    create(call, "key-1")
    clock.advance(hours=hours)
    token = sign_in(call, "bob@acme.example").row["nextRequestToken"]

    must(create(call, "key-1", _as=token))

    assert count_items(admin) == items


def test_an_item_can_be_claimed_as_soon_as_it_is_created(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    assert call("GetQueueItemsNext", _as="build-01").row["queueId"] == queue_id


def test_a_repeated_key_answers_its_own_item_whatever_other_keys_made(call: Caller) -> None:
    made = {key: create(call, key).row["queueId"] for key in ("key-1", "key-2", "key-3")}

    assert {key: create(call, key).row["queueId"] for key in made} == made
