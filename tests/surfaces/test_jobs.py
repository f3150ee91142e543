"""`/api/v1/jobs/...`: spec 4's own examples in their order, then every rule, error and bad input."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.conftest import Clock
from tests.jobs import beat, claim, complete, create, fail
from tests.surfaces.asking import Asker
from tests.world import NOBODY, Caller, MakeItem, must

JOBS = "/api/v1/jobs"
UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


def queue_job(call: Caller, **members: Any) -> str:
    """A new job of bob's; its id."""
    members = {"queueVault": '{"handler":"extraction"}', **members}
    made = must(call("CreateQueueItem", teamName="ops", machineName="build-01", **members)).row
    job_id: str = made["taskId"]
    return job_id


def job_of(call: Caller, queue_id: int) -> str:
    task_id: str = call("GetQueueItem", queueId=queue_id).row["taskId"]
    return task_id


@pytest.fixture
def live(app: Flask) -> None:
    """The hub at work."""
    app.extensions["hub"].start()


class TestStatus:
    def test_is_as_the_document_prints_it(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        metrics = {"execution_time_seconds": 45.2, "items_processed": 75, "total_items": 100}
        must(beat(call, claim(call), progress=0.75, metrics=metrics))

        said = ask("GET", f"{JOBS}/status/{job_id}")

        created, started = said.body.pop("created_at"), said.body.pop("started_at")
        assert said.status == 200
        assert said.body == {
            "job_id": job_id,
            "job_type": "extraction",
            "status": "running",
            "progress": 0.75,
            "completed_at": None,
            "error": None,
            "user_id": "bob@acme.example",
            "metrics": metrics,
        }
        assert all(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z") for text in (created, started))

    @pytest.mark.parametrize(
        ("state", "status", "progress"),
        [
            ("PENDING", "pending", 0.0),
            ("ASSIGNED", "running", 0.0),
            ("PROCESSING", "running", 0.0),
            ("CANCELLING", "running", 0.0),
            ("COMPLETED", "completed", 1.0),
            ("FAILED", "failed", 0.0),
            ("CANCELLED", "cancelled", 0.0),
        ],
    )
    def test_tells_each_state(
        self, ask: Asker, call: Caller, queue_item: MakeItem, state: str, status: str, progress: float
    ) -> None:
        body = ask("GET", f"{JOBS}/status/{job_of(call, queue_item(state))}").body

        assert (body["status"], body["progress"]) == (status, progress)
        assert (body["completed_at"] is not None) == (status in ("completed", "failed", "cancelled"))
        assert (body["started_at"] is not None) == (state not in ("PENDING", "CANCELLED"))

    def test_of_what_waits_for_its_time_is_scheduled(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call, notBefore=(datetime.now(UTC) + timedelta(hours=1)).isoformat())

        assert ask("GET", f"{JOBS}/status/{job_id}").body["status"] == "scheduled"

    def test_of_what_waits_for_another_is_scheduled(self, ask: Asker, call: Caller) -> None:
        needed = queue_job(call)
        job_id = queue_job(call, dependsOn=[needed])
        before = ask("GET", f"{JOBS}/status/{job_id}").body["status"]
        must(complete(call, claim(call)))

        assert before == "scheduled"
        assert ask("GET", f"{JOBS}/status/{job_id}").body["status"] == "pending"

    def test_tells_why_a_job_failed(self, ask: Asker, call: Caller) -> None:
        first, second = queue_job(call), queue_job(call)
        must(fail(call, claim(call), responseVault='{"error":"no such file"}'))
        must(fail(call, claim(call), responseVault='{"exitCode":1}'))

        assert ask("GET", f"{JOBS}/status/{first}").body["error"] == "no such file"
        assert ask("GET", f"{JOBS}/status/{second}").body["error"] == "REPORTED"

    @pytest.mark.parametrize(
        ("vault", "kind"),
        [
            ('{"handler":"shell"}', "shell"),
            ('{"handler":"shell","operation":"taxonomy_processing"}', "taxonomy_processing"),
        ],
    )
    def test_its_type_is_the_handler_or_operation(self, ask: Asker, call: Caller, vault: str, kind: str) -> None:
        job_id = queue_job(call, queueVault=vault)

        assert ask("GET", f"{JOBS}/status/{job_id}").body["job_type"] == kind

    @pytest.mark.parametrize("vault", ["[1]", "3", '{"handler":7}'])
    def test_a_job_of_no_type_has_none(self, ask: Asker, call: Caller, vault: str) -> None:
        assert ask("GET", f"{JOBS}/status/{queue_job(call, queueVault=vault)}").body["job_type"] is None


class TestPoll:
    def test_answers_at_once_when_the_status_is_another(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)

        said = ask("GET", f"{JOBS}/status/{job_id}/poll", current_status="running", timeout=60)

        assert (said.status, said.body["status"]) == (200, "pending")

    @pytest.mark.usefixtures("live")
    def test_waits_until_the_status_changes(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        threading.Timer(0.3, lambda: claim(call)).start()

        said = ask("GET", f"{JOBS}/status/{job_id}/poll", current_status="pending", timeout=60)

        assert said.body["status"] == "running"

    @pytest.mark.usefixtures("live")
    def test_without_a_known_status_waits_for_a_change_from_now(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        threading.Timer(0.3, lambda: claim(call)).start()

        assert ask("GET", f"{JOBS}/status/{job_id}/poll", timeout=60).body["status"] == "running"

    @pytest.mark.usefixtures("live")
    def test_does_not_end_for_progress(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        claimed = claim(call, start=True)
        threading.Timer(0.2, lambda: beat(call, claimed, progress=0.5)).start()
        began = time.monotonic()

        body = ask("GET", f"{JOBS}/status/{job_id}/poll", timeout=1).body

        assert time.monotonic() - began >= 1
        assert (body["status"], body["progress"]) == ("running", 0.5)

    def test_tells_what_is_known_when_the_time_is_up(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)

        assert (
            ask("GET", f"{JOBS}/status/{job_id}/poll", current_status="pending", timeout=0).body["status"] == "pending"
        )

    def test_nothing_is_waited_for_when_the_job_is_finished(
        self, ask: Asker, call: Caller, queue_item: MakeItem
    ) -> None:
        job_id = job_of(call, queue_item("COMPLETED"))

        assert ask("GET", f"{JOBS}/status/{job_id}/poll").body["status"] == "completed"

    @pytest.mark.parametrize(
        "query", [{"timeout": 121}, {"timeout": -1}, {"timeout": "soon"}, {"current_status": "odd"}]
    )
    def test_refuses_what_is_out_of_range(self, ask: Asker, call: Caller, query: dict[str, Any]) -> None:
        said = ask("GET", f"{JOBS}/status/{queue_job(call)}/poll", **query)

        assert (said.status, said.body["error"]) == (400, "InvalidRequestError")
        assert next(iter(query)) in said.body["message"]


class TestStats:
    def test_are_as_the_document_prints_them(
        self, ask: Asker, call: Caller, queue_item: MakeItem, admin: psycopg.Connection
    ) -> None:
        for state in ("COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "CANCELLING", "PROCESSING", "PENDING"):
            queue_item(state)
        create(call, notBefore=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
        must(call("GetQueueItemsNext", _as="build-02", itemCount=1))
        must(call("UpdateCompanyLimits", _as="ann", maxRunning=10, maxRunningPerUser=3))
        admin.execute("select maintenance.record_run('delete_old_items')")

        body = ask("GET", f"{JOBS}/queue/stats").body

        measured = [body.pop(name) for name in ("cpu_usage_percent", "memory_usage_mb", "cache_size")]
        cleanup = body.pop("last_cleanup")
        assert body == {
            "pending_jobs": 1,
            "running_jobs": 2,
            "scheduled_jobs": 1,
            "completed_jobs": 2,
            "failed_jobs": 1,
            "cancelled_jobs": 1,
            "total_jobs": 8,
            "queue_type": "postgresql",
            "active_workers": 1,
            "global_max_concurrent_jobs": 10,
            "per_user_max_concurrent_jobs": 3,
            "worker_health_status": "healthy",
        }
        assert measured[0] >= 0
        assert 10 < measured[1] < 10_000
        assert measured[2] >= 1
        assert datetime.now(UTC) - datetime.strptime(cleanup, "%Y-%m-%dT%H:%M:%S%z") < timedelta(minutes=1)

    def test_tell_how_the_agents_do(self, ask: Asker, call: Caller, clock: Clock) -> None:
        assert ask("GET", f"{JOBS}/queue/stats").body["worker_health_status"] == "unavailable"
        must(call("GetQueueItemsNext", _as="build-01", itemCount=1))
        clock.advance(minutes=10)
        must(call("GetQueueItemsNext", _as="build-02", itemCount=1))

        assert ask("GET", f"{JOBS}/queue/stats").body["worker_health_status"] == "degraded"

    def test_are_of_the_callers_teams_or_the_one_named(self, ask: Asker, queue_item: MakeItem) -> None:
        queue_item()

        assert ask("GET", f"{JOBS}/queue/stats", _as="carol").body["total_jobs"] == 0
        assert ask("GET", f"{JOBS}/queue/stats", _as="ann", team="ops").body["total_jobs"] == 1
        assert ask("GET", f"{JOBS}/queue/stats", _headers={"X-Team": "dev"}).status == 403


class TestCancel:
    def test_is_as_the_document_prints_it(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)

        said = ask("POST", f"{JOBS}/cancel/{job_id}")

        assert (said.status, said.body) == (
            200,
            {"job_id": job_id, "status": "cancelled", "message": "Job cancelled successfully"},
        )

    def test_of_a_running_job_asks_its_agent(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        claimed = claim(call, start=True)

        first, second = (ask("POST", f"{JOBS}/cancel/{job_id}", {}).body for _ in range(2))

        assert (first["status"], first["message"]) == ("running", "Job runs until its agent has stopped it")
        assert (second["status"], second["message"]) == ("running", "Job is being cancelled already")
        assert beat(call, claimed).row["cancelRequested"] is True
        must(complete(call, claimed, completionStatus="CANCELLED"))
        assert ask("GET", f"{JOBS}/status/{job_id}").body["status"] == "cancelled"

    @pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
    def test_of_a_finished_job_is_refused(self, ask: Asker, call: Caller, queue_item: MakeItem, state: str) -> None:
        job_id = job_of(call, queue_item(state))

        said = ask("POST", f"{JOBS}/cancel/{job_id}")

        assert (said.status, said.body) == (
            409,
            {
                "error": "JobAlreadyCompletedError",
                "message": f"Cannot cancel job that is already {state.lower()}",
                "job_id": job_id,
                "current_status": state.lower(),
            },
        )


class TestRestart:
    @pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
    def test_is_as_the_document_prints_it(self, ask: Asker, call: Caller, queue_item: MakeItem, state: str) -> None:
        job_id = job_of(call, queue_item(state))

        said = ask("POST", f"{JOBS}/restart/{job_id}")

        assert (said.status, said.body) == (
            200,
            {"job_id": job_id, "status": "pending", "message": "Job restarted and re-queued"},
        )
        assert ask("GET", f"{JOBS}/status/{job_id}").body["status"] == "pending"

    def test_keeps_the_id_however_often(self, ask: Asker, call: Caller) -> None:
        job_id = queue_job(call)
        for _ in range(3):
            must(fail(call, claim(call)))
            assert ask("POST", f"{JOBS}/restart/{job_id}").status == 200
        must(complete(call, claim(call)))

        assert ask("GET", f"{JOBS}/status/{job_id}").body["status"] == "completed"
        assert ask("POST", f"{JOBS}/cancel/{job_id}").body["current_status"] == "completed"

    @pytest.mark.parametrize(
        ("state", "status"), [("PENDING", "pending"), ("PROCESSING", "running"), ("COMPLETED", "completed")]
    )
    def test_of_any_other_is_refused(
        self, ask: Asker, call: Caller, queue_item: MakeItem, state: str, status: str
    ) -> None:
        job_id = job_of(call, queue_item(state))

        said = ask("POST", f"{JOBS}/restart/{job_id}")

        assert (said.status, said.body) == (
            409,
            {
                "error": "JobNotRestartableError",
                "message": f"Cannot restart job that is {status}",
                "job_id": job_id,
                "current_status": status,
            },
        )

    def test_where_the_machine_is_gone_is_refused(self, ask: Asker, call: Caller, queue_item: MakeItem) -> None:
        job_id = job_of(call, queue_item("FAILED"))
        must(call("DeleteMachine", _as="ann", teamName="ops", machineName="build-01"))

        said = ask("POST", f"{JOBS}/restart/{job_id}")

        assert (said.status, said.body["error"]) == (409, "JobNotRestartableError")
        assert "machine build-01, which was deleted" in said.body["message"]


EVERY = [
    ("GET", "status/{}"),
    ("GET", "status/{}/poll"),
    ("GET", "status/{}/stream"),
    ("POST", "cancel/{}"),
    ("POST", "restart/{}"),
]


@pytest.mark.parametrize(("method", "path"), EVERY)
class TestErrors:
    def test_a_job_that_is_not_there(self, ask: Asker, method: str, path: str) -> None:
        said = ask(method, f"{JOBS}/{path.format(UNKNOWN)}")

        assert (said.status, said.body) == (
            404,
            {"error": "JobNotFoundError", "message": f"Job {UNKNOWN} not found", "job_id": UNKNOWN},
        )

    def test_an_id_that_is_none(self, ask: Asker, method: str, path: str) -> None:
        said = ask(method, f"{JOBS}/{path.format('job-7')}")

        assert said.error == (404, "JobNotFoundError", "Job job-7 not found")

    @pytest.mark.parametrize("caller", ["carol", "gina"])
    def test_a_job_of_others(self, ask: Asker, call: Caller, method: str, path: str, caller: str) -> None:
        job_id = queue_job(call)

        assert ask(method, f"{JOBS}/{path.format(job_id)}", _as=caller).error == (
            404,
            "JobNotFoundError",
            f"Job {job_id} not found",
        )

    def test_no_token(self, ask: Asker, call: Caller, method: str, path: str) -> None:
        said = ask(method, f"{JOBS}/{path.format(queue_job(call))}", _as=NOBODY)

        assert (said.status, said.body["error"]) == (401, "AuthenticationError")

    def test_an_unknown_member(self, ask: Asker, call: Caller, method: str, path: str) -> None:
        said = ask(method, f"{JOBS}/{path.format(queue_job(call))}", colour="red")

        assert said.error == (400, "InvalidRequestError", 'member "colour" is unknown')

    def test_a_team_that_is_not_the_jobs(self, ask: Asker, call: Caller, method: str, path: str) -> None:
        job_id = queue_job(call)

        assert ask(method, f"{JOBS}/{path.format(job_id)}", _headers={"X-Team": "dev"}).status == 403
        assert ask(method, f"{JOBS}/{path.format(job_id)}", _as="ann", team="dev").status == 404


@pytest.mark.parametrize("verb", ["cancel", "restart"])
def test_a_body_with_members_is_refused(ask: Asker, call: Caller, verb: str) -> None:
    said = ask("POST", f"{JOBS}/{verb}/{queue_job(call)}", {"force": True})

    assert said.error == (400, "InvalidRequestError", 'member "force" is unknown')
