"""An agent in threads of the test's process, and the types of the fixtures."""

import os
import threading
from pathlib import Path
from subprocess import Popen
from typing import Protocol

from agent.client import open_client
from agent.config import AgentConfig
from agent.execution import Execution, StopReason
from agent.loop import Agent, Ending
from tests.agent.fake_broker import DEADLINE_SECONDS


class Executions(Protocol):
    """Makes the means to run one job."""

    def __call__(
        self, timeout_seconds: float | None = None, grace_seconds: float = 5.0, output_bytes: int = 65536
    ) -> Execution: ...


class AgentProcesses(Protocol):
    """Starts `broker-agent run` with arguments and variables."""

    def __call__(self, *arguments: str, **environment: str) -> Popen[str]: ...


class Starts(Protocol):
    """Starts something of the agent with settings of its own."""

    def __call__(self, **settings: object) -> "RunningAgent": ...


class RunningAgent:
    """An agent in threads of this process, without signals."""

    def __init__(self, config: AgentConfig) -> None:
        self.config = config
        self.ending: Ending | None = None
        self._agent = Agent(config, open_client(config))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._agent.stop()

    def wait(self) -> Ending | None:
        """Until it has ended by itself or by stop()."""
        self._thread.join(DEADLINE_SECONDS)
        assert not self._thread.is_alive()
        return self.ending

    def end(self) -> Ending | None:
        """Stop it, twice if that is needed to end its jobs."""
        self.stop()
        self._agent.stop()
        return self.wait()

    def _run(self) -> None:
        self.ending, _ = self._agent.run()


def stop_once_begun(execution: Execution, begun: Path, reason: StopReason = "cancelled") -> None:
    """Stop an execution from another thread as soon as its job has written to the fifo `begun`, which is made here."""

    def stop() -> None:
        begun.read_bytes()
        execution.stop(reason)

    os.mkfifo(begun)
    threading.Thread(target=stop, daemon=True).start()
