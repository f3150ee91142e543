"""Over HTTP: creations with 16 connections, a listing's first byte, the time from creation to the start of the job.

wrk makes the load where it is installed; it costs next to nothing, so that the broker has the processors to itself.
Without it a client in Python does, and the figure is too low by what that client takes.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import urllib3

from scripts.benchmarks.load import empty
from scripts.benchmarks.peers import pgqueuer_delays
from scripts.benchmarks.python_load import speed_with_python
from scripts.benchmarks.report import Figure, percentile
from scripts.benchmarks.sql_part import REFERENCE, REFERENCE_TABLES, Bench
from scripts.benchmarks.stage import TEAM, Stage

CONNECTIONS = 16
PAIRS = 200
LISTED = 10_000
URL = "/api/StoredProcedure/"
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Rediacc-RequestToken"] = "{session}"
local bodies = {{{bodies}}}
local number = 0
request = function()
    number = number + 1
    return wrk.format(nil, nil, nil, bodies[1 + number % #bodies])
end
done = function(summary, latency, requests)
    io.write(string.format("RESULT %.1f %d\\n", summary.requests / summary.duration * 1e6,
        summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write))
end
"""


def creation(machine: str) -> str:
    """Body of a creation with a vault of 1 KiB."""
    job = json.dumps({"handler": "shell", "argv": ["true"], "note": ""})
    vault = job.replace('"note": ""', f'"note": "{"x" * (1024 - len(job))}"')
    return json.dumps({"teamName": TEAM, "machineName": machine, "queueVault": vault})


def creations(stage: Stage, seconds: float, rounds: int) -> list[Figure]:
    """Creations a second over HTTP, each round beside the reference."""
    stage.run_sql(REFERENCE_TABLES)
    bench = Bench(stage, seconds)
    ratios, speeds = [], []
    with stage.broker() as (url, _):
        for _ in range(rounds):
            empty(stage)
            reference = bench.speed(REFERENCE)
            speed = http_speed(stage, url, seconds)
            speeds.append(speed)
            ratios.append(speed / reference)
    client = "wrk" if shutil.which("wrk") else "a client in Python, which takes a part of the processors"
    return [
        Figure(f"creations over HTTP by {client}", speeds, "/s"),
        Figure("create over HTTP, 16 connections / reference", ratios, "", ">= 0.20, aim 0.28", at_least=0.20),
    ]


def http_speed(stage: Stage, url: str, seconds: float) -> float:
    bodies = [creation(machine) for machine in stage.machine_tokens]
    if not shutil.which("wrk"):
        return speed_with_python(url, stage.session, bodies, CONNECTIONS, seconds)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        quoted = ", ".join(f"[==[{body}]==]" for body in bodies)
        script.write(WRK_SCRIPT.format(session=stage.session, bodies=quoted))
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds:.0f}s",
            "-s",
            script.name,
            f"{url}{URL}CreateQueueItem",
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [result] = [line for line in output.splitlines() if line.startswith("RESULT ")]
    _, speed, errors = result.split()
    if errors != "0":
        raise RuntimeError(f"wrk counted {errors} errors: {output}")
    return float(speed)


def listing(stage: Stage, rounds: int) -> list[Figure]:
    """First byte and whole answer of a listing of 10,000 items that were created, and so sealed, over HTTP."""
    empty(stage)
    first, whole = [], []
    with stage.broker() as (url, _):
        bodies = [creation(machine) for machine in stage.machine_tokens]
        http = urllib3.PoolManager(maxsize=1)
        headers = {"Rediacc-RequestToken": stage.session, "Content-Type": "application/json"}
        for number in range(LISTED):
            body = bodies[number % len(bodies)]
            reply = http.request("POST", f"{url}{URL}CreateQueueItem", body=body, headers=headers)
            assert reply.status == 200, reply.data
        asked = json.dumps({"teamName": TEAM, "maxRecords": LISTED})
        for _ in range(rounds):
            began = time.perf_counter()
            reply = http.request(
                "POST", f"{url}{URL}GetTeamQueueItems", body=asked, headers=headers, preload_content=False
            )
            reply.read(1)
            first.append(time.perf_counter() - began)
            rest = reply.read()
            whole.append(time.perf_counter() - began)
            assert len(json.loads(b"{" + rest)["tables"][0]["data"]) == LISTED
    return [
        Figure("GetTeamQueueItems, 10,000 rows with 1 KiB vaults: first byte", first, "s", "< 1 s", at_most=1.0),
        Figure("the same: whole answer", whole, "s"),
    ]


def pick_up(stage: Stage, *, peers: bool) -> list[Figure]:
    """From the beginning of a creation to the moment at which a waiting agent begins the job, on an idle system."""
    empty(stage)
    machine, token = next(iter(stage.machine_tokens.items()))
    delays = []
    with stage.broker() as (url, _), tempfile.TemporaryDirectory() as state:
        settings = {"BROKER_AGENT_URL": url, "BROKER_AGENT_TOKEN": token, "BROKER_AGENT_STATE_DIR": state}
        with (Path(state) / "log").open("wb") as log:
            agent = subprocess.Popen([sys.executable, "-m", "agent", "run"], env=os.environ | settings, stderr=log)
        http = urllib3.PoolManager(maxsize=1)
        headers = {"Rediacc-RequestToken": stage.session, "Content-Type": "application/json"}

        def call(procedure: str, body: str) -> dict[str, object]:
            reply = http.request("POST", f"{url}{URL}{procedure}", body=body, headers=headers)
            assert reply.status == 200, reply.data
            row: dict[str, object] = reply.json()["tables"][0]["data"][0]
            return row

        for _ in range(PAIRS):
            sent = time.time()
            made = call("CreateQueueItem", creation(machine))
            item = call("GetTeamQueueItems", json.dumps({"teamName": TEAM, "taskId": made["taskId"]}))
            while item["status"] != "COMPLETED":
                time.sleep(0.05)  # after the end the agent has to be waiting again before the next creation
                item = call("GetTeamQueueItems", json.dumps({"teamName": TEAM, "taskId": made["taskId"]}))
            started = datetime.fromisoformat(json.loads(str(item["vaultContentResponse"]))["startedTime"]).timestamp()
            delays.append((started - sent) * 1000)
            time.sleep(0.02)
        agent.send_signal(signal.SIGTERM)
        agent.wait(30)
    theirs = pgqueuer_delays(stage, PAIRS) if peers else []
    to_reach = statistics.median(theirs) if theirs else None
    figures = [
        Figure(
            f"creation to start of the job, {PAIRS} times: median",
            [statistics.median(delays)],
            "ms",
            f"<= {to_reach:.1f}, PgQueuer's own" if to_reach else "PgQueuer's own: --peers",
            at_most=to_reach,
        ),
        Figure("the same: 99 %", [percentile(delays, 0.99)], "ms", "<= 25", at_most=25.0),
    ]
    if to_reach:
        figures += [
            Figure("PgQueuer, enqueueing to start of the job: median", [to_reach], "ms"),
            Figure("the same: 99 %", [percentile(theirs, 0.99)], "ms"),
        ]
    return figures
