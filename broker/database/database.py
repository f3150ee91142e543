"""The connection pool, and calls in one round trip.

SQLAlchemy owns the engine and its pool. A call takes the psycopg connection under a pooled one and sends, in one
pipeline, the setting of the token hash and its statements. Up to the Sync that is one implicit transaction; therefore a
transaction-local setting made by the first statement holds for the others, and for nobody else.
"""

import logging
from collections.abc import Sequence
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import Error, error_from_result
from psycopg.pq import Format, PipelineStatus, TransactionStatus
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from broker.database.pipeline import Conversation, Prepared, Rows, Statement

CALL_SECONDS = 120  # above STATEMENT_SECONDS: ends what a lost network would keep waiting for ever
STATEMENT_SECONDS = 60
LOCK_SECONDS = 10  # somebody who types in psql may hold a row; whoever waits for it holds a connection of the pool
CONNECT_SECONDS = 5
POOL_SECONDS = 10
TEXT = 25
FIRST_OWN_TYPE = 16384  # PostgreSQL's own types have lower numbers
SET_CALLER = (
    "select pg_catalog.set_config('broker.token_hash', $1, true), pg_catalog.set_config('broker.request', $2, true)"
)
LIMITS = {"statement_timeout": f"{STATEMENT_SECONDS}s", "lock_timeout": f"{LOCK_SECONDS}s"}
# For each call, where a pooler stands before the server; other connections begin with them.
SET_LIMITS = "select " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in LIMITS.items()
)

# The server says that it ends this session: on an administrator's command, after idling. It had not committed a call
# whose answer did not come before these words.
SESSION_ENDED = frozenset({"57P01", "57P05"})
# What a call meets when its procedure, or a type in it, has just been replaced.
CHANGED_STATES = frozenset({"42883", "42703", "42704", "42804"})
CHANGED_STATES_BY_TEXT = {"XX000": "cache lookup failed"}  # a message that is never translated
# Who refuses, as 0A000, a statement that was prepared on this connection when its result had other columns; the words
# of the refusal depend on the server's language.
STALE_SOURCE = "RevalidateCachedQuery"

logger = logging.getLogger(__name__)


class UnavailableError(Exception):
    """The database gave no answer; whether the call was executed may be unknown."""


class SchemaChangedError(Exception):
    """The call met an upgrade and was rolled back: read the registry again, renew the pool, repeat the call."""


class LostConnectionError(Exception):
    """The connection had ended; it is certain that the call was not executed."""


class StaleConnectionError(LostConnectionError):
    """What was prepared on the connection is of before an upgrade; the call was rolled back."""


