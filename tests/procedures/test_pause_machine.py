"""PauseMachine and ResumeMachine."""

from typing import Any

import pytest

from tests.jobs import beat, claim, complete, create
from tests.world import Caller, must

PLACE: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}
POOL: dict[str, Any] = {"teamName": "ops", "queueName": "default", "queueVault": "{}"}


def test_a_paused_machine_gets_nothing_and_finishes_what_it_has(call: Caller) -> None:
    create(call)
    claimed = claim(call)
    create(call)
    must(call("CreateQueueItem", **POOL))

    row = call("PauseMachine", reason="new disks", **PLACE).row

    assert (row["machineName"], row["pausedBy"], row["inHandCount"]) == ("build-01", "bob@acme.example", 1)
    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert must(call("GetQueueItemsNext", machineName="build-01")).rows == []
    assert must(beat(call, claimed)).outputs["drain"] is False
    assert complete(call, claimed).row["status"] == "COMPLETED"


def test_others_take_what_lies_in_the_pool(call: Caller) -> None:
    must(call("PauseMachine", **PLACE))
    queue_id = must(call("CreateQueueItem", **POOL)).row["queueId"]

    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert claim(call, "build-02")["queueId"] == queue_id


def test_pausing_it_again_changes_nothing(call: Caller) -> None:
    first = call("PauseMachine", **PLACE).row

    assert call("PauseMachine", _as="ann", **PLACE).row == first


def test_a_machine_that_is_resumed_gets_what_waited(call: Caller) -> None:
    queue_id = create(call)
    must(call("PauseMachine", **PLACE))

    row = call("ResumeMachine", **PLACE).row

    assert row == {"machineName": "build-01", "result": "resumed, was paused"}
    assert claim(call)["queueId"] == queue_id


def test_resuming_what_works_changes_nothing(call: Caller) -> None:
    assert call("ResumeMachine", **PLACE).row["result"] == "it was working"


def test_both_are_kept_in_the_audit(call: Caller) -> None:
    must(call("PauseMachine", reason="new disks", **PLACE))
    must(call("ResumeMachine", **PLACE))

    rows = call("GetAuditLogs", _as="ann").rows

    assert [(row["action"], row["details"]) for row in rows[:2]] == [("Resumed", "was paused"), ("Paused", "new disks")]


@pytest.mark.parametrize("procedure", ["PauseMachine", "ResumeMachine", "DrainMachine"])
@pytest.mark.parametrize(
    ("place", "failure", "sentence"),
    [
        ({"machineName": "dev-01"}, 404, "machine dev-01 not found in team ops"),
        ({"teamName": "dev", "machineName": "dev-01"}, 403, "you are not a member of team dev"),
        ({"teamName": "qa"}, 404, "team qa not found"),
        ({"machineName": None}, 400, "machineName"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    call: Caller, procedure: str, place: dict[str, Any], failure: int, sentence: str
) -> None:
    reply = call(procedure, **{**PLACE, **place})

    assert reply.failure == failure
    assert sentence in reply.errors[0]
