"""Connections of the jobs that run by the clock: outside the pool of the calls, each statement bounded in time."""

import logging
import threading
from collections.abc import Callable

import psycopg

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60

logger = logging.getLogger(__name__)


def connect(url: str, name: str, lock_seconds: int | None = None) -> psycopg.Connection:
    """A connection of a job.

    Args:
        name: under which the server shows it.
        lock_seconds: who holds what a statement wants is waited for so long; None: as long as the statement may take.
    """
    connection = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_SECONDS,
        prepare_threshold=None,
        application_name=f"broker {name}",
    )
    connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
    if lock_seconds is not None:
        connection.execute(f"set lock_timeout = '{lock_seconds}s'")
    return connection


class KeptConnection:
    """One connection for a job that runs each second; one run at a time.

    Args:
        name: of the job, under which its runs are noted.
    """

    def __init__(self, url: str, name: str, lock_seconds: int | None = None) -> None:
        self._url = url
        self._name = name
        self._lock_seconds = lock_seconds
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def run(self, work: Callable[[psycopg.Connection], int]) -> int:
        """Work on the connection, and note that; without a database this is logged, and tried again next time.

        Returns:
            What the work gives; 0 when it failed.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connect(self._url, self._name, self._lock_seconds)
                done = work(self._connection)
                self._connection.execute("select maintenance.record_run(%s)", [self._name])
            except psycopg.Error as error:
                logger.warning("the job %s failed: %s", self._name, str(error).strip())
                self._disconnect()
                return 0
        return done

    def close(self) -> None:
        """Give the connection back, when what runs has ended in time."""
        if self._lock.acquire(timeout=CONNECT_SECONDS):
            try:
                self._disconnect()
            finally:
                self._lock.release()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
