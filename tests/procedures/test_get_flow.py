"""GetFlow, and what a flow comes to."""

from uuid import uuid4

import psycopg
import pytest

from tests.conftest import Clock
from tests.flows import a_flow, flow_of, queue_ids, task
from tests.jobs import claim, complete, fail
from tests.world import Caller, must


def test_says_what_each_task_is_until_all_have_succeeded(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"))
    assert flow_of(call, flow_id) == ("QUEUED", {"a": "QUEUED", "b": "BLOCKED"})

    first = claim(call, start=True)
    assert flow_of(call, flow_id) == ("RUNNING", {"a": "RUNNING", "b": "BLOCKED"})

    must(complete(call, first))
    assert flow_of(call, flow_id) == ("RUNNING", {"a": "SUCCEEDED", "b": "QUEUED"})

    must(complete(call, claim(call, start=True)))
    assert flow_of(call, flow_id) == ("SUCCEEDED", {"a": "SUCCEEDED", "b": "SUCCEEDED"})


def test_counts_and_times(call: Caller, clock: Clock) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"))
    clock.advance(hours=1)
    must(complete(call, claim(call, start=True)))

    flow = call("GetFlow", flowId=flow_id).row

    assert (flow["taskCount"], flow["finishedCount"]) == (2, 1)
    assert flow["updatedTime"] > flow["createdTime"]


def test_a_failure_fails_what_needs_it_and_the_flow(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"), task("c"))

    must(fail(call, claim(call, start=True)))
    assert flow_of(call, flow_id) == ("RUNNING", {"a": "FAILED", "b": "FAILED", "c": "QUEUED"})

    must(complete(call, claim(call, start=True)))
    assert flow_of(call, flow_id)[0] == "FAILED"


def test_a_task_that_is_tried_again_is_queued_in_a_running_flow(call: Caller) -> None:
    flow_id = a_flow(call, task("a", retries=1, backoff={"fixed": {"delayMs": 60000}}))

    must(fail(call, claim(call, start=True)))

    assert flow_of(call, flow_id) == ("RUNNING", {"a": "QUEUED"})


def test_a_cancelled_task_cancels_the_flow_when_the_rest_has_ended(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b", "a"))

    must(call("CancelQueueItem", queueId=queue_ids(call, flow_id)["a"]))

    assert flow_of(call, flow_id) == ("CANCELLED", {"a": "CANCELLED", "b": "FAILED"})


def test_a_retried_task_is_shown_by_its_retry(call: Caller) -> None:
    flow_id = a_flow(call, task("a"))
    must(fail(call, claim(call, start=True)))
    retry = must(call("RetryFailedQueueItem", originalQueueId=queue_ids(call, flow_id)["a"])).row

    assert flow_of(call, flow_id) == ("QUEUED", {"a": "QUEUED"})
    assert call("GetFlow", flowId=flow_id).table(2) == [
        {"name": "a", "taskId": retry["taskId"], "queueId": retry["newQueueId"], "status": "QUEUED"}
    ]

    must(complete(call, claim(call, start=True)))
    assert flow_of(call, flow_id) == ("SUCCEEDED", {"a": "SUCCEEDED"})


def test_deleted_tasks_are_gone_and_with_the_last_the_flow(call: Caller) -> None:
    flow_id = a_flow(call, task("a"), task("b"))
    ids = queue_ids(call, flow_id)

    must(call("DeleteQueueItem", queueId=ids["a"]))
    assert flow_of(call, flow_id) == ("QUEUED", {"b": "QUEUED"})

    must(call("DeleteQueueItem", queueId=ids["b"]))
    assert call("GetFlow", flowId=flow_id).failure == 404


def test_goes_with_its_team(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="brief"))
    items = [{"name": "a", "queueVault": "{}"}]
    made = must(call("CreateFlow", _as="ann", teamName="brief", queueName="default", items=items)).row
    must(call("CancelFlow", _as="ann", flowId=made["flowId"]))

    must(call("DeleteTeam", _as="ann", teamName="brief"))

    assert call("GetFlow", _as="ann", flowId=made["flowId"]).failure == 404
    assert admin.execute("select from data.queue_item").fetchall() == []


def test_its_queue_is_named_though_it_was_deleted(call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="brief"))
    items = [task("a")]
    flow_id = call("CreateFlow", teamName="ops", queueName="brief", items=items).row["flowId"]
    must(call("CancelFlow", flowId=flow_id))

    must(call("DeleteQueue", _as="ann", teamName="ops", queueName="brief"))

    assert call("GetFlow", flowId=flow_id).row["queueName"] == "brief"


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_flows_of_others_are_as_those_that_are_not_there(call: Caller, caller: str) -> None:
    flow_id, nothing = a_flow(call), str(uuid4())

    theirs = call("GetFlow", _as=caller, flowId=flow_id)
    absent = call("GetFlow", _as=caller, flowId=nothing)

    assert (theirs.failure, theirs.errors) == (404, [f"flow {flow_id} not found"])
    assert (absent.failure, absent.errors) == (404, [f"flow {nothing} not found"])


@pytest.mark.parametrize(("team", "failure"), [("ops", 0), ("dev", 404), ("Private Team", 404), ("nothing", 404)])
def test_the_team_named_must_be_its_own(call: Caller, team: str, failure: int) -> None:
    flow_id = a_flow(call)

    assert call("GetFlow", _as="ann", flowId=flow_id, teamName=team).failure == failure
    assert call("GetFlow", flowId=flow_id, teamName="dev").failure == 403


def test_an_id_that_is_none_is_refused(call: Caller) -> None:
    reply = call("GetFlow", flowId="'; drop table data.queue_item; --")

    assert (reply.failure, reply.errors) == (400, ['member "flowId" must be a UUID'])
