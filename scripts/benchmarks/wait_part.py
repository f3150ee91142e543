"""5,000 agents that wait on one broker: memory of each, cost of the waiting, delay of a delivery."""

import asyncio
import json
import random
import resource
import statistics
import time
from urllib.parse import urlsplit

import psutil
import urllib3

from scripts.benchmarks.http_part import URL, creation
from scripts.benchmarks.load import empty
from scripts.benchmarks.python_load import read_answer
from scripts.benchmarks.report import Figure, percentile
from scripts.benchmarks.stage import Stage

IDLE_SECONDS = 10
DELIVERIES = 300
LONG, SHORT = 300, 20  # waitSeconds: nobody asks again while we measure; everybody does, spread over that time


def measure(stage: Stage, agents: int) -> list[Figure]:
    """All figures of the waiting."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for number in range(len(stage.machine_tokens) + 1, agents + 1):
        stage.add_machine(f"m{number}")
    empty(stage)
    machines = list(stage.machine_tokens.items())[:agents]
    with stage.broker() as (url, process_id):
        processes = [psutil.Process(process_id), *psutil.Process(process_id).children(recursive=True)]
        return asyncio.run(_measure(url, stage.session, machines, processes))


async def _measure(
    url: str, session: str, machines: list[tuple[str, str]], processes: list[psutil.Process]
) -> list[Figure]:
    agents = len(machines)
    arrived: dict[str, asyncio.Future[float]] = {}
    before = memory(processes)
    tasks = [asyncio.create_task(wait(url, name, token, arrived, LONG)) for name, token in machines]
    await asyncio.sleep(agents / 500 + 5)
    each = (memory(processes) - before) / agents / 1000
    idle = await cost_of(processes)

    delays = []
    loop = asyncio.get_running_loop()
    http = urllib3.PoolManager(maxsize=1)
    headers = {"Rediacc-RequestToken": session, "Content-Type": "application/json"}
    for name, _ in random.sample(machines, min(DELIVERIES, agents)):
        arrived[name] = loop.create_future()
        sent = time.perf_counter()
        create = f"{url}{URL}CreateQueueItem"
        reply = await asyncio.to_thread(http.request, "POST", create, body=creation(name), headers=headers)
        assert reply.status == 200, reply.data
        delays.append((await asyncio.wait_for(arrived[name], 30) - sent) * 1000)
        await asyncio.sleep(0.02)
    await stop(tasks)

    tasks = [asyncio.create_task(wait(url, name, token, arrived, SHORT)) for name, token in machines]
    await asyncio.sleep(agents / 500 + 5)
    polling = await cost_of(processes)
    await stop(tasks)
    return [
        Figure(f"{agents:,} waiting agents: memory of the broker for each", [each], "kB", "<= 30", at_most=30.0),
        Figure("the same: cost while nobody asks again", [idle], "% of a core", "< 2", at_most=2.0),
        Figure(f"the same: cost while all ask again each {SHORT} s", [polling], "% of a core"),
        Figure(f"{len(delays)} deliveries: median", [statistics.median(delays)], "ms"),
        Figure("the same: 99 %", [percentile(delays, 0.99)], "ms", "< 25", at_most=25.0),
    ]


async def wait(url: str, name: str, token: str, arrived: dict[str, asyncio.Future[float]], seconds: int) -> None:
    """One agent: asks, waits, and asks again."""
    address = urlsplit(url)
    await asyncio.sleep(random.random() * 8)  # noqa: S311  # so that not all come at once
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"itemCount": 1, "waitSeconds": seconds})
    head = f"POST {URL}GetQueueItemsNext HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    request = f"{head}Rediacc-RequestToken: {token}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    try:
        while True:
            writer.write(request)
            answer = json.loads(await read_answer(reader))
            if answer["tables"][0]["data"] and name in arrived:
                arrived[name].set_result(time.perf_counter())
    finally:
        writer.close()


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if ended is not None and not isinstance(ended, asyncio.CancelledError):
            raise ended


async def cost_of(processes: list[psutil.Process]) -> float:
    """What the broker's processes take while nothing happens, in percent of a core."""
    before, began = processor_seconds(processes), time.perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    return (processor_seconds(processes) - before) / (time.perf_counter() - began) * 100


def processor_seconds(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(spent.user + spent.system for spent in times))


def memory(processes: list[psutil.Process]) -> int:
    """Bytes, shared pages divided among those who share them."""
    return sum(process.memory_full_info().pss for process in processes)
