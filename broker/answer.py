"""What a call answers: rows opened, tokens shown, what is not for the caller taken out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from broker.caller import HeldKeys
from broker.contract.endpoint import Endpoint, RowShape
from broker.crypto.vault import VaultError, VaultRecord, open_vault
from broker.database.pipeline import Rows
from broker.database.rows import decode_rows

STREAM_BYTES = 256 * 1024  # a larger listing is decoded and opened while it is sent

Row = dict[str, Any]


@dataclass
class AnswerTable:
    """Rows by the names of their members; where `streamed`, they are made anew each time they are read."""

    rows: Iterable[Row]
    count: int
    streamed: bool = False

    def made_of(self, make: Callable[[], Iterable[Row]]) -> Iterable[Row]:
        """Other rows in place of these, made no earlier and no more often than these are."""
        return Remade(make) if self.streamed else list(make())


@dataclass(frozen=True)
class Remade:
    """Rows of a long listing: never all there at once, but as often as somebody reads them."""

    make: Callable[[], Iterable[Row]]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.make())


@dataclass
class Answer:
    """What a call that was not refused by raising answers.

    Attributes:
        wait_keys: where to wait for more, when the answer is empty.
        wake_after: seconds after which there may be more, though nobody wakes; None: no such time is known.
        refusal: status and sentence of a refusal whose traces were committed.
    """

    tables: list[AnswerTable] = field(default_factory=list)
    outputs: Row = field(default_factory=dict)
    wait_keys: tuple[str, ...] = ()
    wake_after: float | None = None
    refusal: tuple[int, str] | None = None


@dataclass
class Finisher:
    """Makes the rows of one call ready for the caller.

    Attributes:
        keys: asked for at the first vault.
        refresh_keys: asked once, when these lack a key: a grant may be younger than the cache.
        claim_token: made for this call, shown in place of its digest.
        reveal: by column, what a ceremony shows once.
        claimed: told of each claimed row and its request vault.
        woken: keys collected from columns of type data.wake.
        unreadable: rows with a vault that did not open.
        keyless: rows with a vault for which the token holds no key.
    """

    keys: Callable[[], HeldKeys]
    refresh_keys: Callable[[], HeldKeys]
    claim_token: str | None
    reveal: Mapping[str, str]
    claimed: Callable[[Row, VaultRecord], None]
    woken: list[str] = field(default_factory=list)
    unreadable: list[Row] = field(default_factory=list)
    keyless: list[Row] = field(default_factory=list)
    _refreshed: bool = False

    def finish(self, shape: RowShape, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows as the caller sees them; a claimed one whose vault does not open is left out."""
        for row in rows:
            for member in shape.wakes:
                self.woken.extend(row.pop(member) or ())
            for member, column in shape.revealed:
                row[member] = self.reveal.get(column, row[member])
            for member in shape.claims:
                row[member] = self.claim_token if row[member] is not None else None
            if self._open_vaults(shape, row) or not shape.claims:
                yield row

    def _open_vaults(self, shape: RowShape, row: Row) -> bool:
        failed: list[Row] | None = None
        for member in shape.vaults:
            record: VaultRecord | None = row[member]
            if record is None:
                continue
            if shape.claims:
                self.claimed(row, record)
            try:
                row[member] = self._open(record)
            except VaultError:
                row[member], failed = None, self.unreadable
            except LookupError:
                row[member], failed = None, failed or self.keyless
        if failed is not None:
            row["vaultError"] = True
            failed.append(row)
        return failed is None

    def _open(self, record: VaultRecord) -> str:
        scope = record.scope_kind, record.scope_id, record.key_version
        keys = self.keys()
        if keys.scope_key(*scope) is None and not self._refreshed:
            self._refreshed = True
            keys = self.refresh_keys()
        key = keys.scope_key(*scope)
        if key is None:
            raise LookupError(record.scope_kind)
        try:
            return open_vault(record, keys.company_uuid, key).decode()
        except UnicodeDecodeError as error:
            raise VaultError from error


def build_answer(endpoint: Endpoint, answers: Sequence[Rows], finisher: Finisher) -> Answer:
    """Put together what the database answered.

    Args:
        answers: of the counting procedure, if there is one, and of the procedure.
    """
    procedure, rows = endpoint.procedure, answers[-1]
    answer = Answer()
    decode = partial(decode_rows, endpoint.rows, rows)
    if procedure.tables and procedure.tables[0].output is None:
        if rows.size >= STREAM_BYTES:
            if endpoint.shapes[0].vaults:
                finisher.keys()  # what can fail, must fail before the first byte of the answer leaves
            remade = Remade(lambda: finisher.finish(endpoint.shapes[0], decode()))
            answer.tables.append(AnswerTable(remade, rows.count, streamed=True))
        else:
            answer.tables.append(table_of(finisher.finish(endpoint.shapes[0], decode())))
    else:
        for row in decode():
            add_outputs(answer, endpoint, row, finisher)
    if endpoint.counts:
        answer.tables.append(table_of(decode_rows(endpoint.counts, answers[0])))
    if rows.truncated:
        answer.outputs["truncated"] = True
    return answer


def add_outputs(answer: Answer, endpoint: Endpoint, row: Row, finisher: Finisher) -> None:
    """Add the single row of out arguments: arrays of composites are tables, the rest is outputs."""
    procedure = endpoint.procedure
    for table, shape in zip(procedure.tables, endpoint.shapes, strict=True):
        if table.output is not None:
            listed = row[procedure.results[table.output].member] or ()
            answer.tables.append(table_of(finisher.finish(shape, listed)))
    outputs = {
        procedure.results[position].member: row[procedure.results[position].member] for position in procedure.outputs
    }
    status, message = outputs.pop("refusedStatus", None), outputs.pop("refusedMessage", None)
    if status is not None:
        answer.refusal = status, message or "refused"
    answer.wait_keys = tuple(outputs.pop("waitKeys", None) or ())
    answer.wake_after = outputs.pop("wakeAfter", None)
    [answer.outputs] = finisher.finish(endpoint.outputs, [outputs])


def table_of(rows: Iterable[Row]) -> AnswerTable:
    """A table whose rows are all there."""
    listed = list(rows)
    return AnswerTable(listed, len(listed))
