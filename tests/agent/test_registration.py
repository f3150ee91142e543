"""What an agent says of itself, and what it does when the broker wants it to end."""

import logging
from pathlib import Path

import pytest

from agent import VERSION
from agent.loop import Ending
from tests.agent.fake_broker import Failure, FakeBroker
from tests.agent.running import AgentProcesses, Starts
from tests.agent.test_loop import HELLO, until_file


def test_says_at_its_start_what_it_is(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(slots=3, queues=("images",), labels=(("os", "linux"),))

    broker.wait_for_poll()

    assert [call.procedure for call in broker.calls] == ["RegisterAgent", "GetQueueItemsNext"]
    assert broker.calls[0].body == {
        "agentVersion": VERSION,
        "slots": 3,
        "queues": ["images"],
        "labels": {"os": "linux"},
    }


def test_without_queues_it_serves_all(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(machine="m1")

    [registration] = broker.wait_for_calls("RegisterAgent")

    assert registration.body == {"machineName": "m1", "agentVersion": VERSION, "slots": 1, "labels": {}}


def test_says_it_once(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()

    for _ in range(2):
        broker.wait_for_answer(broker.offer(HELLO))

    assert len(broker.calls_of("RegisterAgent")) == 1


def test_says_it_again_when_the_broker_asks(broker: FakeBroker, start_agent: Starts) -> None:
    broker.asks_to_register = True

    start_agent(wait_seconds=0)

    broker.wait_for_calls("RegisterAgent", 2)


def test_works_for_a_broker_that_knows_nothing_of_it(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("RegisterAgent", Failure(404))

    start_agent()

    assert broker.wait_for_answer(broker.offer(HELLO)).answer["exitCode"] == 0
    assert len(broker.calls_of("RegisterAgent")) == 1


def test_a_session_that_may_claim_and_not_register_works_unregistered(
    broker: FakeBroker, start_agent: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broker.fail("RegisterAgent", Failure(403))
    broker.asks_to_register = True

    start_agent(machine="m1")

    for _ in range(3):
        assert broker.wait_for_answer(broker.offer(HELLO)).answer["exitCode"] == 0
    assert len(broker.calls_of("RegisterAgent")) == 1
    assert caplog.text.count("not registered: RegisterAgent: 403") == 1


def test_a_token_that_is_worth_nothing_ends_the_agent(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("RegisterAgent", Failure(401))
    broker.fail("GetQueueItemsNext", Failure(401))

    assert start_agent().wait() is Ending.REFUSED


def test_asks_for_no_work_before_it_was_heard(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("RegisterAgent", Failure(503))

    start_agent(lease_seconds=30)
    broker.wait_for_poll()

    assert [call.procedure for call in broker.calls] == ["RegisterAgent", "RegisterAgent", "GetQueueItemsNext"]


def test_ends_when_what_it_says_is_refused(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("RegisterAgent", Failure(400))

    assert start_agent().wait() is Ending.ASKED_WRONGLY


def test_an_idle_agent_that_is_to_stop_ends(broker: FakeBroker, start_agent: Starts) -> None:
    broker.dismissed = True

    agent = start_agent()

    assert agent.wait() is Ending.IN_ORDER


def test_an_agent_that_is_to_stop_finishes_its_jobs(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    agent = start_agent()
    task_id = broker.offer(until_file(tmp_path / "go"))
    broker.wait_for_calls("UpdateQueueItemHeartbeat")

    broker.dismissed = broker.drain = True
    broker.wait_for_calls("UpdateQueueItemHeartbeat", len(broker.calls_of("UpdateQueueItemHeartbeat")) + 2)
    (tmp_path / "go").touch()

    assert agent.wait() is Ending.IN_ORDER
    assert broker.wait_for_answer(task_id).body["completionStatus"] == "SUCCESS"


def test_its_process_ends_without_a_fault(broker: FakeBroker, agent_process: AgentProcesses) -> None:
    broker.dismissed = True

    process = agent_process("--labels", "os=linux", BROKER_AGENT_QUEUES="images, video")
    _, log = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "stopping: the broker wants it" in log
    assert broker.calls[0].body["queues"] == ["images", "video"]
    assert broker.calls[0].body["labels"] == {"os": "linux"}


def test_beats_as_often_as_the_broker_wants(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    broker.heartbeat_seconds = 0.05
    start_agent(lease_seconds=3)
    broker.offer(until_file(tmp_path / "go"))

    broker.wait_for_calls("UpdateQueueItemHeartbeat", 20)

    (tmp_path / "go").touch()