class Database:
    """Engine and calls of one broker process.

    Args:
        url: `postgresql://...`, as SQLAlchemy or libpq write it.
        pool_size: connections at most.
        pooler: a transaction pooler is between, so nothing may be prepared.
    """

    def __init__(self, url: str, pool_size: int, pooler: bool = False) -> None:
        self.engine = create_broker_engine(url, pool_size, pooler)
        self._attempts = pool_size + 2
        self._pooler = pooler

    def round_trip(
        self, statements: Sequence[Statement], token_hash: bytes | None = None, origin: bytes = b""
    ) -> list[Rows]:
        """Run statements in one transaction and one round trip.

        Args:
            token_hash: of the caller's token; set for this transaction only.
            origin: from which request the call comes, JSON (Sender.origin), for traces; likewise.

        Returns:
            The rows of each statement.

        Raises:
            psycopg.Error: what the server answered; everything is rolled back.
            SchemaChangedError: an upgrade came between; everything is rolled back.
            UnavailableError: no connection, or it was lost and nobody knows whether the call was executed.
        """
        settings = [Statement(SET_LIMITS)] if self._pooler else []
        if token_hash is not None or origin:
            digest = b"" if token_hash is None else token_hash.hex().encode()
            settings.append(Statement(SET_CALLER, (digest, origin), (Format.TEXT, Format.TEXT)))
        # Every connection of the pool may have been closed by a server that restarted, or be of before an upgrade; one
        # more is new.
        for _ in range(self._attempts):
            try:
                rows = self._attempt([*settings, *statements])
            except LostConnectionError:
                continue
            return rows[len(settings) :]
        raise UnavailableError("every connection to the database ends at once")

    def query(
        self, text: str, *values: str | bytes | None, token_hash: bytes | None = None, origin: bytes = b""
    ) -> list[dict[str, Any]]:
        """Run one statement of the broker's own and decode its rows by the types that PostgreSQL names, enums as text.

        Args:
            values: text, or bytes for a bytea.

        Raises:
            As round_trip.
        """
        encoded = [value.encode() if isinstance(value, str) else value for value in values]
        formats = [Format.BINARY if isinstance(value, bytes) else Format.TEXT for value in values]
        [rows] = self.round_trip([Statement(text, encoded, formats)], token_hash, origin)
        transformer = Transformer()
        found: list[dict[str, Any]] = []
        for chunk in rows.chunks:
            transformer.set_pgresult(chunk, set_loaders=False)
            types = [chunk.ftype(column) for column in range(chunk.nfields)]
            transformer.set_loader_types([oid if oid < FIRST_OWN_TYPE else TEXT for oid in types], Format.BINARY)
            names = [(chunk.fname(column) or b"").decode() for column in range(chunk.nfields)]
            loaded = transformer.load_rows(0, chunk.ntuples, tuple)
            found += (dict(zip(names, row, strict=True)) for row in loaded)
        return found

    def renew(self) -> None:
        """Give every later call a new connection; those in use are closed as they come back."""
        self.engine.dispose()

    def close(self) -> None:
        """Close the connections that are idle; this is the end."""
        self.engine.dispose()

    def _attempt(self, statements: Sequence[Statement]) -> list[Rows]:
        try:
            pooled = self.engine.raw_connection()
        except PoolTimeout as error:
            raise UnavailableError("all connections to the database are busy") from error
        except (DBAPIError, OperationalError) as error:
            logger.warning("the database cannot be reached: %s", getattr(error, "orig", error))
            raise UnavailableError("the database cannot be reached") from error
        connection: Connection[Any] = pooled.driver_connection  # type: ignore[assignment]  # the engine makes no other
        stale = False
        try:
            return self._converse(connection, pooled, statements)
        except StaleConnectionError:
            stale = True
            raise
        finally:
            # Whatever happened, a greenlet killed in the middle included: only an idle connection goes back.
            pgconn = connection.pgconn
            idle = pgconn.transaction_status == TransactionStatus.IDLE
            if stale or not idle or pgconn.pipeline_status != PipelineStatus.OFF:
                pooled.invalidate()
            pooled.close()

    def _converse(
        self, connection: Connection[Any], pooled: PoolProxiedConnection, statements: Sequence[Statement]
    ) -> list[Rows]:
        try:
            # Twice: the first reads the farewell of a server that has closed the connection, the second its end.
            connection.pgconn.consume_input()
            connection.pgconn.consume_input()
        except OperationalError as error:
            raise LostConnectionError from error
        prepared = None if self._pooler else pooled.info.setdefault("prepared", Prepared())
        conversation = Conversation(connection.pgconn, statements, prepared)
        try:
            connection.wait(conversation.run(), timeout=CALL_SECONDS)
        except OperationalError as lost:
            if conversation.failure is None:
                raise UnavailableError("the connection to the database was lost") from lost
        if conversation.failure is None:
            return conversation.answers
        raise explain(error_from_result(conversation.failure), conversation.answers[-1].complete)


def explain(error: Error, complete: bool) -> Exception:
    """What an error of the server means for the call.

    Args:
        complete: the server had answered the last statement, so the call may have been committed.
    """
    if error.sqlstate is None or (error.sqlstate in SESSION_ENDED and complete):
        unavailable = UnavailableError("the connection to the database was lost")
        unavailable.__cause__ = error
        return unavailable
    if error.sqlstate in SESSION_ENDED:
        return LostConnectionError()
    if error.sqlstate == "0A000" and error.diag.source_function == STALE_SOURCE:
        return StaleConnectionError()
    if is_changed(error):
        changed = SchemaChangedError(error.diag.message_primary)
        changed.__cause__ = error
        return changed
    return error


def is_changed(error: Error) -> bool:
    """Tell whether a call failed because the schema was replaced under it."""
    text = CHANGED_STATES_BY_TEXT.get(error.sqlstate or "")
    return error.sqlstate in CHANGED_STATES or (text is not None and text in (error.diag.message_primary or ""))


def create_broker_engine(url: str, pool_size: int, pooler: bool) -> Engine:
    """Make the engine: psycopg, autocommit, no ping and no reset, since a call leaves nothing behind."""
    target = make_url(url).set(drivername="postgresql+psycopg")
    if not pooler:
        named = target.normalized_query.get("options", ())
        limits = (f"-c{name}={value}" for name, value in LIMITS.items())
        target = target.update_query_dict({"options": " ".join([*limits, *named])})
    return create_engine(
        target,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=False,
        pool_reset_on_return=None,
        pool_use_lifo=True,
        use_native_hstore=False,
        connect_args={"connect_timeout": CONNECT_SECONDS, "prepare_threshold": None, "application_name": "broker"},
    )
