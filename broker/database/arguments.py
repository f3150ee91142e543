"""From loaded arguments to a statement: `select * from api.f(p_a => $1, ...)` and the values on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from psycopg.pq import Format

from broker.contract.registry import Procedure, Type
from broker.crypto.vault import VaultRecord
from broker.database.pipeline import Statement

vault_attributes = attrgetter(*(attribute.name for attribute in fields(VaultRecord)))


@dataclass(slots=True)
class Binder:
    """Collects values and gives each its place in the statement."""

    values: list[bytes | None] = field(default_factory=list)
    formats: list[Format] = field(default_factory=list)

    def bind(self, value: object) -> str:
        """Take one value; bytes go as they are, everything else as PostgreSQL's text."""
        if not isinstance(value, bytes):
            return self.bind_text(None if value is None else as_text(value).encode())
        self.formats.append(Format.BINARY)
        self.values.append(value)
        return f"${len(self.values)}"

    def bind_text(self, text: bytes | None) -> str:
        """Take one value that is in PostgreSQL's text form."""
        self.formats.append(Format.TEXT)
        self.values.append(text)
        return f"${len(self.values)}"


def build_statement(procedure: Procedure, arguments: Mapping[str, Any], row_bytes: int | None = None) -> Statement:
    """The call of a procedure, in named notation: what is left out keeps SQL's default.

    Args:
        arguments: values by the names of their members.
        row_bytes: where a listing is cut.
    """
    binder = Binder()
    passed = [
        f"{argument.name} => {place(argument.type, arguments[argument.member], binder)}"
        for argument in procedure.arguments
        if argument.member in arguments
    ]
    text = f"select * from api.{procedure.function}({', '.join(passed)})"  # noqa: S608  # names of the catalogue
    return Statement(text, binder.values, binder.formats, row_bytes)


def place(kind: Type, value: Any, binder: Binder) -> str:
    """The SQL expression of one argument."""
    plain, element = kind.plain, kind.element
    if isinstance(value, VaultRecord):
        return f"row({', '.join(map(binder.bind, vault_attributes(value)))})::{plain.name}"
    if element and element.plain.kind == "composite":
        json = dump([as_json(element.plain, entry) for entry in value])
        return f"array(select jsonb_populate_recordset(null::{element.plain.name}, {binder.bind_text(json)}::jsonb))"
    if plain.kind == "composite":
        object_json = None if value is None else dump(as_json(plain, value))
        return f"jsonb_populate_record(null::{plain.name}, {binder.bind_text(object_json)}::jsonb)"
    if element:
        return binder.bind(as_array(value))
    if plain.name in ("json", "jsonb"):
        return binder.bind_text(orjson.dumps(value))
    return binder.bind(value)


def as_text(value: object) -> str:
    """A scalar in PostgreSQL's text form."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def as_array(values: Sequence[object]) -> str:
    """An array of scalars in PostgreSQL's text form."""
    quoted = ('"' + as_text(value).replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def as_json(kind: Type, value: Any) -> Any:
    """A composite as jsonb_populate_record reads it, for dump(): by the names of attributes; absent ones become null.

    Args:
        value: members by name, or a tuple in the order of the attributes; a sealed vault is written as it is.
    """
    plain, element = kind.plain, kind.element
    if plain.kind == "composite" and isinstance(value, Mapping):
        return {
            attribute.name: as_json(attribute.type, inner) if is_nested(inner) else inner
            for attribute in plain.attributes
            if (inner := value.get(attribute.member)) is not None
        }
    if plain.kind == "composite" and isinstance(value, tuple):
        pairs = zip(plain.attributes, value, strict=True)
        return {attribute.name: as_json(attribute.type, inner) for attribute, inner in pairs}
    if element and value is not None:
        return [as_json(element, inner) for inner in value]
    return value


def is_nested(value: object) -> bool:
    """Tell whether a value may hold composites."""
    return isinstance(value, (dict, list, tuple))


def dump(value: Any) -> bytes:
    """JSON as PostgreSQL reads it into composites: bytes in hex."""
    return orjson.dumps(value, default=as_hex)


def as_hex(value: bytes) -> str:
    """Bytes in PostgreSQL's text form."""
    return f"\\x{value.hex()}"
