"""UpdateQueueItemsToCompleted."""

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import ANSWER, claim, complete, create, everything, give_back, item_of, late_sentence, respond, trace_of
from tests.jobs import sweep as sweep_up
from tests.racing import SECONDS, Race, race
from tests.world import Caller, Reply, must

__all__ = ["race"]  # a fixture

Row = dict[str, Any]


def done(claimed: Row, **members: Any) -> Row:
    """The completion of one claimed item."""
    return {
        "taskId": claimed["taskId"],
        "claimToken": claimed["claimToken"],
        "responseVault": ANSWER,
        **members,
    }


def finish(call: Caller, *items: Row, _as: str = "build-01") -> Reply:
    return call("UpdateQueueItemsToCompleted", _as=_as, items=list(items))


def claimed(call: Caller, count: int) -> list[Row]:
    """So many new items of build-01, claimed by its agent, oldest first."""
    for _ in range(count):
        create(call)
    return must(call("GetQueueItemsNext", _as="build-01", itemCount=count)).rows


def test_finishes_each_with_its_own_answer(call: Caller) -> None:
    first, second = claimed(call, 2)

    rows = must(
        finish(call, done(second, responseVault='"b"', completionStatus="PARTIAL"), done(first, responseVault='"a"'))
    ).rows

    assert [list(row) for row in rows] == [["taskId", "queueId", "accepted", "status", "message"]] * 2
    assert [(row["queueId"], row["taskId"], row["accepted"], row["status"], row["message"]) for row in rows] == [
        (item["queueId"], item["taskId"], True, "COMPLETED", None) for item in (second, first)
    ]
    shown = [item_of(call, item["queueId"]) for item in (first, second)]
    assert [row["vaultContentResponse"] for row in shown] == ['"a"', '"b"']
    assert [row["completionStatus"] for row in shown] == ["SUCCESS", "PARTIAL"]


def test_does_to_each_what_the_single_call_does(call: Caller, admin: psycopg.Connection) -> None:
    alone, together = claimed(call, 2)

    must(complete(call, alone))
    must(finish(call, done(together)))

    items = admin.execute(
        "select to_jsonb(item) - '{queue_id,task_id,request_vault_id,response_vault_id}'::text[] "
        "- '{finished_time,last_heartbeat_time,created_time,ready_time}'::text[] from data.queue_item as item"
    ).fetchall()
    claims = admin.execute(
        "select to_jsonb(claim) - '{queue_id,ended_time,sign_time,answer_fingerprint}'::text[] from data.claim as claim"
    ).fetchall()
    assert items[0] == items[1]
    assert claims[0] == claims[1]
    assert trace_of(call, alone["queueId"]) == trace_of(call, together["queueId"])


def test_takes_a_hundred_and_names_by_queue_id(call: Caller) -> None:
    rows = claimed(call, 100)

    answers = must(
        finish(call, *({**done(row), "taskId": None, "queueId": row["queueId"]} for row in reversed(rows)))
    ).rows

    assert [answer["queueId"] for answer in answers] == [row["queueId"] for row in reversed(rows)]
    assert {answer["accepted"] for answer in answers} == {True}


def test_what_fails_fails_and_leaves_a_dead_letter(call: Caller, admin: psycopg.Connection) -> None:
    first, second = claimed(call, 2)

    rows = must(finish(call, done(first, completionStatus="FAILED", retryable=False), done(second))).rows

    assert [row["status"] for row in rows] == ["FAILED", "COMPLETED"]
    assert admin.execute("select queue_id from data.dead_letter").fetchall() == [(first["queueId"],)]


def test_late_foreign_and_wrong_ones_do_not_refuse_the_call(call: Caller, clock: Clock) -> None:
    good, late, wrong, again = claimed(call, 4)
    other = create(call, "build-02")
    foreign = create(call, _as="gina")
    must(give_back(call, late))
    must(complete(call, again))
    absent = str(uuid4())

    rows = must(
        finish(
            call,
            done(late),
            {"queueId": foreign, "claimToken": good["claimToken"], "responseVault": ANSWER},
            done({"taskId": absent, "claimToken": "x"}),
            done(wrong, claimToken="another"),
            done(wrong, claimToken=None),
            done(again, responseVault="{}"),
            done(wrong, completionStatus="CANCELLED"),
            done(wrong, responseVault=None),
            {"queueId": other, "claimToken": good["claimToken"], "responseVault": ANSWER},
            {"claimToken": good["claimToken"], "responseVault": ANSWER},
            done(good),
        )
    ).rows

    number = wrong["queueId"]
    assert [row["message"] for row in rows] == [
        late_sentence(late["queueId"], "PENDING"),
        f"queue item {foreign} not found",
        f"queue item {absent} not found",
        f"claimToken is not one of queue item {number}",
        f"queue item {number} was claimed by an agent: claimToken is needed",
        f"queue item {again['queueId']} was completed by this claim with another answer; nothing was changed",
        f"queue item {number} is ASSIGNED: CANCELLED only confirms a cancel that was requested",
        "responseVault is missing",
        f"queue item {other} not found",
        "queueId or taskId is missing: name the item by one of them",
        None,
    ]
    assert [row["accepted"] for row in rows] == [False] * 10 + [True]
    assert [rows[place]["status"] for place in (1, 2, 8)] == [None] * 3
    assert item_of(call, number)["status"] == "ASSIGNED"


