"""A second factor: made, confirmed by its first code, removed. The procedure is told what was shown, and no secret."""

import hashlib
from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.credentials import parse_user_hash
from broker.ceremonies.verification import Account, find_account, find_own_account, try_code, try_password
from broker.crypto import totp
from broker.crypto.tokens import new_one_time_code, parse_one_time_code
from broker.errors import RefusedError

RECOVERY_CODES = 10
# data.second_factor_material: proof, salt, code, sealed secret, number of the instance key, hashes of recovery codes
NOTHING = (None, None, None, None, None, None)


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try what was sent, and make what the step needs.

    Raises:
        RefusedError: 400, a member that the step needs is missing or malformed.
        psycopg.Error: JB401, the token is not good; JB429, so much has been guessed that it has to wait.
        GateFullError: too many derivations wait already.
    """
    own = find_own_account(context)
    enable: bool = arguments["enable"]
    confirms = enable and not arguments.get("generateOnly") and is_confirmation(arguments)
    if own is None or own["awaits_code"] or own["is_tfa_enabled"] is enable:
        # An agent, a session that may not call, or nothing to do: the procedure says so.
        return told(confirms, NOTHING)
    if confirms:
        return confirm(context, own["email"], arguments)

    user_hash = parse_user_hash(require(arguments, "userHash"), "userHash")
    code = None if enable else require(arguments, "currentCode")
    rows = find_account(context, own["email"])
    keys = try_password(context, rows[0], user_hash) if rows else None
    if keys is None:
        return told(False, NOTHING)
    shown = keys.proof, rows[0]["argon2_salt"], try_code(context, rows[0], code), None, None, None
    if not enable:
        return told(False, shown)
    secret = totp.new_secret()
    uri = totp.secret_uri(secret, own["email"])
    return told(False, shown, {"secret": totp.format_secret(secret), "otpauth_uri": uri})


def is_confirmation(arguments: Mapping[str, Any]) -> bool:
    """Whether a secret that was made is to be kept; a code says so too."""
    return bool(arguments.get("confirmEnable") or arguments.get("verificationCode"))


def confirm(context: Context, email: str, arguments: Mapping[str, Any]) -> Prepared:
    """Try the first code of a secret; if it is right, seal the secret and make recovery codes."""
    text, code = require(arguments, "secret"), require(arguments, "verificationCode")
    try:
        secret = totp.parse_secret(text)
    except totp.SecretError as error:
        raise RefusedError(400, str(error)) from error
    rows = find_account(context, email)
    if not rows or not is_code_of(secret, code, rows[0]):
        return told(True, NOTHING)
    number = context.keyring.current
    owner = rows[0]["company_uuid"], rows[0]["user_uuid"]
    sealed = totp.seal_secret(secret, context.keyring.key(number), number, *owner)
    codes = [new_one_time_code() for _ in range(RECOVERY_CODES)]
    hashes = [hashlib.sha256(parse_one_time_code(code)).digest() for code in codes]
    return told(True, (None, None, None, sealed, number, hashes), {"recovery_codes": " ".join(codes)})


def is_code_of(secret: bytes, code: str, account: Account) -> bool:
    """Whether a code is the secret's at the database's time."""
    digits = totp.read_digits(code)
    return digits is not None and totp.find_step(secret, digits, account["asked_time"].timestamp()) is not None


def require(arguments: Mapping[str, Any], member: str) -> str:
    """A member that this step needs.

    Raises:
        RefusedError: 400, it is missing.
    """
    text: str | None = arguments.get(member)
    if text is None:
        raise RefusedError(400, f'member "{member}" is needed for this step')
    return text


def told(confirms: bool, shown: tuple[Any, ...], reveal: Mapping[str, str] | None = None) -> Prepared:
    """What the procedure hears: the step, what was shown, and none of the secrets."""
    hidden = dict.fromkeys(("userHash", "secret", "verificationCode", "currentCode"))
    return Prepared({**hidden, "confirmEnable": confirms, "secondFactorMaterial": shown}, reveal=reveal or {})
