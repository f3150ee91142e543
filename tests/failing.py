"""What the tests of failures look at and wait for."""

from typing import Any

import psycopg

from tests.conftest import Clock
from tests.jobs import maintain

QUICK = {"fixed": {"delayMs": 1000}}
LEASE_SECONDS = 30
TIMEOUT_SECONDS = 10
STATE = """
    select item.status::text, item.held::text, item.attempt, item.retry_count, item.failure_reason::text,
           extract(epoch from item.ready_time - data.clock())::float as wait, item.machine_id, item.response_vault_id,
           item.started_time
    from data.queue_item as item
    where item.queue_id = %s
"""


def state(admin: psycopg.Connection, queue_id: int) -> dict[str, Any]:
    """An item as it is; wait: seconds until it is ready."""
    cursor = admin.execute(STATE, [queue_id])
    row = cursor.fetchone()
    assert row is not None
    assert cursor.description
    return {column.name: value for column, value in zip(cursor.description, row, strict=True)}


def details_of_retries(admin: psycopg.Connection, queue_id: int) -> list[str]:
    """What the trace says of each retry."""
    rows = admin.execute(
        "select details from data.queue_event where queue_id = %s and event = 'RETRY_SCHEDULED' order by event_id",
        [queue_id],
    )
    return [details for (details,) in rows]


def release(admin: psycopg.Connection, clock: Clock, seconds: float) -> int:
    """Let time go, and then the items whose moment has come; how many."""
    clock.advance(seconds=seconds)
    return maintain(admin, "release_due")
