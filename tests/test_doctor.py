"""`broker doctor` on what goes wrong in operation: each condition is caused, then found."""

import time
from typing import Any

import psycopg
import pytest

from broker.commands import checkup
from broker.commands.doctor import look_at_partitions
from broker.commands.findings import Check, Finding, one
from broker.config import Config
from broker.maintenance.scheduler import Scheduler, jobs_of
from tests.conftest import Clock
from tests.serving import until
from tests.world import Caller, MakeItem, must


def problems(check: Check, admin: psycopg.Connection[Any], config: Config) -> list[str]:
    """What a check finds that needs a person."""
    found: list[Finding] = list(check(admin, config))
    assert found
    return [finding.text for finding in found if finding.needs_a_person]


class TestTransactions:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkup, "PINNED_SECONDS", 0)

    def test_without_any_all_is_good(self, admin: psycopg.Connection, config: Config) -> None:
        assert problems(checkup.look_at_transactions, admin, config) == []

    def test_an_old_snapshot_is_found(self, admin: psycopg.Connection, config: Config, database: str) -> None:
        with psycopg.connect(database, application_name="report") as other:
            other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            other.execute("select 1")

            [problem] = problems(checkup.look_at_transactions, admin, config)

        assert "(report, idle in transaction)" in problem
        assert "no row deleted since can be removed" in problem

    def test_a_transaction_that_idles_is_found(self, admin: psycopg.Connection, config: Config, database: str) -> None:
        with psycopg.connect(database, application_name="forgotten") as other:
            other.execute("select 1")

            [problem] = problems(checkup.look_at_transactions, admin, config)

        assert "(forgotten, idle in transaction)" in problem

    def test_a_young_one_is_not(
        self, admin: psycopg.Connection, config: Config, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checkup, "PINNED_SECONDS", 600)
        with psycopg.connect(database) as other:
            other.execute("select 1")

            assert problems(checkup.look_at_transactions, admin, config) == []

    def test_a_slot_that_nobody_reads_is_found(self, admin: psycopg.Connection, config: Config) -> None:
        admin.execute("select pg_create_physical_replication_slot('left_behind', true)")
        try:
            [problem] = problems(checkup.look_at_transactions, admin, config)
        finally:
            admin.execute("select pg_drop_replication_slot('left_behind')")

        assert problem.startswith("nobody reads replication slot left_behind")


class TestTables:
    def test_dead_rows_are_found(
        self, queue_item: MakeItem, admin: psycopg.Connection, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checkup, "DEAD_ROWS", 10)
        queue_item()
        admin.execute("alter table data.queue_item set (autovacuum_enabled = off)")
        for _ in range(30):
            admin.execute("update data.queue_item set priority = priority")
        admin.execute("select pg_stat_force_next_flush()")

        assert any("data.queue_item has " in text for text in problems(checkup.look_at_tables, admin, config))

    def test_an_index_that_could_not_be_made_is_found(self, admin: psycopg.Connection, config: Config) -> None:
        admin.execute(
            "insert into data.sweep values ('one', data.clock(), '2026-01-01'), ('two', data.clock(), '2026-01-01')"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("create unique index concurrently half_made on data.sweep (last_time)")

        problem = problems(checkup.look_at_tables, admin, config)

        assert problem == [
            "index data.half_made is not valid and is not used: `reindex index concurrently data.half_made`"
        ]

    def test_a_large_index_that_nobody_uses_is_noted(
        self, admin: psycopg.Connection, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checkup, "UNUSED_BYTES", 0)

        notes = [finding.text for finding in checkup.look_at_tables(admin, config) if finding.level == "note"]

        assert any("index data.queue_item_metadata" in note for note in notes)


class TestTakers:
    def test_what_waits_for_a_machine_that_was_never_seen_is_found(
        self, call: Caller, admin: psycopg.Connection, config: Config
    ) -> None:
        must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="north", machineName="new-01"))
        must(call("CreateQueueItem", teamName="ops", machineName="new-01", queueVault="{}"))

        [problem] = problems(checkup.look_at_takers, admin, config)

        assert problem.startswith("1 items wait for machine new-01 of team ops (Acme), which was never seen")

    def test_what_waits_for_a_silent_machine_is_found(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, config: Config, clock: Clock
    ) -> None:
        must(call("GetQueueItemsNext", _as="build-01", itemCount=1))
        queue_item()
        clock.advance(hours=1)

        [problem] = problems(checkup.look_at_takers, admin, config)

        assert problem.startswith("1 items wait for machine build-01 of team ops (Acme), which is silent")

    def test_an_agent_that_beats_and_does_not_ask_is_found(
        self, call: Caller, admin: psycopg.Connection, config: Config, clock: Clock
    ) -> None:
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=2))
        must(call("GetQueueItemsNext", _as="build-01", itemCount=1))
        clock.advance(minutes=10)
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=2))

        [problem] = problems(checkup.look_at_takers, admin, config)

        assert problem.startswith("the agent of machine build-01 of team ops (Acme) beats but asks for no work")

    def test_a_pool_that_no_machine_serves_is_found(
        self, call: Caller, admin: psycopg.Connection, config: Config
    ) -> None:
        place = {"teamName": "ops", "queueName": "default", "queueVault": "{}"}
        must(call("CreateQueueItem", **place))  # type: ignore[arg-type]  # no header
        assert problems(checkup.look_at_takers, admin, config) == []

        must(call("CreateQueueItem", **place, labels={"gpu": "yes"}))  # type: ignore[arg-type]  # no header

        [problem] = problems(checkup.look_at_takers, admin, config)
        assert 'pool of queue default, team ops (Acme), labels {"gpu": "yes"}' in problem


