"""Run by peers.py with the Python that has the peers: `batch_peer.py PEER URL JOBS BATCH` prints jobs per second.

Each does what its own client does best: adds jobs by the batch, and lets its worker run as many no-op jobs at once.
"""

# The packages are in no environment that mypy sees.
# mypy: disable-error-code="import-not-found, untyped-decorator"

import asyncio
import sys
import time

PAYLOAD = "x" * 1024


async def procrastinate(url: str, jobs: int, batch: int) -> float:
    """Deferred by the batch, run by one worker with so many jobs at once."""
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415  # each peer alone

    app = App(connector=PsycopgConnector(conninfo=url, min_size=4, max_size=20))

    @app.task(name="job")
    async def job(payload: str) -> None:
        len(payload)

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for _ in range(jobs // batch):
            await job.batch_defer_async(*({"payload": PAYLOAD} for _ in range(batch)))
        await app.run_worker_async(wait=False, concurrency=batch, install_signal_handlers=False)
        spent = time.perf_counter() - began
        [done] = await app.connector.execute_query_all_async(
            "select count(*) as count from procrastinate_jobs where status = 'succeeded'"
        )
    if done["count"] != jobs:
        raise RuntimeError(f"{done['count']} of {jobs} jobs were done")
    return jobs / spent


async def pgqueuer(url: str, jobs: int, batch: int) -> float:
    """Enqueued by the batch, dequeued by the batch; the worker ends when the queue is empty."""
    import asyncpg  # noqa: PLC0415
    from pgqueuer import PgQueuer  # noqa: PLC0415
    from pgqueuer.db import AsyncpgDriver  # noqa: PLC0415
    from pgqueuer.models import Job  # noqa: PLC0415
    from pgqueuer.queries import Queries  # noqa: PLC0415
    from pgqueuer.types import QueueExecutionMode  # noqa: PLC0415

    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    worker = PgQueuer.from_asyncpg_connection(await asyncpg.connect(url))
    done = 0

    @worker.entrypoint("job")
    async def job(_: Job) -> None:
        nonlocal done
        done += 1

    began = time.perf_counter()
    for _ in range(jobs // batch):
        await queries.enqueue(["job"] * batch, [PAYLOAD.encode()] * batch, [0] * batch)
    await worker.run(batch_size=batch, mode=QueueExecutionMode.drain)
    spent = time.perf_counter() - began
    await connection.close()
    if done != jobs:
        raise RuntimeError(f"{done} of {jobs} jobs were done")
    return jobs / spent


def rq(url: str, jobs: int, batch: int) -> float:
    """Enqueued by the batch, in a pipeline; run by a worker in this process, without a fork for each job."""
    from redis import Redis  # noqa: PLC0415
    from rq import Queue, SimpleWorker  # noqa: PLC0415

    connection = Redis.from_url(url)
    connection.flushdb()
    queue = Queue(connection=connection)
    worker = SimpleWorker([queue], connection=connection)
    began = time.perf_counter()
    for _ in range(jobs // batch):
        queue.enqueue_many([Queue.prepare_data("builtins.len", (PAYLOAD,)) for _ in range(batch)])
    worker.work(burst=True, logging_level="ERROR")
    spent = time.perf_counter() - began
    if queue.finished_job_registry.count != jobs:
        raise RuntimeError(f"{queue.finished_job_registry.count} of {jobs} jobs were done")
    return jobs / spent


if __name__ == "__main__":
    peer, address, job_count, batch_size = sys.argv[1:]
    if peer == "rq":
        print(rq(address, int(job_count), int(batch_size)))
    else:
        measured = {"procrastinate": procrastinate, "pgqueuer": pgqueuer}[peer]
        print(asyncio.run(measured(address, int(job_count), int(batch_size))))
