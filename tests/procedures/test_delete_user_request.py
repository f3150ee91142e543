"""DeleteUserRequest."""

import psycopg
import pytest

from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.second_factors import enrol
from tests.world import NOBODY, Caller, must

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


def number_of(call: Caller, token: str) -> int:
    """The number of the session that holds a token."""
    number: int = call("GetUserRequests", _as=token).rows[0]["requestId"]
    return number


def test_ends_another_session_of_ones_own(call: Caller) -> None:
    dave = enter(call, DAVE, invite(call, DAVE))
    other = sign_in(call, DAVE, name="other").row["nextRequestToken"]

    reply = call("DeleteUserRequest", _as=dave, targetRequestId=number_of(call, other))

    assert reply.row == {"userEmail": DAVE, "sessionName": "other", "result": "session ended"}
    assert call("GetCompanyTeams", _as=other).failure == 401
    assert call("GetCompanyTeams", _as=dave).failure == 0


def test_an_administrator_ends_anybodys_session(call: Caller) -> None:
    reply = call("DeleteUserRequest", _as="ann", targetRequestId=number_of(call, "bob"))

    assert reply.row["userEmail"] == "bob@acme.example"
    assert call("GetCompanyTeams").failure == 401
    assert call("GetCompanyTeams", _as="ann").failure == 0


@pytest.mark.parametrize(("caller", "owner"), [("bob", "ann"), ("ann", "gina"), ("gina", "bob")])
def test_somebody_elses_session_is_not_found(call: Caller, caller: str, owner: str) -> None:
    number = number_of(call, owner)

    reply = call("DeleteUserRequest", _as=caller, targetRequestId=number)

    assert (reply.failure, reply.errors) == (404, [f"session {number} not found"])
    assert call("GetCompanyTeams", _as=owner).failure == 0


def test_an_agents_token_is_no_session(call: Caller, admin: psycopg.Connection) -> None:
    [(number,)] = admin.execute("select request_id from data.token where token_name = 'build-01' limit 1").fetchall()

    assert call("DeleteUserRequest", _as="ann", targetRequestId=number).failure == 404


def test_a_session_that_awaits_its_code_ends_itself_alone(call: Caller, admin: psycopg.Connection) -> None:
    dave = enter(call, DAVE, invite(call, DAVE))
    enrol(call, dave, admin)
    pending = sign_in(call, DAVE).row["nextRequestToken"]
    [own] = [row for row in call("GetUserRequests", _as=dave).rows if row["isActive"]]

    refused = call("DeleteUserRequest", _as=pending, targetRequestId=own["requestId"])
    ended = call("DeleteUserRequest", _as=pending)

    assert (refused.failure, ended.failure) == (403, 0)
    assert call("GetCompanyTeams", _as=dave).failure == 0


def test_leaves_a_row_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    number = number_of(call, "bob")
    must(call("DeleteUserRequest", _as="ann", targetRequestId=number))

    rows = admin.execute(
        "select actor, action, entity, entity_name, details from data.audit where procedure_name = 'DeleteUserRequest'"
    ).fetchall()
    assert rows == [("ann@acme.example", "SignedOut", "Session", "tests", f"session {number} of bob@acme.example")]
