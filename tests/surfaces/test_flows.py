"""`/api/v1/flows/...`: the example of spec 3 and the shapes that were settled for it, then every rule and refusal."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from broker import create_app
from broker.config import Config
from tests.jobs import complete, fail, item_of
from tests.queues import queue_of, take
from tests.surfaces.asking import Asker, Said
from tests.world import NOBODY, Caller, World, must

FLOWS = "/api/v1/flows"
NOTHING = "00000000-0000-7000-8000-000000000000"
# "Per-task overrides", as the document prints them.
TASKS: list[dict[str, Any]] = [
    {
        "id": "quick-check",
        "executor": "http",
        "config": {"url": "https://api.example.com/health", "method": "GET"},
        "timeout_secs": 5,
        "retries": 1,
        "backoff": {"fixed": {"delay_ms": 500}},
    },
    {
        "id": "long-job",
        "executor": "shell",
        "config": {"command": "./process-data.sh"},
        "timeout_secs": 3600,
        "retries": 0,
    },
]
CALL_AI = {
    "id": "call-ai",
    "executor": "agent",
    "config": {
        "provider": "claude",
        "prompt": "Summarize this document",
        "env": {"ANTHROPIC_API_KEY": "${secrets.ANTHROPIC_API_KEY}"},
    },
}


def task(name: str, *needs: str, **members: Any) -> dict[str, Any]:
    return {"id": name, "executor": "shell", "config": {"argv": ["true"]}, "depends_on": list(needs), **members}


def submit(ask: Asker, *tasks: dict[str, Any], queue: str = "default", **options: Any) -> Said:
    return ask("POST", FLOWS, {"queue": queue, "tasks": list(tasks)}, **options)


def made(ask: Asker, *tasks: dict[str, Any], **options: Any) -> str:
    """The id of a new flow; without tasks: a chain of two."""
    said = submit(ask, *(tasks or (task("a"), task("b", "a"))), **options)
    assert said.status == 201, said
    flow_id: str = said.body["flow_id"]
    return flow_id


def shown(ask: Asker, flow_id: str) -> tuple[str, dict[str, str]]:
    """The status of a flow and those of its tasks."""
    body = ask("GET", f"{FLOWS}/{flow_id}").body
    return body["status"], {each["id"]: each["status"] for each in body["tasks"]}


def count_items(admin: psycopg.Connection) -> int:
    [(count,)] = admin.execute("select count(*) from data.queue_item").fetchall()
    assert isinstance(count, int)
    return count


class TestTheDocumentsExamples:
    def test_overrides_of_tasks(self, ask: Asker, call: Caller) -> None:
        must(call("CreateQueue", teamName="ops", queueName="checks", maxRetries=4, timeoutSeconds=60))

        said = ask("POST", FLOWS, {"queue": "checks", "tasks": TASKS})

        task_ids = [each["task_id"] for each in said.body["tasks"]]
        assert (said.status, said.body) == (
            201,
            {
                "flow_id": said.body["flow_id"],
                "status": "queued",
                "tasks": [
                    {"id": "quick-check", "task_id": task_ids[0], "status": "queued"},
                    {"id": "long-job", "task_id": task_ids[1], "status": "queued"},
                ],
            },
        )
        quick, long = take(call)
        assert json.loads(quick["vaultContent"]) == {
            "handler": "http",
            "url": "https://api.example.com/health",
            "method": "GET",
        }
        assert json.loads(long["vaultContent"]) == {"handler": "shell", "command": "./process-data.sh"}
        assert (quick["timeoutSeconds"], long["timeoutSeconds"]) == (5, 3600)
        assert [item_of(call, row["queueId"])["retries"] for row in (quick, long)] == [1, 0]

    def test_secrets_stay_as_they_are_for_the_agent(self, ask: Asker, call: Caller) -> None:
        secrets = {
            "ANTHROPIC_API_KEY": {"env": "ANTHROPIC_API_KEY"},
            "DEPLOY_TOKEN": {"file": "/run/secrets/deploy-token"},
        }
        ask("POST", "/api/v1/queues", {"id": "ai-queue", "config": {"concurrency": 5, "secrets": secrets}})

        submit(ask, CALL_AI, queue="ai-queue")

        [row] = take(call)
        assert json.loads(row["vaultContent"])["env"] == {"ANTHROPIC_API_KEY": "${secrets.ANTHROPIC_API_KEY}"}
        assert row["secrets"] == secrets


def test_what_a_task_does_not_say_its_queue_says(ask: Asker, call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="mail", maxRetries=2, timeoutSeconds=60))

    made(ask, {"id": "a", "executor": "shell"}, queue="mail")

    [row] = take(call)
    assert (row["vaultContent"], row["timeoutSeconds"]) == ('{"handler":"shell"}', 60)
    assert item_of(call, row["queueId"])["retries"] == 2


def test_a_flow_from_its_beginning_to_its_end(ask: Asker, call: Caller) -> None:
    flow_id = made(ask)
    assert shown(ask, flow_id) == ("queued", {"a": "queued", "b": "blocked"})

    [first] = take(call)
    assert shown(ask, flow_id) == ("running", {"a": "running", "b": "blocked"})

    must(complete(call, first))
    assert shown(ask, flow_id) == ("running", {"a": "succeeded", "b": "queued"})

    must(complete(call, take(call)[0]))
    assert shown(ask, flow_id) == ("succeeded", {"a": "succeeded", "b": "succeeded"})


def test_a_failed_task_fails_what_depends_on_it(ask: Asker, call: Caller) -> None:
    flow_id = made(ask)

    must(fail(call, take(call)[0]))

    assert shown(ask, flow_id) == ("failed", {"a": "failed", "b": "failed"})


def test_a_retry_through_the_engine_is_shown_in_the_flow(ask: Asker, call: Caller) -> None:
    flow_id = made(ask, task("a"))
    [claimed] = take(call)
    must(fail(call, claimed))

    retry = must(call("RetryFailedQueueItem", originalQueueId=claimed["queueId"])).row

    body = ask("GET", f"{FLOWS}/{flow_id}").body
    assert (body["status"], body["tasks"]) == (
        "queued",
        [{"id": "a", "task_id": retry["taskId"], "status": "queued"}],
    )


def test_tells_of_queue_times_and_counts(ask: Asker) -> None:
    flow_id = made(ask)

    body = ask("GET", f"{FLOWS}/{flow_id}").body

    assert (body["flow_id"], body["queue"]) == (flow_id, "default")
    assert (body["task_count"], body["finished_count"]) == (2, 0)
    assert body["created_at"] == body["updated_at"]
    assert body["created_at"].endswith("Z")


def test_lists_the_newest_first(ask: Asker) -> None:
    ids = sorted(made(ask) for _ in range(3))

    first = ask("GET", FLOWS, limit=2).body
    second = ask("GET", FLOWS, limit=2, before=ids[1]).body

    assert [each["flow_id"] for each in first["items"]] == [ids[2], ids[1]]
    assert [each["flow_id"] for each in second["items"]] == [ids[0]]
    assert (first["total"], second["total"]) == (3, 3)
    assert ask("GET", FLOWS).body["items"][0] == first["items"][0]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"limit": "0"}, 'member "limit" must be a whole number from 1 to 100'),
        ({"limit": "101"}, 'member "limit" must be a whole number from 1 to 100'),
        ({"limit": "many"}, 'member "limit" must be a whole number from 1 to 100'),
        ({"before": "yesterday"}, 'member "before" must be a UUID'),
        ({"status": "failed"}, 'member "status" is unknown'),
    ],
)
def test_a_wrong_query_is_refused(ask: Asker, query: dict[str, Any], sentence: str) -> None:
    assert ask("GET", FLOWS, **query).error == (400, "InvalidRequestError", sentence)


def test_cancels_a_flow(ask: Asker) -> None:
    flow_id = made(ask)

    said = ask("POST", f"{FLOWS}/{flow_id}/cancel")

    assert (said.status, said.body["status"]) == (200, "cancelled")
    assert [each["status"] for each in said.body["tasks"]] == ["cancelled", "cancelled"]


def test_what_runs_is_running_until_its_agent_confirms(ask: Asker, call: Caller) -> None:
    flow_id = made(ask)
    [claimed] = must(call("GetQueueItemsNext", _as="build-01", itemCount=5, start=True)).rows

    said = ask("POST", f"{FLOWS}/{flow_id}/cancel")
    assert (said.body["status"], [each["status"] for each in said.body["tasks"]]) == (
        "running",
        ["running", "cancelled"],
    )

    must(complete(call, claimed, completionStatus="CANCELLED"))
    assert shown(ask, flow_id)[0] == "cancelled"


def test_a_flow_that_has_ended_cannot_be_cancelled(ask: Asker, call: Caller) -> None:
    flow_id = made(ask, task("a"))
    must(complete(call, take(call)[0]))

    said = ask("POST", f"{FLOWS}/{flow_id}/cancel")

    assert said.error == (409, "FlowAlreadyCompletedError", f"flow {flow_id} is succeeded")
    assert said.body["flow_id"] == flow_id


def test_a_thousand_tasks_are_taken_and_not_one_more(ask: Asker, admin: psycopg.Connection) -> None:
    tasks = [task(f"n{number}") for number in range(1001)]

    most = submit(ask, *tasks[:1000])
    more = submit(ask, *tasks)
    none = submit(ask)

    assert (most.status, len(most.body["tasks"])) == (201, 1000)
    assert more.error == (400, "InvalidRequestError", 'member "tasks" must have at most 1000 entries')
    assert none.error == (400, "InvalidRequestError", "tasks holds 0: 1 to 1,000 in one call")
    assert count_items(admin) == 1000


@pytest.mark.parametrize(
    ("tasks", "sentence"),
    [
        ([task("a", "a")], "tasks[0] (a): depends_on names the item itself"),
        ([task("a"), task("a")], "tasks[1] (a): name is given twice"),
        (
            [task("a", "b"), task("b", "a")],
            "tasks depend on each other: tasks[0] (a) needs tasks[1] (b) needs tasks[0] (a)",
        ),
        ([task("a", "z")], "tasks[0] (a): depends_on names z, which is neither an item of this batch nor a task_id"),
        ([task("a", *["b"] * 101)], 'member "tasks[0].depends_on" must have at most 100 entries'),
        ([{"executor": "shell"}], 'member "tasks[0].id" is required'),
        ([{"id": "a"}], 'member "tasks[0].executor" is required'),
        ([task("a", executor="")], 'member "tasks[0].executor" must have 1 to 100 characters'),
        ([task("")], 'member "tasks[0].id" must have 1 to 100 characters'),
        ([task("a" * 101)], 'member "tasks[0].id" must have 1 to 100 characters'),
        ([task("a\n")], 'member "tasks[0].id" must not contain control characters'),
        ([task("a", config=[])], 'member "tasks[0].config" must be a JSON object'),
        ([task("a", config={"handler": "x"})], 'member "tasks[0].config" must not have a member handler'),
        ([task("a", config={"x": "y" * 262144})], 'member "tasks[0].config" must have at most 262144 bytes'),
        ([task("a", retries=100)], 'member "tasks[0].retries" must be a whole number from 0 to 99'),
        ([task("a", timeout_secs=0)], 'member "tasks[0].timeout_secs" must be a whole number from 1 to 31536000'),
        ([task("a", backoff={})], 'tasks[0] (a): backoff must be {"fixed": {"delay_ms": n}}'),
        ([task("a", machine="build-01")], 'member "tasks[0].machine" is unknown'),
        (["a"], 'member "tasks[0]" must be an object'),
        ({"a": {}}, 'member "tasks" must be a list'),
        (None, 'member "tasks" is required'),
    ],
)
def test_one_wrong_task_refuses_the_whole_flow(
    ask: Asker, admin: psycopg.Connection, tasks: Any, sentence: str
) -> None:
    body = {"queue": "default", "tasks": [task("ok"), *tasks] if isinstance(tasks, list) else tasks}
    moved = (
        sentence.replace("tasks[1]", "tasks[2]").replace("tasks[0]", "tasks[1]")
        if isinstance(tasks, list)
        else sentence
    )

    said = ask("POST", FLOWS, body)

    assert said.error[:2] == (400, "InvalidRequestError")
    assert said.body["message"].startswith(moved)
    assert count_items(admin) == 0


def test_what_a_task_depends_on_may_be_any_task_of_the_team(ask: Asker, call: Caller) -> None:
    first = submit(ask, task("a")).body["tasks"][0]["task_id"]
    [theirs] = must(call("CreateQueueItem", _as="carol", teamName="dev", machineName="dev-01", queueVault="{}")).rows

    said = submit(ask, task("b", first))
    foreign = submit(ask, task("b", theirs["taskId"]))

    assert said.body["tasks"][0]["status"] == "blocked"
    assert foreign.error[:2] == (404, "QueueNotFoundError")


def test_the_same_idempotency_key_gives_the_same_flow(ask: Asker, admin: psycopg.Connection) -> None:
    key = {"Idempotency-Key": "once"}

    first, second = submit(ask, task("a"), _headers=key), submit(ask, task("a"), _headers=key)
    other = submit(ask, task("b"), _headers=key)

    assert (second.status, second.body) == (201, first.body)
    assert other.error[:2] == (409, "ConflictError")
    assert count_items(admin) == 1


@pytest.mark.parametrize("queue", ["nothing", "theirs", "hers", "'; drop table data.queue_item; --", "DEFAULT "])
def test_an_unknown_queue_is_not_found(ask: Asker, call: Caller, admin: psycopg.Connection, queue: str) -> None:
    must(call("CreateQueue", _as="carol", teamName="dev", queueName="theirs"))
    must(call("CreateQueue", _as="gina", teamName="ops", queueName="hers"))

    said = submit(ask, task("a"), queue=queue)

    assert said.error == (404, "QueueNotFoundError", f"queue {queue} not found in this team")
    assert count_items(admin) == 0


@pytest.mark.parametrize(
    "flow_id", ["nothing", "1", "'; drop table data.queue_item; --", "%00", "{}", "a" * 5000, "None"]
)
@pytest.mark.parametrize(("method", "verb"), [("GET", ""), ("POST", "/cancel")])
def test_an_id_that_is_none_is_not_found(ask: Asker, method: str, verb: str, flow_id: str) -> None:
    said = ask(method, f"{FLOWS}/{flow_id}{verb}")

    assert said.error[:2] == (404, "FlowNotFoundError")


@pytest.mark.parametrize(("method", "verb"), [("GET", ""), ("POST", "/cancel")])
@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_flows_of_others_are_as_those_that_are_not_there(ask: Asker, caller: str, method: str, verb: str) -> None:
    flow_id, nothing = made(ask), str(uuid4())

    theirs = ask(method, f"{FLOWS}/{flow_id}{verb}", _as=caller)
    absent = ask(method, f"{FLOWS}/{nothing}{verb}", _as=caller)

    assert theirs.error == (404, "FlowNotFoundError", f"flow {flow_id} not found")
    assert absent.error == (404, "FlowNotFoundError", f"flow {nothing} not found")
    assert shown(ask, flow_id)[0] == "queued"


def test_a_flow_is_found_in_any_of_ones_teams_and_only_in_the_one_named(ask: Asker) -> None:
    flow_id = made(ask)

    assert ask("GET", f"{FLOWS}/{flow_id}", _as="ann").status == 200
    assert ask("GET", f"{FLOWS}/{flow_id}", _as="ann", team="dev").status == 404
    assert ask("GET", f"{FLOWS}/{flow_id}", team="dev").error[:2] == (403, "PermissionDeniedError")
    assert ask("GET", FLOWS, _as="ann", team="dev").body == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", FLOWS, {"queue": "default", "tasks": [task("a")]}),
        ("GET", FLOWS, None),
        ("GET", f"{FLOWS}/{NOTHING}", None),
        ("POST", f"{FLOWS}/{NOTHING}/cancel", None),
    ],
)
class TestWhoMayNot:
    def test_without_a_token_nothing_is_told(self, ask: Asker, method: str, path: str, body: Any) -> None:
        assert ask(method, path, body, _as=NOBODY).error[:2] == (401, "AuthenticationError")

    def test_agents_make_and_see_none(self, ask: Asker, method: str, path: str, body: Any) -> None:
        assert ask(method, path, body, _as="build-01").error[:2] == (403, "PermissionDeniedError")

    def test_a_database_that_is_away_is_told_of(
        self, config: Config, world: World, method: str, path: str, body: Any
    ) -> None:
        away = replace(config, database_url="postgresql://nobody@127.0.0.1:1/none")

        said = Asker(create_app(away).test_client(), world)(method, path, body)

        assert said.error[:2] == (503, "QueueUnavailableError")
        assert int(said.headers["Retry-After"]) >= 1


def test_too_large_a_flow_is_refused(ask: Asker) -> None:
    tasks = [task(f"n{number}", config={"x": "y" * 200_000}) for number in range(6)]

    assert submit(ask, *tasks).error[:2] == (413, "RequestTooLargeError")


def test_waits_in_the_queue_that_was_named(ask: Asker, call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="mail"))

    made(ask, task("a"), task("b", "a"), queue="mail")

    assert (queue_of(call)["waitingCount"], queue_of(call)["heldCount"]) == (1, 1)
