"""CreateAuthenticationRequest: what a failed sign-in leaves, and what brakes those who guess."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from broker.crypto import password
from tests.conftest import Clock
from tests.people import activate, enter, invite, sign_in
from tests.world import Caller, must

DAVE = "dave@acme.example"
NOBODYS = "nobody@nowhere.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def dave(call: Caller) -> str:
    """Token of dave, a user of Acme."""
    return enter(call, DAVE, invite(call, DAVE))


def fail(call: Caller, email: str, times: int) -> None:
    for _ in range(times):
        assert sign_in(call, email, "wrong").failure == 401


@pytest.mark.usefixtures("dave")
def test_the_audit_tells_of_a_failure_in_the_accounts_company(call: Caller, admin: psycopg.Connection) -> None:
    fail(call, DAVE, 1)
    fail(call, NOBODYS, 1)

    rows = admin.execute(
        "select company_name, actor, procedure_name, status, action, entity_name, address "
        "from data.audit join data.company using (company_id) where status <> 0"
    ).fetchall()
    assert rows == [("Acme", DAVE, "CreateAuthenticationRequest", 401, "SignInFailed", DAVE, "127.0.0.1")]


@pytest.mark.usefixtures("dave")
def test_the_audit_tells_of_a_sign_in(call: Caller, admin: psycopg.Connection) -> None:
    must(sign_in(call, DAVE, name="night shift"))

    row = admin.execute(
        "select status, action, entity, entity_name, details from data.audit order by audit_id desc limit 1"
    ).fetchone()
    assert row is not None
    assert row[:4] == (0, "SignedIn", "Session", "night shift")
    assert row[4].endswith("with the rights of Users")


@pytest.mark.parametrize("email", [DAVE, NOBODYS])
@pytest.mark.usefixtures("dave")
def test_after_five_failures_each_further_one_costs_time(call: Caller, clock: Clock, email: str) -> None:
    fail(call, email, 6)

    first = sign_in(call, email)
    clock.advance(seconds=1)
    fail(call, email.upper(), 1)
    second = sign_in(call, email)

    assert (first.status, first.failure) == (429, 429)
    assert first.errors == ["too many failed sign-ins: try again in 1 seconds"]
    assert first.headers["Retry-After"] == "1"
    assert second.errors == ["too many failed sign-ins: try again in 2 seconds"]


@pytest.mark.usefixtures("dave")
def test_while_it_has_to_wait_nothing_is_derived(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    derive, derived = password.derive_password_keys, []

    def count(*arguments: Any) -> password.PasswordKeys:
        derived.append(arguments)
        return derive(*arguments)

    fail(call, DAVE, 6)
    monkeypatch.setattr(password, "derive_password_keys", count)

    assert sign_in(call, DAVE).failure == 429
    assert derived == []


@pytest.mark.usefixtures("dave")
def test_the_owner_gets_in_when_the_wait_is_over_and_begins_anew(call: Caller, clock: Clock) -> None:
    fail(call, DAVE, 6)
    clock.advance(seconds=1)

    signed_in = sign_in(call, DAVE)
    fail(call, DAVE, 5)

    assert signed_in.failure == 0
    assert sign_in(call, DAVE).failure == 0


@pytest.mark.usefixtures("dave")
def test_a_guesser_of_one_account_does_not_brake_another(call: Caller) -> None:
    fail(call, NOBODYS, 6)

    assert sign_in(call, DAVE).failure == 0


@pytest.mark.usefixtures("dave")
def test_one_address_that_guesses_many_accounts_is_braked(call: Caller) -> None:
    for number in range(21):
        fail(call, f"guess-{number}@acme.example", 1)

    assert sign_in(call, DAVE).failure == 429


@pytest.mark.usefixtures("dave")
def test_a_burst_of_failures_costs_a_second(call: Caller) -> None:
    fail(call, DAVE, 5)

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: sign_in(call, DAVE, "wrong"), range(16)))

    refused = sign_in(call, DAVE)
    assert {reply.failure for reply in replies} <= {401, 429}
    assert refused.failure in (0, 429)
    assert int(refused.headers.get("Retry-After", "0")) <= 2


def test_an_account_that_was_never_activated_is_braked_alike(call: Caller) -> None:
    code = invite(call, DAVE)
    fail(call, DAVE, 6)

    assert sign_in(call, DAVE).failure == 429
    assert activate(call, DAVE, code).failure in (0, 429)


@pytest.mark.usefixtures("dave")
def test_a_right_password_counts_nothing(call: Caller, admin: psycopg.Connection) -> None:
    for _ in range(8):
        must(sign_in(call, DAVE))

    assert admin.execute("select count(*) from data.brake").fetchone() == (0,)
