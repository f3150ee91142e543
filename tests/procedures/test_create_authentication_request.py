"""CreateAuthenticationRequest."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from psycopg import sql

from broker.crypto import password
from broker.crypto.password import Argon2Gate
from broker.crypto.tokens import token_hash
from tests.conftest import Clock
from tests.people import credentials, enter, invite, sign_in
from tests.world import NOBODY, PASSWORD, Caller, World

DAVE = "dave@acme.example"
REFUSED = "Authentication required: e-mail or password is wrong, or the account is not active"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme whose password is cheap to try."""
    return enter(call, DAVE, invite(call, DAVE))


def test_opens_a_session(call: Caller, dave: str) -> None:
    reply = sign_in(call, DAVE.upper())

    row = reply.row
    token = row.pop("nextRequestToken")
    expires = datetime.fromisoformat(row.pop("tokenExpiration"))
    assert str(UUID(token)) == token
    assert reply.outputs == {"nextRequestToken": token}
    assert abs((expires - datetime.now(expires.tzinfo)).total_seconds() - 24 * 3600) < 60
    assert row == {
        "expirationHours": 24,
        "companyName": "Acme",
        "isAuthorized": True,
        "vaultCompany": None,
        "preferredLanguage": None,
        "authenticationStatus": "AUTHORIZED",
    }
    assert call("GetCompanyTeams", _as=token).failure == 0


def test_sessions_of_one_user_are_independent(call: Caller, dave: str) -> None:
    other = sign_in(call, DAVE).row["nextRequestToken"]

    assert other != dave
    assert call("GetCompanyTeams", _as=dave).failure == 0
    assert call("GetCompanyTeams", _as=other).failure == 0


def wrong_password(call: Caller) -> str:
    enter(call, DAVE, invite(call, DAVE))
    return "wrong"


def not_activated(call: Caller) -> str:
    invite(call, DAVE)
    return PASSWORD


def unknown(_: Caller) -> str:
    return PASSWORD


@pytest.mark.parametrize("arrange", [wrong_password, not_activated, unknown])
def test_says_the_same_whatever_the_reason(call: Caller, arrange: Callable[[Caller], str]) -> None:
    reply = sign_in(call, DAVE, arrange(call))

    assert reply.status == 401
    assert (reply.failure, reply.errors, reply.outputs) == (401, [REFUSED], {})


def test_refuses_a_deactivated_user(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set deactivated_time = now() where email = %s", [DAVE])

    reply = sign_in(call, DAVE)

    assert (reply.failure, reply.errors) == (401, [REFUSED])


@pytest.mark.parametrize("arrange", [wrong_password, not_activated, unknown])
def test_derives_once_whatever_the_reason(
    call: Caller, monkeypatch: pytest.MonkeyPatch, arrange: Callable[[Caller], str]
) -> None:
    word = arrange(call)
    derive, derived = password.derive_password_keys, []

    def count(*arguments: Any) -> password.PasswordKeys:
        derived.append(arguments[2])
        return derive(*arguments)

    monkeypatch.setattr(password, "derive_password_keys", count)
    sign_in(call, DAVE, word)

    assert derived == [password.CURRENT_PARAMETERS]


@pytest.mark.parametrize("hours", [1, 5, 8760])
def test_a_session_ends_when_it_was_asked_to(call: Caller, dave: str, hours: int, admin: psycopg.Connection) -> None:
    row = sign_in(call, DAVE, tokenExpirationHours=hours).row

    [(seconds,)] = admin.execute(
        "select extract(epoch from expires_time - created_time)::integer from data.token order by token_id desc limit 1"
    ).fetchall()
    assert row["expirationHours"] == hours
    assert seconds == hours * 3600


def test_the_token_of_an_expired_session_is_refused(call: Caller, dave: str, clock: Clock) -> None:
    token = sign_in(call, DAVE, tokenExpirationHours=1).row["nextRequestToken"]

    clock.advance(hours=1, seconds=1)

    assert call("GetCompanyTeams", _as=token).failure == 401


@pytest.mark.parametrize("hours", [0, -1, 8761])
def test_refuses_a_life_that_is_out_of_range(call: Caller, dave: str, hours: int) -> None:
    reply = sign_in(call, DAVE, tokenExpirationHours=hours)

    assert reply.failure == 400
    assert reply.errors == [f"tokenExpirationHours is {hours}: 1 hour to 8760 (a year) are possible"]


@pytest.mark.parametrize("name", [None, "", " x"])
def test_a_session_needs_a_name(call: Caller, name: str | None) -> None:
    reply = sign_in(call, DAVE, name=name)

    assert reply.failure == 400
    assert 'member "name"' in reply.errors[0]


@pytest.mark.parametrize("header", ["Rediacc-UserEmail", "Rediacc-UserHash"])
def test_both_headers_are_needed(call: Caller, header: str) -> None:
    headers = {name: value for name, value in credentials(DAVE).items() if name != header}

    reply = call("CreateAuthenticationRequest", _as=NOBODY, _headers=headers, name="tests")

    assert reply.failure == 400
    assert header in reply.errors[0]


def test_rights_are_those_of_the_moment_of_signing_in(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email = %s", [DAVE])

    later = sign_in(call, DAVE).row["nextRequestToken"]

    assert call("CreateTeam", _as=dave, teamName="by-dave").failure == 403
    assert call("CreateTeam", _as=later, teamName="by-dave").failure == 0


def test_a_password_of_yesterday_is_kept_as_they_are_today(
    call: Caller, dave: str, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = password.PasswordParameters(memory_kib=128, passes=2, lanes=1)
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", raised)

    first = sign_in(call, DAVE)
    second = sign_in(call, DAVE)

    stored = admin.execute(
        "select argon2_memory_kib, argon2_iterations, argon2_lanes from data.company_user where email = %s", [DAVE]
    ).fetchall()
    assert stored == [(128, 2, 1)]
    assert (first.failure, second.failure) == (0, 0)
    assert sign_in(call, DAVE, "wrong").failure == 401
    assert call("CreateNewUser", _as="ann", newUserEmail="x@acme.example").failure == 0


def test_answers_503_when_too_many_sign_in_at_once(app: Flask, call: Caller, dave: str) -> None:
    gate = Argon2Gate(at_once=1, waiting=0)
    app.extensions["procedures"]._gate = gate
    taken, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        taken.set()
        leave.wait(30)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(gate.run, occupy)
        taken.wait(30)
        reply = sign_in(call, DAVE)
        leave.set()

    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) >= 1


def test_the_tables_hold_neither_password_nor_token(
    call: Caller, world: World, dave: str, admin: psycopg.Connection
) -> None:
    agent = call("CreateAgentToken", _as="ann", machineName="build-01").row["token"]
    code = invite(call, "erin@acme.example")
    user_hash = credentials(DAVE)["Rediacc-UserHash"].removeprefix("0x")
    secrets = [dave, dave.replace("-", ""), agent, code, PASSWORD, user_hash, world.tokens["bob"]]

    dump = dump_tables(admin)

    assert DAVE.encode() in dump
    assert token_hash(dave).hex().encode() in dump
    assert [secret for secret in secrets if secret.lower().encode() in dump] == []
    assert UUID(dave).bytes.hex().encode() not in dump


def dump_tables(admin: psycopg.Connection) -> bytes:
    """Every row of every table as pg_dump writes it, in lower case."""
    dump = b""
    for schema, table in admin.execute(
        "select schemaname, tablename from pg_tables where schemaname = 'data'"
    ).fetchall():
        rows = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
        with admin.cursor().copy(rows) as copy:
            dump += b"".join(map(bytes, copy))
    return dump.lower()
