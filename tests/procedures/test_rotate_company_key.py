"""RotateCompanyKey."""

from typing import Any

import psycopg
import pytest
from flask import Flask

from broker.caller import HeldKeys, KeyCache
from broker.crypto.tokens import token_hash
from tests.conftest import Clock
from tests.people import activate, invite, refuse_in_sql, sign_in
from tests.rotations import rotate, step
from tests.world import NOBODY, Caller, MakeItem, must

VERSIONS_OF_VAULTS = """
    select distinct data.key_version_of(wrapped_key)::integer
    from data.vault_record join data.company using (company_id)
    where company_name = %s order by 1
"""


def keys_of(app: Flask, token: str) -> HeldKeys:
    return KeyCache(app.extensions["procedures"].database).keys_of(token, token_hash(token))


def vault_versions(admin: psycopg.Connection, company: str = "Acme") -> list[int]:
    return [version for (version,) in admin.execute(VERSIONS_OF_VAULTS, [company])]


def held_versions(admin: psycopg.Connection) -> set[tuple[str, int]]:
    rows = admin.execute(
        "select distinct holder_kind, key_version from data.held_key join data.company using (company_id) "
        "where company_name = 'Acme'"
    )
    return set(rows.fetchall())


def test_rotates_to_the_end(call: Caller, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(), queue_item(status="COMPLETED", machine="build-02")]

    outputs = rotate(call, clock)

    assert [given["done"] for given in outputs] == [False, True]
    assert outputs[0]["rewrapped"] == 3
    assert outputs[-1]["cursor"] is None
    assert {given["keyVersion"] for given in outputs} == {2}
    assert vault_versions(admin) == [2]
    assert held_versions(admin) == {(kind, 2) for kind in ("user", "session", "agent", "recovery")}
    assert admin.execute(
        "select key_version from data.company_key join data.company using (company_id) where company_name = 'Acme'"
    ).fetchall() == [(2,)]
    for queue_id in queue_ids:
        assert call("GetQueueItemTrace", queueId=queue_id).failure == 0


def test_everybody_reads_and_writes_at_every_moment(call: Caller, clock: Clock, app: Flask) -> None:
    def work(name: str) -> None:
        must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault=f'{{"job": "{name}"}}'))
        for agent in ("build-01", "north"):
            rows = must(call("GetQueueItemsNext", _as=agent, machineName="build-01", start=True, itemCount=9)).rows
            for row in rows:
                done = {"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": row["vaultContent"]}
                must(call("UpdateQueueItemToCompleted", _as=agent, **done))
        read = must(call("GetTeamQueueItems", teamName="ops", maxRecords=1000)).rows
        assert not [row for row in read if row.get("vaultError")]

    work("before")
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault='{"job": "waits"}'))
    begun = step(call).outputs
    work("with keys of before in the cache")
    app.extensions["procedures"]._cache._entries.clear()
    work("with fresh keys")
    clock.advance(minutes=3)
    ended = step(call, begun["cursor"]).outputs
    while not ended["done"]:
        ended = step(call, ended["cursor"]).outputs
    work("with keys of both in the cache")
    app.extensions["procedures"]._cache._entries.clear()
    work("after")


def test_new_vaults_use_the_new_key_as_soon_as_it_is_known(call: Caller, app: Flask, admin: psycopg.Connection) -> None:
    step(call)
    app.extensions["procedures"]._cache._entries.clear()

    made = call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}").row
    claimed = call("GetQueueItemsNext", _as="build-01", start=True).row
    done = {"taskId": claimed["taskId"], "claimToken": claimed["claimToken"], "responseVault": "{}"}
    must(call("UpdateQueueItemToCompleted", _as="build-01", **done))

    assert claimed["queueId"] == made["queueId"]
    assert vault_versions(admin) == [2]


def test_takes_no_more_vaults_at_once_than_asked(call: Caller, clock: Clock, queue_item: MakeItem) -> None:
    for _ in range(5):
        queue_item()

    outputs = rotate(call, clock, batchSize=2)

    assert [given["rewrapped"] for given in outputs] == [2, 2, 1, 0]
    assert [given["remaining"] for given in outputs] == [3, 1, 0, 0]


def test_goes_on_without_its_cursor(call: Caller, queue_item: MakeItem) -> None:
    """As after a crash: what was done stays done."""
    for _ in range(3):
        queue_item()

    first = step(call, batchSize=2).outputs
    again = step(call, batchSize=2).outputs

    assert (first["keyVersion"], first["rewrapped"]) == (2, 2)
    assert (again["keyVersion"], again["rewrapped"], again["remaining"]) == (2, 1, 0)


