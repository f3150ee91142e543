"""Sessions with fewer rights than their user has, or without his second factor: what they cannot win or learn."""

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest

from broker.crypto import password
from broker.crypto.password import password_user_hash
from broker.crypto.tokens import token_hash
from tests.conftest import Clock
from tests.people import sign_in
from tests.racing import Race, race
from tests.second_factors import Authenticator, confirm, enrol, generate
from tests.world import PASSWORD, Caller, must

__all__ = ["race"]  # a fixture

ANN = "ann@acme.example"
OTHER = "0x" + password_user_hash("another").hex()
CURRENT = "0x" + password_user_hash(PASSWORD).hex()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AWAITS = ["this session awaits its second factor: call PrivilegeAuthenticationRequest with the code"]


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """New passwords cost next to nothing."""
    cheap = password.PasswordParameters(memory_kib=64, passes=1, lanes=1)
    monkeypatch.setattr(password, "CURRENT_PARAMETERS", cheap)


@pytest.fixture
def device(call: Caller, admin: psycopg.Connection) -> Authenticator:
    """Ann's second factor."""
    token: str = sign_in(call, ANN).row["nextRequestToken"]
    return enrol(call, token, admin)


@pytest.fixture
def pending(call: Caller, device: Authenticator) -> str:
    """Token of a session of ann's that awaits her code."""
    token: str = must(sign_in(call, ANN)).row["nextRequestToken"]
    return token


@pytest.fixture
def lesser(call: Caller) -> str:
    """Token of a new session of ann's with the rights of Users."""
    token: str = must(sign_in(call, ANN, requestedPermissions="Users")).row["nextRequestToken"]
    return token


def test_a_lesser_session_takes_no_account_over_by_a_new_password(call: Caller, lesser: str) -> None:
    refused = call("UpdateUserPassword", _as=lesser, newUserHash=OTHER)

    assert refused.failure == 403
    assert sign_in(call, ANN).failure == 0


def test_who_knows_the_password_may_change_it_in_a_lesser_session(call: Caller, lesser: str) -> None:
    assert call("UpdateUserPassword", _as=lesser, newUserHash=OTHER, currentUserHash=CURRENT).failure == 0


@pytest.mark.parametrize("members", [{}, {"requestedPermissions": "Administrators"}])
def test_a_new_session_with_all_rights_changes_it_without(call: Caller, members: dict[str, str]) -> None:
    token = must(sign_in(call, ANN, **members)).row["nextRequestToken"]

    assert call("UpdateUserPassword", _as=token, newUserHash=OTHER).failure == 0


def test_a_lesser_session_sets_up_no_second_factor_without_the_password(
    call: Caller, admin: psycopg.Connection, lesser: str
) -> None:
    device = Authenticator(admin, SECRET)

    refused = confirm(call, lesser, SECRET, device.code())
    must(generate(call, lesser))

    assert refused.failure == 403
    assert confirm(call, lesser, SECRET, device.code()).failure == 0


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("CreateQueueItem", {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}),
        ("CreateQueueItem", {"teamName": "none", "machineName": "none", "queueVault": "{}"}),
        ("UpdateTeamVault", {"teamName": "none", "teamVault": "{}", "vaultVersion": 1}),
        ("UpdateQueueItemResponse", {"queueId": 7, "responseVault": "{}"}),
        ("CreateAgentToken", {"machineName": "none"}),
        ("CreateMachine", {"teamName": "none", "bridgeName": "none", "machineName": "new"}),
        ("UpdateMachineAssignedBridge", {"teamName": "none", "machineName": "none", "newBridgeName": "north"}),
        ("CreateNewUser", {"newUserEmail": "bob@acme.example"}),
        ("UpdateUserToActivated", {"userEmail": "bob@acme.example"}),
        ("RotateCompanyKey", {}),
    ],
)
def test_a_session_without_its_second_factor_learns_of_nothing_that_is_there_or_not(
    call: Caller, pending: str, name: str, members: dict[str, Any]
) -> None:
    reply = call(name, _as=pending, **members)

    assert (reply.failure, reply.errors) == (403, AWAITS)


def statuses(failures: Iterable[int]) -> dict[int, int]:
    found = list(failures)
    return {failure: found.count(failure) for failure in found}


def test_of_many_wrong_codes_at_once_no_more_are_tried_than_the_brake_allows(
    call: Caller, race: Race, device: Authenticator, pending: str
) -> None:
    wrong = device.wrong_code()

    with race.held("select from data.company_user where email = %s for update", ANN):
        running = [
            race.start(lambda other: other("PrivilegeAuthenticationRequest", _as=pending, tfaCode=wrong))
            for _ in range(3)
        ]
        race.admin.execute(
            "insert into data.brake (subject_kind, subject, failure_count, last_failure_time, blocked_until) "
            "select 'account', %s, 5, earlier, earlier from (select data.clock() - interval '1 second') as a (earlier)",
            [ANN],
        )
    failures = [one.result(20).failure for one in running]

    assert statuses(failures) == {403: 1, 429: 2}


def test_the_brokers_role_can_tell_no_function_who_is_calling(admin: psycopg.Connection) -> None:
    callable_with_a_caller = admin.execute(
        "select routine.oid::regprocedure::text from pg_proc as routine "
        "where has_function_privilege('broker_app', routine.oid, 'execute') "
        "and has_schema_privilege('broker_app', routine.pronamespace, 'usage') "
        "and 'auth.caller'::regtype = any(routine.proargtypes::oid[])"
    ).fetchall()

    assert callable_with_a_caller == []


def test_a_session_that_was_idle_for_too_long_opens_no_key(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    held = "select count(*) from keyring.open_token(%s)"
    of = {name: token_hash(call.world.tokens[name]) for name in ("bob", "build-01")}
    before = {name: admin.execute(held, [digest]).fetchone() for name, digest in of.items()}
    clock.advance(hours=8, minutes=1)

    after = {name: admin.execute(held, [digest]).fetchone() for name, digest in of.items()}

    # The agent's: of its machine and of its team's pool.
    assert (before, after) == ({"bob": (1,), "build-01": (2,)}, {"bob": (0,), "build-01": (2,)})
