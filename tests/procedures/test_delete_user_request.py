"""DeleteUserRequest."""

import psycopg
import pytest

from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.world import NOBODY, Caller

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def test_ends_the_session_at_once(call: Caller) -> None:
    dave = enter(call, DAVE, invite(call, DAVE))
    call("GetCompanyTeams", _as=dave)

    reply = call("DeleteUserRequest", _as=dave)

    assert reply.row == {"userEmail": DAVE, "sessionName": "tests", "result": "session ended"}
    assert call("GetCompanyTeams", _as=dave).failure == 401


def test_other_sessions_go_on(call: Caller) -> None:
    dave = enter(call, DAVE, invite(call, DAVE))
    other = sign_in(call, DAVE).row["nextRequestToken"]

    call("DeleteUserRequest", _as=dave)

    assert call("GetCompanyTeams", _as=other).failure == 0
    assert call("GetCompanyTeams").failure == 0


def test_nothing_of_the_session_stays(call: Caller, admin: psycopg.Connection) -> None:
    counts = (
        "select (select count(*) from data.token), (select count(*) from data.token_company), "
        "(select count(*) from data.held_key where holder_kind = 'session')"
    )
    dave = enter(call, DAVE, invite(call, DAVE))
    before = admin.execute(counts).fetchone()

    call("DeleteUserRequest", _as=dave)

    after = admin.execute(counts).fetchone()
    assert before is not None
    assert after == tuple(count - 1 for count in before)


def test_an_agent_has_no_session_to_end(call: Caller) -> None:
    assert call("DeleteUserRequest", _as="build-01").failure == 403


def test_needs_a_token(call: Caller) -> None:
    assert call("DeleteUserRequest", _as=NOBODY).failure == 401


def test_a_sql_admin_has_no_session_to_end(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "bob@acme.example", "select api.delete_user_request()")

    assert refusal == ("JB400", "there is no session to end")
