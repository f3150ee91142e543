"""What brakes those who guess: counted per account, network and domain, and forgotten again."""

import json
from collections.abc import Callable

import psycopg
import pytest

from tests.conftest import Clock

EMAIL = "erin@acme.example"
NOBODYS = "nobody@nowhere.example"

Fail = Callable[..., None]
Wait = Callable[..., int]


@pytest.fixture
def fail(admin: psycopg.Connection) -> Fail:
    """Fail to show what an account's owner has, some times, each when the block of the one before has ended."""

    def count(email: str = EMAIL, address: str = "", times: int = 1) -> None:
        with admin.transaction():
            admin.execute("select set_config('broker.request', %s, true)", [json.dumps({"address": address})])
            for _ in range(times):
                admin.execute("select auth.count_failure(%s, data.clock())", [email])

    return count


@pytest.fixture
def wait(admin: psycopg.Connection) -> Wait:
    """How many seconds an account has to wait, asked from an address."""

    def ask(email: str = EMAIL, address: str = "") -> int:
        try:
            with admin.transaction():
                admin.execute("select set_config('broker.request', %s, true)", [json.dumps({"address": address})])
                admin.execute("select auth.require_no_brake(%s, data.clock())", [email])
        except psycopg.Error as error:
            return seconds_of(error)
        return 0

    return ask


def seconds_of(refusal: psycopg.Error) -> int:
    seconds = int(refusal.diag.message_detail or "")
    assert refusal.sqlstate == "JB429"
    assert refusal.diag.message_primary == f"too many failed sign-ins: try again in {seconds} seconds"
    return seconds


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper(), NOBODYS])
def test_five_failures_of_an_account_cost_nothing(fail: Fail, wait: Wait, email: str) -> None:
    fail(email, times=5)

    assert wait(email) == 0


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(fail: Fail, wait: Wait, clock: Clock) -> None:
    waits = []
    fail(times=5)
    for _ in range(13):
        fail()
        waits.append(wait())
        clock.advance(seconds=waits[-1])

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_what_fails_while_a_block_is_on_is_not_counted(fail: Fail, wait: Wait, clock: Clock) -> None:
    fail(times=200)
    burst = wait()
    clock.advance(seconds=1)

    fail()

    assert (burst, wait()) == (1, 2)


def test_a_quiet_quarter_of_an_hour_begins_the_count_anew(fail: Fail, wait: Wait, clock: Clock) -> None:
    fail(times=6)
    clock.advance(seconds=1, minutes=15)

    fail(times=5)

    assert wait() == 0


def test_a_count_goes_on_while_it_is_not_quiet(fail: Fail, wait: Wait, clock: Clock) -> None:
    fail(times=6)
    clock.advance(minutes=14)

    fail()

    assert wait() == 2


def test_an_account_is_braked_wherever_it_is_tried_from(fail: Fail, wait: Wait) -> None:
    fail(address="192.0.2.1", times=6)

    assert wait(address="198.51.100.7") == 1
    assert wait(NOBODYS, address="192.0.2.1") == 0


@pytest.mark.parametrize(
    ("guesser", "neighbour", "stranger"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("::ffff:192.0.2.1", "192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8:0:1::5", "2001:db8:0:1:ffff::9", "2001:db8:0:2::5"),
        ("fe80::1%eth0", "fe80::2", "2001:db8::1"),
    ],
)
def test_a_network_is_braked_whatever_account_it_tries(
    fail: Fail, wait: Wait, guesser: str, neighbour: str, stranger: str
) -> None:
    for number in range(21):
        fail(f"guess-{number}@acme.example", guesser)

    assert wait(address=neighbour) == 1
    assert wait(address=stranger) == 0


def test_a_sender_without_an_address_is_braked_by_account_alone(fail: Fail, wait: Wait) -> None:
    for number in range(21):
        fail(f"guess-{number}@acme.example", "unix:")

    assert wait(address="unix:") == 0


def test_a_domain_is_braked_whoever_guesses_from_wherever(fail: Fail, wait: Wait) -> None:
    fail("ann@acme.example", times=100)
    fail("bob@acme.example", times=101)

    assert wait("Carol@ACME.example") == wait("nobody@acme.example") == 1
    assert wait("gina@globex.example") == 0


def test_nobodys_accounts_are_braked_like_those_of_a_company(fail: Fail, wait: Wait) -> None:
    for number in range(201):
        fail(f"guess-{number}@nowhere.example")

    assert wait(NOBODYS) == 1
    assert wait("gina@globex.example") == 0


def test_counts_that_a_failure_would_not_go_on_with_are_deleted(
    fail: Fail, admin: psycopg.Connection, clock: Clock
) -> None:
    fail(times=6, address="192.0.2.1")
    kept = admin.execute("select maintenance.delete_expired()").fetchone()
    clock.advance(minutes=15, seconds=2)

    deleted = admin.execute("select maintenance.delete_expired()").fetchone()

    assert (kept, deleted) == ((0,), (3,))
    assert admin.execute("select count(*) from data.brake").fetchone() == (0,)


def test_a_count_that_somebody_holds_is_left_and_not_waited_for(
    fail: Fail, admin: psycopg.Connection, clock: Clock, database: str
) -> None:
    fail(times=6, address="192.0.2.1")
    clock.advance(minutes=15, seconds=2)

    with psycopg.connect(database) as other:
        other.execute("select from data.brake where subject_kind = 'account' for update")
        admin.execute("set lock_timeout = '5s'")
        deleted = admin.execute("select maintenance.delete_expired()").fetchone()

    assert deleted == (2,)
