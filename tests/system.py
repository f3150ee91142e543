"""A whole system of real processes on a durable embedded PostgreSQL: broker, agent, and a client with a ledger."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import urllib3

from broker.crypto.password import password_user_hash
from tests.serving import PROJECT, READY, SECONDS, run, until
from tests.world import PASSWORD, URL

EMAIL = "ann@acme.example"
MACHINE = "build-01"
SETTINGS = {"BROKER_SWEEP_SECONDS": "0.5", "BROKER_WORKERS": "2"}
AGENT_SETTINGS = {"BROKER_AGENT_LEASE_SECONDS": "5", "BROKER_AGENT_SLOTS": "3", "BROKER_AGENT_PROGRESS_SECONDS": "0.5"}


def free_port() -> int:
    """A port that nobody uses now; the broker is started on it again after each kill."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_command(log: Path, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    """Start `python -m <arguments>` with these settings and no others; what it prints goes to the log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT,
            env=kept | settings,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@dataclass
class System:
    """What runs, and what the client was promised.

    Attributes:
        acknowledged: queueId of each item whose creation was answered.
    """

    folder: Path
    port: int
    agent_token: str = ""
    session: str = ""
    broker: subprocess.Popen[bytes] | None = None
    agent: subprocess.Popen[bytes] | None = None
    acknowledged: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def start_broker(self) -> None:
        log = self.folder / "broker.log"
        before = log.read_text().count(READY) if log.exists() else 0
        self.broker = self._start(
            "broker", "serve", "--port", str(self.port), BROKER_DATA_DIR=str(self.data_dir), **SETTINGS
        )
        until(lambda: log.read_text().count(READY) > before or self._has_ended(self.broker), 60)
        assert not self._has_ended(self.broker), log.read_text()

    def start_agent(self) -> None:
        self.agent = self._start(
            "agent",
            "run",
            BROKER_AGENT_URL=self.url,
            BROKER_AGENT_TOKEN=self.agent_token,
            BROKER_AGENT_STATE_DIR=str(self.folder / "agent-state"),
            **AGENT_SETTINGS,
        )

    def _start(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        return start_command(self.folder / f"{arguments[0]}.log", *arguments, **settings)

    @staticmethod
    def _has_ended(process: subprocess.Popen[bytes] | None) -> bool:
        return process is None or process.poll() is not None

    def found(self) -> None:
        """Make the company and sign in."""
        names = {"--company": "Acme", "--email": EMAIL, "--team": "ops", "--machine": MACHINE}
        options = [text for option in names.items() for text in option]
        status, output, errors = run(
            "bootstrap", "--json", *options, BROKER_DATA_DIR=str(self.data_dir), BROKER_BOOTSTRAP_PASSWORD=PASSWORD
        )
        assert status == 0, errors
        self.agent_token = json.loads(output)["agentToken"]
        headers = {"Rediacc-UserEmail": EMAIL, "Rediacc-UserHash": "0x" + password_user_hash(PASSWORD).hex()}
        signed_in = self._post("CreateAuthenticationRequest", headers, {"name": "tests"})
        self.session = signed_in["outputs"]["nextRequestToken"]

    def _post(self, procedure: str, headers: dict[str, str], members: dict[str, Any]) -> dict[str, Any]:
        reply = urllib3.request(
            "POST", f"{self.url}{URL}{procedure}", json=members, headers=headers, retries=False, timeout=SECONDS
        )
        body: dict[str, Any] = reply.json()
        if reply.status in (503, 504):
            raise urllib3.exceptions.HTTPError(f"{reply.status}: {body['errors']}")
        assert reply.status == 200, body
        return body

    def call(self, procedure: str, headers: dict[str, str] | None = None, **members: Any) -> list[dict[str, Any]]:
        """Call as the user, again and again while the broker is away; answers the first table."""
        deadline = time.monotonic() + 2 * SECONDS
        while True:
            try:
                body = self._post(procedure, {"Rediacc-RequestToken": self.session, **(headers or {})}, members)
            except urllib3.exceptions.HTTPError:
                assert time.monotonic() < deadline, f"{procedure}: the broker does not come back"
                time.sleep(0.05)
            else:
                rows: list[dict[str, Any]] = body["tables"][0]["data"]
                return rows

    def queue(self, job: dict[str, Any]) -> int:
        """Queue a job, whatever happens to the broker meanwhile: once, thanks to the key."""
        vault = json.dumps({"handler": "shell", **job})
        [row] = self.call(
            "CreateQueueItem", {"Idempotency-Key": str(uuid4())}, teamName="ops", machineName=MACHINE, queueVault=vault
        )
        queue_id: int = row["queueId"]
        self.acknowledged.append(queue_id)
        return queue_id

    def items(self) -> dict[int, dict[str, Any]]:
        return {row["queueId"]: row for row in self.call("GetTeamQueueItems", teamName="ops", maxRecords=10000)}

    def kill_workers(self) -> None:
        """kill -9 to each process of the web server that answers calls."""
        assert self.broker is not None
        [server] = [
            child for child in psutil.Process(self.broker.pid).children() if "gunicorn" in " ".join(child.cmdline())
        ]
        for worker in server.children():
            worker.kill()

    def kill_broker(self) -> None:
        """kill -9 to the process that everything of the broker hangs on."""
        assert self.broker is not None
        self.broker.kill()
        self.broker.wait()

    def kill_postgres(self) -> None:
        """kill -9 to the postmaster and all its processes."""
        assert self.broker is not None
        [postmaster] = [
            child for child in psutil.Process(self.broker.pid).children() if Path(child.exe()).name == "postgres"
        ]
        for process in [*postmaster.children(), postmaster]:
            with suppress(psutil.NoSuchProcess):  # a backend may end by itself meanwhile
                process.kill()

    def kill_agent(self) -> None:
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait()

    def stop(self) -> None:
        for process in (self.agent, self.broker):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(60)


@contextmanager
def background(system: System, jobs: list[dict[str, Any]]) -> Iterator[Future[list[int]]]:
    """Queue jobs one after the other while the block goes on."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: [system.queue(job) for job in jobs])
