"""Vaults on their way through a call: sealed for the right owner, opened with the right key, never an empty value."""

import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from flask import Flask

from broker.caller import FIND_KEYS
from broker.crypto.tokens import token_hash
from broker.sealing import FIND_TARGET
from tests.world import Caller, MakeItem, World, must

if TYPE_CHECKING:
    from collections.abc import Callable

JOB = r'{"handler": "shell", "n": 1e2, "zero": "\u0000", "a": 1, "a": 2}'
# As if the machine were another one of the same name.
NEW_IDS = """
    create table renamed as
    select machine_uuid as old_id, gen_random_uuid() as new_id from data.machine where machine_name = 'build-01';
    update data.machine set machine_uuid = new_id from renamed where machine_uuid = old_id;
    update data.held_key set key_id = new_id from renamed where key_id = old_id;
"""


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the broker runs beside its calls."""
    database = app.extensions["procedures"].database
    statements: list[str] = []
    query: Callable[..., object] = database.query

    def listen(text: str, *values: object, **options: object) -> object:
        statements.append(text)
        return query(text, *values, **options)

    monkeypatch.setattr(database, "query", listen)
    return statements


def break_vault(admin: psycopg.Connection, name: str) -> None:
    """Alter the last byte of every vault of this name."""
    admin.execute(
        "update data.vault_record set content = set_byte(content, octet_length(content) - 1, "
        "get_byte(content, octet_length(content) - 1) # 1) where vault_name = %s",
        [name],
    )


def test_gives_a_vault_back_byte_for_byte(call: Caller) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault=JOB))

    claimed = call("GetQueueItemsNext", _as="build-01")

    assert claimed.row["vaultContent"] == JOB


def test_shows_one_claim_token_for_the_items_of_one_claim(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    queue_item()

    first, second = call("GetQueueItemsNext", _as="build-01").rows

    assert first["claimToken"] == second["claimToken"]
    assert len(first["claimToken"]) == 22


def test_keeps_no_plaintext_in_the_database(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault='"canary"'))

    stored = admin.execute("select content from data.vault_record where vault_name = 'request'").fetchall()

    assert stored
    assert all(b"canary" not in content for (content,) in stored)


def test_looks_up_owner_and_keys_once(call: Caller, queue_item: MakeItem, asked: list[str]) -> None:
    queue_item()
    asked.clear()

    queue_item()

    assert asked == []


def test_lets_an_agent_answer_what_it_claimed_without_a_look_up(
    call: Caller, queue_item: MakeItem, asked: list[str]
) -> None:
    queue_item()
    claimed = call("GetQueueItemsNext", _as="build-01").row
    asked.clear()

    must(
        call(
            "UpdateQueueItemToCompleted",
            _as="build-01",
            taskId=claimed["taskId"],
            claimToken=claimed["claimToken"],
            responseVault="{}",
            completionStatus="SUCCESS",
        )
    )

    assert asked == []


def test_seals_again_when_what_it_remembers_is_not_true_any_more(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, asked: list[str]
) -> None:
    queue_item()
    admin.execute(NEW_IDS)
    asked.clear()

    made = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault=JOB)

    assert made.row["status"] == "PENDING"
    assert asked == [FIND_KEYS, FIND_TARGET]


def test_refuses_to_seal_for_a_machine_that_is_not_there(call: Caller) -> None:
    reply = call("CreateQueueItem", teamName="ops", machineName="nowhere", queueVault="{}")

    assert (reply.failure, reply.errors) == (404, ["machine nowhere not found in team ops"])


def test_refuses_to_seal_for_another_team(call: Caller) -> None:
    reply = call("CreateQueueItem", teamName="dev", machineName="dev-01", queueVault="{}")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_refuses_to_seal_for_another_team_what_a_colleague_just_made(call: Caller) -> None:
    must(call("CreateQueueItem", _as="carol", teamName="dev", machineName="dev-01", queueVault="{}"))

    reply = call("CreateQueueItem", teamName="dev", machineName="dev-01", queueVault="{}")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_answers_a_repeated_call_with_the_same_item(call: Caller) -> None:
    key = {"Idempotency-Key": "night run"}
    members = {"teamName": "ops", "machineName": "build-01", "queueVault": JOB}

    first = call("CreateQueueItem", _headers=key, **members)
    again = call("CreateQueueItem", _headers=key, **members)
    other = call("CreateQueueItem", _headers=key, **{**members, "queueVault": "{}"})

    assert again.row == first.row
    assert other.failure == 409


def test_marks_the_row_of_a_listing_whose_vault_does_not_open(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    break_vault(admin, "request")
    readable = queue_item()

    rows = {row["queueId"]: row for row in call("GetTeamQueueItems").rows}

    assert (rows[queue_id]["vaultContent"], rows[queue_id]["vaultError"]) == (None, True)
    assert rows[readable]["vaultContent"] == '{"handler":"shell"}'
    assert "vaultError" not in rows[readable]
    events = [row["event"] for row in call("GetQueueItemTrace", queueId=queue_id).rows]
    assert events[-1] == "VAULT_UNREADABLE"


def test_hands_out_no_item_whose_vault_does_not_open(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    broken = queue_item()
    break_vault(admin, "request")
    readable = queue_item()

    claimed = call("GetQueueItemsNext", _as="build-01")

    assert [row["queueId"] for row in claimed.rows] == [readable]
    events = [row["event"] for row in call("GetQueueItemTrace", queueId=broken).rows]
    assert events[-3:] == ["VAULT_UNREADABLE", "FAILED", "DEAD_LETTERED"]


def test_forgets_the_keys_of_a_token_that_was_refused(
    app: Flask, call: Caller, queue_item: MakeItem, world: World, admin: psycopg.Connection
) -> None:
    queue_item()
    admin.execute(
        "update data.token set expires_time = now() - interval '1 second' where token_hash = %s",
        [token_hash(world.tokens["bob"])],
    )

    refused = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}")
    again = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}")

    assert refused.failure == again.failure == 401
    assert token_hash(world.tokens["bob"]) not in app.extensions["procedures"]._cache._entries


def test_streams_a_long_listing_with_its_vaults_opened(call: Caller) -> None:
    job = json.dumps({"data": "x" * 50_000})
    for _ in range(12):
        must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault=job))

    rows = call("GetTeamQueueItems").rows

    assert [row["vaultContent"] for row in rows] == [job] * 12


def test_looks_again_for_a_key_that_was_granted_a_moment_ago(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    admin.execute(
        "create table public.kept as select held.* from data.held_key as held "
        "join data.machine as machine on machine.machine_uuid = held.key_id where machine.machine_name = 'build-02'"
    )
    admin.execute("delete from data.held_key where key_id in (select key_id from public.kept)")
    queue_item(machine="build-01")
    must(call("GetQueueItemsNext", _as="north"))
    admin.execute("insert into data.held_key select * from public.kept")
    queue_item(machine="build-02")

    claimed = call("GetQueueItemsNext", _as="north")

    assert (claimed.row["machineName"], claimed.row["vaultContent"]) == ("build-02", '{"handler":"shell"}')


def test_knows_a_repeated_completion_whatever_headers_come_with_it(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    claimed = call("GetQueueItemsNext", _as="build-01").row
    completion = {
        "taskId": claimed["taskId"],
        "claimToken": claimed["claimToken"],
        "responseVault": "{}",
        "completionStatus": "SUCCESS",
    }
    first = call("UpdateQueueItemToCompleted", _as="build-01", _headers={"Idempotency-Key": "a"}, **completion)

    again = call("UpdateQueueItemToCompleted", _as="build-01", **completion)

    assert again.row == first.row
