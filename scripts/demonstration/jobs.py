"""The jobs, as they lie in the request vaults."""

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.config import Config
from broker.embedded.access import reachable_database
from broker.embedded.binaries import find_binaries

PROGRAMS = Path(__file__).parent / "programs"
MEGABYTES_TO_COMPRESS = 60

Job = Mapping[str, object]


@dataclass(frozen=True)
class Task:
    """One row of the demonstration: what it shows, for which machine, the job, and how it must end.

    Attributes:
        expected: status and attempt at the end.
    """

    title: str
    machine: str
    job: Job
    expected: tuple[str, int] = ("COMPLETED", 1)


def shell(*argv: str, **members: object) -> Job:
    return {"handler": "shell", "argv": list(argv), **members}


def inventory() -> Job:
    """The installed packages, asked of whatever package manager this machine has."""
    if shutil.which("dpkg-query"):
        return shell("dpkg-query", "-W", "-f", "${Package} ${Version}\n")
    if shutil.which("rpm"):
        return shell("rpm", "-qa")
    return shell(sys.executable, "-m", "pip", "list", "--format", "freeze")


def compress() -> Job:
    """A tar.gz with its SHA-256 of at least 50 MB of real files: this Python's own packages and library."""
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")]
    return shell(sys.executable, str(PROGRAMS / "compress.py"), str(MEGABYTES_TO_COMPRESS), *folders)


def dump(data_dir: Path) -> Job:
    """pg_dump of the broker's own database, over the embedded server's socket."""
    with reachable_database(Config(data_dir=data_dir)) as config:
        return shell(
            sys.executable, str(PROGRAMS / "dump.py"), find_binaries().program("pg_dump"), str(config.migrate_url)
        )


def count(seconds: int) -> Job:
    """Counts seconds and tells its progress: something that can be interrupted half-way."""
    return shell(sys.executable, str(PROGRAMS / "count.py"), str(seconds))


def tasks(data_dir: Path) -> list[Task]:
    return [
        Task("inventory of installed packages", "workshop", inventory()),
        Task(f"compress and checksum {MEGABYTES_TO_COMPRESS} MB", "workshop", compress()),
        Task("pg_dump of the broker's database", "workshop", dump(data_dir)),
        Task(
            "a job that exits 3", "workshop", shell("sh", "-c", "echo 'nothing to deploy' >&2; exit 3"), ("FAILED", 1)
        ),
        Task("cancelled while it runs", "workshop", count(600), ("CANCELLED", 1)),
        Task("its agent is killed with -9", "fragile", count(6), ("COMPLETED", 2)),
        Task("its first worker is late", "slow", count(2), ("COMPLETED", 2)),
    ]
