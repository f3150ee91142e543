"""The rotation of a company's key: 10,000 vaults, while agents work and a user makes them jobs."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from scripts.benchmarks.http_part import URL, creation
from scripts.benchmarks.load import empty
from scripts.benchmarks.report import Figure
from scripts.benchmarks.stage import TEAM, Stage

VAULTS = 10_000
AGENTS = 4
BATCH = 1_000
PAUSE_SECONDS = 1.0
ALL_READ = "select count(*) from data.vault_record where data.key_version_of(wrapped_key) <> 2"


class Traffic:
    """Calls of one kind after the other, until told to stop; counts them, and keeps what failed."""

    def __init__(self, url: str) -> None:
        self.stopped = threading.Event()
        self.made = 0
        self.failures: list[str] = []
        self._url = url
        self._http = urllib3.PoolManager(maxsize=AGENTS + 2)

    def call(self, token: str, procedure: str, body: str) -> dict[str, Any]:
        """Make a call; of one that fails the text is kept, and nothing answered."""
        headers = {"Rediacc-RequestToken": token, "Content-Type": "application/json"}
        reply = self._http.request("POST", f"{self._url}{URL}{procedure}", body=body, headers=headers, retries=False)
        self.made += 1
        answer: dict[str, Any] = reply.json()
        unread = [row for table in answer["tables"] for row in table["data"] if row.get("vaultError")]
        if reply.status != 200 or unread:
            self.failures.append(f"{procedure}: {reply.status} {answer['errors']}")
            return {"tables": [{"data": []}], "outputs": {}}
        return answer

    def work(self, token: str) -> None:
        """Be an agent: claim, and answer what was claimed with its own text."""
        while not self.stopped.is_set():
            claimed = self.call(token, "GetQueueItemsNext", json.dumps({"itemCount": 5, "start": True}))
            for row in claimed["tables"][0]["data"]:
                report = {
                    "taskId": row["taskId"],
                    "claimToken": row["claimToken"],
                    "responseVault": row["vaultContent"],
                }
                self.call(token, "UpdateQueueItemToCompleted", json.dumps(report))

    def create(self, token: str, machines: list[str]) -> None:
        """Be a user: make jobs, and read the list of them."""
        while not self.stopped.is_set():
            for machine in machines:
                self.call(token, "CreateQueueItem", creation(machine))
            self.call(token, "GetTeamQueueItems", json.dumps({"teamName": TEAM, "maxRecords": 20}))


def measure(stage: Stage) -> list[Figure]:
    """Rotate once, to the end: the time in which the vaults were wrapped anew, and what the others' calls met."""
    empty(stage)
    machines = list(stage.machine_tokens)[:AGENTS]
    others = [machine for machine in stage.machine_tokens if machine not in machines]
    with stage.broker() as (url, _), ThreadPoolExecutor(AGENTS + 1) as threads:
        traffic = Traffic(url)
        for number in range(VAULTS):
            traffic.call(stage.session, "CreateQueueItem", creation(others[number % len(others)]))
        before = traffic.made
        running = [threads.submit(traffic.work, stage.machine_tokens[machine]) for machine in machines]
        running.append(threads.submit(traffic.create, stage.session, machines))
        try:
            rewrapped, busy, whole, calls = rotate(lambda body: traffic.call(stage.session, "RotateCompanyKey", body))
        finally:
            traffic.stopped.set()
        for each in running:
            each.result(60)
    [(left,)] = stage.fetch(ALL_READ)
    for failure in traffic.failures[:10]:
        print(failure)
    return [
        Figure(f"{rewrapped} vaults wrapped anew in {calls} calls, beside {AGENTS} agents", [busy], "s"),
        Figure("the same", [rewrapped / busy], "rows/s"),
        Figure("from the first call to the end of the old key", [whole], "s"),
        Figure("other calls meanwhile", [traffic.made - before], ""),
        Figure("of all calls failed", [len(traffic.failures)], "", "0", at_most=0),
        Figure("vaults left under the old key", [float(str(left))], "", "0", at_most=0),
    ]


def rotate(call: Callable[[str], dict[str, Any]]) -> tuple[int, float, float, int]:
    """Call until done: rows wrapped anew, seconds of the calls that did, seconds to the end, calls that did."""
    began = time.perf_counter()
    cursor: str | None = None
    rewrapped, busy, calls = 0, 0.0, 0
    while True:
        start = time.perf_counter()
        outputs = call(json.dumps({"cursor": cursor, "batchSize": BATCH}))["outputs"]
        if not outputs:
            raise RuntimeError("the rotation was refused")
        if outputs["rewrapped"]:
            rewrapped += outputs["rewrapped"]
            busy += time.perf_counter() - start
            calls += 1
        if outputs["done"]:
            return rewrapped, busy, time.perf_counter() - began, calls
        cursor = outputs["cursor"]
        if not outputs["remaining"]:
            time.sleep(PAUSE_SECONDS)
