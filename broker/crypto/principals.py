"""Key pairs of principals, so that keys can be granted to somebody who is not there to give his own.

A principal (user, session, agent, recovery code) has an X25519 pair and an endorsement key, 32 random bytes. Both
secrets lie together, under the key that only he derives; whoever holds the company key can check the public half, and
learns the endorsement key:

    wrapped     = "JP" format=1 algorithm=1 kind=1 flags=0 | nonce 12 | AES-256-GCM(his key, both secrets)
    endorsement = "JP" format=1 algorithm=1 kind=2 flags=0 | nonce 12 | AES-256-GCM(HKDF(CK_v, "jb1/endorse"), E)
    mac         = HMAC-SHA256(HKDF(CK_v, "jb1/pkmac"), length-prefixed(company uuid, holder kind, holder uuid, P))
    associated  = length-prefixed("jb1/principal", header, company uuid, holder kind, holder uuid, P);
                  for an endorsement also the version, u32
    P, E        = public half, endorsement key; both secrets = private half 32 | E

With its tag a wrapped secret is 98 bytes, an endorsement 66. What is sealed to a public half: see sealed_keys.py.
"""

import hmac
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.crypto.keys import (
    KEY_BYTES,
    NONCE_BYTES,
    check_value,
    hkdf_sha256,
    length_prefixed,
    matches_check_value,
    require_key,
)

PrincipalKind = Literal["user", "session", "agent", "recovery"]

_WRAPPED_HEADER = b"JP\x01\x01\x01\x00"
_ENDORSEMENT_HEADER = b"JP\x01\x01\x02\x00"
_WRAPPED_BYTES = 98
_ENDORSEMENT_BYTES = 66
_RECORD = struct.Struct(">32s98s16sI66s32s")


