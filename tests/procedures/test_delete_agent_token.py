"""DeleteAgentToken."""

from uuid import uuid4

import psycopg
import pytest

from tests.people import sign_in
from tests.world import NOBODY, Caller


def token_id(call: Caller, name: str, by: str = "ann") -> str:
    [found] = [row["agentTokenId"] for row in call("GetAgentTokens", _as=by).rows if row["name"] == name]
    identifier: str = found
    return identifier


def test_ends_a_token_at_once(call: Caller) -> None:
    call("GetQueueItemsNext", _as="build-01")
    identifier = token_id(call, "build-01")

    reply = call("DeleteAgentToken", _as="ann", agentTokenId=identifier)

    assert reply.row == {"agentTokenId": identifier, "name": "build-01", "result": "agent token ended"}
    assert call("GetQueueItemsNext", _as="build-01").failure == 401
    assert call("GetQueueItemsNext", _as="build-02").failure == 0


def test_nothing_of_the_token_stays(call: Caller, admin: psycopg.Connection) -> None:
    identifier = token_id(call, "north")

    call("DeleteAgentToken", _as="ann", agentTokenId=identifier)

    left = admin.execute(
        "select (select count(*) from data.token where token_id = %(id)s), "
        "(select count(*) from data.token_company where token_id = %(id)s), "
        "(select count(*) from data.held_key where holder_id = %(id)s)",
        {"id": identifier},
    ).fetchall()
    assert left == [(0, 0, 0)]


def test_does_not_know_a_token_that_is_not_there(call: Caller) -> None:
    identifier = str(uuid4())

    reply = call("DeleteAgentToken", _as="ann", agentTokenId=identifier)

    assert (reply.failure, reply.errors) == (404, [f"agent token {identifier} not found"])


def test_does_not_know_tokens_of_another_company(call: Caller) -> None:
    identifier = token_id(call, "globex-build-01", by="gina")

    assert call("DeleteAgentToken", _as="ann", agentTokenId=identifier).failure == 404
    assert call("GetQueueItemsNext", _as="globex-build-01").failure == 0


def test_does_not_know_tokens_of_other_teams(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    carol = sign_in(call, "carol@acme.example").row["nextRequestToken"]
    identifier = token_id(call, "build-01")

    assert call("DeleteAgentToken", _as=carol, agentTokenId=identifier).failure == 404


def test_sessions_are_not_ended_this_way(call: Caller, admin: psycopg.Connection) -> None:
    [(identifier,)] = admin.execute(
        "select token_id from data.token where user_id = (select user_id from data.company_user where email ~ '^bob')"
    ).fetchall()

    assert call("DeleteAgentToken", _as="ann", agentTokenId=str(identifier)).failure == 404


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("DeleteAgentToken", _as=caller, agentTokenId=token_id(call, "build-01")).failure == failure
