"""Refusals of users' calls: each is kept in the audit, afterwards and by a call of its own.

Beside call.py, which every surface comes through, so that none of them has to know; a refusal is what the procedure's
transaction cannot keep itself, since it is rolled back.
"""

import logging

from psycopg.errors import Error

from broker.caller import Caller, Sender
from broker.crypto.tokens import is_session_token
from broker.database.database import Database, SchemaChangedError, UnavailableError
from broker.errors import failure_of

RECORD_REFUSAL = "select keyring.record_refusal($1, $2, $3)"
# Limits, rights, things that are not there or not in the right state, calls too many. Not what is malformed, not what
# no known user has sent, and not what the broker failed to do.
KEPT_STATUSES = frozenset({402, 403, 404, 409, 429})
MESSAGE_CHARACTERS = 200

logger = logging.getLogger(__name__)


def keep_refusal(database: Database, procedure_name: str, caller: Caller, sender: Sender, error: Exception) -> None:
    """Keep that a user's session was refused a procedure, if this error is such a refusal.

    An agent's refusals are steps of the engine and in its events. Nothing is raised: the caller hears what he was going
    to hear, whether it could be kept or not.
    """
    if caller.token is None or not is_session_token(caller.token):
        return
    failure = failure_of(error)
    if failure.status not in KEPT_STATUSES:
        return
    message = "; ".join(failure.messages)[:MESSAGE_CHARACTERS]
    try:
        database.query(
            RECORD_REFUSAL,
            procedure_name,
            str(failure.status),
            message,
            token_hash=caller.token_hash,
            origin=sender.origin,
        )
    except (Error, UnavailableError, SchemaChangedError) as lost:
        logger.warning("a refusal of %s, %d, could not be kept: %s", procedure_name, failure.status, str(lost).strip())
