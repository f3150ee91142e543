"""GetEntityHistory."""

from typing import Any

import psycopg
import pytest

from tests.world import NOBODY, Caller, Reply, must


def history(call: Caller, uuid: str, kind: str = "Team", _as: str = "ann", **members: Any) -> Reply:
    return call("GetEntityHistory", _as=_as, entity=kind, credential=uuid, **members)


@pytest.fixture
def uuid(call: Caller, admin: psycopg.Connection) -> str:
    """Of a team that was made, and whose vault was written."""
    must(call("CreateTeam", _as="ann", teamName="qa"))
    must(call("UpdateTeamVault", _as="ann", teamName="qa", teamVault="{}", vaultVersion=1))
    [(found,)] = admin.execute("select team_uuid::text from data.team where team_name = 'qa'").fetchall()
    return str(found)


def test_shows_what_happened_to_a_thing_newest_first(call: Caller, uuid: str) -> None:
    [newest, oldest] = history(call, uuid).rows

    assert newest["auditId"] > oldest["auditId"]
    assert newest["timestamp"] > oldest["timestamp"]
    assert {key: newest[key] for key in newest if key not in ("auditId", "timestamp")} == {
        "entity": "Team",
        "entityId": uuid,
        "entityName": "qa",
        "action": "VaultUpdated",
        "details": "vault version 2",
        "actionByUser": "ann@acme.example",
        "status": 0,
        "procedureName": "UpdateTeamVault",
    }


def test_shows_as_many_as_are_asked_for(call: Caller, uuid: str) -> None:
    assert [row["action"] for row in history(call, uuid, maxRecords=1).rows] == ["VaultUpdated"]


@pytest.mark.parametrize("number", [0, 10001])
def test_refuses_numbers_out_of_range(call: Caller, uuid: str, number: int) -> None:
    assert history(call, uuid, maxRecords=number).failure == 400


def test_what_is_of_another_kind_or_company_is_not_found(call: Caller, uuid: str) -> None:
    assert history(call, uuid, kind="Region").errors == [f"region {uuid} not found"]
    assert history(call, uuid, _as="gina").errors == [f"team {uuid} not found"]


def test_needs_its_own_parameters(call: Caller, uuid: str) -> None:
    assert call("GetEntityHistory", _as="ann", entityType="Team", entityId=uuid).failure == 400
    assert call("GetEntityHistory", _as="ann", entity="Team", credential="qa").failure == 400


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, uuid: str, caller: str, failure: int) -> None:
    assert history(call, uuid, _as=caller).failure == failure
