"""An invitation, the first or another: the company's keys, given to a user by an activation code."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.codes import make_invitation
from broker.crypto.identifiers import uuid7

NO_INVITATION = (None, None, None, None)
FIND_USER = "select keyring.invited_user($1) as user_uuid"


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Wrap the keys that the caller's session opens under a new activation code.

    Who is known already keeps his uuid: his vault and his teams are bound to it.

    Raises:
        RefusedError: 401, the token is not good.
        psycopg.Error: the same.
    """
    held = context.caller.refresh_keys()
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"invitationMaterial": NO_INVITATION})
    email = arguments["newUserEmail"] if "newUserEmail" in arguments else arguments["userEmail"]
    [row] = context.database.query(FIND_USER, email, token_hash=context.caller.token_hash)
    user_uuid = row["user_uuid"] or uuid7()
    invitation, code = make_invitation(context, held.company_uuid, held.company_keys, user_uuid)
    return Prepared({"invitationMaterial": invitation}, reveal={"activation_code": code})
