"""The jobs that run by the clock, in every broker process.

Each is one procedure of schema `maintenance`, which takes a lock that ends with its transaction and changes only what
is still to be changed: ten brokers do the work of one, and none of them leads. Schedules and webhooks have jobs of
their own.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from broker.config import Config
from broker.database.urls import background_url
from broker.maintenance import webhooks
from broker.maintenance.connection import connect
from broker.maintenance.schedules import EVERY_SECONDS, JOB, Ticker

RELEASE_SECONDS = 1.0
MINUTE_SECONDS = 60.0
HOUR_SECONDS = 3600.0
DAY_SECONDS = 86_400.0
JOBS_AT_ONCE = 4  # two slow sweeps and a slow receiver of webhooks hold up no schedule

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One procedure and how often it runs.

    Attributes:
        procedure: a function of schema maintenance that answers how many rows it changed, or lines for the log.
        at_start: the first run comes at once; else within the first interval, at a moment that differs between brokers.
        batch: as long as it answers so many or more, it is run again at once.
    """

    procedure: str
    seconds: float
    arguments: tuple[int | list[str], ...] = ()
    at_start: bool = False
    batch: int | None = None


def jobs_of(config: Config) -> Iterator[Job]:
    """What runs, and how often."""
    yield Job("mark_stale", config.sweep_seconds, (config.stale_minutes,))
    yield Job("rescue_lost_leases", config.sweep_seconds)
    yield Job("end_overdue", config.sweep_seconds)
    yield Job("expire_items", config.sweep_seconds)
    yield Job("release_due", RELEASE_SECONDS)
    yield Job("raise_marks", config.sweep_seconds)
    yield Job("notice_machines", config.sweep_seconds)
    yield Job("delete_expired", MINUTE_SECONDS)
    yield Job("close_refusal_counts", MINUTE_SECONDS)
    yield Job("anchor_audit", MINUTE_SECONDS)
    yield Job("make_partitions", DAY_SECONDS, at_start=True)
    yield Job("drop_old_audit", DAY_SECONDS)
    yield Job("delete_old_items", config.retention_sweep_seconds, batch=1000)
    yield Job("delete_idle_lanes", HOUR_SECONDS)
    yield Job("reconcile", HOUR_SECONDS)
    yield Job("delete_old_deliveries", HOUR_SECONDS, batch=1000)
    yield Job("drop_old_events", DAY_SECONDS, (config.event_days,))


class Scheduler:
    """The jobs of one process, run in threads (under gevent: greenlets) beside its calls."""

    def __init__(self, config: Config) -> None:
        jobs = tuple(jobs_of(config))
        expected = [*(job.procedure for job in jobs), JOB, webhooks.JOB]
        self._jobs = (Job("expect_runs", HOUR_SECONDS, (expected,), at_start=True), *jobs)
        self._url = background_url(config)
        self._ticker = Ticker(self._url)
        self._deliverer = webhooks.Deliverer(config)
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(JOBS_AT_ONCE)},
            # A run that could not begin in time is made up for by the next one.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin."""
        now = datetime.now(UTC)
        for job in self._jobs:
            wait = 0.0 if job.at_start else random.uniform(0, job.seconds)  # noqa: S311  # brokers start in step
            self._scheduler.add_job(
                run_job,
                "interval",
                (self._url, job, self._stopped.is_set),
                seconds=job.seconds,
                next_run_time=now + timedelta(seconds=wait),
                id=job.procedure,
            )
        self._scheduler.add_job(self._ticker.run, "interval", seconds=EVERY_SECONDS, id=JOB)
        self._scheduler.add_job(self._deliverer.run, "interval", seconds=webhooks.EVERY_SECONDS, id=webhooks.JOB)
        self._scheduler.start()

    def stop(self) -> None:
        """Begin nothing more; what runs is one short statement and ends by itself."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._ticker.close()
        self._deliverer.close()


def run_job(url: str, job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
    """Run one procedure, on a connection of its own; a failure is logged, and tried again next time."""
    try:
        with connect(url, "maintenance") as connection:
            while _run_once(connection, job) and not stopped():
                pass
            connection.execute("select maintenance.record_run(%s)", [job.procedure])
    except psycopg.Error as error:
        logger.warning("maintenance.%s failed: %s", job.procedure, str(error).strip())


def _run_once(connection: psycopg.Connection[Any], job: Job) -> bool:
    """Run a procedure and log what it says; tells whether there may be more to do."""
    places = ", ".join(["%s"] * len(job.arguments))
    rows = connection.execute(f"select maintenance.{job.procedure}({places})", job.arguments).fetchall()
    for (said,) in rows:
        if said:
            logger.info("maintenance.%s: %s", job.procedure, said)
    return job.batch is not None and rows[0][0] >= job.batch
