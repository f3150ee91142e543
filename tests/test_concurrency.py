"""Two agents never hold one item; of two calls at once, one is first."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from broker import create_app
from broker.config import Config
from tests.conftest import Clock
from tests.jobs import (
    Row,
    beat,
    claim,
    complete,
    create,
    everything,
    give_back,
    item_of,
    respond,
    status_of,
    sweep,
    trace_of,
)
from tests.racing import SECONDS, Call, Race, race
from tests.world import Caller, MakeItem, Reply, World, must

__all__ = ["race"]  # a fixture

CLAIM = "select * from api.get_queue_items_next(p_start => %s)"
CANCEL = "select * from api.cancel_queue_item(p_queue_id => %s)"


def test_every_item_is_handed_out_exactly_once(call: Caller, config: Config, world: World) -> None:
    made = [create(call, ("build-01", "build-02")[number % 2]) for number in range(120)]
    apps = [create_app(config) for _ in range(4)]
    who = ["north", "north", "build-01", "build-02", "build-01", "build-02", "bob", "ann"]

    def work(number: int) -> list[int]:
        """Claim until nothing is left."""
        mine = world.caller(apps[number % 4].test_client())
        place: Row = {"bridgeName": "north"} if who[number] in ("bob", "ann") else {}
        taken: list[int] = []
        while rows := must(mine("GetQueueItemsNext", _as=who[number], itemCount=1 + number % 3, **place)).rows:
            taken += (row["queueId"] for row in rows)
        return taken

    with ThreadPoolExecutor(8) as threads:
        taken = Counter(queue_id for ids in threads.map(work, range(8)) for queue_id in ids)
    for app in apps:
        app.extensions["procedures"].database.close()

    assert taken == Counter(made)


class TestCancelAgainstClaim:
    """An item is cancelled while it is claimed."""

    def test_a_cancel_waits_for_the_claim_and_ends_it(self, call: Caller, race: Race) -> None:
        queue_id = create(call)

        with race.acting("build-01", CLAIM, False):
            cancel = race.start(lambda other: other("CancelQueueItem", queueId=queue_id))

        assert cancel.result(SECONDS).row["status"] == "CANCELLED"
        assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "CANCELLED"]

    def test_a_cancel_waits_for_the_claim_and_finds_the_item_started(self, call: Caller, race: Race) -> None:
        queue_id = create(call)

        with race.acting("build-01", CLAIM, True):
            cancel = race.start(lambda other: other("CancelQueueItem", queueId=queue_id))

        assert cancel.result(SECONDS).errors == [f"queue item {queue_id} is PROCESSING"]

    def test_a_claim_passes_by_an_item_that_is_being_cancelled(self, call: Caller, race: Race) -> None:
        first, second = create(call), create(call)

        with race.acting("bob", CANCEL, first):
            claimed = race.at_once(lambda other: other("GetQueueItemsNext", _as="build-01"))

        assert [row["queueId"] for row in claimed.rows] == [second]
        assert status_of(call, first) == "CANCELLED"

    def test_a_repeated_claim_does_not_give_what_was_cancelled_meanwhile(self, call: Caller, race: Race) -> None:
        queue_id = create(call)
        claim(call, requestId="poll-1")

        cancel, repeated = race.one_after_the_other(
            queue_id,
            lambda other: other("CancelQueueItem", queueId=queue_id),
            lambda other: other("GetQueueItemsNext", _as="build-01", requestId="poll-1"),
        )

        assert cancel.row["status"] == "CANCELLED"
        assert repeated.rows == []


class TestCompletion:
    """A completion meets another call for the same item."""

    def test_of_two_different_ones_one_wins(self, call: Caller, queue_item: MakeItem, race: Race) -> None:
        queue_id = queue_item()
        claimed = claim(call)

        first, second = race.one_after_the_other(
            queue_id,
            lambda other: complete(other, claimed, responseVault='{"n":1}'),
            lambda other: complete(other, claimed, responseVault='{"n":2}', completionStatus="FAILED"),
        )

        assert first.row["status"] == "COMPLETED"
        assert second.failure == 409
        assert item_of(call, queue_id)["vaultContentResponse"] == '{"n":1}'

    def test_of_two_equal_ones_both_get_the_same_answer(self, call: Caller, queue_item: MakeItem, race: Race) -> None:
        queue_id = queue_item()
        claimed = claim(call)

        first, second = race.one_after_the_other(
            queue_id, lambda other: complete(other, claimed), lambda other: complete(other, claimed)
        )

        assert must(first).body == must(second).body
        assert trace_of(call, queue_id).count("COMPLETED") == 1

    def test_the_sweep_passes_by_an_item_that_is_being_completed(
        self, call: Caller, queue_item: MakeItem, clock: Clock, race: Race
    ) -> None:
        queue_item()
        claimed = claim(call, leaseSeconds=30)
        must(respond(call, claimed))
        clock.advance(seconds=31)

        # The completion has the item, and waits for the vault that it replaces.
        with race.held("select from data.vault_record where vault_name = 'response' for update"):
            completion = race.start(lambda other: complete(other, claimed))
            swept = race.threads.submit(sweep, race.admin).result(SECONDS)

        assert swept == 0
        assert completion.result(SECONDS).row["status"] == "COMPLETED"

    def test_it_is_accepted_right_after_the_sweep(
        self, call: Caller, queue_item: MakeItem, clock: Clock, race: Race
    ) -> None:
        queue_id = queue_item()
        claimed = claim(call, leaseSeconds=30)
        clock.advance(seconds=31)

        with race.held("select maintenance.rescue_lost_leases()"):
            completion = race.start(lambda other: complete(other, claimed))

        assert completion.result(SECONDS).row["status"] == "COMPLETED"
        assert trace_of(call, queue_id) == ["CREATED", "ASSIGNED", "REQUEUED", "COMPLETED"]

    def test_it_is_late_right_after_the_sweep_has_failed_the_item(self, call: Caller, clock: Clock, race: Race) -> None:
        queue_id = create(call, maxAttempts=1)
        claimed = claim(call, leaseSeconds=30)
        must(respond(call, claimed))
        clock.advance(seconds=31)

        with race.held("select maintenance.rescue_lost_leases()"):
            completion = race.start(lambda other: complete(other, claimed))

        assert completion.result(SECONDS).failure == 409
        assert trace_of(call, queue_id)[-3:] == ["FAILED", "DEAD_LETTERED", "LATE_COMPLETION"]

    def test_it_does_not_find_an_item_deleted_before(self, call: Caller, queue_item: MakeItem, race: Race) -> None:
        queue_id = queue_item()
        claimed = claim(call)

        deletion, completion = race.one_after_the_other(
            queue_id,
            lambda other: other("DeleteQueueItem", queueId=queue_id),
            lambda other: complete(other, claimed),
        )

        assert must(deletion).row["result"] == "deleted"
        assert completion.failure == 404

    def test_what_it_brought_is_deleted_after_it(
        self, call: Caller, queue_item: MakeItem, race: Race, admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item()
        claimed = claim(call)

        completion, deletion = race.one_after_the_other(
            queue_id,
            lambda other: complete(other, claimed),
            lambda other: other("DeleteQueueItem", queueId=queue_id),
        )

        assert (completion.failure, deletion.failure) == (0, 0)
        left = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchone()
        assert left == (0,)

    @pytest.mark.parametrize("cancel_first", [True, False])
    def test_a_success_wins_over_a_requested_cancel(
        self, call: Caller, queue_item: MakeItem, race: Race, cancel_first: bool
    ) -> None:
        queue_id = queue_item()
        claimed = claim(call, start=True)
        both: list[Call] = [
            lambda other: other("CancelQueueItem", queueId=queue_id, force=True),
            lambda other: complete(other, claimed),
        ]

        replies = race.one_after_the_other(queue_id, *(both if cancel_first else reversed(both)))

        assert [reply.failure for reply in replies] == ([0, 0] if cancel_first else [0, 409])
        assert status_of(call, queue_id) == "COMPLETED"


class TestAClaimThatLostItsLease:
    """The old worker comes back while a new one claims."""

    def test_a_new_claim_makes_him_late(
        self, call: Caller, queue_item: MakeItem, clock: Clock, race: Race, admin: psycopg.Connection
    ) -> None:
        queue_item()
        claimed = claim(call, leaseSeconds=30)
        clock.advance(seconds=31)
        sweep(admin)

        with race.acting("build-01", CLAIM, False):
            heartbeat = race.start(lambda other: beat(other, claimed))

        assert heartbeat.result(SECONDS).failure == 409

    def test_who_comes_back_first_is_passed_by(
        self, call: Caller, queue_item: MakeItem, clock: Clock, race: Race, admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item()
        claimed = claim(call, leaseSeconds=30)
        must(respond(call, claimed))
        clock.advance(seconds=31)
        sweep(admin)

        with race.held("select from data.vault_record where vault_name = 'response' for update"):
            response = race.start(lambda other: respond(other, claimed))
            empty = race.at_once(lambda other: other("GetQueueItemsNext", _as="build-01"))

        assert empty.rows == []
        assert response.result(SECONDS).row["queueId"] == queue_id
        assert item_of(call, queue_id)["attempt"] == 1

    @pytest.mark.parametrize("act", [beat, respond, complete, give_back])
    @pytest.mark.parametrize("second", ["build-01", "north", "bob"])
    def test_he_changes_nothing_once_another_has_claimed(
        self,
        call: Caller,
        queue_item: MakeItem,
        clock: Clock,
        admin: psycopg.Connection,
        act: Callable[[Caller, Row], Reply],
        second: str,
    ) -> None:
        queue_id = queue_item()
        late = claim(call, leaseSeconds=30)
        must(respond(call, late))
        clock.advance(seconds=31)
        sweep(admin)
        good = claim(call, second)
        before, events = everything(admin), trace_of(call, queue_id)

        reply = act(call, late)

        assert reply.failure == 409 or reply.row["returned"] is False
        assert everything(admin) == before
        assert trace_of(call, queue_id) == events + ["LATE_COMPLETION"] * (act is complete)
        assert complete(call, good, second).row["status"] == "COMPLETED"
