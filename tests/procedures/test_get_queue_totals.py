"""GetQueueTotals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.conftest import Clock
from tests.jobs import claim, create
from tests.world import Caller, MakeItem, must


def totals(call: Caller, _as: str = "bob", **members: Any) -> dict[str, Any]:
    return must(call("GetQueueTotals", _as=_as, **members)).row


def test_counts_each_item_once_by_its_state(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED", "ASSIGNED", "PROCESSING", "CANCELLING", "PENDING"):
        queue_item(status)
    create(call, notBefore=(datetime.now(UTC) + timedelta(hours=1)).isoformat())

    row = totals(call)

    counts = {name.removesuffix("Count"): value for name, value in row.items() if name.endswith("Count")}
    assert counts == {
        "waiting": 1,
        "scheduled": 1,
        "running": 3,
        "completed": 1,
        "failed": 1,
        "cancelled": 1,
        "total": 8,
        "activeAgent": 0,
        "silentMachine": 0,
    }


def test_counts_agents_heard_of_in_the_last_three_minutes(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_item()
    claim(call)

    assert (totals(call)["activeAgentCount"], totals(call)["silentMachineCount"]) == (1, 0)

    clock.advance(minutes=5)

    assert (totals(call)["activeAgentCount"], totals(call)["silentMachineCount"]) == (0, 1)


def test_tells_the_limits_of_the_company(call: Caller) -> None:
    assert (totals(call)["maxRunning"], totals(call)["maxRunningPerUser"]) == (None, None)

    must(call("UpdateCompanyLimits", _as="ann", maxRunning=10, maxRunningPerUser=3))

    assert (totals(call)["maxRunning"], totals(call)["maxRunningPerUser"]) == (10, 3)


def test_tells_when_retention_last_ran(call: Caller, admin: psycopg.Connection) -> None:
    assert totals(call)["lastCleanup"] is None

    admin.execute("select maintenance.record_run('delete_old_items')")

    assert totals(call)["lastCleanup"] is not None


def test_counts_only_what_is_of_the_callers_teams(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    create(call, "dev-01", "dev", _as="carol")

    assert totals(call)["totalCount"] == totals(call, "carol")["totalCount"] == 1
    assert totals(call, "gina")["totalCount"] == 0
    assert totals(call, "ann")["totalCount"] == 2
    assert totals(call, "ann", teamName="dev")["totalCount"] == 1


def test_a_team_of_others_is_refused(call: Caller) -> None:
    assert call("GetQueueTotals", teamName="dev").failure == 403
