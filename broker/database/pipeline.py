"""libpq's pipeline mode: several statements and one Sync leave in one write, then all answers are read.

The exchange is a generator that yields whenever it has to wait for the socket; psycopg's wait functions drive it, and
under gevent these let other greenlets run.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg import OperationalError
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

PREPARED_STATEMENTS = 200  # per connection; the one unused for longest is closed
CHUNK_ROWS = 25  # of a cut answer; with two vaults of 256 KiB in each row 12.5 MiB at once


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with its arguments.

    Attributes:
        text: SQL with $1, $2, ...
        values: text or binary form of each, or None.
        formats: of each value.
        row_bytes: if given, the answer is cut when its rows have this many bytes; only the last statement may have it.
    """

    text: str
    values: Sequence[bytes | None] = ()
    formats: Sequence[Format] = ()
    row_bytes: int | None = None


@dataclass(slots=True)
class Rows:
    """What a statement answered, in binary form, as libpq holds it until somebody decodes it.

    Attributes:
        size: bytes of the rows; counted for statements with a limit only.
        complete: the server has said that the statement is done.
        truncated: rows are missing at the end.
    """

    chunks: list[PGresult] = field(default_factory=list)
    count: int = 0
    size: int = 0
    complete: bool = False
    truncated: bool = False


@dataclass(slots=True)
class Prepared:
    """The statements prepared on one connection: text -> name."""

    names: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    made: int = 0


class Conversation:
    """One exchange with the server.

    Args:
        prepared: the connection's own; None: nothing is prepared, since a pooler hands out another session each time.

    Attributes:
        answers: the rows of each statement, as far as they came.
        failure: the first error that the server answered; it has undone all statements.
    """

    def __init__(self, pgconn: PGconn, statements: Sequence[Statement], prepared: Prepared | None) -> None:
        self.answers = [Rows() for _ in statements]
        self.failure: PGresult | None = None
        self._pgconn = pgconn
        self._statements = statements
        self._prepared = prepared

    def run(self) -> PQGen[None]:
        """Send and read everything; where a limit cuts the answer, the rest stays unread, the connection unusable.

        Raises:
            psycopg.OperationalError: the connection was lost.
        """
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        preparations = [self._send(statement) for statement in self._statements]
        pgconn.pipeline_sync()
        while pgconn.flush():
            ready = yield Wait.RW
            if ready & Ready.R:
                pgconn.consume_input()
        for statement, preparation, rows in zip(self._statements, preparations, self.answers, strict=True):
            for new_name in preparation:
                yield from self._read_preparation(statement.text, new_name)
            yield from self._read_rows(rows, statement.row_bytes)
            if rows.truncated:
                return
        if (yield from self._next_result()) is None:
            raise OperationalError("the connection was lost")
        pgconn.exit_pipeline_mode()

    def _send(self, statement: Statement) -> list[bytes | None]:
        """Send one statement.

        Returns:
            What the server answers before its rows: None for a statement closed, its name for one newly prepared.
        """
        pgconn, prepared = self._pgconn, self._prepared
        text = statement.text.encode()
        if prepared is None:
            pgconn.send_query_params(
                text, statement.values, param_formats=statement.formats, result_format=Format.BINARY
            )
            return []
        preparation: list[bytes | None] = []
        name = prepared.names.get(statement.text)
        if name is None:
            if len(prepared.names) >= PREPARED_STATEMENTS:
                pgconn.send_close_prepared(prepared.names.popitem(last=False)[1])
                preparation.append(None)
            prepared.made += 1
            name = b"broker_%d" % prepared.made
            pgconn.send_prepare(name, text)
            preparation.append(name)
        else:
            prepared.names.move_to_end(statement.text)
        pgconn.send_query_prepared(name, statement.values, statement.formats, Format.BINARY)
        return preparation

    def _read_preparation(self, text: str, new_name: bytes | None) -> PQGen[None]:
        while (result := (yield from self._next_result())) is not None:
            if result.status == ExecStatus.FATAL_ERROR:
                self.failure = self.failure or result
            elif result.status == ExecStatus.COMMAND_OK and new_name and self._prepared:
                self._prepared.names[text] = new_name

    def _read_rows(self, rows: Rows, row_bytes: int | None) -> PQGen[None]:
        if row_bytes is not None and self.failure is None:
            self._pgconn.set_chunked_rows_mode(CHUNK_ROWS)
        while (result := (yield from self._next_result())) is not None:
            if result.status == ExecStatus.FATAL_ERROR:
                self.failure = self.failure or result
                continue
            rows.complete |= result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
            if not result.ntuples:
                continue
            rows.chunks.append(result)
            rows.count += result.ntuples
            if row_bytes is not None:
                rows.size += size_of(result)
                if rows.size >= row_bytes:
                    rows.truncated = True
                    return

    def _next_result(self) -> PQGen[PGresult | None]:
        pgconn = self._pgconn
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        return pgconn.get_result()


def size_of(result: PGresult) -> int:
    """Bytes of the values in a result."""
    sizes = [result.fsize(column) for column in range(result.nfields)]
    variable = [column for column, size in enumerate(sizes) if size < 0]
    varying = sum(len(result.get_value(row, column) or b"") for row in range(result.ntuples) for column in variable)
    return varying + result.ntuples * sum(size for size in sizes if size > 0)
