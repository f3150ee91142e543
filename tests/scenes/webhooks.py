"""Scenes of webhooks: what is told, counted and given up, with SQL where the broker's maintenance does it."""

from typing import Any

from tests.scenes.scenery import Scenery, Scenes

URL = "https://hooks.example.com/in"


def webhook(stage: Scenery) -> str:
    webhook_id: str = stage.made("CreateWebhook", teamName="ops", url=URL)["webhookId"]
    return webhook_id


def half_of_the_webhooks(stage: Scenery) -> dict[str, Any]:
    """A team that has half as many as it may have."""
    for _ in range(10):
        webhook(stage)
    return {"teamName": "ops", "url": URL}


def with_a_message(stage: Scenery) -> dict[str, Any]:
    """A webhook for which a message waits."""
    webhook_id = webhook(stage)
    stage.made("TestWebhook", webhookId=webhook_id)
    return {"webhookId": webhook_id}


def read_outbox(stage: Scenery) -> str:
    return (
        f"select webhook_id > 0, event, body from data.webhook_delivery where company_id = {stage.acme} order by body"
    )


def given_up(stage: Scenery) -> dict[str, Any]:
    webhook(stage)
    stage.move("update data.company_user set removed_time = null where company_id = %(acme)s")
    return {
        "statement": "select queue.disable_webhook(webhook, 'a test', data.clock()) from data.webhook as webhook "
        f"where webhook.company_id = {stage.acme}; select user_id, message from data.notification "
        f"where company_id = {stage.acme} order by user_id"
    }


def machine_told(stage: Scenery) -> dict[str, Any]:
    webhook(stage)
    return {
        "statement": "select queue.tell_of_machine(machine, 'machine.online', null, data.clock()) "
        f"from data.machine as machine where machine.company_id = {stage.acme} and machine.machine_name = 'build-01'; "
        + read_outbox(stage)
    }


def item_told(stage: Scenery) -> dict[str, Any]:
    webhook(stage)
    queue_id = stage.item()
    return {
        "statement": f"select queue.tell_webhooks({stage.acme}, array[{queue_id}], 'CREATED', data.clock()); "
        + read_outbox(stage)
    }


SCENES: Scenes = {
    "CreateWebhook": [half_of_the_webhooks],
    "GetTeamWebhooks": [with_a_message],
    "GetWebhookDeliveries": [with_a_message],
    "queue.disable_webhook": [given_up],
    "queue.tell_of_machine": [machine_told],
    "queue.tell_webhooks": [item_told],
}
