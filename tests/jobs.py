"""Queue items on their way through the broker, as the tests of the engine send them."""

from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from tests.world import Caller, Reply, must

ANSWER = '{"exitCode":0}'
ALL_ROWS = """
    select (to_jsonb(kept) - '{{late_vault_id,last_used_time}}'::text[])::text as line
    from data.{} as kept
    order by line
"""
WITHOUT_LATE_ANSWERS = """
    select to_jsonb(kept)::text as line
    from data.{} as kept
    where not exists (
        select from data.claim as claim
        where claim.company_id = kept.company_id
          and claim.late_vault_id = kept.vault_record_id)
    order by line
"""

Row = dict[str, Any]


def create(call: Caller, machine: str = "build-01", team: str = "ops", **members: Any) -> int:
    """A new item; bob's unless the call says otherwise."""
    members = {"queueVault": '{"handler":"shell"}', **members}
    queue_id: int = call("CreateQueueItem", teamName=team, machineName=machine, **members).row["queueId"]
    return queue_id


def claim(call: Caller, _as: str = "build-01", **members: Any) -> Row:
    """The one item that a claim of at most one gives; bob asks for build-01."""
    if _as == "bob":
        members = {"machineName": "build-01", **members}
    return call("GetQueueItemsNext", _as=_as, itemCount=1, **members).row


def beat(call: Caller, claimed: Row, _as: str = "build-01", **members: Any) -> Reply:
    """A heartbeat of one claimed item."""
    members = {"taskId": claimed["taskId"], "claimToken": claimed["claimToken"], **members}
    return call("UpdateQueueItemHeartbeat", _as=_as, **members)


def respond(call: Caller, claimed: Row, _as: str = "build-01", **members: Any) -> Reply:
    """A response to a claimed item."""
    members = {
        "taskId": claimed["taskId"],
        "claimToken": claimed["claimToken"],
        "responseVault": '{"progress":"half"}',
        **members,
    }
    return call("UpdateQueueItemResponse", _as=_as, **members)


def complete(call: Caller, claimed: Row, _as: str = "build-01", **members: Any) -> Reply:
    """The completion of a claimed item."""
    members = {
        "taskId": claimed["taskId"],
        "claimToken": claimed["claimToken"],
        "responseVault": ANSWER,
        "completionStatus": "SUCCESS",
        **members,
    }
    return call("UpdateQueueItemToCompleted", _as=_as, **members)


def give_back(call: Caller, *claimed: Row, _as: str = "build-01") -> Reply:
    """Return claimed items."""
    items = [{"taskId": row["taskId"], "claimToken": row["claimToken"]} for row in claimed]
    return call("ReturnQueueItems", _as=_as, items=items)


def item_of(call: Caller, queue_id: int, _as: str = "ann") -> Row:
    """An item as the listing shows it to ann, who sees every team."""
    rows = must(call("GetTeamQueueItems", _as=_as, maxRecords=10000)).rows
    [row] = [row for row in rows if row["queueId"] == queue_id]
    return row


def status_of(call: Caller, queue_id: int) -> str:
    status: str = item_of(call, queue_id)["status"]
    return status


def trace_of(call: Caller, queue_id: int) -> list[str]:
    """The events of an item, oldest first."""
    return [row["event"] for row in must(call("GetQueueItemTrace", _as="ann", queueId=queue_id)).rows]


def late_sentence(queue_id: int, status: str) -> str:
    """What is told to a worker that comes too late."""
    why = "the claim was replaced, ended or given back; nothing was changed"
    return f"too late for queue item {queue_id}: it is {status}, and {why}"


def lease_left(admin: psycopg.Connection, queue_id: int) -> timedelta:
    """How long the claim of an item still holds."""
    row = admin.execute(
        "select lease_until - data.clock() from data.queue_item where queue_id = %s", [queue_id]
    ).fetchone()
    assert row is not None
    left: timedelta = row[0]
    return left


def sweep(admin: psycopg.Connection) -> int:
    """Put back what has lost its lease; how many items."""
    return maintain(admin, "rescue_lost_leases")


def everything(admin: psycopg.Connection) -> dict[str, list[str]]:
    """Every row of every table of schema data, save what refusals leave: events, audit, late answers, use of tokens."""
    names = admin.execute("""
        select relname
        from pg_class
        where relnamespace = 'data'::regnamespace
          and relkind in ('r', 'p')
          and not relispartition
          and relname not in ('queue_event', 'audit', 'refusal_count', 'test_clock')
    """).fetchall()
    found = {}
    for (name,) in names:
        rows = admin.execute(
            sql.SQL(WITHOUT_LATE_ANSWERS if name == "vault_record" else ALL_ROWS).format(sql.Identifier(name))
        )
        found[name] = [line for (line,) in rows]
    return found


def maintain(admin: psycopg.Connection, procedure: str) -> int:
    """Run a procedure of schema maintenance that takes no arguments; how many items it changed."""
    row = admin.execute(sql.SQL("select maintenance.{}()").format(sql.Identifier(procedure))).fetchone()
    assert row is not None
    count: int = row[0]
    return count


def fail(call: Caller, claimed: Row, _as: str = "build-01", **members: Any) -> Reply:
    """The completion of a claimed item that reports a failure."""
    return complete(call, claimed, _as, **{"completionStatus": "FAILED", **members})
