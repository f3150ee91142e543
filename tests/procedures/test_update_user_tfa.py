"""UpdateUserTFA, in the forms in which existing clients call it."""

import base64
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.second_factors import Authenticator, confirm, disable, enrol, generate, update, user_hash
from tests.world import NOBODY, Caller, must

DAVE = "dave@acme.example"
INVALID = "Invalid verification code"
ENABLED = "two-factor authentication (TFA) is already enabled"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, whose session was opened by password just now."""
    return enter(call, DAVE, invite(call, DAVE))


def kept(admin: psycopg.Connection) -> tuple[object, ...]:
    """What dave's row holds of a second factor, and how many recovery codes."""
    row = admin.execute(
        "select totp_secret is not null, totp_key_number, totp_enabled_time is not null, "
        "(select count(*) from data.totp_recovery_code) from data.company_user where email = %s",
        [DAVE],
    ).fetchone()
    assert row is not None
    return tuple(row)


def test_makes_a_secret(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    row = generate(call, dave).row

    secret, uri = row.pop("secret"), row.pop("otpauthUri")
    assert len(base64.b32decode(secret)) == 20
    assert uri.startswith("otpauth://totp/")
    assert secret in uri
    assert row == {
        "userEmail": DAVE,
        "authType": "TOTP",
        "result": "TOTP secret made: confirm it with its code",
        "recoveryCodes": None,
    }
    assert kept(admin) == (False, None, False, 0)


def test_without_a_code_a_secret_is_made(call: Caller, dave: str) -> None:
    reply = update(call, dave, True, userHash=user_hash())

    assert reply.row["secret"]


def test_a_right_code_turns_it_on(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])

    row = confirm(call, dave, device.secret, device.code()).row

    codes = row.pop("recoveryCodes").split()
    assert row == {
        "secret": None,
        "otpauthUri": None,
        "userEmail": DAVE,
        "authType": "TOTP",
        "result": "TFA enabled",
    }
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {16}
    assert kept(admin) == (True, 1, True, 10)


def test_a_code_is_enough_to_mean_that_it_is_confirmed(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])

    reply = update(call, dave, True, secret=device.secret, verificationCode=device.code())

    assert reply.row["result"] == "TFA enabled"


@pytest.mark.parametrize("typed", ["000", "abc", "", "1234567"])
def test_refuses_a_wrong_code(call: Caller, dave: str, admin: psycopg.Connection, typed: str) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])

    reply = confirm(call, dave, device.secret, typed if typed != "000" else device.wrong_code())

    assert (reply.failure, reply.errors) == (403, [INVALID])
    assert kept(admin) == (False, None, False, 0)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_takes_the_codes_beside_the_current_one(call: Caller, dave: str, admin: psycopg.Connection, steps: int) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])

    assert confirm(call, dave, device.secret, device.code(steps)).failure == 0


def test_a_code_may_come_as_a_number(call: Caller, dave: str, admin: psycopg.Connection, clock: Clock) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])
    while not device.code().startswith("0"):
        clock.advance(seconds=30)
        must(generate(call, dave))

    reply = update(call, dave, True, confirmEnable=True, secret=device.secret, verificationCode=int(device.code()))

    assert reply.failure == 0


def test_once_on_it_is_said_before_anything_else_is_looked_at(
    call: Caller, dave: str, admin: psycopg.Connection
) -> None:
    enrol(call, dave, admin)

    replies = [
        confirm(call, dave, "DUMMYSECRET", "000000"),
        generate(call, dave),
        generate(call, dave, "wrong"),
        update(call, dave, True),
    ]

    assert [(reply.failure, reply.errors) for reply in replies] == [(409, [ENABLED])] * 4


@pytest.mark.parametrize("secret", ["DUMMYSECRET", "GEZDGNBV", "????"])
def test_refuses_a_secret_that_cannot_be_one(call: Caller, dave: str, secret: str) -> None:
    reply = confirm(call, dave, secret, "000000")

    assert reply.failure == 400
    assert reply.errors[0].startswith("the secret ")


def test_the_code_that_confirmed_also_turns_it_off(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])
    code = device.code()
    must(confirm(call, dave, device.secret, code))

    row = disable(call, dave, code).row

    assert row["result"] == "TFA disabled"
    assert kept(admin) == (False, None, False, 0)
    assert sign_in(call, DAVE).row["isAuthorized"] is True


