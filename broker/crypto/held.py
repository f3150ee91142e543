"""Open what a holder was given, in either form: wrapped under his own key, or sealed to his public half."""

from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from broker.crypto.keys import HPKE, Grant, GrantError, HolderKind, KeyKind, algorithm_of, unwrap_key
from broker.crypto.principals import (
    Principal,
    PrincipalError,
    PrincipalKind,
    PrincipalRecord,
    PrincipalSecret,
    open_principal,
)
from broker.crypto.sealed_keys import open_sealed_key


@dataclass
class KeyOpener:
    """Opens the grants of one holder; his key pair only when one of them needs it.

    Attributes:
        wrapping_key: 32 bytes, what the holder derives from password, token or code.
        packed_principal: his key pair as data.principal_of answers it, or None.
    """

    company_uuid: UUID
    holder_kind: HolderKind
    holder_id: UUID
    wrapping_key: bytes = field(repr=False)
    packed_principal: bytes | None = None
    _secret: PrincipalSecret | None = field(default=None, repr=False)

    def open(self, key_kind: KeyKind, key_id: UUID, key_version: int, wrapped: bytes, check_value: bytes) -> bytes:
        """Open a grant.

        Args:
            key_kind, key_id, key_version: which key the row says it is.
            wrapped: in either form; its algorithm byte says which.
            check_value: 16 bytes, of the key.

        Raises:
            GrantError: it does not open, or the key pair does not.
        """
        grant = Grant(self.company_uuid, self.holder_kind, self.holder_id, key_kind, key_id, key_version)
        if algorithm_of(wrapped) != HPKE:
            return unwrap_key(self.wrapping_key, wrapped, grant, check_value)
        if self._secret is None:
            self._secret = self._open_key_pair()
        return open_sealed_key(self._secret, wrapped, grant, check_value)

    def _open_key_pair(self) -> PrincipalSecret:
        if self.packed_principal is None:
            raise GrantError
        principal = Principal(self.company_uuid, cast("PrincipalKind", self.holder_kind), self.holder_id)
        try:
            return open_principal(principal, self.wrapping_key, PrincipalRecord.parse(self.packed_principal))
        except PrincipalError as error:
            raise GrantError from error
