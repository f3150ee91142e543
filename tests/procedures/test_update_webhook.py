"""UpdateWebhook."""

from typing import Any

import psycopg
import pytest

from tests.webhooks import URL, create, listen_to, told
from tests.world import Caller, MakeItem, must


def test_changes_what_is_given_and_keeps_the_rest(call: Caller) -> None:
    webhook_id = listen_to(call, URL, ("item.failed",), description="chat")

    row = must(call("UpdateWebhook", webhookId=webhook_id, events=["item.created"])).row

    assert (row["url"], row["events"], row["description"], row["enabled"]) == (URL, ["item.created"], "chat", True)
    assert must(call("GetTeamWebhooks")).row == row


def test_says_in_the_audit_what_has_changed(call: Caller, admin: psycopg.Connection) -> None:
    webhook_id = listen_to(call, URL)
    admin.execute("truncate data.audit")

    must(call("UpdateWebhook", webhookId=webhook_id, url="https://other.example.com/", enabled=False))
    must(call("UpdateWebhook", webhookId=webhook_id))

    rows = admin.execute("select action, entity_name, details from data.audit order by audit_id").fetchall()
    assert rows == [
        ("Updated", "other.example.com", "url, disabled"),
        ("Updated", "other.example.com", "nothing changed"),
    ]


def test_one_that_is_disabled_is_told_of_nothing_new(
    call: Caller, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    webhook_id = listen_to(call, URL)

    row = must(call("UpdateWebhook", webhookId=webhook_id, enabled=False)).row
    queue_item()

    assert (row["enabled"], row["disabledReason"]) == (False, "by bob@acme.example")
    assert told(admin) == []


def test_one_that_is_enabled_again_has_no_reason_any_more(
    call: Caller, admin: psycopg.Connection, queue_item: MakeItem
) -> None:
    webhook_id = listen_to(call, URL)
    must(call("UpdateWebhook", webhookId=webhook_id, enabled=False))

    row = must(call("UpdateWebhook", webhookId=webhook_id, enabled=True)).row
    queue_item()

    assert (row["enabled"], row["disabledReason"], row["disabledTime"]) == (True, None, None)
    assert told(admin) == ["item.created"]


@pytest.mark.parametrize(
    "members",
    [
        {"url": "http://hooks.example.com/"},
        {"url": "https://10.0.0.1/"},
        {"events": ["x"]},
        {"events": []},
        {"description": "x" * 501},
        {"enabled": "perhaps"},
        {"secret": "whsec_AAAA"},
    ],
)
def test_refuses_what_cannot_be(call: Caller, members: dict[str, Any]) -> None:
    webhook_id = listen_to(call, URL)

    assert call("UpdateWebhook", webhookId=webhook_id, **members).failure == 400


def test_knows_those_of_the_callers_teams_only(call: Caller) -> None:
    webhook_id = must(create(call, _as="carol", teamName="dev")).row["webhookId"]

    reply = call("UpdateWebhook", webhookId=webhook_id, enabled=False)

    assert (reply.failure, reply.errors) == (404, [f"webhook {webhook_id} not found"])
