"""ReturnQueueItems."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import (
    beat,
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


@pytest.mark.parametrize("start", [False, True])
def test_the_item_is_pending_again_and_no_attempt_is_used(call: Caller, queue_item: MakeItem, start: bool) -> None:
    queue_id = queue_item()
    claimed = claim(call, start=start)

    row = give_back(call, claimed).row

    item = item_of(call, queue_id)
    assert row == {"taskId": claimed["taskId"], "queueId": queue_id, "returned": True, "message": None}
    assert (item["status"], item["attempt"], item["assignedTime"]) == ("PENDING", 0, None)
    assert trace_of(call, queue_id)[-1] == "REQUEUED"


def test_it_can_be_given_back_any_number_of_times(call: Caller) -> None:
    queue_id = create(call, maxAttempts=1)

    for _ in range(5):
        claimed = claim(call)
        must(respond(call, claimed))
        assert give_back(call, claimed).row["returned"] is True

    assert status_of(call, queue_id) == "PENDING"


def test_it_starts_clean(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(beat(call, claimed, progress=0.5))
    must(respond(call, claimed))

    must(give_back(call, claimed))

    item = item_of(call, queue_id)
    assert (item["hasResponse"], item["progress"]) == (0, None)
    assert respond(call, claim(call)).row["responseVaultVersion"] == 1


def test_an_item_asked_to_stop_is_cancelled(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call, start=True)
    must(call("CancelQueueItem", queueId=queue_id, force=True))

    assert give_back(call, claimed).row["returned"] is True

    assert status_of(call, queue_id) == "CANCELLED"


def test_what_is_given_back_is_late_for_everything(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item()
    claimed = claim(call)
    must(give_back(call, claimed))
    before = everything(admin)

    refused = [beat(call, claimed).failure, respond(call, claimed).failure, complete(call, claimed).failure]

    assert refused == [409, 409, 409]
    assert give_back(call, claimed).row["returned"] is False
    assert everything(admin) == before


def test_a_claim_that_the_sweep_has_put_back_is_given_back_for_good(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    must(respond(call, claimed))
    clock.advance(seconds=31)
    sweep(admin)

    assert give_back(call, claimed).row["returned"] is True

    assert complete(call, claimed).failure == 409
    item = item_of(call, queue_id)
    assert (item["status"], item["attempt"], item["hasResponse"]) == ("PENDING", 0, 0)
    assert claim(call)["attempt"] == 1


@pytest.mark.parametrize("end", ["complete", "cancel", "taken by another"])
def test_a_late_return_changes_nothing(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection, end: str
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    if end == "complete":
        must(complete(call, claimed))
    elif end == "cancel":
        must(call("CancelQueueItem", queueId=queue_id))
    else:
        clock.advance(seconds=31)
        sweep(admin)
        claim(call)
    before = everything(admin)

    row = give_back(call, claimed).row

    assert row["returned"] is False
    assert row["message"].startswith(f"too late for queue item {queue_id}: it is {status_of(call, queue_id)}, ")
    assert everything(admin) == before


def test_each_row_is_judged_for_itself(call: Caller) -> None:
    made = [create(call) for _ in range(3)]
    other = create(call, "build-02")
    good, ended, deleted = (claim(call) for _ in made)
    must(complete(call, ended))
    must(call("DeleteQueueItem", queueId=deleted["queueId"]))
    foreign = {"taskId": item_of(call, other)["taskId"], "claimToken": good["claimToken"]}

    reply = give_back(call, ended, foreign, good, deleted)

    assert {row["taskId"]: row["returned"] for row in reply.rows} == {
        good["taskId"]: True,
        ended["taskId"]: False,
        deleted["taskId"]: False,
        foreign["taskId"]: False,
    }
    assert status_of(call, good["queueId"]) == "PENDING"


def test_missing_and_wrong_claim_tokens_have_their_own_sentence(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)

    missing = give_back(call, {**claimed, "claimToken": None}).row
    wrong = give_back(call, {**claimed, "claimToken": "A" * 22}).row

    assert missing["message"] == f"queue item {queue_id} was claimed by an agent: claimToken is needed"
    assert wrong["message"] == f"claimToken is not one of queue item {queue_id}"
    assert status_of(call, queue_id) == "ASSIGNED"


@pytest.mark.parametrize("count", [0, 1001])
def test_refuses_a_list_that_is_not_of_1_to_1000(call: Caller, queue_item: MakeItem, count: int) -> None:
    queue_item()
    claimed = claim(call)

    assert give_back(call, *[claimed] * count).failure == 400
