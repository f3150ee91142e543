"""UpdateQueueItemToCompleted by late workers: accepted while nobody else has claimed, else kept beside the item."""

from collections.abc import Callable

import psycopg
import pytest

from broker import create_app
from broker.config import Config
from tests.conftest import Clock
from tests.jobs import (
    ANSWER,
    Row,
    claim,
    complete,
    create,
    everything,
    give_back,
    item_of,
    late_sentence,
    respond,
    status_of,
    sweep,
    trace_of,
)
from tests.world import Caller, MakeItem, World, must

LATE = '{"from":"the late one"}'


@pytest.fixture
def lose(clock: Clock, admin: psycopg.Connection) -> Callable[[], None]:
    """Let every lease of 30 seconds run out, and the sweep see it."""

    def run_out() -> None:
        clock.advance(seconds=31)
        assert sweep(admin) == 1

    return run_out


def late_answers(admin: psycopg.Connection) -> list[tuple[int, int]]:
    """Claim and attempt that a late answer is kept for."""
    return admin.execute("""
        select claim.claim_number, stored.attempt
        from data.claim as claim
        join data.vault_record as stored on stored.vault_record_id = claim.late_vault_id
    """).fetchall()


def test_is_accepted_when_the_lease_is_over_and_nobody_has_noticed(
    call: Caller, queue_item: MakeItem, clock: Clock
) -> None:
    queue_item()
    claimed = claim(call, leaseSeconds=30)
    clock.advance(seconds=3600)

    assert complete(call, claimed).row["status"] == "COMPLETED"


@pytest.mark.parametrize("signs", [False, True])
def test_is_accepted_after_the_sweep_while_nobody_has_claimed(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], signs: bool
) -> None:
    queue_id = queue_item()
    claimed = claim(call, leaseSeconds=30)
    if signs:
        must(respond(call, claimed))
    lose()
    assert status_of(call, queue_id) == "PENDING"

    row = complete(call, claimed).row

    item = item_of(call, queue_id)
    assert (row["status"], item["attempt"], item["vaultContentResponse"]) == ("COMPLETED", 1, ANSWER)
    assert row["processingDurationMinutes"] > 0.5
    assert call("GetQueueItemsNext", _as="build-01").rows == []


def test_the_same_completion_after_the_sweep_again_changes_nothing(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
) -> None:
    queue_item()
    claimed = claim(call, leaseSeconds=30)
    lose()
    first = must(complete(call, claimed))
    before = everything(admin)

    assert complete(call, claimed).body == first.body
    assert everything(admin) == before


@pytest.mark.parametrize("progress", ["claimed", "responded", "completed"])
def test_is_kept_beside_the_item_when_another_has_claimed(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection, progress: str
) -> None:
    queue_id = queue_item()
    first = claim(call, leaseSeconds=30)
    must(respond(call, first))
    lose()
    second = claim(call)
    if progress != "claimed":
        must(respond(call, second))
    if progress == "completed":
        must(complete(call, second))
    before = everything(admin)

    reply = complete(call, first, responseVault=LATE)

    status = {"claimed": "ASSIGNED", "responded": "PROCESSING", "completed": "COMPLETED"}[progress]
    assert reply.failure == 409
    assert reply.errors == [late_sentence(queue_id, status)]
    assert everything(admin) == before
    assert trace_of(call, queue_id)[-1] == "LATE_COMPLETION"
    assert late_answers(admin) == [(1, 1)]


