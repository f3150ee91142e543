"""What is told of one waiting item costs the same whatever else waits."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.test_plans import Hot, Row
from tests.world import World

LINE = """
    insert into data.queue_item (
        company_id, task_id, team_id, policy_id, lane_id, machine_id, request_vault_id, created_by, created_time,
        ready_time, held)
    select company_id, gen_random_uuid(), team_id, policy_id, lane_id, machine_id, request_vault_id, created_by,
           created_time, ready_time, case when number > 80000 then 'TIME'::data.hold end
    from data.queue_item
    cross join generate_series(1, 100000) as number
"""
COUNTED = 1001


@pytest.fixture
def hot(database: str, world: World) -> Iterator[Hot]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield Hot(connection, world)


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_why_an_item_waits_is_told_without_reading_what_waits(
    hot: Hot, admin: psycopg.Connection, analysed: bool
) -> None:
    admin.execute("update data.queue_policy set concurrency = 5, rate_burst = 5, rate_per_second = 1")
    admin.execute("update data.company set max_running = 5")
    hot.create()
    hot.call("bob", "get_queue_item_wait_reason(%(queue_id)s)", chosen(admin, "min"))
    admin.execute(LINE)
    if analysed:
        admin.execute("analyze")
    hot.plans.clear()

    for item in (chosen(admin, "min"), chosen(admin, "max", "and held is null"), chosen(admin, "max")):
        hot.call("bob", "get_queue_item_wait_reason(%(queue_id)s)", item)
    admin.execute("delete from data.queue_item where queue_id > %(queue_id)s", chosen(admin, "min"))

    reads = list(hot.reads({"queue_item", "dependency", "claim"}))
    assert max(read.rows for read in reads) == COUNTED
    assert [read for read in reads if read.way.endswith("Scan")] == []


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_what_a_bridges_agent_has_in_hand_is_told_without_reading_what_waits(
    hot: Hot, admin: psycopg.Connection, analysed: bool
) -> None:
    hot.create()
    hot.claim("north")
    hot.create()
    admin.execute("update data.machine set agent_slots = 1, registered_time = data.clock()")
    admin.execute(
        "update data.token set last_used_time = data.clock() + interval '1 second' where token_name = 'north'"
    )
    hot.call("bob", "get_queue_item_wait_reason(%(queue_id)s)", chosen(admin, "max"))
    admin.execute(LINE.replace("from data.queue_item", "from (select * from data.queue_item limit 1) as one"))
    if analysed:
        admin.execute("analyze")
    hot.plans.clear()

    hot.call("bob", "get_queue_item_wait_reason(%(queue_id)s)", chosen(admin, "max"))

    reads = [read for read in hot.reads({"queue_item"}) if "queue.live_items" in read.statement]
    assert reads != []
    assert [read for read in reads if read.rows > 1 or read.way.endswith("Scan")] == []


def chosen(admin: psycopg.Connection, which: str, condition: str = "") -> Row:
    """One item."""
    statement = f"select {which}(queue_id) from data.queue_item where company_id = 1 {condition}"
    found = admin.execute(statement.encode()).fetchone()
    assert found is not None
    return {"queue_id": found[0]}
