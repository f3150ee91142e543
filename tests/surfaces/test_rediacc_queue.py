"""The queue as current Rediacc clients use it (wire contract, sections 2.5 and 3)."""

import json
from typing import Any

import pytest

from tests.surfaces.conftest import BOSS, PASSWORD
from tests.surfaces.rediacc_client import RediaccClient
from tests.surfaces.test_rediacc_transport import queue

ANSWER = json.dumps({"result": json.dumps({"command_output": "hello"})})


@pytest.fixture(autouse=True)
def empty_queue(boss: RediaccClient) -> None:
    """Items of other tests would be claimed first."""
    for row in boss("GetTeamQueueItems", {}).rows:
        boss("DeleteQueueItem", {"taskId": row["taskId"]})


def trace(client: RediaccClient, task_id: str) -> list[list[dict[str, Any]]]:
    """The sets of a trace, after that of the token."""
    return client("GetQueueItemTrace", {"taskId": task_id}).sets[1:]


def status_of(client: RediaccClient, task_id: str) -> str:
    status: str = trace(client, task_id)[0][0]["status"]
    return status


def test_an_item_is_created_with_what_the_command_line_sends(boss: RediaccClient) -> None:
    vault = {"type": "bash_function", "function": "hello", "params": {}, "priority": 3, "bridge": "B1"}

    row = boss(
        "CreateQueueItem",
        {"teamName": "T1", "machineName": "M1", "bridgeName": "B1", "queueVault": json.dumps(vault)},
    ).row

    assert (row["status"], row["machineName"], row["bridgeName"]) == ("PENDING", "M1", "B1")
    assert row["createdBy"] == "boss@acme.io"


def test_the_listing_has_older_and_newer_columns(boss: RediaccClient, bridge: RediaccClient) -> None:
    queue(boss)
    bridge("GetQueueItemsNext", {"itemCount": 1})

    row = boss("GetTeamQueueItems", {"teamName": "T1"}).row

    assert row["lastAssigned"] == row["assignedTime"] is not None
    assert row["minutesSinceAssigned"] == row["minutesSinceHeartbeat"] == pytest.approx(0, abs=1)
    assert (row["retryCount"], row["lastRetryAt"], row["lastFailureReason"], row["lastResponseAt"]) == (
        0,
        None,
        None,
        None,
    )
    assert (row["permanentlyFailed"], row["createdBy"]) == (False, "boss@acme.io")
    assert row["totalDurationSeconds"] >= row["processingDurationSeconds"] >= 0


def test_the_counts_have_every_state(boss: RediaccClient) -> None:
    queue(boss)

    [counts] = boss("GetTeamQueueItems", {"teamName": "T1"}).sets[2]

    assert (counts["totalCount"], counts["pendingCount"]) == (1, 1)
    assert {"cancellingCount", "failedCount", "staleCount"} <= set(counts)


def test_an_unknown_team_has_no_items(boss: RediaccClient) -> None:
    queue(boss)

    assert boss("GetTeamQueueItems", {"teamName": "nowhere"}).rows == []


def test_the_trace_has_six_sets(boss: RediaccClient) -> None:
    task_id = queue(boss, queueVault='{"n":1}')

    details, request, response, timeline, place, load = trace(boss, task_id)

    assert (details[0]["taskId"], details[0]["status"], details[0]["healthStatus"]) == (task_id, "PENDING", "PENDING")
    assert (request[0]["vaultType"], request[0]["vaultContent"]) == ("Request", '{"n":1}')
    assert (response[0]["vaultType"], response[0]["hasContent"]) == ("Response", False)
    assert [event["action"] for event in timeline] == ["CREATED"]
    assert place[0]["place"] == 1
    assert load[0]["machineName"] == "M1"


def test_the_timeline_has_the_seeds_four_columns_too(boss: RediaccClient) -> None:
    [event] = trace(boss, queue(boss))[3]

    assert event["event"] == event["action"] == event["EventName"] == "CREATED"
    assert event["timestamp"] == event["EventTime"]
    assert event["actor"] == event["actionByUser"] == "boss@acme.io"
    assert event["details"] is event["Details"] is None


def test_the_text_view_finds_every_column_with_a_capital_letter(boss: RediaccClient) -> None:
    for [row] in trace(boss, queue(boss)):
        small = {name for name in row if name[0].islower()}
        assert {name[0].upper() + name[1:] for name in small} == set(row) - small


