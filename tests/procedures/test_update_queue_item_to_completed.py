"""UpdateQueueItemToCompleted: how items end."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import ANSWER, Row, claim, complete, everything, item_of, respond, status_of, trace_of
from tests.world import Caller, MakeItem, must

ENDS = {"SUCCESS": "COMPLETED", "PARTIAL": "COMPLETED", "FAILED": "FAILED"}


def finish(call: Caller, queue_id: int, status: str = "SUCCESS", _as: str = "bob") -> Row:
    """A completion without claimToken, as clients of the specification send it."""
    return call(
        "UpdateQueueItemToCompleted", _as=_as, queueId=queue_id, responseVault=ANSWER, completionStatus=status
    ).row


@pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING"])
@pytest.mark.parametrize("reported", ["SUCCESS", "PARTIAL", "FAILED"])
def test_ends_a_running_item(call: Caller, queue_item: MakeItem, status: str, reported: str) -> None:
    queue_id = queue_item(status=status)

    row = finish(call, queue_id, reported)

    item = item_of(call, queue_id)
    assert row["status"] == item["status"] == item["healthStatus"] == ENDS[reported]
    assert (item["completionStatus"], item["vaultContentResponse"]) == (reported, ANSWER)
    assert item["failureReason"] == ("REPORTED" if reported == "FAILED" else None)
    assert row["completedTime"] == item["finishedTime"]
    assert ENDS[reported] in trace_of(call, queue_id)[-2:]


@pytest.mark.parametrize(
    ("reported", "ended"),
    [("SUCCESS", "COMPLETED"), ("PARTIAL", "COMPLETED"), ("FAILED", "CANCELLED"), ("CANCELLED", "CANCELLED")],
)
def test_ends_an_item_that_was_asked_to_stop(call: Caller, queue_item: MakeItem, reported: str, ended: str) -> None:
    queue_id = queue_item(status="CANCELLING")

    row = finish(call, queue_id, reported)

    item = item_of(call, queue_id)
    assert row["status"] == item["status"] == ended
    assert item["vaultContentResponse"] == ANSWER
    assert trace_of(call, queue_id)[-2:] == ["CANCEL_REQUESTED", ended]


@pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING"])
def test_cancelled_only_confirms_a_requested_cancel(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, status: str
) -> None:
    queue_id = queue_item(status=status)
    before = everything(admin)

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}", completionStatus="CANCELLED")

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is {status}: CANCELLED only confirms a cancel that was requested"]
    assert everything(admin) == before


@pytest.mark.parametrize("status", ["PENDING", "COMPLETED", "FAILED", "CANCELLED"])
def test_refuses_an_item_that_does_not_run(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, status: str
) -> None:
    queue_id = queue_item(status=status)
    before = everything(admin)

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}", completionStatus="SUCCESS")

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is {status}"]
    assert everything(admin) == before


def test_without_a_status_it_is_a_success(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="PROCESSING")

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}")

    assert reply.row["status"] == "COMPLETED"


@pytest.mark.parametrize("status", ["DONE", "PENDING", ""])
def test_refuses_a_status_that_does_not_exist(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status="PROCESSING")

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}", completionStatus=status)

    assert reply.failure == 400
    assert status_of(call, queue_id) == "PROCESSING"


@pytest.mark.parametrize("text", ["", "{", "not json"])
def test_the_response_must_be_json(call: Caller, queue_item: MakeItem, text: str) -> None:
    queue_id = queue_item(status="PROCESSING")

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault=text, completionStatus="SUCCESS")

    assert reply.failure == 400
    assert status_of(call, queue_id) == "PROCESSING"


def test_the_duration_is_calculated_from_the_assignment(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_item()
    claimed = claim(call)
    clock.advance(minutes=12)
    must(respond(call, claimed))
    clock.advance(minutes=3)

    row = complete(call, claimed).row

    assert 15 <= row["processingDurationMinutes"] < 16


def test_replaces_the_response_so_far(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(respond(call, claimed))

    must(complete(call, claimed))

    item = item_of(call, queue_id)
    assert (item["vaultContentResponse"], item["vaultVersionResponse"]) == (ANSWER, 2)


def test_any_member_completes_what_a_session_claimed(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="ASSIGNED")

    assert finish(call, queue_id, _as="ann")["status"] == "COMPLETED"


@pytest.mark.parametrize("caller", ["bob", "ann", "build-01", "north"])
def test_what_an_agent_claimed_is_completed_with_its_token_only(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, caller: str
) -> None:
    queue_item()
    claimed = claim(call)
    before = everything(admin)

    missing = complete(call, {**claimed, "claimToken": None}, caller)
    wrong = complete(call, {**claimed, "claimToken": "A" * 22}, caller)

    assert (missing.failure, wrong.failure) == (409, 409)
    assert missing.errors == [f"queue item {claimed['queueId']} was claimed by an agent: claimToken is needed"]
    assert wrong.errors == [f"claimToken is not one of queue item {claimed['queueId']}"]
    assert everything(admin) == before


def test_an_agent_never_completes_without_a_claim_token(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item(status="PROCESSING")
    before = everything(admin)

    reply = call("UpdateQueueItemToCompleted", _as="build-01", queueId=queue_id, responseVault="{}")

    assert reply.failure == 409
    assert reply.errors == [f"an agent answers queue item {queue_id} with the claimToken of its claim only"]
    assert everything(admin) == before


@pytest.mark.parametrize("caller", ["carol", "gina", "dev-01", "build-02", "globex-build-01"])
def test_an_item_of_others_is_not_found(call: Caller, queue_item: MakeItem, caller: str) -> None:
    queue_item()
    claimed = claim(call)

    reply = complete(call, claimed, caller)

    assert reply.failure == 404
    assert reply.errors == [f"queue item {claimed['taskId']} not found"]


def test_a_deleted_item_is_not_found(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = claim(call)
    must(call("DeleteQueueItem", queueId=claimed["queueId"]))

    reply = complete(call, claimed)

    assert reply.failure == 404
    assert reply.errors == [f"queue item {claimed['taskId']} not found"]


def test_team_name_must_be_the_items_team(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = claim(call)

    refused = [complete(call, claimed, caller, teamName="dev").failure for caller in ("bob", "ann", "build-01")]

    assert refused == [403, 404, 404]
    assert complete(call, claimed, teamName="ops").row["status"] == "COMPLETED"


@pytest.mark.parametrize("reported", ["SUCCESS", "PARTIAL", "FAILED", "CANCELLED"])
def test_the_same_completion_again_gets_the_same_answer_and_changes_nothing(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection, reported: str
) -> None:
    queue_id = queue_item()
    claimed = claim(call, start=True)
    if reported == "CANCELLED":
        must(call("CancelQueueItem", queueId=queue_id, force=True))
    first = must(complete(call, claimed, completionStatus=reported))
    before, events = everything(admin), trace_of(call, queue_id)
    clock.advance(minutes=5)

    again = must(complete(call, claimed, completionStatus=reported))

    assert again.body == first.body
    assert everything(admin) == before
    assert trace_of(call, queue_id) == events


@pytest.mark.parametrize("other", [{"responseVault": '{"exitCode":1}'}, {"completionStatus": "FAILED"}])
def test_another_completion_by_the_same_claim_is_refused(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, other: dict[str, str]
) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(complete(call, claimed))
    before, events = everything(admin), trace_of(call, queue_id)

    reply = complete(call, claimed, **other)

    assert reply.failure == 409
    assert reply.errors == [
        f"queue item {queue_id} was completed by this claim with another answer; nothing was changed"
    ]
    assert everything(admin) == before
    assert trace_of(call, queue_id) == events
