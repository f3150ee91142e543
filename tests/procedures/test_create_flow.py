"""CreateFlow."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.flows import Members, create, flow_of, task
from tests.jobs import claim
from tests.queues import new_queue
from tests.world import Caller, must


def count_items(admin: psycopg.Connection) -> int:
    [(count,)] = admin.execute("select count(*) from data.queue_item").fetchall()
    assert isinstance(count, int)
    return count


def test_makes_items_and_tells_of_them_in_the_order_given(call: Caller) -> None:
    reply = must(create(call, task("c", "b"), task("b", "a"), task("a")))

    flow = reply.row
    assert [(row["name"], row["status"]) for row in reply.table(2)] == [
        ("c", "BLOCKED"),
        ("b", "BLOCKED"),
        ("a", "QUEUED"),
    ]
    assert {**flow, "flowId": 0, "createdTime": 0, "updatedTime": 0} == {
        "flowId": 0,
        "teamName": "ops",
        "queueName": "default",
        "status": "QUEUED",
        "taskCount": 3,
        "finishedCount": 0,
        "createdTime": 0,
        "updatedTime": 0,
    }
    assert flow["createdTime"] == flow["updatedTime"]
    assert claim(call)["taskId"] == reply.table(2)[2]["taskId"]


def test_all_of_it_is_in_the_queue_named_and_in_its_pool_where_no_machine_is(call: Caller) -> None:
    new_queue(call, "mail", maxRetries=2, timeoutSeconds=60)

    made = must(create(call, task("a", machineName=None), queueName="MAIL"))

    assert made.row["queueName"] == "mail"
    [item] = call("GetTeamQueueItems", teamName="ops").rows
    assert (item["queueName"], item["machineName"], item["retries"], item["timeoutSeconds"]) == ("mail", None, 2, 60)


def test_takes_a_thousand(call: Caller) -> None:
    tasks = [task(f"n{number}", *([f"n{number - 1}"] if number else [])) for number in range(1000)]

    reply = must(create(call, *tasks))

    assert [row["name"] for row in reply.table(2)] == [each["name"] for each in tasks]
    assert reply.row["taskCount"] == 1000


@pytest.mark.parametrize(("count", "refusal"), [(0, "items holds 0: 1 to 1,000 in one call"), (1001, "1000 entries")])
def test_takes_no_more_and_no_less(call: Caller, admin: psycopg.Connection, count: int, refusal: str) -> None:
    reply = create(call, *(task(f"n{number}") for number in range(count)))

    assert reply.failure == 400
    assert refusal in reply.errors[0]
    assert count_items(admin) == 0


@pytest.mark.parametrize(
    ("wrong", "failure", "refusal"),
    [
        ({"name": None}, 400, "items[1]: name is missing: the tasks of a flow have names"),
        ({"queueName": "default"}, 400, "items[1] (b): queueName is given: a task is in the queue of its flow"),
        ({"name": "a"}, 400, "items[1] (a): name is given twice"),
        ({"dependsOn": ["b"]}, 400, "items[1] (b): dependsOn names the item itself"),
        (
            {"dependsOn": ["z"]},
            400,
            "items[1] (b): dependsOn names z, which is neither an item of this batch nor a taskId",
        ),
        ({"machineName": "dev-01"}, 404, "items[1] (b): machine dev-01 not found in team ops"),
        ({"queueVault": None}, 400, "items[1] (b): queueVault is missing"),
        ({"backoff": {"never": {}}}, 400, "items[1] (b): backoff must be"),
    ],
)
def test_one_wrong_task_refuses_all(
    call: Caller, admin: psycopg.Connection, wrong: Members, failure: int, refusal: str
) -> None:
    reply = create(call, task("a"), {**task("b"), **wrong})

    assert reply.failure == failure
    assert reply.errors[0].startswith(refusal)
    assert count_items(admin) == 0


def test_tasks_that_wait_for_each_other_are_refused(call: Caller, admin: psycopg.Connection) -> None:
    reply = create(call, task("a", "c"), task("b", "a"), task("c", "b"))

    assert reply.failure == 400
    assert reply.errors[0].startswith("items depend on each other: items[")
    assert count_items(admin) == 0


@pytest.mark.parametrize(
    ("caller", "members", "refusal"),
    [
        ("bob", {"queueName": "nothing"}, (404, "queue nothing not found in this team")),
        ("bob", {"teamName": "nothing"}, (404, "team nothing not found")),
        ("carol", {}, (403, "you are not a member of team ops")),
        ("build-01", {}, (403, "agent build-01 may not call CreateFlow")),
    ],
)
def test_refuses_what_is_not_the_callers(
    call: Caller, admin: psycopg.Connection, caller: str, members: dict[str, Any], refusal: tuple[int, str]
) -> None:
    reply = create(call, task("a"), _as=caller, **members)

    assert (reply.failure, reply.errors[0]) == refusal
    assert count_items(admin) == 0


def test_a_queue_of_another_team_is_not_there(call: Caller) -> None:
    must(call("CreateQueue", _as="carol", teamName="dev", queueName="theirs"))

    assert create(call, task("a"), queueName="theirs").failure == 404


def test_the_same_key_and_body_give_the_same_flow(call: Caller, admin: psycopg.Connection) -> None:
    tasks = task("b", "a"), task("a")

    first, second = create(call, *tasks, key="k"), create(call, *tasks, key="k")
    other = create(call, task("a"), key="k")

    assert second.table(1) == first.table(1)
    assert second.table(2) == first.table(2)
    assert other.failure == 409
    assert count_items(admin) == 2


def test_a_batch_under_the_same_key_is_another_body(call: Caller) -> None:
    flow_id = create(call, task("a"), key="k").row["flowId"]

    batch = call(
        "CreateQueueItems",
        _headers={"Idempotency-Key": "k"},
        teamName="ops",
        items=[task("a", queueName="default")],
    )

    assert batch.failure == 409
    assert flow_of(call, flow_id)[0] == "QUEUED"


def test_may_need_items_outside_of_it(call: Caller) -> None:
    outside = must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}")).row["taskId"]

    made = must(create(call, task("a", outside)))

    assert made.table(2)[0]["status"] == "BLOCKED"
    assert create(call, task("a", str(uuid4()))).failure == 404
