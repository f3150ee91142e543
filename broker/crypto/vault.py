"""Vaults: seal JSON text for one owner, open it again, or recognise it without opening.

A vault is two sealed parts. Numbers are big endian, u16 and u32 unsigned, i64 signed:

    wrapped_key = "JV" format=1 algorithm=1 kind flags=0 key_version:u32 | nonce 12 | AES-256-GCM(scope key, data key)
    content     = "JV" format=1 algorithm=1 kind flags=0 reserved:u16=0  | nonce 12 | AES-256-GCM(data key, JSON text)
    kind        = 1 request, 2 response, 3 vault of an entity (team, machine, ...)
    associated  = length-prefixed("jb1/vault", header, company uuid, owner kind, owner id, vault name, vault id:i64)
    owner id    = uuid, 16 bytes; for a response followed by attempt:u32

With its 16-byte tag a wrapped key is 70 bytes, and content 36 bytes longer than the text. Each part's associated data
begins with its own header; each field there follows its length, u32.

The scope is bound by its key, the rest by the associated data: a record moved to another place does not open.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.crypto.fingerprint import fingerprint_key, fingerprint_under
from broker.crypto.keys import KEY_BYTES, NONCE_BYTES, WRAPPED_KEY_BYTES, length_prefixed

_KIND_NUMBERS = {"request": 1, "response": 2}
_ENTITY_KIND = 3
_FORMAT = 1
_AES_256_GCM = 1
_NO_FLAGS = 0
_RESERVED = bytes(2)
_WRAPPED_HEADER_BYTES = 10
_CONTENT_HEADER_BYTES = 8


class VaultError(Exception):
    """A vault does not open; why is not told."""

    def __init__(self) -> None:
        super().__init__("the vault cannot be opened with this key")


@dataclass(frozen=True, slots=True)
class VaultOwner:
    """What a vault belongs to: the first six attributes of the row type data.vault, in its order.

    Attributes:
        scope_kind: machine, team or company: whose scope key wraps the data key.
        owner_kind: queue_item, schedule, or the kind of the entity.
        owner_id: taskId of the item it is sealed for, or the entity's uuid.
        attempt: the attempt that answered, for a response; otherwise 0.
        vault_name: request, response, or the kind of the entity.
    """

    scope_kind: str
    scope_id: UUID
    owner_kind: str
    owner_id: UUID
    attempt: int
    vault_name: str


@dataclass(frozen=True, slots=True)
class VaultRecord(VaultOwner):
    """A sealed vault: the attributes of the row type data.vault, in its order.

    Attributes:
        vault_id: 64 random bits, signed, new with each write.
        wrapped_key: 70 bytes.
        content: 36 bytes more than the text.
        fingerprint: 32 bytes, or None.
    """

    vault_id: int
    wrapped_key: bytes
    content: bytes
    fingerprint: bytes | None

    @property
    def key_version(self) -> int:
        """Version of the company key from which the scope key must be derived to open this vault.

        Raises:
            VaultError: the wrapped key is not 70 bytes.
        """
        return key_version_of(self.wrapped_key)


def key_version_of(wrapped_key: bytes) -> int:
    """Version of the company key that a wrapped key names.

    Raises:
        VaultError: it is not 70 bytes.
    """
    if len(wrapped_key) != WRAPPED_KEY_BYTES:
        raise VaultError
    return int.from_bytes(wrapped_key[6:_WRAPPED_HEADER_BYTES], "big")


def seal_vault(
    plaintext: bytes,
    owner: VaultOwner,
    company_uuid: UUID,
    key_version: int,
    scope_key: bytes,
    *,
    fingerprint_context: bytes | None = None,
    known_fingerprint_key: bytes | None = None,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> VaultRecord:
    """Encrypt a text for one owner, under a data key of its own.

    Args:
        plaintext: the JSON text, UTF-8; kept byte for byte.
        owner: what the vault belongs to.
        key_version: version of the company key that gave the scope key, 0 to 2^32-1.
        scope_key: 32 bytes, of the owner's scope.
        fingerprint_context: if given, the record carries the text's fingerprint in this context.
        known_fingerprint_key: fingerprint_key(scope_key), where many vaults of a scope are sealed.
        random_bytes: asked in turn for data key, nonce of the wrapped key, nonce of the content, vault id.

    Raises:
        ValueError: a scope key that is not 32 bytes, or an attempt on anything but a response.
        OverflowError: an attempt or version outside 0 to 2^32-1.

    Source: spec/vault-keys.md, records; AES-256-GCM, NIST SP 800-38D, section 7.1.
    """
    _require_key(scope_key)
    data_key = random_bytes(KEY_BYTES)
    key_nonce = random_bytes(NONCE_BYTES)
    nonce = random_bytes(NONCE_BYTES)
    vault_id = int.from_bytes(random_bytes(8), "big", signed=True)

    key_header = _header_start(owner.vault_name) + key_version.to_bytes(4, "big")
    header = _header_start(owner.vault_name) + _RESERVED
    key_context, context = _two_contexts(key_header, header, company_uuid, owner, vault_id)
    printed = None
    if fingerprint_context is not None:
        printed = fingerprint_under(known_fingerprint_key or fingerprint_key(scope_key), fingerprint_context, plaintext)
    return VaultRecord(
        scope_kind=owner.scope_kind,
        scope_id=owner.scope_id,
        owner_kind=owner.owner_kind,
        owner_id=owner.owner_id,
        attempt=owner.attempt,
        vault_name=owner.vault_name,
        vault_id=vault_id,
        wrapped_key=key_header + key_nonce + AESGCM(scope_key).encrypt(key_nonce, data_key, key_context),
        content=header + nonce + AESGCM(data_key).encrypt(nonce, plaintext, context),
        fingerprint=printed,
    )


def open_vault(record: VaultRecord, company_uuid: UUID, scope_key: bytes) -> bytes:
    """Decrypt a vault as the database returned it.

    Args:
        scope_key: 32 bytes, the key of the record's scope, from the company key of the record's key_version.

    Returns:
        The JSON text that was sealed, UTF-8.

    Raises:
        VaultError: wrong key, other owner or company, altered bytes, unknown format; which one is not told.
        ValueError: a scope key that is not 32 bytes.

    Source: spec/vault-keys.md, records; AES-256-GCM, NIST SP 800-38D, section 7.2.
    """
    _require_key(scope_key)
    wrapped_key, content = record.wrapped_key, record.content
    start = _header_start(record.vault_name)
    header = start + _RESERVED
    # Everything but the key version has one valid value, so a record of another kind, format or flag stops here.
    if len(wrapped_key) != WRAPPED_KEY_BYTES or not wrapped_key.startswith(start):
        raise VaultError
    if not content.startswith(header):
        raise VaultError
    key_header, key_nonce, key_sealed = _split(wrapped_key, _WRAPPED_HEADER_BYTES)
    _, nonce, sealed = _split(content, _CONTENT_HEADER_BYTES)
    try:
        key_context, context = _two_contexts(key_header, header, company_uuid, record, record.vault_id)
        data_key = AESGCM(scope_key).decrypt(key_nonce, key_sealed, key_context)
        return AESGCM(data_key).decrypt(nonce, sealed, context)
    except (InvalidTag, ValueError, OverflowError) as error:
        raise VaultError from error


def rewrap_vault(
    owner: VaultOwner,
    vault_id: int,
    wrapped_key: bytes,
    company_uuid: UUID,
    scope_key: bytes,
    new_scope_key: bytes,
    new_version: int,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Wrap a vault's data key under the next key of its scope; the content stays as it is.

    Args:
        wrapped_key: as it is now.
        scope_key: 32 bytes, of the version that wrapped_key names.
        new_scope_key: 32 bytes, of the new version.

    Returns:
        70 bytes, to be kept in place of wrapped_key.

    Raises:
        VaultError: as open_vault.
        ValueError: a scope key that is not 32 bytes.
        OverflowError: a version outside 0 to 2^32-1.
    """
    _require_key(scope_key)
    _require_key(new_scope_key)
    start = _header_start(owner.vault_name)
    if len(wrapped_key) != WRAPPED_KEY_BYTES or not wrapped_key.startswith(start):
        raise VaultError
    header, key_nonce, sealed = _split(wrapped_key, _WRAPPED_HEADER_BYTES)
    try:
        context = associated_data(header, company_uuid, owner, vault_id)
        data_key = AESGCM(scope_key).decrypt(key_nonce, sealed, context)
    except (InvalidTag, ValueError, OverflowError) as error:
        raise VaultError from error
    new_header = start + new_version.to_bytes(4, "big")
    new_nonce = random_bytes(NONCE_BYTES)
    context = associated_data(new_header, company_uuid, owner, vault_id)
    return new_header + new_nonce + AESGCM(new_scope_key).encrypt(new_nonce, data_key, context)