def test_a_recovery_code_turns_it_off(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = enrol(call, dave, admin)

    reply = disable(call, dave, device.recovery_codes[7].lower())

    assert reply.row["result"] == "TFA disabled"


def test_a_wrong_code_does_not_turn_it_off(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = enrol(call, dave, admin)

    reply = disable(call, dave, device.wrong_code())

    assert (reply.failure, reply.errors) == (403, [INVALID])
    assert kept(admin) == (True, 1, True, 10)


def test_what_is_off_cannot_be_turned_off(call: Caller, dave: str) -> None:
    reply = disable(call, dave, "000000")

    assert (reply.failure, reply.errors) == (409, ["two-factor authentication (TFA) is not enabled"])


def test_a_wrong_password_makes_no_secret_and_turns_nothing_off(
    call: Caller, dave: str, admin: psycopg.Connection
) -> None:
    made = generate(call, dave, "wrong")
    device = enrol(call, dave, admin)
    turned_off = disable(call, dave, device.code(), "wrong")

    assert (made.failure, turned_off.failure) == (403, 403)
    assert made.errors == turned_off.errors == ["Invalid password: userHash is not that of the current one"]
    assert "secret" not in str(made.body)
    assert kept(admin) == (True, 1, True, 10)


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"enable": True}, "userHash"),
        ({"enable": True, "confirmEnable": True, "verificationCode": "000000"}, "secret"),
        ({"enable": True, "confirmEnable": True, "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}, "verificationCode"),
    ],
)
def test_each_step_needs_its_members(call: Caller, dave: str, members: dict[str, Any], missing: str) -> None:
    reply = call("UpdateUserTFA", _as=dave, **members)

    assert (reply.failure, reply.errors) == (400, [f'member "{missing}" is needed for this step'])


def test_to_turn_it_off_needs_password_and_code(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = enrol(call, dave, admin)

    replies = [update(call, dave, False, currentCode=device.code()), update(call, dave, False, userHash=user_hash())]

    assert [reply.failure for reply in replies] == [400, 400]


@pytest.mark.parametrize("text", ["", "0x12", "x" * 66])
def test_refuses_a_malformed_password_hash(call: Caller, dave: str, text: str) -> None:
    reply = update(call, dave, True, userHash=text)

    assert (reply.failure, reply.errors) == (400, ['member "userHash" must be 0x and 64 hexadecimal digits'])


def test_to_confirm_the_password_must_have_been_shown_a_moment_ago(
    call: Caller, dave: str, admin: psycopg.Connection, clock: Clock
) -> None:
    device = Authenticator(admin, generate(call, dave).row["secret"])
    clock.advance(minutes=10, seconds=1)

    late = confirm(call, dave, device.secret, device.code())
    must(generate(call, dave))
    again = confirm(call, dave, device.secret, device.code())

    assert late.failure == 403
    assert "make a new secret with userHash" in late.errors[0]
    assert again.failure == 0


def test_a_forked_session_has_shown_no_password(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    child = call("ForkAuthenticationRequest", _as=dave, childName="tool").row["nextRequestToken"]
    device = Authenticator(admin, generate(call, dave).row["secret"])

    assert confirm(call, child, device.secret, device.code()).failure == 403


def test_wrong_codes_and_passwords_brake(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = enrol(call, dave, admin)
    for _ in range(3):
        disable(call, dave, device.wrong_code())
        disable(call, dave, device.code(), "wrong")

    reply = disable(call, dave, device.code())

    assert reply.failure == 429
    assert reply.headers["Retry-After"] == "1"


def test_the_audit_tells_when_it_was_turned_on_and_off(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    device = enrol(call, dave, admin)
    must(disable(call, dave, device.code()))

    rows = admin.execute(
        "select actor, action, entity_name, details from data.audit "
        "where procedure_name = 'UpdateUserTFA' order by audit_id"
    ).fetchall()

    assert rows == [(DAVE, "TFAEnabled", DAVE, None), (DAVE, "TFADisabled", DAVE, None)]


def test_is_for_sessions_of_users(call: Caller) -> None:
    assert update(call, "build-01", True).failure == 403
    assert update(call, NOBODY, True).failure == 401


def test_a_sql_admin_has_no_secrets_to_show(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "bob@acme.example", "select api.update_user_tfa(true, null)")

    assert refusal == ("JB403", "this call needs secrets: make it through the broker")
