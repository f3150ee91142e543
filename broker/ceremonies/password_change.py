"""A new password of one's own: the keys that the session opens, wrapped under what the new password gives."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.credentials import parse_user_hash
from broker.ceremonies.own_password import NOT_SHOWN, show_own_password
from broker.ceremonies.passwords import make_password
from broker.crypto.password import password_user_hash
from broker.errors import RefusedError


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try the current password, if it was sent, and set the new one.

    Whether the current password is needed is for the procedure to say, which judges the proof too.

    Raises:
        RefusedError: 400, no new password, two of them, or hashes that are malformed; 401, the token is not good.
        GateFullError: too many derivations wait already.
        psycopg.Error: 401, the token is not good.
    """
    new_hash = read_new_hash(arguments)
    held = context.caller.refresh_keys()
    shown = show_own_password(context, arguments)
    password = None
    if shown is not None and shown.is_right and held.company_keys:
        password = make_password(context, held.company_uuid, shown.user_uuid, new_hash, held.company_keys)
    return Prepared({"currentMaterial": NOT_SHOWN if shown is None else shown.material, "passwordMaterial": password})


def read_new_hash(arguments: Mapping[str, Any]) -> bytes:
    """The 32 bytes that stand for the new password.

    Raises:
        RefusedError: 400, neither or both members were sent, or one that is malformed.
    """
    typed, hashed = arguments.get("userNewPass"), arguments.get("newUserHash")
    if (typed is None) == (hashed is None):
        raise RefusedError(400, 'the new password is needed in "userNewPass" or "newUserHash", not in both')
    if hashed is not None:
        return parse_user_hash(hashed, "newUserHash")
    if not typed:
        raise RefusedError(400, 'member "userNewPass" must not be empty')
    return password_user_hash(typed)
