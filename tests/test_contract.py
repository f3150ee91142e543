"""The public contract: a change of it is a change to review; and every answer that any test sees has to fit it."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from marshmallow import ValidationError

from tests.world import Caller, MakeItem

CONTRACT = Path(__file__).parent / "openapi.json"


def test_the_contract_is_the_one_that_was_reviewed(client: FlaskClient, request: pytest.FixtureRequest) -> None:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    document = answer.get_json()
    if request.config.getoption("--rewrite-openapi"):
        CONTRACT.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    reviewed = json.loads(CONTRACT.read_text())

    assert document == reviewed, "the contract has changed: run scripts/openapi and read the diff of tests/openapi.json"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"queueId": "seven"},
        {"status": "RUNNING"},
        {"cancelledTime": "yesterday"},
        {"undocumented": 1},
    ],
)
def test_an_answer_that_does_not_fit_is_noticed(call: Caller, queue_item: MakeItem, spoilt: dict[str, object]) -> None:
    reply = call("CancelQueueItem", queueId=queue_item())
    reply.row.update(spoilt)

    with pytest.raises(ValidationError):
        call.check("CancelQueueItem", reply.body)