def test_only_this_dialect_has_the_six_sets(boss: RediaccClient) -> None:
    task_id = queue(boss)

    heard = boss("GetQueueItemTrace", {"taskId": task_id}, **{"User-Agent": "curl/8"})

    events, attempts = heard.body["tables"]
    assert attempts["data"] == []
    assert list(events["data"][0]) == ["timestamp", "event", "details", "actor", "attempt", "queueId", "taskId"]


@pytest.mark.parametrize("name", ["UpdateQueueItemResponse", "UpdateQueueItemToCompleted", "CompleteQueueItem"])
@pytest.mark.parametrize("cancelled", [False, True])
def test_only_bridges_answer_whatever_the_items_state(boss: RediaccClient, name: str, cancelled: bool) -> None:
    task_id = queue(boss)
    if cancelled:
        assert boss("CancelQueueItem", {"taskId": task_id}).status == 200

    heard = boss(name, {"taskId": task_id, "responseVault": "{}"})

    what = "update queue item responses" if name == "UpdateQueueItemResponse" else "complete queue items"
    assert (heard.status, heard.error) == (403, f"Only bridge tokens can {what}")


@pytest.mark.parametrize("name", ["UpdateQueueItemResponse", "UpdateQueueItemToCompleted"])
def test_a_bridge_that_may_not_for_another_reason_hears_which(boss: RediaccClient, name: str) -> None:
    task_id = queue(boss)
    boss("CreatePermissionGroup", {"permissionGroupName": "lookers"})
    boss.sign_in(BOSS, PASSWORD, target="B1", requestedPermissions="lookers")

    heard = boss(name, {"taskId": task_id, "responseVault": "{}"})

    assert (heard.status, heard.error) == (403, f"{BOSS} may not call {name}")


def test_in_our_own_dialect_members_of_the_team_answer(boss: RediaccClient) -> None:
    task_id = queue(boss)

    heard = boss("UpdateQueueItemResponse", {"taskId": task_id, "responseVault": "{}"}, **{"User-Agent": "curl/8"})

    assert heard.body["errors"] == []


def test_a_bridge_session_takes_the_items_of_its_bridge(boss: RediaccClient, bridge: RediaccClient) -> None:
    task_id = queue(boss)

    row = bridge("GetQueueItemsNext", {"batchSize": 5}).row

    assert (row["taskId"], row["machineName"], row["bridgeName"]) == (task_id, "M1", "B1")
    assert status_of(boss, task_id) == "ASSIGNED"


def test_a_session_for_no_bridge_has_to_name_one(boss: RediaccClient) -> None:
    assert boss("GetQueueItemsNext", {"itemCount": 3}).status == 400


def test_nothing_to_do_is_an_empty_set_and_a_message_after_it(bridge: RediaccClient) -> None:
    heard = bridge("GetQueueItemsNext", {"itemCount": 3})

    assert heard.sets[1:] == [[], [{"result": "no pending queue items"}]]


def test_a_bridge_answers_again_and_again_and_completes(boss: RediaccClient, bridge: RediaccClient) -> None:
    task_id = queue(boss)
    bridge("GetQueueItemsNext", {"itemCount": 1})
    for progress in ('{"n":1}', '{"n":2}'):
        row = bridge("UpdateQueueItemResponse", {"taskId": task_id, "vaultContent": progress}).row
        assert row["message"] == row["result"]

    done = bridge("UpdateQueueItemToCompleted", {"taskId": task_id, "finalVault": ANSWER}).row

    assert (done["taskId"], done["status"], done["result"]) == (task_id, "COMPLETED", "completed")
    details, _, response, *_ = trace(boss, task_id)
    assert details[0]["status"] == details[0]["Status"] == "COMPLETED"
    assert json.loads(json.loads(response[0]["vaultContent"])["result"])["command_output"] == "hello"


@pytest.mark.parametrize(
    ("said", "status"), [("COMPLETED", "COMPLETED"), ("FAILED", "FAILED"), ("completed", "COMPLETED")]
)
def test_the_final_status_has_words_of_its_own(
    boss: RediaccClient, bridge: RediaccClient, said: str, status: str
) -> None:
    task_id = queue(boss)
    bridge("GetQueueItemsNext", {"itemCount": 1})

    row = bridge("CompleteQueueItem", {"taskId": task_id, "responseVault": "{}", "finalStatus": said}).row

    assert row["status"] == status


