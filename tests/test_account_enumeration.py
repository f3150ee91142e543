"""Who sees nothing but answers cannot tell whether an e-mail is somebody's, whatever the brakes do meanwhile."""

import json
from collections.abc import Callable

import psycopg
import pytest

from broker.crypto import password
from broker.crypto.tokens import new_activation_code, new_recovery_code
from tests.conftest import Clock
from tests.people import activate, enter, invite, recover, sign_in
from tests.world import Caller, Reply

KNOWN, UNKNOWN = "erin@{}", "nobody@{}"
RECOVERY = new_recovery_code()

Attempt = Callable[[Caller, str], Reply]
Seen = tuple[int, str, str | None]

ATTEMPTS: dict[str, Attempt] = {
    "sign in": lambda call, email: sign_in(call, email, "wrong"),
    "activate": lambda call, email: activate(call, email, new_activation_code()),
    "recover": lambda call, email: recover(call, email, RECOVERY),
}


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords cost next to nothing."""
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", password.PasswordParameters(memory_kib=64, passes=1, lanes=1))


@pytest.fixture
def erins(call: Caller) -> None:
    """A user of Acme whose e-mail is of the company's domain, and one whose is not."""
    for domain in ("acme.example", "mail.example"):
        enter(call, KNOWN.format(domain), invite(call, KNOWN.format(domain)))


def brake(admin: psycopg.Connection, email: str) -> None:
    """Guess so often, from everywhere, that more than the account is braked."""
    with admin.transaction():
        for number in range(205):
            guessed = email.format(number)
            admin.execute("select auth.count_failure(%s, data.clock() + %s * interval '1 s')", [guessed, number])


def observe(call: Caller, clock: Clock, attempt: Attempt, email: str) -> list[Seen]:
    """What is answered to eight attempts, the clock going on by a second, and to two more an hour later."""
    seen = []
    for number in range(10):
        reply = attempt(call, email)
        seen.append((reply.status, json.dumps(reply.body).replace(email, "@"), reply.headers.get("Retry-After")))
        clock.advance(seconds=3600 if number == 7 else 1)
    return seen


def watch(
    call: Caller, admin: psycopg.Connection, clock: Clock, attempt: Attempt, email: str, guessed: str
) -> list[Seen]:
    """Before, during and after a brake; then everything is as it was."""
    admin.execute("delete from data.brake")
    before = observe(call, clock, attempt, email)
    brake(admin, guessed)
    during = observe(call, clock, attempt, email)
    clock.advance(hours=1)
    return before + during + observe(call, clock, attempt, email)


@pytest.mark.usefixtures("erins")
@pytest.mark.parametrize(
    ("attempt", "guessed"),
    [
        ("sign in", "ann@acme.example"),
        ("sign in", "ghost-{}@acme.example"),
        ("sign in", "ghost-{}@mail.example"),
        ("sign in", "gina@globex.example"),
        ("sign in", "{}@nowhere.example"),
        ("activate", "ann@acme.example"),
        ("recover", "ann@acme.example"),
    ],
)
def test_a_brake_tells_nobody_whose_an_email_is(
    call: Caller, admin: psycopg.Connection, clock: Clock, attempt: str, guessed: str
) -> None:
    for domain in ("acme.example", "mail.example"):
        known, unknown = (
            watch(call, admin, clock, ATTEMPTS[attempt], email.format(domain), guessed) for email in (KNOWN, UNKNOWN)
        )
        assert {status for status, _, _ in known} >= {429}
        assert known == unknown


@pytest.mark.usefixtures("erins")
def test_a_spray_over_a_companys_people_is_braked_for_all_of_its_domain(
    call: Caller, admin: psycopg.Connection
) -> None:
    brake(admin, "guess-{}@acme.example")

    assert sign_in(call, KNOWN.format("acme.example"), "wrong").failure == 429
    assert sign_in(call, KNOWN.format("mail.example"), "wrong").failure == 401
