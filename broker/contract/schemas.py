"""The gate and the contract: from a procedure's signature a schema of its requests and one of its replies.

A request is loaded as a whole: every complaint about it is made at once. Names of members match without regard to case,
and null means absent, in nested objects too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from broker.contract.fields import LIST_ITEMS, LIST_VALUES, VOCABULARY, Label, Many, VaultText
from broker.contract.registry import Argument, Column, Procedure, Table, Type
from broker.contract.shortcut import Loader, loader_of
from broker.contract.text import echo

COMPLAINTS = 20  # told at once
REQUIRED = {"required": "is required", "null": "is required", "validator_failed": "is not valid"}


class RequestSchema(Schema):
    """A schema of what callers send."""

    class Meta:
        unknown = RAISE

    error_messages = {"type": "must be an object"}  # noqa: RUF012  # declared so by marshmallow

    def load(self, data: Any, **options: Any) -> Any:
        """Load an object into its members by their exact names.

        Raises:
            ValidationError: all that is wrong with it.
        """
        if not isinstance(data, Mapping):
            return super().load(data, **options)
        with suppress(ValidationError):
            return self._load_shortly(data)
        members, complaints = self._match_names(data)
        if len(complaints) > COMPLAINTS:
            raise ValidationError(complaints)
        try:
            loaded = super().load(members, **options)
        except ValidationError as error:
            raise ValidationError({**as_tree(error), **complaints}) from error
        if complaints:
            raise ValidationError(complaints)
        return loaded

    @cached_property
    def _load_shortly(self) -> Loader:
        return loader_of(self)

    def _match_names(self, data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        exact = {name.lower(): name for name in self.fields}
        members: dict[str, Any] = {}
        complaints: dict[str, list[str]] = {}
        for sent, value in data.items():
            if len(complaints) > COMPLAINTS:
                break
            name = sent if sent in self.fields else exact.get(sent.lower())
            if name is None:
                complaints[sent] = ["is unknown"]
            elif name in members:
                complaints[name] = ["is given twice"]
            else:
                members[name] = value
        return {name: value for name, value in members.items() if value is not None}, complaints


def build_request_schema(procedure: Procedure, vault_bytes: int) -> RequestSchema:
    """The schema of a procedure's requests.

    Args:
        vault_bytes: how large a vault may be.
    """
    members = [argument for argument in procedure.arguments if argument.is_member]
    return build_object(f"{procedure.name}Request", members, vault_bytes)


def build_object(name: str, columns: Iterable[Column], vault_bytes: int) -> RequestSchema:
    """The schema of an object with these members; also of the elements of a list."""
    return RequestSchema.from_dict(
        {
            column.member: build_field(
                column.type,
                vault_bytes,
                required=isinstance(column, Argument) and column.required,
                allow_none=not (isinstance(column, Argument) and column.required),
                error_messages=REQUIRED,
                metadata=describe(column),
            )
            for column in columns
        },
        name=name,
    )()  # type: ignore[return-value]  # from_dict is declared to give a plain Schema


@lru_cache(maxsize=256)
def build_composite(kind: Type, vault_bytes: int) -> RequestSchema:
    """The schema of a composite: one, however many procedures take it, since the contract names it once."""
    return build_object(object_name(kind), kind.attributes, vault_bytes)


def build_field(kind: Type, vault_bytes: int, **options: Any) -> fields.Field[Any]:
    """The field that loads a type."""
    make: Callable[..., fields.Field[Any]] | None = VOCABULARY.get(kind.name)
    if make is not None:
        return make(**options)
    if kind.name == "data.vault":
        return VaultText(vault_bytes, **options)
    if kind.kind == "domain" and kind.base:
        return build_field(kind.base, vault_bytes, **options)
    if kind.kind == "enum":
        return Label(kind.labels, **options)
    if kind.kind == "composite":
        return fields.Nested(build_composite(kind, vault_bytes), **options)
    if kind.kind == "array" and kind.base:
        longest = LIST_ITEMS if kind.base.kind == "composite" else LIST_VALUES
        return Many(build_field(kind.base, vault_bytes), longest, **options)
    raise TypeError(f"no field is known for the type {kind.name}: add one to broker/contract/fields.py")


def load_request(schema: Schema, body: object) -> dict[str, Any]:
    """Load the body of a request.

    Returns:
        Members by their exact names; absent ones are left out.

    Raises:
        ValidationError: with one sentence for each complaint.
    """
    if not isinstance(body, Mapping):
        raise ValidationError(["the body must be a JSON object"])
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError as error:
        sentences = list(islice(tell(as_tree(error)), COMPLAINTS + 1))
        if len(sentences) > COMPLAINTS:
            sentences[COMPLAINTS:] = ["and more"]
        raise ValidationError(sentences) from error
    return loaded


def as_tree(error: ValidationError) -> dict[Any, Any]:
    """The messages of marshmallow, by member."""
    return error.messages if isinstance(error.messages, dict) else {"_schema": error.messages}


def tell(messages: Mapping[Any, Any], path: str = "") -> Iterator[str]:
    """Sentences from marshmallow's tree of messages: `member "items[0].taskId" must be a UUID`."""
    for key, inner in messages.items():
        if key == "_schema":
            place = path
        elif isinstance(key, int):
            place = f"{path}[{key}]"
        else:
            place = f"{path}.{key}" if path else str(key)
        if isinstance(inner, Mapping):
            yield from tell(inner, place)
        else:
            for text in inner:
                yield f'member "{echo(place)}" {text}'


