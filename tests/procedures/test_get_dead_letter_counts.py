"""GetDeadLetterCounts, by itself and as the second table of GetDeadLetters."""

from typing import Any

import pytest

from tests.world import Caller, MakeItem, must

NONE = {"totalCount": 0, "pendingCount": 0, "resolvedCount": 0, "discardedCount": 0}


def counts(call: Caller, procedure: str, **members: Any) -> dict[str, int]:
    reply = must(call(procedure, **members))
    [row] = reply.table(2 if procedure == "GetDeadLetters" else 1)
    return row


@pytest.mark.parametrize("procedure", ["GetDeadLetters", "GetDeadLetterCounts"])
def test_counts_by_what_became_of_them(call: Caller, queue_item: MakeItem, procedure: str) -> None:
    assert counts(call, procedure) == NONE
    for _ in range(6):
        queue_item(status="FAILED")
    ids = [row["deadLetterId"] for row in call("GetDeadLetters").rows]
    must(call("RetryDeadLetter", deadLetterId=ids[0]))
    for letter in ids[1:3]:
        must(call("DiscardDeadLetter", deadLetterId=letter))

    by_status = {"pendingCount": 3, "resolvedCount": 1, "discardedCount": 2}
    assert counts(call, procedure, maxRecords=1, offset=2) == {"totalCount": 6, **by_status}
    for status, total in (("PENDING", 3), ("RESOLVED", 1), ("DISCARDED", 2)):
        assert counts(call, procedure, status=status) == {"totalCount": total, **by_status}
    assert counts(call, procedure, _as="ann", teamName="dev") == NONE
    assert counts(call, procedure, _as="gina") == NONE


def test_refuses_a_team_of_others(call: Caller) -> None:
    assert call("GetDeadLetterCounts", teamName="dev").failure == 403
