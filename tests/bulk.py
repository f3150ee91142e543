"""Calls for many items: the items they are about, and how their answers are read."""

from typing import Any

import psycopg

from tests.world import Caller, Reply, must

QUEUE = """
    insert into data.queue_policy (
        company_id, policy_uuid, team_id, queue_name, max_retries, backoff, created_time)
    select company_id, gen_random_uuid(), team_id, %s, 0, '{"fixed": {"delayMs": 1000}}', data.clock()
    from data.team
    where team_name = %s and company_id = 1
"""
MANY = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, vault_queue_id, created_by,
        created_time, ready_time)
    select item.company_id, gen_random_uuid(), item.team_id, item.policy_id, item.lane_id, item.machine_id,
           item.request_vault_id, item.queue_id, item.created_by, item.created_time, item.created_time
    from data.queue_item as item
    cross join generate_series(1, %(count)s)
    where item.queue_id = %(queue_id)s
"""


def add_queue(admin: psycopg.Connection, name: str, team: str = "ops") -> None:
    """A queue of Acme without limits."""
    admin.execute(QUEUE, [name, team])


def add_many(admin: psycopg.Connection, queue_id: int, count: int) -> None:
    """So many more items like this one, which share its vault."""
    admin.execute(MANY, {"queue_id": queue_id, "count": count})


def make(call: Caller, _as: str = "bob", **members: Any) -> dict[str, Any]:
    """A new item of ops, on build-01 unless the call names another machine or a queue."""
    if "queueName" not in members:
        members = {"machineName": "build-01", **members}
    return must(call("CreateQueueItem", _as=_as, **{"teamName": "ops", "queueVault": "{}", **members})).row


def task_of(call: Caller, queue_id: int) -> str:
    """An item's other name."""
    task_id: str = call("GetQueueItemTrace", queueId=queue_id).rows[0]["taskId"]
    return task_id


def status_of(call: Caller, queue_id: int) -> str:
    status: str = must(call("GetQueueItemDetails", queueId=queue_id)).row["status"]
    return status


def said(reply: Reply) -> dict[int, str | None]:
    """Of each item found: null when it was done, else why not."""
    return {
        row["queueId"]: None if row["done"] else row["reason"] for row in must(reply).rows if row["queueId"] is not None
    }
