"""CancelQueueItems, and what the calls for many items have in common: how these are chosen."""

from typing import Any

import psycopg
import pytest

from tests.bulk import add_many, add_queue, make, said, status_of, task_of
from tests.conftest import Clock
from tests.races import meet
from tests.world import Caller, MakeItem, must

ABSENT = "01890a5d-ac96-774b-bcce-b302099a8057"
LABELS = ["PENDING", "ASSIGNED", "PROCESSING", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED"]
STATES = ["COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"]


@pytest.fixture
def one_of_each(queue_item: MakeItem) -> dict[str, int]:
    return {status: queue_item(status=status) for status in STATES}


def test_cancels_what_can_be_cancelled_and_says_of_the_rest_why_not(call: Caller, one_of_each: dict[str, int]) -> None:
    tasks = [task_of(call, queue_id) for queue_id in one_of_each.values()]

    reply = call("CancelQueueItems", taskIds=[*reversed(tasks), ABSENT], reason="wrong branch")

    assert [row["queueId"] for row in reply.rows] == [*sorted(one_of_each.values()), None]
    assert said(reply) == {
        queue_id: None if status in ("PENDING", "ASSIGNED") else f"queue item {queue_id} is {status}"
        for status, queue_id in one_of_each.items()
    }
    assert reply.rows[-1] == {
        "taskId": ABSENT,
        "queueId": None,
        "done": False,
        "reason": f"queue item {ABSENT} not found",
        "status": None,
    }
    assert {row["queueId"]: row["status"] for row in reply.rows[:-1]} == {
        queue_id: status for status, queue_id in one_of_each.items()
    }
    assert reply.outputs == {"matched": 7, "done": 2, "more": False}
    assert status_of(call, one_of_each["PENDING"]) == status_of(call, one_of_each["ASSIGNED"]) == "CANCELLED"
    event = call("GetQueueItemTrace", queueId=one_of_each["PENDING"]).rows[-1]
    assert (event["event"], event["details"], event["actor"]) == ("CANCELLED", "wrong branch", "bob@acme.example")


def test_force_asks_the_agents_of_started_ones_to_stop(call: Caller, one_of_each: dict[str, int]) -> None:
    reply = must(call("CancelQueueItems", filter={"machineName": "build-01"}, force=True))

    [asked] = [row for row in reply.rows if row["queueId"] == one_of_each["PROCESSING"]]
    assert (asked["done"], asked["reason"]) == (True, "its agent is asked to stop")
    assert status_of(call, one_of_each["PROCESSING"]) == "CANCELLING"
    assert reply.outputs == {"matched": 4, "done": 3, "more": False}


def test_a_dry_run_says_the_same_and_changes_nothing(
    call: Caller, one_of_each: dict[str, int], admin: psycopg.Connection
) -> None:
    asked: dict[str, Any] = {"filter": {"status": STATES}, "force": True}

    rehearsed = must(call("CancelQueueItems", dryRun=True, **asked))
    unchanged = {status: status_of(call, queue_id) for status, queue_id in one_of_each.items()}
    audited = admin.execute("select count(*) from data.audit where action = 'Cancelled'").fetchone()
    done = must(call("CancelQueueItems", **asked))

    assert unchanged == {status: status for status in STATES}
    assert audited == (0,)
    assert (rehearsed.rows, rehearsed.outputs) == (done.rows, done.outputs)


def test_a_filter_without_a_status_means_what_is_not_finished(call: Caller, one_of_each: dict[str, int]) -> None:
    reply = call("CancelQueueItems", filter={"machineName": "build-01"}, dryRun=True)

    assert set(said(reply)) == {one_of_each[status] for status in STATES[3:]}


def test_a_filters_members_must_all_fit(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    add_queue(admin, "Builds")
    old = make(call, metadata={"run": 1, "by": {"ci": True}})
    clock.advance(hours=3)
    queued = make(call, queueName="builds", metadata={"run": 1})
    other = make(call, machineName="build-02", metadata={"run": 2})

    def found(**members: Any) -> list[int]:
        return list(said(call("CancelQueueItems", filter=members, dryRun=True)))

    assert found(queueName="BUILDS") == [queued["queueId"]]
    assert found(machineName="Build-02") == [other["queueId"]]
    assert found(metadata={"run": 1}) == [old["queueId"], queued["queueId"]]
    assert found(metadata={"by": {"ci": True}}) == [old["queueId"]]
    assert found(metadata={}) == [old["queueId"], queued["queueId"], other["queueId"]]
    assert found(metadata={"run": 1}, queueName="default") == [old["queueId"]]
    assert found(olderThanHours=3) == [old["queueId"]]
    assert found(olderThanHours=4) == []
    assert found(createdBefore=old["time"]) == [old["queueId"]]
    assert found(createdAfter=queued["time"]) == [queued["queueId"], other["queueId"]]
    assert found(createdAfter=old["time"], createdBefore=queued["time"]) == [old["queueId"], queued["queueId"]]
    assert found(status=["COMPLETED", "failed"]) == []


def test_a_filter_takes_the_oldest_thousand_and_says_that_there_are_more(
    call: Caller, admin: psycopg.Connection
) -> None:
    first = make(call)["queueId"]
    add_many(admin, first, 1000)

    rehearsed = call("CancelQueueItems", filter={"queueName": "default"}, dryRun=True)
    behind = call("CancelQueueItems", filter={"queueName": "default"}, dryRun=True, afterQueueId=first)
    reply = must(call("CancelQueueItems", filter={"queueName": "default"}))
    rest = must(call("CancelQueueItems", filter={"queueName": "default"}))

    assert rehearsed.outputs == reply.outputs == {"matched": 1000, "done": 1000, "more": True}
    assert [row["queueId"] for row in reply.rows] == list(range(first, first + 1000))
    assert behind.outputs == {"matched": 1000, "done": 1000, "more": False}
    assert rest.outputs == {"matched": 1, "done": 1, "more": False}


def test_a_call_leaves_one_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    make(call)
    must(call("CancelQueueItems", filter={"machineName": "build-01", "olderThanHours": 0}))

    rows = admin.execute(
        "select actor, procedure_name, entity, details from data.audit where action = 'Cancelled'"
    ).fetchall()

    assert rows == [
        (
            "bob@acme.example",
            "CancelQueueItems",
            "QueueItem",
            '1 of 1 item, chosen by {"machine_name": "build-01", "older_than_hours": 0}',
        )
    ]


@pytest.mark.parametrize("procedure", ["CancelQueueItems", "RetryQueueItems", "DeleteQueueItems"])
@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({}, (400, "taskIds or filter is missing: name the items, or give a filter with at least one member")),
        (
            {"filter": {}},
            (400, "taskIds or filter is missing: name the items, or give a filter with at least one member"),
        ),
        (
            {"taskIds": [ABSENT], "filter": {"queueName": "default"}},
            (400, "taskIds and filter are both given: choose the items by one of them"),
        ),
        ({"taskIds": []}, (400, "taskIds holds 0: 1 to 1,000 in one call")),
        ({"taskIds": [ABSENT] * 1001}, (400, "taskIds holds 1001: 1 to 1,000 in one call")),
        ({"taskIds": ["x"]}, (400, 'member "taskIds[0]" must be a UUID')),
        ({"filter": {"queue": "default"}}, (400, 'member "filter.queue" is unknown')),
        ({"filter": "all"}, (400, 'member "filter" must be an object')),
        (
            {"filter": {"status": ["DONE"]}},
            (400, f'member "filter.status[0]" must be one of {", ".join(LABELS)}'),
        ),
        (
            {"filter": {"metadata": [1]}},
            (400, "filter.metadata must be a JSON object: what the items' metadata must contain"),
        ),
        ({"filter": {"olderThanHours": -1}}, (400, "filter.olderThanHours is -1: 0 to 87600 are possible")),
        ({"filter": {"olderThanHours": 87601}}, (400, "filter.olderThanHours is 87601: 0 to 87600 are possible")),
        (
            {"filter": {"createdAfter": "yesterday"}},
            (400, 'member "filter.createdAfter" must be a time, ISO 8601, such as 2030-01-31T12:00:00Z'),
        ),
        ({"filter": {"queueName": "nothing"}}, (404, "queue nothing not found in these teams")),
        ({"filter": {"machineName": "dev-01"}}, (404, "machine dev-01 not found in these teams")),
        ({"filter": {"queueName": "default"}, "teamName": "dev"}, (403, "you are not a member of team dev")),
        ({"filter": {"queueName": "default"}, "teamName": "nowhere"}, (404, "team nowhere not found")),
    ],
)
def test_refuses_what_it_cannot_understand(
    call: Caller, queue_item: MakeItem, procedure: str, members: dict[str, Any], refusal: tuple[int, str]
) -> None:
    queue_id = queue_item("CANCELLED")

    reply = call(procedure, **members)

    assert (reply.failure, reply.errors) == (refusal[0], [refusal[1]])
    assert status_of(call, queue_id) == "CANCELLED"


