"""A token for an agent: it opens the scope keys of its machines, those of their pools, and nothing else."""

from collections.abc import Mapping
from typing import Any

from broker.ceremonies import Context, Prepared
from broker.ceremonies.grants import agent_scopes, make_key_pair, wrap_scope_keys
from broker.crypto.identifiers import uuid7
from broker.crypto.keys import token_key
from broker.crypto.tokens import new_agent_token, token_hash

FIND_SCOPES = "select machine_uuid, team_uuid from keyring.agent_machines($1, $2, $3)"
NO_TOKEN = (None, None, None, None)


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Wrap the scope keys of the token's machines, and of the pools it serves, under a new token.

    Raises:
        RefusedError: 401, the caller's token is not good.
        psycopg.Error: as the procedure: the machine or bridge is absent, or not the caller's, ...
    """
    held = context.caller.keys
    if not held.company_keys:
        # An agent's token: the procedure says who may call it.
        return Prepared({"tokenMaterial": NO_TOKEN})
    rows = context.database.query(
        FIND_SCOPES,
        arguments.get("machineName"),
        arguments.get("bridgeName"),
        "false" if arguments.get("pools") is False else "true",
        token_hash=context.caller.token_hash,
    )
    token, token_id = new_agent_token(), uuid7()
    wrapping_key = token_key(token, token_id, held.company_uuid)
    scopes = agent_scopes([row["machine_uuid"] for row in rows], [row["team_uuid"] for row in rows])
    grants = wrap_scope_keys(held.company_uuid, held.company_keys, scopes, wrapping_key, token_id)
    key_pair = make_key_pair(held.company_uuid, held.company_keys, wrapping_key, "agent", token_id)
    return Prepared({"tokenMaterial": (token_id, token_hash(token), grants, key_pair)}, reveal={"token": token})
