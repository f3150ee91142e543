"""Activation and recovery codes: what is kept of a code, and the proof that somebody holds it.

    proof    = HKDF-SHA256(key that the code gives, info = "jb1/invitation-proof" or "jb1/recovery-proof")
    verifier = SHA-256(proof)

The database keeps the verifier and is shown the proof: it can count wrong tries without ever seeing a code.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from broker.ceremonies import Context
from broker.ceremonies.grants import KeyGrant, KeyPair, make_key_pair, wrap_company_keys
from broker.crypto.keys import fixed_invitation_key, hkdf_sha256, invitation_key, recovery_key
from broker.crypto.tokens import new_activation_code, new_recovery_code, parse_activation_code, parse_recovery_code

# data.invitation_material: user's uuid, verifier, number of the instance key, grants
Invitation = tuple[UUID, bytes, int | None, list[KeyGrant]]
Recovery = tuple[bytes, list[KeyGrant], KeyPair]  # data.recovery_material: verifier, grants, key pair


def make_invitation(
    context: Context, company_uuid: UUID, company_keys: Mapping[int, bytes], user_uuid: UUID
) -> tuple[Invitation, str]:
    """Invite a user to the keys of a company.

    Returns:
        What SQL keeps, and the code: a new one, or the one set for tests and demonstrations.
    """
    code = context.config.activation_code
    if code is None:
        number = None
        code = new_activation_code()
        key = invitation_key(parse_activation_code(code), user_uuid, company_uuid)
    else:
        number = context.keyring.current
        key = fixed_invitation_key(code, context.keyring.key(number), user_uuid, company_uuid)
    grants = wrap_company_keys(company_uuid, company_keys, key, "invitation", user_uuid)
    return (user_uuid, hashlib.sha256(invitation_proof(key)).digest(), number, grants), code


def invitation_proof(key: bytes) -> bytes:
    """What shows that a code is the right one, without showing the code: 32 bytes."""
    return hkdf_sha256(key, b"", b"jb1/invitation-proof")


def make_recovery(company_uuid: UUID, company_keys: Mapping[int, bytes]) -> tuple[Recovery, str]:
    """Give the keys of a company to a new recovery code.

    Returns:
        What SQL keeps, and the code.
    """
    code = new_recovery_code()
    key = recovery_key(parse_recovery_code(code), company_uuid)
    grants = wrap_company_keys(company_uuid, company_keys, key, "recovery", company_uuid)
    key_pair = make_key_pair(company_uuid, company_keys, key, "recovery", company_uuid)
    return (hashlib.sha256(recovery_proof(key)).digest(), grants, key_pair), code


def recovery_proof(key: bytes) -> bytes:
    """What shows that a recovery code is the right one, without showing it: 32 bytes."""
    return hkdf_sha256(key, b"", b"jb1/recovery-proof")
