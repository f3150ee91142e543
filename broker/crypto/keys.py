"""Keys: derive them, check them, and wrap them into grants.

A grant is a key wrapped for one holder. Numbers are unsigned and big endian, u32 is four bytes:

    wrapped key = "JG" format=1 algorithm=1 kind flags=0 key_version:u32 | nonce 12 | AES-256-GCM(wrapping key, key)
    kind        = 1 company key, 2 scope key of a machine, 3 scope key of a team
    associated  = length-prefixed("jb1/grant", header, company uuid, holder kind, holder uuid,
                                  key kind, key uuid, key_version:u32)

With its 16-byte tag a wrapped key is 70 bytes; in the associated data each field follows its length, u32. A grant to
somebody's public half has algorithm 2 and is described in sealed_keys.py.

Every derived key is HKDF-SHA256 (RFC 5869) with an info text that names its use, so no key serves two purposes.
"""

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ScopeKind = Literal["machine", "team", "company"]
HolderKind = Literal["user", "session", "agent", "invitation", "recovery"]
KeyKind = Literal["company", "machine", "team"]

KEY_BYTES = 32
CHECK_VALUE_BYTES = 16
NONCE_BYTES = 12
WRAPPED_KEY_BYTES = 70
SEALED_KEY_BYTES = 90
AES_256_GCM = 1
HPKE = 2

_SCOPE_KINDS = frozenset({"machine", "team", "company"})
_HOLDER_KINDS = frozenset({"user", "session", "agent", "invitation", "recovery"})
_KEY_KIND_NUMBERS: dict[str, int] = {"company": 1, "machine": 2, "team": 3}
_FORMAT = 1
_NO_FLAGS = 0
_HEADER_BYTES = 10


class GrantError(Exception):
    """A grant does not open; why is not told."""

    def __init__(self) -> None:
        super().__init__("the grant cannot be opened with this key")


@dataclass(frozen=True, slots=True)
class Grant:
    """Which key a grant gives to whom; a wrapped key opens only under the grant it was made for.

    Attributes:
        holder_id: uuid of the user, token (session, agent), invited user, or, for recovery, company.
        key_id: uuid of the company, machine or team whose key it is.
        key_version: version of the company key that it is, or that the scope key comes from; 0 to 2^32-1.
    """

    company_uuid: UUID
    holder_kind: HolderKind
    holder_id: UUID
    key_kind: KeyKind
    key_id: UUID
    key_version: int


def new_company_key() -> bytes:
    """Make a company key: 32 random bytes, to be kept in grants only."""
    return os.urandom(KEY_BYTES)


def scope_key(company_key: bytes, company_uuid: UUID, kind: ScopeKind, scope_id: UUID) -> bytes:
    """Derive the 32-byte key that wraps the data keys of one machine, team or company.

    Raises:
        ValueError: a kind that has no scope, or a company key that is not 32 bytes.
    """
    if kind not in _SCOPE_KINDS:
        raise ValueError(f"{kind!r} is not a kind of scope")
    # The id has a fixed length and ends the info, so kind and id cannot run into each other.
    return _derive(company_key, company_uuid.bytes, b"jb1/scope" + kind.encode() + scope_id.bytes)


def check_value(key: bytes) -> bytes:
    """Derive the 16 bytes that tell a key apart from others without giving it away."""
    return hkdf_sha256(key, b"", b"jb1/kcv", CHECK_VALUE_BYTES)


def matches_check_value(key: bytes, expected: bytes) -> bool:
    """Tell, in constant time, whether a key has this check value."""
    return hmac.compare_digest(check_value(key), expected)


def token_key(token: str, token_uuid: UUID, company_uuid: UUID) -> bytes:
    """Derive the key that opens the grants of a token, from the token's text exactly as it was handed out."""
    return hkdf_sha256(token.encode(), token_uuid.bytes, b"jb1/token" + company_uuid.bytes)


def invitation_key(code: bytes, user_uuid: UUID, company_uuid: UUID) -> bytes:
    """Derive the key that opens an invitation, from the 16 bytes of its activation code.

    Raises:
        ValueError: the code is not 16 bytes: a shorter one could be guessed by whoever holds a dump.
    """
    if len(code) != 16:
        raise ValueError("an activation code is 16 bytes")
    return hkdf_sha256(code, user_uuid.bytes, b"jb1/invitation" + company_uuid.bytes)


def fixed_invitation_key(code: str, instance_key: bytes, user_uuid: UUID, company_uuid: UUID) -> bytes:
    """Derive the key of an invitation while every activation code is the short one set for tests and demos.

    The instance key carries the secrecy, since the code has none; upper and lower case are the same code.
    """
    info = b"jb1/fixed-invitation" + company_uuid.bytes + code.upper().encode()
    return _derive(instance_key, user_uuid.bytes, info)


