"""RecoverCompany."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask

from broker.crypto.tokens import new_recovery_code, parse_recovery_code
from tests.conftest import Clock
from tests.people import activate, credentials, enter, found_company, invite, recover, sign_in
from tests.racing import SECONDS, Race, race
from tests.world import NOBODY, Caller, World, must

__all__ = ["race"]  # a fixture

PETER, MILTON = "peter@initech.example", "milton@initech.example"
NOT_GOOD = "the recovery code is not good for this e-mail: it is wrong, or was replaced, or the e-mail is of no user"
OLDER = (
    "this recovery code was made by an older version and cannot take the company over: "
    "an administrator can make a new one with CreateRecoveryCode"
)

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def code(call: Caller) -> str:
    """The recovery code of Initech, whose administrator is peter, with milton as a user."""
    made = found_company(call, PETER).row
    call.world.tokens["peter"] = enter(call, PETER, made["activationCode"])
    call.world.tokens["milton"] = enter(call, MILTON, invite(call, MILTON, by="peter"))
    recovery_code: str = made["recoveryCode"]
    return recovery_code


def test_the_code_sets_a_password_and_shows_the_next_code(call: Caller, code: str) -> None:
    row = recover(call, "Peter@initech.example", code, "chosen now").row

    assert parse_recovery_code(row.pop("recoveryCode"))
    assert row == {
        "userEmail": PETER,
        "companyName": "Initech",
        "result": f"company Initech recovered; {PETER} is its administrator",
    }
    assert sign_in(call, PETER, "chosen now").failure == 0
    assert sign_in(call, PETER).failure == 401


def test_what_was_sealed_before_is_read(call: Caller, code: str) -> None:
    must(call("CreateTeam", _as="peter", teamName="qa", teamVault='{"colour":"blue"}'))

    must(recover(call, PETER, code, "chosen now"))

    peter = sign_in(call, PETER, "chosen now").row["nextRequestToken"]
    [team] = [row for row in call("GetCompanyTeams", _as=peter).rows if row["teamName"] == "qa"]
    assert team["vaultContent"] == '{"colour":"blue"}'


def test_any_user_becomes_an_administrator(call: Caller, code: str) -> None:
    must(recover(call, MILTON, code))

    milton = sign_in(call, MILTON).row["nextRequestToken"]
    assert call("CreateTeam", _as=milton, teamName="qa").failure == 0
    assert call("UpdateUserToDeactivated", _as=milton, userEmail=PETER).failure == 0


def test_an_invited_user_needs_his_activation_code_no_more(call: Caller, code: str) -> None:
    activation_code = invite(call, "tom@initech.example", by="peter")

    must(recover(call, "tom@initech.example", code))

    assert sign_in(call, "tom@initech.example").failure == 0
    assert activate(call, "tom@initech.example", activation_code, "somebody else's").failure == 403


def test_a_deactivated_user_is_active_again(call: Caller, code: str) -> None:
    must(call("UpdateUserToDeactivated", _as="peter", userEmail=MILTON))

    must(recover(call, MILTON, code))

    assert sign_in(call, MILTON).failure == 0


def test_a_removed_user_is_none(call: Caller, code: str) -> None:
    must(call("DeleteUser", _as="peter", userEmail=MILTON))

    reply = recover(call, MILTON, code)

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])


def test_a_user_who_is_just_being_removed_is_none(call: Caller, code: str, race: Race) -> None:
    with race.acting("peter", "select api.delete_user(%s)", MILTON):
        waiting = race.start(lambda caller: recover(caller, MILTON, code))

    assert waiting.result(SECONDS).errors == [NOT_GOOD]


def test_his_sessions_and_his_second_factor_end(call: Caller, code: str, admin: psycopg.Connection) -> None:
    admin.execute(
        "update data.company_user set totp_secret = 'x', totp_key_number = 1, totp_enabled_time = now() "
        "where email = %s",
        [PETER],
    )

    must(recover(call, PETER, code))

    assert call("GetCompanyTeams", _as="peter").failure == 401
    assert call("GetCompanyTeams", _as="milton").failure == 0
    factors = admin.execute("select totp_secret from data.company_user where email = %s", [PETER]).fetchall()
    assert factors == [(None,)]


def test_a_code_is_good_once_and_the_next_one_afterwards(call: Caller, code: str) -> None:
    following = recover(call, PETER, code).row["recoveryCode"]

    again = recover(call, PETER, code)
    then = recover(call, MILTON, following)

    assert (again.failure, again.errors) == (403, [NOT_GOOD])
    assert then.failure == 0


def test_of_many_uses_at_once_one_succeeds(app: Flask, world: World, code: str) -> None:
    with ThreadPoolExecutor(5) as threads:
        replies = list(threads.map(lambda _: recover(world.caller(app.test_client()), PETER, code), range(5)))

    assert sorted(reply.failure for reply in replies) == [0, 403, 403, 403, 403]


def test_a_code_may_be_typed_without_its_dashes_and_in_lower_case(call: Caller, code: str) -> None:
    assert recover(call, PETER, code.replace("-", " ").lower()).failure == 0


@pytest.mark.parametrize("email", ["nobody@initech.example", "ann@acme.example"])
def test_a_code_is_good_for_users_of_its_company(call: Caller, code: str, email: str) -> None:
    reply = recover(call, email, code)

    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])


def test_a_wrong_code_is_counted_though_it_is_refused(call: Caller, code: str, admin: psycopg.Connection) -> None:
    reply = recover(call, PETER, new_recovery_code())

    tries = admin.execute(
        "select tries from data.recovery join data.company using (company_id) where company_name = 'Initech'"
    )
    assert (reply.failure, reply.errors) == (403, [NOT_GOOD])
    assert tries.fetchall() == [(1,)]
    assert recover(call, PETER, code).failure == 0


def test_the_audit_tells_of_a_failure_in_the_companys_own(call: Caller, code: str, admin: psycopg.Connection) -> None:
    for email in ("bob@acme.example", "nobody@nowhere.example"):
        assert recover(call, email, new_recovery_code()).failure == 403

    rows = admin.execute(
        "select company_name, actor, procedure_name, status, action, entity, entity_name, details, address "
        "from data.audit join data.company using (company_id) where status <> 0"
    ).fetchall()
    bob = "bob@acme.example"
    assert rows == [("Acme", bob, "RecoverCompany", 403, "RecoveryFailed", "Company", "Acme", NOT_GOOD, "127.0.0.1")]


def test_who_guesses_has_to_wait(call: Caller, code: str, clock: Clock) -> None:
    for _ in range(6):
        recover(call, PETER, new_recovery_code())

    at_once = recover(call, PETER, code)
    clock.advance(seconds=1)
    later = recover(call, PETER, code)

    assert (at_once.failure, at_once.headers["Retry-After"]) == (429, "1")
    assert later.failure == 0


@pytest.mark.parametrize("text", ["", "111111", "U" * 56, "A" * 57])
def test_a_text_that_is_no_code_is_no_try(call: Caller, code: str, admin: psycopg.Connection, text: str) -> None:
    reply = recover(call, PETER, text)

    tries = admin.execute("select sum(tries) from data.recovery").fetchall()
    assert (reply.failure, tries) == (400, [(0,)])
    assert "recovery code" in reply.errors[0]


@pytest.mark.parametrize("header", ["Rediacc-UserEmail", "Rediacc-UserHash"])
def test_needs_email_and_password(call: Caller, code: str, header: str) -> None:
    headers = credentials(PETER)
    del headers[header]

    reply = call("RecoverCompany", _as=NOBODY, _headers=headers, recoveryCode=code)

    assert reply.failure == 400
    assert header in reply.errors[0]


def test_says_so_to_who_holds_the_code_of_an_older_company(call: Caller, code: str, admin: psycopg.Connection) -> None:
    admin.execute("delete from data.recovery")

    right = recover(call, PETER, code)
    wrong = recover(call, PETER, new_recovery_code())

    assert (right.failure, right.errors) == (409, [OLDER])
    assert (wrong.failure, wrong.errors) == (403, [NOT_GOOD])
    assert sign_in(call, PETER).failure == 0


def test_the_brokers_word_is_not_proof(call: Caller, code: str, admin: psycopg.Connection) -> None:
    """Who can call the database as the broker does, without the code, does not get in."""
    made = "(decode(repeat('00', 16), 'hex'), 64, 1, 1, 1, sha256('x'), '{}', null)"

    [(status,)] = admin.execute(
        "select refused_status from api.recover_company(null, "
        f"row('{PETER}', sha256('x'), row{made}::data.password_material, null)::data.takeover_material)"
    ).fetchall()

    assert status == 403


def test_is_kept_in_the_audit_without_the_code(call: Caller, code: str, admin: psycopg.Connection) -> None:
    following = recover(call, MILTON, code).row["recoveryCode"]

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall()
    assert rows[-1] == (MILTON, "Recovered", "Company", "Initech", f"by recovery code; {MILTON} is an administrator")
    assert code not in str(rows)
    assert following not in str(rows)
