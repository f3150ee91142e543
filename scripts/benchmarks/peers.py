"""PgQueuer beside us: its own pick-up, on the same server in the same run, from a virtual environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

from scripts.benchmarks.stage import Stage

PROJECT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = PROJECT / ".venv-peers"
PACKAGES = ("pgqueuer==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0")
PROGRAM = Path(__file__).with_name("pgqueuer_pick_up.py")


def pgqueuer_delays(stage: Stage, jobs: int) -> list[float]:
    """Milliseconds from the enqueueing of a job to its start in a waiting worker, one job at a time."""
    stage.run_sql("create database pgqueuer")
    url = stage.url.replace("/postgres?", "/pgqueuer?")
    command = [str(prepared_python()), str(PROGRAM), url, str(jobs)]
    delays: list[float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return delays


def prepared_python() -> Path:
    """The Python of the peers' environment, which is made when it is not there or holds other versions."""
    python, installed = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if not installed.exists() or installed.read_text() != "\n".join(PACKAGES):
        print("Installing PgQueuer into .venv-peers ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        installed.write_text("\n".join(PACKAGES))
    return python
