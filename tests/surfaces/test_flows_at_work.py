"""A flow from the request to its end: a real broker, and a real agent that works on it."""

import json
from pathlib import Path
from typing import Any

import urllib3

from broker.config import Config
from tests.serving import PROJECT, SECONDS, RunningBroker, environment_of, serving, until
from tests.system import start_command
from tests.world import World


def ask(broker: RunningBroker, world: World, method: str, path: str, body: Any = None) -> Any:
    """What the surfaces answer bob."""
    headers = {"Authorization": f"Bearer {world.tokens['bob']}"}
    answer = urllib3.request(method, broker.url + path, json=body, headers=headers, retries=False, timeout=SECONDS)
    assert answer.status < 300, answer.data
    return answer.json()


def shell(name: str, *needs: str, printing: str) -> dict[str, Any]:
    config = {"argv": ["sh", "-c", 'test "$TOKEN" = "$0" && echo "$1"', "t0p", printing], "cwd": str(PROJECT)}
    return {
        "id": name,
        "executor": "shell",
        "config": {**config, "env": {"TOKEN": "${secrets.DEPLOY_TOKEN}"}},
        "depends_on": list(needs),
    }


def test_tasks_run_in_the_order_of_their_needs_and_agents_look_up_the_secrets(
    config: Config, world: World, tmp_path: Path
) -> None:
    with serving(**environment_of(config)) as broker:
        agent = start_command(
            tmp_path / "agent.log",
            "agent",
            "run",
            BROKER_AGENT_URL=broker.url,
            BROKER_AGENT_TOKEN=world.tokens["build-01"],
            BROKER_AGENT_STATE_DIR=str(tmp_path / "state"),
            BROKER_AGENT_SECRET_ENV="DEPLOY",
            DEPLOY="t0p",
        )
        queue = {"id": "work", "config": {"concurrency": 2, "secrets": {"DEPLOY_TOKEN": {"env": "DEPLOY"}}}}
        ask(broker, world, "POST", "/api/v1/queues", queue)
        tasks = [shell("last", "first", "second", printing="3"), shell("second", "first", printing="2")]
        flow = {"queue": "work", "tasks": [*tasks, shell("first", printing="1")]}
        made = ask(broker, world, "POST", "/api/v1/flows", flow)
        path = f"/api/v1/flows/{made['flow_id']}"

        until(lambda: ask(broker, world, "GET", path)["status"] not in ("queued", "running"))
        shown = ask(broker, world, "GET", path)
        rows = broker.call(world, "GetTeamQueueItems", teamName="ops").rows
        agent.terminate()

        assert agent.wait(SECONDS) == 0
    assert shown["status"] == "succeeded"
    assert [task["id"] for task in shown["tasks"]] == ["first", "second", "last"]
    by_end = sorted(rows, key=lambda row: row["finishedTime"])
    assert [json.loads(row["vaultContentResponse"])["stdout"] for row in by_end] == ["1\n", "2\n", "3\n"]
