"""PrivilegeAuthenticationRequest."""

from datetime import datetime

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.second_factors import Authenticator, disable, enrol
from tests.world import NOBODY, Caller, Reply, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, an authorized session of a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


@pytest.fixture
def device(call: Caller, dave: str, admin: psycopg.Connection) -> Authenticator:
    return enrol(call, dave, admin)


@pytest.fixture
def pending(call: Caller, device: Authenticator) -> str:
    """Token of a session that awaits its code."""
    token: str = sign_in(call, DAVE, tokenExpirationHours=5).row["nextRequestToken"]
    return token


def privilege(call: Caller, token: str, code: str | None) -> Reply:
    return call("PrivilegeAuthenticationRequest", _as=token, tfaCode=code)


def test_authorizes_a_session_that_awaits_its_code(call: Caller, device: Authenticator, pending: str) -> None:
    row = privilege(call, pending, device.code()).row

    assert row == {
        "userEmail": DAVE,
        "result": "Session is authorized",
        "isAuthorized": True,
        "isTFAEnabled": True,
    }
    assert call("GetCompanyTeams", _as=pending).failure == 0


def test_the_session_then_lives_as_long_as_was_asked(call: Caller, device: Authenticator, pending: str) -> None:
    must(privilege(call, pending, device.code()))

    expires = datetime.fromisoformat(call("GetRequestAuthenticationStatus", _as=pending).row["tokenExpiration"])
    assert abs((expires - datetime.now(expires.tzinfo)).total_seconds() - 5 * 3600) < 60


@pytest.mark.parametrize("code", ["", None, "000000", "nonsense"])
def test_an_authorized_session_stays_so_whatever_the_code(
    call: Caller, dave: str, device: Authenticator, code: str | None
) -> None:
    reply = privilege(call, dave, code)

    assert reply.row["result"] == "Session is authorized"


def test_without_a_second_factor_there_is_nothing_to_show(call: Caller, dave: str) -> None:
    assert privilege(call, dave, "").row["isTFAEnabled"] is False


@pytest.mark.parametrize("code", ["wrong", "", None, "nonsense"])
def test_a_wrong_code_authorizes_nothing(call: Caller, device: Authenticator, pending: str, code: str | None) -> None:
    reply = privilege(call, pending, device.wrong_code() if code == "wrong" else code)

    assert (reply.failure, reply.errors) == (403, ["Invalid verification code"])
    assert call("GetCompanyTeams", _as=pending).failure == 403


def test_a_recovery_code_works_once(call: Caller, device: Authenticator, pending: str) -> None:
    other = sign_in(call, DAVE).row["nextRequestToken"]

    first = privilege(call, pending, device.recovery_codes[0])
    second = privilege(call, other, device.recovery_codes[0])

    assert (first.failure, second.failure) == (0, 403)


def test_a_code_that_signed_in_works_no_second_time(call: Caller, device: Authenticator, pending: str) -> None:
    code = device.code()
    must(sign_in(call, DAVE, tfaCode=code))

    assert privilege(call, pending, code).failure == 403


def test_wrong_codes_brake_and_an_authorized_session_goes_on(
    call: Caller, dave: str, device: Authenticator, pending: str, clock: Clock
) -> None:
    wrong = device.wrong_code()
    for _ in range(6):
        privilege(call, pending, wrong)

    braked = privilege(call, pending, device.code())
    unbraked = privilege(call, dave, "")
    clock.advance(seconds=int(braked.headers["Retry-After"]))

    assert (braked.failure, unbraked.failure) == (429, 0)
    assert privilege(call, pending, device.code()).failure == 0


def test_when_the_second_factor_is_removed_none_is_awaited(
    call: Caller, dave: str, device: Authenticator, pending: str
) -> None:
    must(disable(call, dave, device.code()))

    assert privilege(call, pending, None).row["isTFAEnabled"] is False
    assert call("GetCompanyTeams", _as=pending).failure == 0


def test_the_audit_tells_of_both_steps(
    call: Caller, device: Authenticator, pending: str, admin: psycopg.Connection
) -> None:
    must(privilege(call, pending, device.code()))

    rows = admin.execute(
        "select procedure_name, action, entity, entity_name from data.audit where actor = %s "
        "and entity = 'Session' order by audit_id desc limit 2",
        [DAVE],
    ).fetchall()
    assert rows == [
        ("PrivilegeAuthenticationRequest", "SignedIn", "Session", "tests"),
        ("CreateAuthenticationRequest", "PasswordAccepted", "Session", "tests"),
    ]


def test_is_for_sessions(call: Caller, admin: psycopg.Connection) -> None:
    assert privilege(call, "build-01", "").failure == 403
    assert privilege(call, NOBODY, "").failure == 401
    assert refuse_in_sql(admin, "bob@acme.example", "select api.privilege_authentication_request(null)") == (
        "JB400",
        "there is no session to authorize",
    )
