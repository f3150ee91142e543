"""GetQueueItemWaitReason tells the truth: what it names, and nothing else, keeps the item from being handed out."""

from itertools import combinations

import psycopg
import pytest

from tests.bulk import add_queue, make
from tests.waiting import codes, why
from tests.world import Caller, must

# Each cause, as something that is so, and what ends it.
MACHINES = "update data.machine set {} where company_id = 1 and machine_name like 'build%%'"
POLICY = "update data.queue_policy set {} where queue_name = 'builds'"
ITEM = "update data.queue_item set {} where queue_id = %(item)s"
COMPANY = "update data.company set {} where company_id = 1"
CAUSES = {
    "MACHINE_PAUSED": (
        MACHINES.format("paused_time = data.clock(), paused_by = 'ann@acme.example'"),
        MACHINES.format("paused_time = null, paused_by = null"),
    ),
    "MACHINE_DRAINING": (MACHINES.format("drain_time = data.clock()"), MACHINES.format("drain_time = null")),
    "NOT_BEFORE": (
        ITEM.format("held = 'TIME', ready_time = data.clock() + interval '1 hour'"),
        ITEM.format("held = null, ready_time = data.clock()"),
    ),
    "QUEUE_PAUSED": (POLICY.format("paused_time = data.clock()"), POLICY.format("paused_time = null")),
    "COMPANY_CONCURRENCY": (COMPANY.format("max_running = 1"), COMPANY.format("max_running = null")),
    "QUEUE_CONCURRENCY": (POLICY.format("concurrency = 1"), POLICY.format("concurrency = null")),
    "QUEUE_RATE": (
        POLICY.format("rate_burst = 1, rate_per_second = 0.001, tokens = 0, tokens_time = data.clock()"),
        POLICY.format("rate_burst = null, rate_per_second = null, tokens = null"),
    ),
}


@pytest.mark.parametrize("pooled", [False, True], ids=["a machine's item", "a pool's item"])
@pytest.mark.usefixtures("seen")
def test_while_a_cause_is_named_no_claim_takes_the_item_and_without_any_the_next_one_does(
    call: Caller, admin: psycopg.Connection, pooled: bool
) -> None:
    add_queue(admin, "builds")
    place = {"queueName": "builds"} if pooled else {"queueName": "builds", "machineName": "build-01"}
    holder = make(call, machineName="build-02", queueName="builds")["queueId"]
    must(call("GetQueueItemsNext", machineName="build-02", itemCount=1))
    admin.execute("update data.queue_item set counted_user_id = created_by where queue_id = %s", [holder])
    every = [*CAUSES, "BEHIND"]
    grid = [subset for size in (0, 1, 2, len(every)) for subset in combinations(every, size)]

    for subset in grid:
        before = make(call, **place)["queueId"] if "BEHIND" in subset else None
        item = make(call, **place)["queueId"]
        for cause in set(subset) & set(CAUSES):
            admin.execute(CAUSES[cause][0].encode(), {"item": item})
        named = codes(call, item)
        # What is held is not in line, and neither is what the machine's pause holds up before anybody.
        expected = set(subset) - ({"BEHIND"} if "NOT_BEFORE" in subset else set())
        assert set(named) == (expected or {"BEHIND"}), subset

        left = [cause for cause in subset if cause != "BEHIND"]
        if "BEHIND" in subset:
            left.insert(0, "BEHIND")
        while left:
            taken = call("GetQueueItemsNext", machineName="build-01", itemCount=1).rows
            assert item not in [row["queueId"] for row in taken], (subset, left)
            cause = left.pop(0)
            if cause == "BEHIND":
                must(call("CancelQueueItem", queueId=before))
            else:
                admin.execute(CAUSES[cause][1].encode(), {"item": item})
        [last] = why(call, item)
        assert (last["code"], last["detail"]["place"]) == ("BEHIND", 1), subset
        taken = call("GetQueueItemsNext", machineName="build-01", itemCount=1).rows
        assert [row["queueId"] for row in taken] == [item], subset
        must(call("CancelQueueItem", queueId=item))
