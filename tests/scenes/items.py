"""Scenes of the queue."""

from typing import Any

from tests.scenes.scenery import Scene, Scenery, Scenes
from tests.world import must

ITEM: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
KEY = {"Idempotency-Key": "k"}


def in_hand(stage: Scenery) -> dict[str, Any]:
    """Loads of machines, one of which works."""
    stage.claim()
    return {}


def started(stage: Scenery) -> dict[str, Any]:
    """A cancel of a started item."""
    return {"queueId": stage.claim()["queueId"], "force": True}


def assigned(stage: Scenery) -> dict[str, Any]:
    """A cancel of an item that an agent has taken and not begun."""
    queue_id = stage.item()
    must(stage.call("GetQueueItemsNext", _as="build-01", itemCount=100, requestId="r"))
    return {"queueId": queue_id}


def answered(stage: Scenery) -> dict[str, Any]:
    """The item of a user's claim, with a response."""
    queue_id = stage.item()
    must(stage.call("GetQueueItemsNext", machineName="build-01", itemCount=100, start=True))
    must(stage.call("UpdateQueueItemResponse", queueId=queue_id, responseVault="{}"))
    return {"queueId": queue_id}


def late(stage: Scenery) -> dict[str, Any]:
    """A claim that another has replaced."""
    claim = stage.claim()
    must(stage.call("ReturnQueueItems", _as="build-01", items=[claim]))
    must(stage.call("GetQueueItemsNext", _as="north", itemCount=100, start=True))
    return claim


def repeated(stage: Scenery) -> dict[str, Any]:
    """A claim whose answer was lost."""
    stage.item()
    body: dict[str, Any] = {"machineName": "build-01", "itemCount": 1, "requestId": "r"}
    for caller in ("bob", "ann", "build-01", "north"):
        must(stage.call("GetQueueItemsNext", _as=caller, **body))
    return body


def waiting(stage: Scenery, **members: Any) -> dict[str, Any]:
    """A claim where several items wait."""
    for level in (5, 3, 1):
        must(stage.call("CreateQueueItem", **ITEM, priority=level))
    return {"itemCount": 100, **members}


def of_another_bridge(stage: Scenery) -> dict[str, Any]:
    """A claim while an item waits for a machine of another bridge."""
    place = {"teamName": "ops", "machineName": "extra-01"}
    stage.made("CreateMachine", bridgeName="My Bridge", **place)
    stage.made("CreateQueueItem", queueVault="{}", **place)
    return {"itemCount": 100}


def without_key_of_build_03(stage: Scenery) -> None:
    stage.move(
        "delete from data.held_key as held using data.machine as machine where held.company_id = %(acme)s "
        "and holder_kind = 'agent' and machine.machine_uuid = held.key_id and machine.machine_name = 'build-03'"
    )


def ungranted(stage: Scenery) -> dict[str, Any]:
    """A claim by a bridge whose agent was given no key of build-03."""
    must(stage.call("CreateQueueItem", teamName="ops", machineName="build-03", queueVault="{}"))
    without_key_of_build_03(stage)
    return {"itemCount": 100}


def task(stage: Scenery) -> str:
    """The taskId of a new item of ops."""
    task_id: str = must(stage.call("CreateQueueItem", **ITEM)).row["taskId"]
    return task_id


def created_twice(stage: Scenery) -> dict[str, Any]:
    """The second creation under one key."""
    must(stage.call("CreateQueueItem", _as="ann", _headers=KEY, **ITEM))
    return {**ITEM, "headers": {**KEY, "Rediacc-RequestToken": stage.call.world.tokens["ann"]}}


def created_again(stage: Scenery) -> dict[str, Any]:
    """A creation under a key that was used long ago."""
    body = created_twice(stage)
    stage.move("update data.idempotency set expires_time = now() - interval '1 hour' where company_id = %(acme)s")
    return body


def created_elsewhere(stage: Scenery) -> dict[str, Any]:
    """A creation with a taskId that another company has."""
    item = must(stage.call("CreateQueueItem", _as="gina", **ITEM)).row
    return {**ITEM, "taskId": item["taskId"]}


def retried(stage: Scenery) -> dict[str, Any]:
    """The second retry of one item."""
    queue_id = stage.item("CANCELLED")
    must(stage.call("RetryFailedQueueItem", originalQueueId=queue_id))
    return {"originalQueueId": queue_id}


def a_filter(**members: Any) -> Scene:
    """A list of the queue's items, of which there is one more."""
    return lambda stage: {"maxRecords": 9 + 0 * stage.item(), **members}


def of_item(scene: Scene, **members: Any) -> Scene:
    """What is asked of the item that another scene has left."""
    return lambda stage: {"queueId": scene(stage)["queueId"], **members}


SCENES: Scenes = {
    "CancelQueueItem": [
        started,
        assigned,
        lambda stage: {"queueId": stage.item(), "teamName": "ops"},
        lambda stage: {"taskId": task(stage)},
    ],
    "CreateQueueItem": [created_twice, created_again, created_elsewhere],
    "DeleteQueueItem": [answered, of_item(late)],
    "GetCompanyDashboardJson": [in_hand],
    "GetQueueItemDetails": [of_item(Scenery.claim), of_item(answered)],
    "GetQueueItemsNext": [
        repeated,
        lambda stage: {"bridgeName": "north", "itemCount": 1 + 0 * stage.item()},
        lambda stage: waiting(stage, bridgeName="north", start=True),
        lambda stage: waiting(stage, bridgeName="north", itemCount=2),
        lambda stage: waiting(stage, machineName="build-01", itemCount=2),
        lambda stage: waiting(stage, bridgeName="south"),
        ungranted,
        of_another_bridge,
    ],
    "GetTeamQueueItems": [
        lambda stage: {"teamName": "ops", "maxRecords": 9 + 0 * answered(stage)["queueId"]},
        a_filter(machineName="build-01"),
        a_filter(bridgeName="north"),
        a_filter(bridgeName="south"),
        a_filter(createdByUserEmail="bob@acme.example"),
    ],
    "RetryFailedQueueItem": [
        lambda stage: {"originalQueueId": stage.item("CANCELLED"), "modifiedVault": "{}"},
        retried,
    ],
    "ReturnQueueItems": [
        lambda stage: {"items": [late(stage)]},
        lambda stage: {"items": [{"taskId": task(stage), "claimToken": "x" * 22}]},
    ],
    "UpdateQueueItemHeartbeat": [
        lambda stage: {"items": [stage.claim()]},
        late,
        answered,
        lambda stage: {"items": [{"taskId": task(stage), "claimToken": "x" * 22}]},
    ],
    "UpdateQueueItemResponse": [
        lambda stage: {**late(stage), "responseVault": "{}"},
        lambda stage: {**answered(stage), "responseVault": "{}", "vaultVersion": 1},
        lambda stage: {"queueId": stage.item(), "responseVault": "{}"},
        lambda stage: {**stage.claim(), "responseVault": "{}", "requireBridge": True},
    ],
    "UpdateQueueItemToCompleted": [
        lambda stage: {**late(stage), "responseVault": "{}"},
        lambda stage: {**answered(stage), "responseVault": "{}"},
        lambda stage: {**stage.claim(), "responseVault": "{}", "requireBridge": True},
    ],
}
