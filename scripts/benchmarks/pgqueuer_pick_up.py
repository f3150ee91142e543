"""Run by peers.py with the Python that has PgQueuer: `pgqueuer_pick_up.py URL JOBS` prints the delays in milliseconds.

A job carries the time at which it was enqueued. The worker is a process of its own, as an agent is, and its no-op job
writes the difference to its standard output.
"""

# The packages are in no environment that mypy sees.
# mypy: disable-error-code="import-not-found"

import asyncio
import json
import random
import subprocess
import sys
import time

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

WARM_UP = 5
PADDING = "x" * 1000  # as long as the vaults of the other parts


async def work(url: str) -> None:
    """Wait for jobs and start them, until killed."""

    async def job(received: Job) -> None:
        started = time.time()
        print((started - json.loads(received.payload or b"")["sent"]) * 1000, flush=True)

    worker = PgQueuer.from_asyncpg_connection(await asyncpg.connect(url))
    worker.entrypoint("job")(job)
    await worker.run(batch_size=100)


async def install(url: str) -> None:
    connection = await asyncpg.connect(url)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()


async def enqueue(url: str, jobs: int) -> None:
    """One job after the other, each when the worker waits again."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    for _ in range(jobs):
        payload = json.dumps({"sent": time.time(), "padding": PADDING}).encode()
        await queries.enqueue("job", payload, 0)
        await asyncio.sleep(random.uniform(0.05, 0.1))  # noqa: S311
    await connection.close()


def measure(url: str, jobs: int) -> list[float]:
    """Start a worker, give it jobs, and read what it wrote."""
    asyncio.run(install(url))
    worker = subprocess.Popen([sys.executable, __file__, url, "work"], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    try:
        time.sleep(3)  # it says nothing when it begins to wait
        asyncio.run(enqueue(url, WARM_UP + jobs))
        return [float(worker.stdout.readline()) for _ in range(WARM_UP + jobs)][WARM_UP:]
    finally:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    address, what = sys.argv[1:]
    if what == "work":
        uvloop.install()
        asyncio.run(work(address))
    else:
        print(json.dumps(measure(address, int(what))))
