"""A sign-in: from the keys that the password opens to keys that the new session's token opens."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.credentials import require_email, require_user_hash
from broker.ceremonies.grants import has_key_pair, make_session, unwrap_company_keys
from broker.ceremonies.passwords import derive, make_password, new_recipe
from broker.ceremonies.verification import find_account, recipe_of, try_code, try_password
from broker.crypto.identifiers import uuid7
from broker.crypto.tokens import new_session_token


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Try password and code; if the password is right, wrap the company's keys under the token of a new session.

    Whether the user may sign in is for the procedure to say.

    Raises:
        RefusedError: 400, headers that are missing or malformed.
        psycopg.Error: JB429, so much has been guessed that it has to wait.
        GateFullError: too many derivations wait already.
    """
    email, user_hash = require_email(context.sender), require_user_hash(context.sender)
    rows = find_account(context, email)
    if not rows:
        # As long as for a user who exists, so that nobody learns from the time who does.
        derive(context, new_recipe(context), user_hash, uuid7())
        return refused(email)

    user = rows[0]
    keys = try_password(context, user, user_hash)
    if keys is None:
        return refused(email)

    company_uuid, user_uuid = user["company_uuid"], user["user_uuid"]
    company_keys = unwrap_company_keys(rows, keys.kek, "user", user_uuid)
    recipe, upgrade = recipe_of(user), None
    # Without a key pair that can be trusted, later keys of the company could not reach him.
    reachable = has_key_pair(company_uuid, company_keys, "user", user_uuid, user["principal"])
    if recipe.is_outdated(context) or not reachable:
        upgrade = make_password(context, company_uuid, user_uuid, user_hash, company_keys)
    token, token_id = new_session_token(), uuid7()
    session = make_session(company_uuid, company_keys, token, token_id)
    code = try_code(context, user, arguments.get("tfaCode"))
    material = (email, keys.proof, recipe.salt, upgrade, session, code)
    return Prepared({"tfaCode": None, "sessionMaterial": material}, reveal={"next_request_token": token})


def refused(email: str) -> Prepared:
    """No session; the procedure says so, in one text for every reason."""
    return Prepared({"tfaCode": None, "sessionMaterial": (email, None, None, None, None, None)})
