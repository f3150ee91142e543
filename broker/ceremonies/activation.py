"""The activation of an account: from the keys that the code opens to keys that the password opens."""

import os
from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import invitation_proof
from broker.ceremonies.credentials import require_email, require_user_hash
from broker.ceremonies.grants import unwrap_company_keys
from broker.ceremonies.passwords import make_password
from broker.crypto.keys import KEY_BYTES, GrantError, fixed_invitation_key, invitation_key
from broker.crypto.tokens import CodeError, parse_activation_code
from broker.errors import RefusedError

FIND_INVITATION = "select * from keyring.invitation($1)"


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try the code; if it is right, wrap the company's keys under the password.

    Whether the code is still good is for the procedure to say, which counts the tries.

    Raises:
        RefusedError: 400, headers that are missing or malformed, or a code that is none.
        GateFullError: too many derivations wait already.
    """
    email, user_hash = require_email(context.sender), require_user_hash(context.sender)
    code: str = arguments["activationCode"]
    secret = read_code(code, forgiving=context.config.activation_code is not None)
    rows = context.database.query(FIND_INVITATION, email)
    key = find_key(context, code, secret, rows)
    password = None
    if key is not None:
        company_uuid, user_uuid = rows[0]["company_uuid"], rows[0]["user_uuid"]
        try:
            company_keys = unwrap_company_keys(rows, key, "invitation", user_uuid)
        except GrantError:
            pass
        else:
            password = make_password(context, company_uuid, user_uuid, user_hash, company_keys)
    proof = os.urandom(KEY_BYTES) if key is None else invitation_proof(key)
    return Prepared({"activationMaterial": (email, proof, password)})


def read_code(text: str, *, forgiving: bool) -> bytes | None:
    """The 16 bytes of a code.

    Args:
        forgiving: other texts may be codes too, so give None for them.

    Raises:
        RefusedError: 400, it is none; the text says what is wrong with it.
    """
    try:
        return parse_activation_code(text)
    except CodeError as error:
        if forgiving:
            return None
        raise RefusedError(400, str(error)) from error


def find_key(context: Context, code: str, secret: bytes | None, rows: list[dict[str, Any]]) -> bytes | None:
    """The key that the code gives for the invitation, or None when there is nothing to try it on."""
    if not rows:
        return None
    company_uuid, user_uuid, number = (rows[0][name] for name in ("company_uuid", "user_uuid", "instance_key_number"))
    if number is None:
        return None if secret is None else invitation_key(secret, user_uuid, company_uuid)
    if context.config.activation_code is None:
        # Made while a short code was set for everybody: with the setting such codes end.
        return None
    return fixed_invitation_key(code.strip(), context.keyring.key(number), user_uuid, company_uuid)
