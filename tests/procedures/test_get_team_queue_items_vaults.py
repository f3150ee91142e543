"""GetTeamQueueItems: what a listing does with plans, with vaults that do not open, and with more than it may send."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.world import Caller, MakeItem, must

ALTER = """
    update data.vault_record
    set content = set_byte(content, 30, get_byte(content, 30) # 1)
    where vault_record_id = (select {} from data.queue_item where queue_id = %s)
"""
MULTIPLY = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, vault_queue_id, created_by,
        created_time, ready_time)
    select item.company_id, gen_random_uuid(), item.team_id, item.policy_id, item.lane_id, item.machine_id,
           item.request_vault_id, item.queue_id, item.created_by, item.created_time, item.ready_time
    from data.queue_item as item
    cross join generate_series(1, %s)
"""


@pytest.mark.parametrize("plan", ["COMMUNITY", "ADVANCED"])
def test_plans_without_priority_neither_show_it_nor_filter_nor_sort_by_it(
    call: Caller, admin: psycopg.Connection, plan: str
) -> None:
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
    filters: list[dict[str, Any]] = [{}, {"priority": 1}, {"minPriority": 2}, {"maxPriority": 1}]
    admin.execute("update data.company set plan = %s", [plan])
    made = [call("CreateQueueItem", priority=level, **place).row["queueId"] for level in (1, 5, 3)]

    for members in filters:
        rows = call("GetTeamQueueItems", **members).rows
        assert [row["queueId"] for row in rows] == made[::-1]
        assert {(row["priority"], row["priorityLabel"]) for row in rows} == {(None, None)}


def test_a_vault_that_does_not_open_is_null_and_marked_and_the_rest_is_served(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    broken, whole = queue_item(), queue_item()
    admin.execute(ALTER.format("request_vault_id"), [broken])

    reply = call("GetTeamQueueItems")

    assert reply.status == 200
    rows = {row["queueId"]: row for row in reply.rows}
    assert (rows[broken]["vaultContent"], rows[broken]["vaultError"]) == (None, True)
    assert rows[whole]["vaultContent"] == '{"handler":"shell"}'
    assert "vaultError" not in rows[whole]
    assert reply.table(2)[0]["totalCount"] == 2


def test_an_answer_that_does_not_open_leaves_the_request_readable(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item(status="COMPLETED")
    admin.execute(ALTER.format("response_vault_id"), [queue_id])

    row = call("GetTeamQueueItems").row

    assert (row["vaultContent"], row["vaultContentResponse"], row["vaultError"]) == ('{"handler":"shell"}', None, True)
    assert row["hasResponse"] == 1


def test_an_unreadable_vault_is_told_in_the_trace_once_a_minute(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
) -> None:
    queue_id = queue_item()
    admin.execute(ALTER.format("request_vault_id"), [queue_id])
    must(call("GetTeamQueueItems"))
    must(call("GetTeamQueueItems"))
    clock.advance(seconds=61)
    must(call("GetTeamQueueItems"))

    events = call("GetQueueItemTrace", queueId=queue_id).rows

    assert [(row["event"], row["details"]) for row in events] == [
        ("CREATED", None),
        ("VAULT_UNREADABLE", "a vault does not open"),
        ("VAULT_UNREADABLE", "a vault does not open"),
    ]


def test_vaults_of_two_items_that_were_swapped_do_not_open(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item(job="[1]")
    queue_item(job="[2]")
    admin.execute("""
        update data.vault_record as stored set content = other.content, wrapped_key = other.wrapped_key
        from data.vault_record as other
        where stored.owner_kind = 'queue_item' and other.owner_kind = 'queue_item'
          and stored.vault_record_id <> other.vault_record_id
    """)

    assert [row["vaultContent"] for row in call("GetTeamQueueItems").rows] == [None, None]


def test_more_than_32_mebibytes_are_cut_and_said_to_be(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    job = '"' + "x" * 262000 + '"'
    queue_item(job=job)
    admin.execute(MULTIPLY, [199])

    reply = call("GetTeamQueueItems")

    assert reply.outputs == {"truncated": True}
    assert 100 < len(reply.rows) < 160
    assert {row["vaultContent"] for row in reply.rows} == {job}
    assert reply.table(2)[0]["totalCount"] == 200
    assert call("GetTeamQueueItems", maxRecords=1).outputs == {}


def test_lists_ten_thousand_items(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item()
    admin.execute(MULTIPLY, [10000])

    reply = call("GetTeamQueueItems", maxRecords=10000)

    assert len({row["queueId"] for row in reply.rows}) == 10000
    assert reply.table(2)[0]["totalCount"] == 10001
    assert len(call("GetTeamQueueItems").rows) == 1000
