"""GetRecentQueueItems and GetRecentQueueItemCounts."""

import json
from typing import Any

import psycopg
import pytest

from tests.bulk import add_many, add_queue, make
from tests.jobs import claim, complete
from tests.test_plans import LINE, Hot, hot
from tests.world import Caller, MakeItem, must

__all__ = ["hot"]  # a fixture

MORE_QUEUES = """
    insert into data.queue_policy (company_id, policy_uuid, team_id, queue_name, max_retries, backoff, created_time)
    select company_id, gen_random_uuid(), team_id, 'more-' || number, 0, backoff, created_time
    from data.queue_policy
    cross join generate_series(1, 20) as number
    where company_id = 1;
"""


def recent(call: Caller, _as: str = "bob", **members: Any) -> list[int]:
    """The queueIds of what is shown."""
    return [row["queueId"] for row in must(call("GetRecentQueueItems", _as=_as, teamName="ops", **members)).rows]


def counts(call: Caller, **members: Any) -> tuple[int, bool]:
    row = must(call("GetRecentQueueItemCounts", teamName="ops", **members)).row
    return row["activeCount"], row["more"]


def test_shows_the_newest_first_with_its_job(call: Caller) -> None:
    first = make(call, queueVault='{"handler":"shell"}')["queueId"]
    complete(call, claim(call))
    second = make(call, priority=1, metadata={"run": 7}, queueVault='{"handler":"http"}')["queueId"]

    newest, oldest = must(call("GetRecentQueueItems", teamName="ops")).rows

    assert (newest["queueId"], oldest["queueId"]) == (second, first)
    assert json.loads(newest["vaultContent"]) == {"handler": "http"}
    assert (newest["rank"], newest["metadata"], newest["status"]) == (100, {"run": 7}, "PENDING")
    assert (newest["queueName"], newest["machineName"], newest["attempt"]) == ("default", "build-01", 0)
    assert (oldest["status"], oldest["attempt"]) == ("COMPLETED", 1)
    assert oldest["createdTime"] <= oldest["assignedTime"] <= oldest["finishedTime"]


def test_its_second_table_is_that_of_the_counts(call: Caller, queue_item: MakeItem) -> None:
    queue_item()

    reply = must(call("GetRecentQueueItems", teamName="ops"))

    assert reply.table(2) == [{"activeCount": 1, "more": False}]
    assert reply.table(2) == call("GetRecentQueueItemCounts", teamName="ops").rows


def test_shows_a_page_of_several_queues(call: Caller, admin: psycopg.Connection) -> None:
    for name in ("llm", "mail", "else"):
        add_queue(admin, name)
    ids = [make(call, queueName=name)["queueId"] for name in ("llm", "mail", "else") * 3]
    named = [queue_id for place, queue_id in enumerate(ids) if place % 3 != 2][::-1]

    assert recent(call) == ids[::-1]
    assert recent(call, queueName="LLM, mail,, nothing") == named
    assert recent(call, queueName="llm,mail", maxRecords=2, skipRecords=3) == named[3:5]
    assert recent(call, maxRecords=1, skipRecords=8) == ids[:1]
    assert recent(call, skipRecords=9) == []
    assert recent(call, queueName="nothing") == []


def test_says_whether_there_are_older_ones(call: Caller, queue_item: MakeItem) -> None:
    for _ in range(3):
        queue_item()

    pages = [(2, 0), (3, 0), (1, 1), (1, 2), (200, 1000)]

    assert [counts(call, maxRecords=most, skipRecords=skip) for most, skip in pages] == [
        (3, True),
        (3, False),
        (3, True),
        (3, False),
        (3, False),
    ]
    assert counts(call, queueName="nothing") == (0, False)


def test_counts_what_is_not_finished(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "CANCELLING", "ASSIGNED", "PENDING"):
        queue_item(status)
    make(call, notBefore="2030-01-01T00:00:00Z")

    assert counts(call) == (5, False)


