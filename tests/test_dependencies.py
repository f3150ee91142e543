"""Items that wait for others: what releases them, what fails them, and what happens at the same time."""

from functools import partial
from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, complete, create, give_back, item_of, maintain, status_of, trace_of
from tests.jobs import sweep as sweep_up
from tests.racing import SECONDS, Race, race
from tests.world import Caller, must

__all__ = ["race"]  # a fixture

HELD = "select held::text, open_dependency_count from data.queue_item where queue_id = %s"
WHY = "select details from data.queue_event where queue_id = %s and event = 'FAILED'"


def need(call: Caller, *queue_ids: int, **members: Any) -> int:
    """A new item that depends on these."""
    task_ids = [item_of(call, queue_id)["taskId"] for queue_id in queue_ids]
    return create(call, dependsOn=task_ids, **members)


def held(admin: psycopg.Connection, queue_id: int) -> tuple[str | None, int]:
    [row] = admin.execute(HELD, [queue_id]).fetchall()
    return row[0], row[1]


def nothing_waits(call: Caller) -> bool:
    rows: list[Any] = must(call("GetQueueItemsNext", _as="build-01")).rows
    return rows == []


def test_waits_until_all_are_completed(call: Caller, admin: psycopg.Connection) -> None:
    first, second = create(call), create(call)
    waiting = need(call, first, second, first)
    assert held(admin, waiting) == ("DEPENDENCY", 2)

    one, two = claim(call), claim(call)
    assert nothing_waits(call)
    must(complete(call, two))
    assert held(admin, waiting) == ("DEPENDENCY", 1)
    must(complete(call, one))

    assert held(admin, waiting) == (None, 0)
    assert trace_of(call, waiting) == ["CREATED", "RELEASED"]
    assert claim(call)["queueId"] == waiting


def test_what_was_completed_before_is_done(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call)
    must(complete(call, claim(call)))

    waiting = need(call, first)

    assert held(admin, waiting) == (None, 0)
    assert claim(call)["queueId"] == waiting


def test_waits_on_for_its_time(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call)
    waiting = need(call, first, notBefore="2030-01-01T00:00:00Z")

    must(complete(call, claim(call)))

    assert held(admin, waiting) == ("TIME", 0)


def test_does_not_expire_before_it_is_due(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    first = create(call)
    waiting = need(call, first, expiresAfterSeconds=60)
    taken = claim(call)
    clock.advance(minutes=10)

    expired = maintain(admin, "expire_items")
    must(complete(call, taken))
    clock.advance(seconds=59)

    assert expired == 0
    assert claim(call)["queueId"] == waiting


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED", "deleted", "lost"])
def test_fails_with_what_it_needs(call: Caller, admin: psycopg.Connection, clock: Clock, end: str) -> None:
    first = create(call, maxAttempts=1)
    waiting = need(call, first)
    last = need(call, waiting)

    if end == "FAILED":
        must(complete(call, claim(call), completionStatus="FAILED"))
    elif end == "CANCELLED":
        must(call("CancelQueueItem", queueId=first))
    elif end == "deleted":
        must(call("DeleteQueueItem", queueId=first))
    else:
        for _ in range(4):
            claim(call, leaseSeconds=30)
            clock.advance(seconds=31)
            sweep_up(admin)

    reason = "FAILED" if end == "lost" else end
    for queue_id, why in ((waiting, f"{first}, on which it depends, is {reason}"), (last, f"{waiting}, on which")):
        item = item_of(call, queue_id)
        assert (item["status"], item["failureReason"]) == ("FAILED", "DEPENDENCY")
        [(details,)] = admin.execute(WHY, [queue_id]).fetchall()
        assert details.startswith(f"queue item {why}")
    dead = admin.execute("select queue_id from data.dead_letter order by queue_id").fetchall()
    assert dead == [(queue_id,) for queue_id in ([first] if reason == "FAILED" else []) + [waiting, last]]


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED", "deleted", "COMPLETED"])
def test_runs_anyway_if_it_was_told_to(call: Caller, admin: psycopg.Connection, end: str) -> None:
    first, second = create(call), create(call)
    waiting = need(call, first, second, runAnyway=True)

    if end == "CANCELLED":
        must(call("CancelQueueItem", queueId=first))
    elif end == "deleted":
        must(call("DeleteQueueItem", queueId=first))
    else:
        must(complete(call, claim(call), completionStatus="SUCCESS" if end == "COMPLETED" else "FAILED"))
    assert held(admin, waiting) == ("DEPENDENCY", 1)
    must(complete(call, claim(call)))

    assert claim(call)["queueId"] == waiting


def test_what_fails_on_two_ways_fails_once(call: Caller, admin: psycopg.Connection) -> None:
    top = create(call)
    left, right = need(call, top), need(call, top)
    bottom = need(call, left, right)
    after = need(call, left, right, runAnyway=True)

    must(call("CancelQueueItem", queueId=top))

    assert [status_of(call, queue_id) for queue_id in (left, right, bottom)] == ["FAILED"] * 3
    assert trace_of(call, bottom).count("FAILED") == 1
    assert held(admin, after) == (None, 0)


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED"])
def test_refuses_a_need_that_can_not_be_completed_any_more(call: Caller, admin: psycopg.Connection, end: str) -> None:
    first = create(call)
    if end == "CANCELLED":
        must(call("CancelQueueItem", queueId=first))
    else:
        must(complete(call, claim(call), completionStatus="FAILED"))
    body: dict[str, Any] = {
        "teamName": "ops",
        "machineName": "build-01",
        "queueVault": "{}",
        "dependsOn": [item_of(call, first)["taskId"]],
    }

    refused = call("CreateQueueItem", **body)
    team, order = body["teamName"], {name: value for name, value in body.items() if name != "teamName"}
    listed = call("CreateQueueItems", teamName=team, items=[{"name": "n", **order}])
    taken = call("CreateQueueItem", runAnyway=True, **body)

    sentence = f"queue item {first} is {end}: what depends on it could never run"
    assert (refused.failure, refused.errors) == (409, [sentence])
    assert (listed.failure, listed.errors) == (409, [f"items[0] (n): {sentence}"])
    assert claim(call)["queueId"] == taken.row["queueId"]


def test_refuses_what_is_absent_foreign_or_itself(call: Caller) -> None:
    theirs = item_of(call, create(call, "dev-01", "dev", _as="carol"), "carol")["taskId"]
    own = "01890a5d-ac96-774b-bcce-b302099a8057"
    body: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}

    foreign = call("CreateQueueItem", dependsOn=[theirs], **body)
    itself = call("CreateQueueItem", dependsOn=[own], taskId=own, **body)
    absent = call("CreateQueueItem", dependsOn=[own], **body)
    many = call("CreateQueueItem", dependsOn=[own] * 101, **body)

    assert (foreign.failure, foreign.errors) == (404, [f"queue item {theirs} not found"])
    assert (itself.failure, itself.errors) == (400, ["dependsOn names the item itself"])
    assert (absent.failure, absent.errors) == (404, [f"queue item {own} not found"])
    assert (many.failure, many.errors) == (400, ["dependsOn holds 101: an item can depend on 100"])