@pytest.mark.parametrize("name", ["RetryFailedQueueItem", "RetryQueueItem"])
def test_a_failed_item_is_queued_again(boss: RediaccClient, bridge: RediaccClient, name: str) -> None:
    task_id = queue(boss)
    bridge("GetQueueItemsNext", {"itemCount": 1})
    bridge("UpdateQueueItemToCompleted", {"taskId": task_id, "finalVault": "{}", "finalStatus": "FAILED"})

    row = boss(name, {"taskId": task_id}).row

    assert (row["newRetryCount"], row["result"]) == (1, "queued again")
    assert status_of(boss, row["taskId"]) == "PENDING"
    assert row["taskId"] in trace(boss, task_id)[3][-1]["details"]


def test_only_failed_items_are_queued_again(boss: RediaccClient) -> None:
    heard = boss("RetryFailedQueueItem", {"taskId": queue(boss)})

    assert (heard.status, heard.error) == (409, "Can only retry failed queue items")


def test_a_failed_item_whose_machine_is_gone_says_so(boss: RediaccClient, bridge: RediaccClient) -> None:
    boss("CreateMachine", {"teamName": "T1", "bridgeName": "B1", "machineName": "M2", "machineVault": "{}"})
    task_id = queue(boss, machineName="M2")
    boss("CancelQueueItem", {"taskId": task_id})
    assert boss("DeleteMachine", {"teamName": "T1", "machineName": "M2"}).status == 200

    heard = boss("RetryFailedQueueItem", {"taskId": task_id})

    assert heard.status == 409
    assert "was for machine M2, which was deleted" in heard.error


def test_a_pending_item_is_cancelled(boss: RediaccClient) -> None:
    row = boss("CancelQueueItem", {"taskId": queue(boss)}).row

    assert (row["previousStatus"], row["newStatus"], row["result"]) == ("PENDING", "CANCELLED", "cancelled")
    assert row["cancelledBy"] == "boss@acme.io"


def test_an_item_that_runs_is_asked_to_stop(boss: RediaccClient, bridge: RediaccClient) -> None:
    task_id = queue(boss)
    bridge("GetQueueItemsNext", {"itemCount": 1})
    bridge("UpdateQueueItemResponse", {"taskId": task_id, "responseVault": "{}"})

    row = boss("CancelQueueItem", {"taskId": task_id}).row

    assert (row["previousStatus"], row["newStatus"], row["result"]) == ("PROCESSING", "CANCELLING", "asked to stop")


def test_a_cancelled_item_is_deleted(boss: RediaccClient) -> None:
    task_id = queue(boss)
    boss("CancelQueueItem", {"taskId": task_id})

    assert boss("DeleteQueueItem", {"taskId": task_id}).row["result"] == "deleted"


@pytest.mark.parametrize("name", ["TraceQueueItem", "GetQueueItemTrace"])
def test_the_trace_has_two_names(boss: RediaccClient, name: str) -> None:
    assert boss(name, {"taskId": queue(boss)}).row["status"] == "PENDING"


@pytest.mark.parametrize("name", ["TraceQueueItem", "GetQueueItemTrace"])
def test_in_our_own_dialect_too(boss: RediaccClient, name: str) -> None:
    heard = boss(name, {"taskId": queue(boss)}, **{"User-Agent": "curl/8"})

    assert heard.body["tables"][0]["data"][0]["event"] == "CREATED"


def test_items_have_both_names_of_an_item(boss: RediaccClient) -> None:
    row = boss("CreateQueueItem", {"teamName": "T1", "machineName": "M1", "queueVault": "{}"}).row

    assert boss("CancelQueueItem", {"queueId": row["queueId"]}).row["taskId"] == row["taskId"]
    assert boss("RetryFailedQueueItem", {"queueId": row["queueId"]}).status == 200


def test_an_item_moves_in_line(boss: RediaccClient) -> None:
    row = boss("UpdateQueueItemPriority", {"taskId": queue(boss), "priority": 1}).row

    assert row["priorityLabel"] == "Highest"
