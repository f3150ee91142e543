"""What somebody tries who writes to the database while a company's key is rotated, or kept a copy of it from before."""

import logging
from collections.abc import Callable
from typing import LiteralString

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask

from broker.caller import HeldKeys, KeyCache
from broker.crypto.keys import Grant, check_value
from broker.crypto.sealed_keys import seal_key
from broker.crypto.tokens import token_hash
from tests.conftest import Clock
from tests.people import sign_in
from tests.rotations import rotate, step
from tests.test_stolen_token import Thief, dump, read_tables
from tests.world import Caller, MakeItem, must


def keys_of(app: Flask, token: str) -> HeldKeys:
    return KeyCache(app.extensions["procedures"].database).keys_of(token, token_hash(token))


def id_of(admin: psycopg.Connection, token: str) -> object:
    return one(admin, "select token_id from data.token where token_hash = %s", token_hash(token))


def one(admin: psycopg.Connection, statement: LiteralString, *values: object) -> object:
    [(value,)] = admin.execute(statement, values).fetchall()
    return value


def own_public_key(admin: psycopg.Connection, holder: object) -> None:
    own = X25519PrivateKey.generate().public_key().public_bytes_raw()
    admin.execute("update data.principal_key as principal set public_key = %s where holder_id = %s", [own, holder])


def swapped_pairs(admin: psycopg.Connection, holder: object) -> None:
    admin.execute(
        "update data.principal_key as principal set public_key = other.public_key, wrapped = other.wrapped, "
        "check_value = other.check_value, endorsement = other.endorsement, mac = other.mac "
        "from data.principal_key as other where principal.holder_id = %s and other.holder_kind = 'recovery' "
        "and other.company_id = principal.company_id",
        [holder],
    )


def pair_of_another_company(admin: psycopg.Connection, holder: object) -> None:
    admin.execute(
        "update data.principal_key as principal set public_key = other.public_key, wrapped = other.wrapped, "
        "check_value = other.check_value, endorsement = other.endorsement, mac = other.mac "
        "from data.principal_key as other where principal.holder_id = %s and other.holder_kind = 'recovery' "
        "and other.company_id <> principal.company_id",
        [holder],
    )


def no_pair(admin: psycopg.Connection, holder: object) -> None:
    admin.execute("delete from data.principal_key where holder_id = %s", [holder])


Tamper = Callable[[psycopg.Connection, object], None]
tampering = pytest.mark.parametrize("tamper", [own_public_key, swapped_pairs, pair_of_another_company, no_pair])


@tampering
def test_gives_no_key_to_an_agent_whose_pair_the_company_did_not_make(
    call: Caller, admin: psycopg.Connection, clock: Clock, caplog: pytest.LogCaptureFixture, tamper: Tamper
) -> None:
    caplog.set_level(logging.WARNING)
    agent = id_of(admin, call.world.tokens["north"])
    tamper(admin, agent)

    begun = step(call)
    clock.advance(minutes=3)
    waiting = step(call, begun.outputs["cursor"])

    assert begun.outputs["leftOut"] == 1
    assert waiting.outputs["done"] is False
    assert waiting.rows == [{"kind": "AgentToken", "name": "north", "advice": "make a new token and delete this one"}]
    assert f"agent {agent} is given no key" in caplog.text
    assert one(admin, "select max(key_version) from data.held_key where holder_id = %s", agent) == 1

    must(call("DeleteAgentToken", _as="ann", agentTokenId=str(agent)))
    assert step(call, waiting.outputs["cursor"]).outputs["done"]


@tampering
def test_a_user_whose_pair_was_tampered_with_gets_a_new_one_when_he_signs_in(
    call: Caller, admin: psycopg.Connection, clock: Clock, tamper: Tamper
) -> None:
    bob = one(admin, "select user_uuid from data.company_user where email = 'bob@acme.example'")
    tamper(admin, bob)

    begun = step(call)
    left_out = one(admin, "select max(key_version) from data.held_key where holder_id = %s", bob)
    must(sign_in(call, "bob@acme.example"))
    step(call, begun.outputs["cursor"])

    assert begun.rows == [{"kind": "User", "name": "bob@acme.example", "advice": "sign in once, or be invited again"}]
    assert left_out == 1
    assert rotate(call, clock)[-1]["done"]
    assert sign_in(call, "bob@acme.example").failure == 0


@tampering
def test_a_session_whose_pair_was_tampered_with_ends(call: Caller, admin: psycopg.Connection, tamper: Tamper) -> None:
    tamper(admin, id_of(admin, call.world.tokens["bob"]))

    step(call)

    assert call("GetCompanyTeams").failure == 401
    assert sign_in(call, "bob@acme.example").failure == 0