def test_is_kept_when_the_item_was_cancelled(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(call("CancelQueueItem", queueId=queue_id))
    before = everything(admin)

    reply = complete(call, claimed)

    assert reply.errors == [late_sentence(queue_id, "CANCELLED")]
    assert everything(admin) == before
    assert late_answers(admin) == [(1, 1)]


def test_is_kept_when_the_attempts_are_used_up(
    call: Caller, lose: Callable[[], None], admin: psycopg.Connection
) -> None:
    queue_id = create(call, maxAttempts=1)
    claimed = claim(call, leaseSeconds=30)
    must(respond(call, claimed))
    lose()
    before = everything(admin)

    reply = complete(call, claimed)

    assert reply.errors == [late_sentence(queue_id, "FAILED")]
    assert everything(admin) == before
    assert late_answers(admin) == [(1, 1)]


def test_is_kept_when_the_item_waits_for_a_third_worker(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    first = claim(call, leaseSeconds=30)
    must(respond(call, first))
    lose()
    must(respond(call, claim(call, leaseSeconds=30)))
    lose()
    before = everything(admin)

    reply = complete(call, first)

    assert reply.errors == [late_sentence(queue_id, "PENDING")]
    assert everything(admin) == before
    assert late_answers(admin) == [(1, 1)]


def test_is_kept_when_the_item_was_given_back(call: Caller, queue_item: MakeItem, admin: psycopg.Connection) -> None:
    queue_id = queue_item()
    claimed = claim(call)
    must(give_back(call, claimed))
    before = everything(admin)

    reply = complete(call, claimed)

    assert reply.errors == [late_sentence(queue_id, "PENDING")]
    assert everything(admin) == before
    assert late_answers(admin) == [(1, 1)]


def test_one_late_answer_is_kept_per_claim(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    first = claim(call, leaseSeconds=30)
    must(respond(call, first))
    lose()
    claim(call)

    replies = [complete(call, first), complete(call, first, responseVault=LATE)]

    assert [reply.failure for reply in replies] == [409, 409]
    assert late_answers(admin) == [(1, 1)]
    assert trace_of(call, queue_id).count("LATE_COMPLETION") == 2


def test_what_is_kept_goes_with_the_item(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
) -> None:
    queue_id = queue_item()
    first = claim(call, leaseSeconds=30)
    must(respond(call, first))
    lose()
    claim(call)
    complete(call, first)

    must(call("DeleteQueueItem", queueId=queue_id))

    left = admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchone()
    assert left == (0,)


class TestWithoutClaimToken:
    """Sessions that know no claim token."""

    def test_who_was_replaced_is_late(
        self, call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item()
        bobs = without_token(claim(call, "bob", leaseSeconds=30))
        must(respond(call, bobs, "bob"))
        lose()
        anns = without_token(claim(call, "ann", machineName="build-01"))
        before = everything(admin)

        reply = complete(call, bobs, "bob", responseVault=LATE)

        assert reply.errors == [late_sentence(queue_id, "ASSIGNED")]
        assert everything(admin) == before
        assert late_answers(admin) == [(1, 1)]
        assert complete(call, anns, "ann").row["status"] == "COMPLETED"

    def test_who_was_replaced_by_an_agent_needs_a_token(
        self, call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
    ) -> None:
        queue_item()
        bobs = without_token(claim(call, "bob", leaseSeconds=30))
        lose()
        claim(call)
        before = everything(admin)

        assert complete(call, bobs, "bob").failure == 409
        assert everything(admin) == before

    def test_who_claimed_again_himself_is_not_late(
        self, call: Caller, queue_item: MakeItem, lose: Callable[[], None]
    ) -> None:
        queue_item()
        claim(call, "bob", leaseSeconds=30)
        lose()
        claim(call, "ann", machineName="build-01", leaseSeconds=30)
        lose()
        again = without_token(claim(call, "bob"))

        assert complete(call, again, "bob").row["status"] == "COMPLETED"

    def test_an_item_put_back_is_pending_for_them(
        self, call: Caller, queue_item: MakeItem, lose: Callable[[], None], admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item()
        claimed = claim(call, "bob", leaseSeconds=30)
        must(respond(call, claimed, "bob"))
        lose()
        before = everything(admin)

        reply = complete(call, without_token(claimed), "bob")

        assert reply.failure == 409
        assert reply.errors == [f"queue item {queue_id} is PENDING"]
        assert everything(admin) == before


def without_token(claimed: Row) -> Row:
    return {**claimed, "claimToken": None}


def test_a_broker_that_remembers_an_earlier_attempt_knows_the_same_completion_again(
    call: Caller, queue_item: MakeItem, lose: Callable[[], None], config: Config, world: World
) -> None:
    queue_item()
    must(respond(call, claim(call, leaseSeconds=30)))
    lose()
    app = create_app(config)
    other = world.caller(app.test_client())
    second = claim(other)
    first_answer = must(complete(other, second))
    app.extensions["procedures"].database.close()

    again = complete(call, second)

    assert again.body == first_answer.body
