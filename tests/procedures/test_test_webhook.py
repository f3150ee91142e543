"""TestWebhook."""

import psycopg

from tests.webhooks import URL, create, listen_to, outbox
from tests.world import Caller, must


def test_writes_a_message_that_says_nothing_but_its_type(call: Caller, admin: psycopg.Connection) -> None:
    webhook_id = listen_to(call, URL, ("item.failed",))

    row = must(call("TestWebhook", webhookId=webhook_id)).row

    [body] = outbox(admin)
    assert (row["webhookId"], row["event"], row["status"], row["attempts"]) == (
        webhook_id,
        "webhook.test",
        "PENDING",
        0,
    )
    assert (body["type"], body["data"]) == ("webhook.test", {"webhookId": webhook_id})


def test_refuses_one_that_is_disabled(call: Caller) -> None:
    webhook_id = listen_to(call, URL)
    must(call("UpdateWebhook", webhookId=webhook_id, enabled=False))

    reply = call("TestWebhook", webhookId=webhook_id)

    assert (reply.failure, reply.errors) == (409, [f"webhook {webhook_id} is disabled: enable it first"])


def test_knows_those_of_the_callers_teams_only(call: Caller) -> None:
    webhook_id = must(create(call, _as="carol", teamName="dev")).row["webhookId"]

    assert call("TestWebhook", webhookId=webhook_id).failure == 404
