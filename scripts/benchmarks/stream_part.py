"""1,000 clients that follow 1,000 jobs to the end by Server-Sent Events: what they see, and what each costs."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

import orjson
import psutil
import urllib3

from scripts.benchmarks.batch_part import ANSWER, PAYLOAD
from scripts.benchmarks.http_part import URL
from scripts.benchmarks.load import empty
from scripts.benchmarks.report import Figure, percentile
from scripts.benchmarks.stage import TEAM, Stage
from scripts.benchmarks.wait_part import memory

BATCH = 100
SINGLE = 200  # changes whose delay is measured, one at a time
STATUSES = ["pending", "running", "completed"]
JOBS = "/api/v1/jobs/status/"

Call = Callable[[str, str, object], list[dict[str, str]]]


def measure(stage: Stage, streams: int) -> list[Figure]:
    """All figures of the streams."""
    empty(stage)
    http = urllib3.PoolManager(maxsize=2)
    with stage.broker() as (url, process_id):
        processes = [psutil.Process(process_id), *psutil.Process(process_id).children(recursive=True)]

        def call(token: str, procedure: str, body: object) -> list[dict[str, str]]:
            headers = {"Rediacc-RequestToken": token, "Content-Type": "application/json"}
            reply = http.request("POST", url + URL + procedure, body=orjson.dumps(body), headers=headers)
            assert reply.status == 200, reply.data
            rows: list[dict[str, str]] = reply.json()["tables"][0]["data"]
            return rows

        return [
            *asyncio.run(follow_all(stage, url, call, processes, streams)),
            *asyncio.run(follow_each(stage, url, call)),
            *asked(stage, url, http),
        ]


async def follow_all(stage: Stage, url: str, call: Call, processes: list[psutil.Process], streams: int) -> list[Figure]:
    """All at once, while the jobs are claimed and completed by the hundred."""
    machine, agent = next(iter(stage.machine_tokens.items()))
    order = {"teamName": TEAM, "items": [{"machineName": machine, "queueVault": PAYLOAD}] * BATCH}
    made = [row["taskId"] for _ in range(streams // BATCH) for row in call(stage.session, "CreateQueueItems", order)]
    before = memory(processes)
    seen: dict[str, list[str]] = {task_id: [] for task_id in made}
    tasks = [asyncio.create_task(follow(url, stage.session, task_id, seen[task_id].append)) for task_id in made]
    while not all(seen.values()):
        await asyncio.sleep(0.05)
    each = (memory(processes) - before) / streams / 1024

    began = time.perf_counter()
    finished = 0
    while finished < streams:
        rows = await asyncio.to_thread(call, agent, "GetQueueItemsNext", {"itemCount": BATCH, "start": True})
        done = [{"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": ANSWER} for row in rows]
        finished += len(await asyncio.to_thread(call, agent, "UpdateQueueItemsToCompleted", {"items": done}))
    await asyncio.gather(*tasks)
    spent = time.perf_counter() - began
    wrong = sum(statuses != STATUSES for statuses in seen.values())
    return [
        Figure(f"{streams:,} streams: that missed a status, or saw one twice", [wrong], "", "0", at_most=0.0),
        Figure("the same: memory of the broker for each", [each], "KiB", "<= 64", at_most=64.0),
        Figure("the same: from the first claim to the last end", [spent], "s"),
    ]


async def follow_each(stage: Stage, url: str, call: Call) -> list[Figure]:
    """One job after the other on an idle system: from the sending of the call that changes it to the event."""
    machine, agent = next(iter(stage.machine_tokens.items()))
    delays = []
    for _ in range(SINGLE):
        order = {"teamName": TEAM, "machineName": machine, "queueVault": PAYLOAD}
        [made] = await asyncio.to_thread(call, stage.session, "CreateQueueItem", order)
        heard: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
        task = asyncio.create_task(follow(url, stage.session, made["taskId"], partial(note, heard)))
        await heard.get()
        sent = time.perf_counter()
        [row] = await asyncio.to_thread(call, agent, "GetQueueItemsNext", {"itemCount": 1, "start": True})
        status, arrived = await heard.get()
        assert status == "running"
        delays.append((arrived - sent) * 1000)
        done = {"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": ANSWER}
        await asyncio.to_thread(call, agent, "UpdateQueueItemToCompleted", done)
        await task
    return [
        Figure(
            f"{SINGLE} changes, the call included, to their event: median",
            [statistics.median(delays)],
            "ms",
            "<= 10",
            at_most=10.0,
        ),
        Figure("the same: 99 %", [percentile(delays, 0.99)], "ms", "<= 50", at_most=50.0),
    ]


def note(heard: "asyncio.Queue[tuple[str, float]]", status: str) -> None:
    """Keep a status with the moment of its arrival."""
    heard.put_nowait((status, time.perf_counter()))


async def follow(url: str, token: str, job_id: str, tell: Callable[[str], None]) -> None:
    """One client, which reads to the end of its job."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"GET {JOBS}{job_id}/stream HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    try:
        name = b""
        while line := await reader.readline():
            kind, _, text = line.strip().partition(b": ")
            if kind == b"event":
                name = text
            elif kind == b"data":
                tell(json.loads(text)["status"])
                if name == b"job_complete":
                    return
    finally:
        writer.close()


def asked(stage: Stage, url: str, http: urllib3.PoolManager) -> list[Figure]:
    """Submission and status, one at a time, beside a tenth of what spec 4 promises."""
    headers = {"Authorization": f"Bearer {stage.session}", "Content-Type": "application/json", "X-Team": TEAM}
    task = orjson.dumps({"queue": "default", "operation": "shell", "data": {"argv": ["true"]}})
    submissions, statuses = [], []
    for _ in range(SINGLE):
        began = time.perf_counter()
        made = http.request("POST", f"{url}/api/v1/queue/tasks", body=task, headers=headers)
        submissions.append((time.perf_counter() - began) * 1000)
        assert made.status == 201, made.data
        began = time.perf_counter()
        told = http.request("GET", url + JOBS + made.json()["task_id"], headers=headers)
        statuses.append((time.perf_counter() - began) * 1000)
        assert told.status == 200, told.data
    return [
        Figure("submission of a task: median", [statistics.median(submissions)], "ms", "<= 10", at_most=10.0),
        Figure("status of a job: median", [statistics.median(statuses)], "ms", "<= 5", at_most=5.0),
    ]
