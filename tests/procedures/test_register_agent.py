"""RegisterAgent."""

from typing import Any

import pytest

from tests.jobs import claim
from tests.world import NOBODY, Caller, Reply, must

ME: dict[str, Any] = {"agentVersion": "1.2.3", "slots": 4}


def register(call: Caller, _as: str = "build-01", **members: Any) -> Reply:
    return call("RegisterAgent", _as=_as, **{**ME, **members})


def machine(call: Caller, name: str = "build-01") -> dict[str, Any]:
    [row] = [row for row in call("GetTeamMachines", _as="ann").rows if row["machineName"] == name]
    return row


def queue_in_pool(call: Caller, **members: Any) -> int:
    members = {"teamName": "ops", "queueName": "default", "queueVault": "{}", **members}
    queue_id: int = must(call("CreateQueueItem", **members)).row["queueId"]
    return queue_id


def test_what_an_agent_is_is_seen_at_its_machine(call: Caller) -> None:
    reply = register(call, queues=["Images", "video", "images"], labels={"os": "linux"})

    row = machine(call)
    assert reply.failure == 0
    assert reply.outputs == {"heartbeatSeconds": 10, "drain": False, "paused": False, "stop": False}
    assert (row["agentVersion"], row["slots"], row["labels"]) == ("1.2.3", 4, {"os": "linux"})
    assert row["queues"] == ["images", "video"]
    assert machine(call, "build-02")["agentVersion"] is None


def test_a_machine_that_never_registered_serves_every_queue_and_has_no_labels(call: Caller) -> None:
    queue_in_pool(call, labels={"os": "linux"})
    plain = queue_in_pool(call)

    claimed = must(call("GetQueueItemsNext", _as="build-01")).rows

    assert [row["queueId"] for row in claimed] == [plain]
    assert (machine(call)["queues"], machine(call)["labels"]) == (None, {})


def test_items_of_a_pool_go_to_the_machines_that_have_their_labels(call: Caller) -> None:
    must(register(call, "build-02", labels={"os": "linux", "gpu": "yes"}))
    must(register(call, "build-01", labels={"os": "linux"}))
    queue_id = queue_in_pool(call, labels={"gpu": "yes", "os": "linux"})

    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert claim(call, "build-02")["queueId"] == queue_id


def test_items_of_a_pool_go_to_the_machines_that_serve_their_queue(call: Caller) -> None:
    must(register(call, "build-01", queues=["images"]))
    must(register(call, "build-02", queues=["DEFAULT"]))
    queue_id = queue_in_pool(call)

    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert claim(call, "build-02")["queueId"] == queue_id


def test_a_machine_gets_its_own_items_whatever_it_serves(call: Caller) -> None:
    must(register(call, queues=[]))
    queue_in_pool(call)
    own = must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}")).row["queueId"]

    claimed = must(call("GetQueueItemsNext", _as="build-01")).rows

    assert [row["queueId"] for row in claimed] == [own]


def test_what_is_left_out_is_taken_back(call: Caller) -> None:
    must(register(call, queues=["images"], labels={"os": "linux"}))

    must(register(call))

    assert (machine(call)["queues"], machine(call)["labels"]) == (None, {})


def test_the_agent_of_a_bridge_speaks_for_all_its_machines(call: Caller) -> None:
    must(register(call, "north", labels={"site": "eu"}))

    labels = [machine(call, name)["labels"] for name in ("build-01", "build-02", "dev-01")]
    assert labels == [{"site": "eu"}] * 3


def test_the_agent_of_a_bridge_may_speak_for_one(call: Caller) -> None:
    must(register(call, "north", machineName="build-02", labels={"site": "eu"}))

    assert machine(call, "build-02")["labels"] == {"site": "eu"}
    assert machine(call, "build-01")["labels"] == {}


def test_the_broker_asks_who_has_not_said_what_he_is(call: Caller) -> None:
    before = must(call("GetQueueItemsNext", _as="build-01")).outputs["register"]
    must(register(call))

    after = must(call("GetQueueItemsNext", _as="build-01")).outputs["register"]

    assert (before, after) == (True, False)


def test_answers_what_is_wanted_of_the_agent(call: Caller) -> None:
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}
    must(call("UpdateMachineHeartbeat", heartbeatSeconds=3, **place))
    must(call("PauseMachine", **place))
    must(call("DrainMachine", stop=True, **place))

    outputs = register(call).outputs

    assert outputs == {"heartbeatSeconds": 3, "drain": True, "paused": True, "stop": True}


def test_the_agent_of_a_bridge_drains_when_all_its_machines_do(call: Caller) -> None:
    for name, team in (("build-01", "ops"), ("build-02", "ops")):
        must(call("DrainMachine", _as="ann", teamName=team, machineName=name))
    some = register(call, "north").outputs["drain"]
    must(call("DrainMachine", _as="ann", teamName="dev", machineName="dev-01"))

    assert (some, register(call, "north").outputs["drain"]) == (False, True)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"labels": ["linux"]}, "labels must be a JSON object"),
        ({"labels": {"os": None}}, "label os must be a text"),
        ({"queues": [f"q{number}" for number in range(101)]}, "queues holds 101: 100 names at most"),
        ({"queues": [""]}, "queues"),
        ({"queues": [None]}, "queues"),
        ({"queues": "images"}, "queues"),
        ({"slots": 0}, "slots"),
        ({"slots": 1001}, "slots"),
        ({"agentVersion": "v" * 101}, "agentVersion"),
        ({"machineName": "build-01", "bridgeName": "north"}, "name one of them"),
    ],
)
def test_bad_input_is_told_in_one_sentence(call: Caller, members: dict[str, Any], sentence: str) -> None:
    reply = register(call, **members)

    assert reply.failure == 400
    assert len(reply.errors) == 1
    assert sentence in reply.errors[0]


@pytest.mark.parametrize(
    ("caller", "place", "failure"),
    [
        ("build-01", {"machineName": "build-02"}, 403),
        ("build-01", {"machineName": "m9"}, 404),
        ("globex-build-01", {"machineName": "build-02"}, 404),
        ("bob", {}, 403),
        (NOBODY, {}, 401),
    ],
)
def test_is_for_the_agents_of_the_machine(call: Caller, caller: str, place: dict[str, str], failure: int) -> None:
    assert register(call, caller, **place).failure == failure
