"""Fixtures of the agent's tests: a fake broker, an agent in this process, an agent in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.client import BrokerClient
from agent.config import AgentConfig
from agent.execution import Execution, job_environment
from tests.agent.fake_broker import TOKEN, FakeBroker
from tests.agent.running import AgentProcesses, Executions, RunningAgent, Starts

ROOT = Path(__file__).parents[2]


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with FakeBroker() as broker:
        yield broker


@pytest.fixture
def config(broker: FakeBroker, tmp_path: Path) -> AgentConfig:
    """Settings for a test: a heartbeat each third of a second, so that a test hears one soon."""
    return AgentConfig(
        url=broker.url,
        token=TOKEN,
        state_dir=tmp_path / "state",
        lease_seconds=1,
        progress_seconds=0.1,
        grace_seconds=5,
    )


@pytest.fixture
def client(broker: FakeBroker) -> Iterator[BrokerClient]:
    client = BrokerClient(broker.url, TOKEN)
    yield client
    client.close()


@pytest.fixture
def start_agent(config: AgentConfig) -> Iterator[Starts]:
    """Start an agent in this process; ended with the test."""
    running: list[RunningAgent] = []

    def start(**settings: object) -> RunningAgent:
        running.append(RunningAgent(replace(config, **settings)))  # type: ignore[arg-type]  # named by the test
        return running[-1]

    yield start
    for agent in running:
        agent.end()


@pytest.fixture
def execution(tmp_path: Path) -> Iterator[Executions]:
    """Make the means to run one job."""
    made: list[Execution] = []

    def make(timeout_seconds: float | None = None, grace_seconds: float = 5.0, output_bytes: int = 65536) -> Execution:
        folder = tmp_path / f"job{len(made)}"
        folder.mkdir()
        environment = job_environment(os.environ, ())
        made.append(Execution(folder, environment, timeout_seconds, grace_seconds, output_bytes))
        return made[-1]

    yield make
    for execution in made:
        execution.stop("shutdown")


@pytest.fixture
def agent_process(broker: FakeBroker, tmp_path: Path) -> Iterator[AgentProcesses]:
    """Start `broker-agent run` as a process of its own; killed with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "BROKER_AGENT_URL": broker.url,
            "BROKER_AGENT_TOKEN": TOKEN,
            "BROKER_AGENT_STATE_DIR": str(tmp_path / "state"),
            **environment,
        }
        command = [sys.executable, "-m", "agent", "run", *arguments]
        started.append(subprocess.Popen(command, env=variables, cwd=tmp_path, text=True, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
