"""The envelope, for answers and for errors; the client's dialect says under which names it holds the tables.

{"failure": 0, "errors": [], "tables": [{"resultSetIndex": 1, "data": [{...}]}], "outputs": {}}
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, Response, g, request

from broker.contract.text import echo
from broker.errors import Failure, failure_of
from broker.surfaces.dialect import Arranged, Dialect
from broker.surfaces.dialects import dialect_of

if TYPE_CHECKING:
    from broker.answer import Row

ROWS_PER_CHUNK = 200
JSON = "application/json"

logger = logging.getLogger(__name__)


def write_answer(answer: Arranged) -> Response:
    """An answer in its envelope: small ones as one piece of bytes, a long listing while it is read."""
    if any(table.streamed for table in answer.tables):
        return respond(200, stream_answer(answer))
    tables = [{"resultSetIndex": number, "data": list(table.rows)} for number, table in answer.numbered()]
    lists = dict.fromkeys(answer.names, tables)
    return respond(200, dump({"failure": 0, "errors": [], **lists, "outputs": answer.outputs}))


def write_failure(failure: Failure, dialect: Dialect) -> Response:
    """An error in the envelope."""
    lists: dict[str, list[Row]] = {name: [] for name in dialect.table_names}
    envelope = {"failure": failure.status, "errors": list(failure.messages), **lists, "outputs": {}}
    response = respond(failure.status, dump(envelope))
    response.headers.update(failure.headers)
    return response


def respond(status: int, body: bytes | Iterator[bytes]) -> Response:
    """A JSON response that nobody keeps."""
    return Response(body, status=status, content_type=JSON, headers={"Cache-Control": "no-store"})


def stream_answer(answer: Arranged) -> Iterator[bytes]:
    """The envelope in pieces, in the same form."""
    yield b'{"failure":0,"errors":[]'
    for name in answer.names:
        yield b',"%s":[' % name.encode()
        yield from stream_tables(answer)
        yield b"]"
    yield b',"outputs":' + dump(answer.outputs) + b"}"


def stream_tables(answer: Arranged) -> Iterator[bytes]:
    """The tables in pieces. They are made again for each name: cheaper than to keep a listing's opened vaults."""
    for number, table in answer.numbered():
        yield b'%s{"resultSetIndex":%d,"data":[' % (b"," if number > answer.first_number else b"", number)
        separator = b""
        batch: list[Row] = []
        for row in table.rows:
            batch.append(row)
            if len(batch) == ROWS_PER_CHUNK:
                yield separator + dump(batch)[1:-1]
                separator, batch = b",", []
        yield (separator + dump(batch)[1:-1] if batch else b"") + b"]}"


def dump(value: Any) -> bytes:
    """JSON; times in RFC 3339, UTC, with Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def install_errors(app: Flask, retell: Callable[[Failure, Exception], Response | None]) -> None:
    """Number every request, and turn every error that reaches Flask into an answer: the envelope, if none other.

    Args:
        retell: an error as the surface tells it that the request's path belongs to; None: it belongs to none.
    """

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
        response = retell(failure, error)
        if response is not None:
            return response
        dialect = dialect_of(request.headers)
        return write_failure(dialect.retell(g.get("procedure", ""), failure), dialect)
