"""Things of the directory are deleted, moved and renamed while others use them: no half-state, and a clear answer."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

import psycopg
import pytest
from flask import Flask

from tests.jobs import create
from tests.racing import SECONDS, Race, race
from tests.world import Caller, MakeItem, World, must

__all__ = ["race"]  # a fixture

GONE = ["something that this call names was deleted meanwhile; repeat the call"]
CREATE_ITEM: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "queueVault": "{}"}
MOVE: dict[str, Any] = {"teamName": "ops", "machineName": "build-01", "newBridgeName": "south"}
CLAIM_BEFORE_THE_MOVE = """
    create or replace function queue.pass_gate(p_company_id bigint)
    returns data.company_limits language plpgsql as $$
    begin
        perform pg_advisory_xact_lock(1);
        return null;
    end;
    $$
"""


def machine_count(admin: psycopg.Connection) -> int:
    row = admin.execute("select count(*) from data.machine where machine_name = 'build-01'").fetchone()
    assert row is not None
    count: int = row[0]
    return count


class TestADeletionComesFirst:
    """Who has found a thing and uses it after its deletion is refused."""

    def test_of_a_region_that_a_bridge_is_made_in(self, call: Caller, race: Race) -> None:
        must(call("CreateRegion", _as="ann", regionName="us"))

        with race.acting("ann", "select api.delete_region('us')"):
            made = race.start(lambda other: other("CreateBridge", _as="ann", regionName="us", bridgeName="west"))

        assert (made.result(SECONDS).failure, made.result(SECONDS).errors) == (409, GONE)
        assert call("CreateBridge", _as="ann", regionName="us", bridgeName="west").failure == 404

    def test_of_a_bridge_that_a_machine_comes_to(self, race: Race) -> None:
        members: dict[str, Any] = {"teamName": "ops", "bridgeName": "south", "machineName": "fresh"}

        with race.acting("ann", "select api.delete_bridge('south')"):
            made = race.start(lambda other: other("CreateMachine", _as="ann", **members))

        assert (made.result(SECONDS).failure, made.result(SECONDS).errors) == (409, GONE)

    def test_of_a_bridge_that_a_machine_is_moved_to(self, race: Race) -> None:
        with race.acting("ann", "select api.delete_bridge('south')"):
            moved = race.start(lambda other: other("UpdateMachineAssignedBridge", _as="ann", **MOVE))

        assert (moved.result(SECONDS).failure, moved.result(SECONDS).errors) == (409, GONE)

    def test_of_a_team_that_a_machine_is_made_in(self, call: Caller, race: Race) -> None:
        must(call("CreateTeam", _as="ann", teamName="qa"))
        members: dict[str, Any] = {"teamName": "qa", "bridgeName": "south", "machineName": "fresh"}

        with race.acting("ann", "select api.delete_team('qa')"):
            made = race.start(lambda other: other("CreateMachine", _as="ann", **members))

        assert (made.result(SECONDS).failure, made.result(SECONDS).errors) == (409, GONE)

    def test_of_a_machine_that_a_job_is_queued_for(self, race: Race) -> None:
        with race.acting("ann", "select api.delete_machine('ops', 'build-01')"):
            made = race.start(lambda other: other("CreateQueueItem", **CREATE_ITEM))

        reply = made.result(SECONDS)
        assert (reply.failure, reply.errors) == (404, ["machine build-01 not found in team ops"])

    def test_of_a_machine_whose_item_is_retried(self, queue_item: MakeItem, race: Race) -> None:
        queue_id = queue_item(status="FAILED")

        with race.acting("ann", "select api.delete_machine('ops', 'build-01')"):
            retried = race.start(lambda other: other("RetryFailedQueueItem", originalQueueId=queue_id))

        reply = retried.result(SECONDS)
        assert reply.failure == 409
        assert "which was deleted" in reply.errors[0]

    @pytest.mark.parametrize("second", ["DeleteMachine", "UpdateMachineStatus"])
    def test_of_a_machine_that_somebody_else_changes(self, race: Race, second: str) -> None:
        members: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}
        if second == "UpdateMachineStatus":
            members["machineStatus"] = "fine"

        with race.acting("ann", "select api.delete_machine('ops', 'build-01')"):
            changed = race.start(lambda other: other(second, _as="ann", **members))

        reply = changed.result(SECONDS)
        assert (reply.failure, reply.errors) == (404, ["machine build-01 not found in team ops"])


class TestADeletionComesSecond:
    """It waits for who is using the thing, and is refused."""

    def test_of_a_region_that_a_bridge_is_made_in(self, call: Caller, race: Race) -> None:
        must(call("CreateRegion", _as="ann", regionName="us"))

        with race.acting("ann", "select api.create_bridge('us', 'west')"):
            deleted = race.start(lambda other: other("DeleteRegion", _as="ann", regionName="us"))

        assert deleted.result(SECONDS).errors == ["region us has 1 bridge: delete them first"]

    def test_of_a_bridge_that_a_machine_comes_to(self, race: Race) -> None:
        with race.acting("ann", "select api.create_machine('ops', 'south', 'fresh')"):
            deleted = race.start(lambda other: other("DeleteBridge", _as="ann", bridgeName="south"))

        sentence = "bridge south has 1 machine with 0 unfinished items: delete or move them first"
        assert deleted.result(SECONDS).errors == [sentence]

    def test_of_a_machine_whose_item_is_retried(
        self, queue_item: MakeItem, race: Race, admin: psycopg.Connection
    ) -> None:
        queue_id = queue_item(status="FAILED")
        members: dict[str, Any] = {"teamName": "ops", "machineName": "build-01"}

        with race.acting("bob", "select api.retry_failed_queue_item(%s)", queue_id):
            deleted = race.start(lambda other: other("DeleteMachine", _as="ann", **members))

        assert deleted.result(SECONDS).failure == 409
        assert machine_count(admin) == 2  # Globex has one as well


class TestAMove:
    """A machine is moved while the agent of its old bridge claims."""

    def test_waits_for_the_claim_and_is_refused(self, call: Caller, race: Race) -> None:
        create(call)

        with race.acting("north", "select api.get_queue_items_next()"):
            moved = race.start(lambda other: other("UpdateMachineAssignedBridge", _as="ann", **MOVE))

        sentence = "machine build-01 has 1 item in hand: cancel them or let them end first"
        assert (moved.result(SECONDS).failure, moved.result(SECONDS).errors) == (409, [sentence])

    def test_a_claim_passes_by_the_items_of_a_machine_that_is_leaving(self, call: Caller, race: Race) -> None:
        create(call)

        with race.held("select from data.bridge where bridge_name = 'south' for update"):
            race.start(lambda other: other("UpdateMachineAssignedBridge", _as="ann", **MOVE))
        claimed = race.at_once(lambda other: other("GetQueueItemsNext", _as="north"))

        assert claimed.rows == []

    def test_a_claim_that_began_before_it_takes_nothing_after_it(
        self, call: Caller, race: Race, admin: psycopg.Connection
    ) -> None:
        queue_id = create(call)
        admin.execute(CLAIM_BEFORE_THE_MOVE)

        with race.held("select pg_advisory_xact_lock(1)"):
            claimed = race.start(lambda other: other("GetQueueItemsNext", _as="north"))
            must(call("UpdateMachineAssignedBridge", _as="ann", **MOVE))

        reply = claimed.result(SECONDS)
        assert (reply.failure, reply.errors) == (503, ["a machine left the bridge during the call: repeat it"])
        row = admin.execute("select status::text from data.queue_item where queue_id = %s", [queue_id]).fetchone()
        assert row == ("PENDING",)


def test_jobs_reach_the_machine_whose_name_was_meant_while_two_machines_swap_names(
    call: Caller, app: Flask, world: World, admin: psycopg.Connection
) -> None:
    """What is queued under a name goes to who has it; a call that meets two swaps may be told to repeat."""
    swaps, jobs = 12, 60

    def swap() -> None:
        mine = world.caller(app.test_client())
        for _ in range(swaps):
            for old, new in (("build-01", "other"), ("build-02", "build-01"), ("other", "build-02")):
                members: dict[str, Any] = {"teamName": "ops", "currentMachineName": old, "newMachineName": new}
                must(mine("UpdateMachineName", _as="ann", **members))

    def queue(name: str) -> list[int]:
        mine = world.caller(app.test_client())
        return [mine("CreateQueueItem", **{**CREATE_ITEM, "machineName": name}).failure for _ in range(jobs)]

    with ThreadPoolExecutor(3) as threads:
        swapping = threads.submit(swap)
        failures = [threads.submit(queue, name) for name, _ in zip(cycle(["build-01", "build-02"]), range(2))]
        swapping.result()

    told = [failure for each in failures for failure in each.result()]
    assert set(told) <= {0, 404, 503}
    wrong = admin.execute("""
        select count(*) from data.queue_item as item
        join data.machine as machine using (company_id, machine_id)
        join data.vault_record as stored
            on stored.company_id = item.company_id and stored.vault_record_id = item.request_vault_id
        where stored.scope_id <> machine.machine_uuid
    """).fetchone()
    assert wrong == (0,)
    rows = must(call("GetTeamQueueItems", maxRecords=1000)).rows
    assert len(rows) == told.count(0) > 0
    assert {row["vaultContent"] for row in rows} == {"{}"}
