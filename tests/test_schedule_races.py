"""Schedules changed, deleted and counted at the same moment: no item too many, no job lost, none left behind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.races import PATIENCE_SECONDS, meet, wait_until_waiting
from tests.schedules import JOB, NAMED, create, items, tick, update, vaults
from tests.world import Caller, must

HOLD_VAULTS = "select from data.vault_record where owner_kind = 'schedule' for update"
HOLD_SCHEDULE = "select from data.schedule for update"
FIND_DUE = "select company_id, schedule_id, revision from maintenance.due_schedules()"
RUN_TICK = "select maintenance.run_tick(%s, %s, %s, data.clock() + interval '1 minute')"
OTHER = '{"handler":"shell","argv":["another"]}'


def item_of_tick(call: Caller, admin: psycopg.Connection, clock: Clock) -> int:
    """Its queueId."""
    tick(admin, clock)
    queue_id: int = call("GetTeamQueueItems", teamName="ops").row["queueId"]
    return queue_id


def count_tick(database: str, due: tuple[Any, ...]) -> Callable[[], int | None]:
    """A broker that has found the schedule due."""

    def count() -> int | None:
        with psycopg.connect(database, autocommit=True) as connection:
            row = connection.execute(RUN_TICK, due).fetchone()
            assert row is not None
            made: int | None = row[0]
            return made

    return count


def meet_in_sql(database: str, calls: list[Callable[[], Any]]) -> list[Any]:
    """Answers of calls that all waited for the schedule at once."""
    with (
        psycopg.connect(database) as holder,
        psycopg.connect(database, autocommit=True) as observer,
        ThreadPoolExecutor(len(calls)) as threads,
    ):
        holder.execute(HOLD_SCHEDULE)
        running = [threads.submit(call) for call in calls]
        wait_until_waiting(observer, len(calls))
        holder.rollback()
        return [each.result(PATIENCE_SECONDS) for each in running]


def test_of_three_that_found_the_same_tick_one_makes_its_item(
    call: Caller, database: str, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    clock.advance(seconds=61)
    [due] = admin.execute(FIND_DUE).fetchall()

    made = meet_in_sql(database, [count_tick(database, due)] * 3)

    assert sorted(made, key=str) == [1, None, None]
    assert items(admin) == [("PENDING", True)]


@pytest.mark.parametrize("_", range(3))
def test_a_tick_and_the_end_of_its_schedule(
    call: Caller, database: str, admin: psycopg.Connection, clock: Clock, _: int
) -> None:
    create(call)
    clock.advance(seconds=61)
    [due] = admin.execute(FIND_DUE).fetchall()

    made, reply = meet_in_sql(database, [count_tick(database, due), lambda: call("DeleteSchedule", **NAMED)])

    assert reply.failure == 0
    claimed = call("GetQueueItemsNext", _as="build-01").rows
    assert [row["vaultContent"] for row in claimed] == [JOB] * (made or 0)
    assert vaults(admin) == (made or 0)


@pytest.mark.parametrize("_", range(3))
def test_a_new_job_and_the_end_of_the_last_item_that_has_the_old_one(
    call: Caller, database: str, admin: psycopg.Connection, clock: Clock, _: int
) -> None:
    create(call)
    queue_id = item_of_tick(call, admin, clock)

    replies = meet(
        database,
        HOLD_VAULTS,
        [lambda: update(call, queueVault=OTHER), lambda: call("DeleteQueueItem", queueId=queue_id)],
    )

    assert [reply.failure for reply in replies] == [0, 0]
    assert vaults(admin) == 1


@pytest.mark.parametrize("_", range(3))
def test_the_end_of_a_schedule_and_that_of_its_last_item(
    call: Caller, database: str, admin: psycopg.Connection, clock: Clock, _: int
) -> None:
    create(call)
    queue_id = item_of_tick(call, admin, clock)

    replies = meet(
        database,
        HOLD_VAULTS,
        [lambda: call("DeleteSchedule", **NAMED), lambda: call("DeleteQueueItem", queueId=queue_id)],
    )

    assert [reply.failure for reply in replies] == [0, 0]
    assert vaults(admin) == 0


def test_two_that_change_the_job_at_once_leave_one(call: Caller, database: str, admin: psycopg.Connection) -> None:
    create(call)

    replies = meet(database, HOLD_SCHEDULE, [lambda: update(call, queueVault=OTHER)] * 2)

    assert sorted(reply.row["vaultVersion"] for reply in replies) == [2, 3]
    assert vaults(admin) == 1


def test_of_two_that_delete_a_schedule_at_once_one_finds_it_gone(call: Caller, database: str) -> None:
    create(call)

    replies = meet(database, HOLD_SCHEDULE, [lambda: call("DeleteSchedule", **NAMED)] * 2)

    assert sorted(reply.failure for reply in replies) == [0, 404]


def test_of_two_that_make_a_schedule_of_one_name_at_once_one_is_refused(
    call: Caller, database: str, admin: psycopg.Connection
) -> None:
    replies = meet(database, "lock table data.schedule in share mode", [lambda: create(call)] * 2)

    assert sorted(reply.failure for reply in replies) == [0, 409]
    assert vaults(admin) == 1


def test_running_at_once_makes_an_item_beside_that_of_the_tick(
    call: Caller, database: str, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    clock.advance(seconds=61)
    [due] = admin.execute(FIND_DUE).fetchall()

    made, reply = meet_in_sql(database, [count_tick(database, due), lambda: must(call("RunScheduleNow", **NAMED))])

    assert (made, reply.failure) == (1, 0)
    assert sorted(items(admin)) == [("PENDING", False), ("PENDING", True)]
