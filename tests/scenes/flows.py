"""Scenes of flows."""

from typing import Any

from tests.rights.flows import flow
from tests.scenes.items import KEY
from tests.scenes.scenery import Scenery, Scenes
from tests.world import must

FLOW: dict[str, Any] = {
    "teamName": "ops",
    "queueName": "default",
    "items": [{"name": "a", "machineName": "build-01", "queueVault": "{}"}],
}


def created_again(stage: Scenery) -> dict[str, Any]:
    """A flow under a key that was used long ago."""
    must(stage.call("CreateFlow", _as="ann", _headers=KEY, **FLOW))
    stage.move("update data.idempotency set expires_time = now() - interval '1 hour' where company_id = %(acme)s")
    return {**FLOW, "headers": {**KEY, "Rediacc-RequestToken": stage.call.world.tokens["ann"]}}


def of_ops(stage: Scenery) -> dict[str, Any]:
    """A flow, with the team's name."""
    return {"flowId": flow(stage), "teamName": "ops"}


SCENES: Scenes = {
    "CreateFlow": [created_again],
    "GetFlow": [of_ops],
    "CancelFlow": [of_ops],
}
