"""GetDeadLetters: what has failed for good, and what became of it."""

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, create, fail, maintain
from tests.world import Caller, MakeItem, must


def test_lists_what_has_failed_newest_first(call: Caller) -> None:
    queue_ids = [create(call, metadata={"title": "nightly"}), create(call, maxAttempts=5)]
    for _ in queue_ids:
        must(fail(call, claim(call)))

    newest, oldest = must(call("GetDeadLetters")).rows

    assert [newest["queueId"], oldest["queueId"]] == list(reversed(queue_ids))
    assert (oldest["title"], newest["title"]) == ("nightly", None)
    assert (oldest["status"], oldest["attempts"], oldest["failureReason"]) == ("PENDING", 1, "REPORTED")
    assert (oldest["teamName"], oldest["queueName"], oldest["machineName"]) == ("ops", "default", "build-01")
    assert (oldest["settledTime"], oldest["settledBy"]) == (None, None)
    assert newest["deadLetterId"] > oldest["deadLetterId"]


def test_an_expired_item_of_the_pool_has_no_machine(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    body = {"teamName": "ops", "queueName": "default", "queueVault": "{}", "expiresAfterSeconds": 60}
    must(call("CreateQueueItem", **body))  # type: ignore[arg-type]  # no header
    clock.advance(seconds=61)
    maintain(admin, "expire_items")

    row = call("GetDeadLetters").row

    assert (row["failureReason"], row["attempts"], row["machineName"]) == ("EXPIRED", 0, None)


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED", "PENDING"])
def test_nothing_else_leaves_one(call: Caller, queue_item: MakeItem, status: str) -> None:
    queue_item(status=status)

    assert call("GetDeadLetters").rows == []


def test_shows_the_status_asked_for(call: Caller, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(status="FAILED") for _ in range(3)]
    must(call("RetryFailedQueueItem", originalQueueId=queue_ids[0]))
    letter = next(row for row in call("GetDeadLetters").rows if row["queueId"] == queue_ids[1])
    must(call("DiscardDeadLetter", deadLetterId=letter["deadLetterId"]))

    shown = {
        status: [row["queueId"] for row in must(call("GetDeadLetters", status=status)).rows]
        for status in ("resolved", "DISCARDED", "PENDING")
    }

    assert shown == {"resolved": queue_ids[:1], "DISCARDED": queue_ids[1:2], "PENDING": queue_ids[2:]}


def test_shows_the_newest_of_all_teams_up_to_the_limit(call: Caller, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(status="FAILED") for _ in range(3)]

    rows = must(call("GetDeadLetters", teamName="ops,nowhere", maxRecords=2)).rows

    assert [row["queueId"] for row in rows] == queue_ids[:0:-1]


@pytest.mark.parametrize("count", [0, 1001, -1])
def test_refuses_a_limit_out_of_range(call: Caller, count: int) -> None:
    reply = call("GetDeadLetters", maxRecords=count)

    assert (reply.failure, reply.errors) == (400, [f"maxRecords is {count}: 1 to 1,000 are possible"])


def test_refuses_a_team_of_others(call: Caller) -> None:
    reply = call("GetDeadLetters", teamName="ops,dev")

    assert (reply.failure, reply.errors) == (403, ["you are not a member of team dev"])


def test_a_deleted_item_takes_its_dead_letter_along(call: Caller, queue_item: MakeItem) -> None:
    must(call("DeleteQueueItem", queueId=queue_item(status="FAILED")))

    assert call("GetDeadLetters").rows == []


def test_leaves_out_the_newest_that_were_shown_before(call: Caller, queue_item: MakeItem) -> None:
    queue_ids = [queue_item(status="FAILED") for _ in range(4)]

    pages = [must(call("GetDeadLetters", maxRecords=2, offset=offset)).rows for offset in (0, 2, 4)]

    assert [[row["queueId"] for row in page] for page in pages] == [queue_ids[:1:-1], queue_ids[1::-1], []]


@pytest.mark.parametrize("offset", [-1, 10001])
def test_refuses_an_offset_out_of_range(call: Caller, offset: int) -> None:
    reply = call("GetDeadLetters", offset=offset)

    assert (reply.failure, reply.errors) == (400, [f"offset is {offset}: 0 to 10,000 are possible"])


def test_opens_job_and_response_when_asked(call: Caller, queue_item: MakeItem) -> None:
    queue_item(status="FAILED")

    closed, opened = call("GetDeadLetters").row, call("GetDeadLetters", includeVaults=True).row

    assert (closed["vaultContent"], closed["vaultContentResponse"]) == (None, None)
    assert (opened["vaultContent"], opened["vaultContentResponse"]) == ('{"handler":"shell"}', '{"exitCode": 0}')


def test_a_job_without_a_response_has_none(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call, expiresAfterSeconds=60)
    clock.advance(seconds=61)
    maintain(admin, "expire_items")

    row = call("GetDeadLetters", includeVaults=True).row

    assert (row["vaultContent"], row["vaultContentResponse"]) == ('{"handler":"shell"}', None)
