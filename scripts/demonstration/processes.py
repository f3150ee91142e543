"""Broker and agents as real processes, each with its log in the demonstration's folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 60


class ProcessFailedError(Exception):
    """A process did not do what it was started for; the message holds the end of its log."""


@dataclass(frozen=True)
class Processes:
    """Starts processes with settings of their own; what is still running at the end is stopped by `running`."""

    folder: Path
    started: list[subprocess.Popen[bytes]]

    def start(self, name: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a command of this project; its output goes to <name>.log."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("BROKER_")}
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=inherited | settings,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """End a process in order and answer its exit status."""
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_SECONDS)
        self.started.remove(process)
        return status

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process as a power cut would."""
        process.kill()
        process.wait(STOP_SECONDS)
        self.started.remove(process)

    def start_broker(self, data_dir: Path) -> str:
        """Start broker and embedded PostgreSQL on a free port; answers the address."""
        settings = {"BROKER_DATA_DIR": str(data_dir), "BROKER_SWEEP_SECONDS": "1"}
        process = self.start("broker", "broker", "serve", "--port", "0", **settings)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            for line in self.log_of("broker").splitlines():
                if line.startswith("Broker ready at "):
                    return line.removeprefix("Broker ready at ").strip()
            time.sleep(0.05)
        raise ProcessFailedError(f"the broker did not start:\n{self.log_of('broker')[-3000:]}")

    def bootstrap(self, data_dir: Path, password: str, **names: str) -> dict[str, str]:
        """Make the first company and answer what the command prints as JSON."""
        options = [text for name, value in names.items() for text in (f"--{name}", value)]
        done = subprocess.run(
            [sys.executable, "-m", "broker", "bootstrap", "--json", *options],
            env=os.environ | {"BROKER_DATA_DIR": str(data_dir), "BROKER_BOOTSTRAP_PASSWORD": password},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ProcessFailedError(f"broker bootstrap: {done.stderr.decode()}")
        made: dict[str, str] = json.loads(done.stdout)
        return made

    def start_agent(self, name: str, url: str, token: str, slots: int = 1) -> subprocess.Popen[bytes]:
        """Start an agent that notices and reports quickly, so that the demonstration does not take minutes."""
        return self.start(
            name,
            "agent",
            "run",
            BROKER_AGENT_URL=url,
            BROKER_AGENT_TOKEN=token,
            BROKER_AGENT_SLOTS=str(slots),
            BROKER_AGENT_STATE_DIR=str(self.folder / f"{name}-state"),
            BROKER_AGENT_LEASE_SECONDS="5",
            BROKER_AGENT_PROGRESS_SECONDS="0.5",
            BROKER_AGENT_GRACE_SECONDS="2",
        )


@contextmanager
def running(folder: Path) -> Iterator[Processes]:
    """Processes that are stopped when the demonstration ends, in whatever way: the last started first."""
    processes = Processes(folder, [])
    try:
        yield processes
    finally:
        for process in reversed(processes.started.copy()):
            try:
                processes.stop(process)
            except subprocess.TimeoutExpired:
                processes.kill(process)