@pytest.mark.parametrize(("seconds", "word"), [(100.0, "behind"), (-100.0, "ahead of")])
def test_a_clock_that_goes_wrong_is_found(
    admin: psycopg.Connection, config: Config, monkeypatch: pytest.MonkeyPatch, seconds: float, word: str
) -> None:
    really = time.time
    monkeypatch.setattr("broker.commands.checkup.time.time", lambda: really() + seconds)

    [problem] = problems(checkup.look_at_clocks, admin, config)

    assert problem.startswith("the clock of the database is ")
    assert f" seconds {word} this one" in problem


def test_clocks_that_agree_are_good(admin: psycopg.Connection, config: Config) -> None:
    assert problems(checkup.look_at_clocks, admin, config) == []


class TestRuns:
    @pytest.fixture(autouse=True)
    def all_ran(self, admin: psycopg.Connection, config: Config) -> None:
        for name in [*(job.procedure for job in jobs_of(config)), "schedules"]:
            admin.execute("select maintenance.record_run(%s)", [name])

    def test_in_time_are_good(self, admin: psycopg.Connection, config: Config) -> None:
        assert [finding.level for finding in checkup.look_at_runs(admin, config)] == ["good"]

    def test_too_long_ago_are_found(self, admin: psycopg.Connection, config: Config, clock: Clock) -> None:
        clock.advance(minutes=5)

        found = problems(checkup.look_at_runs, admin, config)

        names = {text.split()[1] for text in found}
        assert {"mark_stale", "rescue_lost_leases", "schedules"} <= names
        assert "drop_old_audit" not in names

    def test_never_are_noted(self, admin: psycopg.Connection, config: Config) -> None:
        admin.execute("delete from data.sweep where procedure_name = 'reconcile'")

        [finding] = checkup.look_at_runs(admin, config)

        assert (finding.level, finding.text) == ("note", "no broker has run these yet: reconcile")

    def test_that_never_came_since_a_broker_first_meant_to_are_found(
        self, admin: psycopg.Connection, config: Config, clock: Clock
    ) -> None:
        admin.execute("delete from data.sweep where procedure_name = 'release_due'")
        admin.execute("select maintenance.expect_runs(array['release_due', 'expire_items'])")
        young = list(checkup.look_at_runs(admin, config))
        clock.advance(seconds=130)

        found = problems(checkup.look_at_runs, admin, config)

        assert [finding.text for finding in young] == ["no broker has run these yet: release_due"]
        [never] = [text for text in found if " never run" in text]
        assert never.startswith(
            "maintenance release_due has never run, though brokers were to run it since 130 seconds"
        )

    def test_are_expected_from_the_moment_a_broker_starts(self, admin: psycopg.Connection, config: Config) -> None:
        admin.execute("delete from data.sweep")
        scheduler = Scheduler(config)

        scheduler.start()
        try:
            until(lambda: one(admin, "select count(*) from data.sweep") >= len(list(jobs_of(config))) + 1)
        finally:
            scheduler.stop()

        assert one(admin, "select last_time is null from data.sweep where procedure_name = 'delete_idle_lanes'")


class TestPartitions:
    def test_of_this_month_that_are_missing_are_found(self, admin: psycopg.Connection, config: Config) -> None:
        admin.execute("delete from data.audit")

        found = problems(look_at_partitions, admin, config)

        assert [text.split()[0] for text in found] == ["partition"] * 2
        assert all(text.endswith("no broker ran its daily maintenance; start one") for text in found)

    def test_whose_rows_came_first_are_noted_for_a_stranger(
        self, admin: psycopg.Connection, config: Config, queue_item: MakeItem
    ) -> None:
        queue_item()
        admin.execute("select maintenance.make_partitions()")

        found = list(look_at_partitions(admin, config))

        assert problems(look_at_partitions, admin, config) == []
        [text] = [finding.text for finding in found if "queue_event" in finding.text]
        assert text.startswith("data.queue_event_default holds rows: when they were written, no broker had yet made ")
        assert text.endswith(": there is nothing to do")
