"""Seal the vaults of a call: find out what each belongs to, and with which key."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from broker.caller import Caller, HeldKeys
from broker.contract.header import Seal
from broker.contract.registry import Column, Procedure, Type
from broker.crypto.fingerprint import fingerprint_key
from broker.crypto.identifiers import uuid7
from broker.crypto.vault import VaultOwner, VaultRecord, owner_context, seal_vault
from broker.database.arguments import dump
from broker.database.database import Database
from broker.errors import RefusedError

CACHED_OWNERS = 20_000
FIND_TARGET = "select * from keyring.vault_target($1, $2::jsonb)"
FIND_TARGETS = "select * from unnest(keyring.vault_targets($1, $2::jsonb))"
LISTED_TARGETS = ("new_item", "item")  # whose procedures say, item by item, why a vault was not sealed
NO_KEY = "this token holds no key for what the vault belongs to"

OwnerKey = tuple[UUID, str, str]
AskedKey = tuple[OwnerKey | None, str | None]  # with the claimToken, which says which attempt answers
ScopeKey = tuple[int, bytes]  # version and key


@dataclass(frozen=True)
class Target:
    """What a vault has to be sealed for; without owner_id it is something new."""

    scope_kind: str
    scope_id: UUID
    owner_kind: str
    owner_id: UUID | None
    attempt: int


@dataclass(frozen=True)
class Place:
    """A vault in the arguments: the members that say what it belongs to, the object that holds it, its name there."""

    members: Mapping[str, Any]
    holder: MutableMapping[str, Any]
    name: str


class Sealer:
    """Seals, and remembers what earlier calls were sealed for; what it remembers wrongly the procedure refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._targets: dict[OwnerKey, Target] = {}

    def seal(
        self,
        procedure: Procedure,
        arguments: Mapping[str, Any],
        caller: Caller,
        *,
        keys: HeldKeys | None = None,
        owners: Mapping[str, VaultOwner] | None = None,
        idempotency_key: str | None = None,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """Replace the JSON text of each vault by the sealed vault.

        Args:
            keys: instead of the caller's.
            owners: what vaults belong to, by path, where that is known.
            idempotency_key: of the call: repeated texts are recognised under it.
            fresh: ask the database what the vaults belong to, and for the caller's keys, whatever is remembered.

        Raises:
            RefusedError: 403, the caller holds no key for it.
            psycopg.Error: what the database says of the owner: absent, another team's, ...
        """
        sealed = copy_arguments(procedure, arguments)
        if fresh and keys is None and procedure.header.seals:
            caller.refresh_keys()
        for seal in procedure.header.seals:
            found = list(places(procedure, seal.path, sealed))
            if "." in seal.path and seal.target in LISTED_TARGETS:
                listed = self._find_listed(seal, found, caller, keys or caller.keys, fresh)
            else:
                known = (owners or {}).get(seal.path)
                listed = [
                    known or self._find_owner(seal, place.members, caller, keys or caller.keys, fresh)
                    for place in found
                ]
            scope_keys: dict[tuple[str, UUID], ScopeKey] = {}
            fingerprint_keys: dict[tuple[str, UUID], bytes] = {}
            for place, found_owner in zip(found, listed, strict=True):
                if found_owner is None:
                    place.holder[place.name] = None
                    continue
                owner, held = found_owner, keys or caller.keys
                scope = owner.scope_kind, owner.scope_id
                if keys is None and scope not in scope_keys and held.newest_version(*scope) is None:
                    # Remembered from another's call, the owner must not tell this caller that the item exists: ask.
                    owner = self._find_owner(seal, place.members, caller, held, fresh=True)
                    held = caller.refresh_keys()
                    scope = owner.scope_kind, owner.scope_id
                if scope not in scope_keys:
                    scope_keys[scope] = key_for(held, *scope)
                version, key = scope_keys[scope]
                context = fingerprint_context(seal.target, owner, idempotency_key)
                if context is not None and scope not in fingerprint_keys:
                    fingerprint_keys[scope] = fingerprint_key(key)
                place.holder[place.name] = seal_vault(
                    place.holder[place.name],
                    owner,
                    held.company_uuid,
                    version,
                    key,
                    fingerprint_context=context,
                    known_fingerprint_key=fingerprint_keys.get(scope),
                )
        return sealed

    def remember_claim(self, company_uuid: UUID, row: Mapping[str, Any], request: VaultRecord) -> None:
        """Keep what a response to a claimed item will belong to: the item's scope and the attempt just begun."""
        target = Target(request.scope_kind, request.scope_id, "queue_item", row["taskId"], row["attempt"])
        self._remember((company_uuid, "taskId", str(row["taskId"])), target)
        self._remember((company_uuid, "queueId", str(row["queueId"])), target)

    def _find_owner(
        self, seal: Seal, members: Mapping[str, Any], caller: Caller, held: HeldKeys, fresh: bool
    ) -> VaultOwner:
        key = owner_key(seal.target, members, held.company_uuid)
        target = None if key is None or fresh else self._targets.get(key)
        if target is None:
            target = self._ask(seal.target, members, caller)
            if key is not None:
                self._remember(key, target)
        return owner_of(seal, target, members)

    def _find_listed(
        self, seal: Seal, found: Sequence[Place], caller: Caller, held: HeldKeys, fresh: bool
    ) -> list[VaultOwner | None]:
        """What the vaults of a list belong to, asked for in one round trip, once for each place or item.

        Returns:
            None where the database refuses to say it: the call goes on without this vault, and says why.
        """
        keys = [
            (owner_key(seal.target, place.members, held.company_uuid), place.members.get("claimToken"))
            for place in found
        ]
        targets: dict[AskedKey, Target | None] = {}
        asked: dict[AskedKey, Mapping[str, Any]] = {}
        for key, place in zip(keys, found, strict=True):
            if key in targets or key in asked:
                continue
            known = None if key[0] is None or fresh else self._targets.get(key[0])
            # What is remembered from another's call must not tell this caller that the item exists.
            if known is not None and held.newest_version(known.scope_kind, known.scope_id) is not None:
                targets[key] = known
            else:
                asked[key] = place.members
        if asked:
            json = dump(list(asked.values())).decode()
            rows = self._database.query(FIND_TARGETS, seal.target, json, token_hash=caller.token_hash)
            for key, row in zip(asked, rows, strict=True):
                targets[key] = target = Target(**row) if row["scope_kind"] is not None else None
                if target is not None and key[0] is not None:
                    self._remember(key[0], target)
        return [
            None if target is None else owner_of(seal, target, place.members)
            for target, place in zip(map(targets.__getitem__, keys), found, strict=True)
        ]

    def _ask(self, target: str, members: Mapping[str, Any], caller: Caller) -> Target:
        json = dump(members).decode()
        [row] = self._database.query(FIND_TARGET, target, json, token_hash=caller.token_hash)
        return Target(**row)

    def _remember(self, key: OwnerKey, target: Target) -> None:
        if len(self._targets) >= CACHED_OWNERS:
            self._targets.clear()
        self._targets[key] = target


def owner_of(seal: Seal, target: Target, members: Mapping[str, Any]) -> VaultOwner:
    """What one vault belongs to; something new gets the taskId that the caller chose, or a fresh one."""
    owner_id = target.owner_id
    if owner_id is None:
        chosen = members.get("taskId") if seal.target.startswith("new_") else None
        owner_id = UUID(chosen) if chosen else uuid7()
    # Where the entity may be of any kind, only the database knows which; its vault is named after it.
    name = target.owner_kind if seal.target == "entity" else seal.vault_name
    return VaultOwner(target.scope_kind, target.scope_id, target.owner_kind, owner_id, target.attempt, name)


def key_for(held: HeldKeys, scope_kind: str, scope_id: UUID) -> ScopeKey:
    """The key under which new vaults of a scope are sealed, and its version.

    Raises:
        RefusedError: 403, the caller holds none.
    """
    version = held.newest_version(scope_kind, scope_id)
    key = None if version is None else held.scope_key(scope_kind, scope_id, version)
    if version is None or key is None:
        raise RefusedError(403, NO_KEY)
    return version, key


def fingerprint_context(target: str, owner: VaultOwner, idempotency_key: str | None) -> bytes | None:
    """What the fingerprint of a vault is bound to, or None where nobody will ask whether the same text came again."""
    if idempotency_key is not None:
        return idempotency_key.encode()
    return owner_context(owner) if target == "item" else None


def owner_key(target: str, members: Mapping[str, Any], company_uuid: UUID) -> OwnerKey | None:
    """Under which key the target of a vault is remembered, or None when it is asked for each time."""
    if target == "new_item" and members.get("teamName"):
        place = f"{members['teamName']}\0{members.get('machineName') or ''}".lower()
        return company_uuid, target, place
    if target == "item":
        name = "taskId" if members.get("taskId") else "queueId"
        return (company_uuid, name, str(members[name])) if members.get(name) else None
    return None


def copy_arguments(procedure: Procedure, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, copied as deep as vaults lie in them."""
    copied = dict(arguments)
    for seal in procedure.header.seals:
        outer, _, inner = seal.path.partition(".")
        if inner and outer in copied:
            copied[outer] = [dict(element) for element in copied[outer]]
    return copied


def places(procedure: Procedure, path: str, arguments: dict[str, Any]) -> Iterator[Place]:
    """Where the vaults of one line `Seals:` are."""
    outer, _, inner = path.partition(".")
    if not inner:
        if arguments.get(path) is not None:
            yield Place(visible_members(procedure.arguments, arguments), arguments, path)
        return
    [argument] = [argument for argument in procedure.arguments if argument.member == outer]
    others = [other for other in procedure.arguments if other is not argument]
    common = visible_members(others, arguments)
    visible = visible_names(argument.type.element.plain.attributes if argument.type.element else ())
    for element in cast("list[dict[str, Any]]", arguments.get(outer) or []):
        if element.get(inner) is not None:
            yield Place({**common, **{name: element[name] for name in visible if name in element}}, element, inner)


def visible_members(columns: Iterable[Column], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the database may see before the call: everything but vaults, whose text it must never see."""
    return {name: values[name] for name in visible_names(columns) if name in values}


def visible_names(columns: Iterable[Column]) -> list[str]:
    """The members that hold no vault."""
    return [
        column.member for column in columns if column.type.plain.name != "data.vault" and not holds_vault(column.type)
    ]


def holds_vault(kind: Type) -> bool:
    """Tell whether a composite, or a list of them, has a vault in it."""
    inner = (kind.element or kind).plain
    return any(attribute.type.plain.name == "data.vault" for attribute in inner.attributes)
