"""UpdateQueueItemResponse."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import (
    Row,
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

ANSWER = '{"exitCode":  0, "big": 1e2}'


def add(call: Caller, queue_id: int, _as: str = "bob", **members: Any) -> Row:
    """A response without claimToken, as clients of the specification send it."""
    members = {"responseVault": ANSWER, **members}
    return call("UpdateQueueItemResponse", _as=_as, queueId=queue_id, **members).row


def test_adds_a_response(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="ASSIGNED")

    row = call("UpdateQueueItemResponse", teamName="ops", queueId=queue_id, responseVault=ANSWER).row

    assert (row["queueId"], row["machineName"], row["responseVaultVersion"]) == (queue_id, "build-01", 1)
    assert row["result"] == "response added"
    item = item_of(call, queue_id)
    assert (item["vaultContentResponse"], item["vaultVersionResponse"], item["hasResponse"]) == (ANSWER, 1, 1)


def test_the_first_response_makes_the_item_processing(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="ASSIGNED")

    add(call, queue_id)

    assert status_of(call, queue_id) == "PROCESSING"
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "PROCESSING", "RESPONSE"]


def test_refuses_to_add_a_second_response(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item(status="ASSIGNED")
    add(call, queue_id)
    before = everything(admin)

    reply = call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}")

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} has a response already, version 1: send vaultVersion to update it"]
    assert everything(admin) == before


def test_an_update_with_the_current_version_raises_it(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="ASSIGNED")
    add(call, queue_id, responseVault="{}")

    rows = [add(call, queue_id, vaultVersion=version) for version in (1, 2)]

    assert [row["responseVaultVersion"] for row in rows] == [2, 3]
    assert rows[0]["result"] == "response updated"
    item = item_of(call, queue_id)
    assert (item["vaultContentResponse"], item["vaultVersionResponse"]) == (ANSWER, 3)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_another_version(call: Caller, queue_item: MakeItem, admin: psycopg.Connection, version: int) -> None:
    queue_id = queue_item(status="ASSIGNED")
    add(call, queue_id)
    add(call, queue_id, vaultVersion=1)
    before = everything(admin)

    reply = call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}", vaultVersion=version)

    assert reply.failure == 409
    assert reply.errors == [f"the response of queue item {queue_id} has version 2, not {version}"]
    assert everything(admin) == before


@pytest.mark.parametrize("status", ["PENDING", "ASSIGNED", "PROCESSING"])
def test_refuses_to_update_what_is_not_there(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_id = queue_item(status=status)

    reply = call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}", vaultVersion=1)

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} has no response yet: leave vaultVersion out to add one"]
    assert status_of(call, queue_id) == status


@pytest.mark.parametrize("text", ["", "{", "not json", '{"a":1} x', "[1,]"])
def test_the_response_must_be_json(call: Caller, queue_item: MakeItem, text: str) -> None:
    queue_id = queue_item(status="ASSIGNED")

    reply = call("UpdateQueueItemResponse", queueId=queue_id, responseVault=text)

    assert reply.failure == 400
    assert status_of(call, queue_id) == "ASSIGNED"


def test_who_shows_the_claim_token_needs_no_version(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = claim(call)

    versions = [respond(call, claimed).row["responseVaultVersion"] for _ in range(3)]

    assert versions == [1, 2, 3]


def test_a_version_shown_beside_the_claim_token_must_be_right(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = claim(call)
    must(respond(call, claimed))

    assert respond(call, claimed, vaultVersion=2).failure == 409
    assert respond(call, claimed, vaultVersion=1).row["responseVaultVersion"] == 2


def test_who_responds_to_a_pending_item_becomes_its_claimant(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    row = add(call, queue_id)

    item = item_of(call, queue_id)
    assert row["responseVaultVersion"] == 1
    assert (item["status"], item["attempt"], item["vaultContentResponse"]) == ("PROCESSING", 1, ANSWER)
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "PROCESSING", "RESPONSE"]
    assert call("GetQueueItemsNext", machineName="build-01").rows == []


def test_a_claimant_by_response_completes_without_a_claim_token(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    add(call, queue_id)

    reply = call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}", completionStatus="SUCCESS")

    assert reply.row["status"] == "COMPLETED"


def test_a_pending_item_after_a_lost_attempt_can_be_responded_to(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    must(respond(call, claim(call, leaseSeconds=30)))
    clock.advance(seconds=31)
    sweep(admin)

    row = add(call, queue_id)

    item = item_of(call, queue_id)
    assert (row["responseVaultVersion"], item["attempt"], item["vaultContentResponse"]) == (1, 2, ANSWER)


def test_an_agent_does_not_become_claimant_by_responding(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    reply = call("UpdateQueueItemResponse", _as="build-01", queueId=queue_id, responseVault="{}")

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is PENDING"]


def test_any_member_responds_to_what_a_session_claimed(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="PROCESSING")

    assert add(call, queue_id, "ann")["responseVaultVersion"] == 1


def test_what_an_agent_claimed_is_responded_to_with_its_token_only(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item()
    claimed = claim(call)
    before = everything(admin)

    missing = respond(call, {**claimed, "claimToken": None}, "bob")
    wrong = respond(call, {**claimed, "claimToken": "A" * 22}, "bob")

    assert (missing.failure, wrong.failure) == (409, 409)
    assert missing.errors == [f"queue item {claimed['queueId']} was claimed by an agent: claimToken is needed"]
    assert wrong.errors == [f"claimToken is not one of queue item {claimed['queueId']}"]
    assert everything(admin) == before


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
def test_a_finished_item_takes_no_response(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, status: str
) -> None:
    queue_id = queue_item(status=status)
    before = everything(admin)

    reply = call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}")

    assert reply.failure == 409
    assert status in reply.errors[0]
    assert everything(admin) == before


@pytest.mark.parametrize("end", ["complete", "cancel", "give back", "taken by another"])
def test_a_late_response_changes_nothing(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection, end: str
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    if end == "complete":
        must(complete(call, claimed))
    elif end == "cancel":
        must(call("CancelQueueItem", queueId=queue_id))
    elif end == "give back":
        must(give_back(call, claimed))
    else:
        clock.advance(seconds=31)
        sweep(admin)
        must(respond(call, claim(call)))
    before = everything(admin)

    reply = respond(call, claimed)

    assert reply.failure == 409
    assert reply.errors[0].startswith(f"too late for queue item {queue_id}: it is {status_of(call, queue_id)}, ")
    assert everything(admin) == before


def test_a_response_renews_a_claim_that_the_sweep_has_put_back(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    must(respond(call, claimed))
    clock.advance(seconds=31)
    sweep(admin)

    row = respond(call, claimed, responseVault=ANSWER).row

    item = item_of(call, queue_id)
    assert row["responseVaultVersion"] == 2
    assert (item["status"], item["attempt"], item["vaultContentResponse"]) == ("PROCESSING", 1, ANSWER)


def test_an_item_asked_to_stop_still_takes_a_response(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="CANCELLING")

    add(call, queue_id)

    assert status_of(call, queue_id) == "CANCELLING"


@pytest.mark.parametrize("caller", ["carol", "gina", "dev-01", "build-02"])
def test_an_item_of_others_is_not_found(call: Caller, queue_item: MakeItem, caller: str) -> None:
    queue_id = queue_item(status="ASSIGNED")

    reply = call("UpdateQueueItemResponse", _as=caller, queueId=queue_id, responseVault="{}")

    assert reply.failure == 404
    assert reply.errors == [f"queue item {queue_id} not found"]


def test_team_name_must_be_the_items_team(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item(status="ASSIGNED")

    def status(caller: str, team: str) -> int:
        reply = call("UpdateQueueItemResponse", _as=caller, teamName=team, queueId=queue_id, responseVault="{}")
        return reply.failure

    assert status("bob", "dev") == 403
    assert status("ann", "dev") == 404
    assert status("bob", "nobody's") == 404
    assert status("bob", "OPS") == 0


def test_another_machines_item_keeps_its_response_apart(call: Caller) -> None:
    first, second = create(call), create(call, "build-02")

    add(call, first, responseVault='{"of":1}')
    add(call, second, responseVault='{"of":2}')

    contents = [item_of(call, queue_id)["vaultContentResponse"] for queue_id in (first, second)]
    assert contents == ['{"of":1}', '{"of":2}']
