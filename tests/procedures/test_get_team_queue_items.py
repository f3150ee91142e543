"""GetTeamQueueItems: filters, order, counts and columns, over nine items that no test changes."""

from typing import Any

import psycopg
import pytest

from tests.jobs import create
from tests.shelf import ALL, FILTERS, STATUS, Shelf
from tests.world import Caller, must


@pytest.mark.parametrize(("caller", "members", "expected"), FILTERS)
def test_lists_what_matches_priority_first_then_newest(
    shelf: Shelf, caller: str, members: dict[str, Any], expected: list[str]
) -> None:
    reply = shelf.ask(caller, **members)

    assert shelf.names(reply) == expected


def test_finds_an_item_by_its_task_id(shelf: Shelf) -> None:
    task_id = shelf.made["far"]["taskId"]

    assert shelf.names(shelf.ask("bob", taskId=task_id)) == ["far"]
    assert shelf.ask("carol", taskId=task_id).rows == []
    assert shelf.ask("gina", taskId=task_id).rows == []


def test_a_range_of_dates_includes_both_ends(shelf: Shelf) -> None:
    from_time, to_time = shelf.made["failed"]["time"], shelf.made["assigned"]["time"]

    reply = shelf.ask(dateFrom=from_time, dateTo=to_time)

    assert shelf.names(reply) == ["processing", "failed", "assigned", "cancelled"]
    assert shelf.names(shelf.ask(dateTo=from_time)) == ["failed", "done"]
    assert shelf.names(shelf.ask(dateFrom=shelf.made["far"]["time"])) == ["far"]


def test_times_with_another_offset_are_the_same_times(shelf: Shelf) -> None:
    time = shelf.made["far"]["time"].replace("Z", "+00:00")

    assert shelf.names(shelf.ask(dateFrom=time, dateTo=time)) == ["far"]


def test_shows_everything_of_a_running_item(shelf: Shelf) -> None:
    row, made = shelf.row("processing"), shelf.made["processing"]
    elapsed = {name: row.pop(name) for name in ("ageInMinutes", "minutesSinceHeartbeat", "minutesSinceAssigned")}
    seconds = {name: row.pop(name) for name in ("processingDurationSeconds", "totalDurationSeconds")}
    times = {name: row.pop(name) for name in ("assignedTime", "lastHeartbeat", "lastResponseAt")}

    assert row == {
        "queueId": made["queueId"],
        "taskId": made["taskId"],
        "createdTime": made["time"],
        "vaultVersion": 1,
        "vaultContent": '{"job":"processing"}',
        "vaultVersionResponse": 1,
        "vaultContentResponse": '{"so":"far"}',
        "machineName": "build-02",
        "bridgeName": "north",
        "teamName": "ops",
        "regionName": "eu",
        "status": "PROCESSING",
        "completionStatus": None,
        "failureReason": None,
        "finishedTime": None,
        "attempt": 1,
        "maxAttempts": 5,
        "retryCount": 0,
        "lastRetryAt": None,
        "permanentlyFailed": False,
        "progress": 0.5,
        "priority": 1,
        "priorityLabel": "Highest",
        "healthStatus": "ACTIVE",
        "canBeCancelled": 0,
        "hasResponse": 1,
        "createdBy": "bob@acme.example",
        "originalQueueId": None,
        "timeoutSeconds": 90,
        "metadata": {"run": 1},
        "queueName": "default",
        "labels": None,
        "notBefore": None,
        "expiresTime": None,
        "retries": 0,
        "retriesUsed": 0,
        "protected": False,
        "scheduleName": None,
    }
    minutes = {"ageInMinutes": 31, "minutesSinceHeartbeat": 5, "minutesSinceAssigned": 31}
    assert elapsed == pytest.approx(minutes, abs=0.9)
    assert seconds == pytest.approx({"processingDurationSeconds": 1860, "totalDurationSeconds": 1860}, abs=54)
    assert made["time"] < times["assignedTime"] < times["lastHeartbeat"]
    assert made["time"] < times["assignedTime"] < times["lastResponseAt"]


def test_shows_how_an_item_ended(shelf: Shelf) -> None:
    done, failed, cancelled = (shelf.row(name) for name in ("done", "failed", "cancelled"))

    assert (done["status"], done["completionStatus"], done["failureReason"]) == ("COMPLETED", "PARTIAL", None)
    assert (failed["status"], failed["completionStatus"], failed["failureReason"]) == ("FAILED", "FAILED", "REPORTED")
    assert (cancelled["status"], cancelled["completionStatus"]) == ("CANCELLED", None)
    assert done["vaultContentResponse"] == '{"answer":"PARTIAL"}'
    assert (cancelled["vaultContentResponse"], cancelled["vaultVersionResponse"]) == (None, None)
    assert done["finishedTime"] >= done["assignedTime"]


def test_health_is_computed_from_state_and_last_sign_of_life(shelf: Shelf) -> None:
    assert {name: shelf.row(name)["healthStatus"] for name in STATUS} == {
        "done": "COMPLETED",
        "failed": "FAILED",
        "cancelled": "CANCELLED",
        "processing": "ACTIVE",
        "assigned": "STALE",
        "cancelling": "ACTIVE",
        "pending": "PENDING",
        "dev pending": "PENDING",
        "far": "PENDING",
    }
    assert shelf.row("processing", staleThresholdMinutes=4)["healthStatus"] == "STALE"
    assert shelf.row("assigned", staleThresholdMinutes=60)["healthStatus"] == "ACTIVE"


