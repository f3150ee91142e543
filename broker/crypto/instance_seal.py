"""What the server keeps and needs without anybody's key: the instance keyring seals it, so a dump alone gives none.

sealed     = magic 2 | format=1 algorithm=1 | key_number:u32 | nonce 12 | AES-256-GCM(key, secret)
key        = HKDF-SHA256(instance key, info = purpose)
associated = length-prefixed(purpose, header, company uuid, owner uuid)
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.crypto.keys import NONCE_BYTES, hkdf_sha256, length_prefixed

_VERSIONS = b"\x01\x01"
_HEADER_BYTES = 8


class SealError(ValueError):
    """A sealed secret that does not open."""


@dataclass(frozen=True)
class InstanceSeal:
    """How secrets of one purpose are sealed.

    Attributes:
        magic: two bytes, by which a sealed secret shows its purpose.
    """

    purpose: bytes
    magic: bytes

    def seal(
        self,
        secret: bytes,
        instance_key: bytes,
        key_number: int,
        company_uuid: UUID,
        owner_uuid: UUID,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> bytes:
        """Seal a secret for the server to keep.

        Args:
            instance_key: 32 bytes, of the number that is kept with it.

        Source: spec/vault-keys.md, grants, last line; AES-256-GCM, NIST SP 800-38D, section 7.1.
        """
        header = self._header(key_number)
        nonce = random_bytes(NONCE_BYTES)
        context = self._context(header, company_uuid, owner_uuid)
        return header + nonce + AESGCM(self._key(instance_key)).encrypt(nonce, secret, context)

    def open(self, sealed: bytes, instance_key: bytes, key_number: int, company_uuid: UUID, owner_uuid: UUID) -> bytes:
        """Open a secret.

        Raises:
            SealError: another key or owner, or altered bytes; which is not told.
        """
        header = self._header(key_number)
        nonce, content = sealed[_HEADER_BYTES : _HEADER_BYTES + NONCE_BYTES], sealed[_HEADER_BYTES + NONCE_BYTES :]
        if not sealed.startswith(header) or len(nonce) != NONCE_BYTES:
            raise SealError("the sealed secret cannot be opened with this key")
        context = self._context(header, company_uuid, owner_uuid)
        try:
            return AESGCM(self._key(instance_key)).decrypt(nonce, content, context)
        except InvalidTag as error:
            raise SealError("the sealed secret cannot be opened with this key") from error

    def _header(self, key_number: int) -> bytes:
        return self.magic + _VERSIONS + key_number.to_bytes(4, "big")

    def _key(self, instance_key: bytes) -> bytes:
        return hkdf_sha256(instance_key, b"", self.purpose)

    def _context(self, header: bytes, company_uuid: UUID, owner_uuid: UUID) -> bytes:
        return length_prefixed(self.purpose, header, company_uuid.bytes, owner_uuid.bytes)
