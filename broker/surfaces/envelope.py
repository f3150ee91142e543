"""The envelope of spec 1, for answers and for errors.

{"failure": 0, "errors": [], "tables": [{"resultSetIndex": 1, "data": [{...}]}], "outputs": {}}
"""

import logging
import secrets
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Flask, Response, g, request

from broker.answer import Answer, Row
from broker.contract.text import echo
from broker.errors import Failure, failure_of

ROWS_PER_CHUNK = 200
JSON = "application/json"

logger = logging.getLogger(__name__)


def write_answer(answer: Answer) -> Response:
    """An answer in its envelope: small ones as one piece of bytes, a long listing while it is read."""
    if not any(table.streamed for table in answer.tables):
        tables = [{"resultSetIndex": number, "data": table.rows} for number, table in enumerate(answer.tables, start=1)]
        return respond(200, dump({"failure": 0, "errors": [], "tables": tables, "outputs": answer.outputs}))
    return respond(200, stream_answer(answer))


def write_failure(failure: Failure) -> Response:
    """An error in the envelope."""
    envelope = {"failure": failure.status, "errors": list(failure.messages), "tables": [], "outputs": {}}
    response = respond(failure.status, dump(envelope))
    response.headers.update(failure.headers)
    return response


def respond(status: int, body: bytes | Iterator[bytes]) -> Response:
    """A JSON response that nobody keeps."""
    return Response(body, status=status, content_type=JSON, headers={"Cache-Control": "no-store"})


def stream_answer(answer: Answer) -> Iterator[bytes]:
    """The envelope in pieces, in the same form."""
    yield b'{"failure":0,"errors":[],"tables":['
    for number, table in enumerate(answer.tables, start=1):
        yield b'%s{"resultSetIndex":%d,"data":[' % (b"," if number > 1 else b"", number)
        separator = b""
        batch: list[Row] = []
        for row in table.rows:
            batch.append(row)
            if len(batch) == ROWS_PER_CHUNK:
                yield separator + dump(batch)[1:-1]
                separator, batch = b",", []
        yield (separator + dump(batch)[1:-1] if batch else b"") + b"]}"
    yield b'],"outputs":' + dump(answer.outputs) + b"}"


def dump(value: Any) -> bytes:
    """JSON; times in RFC 3339, UTC, with Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def install_envelope(app: Flask) -> None:
    """Number every request, and turn every error that reaches Flask into the envelope."""

    @app.before_request
    def number_request() -> None:
        g.request_id = secrets.token_hex(8)

    @app.after_request
    def show_number(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(Exception)
    def write_error(error: Exception) -> Response:
        failure = failure_of(error)
        if failure.status == 500:
            logger.error("request %s, %s: internal error", g.get("request_id"), echo(request.path), exc_info=error)
        return write_failure(failure)
