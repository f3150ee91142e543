"""What time brings to items: their moment, their expiry, the end of their timeout."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.conftest import Clock
from tests.failing import LEASE_SECONDS, QUICK, TIMEOUT_SECONDS, release, state
from tests.jobs import beat, claim, create, fail, give_back, maintain, respond, trace_of
from tests.test_maintenance import holding
from tests.world import Caller, MakeItem, must


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


class TestReleaseDue:
    def test_an_item_comes_into_its_lane_when_its_moment_has_come(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        first = create(call, notBefore=soon(60))
        second = create(call)
        early = maintain(admin, "release_due")
        only = call("GetQueueItemsNext", _as="build-01", itemCount=9).rows
        must(give_back(call, *only))

        on_time, again = release(admin, clock, seconds=61), maintain(admin, "release_due")

        rows = call("GetQueueItemsNext", _as="build-01", itemCount=9).rows
        assert (early, on_time, again) == (0, 1, 0)
        assert [row["queueId"] for row in only] == [second]
        assert [row["queueId"] for row in rows] == [first, second]
        assert trace_of(call, first) == ["CREATED", "RELEASED", "ASSIGNED"]

    def test_the_hubs_hear_of_it_at_their_next_poll(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, notBefore=soon(60))
        [(until,)] = admin.execute("select until from keyring.ready_since(null)").fetchall()
        clock.advance(seconds=90)
        [(quiet, until)] = admin.execute("select wake, until from keyring.ready_since(%s)", [until]).fetchall()

        maintain(admin, "release_due")

        [(woken,)] = admin.execute("select wake from keyring.ready_since(%s)", [until]).fetchall()
        assert (quiet, woken) == ([], [f"machine:{state(admin, queue_id)['machine_id']}"])


class TestExpireItems:
    def test_what_nobody_has_picked_up_in_time_has_failed(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, expiresAfterSeconds=60, retries=3)
        lasting = create(call)
        clock.advance(seconds=55)
        early = maintain(admin, "expire_items")
        clock.advance(seconds=6)

        assert (early, maintain(admin, "expire_items"), maintain(admin, "expire_items")) == (0, 1, 0)

        found = state(admin, queue_id)
        assert (found["status"], found["failure_reason"], found["attempt"]) == ("FAILED", "EXPIRED", 0)
        assert trace_of(call, queue_id) == ["CREATED", "FAILED", "DEAD_LETTERED"]
        assert state(admin, lasting)["status"] == "PENDING"

    @pytest.mark.parametrize("caller", ["build-01", "north"])
    def test_an_expired_item_is_not_handed_out_though_no_sweep_has_run(
        self, call: Caller, clock: Clock, caller: str
    ) -> None:
        create(call, expiresAfterSeconds=60)
        lasting = create(call)
        clock.advance(seconds=61)

        rows = call("GetQueueItemsNext", _as=caller, itemCount=9).rows

        assert [row["queueId"] for row in rows] == [lasting]

    def test_an_item_that_was_picked_up_once_does_not_expire(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_ids = [create(call, expiresAfterSeconds=60, retries=1, backoff=QUICK) for _ in range(2)]
        must(give_back(call, claim(call)))
        must(fail(call, claim(call)))
        must(fail(call, claim(call)))
        release(admin, clock, seconds=100)

        assert maintain(admin, "expire_items") == 0
        rows = call("GetQueueItemsNext", _as="build-01", itemCount=9).rows
        assert [row["queueId"] for row in rows] == queue_ids

    def test_the_time_to_expire_begins_when_the_item_may_be_had(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        create(call, notBefore=soon(100), expiresAfterSeconds=60)
        release(admin, clock, seconds=101)

        assert maintain(admin, "expire_items") == 0
        clock.advance(seconds=60)
        assert maintain(admin, "expire_items") == 1


class TestEndOverdue:
    def overdue(self, admin: psycopg.Connection, clock: Clock, seconds: float = TIMEOUT_SECONDS + 61) -> int:
        clock.advance(seconds=seconds)
        return maintain(admin, "end_overdue")

    def test_the_engine_ends_an_attempt_a_minute_after_its_timeout(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, timeoutSeconds=TIMEOUT_SECONDS)
        endless = create(call)
        must(call("GetQueueItemsNext", _as="build-01", itemCount=2, start=True))

        early = self.overdue(admin, clock, TIMEOUT_SECONDS + 55)
        on_time = self.overdue(admin, clock, 6)

        found = state(admin, queue_id)
        assert (early, on_time) == (0, 1)
        assert (found["status"], found["failure_reason"]) == ("FAILED", "TIMEOUT")
        assert state(admin, endless)["status"] == "PROCESSING"
        assert trace_of(call, queue_id)[-2:] == ["FAILED", "DEAD_LETTERED"]

    def test_it_is_tried_again_while_retries_are_left_and_keeps_what_it_had_said(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, timeoutSeconds=TIMEOUT_SECONDS, retries=1)
        must(respond(call, claim(call, start=True)))

        assert self.overdue(admin, clock) == 1

        found = state(admin, queue_id)
        kept = admin.execute(
            "select outcome::text, failure_reason::text, response_vault_id is not null from data.claim"
        ).fetchall()
        assert (found["status"], found["held"], found["retry_count"]) == ("PENDING", "TIME", 1)
        assert (found["response_vault_id"], kept) == (None, [("FAILED", "TIMEOUT", True)])

    def test_without_a_retry_the_item_keeps_what_it_had_said(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, timeoutSeconds=TIMEOUT_SECONDS)
        must(respond(call, claim(call, start=True)))

        assert self.overdue(admin, clock) == 1
        assert state(admin, queue_id)["response_vault_id"] is not None

    def test_what_was_asked_to_stop_is_cancelled(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        queue_id = create(call, timeoutSeconds=TIMEOUT_SECONDS, retries=3)
        claim(call, start=True)
        must(call("CancelQueueItem", queueId=queue_id, force=True))

        assert self.overdue(admin, clock) == 1
        assert (state(admin, queue_id)["status"], state(admin, queue_id)["failure_reason"]) == ("CANCELLED", None)

    def test_the_time_of_an_execution_begins_with_its_first_sign(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, timeoutSeconds=TIMEOUT_SECONDS)
        claimed = claim(call)

        assert self.overdue(admin, clock) == 0
        assert beat(call, claimed).row["accepted"] is True
        assert self.overdue(admin, clock, TIMEOUT_SECONDS + 55) == 0
        assert beat(call, claimed).row["accepted"] is True
        assert self.overdue(admin, clock, 6) == 1
        assert state(admin, queue_id)["failure_reason"] == "TIMEOUT"

    def test_a_claim_that_lost_its_lease_and_is_back_has_the_timeout_it_had(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        create(call, timeoutSeconds=TIMEOUT_SECONDS)
        claimed = claim(call, leaseSeconds=LEASE_SECONDS)
        must(beat(call, claimed))
        clock.advance(seconds=LEASE_SECONDS + 1)
        maintain(admin, "rescue_lost_leases")
        must(beat(call, claimed, leaseSeconds=1000))

        assert self.overdue(admin, clock, TIMEOUT_SECONDS + 61 - LEASE_SECONDS) == 1

    def test_it_passes_by_an_item_whose_agent_is_speaking(
        self, call: Caller, admin: psycopg.Connection, clock: Clock, database: str
    ) -> None:
        create(call, timeoutSeconds=TIMEOUT_SECONDS)
        claim(call, start=True)

        with psycopg.connect(database) as speaking:
            speaking.execute("select from data.queue_item for update")
            during = self.overdue(admin, clock)

        assert (during, maintain(admin, "end_overdue")) == (0, 1)


@pytest.mark.parametrize("procedure", ["release_due", "expire_items", "end_overdue"])
def test_of_two_brokers_one_works_and_the_other_changes_nothing(
    call: Caller, queue_item: MakeItem, admin: psycopg.Connection, clock: Clock, database: str, procedure: str
) -> None:
    create(call, timeoutSeconds=TIMEOUT_SECONDS)
    claim(call, start=True)
    create(call, expiresAfterSeconds=60)
    create(call, notBefore=soon(60))
    clock.advance(seconds=100)

    with holding(database, procedure):
        during = maintain(admin, procedure)

    assert (during, maintain(admin, procedure), maintain(admin, procedure)) == (0, 1, 0)
