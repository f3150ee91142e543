"""Fingerprints: tell whether a repeated text is the same one, without keeping it or a hash that can be guessed."""

import hmac

from broker.crypto.keys import hkdf_sha256, length_prefixed, require_key


def fingerprint(scope_key: bytes, context: bytes, plaintext: bytes) -> bytes:
    """The fingerprint of a text.

    Args:
        context: the Idempotency-Key, UTF-8, or vault.owner_context(): equal texts elsewhere have other fingerprints.

    Returns:
        32 bytes, HMAC-SHA256 (RFC 2104) under a key derived from the scope key.

    Raises:
        ValueError: a scope key that is not 32 bytes.
    """
    return fingerprint_under(fingerprint_key(scope_key), context, plaintext)


def fingerprint_key(scope_key: bytes) -> bytes:
    """Derive the key of all fingerprints of a scope.

    Raises:
        ValueError: a scope key that is not 32 bytes.
    """
    require_key(scope_key)
    return hkdf_sha256(scope_key, b"", b"jb1/fingerprint")


def fingerprint_under(key: bytes, context: bytes, plaintext: bytes) -> bytes:
    """The fingerprint of a text, under the key that fingerprint_key() derived."""
    return hmac.digest(key, length_prefixed(context, plaintext), "sha256")
