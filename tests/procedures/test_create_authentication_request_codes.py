"""CreateAuthenticationRequest of accounts with a second factor."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import enter, invite, sign_in
from tests.second_factors import Authenticator, enrol
from tests.world import Caller

DAVE = "dave@acme.example"
INVALID = "Authentication required: Invalid verification code"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def device(call: Caller, admin: psycopg.Connection) -> Authenticator:
    """The authenticator of dave, a user of Acme."""
    return enrol(call, enter(call, DAVE, invite(call, DAVE)), admin)


@pytest.mark.parametrize("code", [None, "", "  "])
def test_without_a_code_the_session_awaits_it(call: Caller, device: Authenticator, code: str | None) -> None:
    row = sign_in(call, DAVE, tfaCode=code).row

    token = row["nextRequestToken"]
    refused = call("GetCompanyTeams", _as=token)
    assert (row["isAuthorized"], row["authenticationStatus"]) == (False, "TFA_REQUIRED")
    assert refused.failure == 403
    assert refused.errors == [
        "this session awaits its second factor: call PrivilegeAuthenticationRequest with the code"
    ]


def test_a_session_awaits_its_code_for_ten_minutes(call: Caller, device: Authenticator, clock: Clock) -> None:
    row = sign_in(call, DAVE).row
    expires = datetime.fromisoformat(row["tokenExpiration"])
    before = call("GetRequestAuthenticationStatus", _as=row["nextRequestToken"])

    clock.advance(minutes=10, seconds=1)

    assert expires - datetime.now(expires.tzinfo) < timedelta(minutes=10)
    assert before.failure == 0
    assert call("GetRequestAuthenticationStatus", _as=row["nextRequestToken"]).failure == 401


@pytest.mark.parametrize("member", ["tfaCode", "TFACode", "tFACode"])
def test_the_code_may_come_at_once(call: Caller, device: Authenticator, member: str) -> None:
    row = sign_in(call, DAVE, **{member: device.code()}).row

    assert (row["isAuthorized"], row["authenticationStatus"]) == (True, "AUTHORIZED")
    assert call("GetCompanyTeams", _as=row["nextRequestToken"]).failure == 0


def test_a_code_works_once(call: Caller, device: Authenticator) -> None:
    code = device.code()

    replies = [sign_in(call, DAVE, tfaCode=code) for _ in range(2)]

    assert [reply.failure for reply in replies] == [0, 401]
    assert replies[1].errors == [INVALID]


def test_of_one_code_sent_many_times_at_once_one_is_good(call: Caller, device: Authenticator) -> None:
    code = device.code()

    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: sign_in(call, DAVE, tfaCode=code), range(4)))

    assert sorted(reply.failure for reply in replies) == [0, 401, 401, 401]


def test_a_later_code_ends_the_earlier_one(call: Caller, device: Authenticator) -> None:
    assert sign_in(call, DAVE, tfaCode=device.code(1)).failure == 0
    assert sign_in(call, DAVE, tfaCode=device.code()).failure == 401


def test_each_recovery_code_works_once(call: Caller, device: Authenticator) -> None:
    first, second, *_ = device.recovery_codes

    replies = [sign_in(call, DAVE, tfaCode=code) for code in (first, first, second)]

    assert [reply.failure for reply in replies] == [0, 401, 0]


def test_a_wrong_code_is_refused_like_a_wrong_password(call: Caller, device: Authenticator) -> None:
    reply = sign_in(call, DAVE, tfaCode=device.wrong_code())

    assert (reply.status, reply.failure, reply.errors, reply.outputs) == (401, 401, [INVALID], {})


@pytest.mark.parametrize("code", ["abc", "1234567", "0000-0000-0000-0000", "x" * 1000])
def test_what_is_no_code_is_a_wrong_one(call: Caller, device: Authenticator, code: str) -> None:
    assert sign_in(call, DAVE, tfaCode=code).errors == [INVALID]


def test_with_a_wrong_password_a_right_code_says_nothing(call: Caller, device: Authenticator) -> None:
    code = device.code()

    refused = sign_in(call, DAVE, "wrong", tfaCode=code)

    assert "code" not in refused.errors[0]
    assert sign_in(call, DAVE, tfaCode=code).failure == 0


def test_without_a_second_factor_a_code_is_not_looked_at(call: Caller) -> None:
    enter(call, DAVE, invite(call, DAVE))

    assert sign_in(call, DAVE, tfaCode="000000").row["isAuthorized"] is True


def test_a_right_password_alone_does_not_make_wrong_codes_forgotten(call: Caller, device: Authenticator) -> None:
    for _ in range(6):
        sign_in(call, DAVE)
        sign_in(call, DAVE, tfaCode=device.wrong_code())

    assert sign_in(call, DAVE).failure == 429


def test_the_database_keeps_neither_secret_nor_codes(
    call: Caller, device: Authenticator, admin: psycopg.Connection
) -> None:
    [(sealed,)] = admin.execute("select totp_secret from data.company_user where totp_secret is not null").fetchall()
    kept = "".join(row for (row,) in admin.execute("select kept::text from data.totp_recovery_code as kept"))

    assert len(sealed) == 8 + 12 + 20 + 16
    assert [code for code in device.recovery_codes if code.lower() in kept.lower()] == []
