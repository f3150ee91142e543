"""Flows beyond single calls: how long they are kept, whom they wake, and what it costs to tell of them."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from psycopg.rows import dict_row

from tests.conftest import Clock
from tests.flows import a_flow, create, queue_ids, task
from tests.jobs import claim, complete, fail
from tests.test_maintenance import run
from tests.test_plans import LINE, VAULT, Hot, Row
from tests.world import Caller, World, must

DAY = 86400
FLOWS = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, created_by, created_time,
        ready_time, flow_id, flow_task)
    select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, request_vault_id, created_by,
           created_time, ready_time, id, 'task ' || number
    from (select * from data.queue_item order by queue_id limit 1) as item
    cross join generate_series(1, 300) as flow
    cross join lateral (select data.uuid_v7() as id where flow > 0 offset 0) as made
    cross join generate_series(1, 5) as number
"""


@pytest.fixture
def days(admin: psycopg.Connection) -> None:
    """The queues keep for a day what has ended."""
    admin.execute("update data.queue_policy set retention_seconds = %s", [DAY])


def kept(admin: psycopg.Connection) -> set[int]:
    return {queue_id for (queue_id,) in admin.execute("select queue_id from data.queue_item")}


@pytest.mark.usefixtures("days")
class TestRetention:
    def test_nothing_of_a_flow_goes_while_it_runs(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        a_flow(call, task("a"), task("b", "a"))
        must(complete(call, claim(call, start=True)))
        clock.advance(days=20)

        assert run(admin, "delete_old_items()") == 0
        assert len(kept(admin)) == 2

    def test_all_of_it_goes_when_its_last_end_is_old(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        a_flow(call, task("a"), task("b", "a"))
        must(complete(call, claim(call, start=True)))
        clock.advance(hours=20)
        must(complete(call, claim(call, start=True)))

        clock.advance(hours=23)
        assert run(admin, "delete_old_items()") == 0
        clock.advance(hours=2)
        assert run(admin, "delete_old_items()") == 2

        assert kept(admin) == set()

    def test_a_retry_takes_the_flow_up_again(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        flow_id = a_flow(call, task("a"), task("b"))
        must(call("CancelFlow", flowId=flow_id))
        must(call("RetryFailedQueueItem", originalQueueId=queue_ids(call, flow_id)["a"]))
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 0
        assert len(kept(admin)) == 3

    def test_a_protected_task_alone_stays(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        flow_id = a_flow(call, task("a"), task("b"))
        must(call("CancelFlow", flowId=flow_id))
        protected = queue_ids(call, flow_id)["b"]
        admin.execute("update data.queue_item set protected = true where queue_id = %s", [protected])
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 1
        assert kept(admin) == {protected}

    def test_flows_that_run_do_not_keep_others(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        running = a_flow(call, task("a"), task("b", "a"))
        must(fail(call, claim(call, start=True), retryable=False))
        over, alone = (
            a_flow(call, task("a")),
            call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"),
        )
        must(call("CancelFlow", flowId=over))
        must(call("CancelQueueItem", queueId=alone.row["queueId"]))
        must(call("RetryFailedQueueItem", originalQueueId=queue_ids(call, running)["a"]))
        clock.advance(days=2)

        assert run(admin, "delete_old_items()") == 2
        assert len(kept(admin)) == 3


def test_a_new_flow_wakes_those_who_may_take_what_is_ready(call: Caller, app: Flask) -> None:
    woken: list[str] = []
    app.extensions["procedures"]._wake = woken.extend

    must(create(call, task("a"), task("b", "a", machineName="build-02"), task("c", machineName=None)))

    assert sorted(key.partition(":")[0] for key in woken) == ["machine", "pool"]


def test_a_cancelled_flow_wakes_those_who_waited_for_its_room(
    call: Caller, app: Flask, admin: psycopg.Connection
) -> None:
    admin.execute("update data.queue_policy set concurrency = 1")
    flow_id = a_flow(call, task("a"))
    claim(call)
    woken: list[str] = []
    app.extensions["procedures"]._wake = woken.extend

    must(call("CancelFlow", flowId=flow_id))

    assert {key.partition(":")[0] for key in woken} == {"item", "queue"}


@pytest.fixture
def hot(database: str, world: World) -> Iterator[Hot]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield Hot(connection, world)


def flow_ids(admin: psycopg.Connection) -> list[Row]:
    """The oldest flow and the youngest."""
    rows = admin.execute("select distinct flow_id from data.queue_item where flow_id is not null order by 1").fetchall()
    return [{"flow_id": rows[0][0]}, {"flow_id": rows[-1][0]}]


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_flows_are_told_of_and_cancelled_without_reading_other_items(
    hot: Hot, admin: psycopg.Connection, analysed: bool
) -> None:
    machine = admin.execute("select machine_uuid from data.machine where company_id = 1 and machine_name = 'build-01'")
    [(machine_uuid,)] = machine.fetchall()

    def orders() -> tuple[str, dict[str, Any]]:
        vault = VAULT.format(machine="%(machine)s", owner="%(id)s::uuid", attempt="0", name="request")
        order = f"row('a', 'build-01', null, null, {vault}{', null' * 11})::data.batch_item"
        return f"create_flow('ops', 'default', array[{order}])", {
            "machine": machine_uuid,
            "id": uuid4(),
        }

    def work() -> None:
        hot.call("bob", *orders())
        for flow in flow_ids(admin):
            hot.call("bob", "get_flow(%(flow_id)s)", flow)
        hot.call("bob", "get_team_flows('ops', 10)", {})
        hot.call("bob", "cancel_flow(%(flow_id)s)", flow_ids(admin)[-1])

    work()
    admin.execute(LINE.encode())
    admin.execute(FLOWS.encode())
    if analysed:
        admin.execute("analyze")
    hot.plans.clear()
    work()
    admin.execute("delete from data.queue_item where flow_id is null or flow_task <> 'a'")

    reads = list(hot.reads({"queue_item", "dependency", "claim"}))
    assert "queue_item_flow" in {read.way for read in reads}
    assert [read for read in reads if read.rows > 5 or read.way.endswith("Scan")] == []


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_the_sweep_reads_one_item_of_a_flow_for_each_that_is_old(
    call: Caller, hot: Hot, admin: psycopg.Connection, clock: Clock, days: None, analysed: bool
) -> None:
    flow_id = a_flow(call, *(task(f"n{number}") for number in range(200)))
    must(call("CancelFlow", flowId=flow_id))
    must(call("RetryFailedQueueItem", originalQueueId=queue_ids(call, flow_id)["n7"]))
    if analysed:
        admin.execute("analyze")
    clock.advance(days=2)

    hot.watch("select maintenance.delete_old_items()")

    latest = [read for read in hot.reads({"queue_item"}) if read.way == "queue_item_flow"]
    assert [read.rows for read in latest] == [1]
    assert len(kept(admin)) == 201
