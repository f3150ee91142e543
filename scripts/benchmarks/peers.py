"""Peers beside us, on the same server in the same run, from a virtual environment of their own.

RQ needs a Redis of its own, as durable as PostgreSQL is: each write on the disk before it is answered.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.benchmarks.stage import Stage

PROJECT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = PROJECT / ".venv-peers"
PACKAGES = (
    "pgqueuer==1.6.0",
    "asyncpg==0.32.0",
    "uvloop==0.23.0",
    "procrastinate==3.10.0",
    "psycopg[binary]==3.3.9",
    "rq==3.0.0",
)
PROGRAM = Path(__file__).with_name("pgqueuer_pick_up.py")
BATCH_PROGRAM = Path(__file__).with_name("batch_peer.py")
BATCH_PEERS = ("procrastinate", "pgqueuer", "rq")
REDIS_SECONDS = 10


class PeerError(Exception):
    """A peer cannot be measured here; the message says why."""


def pgqueuer_delays(stage: Stage, jobs: int) -> list[float]:
    """Milliseconds from the enqueueing of a job to its start in a waiting worker, one job at a time."""
    stage.run_sql("create database pgqueuer")
    url = stage.url.replace("/postgres?", "/pgqueuer?")
    command = [str(prepared_python()), str(PROGRAM), url, str(jobs)]
    delays: list[float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return delays


def peer_speed(stage: Stage, peer: str, name: str, jobs: int, batch: int) -> float:
    """Jobs a second of a peer, on an empty database of this name or on a new Redis.

    Raises:
        PeerError: something that it needs is not on this machine, or it did not do all its jobs.
    """
    if peer == "rq":
        with redis(stage.folder / name) as url:
            return run_batches(peer, url, jobs, batch)
    stage.run_sql(f"create database {name}")
    return run_batches(peer, stage.url.replace("/postgres?", f"/{name}?"), jobs, batch)


def run_batches(peer: str, url: str, jobs: int, batch: int) -> float:
    command = [str(prepared_python()), str(BATCH_PROGRAM), peer, url, str(jobs), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(done.stderr.strip().rpartition("\n")[2])
    return float(done.stdout)


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that writes each change to the disk before it answers; gives its URL.

    Raises:
        PeerError: there is none on this machine.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise PeerError("there is no redis-server")
    folder.mkdir()
    socket = folder / "socket"
    settings = ["--port", "0", "--unixsocket", str(socket), "--appendonly", "yes", "--appendfsync", "always"]
    process = subprocess.Popen([program, "--dir", str(folder), "--save", "", *settings], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + REDIS_SECONDS
        while not socket.exists():
            if time.monotonic() > deadline:
                raise PeerError("redis-server does not start")
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(REDIS_SECONDS)


def prepared_python() -> Path:
    """The Python of the peers' environment, which is made when it is not there or holds other versions."""
    python, installed = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if not installed.exists() or installed.read_text() != "\n".join(PACKAGES):
        print("Installing the peers into .venv-peers ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        installed.write_text("\n".join(PACKAGES))
    return python
