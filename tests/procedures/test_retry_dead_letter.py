"""RetryDeadLetter: once more what has failed for good."""

import psycopg
import pytest

from tests.jobs import claim, create, everything, fail, item_of, status_of, trace_of
from tests.races import meet
from tests.racing import SECONDS, Race, race
from tests.world import Caller, MakeItem, must

__all__ = ["race"]  # a fixture


@pytest.fixture
def letter_id(call: Caller, queue_item: MakeItem) -> int:
    queue_item(status="FAILED", job='{"handler":"again"}')
    found: int = call("GetDeadLetters").row["deadLetterId"]
    return found


def test_queues_the_job_again_and_resolves_the_dead_letter(call: Caller, letter_id: int) -> None:
    row = call("RetryDeadLetter", deadLetterId=letter_id).row

    claimed = claim(call)
    letter = call("GetDeadLetters").row
    assert (claimed["queueId"], claimed["taskId"], claimed["attempt"]) == (row["queueId"], row["taskId"], 1)
    assert (claimed["vaultContent"], row["machineName"]) == ('{"handler":"again"}', "build-01")
    assert (row["status"], letter["status"], letter["settledBy"]) == ("RESOLVED", "RESOLVED", "bob@acme.example")
    assert letter["settledTime"] == row["time"]
    assert item_of(call, row["queueId"])["originalQueueId"] == row["originalQueueId"] == letter["queueId"]
    assert trace_of(call, row["originalQueueId"])[-1] == "RETRIED"


def test_the_retries_of_the_new_item_begin_anew(call: Caller) -> None:
    create(call, retries=1, maxAttempts=2, backoff={"fixed": {"delayMs": 60_000}})
    must(fail(call, claim(call), retryable=False))

    must(call("RetryDeadLetter", deadLetterId=call("GetDeadLetters").row["deadLetterId"]))

    assert fail(call, claim(call)).row["status"] == "PENDING"


def test_it_is_audited(call: Caller, admin: psycopg.Connection, letter_id: int) -> None:
    must(call("RetryDeadLetter", deadLetterId=letter_id))

    rows = admin.execute(
        "select actor, action, entity from data.audit where procedure_name = 'RetryDeadLetter'"
    ).fetchall()
    assert rows == [("bob@acme.example", "Retried", "DeadLetter")]


def test_a_new_failure_leaves_a_dead_letter_of_its_own(call: Caller, letter_id: int) -> None:
    must(call("RetryDeadLetter", deadLetterId=letter_id))
    must(fail(call, claim(call)))

    assert [row["status"] for row in call("GetDeadLetters").rows] == ["PENDING", "RESOLVED"]


@pytest.mark.parametrize(("settle", "status"), [("RetryDeadLetter", "RESOLVED"), ("DiscardDeadLetter", "DISCARDED")])
def test_refuses_one_that_is_settled(
    call: Caller, admin: psycopg.Connection, letter_id: int, settle: str, status: str
) -> None:
    must(call(settle, deadLetterId=letter_id))
    before = everything(admin)

    reply = call("RetryDeadLetter", deadLetterId=letter_id)

    assert (reply.failure, reply.errors) == (409, [f"dead letter {letter_id} is {status}"])
    assert everything(admin) == before


def test_any_other_retry_resolves_it_too(call: Caller, letter_id: int) -> None:
    must(call("DiscardDeadLetter", deadLetterId=letter_id))
    original = call("GetDeadLetters").row["queueId"]

    must(call("RetryFailedQueueItem", _as="bob", originalQueueId=original))

    assert call("GetDeadLetters").row["status"] == "RESOLVED"
    assert call("RetryDeadLetter", deadLetterId=letter_id).failure == 409


def test_of_two_at_once_one_retries(call: Caller, database: str, letter_id: int) -> None:
    replies = meet(
        database,
        "select from data.queue_item for update",
        [lambda: call("RetryDeadLetter", deadLetterId=letter_id) for _ in range(2)],
    )

    assert sorted(reply.failure for reply in replies) == [0, 409]
    assert len(must(call("GetQueueItemsNext", _as="build-01", itemCount=9)).rows) == 1


def test_a_retry_meets_a_retry_of_the_item(call: Caller, database: str, letter_id: int) -> None:
    original = call("GetDeadLetters").row["queueId"]

    by_letter, by_item = meet(
        database,
        "select from data.queue_item for update",
        [
            lambda: call("RetryDeadLetter", deadLetterId=letter_id),
            lambda: call("RetryFailedQueueItem", originalQueueId=original),
        ],
    )

    assert by_item.failure == 0
    assert by_letter.failure in (0, 409)
    assert status_of(call, original) == "FAILED"


def test_refuses_one_of_another_team_as_if_it_were_not_there(call: Caller, letter_id: int) -> None:
    reply = call("RetryDeadLetter", _as="carol", deadLetterId=letter_id)

    assert (reply.failure, reply.errors) == (404, [f"dead letter {letter_id} not found"])


def test_waits_at_the_gate_before_it_locks_anything(letter_id: int, race: Race) -> None:
    with race.held("select queue.close_gate(1)") as closing:
        retried = race.start(lambda other: other("RetryDeadLetter", deadLetterId=letter_id))
        closing.execute("select from data.queue_item, data.machine, data.dead_letter for update nowait")

    assert retried.result(SECONDS).failure == 0
