"""UpdateMachineQueues."""

from typing import Any

import pytest

from tests.jobs import claim
from tests.world import Caller, Reply, must

AGENT: dict[str, Any] = {"agentVersion": "1", "slots": 1, "queues": ["images"]}


def update(call: Caller, **members: Any) -> Reply:
    return call("UpdateMachineQueues", **{"teamName": "ops", "machineName": "build-01", **members})


def queue_in_pool(call: Caller) -> int:
    members = {"teamName": "ops", "queueName": "default", "queueVault": "{}"}
    queue_id: int = must(call("CreateQueueItem", **members)).row["queueId"]  # type: ignore[arg-type]  # no header
    return queue_id


def test_the_teams_word_goes_before_the_agents(call: Caller) -> None:
    must(call("RegisterAgent", _as="build-01", **AGENT))
    queue_id = queue_in_pool(call)
    before = must(call("GetQueueItemsNext", _as="build-01")).rows

    row = update(call, queues=["Default", "video"]).row

    assert (before, row) == ([], {"machineName": "build-01", "queues": ["default", "video"]})
    must(call("RegisterAgent", _as="build-01", **AGENT))
    assert claim(call)["queueId"] == queue_id


def test_left_out_the_agents_word_holds_again(call: Caller) -> None:
    must(call("RegisterAgent", _as="build-01", **AGENT))
    must(update(call, queues=["default"]))

    row = update(call, queues=None).row

    queue_in_pool(call)
    assert row["queues"] == ["images"]
    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []


def test_no_queue_is_no_pool(call: Caller) -> None:
    queue_in_pool(call)

    row = update(call, queues=[]).row

    assert row["queues"] == []
    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []


def test_is_kept_in_the_audit(call: Caller) -> None:
    must(update(call, queues=["images"]))

    row = call("GetAuditLogs", _as="ann").rows[0]

    assert (row["action"], row["entity"], row["details"]) == ("QueuesUpdated", "Machine", "images")


@pytest.mark.parametrize(
    ("members", "failure", "sentence"),
    [
        ({"queues": ["q"] * 101}, 400, "queues holds 101: 100 names at most"),
        ({"queues": {"a": 1}}, 400, "queues"),
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
