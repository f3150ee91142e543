"""`POST /api/StoredProcedure/<Name>`: every procedure under its own name, and under those that clients know.

A request is looked at in this order: name (404), kind of body (415, 413), token's form (401), body (400), then SQL.
None of the first four depends on anything stored, so their order tells a stranger nothing.
"""

from typing import TYPE_CHECKING

from flask import Blueprint, Request, Response, g, request

from broker.call import Procedures
from broker.caller import Sender
from broker.contract.body import parse_body
from broker.contract.text import echo
from broker.errors import RefusedError
from broker.live.hub import Hub
from broker.live.longpoll import run_waiting
from broker.surfaces.dialects import dialect_of
from broker.surfaces.envelope import JSON, write_answer

if TYPE_CHECKING:
    from socket import socket


def create_stored_procedures(procedures: Procedures, hub: Hub) -> Blueprint:
    """The surface over these procedures; calls that may wait do so on the hub."""
    surface = Blueprint("stored_procedure", __name__, url_prefix="/api/StoredProcedure")

    @surface.post("/<name>")
    def call_procedure(name: str) -> Response:
        dialect = dialect_of(request.headers)
        g.procedure = dialect.procedure_of(name)
        endpoint = procedures.find(g.procedure)
        body = read_body(request)
        sender = read_sender(request)
        caller = procedures.identify(endpoint, sender)
        call = procedures.load(endpoint, dialect.read_body(endpoint, parse_body(body)), caller, sender)
        answer = run_waiting(procedures, hub, call, read_client(request))
        return write_answer(dialect.arrange(call, answer))

    return surface


def read_body(request: Request) -> bytes:
    """The bytes of the body, if they are said to be JSON; an empty body may say anything.

    Raises:
        RefusedError: 415, another Content-Type, or compressed.
        RequestEntityTooLarge: more than 1 MiB.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise RefusedError(415, f"a body with Content-Encoding {echo(encoding)} is not taken: send it as it is")
    body = request.get_data(cache=False)
    if body and request.mimetype != JSON:
        raise RefusedError(415, f"Content-Type is {echo(request.mimetype) or 'missing'}: it must be {JSON}")
    return body


def read_client(request: Request) -> int | None:
    """File descriptor of the connection that the answer goes to, where the server tells."""
    connection: socket | None = request.environ.get("gunicorn.socket")
    return None if connection is None else connection.fileno()


def read_sender(request: Request, token: str | None = None) -> Sender:
    """What the headers say of who sent the request.

    Args:
        token: found elsewhere; the header Rediacc-RequestToken comes first.
    """
    headers = request.headers
    return Sender(
        token=headers.get("Rediacc-RequestToken", "").strip() or token,
        idempotency_key=headers.get("Idempotency-Key"),
        email=headers.get("Rediacc-UserEmail") or None,
        user_hash=read_user_hash(headers.get("Rediacc-UserHash")),
        address=request.remote_addr or "",
        user_agent=headers.get("User-Agent", ""),
        request_id=g.request_id,
    )


def read_user_hash(text: str | None) -> bytes | None:
    """The 32 bytes of the header Rediacc-UserHash, `0x` and 64 hexadecimal digits; None when it has another form."""
    if not text or len(text) != 66 or text[:2].lower() != "0x":
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None