def test_shows_items_of_queues_that_were_deleted(call: Caller, admin: psycopg.Connection) -> None:
    add_queue(admin, "mail")
    queue_id = make(call, queueName="mail")["queueId"]
    must(call("CancelQueueItem", queueId=queue_id))
    must(call("DeleteQueue", _as="ann", teamName="ops", queueName="mail"))

    assert recent(call) == recent(call, queueName="mail") == [queue_id]


def test_shows_nothing_of_other_teams_and_companies(call: Caller) -> None:
    mine = make(call)["queueId"]
    must(call("CreateQueueItem", _as="carol", teamName="dev", queueName="default", queueVault="{}"))
    must(call("CreateQueueItem", _as="gina", teamName="ops", queueName="default", queueVault="{}"))

    assert recent(call) == [mine]
    assert mine not in recent(call, _as="gina")
    assert counts(call) == (1, False)


@pytest.mark.parametrize("procedure", ["GetRecentQueueItems", "GetRecentQueueItemCounts"])
@pytest.mark.parametrize(
    ("members", "status", "message"),
    [
        ({"maxRecords": 0}, 400, "maxRecords is 0: 1 to 200 are possible"),
        ({"maxRecords": 201}, 400, "maxRecords is 201: 1 to 200 are possible"),
        ({"skipRecords": -1}, 400, "skipRecords is -1: 0 to 1,000 are possible"),
        ({"skipRecords": 1001}, 400, "skipRecords is 1001: 0 to 1,000 are possible"),
        ({"skipRecords": "x"}, 400, 'member "skipRecords" must be a whole number from -2147483648 to 2147483647'),
        ({"teamName": "dev"}, 403, "you are not a member of team dev"),
        ({"teamName": "nowhere"}, 404, "team nowhere not found"),
        ({"teamName": None}, 400, 'member "teamName" is required'),
    ],
)
def test_refuses(call: Caller, procedure: str, members: dict[str, Any], status: int, message: str) -> None:
    reply = call(procedure, **{"teamName": "ops", **members})

    assert (reply.failure, reply.errors) == (status, [message])


@pytest.mark.parametrize("analysed", [False, True], ids=["never analysed", "analysed"])
def test_reads_no_more_than_it_shows_and_skips(hot: Hot, admin: psycopg.Connection, analysed: bool) -> None:
    hot.create()
    hot.call("bob", "get_recent_queue_items('ops')", {})
    admin.execute(LINE.encode())
    admin.execute("update data.queue_item set status = 'CANCELLED', finished_time = created_time where queue_id > 1")
    admin.execute(MORE_QUEUES.encode())
    if analysed:
        admin.execute("analyze")
    hot.plans.clear()

    for name in ("null", "'default'"):
        hot.call("bob", f"get_recent_queue_items('ops', {name}, 50, 7)", {})
        hot.call("bob", f"get_recent_queue_item_counts('ops', {name}, 50, 7)", {})
    admin.execute("delete from data.queue_item where queue_id > 1")

    reads = [read for read in hot.reads({"queue_item", "vault_record"}) if read.rows]
    assert {read.way for read in reads} == {
        "queue_item_recent",
        "queue_item_pkey",
        "queue_item_waiting",
        "vault_record_pkey",
    }
    assert max(read.rows for read in reads if read.way == "queue_item_recent") <= 58
    assert max(read.rows for read in reads if read.way != "queue_item_recent") == 1


def test_is_as_quick_with_many_items_of_others_after_it(call: Caller, admin: psycopg.Connection) -> None:
    add_queue(admin, "llm")
    mine = make(call, queueName="llm")["queueId"]
    other = make(call)["queueId"]
    add_many(admin, other, 500)

    assert recent(call, queueName="llm") == [mine]
    assert counts(call) == (502, True)
    admin.execute("delete from data.queue_item where vault_queue_id = %s", [other])
