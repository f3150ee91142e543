"""GetQueueItemsNext with requestId: a claim whose answer was lost is repeated."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import Row, beat, claim, complete, create, everything, give_back, respond, sweep, trace_of
from tests.world import Caller, must

REQUEST: Row = {"requestId": "poll-1", "leaseSeconds": 60}


def ask(call: Caller, _as: str = "build-01", **members: Any) -> list[Row]:
    """The rows of a claim of two items."""
    return call("GetQueueItemsNext", _as=_as, itemCount=2, **{**REQUEST, **members}).rows


def without_token(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "claimToken"} for row in rows]


@pytest.mark.parametrize("start", [False, True])
def test_the_same_request_gives_the_same_items_under_a_new_token(call: Caller, start: bool) -> None:
    made = [create(call) for _ in range(3)]

    first, second = ask(call, start=start), ask(call, start=start)

    assert [row["queueId"] for row in first] == made[:2]
    assert without_token(second) == without_token(first)
    assert second[0]["claimToken"] == second[1]["claimToken"] != first[0]["claimToken"]


def test_the_same_request_keeps_the_order(call: Caller) -> None:
    normal, urgent = create(call), create(call, priority=1)

    first, second = ask(call), ask(call)

    assert [row["queueId"] for row in first] == [row["queueId"] for row in second] == [urgent, normal]


def test_the_repetition_leaves_no_event(call: Caller) -> None:
    queue_id = create(call)

    ask(call)
    ask(call)

    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED"]


def test_the_earlier_token_is_void(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    [first], [second] = ask(call), ask(call)
    before = everything(admin)

    replies = [beat(call, first), respond(call, first), complete(call, first)]

    assert [reply.failure for reply in replies] == [409, 409, 409]
    assert replies[2].errors == [f"claimToken is not one of queue item {first['queueId']}"]
    assert give_back(call, first).row["returned"] is False
    assert everything(admin) == before
    assert must(complete(call, second)).row["status"] == "COMPLETED"


def test_another_request_gives_other_items(call: Caller) -> None:
    made = [create(call) for _ in range(4)]
    ask(call)

    assert [row["queueId"] for row in ask(call, requestId="poll-2")] == made[2:]


def test_within_the_first_lease_a_renewed_claim_is_given_again(call: Caller, clock: Clock) -> None:
    create(call)
    [first] = ask(call)
    must(beat(call, first))
    clock.advance(seconds=50)

    [second] = ask(call)

    assert second["queueId"] == first["queueId"]


def test_after_the_first_lease_the_request_is_a_new_one(call: Caller, clock: Clock) -> None:
    old, fresh = create(call), create(call)
    first = claim(call, **REQUEST)
    clock.advance(seconds=50)
    must(beat(call, first))
    clock.advance(seconds=11)

    rows = ask(call)

    assert first["queueId"] == old
    assert [row["queueId"] for row in rows] == [fresh]


def test_finished_items_are_not_given_again(call: Caller) -> None:
    create(call)
    create(call)
    first, second = ask(call)
    must(complete(call, first))

    again = ask(call)

    assert [row["queueId"] for row in again] == [second["queueId"]]


@pytest.mark.parametrize("end", ["CancelQueueItem", "DeleteQueueItem"])
def test_items_that_were_ended_are_not_given_again(call: Caller, end: str) -> None:
    create(call)
    [first] = ask(call)
    must(call(end, queueId=first["queueId"]))

    assert ask(call) == []


def test_items_given_back_are_claimed_anew(call: Caller) -> None:
    create(call)
    [first] = ask(call)
    must(give_back(call, first))

    [again] = ask(call)

    assert again["queueId"] == first["queueId"]
    assert trace_of(call, first["queueId"]) == ["CREATED", "ASSIGNED", "REQUEUED", "ASSIGNED"]


def test_items_that_somebody_else_has_claimed_since_are_not_given(
    call: Caller, clock: Clock, admin: psycopg.Connection
) -> None:
    create(call)
    [first] = ask(call, leaseSeconds=300)
    clock.advance(seconds=301)
    sweep(admin)
    taken = claim(call, "bob")

    assert taken["queueId"] == first["queueId"]
    assert ask(call, leaseSeconds=300) == []


@pytest.mark.parametrize("other", ["north", "ann"])
def test_nobody_else_gets_them_by_the_same_request(call: Caller, other: str) -> None:
    create(call)
    ask(call)

    assert ask(call, other, machineName="build-01") == []


def test_a_request_for_another_machine_gets_none_of_the_first(call: Caller) -> None:
    create(call)
    ask(call, "bob", machineName="build-01")

    assert ask(call, "bob", machineName="build-02") == []


def test_an_empty_claim_can_be_repeated(call: Caller) -> None:
    assert ask(call) == []
    queue_id = create(call)

    assert [row["queueId"] for row in ask(call)] == [queue_id]


@pytest.mark.parametrize("text", ["", "x" * 101])
def test_refuses_a_request_id_that_is_not_1_to_100_characters(call: Caller, text: str) -> None:
    reply = call("GetQueueItemsNext", _as="build-01", requestId=text)

    assert reply.failure == 400
    assert "requestId" in reply.errors[0]
