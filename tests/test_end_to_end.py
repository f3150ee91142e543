"""A real broker, a real agent, one job from creation to the opened answer."""

import json
from pathlib import Path

import pytest

from broker.config import Config
from tests.serving import PROJECT, SECONDS, environment_of, serving, until
from tests.system import start_command
from tests.world import World


@pytest.mark.parametrize(
    ("argv", "status", "exit_code", "printed"),
    [
        (["sh", "-c", "echo built; echo warned >&2"], "COMPLETED", 0, "built\n"),
        (["sh", "-c", "echo broken; exit 3"], "FAILED", 3, "broken\n"),
    ],
)
def test_a_job_goes_to_its_machine_and_the_opened_answer_comes_back(
    config: Config, world: World, tmp_path: Path, argv: list[str], status: str, exit_code: int, printed: str
) -> None:
    job = {"handler": "shell", "argv": argv, "cwd": str(PROJECT)}
    with serving(**environment_of(config)) as broker:
        agent = start_command(
            tmp_path / "agent.log",
            "agent",
            "run",
            BROKER_AGENT_URL=broker.url,
            BROKER_AGENT_TOKEN=world.tokens["build-01"],
            BROKER_AGENT_STATE_DIR=str(tmp_path / "state"),
        )
        made = broker.call(
            world, "CreateQueueItem", teamName="ops", machineName="build-01", queueVault=json.dumps(job)
        ).row

        until(lambda: broker.call(world, "GetTeamQueueItems", teamName="ops").row["status"] == status)
        item = broker.call(world, "GetTeamQueueItems", teamName="ops").row
        agent.terminate()

        assert agent.wait(SECONDS) == 0
    assert item["queueId"] == made["queueId"]
    assert json.loads(item["vaultContent"]) == job
    answer = json.loads(item["vaultContentResponse"])
    assert (answer["handler"], answer["exitCode"], answer["signal"]) == ("shell", exit_code, None)
    assert answer["stdout"] == printed
    assert answer["truncated"] == {"stdout": 0, "stderr": 0}


def test_a_job_for_linux_goes_to_the_machine_that_has_it_and_a_drained_agent_ends(
    config: Config, world: World, tmp_path: Path
) -> None:
    job = {"handler": "shell", "argv": ["echo", "pooled"], "cwd": str(PROJECT)}
    place = {"teamName": "ops", "machineName": "build-01"}
    with serving(**environment_of(config)) as broker:
        agents = [
            start_command(
                tmp_path / f"{machine}.log",
                "agent",
                "run",
                BROKER_AGENT_URL=broker.url,
                BROKER_AGENT_TOKEN=world.tokens[machine],
                BROKER_AGENT_LABELS=labels,
                BROKER_AGENT_STATE_DIR=str(tmp_path / machine),
            )
            for machine, labels in (("build-01", "os=linux"), ("build-02", "os=plan9"))
        ]
        pool = {"teamName": "ops", "queueName": "default", "queueVault": json.dumps(job)}
        made = broker.call(world, "CreateQueueItem", labels={"os": "linux"}, **pool).row
        until(lambda: broker.call(world, "GetTeamQueueItems", teamName="ops").row["status"] == "COMPLETED")
        item = broker.call(world, "GetTeamQueueItems", teamName="ops").row

        drained = broker.call(world, "DrainMachine", stop=True, **place).row
        ended = agents[0].wait(SECONDS)
        machines = broker.call(world, "GetTeamMachines", teamName="ops").rows
        broker.call(world, "CreateQueueItem", labels={"os": "linux"}, **pool)
        rest = broker.call(world, "GetTeamQueueItemCounts", teamName="ops").row
        agents[1].terminate()

        assert agents[1].wait(SECONDS) == 0
    assert (made["machineName"], item["machineName"]) == (None, "build-01")
    assert json.loads(item["vaultContentResponse"])["stdout"] == "pooled\n"
    assert (drained["inHandCount"], ended) == (0, 0)
    assert [(row["labels"], row["health"]) for row in machines] == [
        ({"os": "linux"}, "DRAINING"),
        ({"os": "plan9"}, "ONLINE"),
    ]
    assert rest["pendingCount"] == 1
