"""`/api/queue/status`, `/api/dlq/...` and `/api/notifications/...` (spec 5)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from broker.config import WEBHOOKS_AT_ONCE, Config
from tests.conftest import Clock, serving
from tests.jobs import claim, complete, create, maintain
from tests.surfaces.asking import Asker, Said
from tests.world import NOBODY, Caller, MakeItem, World, must

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"
NOTE = "The queue cannot be reached: there are no figures."
JOB = {"handler": "deploy", "target": "blue", "operation": "deploy", "data": {"target": "blue"}}


def give_up(call: Caller, response: Any = None, **members: Any) -> str:
    """A task that has failed for good; its taskId."""
    create(call, **members)
    claimed = claim(call)
    answer = json.dumps({"error": "Connection timeout"} if response is None else response)
    must(complete(call, claimed, completionStatus="FAILED", responseVault=answer, retryable=False))
    task_id: str = claimed["taskId"]
    return task_id


def letters(ask: Asker, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ask("GET", "/api/dlq", **query).body["items"]
    return items


@pytest.fixture
def away(config: Config, world: World) -> Iterator[Asker]:
    """Asks a broker whose database cannot be reached."""
    with serving(replace(config, database_url=AWAY)) as app:
        yield Asker(app.test_client(), world)


class TestTheDocument:
    """Its examples, in their order."""

    def test_queue_status(self, ask: Asker, call: Caller, queue_item: MakeItem) -> None:
        for status in ("COMPLETED", "COMPLETED", "COMPLETED", "FAILED", "FAILED", "CANCELLED", "PROCESSING"):
            queue_item(status=status)
        must(call("RetryFailedQueueItem", taskId=letters(ask)[0]["taskId"]))
        create(call, notBefore="2030-01-01T00:00:00Z")

        said = ask("GET", "/api/queue/status")

        assert said.status == 200
        assert said.body == {
            "mode": "postgresql",
            "queues": {
                "tasks": {"pending": 1, "queued": 1, "inProgress": 1, "completed": 3, "failed": 2, "cancelled": 1}
            },
            "workers": {
                "tasks": {"running": False, "concurrency": 0},
                "notifications": {"running": False, "concurrency": 0},
            },
            "deadLetterQueue": {"pending": 1, "resolved": 1, "discarded": 0, "total": 2},
        }

    def test_list_dead_letters(self, ask: Asker, call: Caller) -> None:
        task_id = give_up(call, metadata={"title": "Failing task"})

        said = ask("GET", "/api/dlq", limit=20)

        [item] = said.body["items"]
        assert (said.status, said.body["total"]) == (200, 1)
        assert item["id"].startswith("dlq_")
        assert item["createdAt"].endswith("Z")
        assert {**item, "id": "dlq_01", "createdAt": ""} == {
            "id": "dlq_01",
            "taskId": task_id,
            "title": "Failing task",
            "attempts": 1,
            "lastError": "Connection timeout",
            "createdAt": "",
            "status": "pending",
        }

    def test_retry(self, ask: Asker, call: Caller) -> None:
        task_id = give_up(call)
        [item] = letters(ask)

        said = ask("POST", f"/api/dlq/{item['id']}/retry")

        assert (said.status, said.body["success"], said.body["id"]) == (200, True, item["id"])
        assert said.body["status"] == letters(ask)[0]["status"] == "resolved"
        again = claim(call)
        assert again["taskId"] == said.body["taskId"] != task_id
        assert json.loads(again["vaultContent"]) == {"handler": "shell"}

    def test_discard(self, ask: Asker, call: Caller) -> None:
        give_up(call)
        [item] = letters(ask)

        said = ask("POST", f"/api/dlq/{item['id']}/discard")

        assert (said.status, said.body) == (200, {"success": True, "id": item["id"], "status": "discarded"})
        assert letters(ask)[0]["status"] == "discarded"


class TestQueueStatus:
    def test_agents_and_their_slots_count_while_they_are_heard_of(self, ask: Asker, call: Caller, clock: Clock) -> None:
        def workers() -> dict[str, Any]:
            state: dict[str, Any] = ask("GET", "/api/queue/status").body["workers"]["tasks"]
            return state

        assert workers() == {"running": False, "concurrency": 0}
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=7))
        assert workers() == {"running": True, "concurrency": 7}
        clock.advance(minutes=4)
        assert workers() == {"running": False, "concurrency": 0}

    def test_a_broker_that_tells_webhooks_is_the_worker_of_notifications(
        self, ask: Asker, admin: psycopg.Connection, clock: Clock
    ) -> None:
        def workers() -> dict[str, Any]:
            state: dict[str, Any] = ask("GET", "/api/queue/status").body["workers"]["notifications"]
            return state

        admin.execute("select maintenance.record_run('webhooks')")
        assert workers() == {"running": True, "concurrency": WEBHOOKS_AT_ONCE}
        clock.advance(minutes=4)
        assert workers() == {"running": False, "concurrency": 0}

    def test_is_of_the_team_that_is_meant(self, ask: Asker, queue_item: MakeItem) -> None:
        queue_item()

        counts = {
            team: ask("GET", "/api/queue/status", _as="ann", team=team).body["queues"]["tasks"]["queued"]
            for team in ("ops", "dev")
        }

        assert counts == {"ops": 1, "dev": 0}

    @pytest.mark.parametrize("caller", ["bob", NOBODY])
    def test_without_a_database_there_are_no_figures_and_a_note(self, away: Asker, caller: str) -> None:
        said = away("GET", "/api/queue/status", _as=caller)

        assert said.status == 200
        assert (said.body["queues"], said.body["deadLetterQueue"], said.body["note"]) == ({"tasks": {}}, {}, NOTE)
        assert said.body["workers"]["tasks"] == {"running": False, "concurrency": 0}


class TestDeadLetters:
    def test_without_a_title_the_operation_or_the_handler_is_shown(self, ask: Asker, call: Caller) -> None:
        give_up(call, queueVault=json.dumps(JOB))
        give_up(call)
        give_up(call, queueVault="[1]")

        assert [item["title"] for item in letters(ask)] == [None, "shell", "deploy"]

    @pytest.mark.parametrize(
        ("response", "shown"),
        [({}, "REPORTED"), ([1], "REPORTED"), ({"error": None}, "REPORTED"), ({"error": {"code": 7}}, '{"code": 7}')],
    )
    def test_without_an_error_in_the_response_the_reason_is_shown(
        self, ask: Asker, call: Caller, response: Any, shown: str
    ) -> None:
        give_up(call, response)

        assert letters(ask)[0]["lastError"] == shown

    def test_what_nobody_answered_has_the_reason_too(
        self, ask: Asker, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        create(call, expiresAfterSeconds=60)
        clock.advance(seconds=61)
        maintain(admin, "expire_items")

        [item] = letters(ask)

        assert (item["lastError"], item["attempts"], item["title"]) == ("EXPIRED", 0, "shell")

    def test_pages_are_newest_first_and_the_total_is_of_all(self, ask: Asker, call: Caller) -> None:
        newest = [give_up(call) for _ in range(3)][::-1]

        page = ask("GET", "/api/dlq", limit=2, offset=1)

        assert ([item["taskId"] for item in page.body["items"]], page.body["total"]) == (newest[1:], 3)
        assert ask("GET", "/api/dlq", offset=3).body == {"items": [], "total": 3}

    def test_only_those_of_a_status(self, ask: Asker, call: Caller) -> None:
        kept, discarded = give_up(call), give_up(call)
        ask("POST", f"/api/dlq/{letters(ask)[0]['id']}/discard")

        said = {status: ask("GET", "/api/dlq", status=status).body for status in ("pending", "resolved", "discarded")}

        assert {status: [item["taskId"] for item in body["items"]] for status, body in said.items()} == {
            "pending": [kept],
            "resolved": [],
            "discarded": [discarded],
        }
        assert [body["total"] for body in said.values()] == [1, 0, 1]

    def test_discarding_twice_changes_nothing(self, ask: Asker, call: Caller) -> None:
        give_up(call)
        path = f"/api/dlq/{letters(ask)[0]['id']}/discard"

        assert ask("POST", path).body == ask("POST", path).body

    @pytest.mark.parametrize("verb", ["retry", "discard"])
    def test_a_resolved_one_is_settled_once(self, ask: Asker, call: Caller, verb: str) -> None:
        give_up(call)
        [item] = letters(ask)
        assert ask("POST", f"/api/dlq/{item['id']}/retry").status == 200

        said = ask("POST", f"/api/dlq/{item['id']}/{verb}")

        number = int(item["id"].removeprefix("dlq_"))
        assert said.error == (409, "ConflictError", f"dead letter {number} is RESOLVED")

    @pytest.mark.parametrize("verb", ["retry", "discard"])
    @pytest.mark.parametrize("name", ["dlq_999999", "dlq_x", "7", "x", "dlq_" + "9" * 40])
    def test_what_is_not_there_is_refused(self, ask: Asker, verb: str, name: str) -> None:
        said = ask("POST", f"/api/dlq/{name}/{verb}")

        assert said.error[:2] == (404, "DeadLetterNotFoundError")
        assert "not found" in said.body["message"]

    @pytest.mark.parametrize(("caller", "status"), [("carol", 404), ("gina", 404), (NOBODY, 401), ("build-01", 403)])
    def test_is_not_others(self, ask: Asker, call: Caller, caller: str, status: int) -> None:
        give_up(call)
        [item] = letters(ask)

        for verb in ("retry", "discard"):
            assert ask("POST", f"/api/dlq/{item['id']}/{verb}", _as=caller).status == status
        assert letters(ask)[0]["status"] == "pending"


class TestNotifications:
    def test_who_made_a_task_is_told_that_it_was_given_up(self, ask: Asker, call: Caller) -> None:
        task_id = give_up(call)

        said = ask("GET", "/api/notifications")

        [item] = said.body["items"]
        assert (said.status, said.body["total"], said.body["unread"]) == (200, 1, 1)
        assert (item["kind"], item["taskId"], item["readAt"]) == ("DEAD_LETTERED", task_id, None)
        assert ask("GET", "/api/notifications", _as="ann").body == {"items": [], "total": 0, "unread": 0}

    def test_is_read_once(self, ask: Asker, call: Caller) -> None:
        give_up(call)
        give_up(call)
        [unread, item] = ask("GET", "/api/notifications").body["items"]

        first, second = (ask("POST", f"/api/notifications/{item['id']}/read") for _ in range(2))

        assert first.status == 200
        assert first.body == second.body
        assert first.body["id"] == item["id"]
        listed = ask("GET", "/api/notifications", unread="true").body
        assert listed == {"items": [unread], "total": 1, "unread": 1}

    def test_pages(self, ask: Asker, call: Caller) -> None:
        newest = [give_up(call) for _ in range(3)][::-1]

        page = ask("GET", "/api/notifications", limit=1, offset=1).body

        assert ([item["taskId"] for item in page["items"]], page["total"]) == (newest[1:2], 3)

    @pytest.mark.parametrize("name", ["999999", "x", "-1", "9" * 40])
    def test_what_is_not_there_is_refused(self, ask: Asker, name: str) -> None:
        said = ask("POST", f"/api/notifications/{name}/read")

        assert said.error == (404, "NotificationNotFoundError", f"notification {name} not found")

    def test_is_not_others(self, ask: Asker, call: Caller) -> None:
        give_up(call)
        [item] = ask("GET", "/api/notifications").body["items"]

        assert ask("POST", f"/api/notifications/{item['id']}/read", _as="ann").status == 404
        assert ask("GET", "/api/notifications").body["unread"] == 1


ADDRESSES = [
    ("GET", "/api/queue/status"),
    ("GET", "/api/dlq"),
    ("POST", "/api/dlq/dlq_01/retry"),
    ("POST", "/api/dlq/dlq_01/discard"),
    ("GET", "/api/notifications"),
    ("POST", "/api/notifications/1/read"),
]


class TestBadInput:
    @pytest.mark.parametrize(("method", "path"), ADDRESSES)
    def test_a_token_is_needed(self, ask: Asker, method: str, path: str) -> None:
        assert ask(method, path, _as=NOBODY).error[:2] == (401, "AuthenticationError")
        assert ask(method, path, _as="nonsense").error[:2] == (401, "AuthenticationError")

    @pytest.mark.parametrize(("method", "path"), ADDRESSES)
    def test_no_body_and_no_unknown_member_is_taken(self, ask: Asker, method: str, path: str) -> None:
        assert ask(method, path, {"x": 1}).error == (400, "InvalidRequestError", "this address takes no body")
        assert ask(method, path, colour="red").error == (400, "InvalidRequestError", 'member "colour" is unknown')

    @pytest.mark.parametrize("path", ["/api/dlq", "/api/notifications"])
    @pytest.mark.parametrize(
        ("member", "value"),
        [("limit", 0), ("limit", 201), ("limit", "x"), ("offset", -1), ("offset", 10001), ("offset", 1.5)],
    )
    def test_a_page_out_of_range_is_refused_by_name(self, ask: Asker, path: str, member: str, value: object) -> None:
        query: dict[str, Any] = {member: value}
        said = ask("GET", path, **query)

        assert said.error[:2] == (400, "InvalidRequestError")
        assert f'"{member}"' in said.body["message"]

    @pytest.mark.parametrize(("path", "member"), [("/api/dlq", "status"), ("/api/notifications", "unread")])
    def test_another_word_is_refused_by_name(self, ask: Asker, path: str, member: str) -> None:
        query: dict[str, Any] = {member: "perhaps"}
        said = ask("GET", path, **query)

        assert said.error[:2] == (400, "InvalidRequestError")
        assert f'"{member}"' in said.body["message"]

    @pytest.mark.parametrize(("team", "status"), [("dev", 403), ("nothing", 404)])
    @pytest.mark.parametrize("path", ["/api/queue/status", "/api/dlq"])
    def test_a_team_of_others_or_none_is_refused(self, ask: Asker, path: str, team: str, status: int) -> None:
        said: Said = ask("GET", path, _headers={"X-Team": team})

        assert said.status == status

    @pytest.mark.parametrize(("method", "path"), ADDRESSES[1:])
    def test_a_database_that_is_away_is_told_of(self, away: Asker, method: str, path: str) -> None:
        said = away(method, path)

        assert said.error[:2] == (503, "QueueUnavailableError")
        assert said.headers["Retry-After"]

    def test_another_method_is_refused(self, ask: Asker) -> None:
        assert ask("DELETE", "/api/dlq").error == (405, "MethodNotAllowedError", "this address takes GET only")
