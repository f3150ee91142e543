"""GetAgentTokens."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.people import sign_in
from tests.world import NOBODY, Caller


def test_lists_the_tokens_newest_first(call: Caller) -> None:
    rows = call("GetAgentTokens", _as="ann").rows

    assert [(row["name"], row["machineName"], row["bridgeName"]) for row in rows] == [
        ("north", None, "north"),
        ("dev-01", "dev-01", None),
        ("build-02", "build-02", None),
        ("build-01", "build-01", None),
    ]
    assert {row["createdBy"] for row in rows} == {"ann@acme.example"}
    assert all(row["expiresTime"] > row["createdTime"] for row in rows)


def test_shows_no_token(call: Caller) -> None:
    reply = call("GetAgentTokens", _as="ann")

    assert "jb_agent_" not in str(reply.body)


def test_tells_when_a_token_was_last_used(call: Caller, clock: Clock) -> None:
    before = call("GetAgentTokens", _as="ann", machineName="build-01").row["lastUsedTime"]
    clock.advance(minutes=5)

    call("GetQueueItemsNext", _as="build-01")

    assert call("GetAgentTokens", _as="ann", machineName="build-01").row["lastUsedTime"] > before


@pytest.mark.parametrize(
    ("place", "names"), [({"machineName": "Build-02"}, ["build-02"]), ({"bridgeName": "NORTH"}, ["north"])]
)
def test_lists_those_of_one_machine_or_bridge(call: Caller, place: dict[str, Any], names: list[str]) -> None:
    assert [row["name"] for row in call("GetAgentTokens", _as="ann", **place).rows] == names


@pytest.mark.parametrize(
    ("place", "error"), [({"machineName": "m9"}, "machine m9 not found"), ({"bridgeName": "b9"}, "bridge b9 not found")]
)
def test_does_not_know_what_is_not_there(call: Caller, place: dict[str, Any], error: str) -> None:
    reply = call("GetAgentTokens", _as="ann", **place)

    assert (reply.failure, reply.errors) == (404, [error])


def test_shows_those_of_the_callers_teams_and_of_bridges(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company_user set permission_group = 'Administrators' where email ~ '^carol'")
    carol = sign_in(call, "carol@acme.example").row["nextRequestToken"]

    rows = call("GetAgentTokens", _as=carol).rows

    assert [row["name"] for row in rows] == ["north", "dev-01"]
    assert call("GetAgentTokens", _as=carol, machineName="build-01").failure == 403


def test_shows_nothing_of_another_company(call: Caller) -> None:
    assert [row["name"] for row in call("GetAgentTokens", _as="gina").rows] == ["globex-build-01"]


def test_hides_what_has_expired(call: Caller, clock: Clock) -> None:
    call("CreateAgentToken", _as="ann", machineName="build-01", name="short", expiresInDays=1)
    clock.advance(days=1, seconds=1)
    ann = sign_in(call, "ann@acme.example").row["nextRequestToken"]

    assert [row["name"] for row in call("GetAgentTokens", _as=ann, machineName="build-01").rows] == ["build-01"]


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert call("GetAgentTokens", _as=caller).failure == failure
