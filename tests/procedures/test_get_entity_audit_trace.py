"""GetEntityAuditTrace."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.world import NOBODY, Caller, Reply, must


def trace(call: Caller, kind: str, identifier: str, _as: str = "ann") -> Reply:
    return call("GetEntityAuditTrace", _as=_as, entityType=kind, entityIdentifier=identifier)


def uuid_of(admin: psycopg.Connection, team: str) -> str:
    [(uuid,)] = admin.execute("select team_uuid::text from data.team where team_name = %s", [team]).fetchall()
    return str(uuid)


def test_tells_what_happened_to_a_thing_and_sums_it_up(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa"))
    must(call("CreateTeam", _as="ann", teamName="other"))
    must(call("UpdateTeamVault", _as="ann", teamName="qa", teamVault="{}", vaultVersion=1))
    clock.advance(minutes=5)

    reply = trace(call, "Team", "QA")

    [newest, oldest] = reply.rows
    assert {key: newest[key] for key in newest if key != "timestamp"} == {
        "action": "VaultUpdated",
        "details": "vault version 2",
        "performedBy": "ann@acme.example",
        "actionType": "update",
        "timeAgo": "5 minutes ago",
        "iconHint": "edit",
        "status": 0,
    }
    assert (oldest["action"], oldest["actionType"], oldest["iconHint"]) == ("Created", "create", "plus")
    [summary] = reply.table(2)
    assert summary == {
        "entityType": "Team",
        "entityName": "qa",
        "entityId": uuid_of(admin, "qa"),
        "recordCount": 2,
        "firstTime": oldest["timestamp"],
        "lastTime": newest["timestamp"],
        "lastAction": "VaultUpdated",
        "lastActor": "ann@acme.example",
    }


def test_finds_a_thing_by_its_uuid(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa"))

    assert trace(call, "team", uuid_of(admin, "qa")).rows == trace(call, "team", "qa").rows
    assert trace(call, "region", uuid_of(admin, "qa")).failure == 404


def test_a_thing_keeps_its_history_under_a_new_name(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa"))
    admin.execute("update data.team set team_name = 'quality' where team_name = 'qa'")

    assert [row["action"] for row in trace(call, "Team", "quality").rows] == ["Created"]
    assert [row["action"] for row in trace(call, "Team", "qa").rows] == ["Created"]


def test_knows_what_is_gone(call: Caller) -> None:
    made = must(call("CreateAgentToken", _as="ann", machineName="build-01", name="spare")).row
    must(call("DeleteAgentToken", _as="ann", agentTokenId=made["agentTokenId"]))

    assert [row["action"] for row in trace(call, "AgentToken", "Spare").rows] == ["Deleted", "Created"]
    assert [row["action"] for row in trace(call, "AgentToken", made["agentTokenId"]).rows] == ["Deleted", "Created"]


def test_a_thing_of_which_nothing_is_kept_has_an_empty_trace(call: Caller) -> None:
    reply = trace(call, "Machine", "build-01")

    assert reply.rows == []
    assert reply.table(2)[0]["recordCount"] == 0


@pytest.mark.parametrize(("kind", "name"), [("Team", "nowhere"), ("Planet", "ops"), ("Team", "build-01")])
def test_what_the_company_never_had_is_not_found(call: Caller, kind: str, name: str) -> None:
    reply = trace(call, kind, name)

    assert (reply.failure, reply.errors) == (404, [f"{kind.lower()} {name} not found"])


def test_says_nothing_of_another_company(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="qa"))

    for identifier in ("qa", uuid_of(admin, "qa")):
        assert trace(call, "Team", identifier, _as="gina").errors == [f"team {identifier} not found"]


def test_needs_both_parameters(call: Caller) -> None:
    reply = call(
        "GetEntityAuditTrace", _as="ann", _headers={"Broker-Dialect": "rediacc"}, entityType="Team", entityId="ops"
    )

    assert reply.failure == 400


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert trace(call, "Team", "ops", _as=caller).failure == failure
