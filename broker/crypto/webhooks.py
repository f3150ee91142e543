"""Webhooks: the secret of an endpoint, and the signature of a message to it.

The broker signs when nobody calls, so the instance keyring seals the secret (instance_seal.py, purpose "jb1/webhook").

Source: Standard Webhooks, specification 1.0.0: signature scheme, secrets serialization.
"""

import base64
import hmac
import os
from uuid import UUID

from broker.crypto.instance_seal import InstanceSeal
from broker.crypto.keyring import InstanceKeyring

SECRET_BYTES = 32
PREFIX = "whsec_"

SEAL = InstanceSeal(b"jb1/webhook", b"JH")


def new_secret() -> bytes:
    """Make a secret: 256 random bits."""
    return os.urandom(SECRET_BYTES)


def format_secret(secret: bytes) -> str:
    """Write a secret as receivers take it."""
    return PREFIX + base64.b64encode(secret).decode()


def open_secret(sealed: bytes, keyring: InstanceKeyring, key_number: int, company: UUID, webhook: UUID) -> bytes:
    """Open the secret of an endpoint.

    Raises:
        KeyringError: the keyring does not hold the key of this number.
        SealError: it does not open.
    """
    return SEAL.open(sealed, keyring.key(key_number), key_number, company, webhook)


def sign(secret: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """The value of the header webhook-signature.

    Args:
        seconds: of the attempt, since 1970; the value of webhook-timestamp.
    """
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
