"""Real brokers as processes, for tests of what only they show."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import urllib3

from broker.config import Config
from tests.world import URL, Reply, World

PROJECT = Path(__file__).resolve().parent.parent
SECONDS = 30.0
READY = "Broker ready at "


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Look again and again until it is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.01)


@dataclass
class RunningBroker:
    """A broker that has said it is ready."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str) -> int:
        """Status of a GET; 0 when there is no answer."""
        try:
            return urllib3.request("GET", self.url + path, retries=False, timeout=SECONDS).status
        except urllib3.exceptions.HTTPError:
            return 0

    def call(self, world: World, procedure: str, _as: str = "bob", **members: object) -> Reply:
        """Call a procedure as somebody of the world."""
        headers = {"Rediacc-RequestToken": world.tokens[_as]}
        response = urllib3.request(
            "POST", self.url + URL + procedure, json=members, headers=headers, retries=False, timeout=SECONDS
        )
        return Reply(response.status, response.json(), dict(response.headers))

    def family(self) -> list[psutil.Process]:
        """The process and all that it has started."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the command `broker`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "broker", *arguments],
        cwd=PROJECT,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command `broker`: exit status, output, errors."""
    process = start(*arguments, **environment)
    output, errors = process.communicate(timeout=SECONDS)
    return process.returncode, output, errors


@contextmanager
def serving(**environment: str) -> Iterator[RunningBroker]:
    """`broker serve` on a free port, until the block ends."""
    process = start("serve", "--port", "0", **environment)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith(READY), process.communicate(timeout=SECONDS)
        yield RunningBroker(process, line.removeprefix(READY).strip())
    finally:
        process.terminate()
        try:
            process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.communicate()


def environment_of(config: Config) -> dict[str, str]:
    """The settings of a test's broker as environment variables."""
    return {"BROKER_DATABASE_URL": config.database_url or "", "BROKER_DATA_DIR": str(config.data_dir)}