REPLY_FIELDS: Mapping[str, Callable[..., fields.Field[Any]]] = {
    "int2": fields.Integer,
    "int4": fields.Integer,
    "int8": fields.Integer,
    "float4": fields.Float,
    "float8": fields.Float,
    "numeric": fields.Float,
    "bool": fields.Boolean,
    "uuid": fields.UUID,
    "timestamptz": fields.AwareDateTime,
    "jsonb": fields.Raw,
    "json": fields.Raw,
}


def build_row_schema(name: str, columns: Iterable[Column]) -> Schema:
    """The schema of a row of a reply; with a vault in it the row may also say that this vault could not be opened."""
    visible = [column for column in columns if column.type.name != "data.wake"]
    shape = {column.member: build_reply_field(column) for column in visible}
    if any(column.type.name == "data.vault" for column in visible):
        shape["vaultError"] = fields.Boolean(
            metadata={"description": "true when a vault of this row cannot be opened; absent otherwise"}
        )
    return Schema.from_dict(shape, name=name)()


def build_reply_field(column: Column) -> fields.Field[Any]:
    """The field of a column of a reply."""
    options: dict[str, Any] = {"allow_none": True, "metadata": describe(column)}
    kind = column.type.plain
    if kind.kind == "enum":
        return Label(kind.labels, **options)
    if kind.kind == "array" and kind.base:
        return fields.List(build_reply_field(Column(column.name, column.member, kind.base)), **options)
    if kind.kind == "composite" and kind.name != "data.vault":
        return fields.Nested(build_row_schema(object_name(kind), kind.attributes), **options)
    return REPLY_FIELDS.get(kind.name, fields.String)(**options)


def build_response_schema(procedure: Procedure) -> Schema:
    """The schema of a procedure's successful replies: the envelope with its tables and outputs."""
    tables = [
        build_table_schema(f"{procedure.name}Table{number}", table)
        for number, table in enumerate(all_tables(procedure), start=1)
    ]
    return Schema.from_dict(
        {
            "failure": fields.Integer(required=True),
            "errors": fields.List(fields.String(), required=True),
            "tables": TableList(tables, required=True),
            "outputs": fields.Nested(build_outputs_schema(procedure), required=True),
        },
        name=f"{procedure.name}Response",
    )()


class TableList(fields.List[Any]):
    """The tables of an envelope: each has its own schema, by its place."""

    def __init__(self, tables: list[Schema], **options: Any) -> None:
        self.tables = tables
        super().__init__(fields.Raw(), **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(self.tables):
            raise ValidationError(f"must be a list of {len(self.tables)} tables")
        return [schema.load(table) for schema, table in zip(self.tables, value, strict=True)]


def build_table_schema(name: str, table: Table) -> Schema:
    """The schema of one table of an envelope."""
    return Schema.from_dict(
        {
            "resultSetIndex": fields.Integer(required=True),
            "data": fields.List(
                fields.Nested(build_row_schema(f"{name}Row", table.columns)),
                required=True,
                metadata={"description": table.description} if table.description else None,
            ),
        },
        name=name,
    )()


def build_outputs_schema(procedure: Procedure) -> Schema:
    """The schema of the outputs."""
    columns = [column for column in map(procedure.results.__getitem__, procedure.outputs) if is_shown(column)]
    shape = {column.member: build_reply_field(column) for column in columns}
    if procedure.lists:
        shape["truncated"] = fields.Boolean(
            metadata={"description": "true when the listing was cut at 32 MiB; absent otherwise"}
        )
    return Schema.from_dict(shape, name=f"{procedure.name}Outputs")()


def all_tables(procedure: Procedure) -> tuple[Table, ...]:
    """The tables of an answer, those of the procedure that counts included."""
    return procedure.tables + (procedure.counts.tables if procedure.counts else ())


def is_shown(column: Column) -> bool:
    """Tell whether an out argument is part of the answer; refusals and keys to wait on are not."""
    return column.type.name not in ("data.wake", "data.wake_after") and column.name not in (
        "refused_status",
        "refused_message",
    )


def object_name(kind: Type) -> str:
    """The name of a composite in OpenAPI: `data.claimed_item` -> `ClaimedItem`."""
    return "".join(word.capitalize() for word in kind.name.rpartition(".")[2].split("_"))


def describe(column: Column) -> dict[str, str]:
    """What OpenAPI says of a member beyond its type."""
    description = getattr(column, "description", "")
    return {"description": description} if description else {}
