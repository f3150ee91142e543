"""What is deleted by the clock: finished items, lanes of pools, months of events; and what never is."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from broker.config import Config, ConfigError
from broker.database.urls import background_url
from broker.maintenance.scheduler import Scheduler, jobs_of, run_job
from tests.conftest import Clock
from tests.serving import until
from tests.test_maintenance import run
from tests.world import Caller, MakeItem, must

DAY = 86400
MONTHS = "select relname from pg_class where relname ~ '^queue_event_\\d{4}_\\d{2}$' order by relname"
WAITING = """
    select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
"""


def keep(admin: psycopg.Connection, seconds: int | None, team: str = "ops") -> None:
    """Let the queue `default` of the teams of this name keep finished items for so long."""
    admin.execute(
        "update data.queue_policy set retention_seconds = %s "
        "where team_id in (select team_id from data.team where team_name = %s)",
        [seconds, team],
    )


def kept(admin: psycopg.Connection) -> set[int]:
    return {queue_id for (queue_id,) in admin.execute("select queue_id from data.queue_item")}


def count(admin: psycopg.Connection, statement: str) -> int:
    row = admin.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


class TestDeleteOldItems:
    def test_deletes_what_is_finished_and_old_and_nothing_else(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        for status in ("COMPLETED", "FAILED", "CANCELLED"):
            queue_item(status=status)
        live = [queue_item(status=status) for status in ("PROCESSING", "ASSIGNED", "PENDING")]
        keep(admin, DAY)

        assert run(admin, "delete_old_items()") == 0
        clock.advance(seconds=DAY - 60)
        assert run(admin, "delete_old_items()") == 0
        clock.advance(seconds=120)
        assert run(admin, "delete_old_items()") == 3

        assert kept(admin) == set(live)
        assert (
            count(
                admin,
                "select count(*) from data.claim where queue_id <> all(array(select queue_id from data.queue_item))",
            )
            == 0
        )
        assert count(admin, "select count(*) from data.vault_record where owner_kind = 'queue_item'") == len(live)

    def test_keeps_for_ever_what_no_queue_limits(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = queue_item(status="COMPLETED")
        clock.advance(days=3000)

        assert run(admin, "delete_old_items()") == 0
        assert kept(admin) == {queue_id}

    def test_each_queue_by_its_own_time(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        ours = queue_item(status="COMPLETED")
        theirs = must(call("CreateQueueItem", _as="gina", teamName="ops", machineName="build-01", queueVault="{}")).row[
            "queueId"
        ]
        must(call("CancelQueueItem", _as="gina", queueId=theirs))
        keep(admin, DAY)
        admin.execute("update data.queue_policy set retention_seconds = null where company_id = 1")
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 1
        assert kept(admin) == {ours}

    def test_never_a_protected_one(self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock) -> None:
        queue_id = queue_item(status="COMPLETED")
        admin.execute("update data.queue_item set protected = true where queue_id = %s", [queue_id])
        keep(admin, DAY)
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 0
        assert kept(admin) == {queue_id}

    def test_never_one_that_others_wait_for(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
        needed = must(call("CreateQueueItem", **place)).row
        other = must(call("CreateQueueItem", **place)).row
        waiting = must(call("CreateQueueItem", **place, dependsOn=[needed["taskId"], other["taskId"]])).row
        claimed = must(call("GetQueueItemsNext", _as="build-01", itemCount=1)).row
        must(
            call(
                "UpdateQueueItemToCompleted",
                _as="build-01",
                queueId=claimed["queueId"],
                claimToken=claimed["claimToken"],
                responseVault="{}",
            )
        )
        keep(admin, DAY)
        clock.advance(days=2)

        assert claimed["queueId"] == needed["queueId"]
        assert run(admin, "delete_old_items()") == 0
        assert kept(admin) == {needed["queueId"], other["queueId"], waiting["queueId"]}

    def test_a_request_vault_goes_with_its_last_referrer(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        original = queue_item(status="CANCELLED")
        again = must(call("RetryFailedQueueItem", originalQueueId=original)).row["queueId"]
        keep(admin, DAY)
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 1
        assert kept(admin) == {again}
        assert count(admin, "select count(*) from data.vault_record where owner_kind = 'queue_item'") == 1

        admin.execute("update data.queue_item set status = 'CANCELLED', finished_time = created_time")
        assert run(admin, "delete_old_items()") == 1
        assert count(admin, "select count(*) from data.vault_record where owner_kind = 'queue_item'") == 0

    def test_one_that_somebody_is_changing_waits_for_the_next_run(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, database: str
    ) -> None:
        queue_id = queue_item(status="COMPLETED")
        keep(admin, DAY)
        clock.advance(days=2)

        with psycopg.connect(database) as other:
            other.execute("select from data.queue_item where queue_id = %s for update", [queue_id])
            during = run(admin, "delete_old_items()")
        after = run(admin, "delete_old_items()")

        assert (during, after) == (0, 1)

    def test_goes_on_until_nothing_is_left_though_one_run_takes_a_thousand(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, config: Config
    ) -> None:
        queue_id = queue_item(status="CANCELLED")
        multiply(admin, queue_id, 2100)
        keep(admin, DAY)
        clock.advance(days=2)
        [job] = [job for job in jobs_of(config) if job.procedure == "delete_old_items"]

        assert run(admin, "delete_old_items()") == 1000
        run_job(background_url(config), job)

        assert kept(admin) == set()
        assert count(admin, "select count(*) from data.vault_record where owner_kind = 'queue_item'") == 0

    def test_the_oldest_go_first(self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock) -> None:
        queue_id = queue_item(status="CANCELLED")
        multiply(admin, queue_id, 1200)
        admin.execute(
            "update data.queue_item set finished_time = finished_time - interval '1 h' where queue_id % 2 = 0"
        )
        keep(admin, DAY)
        clock.advance(days=2)

        run(admin, "delete_old_items()")

        assert count(admin, "select count(*) from data.queue_item where queue_id % 2 = 0") == 0


def multiply(admin: psycopg.Connection, queue_id: int, times: int) -> None:
    """Have a finished item so many times more, all with the request vault of the first, and with their events."""
    admin.execute(
        "with made as (insert into data.queue_item (company_id, task_id, team_id, policy_id, lane_id, machine_id, "
        "status, request_vault_id, vault_queue_id, created_by, created_time, ready_time, finished_time) "
        "select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, status, request_vault_id, "
        "queue_id, created_by, created_time, ready_time, finished_time "
        "from data.queue_item, generate_series(1, %s) where queue_id = %s returning *) "
        "insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor) "
        "select company_id, queue_id, finished_time, status::text::data.event_kind, 0, 'test' from made",
        [times, queue_id],
    )


class TestDeleteIdleLanes:
    @pytest.fixture
    def pool_item(self, call: Caller) -> Any:
        def make(**members: Any) -> int:
            made = must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault="{}", **members))
            queue_id: int = made.row["queueId"]
            return queue_id

        return make

    @staticmethod
    def lanes(admin: psycopg.Connection) -> int:
        return count(admin, "select count(*) from data.lane where machine_id is null")

    @staticmethod
    def grow_old(admin: psycopg.Connection) -> None:
        """Let lanes have been idle for longer than a day. The clock stays, since sessions do not live as long."""
        admin.execute("update data.lane set idle_time = idle_time - interval '25 h'")

    def test_a_lane_goes_after_a_day_without_items(
        self, call: Caller, admin: psycopg.Connection, clock: Clock, pool_item: Any
    ) -> None:
        must(call("CancelQueueItem", queueId=pool_item(labels={"os": "linux"})))

        assert run(admin, "delete_idle_lanes()") == 0
        clock.advance(hours=23)
        assert run(admin, "delete_idle_lanes()") == 0
        clock.advance(hours=2)
        assert run(admin, "delete_idle_lanes()") == 1
        assert self.lanes(admin) == 0

    @pytest.mark.parametrize("state", ["waiting", "held", "in hands"])
    def test_a_lane_with_an_item_stays(
        self, call: Caller, admin: psycopg.Connection, clock: Clock, pool_item: Any, state: str
    ) -> None:
        pool_item(**({"notBefore": "2030-01-01T00:00:00Z"} if state == "held" else {}))
        if state == "in hands":
            must(call("GetQueueItemsNext", machineName="build-01", itemCount=1))

        for _ in range(3):
            assert run(admin, "delete_idle_lanes()") == 0
            clock.advance(days=2)

        assert self.lanes(admin) == 1

    def test_an_item_in_between_makes_the_day_begin_anew(
        self, call: Caller, admin: psycopg.Connection, pool_item: Any
    ) -> None:
        must(call("CancelQueueItem", queueId=pool_item()))
        run(admin, "delete_idle_lanes()")
        self.grow_old(admin)
        queue_id = pool_item()
        run(admin, "delete_idle_lanes()")
        must(call("CancelQueueItem", queueId=queue_id))

        assert run(admin, "delete_idle_lanes()") == 0
        assert run(admin, "delete_idle_lanes()") == 0
        assert self.lanes(admin) == 1

    def test_lanes_of_machines_stay(self, admin: psycopg.Connection, clock: Clock) -> None:
        before = count(admin, "select count(*) from data.lane")
        run(admin, "delete_idle_lanes()")
        clock.advance(days=3)
        run(admin, "delete_idle_lanes()")

        assert count(admin, "select count(*) from data.lane") == before

    def test_a_lane_to_which_an_item_is_coming_stays(
        self, call: Caller, admin: psycopg.Connection, clock: Clock, pool_item: Any, database: str
    ) -> None:
        must(call("CancelQueueItem", queueId=pool_item()))
        run(admin, "delete_idle_lanes()")
        clock.advance(days=2)

        with psycopg.connect(database) as other:
            other.execute("select from data.lane where machine_id is null for key share")
            during = run(admin, "delete_idle_lanes()")
        after = run(admin, "delete_idle_lanes()")

        assert (during, after) == (0, 1)

    def test_an_item_that_comes_while_its_lane_goes_gets_a_new_one(
        self, call: Caller, admin: psycopg.Connection, pool_item: Any, database: str
    ) -> None:
        must(call("CancelQueueItem", queueId=pool_item()))
        run(admin, "delete_idle_lanes()")
        self.grow_old(admin)
        made: list[int] = []
        with psycopg.connect(database) as deleting:
            assert run(deleting, "delete_idle_lanes()") == 1
            adding = threading.Thread(target=lambda: made.append(pool_item()))
            adding.start()
            until(lambda: count(admin, WAITING) > 0)
            deleting.commit()
            adding.join()

        found = count(
            admin, f"select count(*) from data.lane join data.queue_item using (lane_id) where queue_id = {made[0]}"
        )
        assert found == 1


class TestDropOldEvents:
    def test_months_go_whole_once_they_are_old_and_their_items_gone(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        run(admin, "make_partitions()")
        must(call("DeleteQueueItem", queueId=queue_item()))
        clock.advance(days=300)

        assert run(admin, "drop_old_events(400)") == 0
        clock.advance(days=200)
        assert run(admin, "drop_old_events(400)") > 0
        assert count(admin, "select count(*) from data.queue_event") == 0

    def test_events_of_an_item_that_is_still_there_stay_with_all_that_follow(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        run(admin, "make_partitions()")
        queue_item(status="COMPLETED")
        clock.advance(days=1000)

        assert run(admin, "drop_old_events(400)") == 0
        assert count(admin, "select count(*) from data.queue_event") > 0

    def test_what_no_month_took_goes_by_its_time(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock
    ) -> None:
        must(call("DeleteQueueItem", queueId=queue_item()))
        clock.advance(days=500)

        run(admin, "drop_old_events(400)")

        assert count(admin, "select count(*) from data.queue_event_default") == 0

    def test_a_table_in_use_is_left_for_the_next_time(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, database: str
    ) -> None:
        run(admin, "make_partitions()")
        must(call("DeleteQueueItem", queueId=queue_item()))
        clock.advance(days=500)

        with psycopg.connect(database) as reading:
            reading.execute("select count(*) from data.queue_event")
            assert run(admin, "drop_old_events(400)") == 0
        assert run(admin, "drop_old_events(400)") > 0

    def test_a_month_in_use_keeps_back_none_of_those_before_it(
        self, admin: psycopg.Connection, clock: Clock, database: str
    ) -> None:
        run(admin, "make_partitions()")
        clock.advance(days=500)
        [first, second, *_] = [name for (name,) in admin.execute(MONTHS)]

        with psycopg.connect(database) as reading:
            reading.execute(sql.SQL("select count(*) from data.{}").format(sql.Identifier(second)))
            assert run(admin, "drop_old_events(400)") == 1
        left = {name for (name,) in admin.execute(MONTHS)}
        assert (first in left, second in left) == (False, True)
        assert run(admin, "drop_old_events(400)") > 0


class TestWhen:
    def test_settings_say_how_often_and_how_long(self) -> None:
        config = Config.from_env({"BROKER_RETENTION_SWEEP_SECONDS": "7200", "BROKER_EVENT_DAYS": "90"})

        jobs = {job.procedure: job for job in jobs_of(config)}

        assert jobs["delete_old_items"].seconds == 7200
        assert jobs["drop_old_events"].arguments == (90,)

    @pytest.mark.parametrize(
        ("name", "value"), [("BROKER_RETENTION_SWEEP_SECONDS", "90000"), ("BROKER_EVENT_DAYS", "30")]
    )
    def test_settings_out_of_their_range_are_refused(self, name: str, value: str) -> None:
        with pytest.raises(ConfigError, match=name):
            Config.from_env({name: value})

    def test_each_run_is_noted(self, admin: psycopg.Connection, config: Config, clock: Clock) -> None:
        job = next(jobs_of(config))
        run_job(background_url(config), job)
        clock.advance(hours=1)
        run_job(background_url(config), job)

        rows = admin.execute("select procedure_name, last_time - first_time from data.sweep").fetchall()

        [(name, between)] = rows
        assert name == job.procedure
        assert timedelta(hours=1) <= between < timedelta(hours=2)

    def test_a_stopped_scheduler_begins_no_further_batch(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, config: Config
    ) -> None:
        multiply(admin, queue_item(status="CANCELLED"), 1500)
        keep(admin, DAY)
        clock.advance(days=2)
        [job] = [job for job in jobs_of(config) if job.procedure == "delete_old_items"]

        run_job(background_url(config), job, lambda: True)

        assert len(kept(admin)) == 501

    def test_the_scheduler_deletes_by_itself(
        self, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, config: Config
    ) -> None:
        queue_item(status="COMPLETED")
        keep(admin, DAY)
        clock.advance(days=2)
        scheduler = Scheduler(replace(config, retention_sweep_seconds=0.1))

        scheduler.start()
        try:
            until(lambda: kept(admin) == set())
        finally:
            scheduler.stop()
