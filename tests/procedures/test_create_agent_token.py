"""CreateAgentToken."""

from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from broker.caller import HeldKeys, KeyCache
from broker.crypto.tokens import looks_like_token, token_hash
from tests.conftest import Clock
from tests.people import refuse_in_sql, sign_in
from tests.world import NOBODY, Caller, must


def keys_of(app: Flask, token: str) -> HeldKeys:
    return KeyCache(app.extensions["procedures"].database).keys_of(token, token_hash(token))


def teams(admin: psycopg.Connection, company: str, *names: str) -> set[tuple[str, UUID, int]]:
    rows = admin.execute(
        "select team_uuid from data.team join data.company using (company_id) "
        "where company_name = %s and team_name = any(%s)",
        [company, list(names)],
    )
    return {("team", team_uuid, 1) for (team_uuid,) in rows}


def machine_uuids(admin: psycopg.Connection, company: str, *names: str) -> set[UUID]:
    rows = admin.execute(
        "select machine_uuid from data.machine join data.company using (company_id) "
        "where company_name = %s and machine_name = any(%s)",
        [company, list(names)],
    )
    return {machine_uuid for (machine_uuid,) in rows.fetchall()}


def test_makes_a_token_for_a_machine(call: Caller) -> None:
    reply = call("CreateAgentToken", _as="ann", machineName="BUILD-01", name="spare", expiresInDays=30)

    row = reply.row
    token = row.pop("token")
    expires = datetime.fromisoformat(row.pop("expiresTime"))
    UUID(row.pop("agentTokenId"))
    assert token.startswith("jb_agent_")
    assert looks_like_token(token)
    assert abs((expires - datetime.now(expires.tzinfo)).total_seconds() - 30 * 86400) < 60
    assert row == {"name": "spare", "machineName": "build-01", "bridgeName": None}


@pytest.mark.parametrize("place", [{"machineName": "build-02"}, {"bridgeName": "North"}])
def test_without_a_name_it_is_called_after_its_place(call: Caller, place: dict[str, Any]) -> None:
    row = call("CreateAgentToken", _as="ann", **place).row

    assert row["name"] == (row["machineName"] or row["bridgeName"])
    assert (row["machineName"], row["bridgeName"]) in [("build-02", None), (None, "north")]


def test_the_agent_gets_the_jobs_of_its_machine_and_answers_them(call: Caller) -> None:
    agent = call("CreateAgentToken", _as="ann", machineName="build-01").row["token"]
    must(call("CreateQueueItem", teamName="ops", machineName="build-02", queueVault='{"for": "another"}'))
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault='{"run": "this"}'))

    claimed = call("GetQueueItemsNext", _as=agent, itemCount=10).row
    done = call(
        "UpdateQueueItemToCompleted",
        _as=agent,
        taskId=claimed["taskId"],
        claimToken=claimed["claimToken"],
        responseVault='{"exitCode": 0}',
        completionStatus="SUCCESS",
    )

    assert claimed["vaultContent"] == '{"run": "this"}'
    assert done.row["status"] == "COMPLETED"


def test_the_token_of_a_machine_opens_its_vaults_and_its_teams_pool_and_no_others(
    call: Caller, app: Flask, admin: psycopg.Connection
) -> None:
    token = call("CreateAgentToken", _as="ann", machineName="build-01").row["token"]

    held = keys_of(app, token)

    [machine_uuid] = machine_uuids(admin, "Acme", "build-01")
    assert held.company_keys == {}
    assert set(held.scope_keys) == {("machine", machine_uuid, 1), *teams(admin, "Acme", "ops")}


@pytest.mark.parametrize("place", [{"machineName": "build-01"}, {"bridgeName": "north"}])
def test_a_token_without_pools_opens_no_pool(call: Caller, app: Flask, place: dict[str, Any]) -> None:
    token = call("CreateAgentToken", _as="ann", pools=False, **place).row["token"]

    held = keys_of(app, token)

    assert {kind for kind, _, _ in held.scope_keys} == {"machine"}


def test_the_token_of_a_bridge_opens_the_vaults_of_its_machines_and_their_pools_and_no_others(
    call: Caller, app: Flask, admin: psycopg.Connection
) -> None:
    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="s1"))
    token = call("CreateAgentToken", _as="ann", bridgeName="north").row["token"]

    held = keys_of(app, token)

    north = machine_uuids(admin, "Acme", "build-01", "build-02", "dev-01")
    assert held.company_keys == {}
    assert set(held.scope_keys) == {
        *(("machine", machine_uuid, 1) for machine_uuid in north),
        *teams(admin, "Acme", "ops", "dev"),
    }


