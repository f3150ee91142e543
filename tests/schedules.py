"""Schedules in tests: made through HTTP, their ticks counted as a broker counts them."""

from typing import Any

import psycopg

from broker.maintenance.schedules import run_due
from tests.conftest import Clock
from tests.world import Caller, Reply, must

JOB = '{"handler":"shell","argv":["nightly"]}'
NAMED: dict[str, Any] = {"teamName": "ops", "scheduleName": "nightly"}


def create(call: Caller, _as: str = "bob", **members: Any) -> Reply:
    """CreateSchedule of nightly in ops, each minute on build-01, unless members say otherwise."""
    timing: dict[str, Any] = {} if members.keys() & {"cron", "everySeconds"} else {"everySeconds": 60}
    place: dict[str, Any] = {} if members.keys() & {"machineName", "queueName"} else {"machineName": "build-01"}
    return call("CreateSchedule", _as=_as, **{**NAMED, "queueVault": JOB, **timing, **place, **members})


def update(call: Caller, _as: str = "bob", **members: Any) -> Reply:
    return call("UpdateSchedule", _as=_as, **{**NAMED, **members})


def listed(call: Caller, _as: str = "bob") -> dict[str, Any]:
    """Nightly, as GetTeamSchedules shows it."""
    return must(call("GetTeamSchedules", _as=_as, **NAMED)).row


def tick(admin: psycopg.Connection, clock: Clock, seconds: float = 61) -> int:
    """Let time pass, and count what is due: how many items were made."""
    clock.advance(seconds=seconds)
    return run_due(admin)


def items(admin: psycopg.Connection) -> list[tuple[str, bool]]:
    """The items of schedules, the oldest first: their status, and whether they stand for a tick."""
    return admin.execute(
        "select status::text, tick_time is not null from data.queue_item "
        "where schedule_id is not null order by queue_id"
    ).fetchall()


def state(admin: psycopg.Connection) -> tuple[bool, str | None]:
    """Whether nightly is enabled, and its problem."""
    [row] = admin.execute("select enabled, problem from data.schedule where schedule_name = 'nightly'").fetchall()
    return row


def vaults(admin: psycopg.Connection) -> int:
    """How many vaults of schedules there are."""
    [(count,)] = admin.execute("select count(*) from data.vault_record where owner_kind = 'schedule'").fetchall()
    assert isinstance(count, int)
    return count
