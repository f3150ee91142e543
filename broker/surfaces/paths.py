"""The routes of a surface in the OpenAPI document."""

import re
from typing import TYPE_CHECKING, Any

from apispec import APISpec

from broker.contract.openapi import CALLER_ERRORS, GENERAL_ERRORS
from broker.surfaces.problems import Problem
from broker.surfaces.routes import TEAM_HEADER, Route, Surface

if TYPE_CHECKING:
    from marshmallow import Schema

PATH_MEMBER = re.compile(r"<(\w+)>")


def describe(surface: Surface, spec: APISpec) -> None:
    """Add a surface to the document."""
    if "Problem" not in spec.components.schemas:
        spec.components.schema("Problem", schema=Problem)
    operations: dict[str, dict[str, Any]] = {}
    for route in surface.routes:
        path = surface.prefix + PATH_MEMBER.sub(r"{\1}", route.path)
        operations.setdefault(path, {})[route.method.lower()] = describe_route(surface, route)
    for path, methods in operations.items():
        spec.path(path=path, operations=methods)


def describe_route(surface: Surface, route: Route) -> dict[str, Any]:
    """The operation of one route."""
    operation: dict[str, Any] = {
        "operationId": f"{surface.name}_{route.operation_id}",
        "summary": route.summary,
        "tags": [surface.title],
        "parameters": describe_parameters(route),
        "responses": {
            str(route.status): describe_success(route),
            **{str(status): {"description": text} for status, text in route.also.items()},
            **{
                str(status): {"description": text, "content": {"application/json": {"schema": "Problem"}}}
                for status, text in sorted(errors_of(surface, route).items())
            },
        },
        "security": [] if route.for_anyone else [{"token": []}, {"bearer": []}],
    }
    if route.body is not None:
        schema = route.body()
        operation["requestBody"] = {
            "required": any(member.required for member in schema.fields.values()),
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def describe_success(route: Route) -> dict[str, Any]:
    """The answer of a route when all went well."""
    if route.answer is None and route.content_type == "application/json":
        return {"description": "done"}
    schema: Schema | dict[str, str] = route.answer() if route.answer else {"type": "string"}
    return {"description": "success", "content": {route.content_type: {"schema": schema}}}


def describe_parameters(route: Route) -> list[Any]:
    """Members of path, query and headers."""
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PATH_MEMBER.findall(route.path)
    ]
    if route.for_anyone:
        return path
    team = {
        "name": TEAM_HEADER,
        "in": "header",
        "required": False,
        "description": "the team that is meant; without it the caller's only one, or his Private Team",
        "schema": {"type": "string"},
    }
    headers = [
        {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in route.headers.items()
    ]
    return [*path, {"in": "query", "schema": route.query}, team, *headers]


def errors_of(surface: Surface, route: Route) -> dict[int, str]:
    """Every error status of a route with what it means."""
    general = {
        status: text for status, text in GENERAL_ERRORS.items() if not (route.for_anyone and status in CALLER_ERRORS)
    }
    if not route.for_anyone:
        general[404] = "the company has no team of the name given"
    told: dict[int, list[str]] = {}
    for errors in (route.errors, general):
        for status, text in errors.items():
            told.setdefault(surface.retold.get(status, status), []).append(text)
    return {status: "; or ".join(texts) for status, texts in told.items()}
