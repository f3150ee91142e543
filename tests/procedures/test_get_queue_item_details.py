"""GetQueueItemDetails."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, complete, respond
from tests.world import Caller, MakeItem, must

DETAILS, REQUEST, RESPONSE, TIMELINE, PLACE, LOAD = range(1, 7)
# The item's like, again and again: what the counting counts, nobody opens.
BACKLOG = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, priority, request_vault_id, created_by,
        created_time, ready_time)
    select item.company_id, gen_random_uuid(), item.team_id, item.policy_id, item.lane_id, item.machine_id,
           %(priority)s, item.request_vault_id, item.created_by, item.created_time, item.created_time
    from data.queue_item as item
    cross join generate_series(1, %(count)s)
    where item.queue_id = %(queue_id)s
"""
CLEAR = "delete from data.queue_item where queue_id <> %s"


def table(call: Caller, number: int, queue_id: int, _as: str = "bob") -> list[dict[str, Any]]:
    return must(call("GetQueueItemDetails", _as=_as, queueId=queue_id)).table(number)


def row(call: Caller, number: int, queue_id: int, _as: str = "bob") -> dict[str, Any]:
    [only] = table(call, number, queue_id, _as)
    return only


def test_a_pending_item_has_six_sets(call: Caller, queue_item: MakeItem) -> None:
    reply = must(call("GetQueueItemDetails", queueId=queue_item()))

    assert [len(reply.table(number)) for number in range(1, 7)] == [1, 1, 1, 1, 1, 1]


def test_tells_what_the_listing_tells(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    clock.advance(minutes=1)
    complete(call, claim(call), completionStatus="FAILED", retryable=False)

    told = row(call, DETAILS, queue_id)

    listed = call("GetTeamQueueItems").row
    common = set(listed) & set(told) - {"totalDurationSeconds"}
    assert {name: told[name] for name in common} == {name: listed[name] for name in common}
    assert {"status", "machineName", "bridgeName", "regionName", "teamName", "createdBy", "failureReason"} <= common
    assert (told["companyName"], told["permanentlyFailed"], told["retryCount"]) == ("Acme", True, 0)
    assert told["secondsToAssignment"] == pytest.approx(60, abs=5)
    assert told["totalDurationSeconds"] >= told["secondsToAssignment"]


def test_durations_of_what_goes_on_are_counted_until_now(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    claim(call, start=True)
    clock.advance(minutes=20)

    told = row(call, DETAILS, queue_id)

    assert told["processingDurationSeconds"] == pytest.approx(1200, abs=5)
    assert (told["healthStatus"], told["isStale"], told["canBeCancelled"]) == ("STALE", True, 0)


def test_an_attempt_after_the_first_is_a_retry(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    respond(call, claim(call, start=True, leaseSeconds=30))
    clock.advance(seconds=31)
    admin.execute("select maintenance.rescue_lost_leases()")
    claim(call, start=True)

    told = row(call, DETAILS, queue_id)

    assert (told["attempt"], told["retryCount"], told["lastRetryAt"]) == (2, 1, told["assignedTime"])


def test_opens_both_vaults(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(job='{"handler":"shell","argv":["id"]}')
    before = row(call, RESPONSE, queue_id)
    complete(call, claim(call), responseVault='{"exitCode":7}')

    request, response = row(call, REQUEST, queue_id), row(call, RESPONSE, queue_id)

    assert before == {"vaultType": "Response", "vaultVersion": None, "vaultContent": None, "hasContent": False}
    assert request == {
        "vaultType": "Request",
        "vaultVersion": 1,
        "vaultContent": '{"handler":"shell","argv":["id"]}',
        "hasContent": True,
    }
    assert response == {
        "vaultType": "Response",
        "vaultVersion": 1,
        "vaultContent": '{"exitCode":7}',
        "hasContent": True,
    }


def test_the_timeline_is_the_trace(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    clock.advance(seconds=90)
    claim(call, start=True)

    told = table(call, TIMELINE, queue_id)

    trace = call("GetQueueItemTrace", queueId=queue_id).rows
    assert [{**event, "queueId": queue_id, "taskId": trace[0]["taskId"]} for event in told] == [
        {**event, "secondsSincePrevious": told[number]["secondsSincePrevious"]} for number, event in enumerate(trace)
    ]
    assert [event["event"] for event in told] == ["CREATED", "ASSIGNED", "PROCESSING"]
    assert told[0]["secondsSincePrevious"] is None
    assert told[1]["secondsSincePrevious"] == pytest.approx(90, abs=5)


def test_the_place_in_line_is_that_of_the_claim(call: Caller, queue_item: MakeItem) -> None:
    items = [queue_item(), queue_item(), queue_item()]
    must(call("UpdateQueueItemPriority", queueId=items[2], priority=1))

    places = [row(call, PLACE, queue_id)["place"] for queue_id in items]

    claimed = call("GetQueueItemsNext", _as="build-01", itemCount=3).rows
    by_place = [queue_id for _, queue_id in sorted(zip(places, items, strict=True))]
    assert [item["queueId"] for item in claimed] == by_place == [items[2], items[0], items[1]]


def test_an_item_that_does_not_wait_has_no_place(call: Caller, queue_item: MakeItem) -> None:
    assert table(call, PLACE, queue_item("ASSIGNED")) == []


def test_another_machines_items_are_not_before_it(call: Caller, queue_item: MakeItem) -> None:
    queue_item(machine="build-02")

    assert row(call, PLACE, queue_item())["place"] == 1


def test_at_most_a_thousand_are_counted(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item()
    admin.execute(BACKLOG, {"queue_id": queue_id, "priority": 75, "count": 1000})
    exactly = row(call, PLACE, queue_id)
    admin.execute(BACKLOG, {"queue_id": queue_id, "priority": 75, "count": 200})

    more = row(call, PLACE, queue_id)
    load = row(call, LOAD, queue_id)
    admin.execute(CLEAR, [queue_id])

    assert (exactly["place"], exactly["aheadCount"], exactly["moreAhead"]) == (1001, 1000, False)
    assert (more["place"], more["aheadCount"], more["moreAhead"]) == (None, 1000, True)
    assert (load["pendingCount"], load["morePending"]) == (1000, True)


def test_tells_what_the_machine_has_to_do(call: Caller, queue_item: MakeItem) -> None:
    queue_item("PROCESSING")
    queue_item("ASSIGNED")
    queue_item("COMPLETED")
    queue_id = queue_item()

    assert row(call, LOAD, queue_id) == {
        "machineName": "build-01",
        "pendingCount": 1,
        "assignedCount": 1,
        "processingCount": 1,
        "cancellingCount": 0,
        "morePending": False,
    }


def test_who_may_call_the_trace_may_call_it(admin: psycopg.Connection) -> None:
    rows = admin.execute(
        "select permission_name from data.procedure where procedure_name in "
        "('get_queue_item_trace', 'get_queue_item_details')"
    )

    assert rows.fetchall() == [("GetQueueItemTrace",), ("GetQueueItemTrace",)]
