"""UpdateUserPassword."""

from typing import Any

import psycopg
import pytest

from broker.crypto.password import password_user_hash
from tests.conftest import Clock
from tests.people import credentials, refuse_in_sql, sign_in
from tests.world import PASSWORD, Caller, Reply, must

BOB = "bob@acme.example"
NEW = "quite another one"
NEEDED = (
    "the current password is needed in currentUserHash: this session was not opened by password in the last 10 minutes"
)
WRONG = "the current password is wrong"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def hash_of(password: str) -> str:
    return credentials(BOB, password)["Rediacc-UserHash"]


def change(call: Caller, session: str, current: str | None = PASSWORD, new: str = NEW, **members: Any) -> Reply:
    if current is not None:
        members["currentUserHash"] = hash_of(current)
    return call("UpdateUserPassword", _as=session, newUserHash=hash_of(new), **members)


@pytest.fixture
def session(call: Caller) -> str:
    """A session that bob has just opened."""
    token: str = sign_in(call, BOB).row["nextRequestToken"]
    return token


def test_the_new_password_is_good_and_the_old_one_is_not(call: Caller, session: str) -> None:
    reply = change(call, session)

    assert reply.row == {"userEmail": BOB, "result": "password changed"}
    assert sign_in(call, BOB, NEW).failure == 0
    assert sign_in(call, BOB, PASSWORD).failure == 401


def test_takes_the_password_as_typed_as_well(call: Caller, session: str) -> None:
    must(call("UpdateUserPassword", _as=session, userNewPass=NEW, currentUserHash=hash_of(PASSWORD)))

    assert sign_in(call, BOB, NEW).failure == 0


def test_what_was_sealed_before_is_read_with_the_new_password(call: Caller, session: str) -> None:
    must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault='{"colour":"blue"}'))

    must(change(call, session))

    after = sign_in(call, BOB, NEW).row["nextRequestToken"]
    assert call("GetTeamQueueItems", _as=after, teamName="ops").row["vaultContent"] == '{"colour":"blue"}'


def test_this_session_stays_and_the_others_end(call: Caller, session: str) -> None:
    other = sign_in(call, BOB).row["nextRequestToken"]

    must(change(call, session))

    assert call("GetCompanyTeams", _as=session).failure == 0
    assert call("GetCompanyTeams", _as=other).failure == 401
    assert call("GetCompanyTeams", _as="carol").failure == 0


def test_sessions_that_were_forked_end_too(call: Caller, session: str, admin: psycopg.Connection) -> None:
    parent, child = (sign_in(call, BOB).row["nextRequestToken"] for _ in range(2))
    make_child(admin, child, parent)

    must(change(call, session))

    assert [call("GetCompanyTeams", _as=token).failure for token in (parent, child)] == [401, 401]


def test_a_forked_session_that_changes_the_password_stays(
    call: Caller, session: str, admin: psycopg.Connection
) -> None:
    child = sign_in(call, BOB).row["nextRequestToken"]
    make_child(admin, child, session)

    must(change(call, child))

    assert call("GetCompanyTeams", _as=child).failure == 0
    assert call("GetCompanyTeams", _as=session).failure == 401


def make_child(admin: psycopg.Connection, child: str, parent: str) -> None:
    admin.execute(
        "update data.token set parent_token_id = "
        "(select token_id from data.token where token_hash = sha256(%s::bytea)) where token_hash = sha256(%s::bytea)",
        [parent, child],
    )


def test_a_young_session_needs_no_current_password(call: Caller, session: str, clock: Clock) -> None:
    clock.advance(minutes=9, seconds=50)

    must(change(call, session, current=None))

    assert sign_in(call, BOB, NEW).failure == 0


def test_an_older_session_needs_the_current_password(call: Caller, session: str, clock: Clock) -> None:
    clock.advance(minutes=10)

    refused = change(call, session, current=None)
    accepted = change(call, session)

    assert (refused.failure, refused.errors) == (403, [NEEDED])
    assert accepted.failure == 0


