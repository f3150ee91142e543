"""Sessions over several brokers and clients: the end of one is known everywhere, a lost answer ends none."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask

from broker.config import Config
from broker.crypto import password
from tests.conftest import Clock, serving
from tests.people import enter, invite, sign_in
from tests.world import URL, Caller, World, must

DAVE = "dave@acme.example"
UNAUTHENTICATED = ["Authentication required: no valid token was sent in the header Rediacc-RequestToken"]
CLIENTS = 8
CALLS = 40

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords cost next to nothing."""
    cheap = password.PasswordParameters(memory_kib=64, passes=1, lanes=1)
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", cheap)


@pytest.fixture
def brokers(config: Config, world: World) -> Iterator[tuple[Caller, Caller]]:
    """Two brokers on one database."""
    with serving(config) as first, serving(config) as second:
        yield world.caller(first.test_client()), world.caller(second.test_client())


def end(call: Caller, token: str, admin: psycopg.Connection, clock: Clock) -> None:
    must(call("DeleteUserRequest", _as=token))


def end_by_administrator(call: Caller, token: str, admin: psycopg.Connection, clock: Clock) -> None:
    number = call("GetUserRequests", _as=token).rows[0]["requestId"]
    must(call("DeleteUserRequest", _as="ann", targetRequestId=number))


def expire(call: Caller, token: str, admin: psycopg.Connection, clock: Clock) -> None:
    admin.execute("update data.token set expires_time = data.clock() where token_name = 'doomed'")


def idle(call: Caller, token: str, admin: psycopg.Connection, clock: Clock) -> None:
    clock.advance(hours=8)


@pytest.mark.parametrize("stop", [end, end_by_administrator, expire, idle])
def test_an_ended_expired_or_idle_session_is_refused_in_every_broker_at_once(
    brokers: tuple[Caller, Caller],
    admin: psycopg.Connection,
    clock: Clock,
    stop: Callable[[Caller, str, psycopg.Connection, Clock], None],
) -> None:
    first, _ = brokers
    enter(first, DAVE, invite(first, DAVE))
    must(first("CreateTeamMembership", _as="ann", teamName="ops", newUserEmail=DAVE))
    must(first("UpdateTeamVault", _as="ann", teamName="ops", teamVault='{"of":"ops"}', vaultVersion=1))
    token = sign_in(first, DAVE, name="doomed").row["nextRequestToken"]
    # Both have the session's keys in their caches now.
    opened = [call("GetCompanyTeams", _as=token).rows for call in brokers]

    stop(first, token, admin, clock)

    refused = [call(name, _as=token) for call in brokers for name in ("GetCompanyTeams", "GetUserRequests")]
    assert [[row["vaultContent"] for row in rows if row["teamName"] == "ops"] for rows in opened] == [
        ['{"of":"ops"}']
    ] * 2
    assert [(reply.status, reply.failure, reply.errors) for reply in refused] == [(401, 401, UNAUTHENTICATED)] * 4


class SharedSession:
    """A session as existing clients share it: each goes on with the token that the last answer named."""

    def __init__(self, app: Flask, token: str) -> None:
        self._app = app
        self.token = token

    def call(self, procedure: str, is_lost: bool) -> int:
        """Failure of a call; 0 when its answer is lost on the way, and with it what it said of the token."""
        headers = {"User-Agent": "rediacc/1.0", "Rediacc-RequestToken": self.token}
        answer = self._app.test_client().post(URL + procedure, json={}, headers=headers).get_json()
        if is_lost:
            return 0
        if answer["failure"] == 0:
            self.token = answer["resultSets"][0]["data"][0]["nextRequestToken"]
        failure: int = answer["failure"]
        return failure


def test_eight_clients_of_one_session_stay_signed_in_though_answers_are_lost(app: Flask, world: World) -> None:
    session = SharedSession(app, world.tokens["bob"])

    def work(client: int) -> list[int]:
        names = ("GetCompanyTeams", "GetUserRequests")
        return [session.call(names[number % 2], is_lost=(number + client) % 10 == 0) for number in range(CALLS)]

    with ThreadPoolExecutor(CLIENTS) as threads:
        failures = [failure for heard in threads.map(work, range(CLIENTS)) for failure in heard]

    assert failures == [0] * CLIENTS * CALLS
    assert session.token == world.tokens["bob"]
