"""GetQueueItemAttempts, and the same in the trace and the details of an item: each attempt and how it ended."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.failing import LEASE_SECONDS, release, state
from tests.jobs import beat, claim, complete, create, fail, give_back, respond, sweep
from tests.world import Caller, must

ENDS = ("attempt", "outcome", "failureReason", "hasResponse", "hasLateResponse")
SHOWN = [("GetQueueItemAttempts", 1), ("GetQueueItemTrace", 2)]


def ends(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in ENDS) for row in rows]


def test_tells_of_each_attempt_how_it_ended_and_whether_its_answer_is_kept(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    queue_id = create(call, retries=1, maxAttempts=5)
    must(give_back(call, claim(call)))
    lost = claim(call, leaseSeconds=LEASE_SECONDS)
    must(beat(call, lost))
    clock.advance(seconds=LEASE_SECONDS + 1)
    sweep(admin)
    must(fail(call, claim(call)))
    assert beat(call, lost).failure == 409
    assert complete(call, lost).failure == 409
    release(admin, clock, seconds=2)
    must(respond(call, claim(call, "bob"), "bob"))

    rows = must(call("GetQueueItemAttempts", queueId=queue_id)).rows

    assert ends(rows) == [
        (1, "RETURNED", None, False, False),
        (1, "LOST", "LOST", False, True),
        (2, "FAILED", "REPORTED", True, False),
        (3, None, None, True, False),
    ]
    assert [row["claimNumber"] for row in rows] == [1, 2, 3, 4]
    assert {row["machineName"] for row in rows} == {"build-01"}
    assert [row["actor"] for row in rows] == ["agent build-01"] * 3 + ["bob@acme.example"]
    assert [row["endedTime"] is None for row in rows] == [False, False, False, True]
    assert [row["firstSignTime"] is None for row in rows] == [True, False, False, False]


@pytest.mark.parametrize(("procedure", "table"), SHOWN)
def test_the_trace_shows_the_same(call: Caller, procedure: str, table: int) -> None:
    queue_id = create(call)
    must(fail(call, claim(call)))

    rows = must(call(procedure, queueId=queue_id)).table(table)

    assert ends(rows) == [(1, "FAILED", "REPORTED", True, False)]


def test_an_item_that_nobody_has_had_has_none(call: Caller) -> None:
    queue_id = create(call)

    assert call("GetQueueItemAttempts", queueId=queue_id).rows == []


def test_the_details_say_when_a_retry_comes(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    queue_id = create(call, retries=2, backoff={"fixed": {"delayMs": 60_000}})
    must(fail(call, claim(call)))
    waiting = must(call("GetQueueItemDetails", queueId=queue_id)).table(1)[0]
    left = state(admin, queue_id)["wait"]
    release(admin, clock, seconds=61)
    ready = must(call("GetQueueItemDetails", queueId=queue_id)).table(1)[0]

    assert (waiting["retriesUsed"], waiting["retries"]) == (1, 2)
    assert waiting["notBefore"] is not None
    assert 50 < left <= 60
    assert ready["notBefore"] is None


def test_refuses_an_item_of_others_as_if_it_were_not_there(call: Caller) -> None:
    queue_id = create(call)

    reply = call("GetQueueItemAttempts", _as="carol", queueId=queue_id)

    assert (reply.failure, reply.errors) == (404, [f"queue item {queue_id} not found"])
