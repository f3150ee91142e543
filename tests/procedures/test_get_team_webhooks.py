"""GetTeamWebhooks."""

import psycopg

from tests.webhooks import URL, create, listen_to
from tests.world import Caller, MakeItem, must


def test_lists_the_endpoints_of_the_callers_teams(call: Caller) -> None:
    first, second = listen_to(call, URL), listen_to(call, URL + "/2")
    other = must(create(call, _as="carol", teamName="dev")).row["webhookId"]

    assert [row["webhookId"] for row in must(call("GetTeamWebhooks")).rows] == [first, second]
    assert [row["webhookId"] for row in must(call("GetTeamWebhooks", _as="ann")).rows] == [other, first, second]


def test_shows_who_made_it_and_what_waits(call: Caller, queue_item: MakeItem) -> None:
    webhook_id = listen_to(call, URL)
    queue_item()

    row = must(call("GetTeamWebhooks", webhookId=webhook_id)).row

    assert (row["createdBy"], row["waitingCount"], row["enabled"]) == ("bob@acme.example", 1, True)


def test_shows_one_alone(call: Caller) -> None:
    listen_to(call, URL)
    webhook_id = listen_to(call, URL)

    assert must(call("GetTeamWebhooks", webhookId=webhook_id)).row["webhookId"] == webhook_id
    assert call("GetTeamWebhooks", webhookId="x").failure == 400


def test_refuses_the_team_of_others(call: Caller) -> None:
    assert call("GetTeamWebhooks", teamName="dev").failure == 403
    assert must(call("GetTeamWebhooks", teamName="nowhere")).rows == []


def test_what_was_delivered_does_not_wait_any_more(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    webhook_id = listen_to(call, URL)
    queue_item()
    admin.execute("update data.webhook_delivery set status = 'DELIVERED', settled_time = data.clock()")
    queue_item()

    assert must(call("GetTeamWebhooks", webhookId=webhook_id)).row["waitingCount"] == 1
