"""A database for one command: the one of the settings, the embedded one that runs, or the embedded one for a moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg

from broker.config import Config
from broker.embedded.process import read_pid_file
from broker.embedded.server import EmbeddedPostgres, EmbeddedPostgresError

# Of postmaster.pid, counted from 0.
_SOCKET_FOLDER_LINE = 4

CLUSTER = "cluster"


@contextmanager
def reachable_database(config: Config, *, make: bool = True) -> Iterator[Config]:
    """The settings with URLs that can be used now; an embedded server started for this stops at the end.

    Args:
        make: whether an embedded database that was never made is made now, empty.

    Raises:
        EmbeddedPostgresError: the embedded server does not run and cannot be started, or was never made and shall not.
    """
    if config.database_url is not None:
        yield config
        return
    folder = running_socket_folder(config.data_dir)
    if folder is not None:
        yield embedded_config(config, url_on_socket(folder))
        return
    if not make and not (config.data_dir / CLUSTER).is_dir():
        raise EmbeddedPostgresError(
            f"there is no database in {config.data_dir}: `broker serve` makes one; "
            "or set BROKER_DATA_DIR or BROKER_DATABASE_URL to the one that is meant"
        )
    with EmbeddedPostgres(config.data_dir) as postgres:
        yield embedded_config(config, postgres.url)


def embedded_config(config: Config, url: Callable[[str], str]) -> Config:
    """The settings with the URLs of an embedded server: each part of the broker logs in as the role that it is."""
    return replace(
        config, database_url=url("broker_app"), migrate_url=url("postgres"), background_url=url("broker_scheduler")
    )


def url_on_socket(folder: str) -> Callable[[str], str]:
    """URLs of the server with this socket, by role."""
    return lambda role: f"postgresql://{role}@/postgres?host={quote(folder, safe='')}"


def running_socket_folder(data_dir: Path) -> str | None:
    """Folder of the socket of the embedded server that another process runs, or None when none answers.

    Source: PostgreSQL, src/include/utils/pidfile.h.
    """
    cluster = data_dir / CLUSTER
    try:
        _, ready = read_pid_file(cluster)
        if not ready:
            return None
        folder = (cluster / "postmaster.pid").read_text().splitlines()[_SOCKET_FOLDER_LINE].strip()
        psycopg.connect(host=folder, user="postgres", dbname="postgres", connect_timeout=5).close()
    except (OSError, IndexError, psycopg.OperationalError):
        return None
    return folder
