"""Requests generated from the published contract, good and bad: answers are as it says, none an error of the server.

Two checks of schemathesis cannot be on. What a schema allows may still be refused with 400, by rules that only SQL
knows; and procedures take some of what their schemas do not say, such as numbers for texts. Surfaces do not.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from broker.contract.openapi import PATH
from broker.contract.registry import Registry
from tests.conftest import Template, cloned, serving
from tests.conftest import settings as broker_settings

if TYPE_CHECKING:
    from schemathesis.checks import CheckFunction

EXAMPLES = 15
REFUSED_EXAMPLES = 4  # for who is refused, whatever he sends

ENVELOPE = {"failure", "errors", "tables", "outputs"}


@pytest.fixture(scope="module")
def broker(server: str, template: Template) -> Iterator[Flask]:
    """One broker for all requests: what earlier ones have left there is part of the attack.

    Its hub is closed: what would wait for minutes answers at once, as with a broker that stops.
    """
    with cloned(server, template) as url, serving(broker_settings(url, template)) as app:
        app.extensions["hub"].close()
        yield app


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("caller", ["ann", "build-01"])
def test_every_answer_is_as_the_contract_says_and_none_is_an_error_of_the_server(
    broker: Flask, template: Template, caller: str, mode: GenerationMode
) -> None:
    contract = schemathesis.openapi.from_wsgi("/api/openapi.json", broker)
    operations = [found.ok() for found in contract.get_all_operations() if isinstance(found, Ok)]
    headers = {"Rediacc-RequestToken": template.world.tokens[caller]}
    registry = broker.extensions["procedures"].registry
    statuses: set[int] = set()
    attacked: set[str] = set()

    for operation in operations:
        is_procedure = operation.path.startswith(PATH)
        examples = EXAMPLES if takes(registry, operation.path, caller) else REFUSED_EXAMPLES

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def attack(case: Case[Any]) -> None:
            response = case.call(headers=headers)
            statuses.add(response.status_code)
            attacked.add(operation.label)  # noqa: B023  # called at once
            unknowable: list[CheckFunction] = [positive_data_acceptance]
            if is_procedure or response.status_code == 413:  # noqa: B023  # refused for its size, which is no schema's
                unknowable.append(negative_data_rejection)
            case.validate_response(response, headers=headers, excluded_checks=unknowable)
            if is_procedure:  # noqa: B023
                assert set(response.json()) == ENVELOPE, case.as_curl_command()
            elif response.status_code >= 400:
                assert {"error", "message"} <= set(response.json()), case.as_curl_command()

        try:
            attack()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # where nothing is taken, nothing can be wrong
            assert not is_procedure

    assert {f"POST {PATH}{name}" for name in registry.procedures} <= attacked
    assert (200 if mode is GenerationMode.POSITIVE else 400) in statuses


def takes(registry: Registry, path: str, caller: str) -> bool:
    """Whether a caller is heard at an address: agents are by their own procedures, and by no surface."""
    if caller == "ann":
        return True
    procedure = registry.procedures.get(path.removeprefix(PATH))
    return procedure is not None and not {"agents", "anyone"}.isdisjoint(procedure.header.callers)
