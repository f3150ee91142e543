"""`/api/v1/queue/...`: the examples of spec 2 in their order, then what holds for one task."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import urllib3

from broker.config import Config
from tests.conftest import Clock
from tests.jobs import beat, claim
from tests.serving import PROJECT, SECONDS, environment_of, serving, until
from tests.surfaces.asking import Asker
from tests.surfaces.tasks import SOURCE, TASKS, cancel, fail, listed, make, one_of_each, show, status_of, work
from tests.system import start_command
from tests.world import Caller, MakeItem, World, must

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
EXAMPLE = {
    "queue": "operations",
    "operation": "import_ccx",
    "data": {"source_id": "src-uuid-1", "file_path": "/data/uploads/graph.ccx"},
    "priority": 50,
    "metadata": {"source_id": "src-uuid-1", "user_initiated": True},
}
RESULT = {"entities_created": 42, "relationships_created": 18, "processing_time_ms": 14320}


class TestDocument:
    """The requests that spec 2 prints, in its order."""

    def test_create_task(self, ask: Asker) -> None:
        said = ask("POST", TASKS, EXAMPLE)

        assert said.status == 201
        assert list(said.body) == ["task_id"]
        assert UUID(said.body["task_id"]).version == 7

    def test_list_tasks(self, ask: Asker, call: Caller) -> None:
        first = make(ask, priority=50, metadata=SOURCE)
        work(call, {})
        second = make(ask, "llm", operation="chat_completion", data={"chat_id": "chat-uuid-1"}, priority=10)
        claim(call)

        said = ask("GET", TASKS)

        newest, oldest = said.body["tasks"]
        assert {name: value for name, value in oldest.items() if not name.endswith("_at")} == {
            "task_id": first,
            "queue": "operations",
            "operation": "import_ccx",
            "status": "completed",
            "priority": 50,
            "data": SOURCE,
            "metadata": SOURCE,
            "attempts": 1,
        }
        assert all(TIME.fullmatch(oldest[name]) for name in ("created_at", "started_at", "completed_at"))
        assert (newest["task_id"], newest["queue"], newest["operation"]) == (second, "llm", "chat_completion")
        assert (newest["status"], newest["priority"], newest["metadata"]) == ("running", 10, {})
        assert newest["started_at"] is not None
        assert newest["completed_at"] is None
        assert {name: value for name, value in said.body.items() if name != "tasks"} == {
            "total": 2,
            "total_in_queue": 1,
            "queues": None,
            "pagination": {"limit": 50, "offset": 0, "total": 2, "total_in_queue": 1, "has_more": False},
        }

    def test_list_with_pagination_and_by_queues(self, ask: Asker) -> None:
        ids = [make(ask), make(ask, "llm"), make(ask, "else")]

        assert listed(ask, limit=10, offset=0) == ids[::-1]
        assert listed(ask, queues="operations") == [ids[0]]
        assert listed(ask, queues="operations,llm") == [ids[1], ids[0]]

    def test_get_task(self, ask: Asker) -> None:
        task_id = make(ask)

        [task] = ask("GET", TASKS).body["tasks"]

        assert show(ask, task_id) == {**task, "error": None}

    def test_get_task_result(self, ask: Asker, call: Caller) -> None:
        task_id = make(ask)
        work(call, {"result": RESULT, "log": "much"})

        assert ask("GET", f"{TASKS}/{task_id}/result").body == {"result": RESULT}

    def test_cancel_task(self, ask: Asker) -> None:
        task_id = make(ask)

        assert cancel(ask, task_id).body == {"status": "cancelled"}
        assert status_of(ask, task_id) == "cancelled"

    def test_retry_task(self, ask: Asker, call: Caller) -> None:
        task_id = make(ask, priority=70, metadata=SOURCE)
        fail(call, {"error": "no such file"})

        said = ask("POST", f"{TASKS}/{task_id}/retry")

        assert (said.status, said.body["original_task_id"]) == (200, task_id)
        old, new = show(ask, task_id), show(ask, said.body["new_task_id"])
        assert (old["status"], old["error"], new["status"], new["error"]) == ("failed", "no such file", "queued", None)
        same = ("queue", "operation", "priority", "data", "metadata")
        assert new["task_id"] != task_id
        assert {name: new[name] for name in same} == {name: old[name] for name in same}

    def test_cancel_all_tasks(self, ask: Asker) -> None:
        for queue in ("operations", "operations", "llm"):
            make(ask, queue)

        assert ask("DELETE", TASKS, queue="operations").body == {"cancelled": 2, "queue": "operations"}
        assert ask("DELETE", TASKS).body == {"cancelled": 1, "queue": None}

    def test_cancel_tasks_by_id(self, ask: Asker, call: Caller) -> None:
        running, *ids = [make(ask) for _ in range(3)]
        claim(call)

        said = ask("POST", f"{TASKS}/cancel", {"task_ids": [*ids, running]})

        assert said.body == {
            "cancelled_count": 2,
            "requested_count": 3,
            "failed": [{"task_id": running, "reason": "Task is currently running"}],
        }

    def test_cancel_tasks_by_metadata(self, ask: Asker) -> None:
        ids = [make(ask, metadata={**SOURCE, "n": number}) for number in range(2)]
        others = [make(ask, metadata={"source_id": "other"}), make(ask, "llm", metadata=SOURCE), make(ask)]

        said = ask("POST", f"{TASKS}/cancel", {"metadata": SOURCE, "queue": "operations"})

        assert said.body == {"cancelled": 2}
        assert {status_of(ask, task_id) for task_id in ids} == {"cancelled"}
        assert {status_of(ask, task_id) for task_id in others} == {"queued"}

    def test_clear_history(self, ask: Asker, call: Caller, admin: psycopg.Connection) -> None:
        make(ask, "llm")
        work(call)
        admin.execute("update data.queue_item set created_time = created_time - interval '49 hours'")
        old = make(ask)
        work(call)
        make(ask)

        assert ask("DELETE", f"{TASKS}/history", queue="llm", older_than_hours=48).body == {
            "cleared": 1,
            "queue": "llm",
        }
        assert ask("DELETE", f"{TASKS}/history", older_than_hours=24).body == {"cleared": 0, "queue": None}
        assert ask("DELETE", f"{TASKS}/history").body == {"cleared": 1, "queue": None}
        assert ask("GET", f"{TASKS}/{old}").status == 404

    def test_stats(self, ask: Asker, call: Caller) -> None:
        make(ask, "llm")
        fail(call)
        make(ask, "llm")

        said = ask("GET", "/api/v1/queue/stats")

        assert said.body == {
            "queues": [
                {"queue": "default", "queued": 0, "running": 0, "completed": 0, "failed": 0},
                {"queue": "llm", "queued": 1, "running": 0, "completed": 0, "failed": 1},
            ],
            "note": "Queues have their own settings: /api/v1/queues",
        }
        assert ask("GET", "/api/v1/queue/stats/llm").body == said.body["queues"][1]

    def test_health(self, ask: Asker) -> None:
        assert ask("GET", "/api/v1/queue/health").body == {
            "status": "healthy",
            "enabled": True,
            "connected": True,
            "system": "postgresql",
            "note": "Machines' agents work on the tasks. Queues have their own settings: /api/v1/queues.",
        }

    def test_reconcile(self, ask: Asker, call: Caller, clock: Clock) -> None:
        task_id = make(ask)
        claim(call)
        clock.advance(hours=1)

        said = ask("POST", "/api/v1/queue/reconcile", {"queue": "operations"})

        assert said.body == {"recovered_orphans": 0, "recovered_crashed": 1, "failed_unrecoverable": 0}
        assert status_of(ask, task_id) == "queued"
        assert ask("POST", "/api/v1/queue/reconcile", {}).body["recovered_crashed"] == 0


def test_a_real_agent_does_a_task(config: Config, world: World, tmp_path: Path) -> None:
    data = {"argv": ["sh", "-c", "echo imported"], "cwd": str(PROJECT)}
    with serving(**environment_of(config)) as broker:

        def say(method: str, path: str = "", body: object = None) -> dict[str, Any]:
            token = {"Authorization": f"Bearer {world.tokens['bob']}"}
            answer = urllib3.request(method, broker.url + TASKS + path, json=body, headers=token)
            said: dict[str, Any] = answer.json()
            return said

        agent = start_command(
            tmp_path / "agent.log",
            "agent",
            "run",
            BROKER_AGENT_URL=broker.url,
            BROKER_AGENT_TOKEN=world.tokens["build-01"],
            BROKER_AGENT_STATE_DIR=str(tmp_path / "state"),
        )
        task_id = say("POST", body={"queue": "operations", "operation": "shell", "data": data})["task_id"]

        until(lambda: say("GET", f"/{task_id}")["status"] == "completed")
        task, result = say("GET", f"/{task_id}"), say("GET", f"/{task_id}/result")["result"]
        agent.terminate()

        assert agent.wait(SECONDS) == 0
    assert (task["operation"], task["data"], task["attempts"]) == ("shell", data, 1)
    assert (result["exitCode"], result["stdout"]) == (0, "imported\n")


class TestCreate:
    def test_makes_a_queue_with_the_settings_that_create_queue_gives(self, ask: Asker, call: Caller) -> None:
        make(ask, "fresh")
        must(call("CreateQueue", teamName="ops", queueName="plain"))

        fresh, plain = (call("GetTeamQueues", queueName=name).row for name in ("fresh", "plain"))

        own = {"queueName", "createdTime", "waitingCount"}
        assert {name: fresh[name] for name in set(fresh) - own} == {name: plain[name] for name in set(plain) - own}
        assert fresh["waitingCount"] == 1

    def test_seals_a_job_for_agents_and_keeps_operation_and_data_apart(self, ask: Asker, call: Caller) -> None:
        make(ask, operation="shell", data={"argv": ["true"], "handler": "python", "data": 1, "operation": 2})

        job = json.loads(claim(call)["vaultContent"])

        data = {"argv": ["true"], "handler": "python", "data": 1, "operation": 2}
        assert job == {"argv": ["true"], "handler": "shell", "operation": "shell", "data": data}

    def test_keeps_any_data(self, ask: Asker) -> None:
        data = {"text": "Grüße, \0, 日本", "number": 2**60, "list": [None, 1.5, {}], "": {"": {}}}

        assert show(ask, make(ask, data=data))["data"] == data

    def test_the_task_with_the_higher_priority_is_the_first(self, ask: Asker, call: Caller) -> None:
        low, high, middle = (make(ask, priority=priority) for priority in (0, 100, 51))

        taken = [claim(call)["taskId"] for _ in range(3)]

        assert taken == [high, middle, low]
        assert [show(ask, task_id)["priority"] for task_id in taken] == [100, 51, 0]

    def test_null_is_a_default(self, ask: Asker) -> None:
        task = show(ask, make(ask, priority=None, metadata=None))

        assert (task["priority"], task["metadata"]) == (50, {})

    def test_the_same_idempotency_key_makes_one_task(self, ask: Asker) -> None:
        key = {"Idempotency-Key": "import-1"}

        first, again = (ask("POST", TASKS, EXAMPLE, _headers=key) for _ in range(2))
        other = ask("POST", TASKS, {**EXAMPLE, "priority": 51}, _headers=key)

        assert first.body == again.body
        sentence = "Idempotency-Key import-1 was used with another body"
        assert other.error == (400, "InvalidRequestError", sentence)
        assert listed(ask) == [first.body["task_id"]]

    @pytest.mark.parametrize(
        ("members", "sentence"),
        [
            ({"queue": None}, 'member "queue" is required'),
            ({"operation": None}, 'member "operation" is required'),
            ({"data": None}, 'member "data" is required'),
            ({"queue": ""}, 'member "queue" must have 1 to 100 characters'),
            ({"queue": "q" * 101}, 'member "queue" must have 1 to 100 characters'),
            ({"queue": "a\nb"}, 'member "queue" must not contain control characters'),
            ({"operation": ""}, 'member "operation" must have 1 to 200 characters'),
            ({"operation": ["shell"]}, 'member "operation" must be text'),
            ({"data": "text"}, 'member "data" must be a JSON object'),
            ({"data": [1]}, 'member "data" must be a JSON object'),
            ({"priority": 101}, 'member "priority" must be a whole number from 0 to 100'),
            ({"priority": -1}, 'member "priority" must be a whole number from 0 to 100'),
            ({"operation": 7}, 'member "operation" must be text'),
            ({"queue": True}, 'member "queue" must be text'),
            ({"data": "{}"}, 'member "data" must be a JSON object'),
            ({"priority": "50"}, 'member "priority" must be a whole number from 0 to 100'),
            ({"priority": "high"}, 'member "priority" must be a whole number from 0 to 100'),
            ({"priority": True}, 'member "priority" must be a whole number from 0 to 100'),
            ({"metadata": [1]}, 'member "metadata" must be a JSON object'),
            ({"metadata": {"a": "\0"}}, 'member "metadata" must not contain the character NUL'),
            ({"metadata": {"a": "x" * 5000}}, "metadata must be a JSON object of at most 4 KiB"),
            (
                {"data": {"a": "\ud800"}},
                'member "data", put into the job twice, must not contain half a surrogate pair',
            ),
            ({"data": {"a": "x" * 140_000}}, 'member "data", put into the job twice, must have at most 262144 bytes'),
            ({"colour": "red"}, 'member "colour" is unknown'),
        ],
    )
    def test_refuses_what_is_no_task(self, ask: Asker, members: dict[str, Any], sentence: str) -> None:
        said = ask("POST", TASKS, {**EXAMPLE, **members})

        assert said.error == (400, "InvalidRequestError", sentence)
        assert listed(ask) == []

    @pytest.mark.parametrize("body", [[], [EXAMPLE], "text", 0, False])
    def test_refuses_a_body_that_is_no_object(self, ask: Asker, body: object) -> None:
        assert ask("POST", TASKS, body).error == (400, "InvalidRequestError", "the body must be a JSON object")


class TestStates:
    @pytest.mark.parametrize(
        ("state", "shown", "cancelled"),
        [
            ("PENDING", "queued", 200),
            ("ASSIGNED", "running", 200),
            ("PROCESSING", "running", 200),
            ("CANCELLING", "running", 200),
            ("COMPLETED", "completed", 400),
            ("FAILED", "failed", 400),
            ("CANCELLED", "cancelled", 400),
        ],
    )
    def test_each_is_shown_and_cancelled_as_the_document_says(
        self, ask: Asker, call: Caller, state: str, shown: str, cancelled: int
    ) -> None:
        task_id = one_of_each(ask, call)[state]

        assert status_of(ask, task_id) == shown
        assert cancel(ask, task_id).status == cancelled

    def test_a_running_task_is_asked_to_stop_and_runs_until_its_agent_confirms(self, ask: Asker, call: Caller) -> None:
        task_id = make(ask)
        claimed = claim(call)
        must(beat(call, claimed))

        assert cancel(ask, task_id).body == cancel(ask, task_id).body == {"status": "cancelled"}
        assert status_of(ask, task_id) == "running"
        answer = {"responseVault": "{}", "completionStatus": "CANCELLED", "claimToken": claimed["claimToken"]}
        must(call("UpdateQueueItemToCompleted", _as="build-01", taskId=task_id, **answer))
        assert status_of(ask, task_id) == "cancelled"

    @pytest.mark.parametrize("state", ["PENDING", "PROCESSING", "COMPLETED", "CANCELLED"])
    def test_only_failed_ones_can_be_retried(self, ask: Asker, call: Caller, state: str) -> None:
        said = ask("POST", f"{TASKS}/{one_of_each(ask, call)[state]}/retry")

        assert said.error[:2] == (400, "InvalidRequestError")
        assert said.body["message"].endswith(f"is {state}: only a FAILED one is to be retried")

    @pytest.mark.parametrize("state", ["PENDING", "PROCESSING", "FAILED", "CANCELLED"])
    def test_only_completed_ones_have_a_result(self, ask: Asker, call: Caller, state: str) -> None:
        said = ask("GET", f"{TASKS}/{one_of_each(ask, call)[state]}/result")

        assert said.error[:2] == (404, "TaskResultNotFoundError")


class TestErrorsOfTasks:
    @pytest.mark.parametrize(
        ("answer", "shown"),
        [
            ({"error": "boom"}, "boom"),
            ({"error": None}, None),
            ({"error": {"code": 1}}, '{"code": 1}'),
            ({"exitCode": 3}, None),
            ([1], None),
            (None, None),
        ],
    )
    def test_are_what_the_answer_calls_so(self, ask: Asker, call: Caller, answer: object, shown: str | None) -> None:
        task_id = make(ask)
        fail(call, answer)

        row = must(call("GetQueueItem", taskId=task_id)).row
        assert show(ask, task_id)["error"] == (shown or row["failureReason"])

    def test_are_else_the_engines(self, ask: Asker, call: Caller, clock: Clock) -> None:
        task_id = make(ask)
        for _ in range(4):
            must(beat(call, claim(call)))
            clock.advance(hours=1)
            ask("POST", "/api/v1/queue/reconcile", {})

        assert (status_of(ask, task_id), show(ask, task_id)["error"]) == ("failed", "LOST")

    def test_of_completed_tasks_are_none(self, ask: Asker, call: Caller) -> None:
        task_id = make(ask)
        work(call, {"error": "not so bad"})

        assert show(ask, task_id)["error"] is None


class TestResult:
    @pytest.mark.parametrize(
        ("answer", "shown"),
        [
            ({"result": None}, None),
            ({"result": [1, 2]}, [1, 2]),
            ({"exitCode": 0}, {"exitCode": 0}),
            ("text", "text"),
            ([], []),
        ],
    )
    def test_is_the_answers_member_or_the_whole(self, ask: Asker, call: Caller, answer: object, shown: object) -> None:
        task_id = make(ask)
        work(call, answer)

        assert ask("GET", f"{TASKS}/{task_id}/result").body == {"result": shown}

    def test_is_gone_with_the_task(self, ask: Asker, call: Caller) -> None:
        task_id = make(ask)
        work(call, {"result": 1})
        ask("DELETE", f"{TASKS}/history")

        assert ask("GET", f"{TASKS}/{task_id}/result").error[:2] == (404, "TaskNotFoundError")


class TestItemsOfOtherSurfaces:
    @pytest.mark.parametrize(
        ("job", "operation", "data"),
        [
            ('{"handler":"shell","argv":["true"]}', "shell", {"argv": ["true"]}),
            ('{"handler":"shell","operation":"x","data":{}}', "shell", {"operation": "x", "data": {}}),
            ('{"handler":"shell","operation":"shell","data":1}', "shell", {"operation": "shell", "data": 1}),
            ('{"handler":7,"a":1}', None, {"handler": 7, "a": 1}),
            ('{"a":123456789012345678901234567890}', None, {"a": 1.2345678901234568e29}),
            ("[1]", None, [1]),
            ('"text"', None, "text"),
            ("null", None, None),
        ],
    )
    def test_are_shown_by_their_handler_and_the_rest(
        self, ask: Asker, queue_item: MakeItem, job: str, operation: str | None, data: object
    ) -> None:
        queue_item(job=job)

        [task] = ask("GET", TASKS).body["tasks"]

        assert (task["operation"], task["data"], task["queue"]) == (operation, data, "default")
        assert show(ask, task["task_id"])["data"] == data
        assert cancel(ask, task["task_id"]).status == 200


@pytest.mark.parametrize(
    "task_id",
    [
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "task-abc123def456",
        "7",
        "%00",
        "..",
        "x" * 5000,
        "0" * 32,
        "' or true --",
        "Ä",
    ],
)
def test_there_is_no_task_of_a_forged_id(ask: Asker, task_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", ""), ("POST", "/retry")):
        said = ask(method, f"{TASKS}/{task_id}{path}")
        assert (said.status, said.body["error"]) in ((404, "TaskNotFoundError"), (404, "NotFoundError"))


@pytest.mark.parametrize("who", ["carol", "gina"])
def test_tasks_of_other_teams_and_companies_are_not_there(ask: Asker, who: str) -> None:
    task_id = make(ask)

    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", ""), ("POST", "/retry")):
        assert ask(method, f"{TASKS}/{task_id}{path}", _as=who).error[:2] == (404, "TaskNotFoundError")
    said = ask("POST", f"{TASKS}/cancel", {"task_ids": [task_id]}, _as=who)
    assert said.body["failed"] == [{"task_id": task_id, "reason": "Task not found"}]
    assert ask("GET", TASKS, _as=who).body["tasks"] == []
    assert status_of(ask, task_id) == "queued"
