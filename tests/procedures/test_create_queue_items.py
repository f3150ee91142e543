"""CreateQueueItems."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.jobs import claim, complete, item_of, trace_of
from tests.world import Caller, Reply, must

JOB = '{"handler":"shell","argv":["true"]}'

Members = dict[str, Any]


def order(called: str | None = None, *needs: str, **members: Any) -> Members:
    """One item of a batch, for build-01."""
    return {
        "machineName": "build-01",
        "queueVault": JOB,
        **({"name": called} if called else {}),
        **({"dependsOn": list(needs)} if needs else {}),
        **members,
    }


def create(call: Caller, *orders: Members, key: str | None = None, **members: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else None
    return call("CreateQueueItems", _headers=headers, **{"teamName": "ops", "items": list(orders), **members})


def count_items(admin: psycopg.Connection) -> int:
    [(count,)] = admin.execute("select count(*) from data.queue_item").fetchall()
    assert isinstance(count, int)
    return count


def test_queues_jobs_and_answers_in_the_order_given(call: Caller) -> None:
    rows = must(create(call, order("b"), order("a", machineName="build-02", priority=1))).rows

    assert [list(row) for row in rows] == [
        ["queueId", "taskId", "name", "machineName", "queueName", "status", "priority"]
    ] * 2
    assert [(row["name"], row["machineName"], row["priority"]) for row in rows] == [
        ("b", "build-01", 3),
        ("a", "build-02", 1),
    ]
    assert {(row["queueName"], row["status"]) for row in rows} == {("default", "PENDING")}


def test_each_item_has_its_own_job(call: Caller) -> None:
    made = must(create(call, *(order(queueVault=json.dumps({"n": number})) for number in range(3)))).rows

    claimed = call("GetQueueItemsNext", _as="build-01", itemCount=9).rows

    assert [(row["queueId"], row["vaultContent"]) for row in claimed] == [
        (row["queueId"], json.dumps({"n": number})) for number, row in enumerate(made)
    ]


def test_takes_a_thousand(call: Caller, admin: psycopg.Connection) -> None:
    rows = must(create(call, *(order(f"n{number}") for number in range(1000)))).rows

    assert [row["name"] for row in rows] == [f"n{number}" for number in range(1000)]
    assert [row["queueId"] for row in rows] == sorted(row["queueId"] for row in rows)
    assert count_items(admin) == 1000


@pytest.mark.parametrize(("count", "refusal"), [(0, "items holds 0: 1 to 1,000 in one call"), (1001, "1000 entries")])
def test_takes_no_more_and_no_less(call: Caller, admin: psycopg.Connection, count: int, refusal: str) -> None:
    reply = create(call, *[order()] * count)

    assert reply.failure == 400
    assert refusal in reply.errors[0]
    assert count_items(admin) == 0


@pytest.mark.parametrize(
    ("wrong", "failure", "refusal"),
    [
        ({"machineName": "nothing"}, 404, "machine nothing not found in team ops"),
        ({"machineName": "dev-01"}, 404, "machine dev-01 not found in team ops"),
        ({"queueName": "nothing"}, 404, "queue nothing not found in this team"),
        ({"machineName": None}, 400, "machineName or queueName is missing: name the machine, or the queue whose pool"),
        ({"labels": {"os": "linux"}}, 400, "machineName and labels are both given"),
        ({"metadata": {"a": "x" * 4096}}, 400, "metadata must be a JSON object of at most 4 KiB"),
        ({"maxAttempts": 2, "retries": 2}, 400, "maxAttempts is 2: 2 retries need at least 3"),
        ({"notBefore": "2199-01-01T00:00:00Z"}, 400, "notBefore is more than ten years ahead"),
        ({"backoff": {"never": {}}}, 400, "backoff"),
        ({"queueVault": None}, 400, "queueVault is missing"),
        ({"dependsOn": ["nobody"]}, 400, "dependsOn names nobody, which is neither an item of this batch nor a taskId"),
        ({"dependsOn": ["last"]}, 400, "dependsOn names the item itself"),
        ({"dependsOn": [str(uuid4())] * 101}, 400, "dependsOn holds 101: an item can depend on 100"),
        ({"name": "first"}, 400, "name is given twice"),
    ],
)
def test_one_wrong_item_refuses_all_and_is_named(
    call: Caller, admin: psycopg.Connection, wrong: Members, failure: int, refusal: str
) -> None:
    last = order("last", **wrong)

    reply = create(call, order("first"), order(), last)

    assert reply.failure == failure
    [error] = reply.errors
    assert error.startswith(f"items[2] ({last['name']}): {refusal}")
    assert count_items(admin) == 0


def test_says_what_is_wrong_in_the_form_of_a_member(call: Caller) -> None:
    reply = create(call, order(), order(priority=9))

    assert (reply.failure, reply.errors) == (400, ['member "items[1].priority" must be a whole number from 1 to 5'])


def test_takes_the_task_ids_that_the_caller_gives_once(call: Caller, admin: psycopg.Connection) -> None:
    task_id = str(uuid4())

    twice = create(call, order(taskId=task_id), order(taskId=task_id))
    made = create(call, order(taskId=task_id))
    again = create(call, order(), order(taskId=task_id))

    assert (twice.failure, twice.errors) == (400, [f"items[1]: taskId {task_id} is given twice"])
    assert made.row["taskId"] == task_id
    assert (again.failure, again.errors) == (409, [f"items[1]: taskId {task_id} is taken"])
    assert count_items(admin) == 1


@pytest.mark.parametrize(
    ("caller", "refusal"),
    [
        ("carol", (403, ["you are not a member of team ops"])),
        ("build-01", (403, ["agent build-01 may not call CreateQueueItems"])),
    ],
)
def test_refuses_who_may_not(
    call: Caller, admin: psycopg.Connection, caller: str, refusal: tuple[int, list[str]]
) -> None:
    reply = create(call, order(), _as=caller)

    assert reply.failure == refusal[0]
    assert count_items(admin) == 0


def test_the_same_key_and_body_give_the_same_items(call: Caller, admin: psycopg.Connection) -> None:
    batch = [order("b", "a", metadata={"n": 1}), order("a")]

    first = must(create(call, *batch, key="k"))
    again = must(create(call, *batch, key="k"))

    assert again.body == first.body
    assert count_items(admin) == 2


@pytest.mark.parametrize(
    "other", [{"queueVault": JOB + " "}, {"priority": 1}, {"metadata": {}}, {"name": "b"}, {"machineName": "build-02"}]
)
def test_refuses_a_key_with_another_body(call: Caller, admin: psycopg.Connection, other: Members) -> None:
    must(create(call, order("a"), order(), key="k"))

    reply = create(call, order("a", **other) if "name" not in other else order("b"), order(), key="k")

    assert (reply.failure, reply.errors) == (409, ["Idempotency-Key k was used with another body"])
    assert count_items(admin) == 2


def test_a_key_of_one_item_is_no_key_of_a_batch(call: Caller, admin: psycopg.Connection) -> None:
    must(create(call, order(), key="k"))

    reply = call("CreateQueueItem", _headers={"Idempotency-Key": "k"}, teamName="ops", **order())

    assert reply.failure == 409
    assert count_items(admin) == 1


def test_says_that_an_item_of_a_key_was_deleted(call: Caller) -> None:
    rows = must(create(call, order(), order(), key="k")).rows
    must(call("DeleteQueueItem", queueId=rows[1]["queueId"]))

    reply = create(call, order(), order(), key="k")

    assert reply.failure == 409
    assert reply.errors == [f"Idempotency-Key k made queue item {rows[1]['queueId']}, which was deleted"]


def test_what_is_needed_gets_the_smaller_number_wherever_it_stands(call: Caller) -> None:
    rows = must(create(call, order("c", "b", "a"), order("b", "a"), order("a"), order("z"))).rows

    numbers = {row["name"]: row["queueId"] for row in rows}
    assert [row["name"] for row in rows] == ["c", "b", "a", "z"]
    assert numbers["a"] < numbers["b"] < numbers["c"]


def test_runs_what_waits_when_all_it_needs_is_completed(call: Caller) -> None:
    must(create(call, order("c", "a", "b"), order("a"), order("b")))

    first, second = claim(call), claim(call)
    assert call("GetQueueItemsNext", _as="build-01").rows == []
    must(complete(call, first))
    assert call("GetQueueItemsNext", _as="build-01").rows == []
    must(complete(call, second))

    assert len(call("GetQueueItemsNext", _as="build-01").rows) == 1


def test_needs_items_that_were_there_before(call: Caller) -> None:
    before = must(create(call, order())).row

    made = must(create(call, order(None, before["taskId"].upper()))).row

    assert claim(call)["queueId"] == before["queueId"]
    assert call("GetQueueItemsNext", _as="build-01").rows == []
    assert item_of(call, made["queueId"])["status"] == "PENDING"


def test_needs_an_item_of_the_batch_by_its_task_id(call: Caller) -> None:
    task_id = str(uuid4())

    rows = must(create(call, order(None, task_id), order(taskId=task_id))).rows

    assert rows[1]["queueId"] < rows[0]["queueId"]


@pytest.mark.parametrize("caller", ["bob", "ann"])
def test_an_item_of_another_team_or_company_is_like_an_absent_one(
    call: Caller, admin: psycopg.Connection, caller: str
) -> None:
    theirs = must(call("CreateQueueItem", _as="gina", teamName="ops", **order())).row["taskId"]
    other = must(call("CreateQueueItem", _as="carol", teamName="dev", **order(machineName="dev-01"))).row["taskId"]
    absent = str(uuid4())

    for task_id in (theirs, other, absent):
        reply = create(call, order("n", task_id), _as=caller)

        assert (reply.failure, reply.errors) == (404, [f"items[0] (n): dependsOn: queue item {task_id} not found"])
    assert count_items(admin) == 2


def test_names_the_items_that_wait_for_each_other(call: Caller, admin: psycopg.Connection) -> None:
    reply = create(call, order("free"), order("a", "c"), order("b", "a"), order("c", "b"), order("d", "c"))

    assert reply.failure == 400
    [error] = reply.errors
    assert error.startswith("items depend on each other: items[")
    assert {f"({name})" in error for name in "abc"} == {True}
    assert "(d)" not in error
    assert "(free)" not in error
    assert count_items(admin) == 0


def test_sorts_a_long_chain_given_backwards(call: Caller) -> None:
    chain = [order(f"n{number}", *([f"n{number + 1}"] if number < 999 else [])) for number in range(1000)]

    rows = must(create(call, *chain)).rows

    numbers = [row["queueId"] for row in rows]
    assert numbers == sorted(numbers, reverse=True)


def test_a_long_chain_fails_as_a_whole(call: Caller, admin: psycopg.Connection) -> None:
    chain = [order(f"n{number}", *([f"n{number - 1}"] if number else [])) for number in range(1000)]
    first = must(create(call, *chain)).rows[0]

    must(call("CancelQueueItem", queueId=first["queueId"]))

    ended = admin.execute("select status::text, failure_reason::text, count(*) from data.queue_item group by 1, 2")
    assert sorted(ended.fetchall(), key=str) == [("CANCELLED", None, 1), ("FAILED", "DEPENDENCY", 999)]


def test_each_new_item_has_its_event(call: Caller) -> None:
    rows = must(create(call, order("b", "a"), order("a"))).rows

    assert [trace_of(call, row["queueId"]) for row in rows] == [["CREATED"], ["CREATED"]]


def test_a_repeated_key_answers_its_own_batch_whoever_else_used_keys(call: Caller) -> None:
    def batch(key: str, caller: str) -> list[int]:
        return [row["queueId"] for row in must(create(call, order(), key=key, _as=caller)).rows]

    made = {(key, caller): batch(key, caller) for key in ("k", "l") for caller in ("bob", "ann")}

    assert {(key, caller): batch(key, caller) for key, caller in made} == made
