"""GetQueueItemWaitReason: each cause in its own words."""

from datetime import datetime
from typing import Any

import psycopg
import pytest

from tests.bulk import add_queue, make
from tests.conftest import Clock
from tests.jobs import claim, complete
from tests.waiting import codes, why
from tests.world import Caller, MakeItem, must


def test_a_machine_whose_agent_was_never_heard_of(call: Caller, queue_item: MakeItem) -> None:
    [row] = why(call, queue_item())

    assert (row["code"], row["reason"]) == ("MACHINE_NEVER_SEEN", "no agent of machine build-01 was ever heard of")
    assert (row["detail"], row["until"]) == ({"machineName": "build-01"}, None)


@pytest.mark.usefixtures("seen")
def test_a_machine_whose_agent_is_silent(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    before = codes(call, queue_id)
    clock.advance(minutes=15)

    [row] = why(call, queue_id)

    assert before == ["BEHIND"]
    assert row["code"] == "MACHINE_SILENT"
    assert row["reason"].startswith("no agent of machine build-01 was heard of for 1")
    assert row["since"] < call("GetQueueItemWaitReason", queueId=queue_id).outputs["since"]


@pytest.mark.usefixtures("seen")
def test_a_machine_with_all_its_slots_in_use(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    running, queue_id = queue_item("PROCESSING"), queue_item()
    admin.execute("update data.machine set agent_slots = 1 where machine_name = 'build-01'")

    [row] = why(call, queue_id)

    assert (row["code"], row["reason"]) == (
        "MACHINE_BUSY",
        "the agent of machine build-01 works on 1 item, as many as it has slots",
    )
    assert row["detail"] == {"machineName": "build-01", "slots": 1, "queueIds": [running]}


def test_the_slots_of_a_bridges_agent_are_for_all_its_machines(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    clock.advance(minutes=5)
    make(call, machineName="build-02")
    running, queue_id = claim(call, "north")["queueId"], make(call)["queueId"]
    admin.execute("update data.machine set agent_slots = 1 where company_id = 1")
    admin.execute("update data.token set last_used_time = data.clock() where token_name = 'north' and company_id = 1")

    of_the_bridge = why(call, queue_id)
    admin.execute(
        "update data.token set last_used_time = data.clock() where token_name = 'build-01' and company_id = 1"
    )

    assert [row["code"] for row in of_the_bridge] == ["MACHINE_BUSY"]
    assert of_the_bridge[0]["detail"] == {"machineName": "build-01", "slots": 1, "queueIds": [running]}
    assert codes(call, queue_id) == ["BEHIND"]


@pytest.mark.usefixtures("seen")
def test_since_is_from_when_it_could_be_taken(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    queue_id = make(call)["queueId"]
    made = call("GetTeamQueueItems").row["createdTime"]
    admin.execute("update data.queue_item set held = 'TIME', ready_time = data.clock() + interval '1 hour'")
    held = call("GetQueueItemWaitReason", queueId=queue_id).outputs["since"]
    admin.execute("update data.queue_item set held = null")
    clock.advance(hours=2)

    reply = must(call("GetQueueItemWaitReason", queueId=queue_id))

    assert held == made
    assert reply.outputs["since"] == call("GetQueueStatistics", queueName="default").rows[0]["oldestWaitingTime"]
    assert reply.outputs["since"] > made


@pytest.mark.usefixtures("seen")
def test_a_machine_with_a_slot_left_is_not_busy(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item("PROCESSING")
    admin.execute("update data.machine set agent_slots = 2 where machine_name = 'build-01'")

    assert codes(call, queue_item()) == ["BEHIND"]


@pytest.mark.usefixtures("seen")
def test_a_pool_that_nobody_serves(call: Caller, admin: psycopg.Connection) -> None:
    add_queue(admin, "builds")
    labelled = make(call, queueName="builds", labels={"os": "plan9"})["queueId"]
    plain = make(call, queueName="builds")["queueId"]
    served = codes(call, plain)
    admin.execute("update data.machine set agent_queues = '{default}' where machine_name in ('build-01', 'build-02')")

    assert served == ["BEHIND"]
    assert [row["reason"] for row in why(call, labelled)] == [
        'no machine of the team serves queue builds and has the labels {"os": "plan9"}'
    ]
    assert [(row["code"], row["reason"]) for row in why(call, plain)] == [
        ("NO_TAKER", "no machine of the team serves queue builds")
    ]


@pytest.mark.parametrize("what", ["made without pools", "expired"])
@pytest.mark.usefixtures("seen")
def test_a_pool_that_no_agents_token_opens(call: Caller, admin: psycopg.Connection, what: str) -> None:
    queue_id, own = make(call, queueName="default")["queueId"], make(call)["queueId"]
    before = codes(call, queue_id)
    if what == "made without pools":
        places: list[dict[str, Any]] = [
            {"machineName": "build-01"},
            {"machineName": "build-02"},
            {"bridgeName": "north"},
        ]
        for place in places:
            must(call("CreateAgentToken", _as="ann", pools=False, **place))
    admin.execute("update data.token set expires_time = data.clock() where kind = 'agent' and company_id = 1 and pools")

    [row] = why(call, queue_id)

    assert before == ["BEHIND"]
    assert (row["code"], row["reason"]) == (
        "NO_TAKER",
        "machines serve queue default, but no agent's token opens the pool of the team: make a new token",
    )
    assert "NO_TAKER" not in codes(call, own)


@pytest.mark.usefixtures("seen")
def test_a_pool_is_opened_by_an_agent_of_the_bridge(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = make(call, queueName="default")["queueId"]
    admin.execute("update data.token set expires_time = data.clock() where company_id = 1 and machine_id is not null")

    assert "NO_TAKER" not in codes(call, queue_id)
    assert claim(call, "north")["queueId"] == queue_id


@pytest.mark.usefixtures("seen")
def test_a_pool_waits_for_a_machine_only_when_none_can_take_its_item(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = make(call, queueName="default")["queueId"]
    admin.execute("update data.machine set paused_time = data.clock() where machine_name = 'build-01'")
    one_left = codes(call, queue_id)
    admin.execute("update data.machine set drain_time = data.clock() where machine_name = 'build-02'")

    rows = why(call, queue_id)

    assert one_left == ["BEHIND"]
    assert [(row["code"], row["detail"]["machineName"]) for row in rows] == [
        ("MACHINE_PAUSED", "build-01"),
        ("MACHINE_DRAINING", "build-02"),
    ]


@pytest.mark.usefixtures("seen")
def test_names_what_it_depends_on(call: Caller) -> None:
    done, needed = make(call)["queueId"], make(call, machineName="build-02")["queueId"]
    tasks = {item["queueId"]: item["taskId"] for item in call("GetTeamQueueItems").rows}
    queue_id = make(call, dependsOn=[tasks[done], tasks[needed]])["queueId"]
    complete(call, claim(call))

    [row] = why(call, queue_id)

    assert (row["code"], row["reason"]) == ("DEPENDENCY", "it needs 1 item more to be finished first")
    [open_item] = row["detail"]["items"]
    assert (open_item["queueId"], open_item["status"]) == (needed, "PENDING")
    told = must(call("GetQueueItemDetails", queueId=queue_id)).row
    assert told["dependsOn"] == [tasks[done], tasks[needed]]


@pytest.mark.usefixtures("seen")
def test_a_retry_waits_for_its_backoff(call: Caller) -> None:
    queue_id = make(call, machineName="build-01", retries=3)["queueId"]
    must(complete(call, claim(call), completionStatus="FAILED"))

    [row] = why(call, queue_id)

    assert (row["code"], row["reason"]) == ("RETRY_BACKOFF", "it failed, and is tried again later, retry 1 of 3")
    listed = call("GetTeamQueueItems").row
    assert (listed["notBefore"], listed["retries"], listed["retriesUsed"]) == (row["until"], 3, 1)


@pytest.mark.usefixtures("seen")
def test_a_rate_says_until_when(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    add_queue(admin, "builds")
    admin.execute(
        "update data.queue_policy set rate_burst = 1, rate_per_second = 0.1, tokens = 0, tokens_time = data.clock() "
        "where queue_name = 'builds'"
    )
    queue_id = make(call, queueName="builds")["queueId"]
    reply = must(call("GetQueueItemWaitReason", queueId=queue_id))
    clock.advance(seconds=11)

    assert (reply.row["code"], reply.row["reason"]) == ("QUEUE_RATE", "queue builds starts 0.1 a second")
    until, since = (datetime.fromisoformat(time) for time in (reply.row["until"], reply.outputs["since"]))
    assert (until - since).total_seconds() == pytest.approx(10, abs=2)
    assert codes(call, queue_id) == ["BEHIND"]


@pytest.mark.usefixtures("seen")
def test_the_limit_of_a_user_holds_his_own_items_only(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set max_running_per_user = 1 where company_id = 1")
    make(call)
    running = claim(call)["queueId"]
    mine, hers = make(call)["queueId"], make(call, _as="ann")["queueId"]

    rows = why(call, mine)

    assert [row["code"] for row in rows] == ["USER_CONCURRENCY"]
    assert rows[0]["detail"] == {"limit": 1, "queueIds": [running]}
    [hers_waits] = why(call, hers)
    assert (hers_waits["code"], hers_waits["detail"]["place"]) == ("BEHIND", 1)
    assert claim(call)["queueId"] == hers


@pytest.mark.usefixtures("seen")
def test_of_the_items_of_a_user_only_those_of_the_same_team_are_named(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("update data.company set max_running_per_user = 2 where company_id = 1")
    must(call("CreateQueueItem", _as="ann", teamName="dev", machineName="dev-01", queueVault="{}"))
    elsewhere = claim(call, "dev-01")["queueId"]
    make(call, _as="ann")
    running, queue_id = claim(call)["queueId"], make(call, _as="ann")["queueId"]

    [row] = why(call, queue_id, _as="bob")

    assert row["code"] == "USER_CONCURRENCY"
    assert row["detail"] == {"limit": 2, "queueIds": [running]}
    assert elsewhere not in [item["queueId"] for item in call("GetTeamQueueItems").rows]


@pytest.mark.usefixtures("seen")
def test_counts_what_goes_before_it_of_machine_and_pool(call: Caller) -> None:
    pooled, own = make(call, queueName="default")["queueId"], make(call)["queueId"]
    other = make(call, queueName="default")["queueId"]

    places = {queue_id: why(call, queue_id)[0]["detail"]["place"] for queue_id in (pooled, own, other)}
    reasons = [why(call, queue_id)[0]["reason"] for queue_id in (pooled, own)]

    # The last one goes to build-02, which has nothing of its own.
    assert places == {pooled: 1, own: 2, other: 2}
    assert reasons == ["it is next: an agent has only to ask", "1 item before it"]


@pytest.mark.usefixtures("seen")
def test_what_waits_in_a_closed_queue_is_not_before_it(call: Caller, admin: psycopg.Connection) -> None:
    add_queue(admin, "builds")
    make(call, queueName="builds", machineName="build-01")
    queue_id = make(call)["queueId"]
    before = why(call, queue_id)[0]["detail"]["place"]
    admin.execute("update data.queue_policy set paused_time = data.clock() where queue_name = 'builds'")

    after = why(call, queue_id)[0]["detail"]["place"]

    assert (before, after) == (2, 1)
    assert claim(call)["queueId"] == queue_id


def test_of_an_item_in_hands_it_says_who_holds_it(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    claimed = claim(call, start=True, leaseSeconds=60)

    reply = must(call("GetQueueItemWaitReason", queueId=queue_id))

    assert reply.rows == []
    shown = call("GetTeamQueueItems").row
    assert reply.outputs == {
        "queueId": queue_id,
        "taskId": claimed["taskId"],
        "status": "PROCESSING",
        "holder": "agent build-01",
        "since": shown["assignedTime"],
        "lastSign": shown["lastHeartbeat"],
        "leaseUntil": claimed["leaseUntil"],
    }


def test_a_finished_item_waits_for_nothing(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    complete(call, claim(call))

    reply = must(call("GetQueueItemWaitReason", queueId=queue_id))

    assert (reply.rows, reply.outputs["status"], reply.outputs["holder"]) == ([], "COMPLETED", None)


def test_needs_the_name_of_an_item(call: Caller) -> None:
    reply = call("GetQueueItemWaitReason", teamName="ops")

    assert (reply.failure, reply.errors) == (400, ["queueId or taskId is missing: name the item by one of them"])
