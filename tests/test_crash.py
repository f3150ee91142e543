"""kill -9 of broker, worker processes, agent and PostgreSQL under load.

A client queues jobs and keeps a ledger of what was acknowledged; each job writes a line when it begins to run. After
the fault the ledger is held against the database.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.config import Config
from broker.embedded.access import reachable_database
from tests.conftest import broken_invariants
from tests.serving import until
from tests.system import System, background, free_port

JOBS = 14
FINAL = ("COMPLETED", "FAILED", "CANCELLED")


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    folder = Path(tempfile.mkdtemp(prefix="broker-crash-"))
    folder.chmod(0o711)
    system = System(folder, free_port())
    try:
        system.start_broker()
        system.found()
        system.start_agent()
        yield system
    finally:
        system.stop()
        shutil.rmtree(folder)


def job(runs: Path, number: int) -> dict[str, Any]:
    """Says that it runs, and takes a moment."""
    return {"argv": ["sh", "-c", 'echo "$2" >> "$1"; sleep 0.3', "job", str(runs), str(number)]}


def restart_broker(system: System) -> None:
    system.kill_broker()
    system.start_broker()


def restart_agent(system: System) -> None:
    system.kill_agent()
    system.start_agent()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(System.kill_workers, id="worker processes"),
        pytest.param(restart_agent, id="agent"),
        pytest.param(System.kill_postgres, id="PostgreSQL"),
        pytest.param(restart_broker, id="broker"),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_completes_twice(
    system: System, tmp_path: Path, fault: Callable[[System], None]
) -> None:
    runs = tmp_path / "runs"
    runs.touch()
    before = len(system.acknowledged)

    with background(system, [job(runs, number) for number in range(JOBS)]) as queueing:
        until(lambda: len(runs.read_text().splitlines()) >= 3)
        fault(system)
        queue_ids = queueing.result()

    assert len(set(queue_ids)) == JOBS
    until(lambda: all(system.items()[queue_id]["status"] in FINAL for queue_id in queue_ids), 60)
    items = system.items()
    assert [items[queue_id]["status"] for queue_id in queue_ids] == ["COMPLETED"] * JOBS
    assert set(runs.read_text().split()) == {str(number) for number in range(JOBS)}
    assert sorted(items) == sorted(system.acknowledged)
    assert len(system.acknowledged) == before + JOBS
    for queue_id in queue_ids:
        events = [row["event"] for row in system.call("GetQueueItemTrace", queueId=queue_id)]
        assert events.count("COMPLETED") == 1
        assert events.count("CREATED") == 1
    with reachable_database(Config(data_dir=system.data_dir)) as config:
        assert broken_invariants(str(config.migrate_url)) == {}