def owner_context(owner: VaultOwner) -> bytes:
    """Write an owner as the context of a fingerprint: the same owner, attempt and name give the same bytes."""
    return length_prefixed(owner.owner_kind.encode(), _owner_id(owner), owner.vault_name.encode())


def associated_data(header: bytes, company_uuid: UUID, owner: VaultOwner, vault_id: int) -> bytes:
    """Write down what a sealed part is bound to.

    Args:
        header: the part's own first bytes, 10 of the wrapped key or 8 of the content.

    Raises:
        ValueError: an attempt on anything but a response, where nothing would bind it.
        OverflowError: an attempt outside 0 to 2^32-1, a vault id outside 64 signed bits.
    """
    return length_prefixed(b"jb1/vault", header) + _place(company_uuid, owner, vault_id)


def _two_contexts(
    key_header: bytes, header: bytes, company_uuid: UUID, owner: VaultOwner, vault_id: int
) -> tuple[bytes, bytes]:
    place = _place(company_uuid, owner, vault_id)
    return length_prefixed(b"jb1/vault", key_header) + place, length_prefixed(b"jb1/vault", header) + place


def _place(company_uuid: UUID, owner: VaultOwner, vault_id: int) -> bytes:
    return length_prefixed(
        company_uuid.bytes,
        owner.owner_kind.encode(),
        _owner_id(owner),
        owner.vault_name.encode(),
        vault_id.to_bytes(8, "big", signed=True),
    )


def _owner_id(owner: VaultOwner) -> bytes:
    if owner.vault_name == "response":
        return owner.owner_id.bytes + owner.attempt.to_bytes(4, "big")
    if owner.attempt != 0:
        raise ValueError("only a response belongs to an attempt")
    return owner.owner_id.bytes


def _header_start(vault_name: str) -> bytes:
    return b"JV" + bytes((_FORMAT, _AES_256_GCM, _KIND_NUMBERS.get(vault_name, _ENTITY_KIND), _NO_FLAGS))


def _split(part: bytes, header_bytes: int) -> tuple[bytes, bytes, bytes]:
    nonce_end = header_bytes + NONCE_BYTES
    return part[:header_bytes], part[header_bytes:nonce_end], part[nonce_end:]


def _require_key(scope_key: bytes) -> None:
    # AESGCM would take 16 bytes too and silently be AES-128.
    if len(scope_key) != KEY_BYTES:
        raise ValueError("a scope key is 32 bytes")
