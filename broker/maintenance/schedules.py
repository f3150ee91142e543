"""The ticks of schedules, in every broker process: SQL says what is due and was missed, here the next tick is computed.

What is computed counts only if no other broker was faster (maintenance.run_tick), so none of them leads.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from broker.maintenance.connection import KeptConnection
from broker.ticks import TimingError, next_beat, next_tick

EVERY_SECONDS = 1.0
LOCK_SECONDS = 2  # somebody who holds a schedule holds up that one, not those that come after it
ROUNDS = 10  # of the ticks of one schedule that are due at once, none of which is missed
JOB = "schedules"  # by this name its runs are noted
FIND_DUE = "select * from maintenance.due_schedules()"
RUN_TICK = "select maintenance.run_tick(%s, %s, %s, %s, %s)"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Due:
    """A schedule to be looked at, as maintenance.due_schedules answers it."""

    company_id: int
    schedule_id: int
    revision: int
    cron: str | None
    every_seconds: int | None
    time_zone: str
    next_time: datetime | None
    after: datetime


def following(due: Due) -> datetime:
    """When the schedule runs after the tick that is due.

    Raises:
        TimingError: expression or time zone cannot be read, or there is no further tick.
    """
    if due.cron is not None:
        return next_tick(due.cron, due.time_zone, due.after)
    return next_beat(due.every_seconds or 1, due.next_time or due.after, due.after)


def run_due(connection: psycopg.Connection) -> int:
    """Count every tick that is due; a schedule that fails, or that another broker counts, is left to the next time.

    Returns:
        How many items were made.
    """
    made = 0
    left: set[int] = set()
    for _ in range(ROUNDS):
        with connection.cursor(row_factory=class_row(Due)) as cursor:
            found = [due for due in cursor.execute(FIND_DUE) if due.schedule_id not in left]
        if not found:
            break
        for due in found:
            answer = run_tick(connection, due)
            made += answer or 0
            if answer is None:
                left.add(due.schedule_id)
    return made


def run_tick(connection: psycopg.Connection, due: Due) -> int | None:
    """Count one tick; a failure is logged, and tried again next time: it must not hold up other schedules.

    Returns:
        How many items were made; None: another broker was faster, or it failed.

    Raises:
        psycopg.Error: the connection was lost.
    """
    next_time, problem = None, None
    try:
        next_time = following(due)
    except TimingError as error:
        problem = str(error)
    members = due.company_id, due.schedule_id, due.revision, next_time, problem
    try:
        row = connection.execute(RUN_TICK, members).fetchone()
    except psycopg.Error as error:
        if connection.closed:
            raise
        logger.warning("the tick of schedule %d failed: %s", due.schedule_id, str(error).strip())
        return None
    return row[0] if row else None


class Ticker:
    """Counts what is due, each time it is told to."""

    def __init__(self, url: str) -> None:
        self._kept = KeptConnection(url, JOB, LOCK_SECONDS)

    def run(self) -> None:
        """Count every tick that is due."""
        if made := self._kept.run(run_due):
            logger.info("schedules made %d queue items", made)

    def close(self) -> None:
        """Give the connection back, when what runs has ended: that is short."""
        self._kept.close()
