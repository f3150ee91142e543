"""DiscardDeadLetter: nobody has to look at it any more."""

import psycopg
import pytest

from tests.jobs import everything, item_of
from tests.world import Caller, MakeItem, must


@pytest.fixture
def letter_id(call: Caller, queue_item: MakeItem) -> int:
    queue_item(status="FAILED")
    found: int = call("GetDeadLetters").row["deadLetterId"]
    return found


def test_discards_it_and_leaves_the_item(call: Caller, letter_id: int) -> None:
    row = call("DiscardDeadLetter", deadLetterId=letter_id).row

    letter = call("GetDeadLetters").row
    assert row == {name: letter[name] for name in ("deadLetterId", "queueId", "status", "settledTime", "settledBy")}
    assert (row["status"], row["settledBy"]) == ("DISCARDED", "bob@acme.example")
    assert item_of(call, row["queueId"])["status"] == "FAILED"


def test_discarding_it_again_changes_nothing(call: Caller, admin: psycopg.Connection, letter_id: int) -> None:
    first = must(call("DiscardDeadLetter", deadLetterId=letter_id))
    before = everything(admin)

    second = must(call("DiscardDeadLetter", deadLetterId=letter_id))

    audited = admin.execute("select count(*) from data.audit where entity = 'DeadLetter'").fetchone()
    assert second.rows == first.rows
    assert everything(admin) == before
    assert audited == (1,)


def test_refuses_one_whose_item_was_retried(call: Caller, letter_id: int) -> None:
    must(call("RetryDeadLetter", deadLetterId=letter_id))

    reply = call("DiscardDeadLetter", deadLetterId=letter_id)

    assert (reply.failure, reply.errors) == (409, [f"dead letter {letter_id} is RESOLVED"])


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_refuses_one_of_others_as_if_it_were_not_there(call: Caller, letter_id: int, caller: str) -> None:
    reply = call("DiscardDeadLetter", _as=caller, deadLetterId=letter_id)

    assert (reply.failure, reply.errors) == (404, [f"dead letter {letter_id} not found"])
