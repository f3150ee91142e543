"""UpdateQueueItemHeartbeat."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import (
    Row,
    beat,
    claim,
    complete,
    everything,
    give_back,
    item_of,
    late_sentence,
    lease_left,
    respond,
    status_of,
    sweep,
    trace_of,
)
from tests.world import Caller, MakeItem, must

METRICS = "metrics must be a JSON object of numbers, of at most 4 KiB; names have 1 to 64 letters, digits, _, . and -"


def test_the_first_heartbeat_makes_the_item_processing(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)

    row = beat(call, claimed).row

    assert row["accepted"] is True
    assert row["cancelRequested"] is False
    assert row["message"] is None
    assert (row["queueId"], row["taskId"]) == (queue_id, claimed["taskId"])
    assert status_of(call, queue_id) == "PROCESSING"
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "PROCESSING", "HEARTBEAT"]


def test_tells_how_often_a_heartbeat_is_due(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    reply = beat(call, claim(call))

    assert reply.outputs == {"drain": False, "heartbeatSeconds": 10, "stop": False}


def test_renews_the_lease_for_as_long_as_the_claim_had(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=300)
    clock.advance(seconds=200)

    row = beat(call, claimed).row

    assert timedelta(seconds=240) < lease_left(admin, queue_id) <= timedelta(seconds=300)
    assert datetime.fromisoformat(row["leaseUntil"]) > datetime.fromisoformat(claimed["leaseUntil"])


def test_a_new_length_holds_until_another_is_given(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=300)
    must(beat(call, claimed, leaseSeconds=3000))
    clock.advance(seconds=2000)

    must(beat(call, claimed))

    assert timedelta(seconds=2900) < lease_left(admin, queue_id) <= timedelta(seconds=3000)


def test_keeps_the_progress_until_a_heartbeat_brings_another(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)

    must(beat(call, claimed, progress=0.25))
    must(beat(call, claimed))

    assert item_of(call, queue_id)["progress"] == 0.25


@pytest.mark.parametrize(
    "members", [{"progress": 1.01}, {"progress": -0.1}, {"leaseSeconds": 4}, {"leaseSeconds": 86401}]
)
def test_refuses_what_is_out_of_range(call: Caller, queue_item: MakeItem, members: dict[str, Any]) -> None:
    queue_item()
    claimed = claim(call)

    assert beat(call, claimed, **members).failure == 400


def test_keeps_the_metrics_until_a_heartbeat_brings_others(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(beat(call, claimed, metrics={"items_processed": 75, "seconds": 45.2}))
    must(beat(call, claimed, progress=0.5))

    assert call("GetQueueItem", queueId=queue_id).row["metrics"] == {"items_processed": 75, "seconds": 45.2}

    must(beat(call, claimed, metrics={}))

    assert call("GetQueueItem", queueId=queue_id).row["metrics"] == {}


@pytest.mark.parametrize(
    "metrics",
    [
        {"log": "what it printed"},
        {"deep": {"er": 1}},
        {"done": True},
        [1, 2],
        3,
        {"a" * 65: 1},
        {"said: secret": 1},
        {f"{number:064}": 1 for number in range(70)},
    ],
)
def test_metrics_are_a_few_numbers_by_name(call: Caller, queue_item: MakeItem, metrics: Any) -> None:
    queue_id = queue_item()
    claimed = claim(call)

    refused = beat(call, claimed, metrics=metrics)

    assert (refused.failure, refused.errors) == (400, [METRICS])
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED"]


def test_a_new_attempt_begins_without_metrics(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    must(beat(call, claim(call, leaseSeconds=30), metrics={"items_processed": 75}))
    clock.advance(seconds=31)
    sweep(admin)

    assert call("GetQueueItem", queueId=queue_id).row["metrics"] is None


def test_leaves_one_event_a_minute(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    claimed = claim(call)

    for _ in range(3):
        must(beat(call, claimed))
        must(beat(call, claimed))
        clock.advance(seconds=60)

    assert trace_of(call, queue_id).count("HEARTBEAT") in (3, 4)  # the minute may turn within a pair


def test_takes_the_stale_flag_away(call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    clock.advance(minutes=11)
    admin.execute("select maintenance.mark_stale(10)")
    assert item_of(call, queue_id)["healthStatus"] == "STALE"

    must(beat(call, claimed))

    assert item_of(call, queue_id)["healthStatus"] == "ACTIVE"
    assert admin.execute("select count(*) from data.queue_item where stale_time is not null").fetchone() == (0,)
    assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "STALE", "PROCESSING", "HEARTBEAT"]


def test_hears_of_a_requested_cancel_and_stays_cancelling(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call, start=True)
    must(call("CancelQueueItem", queueId=queue_id, force=True))

    row = beat(call, claimed).row

    assert (row["accepted"], row["cancelRequested"]) == (True, True)
    assert status_of(call, queue_id) == "CANCELLING"


def test_renews_a_claim_that_the_sweep_has_put_back(
    call: Caller, queue_item: MakeItem, clock: Clock, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    must(respond(call, claimed))
    clock.advance(seconds=31)
    assert sweep(admin) == 1
    assert status_of(call, queue_id) == "PENDING"

    must(beat(call, claimed))

    item = item_of(call, queue_id)
    assert (item["status"], item["attempt"], item["vaultContentResponse"]) == ("PROCESSING", 1, '{"progress":"half"}')
    assert call("GetQueueItemsNext", _as="build-01").rows == []


def test_a_session_needs_no_claim_token_for_what_a_session_claimed(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claim(call, "bob")

    assert call("UpdateQueueItemHeartbeat", _as="ann", queueId=queue_id).row["accepted"] is True


def test_what_an_agent_claimed_is_kept_alive_with_its_token_only(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    claimed = {**claim_after(call, queue_item), "claimToken": None}
    before = everything(admin)

    replies = [beat(call, claimed, caller) for caller in ("bob", "build-01", "north")]

    sentence = f"queue item {claimed['queueId']} was claimed by an agent: claimToken is needed"
    assert [reply.errors for reply in replies] == [[sentence]] * 3
    assert {reply.failure for reply in replies} == {409}
    assert everything(admin) == before


def test_an_agent_never_speaks_without_a_claim_token(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item()
    claimed = {**claim(call, "bob"), "claimToken": None}
    before = everything(admin)

    reply = beat(call, claimed)

    assert reply.failure == 409
    assert reply.errors == [f"an agent answers queue item {claimed['queueId']} with the claimToken of its claim only"]
    assert everything(admin) == before


def test_a_wrong_claim_token_has_its_own_sentence(call: Caller, queue_item: MakeItem) -> None:
    claimed = claim_after(call, queue_item)

    reply = beat(call, claimed, claimToken="A" * 22)

    assert reply.failure == 409
    assert reply.errors == [f"claimToken is not one of queue item {claimed['queueId']}"]


@pytest.mark.parametrize("end", ["complete", "cancel", "give back"])
def test_is_late_when_the_claim_has_ended(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, end: str
) -> None:
    claimed = claim_after(call, queue_item)
    if end == "complete":
        must(complete(call, claimed))
    elif end == "cancel":
        must(call("CancelQueueItem", queueId=claimed["queueId"]))
    else:
        must(give_back(call, claimed))
    before = everything(admin)

    reply = beat(call, claimed)

    status = {"complete": "COMPLETED", "cancel": "CANCELLED", "give back": "PENDING"}[end]
    assert reply.failure == 409
    assert reply.errors == [late_sentence(claimed["queueId"], status)]
    assert everything(admin) == before


def test_nobody_keeps_alive_what_nobody_claimed(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    reply = call("UpdateQueueItemHeartbeat", queueId=queue_id)

    assert reply.failure == 409
    assert reply.errors == [f"queue item {queue_id} is PENDING"]


@pytest.mark.parametrize("caller", ["carol", "gina", "dev-01", "build-02", "globex-build-01"])
def test_an_item_of_others_is_not_found(call: Caller, queue_item: MakeItem, caller: str) -> None:
    claimed = claim_after(call, queue_item)

    reply = beat(call, claimed, caller)

    assert reply.failure == 404
    assert reply.errors == [f"queue item {claimed['taskId']} not found"]


def test_a_deleted_item_is_not_found(call: Caller, queue_item: MakeItem) -> None:
    claimed = claim_after(call, queue_item)
    must(call("DeleteQueueItem", queueId=claimed["queueId"]))

    assert beat(call, claimed).failure == 404


def test_team_name_must_be_the_items_team(call: Caller, queue_item: MakeItem) -> None:
    claimed = claim_after(call, queue_item)

    assert beat(call, claimed, teamName="ops").row["accepted"] is True
    assert beat(call, claimed, teamName="dev").failure == 404
    assert beat(call, claimed, "bob", teamName="dev").failure == 403
    assert beat(call, claimed, "ann", teamName="dev").failure == 404


def test_needs_an_item_or_items_not_both(call: Caller, queue_item: MakeItem) -> None:
    claimed = claim_after(call, queue_item)

    neither = call("UpdateQueueItemHeartbeat", _as="build-01")
    both = beat(call, claimed, items=[{"taskId": claimed["taskId"], "claimToken": claimed["claimToken"]}])

    assert (neither.failure, both.failure) == (400, 400)
    assert both.errors == ["an item and items are both given: name one or the other"]


def claim_after(call: Caller, queue_item: MakeItem) -> Row:
    """A new item, claimed by its machine's agent."""
    queue_item()
    return claim(call)
