"""GetNotificationCounts, by itself and as the second table of GetNotifications."""

from typing import Any

import pytest

from tests.world import Caller, MakeItem, must


def counts(call: Caller, procedure: str, **members: Any) -> tuple[int, int]:
    reply = must(call(procedure, **members))
    [row] = reply.table(2 if procedure == "GetNotifications" else 1)
    return row["totalCount"], row["unreadCount"]


@pytest.mark.parametrize("procedure", ["GetNotifications", "GetNotificationCounts"])
def test_counts_ones_own_and_what_was_not_read(call: Caller, queue_item: MakeItem, procedure: str) -> None:
    assert counts(call, procedure) == (0, 0)
    for _ in range(3):
        queue_item(status="FAILED")
    must(call("UpdateNotificationToRead", notificationId=call("GetNotifications").rows[0]["notificationId"]))

    assert counts(call, procedure, maxRecords=1, offset=2) == (3, 2)
    assert counts(call, procedure, unreadOnly=True) == (2, 2)
    assert counts(call, procedure, _as="ann") == (0, 0)
