"""People who come without a token: they found companies, activate accounts, sign in, or come through SQL."""

from typing import Any

import psycopg

from broker.crypto.password import password_user_hash
from broker.crypto.tokens import new_activation_code
from tests.conftest import Clock
from tests.world import NOBODY, PASSWORD, Caller, Reply, must


def credentials(email: str, password: str = PASSWORD) -> dict[str, str]:
    """The headers of the calls that take a password."""
    return {"Rediacc-UserEmail": email, "Rediacc-UserHash": "0x" + password_user_hash(password).hex()}


def found_company(call: Caller, email: str, name: str = "Initech", **members: Any) -> Reply:
    """CreateNewCompany."""
    return call("CreateNewCompany", _as=NOBODY, _headers=credentials(email), companyName=name, **members)


def activate(call: Caller, email: str, code: str, password: str = PASSWORD) -> Reply:
    """ActivateUserAccount."""
    return call("ActivateUserAccount", _as=NOBODY, _headers=credentials(email, password), activationCode=code)


def recover(call: Caller, email: str, code: str, password: str = PASSWORD) -> Reply:
    """RecoverCompany."""
    return call("RecoverCompany", _as=NOBODY, _headers=credentials(email, password), recoveryCode=code)


def sign_in(call: Caller, email: str, password: str = PASSWORD, **members: Any) -> Reply:
    """CreateAuthenticationRequest."""
    members.setdefault("name", "tests")
    headers = credentials(email, password)
    return call("CreateAuthenticationRequest", _as=NOBODY, _headers=headers, **members)


def enter(call: Caller, email: str, code: str) -> str:
    """Activate an account and sign in; the session's token."""
    must(activate(call, email, code))
    token: str = sign_in(call, email).row["nextRequestToken"]
    return token


def guess(call: Caller, clock: Clock, email: str, times: int) -> None:
    """Try wrong activation codes, each when the brakes let it."""
    for _ in range(times):
        assert activate(call, email, new_activation_code()).failure == 403
        clock.advance(minutes=15)


def invite(call: Caller, email: str, by: str = "ann") -> str:
    """Invite a user; his activation code."""
    code: str = call("CreateNewUser", _as=by, newUserEmail=email).row["activationCode"]
    return code


def enter_company(call: Caller, email: str, **members: Any) -> str:
    """Found a company; the token of its administrator's session."""
    return enter(call, email, found_company(call, email, **members).row["activationCode"])


def refuse_in_sql(admin: psycopg.Connection, email: str, statement: str) -> tuple[str | None, str | None]:
    """Act as a user in SQL; SQLSTATE and message of the refusal of a statement."""
    try:
        with admin.transaction():
            admin.execute("select auth.act_as(%s, 'a test')", [email])
            admin.execute(statement.encode())
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary
    raise AssertionError(f"not refused: {statement}")
