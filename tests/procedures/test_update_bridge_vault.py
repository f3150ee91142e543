"""UpdateBridgeVault."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "south"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"bridgeName": "South", "bridgeVault": content, "vaultVersion": version, **other}
    return call("UpdateBridgeVault", _as=_as, **members)


def stored(call: Caller) -> tuple[int, str]:
    [bridge] = [
        row for row in call("GetRegionBridges", _as="ann", regionName="eu").rows if row["bridgeName"] == "south"
    ]
    return bridge["vaultVersion"], bridge["vaultContent"]


@pytest.mark.parametrize("region", [{}, {"regionName": "EU"}])
def test_writes_the_vault_and_raises_its_version(call: Caller, region: dict[str, Any]) -> None:
    first = update(call, 1, **region)
    second = update(call, 2, '{"twice":1e2}', **region)

    assert first.row == {"bridgeName": "south", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert stored(call) == (3, '{"twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert reply.failure == 409
    assert reply.errors == [f"the vault of bridge south has version 2, not {version}: read it again"]
    assert stored(call) == (2, '{"of": "south"}')


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ({"bridgeName": "west"}, "bridge west not found"),
        ({"regionName": "us"}, "region us not found"),
        ({"regionName": "default region"}, "bridge South not found in region Default Region"),
    ],
)
def test_does_not_know_a_bridge_that_is_not_there(call: Caller, place: dict[str, Any], sentence: str) -> None:
    reply = update(call, 1, **place)

    assert (reply.failure, reply.errors) == (404, [sentence])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select action, entity_name, details from data.audit where procedure_name = 'UpdateBridgeVault'"
    ).fetchall()
    assert rows == [("VaultUpdated", "south", "vault version 2")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
