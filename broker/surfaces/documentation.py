"""`GET /api/openapi.json` and `GET /api/docs`: the contract for programs and for people, from one source.

The page is made here and loads nothing from elsewhere: one stylesheet, no script.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from apispec import APISpec
from flask import Blueprint, Response, render_template, request

from broker.call import Procedures
from broker.config import Config
from broker.contract.openapi import PATH, build_document, describe_headers, errors_of, members_of
from broker.contract.registry import Column, Procedure, Registry, Type
from broker.contract.schemas import all_tables, is_shown
from broker.surfaces.envelope import dump, respond

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# What a reader needs to know of a type; others are shown by their own name.
TYPE_WORDS = {
    "bool": "true or false",
    "bytea": "bytes",
    "float4": "number",
    "float8": "number",
    "int2": "whole number",
    "int4": "whole number",
    "int8": "whole number",
    "json": "JSON",
    "jsonb": "JSON",
    "numeric": "number",
    "text": "text",
    "timestamptz": "time",
    "uuid": "UUID",
    "varchar": "text",
    "data.vault": "JSON text",
    "data.claim_token": "claim token",
    "data.new_claim": "claim token",
    "data.revealed": "text, shown once",
}
EXAMPLES = {
    "bool": "true",
    "float8": "0.5",
    "int2": "3",
    "int4": "3",
    "int8": "42",
    "jsonb": '{"key": "value"}',
    "timestamptz": '"2030-01-31T12:00:00Z"',
    "uuid": '"01890a5d-ac96-774b-bcce-b302099a8057"',
    "data.vault": r'"{\"handler\": \"shell\", \"argv\": [\"uptime\"]}"',
}


@dataclass(frozen=True)
class Topic:
    """Procedures that belong together on the page."""

    name: str
    procedures: tuple[Procedure, ...]


def create_documentation(
    procedures: Procedures, config: Config, surfaces: Iterable[Callable[[APISpec], None]] = ()
) -> Blueprint:
    """The surface over these procedures.

    Args:
        surfaces: what other surfaces add to the document.
    """
    surface = Blueprint(
        "documentation",
        __name__,
        url_prefix="/api",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )

    # Made once: it takes a worker's whole attention for some hundredths of a second, and anybody may ask for it.
    document: tuple[Registry, bytes] | None = None

    @surface.get("/openapi.json")
    def show_document() -> Response:
        nonlocal document
        registry = procedures.current_registry()
        if document is None or document[0] != registry:
            document = registry, dump(build_document(registry, config.vault_max_bytes, surfaces))
        return respond(200, document[1])

    @surface.get("/docs")
    def show_page() -> Response:
        page = render_template(
            "documentation.html",
            topics=group_by_topic(procedures.current_registry()),
            base_url=request.host_url.rstrip("/"),
            path=PATH,
            headers_of=describe_headers,
            members_of=members_of,
            tables_of=all_tables,
            outputs_of=outputs_of,
            columns_of=visible_columns,
            errors_of=errors_of,
            type_words=describe_type,
            example=example_body,
        )
        response = Response(page, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return surface


def group_by_topic(procedures: Iterable[Procedure]) -> list[Topic]:
    """The procedures by topic, both in the order of their names."""
    ordered = sorted(procedures, key=lambda each: (each.topic, each.name))
    return [Topic(name, tuple(members)) for name, members in groupby(ordered, key=lambda each: each.topic)]


def outputs_of(procedure: Procedure) -> list[Column]:
    """The members of `outputs`."""
    return [column for column in map(procedure.results.__getitem__, procedure.outputs) if is_shown(column)]


def visible_columns(columns: Iterable[Column]) -> list[Column]:
    """The columns that callers see."""
    return [column for column in columns if is_shown(column)]


def describe_type(kind: Type) -> str:
    """A type in a few words."""
    if kind.name in TYPE_WORDS:
        return TYPE_WORDS[kind.name]
    plain, element = kind.plain, kind.element
    if element:
        return f"list of {'objects' if element.plain.kind == 'composite' else describe_type(element)}"
    if plain.kind == "enum":
        return " | ".join(plain.labels)
    return "object" if plain.kind == "composite" else TYPE_WORDS.get(plain.name, plain.name)


def example_body(procedure: Procedure) -> str:
    """A body that has the required members of a procedure, or the first one when none is required."""
    members = members_of(procedure)
    shown = [argument for argument in members if argument.required] or members[:1]
    return "{" + ", ".join(f'"{argument.member}": {example_value(argument.type)}' for argument in shown) + "}"


def example_value(kind: Type) -> str:
    """JSON of a value of a type."""
    plain, element = kind.plain, kind.element
    if element:
        return f"[{example_value(element)}]"
    if plain.kind == "enum":
        return f'"{plain.labels[0]}"'
    if plain.kind == "composite" and plain.name != "data.vault":
        return "{" + ", ".join(f'"{part.member}": {example_value(part.type)}' for part in plain.attributes) + "}"
    return EXAMPLES.get(kind.name) or EXAMPLES.get(plain.name, '"..."')
