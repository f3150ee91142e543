"""The ticks of schedules: each makes one item, however many brokers count; missed ones, overlap, and vaults at rest."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from broker.config import Config
from broker.database.urls import background_url
from broker.maintenance.scheduler import Scheduler
from broker.maintenance.schedules import Ticker, run_due
from tests.conftest import Clock
from tests.rotations import rotate
from tests.schedules import JOB, NAMED, create, items, listed, state, tick, update, vaults
from tests.serving import until
from tests.test_maintenance import trace
from tests.test_stolen_token import Thief, dump
from tests.world import Caller, World, must

TICK_TIMES = "select tick_time from data.queue_item where tick_time is not null order by tick_time"
SET_CLOCK = "update data.test_clock set ahead = %s::timestamptz - clock_timestamp()"


def complete(call: Caller, machine: str = "build-01") -> None:
    """Let the machine take all of its items and complete them."""
    for row in must(call("GetQueueItemsNext", _as=machine, itemCount=100, start=True)).rows:
        answer: dict[str, Any] = {"queueId": row["queueId"], "claimToken": row["claimToken"], "responseVault": "{}"}
        must(call("UpdateQueueItemToCompleted", _as=machine, completionStatus="SUCCESS", **answer))


def test_three_schedulers_make_exactly_one_item_of_each_of_fifty_ticks(
    call: Caller, admin: psycopg.Connection, clock: Clock, config: Config
) -> None:
    create(call, everySeconds=10)
    url, meeting = background_url(config), threading.Barrier(3)

    def broker(number: int) -> int:
        made = 0
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(50):
                if meeting.wait(20) == 0:
                    clock.advance(seconds=10)
                meeting.wait(20)
                made += run_due(connection)
        return made

    with ThreadPoolExecutor(3) as threads:
        made = list(threads.map(broker, range(3)))

    times = [moment for (moment,) in admin.execute(TICK_TIMES)]
    assert (sum(made), len(times)) == (50, 50)
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(seconds=10)}


def test_ticks_that_come_within_a_minute_are_made_up_for_one_by_one(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, everySeconds=10)

    assert tick(admin, clock, 55) == 5
    assert len(items(admin)) == 5


@pytest.mark.parametrize(("missed", "made"), [("RUN_ONCE", 1), ("SKIP", 0)])
def test_missed_ticks_run_once_or_not_at_all(
    call: Caller, admin: psycopg.Connection, clock: Clock, missed: str, made: int
) -> None:
    create(call, everySeconds=600, missed=missed)

    assert tick(admin, clock, 5 * 600 + 100) == made
    assert tick(admin, clock, 400) == 0
    assert tick(admin, clock, 120) == 1


def test_of_a_schedule_for_each_minute_one_item_stands_for_an_hour_that_was_missed(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, cron="* * * * *")

    assert tick(admin, clock, 3600) == 1
    assert tick(admin, clock, 60) == 1


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        ("2027-03-28T00:00:00Z", ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]),
        ("2027-10-31T00:00:00Z", ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]),
    ],
)
def test_in_the_nights_when_clocks_change_there_is_one_item(
    call: Caller, admin: psycopg.Connection, clock: Clock, night: str, expected: list[str]
) -> None:
    create(call, cron="30 2 * * *", timeZone="Europe/Berlin")
    admin.execute(SET_CLOCK, [night])
    admin.execute("update data.schedule set next_time = null")
    run_due(admin)

    for _ in range(2 * 24 * 2):
        tick(admin, clock, 30 * 60 + 0.1)

    times = [moment for (moment,) in admin.execute(TICK_TIMES)]
    assert times == [datetime.fromisoformat(moment) for moment in expected]


def test_skips_ticks_while_an_item_is_unfinished(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, overlap="SKIP")
    made = [tick(admin, clock), tick(admin, clock)]
    claimed = call("GetQueueItemsNext", _as="build-01", start=True).row
    made.append(tick(admin, clock))
    answer: dict[str, Any] = {"queueId": claimed["queueId"], "claimToken": claimed["claimToken"], "responseVault": "{}"}
    must(call("UpdateQueueItemToCompleted", _as="build-01", completionStatus="SUCCESS", **answer))

    made.append(tick(admin, clock))

    assert made == [1, 0, 0, 1]


def test_items_overlap_if_that_is_allowed(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, overlap="ALLOW")

    assert [tick(admin, clock), tick(admin, clock)] == [1, 1]


def test_cancels_older_items_and_asks_running_ones_to_stop(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, overlap="CANCEL_OLDER")
    tick(admin, clock)
    first = call("GetQueueItemsNext", _as="build-01", start=True).row["queueId"]
    tick(admin, clock)
    tick(admin, clock)

    assert [status for status, _ in items(admin)] == ["CANCELLING", "CANCELLED", "PENDING"]
    assert trace(admin, first)[-1] == "CANCEL_REQUESTED"
    actor = admin.execute("select actor, details from data.queue_event where event = 'CANCELLED'").fetchone()
    assert actor == ("schedule nightly", "the next tick of its schedule has come")


def test_one_schedule_does_not_cancel_the_items_of_another(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, overlap="CANCEL_OLDER")
    create(call, scheduleName="other", overlap="SKIP")

    assert tick(admin, clock) == 2
    assert [status for status, _ in items(admin)] == ["PENDING", "PENDING"]


def test_the_item_is_made_in_the_name_of_who_made_the_schedule(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    tick(admin, clock)

    row = call("GetTeamQueueItems", teamName="ops").row
    event = call("GetQueueItemTrace", queueId=row["queueId"]).row
    assert row["createdBy"] == "bob@acme.example"
    assert (event["event"], event["actor"]) == ("CREATED", "schedule nightly")
    assert event["details"].startswith("tick of ")


@pytest.mark.parametrize(
    "leave",
    [
        {"procedure": "DeleteUserFromTeam", "teamName": "ops", "removeUserEmail": "bob@acme.example"},
        {"procedure": "UpdateUserToDeactivated", "userEmail": "bob@acme.example"},
    ],
)
def test_a_schedule_whose_maker_is_gone_is_disabled_and_says_so(
    call: Caller, admin: psycopg.Connection, clock: Clock, leave: dict[str, Any]
) -> None:
    create(call)
    must(call(_as="ann", **leave))

    assert tick(admin, clock) == 0
    assert state(admin) == (False, "who made it is no active member of the team any more")
    row = admin.execute("select action, actor, entity from data.audit order by audit_id desc").fetchone()
    assert row == ("Disabled", "schedule nightly", "Schedule")


def test_a_schedule_whose_machine_was_deleted_is_disabled_and_says_so(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    must(call("DeleteMachine", _as="ann", teamName="ops", machineName="build-01"))

    assert tick(admin, clock) == 0
    assert state(admin) == (False, "machine build-01 was deleted")


def test_who_computed_for_a_schedule_that_has_changed_comes_too_late(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    clock.advance(seconds=61)
    [due] = admin.execute("select company_id, schedule_id, revision from maintenance.due_schedules()").fetchall()
    must(update(call, overlap="SKIP"))

    late = admin.execute("select maintenance.run_tick(%s, %s, %s, data.clock())", due).fetchone()

    assert late == (None,)
    assert run_due(admin) == 1


def test_one_that_fails_does_not_hold_up_the_others(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    create(call, scheduleName="other")
    admin.execute("alter table data.schedule add check (schedule_name <> 'nightly' or last_tick_time is null)")

    assert tick(admin, clock) == 1


def test_one_that_somebody_holds_does_not_hold_up_the_others(
    call: Caller, admin: psycopg.Connection, clock: Clock, config: Config, database: str
) -> None:
    create(call)
    create(call, scheduleName="other")
    clock.advance(seconds=61)
    ticker = Ticker(background_url(config))

    with psycopg.connect(database) as holder:
        holder.execute("select from data.schedule where schedule_name = 'nightly' for update")
        ticker.run()
        during = items(admin)
    ticker.run()
    ticker.close()

    assert during == [("PENDING", True)]
    assert items(admin) == [("PENDING", True)] * 2


@pytest.mark.parametrize(
    ("missed", "late", "expected"),
    [
        ("RUN_ONCE", 50, -50),
        ("RUN_ONCE", 70, 0),
        ("SKIP", 50, -50),
        ("SKIP", 70, -60),
    ],
)
def test_the_database_says_after_what_the_next_tick_comes(
    call: Caller, admin: psycopg.Connection, missed: str, late: int, expected: int
) -> None:
    create(call, missed=missed)
    admin.execute("update data.schedule set next_time = data.clock() - make_interval(secs => %s)", [late])

    due = admin.execute(
        "select round(extract(epoch from after - data.clock()))::integer from maintenance.due_schedules()"
    ).fetchone()

    assert due == (expected,)


def test_of_ticks_that_are_not_made_up_for_those_of_the_last_minute_still_come(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, everySeconds=10, missed="SKIP")

    assert tick(admin, clock, 205) == 6


def test_a_run_is_noted_once_a_minute(admin: psycopg.Connection, clock: Clock, config: Config) -> None:
    ticker = Ticker(background_url(config))
    noted = []

    for seconds in (0, 30, 31):
        clock.advance(seconds=seconds)
        ticker.run()
        noted += admin.execute("select last_time from data.sweep where procedure_name = 'schedules'").fetchall()
    ticker.close()

    assert noted[0] == noted[1] < noted[2]


def test_the_jobs_that_run_beside_the_calls_count_ticks(
    call: Caller, admin: psycopg.Connection, clock: Clock, config: Config
) -> None:
    create(call)
    clock.advance(seconds=61)
    scheduler = Scheduler(config)

    scheduler.start()
    try:
        until(lambda: items(admin) == [("PENDING", True)])
    finally:
        scheduler.stop()


def test_a_ticker_comes_back_when_its_connection_was_lost(
    call: Caller, admin: psycopg.Connection, clock: Clock, config: Config
) -> None:
    create(call)
    ticker = Ticker(background_url(config))
    ticker.run()
    admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'broker schedules' and datname = current_database()"
    )
    clock.advance(seconds=61)

    ticker.run()
    ticker.run()
    ticker.close()

    assert items(admin) == [("PENDING", True)]


def test_a_retry_refers_to_the_job_of_the_schedule_and_counts_as_its_item(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, overlap="SKIP")
    tick(admin, clock)
    first = call("GetTeamQueueItems", teamName="ops").row["queueId"]
    must(call("CancelQueueItem", queueId=first))

    must(call("RetryFailedQueueItem", originalQueueId=first))
    during = tick(admin, clock)
    opened = call("GetQueueItemsNext", _as="build-01").row["vaultContent"]

    assert (during, opened, vaults(admin)) == (0, JOB, 1)


def test_a_retry_with_a_job_of_its_own_leaves_the_schedule(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, overlap="SKIP")
    tick(admin, clock)
    first = call("GetTeamQueueItems", teamName="ops").row["queueId"]
    must(call("CancelQueueItem", queueId=first))

    must(call("RetryFailedQueueItem", originalQueueId=first, modifiedVault='"other"'))

    assert tick(admin, clock) == 1
    assert {row["vaultContent"] for row in call("GetQueueItemsNext", _as="build-01").rows} == {JOB, '"other"'}


def test_deleting_an_item_leaves_the_job_to_its_schedule(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    tick(admin, clock)
    must(call("DeleteQueueItem", queueId=call("GetTeamQueueItems", teamName="ops").row["queueId"]))

    tick(admin, clock)

    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == JOB


def test_a_rotation_of_the_companys_key_takes_jobs_of_schedules_along(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    tick(admin, clock)

    rotate(call, clock)
    versions = admin.execute(
        "select distinct data.key_version_of(wrapped_key) from data.vault_record where owner_kind = 'schedule'"
    ).fetchall()

    assert versions == [(2,)]
    assert listed(call)["queueVault"] == JOB
    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == JOB


@pytest.mark.parametrize(("thief", "opened"), [("nobody", False), ("build-02", False), ("build-01", True)])
def test_of_a_stolen_dump_only_the_token_of_its_machine_opens_the_job(
    call: Caller, database: str, world: World, thief: str, opened: bool
) -> None:
    create(call)
    token = world.tokens.get(thief, "jb_agent_of-nobody")

    dumped = dump(database)

    assert "nightly" in dumped
    assert JOB not in dumped
    assert (JOB in Thief(dumped, token).rob().texts) is opened


def test_sql_admins_list_and_delete_schedules_without_a_key(call: Caller, admin: psycopg.Connection) -> None:
    create(call)

    with admin.transaction():
        admin.execute("set local role broker_admin")
        admin.execute("select auth.act_as('bob@acme.example', 'ticket 12')")
        shown = admin.execute("select schedule_name, every_seconds from api.get_team_schedules('ops')").fetchall()
        admin.execute("select api.delete_schedule('ops', 'nightly')")

    assert shown == [("nightly", 60)]
    assert call("GetTeamSchedules", teamName="ops").rows == []


def test_the_items_of_a_schedule_come_and_go(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, overlap="SKIP")

    for _ in range(3):
        assert tick(admin, clock) == 1
        complete(call)

    assert items(admin) == [("COMPLETED", True)] * 3
    assert must(call("GetTeamSchedules", **NAMED)).row["problem"] is None