class PrincipalError(Exception):
    """A principal's keys are not what the company made; why is not told."""

    def __init__(self) -> None:
        super().__init__("the principal's keys are not as the company made them")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who holds keys.

    Attributes:
        holder_id: uuid of the user or token; for recovery of the company.
    """

    company_uuid: UUID
    holder_kind: PrincipalKind
    holder_id: UUID


@dataclass(frozen=True, slots=True)
class PrincipalRecord:
    """What is kept of a principal: the attributes of the row type data.principal_material, in its order.

    Attributes:
        public_key: 32 bytes.
        wrapped: both secrets under the principal's own key, 98 bytes.
        check_value: of both secrets, 16 bytes.
        key_version: of the company key under which mac and endorsement were made.
        endorsement: 66 bytes.
        mac: 32 bytes.
    """

    public_key: bytes
    wrapped: bytes
    check_value: bytes
    key_version: int
    endorsement: bytes
    mac: bytes

    @classmethod
    def parse(cls, packed: bytes) -> Self:
        """Take apart what data.principal_of answers: the attributes one after the other, the version as u32.

        Raises:
            PrincipalError: it has not their length.
        """
        if len(packed) != _RECORD.size:
            raise PrincipalError
        return cls(*_RECORD.unpack(packed))


@dataclass(frozen=True, slots=True)
class PrincipalSecret:
    """What a principal opens grants with, 32 bytes each."""

    private_key: bytes = field(repr=False)
    endorsement_key: bytes = field(repr=False)


def make_principal(
    principal: Principal,
    wrapping_key: bytes,
    company_key: bytes,
    key_version: int,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> PrincipalRecord:
    """Make a principal's keys.

    Args:
        wrapping_key: 32 bytes, what the principal derives from password, token or code.
        company_key: 32 bytes, of this version.
        random_bytes: asked in turn for private half, endorsement key, nonce of both, nonce of the endorsement.

    Raises:
        ValueError: a key that is not 32 bytes.
    """
    require_key(wrapping_key)
    secret = PrincipalSecret(random_bytes(KEY_BYTES), random_bytes(KEY_BYTES))
    public_key = X25519PrivateKey.from_private_bytes(secret.private_key).public_key().public_bytes_raw()
    nonce = random_bytes(NONCE_BYTES)
    both = secret.private_key + secret.endorsement_key
    context = _context(_WRAPPED_HEADER, principal, public_key)
    wrapped = _WRAPPED_HEADER + nonce + AESGCM(wrapping_key).encrypt(nonce, both, context)
    endorsement = _seal_endorsement(
        principal, public_key, secret.endorsement_key, company_key, key_version, random_bytes
    )
    return PrincipalRecord(
        public_key,
        wrapped,
        check_value(both),
        key_version,
        endorsement,
        _mac(principal, public_key, company_key),
    )


def open_principal(principal: Principal, wrapping_key: bytes, record: PrincipalRecord) -> PrincipalSecret:
    """Open a principal's secrets with his own key.

    Raises:
        PrincipalError: wrong key, another principal's row, altered bytes; which is not told.
        ValueError: a wrapping key that is not 32 bytes.
    """
    require_key(wrapping_key)
    context = _context(_WRAPPED_HEADER, principal, record.public_key)
    both = _open(_WRAPPED_HEADER, _WRAPPED_BYTES, wrapping_key, record.wrapped, context)
    if not matches_check_value(both, record.check_value):
        raise PrincipalError
    return PrincipalSecret(both[:KEY_BYTES], both[KEY_BYTES:])


def verify_principal(principal: Principal, record: PrincipalRecord, company_key: bytes) -> bytes:
    """Make sure that a public half was made by a holder of the company key; only then may keys be sealed to it.

    Args:
        company_key: 32 bytes, of the record's version.

    Returns:
        The endorsement key, 32 bytes.

    Raises:
        PrincipalError: it was not, or for somebody else.
        ValueError: a company key that is not 32 bytes.
    """
    if not hmac.compare_digest(_mac(principal, record.public_key, company_key), record.mac):
        raise PrincipalError
    context = _context(_ENDORSEMENT_HEADER, principal, record.public_key) + _version(record.key_version)
    key = hkdf_sha256(company_key, b"", b"jb1/endorse")
    return _open(_ENDORSEMENT_HEADER, _ENDORSEMENT_BYTES, key, record.endorsement, context)


def read_principal(
    principal: Principal, packed: bytes | None, company_keys: Mapping[int, bytes]
) -> tuple[PrincipalRecord, bytes]:
    """Take a principal's keys from the database, where nobody can be trusted.

    Args:
        packed: as PrincipalRecord.parse takes it, or None when there are none.
        company_keys: 32 bytes each, by version.

    Returns:
        The record, and the endorsement key.

    Raises:
        PrincipalError: none of these company keys vouches for what is there.
    """
    record = PrincipalRecord.parse(packed or b"")
    if record.key_version not in company_keys:
        raise PrincipalError
    return record, verify_principal(principal, record, company_keys[record.key_version])


def endorse_principal(
    principal: Principal,
    record: PrincipalRecord,
    company_key: bytes,
    new_company_key: bytes,
    new_version: int,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> PrincipalRecord:
    """Make mac and endorsement anew under the next company key; what only the principal can open stays.

    Args:
        company_key: of the record's version.

    Raises:
        PrincipalError: as verify_principal.
    """
    endorsement_key = verify_principal(principal, record, company_key)
    return PrincipalRecord(
        record.public_key,
        record.wrapped,
        record.check_value,
        new_version,
        _seal_endorsement(principal, record.public_key, endorsement_key, new_company_key, new_version, random_bytes),
        _mac(principal, record.public_key, new_company_key),
    )


def _mac(principal: Principal, public_key: bytes, company_key: bytes) -> bytes:
    require_key(company_key)
    fields = length_prefixed(*_names(principal), public_key)
    return hmac.digest(hkdf_sha256(company_key, b"", b"jb1/pkmac"), fields, "sha256")


def _seal_endorsement(
    principal: Principal,
    public_key: bytes,
    endorsement_key: bytes,
    company_key: bytes,
    key_version: int,
    random_bytes: Callable[[int], bytes],
) -> bytes:
    require_key(company_key)
    nonce = random_bytes(NONCE_BYTES)
    key = hkdf_sha256(company_key, b"", b"jb1/endorse")
    context = _context(_ENDORSEMENT_HEADER, principal, public_key) + _version(key_version)
    return _ENDORSEMENT_HEADER + nonce + AESGCM(key).encrypt(nonce, endorsement_key, context)


def _open(header: bytes, size: int, key: bytes, sealed: bytes, context: bytes) -> bytes:
    if len(sealed) != size or not sealed.startswith(header):
        raise PrincipalError
    nonce_end = len(header) + NONCE_BYTES
    try:
        return AESGCM(key).decrypt(sealed[len(header) : nonce_end], sealed[nonce_end:], context)
    except InvalidTag as error:
        raise PrincipalError from error


def _context(header: bytes, principal: Principal, public_key: bytes) -> bytes:
    return length_prefixed(b"jb1/principal", header, *_names(principal), public_key)


def _names(principal: Principal) -> tuple[bytes, bytes, bytes]:
    return principal.company_uuid.bytes, principal.holder_kind.encode(), principal.holder_id.bytes


def _version(number: int) -> bytes:
    return length_prefixed(number.to_bytes(4, "big"))
