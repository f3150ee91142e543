"""Items for the pool of a team: any machine of it that serves the queue and has the labels may take them."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import Row, beat, claim, complete, create, give_back, item_of, late_sentence, respond, sweep, trace_of
from tests.world import Caller, must


def pool(call: Caller, team: str = "ops", **members: Any) -> Row:
    """A new item of a pool; bob's unless the call says otherwise."""
    members = {"queueName": "default", "queueVault": '{"run":"it"}', **members}
    row: Row = must(call("CreateQueueItem", teamName=team, **members)).row
    return row


def test_is_created_without_a_machine_and_listed_so_while_it_waits(call: Caller) -> None:
    made = pool(call)

    item = item_of(call, made["queueId"])

    assert (made["machineName"], made["bridgeName"], made["queueName"]) == (None, None, "default")
    assert (item["machineName"], item["bridgeName"], item["regionName"]) == (None, None, None)
    assert (item["status"], item["vaultContent"]) == ("PENDING", '{"run":"it"}')


@pytest.mark.parametrize(
    ("caller", "place"),
    [
        ("build-02", {}),
        ("north", {"machineName": "build-02"}),
        ("bob", {"machineName": "build-02"}),
    ],
)
def test_goes_to_the_machine_that_asks(call: Caller, caller: str, place: dict[str, str]) -> None:
    made = pool(call)

    claimed = claim(call, caller, **place)

    assert (claimed["queueId"], claimed["machineName"], claimed["bridgeName"]) == (made["queueId"], "build-02", "north")
    assert claimed["vaultContent"] == '{"run":"it"}'
    assert item_of(call, made["queueId"])["machineName"] == "build-02"


@pytest.mark.parametrize("caller", ["north", "bob"])
def test_goes_to_a_machine_of_the_bridge_that_asks(call: Caller, caller: str) -> None:
    made = pool(call)

    [claimed] = must(call("GetQueueItemsNext", _as=caller, bridgeName="north")).rows

    assert claimed["queueId"] == made["queueId"]
    assert claimed["machineName"] in ("build-01", "build-02")


def test_of_another_team_goes_to_none_of_these(call: Caller) -> None:
    pool(call, team="dev", _as="carol")

    assert must(call("GetQueueItemsNext", _as="build-01")).rows == []
    assert claim(call, "dev-01")["teamName"] == "dev"


def test_comes_with_the_machines_own_items_by_priority_then_age(call: Caller) -> None:
    first, second = create(call), pool(call)["queueId"]
    third, urgent = create(call), pool(call, priority=1)["queueId"]

    claimed = must(call("GetQueueItemsNext", _as="build-01", itemCount=4)).rows

    assert [row["queueId"] for row in claimed] == [urgent, first, second, third]


def test_is_beaten_for_answered_and_completed_by_who_took_it(call: Caller) -> None:
    made = pool(call)
    claimed = claim(call)

    beaten = beat(call, claimed, progress=0.5)
    answered = respond(call, claimed)
    done = complete(call, claimed)

    assert (beaten.row["accepted"], answered.row["machineName"]) == (True, "build-01")
    assert done.row["status"] == "COMPLETED"
    item = item_of(call, made["queueId"])
    assert (item["machineName"], item["vaultContentResponse"]) == ("build-01", '{"exitCode":0}')
    assert trace_of(call, made["queueId"]) == [
        "CREATED",
        "ASSIGNED",
        "PROCESSING",
        "HEARTBEAT",
        "RESPONSE",
        "COMPLETED",
    ]


def test_is_answered_by_a_user_whom_no_machine_stands_for(call: Caller) -> None:
    made = pool(call)

    answered = call("UpdateQueueItemResponse", queueId=made["queueId"], responseVault='{"by":"hand"}').row
    done = call("UpdateQueueItemToCompleted", queueId=made["queueId"], responseVault='{"done":true}').row

    assert (answered["machineName"], answered["result"]) == (None, "response added")
    assert done["status"] == "COMPLETED"


def test_that_is_given_back_is_anybodys_again(call: Caller) -> None:
    made = pool(call)

    returned = give_back(call, claim(call)).row

    assert returned["returned"] is True
    assert item_of(call, made["queueId"])["machineName"] is None
    assert claim(call, "build-02")["queueId"] == made["queueId"]


