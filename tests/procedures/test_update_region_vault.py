"""UpdateRegionVault."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply


def update(call: Caller, version: int, content: str = '{"of": "eu"}', _as: str = "ann", **other: Any) -> Reply:
    members = {"regionName": "EU", "regionVault": content, "vaultVersion": version, **other}
    return call("UpdateRegionVault", _as=_as, **members)


def stored(call: Caller) -> tuple[int, str]:
    [region] = [row for row in call("GetCompanyRegions").rows if row["regionName"] == "eu"]
    return region["vaultVersion"], region["vaultContent"]


def test_writes_the_vault_and_raises_its_version(call: Caller) -> None:
    first = update(call, 1)
    second = update(call, 2, '{"twice":1e2}')

    assert first.row == {"regionName": "eu", "vaultVersion": 2, "result": "vault updated"}
    assert second.row["vaultVersion"] == 3
    assert stored(call) == (3, '{"twice":1e2}')


@pytest.mark.parametrize("version", [0, 1, 3])
def test_refuses_any_version_but_the_current_one(call: Caller, version: int) -> None:
    update(call, 1)

    reply = update(call, version, "{}")

    assert reply.failure == 409
    assert reply.errors == [f"the vault of region eu has version 2, not {version}: read it again"]
    assert stored(call) == (2, '{"of": "eu"}')


def test_does_not_know_a_region_that_is_not_there(call: Caller) -> None:
    reply = update(call, 1, regionName="us")

    assert (reply.failure, reply.errors) == (404, ["region us not found"])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    update(call, 1)

    rows = admin.execute(
        "select action, entity_name, details from data.audit where procedure_name = 'UpdateRegionVault'"
    ).fetchall()
    assert rows == [("VaultUpdated", "eu", "vault version 2")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert update(call, 1, _as=caller).failure == failure
