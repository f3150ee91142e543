"""Requests generated from the published contract, good and bad: an answer is never an error of the server."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from tests.conftest import Template, cloned, serving
from tests.conftest import settings as broker_settings

EXAMPLES = 15


@pytest.fixture(scope="module")
def broker(server: str, template: Template) -> Iterator[Flask]:
    """One broker for all requests: what earlier ones have left there is part of the attack."""
    with cloned(server, template) as url, serving(broker_settings(url, template)) as app:
        yield app


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("caller", ["ann", "build-01"])
def test_no_request_is_an_error_of_the_server(
    broker: Flask, template: Template, caller: str, mode: GenerationMode
) -> None:
    contract = schemathesis.openapi.from_wsgi("/api/openapi.json", broker)
    operations = [found.ok() for found in contract.get_all_operations() if isinstance(found, Ok)]
    headers = {"Rediacc-RequestToken": template.world.tokens[caller]}
    statuses: set[int] = set()

    for operation in operations:

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def attack(case: Case[Any]) -> None:
            response = case.call(headers=headers)
            body = response.json()
            assert set(body) == {"failure", "errors", "tables", "outputs"}, case.as_curl_command()
            assert response.status_code < 500, case.as_curl_command()
            statuses.add(response.status_code)

        attack()

    assert len(operations) == len(broker.extensions["procedures"].registry.procedures)
    assert (200 if mode is GenerationMode.POSITIVE else 400) in statuses
