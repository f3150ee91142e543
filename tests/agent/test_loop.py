"""An agent from claim to answer, against a fake broker."""

import json
import logging
from pathlib import Path

import pytest

from agent.loop import Ending
from tests.agent.fake_broker import TOKEN, Failure, FakeBroker
from tests.agent.running import Starts

HELLO = {"handler": "shell", "argv": ["echo", "hello"]}
ENDLESS = {"handler": "shell", "argv": ["sleep", "600"]}


def until_file(path: Path) -> dict[str, object]:
    """A job that ends when the file exists."""
    return {"handler": "shell", "argv": ["sh", "-c", f'echo begun; while [ ! -e "{path}" ]; do sleep 0.05; done']}


def test_runs_a_job_and_answers_with_what_it_printed(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    task_id = broker.offer(HELLO)

    completion = broker.wait_for_answer(task_id)

    assert completion.body["completionStatus"] == "SUCCESS"
    assert completion.body["claimToken"] == f"claim-{task_id}"
    assert completion.answer["stdout"] == "hello\n"
    assert completion.answer["exitCode"] == 0


def test_the_answer_has_the_members_of_the_contract(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    task_id = broker.offer(HELLO)

    answer = broker.wait_for_answer(task_id).answer

    assert list(answer) == [
        "handler",
        "exitCode",
        "signal",
        "stdout",
        "stderr",
        "truncated",
        "startedTime",
        "finishedTime",
        "durationSeconds",
        "error",
    ]
    assert answer["truncated"] == {"stdout": 0, "stderr": 0}


def test_asks_for_as_many_items_as_it_has_free_slots(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(slots=4)
    broker.wait_for_poll()
    broker.offer(ENDLESS)

    first, second = broker.wait_for_calls("GetQueueItemsNext", 2)[:2]

    assert (first.body["itemCount"], second.body["itemCount"]) == (4, 3)


def test_asks_for_nothing_while_no_slot_is_free(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    start_agent(slots=1)
    task_id = broker.offer(until_file(tmp_path / "go"))
    broker.wait_for_calls("UpdateQueueItemHeartbeat", 2)

    asked = len(broker.calls_of("GetQueueItemsNext"))
    (tmp_path / "go").touch()
    broker.wait_for_answer(task_id)

    assert asked == 1


def test_runs_as_many_jobs_at_once_as_it_has_slots(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    start_agent(slots=2)
    for mine, other in (("a", "b"), ("b", "a")):
        (tmp_path / mine).mkdir()
        script = f'touch "{tmp_path}/{mine}/here"; while [ ! -e "{tmp_path}/{other}/here" ]; do sleep 0.02; done'
        broker.offer({"handler": "shell", "argv": ["sh", "-c", script]})

    broker.wait_until(lambda: len(broker.completions) == 2)

    assert {call.body["completionStatus"] for call in broker.completions} == {"SUCCESS"}


def test_lets_the_broker_hold_its_question(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(wait_seconds=50, lease_seconds=30)

    question = broker.wait_for_calls("GetQueueItemsNext")[0].body

    assert 40 <= int(str(question["waitSeconds"])) <= 50
    assert (question["leaseSeconds"], question["start"]) == (30, True)
    assert "machineName" not in question


def test_names_its_machine_when_it_is_told_one(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(machine="m1")

    question = broker.wait_for_calls("GetQueueItemsNext")[0].body

    assert question["machineName"] == "m1"


def test_each_question_has_a_requestid_of_its_own(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    broker.offer(HELLO)

    first, second = broker.wait_for_calls("GetQueueItemsNext", 2)[:2]

    assert first.body["requestId"] != second.body["requestId"]


def test_a_claim_whose_answer_is_lost_is_repeated_and_run_once(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("GetQueueItemsNext", Failure(0, after_work=True))
    task_id = broker.offer(HELLO)

    start_agent(lease_seconds=30)
    broker.wait_for_answer(task_id)

    first, second = broker.calls_of("GetQueueItemsNext")[:2]
    assert first.body["requestId"] == second.body["requestId"]
    assert len(broker.completions) == 1


def test_an_outage_is_told_as_it_begins_and_as_it_ends(
    broker: FakeBroker, start_agent: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broker.fail("GetQueueItemsNext", Failure(503), Failure(503))

    start_agent(lease_seconds=30)
    broker.wait_for_answer(broker.offer(HELLO))

    assert caplog.text.count("no answer to the question for work, asking on: GetQueueItemsNext: 503") == 1
    assert caplog.text.count("the broker answers again") == 1


def test_a_job_that_fails_is_answered_failed_and_retryable(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    task_id = broker.offer({"handler": "shell", "argv": ["sh", "-c", "echo why >&2; exit 3"]})

    completion = broker.wait_for_answer(task_id)

    assert (completion.body["completionStatus"], completion.body["retryable"]) == ("FAILED", True)
    assert completion.answer["exitCode"] == 3
    assert completion.answer["error"] == "the job ended with exit code 3"
    assert completion.answer["stderr"] == "why\n"


@pytest.mark.parametrize(
    ("vault", "error"),
    [
        ("[1]", "the vault is no job: it has no member `handler`"),
        ("{}", "the vault is no job: it has no member `handler`"),
        ('{"handler": "teleport"}', "this agent knows no handler 'teleport'"),
        ('{"handler": "shell"}', "`argv` must be a list of texts, the first of them the program"),
        ('{"handler": "shell", "argv": ["echo", 1]}', "`argv` must be a list of texts, the first of them the program"),
        (
            '{"handler": "shell", "argv": ["echo\\u0000"]}',
            "`argv` must be a list of texts, the first of them the program",
        ),
        ('{"handler": "shell", "argv": ["ls"], "env": {"A": 1}}', "`env` must be an object of texts"),
        ('{"handler": "shell", "argv": ["ls"], "stdin": 1}', "`stdin` must be a text"),
        ('{"handler": "shell", "argv": ["ls"], "cwd": "/no/such"}', "`cwd` must be the absolute path of a folder"),
        ('{"handler": "shell", "argv": ["ls"], "timeoutSeconds": -1}', "`timeoutSeconds` must be a number above 0"),
        ('{"handler": "shell", "command": "ls"}', "this machine runs no shell commands"),
        ('{"handler": "python", "function": "os:getcwd"}', "`function` is not among the python_functions"),
    ],
)
def test_a_vault_that_is_no_job_fails_and_is_not_retried(
    broker: FakeBroker, start_agent: Starts, vault: str, error: str
) -> None:
    start_agent()
    task_id = broker.offer(vault)

    completion = broker.wait_for_answer(task_id)

    assert (completion.body["completionStatus"], completion.body["retryable"]) == ("FAILED", False)
    assert str(completion.answer["error"]).startswith(error)


@pytest.mark.parametrize(("of_item", "of_job"), [(0.2, 600), (600, 0.2), (None, 0.2)])
def test_the_smaller_timeout_wins(
    broker: FakeBroker, start_agent: Starts, of_item: float | None, of_job: float
) -> None:
    start_agent()
    task_id = broker.offer({**ENDLESS, "timeoutSeconds": of_job}, timeoutSeconds=of_item)

    completion = broker.wait_for_answer(task_id)

    assert completion.body["completionStatus"] == "FAILED"
    assert completion.answer["error"] == "the job ran longer than its 0.2 seconds"


def test_a_cancelled_job_is_stopped_and_answered_cancelled(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    task_id = broker.offer(ENDLESS)
    broker.wait_for_calls("UpdateQueueItemHeartbeat")

    broker.cancelled.add(task_id)
    completion = broker.wait_for_answer(task_id)

    assert completion.body["completionStatus"] == "CANCELLED"
    assert completion.answer["signal"] == "SIGTERM"


def test_a_job_whose_claim_is_lost_is_killed_and_not_answered(broker: FakeBroker, start_agent: Starts) -> None:
    agent = start_agent()
    lost = broker.offer({"handler": "shell", "argv": ["sh", "-c", "trap '' TERM; sleep 600"]})
    broker.wait_for_calls("UpdateQueueItemHeartbeat")

    broker.lost.add(lost)
    broker.wait_for_answer(broker.offer(HELLO))  # the slot is free again

    agent.stop()
    assert agent.wait() is Ending.IN_ORDER
    assert [call.body["taskId"] for call in broker.completions if call.body["taskId"] == lost] == []


def test_progress_travels_with_the_heartbeat(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    told = """printf '0.4 copying\\n{"files": 12}\\n' > "$BROKER_JOB_PROGRESS"; sleep 600"""
    broker.offer({"handler": "shell", "argv": ["sh", "-c", told]})

    broker.wait_until(lambda: any("progress" in call.items[0] for call in broker.calls_of("UpdateQueueItemHeartbeat")))

    item = broker.calls_of("UpdateQueueItemHeartbeat")[-1].items[0]
    assert (item["progress"], item["metrics"]) == (0.4, {"files": 12})


def test_progress_and_output_so_far_become_a_response(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    script = 'echo so far; echo "0.4 copying" > "$BROKER_JOB_PROGRESS"; sleep 600'
    broker.offer({"handler": "shell", "argv": ["sh", "-c", script]})

    broker.wait_until(lambda: any("progress" in call.answer for call in broker.calls_of("UpdateQueueItemResponse")))

    answer = broker.calls_of("UpdateQueueItemResponse")[-1].answer
    assert (answer["progress"], answer["progressText"], answer["stdout"]) == (0.4, "copying", "so far\n")
    assert (answer["exitCode"], answer["finishedTime"]) == (None, None)


def test_a_job_that_says_nothing_new_is_not_reported_again(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent(progress_seconds=0.05)
    broker.offer({"handler": "shell", "argv": ["sh", "-c", "echo once; sleep 600"]})
    broker.wait_for_calls("UpdateQueueItemResponse")

    broker.wait_for_calls("UpdateQueueItemHeartbeat", 3)  # about twenty reports could have been made by now

    assert len(broker.calls_of("UpdateQueueItemResponse")) == 1


def test_running_jobs_go_on_while_the_broker_is_away(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    start_agent(progress_seconds=600)
    task_id = broker.offer(until_file(tmp_path / "go"))
    broker.wait_for_calls("UpdateQueueItemHeartbeat")

    broker.stop()
    (tmp_path / "go").touch()
    broker.start()

    assert broker.wait_for_answer(task_id).body["completionStatus"] == "SUCCESS"


def test_claims_nothing_before_the_answers_of_an_outage_are_delivered(broker: FakeBroker, start_agent: Starts) -> None:
    start_agent()
    broker.fail("UpdateQueueItemToCompleted", *[Failure(503)] * 3)
    broker.offer(HELLO)

    broker.wait_until(lambda: len(broker.completions) == 4)
    broker.wait_for_calls("GetQueueItemsNext", 2)

    asked = ("GetQueueItemsNext", "UpdateQueueItemToCompleted")
    procedures = [call.procedure for call in broker.calls if call.procedure in asked]
    assert procedures == ["GetQueueItemsNext", *["UpdateQueueItemToCompleted"] * 4, "GetQueueItemsNext"]


def test_the_claim_of_an_answer_that_waits_for_the_broker_is_kept(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("UpdateQueueItemToCompleted", Failure(503, headers={"Retry-After": "60"}))
    start_agent()
    task_id = broker.offer(HELLO)
    broker.wait_for_calls("UpdateQueueItemToCompleted")

    beat = broker.wait_for_calls("UpdateQueueItemHeartbeat")[0]

    assert [item["taskId"] for item in beat.items] == [task_id]


def test_takes_no_new_work_while_it_is_drained(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    broker.drain = True
    start_agent(slots=2)
    first = broker.offer(until_file(tmp_path / "go"))
    broker.wait_for_calls("UpdateQueueItemHeartbeat", 2)
    asked = len(broker.calls_of("GetQueueItemsNext"))  # the question that was open when the drain was heard

    broker.offer(HELLO)
    broker.wait_for_calls("UpdateQueueItemHeartbeat", 6)
    broker.offer(HELLO)

    assert len(broker.calls_of("GetQueueItemsNext")) <= asked + 1
    (tmp_path / "go").touch()
    broker.wait_for_answer(first)


def test_gives_back_what_it_has_no_room_for(broker: FakeBroker, start_agent: Starts, tmp_path: Path) -> None:
    agent = start_agent()
    broker.wait_for_poll()
    folder = agent.config.folder / "jobs"
    folder.rmdir()
    folder.write_text("no folder can be made in this")

    task_id = broker.offer(HELLO)

    returned = broker.wait_for_calls("ReturnQueueItems")[0]
    assert returned.items == [{"taskId": task_id, "claimToken": f"claim-{task_id}"}]


def test_a_refused_token_ends_the_agent_and_its_jobs(broker: FakeBroker, start_agent: Starts) -> None:
    agent = start_agent(slots=2)
    broker.offer(ENDLESS)
    broker.wait_for_calls("UpdateQueueItemHeartbeat")

    broker.fail("UpdateQueueItemHeartbeat", Failure(401, "Authentication required"))

    assert agent.wait() is Ending.REFUSED


def test_a_first_question_that_is_wrong_ends_the_agent(broker: FakeBroker, start_agent: Starts) -> None:
    broker.fail("GetQueueItemsNext", Failure(404, "bridge b1 not found"))

    agent = start_agent(bridge="b1")

    assert agent.wait() is Ending.ASKED_WRONGLY


def test_leaves_nothing_of_a_job_on_the_disk(broker: FakeBroker, start_agent: Starts) -> None:
    agent = start_agent()
    broker.wait_for_answer(broker.offer({"handler": "shell", "argv": ["touch", "left behind"]}))

    agent.stop()
    agent.wait()

    assert list((agent.config.folder / "jobs").iterdir()) == []
    assert list((agent.config.folder / "answers").iterdir()) == []


def test_the_log_holds_no_token_and_nothing_of_a_vault(
    broker: FakeBroker, start_agent: Starts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    agent = start_agent()
    broker.wait_for_answer(broker.offer({"handler": "shell", "argv": ["echo", "canary"], "env": {"X": "canary"}}))
    broker.wait_for_answer(broker.offer(json.dumps({"handler": "canary"})))

    agent.stop()
    agent.wait()

    assert "started taskId=" in caplog.text
    assert "canary" not in caplog.text
    assert TOKEN not in caplog.text
    assert "claim-" not in caplog.text
