"""RunScheduleNow."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.schedules import JOB, NAMED, create, items, listed, tick
from tests.world import Caller, must


def test_queues_one_item_at_once(call: Caller) -> None:
    create(call, priority=1)

    row = call("RunScheduleNow", **NAMED).row

    assert (row["machineName"], row["status"], row["queueName"], row["priority"]) == (
        "build-01",
        "PENDING",
        "default",
        1,
    )
    claimed = call("GetQueueItemsNext", _as="build-01").row
    assert (claimed["taskId"], claimed["vaultContent"]) == (row["taskId"], JOB)


def test_counts_as_no_tick(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    before = listed(call)

    must(call("RunScheduleNow", **NAMED))
    must(call("RunScheduleNow", **NAMED))

    assert listed(call) == before
    assert tick(admin, clock) == 1
    assert items(admin) == [("PENDING", False), ("PENDING", False), ("PENDING", True)]


def test_runs_a_disabled_schedule_and_beside_unfinished_items(call: Caller, admin: psycopg.Connection) -> None:
    create(call, enabled=False, overlap="SKIP")

    must(call("RunScheduleNow", **NAMED))
    must(call("RunScheduleNow", **NAMED))

    assert len(items(admin)) == 2


def test_the_item_is_the_callers(call: Caller) -> None:
    create(call)

    queue_id = call("RunScheduleNow", _as="ann", **NAMED).row["queueId"]

    event = call("GetQueueItemTrace", queueId=queue_id).row
    assert (event["event"], event["actor"], event["details"]) == (
        "CREATED",
        "ann@acme.example",
        "schedule nightly, run at once",
    )


def test_sql_admins_need_no_key(call: Caller, admin: psycopg.Connection) -> None:
    create(call)

    with admin.transaction():
        admin.execute("select auth.act_as('bob@acme.example', 'ticket 12')")
        admin.execute("select api.run_schedule_now('ops', 'nightly')")

    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == JOB


def test_refuses_when_its_machine_was_deleted(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    must(call("DeleteMachine", _as="ann", teamName="ops", machineName="build-01"))

    reply = call("RunScheduleNow", **NAMED)

    assert (reply.failure, reply.errors) == (409, ["schedule nightly cannot run: machine build-01 was deleted"])
    assert items(admin) == []


@pytest.mark.parametrize(
    ("members", "status"),
    [({"scheduleName": "nothing"}, 404), ({"teamName": "nowhere"}, 404), ({"teamName": "dev"}, 403)],
)
def test_refuses_what_is_not_there_or_not_the_callers(call: Caller, members: dict[str, str], status: int) -> None:
    create(call)

    assert call("RunScheduleNow", **{**NAMED, **members}).failure == status
