"""Give the keys of a company to a holder, and take them out of what he holds."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import Any, Literal
from uuid import UUID

from broker.crypto.held import KeyOpener
from broker.crypto.keys import Grant, GrantError, HolderKind, check_value, scope_key, token_key, wrap_key
from broker.crypto.principals import (
    Principal,
    PrincipalError,
    PrincipalKind,
    make_principal,
    read_principal,
)
from broker.crypto.tokens import token_hash

KeyGrant = tuple[str, UUID, int, bytes, bytes]  # data.key_grant: kind, id, version, wrapped, check value
AgentScope = tuple[Literal["machine", "team"], UUID]
KeyPair = tuple[Any, ...]  # data.principal_material, the attributes of a PrincipalRecord
Token = tuple[UUID, bytes, list[KeyGrant], KeyPair]  # data.token_material: id, hash, grants, key pair

logger = logging.getLogger(__name__)


def wrap_company_keys(
    company_uuid: UUID, company_keys: Mapping[int, bytes], wrapping_key: bytes, holder_kind: HolderKind, holder_id: UUID
) -> list[KeyGrant]:
    """Wrap each version of the company key for a holder.

    Args:
        company_keys: 32 bytes each, by version.
        wrapping_key: 32 bytes, what the holder derives from password, token or code.
    """
    return [
        (
            "company",
            company_uuid,
            version,
            wrap_key(wrapping_key, key, Grant(company_uuid, holder_kind, holder_id, "company", company_uuid, version)),
            check_value(key),
        )
        for version, key in company_keys.items()
    ]


def wrap_scope_keys(
    company_uuid: UUID,
    company_keys: Mapping[int, bytes],
    scopes: Iterable[AgentScope],
    wrapping_key: bytes,
    token_id: UUID,
) -> list[KeyGrant]:
    """Wrap the keys of machines and pools, of each version of the company key, for an agent's token."""
    grants: list[KeyGrant] = []
    for kind, scope_id in scopes:
        for version, company_key in company_keys.items():
            key = scope_key(company_key, company_uuid, kind, scope_id)
            grant = Grant(company_uuid, "agent", token_id, kind, scope_id, version)
            grants.append((kind, scope_id, version, wrap_key(wrapping_key, key, grant), check_value(key)))
    return grants


def agent_scopes(machine_uuids: Iterable[UUID | None], team_uuids: Iterable[UUID | None]) -> list[AgentScope]:
    """What an agent's keys are of: machines, and teams with pools; None is none."""
    machines: list[AgentScope] = [("machine", scope_id) for scope_id in machine_uuids if scope_id]
    return machines + [("team", scope_id) for scope_id in team_uuids if scope_id]


def unwrap_company_keys(
    rows: Iterable[Mapping[str, Any]], wrapping_key: bytes, holder_kind: HolderKind, holder_id: UUID
) -> dict[int, bytes]:
    """Open the versions of the company key that a holder was given.

    Args:
        rows: each with company_uuid, key_version, wrapped, check_value and, save of an invitation, principal.

    Returns:
        32 bytes each, by version.

    Raises:
        GrantError: none of them opens with this key.
    """
    opener: KeyOpener | None = None
    keys: dict[int, bytes] = {}
    failed: list[int] = []
    for row in rows:
        company_uuid, version = row["company_uuid"], row["key_version"]
        opener = opener or KeyOpener(company_uuid, holder_kind, holder_id, wrapping_key, row.get("principal"))
        try:
            keys[version] = opener.open("company", company_uuid, version, row["wrapped"], row["check_value"])
        except GrantError:
            failed.append(version)
    if failed and not keys:
        raise GrantError
    if failed:
        logger.error("%s %s does not open versions %s of the company key", holder_kind, holder_id, failed)
    return keys


def make_key_pair(
    company_uuid: UUID,
    company_keys: Mapping[int, bytes],
    wrapping_key: bytes,
    holder_kind: PrincipalKind,
    holder_id: UUID,
) -> KeyPair:
    """Make the key pair by which a holder can be given keys later.

    Args:
        company_keys: as wrap_company_keys; the newest vouches for the pair.
        wrapping_key: likewise.
    """
    version = max(company_keys)
    principal = Principal(company_uuid, holder_kind, holder_id)
    return astuple(make_principal(principal, wrapping_key, company_keys[version], version))


def has_key_pair(
    company_uuid: UUID,
    company_keys: Mapping[int, bytes],
    holder_kind: PrincipalKind,
    holder_id: UUID,
    packed: bytes | None,
) -> bool:
    """Tell whether a holder has a key pair that a living version of the company key vouches for.

    Args:
        packed: what data.principal_of answers.
    """
    try:
        read_principal(Principal(company_uuid, holder_kind, holder_id), packed, company_keys)
    except PrincipalError:
        return False
    return True


def make_session(company_uuid: UUID, company_keys: Mapping[int, bytes], token: str, token_id: UUID) -> Token:
    """What SQL keeps of a session's new token: what it is recognised by, and the company's keys for its holder."""
    wrapping_key = token_key(token, token_id, company_uuid)
    return (
        token_id,
        token_hash(token),
        wrap_company_keys(company_uuid, company_keys, wrapping_key, "session", token_id),
        make_key_pair(company_uuid, company_keys, wrapping_key, "session", token_id),
    )
