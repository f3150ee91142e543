"""UpdateMachineLabels."""

from typing import Any

import pytest

from tests.jobs import claim
from tests.world import Caller, Reply, must

AGENT: dict[str, Any] = {"agentVersion": "1", "slots": 1, "labels": {"os": "linux"}}
POOL: dict[str, Any] = {"teamName": "ops", "queueName": "default", "queueVault": "{}"}


def update(call: Caller, **members: Any) -> Reply:
    return call("UpdateMachineLabels", **{"teamName": "ops", "machineName": "build-01", **members})


def test_the_teams_word_goes_before_the_agents(call: Caller) -> None:
    must(call("RegisterAgent", _as="build-01", **AGENT))
    must(call("CreateQueueItem", labels={"os": "linux"}, **POOL))
    gpu = must(call("CreateQueueItem", labels={"gpu": "yes"}, **POOL)).row["queueId"]

    row = update(call, labels={"gpu": "yes"}).row

    assert row == {"machineName": "build-01", "labels": {"gpu": "yes"}}
    must(call("RegisterAgent", _as="build-01", **AGENT))
    assert [item["queueId"] for item in must(call("GetQueueItemsNext", _as="build-01")).rows] == [gpu]


def test_left_out_the_agents_word_holds_again(call: Caller) -> None:
    must(call("RegisterAgent", _as="build-01", **AGENT))
    must(update(call, labels={}))
    queue_id = must(call("CreateQueueItem", labels={"os": "linux"}, **POOL)).row["queueId"]
    before = must(call("GetQueueItemsNext", _as="build-01")).rows

    row = update(call).row

    assert (before, row["labels"]) == ([], {"os": "linux"})
    assert claim(call)["queueId"] == queue_id


def test_is_kept_in_the_audit(call: Caller) -> None:
    must(update(call, labels={"os": "linux"}))

    row = call("GetAuditLogs", _as="ann").rows[0]

    assert (row["action"], row["entity"], row["details"]) == ("LabelsUpdated", "Machine", '{"os": "linux"}')


@pytest.mark.parametrize(
    ("members", "failure", "sentence"),
    [
        ({"labels": "linux"}, 400, "labels must be a JSON object"),
        ({"labels": {"os": {"name": "linux"}}}, 400, "label os must be a text of at most 100 characters"),
        ({"labels": {"os": "x" * 101}}, 400, "label os must be a text of at most 100 characters"),
        ({"machineName": "dev-01"}, 404, "machine dev-01 not found in team ops"),
        ({"teamName": "dev", "machineName": "dev-01"}, 403, "you are not a member of team dev"),
        ({"teamName": "qa"}, 404, "team qa not found"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    call: Caller, members: dict[str, Any], failure: int, sentence: str
) -> None:
    reply = update(call, **members)

    assert reply.failure == failure
    assert sentence in reply.errors[0]
