"""UpdateSchedule."""

from typing import Any

import psycopg
import pytest

from broker.maintenance.schedules import run_due
from tests.conftest import Clock
from tests.people import refuse_in_sql
from tests.schedules import JOB, NAMED, create, items, listed, state, tick, update, vaults
from tests.world import Caller, must

OTHER = '{"handler":"shell","argv":["another"]}'


def test_keeps_what_is_left_out(call: Caller) -> None:
    create(call, priority=1, retries=3, metadata={"a": 1}, cron="0 2 * * *", timeZone="Europe/Berlin", overlap="SKIP")
    before = listed(call)

    must(update(call))

    assert listed(call) == before


@pytest.mark.parametrize(
    "change",
    [
        {"missed": "SKIP"},
        {"overlap": "CANCEL_OLDER"},
        {"priority": 5},
        {"maxAttempts": 9},
        {"retries": 1},
        {"timeoutSeconds": 30},
        {"backoff": {"fixed": {"delayMs": 5}}},
        {"expiresAfterSeconds": 60},
        {"metadata": {"b": 2}},
    ],
)
def test_changes_what_is_given_and_nothing_else(call: Caller, change: dict[str, Any]) -> None:
    create(call)
    before = listed(call)

    must(update(call, **change))

    assert listed(call) == {**before, **change}


def test_more_retries_bring_the_attempts_that_they_need(call: Caller) -> None:
    create(call)

    must(update(call, retries=10))

    assert (listed(call)["retries"], listed(call)["maxAttempts"]) == (10, 11)


def test_a_new_timing_takes_the_place_of_the_old_one_at_once(call: Caller) -> None:
    create(call, everySeconds=60)

    by_cron = update(call, cron="0 2 * * *", timeZone="Europe/Berlin").row
    elsewhere = update(call, timeZone="Asia/Tokyo").row
    by_interval = update(call, everySeconds=3600).row

    assert len({by_cron["nextTime"], elsewhere["nextTime"], by_interval["nextTime"], None}) == 4
    assert (listed(call)["cron"], listed(call)["everySeconds"]) == (None, 3600)


def test_a_new_job_is_for_later_items_and_earlier_ones_keep_theirs(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    tick(admin, clock)

    assert update(call, queueVault=OTHER).row["vaultVersion"] == 2
    kept = vaults(admin)
    tick(admin, clock)
    rows = call("GetQueueItemsNext", _as="build-01").rows

    assert kept == 2
    assert [row["vaultContent"] for row in rows] == [JOB, OTHER]
    assert listed(call)["queueVault"] == OTHER


def test_the_old_job_goes_with_the_last_item_that_has_it(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    tick(admin, clock)
    tick(admin, clock)
    update(call, queueVault=OTHER)
    ids = [row["queueId"] for row in call("GetTeamQueueItems", teamName="ops").rows]

    counts = []
    for queue_id in ids:
        must(call("DeleteQueueItem", queueId=queue_id))
        counts.append(vaults(admin))

    assert counts == [2, 1]
    assert listed(call)["queueVault"] == OTHER


def test_a_job_that_no_item_has_goes_at_once(call: Caller, admin: psycopg.Connection) -> None:
    create(call)

    must(update(call, queueVault=OTHER))

    assert vaults(admin) == 1


def test_moves_to_another_machine_with_the_job_for_it(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)

    must(update(call, machineName="build-02", queueVault=OTHER))
    tick(admin, clock)

    assert listed(call)["machineName"] == "build-02"
    assert call("GetQueueItemsNext", _as="build-01").rows == []
    assert call("GetQueueItemsNext", _as="build-02").row["vaultContent"] == OTHER


def test_a_pools_schedule_may_move_to_a_machine(call: Caller) -> None:
    create(call, queueName="default", labels={"os": "linux"})

    must(update(call, machineName="build-02", queueVault=OTHER))

    assert (listed(call)["machineName"], listed(call)["labels"]) == ("build-02", None)


def test_refuses_another_machine_without_the_job_for_it(call: Caller) -> None:
    create(call)

    reply = update(call, machineName="build-02")

    assert (reply.failure, reply.errors) == (
        400,
        ["queueVault is missing: the job has to be sealed for machine build-02"],
    )
    assert must(update(call, machineName="BUILD-01"))


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"cron": "0 0 30 2 *"}, 400),
        ({"timeZone": "Mars"}, 400),
        ({"cron": "0 0 * * *", "everySeconds": 60}, 400),
        ({"everySeconds": 1}, 400),
        ({"labels": {"os": "linux"}}, 400),
        ({"queueVault": "no json"}, 400),
        ({"queueName": "nowhere"}, 404),
        ({"machineName": "dev-01", "queueVault": OTHER}, 404),
        ({"scheduleName": "nothing"}, 404),
        ({"teamName": "nowhere"}, 404),
        ({"teamName": "dev"}, 403),
        ({"maxAttempts": 1, "retries": 1}, 400),
    ],
)
def test_refuses_what_makes_no_sense_and_changes_nothing(call: Caller, members: dict[str, Any], status: int) -> None:
    create(call)
    before = listed(call)

    reply = update(call, **members)

    assert (reply.failure, len(reply.errors)) == (status, 1)
    assert listed(call) == before


