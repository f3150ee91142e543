"""The contract for programs and the page for people: complete, consistent, and loading nothing from elsewhere."""

import re
from functools import partial
from typing import Any

import pytest
from flask import Flask

from broker import SURFACES
from broker.call import Procedures
from broker.contract.openapi import build_document
from broker.surfaces.paths import describe

VAULT_BYTES = 262_144
PATH = "/api/StoredProcedure/"


@pytest.fixture
def procedures(app: Flask) -> Procedures:
    procedures: Procedures = app.extensions["procedures"]
    return procedures


@pytest.fixture
def document(procedures: Procedures) -> dict[str, Any]:
    return build_document(procedures.registry, VAULT_BYTES)


def test_has_every_procedure_once(document: dict[str, Any], procedures: Procedures) -> None:
    assert sorted(document["paths"]) == sorted(PATH + name for name in procedures.registry.procedures)


def test_says_of_each_procedure_what_it_does_takes_answers_and_refuses(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        operation = item["post"]
        assert operation["operationId"] == path.removeprefix(PATH)
        assert operation["summary"], path
        assert "requestBody" in operation, path
        assert {"200", "400", "500", "503"} <= set(operation["responses"]), path
        assert "421" not in operation["responses"], path


def test_has_every_route_of_the_surfaces_beside_the_procedures(procedures: Procedures) -> None:
    whole = build_document(procedures.registry, VAULT_BYTES, [partial(describe, each) for each in SURFACES])
    described = {
        operation["operationId"]: operation
        for path, item in whole["paths"].items()
        if not path.startswith(PATH)
        for operation in item.values()
    }

    assert set(described) == {f"{each.name}_{route.operation_id}" for each in SURFACES for route in each.routes}
    for name, operation in described.items():
        assert operation["summary"], name
        assert {"400", "500", "503"} <= set(operation["responses"]), name
        assert ("403" in operation["responses"]) == (operation["security"] != []), name


def test_refers_to_nothing_that_is_not_there(document: dict[str, Any]) -> None:
    references = re.findall(r"#/components/schemas/(\w+)", str(document))

    assert references
    assert set(references) <= set(document["components"]["schemas"])


def test_describes_members_by_their_types(document: dict[str, Any]) -> None:
    members = document["components"]["schemas"]["CreateQueueItemRequest"]

    assert members["required"] == ["queueVault", "teamName"]
    assert members["additionalProperties"] is False
    assert members["properties"]["queueVault"] == {
        "type": "string",
        "maxLength": VAULT_BYTES,
        "contentMediaType": "application/json",
        "description": "the job, JSON text",
    }
    assert members["properties"]["priority"]["type"] == ["integer", "null"]
    assert (members["properties"]["priority"]["minimum"], members["properties"]["priority"]["maximum"]) == (1, 5)


def test_describes_every_table_of_an_answer(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    tables = schemas["GetTeamQueueItemsResponse"]["properties"]["tables"]

    assert [table["$ref"].rpartition("/")[2] for table in tables["prefixItems"]] == [
        "GetTeamQueueItemsTable1",
        "GetTeamQueueItemsTable2",
    ]
    assert "vaultError" in schemas["GetTeamQueueItemsTable1Row"]["properties"]


def test_keeps_what_the_broker_fills_in_out_of_the_contract(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert "claim" not in schemas["GetQueueItemsNextRequest"]["properties"]
    assert "waitSeconds" in schemas["GetQueueItemsNextRequest"]["properties"]
    assert "waitKeys" not in schemas["GetQueueItemsNextOutputs"]["properties"]
    assert "wake" not in schemas["CreateQueueItemTable1Row"]["properties"]


def test_asks_for_a_token_where_one_is_needed(document: dict[str, Any], procedures: Procedures) -> None:
    for procedure in procedures.registry:
        operation = document["paths"][PATH + procedure.name]["post"]
        assert ("anyone" in procedure.header.callers) == (operation.get("security") == [])


def test_is_the_same_each_time(document: dict[str, Any], procedures: Procedures) -> None:
    procedures.refresh()

    assert build_document(procedures.registry, VAULT_BYTES) == document


def test_is_served_to_programs(app: Flask) -> None:
    reply = app.test_client().get("/api/openapi.json")

    assert reply.status_code == 200
    assert reply.json
    assert reply.json["openapi"] == "3.1.0"


def test_is_served_to_people(app: Flask, procedures: Procedures) -> None:
    reply = app.test_client().get("/api/docs")
    page = reply.get_data(as_text=True)

    assert reply.content_type == "text/html; charset=utf-8"
    for name in procedures.registry.procedures:
        assert f'<article id="{name}">' in page


def test_lets_the_page_load_nothing_from_elsewhere(app: Flask) -> None:
    client = app.test_client()
    reply = client.get("/api/docs")
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', reply.get_data(as_text=True))

    assert loaded == ["/api/static/documentation.css"]
    with client.get(loaded[0]) as stylesheet:
        assert stylesheet.content_type.startswith("text/css")
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert "<script" not in reply.get_data(as_text=True)
