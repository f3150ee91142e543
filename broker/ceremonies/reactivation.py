"""A user who comes back: keys that came while he was away, sealed to his key pair."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.grants import KeyGrant
from broker.crypto.keys import Grant, check_value
from broker.crypto.principals import Principal, PrincipalError, read_principal
from broker.crypto.sealed_keys import seal_key

FIND_USER = "select * from keyring.lacking_keys($1)"


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Seal what he lacks to his public half, if the company vouches for it; else nothing, and the procedure refuses.

    Raises:
        RefusedError: 401, the token is not good.
        psycopg.Error: the same.
    """
    held = context.caller.refresh_keys()
    rows = context.database.query(FIND_USER, arguments["userEmail"], token_hash=context.caller.token_hash)
    if not rows:
        return Prepared({"regrantMaterial": None})
    user = rows[0]
    principal = Principal(held.company_uuid, "user", user["user_uuid"])
    grants = seal_versions(held.company_keys, principal, user["principal"], user["key_versions"])
    return Prepared({"regrantMaterial": (user["user_uuid"], grants)})


def seal_versions(
    company_keys: Mapping[int, bytes], principal: Principal, packed: bytes | None, versions: list[int]
) -> list[KeyGrant]:
    """Grant versions of the company key to a principal who is not there.

    Args:
        packed: his key pair as data.principal_of answers it.

    Returns:
        Nothing, if no living version vouches for the pair.
    """
    try:
        record, endorsement_key = read_principal(principal, packed, company_keys)
    except PrincipalError:
        return []
    company_uuid = principal.company_uuid
    grants: list[KeyGrant] = []
    for version in company_keys.keys() & set(versions):
        key = company_keys[version]
        grant = Grant(company_uuid, "user", principal.holder_id, "company", company_uuid, version)
        sealed = seal_key(record.public_key, endorsement_key, key, grant)
        grants.append(("company", company_uuid, version, sealed, check_value(key)))
    return grants
