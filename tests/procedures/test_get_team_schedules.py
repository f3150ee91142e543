"""GetTeamSchedules."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.schedules import JOB, NAMED, create, listed, tick
from tests.world import Caller, must


def test_shows_every_field_and_the_job_opened(call: Caller) -> None:
    ordered: dict[str, Any] = {
        "cron": "30 2 * * *",
        "timeZone": "Europe/Berlin",
        "missed": "SKIP",
        "overlap": "CANCEL_OLDER",
        "machineName": "build-02",
        "queueName": "default",
        "priority": 2,
        "maxAttempts": 9,
        "retries": 2,
        "timeoutSeconds": 60,
        "backoff": {"exponential": {"initialDelayMs": 100}},
        "expiresAfterSeconds": 3600,
        "metadata": {"title": "nightly"},
    }
    created = create(call, **ordered).row

    row = listed(call)

    assert {name: row[name] for name in ordered} == ordered
    assert row["queueVault"] == JOB
    assert row["nextTime"] == created["nextTime"]
    assert (row["createdBy"], row["enabled"], row["vaultVersion"]) == ("bob@acme.example", True, 1)
    assert {row[name] for name in ("lastTickTime", "problem", "labels", "everySeconds")} == {None}


def test_fills_in_what_was_left_out(call: Caller) -> None:
    create(call)

    row = listed(call)

    assert (row["timeZone"], row["missed"], row["overlap"]) == ("UTC", "RUN_ONCE", "ALLOW")
    assert (row["maxAttempts"], row["retries"], row["timeoutSeconds"], row["priority"]) == (3, 0, None, 3)


def test_lists_by_name(call: Caller) -> None:
    for name in ("weekly", "Daily", "hourly"):
        create(call, scheduleName=name)

    assert [row["scheduleName"] for row in call("GetTeamSchedules", teamName="OPS").rows] == [
        "Daily",
        "hourly",
        "weekly",
    ]
    assert [row["scheduleName"] for row in call("GetTeamSchedules", teamName="ops", maxRecords=1).rows] == ["Daily"]
    assert call("GetTeamSchedules", teamName="ops", scheduleName="WEEKLY").row["scheduleName"] == "weekly"
    assert call("GetTeamSchedules", teamName="ops", scheduleName="nothing").rows == []


def test_shows_the_last_tick_and_the_next_one(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    first = create(call).row["nextTime"]

    tick(admin, clock)

    row = listed(call)
    assert row["lastTickTime"] == first
    assert row["nextTime"] > first


def test_a_job_that_does_not_open_is_null_and_said_so(call: Caller, admin: psycopg.Connection) -> None:
    create(call)
    admin.execute(
        "update data.vault_record set content = set_byte(content, 30, get_byte(content, 30) # 1) "
        "where owner_kind = 'schedule'"
    )

    row = listed(call)

    assert (row["queueVault"], row["vaultError"]) == (None, True)


@pytest.mark.parametrize(
    ("members", "status"),
    [({"maxRecords": 0}, 400), ({"maxRecords": 10001}, 400), ({"teamName": "dev"}, 403), ({"teamName": "no"}, 404)],
)
def test_refuses_other_teams_and_numbers_out_of_range(call: Caller, members: dict[str, Any], status: int) -> None:
    assert call("GetTeamSchedules", **{**NAMED, **members}).failure == status


def test_shows_nothing_of_another_company(call: Caller) -> None:
    create(call)

    assert must(call("GetTeamSchedules", _as="gina", teamName="ops")).rows == []
