"""What the engine makes of a failed, lost or overdue attempt."""

import random
from dataclasses import dataclass

import psycopg

from tests.conftest import Clock
from tests.failing import LEASE_SECONDS, QUICK, TIMEOUT_SECONDS, details_of_retries, release, state
from tests.jobs import Row, beat, claim, complete, create, fail, give_back, item_of, maintain, respond, trace_of
from tests.world import Caller, must

STEPS = ("fail", "refuse", "lose", "vanish", "return", "overrun")


@dataclass
class Expected:
    """What an item should be."""

    retries: int
    max_attempts: int
    status: str = "PENDING"
    reason: str | None = None
    attempt: int = 0
    retry_count: int = 0
    silent: int = 0

    def take(self, step: str) -> None:
        """The item is claimed, and its attempt ends in this way."""
        self.attempt += 1
        free = step == "return" or (step == "vanish" and self.silent < 3)
        if free:
            self.attempt -= 1
            self.silent += step == "vanish"
        elif step in ("fail", "overrun") and self.retry_count < self.retries and self.attempt < self.max_attempts:
            self.retry_count += 1
        elif step in ("fail", "refuse", "overrun") or self.attempt == self.max_attempts:
            self.status = "FAILED"
            self.reason = {"fail": "REPORTED", "refuse": "REPORTED", "overrun": "TIMEOUT"}.get(step, "LOST")


def act(call: Caller, claimed: Row, step: str) -> None:
    """What the agent does with its claim; what only time can do comes later."""
    if step in ("fail", "refuse"):
        must(fail(call, claimed, retryable=step == "fail"))
    elif step == "return":
        must(give_back(call, claimed))
    elif step in ("lose", "overrun"):
        must(beat(call, claimed, leaseSeconds=1000 if step == "overrun" else LEASE_SECONDS))


