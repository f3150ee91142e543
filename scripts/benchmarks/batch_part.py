"""A thousand jobs by the hundred: created, claimed and completed over HTTP, beside peers with their own native clients.

All on one machine in one run: batches of 100, a payload of 1 KiB, durable. We seal and open every payload and answer;
the peers keep them in the clear.
"""

import json
import time

import orjson
import urllib3

from scripts.benchmarks.http_part import URL
from scripts.benchmarks.load import empty
from scripts.benchmarks.peers import BATCH_PEERS, PeerError, peer_speed
from scripts.benchmarks.report import Figure
from scripts.benchmarks.stage import TEAM, Stage

JOBS, BATCH = 1000, 100
PAYLOAD = json.dumps({"handler": "shell", "argv": ["true"], "note": "x" * 980})
ANSWER = json.dumps({"handler": "shell", "exitCode": 0, "stdout": "", "stderr": ""})


def measure(stage: Stage, rounds: int, *, peers: bool) -> list[Figure]:
    """Jobs a second of us and, if they are wanted, of each peer, in turn, and how far we are ahead of each."""
    compared = BATCH_PEERS if peers else ()
    speeds: dict[str, list[float]] = {"machine-job-broker": []}
    missing: dict[str, str] = {}
    with stage.broker() as (url, _):
        warm_up = Batches(stage, url)
        for _ in range(3):
            warm_up.speed()
        for number in range(rounds):
            empty(stage)
            speeds["machine-job-broker"].append(Batches(stage, url).speed())
            for peer in compared:
                if peer in missing:
                    continue
                try:
                    speeds.setdefault(peer, []).append(peer_speed(stage, peer, f"{peer}_{number}", JOBS, BATCH))
                except PeerError as error:
                    missing[peer] = str(error)
    ours = speeds["machine-job-broker"]
    figures = [Figure(f"{JOBS:,} jobs by {BATCH}, over HTTP, encrypted: machine-job-broker", ours, "jobs/s")]
    for peer in compared:
        if peer in missing:
            figures.append(Figure(f"the same: {peer} is not available: {missing[peer]}", [0.0], ""))
            continue
        figures.append(Figure(f"the same, native client, in the clear: {peer}", speeds[peer], "jobs/s"))
        ratios = [mine / theirs for mine, theirs in zip(ours, speeds[peer], strict=True)]
        figures.append(Figure(f"we / {peer}", ratios, "x", "> 1", at_least=1.0))
    return figures


class Batches:
    """A user and an agent, each with one connection to the broker."""

    def __init__(self, stage: Stage, url: str) -> None:
        self._machine, self._agent = next(iter(stage.machine_tokens.items()))
        self._session = stage.session
        self._url = f"{url}{URL}"
        self._http = urllib3.PoolManager(maxsize=1)

    def speed(self) -> float:
        """Jobs a second from the first creation to the last completion."""
        began = time.perf_counter()
        orders = [{"machineName": self._machine, "queueVault": PAYLOAD}] * BATCH
        for _ in range(JOBS // BATCH):
            self._call(self._session, "CreateQueueItems", {"teamName": TEAM, "items": orders})
        finished = 0
        while finished < JOBS:
            rows = self._call(self._agent, "GetQueueItemsNext", {"itemCount": BATCH, "start": True})
            assert all(row["vaultContent"] == PAYLOAD for row in rows)
            done = [{"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": ANSWER} for row in rows]
            answers = self._call(self._agent, "UpdateQueueItemsToCompleted", {"items": done})
            assert all(answer["accepted"] for answer in answers)
            finished += len(answers)
        return JOBS / (time.perf_counter() - began)

    def _call(self, token: str, procedure: str, body: object) -> list[dict[str, object]]:
        headers = {"Rediacc-RequestToken": token, "Content-Type": "application/json"}
        reply = self._http.request("POST", self._url + procedure, body=orjson.dumps(body), headers=headers)
        assert reply.status == 200, reply.data
        rows: list[dict[str, object]] = orjson.loads(reply.data)["tables"][0]["data"]
        return rows
