"""GetRequestAuthenticationStatus."""

import psycopg
import pytest

from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.second_factors import enrol
from tests.world import NOBODY, Caller, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


def test_tells_of_a_session_without_a_second_factor(call: Caller, dave: str) -> None:
    session = call("GetUserRequests", _as=dave).row

    row = call("GetRequestAuthenticationStatus", _as=dave).row

    assert row == {
        "userEmail": DAVE,
        "isTFAEnabled": False,
        "isAuthorized": True,
        "lastLoginTime": session["createdAt"],
        "tokenExpiration": session["expirationTime"],
        "permissionGroup": "Users",
        "activeTokenCount": 1,
        "authenticationStatus": "No TFA configured: this session is authorized",
    }


def test_tells_of_the_second_factor_and_who_awaits_it(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    enrol(call, dave, admin)
    pending = sign_in(call, DAVE).row["nextRequestToken"]

    enabled = call("GetRequestAuthenticationStatus", _as=dave).row
    awaiting = call("GetRequestAuthenticationStatus", _as=pending).row

    assert (enabled["isTFAEnabled"], enabled["isAuthorized"]) == (True, True)
    assert enabled["authenticationStatus"] == "TFA enabled: this session is authorized"
    assert (awaiting["isTFAEnabled"], awaiting["isAuthorized"]) == (True, False)
    assert awaiting["authenticationStatus"] == "TFA required: this session awaits its code"


def test_counts_the_sessions_that_would_be_heard(call: Caller, dave: str) -> None:
    other = sign_in(call, DAVE).row["nextRequestToken"]
    two = call("GetRequestAuthenticationStatus", _as=dave).row["activeTokenCount"]
    must(call("DeleteUserRequest", _as=other))

    one = call("GetRequestAuthenticationStatus", _as=dave).row["activeTokenCount"]

    assert (two, one) == (2, 1)


def test_is_for_sessions(call: Caller, admin: psycopg.Connection) -> None:
    assert call("GetRequestAuthenticationStatus", _as="build-01").failure == 403
    assert call("GetRequestAuthenticationStatus", _as=NOBODY).failure == 401
    assert refuse_in_sql(admin, "bob@acme.example", "select api.get_request_authentication_status()") == (
        "JB400",
        "there is no session to tell of",
    )
