"""PauseQueue and ResumeQueue."""

import psycopg

from tests.conftest import Clock
from tests.jobs import complete
from tests.queues import audited, new_queue, put, queue_of, take, taken
from tests.world import Caller, must


def pause(call: Caller, name: str = "mail", **members: str) -> dict[str, object]:
    return call("PauseQueue", teamName="ops", queueName=name, **members).row  # type: ignore[arg-type]  # no header


def test_nothing_of_it_is_handed_out_until_it_is_resumed(call: Caller) -> None:
    new_queue(call)
    made = put(call, count=2) + put(call, machineName=None)

    pause(call)
    while_paused = taken(call, _as="bob")
    resumed = call("ResumeQueue", teamName="ops", queueName="mail").row

    assert while_paused == []
    assert resumed["paused"] is False
    assert sorted(taken(call, _as="bob")) == made


def test_it_says_who_paused_it_since_when_and_why(call: Caller) -> None:
    new_queue(call)

    paused = pause(call, reason="the server is ill")

    assert (paused["paused"], paused["pausedBy"], paused["pauseReason"]) == (
        True,
        "bob@acme.example",
        "the server is ill",
    )
    assert paused["pausedTime"] is not None
    assert queue_of(call) == paused


def test_resumed_it_says_nothing_of_that_any_more(call: Caller) -> None:
    before = new_queue(call)
    pause(call, reason="the server is ill")

    assert call("ResumeQueue", teamName="ops", queueName="mail").row == before


def test_paused_again_it_stays_so_since_the_first_time_for_the_newer_reason(call: Caller, clock: Clock) -> None:
    new_queue(call)
    first = pause(call, reason="the server is ill")
    clock.advance(minutes=5)

    second = pause(call, reason="it is worse")

    assert second == {**first, "pauseReason": "it is worse"}


def test_resuming_what_is_not_paused_changes_nothing(call: Caller) -> None:
    before = new_queue(call)

    assert call("ResumeQueue", teamName="ops", queueName="mail").row == before


def test_what_runs_goes_on_and_new_items_may_be_queued(call: Caller) -> None:
    new_queue(call)
    put(call)
    [running] = take(call)

    pause(call)
    [added] = put(call)

    assert must(complete(call, running)).row["status"] == "COMPLETED"
    assert queue_of(call)["waitingCount"] == 1
    must(call("ResumeQueue", teamName="ops", queueName="mail"))
    assert taken(call) == [added]


def test_other_queues_of_the_machine_and_the_pool_go_on(call: Caller) -> None:
    new_queue(call)
    new_queue(call, "other")
    put(call, count=3)
    made = put(call, None) + put(call, "other") + put(call, "other", machineName=None)

    pause(call)

    assert sorted(taken(call, _as="bob")) == made


def test_a_lost_claim_is_repeated_all_the_same(call: Caller) -> None:
    new_queue(call)
    [queue_id] = put(call)
    must(call("GetQueueItemsNext", _as="build-01", requestId="poll-1"))

    pause(call)

    assert call("GetQueueItemsNext", _as="build-01", requestId="poll-1").row["queueId"] == queue_id


def test_each_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    new_queue(call)

    pause(call, reason="the server is ill")
    must(call("ResumeQueue", teamName="ops", queueName="mail"))

    assert audited(admin, "PauseQueue") == [("Paused", "Queue", "mail", "in team ops: the server is ill")]
    assert audited(admin, "ResumeQueue") == [("Resumed", "Queue", "mail", "in team ops")]
