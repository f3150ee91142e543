"""`/api/v1/jobs/status/<job_id>/stream` of finished jobs: tests/test_streams.py follows those that are not."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.jobs import beat, claim, complete, fail
from tests.surfaces.asking import Asker, Said
from tests.surfaces.test_jobs import JOBS, queue_job
from tests.world import Caller, World, must


def events_of(body: bytes) -> list[tuple[str, dict[str, Any], str]]:
    """Name, data and id of each event."""
    told = []
    for block in body.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "event" in lines:
            told.append((lines["event"], json.loads(lines["data"]), lines.get("id", "")))
    return told


def follow(client: FlaskClient, world: World, job_id: str, place: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {world.tokens['bob']}"} | ({"Last-Event-ID": place} if place else {})
    return client.get(f"{JOBS}/status/{job_id}/stream", headers=headers)


class TestStream:
    def test_tells_each_status_in_order_then_the_result(self, call: Caller, client: FlaskClient, world: World) -> None:
        job_id = queue_job(call)
        claimed = claim(call)
        must(beat(call, claimed, progress=0.5))
        must(complete(call, claimed, responseVault='{"result":{"files":3},"exitCode":0}'))

        answer = follow(client, world, job_id)

        assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert [(name, data) for name, data, _ in events_of(answer.data)] == [
            ("job_update", {"job_id": job_id, "status": "pending", "progress": 0.0}),
            ("job_update", {"job_id": job_id, "status": "running", "progress": 0.0}),
            ("job_complete", {"job_id": job_id, "status": "completed", "result": {"files": 3}}),
        ]

    def test_tells_why_a_job_failed(self, call: Caller, client: FlaskClient, world: World) -> None:
        job_id = queue_job(call)
        must(fail(call, claim(call), responseVault='{"error":"no such file"}'))

        name, data, _ = events_of(follow(client, world, job_id).data)[-1]

        assert name == "job_complete"
        assert data == {
            "job_id": job_id,
            "status": "failed",
            "result": {"error": "no such file"},
            "error": "no such file",
        }

    def test_goes_on_after_each_event(self, call: Caller, client: FlaskClient, world: World) -> None:
        job_id = queue_job(call)
        must(complete(call, claim(call)))
        told = events_of(follow(client, world, job_id).data)

        for position, (_, _, place) in enumerate(told[:-1]):
            assert events_of(follow(client, world, job_id, place).data) == told[position + 1 :]

    def test_has_nothing_more_after_its_end(self, ask: Asker, call: Caller, client: FlaskClient, world: World) -> None:
        job_id = queue_job(call)
        must(fail(call, claim(call)))
        place = events_of(follow(client, world, job_id).data)[-1][2]

        said: Said = ask("GET", f"{JOBS}/status/{job_id}/stream", _headers={"Last-Event-ID": place})

        assert (said.status, said.body) == (204, None)

    def test_goes_on_when_the_job_was_restarted(
        self, ask: Asker, call: Caller, client: FlaskClient, world: World
    ) -> None:
        job_id = queue_job(call)
        must(fail(call, claim(call)))
        place = events_of(follow(client, world, job_id).data)[-1][2]
        ask("POST", f"{JOBS}/restart/{job_id}")
        must(complete(call, claim(call)))

        resumed = [data["status"] for _, data, _ in events_of(follow(client, world, job_id, place).data)]
        fresh = [data["status"] for _, data, _ in events_of(follow(client, world, job_id).data)]

        assert resumed == fresh == ["pending", "running", "completed"]

    @pytest.mark.parametrize("place", ["7", "x:running:", f"{10**30}:running:00", "1:2:3", "none of it"])
    def test_refuses_a_place_that_is_none(self, ask: Asker, call: Caller, place: str) -> None:
        said = ask("GET", f"{JOBS}/status/{queue_job(call)}/stream", _headers={"Last-Event-ID": place})

        assert said.error == (400, "InvalidRequestError", "Last-Event-ID is none that a stream of jobs gives")
