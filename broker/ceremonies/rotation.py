"""A step of the rotation of a company's key: keys for everybody, and data keys wrapped anew."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, fields
from typing import Any
from uuid import UUID

from broker.caller import HeldKeys
from broker.ceremonies import Context, Prepared
from broker.ceremonies.grants import AgentScope, agent_scopes
from broker.crypto.keys import Grant, KeyKind, check_value, new_company_key, scope_key
from broker.crypto.principals import Principal, PrincipalError, endorse_principal, read_principal
from broker.crypto.sealed_keys import seal_key
from broker.crypto.vault import VaultError, VaultOwner, key_version_of, rewrap_vault
from broker.errors import RefusedError

FIND_VERSIONS = "select * from keyring.company_keys()"
FIND_HOLDERS = "select * from keyring.holders_without($1, $2)"
FIND_VAULTS = "select * from keyring.older_vaults($1, $2, $3)"
HOLDERS_AT_ONCE = 20_000  # 0.4 ms each: a call lasts at most a minute
DEFAULT_BATCH, LARGEST_BATCH = 500, 1_000
NO_ROTATION = (None,) * 8

logger = logging.getLogger(__name__)


@dataclass
class Step:
    """What one call does: the attributes of data.rotation_material, in its order."""

    key_version: int
    check_value: bytes | None
    last_read: int | None = None
    grants: list[tuple[Any, ...]] = field(default_factory=list)
    pairs: list[tuple[Any, ...]] = field(default_factory=list)
    strangers: list[UUID] = field(default_factory=list)
    vaults: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)

    def as_material(self) -> tuple[Any, ...]:
        """The row type's value."""
        return tuple(getattr(self, attribute.name) for attribute in fields(self))


def prepare(context: Context, arguments: Mapping[str, Any]) -> Prepared:
    """Make the new key if no rotation is under way; give it to who lacks it; wrap a batch of data keys anew.

    Raises:
        RefusedError: 401, the token is not good; 409, the session lacks a living version of the key.
    """
    rows = context.database.query(FIND_VERSIONS, token_hash=context.caller.token_hash)
    versions = [row["key_version"] for row in rows]
    named = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", arguments.get("cursor") or "0:0")
    batch = arguments.get("batchSize") or DEFAULT_BATCH
    held = context.caller.keys
    if not versions or not held.company_keys or named is None or not 1 <= batch <= LARGEST_BATCH:
        # The procedure says what is wrong.
        return Prepared({"rotationMaterial": NO_ROTATION})
    if not held.company_keys.keys() >= set(versions):
        held = context.caller.refresh_keys()
    if not held.company_keys.keys() >= set(versions):
        # What this session cannot open would pass for what nobody can open.
        raise RefusedError(409, "this session does not hold every living version of the company's key: sign in again")
    company_keys = dict(held.company_keys)
    step = Step(max(versions), None)
    if len(versions) == 1:
        if int(named[1]):
            return Prepared({"rotationMaterial": step.as_material()})
        step.key_version += 1
        company_keys[step.key_version] = new_company_key()
        step.check_value = check_value(company_keys[step.key_version])
        context.caller.forget()  # what he does next, he does with the new key

    widened = HeldKeys(held.company_uuid, company_keys)
    holders = find(context, FIND_HOLDERS, step.key_version, HOLDERS_AT_ONCE)
    grant_everybody(step, widened, holders)
    if step.check_value and holders[0]["holder_id"] in step.strangers:
        # The caller's session comes first. Nobody might hold a key that is made for those who can be trusted.
        raise RefusedError(409, "the key pair of this session is not as the company made it: sign in again")
    step.last_read = int(named[2])
    if len(holders) < HOLDERS_AT_ONCE:
        # Not earlier: who has not been given the new key yet still has to read.
        rows = find(context, FIND_VAULTS, step.key_version, step.last_read, batch)
        rewrap_batch(step, widened, rows)
        step.last_read = rows[-1]["vault_record_id"] if len(rows) == batch else None
    return Prepared({"rotationMaterial": step.as_material()})


def find(context: Context, text: str, *values: int) -> list[dict[str, Any]]:
    """Rows of a function of schema keyring, asked in the caller's name."""
    return context.database.query(text, *map(str, values), token_hash=context.caller.token_hash)


def grant_everybody(step: Step, keys: HeldKeys, holders: Iterable[Mapping[str, Any]]) -> None:
    """Seal the step's key to each holder whose key pair an older one vouches for, and let the new one vouch for it.

    Args:
        keys: the company's, the new one included.
        holders: as keyring.holders_without answers them.
    """
    version = step.key_version
    for row in holders:
        scopes = agent_scopes(row["machine_uuids"] or (), row["team_uuids"] or ())
        principal = Principal(keys.company_uuid, row["holder_kind"], row["holder_id"])
        try:
            record, endorsement_key = read_principal(principal, row["principal"], keys.company_keys)
        except PrincipalError:
            logger.warning("%s %s is given no key: its key pair is not as the company made it", *astuple(principal)[1:])
            step.strangers.append(principal.holder_id)
            continue
        step.grants += seal_for_holder(keys, principal, record.public_key, endorsement_key, version, scopes)
        if record.key_version < version:
            company_keys = keys.company_keys[record.key_version], keys.company_keys[version]
            endorsed = endorse_principal(principal, record, *company_keys, version)
            step.pairs.append((*astuple(principal)[1:], record.public_key, version, endorsed.endorsement, endorsed.mac))


def seal_for_holder(
    keys: HeldKeys,
    principal: Principal,
    public_key: bytes,
    endorsement_key: bytes,
    version: int,
    scopes: Iterable[AgentScope],
) -> Iterator[tuple[Any, ...]]:
    """Grants of the type data.holder_grant: of an agent's machines and pools, or of the company's key."""
    company_key, company_uuid = keys.company_keys[version], keys.company_uuid
    given: list[tuple[KeyKind, UUID, bytes]] = [("company", company_uuid, company_key)]
    if principal.holder_kind == "agent":
        given = [
            (scope_kind, scope_id, scope_key(company_key, company_uuid, scope_kind, scope_id))
            for scope_kind, scope_id in scopes
        ]
    for kind, key_id, key in given:
        grant = Grant(company_uuid, principal.holder_kind, principal.holder_id, kind, key_id, version)
        sealed = seal_key(public_key, endorsement_key, key, grant)
        yield *astuple(principal)[1:], public_key, kind, key_id, version, sealed, check_value(key)


def rewrap_batch(step: Step, keys: HeldKeys, rows: Iterable[dict[str, Any]]) -> None:
    """Wrap data keys under the step's key.

    Args:
        rows: as keyring.older_vaults answers them.
    """
    version = step.key_version
    for row in rows:
        number, wrapped_key = row["vault_record_id"], row["wrapped_key"]
        owner = VaultOwner(**{attribute.name: row[attribute.name] for attribute in fields(VaultOwner)})
        old_key = keys.scope_key(owner.scope_kind, owner.scope_id, key_version_of(wrapped_key))
        new_key = keys.scope_key(owner.scope_kind, owner.scope_id, version)
        try:
            if old_key is None or new_key is None:
                raise VaultError  # noqa: TRY301  # the same as one that does not open
            rewrapped = rewrap_vault(owner, row["vault_id"], wrapped_key, keys.company_uuid, old_key, new_key, version)
        except VaultError:
            step.unreadable.append(number)
        else:
            step.vaults.append((number, wrapped_key, rewrapped))
