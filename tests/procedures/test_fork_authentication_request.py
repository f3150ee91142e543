"""ForkAuthenticationRequest."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import enter, invite, refuse_in_sql, sign_in
from tests.world import NOBODY, Caller, Reply, must

DAVE = "dave@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


def fork(call: Caller, token: str, name: str = "tool", **members: object) -> Reply:
    return call("ForkAuthenticationRequest", _as=token, childName=name, **members)  # type: ignore[arg-type]  # no header


def child_of(call: Caller, token: str) -> str:
    made: str = fork(call, token).row["nextRequestToken"]
    return made


def test_makes_a_child(call: Caller, dave: str) -> None:
    parent = call("GetUserRequests", _as=dave).row

    row = fork(call, dave).row

    token = row.pop("nextRequestToken")
    assert str(UUID(token)) == token
    assert token != dave
    assert row == {
        "tokenExpiration": parent["expirationTime"],
        "expirationHours": 24,
        "vaultCompany": None,
        "isAuthorized": True,
        "authenticationStatus": "AUTHORIZED",
        "parentRequestId": parent["requestId"],
    }
    assert call("GetCompanyTeams", _as=token).failure == 0
    assert call("GetCompanyTeams", _as=dave).failure == 0


def test_the_child_opens_what_its_parent_opens(call: Caller) -> None:
    must(call("UpdateTeamVault", _as="ann", teamName="ops", teamVault='{"of": "ops"}', vaultVersion=1))

    child = child_of(call, "bob")

    [team] = [row for row in call("GetCompanyTeams", _as=child).rows if row["teamName"] == "ops"]
    assert team["vaultContent"] == '{"of": "ops"}'


def test_the_child_may_call_what_its_parent_may(call: Caller) -> None:
    assert call("CreateTeam", _as=child_of(call, "ann"), teamName="by-a-child").failure == 0
    assert call("CreateTeam", _as=child_of(call, "bob"), teamName="by-another").failure == 403


def test_the_child_speaks_for_its_parents_bridge(call: Caller, admin: psycopg.Connection) -> None:
    enter(call, DAVE, invite(call, DAVE))
    must(call("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=DAVE))
    parent = sign_in(call, DAVE, target="north").row["nextRequestToken"]

    child_of(call, parent)

    targets = admin.execute(
        "select bridge_name from data.token join data.bridge on bridge.bridge_id = target_bridge_id "
        "where token_name = 'tool'"
    ).fetchall()
    assert targets == [("north",)]


@pytest.mark.parametrize(("hours", "lives"), [(1, 1), (24, 24), (8760, 24)])
def test_the_child_lives_no_longer_than_its_parent(call: Caller, dave: str, hours: int, lives: int) -> None:
    row = fork(call, dave, tokenExpirationHours=hours).row

    expires = datetime.fromisoformat(row["tokenExpiration"])
    assert row["expirationHours"] == lives
    assert abs((expires - datetime.now(expires.tzinfo)).total_seconds() - lives * 3600) < 60


@pytest.mark.parametrize("hours", [0, -1, 8761])
def test_refuses_a_life_that_is_out_of_range(call: Caller, dave: str, hours: int) -> None:
    reply = fork(call, dave, tokenExpirationHours=hours)

    assert reply.failure == 400
    assert reply.errors == [f"tokenExpirationHours is {hours}: 1 hour to 8760 (a year) are possible"]


def test_children_and_their_children_end_with_their_parent(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    child = child_of(call, dave)
    grandchild = child_of(call, child)
    other = sign_in(call, DAVE).row["nextRequestToken"]

    must(call("DeleteUserRequest", _as=dave))

    assert [call("GetCompanyTeams", _as=token).failure for token in (child, grandchild, other)] == [401, 401, 0]
    assert admin.execute("select count(*) from data.token where token_name = 'tool'").fetchone() == (0,)


def test_a_parent_goes_on_when_its_child_ends(call: Caller, dave: str) -> None:
    must(call("DeleteUserRequest", _as=child_of(call, dave)))

    assert call("GetCompanyTeams", _as=dave).failure == 0


def test_a_child_goes_on_while_its_parent_is_idle(call: Caller, dave: str, clock: Clock) -> None:
    child = child_of(call, dave)
    for _ in range(2):
        clock.advance(hours=5)
        must(call("GetCompanyTeams", _as=child))

    assert call("GetCompanyTeams", _as=dave).failure == 401
    assert call("GetCompanyTeams", _as=child).failure == 0


def test_no_child_outlives_a_parent_that_ends_meanwhile(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    middle = child_of(call, dave)

    with ThreadPoolExecutor(3) as threads:
        forks = [threads.submit(fork, call, token) for token in (dave, middle)]
        ended = threads.submit(call, "DeleteUserRequest", _as=dave)
        outcomes = {fork.result().failure for fork in forks}

    assert ended.result().failure in (0, 503)
    assert outcomes <= {0, 401, 503}
    if ended.result().failure == 0:
        assert admin.execute("select count(*) from data.token where token_name = 'tool'").fetchone() == (0,)


def test_leaves_a_row_in_the_audit(call: Caller, dave: str, admin: psycopg.Connection) -> None:
    row = fork(call, dave).row

    [(action, name, details)] = admin.execute(
        "select action, entity_name, details from data.audit where procedure_name = 'ForkAuthenticationRequest'"
    ).fetchall()
    assert (action, name) == ("Forked", "tool")
    assert details.endswith(f"child of session {row['parentRequestId']}")


@pytest.mark.parametrize("name", [None, "", " x"])
def test_a_child_needs_a_name(call: Caller, dave: str, name: str | None) -> None:
    reply = call("ForkAuthenticationRequest", _as=dave, childName=name)

    assert reply.failure == 400
    assert 'member "childName"' in reply.errors[0]


def test_is_for_sessions_through_the_broker(call: Caller, admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, "bob@acme.example", "select api.fork_authentication_request('x', null)")

    assert fork(call, "build-01").failure == 403
    assert fork(call, NOBODY).failure == 401
    assert refusal == ("JB403", "this call wraps keys: make it through the broker")
