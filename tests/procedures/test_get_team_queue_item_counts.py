"""GetTeamQueueItemCounts, by itself and as the second table of GetTeamQueueItems."""

from typing import Any

import pytest

from tests.shelf import ALL, FILTERS, STATUS, Shelf


@pytest.mark.parametrize(("caller", "members", "expected"), FILTERS)
@pytest.mark.parametrize("procedure", ["GetTeamQueueItems", "GetTeamQueueItemCounts"])
def test_counts_what_matches_by_state(
    shelf: Shelf, procedure: str, caller: str, members: dict[str, Any], expected: list[str]
) -> None:
    reply = shelf.call(procedure, _as=caller, **members)

    [counts] = reply.table(2 if procedure == "GetTeamQueueItems" else 1)
    states = [STATUS.get(name, "PENDING") for name in expected]
    stale = members.get("staleThresholdMinutes", 10)
    assert counts == {
        "totalCount": len(expected),
        "pendingCount": states.count("PENDING"),
        "assignedCount": states.count("ASSIGNED"),
        "processingCount": states.count("PROCESSING"),
        "cancellingCount": states.count("CANCELLING"),
        "completedCount": states.count("COMPLETED"),
        "failedCount": states.count("FAILED"),
        "cancelledCount": states.count("CANCELLED"),
        "staleCount": ("assigned" in expected and stale < 30) + ("processing" in expected and stale < 5),
    }


def test_max_records_changes_nothing(shelf: Shelf) -> None:
    assert shelf.call("GetTeamQueueItemCounts", _as="ann", maxRecords=1).row["totalCount"] == len(ALL)


@pytest.mark.parametrize(
    ("caller", "members", "refusal"),
    [
        ("bob", {"teamName": "dev"}, (403, ["you are not a member of team dev"])),
        ("bob", {"machineName": "dev-01"}, (404, ["machine dev-01 not found in these teams"])),
        ("gina", {"bridgeName": "south"}, (404, ["bridge south not found"])),
        ("bob", {"staleThresholdMinutes": 0}, (400, ["staleThresholdMinutes is 0: at least 1 is needed"])),
        ("build-01", {}, (403, ["agent build-01 may not call GetTeamQueueItems"])),
    ],
)
def test_refuses_what_is_not_the_callers_or_out_of_range(
    shelf: Shelf, caller: str, members: dict[str, Any], refusal: tuple[int, list[str]]
) -> None:
    reply = shelf.call("GetTeamQueueItemCounts", _as=caller, **members)

    assert (reply.failure, reply.errors) == refusal
