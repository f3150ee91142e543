"""Grants to somebody's public half: keys sealed to a principal who is not there (see principals.py).

Such a grant has the header of a wrapped key (see keys.py), with algorithm 2:

    sealed key = "JG" format=1 algorithm=2 kind flags=0 key_version:u32 | HPKE(public half, key)
    info       = the associated data of a wrapped key with this header, and length-prefixed(endorsement key)

It is 90 bytes. HPKE (RFC 9180) in base mode, X25519, HKDF-SHA256, AES-256-GCM: enc 32 | ciphertext 48. Anybody can seal
to a public half, so whoever writes to the database could slip the company a key that he knows: the endorsement key,
which only the principal and the company's keys give, lets nothing open that somebody else has sealed.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from broker.crypto.keys import (
    HPKE,
    SEALED_KEY_BYTES,
    Grant,
    GrantError,
    grant_context,
    grant_header,
    length_prefixed,
    matches_check_value,
    require_key,
)
from broker.crypto.principals import PrincipalSecret

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


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
        require_key(given)
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
