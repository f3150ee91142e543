"""The keys of pools come to an agent with its machines, and leave with the last of a team."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from broker.caller import KeyCache
from broker.crypto.tokens import token_hash
from tests.conftest import Clock
from tests.jobs import claim, complete
from tests.rotations import rotate
from tests.world import Caller, must


def pools(app: Flask, token: str) -> set[UUID]:
    """The teams whose pools a token opens."""
    held = KeyCache(app.extensions["procedures"].database).keys_of(token, token_hash(token))
    return {scope_id for kind, scope_id, _ in held.scope_keys if kind == "team"}


def team(admin: psycopg.Connection, name: str) -> UUID:
    found = admin.execute(
        "select team_uuid from data.team join data.company using (company_id) "
        "where company_name = 'Acme' and team_name = %s",
        [name],
    ).fetchall()
    [(team_uuid,)] = found
    assert isinstance(team_uuid, UUID)
    return team_uuid


@pytest.fixture
def south(call: Caller) -> str:
    """The token of bridge south, which has machine s1 of team dev."""
    must(call("CreateMachine", _as="ann", teamName="dev", bridgeName="south", machineName="s1"))
    token: str = must(call("CreateAgentToken", _as="ann", bridgeName="south")).row["token"]
    return token


def move(call: Caller, machine: str, team_name: str, bridge: str) -> None:
    members: dict[str, Any] = {"teamName": team_name, "machineName": machine, "newBridgeName": bridge}
    must(call("UpdateMachineAssignedBridge", _as="ann", **members))


def test_a_new_machine_brings_the_key_of_its_teams_pool(
    call: Caller, app: Flask, admin: psycopg.Connection, south: str
) -> None:
    before = pools(app, south)

    must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="s2"))

    assert before == {team(admin, "dev")}
    assert pools(app, south) == {team(admin, "dev"), team(admin, "ops")}


def test_a_machine_that_moves_brings_it_and_the_last_of_a_team_takes_it_away(
    call: Caller, app: Flask, admin: psycopg.Connection, south: str
) -> None:
    move(call, "build-01", "ops", "south")
    one_left = pools(app, call.world.tokens["north"])
    move(call, "build-02", "ops", "south")

    assert one_left == {team(admin, "dev"), team(admin, "ops")}
    assert pools(app, call.world.tokens["north"]) == {team(admin, "dev")}
    assert pools(app, south) == {team(admin, "dev"), team(admin, "ops")}
    assert pools(app, call.world.tokens["build-02"]) == {team(admin, "ops")}


def test_the_last_machine_of_a_team_takes_it_away_when_it_is_deleted(call: Caller, app: Flask, south: str) -> None:
    must(call("DeleteMachine", _as="ann", teamName="dev", machineName="s1"))

    assert pools(app, south) == set()


def test_a_token_made_without_pools_is_never_given_one(call: Caller, app: Flask) -> None:
    token = must(call("CreateAgentToken", _as="ann", bridgeName="north", pools=False)).row["token"]
    must(call("CreateTeam", _as="ann", teamName="new"))

    must(call("CreateMachine", _as="ann", teamName="new", bridgeName="north", machineName="n1"))
    must(call("CreateQueueItem", _as="ann", teamName="new", queueName="default", queueVault="{}"))

    assert pools(app, token) == set()
    assert must(call("GetQueueItemsNext", _as=token)).rows == []
    assert [row["pools"] for row in call("GetAgentTokens", _as="ann", bridgeName="north").rows] == [False, True]


def test_the_agent_of_a_bridge_runs_pool_jobs_of_a_new_team_with_the_token_it_has(call: Caller) -> None:
    before = must(call("GetQueueItemsNext", _as="north")).rows
    must(call("CreateTeam", _as="ann", teamName="new"))
    must(call("CreateMachine", _as="ann", teamName="new", bridgeName="north", machineName="n1"))
    must(call("CreateQueueItem", _as="ann", teamName="new", queueName="default", queueVault='{"run": "this"}'))

    claimed = claim(call, "north")

    assert (before, claimed["machineName"], claimed["vaultContent"]) == ([], "n1", '{"run": "this"}')
    assert complete(call, claimed, "north").row["status"] == "COMPLETED"


def test_pools_are_served_under_the_new_key_after_a_rotation(call: Caller, app: Flask, clock: Clock) -> None:
    before = pools(app, call.world.tokens["build-01"])
    must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault='{"of": "old"}'))
    rotate(call, clock)
    must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault='{"of": "new"}'))

    claimed = must(call("GetQueueItemsNext", _as="build-01", start=True)).rows

    assert [row["vaultContent"] for row in claimed] == ['{"of": "old"}', '{"of": "new"}']
    assert pools(app, call.world.tokens["build-01"]) == before
    assert complete(call, claimed[0], "build-01").row["status"] == "COMPLETED"