def test_a_forked_session_needs_the_current_password_however_young(
    call: Caller, session: str, admin: psycopg.Connection
) -> None:
    make_child(admin, session, call.world.tokens["bob"])

    refused = change(call, session, current=None)

    assert (refused.failure, refused.errors) == (403, [NEEDED])


def test_a_wrong_current_password_is_refused_however_young_the_session(call: Caller, session: str) -> None:
    reply = change(call, session, current="a guess")

    assert (reply.failure, reply.errors) == (403, [WRONG])
    assert sign_in(call, BOB).failure == 0


def test_the_brokers_word_is_not_proof(admin: psycopg.Connection, call: Caller, session: str) -> None:
    """A broker that was taken over holds a session's keys, but cannot show a password it does not know."""
    admin.execute("set role broker_app")

    with admin.transaction(force_rollback=True):
        admin.execute(
            "select set_config('broker.token_hash', encode(sha256(%s::bytea), 'hex'), true)",
            [session],
        )
        [(status, message)] = admin.execute(
            "with own as (select argon2_salt from keyring.own_password(true)) "
            "select refused_status, refused_message from own, api.update_user_password("
            "row(own.argon2_salt, 'a guess'::bytea)::data.own_password_material, null)"
        ).fetchall()

    assert (status, message) == (403, WRONG)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({}, 'the new password is needed in "userNewPass" or "newUserHash", not in both'),
        (
            {"userNewPass": NEW, "newUserHash": "0x" + "ab" * 32},
            'the new password is needed in "userNewPass" or "newUserHash", not in both',
        ),
        ({"userNewPass": ""}, 'member "userNewPass" must not be empty'),
        ({"newUserHash": "secret"}, 'member "newUserHash" must be 0x and 64 hexadecimal digits'),
        ({"newUserHash": "0x" + "ab" * 33}, 'member "newUserHash" must be 0x and 64 hexadecimal digits'),
        (
            {"userNewPass": NEW, "currentUserHash": "0x" + "gg" * 32},
            'member "currentUserHash" must be 0x and 64 hexadecimal digits',
        ),
    ],
)
def test_refuses_what_is_no_password(call: Caller, session: str, members: dict[str, Any], complaint: str) -> None:
    reply = call("UpdateUserPassword", _as=session, **members)

    assert (reply.failure, reply.errors) == (400, [complaint])


def test_is_kept_in_the_audit(call: Caller, session: str, admin: psycopg.Connection) -> None:
    must(change(call, session))

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit where entity = 'User'")
    assert rows.fetchall()[-1] == (BOB, "PasswordChanged", "User", BOB, "1 other sessions ended")


def test_keys_that_came_meanwhile_are_not_lost(call: Caller, session: str, admin: psycopg.Connection) -> None:
    admin.execute(
        "insert into data.company_key (company_id, key_version, check_value, created_time) "
        "select key.company_id, 2, key.check_value, key.created_time from data.company_key as key "
        "join data.company as company on company.company_id = key.company_id where company.company_name = 'Acme'"
    )
    admin.execute(
        "insert into data.held_key "
        "select held.company_id, holder_kind, holder_id, key_kind, key_id, 2, wrapped, check_value "
        "from data.held_key as held join data.company_user on user_uuid = holder_id where email = %s",
        [BOB],
    )

    reply = change(call, session)

    assert (reply.failure, reply.errors) == (
        503,
        ["the company's key was rotated during the call: repeat it, or sign in again first"],
    )
    admin.execute("delete from data.held_key where key_version = 2")
    assert sign_in(call, BOB).failure == 0


@pytest.mark.parametrize("caller", ["build-01", "north"])
def test_an_agent_has_no_password(call: Caller, caller: str) -> None:
    assert call("UpdateUserPassword", _as=caller, userNewPass=NEW).failure == 403


def test_a_sql_admin_cannot_set_one(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, BOB, "select api.update_user_password(null, null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


def test_a_password_in_clear_text_is_no_argument_of_sql(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, BOB, "select api.update_user_password(null, null, p_user_new_pass => 'secret')")

    assert refusal[0] == "23514"
    assert password_user_hash("secret").hex() not in str(refusal)
