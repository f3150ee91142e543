"""Rights of webhooks."""

from typing import Any

from tests.rights.stage import Bodies, Stage
from tests.world import must

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    CreateWebhook                  404      403      403    ok     ok    403    403   403     403     403    403     key
    UpdateWebhook                  404      404      403    ok     ok    404    403   403     403     403    403     ok
    DeleteWebhook                  404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetTeamWebhooks                none     403      403    ok     ok    403    403   403     403     403    403     ok
    TestWebhook                    404      404      403    ok     ok    404    403   403     403     403    403     ok
    GetWebhookDeliveries           404      404      403    ok     ok    404    403   403     403     403    403     ok
"""

URL = "https://hooks.example.com/in"


def webhook(stage: Stage) -> dict[str, Any]:
    """The id of a new endpoint of ops."""
    made = must(stage.call("CreateWebhook", teamName="ops", url=URL))
    webhook_id = made.row["webhookId"]
    return {"webhookId": webhook_id}


def used_up(stage: Stage) -> dict[str, Any]:
    """A team has twenty endpoints: make room for one."""
    rows = must(stage.call("GetTeamWebhooks", teamName="ops")).rows
    for row in rows[:-10]:
        must(stage.call("DeleteWebhook", webhookId=row["webhookId"]))
    return {"teamName": "ops", "url": URL}


def with_room(stage: Stage) -> dict[str, Any]:
    used_up(stage)
    return webhook(stage)


BODIES: Bodies = {
    "CreateWebhook": used_up,
    "UpdateWebhook": lambda stage: {**with_room(stage), "description": "the chat room"},
    "DeleteWebhook": with_room,
    "GetTeamWebhooks": lambda stage: {"teamName": "ops", **with_room(stage)},
    "TestWebhook": with_room,
    "GetWebhookDeliveries": with_room,
}
