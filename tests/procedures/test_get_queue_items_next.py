"""GetQueueItemsNext: what is handed out, in which order, and what a claim is."""

import re
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import (
    claim,
    complete,
    create,
    everything,
    give_back,
    item_of,
    respond,
    status_of,
    sweep,
    trace_of,
)
from tests.world import Caller, MakeItem, must

JOB = '{"argv": ["make"],  "handler":"shell", "big": 1e2, "nul": "\\u0000"}'


def test_gives_the_job_as_it_was_sent_and_where_it_belongs(call: Caller) -> None:
    made = call(
        "CreateQueueItem",
        teamName="ops",
        machineName="build-01",
        queueVault=JOB,
        priority=2,
        timeoutSeconds=60,
        metadata={"title": "nightly"},
    ).row

    row = claim(call, leaseSeconds=30)

    assert row["vaultContent"] == JOB
    assert row["vaultVersion"] == 1
    assert (row["machineName"], row["bridgeName"], row["teamName"]) == ("build-01", "north", "ops")
    assert (row["queueId"], row["taskId"], row["time"]) == (made["queueId"], made["taskId"], made["time"])
    assert (row["attempt"], row["priority"], row["timeoutSeconds"]) == (1, 2, 60)
    assert row["metadata"] == {"title": "nightly"}


