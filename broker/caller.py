"""Who calls: the token of a request, and the keys that it opens.

No key outlives the request that opened it, save in the cache: at most 60 seconds, at most 1,000 tokens.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

import orjson

from broker.crypto import tokens
from broker.crypto.held import KeyOpener
from broker.crypto.keys import GrantError, ScopeKind, scope_key, token_key
from broker.database.database import Database
from broker.errors import UNAUTHENTICATED, RefusedError

CACHE_SECONDS = 60.0
CACHE_TOKENS = 1_000
USER_AGENT_CHARACTERS = 200
FIND_KEYS = "select * from keyring.open_token($1)"

logger = logging.getLogger(__name__)

Scope = tuple[str, UUID, int]  # kind, id, version of the company key


@dataclass
class HeldKeys:
    """What a token's grants opened: a session holds company keys, an agent the scope keys of its machines and pools."""

    company_uuid: UUID
    company_keys: dict[int, bytes] = field(default_factory=dict, repr=False)
    scope_keys: dict[Scope, bytes] = field(default_factory=dict, repr=False)

    def scope_key(self, kind: str, scope_id: UUID, version: int) -> bytes | None:
        """The 32-byte key of a scope, or None when the token does not open it."""
        key = self.scope_keys.get((kind, scope_id, version))
        if key is None and version in self.company_keys and kind in ("machine", "team", "company"):
            scope_kind: ScopeKind = kind  # type: ignore[assignment]  # just tested
            key = scope_key(self.company_keys[version], self.company_uuid, scope_kind, scope_id)
            self.scope_keys[kind, scope_id, version] = key
        return key

    def newest_version(self, kind: str, scope_id: UUID) -> int | None:
        """The version under which new vaults of a scope are sealed, or None when the token cannot seal for it."""
        if self.company_keys:
            return max(self.company_keys)
        held = (version for held_kind, held_id, version in self.scope_keys if (held_kind, held_id) == (kind, scope_id))
        return max(held, default=None)


class KeyCache:
    """The keys of the tokens used in the last minute."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[float, HeldKeys]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def keys_of(self, token: str, token_hash: bytes) -> HeldKeys:
        """The keys that a token opens, from the cache or by one more round trip.

        Raises:
            RefusedError: 401, the token is unknown, expired or ended.
        """
        now = self._clock()
        with self._lock:
            self._forget_old(now)
            if token_hash in self._entries:
                return self._entries[token_hash][1]
        keys = self._open(token, token_hash)
        with self._lock:
            self._entries[token_hash] = now + CACHE_SECONDS, keys
            if len(self._entries) > CACHE_TOKENS:
                self._entries.popitem(last=False)
        return keys

    def drop(self, token_hash: bytes) -> None:
        """Forget the keys of a token that was refused."""
        with self._lock:
            self._entries.pop(token_hash, None)

    def _forget_old(self, now: float) -> None:
        # Entries expire in the order in which they came.
        while self._entries:
            token_hash, (expires, _) = next(iter(self._entries.items()))
            if expires > now:
                return
            del self._entries[token_hash]

    def _open(self, token: str, token_hash: bytes) -> HeldKeys:
        rows = self._database.query(FIND_KEYS, token_hash)
        if not rows:
            raise RefusedError(401, UNAUTHENTICATED)
        company_uuid, token_id = rows[0]["company_uuid"], rows[0]["token_id"]
        held = HeldKeys(company_uuid)
        wrapping_key = token_key(token, token_id, company_uuid)
        opener = KeyOpener(company_uuid, rows[0]["kind"], token_id, wrapping_key, rows[0]["principal"])
        for row in rows:
            kind, key_id, version = row["key_kind"], row["key_id"], row["key_version"]
            if kind is None:
                continue
            try:
                key = opener.open(kind, key_id, version, row["wrapped"], row["check_value"])
            except GrantError:
                logger.exception("a grant of token %s does not open: %s %s", token_id, kind, key_id)
                continue
            if kind == "company":
                held.company_keys[version] = key
            else:
                held.scope_keys[kind, key_id, version] = key
        return held


@dataclass(frozen=True)
class Sender:
    """What a request says of who sent it; every surface fills in what its callers can send.

    Attributes:
        token: text of the header Rediacc-RequestToken.
        idempotency_key: text of the header Idempotency-Key.
        email: of one who signs in.
        user_hash: the 32 bytes that stand for his password.
        address: network address of the client.
        user_agent: what the client calls itself.
        request_id: by which the log knows the request.
    """

    token: str | None = field(default=None, repr=False)
    idempotency_key: str | None = None
    email: str | None = None
    user_hash: bytes | None = field(default=None, repr=False)
    address: str = ""
    user_agent: str = ""
    request_id: str = ""

    @property
    def origin(self) -> bytes:
        """What traces are told of the request: JSON with id, address and userAgent (at most 200 characters)."""
        agent = self.user_agent if self.user_agent.isprintable() else ""
        return orjson.dumps(
            {"id": self.request_id, "address": self.address, "userAgent": agent[:USER_AGENT_CHARACTERS]}
        )


class Caller:
    """The sender of one request; keys are looked up when the first vault needs them."""

    def __init__(self, token: str | None, cache: KeyCache) -> None:
        """Take the token as it was sent.

        Raises:
            RefusedError: 401, the text cannot be a token.
        """
        if token is not None and not tokens.looks_like_token(token):
            raise RefusedError(401, UNAUTHENTICATED)
        self.token = token
        self.token_hash = None if token is None else tokens.token_hash(token)
        self._cache = cache
        self._keys: HeldKeys | None = None

    @property
    def keys(self) -> HeldKeys:
        """The keys that the token opens.

        Raises:
            RefusedError: 401, there is no token, or it is unknown, expired or ended.
        """
        if self._keys is None:
            if self.token is None or self.token_hash is None:
                raise RefusedError(401, UNAUTHENTICATED)
            self._keys = self._cache.keys_of(self.token, self.token_hash)
        return self._keys

    def refresh_keys(self) -> HeldKeys:
        """Look the keys up again: a grant may have come since they were cached."""
        self.forget()
        return self.keys

    def forget(self) -> None:
        """Forget the keys, here and in the cache."""
        self._keys = None
        if self.token_hash is not None:
            self._cache.drop(self.token_hash)
