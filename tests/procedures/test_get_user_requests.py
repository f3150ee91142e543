"""GetUserRequests and GetCompanyUserRequests."""

from datetime import datetime, timedelta

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import enter, invite, sign_in
from tests.second_factors import enrol
from tests.world import NOBODY, Caller, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


def test_tells_of_a_session(call: Caller, dave: str) -> None:
    row = call("GetUserRequests", _as=dave).row

    created, used, expires = (
        datetime.fromisoformat(row.pop(name)) for name in ("createdAt", "lastActivity", "expirationTime")
    )
    assert isinstance(row.pop("requestId"), int)
    assert row.pop("userAgent").startswith("Werkzeug/")
    assert row == {
        "userEmail": DAVE,
        "sessionName": "tests",
        "ipAddress": "127.0.0.1",
        "isActive": True,
        "parentRequestId": None,
        "permissionsName": "Users",
    }
    assert used == created
    assert expires - created == timedelta(hours=24)


def test_lists_ones_own_the_newest_first(call: Caller, dave: str) -> None:
    must(sign_in(call, DAVE, name="second"))
    must(call("ForkAuthenticationRequest", _as=dave, childName="third"))

    rows = call("GetUserRequests", _as=dave).rows

    assert [row["sessionName"] for row in rows] == ["third", "second", "tests"]
    assert [row["parentRequestId"] for row in rows] == [rows[2]["requestId"], None, None]


def test_a_session_is_active_while_it_would_be_heard(
    call: Caller, dave: str, admin: psycopg.Connection, clock: Clock
) -> None:
    must(sign_in(call, DAVE, name="short", tokenExpirationHours=1))
    must(sign_in(call, DAVE, name="idle"))
    clock.advance(hours=4)
    must(call("GetCompanyTeams", _as=dave))
    clock.advance(hours=4)
    enrol(call, sign_in(call, DAVE, name="new").row["nextRequestToken"], admin)
    must(sign_in(call, DAVE, name="pending"))

    rows = call("GetUserRequests", _as=dave).rows

    assert {row["sessionName"]: row["isActive"] for row in rows} == {
        "tests": True,
        "short": False,
        "idle": False,
        "new": True,
        "pending": False,
    }


def test_an_administrator_sees_the_sessions_of_his_company(call: Caller, dave: str) -> None:
    rows = call("GetCompanyUserRequests", _as="ann").rows

    people = [row["userEmail"].partition("@")[0] for row in rows]
    assert people == ["dave", "carol", "bob", "ann"]


def test_an_administrator_alone_lists_a_company(call: Caller, dave: str) -> None:
    assert call("GetCompanyUserRequests", _as=dave).failure == 403
    assert call("GetCompanyUserRequests", _as="build-01").failure == 403


@pytest.mark.parametrize("procedure", ["GetUserRequests", "GetCompanyUserRequests"])
def test_needs_a_token(call: Caller, procedure: str) -> None:
    assert call(procedure, _as=NOBODY).failure == 401