@tampering
def test_nothing_is_rotated_by_a_session_that_cannot_be_trusted(
    call: Caller, admin: psycopg.Connection, tamper: Tamper
) -> None:
    tamper(admin, id_of(admin, call.world.tokens["ann"]))

    refused = call("RotateCompanyKey", _as="ann")

    assert refused.failure == 409
    assert refused.errors == ["the key pair of this session is not as the company made it: sign in again"]
    assert one(admin, "select max(key_version) from data.company_key") == 1


def test_grants_moved_to_another_holder_do_not_open(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    step(call)
    ann, bob = (id_of(admin, call.world.tokens[name]) for name in ("ann", "bob"))
    admin.execute(
        "update data.held_key as held set wrapped = other.wrapped from data.held_key as other "
        "where held.holder_id = %s and other.holder_id = %s and held.key_version = other.key_version",
        [bob, ann],
    )

    assert keys_of(app, call.world.tokens["bob"]).company_keys == {}
    assert set(keys_of(app, call.world.tokens["ann"]).company_keys) == {1, 2}


def test_grants_moved_to_another_version_do_not_open(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    step(call)
    admin.execute(
        "update data.held_key as held set wrapped = other.wrapped, check_value = other.check_value "
        "from data.held_key as other where held.holder_id = %s and other.holder_id = held.holder_id "
        "and held.key_version <> other.key_version",
        [id_of(admin, call.world.tokens["bob"])],
    )

    assert keys_of(app, call.world.tokens["bob"]).company_keys == {}


def test_grants_moved_to_another_company_do_not_open(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    step(call)
    step(call, _as="gina")
    admin.execute(
        "update data.held_key as held set wrapped = other.wrapped, check_value = other.check_value "
        "from data.held_key as other where held.holder_id = %s and other.holder_id = %s "
        "and held.key_version = other.key_version",
        [id_of(admin, call.world.tokens["bob"]), id_of(admin, call.world.tokens["gina"])],
    )

    assert keys_of(app, call.world.tokens["bob"]).company_keys == {}


@pytest.mark.parametrize("algorithm", [0, 1, 3])
def test_a_grant_does_not_open_by_another_algorithm(
    call: Caller, app: Flask, admin: psycopg.Connection, algorithm: int
) -> None:
    step(call)
    admin.execute(
        "update data.held_key set wrapped = set_byte(wrapped, 3, %s) where holder_id = %s and key_version = 2",
        [algorithm, id_of(admin, call.world.tokens["bob"])],
    )

    assert set(keys_of(app, call.world.tokens["bob"]).company_keys) == {1}


def test_nobody_takes_a_key_that_who_writes_to_the_database_made(
    call: Caller, app: Flask, admin: psycopg.Connection
) -> None:
    """He seals a key that he knows to everybody's public half, and waits for vaults under it."""
    known = bytes(range(32))
    company_id, company_uuid = admin.execute(
        "select company_id, company_uuid from data.company where company_name = 'Acme'"
    ).fetchall()[0]
    admin.execute("insert into data.company_key values (%s, 2, %s, now())", [company_id, check_value(known)])
    rows = admin.execute(
        "select holder_kind, holder_id, public_key, mac from data.principal_key where company_id = %s",
        [company_id],
    ).fetchall()
    for kind, holder, public_key, mac in rows:
        grant = Grant(company_uuid, kind, holder, "company", company_uuid, 2)
        sealed = seal_key(public_key, mac, known, grant)
        admin.execute(
            "insert into data.held_key values (%s, %s, %s, 'company', %s, 2, %s, %s)",
            [company_id, kind, holder, company_uuid, sealed, check_value(known)],
        )

    made = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}")
    session = sign_in(call, "bob@acme.example").row["nextRequestToken"]

    assert made.failure == 0
    assert set(keys_of(app, session).company_keys) == {1}
    assert one(admin, "select max(data.key_version_of(wrapped_key)) from data.vault_record") == 1
    assert call("RotateCompanyKey", _as="ann").errors == [
        "this session does not hold every living version of the company's key: sign in again"
    ]


def test_a_copy_of_before_and_an_ended_token_open_nothing_of_after(
    call: Caller, database: str, clock: Clock, queue_item: MakeItem
) -> None:
    spare = call("CreateAgentToken", _as="ann", machineName="build-01").row
    queue_item(job='{"of": "before"}')
    before = dump(database)
    must(call("DeleteAgentToken", _as="ann", agentTokenId=spare["agentTokenId"]))
    rotate(call, clock)
    queue_item(job='{"of": "after"}')
    after = dump(database)

    old = Thief(before, spare["token"]).rob()
    both = Thief(before, spare["token"])
    for table, rows in read_tables(after).items():
        both.tables[table] = rows if table == "data.vault_record" else both.tables[table] + rows
    new = both.rob()

    assert old.texts == {'{"of": "before"}'}
    assert new.grants == old.grants
    assert new.texts == frozenset()
    assert new.closed == 2