@pytest.mark.parametrize("procedure", ["CancelQueueItems", "RetryQueueItems", "DeleteQueueItems"])
@pytest.mark.parametrize(("caller", "team"), [("carol", None), ("gina", None), ("gina", "ops"), ("ann", "dev")])
def test_items_of_others_are_not_found(
    call: Caller, queue_item: MakeItem, procedure: str, caller: str, team: str | None
) -> None:
    queue_id = queue_item(status="CANCELLED" if procedure == "RetryQueueItems" else "PENDING")
    task_id = task_of(call, queue_id)
    before = call("GetQueueItemTrace", queueId=queue_id).rows

    named = must(call(procedure, _as=caller, teamName=team, taskIds=[task_id]))
    filtered = must(call(procedure, _as=caller, teamName=team, filter={"queueName": "default"}))

    assert named.rows[0] | {"done": False, "reason": f"queue item {task_id} not found"} == named.rows[0]
    assert filtered.rows == []
    assert call("GetQueueItemTrace", queueId=queue_id).rows == before


def test_what_stops_matching_while_the_call_waits_is_left_alone(
    call: Caller, queue_item: MakeItem, database: str
) -> None:
    queue_id = queue_item()

    replies = meet(
        database,
        "select from data.queue_item for update",
        [lambda: call("CancelQueueItems", filter={"status": ["PENDING"]})] * 2,
    )

    assert sorted(reply.outputs["matched"] for reply in replies) == [0, 1]
    assert [row["event"] for row in call("GetQueueItemTrace", queueId=queue_id).rows] == ["CREATED", "CANCELLED"]