def recovery_key(code: bytes, company_uuid: UUID) -> bytes:
    """Derive the key that opens a company's recovery grant, from the 32 bytes of its recovery code."""
    return _derive(code, company_uuid.bytes, b"jb1/recovery")


def wrap_key(wrapping_key: bytes, key: bytes, grant: Grant, random_bytes: Callable[[int], bytes] = os.urandom) -> bytes:
    """Wrap a 32-byte key for the holder of a grant.

    Returns:
        70 bytes, in the form the module describes.

    Raises:
        ValueError: a key that is not 32 bytes, or a grant that names an unknown kind.
        OverflowError: a key version outside 0 to 2^32-1.

    Source: spec/vault-keys.md, grants; AES-256-GCM, NIST SP 800-38D, section 7.1.
    """
    for given in (key, wrapping_key):
        require_key(given)
    header = grant_header(grant, AES_256_GCM)
    nonce = random_bytes(NONCE_BYTES)
    return header + nonce + AESGCM(wrapping_key).encrypt(nonce, key, grant_context(header, grant))


def unwrap_key(wrapping_key: bytes, wrapped_key: bytes, grant: Grant, expected_check_value: bytes) -> bytes:
    """Open a wrapped key and make sure it is the key that was meant.

    AES-GCM does not commit to its key: one ciphertext can be made to open under two. Hence the check value.

    Args:
        wrapping_key: 32 bytes, what the holder derives from password, token or code.
        wrapped_key: as wrap_key() returned it.
        grant: what the row says the key is and whose.
        expected_check_value: 16 bytes, kept beside the key's version.

    Returns:
        The 32-byte key.

    Raises:
        GrantError: wrong wrapping key, another grant, altered bytes, or another key than meant; which is not told.
        ValueError: a wrapping key that is not 32 bytes, or a grant that names an unknown kind.
        OverflowError: a key version outside 0 to 2^32-1.

    Source: AES-256-GCM, NIST SP 800-38D, section 7.2.
    """
    require_key(wrapping_key)
    header = grant_header(grant, AES_256_GCM)
    if len(wrapped_key) != WRAPPED_KEY_BYTES or wrapped_key[:_HEADER_BYTES] != header:
        raise GrantError
    sealed = wrapped_key[_HEADER_BYTES:]
    try:
        key = AESGCM(wrapping_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], grant_context(header, grant))
    except InvalidTag as error:
        raise GrantError from error
    if not matches_check_value(key, expected_check_value):
        raise GrantError
    return key


def algorithm_of(wrapped_key: bytes) -> int | None:
    """Tell how a grant is wrapped, AES_256_GCM or HPKE, by the byte that says so; None when it is cut off before."""
    return wrapped_key[3] if len(wrapped_key) > 3 else None


def length_prefixed(*fields: bytes) -> bytes:
    """Join fields so that no two different lists give the same bytes: before each its length, u32 big endian."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def hkdf_sha256(secret: bytes, salt: bytes, info: bytes, length: int = KEY_BYTES) -> bytes:
    """Derive a key from a secret that cannot be guessed (RFC 5869, SHA-256)."""
    return HKDF(SHA256(), length, salt, info).derive(secret)


def grant_header(grant: Grant, algorithm: int) -> bytes:
    """The first 10 bytes of a grant, which say what follows.

    Args:
        algorithm: AES_256_GCM, for the holder's own key, or HPKE, for his public half.

    Raises:
        ValueError: a grant that names an unknown kind.
        OverflowError: a key version outside 0 to 2^32-1.
    """
    if grant.holder_kind not in _HOLDER_KINDS or grant.key_kind not in _KEY_KIND_NUMBERS:
        raise ValueError(f"a {grant.holder_kind!r} cannot hold a key of kind {grant.key_kind!r}")
    kind = _KEY_KIND_NUMBERS[grant.key_kind]
    return b"JG" + bytes((_FORMAT, algorithm, kind, _NO_FLAGS)) + grant.key_version.to_bytes(4, "big")


def grant_context(header: bytes, grant: Grant) -> bytes:
    """What a grant is bound to: the associated data of the module's description."""
    return length_prefixed(
        b"jb1/grant",
        header,
        grant.company_uuid.bytes,
        grant.holder_kind.encode(),
        grant.holder_id.bytes,
        grant.key_kind.encode(),
        grant.key_id.bytes,
        grant.key_version.to_bytes(4, "big"),
    )


def require_key(key: bytes) -> None:
    """Make sure that a key has 32 bytes: AESGCM would take 16 too and silently be AES-128.

    Raises:
        ValueError: it has not.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("keys are 32 bytes")


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    require_key(key)
    return hkdf_sha256(key, salt, info)
