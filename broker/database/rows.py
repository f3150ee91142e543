"""From rows in PostgreSQL's binary form to rows of an answer.

psycopg's C loaders read the columns of simple types; composites and arrays of them are taken apart here, by what the
catalogue says, since the server names neither domains nor what a composite is made of.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from psycopg.adapt import Transformer
from psycopg.pq import Format

from broker.contract.registry import Column, Type
from broker.crypto.vault import VaultRecord
from broker.database.pipeline import Rows

BYTEA, TEXT = 17, 25  # loads as it is; loads as text
ROWS_AT_ONCE = 500
# What psycopg's loader gives and orjson writes as it is.
PLAIN_TYPES = frozenset({"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "uuid", "timestamptz"})

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT4 = struct.Struct("!i")
_INT8 = struct.Struct("!q")
_FLOAT8 = struct.Struct("!d")
_ARRAY_HEAD = struct.Struct("!iii")  # dimensions, has nulls, type of the elements
_FIELD_HEAD = struct.Struct("!Ii")  # type, bytes

Decoder = Callable[[Any], Any]  # takes bytes, or what a loader made of them

DECODERS: dict[str, Decoder] = {
    "bool": lambda data: data != b"\0",
    "int2": lambda data: int.from_bytes(data, "big", signed=True),
    "int4": lambda data: _INT4.unpack(data)[0],
    "int8": lambda data: _INT8.unpack(data)[0],
    "float8": lambda data: _FLOAT8.unpack(data)[0],
    "text": bytes.decode,
    "varchar": bytes.decode,
    "uuid": lambda data: UUID(bytes=data),
    "timestamptz": lambda data: _EPOCH + timedelta(microseconds=_INT8.unpack(data)[0]),
    "jsonb": lambda data: orjson.loads(data[1:]),  # after its version
    "json": orjson.loads,
    "bytea": bytes,
}


@dataclass(frozen=True)
class RowPlan:
    """How to read rows of these columns; made once for a procedure."""

    columns: tuple[Column, ...]
    members: tuple[str, ...]
    loader_types: list[int]
    decoders: tuple[tuple[int, Decoder], ...]  # of the columns that are not plain

    def make_row(self, values: Sequence[Any]) -> dict[str, Any]:
        """One row from what the loaders gave."""
        row = dict(zip(self.members, values, strict=True))
        for position, decode in self.decoders:
            value = values[position]
            if value is not None:
                row[self.members[position]] = decode(value)
        return row


def plan_rows(columns: tuple[Column, ...]) -> RowPlan:
    """Choose loaders and decoders for columns."""
    loader_types: list[int] = []
    decoders: list[tuple[int, Decoder]] = []
    for position, column in enumerate(columns):
        plain = column.type.plain
        if plain.name in PLAIN_TYPES:
            loader_types.append(plain.oid)
        elif plain.kind == "enum":
            loader_types.append(TEXT)
        elif plain.name == "numeric":
            loader_types.append(plain.oid)
            decoders.append((position, as_number))
        else:
            loader_types.append(BYTEA)
            decoders.append((position, decoder_of(plain)))
    return RowPlan(columns, tuple(column.member for column in columns), loader_types, tuple(decoders))


def fits(plan: RowPlan, rows: Rows) -> bool:
    """Tell whether rows have the columns that the plan was made for; after an upgrade they may have others."""
    expected = [(column.name.encode(), column.type.plain.oid) for column in plan.columns]
    return all(
        [(chunk.fname(number), chunk.ftype(number)) for number in range(chunk.nfields)] == expected
        for chunk in rows.chunks[:1]
    )


def decode_rows(plan: RowPlan, rows: Rows) -> Iterator[dict[str, Any]]:
    """Read rows one after the other; those of an answer that is streamed are decoded only as they leave."""
    transformer = Transformer()
    for chunk in rows.chunks:
        transformer.set_pgresult(chunk, set_loaders=False)
        transformer.set_loader_types(plan.loader_types, Format.BINARY)
        for first in range(0, chunk.ntuples, ROWS_AT_ONCE):
            yield from transformer.load_rows(first, min(first + ROWS_AT_ONCE, chunk.ntuples), plan.make_row)


def decoder_of(kind: Type) -> Decoder:
    """What reads the binary form of a type.

    Raises:
        TypeError: nothing does; the message names the type.
    """
    plain, element = kind.plain, kind.element
    if plain.name == "data.vault":
        parts = [decoder_of(part.type) for part in plain.attributes]
        return lambda data: VaultRecord(*split_record(data, parts))
    if element:
        decode_element = decoder_of(element)
        return lambda data: [None if part is None else decode_element(part) for part in split_array(data)]
    if plain.kind == "composite":
        members = [attribute.member for attribute in plain.attributes]
        decoders = [decoder_of(attribute.type) for attribute in plain.attributes]
        return lambda data: dict(zip(members, split_record(data, decoders), strict=True))
    if plain.kind == "enum":
        return bytes.decode
    if plain.name not in DECODERS:
        raise TypeError(f"nothing decodes the type {plain.name}: add it to broker/database/rows.py")
    return DECODERS[plain.name]


def split_record(data: bytes, decoders: Sequence[Decoder]) -> list[Any]:
    """The fields of a composite; source: PostgreSQL, record_send: count, then type, length and bytes of each."""
    values: list[Any] = []
    place = 4
    for decode in decoders:
        _, length = _FIELD_HEAD.unpack_from(data, place)
        place += 8
        values.append(None if length < 0 else decode(data[place : place + length]))
        place += max(length, 0)
    return values


def split_array(data: bytes) -> Iterator[bytes | None]:
    """The elements of an array of one dimension; source: PostgreSQL, array_send."""
    dimensions, _, _ = _ARRAY_HEAD.unpack_from(data)
    if dimensions == 0:
        return
    [count] = _INT4.unpack_from(data, _ARRAY_HEAD.size)
    place = _ARRAY_HEAD.size + 8
    for _ in range(count):
        [length] = _INT4.unpack_from(data, place)
        place += 4
        yield None if length < 0 else data[place : place + length]
        place += max(length, 0)


def as_number(value: Decimal) -> int | float:
    """A numeric as JSON has it."""
    return int(value) if value == value.to_integral_value() else float(value)
