"""What runs by the clock: stale flags, lost leases, expired rows, partitions; and the scheduler that runs it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from broker.config import Config
from broker.database.urls import background_url
from broker.maintenance.scheduler import Job, Scheduler, jobs_of, run_job
from tests.conftest import Clock
from tests.serving import until
from tests.world import Caller, MakeItem, must

STALE_MINUTES = 10
LEASE_SECONDS = 60
JOB: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
LOCKED = ["mark_stale(10)", "rescue_lost_leases()", "delete_expired()", "close_refusal_counts()"]


def run(connection: psycopg.Connection, call: str) -> Any:
    """Run a procedure of schema maintenance: how many rows it changed."""
    row = connection.execute(f"select maintenance.{call}").fetchone()
    assert row is not None
    return row[0]


def trace(admin: psycopg.Connection, queue_id: int) -> list[str]:
    """The events of an item, the newest last. Read in SQL: sessions do not live as long as these tests jump."""
    rows = admin.execute("select event::text from data.queue_event where queue_id = %s order by event_id", [queue_id])
    return [event for (event,) in rows]


def state(admin: psycopg.Connection, queue_id: int) -> tuple[Any, ...]:
    """Status, attempts used, claims that went back without a sign of life."""
    row = admin.execute(
        "select status::text, attempt, silent_count from data.queue_item where queue_id = %s", [queue_id]
    ).fetchone()
    assert row is not None
    return row


def claim(call: Caller, **members: Any) -> dict[str, Any]:
    """Take the next item of build-01, as its agent."""
    members = {"itemCount": 1, "leaseSeconds": LEASE_SECONDS, **members}
    return must(call("GetQueueItemsNext", _as="build-01", **members)).row


def beat(call: Caller, claimed: dict[str, Any]) -> dict[str, Any]:
    """A heartbeat of a claimed item."""
    item = {"queueId": claimed["queueId"], "claimToken": claimed["claimToken"]}
    return must(call("UpdateQueueItemHeartbeat", _as="build-01", items=[item])).row


@contextmanager
def holding(database: str, lock: str) -> Iterator[None]:
    """Another broker that is in the middle of this procedure."""
    with psycopg.connect(database) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"maintenance.{lock}"])
        yield


class TestMarkStale:
    @pytest.mark.parametrize("status", ["ASSIGNED", "PROCESSING", "CANCELLING"])
    def test_flags_a_silent_item_once_with_its_event(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, status: str
    ) -> None:
        queue_id = queue_item(status=status)
        clock.advance(minutes=STALE_MINUTES, seconds=1)

        first, second = (run(admin, f"mark_stale({STALE_MINUTES})") for _ in range(2))

        assert (first, second) == (1, 0)
        assert trace(admin, queue_id).count("STALE") == 1
        assert state(admin, queue_id)[0] == status

    @pytest.mark.parametrize("status", ["PENDING", "COMPLETED", "FAILED", "CANCELLED"])
    def test_leaves_items_that_nobody_works_on(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, status: str
    ) -> None:
        queue_item(status=status)
        clock.advance(days=1)

        assert run(admin, f"mark_stale({STALE_MINUTES})") == 0

    def test_leaves_items_within_the_threshold(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_item(status="PROCESSING")
        clock.advance(minutes=STALE_MINUTES, seconds=-5)

        assert run(admin, f"mark_stale({STALE_MINUTES})") == 0

    def test_a_sign_of_life_takes_the_flag_away_and_silence_brings_it_back(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_item()
        claimed = claim(call, leaseSeconds=3600)
        clock.advance(minutes=STALE_MINUTES + 1)
        run(admin, f"mark_stale({STALE_MINUTES})")

        assert beat(call, claimed)["accepted"] is True
        at_once = run(admin, f"mark_stale({STALE_MINUTES})")
        clock.advance(minutes=STALE_MINUTES + 1)
        later = run(admin, f"mark_stale({STALE_MINUTES})")

        assert (at_once, later) == (0, 1)


class TestRescueLostLeases:
    def test_an_attempt_that_gave_no_sign_is_free(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = queue_item()
        claim(call)
        clock.advance(seconds=LEASE_SECONDS + 1)

        first, second = run(admin, "rescue_lost_leases()"), run(admin, "rescue_lost_leases()")

        assert (first, second) == (1, 0)
        assert state(admin, queue_id) == ("PENDING", 0, 1)
        assert trace(admin, queue_id)[-1] == "REQUEUED"

    def test_only_three_silent_claims_are_free(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = queue_item()
        states = []
        for _ in range(4):
            claim(call)
            clock.advance(seconds=LEASE_SECONDS + 1)
            run(admin, "rescue_lost_leases()")
            states.append(state(admin, queue_id))

        assert states == [("PENDING", 0, 1), ("PENDING", 0, 2), ("PENDING", 0, 3), ("PENDING", 1, 3)]

    def test_an_attempt_that_showed_life_is_used(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = queue_item()
        beat(call, claim(call))
        clock.advance(seconds=LEASE_SECONDS + 1)

        run(admin, "rescue_lost_leases()")

        assert state(admin, queue_id) == ("PENDING", 1, 0)

    def test_the_last_attempt_ends_the_item(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        queue_id = must(call("CreateQueueItem", **JOB, maxAttempts=1)).row["queueId"]
        beat(call, claim(call))
        clock.advance(seconds=LEASE_SECONDS + 1)

        run(admin, "rescue_lost_leases()")

        assert state(admin, queue_id)[:2] == ("FAILED", 1)
        assert trace(admin, queue_id)[-2:] == ["FAILED", "DEAD_LETTERED"]

    def test_an_item_that_was_being_cancelled_is_cancelled(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = queue_item(status="CANCELLING")
        clock.advance(days=1)

        run(admin, "rescue_lost_leases()")

        assert state(admin, queue_id)[0] == "CANCELLED"
        assert trace(admin, queue_id)[-1] == "CANCELLED"

    def test_leaves_leases_that_hold(self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
        queue_id = queue_item()
        claim(call)

        assert run(admin, "rescue_lost_leases()") == 0
        assert state(admin, queue_id)[0] == "ASSIGNED"

    def test_skips_an_item_whose_agent_is_speaking(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, database: str
    ) -> None:
        queue_id = queue_item(status="PROCESSING")
        clock.advance(days=1)

        with psycopg.connect(database) as speaking:
            speaking.execute("select from data.queue_item where queue_id = %s for update", [queue_id])
            during = run(admin, "rescue_lost_leases()")
        after = run(admin, "rescue_lost_leases()")

        assert (during, after) == (0, 1)


class TestDeleteExpired:
    def test_deletes_what_has_outlived_its_time_and_nothing_else(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        short = must(call("CreateAgentToken", _as="ann", machineName="build-01", name="short", expiresInDays=1)).row
        long = must(call("CreateAgentToken", _as="ann", machineName="build-01", name="long", expiresInDays=365)).row
        clock.advance(days=2)

        run(admin, "delete_expired()")

        assert self.rows_of(admin, short["agentTokenId"]) == (0, 0, 0)
        tokens, routes, keys = self.rows_of(admin, long["agentTokenId"])
        assert (tokens, routes) == (1, 1)
        assert keys >= 1

    def test_deletes_idempotency_keys_at_their_end(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        must(call("CreateQueueItem", _headers={"Idempotency-Key": "once"}, **JOB))

        before = run(admin, "delete_expired()")
        clock.advance(days=400)
        run(admin, "delete_expired()")
        row = admin.execute("select count(*) from data.idempotency").fetchone()

        assert before == 0
        assert row == (0,)

    def test_the_second_run_finds_nothing(self, admin: psycopg.Connection, clock: Clock) -> None:
        clock.advance(days=400)

        assert run(admin, "delete_expired()") > 0
        assert run(admin, "delete_expired()") == 0

    @staticmethod
    def rows_of(admin: psycopg.Connection, token_id: str) -> tuple[Any, ...]:
        row = admin.execute(
            "select (select count(*) from data.token where token_id = %(id)s), "
            "(select count(*) from data.token_company where token_id = %(id)s), "
            "(select count(*) from data.held_key where holder_id = %(id)s)",
            {"id": token_id},
        ).fetchone()
        assert row is not None
        return row


class TestMakePartitions:
    def test_makes_this_month_and_the_two_that_follow(self, admin: psycopg.Connection) -> None:
        assert run(admin, "make_partitions()") == 6
        assert run(admin, "make_partitions()") == 0

    def test_makes_one_more_each_month(self, admin: psycopg.Connection, clock: Clock) -> None:
        run(admin, "make_partitions()")
        clock.advance(days=31)

        assert run(admin, "make_partitions()") in (2, 4)  # 31 days from the 31st may be two months on

    def test_events_go_to_the_partition_of_their_month(self, queue_item: MakeItem, admin: psycopg.Connection) -> None:
        run(admin, "make_partitions()")

        queue_item()

        assert self.partitions(admin) == [("data.queue_event_" + self.month(admin),)]

    def test_the_default_partition_catches_what_no_month_takes_and_keeps_it(
        self, queue_item: MakeItem, admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item()

        assert self.partitions(admin) == [("data.queue_event_default",)]
        assert run(admin, "make_partitions()") == 5
        assert self.partitions(admin) == [("data.queue_event_default",)]
        assert trace(admin, queue_id) == ["CREATED"]

    @staticmethod
    def partitions(admin: psycopg.Connection) -> list[tuple[Any, ...]]:
        return admin.execute("select distinct tableoid::regclass::text from data.queue_event").fetchall()

    @staticmethod
    def month(admin: psycopg.Connection) -> str:
        row = admin.execute("select to_char(data.clock() at time zone 'UTC', 'YYYY_MM')").fetchone()
        assert row is not None
        return str(row[0])


@pytest.mark.parametrize("procedure", LOCKED)
def test_of_two_at_once_one_works_and_the_other_changes_nothing(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, database: str, procedure: str
) -> None:
    queue_item(status="PROCESSING")
    call("CancelQueueItem", queueId=7)
    clock.advance(days=400)

    with holding(database, procedure.partition("(")[0]):
        during = run(admin, procedure)
    after = run(admin, procedure)

    assert during == 0
    assert after > 0


def test_two_that_make_partitions_at_once_make_them_once(admin: psycopg.Connection, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as other:
        counts: list[int] = []
        threads = [
            threading.Thread(target=lambda each=each: counts.append(run(each, "make_partitions()")))
            for each in (admin, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(counts) == [0, 6]


def test_the_scheduler_may_run_every_job_and_nothing_else(config: Config) -> None:
    url = background_url(config)
    with psycopg.connect(url, autocommit=True) as connection:
        for job in jobs_of(config):
            run_job(url, job)
            places = ", ".join(map(str, job.arguments))
            connection.execute(f"select maintenance.{job.procedure}({places})".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from data.queue_item")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from keyring.ready_since(null)")


def test_the_scheduler_rescues_items_until_it_stops(
    queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, config: Config
) -> None:
    queue_id = queue_item(status="PROCESSING")
    clock.advance(days=1)
    scheduler = Scheduler(replace(config, sweep_seconds=0.1))

    scheduler.start()
    try:
        until(lambda: state(admin, queue_id)[0] == "PENDING")
    finally:
        scheduler.stop()

    assert "REQUEUED" in trace(admin, queue_id)


def test_a_job_that_fails_is_logged_and_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    run_job("postgresql://nobody@127.0.0.1:1/nothing", Job("mark_stale", 10.0, (10,)))

    assert "maintenance.mark_stale failed" in caplog.text
