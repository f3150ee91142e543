"""CancelFlow."""

from uuid import uuid4

import psycopg
import pytest

from tests.flows import a_flow, flow_of, queue_ids, task
from tests.jobs import claim, complete, create, status_of, trace_of
from tests.racing import SECONDS, Race, race
from tests.world import Caller, must

__all__ = ["race"]  # a fixture


def test_cancels_all_that_nobody_has_started(call: Caller) -> None:
    flow_id = a_flow(call)

    reply = must(call("CancelFlow", flowId=flow_id, reason="no more need"))

    assert reply.row["status"] == "CANCELLED"
    assert [(row["name"], row["status"]) for row in reply.table(2)] == [(name, "CANCELLED") for name in "abc"]
    assert flow_of(call, flow_id)[0] == "CANCELLED"
    [reason] = {
        row["details"]
        for row in call("GetQueueItemTrace", queueId=queue_ids(call, flow_id)["c"]).rows
        if row["event"] == "CANCELLED"
    }
    assert reason == "no more need"


def test_asks_what_runs_to_stop_and_the_flow_runs_until_it_has(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"))
    running = claim(call, start=True)

    reply = must(call("CancelFlow", flowId=flow_id))
    assert (reply.row["status"], [row["status"] for row in reply.table(2)]) == ("RUNNING", ["RUNNING", "CANCELLED"])
    assert status_of(call, running["queueId"]) == "CANCELLING"
    assert must(call("CancelFlow", flowId=flow_id)).row["status"] == "RUNNING"

    must(complete(call, running, completionStatus="CANCELLED"))
    assert flow_of(call, flow_id) == ("CANCELLED", {"a": "CANCELLED", "b": "CANCELLED"})


def test_what_has_ended_stays_as_it_is(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"))
    must(complete(call, claim(call, start=True)))

    must(call("CancelFlow", flowId=flow_id))

    assert flow_of(call, flow_id) == ("CANCELLED", {"a": "SUCCEEDED", "b": "CANCELLED"})


def test_items_of_other_flows_and_of_none_stay(call: Caller) -> None:
    flow_id, other, alone = a_flow(call), a_flow(call), create(call)

    must(call("CancelFlow", flowId=flow_id))

    assert flow_of(call, other)[0] == "QUEUED"
    assert status_of(call, alone) == "PENDING"


def test_what_depends_on_it_from_outside_fails(call: Caller) -> None:
    flow_id = a_flow(call, task("a"))
    [shown] = call("GetFlow", flowId=flow_id).table(2)
    outside = create(call, dependsOn=[shown["taskId"]])

    must(call("CancelFlow", flowId=flow_id))

    assert status_of(call, outside) == "FAILED"


def test_a_flow_that_has_ended_is_refused(call: Caller) -> None:
    flow_id = a_flow(call, task("a"))
    must(complete(call, claim(call, start=True)))

    reply = call("CancelFlow", flowId=flow_id)

    assert (reply.failure, reply.errors) == (409, [f"flow {flow_id} is SUCCEEDED"])


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_flows_of_others_are_not_found_and_stay(call: Caller, caller: str) -> None:
    flow_id = a_flow(call)

    reply = call("CancelFlow", _as=caller, flowId=flow_id)

    assert (reply.failure, reply.errors) == (404, [f"flow {flow_id} not found"])
    assert flow_of(call, flow_id)[0] == "QUEUED"
    assert call("CancelFlow", flowId=str(uuid4())).failure == 404


def test_a_thousand_tasks_in_a_chain_are_cancelled_and_none_fails(call: Caller) -> None:
    tasks = [task(f"n{number}", *([f"n{number - 1}"] if number else [])) for number in range(1000)]
    flow_id = a_flow(call, *tasks)

    reply = must(call("CancelFlow", flowId=flow_id))

    assert reply.row["finishedCount"] == 1000
    assert {row["status"] for row in reply.table(2)} == {"CANCELLED"}


CLAIM = "select from api.get_queue_items_next(p_item_count => 10, p_start => true, p_claim => sha256('claim'))"


def test_a_claim_that_came_first_is_asked_to_stop(call: Caller, race: Race) -> None:
    flow_id = a_flow(call, task("a"), task("b"))
    first = queue_ids(call, flow_id)["a"]

    with race.acting("build-01", CLAIM):
        cancelling = race.start(lambda other: other("CancelFlow", flowId=flow_id))
    reply = cancelling.result(SECONDS)

    assert (reply.row["status"], {row["status"] for row in reply.table(2)}) == ("RUNNING", {"RUNNING"})
    assert status_of(call, first) == "CANCELLING"


def test_a_claim_that_comes_second_gets_nothing(call: Caller, race: Race) -> None:
    flow_id = a_flow(call, task("a"), task("b"))

    with race.acting("bob", "select from api.cancel_flow(%s)", flow_id):
        taken = race.at_once(lambda other: other("GetQueueItemsNext", _as="build-01", itemCount=10))
    later = call("GetQueueItemsNext", _as="build-01", itemCount=10)

    assert (taken.rows, later.rows) == ([], [])
    assert flow_of(call, flow_id)[0] == "CANCELLED"


def test_two_cancels_at_once_cancel_once(call: Caller, race: Race, admin: psycopg.Connection) -> None:
    flow_id = a_flow(call)
    first = queue_ids(call, flow_id)["a"]

    replies = race.one_after_the_other(
        first,
        lambda other: other("CancelFlow", flowId=flow_id),
        lambda other: other("CancelFlow", flowId=flow_id),
    )

    assert sorted(reply.failure for reply in replies) == [0, 409]
    assert trace_of(call, first) == ["CREATED", "CANCELLED"]
