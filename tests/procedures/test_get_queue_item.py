"""GetQueueItem."""

from uuid import uuid4

import pytest

from tests.conftest import Clock
from tests.jobs import claim, complete, fail, respond
from tests.world import Caller, MakeItem, must


def test_tells_what_the_listing_tells_and_more(call: Caller, queue_item: MakeItem, clock: Clock) -> None:
    queue_id = queue_item()
    clock.advance(minutes=1)
    complete(call, claim(call), completionStatus="FAILED", retryable=False)

    told = must(call("GetQueueItem", queueId=queue_id)).row

    listed = call("GetTeamQueueItems").row
    moving = {"ageInMinutes", "minutesSinceAssigned", "minutesSinceHeartbeat", "totalDurationSeconds"}
    assert {name: told[name] for name in set(listed) - moving} == {name: listed[name] for name in set(listed) - moving}
    assert set(told) - set(listed) == {"startedTime", "metrics", "scheduled", "changeNumber", "dependsOn", "rank"}
    assert (told["vaultContent"], told["vaultContentResponse"]) == ('{"handler":"shell"}', '{"exitCode":0}')


def test_finds_an_item_by_its_task_id(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    task_id = call("GetQueueItem", queueId=queue_id).row["taskId"]

    assert call("GetQueueItem", taskId=task_id).row["queueId"] == queue_id


def test_its_change_number_grows_with_each_change(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    numbers = [call("GetQueueItem", queueId=queue_id).row["changeNumber"]]

    claimed = claim(call)
    numbers.append(call("GetQueueItem", queueId=queue_id).row["changeNumber"])
    must(complete(call, claimed))
    numbers.append(call("GetQueueItem", queueId=queue_id).row["changeNumber"])
    call("UpdateQueueItemProtection", queueId=queue_id, protection=True)

    assert numbers[0] < numbers[1] < numbers[2] == call("GetQueueItem", queueId=queue_id).row["changeNumber"]


class TestNewest:
    def test_is_the_item_itself_when_nobody_retried_it(self, call: Caller, queue_item: MakeItem) -> None:
        queue_id = queue_item()

        assert call("GetQueueItem", queueId=queue_id, newest=True).row["queueId"] == queue_id

    def test_is_the_retry_of_the_retry(self, call: Caller, queue_item: MakeItem) -> None:
        first = queue_item("FAILED")
        second = must(call("RetryFailedQueueItem", originalQueueId=first)).row["newQueueId"]
        fail(call, claim(call))
        third = must(call("RetryFailedQueueItem", originalQueueId=second)).row["newQueueId"]

        assert call("GetQueueItem", queueId=first, newest=True).row["queueId"] == third
        assert call("GetQueueItem", queueId=second, newest=True).row["queueId"] == third
        assert call("GetQueueItem", queueId=first).row["queueId"] == first

    def test_is_the_youngest_when_an_item_was_retried_twice(self, call: Caller, queue_item: MakeItem) -> None:
        first = queue_item("FAILED")
        must(call("RetryFailedQueueItem", originalQueueId=first))
        youngest = must(call("RetryFailedQueueItem", originalQueueId=first)).row["newQueueId"]

        assert call("GetQueueItem", queueId=first, newest=True).row["queueId"] == youngest


def test_an_answer_so_far_is_shown(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()
    must(respond(call, claim(call, start=True)))

    told = call("GetQueueItem", queueId=queue_id).row

    assert (told["hasResponse"], told["vaultContentResponse"]) == (1, '{"progress":"half"}')
    assert told["startedTime"] is not None


def test_an_item_must_be_named(call: Caller) -> None:
    reply = call("GetQueueItem")

    assert (reply.failure, reply.errors) == (400, ["queueId or taskId is missing: name the item by one of them"])


@pytest.mark.parametrize("caller", ["carol", "gina"])
def test_items_of_others_are_not_found(call: Caller, queue_item: MakeItem, caller: str) -> None:
    queue_id = queue_item()

    assert call("GetQueueItem", _as=caller, queueId=queue_id).failure == 404


def test_a_task_id_of_nobody_is_not_found(call: Caller) -> None:
    assert call("GetQueueItem", taskId=str(uuid4())).failure == 404


def test_the_team_named_must_be_the_items(call: Caller, queue_item: MakeItem) -> None:
    queue_id = queue_item()

    assert call("GetQueueItem", _as="ann", queueId=queue_id, teamName="dev").failure == 404
    assert call("GetQueueItem", queueId=queue_id, teamName="dev").failure == 403
