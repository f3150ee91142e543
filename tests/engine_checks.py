"""A short list of what the engine must do, to be run against engines that are broken on purpose (test_mutants.py)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from broker.crypto.tokens import token_hash
from tests.conftest import Clock, broken_invariants
from tests.jobs import (
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
from tests.world import Caller, must

CLAIM_ONE = "select item.queue_id from api.get_queue_items_next(p_item_count => 1), unnest(items) as item"
EMPTY = """
    delete from data.queue_item;
    delete from data.vault_record where owner_kind = 'queue_item';
    delete from data.queue_event;
    delete from data.idempotency;
    delete from data.lane;
"""


@dataclass(frozen=True)
class Ground:
    """A broker and its database."""

    call: Caller
    admin: psycopg.Connection
    clock: Clock
    url: str

    @contextmanager
    def acting(self, name: str) -> Iterator[psycopg.Connection]:
        """A transaction of somebody of the world, who does not wait for locks."""
        with psycopg.connect(self.url, options="-c lock_timeout=300ms") as connection:
            digest = token_hash(self.call.world.tokens[name]).hex()
            connection.execute("select set_config('broker.token_hash', %s, true)", [digest])
            yield connection

    def lose(self) -> None:
        """Let every lease of 30 seconds run out, and the sweep see it."""
        self.clock.advance(seconds=31)
        assert sweep(self.admin) == 1


def hands_out_the_first_in_order(ground: Ground) -> None:
    older, newer = create(ground.call), create(ground.call)
    urgent = create(ground.call, "build-02", priority=1)
    assert [claim(ground.call, "north")["queueId"] for _ in range(2)] == [urgent, older]
    last = claim(ground.call)
    assert (last["queueId"], last["attempt"]) == (newer, 1)
    assert ground.call("GetQueueItemsNext", _as="north").rows == []


def hands_out_an_item_once_and_waits_for_nobody(ground: Ground) -> None:
    first_made, second_made = create(ground.call), create(ground.call)
    elsewhere = create(ground.call, "build-02", priority=5)  # a claim of one passes by a lane whose first is held
    for other, next_one in (("build-01", second_made), ("north", elsewhere)):
        with ground.acting("build-01") as first, ground.acting(other) as second:
            taken = [connection.execute(CLAIM_ONE).fetchall() for connection in (first, second)]
            assert taken == [[(first_made,)], [(next_one,)]]
            first.rollback()
            second.rollback()


def keeps_companies_and_teams_apart(ground: Ground) -> None:
    ours, theirs = create(ground.call), create(ground.call, _as="gina")
    for caller in ("carol", "gina", "dev-01", "build-02"):
        assert ground.call("CancelQueueItem", _as=caller, queueId=ours).failure in (403, 404)
        assert ground.call("GetQueueItemTrace", _as=caller, queueId=ours).failure == 404
    assert claim(ground.call, "gina", machineName="build-01")["queueId"] == theirs
    theirs = create(ground.call, _as="gina")
    assert claim(ground.call, "gina", bridgeName="north")["queueId"] == theirs
    create(ground.call, "dev-01", "dev", _as="carol")
    [row] = ground.call("GetQueueItemsNext", machineName=None, bridgeName="north", itemCount=9).rows
    assert row["queueId"] == ours
    assert ground.call("GetQueueItemsNext", _as="carol", machineName="build-01").failure == 403


def repeats_a_claim_for_its_caller_only(ground: Ground) -> None:
    create(ground.call)
    first = claim(ground.call, "bob", requestId="r", leaseSeconds=300)
    assert ground.call("GetQueueItemsNext", _as="ann", machineName="build-01", requestId="r").rows == []
    assert ground.call("GetQueueItemsNext", machineName="build-02", requestId="r").rows == []
    second = claim(ground.call, "bob", requestId="r", leaseSeconds=300)
    assert second["queueId"] == first["queueId"]
    assert beat(ground.call, first, "bob").failure == 409
    must(beat(ground.call, second, "bob", leaseSeconds=3000))
    ground.clock.advance(seconds=301)
    assert ground.call("GetQueueItemsNext", machineName="build-01", requestId="r").rows == []


def does_not_repeat_what_was_cancelled(ground: Ground) -> None:
    queue_id = create(ground.call)
    claim(ground.call, requestId="r")
    must(ground.call("CancelQueueItem", queueId=queue_id))
    assert ground.call("GetQueueItemsNext", _as="build-01", requestId="r").rows == []


def lets_a_late_worker_change_nothing(ground: Ground) -> None:
    queue_id = create(ground.call)
    first = claim(ground.call, leaseSeconds=30)
    must(respond(ground.call, first))
    ground.lose()
    second = claim(ground.call, leaseSeconds=30)
    assert (second["attempt"], item_of(ground.call, queue_id)["hasResponse"]) == (2, 0)
    before = everything(ground.admin)
    for act in (beat, respond, complete):
        assert act(ground.call, first).failure == 409
    assert give_back(ground.call, first).row["returned"] is False
    assert everything(ground.admin) == before
    kept = ground.admin.execute("select count(*) from data.claim where late_vault_id is not null").fetchone()
    assert kept == (1,)
    ground.lose()
    assert complete(ground.call, first).failure == 409
    assert complete(ground.call, second).row["status"] == "COMPLETED"


def takes_a_worker_back_while_nobody_has_claimed(ground: Ground) -> None:
    queue_id = create(ground.call)
    claimed = claim(ground.call, leaseSeconds=30)
    must(respond(ground.call, claimed))
    ground.lose()
    must(beat(ground.call, claimed))
    item = item_of(ground.call, queue_id)
    assert (item["status"], item["attempt"], item["hasResponse"]) == ("PROCESSING", 1, 1)
    assert sweep(ground.admin) == 0
    ground.lose()
    assert complete(ground.call, claimed).row["status"] == "COMPLETED"


def renews_a_lease(ground: Ground) -> None:
    create(ground.call)
    claimed = claim(ground.call, leaseSeconds=30)
    ground.clock.advance(seconds=20)
    must(beat(ground.call, claimed, leaseSeconds=300))
    ground.clock.advance(seconds=200)
    must(beat(ground.call, claimed))
    ground.clock.advance(seconds=200)
    assert sweep(ground.admin) == 0


def rescues_only_what_was_lost(ground: Ground) -> None:
    create(ground.call)
    alive = create(ground.call, "build-02")
    claim(ground.call, leaseSeconds=30)
    claim(ground.call, "build-02", leaseSeconds=300)
    ground.lose()
    assert item_of(ground.call, alive)["status"] == "ASSIGNED"


def counts_attempts(ground: Ground) -> None:
    queue_id = create(ground.call, maxAttempts=2)
    for _ in range(4):
        claimed = claim(ground.call, start=True)
        must(beat(ground.call, claimed))
        must(give_back(ground.call, claimed))
    for attempt in (1, 1, 1, 1, 2):
        assert claim(ground.call, leaseSeconds=30)["attempt"] == attempt
        ground.lose()
    item = item_of(ground.call, queue_id)
    assert (item["status"], item["failureReason"], item["attempt"]) == ("FAILED", "LOST", 2)


def answers_for_agents_with_their_token_only(ground: Ground) -> None:
    create(ground.call)
    create(ground.call)
    agents, bobs = claim(ground.call), claim(ground.call, "bob")
    without = {"claimToken": None}
    for caller in ("bob", "build-01"):
        assert complete(ground.call, {**agents, **without}, caller).failure == 409
        assert complete(ground.call, {**agents, "claimToken": bobs["claimToken"]}, caller).failure == 409
    assert complete(ground.call, {**bobs, **without}).failure == 409
    assert complete(ground.call, {**bobs, **without}, "ann").row["status"] == "COMPLETED"
    assert complete(ground.call, agents).row["status"] == "COMPLETED"


def knows_who_was_replaced_without_a_token(ground: Ground) -> None:
    create(ground.call)
    bobs = {**claim(ground.call, "bob", leaseSeconds=30), "claimToken": None}
    must(respond(ground.call, bobs, "bob"))
    ground.lose()
    claim(ground.call, "ann", machineName="build-01")
    assert complete(ground.call, bobs, "bob").failure == 409
    kept = ground.admin.execute("select claim_number from data.claim where late_vault_id is not null").fetchall()
    assert kept == [(1,)]


def completes_exactly_once(ground: Ground) -> None:
    queue_id = create(ground.call)
    claimed = claim(ground.call)
    assert complete(ground.call, claimed, completionStatus="CANCELLED").failure == 409
    first = must(complete(ground.call, claimed))
    assert complete(ground.call, claimed).body == first.body
    assert complete(ground.call, claimed, responseVault="{}").failure == 409
    assert complete(ground.call, claimed, completionStatus="PARTIAL").failure == 409
    assert ground.call("UpdateQueueItemToCompleted", queueId=queue_id, responseVault="{}").failure == 409
    assert ground.call("RetryFailedQueueItem", originalQueueId=queue_id).failure == 409


def stops_what_was_asked_to_stop(ground: Ground) -> None:
    for reported, ended in (("SUCCESS", "COMPLETED"), ("FAILED", "CANCELLED"), (None, "CANCELLED")):
        queue_id = create(ground.call)
        claimed = claim(ground.call, start=True, leaseSeconds=30)
        assert ground.call("CancelQueueItem", queueId=queue_id).failure == 409
        must(ground.call("CancelQueueItem", queueId=queue_id, force=True))
        assert beat(ground.call, claimed).row["cancelRequested"] is True
        if reported:
            must(complete(ground.call, claimed, completionStatus=reported))
        else:
            ground.lose()
        assert status_of(ground.call, queue_id) == ended


def compares_versions_of_responses(ground: Ground) -> None:
    queue_id = create(ground.call)
    for version, failure in ((1, 409), (None, 0), (None, 409), (0, 409), (2, 409), (1, 0), (1, 409), (2, 0)):
        reply = ground.call(
            "UpdateQueueItemResponse", queueId=queue_id, responseVault=f'{{"v":{version or 0}}}', vaultVersion=version
        )
        assert reply.failure == failure, version
    assert item_of(ground.call, queue_id)["vaultVersionResponse"] == 3


def leaves_no_vault_behind(ground: Ground) -> None:
    queue_id = create(ground.call)
    first = claim(ground.call, leaseSeconds=30)
    must(respond(ground.call, first))
    ground.lose()
    must(respond(ground.call, claim(ground.call)))
    complete(ground.call, first)
    must(ground.call("DeleteQueueItem", queueId=queue_id))
    original = create(ground.call)
    must(ground.call("CancelQueueItem", queueId=original))
    must(ground.call("RetryFailedQueueItem", originalQueueId=original))
    must(ground.call("DeleteQueueItem", queueId=original))
    assert claim(ground.call)["vaultContent"] == '{"handler":"shell"}'


def keeps_to_the_limits_of_queues(ground: Ground) -> None:
    for name, concurrency in (("narrow", 2), ("single", 1)):
        ground.call("CreateQueue", teamName="ops", queueName=name, concurrency=concurrency)  # or it is there
    narrow = [create(ground.call, queueName="narrow") for _ in range(4)]
    single = [create(ground.call, queueName="single") for _ in range(2)]
    taken = must(ground.call("GetQueueItemsNext", _as="build-01", itemCount=9)).rows
    assert [row["queueId"] for row in taken] == [*narrow[:2], single[0]]
    assert ground.call("GetQueueItemsNext", _as="build-01").rows == []
    must(complete(ground.call, taken[0]))
    [row] = must(ground.call("GetQueueItemsNext", _as="build-01", itemCount=9)).rows
    assert row["queueId"] == narrow[2]


def fails_only_crashes_where_they_are_not_tried_again(ground: Ground) -> None:
    ground.call("CreateQueue", teamName="ops", queueName="frail", retryOnCrash=False)
    queue_id = create(ground.call, queueName="frail")
    for sign, ended in ((False, "PENDING"), (True, "FAILED")):
        claimed = claim(ground.call, leaseSeconds=30)
        if sign:
            must(beat(ground.call, claimed))
        ground.lose()
        assert status_of(ground.call, queue_id) == ended


def keeps_a_trace_of_each_item(ground: Ground) -> None:
    waiting = create(ground.call, "build-02")
    queue_id = create(ground.call)
    must(complete(ground.call, claim(ground.call, start=True)))
    assert trace_of(ground.call, queue_id) == ["CREATED", "ASSIGNED", "PROCESSING", "COMPLETED"]
    assert trace_of(ground.call, waiting) == ["CREATED"]


CHECKS: tuple[Callable[[Ground], None], ...] = (
    hands_out_the_first_in_order,
    hands_out_an_item_once_and_waits_for_nobody,
    keeps_companies_and_teams_apart,
    repeats_a_claim_for_its_caller_only,
    does_not_repeat_what_was_cancelled,
    lets_a_late_worker_change_nothing,
    takes_a_worker_back_while_nobody_has_claimed,
    renews_a_lease,
    rescues_only_what_was_lost,
    counts_attempts,
    answers_for_agents_with_their_token_only,
    knows_who_was_replaced_without_a_token,
    completes_exactly_once,
    stops_what_was_asked_to_stop,
    compares_versions_of_responses,
    leaves_no_vault_behind,
    keeps_to_the_limits_of_queues,
    fails_only_crashes_where_they_are_not_tried_again,
    keeps_a_trace_of_each_item,
)


def first_failure(ground: Ground) -> str | None:
    """The first check that this engine does not pass."""
    for check in CHECKS:
        ground.admin.execute(EMPTY)
        try:
            check(ground)
            assert broken_invariants(ground.url) == {}
        except (AssertionError, ValueError, psycopg.Error):  # ValueError: not the one row that was expected
            return check.__name__
    return None
