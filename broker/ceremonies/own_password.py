"""That a caller knows his own password, for what an open screen or a stolen token must not be enough for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from broker.ceremonies import Context
from broker.ceremonies.credentials import parse_user_hash
from broker.ceremonies.passwords import derive
from broker.ceremonies.verification import recipe_of

FIND_OWN = "select * from keyring.own_password($1)"
OwnPassword = tuple[bytes | None, bytes | None]  # data.own_password_material: salt, proof
NOT_SHOWN: OwnPassword = (None, None)


@dataclass(frozen=True)
class Shown:
    """What a caller has shown of his password.

    Attributes:
        is_right: it is the current one, or none was sent; the procedure judges by itself.
    """

    user_uuid: UUID
    material: OwnPassword = field(repr=False)
    is_right: bool


def show_own_password(context: Context, arguments: Mapping[str, Any]) -> Shown | None:
    """Make the proof from the member currentUserHash.

    Returns:
        None when the caller is no user who may call: the procedure says so.

    Raises:
        RefusedError: 400, it is malformed.
        GateFullError: too many derivations wait already.
        psycopg.Error: 401, the token is not good; 429, there were too many wrong ones before.
    """
    text = arguments.get("currentUserHash")
    user_hash = None if text is None else parse_user_hash(text, "currentUserHash")
    tried = "false" if user_hash is None else "true"
    token_hash, origin = context.caller.token_hash, context.sender.origin
    rows = context.database.query(FIND_OWN, tried, token_hash=token_hash, origin=origin)
    if not rows:
        return None
    user = rows[0]
    if user_hash is None:
        return Shown(user["user_uuid"], NOT_SHOWN, is_right=True)
    keys = derive(context, recipe_of(user), user_hash, user["user_uuid"])
    return Shown(user["user_uuid"], (user["argon2_salt"], keys.proof), is_right=keys.matches(user["verifier"]))
