"""DeleteSchedule."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.schedules import JOB, NAMED, create, tick, vaults
from tests.world import Caller, must


def test_deletes_a_schedule_with_its_job(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)

    assert call("DeleteSchedule", **NAMED).row == {"result": "schedule nightly deleted"}
    assert call("GetTeamSchedules", teamName="ops").rows == []
    assert vaults(admin) == 0
    assert tick(admin, clock) == 0


def test_items_that_wait_stay_and_can_be_run(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    tick(admin, clock)

    must(call("DeleteSchedule", **NAMED))
    claimed = call("GetQueueItemsNext", _as="build-01").row

    assert claimed["vaultContent"] == JOB
    must(call("DeleteQueueItem", queueId=claimed["queueId"]))
    assert vaults(admin) == 0


def test_its_items_can_be_retried_when_it_is_gone(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    tick(admin, clock)
    must(call("DeleteSchedule", **NAMED))
    first = call("GetTeamQueueItems", teamName="ops").row["queueId"]
    must(call("CancelQueueItem", queueId=first))
    second = call("RetryFailedQueueItem", originalQueueId=first).row["queueId"]

    must(call("DeleteQueueItem", queueId=first))

    assert call("GetQueueItemsNext", _as="build-01").row["vaultContent"] == JOB
    must(call("DeleteQueueItem", queueId=second))
    assert vaults(admin) == 0


def test_its_name_is_free_again(call: Caller) -> None:
    create(call)

    must(call("DeleteSchedule", **NAMED))

    must(create(call))


def test_a_deleted_team_takes_its_schedules_and_their_jobs_along(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="short"))
    must(create(call, _as="ann", teamName="short", queueName="default"))
    must(call("RunScheduleNow", _as="ann", teamName="short", scheduleName="nightly"))
    [(queue_id,)] = admin.execute("select queue_id from data.queue_item").fetchall()
    must(call("CancelQueueItem", _as="ann", queueId=queue_id))

    must(call("DeleteTeam", _as="ann", teamName="short"))

    assert vaults(admin) == 0
    assert admin.execute("select from data.schedule").fetchall() == []


@pytest.mark.parametrize(
    ("members", "caller", "refusal"),
    [
        ({"scheduleName": "nothing"}, "bob", (404, ["schedule nothing not found in team ops"])),
        ({"teamName": "nowhere"}, "bob", (404, ["team nowhere not found"])),
        ({"teamName": "dev"}, "bob", (403, ["you are not a member of team dev"])),
        ({}, "gina", (404, ["schedule nightly not found in team ops"])),
    ],
)
def test_refuses_what_is_not_there_or_not_the_callers(
    call: Caller, members: dict[str, str], caller: str, refusal: tuple[int, list[str]]
) -> None:
    create(call)

    reply = call("DeleteSchedule", _as=caller, **{**NAMED, **members})

    assert (reply.failure, reply.errors) == refusal
    assert len(call("GetTeamSchedules", teamName="ops").rows) == 1


def test_says_in_the_audit_what_was_deleted(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    must(call("DeleteSchedule", **NAMED))

    row = admin.execute("select action, entity_name, details from data.audit order by audit_id desc").fetchone()
    assert row == ("Deleted", "nightly", "of team ops")