def test_two_calls_that_name_the_same_items_in_other_orders_do_not_wait_for_each_other(
    call: Caller, queue_item: MakeItem, database: str
) -> None:
    tasks = [task_of(call, queue_item()) for _ in range(3)]

    replies = meet(
        database,
        "select from data.queue_item for update",
        [lambda order=order: call("CancelQueueItems", taskIds=order) for order in (tasks, tasks[::-1])],  # type: ignore[misc]
    )

    assert sorted(reply.outputs["done"] for reply in replies) == [0, 3]


def test_an_item_named_twice_is_one_item(call: Caller, queue_item: MakeItem) -> None:
    task_id = task_of(call, queue_item())

    reply = must(call("CancelQueueItems", taskIds=[task_id, task_id.upper()]))

    assert (len(reply.rows), reply.outputs["matched"]) == (1, 1)


@pytest.mark.parametrize("procedure", ["CancelQueueItems", "DeleteQueueItems"])
def test_items_that_depend_on_each_other_end_as_the_call_says(
    call: Caller, admin: psycopg.Connection, procedure: str
) -> None:
    needed = make(call)
    dependant = make(call, dependsOn=[needed["taskId"]])
    last = make(call, dependsOn=[dependant["taskId"], needed["taskId"]], runAnyway=True)
    left = make(call, dependsOn=[needed["taskId"]])
    tasks = [row["taskId"] for row in (needed, dependant, last)]

    rehearsed = said(call(procedure, taskIds=tasks, dryRun=True))
    done = said(call(procedure, taskIds=tasks))

    assert rehearsed == done == {row["queueId"]: None for row in (needed, dependant, last)}
    ends = admin.execute("select queue_id, status::text from data.queue_item order by queue_id").fetchall()
    cancelled = [(row["queueId"], "CANCELLED") for row in (needed, dependant, last)]
    assert ends == [*(cancelled if procedure == "CancelQueueItems" else []), (left["queueId"], "FAILED")]


def test_only_those_of_one_state_are_cancelled_when_asked_so(call: Caller, one_of_each: dict[str, int]) -> None:
    tasks = [task_of(call, queue_id) for queue_id in one_of_each.values()]

    reply = call("CancelQueueItems", taskIds=tasks, onlyStatus="PENDING", force=True)

    assert said(reply) == {
        queue_id: None if status == "PENDING" else f"queue item {queue_id} is {status}"
        for status, queue_id in one_of_each.items()
    }
    assert status_of(call, one_of_each["ASSIGNED"]) == "ASSIGNED"
