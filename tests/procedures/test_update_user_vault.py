"""UpdateUserVault and GetUserVault."""

import psycopg
import pytest

from tests.people import refuse_in_sql
from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "bob"}', _as: str = "bob") -> Reply:
    return call("UpdateUserVault", _as=_as, userVault=content, vaultVersion=version)


def test_writes_the_vault_and_raises_its_version(call: Caller) -> None:
    first = update(call, 1)
    second = update(call, 2, '{"of":"bob", "twice":1e2}')

    assert first.row == {"userEmail": "bob@acme.example", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert call("GetUserVault").row == {
        "userEmail": "bob@acme.example",
        "vaultVersion": 3,
        "vaultContent": '{"of":"bob", "twice":1e2}',
    }


def test_everybody_has_his_own(call: Caller) -> None:
    update(call, 1)

    shown = call("GetUserVault", _as="ann").row

    assert shown == {"userEmail": "ann@acme.example", "vaultVersion": 1, "vaultContent": None}


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert (reply.failure, reply.errors) == (
        409,
        [f"the vault of user bob@acme.example has version 2, not {version}: read it again"],
    )
    assert call("GetUserVault").row["vaultContent"] == '{"of": "bob"}'


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select actor, procedure_name, action, entity, entity_name, details from data.audit"
    ).fetchall()
    assert rows == [
        ("bob@acme.example", "UpdateUserVault", "VaultUpdated", "User", "bob@acme.example", "vault version 2")
    ]


def test_is_nothing_for_a_sql_admin_who_holds_no_key(admin: psycopg.Connection) -> None:
    refused = refuse_in_sql(admin, "bob@acme.example", "select * from api.update_user_vault(null, 1)")

    assert refused == ("JB403", "this call seals a vault and needs a key: make it through the broker")


@pytest.mark.parametrize(("caller", "failure"), [("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_sessions(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
    assert call("GetUserVault", _as=caller).failure == failure
