"""Activation codes: make an invitation, and the proof that somebody holds its code.

    proof    = HKDF-SHA256(key of the invitation, info = "jb1/invitation-proof")
    verifier = SHA-256(proof)

The database keeps the verifier and is shown the proof: it can count wrong tries without ever seeing a code.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from broker.ceremonies import Context
from broker.ceremonies.grants import KeyGrant, wrap_company_keys
from broker.crypto.identifiers import uuid7
from broker.crypto.keys import fixed_invitation_key, hkdf_sha256, invitation_key
from broker.crypto.tokens import new_activation_code, parse_activation_code

# data.invitation_material: user's uuid, verifier, number of the instance key, grants
Invitation = tuple[UUID, bytes, int | None, list[KeyGrant]]


def make_invitation(context: Context, company_uuid: UUID, company_keys: Mapping[int, bytes]) -> tuple[Invitation, str]:
    """Invite a new user to the keys of a company.

    Returns:
        What SQL keeps, and the code: a new one, or the one set for tests and demonstrations.
    """
    user_uuid = uuid7()
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