def test_an_agents_key_is_the_one_that_users_seal_with(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    token = call("CreateAgentToken", _as="ann", machineName="build-01").row["token"]
    [machine_uuid] = machine_uuids(admin, "Acme", "build-01")

    agents = keys_of(app, token).scope_key("machine", machine_uuid, 1)
    users = keys_of(app, call.world.tokens["bob"]).scope_key("machine", machine_uuid, 1)

    assert agents == users
    assert agents is not None


@pytest.mark.parametrize(
    ("kind", "place"), [("machine", {"machineName": "build-02"}), ("bridge", {"bridgeName": "south"})]
)
def test_another_company_cannot_make_a_token_for_it(call: Caller, kind: str, place: dict[str, Any]) -> None:
    reply = call("CreateAgentToken", _as="gina", **place)

    assert reply.failure == 404
    assert reply.errors == [f"{kind} {next(iter(place.values()))} not found"]


def test_names_lead_to_the_callers_own_company(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    token = call("CreateAgentToken", _as="gina", machineName="build-01").row["token"]

    held = keys_of(app, token)

    [machine_uuid] = machine_uuids(admin, "Globex", "build-01")
    assert set(held.scope_keys) == {("machine", machine_uuid, 1), *teams(admin, "Globex", "ops")}


def test_a_token_of_another_company_sees_nothing(call: Caller) -> None:
    item = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}").row

    claimed = call("GetQueueItemsNext", _as="globex-build-01", itemCount=10)
    read = call("GetQueueItemTrace", _as="gina", taskId=item["taskId"])
    answered = call("UpdateQueueItemResponse", _as="globex-build-01", taskId=item["taskId"], responseVault="{}")

    assert claimed.rows == []
    assert (read.failure, read.errors) == (404, [f"queue item {item['taskId']} not found"])
    assert (answered.failure, answered.errors) == (404, [f"queue item {item['taskId']} not found"])


@pytest.mark.parametrize("place", [{}, {"machineName": "build-01", "bridgeName": "north"}])
def test_is_for_either_a_machine_or_a_bridge(call: Caller, place: dict[str, Any]) -> None:
    reply = call("CreateAgentToken", _as="ann", **place)

    assert (reply.failure, reply.errors) == (400, ["name either machineName or bridgeName: a token is for one of them"])


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_refuses_a_life_that_is_out_of_range(call: Caller, days: int) -> None:
    reply = call("CreateAgentToken", _as="ann", machineName="build-01", expiresInDays=days)

    assert (reply.failure, reply.errors) == (400, [f"expiresInDays is {days}: 1 day to 3650 (ten years) are possible"])


def test_an_expired_token_is_refused(call: Caller, clock: Clock) -> None:
    token = call("CreateAgentToken", _as="ann", machineName="build-01", expiresInDays=1).row["token"]

    clock.advance(hours=23)
    before = call("GetQueueItemsNext", _as=token)
    clock.advance(hours=1, seconds=1)
    after = call("GetQueueItemsNext", _as=token)

    assert (before.failure, after.failure) == (0, 401)


def test_a_bridge_without_machines_gets_no_token(call: Caller) -> None:
    reply = call("CreateAgentToken", _as="ann", bridgeName="south")

    assert reply.failure == 409
    assert reply.errors == ["bridge south has no machine yet: a token for it would open nothing"]


@pytest.fixture
def dev_only_admin(call: Caller, admin: psycopg.Connection) -> str:
    """Token of carol, a member of dev, when she has become an administrator."""
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    token: str = sign_in(call, "carol@acme.example").row["nextRequestToken"]
    return token


def test_an_administrator_needs_the_team_of_the_machine(call: Caller, dev_only_admin: str) -> None:
    mine = call("CreateAgentToken", _as=dev_only_admin, machineName="dev-01")
    not_mine = call("CreateAgentToken", _as=dev_only_admin, machineName="build-01")

    assert mine.failure == 0
    assert (not_mine.failure, not_mine.errors) == (403, ["machine build-01 is not yours to use"])


def test_an_administrator_needs_the_teams_of_all_machines_of_the_bridge(call: Caller, dev_only_admin: str) -> None:
    reply = call("CreateAgentToken", _as=dev_only_admin, bridgeName="north")

    assert reply.failure == 403
    assert reply.errors == [
        "machine build-01 of bridge north is not yours to use: a token for the bridge would open its vaults"
    ]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("CreateAgentToken", _as=caller, machineName="build-01").failure == failure


def test_a_token_without_the_key_of_each_machine_is_refused(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("select set_config('broker.token_hash', %s, false)", [token_hash(call.world.tokens["ann"]).hex()])

    with pytest.raises(psycopg.Error, match="changed during the call") as refused:
        admin.execute(
            "select api.create_agent_token("
            "row(gen_random_uuid(), sha256('x'), '{}', null)::data.token_material, p_bridge_name => 'north')"
        )

    assert refused.value.sqlstate == "JB503"


def test_a_sql_admin_holds_no_key_to_give(admin: psycopg.Connection) -> None:
    statement = "select api.create_agent_token(null, p_machine_name => 'build-01')"

    refusal = refuse_in_sql(admin, "ann@acme.example", statement)

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")
