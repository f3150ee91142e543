"""A worker whose attempt has failed can change nothing any more."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.failing import TIMEOUT_SECONDS, details_of_retries, release
from tests.jobs import (
    Row,
    beat,
    claim,
    complete,
    create,
    everything,
    fail,
    give_back,
    late_sentence,
    maintain,
    respond,
    trace_of,
)
from tests.world import Caller, Reply, must


@pytest.fixture
def failed(call: Caller) -> Row:
    create(call, retries=2)
    claimed = claim(call, start=True)
    must(fail(call, claimed))
    return claimed


def test_the_same_report_again_gets_the_same_answer_and_no_second_retry(
    call: Caller, admin: psycopg.Connection, failed: Row
) -> None:
    before = everything(admin)

    again = must(fail(call, failed))

    assert again.row["status"] == "PENDING"
    assert everything(admin) == before
    assert len(details_of_retries(admin, failed["queueId"])) == 1


@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize("act", [beat, respond, complete])
def test_nothing_else_is_heard(
    call: Caller, admin: psycopg.Connection, clock: Clock, failed: Row, act: Any, released: bool
) -> None:
    if released:
        assert release(admin, clock, seconds=2) == 1
    before = everything(admin)

    reply: Reply = act(call, failed)

    assert reply.failure == 409
    assert everything(admin) == before


def test_it_cannot_be_given_back(call: Caller, admin: psycopg.Connection, failed: Row) -> None:
    before = everything(admin)

    row = give_back(call, failed).row

    assert (row["returned"], row["message"]) == (False, late_sentence(failed["queueId"], "PENDING"))
    assert everything(admin) == before


def test_its_report_comes_too_late_once_somebody_else_has_the_item(
    call: Caller, admin: psycopg.Connection, clock: Clock, failed: Row
) -> None:
    release(admin, clock, seconds=2)
    second = claim(call, start=True)
    before = everything(admin)

    assert fail(call, failed).failure == 409
    assert everything(admin) == before
    assert complete(call, second).row["status"] == "COMPLETED"


def test_a_worker_that_ran_too_long_is_over(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    queue_id = create(call, retries=1, timeoutSeconds=TIMEOUT_SECONDS)
    claimed = claim(call, start=True)
    must(respond(call, claimed))
    clock.advance(seconds=TIMEOUT_SECONDS + 61)
    assert maintain(admin, "end_overdue") == 1
    before = everything(admin)

    for act in (beat, respond, complete, fail):
        assert act(call, claimed).failure == 409

    assert everything(admin) == before
    assert trace_of(call, queue_id).count("RETRY_SCHEDULED") == 1
