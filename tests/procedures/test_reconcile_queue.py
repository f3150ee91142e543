"""ReconcileQueue: lost leases and orphans, now."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.racing import Race, race
from tests.test_maintenance import run, state, trace
from tests.world import Caller, MakeItem, must

__all__ = ["race"]  # a fixture

PLACE: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
NOTHING = {"recovered": 0, "requeued": 0, "failed": 0, "orphans": 0}


def reconcile(call: Caller, **members: Any) -> dict[str, Any]:
    return must(call("ReconcileQueue", **members)).row


def lose(admin: psycopg.Connection, queue_id: int) -> None:
    """Let the lease of an item have run out."""
    admin.execute(
        "update data.queue_item set lease_until = data.clock() - interval '1 s' where queue_id = %s", [queue_id]
    )


def test_with_everything_in_order_it_changes_nothing(call: Caller, queue_item: MakeItem) -> None:
    queue_item(status="PROCESSING")
    queue_item(status="PENDING")

    assert reconcile(call, teamName="ops") == NOTHING


def test_an_item_whose_lease_ran_out_waits_again(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item(status="PROCESSING")
    lose(admin, queue_id)

    assert reconcile(call, teamName="ops") == {**NOTHING, "recovered": 1, "requeued": 1}
    assert state(admin, queue_id)[0] == "PENDING"


def test_an_item_without_attempts_left_fails(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = must(call("CreateQueueItem", **PLACE, maxAttempts=1)).row["queueId"]
    claimed = must(call("GetQueueItemsNext", _as="build-01", itemCount=1)).row
    item = {"queueId": queue_id, "claimToken": claimed["claimToken"]}
    must(call("UpdateQueueItemHeartbeat", _as="build-01", items=[item]))
    lose(admin, queue_id)

    assert reconcile(call, queueName="default") == {**NOTHING, "recovered": 1, "failed": 1}
    assert state(admin, queue_id)[0] == "FAILED"


def test_an_item_that_was_being_cancelled_is_cancelled(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item(status="CANCELLING")
    lose(admin, queue_id)

    assert reconcile(call) == {**NOTHING, "recovered": 1}
    assert state(admin, queue_id)[0] == "CANCELLED"


def test_an_item_that_outlived_its_timeout_fails(call: Caller, admin: psycopg.Connection) -> None:
    queue_id = must(call("CreateQueueItem", **PLACE, timeoutSeconds=10)).row["queueId"]
    must(call("GetQueueItemsNext", _as="build-01", itemCount=1, start=True))
    admin.execute("update data.queue_item set deadline_time = data.clock() - interval '2 min'")

    assert reconcile(call) == {**NOTHING, "recovered": 1, "failed": 1}
    assert state(admin, queue_id)[0] == "FAILED"


def test_an_open_claim_of_an_item_in_nobodys_hands_is_closed(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    for status in ("COMPLETED", "PROCESSING"):
        queue_item(status=status)
    admin.execute("update data.claim set outcome = null, ended_time = null")

    assert reconcile(call) == {**NOTHING, "orphans": 1}
    assert reconcile(call) == NOTHING


def test_a_lane_of_a_deleted_queue_goes_when_it_is_empty(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_item(status="CANCELLED")
    admin.execute(
        "update data.queue_policy set removed_time = data.clock() "
        "where policy_id in (select policy_id from data.queue_item)"
    )

    assert reconcile(call)["orphans"] > 0
    rows = admin.execute(
        "select lane_id from data.lane where policy_id in (select policy_id from data.queue_item)"
    ).fetchall()
    assert rows == []


def test_an_item_whose_lane_is_gone_can_be_taken_again(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    admin.execute("delete from data.lane where lane_id in (select lane_id from data.queue_item)")
    assert must(call("GetQueueItemsNext", _as="build-01", itemCount=1)).rows == []

    assert reconcile(call) == {**NOTHING, "orphans": 1}
    assert must(call("GetQueueItemsNext", _as="build-01", itemCount=1)).row["queueId"] == queue_id


class TestAnItemAllOfWhoseNeedsHaveEnded:
    @pytest.fixture
    def needed(self, call: Caller) -> dict[str, Any]:
        return must(call("CreateQueueItem", **PLACE)).row

    def waiting(self, call: Caller, needed: dict[str, Any], **members: Any) -> int:
        made = must(call("CreateQueueItem", **PLACE, dependsOn=[needed["taskId"]], **members)).row
        queue_id: int = made["queueId"]
        return queue_id

    def end(self, admin: psycopg.Connection, needed: dict[str, Any], status: str) -> None:
        """End an item as no procedure does it: nobody settles what depends on it."""
        admin.execute(
            "update data.queue_item set status = %s, finished_time = data.clock(), completion_status = 'SUCCESS' "
            "where queue_id = %s",
            [status, needed["queueId"]],
        )
        admin.execute(
            "insert into data.queue_event (company_id, queue_id, event_time, event, attempt, actor) "
            "select company_id, queue_id, data.clock(), status::text::data.event_kind, 0, 'test' "
            "from data.queue_item where queue_id = %s",
            [needed["queueId"]],
        )

    def test_goes_on(self, call: Caller, admin: psycopg.Connection, needed: dict[str, Any]) -> None:
        queue_id = self.waiting(call, needed)
        self.end(admin, needed, "COMPLETED")

        assert reconcile(call) == {**NOTHING, "orphans": 1}
        assert must(call("GetQueueItemsNext", _as="build-01", itemCount=1)).row["queueId"] == queue_id

    def test_fails_with_one_that_was_cancelled(
        self, call: Caller, admin: psycopg.Connection, needed: dict[str, Any]
    ) -> None:
        queue_id = self.waiting(call, needed)
        self.end(admin, needed, "CANCELLED")

        assert reconcile(call) == {**NOTHING, "orphans": 1}
        assert state(admin, queue_id)[0] == "FAILED"
        assert "DEAD_LETTERED" in trace(admin, queue_id)

    def test_runs_anyway_if_it_said_so(self, call: Caller, admin: psycopg.Connection, needed: dict[str, Any]) -> None:
        queue_id = self.waiting(call, needed, runAnyway=True)
        self.end(admin, needed, "CANCELLED")

        assert reconcile(call) == {**NOTHING, "orphans": 1}
        assert state(admin, queue_id)[0] == "PENDING"

    def test_waits_on_while_one_has_not(self, call: Caller, needed: dict[str, Any]) -> None:
        self.waiting(call, needed)

        assert reconcile(call) == NOTHING


def test_other_queues_are_left_alone(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    must(call("CreateQueue", teamName="ops", queueName="mail"))
    queue_id = queue_item(status="PROCESSING")
    lose(admin, queue_id)

    assert reconcile(call, queueName="mail") == NOTHING
    assert reconcile(call, _as="gina", teamName="ops") == NOTHING
    assert state(admin, queue_id)[0] == "PROCESSING"


def test_an_item_whose_agent_is_speaking_is_skipped(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, database: str
) -> None:
    queue_id = queue_item(status="PROCESSING")
    lose(admin, queue_id)

    with psycopg.connect(database) as other:
        other.execute("select from data.queue_item where queue_id = %s for update", [queue_id])
        assert reconcile(call) == NOTHING


def test_it_is_in_the_audit(call: Caller, admin: psycopg.Connection) -> None:
    reconcile(call, queueName="default")

    rows = admin.execute("select entity_name, details from data.audit where action = 'Reconciled'").fetchall()
    assert rows == [("default", "0 taken back, 0 requeued, 0 failed, 0 orphans")]


def test_the_team_must_be_the_callers(call: Caller) -> None:
    reply = call("ReconcileQueue", teamName="dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_an_unknown_team_has_nothing_to_reconcile(call: Caller) -> None:
    assert must(call("ReconcileQueue", teamName="nowhere")).rows == []


def test_an_unknown_queue_is_not_found(call: Caller) -> None:
    reply = call("ReconcileQueue", queueName="nothing")

    assert (reply.failure, reply.errors) == (404, ["queue nothing not found in these teams"])


def test_the_brokers_do_it_by_the_clock(queue_item: MakeItem, admin: psycopg.Connection, clock: Clock) -> None:
    queue_id = queue_item(status="PROCESSING")
    clock.advance(days=1)

    assert run(admin, "reconcile()") == 1
    assert state(admin, queue_id)[0] == "PENDING"
    assert run(admin, "reconcile()") == 0


def test_what_waits_can_be_had_meanwhile(queue_item: MakeItem, race: Race) -> None:
    queue_id = queue_item()

    with race.held("select maintenance.reconcile()"):
        claimed = race.at_once(lambda other: other("GetQueueItemsNext", _as="build-01"))

    assert claimed.row["queueId"] == queue_id


def test_a_lane_of_another_queue_stays(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_item(status="CANCELLED")
    kept = must(call("CreateQueueItem", **{**PLACE, "machineName": "build-02"})).row["queueId"]
    must(call("CreateQueue", teamName="ops", queueName="gone"))
    ended = must(call("CreateQueueItem", **PLACE, queueName="gone")).row["queueId"]
    must(call("CancelQueueItem", queueId=ended))
    admin.execute("update data.queue_policy set removed_time = data.clock() where queue_name = 'gone'")

    reconcile(call)

    assert must(call("GetQueueItemsNext", _as="north", itemCount=9)).row["queueId"] == kept


def test_items_of_several_lanes_that_are_gone_can_be_taken_again_by_their_machines(
    call: Caller, admin: psycopg.Connection
) -> None:
    made = [
        must(call("CreateQueueItem", **{**PLACE, "machineName": machine})).row["queueId"]
        for machine in ("build-01", "build-02")
    ]
    admin.execute("delete from data.lane where lane_id in (select lane_id from data.queue_item)")

    assert reconcile(call) == {**NOTHING, "orphans": 2}
    assert [row["queueId"] for row in must(call("GetQueueItemsNext", _as="build-01")).rows] == made[:1]
    assert [row["queueId"] for row in must(call("GetQueueItemsNext", _as="north")).rows] == made[1:]
