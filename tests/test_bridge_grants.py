"""Machines that come to a bridge: its agents open their vaults at once, and nobody else does."""

import logging
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask

from broker.caller import HeldKeys, KeyCache
from broker.crypto.tokens import token_hash
from tests.people import refuse_in_sql
from tests.races import meet
from tests.world import Caller, Reply, must

NEW: dict[str, Any] = {"teamName": "ops", "bridgeName": "north", "machineName": "fresh"}
LOCK_NORTH = "select from data.bridge where bridge_name = 'north' for update"
PAIR_OF_NORTH = """
    principal.company_id = token.company_id and principal.holder_kind = 'agent'
    and principal.holder_id = token.token_id and token.token_hash = %(hash)s
"""


def keys_of(app: Flask, token: str) -> HeldKeys:
    return KeyCache(app.extensions["procedures"].database).keys_of(token, token_hash(token))


def machines(admin: psycopg.Connection, *names: str) -> set[UUID]:
    rows = admin.execute("select machine_uuid from data.machine where machine_name = any(%s)", [list(names)])
    return {machine_uuid for (machine_uuid,) in rows}


def opened(app: Flask, token: str) -> set[UUID]:
    """The machines, and the teams of whose pools, a token opens the vaults."""
    return {scope_id for _, scope_id, _ in keys_of(app, token).scope_keys}


def queue_job(call: Caller, **members: Any) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="fresh", queueVault='{"run": "this"}', **members))


def test_the_agent_of_its_bridge_runs_the_jobs_of_a_new_machine_with_the_token_it_has(call: Caller) -> None:
    before = must(call("GetQueueItemsNext", _as="north")).rows
    made = call("CreateMachine", _as="ann", **NEW)
    queue_job(call)

    claimed = call("GetQueueItemsNext", _as="north", machineName="fresh", start=True).row
    done = call(
        "UpdateQueueItemToCompleted",
        _as="north",
        taskId=claimed["taskId"],
        claimToken=claimed["claimToken"],
        responseVault='{"exitCode": 0}',
    )

    assert (before, made.row) == ([], {"name": "fresh", "leftOut": 0})
    assert claimed["vaultContent"] == '{"run": "this"}'
    assert done.row["status"] == "COMPLETED"


def test_agents_of_other_machines_and_bridges_open_nothing_of_it(call: Caller, app: Flask) -> None:
    others = ["build-01", "build-02", "dev-01", "globex-build-01"]
    before = {name: opened(app, call.world.tokens[name]) for name in others}
    must(call("CreateMachine", _as="ann", **NEW))

    assert {name: opened(app, call.world.tokens[name]) for name in others} == before


def test_every_token_of_the_bridge_is_given_the_keys(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    second = call("CreateAgentToken", _as="ann", bridgeName="north").row["token"]
    must(call("CreateMachine", _as="ann", machineVault='{"of": "fresh"}', **NEW))

    [fresh] = machines(admin, "fresh")
    assert fresh in opened(app, second)
    assert fresh in opened(app, call.world.tokens["north"])


def test_a_vault_made_with_the_machine_opens(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateMachine", _as="ann", machineVault='{"of": "fresh"}', **NEW))

    [(owner_id, machine_uuid)] = admin.execute(
        "select owner_id, machine_uuid from data.machine join data.vault_record using (company_id, vault_record_id) "
        "where machine_name = 'fresh'"
    ).fetchall()
    assert owner_id == machine_uuid


def replace_public_key(admin: psycopg.Connection, token: str) -> None:
    own = X25519PrivateKey.generate().public_key().public_bytes_raw()
    admin.execute(
        f"update data.principal_key as principal set public_key = %(key)s from data.token where {PAIR_OF_NORTH}",
        {"key": own, "hash": token_hash(token)},
    )


def swap_public_keys(admin: psycopg.Connection, token: str) -> None:
    admin.execute(
        "update data.principal_key as principal set public_key = other.public_key, mac = other.mac, "
        "endorsement = other.endorsement from data.token, data.principal_key as other "
        f"where {PAIR_OF_NORTH} and other.holder_kind = 'session' and other.company_id = principal.company_id",
        {"hash": token_hash(token)},
    )


def swap_endorsements(admin: psycopg.Connection, token: str) -> None:
    admin.execute(
        "update data.principal_key as principal set endorsement = other.endorsement "
        "from data.token, data.principal_key as other "
        f"where {PAIR_OF_NORTH} and other.holder_kind = 'session' and other.company_id = principal.company_id",
        {"hash": token_hash(token)},
    )


def delete_pair(admin: psycopg.Connection, token: str) -> None:
    admin.execute(
        f"delete from data.principal_key as principal using data.token where {PAIR_OF_NORTH}",
        {"hash": token_hash(token)},
    )


@pytest.mark.parametrize("tamper", [replace_public_key, swap_public_keys, swap_endorsements, delete_pair])
def test_who_writes_to_the_database_is_given_no_key(
    call: Caller, app: Flask, admin: psycopg.Connection, caplog: pytest.LogCaptureFixture, tamper: Any
) -> None:
    caplog.set_level(logging.WARNING)
    before = opened(app, call.world.tokens["north"])
    tamper(admin, call.world.tokens["north"])

    made = call("CreateMachine", _as="ann", **NEW)

    assert made.row == {"name": "fresh", "leftOut": 1}
    assert "its key pair is not as the company made it" in caplog.text
    assert opened(app, call.world.tokens["north"]) == before
    assert admin.execute(
        "select count(*) from data.held_key join data.machine on machine_uuid = key_id where machine_name = 'fresh'"
    ).fetchall() == [(0,)]


def test_a_machines_agent_is_not_one_of_its_bridge(call: Caller, admin: psycopg.Connection) -> None:
    made = call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="lonely")

    assert made.row == {"name": "lonely", "leftOut": 0}
    assert admin.execute(
        "select count(*) from data.held_key join data.machine on machine_uuid = key_id where machine_name = 'lonely'"
    ).fetchall() == [(0,)]


def test_a_token_and_a_machine_made_at_once_know_each_other(
    call: Caller, app: Flask, database: str, admin: psycopg.Connection
) -> None:
    def make_token() -> Reply:
        return call.world.caller(app.test_client())("CreateAgentToken", _as="ann", bridgeName="north")

    def make_machine() -> Reply:
        return call.world.caller(app.test_client())("CreateMachine", _as="ann", **NEW)

    token, machine = meet(database, LOCK_NORTH, [make_token, make_machine])

    # Whichever came second was told to try again: what it had prepared was for the bridge as it had been.
    assert sorted((token.failure, machine.failure)) == [0, 503]
    token, machine = (make_token(), machine) if token.failure else (token, make_machine())
    [fresh] = machines(admin, "fresh")
    assert fresh in opened(app, token.row["token"])
    assert fresh in opened(app, call.world.tokens["north"])
    assert machine.row["leftOut"] == 0


def test_a_sql_admin_makes_a_machine_where_no_agent_is(admin: psycopg.Connection) -> None:
    with admin.transaction():
        admin.execute("select auth.act_as('ann@acme.example', 'a test')")
        made = admin.execute("select * from api.create_machine('ops', 'south', 's1')").fetchall()
    refusal = refuse_in_sql(admin, "ann@acme.example", "select * from api.create_machine('ops', 'north', 'n1')")

    assert made == [("s1", 0)]
    assert refusal == ("JB403", "this call wraps keys: make it through the broker")
