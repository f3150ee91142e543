"""ActivateUserAccount."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from flask import Flask

from broker import create_app
from broker.config import Config
from broker.crypto.tokens import new_activation_code
from tests.conftest import Clock
from tests.people import activate, credentials, found_company, guess, invite, sign_in
from tests.world import NOBODY, Caller, World

DAVE = "dave@acme.example"
NOT_GOOD = (
    "the activation code is not good for this e-mail: it is wrong, used, expired, or was tried too often; "
    "an administrator can invite again"
)

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def code(call: Caller) -> str:
    """The activation code of dave, whom ann has invited."""
    return invite(call, DAVE)


def tries(admin: psycopg.Connection) -> list[int]:
    return [count for (count,) in admin.execute("select tries from data.invitation").fetchall()]


def test_activates_an_account(call: Caller, code: str) -> None:
    reply = activate(call, DAVE, code)

    assert reply.row == {"userEmail": DAVE, "result": f"account {DAVE} activated"}
    assert reply.outputs == {}
    assert sign_in(call, DAVE).failure == 0


def test_the_password_is_the_one_of_the_activation(call: Caller, code: str) -> None:
    activate(call, DAVE, code, password="chosen now")

    assert sign_in(call, DAVE, "chosen now").failure == 0
    assert sign_in(call, DAVE, "another").failure == 401


def test_a_code_may_be_typed_in_groups_and_in_lower_case(call: Caller, code: str) -> None:
    typed = "-".join(code[start : start + 4] for start in range(0, len(code), 4)).lower()

    assert activate(call, DAVE, typed).failure == 0


def test_a_code_is_good_once(call: Caller, code: str) -> None:
    assert activate(call, DAVE, code).failure == 0

    reply = activate(call, DAVE, code, password="somebody else's")

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])
    assert sign_in(call, DAVE).failure == 0


def test_of_many_uses_at_once_one_succeeds(app: Flask, world: World, code: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        replies = list(threads.map(lambda _: activate(world.caller(app.test_client()), DAVE, code), range(6)))

    assert sorted(reply.failure for reply in replies) == [0, 403, 403, 403, 403, 403]


def test_a_wrong_code_is_counted_though_it_is_refused(call: Caller, code: str, admin: psycopg.Connection) -> None:
    reply = activate(call, DAVE, new_activation_code())

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])
    assert tries(admin) == [1]


def test_the_audit_tells_of_a_failure_in_the_accounts_company(
    call: Caller, code: str, admin: psycopg.Connection
) -> None:
    for email in (DAVE, "nobody@nowhere.example"):
        assert activate(call, email, new_activation_code()).failure == 403

    rows = admin.execute(
        "select company_name, actor, procedure_name, status, action, entity, entity_name, details, address "
        "from data.audit join data.company using (company_id) where status <> 0"
    ).fetchall()
    assert rows == [("Acme", DAVE, "ActivateUserAccount", 403, "ActivationFailed", "User", DAVE, NOT_GOOD, "127.0.0.1")]


def test_the_right_code_is_good_after_nine_wrong_ones(call: Caller, code: str, clock: Clock) -> None:
    guess(call, clock, DAVE, 9)

    assert activate(call, DAVE, code).failure == 0


def test_the_right_code_is_refused_after_ten_wrong_ones(
    call: Caller, code: str, admin: psycopg.Connection, clock: Clock
) -> None:
    guess(call, clock, DAVE, 10)

    reply = activate(call, DAVE, code)

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])
    assert tries(admin) == [10]
    assert sign_in(call, DAVE).failure == 401


def test_wrong_codes_at_once_are_all_counted(app: Flask, world: World, code: str, admin: psycopg.Connection) -> None:
    def try_one(_: int) -> int:
        return activate(world.caller(app.test_client()), DAVE, new_activation_code()).failure

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(try_one, range(5))) == [403] * 5

    assert tries(admin) == [5]


def test_a_code_is_good_for_seven_days(call: Caller, code: str, clock: Clock) -> None:
    clock.advance(days=6, hours=23)

    assert activate(call, DAVE, code).failure == 0


def test_an_expired_code_is_refused(call: Caller, code: str, clock: Clock) -> None:
    clock.advance(days=7, seconds=1)

    reply = activate(call, DAVE, code)

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])


@pytest.mark.parametrize("email", ["nobody@acme.example", "bob@acme.example", "gina@globex.example"])
def test_a_code_is_good_for_one_email(call: Caller, code: str, email: str) -> None:
    reply = activate(call, email, code)

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])


def test_two_invited_users_cannot_swap_their_codes(call: Caller, code: str) -> None:
    other = invite(call, "erin@acme.example")

    assert activate(call, DAVE, other).failure == 403
    assert activate(call, "erin@acme.example", code).failure == 403


def test_who_guesses_has_to_wait(call: Caller, code: str, clock: Clock) -> None:
    for _ in range(6):
        activate(call, DAVE, new_activation_code())

    at_once = activate(call, DAVE, code)
    clock.advance(seconds=1)
    later = activate(call, DAVE, code)

    assert (at_once.failure, at_once.headers["Retry-After"]) == (429, "1")
    assert later.failure == 0


@pytest.mark.parametrize("text", ["111111", "", "U" * 26, "A" * 27])
def test_a_text_that_is_no_code_is_no_try(call: Caller, code: str, admin: psycopg.Connection, text: str) -> None:
    reply = activate(call, DAVE, text)

    assert reply.failure == 400
    assert "activation code" in reply.errors[0]
    assert tries(admin) == [0]


@pytest.mark.parametrize("user_hash", [None, "", "12", "0x12", "0x" + "g" * 64, "0x" + "ab" * 33])
def test_refuses_a_header_that_is_no_password_hash(call: Caller, code: str, user_hash: str | None) -> None:
    headers = credentials(DAVE) | {"Rediacc-UserHash": user_hash or ""}

    reply = call("ActivateUserAccount", _as=NOBODY, _headers=headers, activationCode=code)

    assert reply.failure == 400
    assert reply.errors == ["the header Rediacc-UserHash must be 0x and 64 hexadecimal digits"]


@pytest.fixture
def call_with_fixed_code(config: Config, world: World) -> Iterator[Caller]:
    """A broker on which every activation code is the short one of a demonstration."""
    app = create_app(replace(config, activation_code="demo11"))
    yield world.caller(app.test_client())
    app.extensions["procedures"].database.close()


def test_every_code_may_be_set_to_a_short_one(call_with_fixed_code: Caller) -> None:
    shown = found_company(call_with_fixed_code, "peter@initech.example").row["activationCode"]

    wrong = activate(call_with_fixed_code, "peter@initech.example", "demo12")
    right = activate(call_with_fixed_code, "peter@initech.example", " DEMO11 ")

    assert shown == "demo11"
    assert wrong.failure == 403
    assert right.failure == 0


def test_a_short_code_ends_with_the_setting(call: Caller, call_with_fixed_code: Caller) -> None:
    found_company(call_with_fixed_code, "peter@initech.example")

    assert activate(call, "peter@initech.example", "demo11").failure == 400
    assert activate(call, "peter@initech.example", new_activation_code()).failure == 403


def test_a_real_code_is_good_while_short_ones_are_set(call: Caller, call_with_fixed_code: Caller, code: str) -> None:
    assert activate(call_with_fixed_code, DAVE, "demo11").failure == 403
    assert activate(call_with_fixed_code, DAVE, code).failure == 0
