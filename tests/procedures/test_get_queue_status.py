"""GetQueueStatus: how many items are where, and how many agents there are for them."""

from typing import Any

import psycopg
import pytest

from tests.conftest import Clock
from tests.jobs import claim, create, fail
from tests.world import Caller, MakeItem, must

STATES = ("waiting", "held", "running", "completed", "failed", "cancelled")


def counts(call: Caller, _as: str = "bob", **members: Any) -> dict[str, int]:
    """The counts of items that are not 0."""
    row = call("GetQueueStatus", _as=_as, **members).row
    return {name: row[f"{name}Count"] for name in STATES if row[f"{name}Count"]}


def agents(call: Caller, **members: Any) -> tuple[int, int]:
    row = call("GetQueueStatus", **members).row
    return row["agentCount"], row["slotCount"]


def test_an_empty_queue_has_zeros(call: Caller) -> None:
    row = call("GetQueueStatus").row

    assert row.pop("isNotifying") is False
    assert {row.pop(name) for name in ("maxRunning", "maxRunningPerUser", "lastCleanup")} == {None}
    assert set(row.values()) == {0}


def test_items_are_counted_by_what_they_do(call: Caller, queue_item: MakeItem) -> None:
    for status in ("COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "PROCESSING", "ASSIGNED", "CANCELLING"):
        queue_item(status=status)
    first = queue_item()
    create(call, notBefore="2030-01-01T00:00:00Z")
    [needed] = [row["taskId"] for row in must(call("GetTeamQueueItems")).rows if row["queueId"] == first]
    create(call, dependsOn=[needed])

    assert counts(call) == {"held": 2, "waiting": 1, "running": 3, "completed": 2, "failed": 1, "cancelled": 1}


def test_what_waits_for_its_retry_is_held(call: Caller) -> None:
    create(call, retries=1)
    must(fail(call, claim(call)))

    assert counts(call) == {"held": 1}


def test_items_of_the_pool_and_of_removed_queues_count(call: Caller) -> None:
    must(call("CreateQueue", teamName="ops", queueName="mail"))
    item = must(call("CreateQueueItem", teamName="ops", queueName="mail", queueVault="{}")).row
    assert counts(call) == {"waiting": 1}
    must(call("CancelQueueItem", queueId=item["queueId"]))
    must(call("DeleteQueue", _as="ann", teamName="ops", queueName="mail"))

    assert counts(call) == {"cancelled": 1}


def test_dead_letters_are_counted_by_what_became_of_them(call: Caller, queue_item: MakeItem) -> None:
    for _ in range(4):
        queue_item(status="FAILED")
    newest, next_one, *_ = call("GetDeadLetters").rows
    must(call("RetryDeadLetter", deadLetterId=newest["deadLetterId"]))
    must(call("DiscardDeadLetter", deadLetterId=next_one["deadLetterId"]))

    row = call("GetQueueStatus").row

    assert [row[f"{name}DeadLetterCount"] for name in ("pending", "resolved", "discarded")] == [2, 1, 1]


def test_counts_the_teams_asked_for(call: Caller, queue_item: MakeItem) -> None:
    queue_item()
    create(call, "dev-01", "dev", _as="ann")

    assert counts(call, "ann") == {"waiting": 2}
    assert counts(call, "ann", teamName="dev") == {"waiting": 1}
    assert counts(call, "gina") == {}


class TestAgents:
    def test_count_while_they_are_heard_of(self, call: Caller, clock: Clock) -> None:
        assert agents(call) == (0, 0)
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=4))
        must(call("RegisterAgent", _as="build-02", agentVersion="1", slots=1))
        assert agents(call) == (2, 5)

        clock.advance(minutes=4)

        assert agents(call) == (0, 0)

    def test_that_speak_for_a_bridge_count_once(self, call: Caller, clock: Clock) -> None:
        clock.advance(minutes=4)  # the machines' own tokens are no longer new
        must(call("RegisterAgent", _as="north", agentVersion="1", slots=4))

        assert agents(call) == (1, 4)

    def test_of_other_teams_do_not_count(self, call: Caller) -> None:
        must(call("RegisterAgent", _as="dev-01", agentVersion="1", slots=4))

        assert agents(call) == (0, 0)
        assert agents(call, _as="ann", teamName="dev") == (1, 4)

    def test_that_fell_silent_are_told_by_their_machines(
        self, call: Caller, queue_item: MakeItem, clock: Clock
    ) -> None:
        queue_item()
        claim(call)
        before = call("GetQueueStatus").row["silentMachineCount"]
        clock.advance(minutes=5)

        assert (before, call("GetQueueStatus").row["silentMachineCount"]) == (0, 1)


def test_tells_the_limits_of_the_company(call: Caller) -> None:
    must(call("UpdateCompanyLimits", _as="ann", maxRunning=10, maxRunningPerUser=3))

    row = call("GetQueueStatus").row

    assert (row["maxRunning"], row["maxRunningPerUser"]) == (10, 3)


def test_tells_when_retention_last_ran(call: Caller, admin: psycopg.Connection) -> None:
    admin.execute("select maintenance.record_run('delete_old_items')")

    assert call("GetQueueStatus").row["lastCleanup"] is not None


def test_a_broker_notifies_while_it_was_seen_to(call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
    admin.execute("select maintenance.record_run('webhooks')")
    assert call("GetQueueStatus").row["isNotifying"] is True

    clock.advance(minutes=4)

    assert call("GetQueueStatus").row["isNotifying"] is False


@pytest.mark.parametrize(("caller", "status"), [("bob", 403), ("build-01", 403)])
def test_refuses_a_team_of_others(call: Caller, caller: str, status: int) -> None:
    assert call("GetQueueStatus", _as=caller, teamName="ops,dev").failure == status
