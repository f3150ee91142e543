"""CreateRecoveryCode."""

import psycopg
import pytest

from broker.crypto.tokens import parse_recovery_code
from tests.conftest import Clock
from tests.people import credentials, recover, refuse_in_sql, sign_in
from tests.procedures.test_update_user_password import NEEDED, WRONG
from tests.world import NOBODY, PASSWORD, Caller, Reply, must

ANN = "ann@acme.example"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def replace_code(call: Caller, by: str = "ann", current: str | None = PASSWORD) -> Reply:
    shown = {} if current is None else {"currentUserHash": credentials(ANN, current)["Rediacc-UserHash"]}
    return call("CreateRecoveryCode", _as=by, _headers=None, **shown)


def test_shows_a_new_code(call: Caller) -> None:
    row = replace_code(call).row

    assert parse_recovery_code(row.pop("recoveryCode"))
    assert row == {"companyName": "Acme", "result": "the recovery code before this one is dead"}


def test_the_new_code_recovers_the_company(call: Caller) -> None:
    code = replace_code(call).row["recoveryCode"]

    assert recover(call, ANN, code, "chosen now").failure == 0
    assert sign_in(call, ANN, "chosen now").failure == 0


def test_the_code_before_is_dead(call: Caller) -> None:
    old = replace_code(call).row["recoveryCode"]

    must(replace_code(call))

    assert recover(call, ANN, old).failure == 403


def test_makes_a_code_for_a_company_that_has_none_to_prove(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("delete from data.recovery")

    code = replace_code(call).row["recoveryCode"]

    assert recover(call, ANN, code).failure == 0


def test_a_young_session_needs_no_password(call: Caller) -> None:
    young = sign_in(call, ANN).row["nextRequestToken"]

    assert replace_code(call, by=young, current=None).failure == 0


def test_an_older_session_needs_the_password(call: Caller, clock: Clock) -> None:
    session = sign_in(call, ANN).row["nextRequestToken"]
    clock.advance(minutes=10)

    reply = replace_code(call, by=session, current=None)

    assert (reply.failure, reply.errors) == (403, [NEEDED])


def test_a_wrong_password_is_refused_and_counted(call: Caller, admin: psycopg.Connection) -> None:
    reply = replace_code(call, current="a guess")

    counted = admin.execute("select failure_count from data.brake where subject = %s", [ANN]).fetchall()
    assert (reply.failure, reply.errors) == (403, [WRONG])
    assert counted == [(1,)]


def test_refuses_a_hash_that_is_none(call: Caller) -> None:
    reply = call("CreateRecoveryCode", _as="ann", currentUserHash="0x12")

    assert (reply.failure, reply.errors) == (400, ['member "currentUserHash" must be 0x and 64 hexadecimal digits'])


@pytest.mark.parametrize(("caller", "failure"), [("bob", 403), ("build-01", 403), ("north", 403), (NOBODY, 401)])
def test_is_for_administrators(call: Caller, caller: str, failure: int) -> None:
    assert replace_code(call, by=caller).failure == failure


def test_a_sql_admin_holds_no_key_to_give(admin: psycopg.Connection) -> None:
    refusal = refuse_in_sql(admin, ANN, "select api.create_recovery_code(null, null)")

    assert refusal == ("JB403", "this call wraps keys: make it through the broker")


def test_is_kept_in_the_audit_without_the_code(call: Caller, admin: psycopg.Connection) -> None:
    code = replace_code(call).row["recoveryCode"]

    rows = admin.execute("select actor, action, entity, entity_name, details from data.audit").fetchall()
    assert rows[-1] == (ANN, "RecoveryCodeReplaced", "Company", "Acme", None)
    assert code not in str(rows)