def test_that_has_lost_its_lease_is_anybodys_again(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    made = pool(call)
    lost = claim(call, leaseSeconds=5, start=True)
    must(beat(call, lost))
    clock.advance(seconds=6)

    swept = sweep(admin)

    assert swept == 1
    assert (item_of(call, made["queueId"])["machineName"], item_of(call, made["queueId"])["status"]) == (
        None,
        "PENDING",
    )
    assert claim(call, "build-02")["attempt"] == 2


def test_a_worker_that_comes_back_in_time_has_it_again(call: Caller, clock: Clock, admin: psycopg.Connection) -> None:
    made = pool(call)
    lost = claim(call, leaseSeconds=5)
    clock.advance(seconds=6)
    sweep(admin)

    revived = beat(call, lost)

    assert revived.row["accepted"] is True
    assert item_of(call, made["queueId"])["machineName"] == "build-01"
    assert complete(call, lost).row["status"] == "COMPLETED"


def test_a_late_worker_changes_nothing_and_his_answer_is_kept(
    call: Caller, clock: Clock, admin: psycopg.Connection
) -> None:
    made = pool(call)
    lost = claim(call, leaseSeconds=5)
    clock.advance(seconds=6)
    sweep(admin)
    taken = claim(call, "build-02", start=True)

    late = complete(call, lost, responseVault='{"late":true}')

    assert (late.failure, late.errors) == (409, [late_sentence(made["queueId"], "PROCESSING")])
    assert "LATE_COMPLETION" in trace_of(call, made["queueId"])
    assert admin.execute("select count(*) from data.claim where late_vault_id is not null").fetchall() == [(1,)]
    assert complete(call, taken, "build-02").row["status"] == "COMPLETED"


def test_is_retried_in_the_pool_with_its_labels(call: Caller) -> None:
    must(call("UpdateMachineLabels", teamName="ops", machineName="build-01", labels={"os": "linux"}))
    made = pool(call, labels={"os": "linux"})
    must(complete(call, claim(call), completionStatus="FAILED"))

    retried = must(call("RetryFailedQueueItem", originalQueueId=made["queueId"])).row

    assert retried["machineName"] is None
    assert must(call("GetQueueItemsNext", _as="build-02")).rows == []
    assert claim(call)["queueId"] == retried["newQueueId"]


def test_is_retried_with_another_job(call: Caller) -> None:
    made = pool(call)
    must(call("CancelQueueItem", queueId=made["queueId"]))

    must(call("RetryFailedQueueItem", originalQueueId=made["queueId"], modifiedVault='{"run":"other"}'))

    assert claim(call, "build-02")["vaultContent"] == '{"run":"other"}'


def test_is_told_in_detail_while_no_machine_has_it(call: Caller) -> None:
    pool(call)
    made = pool(call)

    reply = call("GetQueueItemDetails", queueId=made["queueId"])

    assert (reply.row["machineName"], reply.row["teamName"]) == (None, "ops")
    assert reply.table(2)[0]["vaultContent"] == '{"run":"it"}'
    assert (reply.table(5)[0]["place"], reply.table(6)) == (2, [])


def test_is_deleted_with_its_vaults(call: Caller, admin: psycopg.Connection) -> None:
    made = pool(call)

    deleted = call("DeleteQueueItem", queueId=made["queueId"]).row

    assert deleted["result"] == "deleted"
    assert admin.execute("select count(*) from data.vault_record where owner_kind = 'queue_item'").fetchall() == [(0,)]


def test_is_counted_on_the_dashboard(call: Caller) -> None:
    pool(call)

    reply = must(call("GetCompanyDashboardJson"))

    assert [row for row in reply.table(3) if row["status"] == "PENDING"] == [{"status": "PENDING", "itemCount": 1}]
    [ops] = [row for row in reply.table(4) if row["teamName"] == "ops"]
    assert ops["pendingCount"] == 1
    assert None not in [row["machineName"] for row in reply.table(6)]


def test_a_claim_whose_answer_was_lost_gives_it_again(call: Caller) -> None:
    pool(call)
    first = claim(call, requestId="once")

    again = claim(call, requestId="once")

    assert again["queueId"] == first["queueId"]
    assert again["claimToken"] != first["claimToken"]


def test_a_team_is_not_deleted_while_its_pool_has_work(call: Caller) -> None:
    must(call("CreateTeam", _as="ann", teamName="new"))
    made = pool(call, team="new", _as="ann")

    refused = call("DeleteTeam", _as="ann", teamName="new")
    must(call("CancelQueueItem", _as="ann", queueId=made["queueId"]))
    deleted = call("DeleteTeam", _as="ann", teamName="new")

    assert refused.failure == 409
    assert refused.errors == ["the pool of team new has 1 unfinished item: cancel them or let them end first"]
    assert deleted.failure == 0


def test_a_machine_that_has_one_in_hand_neither_moves_nor_goes(call: Caller) -> None:
    pool(call)
    claimed = claim(call)
    place: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}

    moved = call("UpdateMachineAssignedBridge", _as="ann", newBridgeName="south", **place)
    deleted = call("DeleteMachine", _as="ann", **place)
    must(complete(call, claimed))

    assert (moved.failure, deleted.failure) == (409, 409)
    assert must(call("DeleteMachine", _as="ann", **place)).row["result"] == "machine build-01 deleted"
    assert item_of(call, claimed["queueId"])["machineName"] == "build-01"


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"labels": [1]}, "labels must be a JSON object"),
        ({"labels": {"cpu": 8}}, "label cpu must be a text of at most 100 characters"),
        ({"labels": {str(number): "x" for number in range(21)}}, "labels has more than 20 members"),
        ({"labels": {"os": "linux"}, "machineName": "build-01"}, "machineName and labels are both given"),
        ({"queueName": None}, "machineName or queueName is missing"),
    ],
)
def test_bad_labels_are_told_in_one_sentence(call: Caller, members: dict[str, Any], sentence: str) -> None:
    reply = call("CreateQueueItem", teamName="ops", queueVault="{}", **{"queueName": "default", **members})

    assert reply.failure == 400
    assert sentence in reply.errors[0]


def test_a_claim_for_a_machine_that_was_deleted_does_not_come_back(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    made = pool(call)
    taken = claim(call, "north", leaseSeconds=30)
    clock.advance(seconds=31)
    assert sweep(admin) == 1
    must(call("DeleteMachine", _as="ann", teamName="ops", machineName=taken["machineName"]))

    reply = beat(call, taken, "north")

    assert (reply.failure, item_of(call, made["queueId"])["status"]) == (409, "PENDING")
