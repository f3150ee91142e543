"""Give the keys of a machine to the agents of the bridge that it comes to, who are not there."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from broker.caller import HeldKeys
from broker.ceremonies import Context
from broker.ceremonies.grants import AgentScope, agent_scopes
from broker.crypto.keys import Grant, check_value, scope_key
from broker.crypto.principals import Principal, PrincipalError, read_principal
from broker.crypto.sealed_keys import seal_key

FIND_TOKENS = "select * from keyring.bridge_tokens($1, $2, $3)"
NO_MACHINE = (None, None, None)

AgentGrant = tuple[
    UUID, UUID, int, bytes, bytes
]  # data.agent_grant: token, machine or team, version, wrapped, check value

logger = logging.getLogger(__name__)


def find_tokens(
    context: Context, team_name: str | None, bridge_name: str | None, machine_name: str | None
) -> list[dict[str, Any]]:
    """The agent tokens of a bridge, and the machine if there is one of that name.

    Raises:
        psycopg.Error: as the procedure: the machine or bridge is absent, or not the caller's, ...
    """
    return context.database.query(
        FIND_TOKENS, team_name, bridge_name, machine_name, token_hash=context.caller.token_hash
    )


def grant_machine(
    held: HeldKeys, machine_uuid: UUID, rows: list[dict[str, Any]]
) -> tuple[UUID, list[UUID], list[AgentGrant]]:
    """Seal a machine's keys to the tokens that can be trusted, and those of its pool to tokens that serve pools.

    Args:
        held: the company's keys.
        rows: as find_tokens answers them.

    Returns:
        data.machine_material
    """
    rows = [row for row in rows if row["token_id"] is not None]
    grants = [
        grant
        for row in rows
        for grant in seal_for_agent(
            held, agent_scopes([machine_uuid], [row["team_uuid"]]), row["token_id"], row["principal"]
        )
    ]
    return machine_uuid, [row["token_id"] for row in rows], grants


def seal_for_agent(
    held: HeldKeys, scopes: Iterable[AgentScope], token_id: UUID, packed: bytes | None
) -> list[AgentGrant]:
    """Seal the keys of machines and pools, of each version, to an agent's public half; nothing if it cannot be trusted.

    Args:
        packed: the agent's key pair as data.principal_of answers it.
    """
    company_uuid = held.company_uuid
    try:
        record, endorsement_key = read_principal(Principal(company_uuid, "agent", token_id), packed, held.company_keys)
    except PrincipalError:
        logger.warning("agent token %s is given no key: its key pair is not as the company made it", token_id)
        return []
    grants: list[AgentGrant] = []
    for kind, scope_id in scopes:
        for version, company_key in held.company_keys.items():
            key = scope_key(company_key, company_uuid, kind, scope_id)
            grant = Grant(company_uuid, "agent", token_id, kind, scope_id, version)
            sealed = seal_key(record.public_key, endorsement_key, key, grant)
            grants.append((token_id, scope_id, version, sealed, check_value(key)))
    return grants
