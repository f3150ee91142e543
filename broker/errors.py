"""What went wrong -> HTTP status and sentences. This table is the only place that knows.

SQL speaks in SQLSTATEs: `JBxyz` is HTTP status xyz with a message for callers; other messages of PostgreSQL name tables
and types and are never shown.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from marshmallow import ValidationError
from psycopg.errors import Error
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from broker.contract.text import one_line
from broker.crypto.password import GateFullError
from broker.database.database import UnavailableError

UNAUTHENTICATED = "Authentication required: no valid token was sent in the header Rediacc-RequestToken"
BODY_BYTES = 2**20

INTERNAL = (500, "internal error")
BUSY = (503, "the database is busy or not reachable; repeat the call")
BRAKED = "JB429"  # its detail says how many seconds to wait
# The longest entry that a SQLSTATE begins with decides.
STATES: Mapping[str, tuple[int, str]] = {
    "JB421": BUSY,  # twice the vault was sealed for what is not true any more
    "23503": (409, "something that this call names was deleted meanwhile; repeat the call"),
    "23505": (409, "something with this name or id exists already"),
    "23514": (400, "a value is not allowed"),
    "22": (400, "a value is not valid"),
    "22003": (400, "a number is out of range"),
    "40001": BUSY,
    "40P01": BUSY,
    "55P03": BUSY,
    "25006": BUSY,  # a standby that is not the primary yet, or not any more
    "53": BUSY,
    "57P": BUSY,
    "08": BUSY,
    "57014": (504, "the call took too long and was undone"),
}

logger = logging.getLogger(__name__)


class RefusedError(Exception):
    """A call that the broker itself refuses.

    Args:
        status: HTTP status.
        messages: sentences for the caller.
    """

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(status, *messages)
        self.status = status
        self.messages = messages


@dataclass(frozen=True)
class Failure:
    """An error as every surface tells it, each in its own shape."""

    status: int
    messages: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


def failure_of(error: BaseException) -> Failure:
    """Status and sentences of an exception; one that nobody expected is 500 and nothing of it is told."""
    if isinstance(error, RefusedError):
        return make_failure(error.status, error.messages)
    if isinstance(error, ValidationError):
        messages = error.messages if isinstance(error.messages, list) else [str(error)]
        return make_failure(400, tuple(str(message) for message in messages))
    if isinstance(error, Error):
        failure = make_failure(*explain_sqlstate(error))
        if error.sqlstate == BRAKED:
            return replace(failure, headers={"Retry-After": error.diag.message_detail or "1"})
        return failure
    if isinstance(error, GateFullError):
        return Failure(503, (f"{error}; repeat the call",), {"Retry-After": str(error.retry_after_seconds)})
    if isinstance(error, UnavailableError):
        return make_failure(BUSY[0], (BUSY[1],))
    if isinstance(error, MethodNotAllowed):
        return Failure(405, (explain_http(error),), {"Allow": ", ".join(allowed_methods(error))})
    if isinstance(error, HTTPException) and error.code:
        return make_failure(error.code, (explain_http(error),))
    return make_failure(INTERNAL[0], (INTERNAL[1],))


def make_failure(status: int, messages: tuple[str, ...]) -> Failure:
    """A failure with the headers that belong to its status."""
    return Failure(status, messages, {"Retry-After": "1"} if status == 503 else {})


def explain_sqlstate(error: Error) -> tuple[int, tuple[str, ...]]:
    """Status and sentence of what the database answered."""
    state = error.sqlstate or ""
    for length in (5, 3, 2):
        if state[:length] in STATES:
            status, message = STATES[state[:length]]
            kind = (error.diag.datatype_name or "").replace("_", " ")
            return status, (f"a value is not a valid {kind}" if state == "23514" and kind else message,)
    if state.startswith("JB") and state[2:].isdigit() and 400 <= int(state[2:]) <= 599:
        return int(state[2:]), (one_line(error.diag.message_primary or "refused"),)
    return INTERNAL[0], (INTERNAL[1],)


def explain_http(error: HTTPException) -> str:
    """A sentence for what Flask refuses."""
    if isinstance(error, MethodNotAllowed):
        return f"this address takes {', '.join(allowed_methods(error))} only"
    if isinstance(error, NotFound):
        return "there is nothing at this address"
    if isinstance(error, RequestEntityTooLarge):
        return f"the body has more than {BODY_BYTES} bytes"
    return error.description or error.name


def allowed_methods(error: MethodNotAllowed) -> list[str]:
    """The methods that an address takes."""
    return sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
