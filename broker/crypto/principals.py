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

With its tag a wrapped secret is 98 bytes, an endorsement 66. A grant to a public half has the header of a wrapped key
(see keys.py), with algorithm 2:

    sealed key  = "JG" format=1 algorithm=2 kind flags=0 key_version:u32 | HPKE(public half, key)
    info        = the associated data of a wrapped key with this header, and length-prefixed(E)

It is 90 bytes. HPKE (RFC 9180) in base mode, X25519, HKDF-SHA256, AES-256-GCM: enc 32 | ciphertext 48. Anybody can seal
to a public half, so whoever writes to the database could slip the company a key that he knows: the endorsement key,
which only the principal and the company's keys give, lets nothing open that somebody else has sealed.
"""

import hmac
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from broker.crypto.keys import (
    HPKE,
    KEY_BYTES,
    NONCE_BYTES,
    SEALED_KEY_BYTES,
    Grant,
    GrantError,
    check_value,
    grant_context,
    grant_header,
    hkdf_sha256,
    length_prefixed,
    matches_check_value,
)

PrincipalKind = Literal["user", "session", "agent", "recovery"]

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
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
    _require_key(wrapping_key)
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
    _require_key(wrapping_key)
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


def seal_key(public_key: bytes, endorsement_key: bytes, key: bytes, grant: Grant) -> bytes:
    """Grant a key to a principal who is not there.

    Args:
        public_key, endorsement_key: of a principal that was verified.

    Returns:
        90 bytes, in the form the module describes.

    Raises:
        ValueError: a key that is not 32 bytes, or a grant that names an unknown kind.

    Source: spec/vault-keys.md, grants; HPKE, RFC 9180, section 6.1.
    """
    for given in (endorsement_key, key):
        _require_key(given)
    header = grant_header(grant, HPKE)
    recipient = X25519PublicKey.from_public_bytes(public_key)
    return header + _SUITE.encrypt(key, recipient, info=_info(header, grant, endorsement_key))


def open_sealed_key(secret: PrincipalSecret, sealed_key: bytes, grant: Grant, expected_check_value: bytes) -> bytes:
    """Open a key that was granted to a principal's public half.

    Args:
        grant, expected_check_value: as keys.unwrap_key.

    Raises:
        GrantError: another principal, another grant, altered bytes, or sealed by somebody without the company key.
    """
    header = grant_header(grant, HPKE)
    if len(sealed_key) != SEALED_KEY_BYTES or not sealed_key.startswith(header):
        raise GrantError
    private_key = X25519PrivateKey.from_private_bytes(secret.private_key)
    info = _info(header, grant, secret.endorsement_key)
    try:
        key = _SUITE.decrypt(sealed_key[len(header) :], private_key, info=info)
    except InvalidTag as error:
        raise GrantError from error
    if not matches_check_value(key, expected_check_value):
        raise GrantError
    return key


def _info(header: bytes, grant: Grant, endorsement_key: bytes) -> bytes:
    return grant_context(header, grant) + length_prefixed(endorsement_key)


def _mac(principal: Principal, public_key: bytes, company_key: bytes) -> bytes:
    _require_key(company_key)
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
    _require_key(company_key)
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


def _require_key(key: bytes) -> None:
    # AESGCM would take 16 bytes too and silently be AES-128.
    if len(key) != KEY_BYTES:
        raise ValueError("keys are 32 bytes")
