"""From loaded arguments to a statement: `select * from api.f(p_a => $1, ...)` and the values on the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

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
        self.formats.append(Format.BINARY if isinstance(value, bytes) else Format.TEXT)
        self.values.append(value if isinstance(value, bytes) else None if value is None else as_text(value).encode())
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
        json = orjson.dumps([as_json(element, entry) for entry in value]).decode()
        return f"array(select jsonb_populate_recordset(null::{element.plain.name}, {binder.bind(json)}::jsonb))"
    if plain.kind == "composite":
        object_json = None if value is None else orjson.dumps(as_json(plain, value)).decode()
        return f"jsonb_populate_record(null::{plain.name}, {binder.bind(object_json)}::jsonb)"
    if element:
        return binder.bind(as_array(value))
    if plain.name in ("json", "jsonb"):
        return binder.bind(orjson.dumps(value).decode())
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
    """A composite as jsonb_populate_record reads it: attributes by name, bytes in hex.

    Args:
        value: members by name, or a tuple in the order of the attributes.
    """
    plain, element = kind.plain, kind.element
    if isinstance(value, VaultRecord):
        value = vault_attributes(value)
    if plain.kind == "composite" and isinstance(value, Mapping):
        attributes = ((attribute, value.get(attribute.member)) for attribute in plain.attributes)
        return {attribute.name: as_json(attribute.type, inner) for attribute, inner in attributes}
    if plain.kind == "composite" and isinstance(value, tuple):
        pairs = zip(plain.attributes, value, strict=True)
        return {attribute.name: as_json(attribute.type, inner) for attribute, inner in pairs}
    if element and value is not None:
        return [as_json(element, inner) for inner in value]
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return str(value) if isinstance(value, UUID) else value
