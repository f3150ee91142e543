"""Passwords: what a client sends, the slow derivation behind it, and the gate that keeps it from eating the memory.

    prk      = Argon2id(user hash, salt 16, memory, passes, lanes), 32 bytes
    root     = HMAC-SHA256(instance key, prk)
    KEK      = HKDF-SHA256(root, info = "jb1/kek" + user uuid)
    proof    = HKDF-SHA256(root, info = "jb1/auth" + user uuid)
    verifier = SHA-256(proof)

One slow run gives both: the user's key, never stored, and what the row keeps to recognise the password.
"""

import hashlib
import hmac
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast
from uuid import UUID

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from broker.crypto.keys import KEY_BYTES, hkdf_sha256

T = TypeVar("T")

USER_HASH_BYTES = 32
SALT_BYTES = 16
DERIVATIONS_AT_ONCE = 1  # a broker has two processes by default: 128 MiB and both cores of a small machine
DERIVATIONS_WAITING = 32
# 33 derivations of at most 0.43 s, one at a time, take 14 s: half of that, and the queue is half empty.
RETRY_AFTER_SECONDS = 7

# Sent by existing clients with every password, so changing it would lock out their users.
_CLIENT_SALT = "Rd!@cc111$ecur3P@$$w0rd$@lt#H@$h"


@dataclass(frozen=True, slots=True)
class PasswordParameters:
    """Cost of one derivation; kept in the user's row, so that it can grow.

    The default takes 64 MiB and 0.2 to 0.4 s (RFC 9106, section 4, second recommendation, with one lane: a broker
    has few cores and many callers).
    """

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1


CURRENT_PARAMETERS = PasswordParameters()


@dataclass(frozen=True, slots=True)
class PasswordKeys:
    """What a password gives: the user's key and the proof that he knew the password, 32 bytes each."""

    kek: bytes = field(repr=False)
    proof: bytes = field(repr=False)

    @property
    def verifier(self) -> bytes:
        """What the row keeps: SHA-256 of the proof, so that reading the row proves nothing."""
        return hashlib.sha256(self.proof).digest()

    def matches(self, stored_verifier: bytes) -> bool:
        """Tell, in constant time, whether the password is the one whose verifier was stored."""
        return hmac.compare_digest(self.verifier, stored_verifier)


class GateFullError(Exception):
    """Too many derivations wait already: the caller should come back after retry_after_seconds (HTTP 503)."""

    retry_after_seconds = RETRY_AFTER_SECONDS

    def __init__(self) -> None:
        super().__init__("too many sign-ins at once")


def password_user_hash(password: str) -> bytes:
    """Turn a password as typed into the 32 bytes that existing clients send as Rediacc-UserHash.

    Both ways then open the same account. It is no protection: whoever has these bytes has the password.
    """
    return hashlib.sha256((password + _CLIENT_SALT).encode()).digest()


def derive_password_keys(
    user_hash: bytes, salt: bytes, parameters: PasswordParameters, instance_key: bytes, user_uuid: UUID
) -> PasswordKeys:
    """Derive the user's key and proof; slow on purpose, so run it behind an Argon2Gate.

    Args:
        user_hash: 32 bytes, as sent or from password_user_hash().
        salt: 16 random bytes from the user's row.
        instance_key: 32 bytes, the key of the instance keyring that the row names.

    Raises:
        ValueError: an input of the wrong length, or parameters that Argon2id does not take.

    Source: spec/vault-keys.md, keys; RFC 9106.
    """
    if len(user_hash) != USER_HASH_BYTES:
        raise ValueError("a user hash is 32 bytes")
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt is 16 bytes")
    if len(instance_key) != KEY_BYTES:
        raise ValueError("an instance key is 32 bytes")
    argon2 = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=parameters.passes,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
    )
    root = hmac.digest(instance_key, argon2.derive(user_hash), "sha256")
    kek = hkdf_sha256(root, b"", b"jb1/kek" + user_uuid.bytes)
    return PasswordKeys(kek, hkdf_sha256(root, b"", b"jb1/auth" + user_uuid.bytes))


def needs_upgrade(parameters: PasswordParameters, current: PasswordParameters = CURRENT_PARAMETERS) -> bool:
    """Tell whether a row should be derived anew at this login, because it was made with other parameters."""
    return parameters != current


class Argon2Gate:
    """Lets few derivations run at once (64 MiB each), some wait, and refuses the rest; one per process.

    It serves plain threads and, made after gevent's monkey patching, greenlets. Under gevent the derivation runs in a
    real thread, so that other greenlets go on: Argon2id releases the interpreter lock, but never yields to the hub.
    """

    def __init__(self, at_once: int = DERIVATIONS_AT_ONCE, waiting: int = DERIVATIONS_WAITING) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._running = threading.BoundedSemaphore(at_once)

    def run(self, derivation: Callable[[], T]) -> T:
        """Run a derivation as soon as there is room for it, and return or raise what it does.

        Raises:
            GateFullError: at once, when all places to wait are taken.
        """
        if not self._places.acquire(blocking=False):
            raise GateFullError
        try:
            with self._running:
                return _in_real_thread(derivation)
        finally:
            self._places.release()


def _in_real_thread(derivation: Callable[[], T]) -> T:
    # Looked up, not imported: a broker that serves with plain threads needs no gevent.
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return derivation()

    def quiet() -> tuple[T | None, Exception | None]:
        # gevent's pool prints an exception together with the function it ran, whose arguments may be a password's hash.
        try:
            return derivation(), None
        except Exception as error:
            return None, error

    result, error = sys.modules["gevent"].get_hub().threadpool.apply(quiet)
    if error is not None:
        raise error
    return cast("T", result)
