"""CreateSchedule."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.conftest import Clock
from tests.schedules import JOB, create, items, listed, tick, vaults
from tests.world import NOBODY, Caller, must

NOTHING = "select count(*) from data.schedule"


def count(admin: psycopg.Connection) -> int:
    [(found,)] = admin.execute(NOTHING).fetchall()
    assert isinstance(found, int)
    return found


def test_makes_a_schedule_that_runs_by_its_time_zone(call: Caller) -> None:
    row = create(call, cron="30 2 * * *", timeZone="Europe/Berlin").row

    assert (row["scheduleName"], row["teamName"], row["enabled"], row["vaultVersion"]) == ("nightly", "ops", True, 1)
    local = datetime.fromisoformat(row["nextTime"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.hour, local.minute) in ((2, 30), (3, 0))
    assert listed(call)["nextTime"] == row["nextTime"]


def test_an_interval_runs_first_when_it_has_passed_once(call: Caller, admin: psycopg.Connection) -> None:
    row = create(call, everySeconds=3600).row

    [(now,)] = admin.execute("select data.clock()").fetchall()
    ahead = datetime.fromisoformat(row["nextTime"]) - now
    assert timedelta(minutes=59) < ahead <= timedelta(hours=1)


def test_keeps_the_job_sealed_for_the_schedule_and_its_machine(call: Caller, admin: psycopg.Connection) -> None:
    create(call, queueVault='{"argv":["a-secret-word"]}')

    [row] = admin.execute(
        "select stored.content, stored.owner_id = schedule.schedule_uuid, stored.scope_id = machine.machine_uuid "
        "from data.schedule join data.vault_record as stored using (vault_record_id) "
        "join data.machine using (machine_id) where stored.owner_kind = 'schedule'"
    ).fetchall()
    assert b"secret" not in row[0]
    assert row[1:] == (True, True)


def test_its_items_carry_what_was_ordered_and_open_at_the_claim(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    ordered: dict[str, Any] = {
        "priority": 2,
        "maxAttempts": 7,
        "retries": 4,
        "timeoutSeconds": 90,
        "backoff": {"fixed": {"delayMs": 10}},
        "metadata": {"title": "nightly"},
        "expiresAfterSeconds": 600,
    }
    create(call, **ordered)

    assert tick(admin, clock) == 1
    [kept] = admin.execute(
        "select max_attempts, retries, backoff, extract(epoch from expires_time - created_time)::integer "
        "from data.queue_item"
    ).fetchall()
    claimed = call("GetQueueItemsNext", _as="build-01").row

    assert kept == (7, 4, {"fixed": {"delayMs": 10}}, 600)
    assert (claimed["vaultContent"], claimed["priority"], claimed["timeoutSeconds"]) == (JOB, 2, 90)
    assert claimed["metadata"] == {"title": "nightly"}


def test_any_machine_of_the_team_takes_the_items_of_a_schedule_for_a_pool(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    create(call, machineName=None, queueName="default")
    tick(admin, clock)

    claimed = call("GetQueueItemsNext", _as="build-02").row

    assert (claimed["machineName"], claimed["vaultContent"]) == ("build-02", JOB)
    assert listed(call)["queueVault"] == JOB


def test_items_for_a_pool_carry_the_labels(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, queueName="default", labels={"os": "linux"})
    tick(admin, clock)

    [row] = admin.execute("select pooled, labels, machine_id from data.queue_item").fetchall()
    assert row == (True, {"os": "linux"}, None)
    assert call("GetQueueItemsNext", _as="build-02").rows == []


def test_takes_the_retries_and_the_timeout_of_its_queue(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.queue_policy set max_retries = 5, timeout_seconds = 77")

    create(call)

    row = listed(call)
    assert (row["retries"], row["maxAttempts"], row["timeoutSeconds"]) == (5, 6, 77)


def test_a_disabled_one_makes_nothing(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    row = create(call, enabled=False).row

    assert (row["enabled"], row["nextTime"]) == (False, None)
    assert tick(admin, clock) == 0
    assert items(admin) == []


def test_says_in_the_audit_what_was_made(call: Caller, admin: psycopg.Connection) -> None:
    create(call, cron="0 2 * * *", timeZone="Europe/Berlin")

    row = admin.execute("select action, entity, entity_name, details, procedure_name from data.audit").fetchone()
    assert row == ("Created", "Schedule", "nightly", "in team ops, cron 0 2 * * * in Europe/Berlin", "CreateSchedule")


@pytest.mark.parametrize(
    ("members", "status", "message"),
    [
        ({"cron": "0 0 30 2 *"}, 400, "cron 0 0 30 2 * cannot be read, or never fires: bad day-of-month"),
        ({"cron": "nightly"}, 400, "cron nightly must have five fields: minute, hour, day, month, weekday"),
        ({"cron": "* * * * * *"}, 400, "cron * * * * * * must have five fields: minute, hour, day, month, weekday"),
        ({"cron": "1" * 201}, 400, "cron must have at most 200 characters"),
        (
            {"timeZone": "Mars"},
            400,
            "time zone Mars is not known: give a name of the IANA database, as Europe/Berlin",
        ),
        (
            {"cron": "0 0 * * *", "everySeconds": 60},
            400,
            "cron and everySeconds are both given: a schedule has one of them",
        ),
        ({"cron": None}, 400, "cron or everySeconds is missing: say when the schedule runs"),
        ({"everySeconds": 9}, 400, "everySeconds is 9: 10 to 31536000, a year, are possible"),
        ({"everySeconds": -60}, 400, "everySeconds is -60: 10 to 31536000, a year, are possible"),
        ({"everySeconds": 31536001}, 400, "everySeconds is 31536001: 10 to 31536000, a year, are possible"),
        (
            {"machineName": None},
            400,
            "machineName or queueName is missing: name the machine, or the queue whose pool shall take the item",
        ),
        ({"machineName": "dev-01"}, 404, "machine dev-01 not found in team ops"),
        ({"queueName": "nowhere"}, 404, "queue nowhere not found in this team"),
        ({"labels": {"os": "linux"}, "machineName": "build-01"}, 400, None),
        ({"labels": [], "queueName": "default"}, 400, 'labels must be a JSON object, as {"os": "linux"}'),
        ({"metadata": []}, 400, "metadata must be a JSON object of at most 4 KiB"),
        ({"maxAttempts": 2, "retries": 2}, 400, "maxAttempts is 2: 2 retries need at least 3"),
        ({"retries": 100}, 400, None),
        ({"expiresAfterSeconds": 0}, 400, None),
        ({"missed": "TWICE"}, 400, None),
        ({"overlap": "MAYBE"}, 400, None),
        ({"scheduleName": ""}, 400, None),
        ({"scheduleName": "x" * 101}, 400, None),
        ({"queueVault": "no json"}, 400, None),
        ({"notBefore": "2030-01-01T00:00:00Z"}, 400, None),
        ({"teamName": "nowhere"}, 404, "team nowhere not found"),
        ({"teamName": "dev"}, 403, "you are not a member of team dev"),
    ],
)
def test_refuses_what_makes_no_sense_and_makes_nothing(
    call: Caller, admin: psycopg.Connection, members: dict[str, Any], status: int, message: str | None
) -> None:
    reply = create(call, **members)

    assert reply.failure == status
    assert len(reply.errors) == 1
    assert message is None or reply.errors == [message]
    assert (count(admin), vaults(admin)) == (0, 0)


def test_names_are_unique_in_a_team_whatever_their_case(call: Caller, admin: psycopg.Connection) -> None:
    create(call)

    reply = create(call, scheduleName="NIGHTLY")

    assert (reply.failure, reply.errors) == (409, ["schedule NIGHTLY exists already in team ops"])
    assert (count(admin), vaults(admin)) == (1, 1)
    must(create(call, _as="gina"))


def test_refuses_agents_and_whoever_has_no_token(call: Caller) -> None:
    assert create(call, _as="build-01").failure == 403
    assert create(call, _as=NOBODY).failure == 401
