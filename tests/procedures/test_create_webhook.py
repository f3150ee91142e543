"""CreateWebhook."""

import base64

import psycopg
import pytest

from broker.crypto.keyring import InstanceKeyring
from broker.crypto.webhooks import format_secret, open_secret
from tests.conftest import Template
from tests.webhooks import URL, create
from tests.world import Caller, must


def test_makes_an_endpoint_and_shows_its_secret_once(call: Caller) -> None:
    row = must(create(call, events=["item.completed"], description="chat")).row

    assert len(base64.b64decode(row.pop("secret").removeprefix("whsec_"))) == 32
    assert (row["teamName"], row["url"], row["events"]) == ("ops", URL, ["item.completed"])
    assert (row["description"], row["enabled"]) == ("chat", True)
    [listed] = must(call("GetTeamWebhooks")).rows
    assert listed["webhookId"] == row["webhookId"]
    assert "secret" not in listed


def test_its_secret_is_sealed_under_the_instance_keyring(
    call: Caller, admin: psycopg.Connection, template: Template
) -> None:
    secret = must(create(call)).row["secret"]

    [row] = admin.execute(
        "select sealed_secret, key_number, company_uuid, webhook_uuid "
        "from data.webhook join data.company using (company_id)"
    ).fetchall()
    keyring = InstanceKeyring.load(template.keyring, None)
    assert base64.b64decode(secret.removeprefix("whsec_")) not in row[0]
    assert format_secret(open_secret(row[0], keyring, *row[1:])) == secret


def test_takes_every_event_by_default(call: Caller) -> None:
    assert must(create(call)).row["events"] == ["*"]


def test_is_kept_in_the_audit_by_its_host(call: Caller, admin: psycopg.Connection) -> None:
    must(create(call, url="https://hooks.example.com/secret-path", events=["item.failed"]))

    [row] = admin.execute("select action, entity, entity_name, details from data.audit").fetchall()
    assert row == ("Created", "Webhook", "hooks.example.com", "in team ops, for item.failed")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/in",
        "ftp://hooks.example.com/in",
        "hooks.example.com",
        "https://",
        "https:///in",
        "https://bob:secret@hooks.example.com/in",
        "https://hooks.example.com@127.0.0.1/in",
        "https://127.0.0.1/in",
        "https://0x7f000001/in",
        "https://[::1]/in",
        "https://93.184.216.34:22/in",
        "https://hooks.example.com/with blank",
        "https://hooks.example.com/\u00e4",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/" + "a" * 2000,
        "",
    ],
)
def test_refuses_an_address_that_nothing_may_be_sent_to(call: Caller, url: str) -> None:
    assert create(call, url=url).failure == 400
    assert must(call("GetTeamWebhooks")).rows == []


@pytest.mark.parametrize("events", [[], ["item.exploded"], ["item.created", None], ["ITEM.CREATED"], ["*"] * 21])
def test_refuses_events_that_there_are_not(call: Caller, events: list[str]) -> None:
    reply = create(call, events=events)

    assert reply.failure == 400
    assert "events" in reply.errors[0]


def test_refuses_a_description_that_is_too_long(call: Caller) -> None:
    assert create(call, description="x" * 501).errors == ["description has more than 500 characters"]


def test_refuses_the_team_of_others_and_one_that_is_not_there(call: Caller) -> None:
    assert create(call, teamName="dev").failure == 403
    assert create(call, teamName="nowhere").failure == 404


def test_a_team_has_twenty_at_most(call: Caller) -> None:
    for _ in range(20):
        must(create(call))

    assert create(call).errors == ["team ops has 20 webhooks: delete one first"]


def test_goes_with_its_team(call: Caller, admin: psycopg.Connection) -> None:
    must(call("CreateTeam", _as="ann", teamName="short"))
    must(create(call, _as="ann", teamName="short"))

    must(call("DeleteTeam", _as="ann", teamName="short"))

    assert admin.execute("select count(*) from data.webhook").fetchone() == (0,)