def test_what_was_missed_while_disabled_comes_when_it_is_enabled(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, everySeconds=600)
    must(update(call, enabled=False))
    silent = tick(admin, clock, 650 + 3 * 600)

    must(update(call, enabled=True))

    assert silent == 0
    assert run_due(admin) == 1
    assert items(admin) == [("PENDING", True)]


def test_a_new_timing_forgets_what_was_missed(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, everySeconds=600)
    must(update(call, enabled=False))
    clock.advance(seconds=1000)

    must(update(call, enabled=True, everySeconds=700))

    assert run_due(admin) == 0


def test_enabling_takes_the_problem_away_and_the_caller_takes_the_place_of_who_is_gone(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call)
    must(call("DeleteUserFromTeam", _as="ann", teamName="ops", removeUserEmail="bob@acme.example"))
    tick(admin, clock)
    disabled = state(admin)

    must(update(call, _as="ann", enabled=True))

    assert disabled == (False, "who made it is no active member of the team any more")
    assert state(admin) == (True, None)
    assert tick(admin, clock) == 1
    assert listed(call, _as="ann")["createdBy"] == "ann@acme.example"


def test_a_schedule_whose_machine_was_deleted_needs_another(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    must(call("DeleteMachine", _as="ann", teamName="ops", machineName="build-01"))

    reply = update(call, enabled=True)

    assert (reply.failure, reply.errors) == (409, ["machine build-01 was deleted: name another one"])
    must(update(call, machineName="build-02", queueVault=OTHER))


def test_sql_admins_change_all_but_the_job_and_the_next_tick_is_computed_afterwards(
    call: Caller, admin: psycopg.Connection
) -> None:
    create(call)
    with admin.transaction():
        admin.execute("select auth.act_as('bob@acme.example', 'ticket 12')")
        admin.execute("select api.update_schedule('ops', 'nightly', p_cron => '0 2 * * *', p_time_zone => 'UTC')")
    unknown = listed(call)["nextTime"]

    assert run_due(admin) == 0
    assert unknown is None
    assert listed(call)["nextTime"].endswith("02:00:00Z")


def test_nonsense_from_sql_disables_the_schedule_and_says_why(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    with admin.transaction():
        admin.execute("select auth.act_as('bob@acme.example', 'ticket 12')")
        admin.execute("select api.update_schedule('ops', 'nightly', p_cron => '0 0 30 2 *')")

    run_due(admin)

    assert state(admin) == (False, "cron 0 0 30 2 * cannot be read, or never fires: bad day-of-month")
    assert listed(call)["problem"] == state(admin)[1]
    assert refuse_in_sql(admin, "bob@acme.example", "select api.update_schedule('ops', 'nightly', p_cron => '')")[
        0
    ] == ("JB400")


def test_says_in_the_audit_what_was_changed(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    update(call, everySeconds=90, enabled=False)

    rows = admin.execute("select action, entity, details from data.audit order by audit_id").fetchall()
    assert rows[1:] == [("Updated", "Schedule", "in team ops, every 90 seconds, disabled")]
    assert NAMED["scheduleName"] == "nightly"
