"""Calls that lock more than one row: none waits for the other in a ring, and what two share goes with the last."""

from uuid import UUID

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import create, item_of
from tests.racing import SECONDS, Call, Race, race
from tests.world import Caller, MakeItem

__all__ = ["race"]  # a fixture


class TestDeletion:
    """Items that share one request vault."""

    @pytest.mark.parametrize("retry_first", [True, False])
    def test_a_retry_at_the_same_time_has_its_vault_or_is_refused(
        self, call: Caller, queue_item: MakeItem, race: Race, retry_first: bool
    ) -> None:
        queue_id = queue_item(status="CANCELLED")
        both: list[Call] = [
            lambda other: other("RetryFailedQueueItem", originalQueueId=queue_id),
            lambda other: other("DeleteQueueItem", queueId=queue_id),
        ]

        replies = race.one_after_the_other(queue_id, *(both if retry_first else reversed(both)))

        assert [reply.failure for reply in replies] == ([0, 0] if retry_first else [0, 404])
        assert [row["vaultContent"] for row in call("GetQueueItemsNext", _as="build-01").rows] == (
            ['{"handler":"shell"}'] if retry_first else []
        )

    def test_the_last_of_two_takes_the_vault_along(
        self, call: Caller, queue_item: MakeItem, race: Race, admin: psycopg.Connection
    ) -> None:
        original = queue_item(status="CANCELLED")
        retry = call("RetryFailedQueueItem", originalQueueId=original).row["newQueueId"]

        with race.held("select from data.vault_record where vault_name = 'request' for update"):
            first = race.start(lambda other: other("DeleteQueueItem", queueId=original))
            second = race.start(lambda other: other("DeleteQueueItem", queueId=retry))

        assert (first.result(SECONDS).failure, second.result(SECONDS).failure) == (0, 0)
        left = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchone()
        assert left == (0,)


class TestManyItemsInOneCall:
    """Calls that lock many items do not wait for each other in a ring."""

    @pytest.mark.parametrize(
        ("procedure", "column"), [("UpdateQueueItemHeartbeat", "accepted"), ("ReturnQueueItems", "returned")]
    )
    def test_opposite_orders_and_names_are_no_deadlock(
        self, call: Caller, race: Race, procedure: str, column: str
    ) -> None:
        # The taskIds run against the queueIds.
        for number in (3, 2, 1):
            create(call, taskId=str(UUID(int=number)))
        rows = call("GetQueueItemsNext", _as="build-01", itemCount=3).rows
        by_queue_id = [{"queueId": row["queueId"], "claimToken": row["claimToken"]} for row in rows]
        by_task_id = [{"taskId": row["taskId"], "claimToken": row["claimToken"]} for row in reversed(rows)]

        with race.held("select from data.queue_item where queue_id = %s for update", rows[1]["queueId"]):
            first = race.start(lambda other: other(procedure, _as="build-01", items=by_queue_id))
            second = race.start(lambda other: other(procedure, _as="build-01", items=by_task_id))

        assert [row[column] for row in first.result(SECONDS).rows] == [True] * 3
        assert len(second.result(SECONDS).rows) == 3

    def test_the_stale_sweep_waits_for_nobody(self, call: Caller, clock: Clock, race: Race) -> None:
        made = [create(call) for _ in range(3)]
        rows = call("GetQueueItemsNext", _as="build-01", itemCount=3).rows
        items = [{"queueId": row["queueId"], "claimToken": row["claimToken"]} for row in rows[:2]]
        clock.advance(minutes=11)

        with race.held("select from data.queue_item where queue_id = %s for update", made[1]):
            heartbeats = race.start(lambda other: other("UpdateQueueItemHeartbeat", _as="build-01", items=items))
            with race.held("select maintenance.mark_stale(10)"):
                pass

        assert [row["accepted"] for row in heartbeats.result(SECONDS).rows] == [True, True]
        assert [item_of(call, queue_id)["healthStatus"] for queue_id in made] == ["ACTIVE", "ACTIVE", "STALE"]
