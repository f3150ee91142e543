"""DrainMachine."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.jobs import beat, claim, complete, create
from tests.racing import Race, race
from tests.world import Caller, Reply, must

__all__ = ["race"]

PLACE: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}
POOL: dict[str, Any] = {"teamName": "ops", "queueName": "default", "queueVault": "{}"}
IN_HAND = "select count(*) from data.queue_item where status in ('ASSIGNED', 'PROCESSING', 'CANCELLING')"
CLAIMS = 16


def test_says_how_much_is_still_in_hand_and_gives_no_more(call: Caller) -> None:
    create(call)
    claimed = claim(call)
    create(call)
    must(call("CreateQueueItem", **POOL))

    row = call("DrainMachine", **PLACE).row

    assert (row["drainedBy"], row["stop"], row["inHandCount"]) == ("bob@acme.example", False, 1)
    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert must(beat(call, claimed)).outputs["drain"] is True
    assert complete(call, claimed).row["status"] == "COMPLETED"
    assert call("DrainMachine", **PLACE).row["inHandCount"] == 0


def test_ends_when_the_machine_is_resumed(call: Caller) -> None:
    queue_id = create(call)
    must(call("DrainMachine", stop=True, **PLACE))

    row = call("ResumeMachine", **PLACE).row

    assert row["result"] == "resumed, was draining"
    assert claim(call)["queueId"] == queue_id
    assert must(call("GetQueueItemsNext", _as="build-01")).outputs["stop"] is False


def test_the_last_word_about_stopping_holds(call: Caller) -> None:
    words = [call("DrainMachine", stop=stop, **PLACE).row["stop"] for stop in (True, False)]
    first = call("DrainMachine", **PLACE).row["drainTime"]

    assert words == [True, False]
    assert must(call("GetQueueItemsNext", _as="build-01")).outputs["stop"] is False
    assert call("DrainMachine", stop=True, **PLACE).row["drainTime"] == first


def test_an_agent_that_is_to_stop_hears_it_wherever_it_asks(call: Caller) -> None:
    create(call)
    claimed = claim(call)
    must(call("DrainMachine", stop=True, **PLACE))

    asked = must(call("GetQueueItemsNext", _as="build-01")).outputs
    beaten = must(beat(call, claimed)).outputs

    assert (asked["drain"], asked["stop"]) == (True, True)
    assert (beaten["drain"], beaten["stop"]) == (True, True)


def test_a_bridge_goes_on_with_its_other_machines(call: Caller) -> None:
    create(call)
    other = create(call, "build-02")
    must(call("DrainMachine", stop=True, **PLACE))

    reply = must(call("GetQueueItemsNext", _as="north"))
    empty = must(call("GetQueueItemsNext", _as="north")).outputs

    assert [row["queueId"] for row in reply.rows] == [other]
    assert (empty["drain"], empty["stop"]) == (False, False)


def test_is_kept_in_the_audit(call: Caller) -> None:
    must(call("DrainMachine", stop=True, reason="old machine", **PLACE))

    row = call("GetAuditLogs", _as="ann").rows[0]

    assert (row["action"], row["entityName"]) == ("Drained", "build-01")
    assert row["details"] == "its agent is to stop: old machine"


def test_waits_for_a_claim_that_is_under_way(race: Race, call: Caller, admin: psycopg.Connection) -> None:
    queue_id = create(call)
    with race.acting("build-01", "select from api.get_queue_items_next()"):
        draining = race.start(lambda caller: caller("DrainMachine", **PLACE))

    row = draining.result().row

    assert row["inHandCount"] == 1
    assert admin.execute("select status from data.queue_item where queue_id = %s", [queue_id]).fetchall() == [
        ("ASSIGNED",)
    ]


@pytest.mark.parametrize("pooled", [False, True])
def test_nothing_is_claimed_after_its_answer(call: Caller, app: Flask, admin: psycopg.Connection, pooled: bool) -> None:
    """Sixteen claims race with it; the count in the answer is the count for ever."""
    place = POOL if pooled else {**PLACE, "queueVault": "{}"}
    for _ in range(2 * CLAIMS):
        must(call("CreateQueueItem", **place))

    def take() -> Reply:
        return call.world.caller(app.test_client())("GetQueueItemsNext", _as="build-01", itemCount=1)

    with ThreadPoolExecutor(CLAIMS + 1) as threads:
        before = [threads.submit(take) for _ in range(CLAIMS // 2)]
        draining = threads.submit(lambda: call.world.caller(app.test_client())("DrainMachine", **PLACE))
        during = [threads.submit(take) for _ in range(CLAIMS // 2)]
        promised = draining.result().row["inHandCount"]
        seen = admin.execute(IN_HAND).fetchall()
        taken = sum(len(must(each.result()).rows) for each in before + during)
    after = must(take()).rows

    assert seen == [(promised,)]
    assert (taken, after) == (promised, [])
    assert admin.execute(IN_HAND).fetchall() == [(promised,)]