def test_a_second_administrator_joins_the_rotation(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    carol = sign_in(call, "carol@acme.example").row["nextRequestToken"]
    begun = step(call).outputs

    joined = step(call, _as=carol).outputs
    clock.advance(minutes=3)
    ended = step(call, joined["cursor"], _as=carol).outputs
    told = step(call, begun["cursor"]).outputs

    assert joined["keyVersion"] == begun["keyVersion"] == 2
    assert ended["done"]
    assert (told["done"], told["keyVersion"], told["cursor"]) == (True, 2, None)


def test_wraps_no_vault_anew_before_everybody_can_open_it(
    call: Caller, clock: Clock, queue_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.ceremonies.rotation.HOLDERS_AT_ONCE", 5)
    queue_item()

    outputs = rotate(call, clock)

    rewrapped = [given["rewrapped"] for given in outputs]
    assert rewrapped[0] == 0
    assert sum(rewrapped) == 1
    assert outputs[-1]["done"]
    assert call("GetQueueItemsNext", _as="north", machineName="build-01").row["vaultContent"] == '{"handler":"shell"}'


def test_can_be_done_again(call: Caller, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem) -> None:
    queue_item()
    rotate(call, clock)
    outputs = rotate(call, clock)

    assert outputs[-1]["keyVersion"] == 3
    assert vault_versions(admin) == [3]
    assert call("GetQueueItemsNext", _as="north", machineName="build-01").row["vaultContent"] == '{"handler":"shell"}'


def test_waits_three_minutes_for_the_caches_of_all_brokers(call: Caller, clock: Clock) -> None:
    begun = step(call).outputs
    clock.advance(minutes=2, seconds=55)
    early = step(call, begun["cursor"]).outputs
    clock.advance(seconds=6)
    late = step(call, early["cursor"]).outputs

    assert (begun["done"], early["done"], late["done"]) == (False, False, True)
    assert begun["earliestEnd"] == early["earliestEnd"]


def test_an_invitation_holds_up_the_end_until_it_is_used(call: Caller, clock: Clock) -> None:
    code = invite(call, "dora@acme.example")
    begun = step(call)
    clock.advance(minutes=3)

    waiting = step(call, begun.outputs["cursor"])
    must(activate(call, "dora@acme.example", code))
    given = step(call, waiting.outputs["cursor"])
    dora = sign_in(call, "dora@acme.example").row["nextRequestToken"]
    clock.advance(minutes=3)
    ended = step(call, given.outputs["cursor"])

    assert waiting.outputs["done"] is False
    assert waiting.rows == [
        {"kind": "Invitation", "name": "dora@acme.example", "advice": "be activated, invited again or removed"}
    ]
    assert ended.outputs["done"] is True
    assert call("GetTeamQueueItems", _as=dora).failure == 0


def test_an_invitation_made_meanwhile_opens_the_new_key(call: Caller, clock: Clock) -> None:
    begun = step(call).outputs
    code = invite(call, "dora@acme.example")
    clock.advance(minutes=3)
    assert step(call, begun["cursor"]).outputs["done"]

    must(activate(call, "dora@acme.example", code))
    assert sign_in(call, "dora@acme.example").failure == 0


def test_passwords_open_the_new_key(call: Caller, clock: Clock, app: Flask) -> None:
    rotate(call, clock)

    token = sign_in(call, "bob@acme.example").row["nextRequestToken"]

    assert set(keys_of(app, token).company_keys) == {2}


def test_a_vault_that_does_not_open_holds_nothing_up(
    call: Caller, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    broken, whole = queue_item(), queue_item()
    admin.execute(
        "update data.vault_record set wrapped_key = set_byte(wrapped_key, 69, get_byte(wrapped_key, 69) # 1) "
        "where vault_record_id = (select request_vault_id from data.queue_item where queue_id = %s)",
        [broken],
    )

    assert rotate(call, clock)[-1]["done"]
    assert call("GetQueueItemTrace", queueId=whole).failure == 0
    assert vault_versions(admin) == [1, 2]


def test_a_vault_written_meanwhile_is_its_writers(
    call: Caller, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    queue_item()
    select = "select company_id, vault_record_id, wrapped_key from data.vault_record"
    [(company_id, number, read)] = admin.execute(select).fetchall()
    written, rewrapped = read[:-1] + bytes([read[-1] ^ 1]), read[:-1] + bytes([read[-1] ^ 2])
    admin.execute("update data.vault_record set wrapped_key = %s", [written])

    [(count,)] = admin.execute(
        "select data.rewrap_vaults(%s, array[row(%s, %s, %s)::data.rewrapped_vault])",
        [company_id, number, read, rewrapped],
    ).fetchall()

    assert count == 0
    assert admin.execute(select).fetchall() == [(company_id, number, written)]


def test_a_vault_that_somebody_holds_is_left_for_later(
    call: Caller, clock: Clock, admin: psycopg.Connection, database: str, queue_item: MakeItem
) -> None:
    queue_item()
    with psycopg.connect(database) as holder:
        holder.execute("select from data.vault_record for update")
        begun = step(call).outputs
    clock.advance(minutes=3)
    ended = step(call, begun["cursor"]).outputs

    assert (begun["rewrapped"], begun["remaining"], ended["rewrapped"], ended["done"]) == (0, 1, 1, True)


def test_the_same_completion_sent_again_after_the_rotation_gets_the_same_answer(
    call: Caller, clock: Clock, app: Flask, queue_item: MakeItem
) -> None:
    queue_item()
    claimed = call("GetQueueItemsNext", _as="build-01", start=True).row
    report: dict[str, Any] = {
        "_as": "build-01",
        "taskId": claimed["taskId"],
        "claimToken": claimed["claimToken"],
        "responseVault": '{"exitCode": 0}',
    }
    first = call("UpdateQueueItemToCompleted", **report)
    step(call)
    app.extensions["procedures"]._cache._entries.clear()

    assert call("UpdateQueueItemToCompleted", **report).rows == first.rows
    rotate(call, clock)
    assert call("UpdateQueueItemToCompleted", **report).rows == first.rows


def test_the_same_creation_sent_again_after_the_rotation_makes_nothing(call: Caller, clock: Clock, app: Flask) -> None:
    body: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
    first = call("CreateQueueItem", _headers={"Idempotency-Key": "once"}, **body).row
    rotate(call, clock)
    app.extensions["procedures"]._cache._entries.clear()

    assert call("CreateQueueItem", _headers={"Idempotency-Key": "once"}, **body).row == first


@pytest.mark.parametrize("cursor", ["", "x", "2", "2:x", "-1:0", "1:2:3", "9:0", "99999999999:0", "0:0"])
def test_refuses_a_cursor_that_was_never_answered(call: Caller, cursor: str) -> None:
    reply = call("RotateCompanyKey", _as="ann", cursor=cursor)

    assert (reply.failure, reply.errors) == (400, ["cursor is none that RotateCompanyKey has answered"])


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_refuses_a_batch_out_of_range(call: Caller, size: int) -> None:
    reply = call("RotateCompanyKey", _as="ann", batchSize=size)

    assert (reply.failure, reply.errors) == (400, [f"batchSize is {size}: 1 to 1000 are possible"])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int, admin: psycopg.Connection) -> None:
    assert call("RotateCompanyKey", _as=caller).failure == failure
    assert held_versions(admin) == {(kind, 1) for kind in ("user", "session", "agent", "recovery")}


def test_a_sql_admin_holds_no_key_to_rotate(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "ann@acme.example", "select api.rotate_company_key(null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


def test_other_companies_keep_their_key(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    must(call("CreateQueueItem", _as="gina", teamName="ops", machineName="build-01", queueVault='{"of": "globex"}'))
    rotate(call, clock)

    assert vault_versions(admin, "Globex") == [1]
    assert call("GetQueueItemsNext", _as="globex-build-01").row["vaultContent"] == '{"of": "globex"}'


def test_keeps_in_the_audit_when_it_began_and_ended(
    call: Caller, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    queue_item()
    rotate(call, clock)

    rows = admin.execute(
        "select action, entity, entity_name, details from data.audit "
        "where procedure_name = 'RotateCompanyKey' order by audit_id"
    ).fetchall()
    assert rows == [
        ("RotationStarted", "Company", "Acme", "key version 2 was made"),
        ("Rotated", "Company", "Acme", "key version 2 is the only one"),
    ]


def test_a_broker_that_slept_through_the_end_seals_again_with_the_new_key(
    call: Caller, clock: Clock, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    """Its cache still holds the keys of before."""
    queue_item()
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault="{}", vaultVersion=1))
    rotate(call, clock)

    queue_item()
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault="{}", vaultVersion=2))

    assert vault_versions(admin) == [2]
