"""`/api/webhooks/...` (spec 5)."""

from dataclasses import replace

import pytest

from broker.config import Config
from tests.conftest import serving
from tests.surfaces.asking import Asker
from tests.webhooks import delivering, local, receiving
from tests.world import NOBODY, Caller, MakeItem, World, must

URL = "https://hooks.example.com/in"
ELSEWHERE = "01890a5d-ac96-774b-bcce-b302099a8057"


def create(ask: Asker, **members: object) -> str:
    webhook_id: str = ask("POST", "/api/webhooks", {"url": URL, **members}).body["id"]
    return webhook_id


class TestTheDocument:
    """`POST /api/webhooks` as the document names it, and as decisions.md prints it."""

    def test_create(self, ask: Asker) -> None:
        said = ask("POST", "/api/webhooks", {"url": URL, "events": ["item.completed"], "description": "chat"})

        assert said.status == 201
        assert said.body["secret"].startswith("whsec_")
        assert (said.body["url"], said.body["events"], said.body["description"]) == (URL, ["item.completed"], "chat")
        assert (said.body["enabled"], said.body["teamName"]) == (True, "ops")

    def test_every_event(self, ask: Asker) -> None:
        assert ask("POST", "/api/webhooks", {"url": URL, "events": ["*"]}).body["events"] == ["*"]

    def test_get(self, ask: Asker) -> None:
        webhook_id = create(ask)

        said = ask("GET", f"/api/webhooks/{webhook_id}")

        assert (said.status, said.body["id"], said.body["createdBy"]) == (200, webhook_id, "bob@acme.example")
        assert "secret" not in said.body

    def test_list(self, ask: Asker) -> None:
        ids = [create(ask), create(ask)]

        said = ask("GET", "/api/webhooks")

        assert ([item["id"] for item in said.body["items"]], said.body["total"]) == (ids, 2)

    def test_patch(self, ask: Asker) -> None:
        webhook_id = create(ask, description="chat")

        said = ask("PATCH", f"/api/webhooks/{webhook_id}", {"enabled": False})

        assert (said.status, said.body["enabled"], said.body["description"]) == (200, False, "chat")

    def test_delete(self, ask: Asker) -> None:
        webhook_id = create(ask)

        said = ask("DELETE", f"/api/webhooks/{webhook_id}")

        assert (said.status, said.body) == (204, None)
        assert ask("GET", f"/api/webhooks/{webhook_id}").status == 404

    def test_test_and_deliveries(self, config: Config, world: World) -> None:
        with receiving() as receiver, serving(local(config)) as app, delivering(config) as deliverer:
            ask = Asker(app.test_client(), world)
            made = ask("POST", "/api/webhooks", {"url": receiver.url}).body

            sent = ask("POST", f"/api/webhooks/{made['id']}/test")
            deliverer.run()
            said = ask("GET", f"/api/webhooks/{made['id']}/deliveries")

        [received] = receiver.received
        [item] = said.body["items"]
        assert (sent.status, sent.body["status"], sent.body["event"]) == (202, "pending", "webhook.test")
        assert (item["id"], item["status"], item["responseStatus"]) == (sent.body["id"], "delivered", 200)
        assert received.headers["webhook-id"] == item["id"]
        assert received.is_signed_by(made["secret"])


def test_deliveries_are_bounded(ask: Asker, call: Caller, queue_item: MakeItem) -> None:
    webhook_id = create(ask)
    queue_item(status="COMPLETED")

    said = ask("GET", f"/api/webhooks/{webhook_id}/deliveries", limit=2)

    assert [item["event"] for item in said.body["items"]] == ["item.completed", "item.assigned"]
    assert ask("GET", f"/api/webhooks/{webhook_id}/deliveries", limit=0).error[:2] == (400, "InvalidRequestError")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("GET", "/deliveries"),
    ],
)
@pytest.mark.parametrize("webhook_id", ["nothing", ELSEWHERE])
def test_one_that_is_not_there(ask: Asker, method: str, path: str, webhook_id: str) -> None:
    said = ask(method, f"/api/webhooks/{webhook_id}{path}")

    assert said.error == (404, "WebhookNotFoundError", f"webhook {webhook_id} not found")


def test_those_of_other_teams_and_companies_are_not_there(ask: Asker, call: Caller) -> None:
    webhook_id = create(ask)

    for other in ("carol", "gina"):
        assert ask("GET", f"/api/webhooks/{webhook_id}", _as=other).status == 404
        assert ask("DELETE", f"/api/webhooks/{webhook_id}", _as=other).status == 404
    assert ask("GET", "/api/webhooks", _as="gina").body == {"items": [], "total": 0}


def test_the_team_is_chosen_as_everywhere(ask: Asker, call: Caller) -> None:
    must(call("CreateTeamMembership", _as="ann", teamName="dev", newUserEmail="bob@acme.example"))

    assert ask("POST", "/api/webhooks", {"url": URL}).error[2] == "name a team: you are a member of dev, ops"
    assert ask("POST", "/api/webhooks", {"url": URL}, _headers={"X-Team": "dev"}).body["teamName"] == "dev"
    assert ask("POST", "/api/webhooks", {"url": URL}, team="ops").body["teamName"] == "ops"
    assert ask("GET", "/api/webhooks", team="dev").body["total"] == 1
    assert ask("GET", "/api/webhooks").body["total"] == 2
    assert ask("POST", "/api/webhooks", {"url": URL}, team="nowhere").error[:2] == (404, "TeamNotFoundError")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, 'member "url"'),
        ({"url": 7}, "url"),
        ({"url": URL, "events": "item.created"}, "events"),
        ({"url": URL, "events": ["item.exploded"]}, "events names item.exploded"),
        ({"url": URL, "secret": "whsec_x"}, 'member "secret" is unknown'),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "not in the public internet"),
        ({"url": "http://hooks.example.com/"}, "https"),
        ({"url": URL, "description": "x" * 501}, "description"),
    ],
)
def test_bad_input_is_refused_with_what_is_wrong(ask: Asker, body: dict[str, object], words: str) -> None:
    status, name, message = ask("POST", "/api/webhooks", body).error

    assert (status, name) == (400, "InvalidRequestError")
    assert words in message


def test_a_disabled_one_is_not_tested(ask: Asker) -> None:
    webhook_id = create(ask)
    ask("PATCH", f"/api/webhooks/{webhook_id}", {"enabled": False})

    assert ask("POST", f"/api/webhooks/{webhook_id}/test").error[:2] == (409, "ConflictError")


def test_needs_a_token(ask: Asker) -> None:
    assert ask("GET", "/api/webhooks", _as=NOBODY).error[:2] == (401, "AuthenticationError")


def test_without_a_database_it_says_when_to_come_back(config: Config, world: World) -> None:
    away = replace(config, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    with serving(away) as app:
        said = Asker(app.test_client(), world)("GET", "/api/webhooks")

    assert said.error[:2] == (503, "QueueUnavailableError")
    assert "Retry-After" in said.headers
