"""The public contract: OpenAPI 3.1 from the procedures' signatures, headers and schemas."""

from collections.abc import Callable, Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from broker.contract.fields import VaultText
from broker.contract.registry import Argument, Procedure, Registry
from broker.contract.schemas import TableList, build_request_schema, build_response_schema
from broker.errors import BODY_BYTES, UNAUTHENTICATED

PATH = "/api/StoredProcedure/"
TOKEN_HEADER = "Rediacc-RequestToken"  # noqa: S105  # a name
DESCRIPTION = f"""\
Every procedure is called by POST with a JSON object and answers one envelope. `failure` is 0 or the HTTP status,
`errors` a list of sentences; a success is always 200.

Names of members match without regard to case. null means absent, and an empty body is `{{}}`. A number or boolean given
for a text member is its text. Unknown members are refused by name. A body has at most {BODY_BYTES} bytes and nests at
most 64 deep; whole numbers are within 2^53. Times are ISO 8601; without an offset they are UTC.
"""

# What every procedure may answer, whatever its header says.
GENERAL_ERRORS = {
    400: "the body is not what this page says",
    401: UNAUTHENTICATED,
    403: "the caller's kind or rights do not reach to this call",
    413: f"the body has more than {BODY_BYTES} bytes",
    415: "the body is not application/json, or compressed",
    500: "an error of the server; nothing of the call was kept",
    503: "the database is busy or away; repeat the call after Retry-After seconds",
    504: "the call took too long and was undone",
}
CALLER_ERRORS = frozenset({401, 403})  # where anyone may call, nobody is refused for who he is
HIDDEN_ERRORS = frozenset({421})  # between broker and database only


class ErrorEnvelope(Schema):
    """The envelope of an error."""

    failure = fields.Integer(required=True, metadata={"description": "the HTTP status"})
    errors = fields.List(fields.String(), required=True, metadata={"description": "sentences"})
    tables = fields.List(fields.Raw(), required=True, metadata={"description": "empty"})
    outputs = fields.Dict(required=True, metadata={"description": "empty"})


def build_document(
    registry: Registry, vault_bytes: int, surfaces: Iterable[Callable[[APISpec], None]] = ()
) -> dict[str, Any]:
    """The document; the same procedures always give the same text.

    Args:
        vault_bytes: how large a vault may be.
        surfaces: what the other surfaces add, each by one function.
    """
    plugin = MarshmallowPlugin(schema_name_resolver=name_schema)
    spec = APISpec(
        title="Machine job broker",
        version="1",
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION},
        security=[{"token": []}],
    )
    for describe in (describe_tables, describe_vault):
        plugin.converter.add_attribute_function(describe)  # type: ignore[union-attr]  # APISpec has made it
    spec.components.security_scheme("token", {"type": "apiKey", "in": "header", "name": TOKEN_HEADER})
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.schema("ErrorEnvelope", schema=ErrorEnvelope)
    for procedure in sorted(registry, key=lambda each: each.name):
        spec.path(path=PATH + procedure.name, operations={"post": describe_call(procedure, vault_bytes)})
    for describe_surface in surfaces:
        describe_surface(spec)
    return spec.to_dict()


def describe_call(procedure: Procedure, vault_bytes: int) -> dict[str, Any]:
    """The operation of one procedure."""
    header = procedure.header
    request = build_request_schema(procedure, vault_bytes)
    operation: dict[str, Any] = {
        "operationId": procedure.name,
        "summary": header.summary,
        "description": describe_rules(procedure),
        "tags": [procedure.topic],
        "parameters": describe_headers(procedure),
        "requestBody": {
            "required": any(argument.required for argument in procedure.arguments if argument.is_member),
            "content": {"application/json": {"schema": request}},
        },
        "responses": {
            "200": {
                "description": "; ".join(header.returns.values()) or "success",
                "content": {"application/json": {"schema": build_response_schema(procedure)}},
            },
            **{
                str(status): {
                    "description": text,
                    "content": {"application/json": {"schema": "ErrorEnvelope"}},
                }
                for status, text in errors_of(procedure).items()
            },
        },
    }
    if "anyone" in header.callers:
        operation["security"] = []
    return operation


def describe_rules(procedure: Procedure) -> str:
    """Description, rules and callers of a procedure, in Markdown."""
    header = procedure.header
    rules = "\n".join(f"- {rule}" for rule in header.rules)
    callers = f"Callers: {', '.join(header.callers)}." if header.callers else ""
    return "\n\n".join(part for part in (header.description, rules, callers) if part)


def describe_headers(procedure: Procedure) -> list[dict[str, Any]]:
    """The headers that a procedure reads beside the token."""
    names: list[tuple[str, str]] = []
    if any(argument.is_idempotency_key for argument in procedure.arguments):
        names.append(("Idempotency-Key", "1 to 200 characters; the same key and body again: the same answer"))
    if "anyone" in procedure.header.callers and procedure.header.ceremony:
        names.append(("Rediacc-UserEmail", "who signs in"))
        names.append(("Rediacc-UserHash", "0x and 64 hexadecimal digits: what stands for the password"))
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in names
    ]


def errors_of(procedure: Procedure) -> dict[int, str]:
    """Every error status of a procedure with what it means: first what its header says, then what is general."""
    told: dict[int, list[str]] = {}
    for status, text in procedure.header.errors:
        if status not in HIDDEN_ERRORS:
            told.setdefault(status, []).append(text)
    for status, text in GENERAL_ERRORS.items():
        if status not in CALLER_ERRORS or "anyone" not in procedure.header.callers:
            told.setdefault(status, []).append(text)
    return {status: "; or ".join(told[status]) for status in sorted(told)}


def members_of(procedure: Procedure) -> list[Argument]:
    """The members that callers give."""
    return [argument for argument in procedure.arguments if argument.is_member]


def describe_tables(converter: OpenAPIConverter, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """The tables of an envelope, each with its own rows."""
    if not isinstance(field, TableList):
        return {}
    count = len(field.tables)
    tables = [converter.resolve_nested_schema(table) for table in field.tables]  # type: ignore[no-untyped-call]
    return {"type": "array", "prefixItems": tables, "minItems": count, "maxItems": count}


def describe_vault(converter: OpenAPIConverter, field: fields.Field[Any], **_: Any) -> dict[str, Any]:  # noqa: ARG001
    """Vaults are text that holds JSON."""
    return {"contentMediaType": "application/json"} if isinstance(field, VaultText) else {}


def name_schema(schema: Any) -> str:
    """The name of a schema in the document: that of its class."""
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__
