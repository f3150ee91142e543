"""DeleteRegion."""

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply, must


def delete(call: Caller, region: str, _as: str = "ann") -> Reply:
    return call("DeleteRegion", _as=_as, regionName=region)


def regions(call: Caller) -> list[str]:
    return [row["regionName"] for row in call("GetCompanyRegions").rows]


def test_deletes_a_region_with_its_vault(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateRegion", _as="ann", regionName="us", regionVault="{}"))

    reply = delete(call, "US")

    assert reply.row == {"result": "region us deleted"}
    assert regions(call) == ["Default Region", "eu"]
    assert admin.execute("select count(*) from data.vault_record").fetchone() == (0,)


@pytest.mark.parametrize(("region", "bridges"), [("eu", "2 bridges"), ("Default Region", "2 bridges")])
def test_refuses_while_it_has_bridges(call: Caller, region: str, bridges: str) -> None:
    reply = delete(call, region)

    assert (reply.failure, reply.errors) == (409, [f"region {region} has {bridges}: delete them first"])
    assert region in regions(call)


def test_does_not_know_a_region_that_is_not_there(call: Caller) -> None:
    reply = delete(call, "us")

    assert (reply.failure, reply.errors) == (404, ["region us not found"])


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateRegion", _as="ann", regionName="us"))
    must(delete(call, "us"))

    rows = admin.execute(
        "select action, entity, entity_name from data.audit where procedure_name = 'DeleteRegion'"
    ).fetchall()
    assert rows == [("Deleted", "Region", "us")]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert delete(call, "eu", _as=caller).failure == failure