def test_a_late_answer_is_kept_and_changes_nothing(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    first = claim(call, leaseSeconds=30)
    clock.advance(seconds=31)
    sweep_up(admin)
    claim(call)
    before = everything(admin)

    row = must(finish(call, done(first))).row

    assert (row["accepted"], row["status"]) == (False, "ASSIGNED")
    assert everything(admin) == before
    assert admin.execute("select count(*) from data.claim where late_vault_id is not null").fetchone() == (1,)
    assert trace_of(call, first["queueId"])[-1] == "LATE_COMPLETION"


def test_the_same_completions_again_are_accepted_and_change_nothing(call: Caller, admin: psycopg.Connection) -> None:
    rows = claimed(call, 2)
    first = must(finish(call, *map(done, rows)))
    before = everything(admin)

    again = must(finish(call, *map(done, rows)))

    assert again.body == first.body
    assert everything(admin) == before


@pytest.mark.parametrize(("second", "accepted"), [(ANSWER, [True, True]), ('"other"', [True, False])])
def test_of_two_completions_of_one_item_the_first_counts(call: Caller, second: str, accepted: list[bool]) -> None:
    [row] = claimed(call, 1)

    answers = must(finish(call, done(row), done(row, responseVault=second))).rows

    assert [answer["accepted"] for answer in answers] == accepted
    assert item_of(call, row["queueId"])["vaultContentResponse"] == ANSWER
    assert trace_of(call, row["queueId"]).count("COMPLETED") == 1


def test_goes_over_an_answer_that_was_there(call: Caller, admin: psycopg.Connection) -> None:
    [row] = claimed(call, 1)
    must(respond(call, row))

    must(finish(call, done(row)))

    assert item_of(call, row["queueId"])["vaultContentResponse"] == ANSWER
    [(vaults,)] = admin.execute("select count(*) from data.vault_record where vault_name = 'response'").fetchall()
    assert vaults == 1


def test_takes_back_what_only_the_sweep_has_put_back(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    row = claim(call, leaseSeconds=30)
    clock.advance(seconds=31)
    sweep_up(admin)

    assert must(finish(call, done(row))).row["status"] == "COMPLETED"


def test_a_success_while_cancelling_is_a_success_and_a_confirmed_cancel_none(call: Caller) -> None:
    for _ in range(2):
        create(call)
    first, second = must(call("GetQueueItemsNext", _as="build-01", itemCount=2, start=True)).rows
    for row in (first, second):
        must(call("CancelQueueItem", queueId=row["queueId"], force=True))

    rows = must(finish(call, done(first), done(second, completionStatus="CANCELLED"))).rows

    assert [row["status"] for row in rows] == ["COMPLETED", "CANCELLED"]


def test_finds_out_for_what_to_seal_though_another_broker_claimed(call: Caller, app: Any) -> None:
    rows = claimed(call, 3)
    app.extensions["procedures"]._sealer._targets.clear()

    answers = must(finish(call, *map(done, rows))).rows

    assert [answer["accepted"] for answer in answers] == [True] * 3


def test_looks_the_owners_of_all_up_in_one_round_trip(call: Caller, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = claimed(call, 10)
    procedures = app.extensions["procedures"]
    procedures._sealer._targets.clear()
    asked: list[str] = []
    query = procedures.database.query

    def listen(text: str, *values: Any, **options: Any) -> Any:
        asked.append(text)
        return query(text, *values, **options)

    monkeypatch.setattr(procedures.database, "query", listen)
    must(finish(call, *map(done, rows)))

    assert len(asked) == 1


def test_no_answer_is_stored_in_the_clear(call: Caller, admin: psycopg.Connection) -> None:
    [row] = claimed(call, 1)

    must(finish(call, done(row, responseVault=json.dumps({"out": "a-secret-word"}))))

    contents = admin.execute("select content from data.vault_record").fetchall()
    assert all(b"secret" not in content for (content,) in contents)


@pytest.mark.parametrize("count", [0, 1001])
def test_takes_one_to_a_thousand(call: Caller, count: int) -> None:
    assert finish(call, *[done({"taskId": str(uuid4()), "claimToken": "x"})] * count).failure == 400


def test_two_calls_in_opposite_order_do_not_wait_for_each_other(call: Caller, race: Race) -> None:
    first, second = claimed(call, 2)

    with race.held("select from data.queue_item where queue_id = %s for update", first["queueId"]):
        one = race.start(lambda other: finish(other, done(first), done(second)))
        two = race.start(lambda other: finish(other, done(second), done(first)))

    answers = [one.result(SECONDS), two.result(SECONDS)]
    assert [[row["accepted"] for row in answer.rows] for answer in answers] == [[True, True]] * 2
    assert trace_of(call, first["queueId"]).count("COMPLETED") == 1


def test_leaves_what_earlier_claims_came_to(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    create(call)
    claim(call, leaseSeconds=30)
    clock.advance(seconds=31)
    sweep_up(admin)

    must(finish(call, done(claim(call))))

    outcomes = admin.execute("select outcome::text from data.claim order by claim_number").fetchall()
    assert outcomes == [("LOST",), ("COMPLETED",)]
