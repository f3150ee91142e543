"""Try passwords and codes on what the database keeps of an account.

An account is a row of keyring.sign_in, which refuses when too much has been guessed: nothing is derived then.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context
from broker.ceremonies.passwords import Recipe, derive
from broker.crypto import totp
from broker.crypto.password import PasswordKeys, PasswordParameters
from broker.crypto.tokens import CodeError, parse_one_time_code

FIND_ACCOUNT = "select * from keyring.sign_in($1)"
FIND_OWN_ACCOUNT = "select * from keyring.own_account()"

Account = Mapping[str, Any]
Code = tuple[bytes, int | None, bytes | None] | None  # data.code_material: sealed secret, step, recovery code's hash


def find_account(context: Context, email: str) -> list[dict[str, Any]]:
    """What to try on: a row per version of the company key; none when there is no active user of that e-mail.

    Raises:
        psycopg.Error: JB429, so much has been guessed that it has to wait.
    """
    return context.database.query(FIND_ACCOUNT, email, origin=context.sender.origin)


def find_own_account(context: Context) -> dict[str, Any] | None:
    """Whose session calls: email, awaits_code, is_tfa_enabled; None when it is no session.

    Raises:
        psycopg.Error: JB401, the token is not good.
    """
    rows = context.database.query(FIND_OWN_ACCOUNT, token_hash=context.caller.token_hash)
    return rows[0] if rows else None


def recipe_of(account: Account) -> Recipe:
    """How the account's keys are derived from its password."""
    parameters = PasswordParameters(account["argon2_memory_kib"], account["argon2_iterations"], account["argon2_lanes"])
    return Recipe(account["argon2_salt"], parameters, account["instance_key_number"])


def try_password(context: Context, account: Account, user_hash: bytes) -> PasswordKeys | None:
    """What the password gives, or None when it is wrong.

    Raises:
        GateFullError: too many derivations wait already.
    """
    keys = derive(context, recipe_of(account), user_hash, account["user_uuid"])
    return keys if keys.matches(account["verifier"]) else None


def try_code(context: Context, account: Account, code: str | None) -> Code:
    """What a code is: of which time step, or what may be a recovery code. None: none was sent, or none is asked for.

    Whether it has been used is for the procedure to say.
    """
    sealed: bytes | None = account["totp_secret"]
    if sealed is None or code is None or not code.strip():
        return None
    digits = totp.read_digits(code)
    if digits is None:
        try:
            return sealed, None, hashlib.sha256(parse_one_time_code(code)).digest()
        except CodeError:
            return sealed, None, None
    number = account["totp_key_number"]
    key = context.keyring.key(number)
    secret = totp.open_secret(sealed, key, number, account["company_uuid"], account["user_uuid"])
    return sealed, totp.find_step(secret, digits, account["asked_time"].timestamp()), None
