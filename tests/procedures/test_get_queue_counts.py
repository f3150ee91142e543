"""GetQueueCounts."""

from typing import Any

import psycopg
import pytest

from tests.bulk import add_many, add_queue, make
from tests.test_plans import LINE, Hot, hot
from tests.world import Caller, MakeItem, must

__all__ = ["hot"]  # a fixture


def counted(call: Caller, _as: str = "bob", **members: Any) -> dict[str, dict[str, int]]:
    """What each queue holds, without zeros."""
    return {
        f"{row['teamName']}/{row['queueName']}": {
            name.removesuffix("Count"): value for name, value in row.items() if name.endswith("Count") and value
        }
        for row in must(call("GetQueueCounts", _as=_as, **members)).rows
    }


def test_counts_each_item_once_by_what_has_become_of_it(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"):
        queue_item(status)
    make(call, notBefore="2030-01-01T00:00:00Z")

    assert counted(call) == {
        "ops/default": {"waiting": 1, "held": 1, "running": 3, "completed": 1, "failed": 1, "cancelled": 1}
    }


def test_counts_all_that_is_there(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    done, waiting = queue_item("CANCELLED"), queue_item()
    add_many(admin, done, 11_000)
    admin.execute(
        "update data.queue_item set status = 'CANCELLED', finished_time = created_time where queue_id > %s", [waiting]
    )
    add_many(admin, waiting, 10_500)

    found = counted(call)
    admin.execute("delete from data.queue_item where vault_queue_id is not null")

    assert found == {"ops/default": {"waiting": 10_501, "cancelled": 11_001}}


def test_shows_the_queues_by_team_and_name(call: Caller, admin: psycopg.Connection) -> None:
    add_queue(admin, "llm")
    add_queue(admin, "ant", "dev")
    make(call, queueName="llm")

    assert list(counted(call, _as="ann")) == [
        "dev/ant",
        "dev/default",
        "ops/default",
        "ops/llm",
        "Private Team/default",
    ]
    assert counted(call, queueName="LLM") == {"ops/llm": {"waiting": 1}}
    assert counted(call, _as="ann", teamName="dev") == {"dev/ant": {}, "dev/default": {}}
    assert counted(call, queueName="nothing") == {}
    assert counted(call, teamName="nowhere") == {}


def test_counts_a_deleted_queue_under_its_name_while_it_has_items(call: Caller, admin: psycopg.Connection) -> None:
    for _ in range(2):
        add_queue(admin, "llm")
        must(call("CancelQueueItem", queueId=make(call, queueName="llm")["queueId"]))
        must(call("DeleteQueue", _as="ann", teamName="ops", queueName="llm"))
    add_queue(admin, "gone")
    must(call("DeleteQueue", _as="ann", teamName="ops", queueName="gone"))

    assert counted(call) == {"ops/default": {}, "ops/llm": {"cancelled": 2}}
    add_queue(admin, "LLM")
    assert counted(call) == {"ops/default": {}, "ops/LLM": {"cancelled": 2}}


def test_shows_nothing_of_other_teams_and_companies(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    assert counted(call, _as="carol") == {"dev/default": {}}
    assert counted(call, _as="gina", teamName="ops") == {"ops/default": {}}
    reply = call("GetQueueCounts", teamName="dev")
    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_reads_the_index_of_what_has_finished_and_no_row(hot: Hot, admin: psycopg.Connection, analysed: bool) -> None:
    hot.create()
    hot.call("bob", "get_queue_counts('ops')", {})
    admin.execute(LINE.encode())
    admin.execute("update data.queue_item set status = 'CANCELLED', finished_time = created_time where queue_id > 1")
    admin.execute("vacuum data.queue_item")
    if analysed:
        admin.execute("analyze")
    hot.plans.clear()

    hot.call("bob", "get_queue_counts('ops')", {})
    admin.execute("delete from data.queue_item where queue_id > 1")

    reads = {read.way: read.rows for read in hot.reads({"queue_item"}) if read.rows}
    assert reads == {"queue_item_waiting": 1, "queue_item_finished": 1500}
    [plan] = [plan for statement, plan in hot.plans if "queue_item_finished" in str(plan)]
    assert "'Node Type': 'Index Only Scan'" in str(plan)
