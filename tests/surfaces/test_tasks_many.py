"""`/api/v1/queue/...`: lists of tasks, and what is done to many of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.bulk import add_many
from tests.jobs import claim
from tests.surfaces.asking import Asker, Said
from tests.surfaces.tasks import SOURCE, TASKS, listed, make, one_of_each, status_of, work
from tests.world import NOBODY, Caller, must

ABSENT = "01890a5d-ac96-774b-bcce-b302099a8057"
HISTORY, STATS, RECONCILE = f"{TASKS}/history", "/api/v1/queue/stats", "/api/v1/queue/reconcile"
EVERYTHING: list[tuple[str, str, Any]] = [
    ("POST", TASKS, {"queue": "llm", "operation": "shell", "data": {}}),
    ("GET", TASKS, None),
    ("GET", f"{TASKS}/{ABSENT}", None),
    ("GET", f"{TASKS}/{ABSENT}/result", None),
    ("DELETE", f"{TASKS}/{ABSENT}", None),
    ("POST", f"{TASKS}/{ABSENT}/retry", None),
    ("DELETE", TASKS, None),
    ("POST", f"{TASKS}/cancel", {"task_ids": [ABSENT]}),
    ("POST", f"{TASKS}/cancel", {"metadata": SOURCE}),
    ("DELETE", HISTORY, None),
    ("GET", f"{STATS}/llm", None),
    ("POST", RECONCILE, {}),
]
OF_A_TEAM = [(method, path, body) for method, path, body in EVERYTHING if ABSENT not in path + str(body)]


def cancel_chosen(ask: Asker, **members: Any) -> Said:
    return ask("POST", f"{TASKS}/cancel", members)


class TestList:
    def test_shows_at_most_200(self, ask: Asker, admin: psycopg.Connection) -> None:
        make(ask)
        add_many(admin, 1, 210)

        said = ask("GET", TASKS, limit=100_000)
        rest = ask("GET", TASKS, limit=200, offset=200)
        admin.execute("delete from data.queue_item where vault_queue_id is not null")

        totals = {"total": 200, "total_in_queue": 211}
        assert said.body["pagination"] == {"limit": 200, "offset": 0, **totals, "has_more": True}
        assert {name: said.body[name] for name in totals} == totals
        assert len(said.body["tasks"]) == 200
        assert (rest.body["total"], rest.body["pagination"]["has_more"]) == (11, False)

    def test_names_the_queues_it_was_asked_for(self, ask: Asker) -> None:
        make(ask)

        said = ask("GET", TASKS, queues=" llm,, nothing ")

        assert (said.body["queues"], said.body["tasks"], said.body["total_in_queue"]) == (["llm", "nothing"], [], 0)
        assert ask("GET", TASKS, queues=", ,").body["queues"] is None

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ({"limit": 0}, 'member "limit" must be a whole number from 1 to 9007199254740991'),
            ({"limit": "many"}, 'member "limit" must be a whole number from 1 to 9007199254740991'),
            ({"limit": "1" * 400}, 'member "limit" must be a whole number from 1 to 9007199254740991'),
            ({"offset": -1}, 'member "offset" must be a whole number from 0 to 1000'),
            ({"offset": 1001}, 'member "offset" must be a whole number from 0 to 1000'),
            ({"queues": "q" * 10_001}, 'member "queues" must have at most 10000 characters'),
            ({"queues": "a\0"}, 'member "queues" must not contain the character NUL'),
            ({"status": "failed"}, 'member "status" is unknown'),
        ],
    )
    def test_refuses(self, ask: Asker, query: dict[str, Any], sentence: str) -> None:
        assert ask("GET", TASKS, **query).error == (400, "InvalidRequestError", sentence)


class TestCancelById:
    def test_says_of_each_that_is_not_waiting_why_it_was_not_cancelled(self, ask: Asker, call: Caller) -> None:
        made = one_of_each(ask, call)

        said = cancel_chosen(ask, task_ids=[*made.values(), ABSENT, "task-abc", "\u00c4"])

        running = dict.fromkeys(("PROCESSING", "CANCELLING", "ASSIGNED"), "Task is currently running")
        over = {state: f"Task is already {state.lower()}" for state in ("COMPLETED", "FAILED", "CANCELLED")}
        reasons = {made[state]: reason for state, reason in {**over, **running}.items()}
        absent = dict.fromkeys((ABSENT, "task-abc", "\u00c4"), "Task not found")
        assert (said.body["cancelled_count"], said.body["requested_count"]) == (1, 10)
        assert {entry["task_id"]: entry["reason"] for entry in said.body["failed"]} == {**reasons, **absent}
        assert [entry["task_id"] for entry in said.body["failed"]] == [*list(made.values())[:-1], *absent]
        assert status_of(ask, made["ASSIGNED"]) == "running"

    def test_counts_a_task_that_is_named_twice_once(self, ask: Asker) -> None:
        task_id = make(ask)

        said = cancel_chosen(ask, task_ids=[task_id, task_id.upper(), task_id])

        assert said.body == {"cancelled_count": 1, "requested_count": 3, "failed": []}

    def test_takes_more_than_a_call_does(self, ask: Asker, admin: psycopg.Connection) -> None:
        make(ask)
        add_many(admin, 1, 2_500)
        ids = [str(task_id) for (task_id,) in admin.execute("select task_id from data.queue_item").fetchall()]

        said = cancel_chosen(ask, task_ids=ids)
        admin.execute("delete from data.queue_item where vault_queue_id is not null")

        assert said.body == {"cancelled_count": 2_501, "requested_count": 2_501, "failed": []}


class TestCancelByMetadata:
    def test_asks_running_ones_to_stop(self, ask: Asker, call: Caller) -> None:
        ids = [make(ask, metadata={**SOURCE, "more": [1, {"a": None}]}) for _ in range(2)]
        claim(call)

        assert cancel_chosen(ask, metadata={"more": [{"a": None}]}).body == {"cancelled": 2}
        assert must(call("GetQueueItem", taskId=ids[1])).row["status"] == "CANCELLED"
        assert cancel_chosen(ask, metadata=SOURCE, queue="operations").body == {"cancelled": 0}

    @pytest.mark.parametrize(
        "metadata",
        [
            {"$ne": None},
            {"source_id": {"$gt": ""}},
            {"source_id": "%"},
            {"source_id": "' or '1'='1"},
            {"source_id": ["src-uuid-1"]},
            {"source_id": None},
            {"source_id": 1e308},
            {"": ""},
            {"__proto__": {}},
            {"a": {"a": {"a": {"a": {}}}}},
            {"SOURCE_ID": "src-uuid-1"},
        ],
    )
    def test_matches_nothing_else(self, ask: Asker, metadata: dict[str, Any]) -> None:
        task_id = make(ask, metadata=SOURCE)

        assert cancel_chosen(ask, metadata=metadata).body == {"cancelled": 0}
        assert status_of(ask, task_id) == "queued"


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({}, "Must provide either task_ids or metadata"),
        ({"queue": "llm"}, "Must provide either task_ids or metadata"),
        ({"task_ids": []}, "Must provide either task_ids or metadata"),
        ({"task_ids": None, "metadata": None}, "Must provide either task_ids or metadata"),
        ({"task_ids": [ABSENT], "metadata": SOURCE}, "Must provide either task_ids or metadata"),
        ({"task_ids": [ABSENT], "queue": "llm"}, 'member "queue" goes with metadata only'),
        ({"task_ids": ABSENT}, 'member "task_ids" must be a list'),
        ({"task_ids": f'["{ABSENT}"]'}, 'member "task_ids" must be a list'),
        ({"task_ids": [7]}, 'member "task_ids[0]" must be text'),
        ({"task_ids": [{}]}, 'member "task_ids[0]" must be text'),
        ({"task_ids": [ABSENT] * 10_001}, 'member "task_ids" must have at most 10000 entries'),
        ({"metadata": {}}, 'member "metadata" must have a member'),
        ({"metadata": [1]}, 'member "metadata" must be a JSON object'),
        ({"metadata": "{}"}, 'member "metadata" must be a JSON object'),
        ({"metadata": {"a": "\0"}}, 'member "metadata" must not contain the character NUL'),
        ({"metadata": {"a": "\ud800"}}, 'member "metadata" must not contain half a surrogate pair'),
        ({"metadata": {"a": 2**60}}, 'member "metadata" must not contain a whole number beyond 2^53'),
        ({"metadata": SOURCE, "force": True}, 'member "force" is unknown'),
    ],
)
def test_a_choice_that_is_none_is_refused_and_cancels_nothing(
    ask: Asker, members: dict[str, Any], sentence: str
) -> None:
    task_id = make(ask, metadata=SOURCE)

    assert cancel_chosen(ask, **members).error == (400, "InvalidRequestError", sentence)
    assert status_of(ask, task_id) == "queued"


class TestCancelAll:
    def test_cancels_what_is_queued_or_running_and_nothing_twice(self, ask: Asker, call: Caller) -> None:
        made = one_of_each(ask, call)

        assert ask("DELETE", TASKS).body == {"cancelled": 3, "queue": None}
        assert must(call("GetQueueItem", taskId=made["PROCESSING"])).row["status"] == "CANCELLING"
        assert status_of(ask, made["ASSIGNED"]) == "cancelled"
        assert ask("DELETE", TASKS).body == {"cancelled": 0, "queue": None}

    def test_cancels_however_many_there_are(self, ask: Asker, admin: psycopg.Connection) -> None:
        make(ask)
        add_many(admin, 1, 2_500)

        said = ask("DELETE", TASKS)
        admin.execute("delete from data.queue_item where vault_queue_id is not null")

        assert said.body == {"cancelled": 2_501, "queue": None}

    def test_knows_no_tasks_of_an_unknown_queue(self, ask: Asker) -> None:
        make(ask)

        assert ask("DELETE", TASKS, queue="nothing").body == {"cancelled": 0, "queue": "nothing"}


class TestHistory:
    def test_keeps_what_is_queued_running_or_protected(self, ask: Asker, call: Caller) -> None:
        made = one_of_each(ask, call)
        must(call("UpdateQueueItemProtection", taskId=made["FAILED"], protection=True))

        assert ask("DELETE", HISTORY).body == {"cleared": 2, "queue": None}
        assert set(listed(ask)) == set(made.values()) - {made["COMPLETED"], made["CANCELLED"]}

    def test_is_cleared_however_long_it_is(self, ask: Asker, call: Caller, admin: psycopg.Connection) -> None:
        done = make(ask)
        work(call)
        add_many(admin, 1, 2_500)
        admin.execute(
            "update data.queue_item set status = 'CANCELLED', finished_time = created_time where queue_id > 1"
        )

        assert ask("DELETE", HISTORY, queue="operations").body == {"cleared": 2_501, "queue": "operations"}
        assert ask("GET", f"{TASKS}/{done}").status == 404

    def test_of_an_unknown_queue_is_empty(self, ask: Asker) -> None:
        assert ask("DELETE", HISTORY, queue="nothing").body == {"cleared": 0, "queue": "nothing"}

    @pytest.mark.parametrize("hours", [-1, 8761, "a day", 1.5])
    def test_has_an_age_in_whole_hours_up_to_a_year(self, ask: Asker, hours: object) -> None:
        sentence = 'member "older_than_hours" must be a whole number from 0 to 8760'

        assert ask("DELETE", HISTORY, older_than_hours=hours).error == (400, "InvalidRequestError", sentence)
        assert ask("DELETE", HISTORY, older_than_hours=8760).status == 200


class TestStats:
    def test_count_each_state_as_the_document_groups_them(self, ask: Asker, call: Caller) -> None:
        one_of_each(ask, call)
        must(
            call(
                "CreateQueueItem",
                teamName="ops",
                queueName="operations",
                queueVault="{}",
                notBefore="2030-01-01T00:00:00Z",
            )
        )

        counts = {"queued": 2, "running": 3, "completed": 1, "failed": 1}
        assert ask("GET", f"{STATS}/operations").body == {"queue": "operations", **counts}
        assert ask("GET", f"{STATS}/OPERATIONS").body == {"queue": "operations", **counts}

    @pytest.mark.parametrize("name", ["nothing", "Ä%20b", "q" * 300, "a,b"])
    def test_of_an_unknown_queue_are_zeros(self, ask: Asker, name: str) -> None:
        said = ask("GET", f"{STATS}/{name}")

        assert (said.body.pop("queue"), set(said.body.values())) == (name.replace("%20", " "), {0})


class TestReconcile:
    def test_of_an_unknown_queue_does_nothing(self, ask: Asker) -> None:
        zeros = {"recovered_orphans": 0, "recovered_crashed": 0, "failed_unrecoverable": 0}

        assert ask("POST", RECONCILE, {"queue": "nothing"}).body == zeros
        assert ask("POST", RECONCILE, {"queue": None}).body == ask("POST", RECONCILE).body == zeros

    def test_refuses_what_is_no_queue(self, ask: Asker) -> None:
        said = ask("POST", RECONCILE, {"queue": {}})

        assert said.error == (400, "InvalidRequestError", 'member "queue" must be text')


class TestTeams:
    @pytest.mark.parametrize(("method", "path", "body"), OF_A_TEAM)
    def test_of_others_are_refused(self, ask: Asker, method: str, path: str, body: Any) -> None:
        task_id = make(ask, metadata=SOURCE)

        assert ask(method, path, body, _as="carol", team="ops").error == (
            403,
            "PermissionDeniedError",
            "you are not a member of team ops",
        )
        assert ask(method, path, body, team="nowhere").error == (404, "NotFoundError", "team nowhere not found")
        assert status_of(ask, task_id) == "queued"

    @pytest.mark.parametrize(("method", "path", "body"), OF_A_TEAM)
    def test_of_the_same_name_in_another_company_are_others(
        self, ask: Asker, method: str, path: str, body: Any
    ) -> None:
        make(ask, "llm", metadata=SOURCE)
        before = ask("GET", TASKS).body

        assert ask(method, path, body, _as="gina", team="ops").status in (200, 201)
        assert ask("GET", TASKS).body == before

    def test_are_named_by_header_or_query(self, ask: Asker) -> None:
        task_id = make(ask)

        assert listed(ask, _as="ann") == []
        assert listed(ask, _as="ann", team="ops") == listed(ask, _as="ann", _headers={"X-Team": "OPS"}) == [task_id]
        assert ask("GET", f"{TASKS}/{task_id}", _as="ann").status == 200
        assert ask("GET", f"{TASKS}/{task_id}", _as="ann", team="dev").error[:2] == (404, "TaskNotFoundError")


@pytest.mark.parametrize(("method", "path", "body"), [*EVERYTHING, ("GET", STATS, None)])
@pytest.mark.parametrize("who", [NOBODY, ABSENT, "build-01"])
def test_who_shows_no_token_of_a_user_is_refused(ask: Asker, method: str, path: str, body: Any, who: str) -> None:
    status = {"build-01": 403}.get(who, 401)

    said = ask(method, path, body, _as=who)

    assert said.error[:2] == (status, {401: "AuthenticationError", 403: "PermissionDeniedError"}[status])


@contextmanager
def away(server: str, database: str) -> Iterator[None]:
    """The database takes no connections, and has ended those it had."""
    name = conninfo_to_dict(database)["dbname"]
    turn = sql.SQL("alter database {} allow_connections {}")
    with psycopg.connect(server, autocommit=True) as elsewhere:
        elsewhere.execute(turn.format(sql.Identifier(str(name)), sql.Literal(False)))
        try:
            elsewhere.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
            yield
        finally:
            elsewhere.execute(turn.format(sql.Identifier(str(name)), sql.Literal(True)))


def test_without_the_database_only_health_and_statistics_answer(ask: Asker, server: str, database: str) -> None:
    make(ask)

    with away(server, database):
        health = ask("GET", "/api/v1/queue/health", _as=NOBODY)
        stats = [ask("GET", STATS, _as=who) for who in ("bob", NOBODY, ABSENT)]
        others = {(method, path): ask(method, path, body) for method, path, body in EVERYTHING}

    assert (health.status, health.body["status"], health.body["connected"]) == (200, "unavailable", False)
    assert [said.body for said in stats] == [{"queues": [], "note": "Queue service unavailable"}] * 3
    assert {key: said.error[:2] for key, said in others.items()} == dict.fromkeys(
        others, (503, "QueueUnavailableError")
    )
    assert {said.headers["Retry-After"] for said in others.values()} == {"1"}
    assert ask("GET", "/api/v1/queue/health").body["status"] == "healthy"
