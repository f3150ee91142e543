"""The taking over of a company: from the keys that its recovery code opens to keys that a new password opens."""

import os
from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_recovery, recovery_proof
from broker.ceremonies.credentials import require_email, require_user_hash
from broker.ceremonies.grants import unwrap_company_keys
from broker.ceremonies.passwords import make_password
from broker.crypto.keys import KEY_BYTES, GrantError, recovery_key
from broker.crypto.tokens import CodeError, parse_recovery_code
from broker.errors import RefusedError

FIND_GRANTS = "select * from keyring.recovery($1)"


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try the code; if it is right, wrap the company's keys under the password, and under a new code.

    Whether the code may be used is for the procedure to say, which counts the tries.

    Raises:
        RefusedError: 400, headers that are missing or malformed, or a code that is none.
        GateFullError: too many derivations wait already.
    """
    email, user_hash = require_email(context.sender), require_user_hash(context.sender)
    try:
        secret = parse_recovery_code(arguments["recoveryCode"])
    except CodeError as error:
        raise RefusedError(400, str(error)) from error
    rows = context.database.query(FIND_GRANTS, email)
    if not rows:
        return refused(email, os.urandom(KEY_BYTES))
    company_uuid, user_uuid = rows[0]["company_uuid"], rows[0]["user_uuid"]
    key = recovery_key(secret, company_uuid)
    try:
        company_keys = unwrap_company_keys(rows, key, "recovery", company_uuid)
    except GrantError:
        return refused(email, recovery_proof(key))
    password = make_password(context, company_uuid, user_uuid, user_hash, company_keys)
    recovery, code = make_recovery(company_uuid, company_keys)
    material = (email, recovery_proof(key), password, recovery)
    return Prepared({"takeoverMaterial": material}, reveal={"recovery_code": code})


def refused(email: str, proof: bytes) -> Prepared:
    """Nothing is opened; the procedure says so, in one text for every reason."""
    return Prepared({"takeoverMaterial": (email, proof, None, None)})
