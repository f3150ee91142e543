"""UpdateMachineStatus."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply, must


def update(call: Caller, status: object = "fine", _as: str = "ann", **place: Any) -> Reply:
    members: dict[str, Any] = {"teamName": "ops", "machineName": "Build-01", "machineStatus": status, **place}
    return call("UpdateMachineStatus", _as=_as, **members)


def test_keeps_the_words_and_when_they_came(call: Caller) -> None:
    row = update(call, "disk 91 % full").row

    UUID(row.pop("machineGuid"))
    said = row.pop("machineStatusTime")
    assert abs((datetime.fromisoformat(said) - datetime.now().astimezone()).total_seconds()) < 60
    assert row == {
        "machineName": "build-01",
        "machineStatus": "disk 91 % full",
        "bridgeName": "north",
        "regionName": "eu",
        "teamName": "ops",
    }
    shown = [(each["machineStatus"], each["machineStatusTime"]) for each in call("GetTeamMachines").rows]
    assert shown == [("disk 91 % full", said), (None, None)]


def test_the_last_words_count(call: Caller) -> None:
    must(update(call, "x" * 1000))
    must(update(call, ""))

    assert call("GetTeamMachines").rows[0]["machineStatus"] == ""


@pytest.mark.parametrize("status", ["x" * 1001, None, {"a": 1}])
def test_refuses_what_is_no_status(call: Caller, status: object) -> None:
    assert update(call, status).failure == 400


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"machineName": "dev-01"}, "machine dev-01 not found in team ops"),
        ({"teamName": "qa"}, "team qa not found"),
    ],
)
def test_does_not_know_a_machine_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = update(call, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(update(call))

    rows = admin.execute(
        "select action, entity, entity_name from data.audit where procedure_name = 'UpdateMachineStatus'"
    ).fetchall()
    assert rows == [("StatusUpdated", "Machine", "build-01")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, _as=caller).failure == failure
