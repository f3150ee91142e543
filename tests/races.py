"""Calls that meet: started in threads, held up by a lock of the test, let go when all of them wait."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from tests.world import Reply

PATIENCE_SECONDS = 20
WAITING = """
    select count(*)
    from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and pid <> pg_backend_pid()
"""


def meet(database: str, hold: str, calls: Sequence[Callable[[], Reply]]) -> list[Reply]:
    """Answers of calls that were all under way at once.

    Args:
        database: URL of a superuser.
        hold: a statement whose locks every one of the calls runs into, or into another call that waits for them.
    """
    with (
        psycopg.connect(database) as holder,
        psycopg.connect(database, autocommit=True) as observer,
        ThreadPoolExecutor(len(calls)) as threads,
    ):
        holder.execute(sql.SQL(hold))
        running = [threads.submit(call) for call in calls]
        wait_until_waiting(observer, len(calls))
        holder.rollback()
        return [each.result(PATIENCE_SECONDS) for each in running]


def wait_until_waiting(observer: psycopg.Connection, count: int) -> None:
    """Return when so many sessions of the database wait for a lock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = 0
    while waiting < count:
        assert time.monotonic() < deadline, f"{waiting} of {count} calls wait"
        [(waiting,)] = observer.execute(WAITING).fetchall()
