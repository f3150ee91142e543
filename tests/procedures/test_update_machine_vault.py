"""UpdateMachineVault."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"ip": "10.0.0.1"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"teamName": "ops", "machineName": "Build-01", "machineVault": content, "vaultVersion": version, **other}
    return call("UpdateMachineVault", _as=_as, **members)


def stored(call: Caller) -> tuple[int, str]:
    [machine] = [row for row in call("GetTeamMachines").rows if row["machineName"] == "build-01"]
    return machine["vaultVersion"], machine["vaultContent"]


def test_writes_the_vault_and_raises_its_version(call: Caller) -> None:
    first = update(call, 1)
    second = update(call, 2, '{"twice":1e2}')

    assert first.row == {"machineName": "build-01", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert stored(call) == (3, '{"twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert reply.failure == 409
    assert reply.errors == [f"the vault of machine build-01 has version 2, not {version}: read it again"]
    assert stored(call) == (2, '{"ip": "10.0.0.1"}')


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"machineName": "dev-01"}, "machine dev-01 not found in team ops"),
        ({"teamName": "qa"}, "team qa not found"),
    ],
)
def test_does_not_know_a_machine_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = update(call, 1, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select action, entity_name, details from data.audit where procedure_name = 'UpdateMachineVault'"
    ).fetchall()
    assert rows == [("VaultUpdated", "build-01", "vault version 2")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