def test_an_item_taken_is_assigned(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    claim(call, "bob")

    item = item_of(call, queue_id)
    assert (item["status"], item["healthStatus"], item["attempt"]) == ("ASSIGNED", "ACTIVE", 1)
    assert item["assignedTime"] is not None
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED"]


def test_start_makes_it_processing_at_once(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    claim(call, start=True)

    assert status_of(call, queue_id) == "PROCESSING"
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "PROCESSING"]


def test_without_pending_items_there_is_a_message_and_no_row(call: Caller) -> None:
    reply = call("GetQueueItemsNext", machineName="build-01")

    assert reply.rows == []
    assert reply.outputs["message"] == "no pending queue items"


def test_with_items_there_is_no_message(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    reply = call("GetQueueItemsNext", machineName="build-01")

    assert reply.outputs["message"] is None


def test_the_oldest_come_first(call: Caller) -> None:
    made = [create(call) for _ in range(4)]

    reply = call("GetQueueItemsNext", machineName="build-01", itemCount=3)

    assert [row["queueId"] for row in reply.rows] == made[:3]


def test_the_higher_priority_comes_before_the_older(call: Caller) -> None:
    low, normal, highest, normal_again = (create(call, priority=priority) for priority in (5, 3, 1, None))

    reply = call("GetQueueItemsNext", machineName="build-01", itemCount=4)

    assert [row["queueId"] for row in reply.rows] == [highest, normal, normal_again, low]


def test_the_order_holds_over_the_machines_of_a_bridge(call: Caller) -> None:
    first = create(call, "build-02")
    second = create(call, "build-01")
    urgent = create(call, "build-02", priority=1)
    last = create(call, "build-01")

    reply = call("GetQueueItemsNext", bridgeName="north", itemCount=3)

    assert [row["queueId"] for row in reply.rows] == [urgent, first, second]
    assert claim(call, "bob")["queueId"] == last


def test_without_item_count_three_are_given(call: Caller) -> None:
    for _ in range(4):
        create(call)

    assert len(call("GetQueueItemsNext", machineName="build-01").rows) == 3


@pytest.mark.parametrize("count", [0, -1, 101])
def test_refuses_an_item_count_that_is_not_1_to_100(call: Caller, count: int) -> None:
    reply = call("GetQueueItemsNext", machineName="build-01", itemCount=count)

    assert reply.failure == 400
    assert reply.errors == [f"itemCount is {count}: 1 to 100 items can be taken at once"]


def test_a_hundred_items_can_be_taken_at_once(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    assert len(call("GetQueueItemsNext", machineName="build-01", itemCount=100).rows) == 1


@pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING", "CANCELLING", "COMPLETED", "FAILED", "CANCELLED"])
def test_only_pending_items_are_given(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_item(status=status)

    assert call("GetQueueItemsNext", machineName="build-01").rows == []


def test_an_item_with_a_response_is_not_given(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}"))

    assert call("GetQueueItemsNext", machineName="build-01").rows == []


def test_an_item_put_back_is_given_clean(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    must(respond(call, claim(call, leaseSeconds=30)))
    clock.advance(seconds=31)
    sweep(admin)

    again = claim(call)

    assert (again["queueId"], again["attempt"]) == (queue_id, 2)
    assert item_of(call, queue_id)["hasResponse"] == 0


def test_the_lease_is_as_long_as_asked(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_item()
    before = datetime.fromisoformat(create_time(call))

    row = claim(call, leaseSeconds=45)

    assert row["leaseSeconds"] == 45
    until = datetime.fromisoformat(row["leaseUntil"])
    assert timedelta(seconds=45) <= until - before < timedelta(seconds=75)


def create_time(call: Caller) -> str:
    """The database's time now, by a job for another machine."""
    made = call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault="{}").row
    time: str = made["time"]
    return time


def test_without_lease_seconds_it_is_three_times_the_stale_threshold(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    assert claim(call)["leaseSeconds"] == 1800


@pytest.mark.parametrize("seconds", [4, 86401])
def test_refuses_a_lease_that_is_not_5_to_86400_seconds(call: Caller, seconds: int) -> None:
    reply = call("GetQueueItemsNext", machineName="build-01", leaseSeconds=seconds)

    assert reply.failure == 400
    assert "leaseSeconds" in reply.errors[0]


@pytest.mark.parametrize("seconds", [5, 86400])
def test_takes_a_lease_at_the_limits(call: Caller, queue_item: MakeItem, seconds: int) -> None:
    queue_item()

    assert claim(call, leaseSeconds=seconds)["leaseSeconds"] == seconds


def test_there_is_one_claim_token_per_call(call: Caller) -> None:
    for _ in range(3):
        create(call)

    first, second = call("GetQueueItemsNext", machineName="build-01", itemCount=2).rows
    other = claim(call)

    assert first["claimToken"] == second["claimToken"]
    assert other["claimToken"] != first["claimToken"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", first["claimToken"])


def test_the_database_holds_no_claim_token(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item()

    token = claim(call)["claimToken"]

    assert token not in str(everything(admin))
    assert token.encode().hex() not in str(everything(admin))


def test_a_claim_token_is_good_for_its_own_items_only(call: Caller) -> None:
    create(call)
    create(call)
    first, second = claim(call), claim(call)

    reply = complete(call, {**second, "claimToken": first["claimToken"]})

    assert reply.failure == 409
    assert reply.errors == [f"claimToken is not one of queue item {second['queueId']}"]


def test_an_item_given_back_uses_no_attempt(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    must(give_back(call, claim(call)))

    assert claim(call)["attempt"] == 1


def test_an_item_whose_vault_does_not_open_fails_and_the_others_are_given(
    call: Caller, admin: psycopg.Connection
) -> None:
    bad, good = create(call), create(call)
    spoil_request(admin, bad)

    reply = call("GetQueueItemsNext", _as="build-01", itemCount=2)

    assert [row["queueId"] for row in reply.rows] == [good]
    item = item_of(call, bad)
    assert (item["status"], item["failureReason"]) == ("FAILED", "VAULT_UNREADABLE")
    assert trace_of(call, bad) == ["CREATED", "ASSIGNED", "VAULT_UNREADABLE", "FAILED", "DEAD_LETTERED"]
    assert status_of(call, good) == "ASSIGNED"


def test_a_claim_of_nothing_but_an_unreadable_item_gives_no_row(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    spoil_request(admin, queue_id)

    reply = call("GetQueueItemsNext", _as="build-01")

    assert reply.rows == []
    assert status_of(call, queue_id) == "FAILED"


def spoil_request(admin: psycopg.Connection, queue_id: int) -> None:
    """Alter the last byte of an item's request vault."""
    admin.execute(
        """
        update data.vault_record as stored
        set content = overlay(content placing set_byte('\\x00', 0, 255 - get_byte(content, octet_length(content) - 1))
                              from octet_length(content))
        from data.queue_item as item
        where item.queue_id = %s
          and stored.vault_record_id = item.request_vault_id
        """,
        [queue_id],
    )
