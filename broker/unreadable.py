"""Vaults that did not open: each leaves a trace; an item that was just claimed ends, since nobody can ever run it."""

import logging
from collections.abc import Callable, Iterable, Iterator

from psycopg.errors import Error

from broker.answer import Finisher, Remade, Row
from broker.caller import Caller
from broker.contract.endpoint import Endpoint
from broker.crypto import tokens
from broker.database.arguments import as_array
from broker.database.database import Database, SchemaChangedError, UnavailableError

FAIL_UNREADABLE = "select keyring.fail_unreadable($1, $2)"
REPORT_UNREADABLE = "select keyring.report_unreadable($1)"

logger = logging.getLogger(__name__)


def report_unreadable(
    database: Database, endpoint: Endpoint, caller: Caller, claim_token: str | None, finisher: Finisher
) -> None:
    """Tell log and database.

    Where only the key is missing the item is left alone: another holder of a token may have it.
    """
    if finisher.keyless:
        logger.error("%s: %d vaults without a key", endpoint.procedure.name, len(finisher.keyless))
    if not finisher.unreadable:
        return
    queue_ids = [row["queueId"] for row in finisher.unreadable if row.get("queueId") is not None]
    logger.error(
        "%s: %d vaults do not open, of queue items %s",
        endpoint.procedure.name,
        len(finisher.unreadable),
        queue_ids[:20],
    )
    try:
        if endpoint.claims and claim_token is not None:
            for queue_id in queue_ids:
                claim_hash = tokens.token_hash(claim_token)
                database.query(FAIL_UNREADABLE, str(queue_id), claim_hash, token_hash=caller.token_hash)
        elif queue_ids:
            database.query(REPORT_UNREADABLE, as_array(queue_ids), token_hash=caller.token_hash)
    except (Error, UnavailableError, SchemaChangedError):
        # The answer is right without it; the lease of a claimed item runs out, and it is found unreadable again.
        logger.exception("unreadable vaults of queue items %s could not be reported", queue_ids[:20])


def and_then(rows: Iterable[Row], report: Callable[[], None]) -> Iterable[Row]:
    """The rows, and the report when the last one has been read for the first time."""
    waiting = [report]

    def read() -> Iterator[Row]:
        yield from rows
        while waiting:
            waiting.pop()()

    return Remade(read)