def test_every_way_an_attempt_can_end_counts_as_it_should(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    chance = random.Random(4)  # noqa: S311  # the same stories each time
    stories = {}
    for retries, max_attempts in ((0, 1), (0, 3), (1, 2), (2, 3), (2, 5), (3, 4)) * 8:
        bounds: Row = {"retries": retries, "maxAttempts": max_attempts, "timeoutSeconds": TIMEOUT_SECONDS}
        queue_id = create(call, backoff=QUICK, **bounds)
        stories[queue_id] = (Expected(retries, max_attempts), chance.choices(STEPS, (6, 1, 3, 3, 2, 3), k=6))

    for turn in range(6):
        rows = must(call("GetQueueItemsNext", _as="build-01", itemCount=100, leaseSeconds=LEASE_SECONDS)).rows
        assert {row["queueId"] for row in rows} == {
            key for key, (item, _) in stories.items() if item.status != "FAILED"
        }
        for row in rows:
            item, steps = stories[row["queueId"]]
            act(call, row, steps[turn])
            item.take(steps[turn])
        clock.advance(seconds=TIMEOUT_SECONDS + 61)
        maintain(admin, "rescue_lost_leases")
        maintain(admin, "end_overdue")
        release(admin, clock, seconds=2)

        for queue_id, (item, _) in stories.items():
            found = state(admin, queue_id)
            assert (found["status"], found["failure_reason"]) == (item.status, item.reason)
            assert (found["attempt"], found["retry_count"]) == (item.attempt, item.retry_count)
            assert found["held"] is None
    assert {item.reason for item, _ in stories.values()} == {"REPORTED", "TIMEOUT", "LOST", None}


class TestRetry:
    def test_a_failed_attempt_is_tried_again_after_its_backoff(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, retries=2, backoff={"exponential": {"initialDelayMs": 60_000}})
        waits = []
        for attempt in (1, 2):
            claimed = claim(call, start=True)
            reply = must(fail(call, claimed))
            found = state(admin, queue_id)
            assert (claimed["attempt"], reply.row["status"], reply.row["completedTime"]) == (attempt, "PENDING", None)
            assert (found["status"], found["held"], found["response_vault_id"]) == ("PENDING", "TIME", None)
            assert found["started_time"] is None
            waits.append(round(found["wait"] / 60))
            assert release(admin, clock, seconds=found["wait"] - 5) == 0
            assert call("GetQueueItemsNext", _as="build-01").rows == []
            assert release(admin, clock, seconds=6) == 1
        last = must(fail(call, claim(call)))

        assert waits == [1, 2]
        assert last.row["status"] == "FAILED"
        assert details_of_retries(admin, queue_id) == [
            "attempt 1 failed (REPORTED): retry 1 of 2 in 60.000 s",
            "attempt 2 failed (REPORTED): retry 2 of 2 in 120.000 s",
        ]
        assert trace_of(call, queue_id)[-3:] == ["ASSIGNED", "FAILED", "DEAD_LETTERED"]

    def test_without_a_backoff_of_its_own_an_item_has_the_queues(self, call: Caller, admin: psycopg.Connection) -> None:
        admin.execute('update data.queue_policy set backoff = \'{"fixed": {"delayMs": 9000}}\'')
        queue_id = create(call, retries=1)

        must(fail(call, claim(call)))

        assert 8 < state(admin, queue_id)["wait"] <= 9

    def test_the_answers_of_all_attempts_are_kept(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        create(call, retries=1, backoff=QUICK)
        first = claim(call)
        must(respond(call, first))
        must(fail(call, first, responseVault='{"try":1}'))
        release(admin, clock, seconds=2)
        must(complete(call, claim(call), responseVault='{"try":2}'))

        kept = admin.execute("""
            select claim.outcome::text, claim.failure_reason::text, claim.response_vault_id is not null,
                   claim.response_vault_id = item.response_vault_id
            from data.claim as claim
            join data.queue_item as item using (company_id, queue_id)
            order by claim.claim_number
        """).fetchall()

        assert kept == [("FAILED", "REPORTED", True, False), ("COMPLETED", None, False, None)]

    def test_what_was_asked_to_stop_is_not_tried_again(self, call: Caller) -> None:
        queue_id = create(call, retries=3)
        claimed = claim(call, start=True)
        must(call("CancelQueueItem", queueId=queue_id, force=True))

        assert fail(call, claimed).row["status"] == "CANCELLED"

    def test_an_item_that_waits_for_its_retry_can_be_cancelled(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, retries=3)
        must(fail(call, claim(call)))

        must(call("CancelQueueItem", queueId=queue_id))

        assert release(admin, clock, seconds=10) == 0
        assert (state(admin, queue_id)["status"], state(admin, queue_id)["held"]) == ("CANCELLED", None)

    def test_an_item_of_a_pool_goes_back_to_its_pool(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        made = must(call("CreateQueueItem", teamName="ops", queueName="default", queueVault="{}", retries=1)).row
        first = claim(call, "bob")
        must(fail(call, first, "bob"))
        found = state(admin, made["queueId"])
        again = must(fail(call, first, "bob"))
        release(admin, clock, seconds=2)
        second = claim(call, "ann", machineName="build-02")

        assert (found["status"], found["machine_id"]) == ("PENDING", None)
        assert again.row["status"] == "PENDING"
        assert (second["queueId"], second["attempt"], second["machineName"]) == (made["queueId"], 2, "build-02")


class TestCrash:
    """A claim whose agent has shown life and then nothing more."""

    def lose(self, call: Caller, admin: psycopg.Connection, clock: Clock, sign: bool = True) -> None:
        claimed = claim(call, leaseSeconds=LEASE_SECONDS)
        if sign:
            must(beat(call, claimed))
        clock.advance(seconds=LEASE_SECONDS + 1)
        assert maintain(admin, "rescue_lost_leases") == 1

    def test_a_crash_is_no_retry(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        queue_id = create(call, retries=1, maxAttempts=3)

        self.lose(call, admin, clock)
        after_crash = state(admin, queue_id)
        after_failure = must(fail(call, claim(call)))

        assert (after_crash["status"], after_crash["held"], after_crash["retry_count"]) == ("PENDING", None, 0)
        assert after_failure.row["status"] == "PENDING"

    def test_a_queue_may_refuse_to_retry_crashes(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        admin.execute("update data.queue_policy set retry_on_crash = false")
        queue_id = create(call, retries=5)

        self.lose(call, admin, clock)

        found = state(admin, queue_id)
        assert (found["status"], found["failure_reason"], found["attempt"]) == ("FAILED", "LOST", 1)

    def test_nobody_has_begun_what_gave_no_sign(self, call: Caller, admin: psycopg.Connection, clock: Clock) -> None:
        admin.execute("update data.queue_policy set retry_on_crash = false")
        queue_id = create(call)

        self.lose(call, admin, clock, sign=False)
        must(give_back(call, claim(call, start=True)))

        assert (state(admin, queue_id)["status"], state(admin, queue_id)["attempt"]) == ("PENDING", 0)

    def test_a_worker_that_was_only_slow_may_still_fail_into_a_retry(
        self, call: Caller, admin: psycopg.Connection, clock: Clock
    ) -> None:
        queue_id = create(call, retries=1)
        claimed = claim(call, leaseSeconds=LEASE_SECONDS)
        must(respond(call, claimed))
        clock.advance(seconds=LEASE_SECONDS + 1)
        maintain(admin, "rescue_lost_leases")

        must(fail(call, claimed))

        found = state(admin, queue_id)
        assert (found["status"], found["held"], found["attempt"], found["retry_count"]) == ("PENDING", "TIME", 1, 1)


def test_a_lost_claim_without_a_sign_is_no_crash_even_when_it_costs_an_attempt(
    call: Caller, admin: psycopg.Connection, clock: Clock
) -> None:
    must(call("CreateQueue", teamName="ops", queueName="frail", retryOnCrash=False))
    queue_id = create(call, queueName="frail", maxAttempts=2)

    for _ in range(4):
        claim(call, leaseSeconds=LEASE_SECONDS)
        clock.advance(seconds=LEASE_SECONDS + 1)
        maintain(admin, "rescue_lost_leases")

    assert item_of(call, queue_id)["status"] == "PENDING"


def test_each_queue_has_its_own_backoff(call: Caller, admin: psycopg.Connection) -> None:
    for name, delay in (("slow", 60_000), ("slower", 120_000), ("quick", 1_000)):
        backoff = {"fixed": {"delayMs": delay}}
        must(call("CreateQueue", teamName="ops", queueName=name, maxRetries=1, backoff=backoff))
        create(call, queueName=name)
        must(fail(call, claim(call)))

    waits = admin.execute(
        "select extract(epoch from ready_time - finished.event_time)::float from data.queue_item "
        "join data.queue_event as finished using (company_id, queue_id) "
        "where event = 'RETRY_SCHEDULED' order by queue_id"
    ).fetchall()
    assert [round(seconds) for (seconds,) in waits] == [60, 120, 1]
