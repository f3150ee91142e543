"""Give the keys of a company to a holder, and take them out of what he holds."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from broker.crypto.keys import Grant, HolderKind, check_value, scope_key, unwrap_key, wrap_key

KeyGrant = tuple[str, UUID, int, bytes, bytes]  # data.key_grant: kind, id, version, wrapped, check value


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


def wrap_machine_keys(
    company_uuid: UUID,
    company_keys: Mapping[int, bytes],
    machine_uuids: Iterable[UUID],
    wrapping_key: bytes,
    token_id: UUID,
) -> list[KeyGrant]:
    """Wrap the scope keys of machines, of each version of the company key, for an agent's token."""
    grants: list[KeyGrant] = []
    for machine_uuid in machine_uuids:
        for version, company_key in company_keys.items():
            key = scope_key(company_key, company_uuid, "machine", machine_uuid)
            grant = Grant(company_uuid, "agent", token_id, "machine", machine_uuid, version)
            grants.append(("machine", machine_uuid, version, wrap_key(wrapping_key, key, grant), check_value(key)))
    return grants


def unwrap_company_keys(
    rows: Iterable[Mapping[str, Any]], wrapping_key: bytes, holder_kind: HolderKind, holder_id: UUID
) -> dict[int, bytes]:
    """Open the versions of the company key that a holder was given.

    Args:
        rows: each with company_uuid, key_version, wrapped and check_value.

    Returns:
        32 bytes each, by version.

    Raises:
        GrantError: they do not open with this key.
    """
    keys: dict[int, bytes] = {}
    for row in rows:
        company_uuid, version = row["company_uuid"], row["key_version"]
        grant = Grant(company_uuid, holder_kind, holder_id, "company", company_uuid, version)
        keys[version] = unwrap_key(wrapping_key, row["wrapped"], grant, row["check_value"])
    return keys
