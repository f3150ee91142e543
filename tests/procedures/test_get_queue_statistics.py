"""GetQueueStatistics: what waits and runs, and how the last hour went."""

import json
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.test_plans import EXPLAIN, nodes
from tests.world import Caller, MakeItem, must

COUNTS = ("waiting", "held", "assigned", "processing", "cancelling", "completed", "failed", "cancelled")
OLD = """
    insert into data.queue_item (company_id, task_id, team_id, policy_id, lane_id, machine_id, status, request_vault_id,
        vault_queue_id, created_by, created_time, ready_time, started_time, finished_time)
    select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, status, request_vault_id, queue_id,
           created_by, created_time - interval '3 h', ready_time - interval '3 h', ready_time - interval '3 h',
           finished_time - interval '2 h'
    from data.queue_item
    cross join generate_series(1, %s)
    where queue_id = %s
"""


def statistics(call: Caller, **members: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of the queues, and their total."""
    reply = must(call("GetQueueStatistics", **members))
    [total] = reply.table(2)
    return reply.rows, total


def counts(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[f"{name}Count"] for name in COUNTS if row[f"{name}Count"]}


def test_an_empty_queue_has_zeros_and_no_times(call: Caller) -> None:
    [row], total = statistics(call)

    assert (row["teamName"], row["queueName"]) == ("ops", "default")
    assert counts(row) == {}
    assert (row["createdPerMinute"], row["startedPerMinute"], row["finishedPerMinute"]) == (0, 0, 0)
    assert [value for name, value in row.items() if "econds" in name or name == "oldestWaitingTime"] == [None] * 6
    assert total == {**row, "teamName": None, "queueName": None}


def test_items_are_counted_by_what_they_do(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "ASSIGNED", "CANCELLING", "PENDING"):
        queue_item(status=status)
    must(
        call(
            "CreateQueueItem",
            teamName="ops",
            machineName="build-01",
            queueVault="{}",
            notBefore="2030-01-01T00:00:00Z",
        )
    )

    [row], _ = statistics(call, teamName="ops")

    assert counts(row) == {**dict.fromkeys(COUNTS, 1), "completed": 2}
    assert row["createdPerMinute"] == round(9 / 60, 2)
    assert row["startedPerMinute"] == round(5 / 60, 2)
    assert row["finishedPerMinute"] == round(4 / 60, 2)


def test_finished_items_count_for_an_hour(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_item(status="COMPLETED")
    queue_item()
    clock.advance(minutes=59)
    assert counts(statistics(call)[1]) == {"waiting": 1, "completed": 1}

    clock.advance(minutes=2)

    _, total = statistics(call)
    assert counts(total) == {"waiting": 1}
    assert (total["createdPerMinute"], total["startedPerMinute"], total["finishedPerMinute"]) == (0, 0, 0)
    assert 3660 <= total["oldestWaitingSeconds"] < 3720


def test_times_are_the_least_that_half_and_nearly_all_did_not_exceed(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_ids = [queue_item(status="COMPLETED") for _ in range(10)]
    for number, queue_id in enumerate(queue_ids, 1):
        admin.execute(
            "update data.queue_item set ready_time = assigned_time - make_interval(secs => %(n)s), "
            "started_time = finished_time - make_interval(secs => 10 * %(n)s) where queue_id = %(id)s",
            {"n": number, "id": queue_id},
        )

    [row], _ = statistics(call)

    assert (row["waitingP50Seconds"], row["waitingP99Seconds"]) == (5, 10)
    assert (row["runningP50Seconds"], row["runningP99Seconds"]) == (50, 100)


def test_queues_have_a_row_each_and_a_total(call: Caller, queue_item: MakeItem) -> None:
    must(call("CreateQueue", teamName="ops", queueName="mail"))
    queue_item()
    must(call("CreateQueueItem", teamName="ops", queueName="mail", queueVault="{}"))

    rows, total = statistics(call, teamName="ops")

    assert [(row["queueName"], counts(row)) for row in rows] == [("default", {"waiting": 1}), ("mail", {"waiting": 1})]
    assert counts(total) == {"waiting": 2}
    [row], total = statistics(call, queueName="MAIL")
    assert (row["queueName"], counts(total)) == ("mail", {"waiting": 1})


def test_a_machine_has_what_waits_for_it_and_what_it_took(call: Caller, queue_item: MakeItem) -> None:
    queue_item(status="COMPLETED")
    queue_item(machine="build-02")
    must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault="{}"))

    assert counts(statistics(call, machineName="build-01")[1]) == {"completed": 1}
    assert counts(statistics(call, machineName="build-02")[1]) == {"waiting": 1}


def test_others_are_not_counted(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    assert counts(statistics(call, _as="gina")[1]) == {}
    assert counts(statistics(call, _as="carol")[1]) == {}


def test_an_unknown_team_has_no_queues(call: Caller) -> None:
    rows, total = statistics(call, teamName="nowhere")

    assert rows == []
    assert counts(total) == {}


@pytest.mark.parametrize(
    ("members", "status", "message"),
    [
        ({"teamName": "dev"}, 403, "you are not a member of team dev"),
        ({"queueName": "nothing"}, 404, "queue nothing not found in these teams"),
        ({"machineName": "dev-01"}, 404, "machine dev-01 not found in these teams"),
    ],
)
def test_what_is_not_the_callers_is_refused(call: Caller, members: dict[str, Any], status: int, message: str) -> None:
    reply = call("GetQueueStatistics", **members)

    assert (reply.failure, reply.errors) == (status, [message])


def test_history_costs_nothing(call: Caller, queue_item: MakeItem, admin: psycopg.Connection, database: str) -> None:
    queue_id = queue_item(status="CANCELLED")
    queue_item(status="COMPLETED")
    admin.execute(OLD, [100_000, queue_id])
    admin.execute("analyze data.queue_item")

    with psycopg.connect(database, autocommit=True) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute(EXPLAIN)
        connection.execute(
            "select queue.recent_items(company_id, array(select policy_id from data.queue_policy), null, "
            "data.clock() - interval '1 h') from data.company where company_name = 'Acme'"
        )
    plans = [json.loads(notice.partition("plan:\n")[2])["Plan"] for notice in notices if "plan:" in notice]
    read = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") == "queue_item"]
    total = statistics(call)[1]
    admin.execute("delete from data.queue_item where vault_queue_id = %s", [queue_id])

    assert counts(total) == {"completed": 1, "cancelled": 1}
    assert {node.get("Index Name") for node in read} == {
        "queue_item_waiting",
        "queue_item_held_lane",
        "queue_item_live",
        "queue_item_finished",
    }


def test_the_queues_of_a_team_stand_in_the_order_of_their_names(call: Caller) -> None:
    for name in ("zebra", "ant", "mole"):
        must(call("CreateQueue", teamName="ops", queueName=name))

    rows, _ = statistics(call, teamName="ops")

    assert [row["queueName"] for row in rows] == ["ant", "default", "mole", "zebra"]


def test_queues_come_by_team_then_by_name(call: Caller) -> None:
    for name in ("mail", "build"):
        must(call("CreateQueue", teamName="ops", queueName=name))

    rows, _ = statistics(call, _as="ann")

    assert [(row["teamName"], row["queueName"]) for row in rows] == [
        ("Private Team", "default"),
        ("dev", "default"),
        ("ops", "build"),
        ("ops", "default"),
        ("ops", "mail"),
    ]
