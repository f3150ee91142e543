"""Streams of jobs from a real broker: followed while they run, broken off, resumed, ended."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import Any

import psycopg
import pytest
import urllib3

from broker.config import Config
from tests.conftest import Clock
from tests.jobs import beat, claim, complete, sweep
from tests.serving import RunningBroker, environment_of, serving, until
from tests.surfaces.test_jobs import queue_job
from tests.world import Caller, World, must

SECONDS = 20.0
SOON = 3.0  # the hub looks once a second

Event = tuple[str, dict[str, Any], str]


@pytest.fixture
def broker(config: Config) -> Iterator[RunningBroker]:
    with serving(**environment_of(config)) as broker:
        yield broker


class Follower:
    """One client of a stream, which reads in a thread of its own."""

    def __init__(self, broker: RunningBroker, token: str, job_id: str, place: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": place} if place else {})
        self.response = urllib3.request(
            "GET",
            f"{broker.url}/api/v1/jobs/status/{job_id}/stream",
            headers=headers,
            retries=False,
            timeout=SECONDS,
            preload_content=False,
        )
        self._events: Queue[Event | None] = Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        block = b""
        try:
            for piece in self.response.stream():
                block += piece
                while b"\n\n" in block:
                    text, _, block = block.partition(b"\n\n")
                    lines = dict(line.split(": ", 1) for line in text.decode().split("\n") if not line.startswith(":"))
                    if "event" in lines:
                        self._events.put((lines["event"], json.loads(lines["data"]), lines.get("id", "")))
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            pass  # closed by the test
        self._events.put(None)

    def next(self, seconds: float = SECONDS) -> Event | None:
        """The next event; None: the stream has ended."""
        return self._events.get(timeout=seconds)

    def status(self, seconds: float = SECONDS) -> str:
        """The status that the next event tells."""
        event = self.next(seconds)
        assert event is not None
        status: str = event[1]["status"]
        return status

    def is_quiet(self) -> bool:
        """Whether nothing comes for a while in which the hub has looked."""
        try:
            self._events.get(timeout=1.5)
        except Empty:
            return True
        return False

    def close(self) -> None:
        with suppress(RuntimeError, OSError):  # the answer has ended
            self.response.shutdown()  # the thread reads no longer, else closing would wait for it
        self._thread.join(SECONDS)
        self.response.close()


@contextmanager
def following(broker: RunningBroker, world: World, job_id: str, place: str | None = None) -> Iterator[Follower]:
    follower = Follower(broker, world.tokens["bob"], job_id, place)
    try:
        yield follower
    finally:
        follower.close()


def test_a_job_is_followed_from_submission_to_result(broker: RunningBroker, call: Caller, world: World) -> None:
    """The work goes through another broker process, so the events come by notices, or by the look once a second."""
    job_id = queue_job(call)
    with following(broker, world, job_id) as follower:
        assert follower.status() == "pending"
        claimed = claim(call)
        assert follower.status() == "running"
        must(beat(call, claimed, progress=0.1, metrics={"items": 1}))
        event = follower.next()
        assert event is not None
        assert event[1] == {"job_id": job_id, "status": "running", "progress": 0.1, "metrics": {"items": 1}}
        must(beat(call, claimed, progress=0.1))
        must(complete(call, claimed, responseVault='{"result":[1,2]}'))

        name, data, _ = follower.next() or ("", {}, "")

        assert (name, data) == ("job_complete", {"job_id": job_id, "status": "completed", "result": [1, 2]})
        assert follower.next() is None


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(
    broker: RunningBroker, call: Caller, world: World
) -> None:
    job_id = queue_job(call)
    with following(broker, world, job_id) as follower:
        first = follower.next()
    assert first is not None
    claimed = claim(call)
    must(beat(call, claimed, progress=0.5))

    with following(broker, world, job_id, first[2]) as follower:
        second = follower.next()
        assert second is not None
        assert (second[1]["status"], second[1]["progress"]) == ("running", 0.5)
    with following(broker, world, job_id, second[2]) as follower:
        assert follower.is_quiet()
        must(beat(call, claimed, progress=0.75))
        third = follower.next()
        assert third is not None
        assert third[1]["progress"] == 0.75
    must(complete(call, claimed))
    with following(broker, world, job_id, third[2]) as follower:
        last = follower.next()
        assert last is not None
        assert last[0] == "job_complete"
        assert follower.next() is None


def test_what_a_sweep_changes_is_seen_soon(
    broker: RunningBroker, call: Caller, world: World, clock: Clock, admin: psycopg.Connection
) -> None:
    job_id = queue_job(call)
    claim(call, leaseSeconds=30)
    with following(broker, world, job_id) as follower:
        assert [follower.status(), follower.status()] == ["pending", "running"]
        clock.advance(seconds=31)

        sweep(admin)

        assert follower.status(SOON) == "pending"


def test_a_restart_goes_on_in_the_same_stream_of_who_comes_back(
    broker: RunningBroker, call: Caller, world: World
) -> None:
    job_id = queue_job(call)
    must(call("CancelQueueItem", taskId=job_id))
    with following(broker, world, job_id) as follower:
        assert follower.status() == "pending"
        end = follower.next()
        assert end is not None
    must(call("RetryFailedQueueItem", taskId=job_id))

    with following(broker, world, job_id, end[2]) as follower:
        assert follower.status() == "pending"
        claim(call)
        assert follower.status() == "running"


def test_ends_with_its_token(broker: RunningBroker, call: Caller, world: World) -> None:
    job_id = queue_job(call)
    with following(broker, world, job_id) as follower:
        assert follower.status() == "pending"
        must(broker.call(world, "DeleteUserRequest"))
        claim(call)

        name, data, _ = follower.next() or ("", {}, "")

        assert (name, data["error"], data["job_id"]) == ("job_error", "AuthenticationError", job_id)
        assert follower.next() is None


def test_ends_when_the_job_is_deleted(broker: RunningBroker, call: Caller, world: World) -> None:
    job_id = queue_job(call)
    with following(broker, world, job_id) as follower:
        assert follower.status() == "pending"
        must(call("DeleteQueueItem", taskId=job_id))

        name, data, _ = follower.next() or ("", {}, "")

        assert (name, data["error"]) == ("job_error", "JobNotFoundError")
        assert data["message"] == f"Job {job_id} not found"
        assert follower.next() is None


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_a_job_of_others_is_not_followed(broker: RunningBroker, call: Caller, world: World, caller: str) -> None:
    follower = Follower(broker, world.tokens[caller], queue_job(call))

    assert follower.response.status == 404


def test_a_broker_that_stops_ends_its_streams(broker: RunningBroker, call: Caller, world: World) -> None:
    job_id = queue_job(call)
    with following(broker, world, job_id) as follower:
        assert follower.status() == "pending"

        assert broker.stop() == 0
        assert follower.next() is None


def test_streams_hold_no_database_connection(
    broker: RunningBroker, call: Caller, world: World, admin: psycopg.Connection
) -> None:
    """More follow than the broker has connections, and calls are answered all the same."""
    job_ids = [queue_job(call) for _ in range(20)]
    followers = [Follower(broker, world.tokens["bob"], job_id) for job_id in job_ids]
    assert [follower.status() for follower in followers] == ["pending"] * 20

    until(lambda: busy(admin) == 0)
    assert broker.call(world, "GetTeamQueueItems", maxRecords=1).failure == 0

    must(call("CancelQueueItems", taskIds=job_ids))
    assert [follower.status() for follower in followers] == ["cancelled"] * 20
    for follower in followers:
        follower.close()


def busy(admin: psycopg.Connection) -> int:
    """How many other connections are in the middle of something."""
    row = admin.execute("""
        select count(*)
        from pg_stat_activity
        where datname = current_database()
          and pid <> pg_backend_pid()
          and state <> 'idle'
          and usename is not null
    """).fetchone()
    assert row is not None
    count: int = row[0]
    return count