def test_says_by_numbers_what_can_be_cancelled_and_what_has_an_answer(shelf: Shelf) -> None:
    rows = {name: shelf.row(name) for name in STATUS}

    assert {name for name, row in rows.items() if row["canBeCancelled"] == 1} == {
        "assigned",
        "pending",
        "dev pending",
        "far",
    }
    assert {name for name, row in rows.items() if row["hasResponse"] == 1} == {"done", "failed", "processing"}
    assert {type(row[flag]) for row in rows.values() for flag in ("canBeCancelled", "hasResponse")} == {int}


def test_labels_the_levels_of_priority(shelf: Shelf) -> None:
    labels = {row["priority"]: row["priorityLabel"] for row in shelf.ask().rows}

    assert labels == {1: "Highest", 2: "High", 3: "Normal", 4: "Low", 5: "Lowest"}


def test_counts_are_of_all_that_match_whatever_max_records(shelf: Shelf) -> None:
    reply = shelf.ask(maxRecords=2)

    assert shelf.names(reply) == ALL[:2]
    assert reply.table(2)[0]["totalCount"] == len(ALL)
    assert reply.outputs == {}


@pytest.mark.parametrize(
    ("caller", "members", "refusal"),
    [
        ("bob", {"teamName": "dev"}, (403, ["you are not a member of team dev"])),
        ("bob", {"teamName": "ops,dev"}, (403, ["you are not a member of team dev"])),
        ("bob", {"machineName": "dev-01"}, (404, ["machine dev-01 not found in these teams"])),
        ("ann", {"machineName": "dev-01", "teamName": "ops"}, (404, ["machine dev-01 not found in these teams"])),
        ("bob", {"machineName": "nothing"}, (404, ["machine nothing not found in these teams"])),
        ("gina", {"machineName": "build-02"}, (404, ["machine build-02 not found in these teams"])),
        ("gina", {"bridgeName": "south"}, (404, ["bridge south not found"])),
        ("bob", {"queueName": "nothing"}, (404, ["queue nothing not found in these teams"])),
        ("bob", {"metadata": [1]}, (400, ["metadata must be a JSON object: what the items' metadata must contain"])),
        ("bob", {"maxRecords": 0}, (400, ["maxRecords is 0: 1 to 10,000 are possible"])),
        ("bob", {"maxRecords": 10001}, (400, ["maxRecords is 10001: 1 to 10,000 are possible"])),
        ("bob", {"staleThresholdMinutes": 0}, (400, ["staleThresholdMinutes is 0: at least 1 is needed"])),
    ],
)
def test_refuses_what_is_not_the_callers_or_out_of_range(
    shelf: Shelf, caller: str, members: dict[str, Any], refusal: tuple[int, list[str]]
) -> None:
    reply = shelf.call("GetTeamQueueItems", _as=caller, **members)

    assert (reply.failure, reply.errors) == refusal


def test_names_the_states_that_exist(shelf: Shelf) -> None:
    reply = shelf.call("GetTeamQueueItems", status="PENDING,DONE")

    assert reply.failure == 400
    assert reply.errors == [
        "status PENDING,DONE is not one of PENDING, ASSIGNED, PROCESSING, CANCELLING, COMPLETED, FAILED, CANCELLED"
    ]


@pytest.mark.parametrize("number", [1, 10000])
def test_takes_max_records_up_to_its_limits(shelf: Shelf, number: int) -> None:
    assert len(shelf.ask(maxRecords=number).rows) == min(number, len(ALL))


@pytest.mark.parametrize("minutes", [2147483647, 600000])
def test_takes_any_threshold(shelf: Shelf, minutes: int) -> None:
    assert shelf.ask(onlyStale=True, staleThresholdMinutes=minutes).rows == []


def test_agents_may_not_list(shelf: Shelf) -> None:
    # Which of the two procedures of the call says so first is of no account.
    reply = shelf.call("GetTeamQueueItems", _as="build-01")

    assert reply.failure == 403
    assert reply.errors[0].startswith("agent build-01 may not call GetTeamQueueItem")


def test_the_bounds_of_priorities_belong_to_them(call: Caller) -> None:
    made = {level: create(call, priority=level) for level in range(1, 6)}

    rows = must(call("GetTeamQueueItems", minPriority=2, maxPriority=4)).rows

    assert [row["queueId"] for row in rows] == [made[level] for level in (2, 3, 4)]


def test_the_newest_are_shown_where_not_all_can_be(call: Caller) -> None:
    made = [create(call) for _ in range(4)]

    rows = must(call("GetTeamQueueItems", maxRecords=2)).rows

    assert [row["queueId"] for row in rows] == made[:1:-1]


def test_a_priority_between_two_levels_belongs_to_the_nearer(call: Caller, admin: psycopg.Connection) -> None:
    made = {priority: create(call) for priority in (37, 38, 50, 62, 63)}
    for priority, queue_id in made.items():
        admin.execute("update data.queue_item set priority = %s where queue_id = %s", [priority, queue_id])

    rows = must(call("GetTeamQueueItems")).rows

    assert {row["queueId"]: row["priority"] for row in rows} == {
        made[priority]: level for priority, level in ((37, 4), (38, 3), (50, 3), (62, 3), (63, 2))
    }
    asked: list[tuple[dict[str, Any], list[int]]] = [
        ({"priority": 3}, [62, 50, 38]),
        ({"minPriority": 3}, [62, 50, 38, 37]),
        ({"maxPriority": 3}, [63, 62, 50, 38]),
    ]
    for filters, expected in asked:
        rows = must(call("GetTeamQueueItems", **filters)).rows
        assert [row["queueId"] for row in rows] == [made[priority] for priority in expected]