def test_a_need_that_is_tried_again_is_not_over(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call)
    waiting = need(call, first)

    must(give_back(call, claim(call)))

    assert held(admin, waiting) == ("DEPENDENCY", 1)


def test_who_answers_a_waiting_item_does_not_wait_for_others(call: Caller, admin: psycopg.Connection) -> None:
    first = create(call)
    waiting = need(call, first)

    must(call("UpdateQueueItemResponse", queueId=waiting, responseVault="{}"))
    must(call("CancelQueueItem", queueId=first))

    assert status_of(call, waiting) == "PROCESSING"
    assert held(admin, waiting) == (None, 0)


def test_the_last_two_needs_at_the_same_time_release_it_once(
    call: Caller, race: Race, admin: psycopg.Connection
) -> None:
    first, second = create(call), create(call)
    waiting = need(call, first, second)
    one, two = claim(call), claim(call)

    with race.held("select from data.queue_item where queue_id = %s for update", waiting):
        ends = [race.start(partial(complete, claimed=row)) for row in (one, two)]
    assert [end.result(SECONDS).failure for end in ends] == [0, 0]

    assert held(admin, waiting) == (None, 0)
    assert trace_of(call, waiting).count("RELEASED") == 1


@pytest.mark.parametrize("cancel_first", [True, False])
def test_a_cancel_at_the_same_time_as_the_last_completion(
    call: Caller, race: Race, admin: psycopg.Connection, cancel_first: bool
) -> None:
    first = create(call)
    waiting = need(call, first)
    row = claim(call)
    acts = [
        lambda other: other("CancelQueueItem", queueId=waiting),
        lambda other: complete(other, row),
    ]

    with race.held("select from data.queue_item where queue_id = %s for update", waiting):
        running = [race.start(act) for act in (acts if cancel_first else reversed(acts))]

    assert [each.result(SECONDS).failure for each in running] == [0, 0]
    assert status_of(call, waiting) == "CANCELLED"
    assert status_of(call, first) == "COMPLETED"


@pytest.mark.parametrize("create_first", [True, False])
def test_a_need_that_ends_while_it_is_named_is_not_missed(
    call: Caller, race: Race, admin: psycopg.Connection, create_first: bool
) -> None:
    first = create(call)
    task_id = item_of(call, first)["taskId"]
    row = claim(call)
    acts = [
        lambda other: other(
            "CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}", dependsOn=[task_id]
        ),
        lambda other: complete(other, row),
    ]

    with race.held("select from data.queue_item where queue_id = %s for update", first):
        running = [race.start(act) for act in (acts if create_first else reversed(acts))]

    assert [each.result(SECONDS).failure for each in running] == [0, 0]
    rows = must(call("GetQueueItemsNext", _as="build-01")).rows
    assert len(rows) == 1


def test_many_completions_in_one_call_release_what_waits_for_them(call: Caller, admin: psycopg.Connection) -> None:
    needs = [create(call) for _ in range(3)]
    waiting = need(call, *needs)
    rows = must(call("GetQueueItemsNext", _as="build-01", itemCount=3)).rows

    answers = must(
        call(
            "UpdateQueueItemsToCompleted",
            _as="build-01",
            items=[
                {"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": "{}"}
                for row in reversed(rows)
            ],
        )
    ).rows

    assert {answer["accepted"] for answer in answers} == {True}
    assert trace_of(call, waiting) == ["CREATED", "RELEASED"]
    assert claim(call)["queueId"] == waiting


def test_names_the_need_that_failed_and_nothing_else_that_has(call: Caller, admin: psycopg.Connection) -> None:
    for _ in range(2):
        create(call)
        must(complete(call, claim(call), completionStatus="FAILED"))
    first = create(call)
    waiting = need(call, first)

    must(complete(call, claim(call), completionStatus="FAILED"))

    [(details,)] = admin.execute(WHY, [waiting]).fetchall()
    assert details == f"queue item {first}, on which it depends, is FAILED"
