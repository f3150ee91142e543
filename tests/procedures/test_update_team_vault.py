"""UpdateTeamVault."""

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "ops"}', _as: str = "ann") -> Reply:
    return call("UpdateTeamVault", _as=_as, teamName="ops", teamVault=content, vaultVersion=version)


def stored(call: Caller) -> tuple[int, str]:
    [team] = [row for row in call("GetCompanyTeams").rows if row["teamName"] == "ops"]
    return team["vaultVersion"], team["vaultContent"]


def test_writes_the_vault_and_raises_its_version(call: Caller) -> None:
    first = update(call, 1)
    second = update(call, 2, '{"of":"ops", "twice":1e2}')

    assert first.row == {"teamName": "ops", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert stored(call) == (3, '{"of":"ops", "twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert (reply.failure, reply.errors) == (
        409,
        [f"the vault of team ops has version 2, not {version}: read it again"],
    )
    assert stored(call) == (2, '{"of": "ops"}')


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select actor, procedure_name, status, action, entity, entity_name, details, address from data.audit"
    ).fetchall()
    assert rows == [
        ("ann@acme.example", "UpdateTeamVault", 0, "VaultUpdated", "Team", "ops", "vault version 2", "127.0.0.1")
    ]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
