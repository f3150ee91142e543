"""Second factors: the codes of an authenticator, and how the server keeps what it checks them with.

    sealed secret = "JT" format=1 algorithm=1 key_number:u32 | nonce 12 | AES-256-GCM(key, secret)
    key           = HKDF-SHA256(instance key, info = "jb1/totp")
    associated    = length-prefixed("jb1/totp", header, company uuid, user uuid)

The server has to check codes without anybody's key, so the instance keyring seals the secret: a dump alone gives none.
"""

import base64
import hmac
import os
import re
from collections.abc import Callable
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from broker.crypto.instance_seal import InstanceSeal, SealError

SECRET_BYTES = 20
LEAST_SECRET_BYTES = 16  # RFC 4226, section 4, R6
MOST_SECRET_BYTES = 64
DIGITS = 6
STEP_SECONDS = 30
TOLERATED_STEPS = (-1, 0, 1)
ISSUER = "Machine Job Broker"

_SEAL = InstanceSeal(b"jb1/totp", b"JT")


class SecretError(ValueError):
    """A text that is no secret of an authenticator; or a sealed one that does not open."""


def new_secret() -> bytes:
    """Make a secret: 160 random bits, as long as its hash (RFC 4226, section 4, R6)."""
    return os.urandom(SECRET_BYTES)


def format_secret(secret: bytes) -> str:
    """Write a secret as authenticators take it: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def parse_secret(text: str) -> bytes:
    """Read a secret as an authenticator shows it: base32, whatever the case, blanks, dashes and padding.

    Raises:
        SecretError: no base32, or not 16 to 64 bytes.
    """
    characters = re.sub(r"[\s-]+", "", text).upper().rstrip("=")
    try:
        secret = base64.b32decode(characters + "=" * (-len(characters) % 8))
    except ValueError:  # binascii.Error is one, too
        raise SecretError("the secret is not base32") from None
    if not LEAST_SECRET_BYTES <= len(secret) <= MOST_SECRET_BYTES:
        raise SecretError(f"the secret must have {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes")
    return secret


def secret_uri(secret: bytes, account: str) -> str:
    """The address that an authenticator reads as a picture: `otpauth://totp/...`."""
    # Not every authenticator reads a plus as a blank.
    return _totp(secret).get_provisioning_uri(account, ISSUER).replace("+", "%20")


def read_digits(code: str) -> str | None:
    """The six digits of a code, or None when it is something else.

    Blanks are left out, and zeros in front come back that a client lost who took the code for a number.
    """
    digits = re.sub(r"\s+", "", code)
    return digits.zfill(DIGITS) if re.fullmatch(rf"[0-9]{{1,{DIGITS}}}", digits) else None


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step."""
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def find_step(secret: bytes, digits: str, seconds: float) -> int | None:
    """The time step whose code this is, or None when it is none of now, the one before or the one after.

    Args:
        digits: six of them.
        seconds: since 1970, the database's time.

    Source: RFC 6238, sections 4 and 5.2; SHA-1, 30 s.
    """
    now = int(seconds) // STEP_SECONDS
    found = None
    # Each is compared, in constant time, so that the time taken tells nothing.
    for step in (now + shift for shift in TOLERATED_STEPS):
        if hmac.compare_digest(code_at(secret, step).encode(), digits.encode()):
            found = step
    return found


def seal_secret(
    secret: bytes,
    instance_key: bytes,
    key_number: int,
    company_uuid: UUID,
    user_uuid: UUID,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Seal a user's secret for the server to keep.

    Args:
        instance_key: 32 bytes, of the number that is kept with it.

    Source: spec/vault-keys.md, grants, last line; AES-256-GCM, NIST SP 800-38D, section 7.1.
    """
    return _SEAL.seal(secret, instance_key, key_number, company_uuid, user_uuid, random_bytes)


def open_secret(sealed: bytes, instance_key: bytes, key_number: int, company_uuid: UUID, user_uuid: UUID) -> bytes:
    """Open a user's secret.

    Raises:
        SecretError: another key or owner, or altered bytes; which is not told.
    """
    try:
        return _SEAL.open(sealed, instance_key, key_number, company_uuid, user_uuid)
    except SealError as error:
        raise SecretError(str(error)) from error


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  # what authenticators know
