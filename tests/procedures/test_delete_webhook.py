"""DeleteWebhook."""

import psycopg

from tests.webhooks import URL, create, listen_to
from tests.world import Caller, MakeItem, must


def test_deletes_an_endpoint_with_what_waits_for_it(
    call: Caller, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    webhook_id = listen_to(call, URL)
    queue_item()

    row = must(call("DeleteWebhook", webhookId=webhook_id)).row

    assert row == {"result": f"webhook {webhook_id} deleted"}
    assert must(call("GetTeamWebhooks")).rows == []
    assert admin.execute("select count(*) from data.webhook_delivery").fetchone() == (0,)


def test_deleting_twice_finds_nothing(call: Caller) -> None:
    webhook_id = listen_to(call, URL)
    must(call("DeleteWebhook", webhookId=webhook_id))

    assert call("DeleteWebhook", webhookId=webhook_id).failure == 404


def test_knows_those_of_the_callers_teams_only(call: Caller) -> None:
    webhook_id = must(create(call, _as="carol", teamName="dev")).row["webhookId"]

    assert call("DeleteWebhook", webhookId=webhook_id).failure == 404
    assert call("DeleteWebhook", _as="gina", webhookId=webhook_id).failure == 404
