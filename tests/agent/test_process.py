"""`broker-agent` as a process of its own: signals, exit codes, its death, its size."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.agent.conftest import ROOT
from tests.agent.fake_broker import DEADLINE_SECONDS, TOKEN, Failure, FakeBroker
from tests.agent.running import AgentProcesses

MOST_MEMORY_BYTES = 40 * 1024 * 1024
ENDLESS = {"handler": "shell", "argv": ["sleep", "600"]}


def endless(told: Path, leaving: str = "") -> dict[str, object]:
    """A job that no SIGTERM ends; it tells the process id of a descendant by a fifo, which is made here."""
    os.mkfifo(told)
    script = f"trap '' TERM; {leaving} sh -c 'echo $$ > \"{told}\"; exec sleep 600'; true"
    return {"handler": "shell", "argv": ["sh", "-c", script]}


def wait_for_end(process_id: int) -> None:
    """Until a process that is not ours has gone."""
    try:
        psutil.Process(process_id).wait(DEADLINE_SECONDS)
    except psutil.NoSuchProcess:
        return


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_idle_agent_stops_at_once_and_in_order(
    broker: FakeBroker, agent_process: AgentProcesses, number: signal.Signals
) -> None:
    process = agent_process()
    broker.wait_for_poll()

    process.send_signal(number)

    assert process.wait(DEADLINE_SECONDS) == 0
    assert broker.withdrawn_polls == 1


def test_the_first_signal_lets_running_jobs_finish_and_answers_them(
    broker: FakeBroker, agent_process: AgentProcesses, tmp_path: Path
) -> None:
    process = agent_process("--slots", "2", "--lease-seconds", "5")
    script = f'while [ ! -e "{tmp_path}/go" ]; do sleep 0.05; done; echo finished'
    task_id = broker.offer({"handler": "shell", "argv": ["sh", "-c", script]})
    broker.wait_for_calls("GetQueueItemsNext", 2)
    broker.wait_for_poll()

    process.send_signal(signal.SIGTERM)
    broker.wait_until(lambda: broker.withdrawn_polls == 1)
    not_taken = broker.offer(ENDLESS)
    (tmp_path / "go").touch()

    assert process.wait(DEADLINE_SECONDS) == 0
    assert broker.wait_for_answer(task_id).answer["stdout"] == "finished\n"
    assert not_taken not in [call.body["taskId"] for call in broker.completions]


def test_the_second_signal_kills_jobs_and_gives_their_items_back(
    broker: FakeBroker, agent_process: AgentProcesses, tmp_path: Path
) -> None:
    process = agent_process("--slots", "2")
    task_ids = {broker.offer(endless(tmp_path / name)) for name in ("one", "two")}
    jobs = [int((tmp_path / name).read_text()) for name in ("one", "two")]

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_SECONDS) == 0
    (returned,) = broker.calls_of("ReturnQueueItems")
    assert {item["taskId"] for item in returned.items} == task_ids
    assert broker.completions == []
    for job in jobs:
        wait_for_end(job)


@pytest.mark.parametrize("leaving", ["", "setsid -w"])
def test_kill_9_of_the_agent_kills_its_jobs(
    broker: FakeBroker, agent_process: AgentProcesses, tmp_path: Path, leaving: str
) -> None:
    process = agent_process("--grace-seconds", "600")
    broker.offer(endless(tmp_path / "told", leaving))
    job = int((tmp_path / "told").read_text())

    process.send_signal(signal.SIGKILL)

    wait_for_end(job)


def test_an_answer_of_an_outage_is_delivered_by_the_next_agent(
    broker: FakeBroker, agent_process: AgentProcesses, tmp_path: Path
) -> None:
    first = agent_process("--deliver-seconds", "0")
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "go")
    script = f'echo > "{tmp_path}/begun"; cat "{tmp_path}/go"'
    task_id = broker.offer({"handler": "shell", "argv": ["sh", "-c", script]})
    (tmp_path / "begun").read_bytes()

    broker.stop()
    first.send_signal(signal.SIGTERM)
    (tmp_path / "go").write_text("finished")
    assert first.wait(DEADLINE_SECONDS) == 0
    broker.start()
    agent_process()

    assert broker.wait_for_answer(task_id).answer["stdout"] == "finished"
    broker.wait_for_poll()
    assert list((tmp_path / "state" / "answers").iterdir()) == []


def test_a_refused_token_ends_with_3_and_says_what_to_do(broker: FakeBroker, agent_process: AgentProcesses) -> None:
    broker.fail("GetQueueItemsNext", Failure(401, "Authentication required"))
    process = agent_process()

    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 3
    assert "Make a new one with CreateAgentToken" in errors
    assert " ERROR " not in errors
    assert TOKEN not in errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--slots", "0"], "--slots must be a whole number from 1 to 1000"),
        (["--url", "broker"], "give the broker's address with --url"),
        (["--config", "/no/such.toml"], "the file /no/such.toml cannot be read"),
        (["--colour", "red"], "No such option"),
        (["--state-dir", "/proc/no"], "the state folder /proc/no cannot be used"),
    ],
)
def test_wrong_settings_end_with_2_and_a_sentence(
    agent_process: AgentProcesses, arguments: list[str], sentence: str
) -> None:
    process = agent_process(*arguments)

    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 2
    assert sentence in errors


def test_two_agents_do_not_share_a_folder(broker: FakeBroker, agent_process: AgentProcesses) -> None:
    agent_process()
    broker.wait_for_poll()

    second = agent_process()
    _, errors = second.communicate(timeout=DEADLINE_SECONDS)

    assert second.returncode == 2
    assert "another agent uses the state folder" in errors


def test_the_log_has_one_line_for_each_event_and_no_secret(broker: FakeBroker, agent_process: AgentProcesses) -> None:
    process = agent_process()
    broker.wait_for_answer(broker.offer({"handler": "shell", "argv": ["echo", "canary"]}))
    broker.wait_for_calls("GetQueueItemsNext", 2)

    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    lines = errors.splitlines()
    assert [line.split()[2] for line in lines] == ["agent", "started", "answered", "stopping:"]
    assert "canary" not in errors
    assert TOKEN not in errors


def test_an_idle_agent_is_small_and_asks_once(broker: FakeBroker, agent_process: AgentProcesses) -> None:
    process = agent_process()
    broker.wait_for_answer(broker.offer({"handler": "shell", "argv": ["true"]}))
    broker.wait_for_calls("GetQueueItemsNext", 2)
    broker.wait_for_poll()

    measured = psutil.Process(process.pid)

    assert measured.memory_info().rss < MOST_MEMORY_BYTES
    assert measured.children() == []
    assert len(broker.calls_of("GetQueueItemsNext")) == 2


def test_the_agent_needs_nothing_of_the_server() -> None:
    program = "import agent.cli, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    foreign = {name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert foreign <= {"agent", "click", "urllib3"}


def test_what_it_was_started_with_is_not_readable_for_jobs_of_its_user(broker: FakeBroker, tmp_path: Path) -> None:
    broker.dismissed = True
    # Whether other processes of the user may read below /proc, asked at the end of the agent.
    code = (
        "import atexit, ctypes; from agent.cli import main; "
        "atexit.register(lambda: print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))); main(['run'])"
    )
    variables = {
        "BROKER_AGENT_URL": broker.url,
        "BROKER_AGENT_TOKEN": TOKEN,
        "BROKER_AGENT_STATE_DIR": str(tmp_path / "state"),
    }

    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )

    assert done.stdout == "0\n"
