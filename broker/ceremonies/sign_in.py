"""A sign-in: from the keys that the password opens to keys that the new session's token opens."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.credentials import require_email, require_user_hash
from broker.ceremonies.grants import has_key_pair, make_session, unwrap_company_keys
from broker.ceremonies.passwords import Recipe, derive, make_password, new_recipe
from broker.crypto.identifiers import uuid7
from broker.crypto.password import PasswordParameters
from broker.crypto.tokens import new_session_token

FIND_USER = "select * from keyring.sign_in($1)"


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:  # noqa: ARG001  # as every ceremony
    """Try the password; if it is right, wrap the company's keys under the token of a new session.

    Whether the user may sign in is for the procedure to say.

    Raises:
        RefusedError: 400, headers that are missing or malformed.
        GateFullError: too many derivations wait already.
    """
    email, user_hash = require_email(context.sender), require_user_hash(context.sender)
    rows = context.database.query(FIND_USER, email)
    if not rows:
        # As long as for a user who exists, so that nobody learns from the time who does.
        derive(context, new_recipe(context), user_hash, uuid7())
        return refused(email)

    user = rows[0]
    company_uuid, user_uuid = user["company_uuid"], user["user_uuid"]
    parameters = PasswordParameters(user["argon2_memory_kib"], user["argon2_iterations"], user["argon2_lanes"])
    recipe = Recipe(user["argon2_salt"], parameters, user["instance_key_number"])
    keys = derive(context, recipe, user_hash, user_uuid)
    if not keys.matches(user["verifier"]):
        return refused(email)

    company_keys = unwrap_company_keys(rows, keys.kek, "user", user_uuid)
    upgrade = None
    # Without a key pair that can be trusted, later keys of the company could not reach him.
    reachable = has_key_pair(company_uuid, company_keys, "user", user_uuid, user["principal"])
    if recipe.is_outdated(context) or not reachable:
        upgrade = make_password(context, company_uuid, user_uuid, user_hash, company_keys)
    token, token_id = new_session_token(), uuid7()
    session = make_session(company_uuid, company_keys, token, token_id)
    material = (email, keys.proof, recipe.salt, upgrade, session)
    return Prepared({"sessionMaterial": material}, reveal={"next_request_token": token})


def refused(email: str) -> Prepared:
    """No session; the procedure says so, in one text for every reason."""
    return Prepared({"sessionMaterial": (email, None, None, None, None)})
