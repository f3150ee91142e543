"""Limits hold at every instant, however many claim at once; where there are none, nobody waits."""

from datetime import datetime
from itertools import accumulate
from typing import Any

import psycopg
import pytest

from tests.jobs import complete, give_back
from tests.probe import AGENTS, most, observe, starts, work_off
from tests.queues import limit, new_queue, put, queue_of, take, taken, update
from tests.racing import SECONDS, Race, race
from tests.world import Caller, World, must

__all__ = ["race"]  # a fixture

CLAIM = "select * from api.get_queue_items_next(p_item_count => 1)"


def set_limits(call: Caller, concurrency: int | None = None, **of_company: int) -> None:
    """A queue mail with that concurrency, and limits of the company."""
    new_queue(call)
    update(call, **({"concurrency": concurrency} if concurrency else {"clear": ["concurrency"]}))
    if of_company:
        limit(call, **of_company)


class TestSixteenAgents:
    """All of them claim and let go at once; the observer looks at every state."""

    @pytest.mark.parametrize(
        ("limits", "seen"),
        [
            ({"concurrency": 3}, {"in_queue": 3}),
            ({"maxRunning": 3}, {"in_company": 3}),
            ({"maxRunningPerUser": 2}, {"of_one_user": 2}),
            (
                {"concurrency": 5, "maxRunning": 4, "maxRunningPerUser": 3},
                {"in_queue": 4, "in_company": 4, "of_one_user": 3},
            ),
        ],
    )
    def test_never_hold_more_than_the_limits(
        self,
        call: Caller,
        world: World,
        database: str,
        admin: psycopg.Connection,
        limits: dict[str, int],
        seen: dict[str, int],
    ) -> None:
        set_limits(call, **limits)
        made = [
            queue_id
            for user in ("bob", "ann")
            for machine in ("build-01", "build-02")
            for queue_id in put(call, count=20, _as=user, machineName=machine)
        ]
        observe(admin)
        # All that can be had is held once, so that what was seen most is the limit, however the race goes.
        for held, machine in [(take(call, _as=machine), machine) for machine in ("build-01", "build-02")]:
            if held:
                must(give_back(call, *held, _as=machine))

        done = work_off(database, world, len(made), lambda: False)

        assert sorted(done) == sorted(made)
        assert {column: most(admin, column) for column in seen} == seen

    def test_start_no_more_than_the_bucket_gives(
        self, call: Caller, world: World, database: str, admin: psycopg.Connection
    ) -> None:
        burst, rate = 5, 20.0
        new_queue(call, concurrency=100, rateLimit={"maxBurst": burst, "perSecond": rate})
        made = put(call, count=30) + put(call, count=30, machineName="build-02")
        observe(admin)

        done = work_off(database, world, len(made), lambda: False)

        assert sorted(done) == made
        assert over_the_rate(starts(admin), burst, rate) == []

    def test_hold_as_many_as_they_can_where_there_is_no_limit(
        self, call: Caller, world: World, database: str, admin: psycopg.Connection
    ) -> None:
        """The observer does see more than the limits of the other tests."""
        set_limits(call)
        made = put(call, count=60)
        observe(admin)

        done = work_off(database, world, len(made), lambda: False)

        assert sorted(done) == made
        assert 3 < most(admin, "in_queue") <= 3 * AGENTS


def over_the_rate(began: list[datetime], burst: int, rate: float) -> list[tuple[int, int]]:
    """Pairs of starts between which more started than the bucket can have given.

    A bucket that was looked at has the time of the latest look: a claim that waited does not turn it back.
    """
    looked = list(accumulate(began, max))
    return [
        (first, last)
        for first in range(len(began))
        for last in range(first, len(began))
        if last - first + 1 > burst + rate * (looked[last] - looked[first]).total_seconds() + 1e-6
    ]


class TestTwoClaims:
    """One has taken what there was room for, and has not ended."""

    @pytest.mark.parametrize("limits", [{"concurrency": 1}, {"maxRunning": 1}, {"maxRunningPerUser": 1}])
    def test_the_second_waits_and_finds_no_room(self, call: Caller, race: Race, limits: dict[str, int]) -> None:
        set_limits(call, **limits)
        put(call)
        put(call, machineName="build-02")

        with race.acting("build-01", CLAIM):
            second = race.start(lambda other: other("GetQueueItemsNext", _as="build-02"))

        assert must(second.result(SECONDS)).rows == []

    def test_the_second_gets_what_room_is_left(self, call: Caller, race: Race) -> None:
        set_limits(call, concurrency=2)
        put(call)
        put(call, count=2, machineName="build-02")

        with race.acting("build-01", CLAIM):
            second = race.start(lambda other: other("GetQueueItemsNext", _as="build-02"))

        assert len(second.result(SECONDS).rows) == 1

    def test_where_nothing_is_limited_the_second_waits_for_nobody(self, call: Caller, race: Race) -> None:
        set_limits(call)
        [_, second, third] = put(call, count=3)

        with race.acting("build-01", CLAIM):
            others = [
                race.at_once(lambda other: other("GetQueueItemsNext", _as="build-01", itemCount=1)),
                race.at_once(lambda other: other("GetQueueItemsNext", _as="north")),
            ]

        assert [row["queueId"] for other in others for row in other.rows] == [second, third]

    def test_where_nothing_is_limited_neither_queue_nor_company_is_locked(self, call: Caller, race: Race) -> None:
        set_limits(call)
        put(call, count=2)

        with (
            race.acting("build-01", CLAIM),
            race.held("select from data.queue_policy, data.company for no key update nowait"),
        ):
            pass

    def test_claims_of_different_queues_wait_for_nobody(self, call: Caller, race: Race) -> None:
        set_limits(call, concurrency=1)
        new_queue(call, "other", concurrency=1)
        put(call)
        [queue_id] = put(call, "other", machineName="build-02")

        with race.acting("build-01", CLAIM):
            second = race.at_once(lambda other: other("GetQueueItemsNext", _as="build-02"))

        assert second.row["queueId"] == queue_id

    def test_what_comes_while_rooms_are_counted_is_not_taken_beyond_them(self, call: Caller, race: Race) -> None:
        new_queue(call, "slow")
        [expected] = put(call, "slow")
        set_limits(call, concurrency=1)
        put(call)
        assert taken(call, 1, _as="build-01") == [expected]
        [running] = taken(call, 1)
        [expected] = put(call, "slow")

        with race.held("select from data.queue_policy where queue_name = 'slow' for update"):
            claimed = race.start(lambda other: other("GetQueueItemsNext", _as="build-01"))
            race.at_once(
                lambda other: other(
                    "CreateQueueItem", teamName="ops", machineName="build-01", queueName="mail", queueVault="{}"
                )
            )

        assert [row["queueId"] for row in claimed.result(SECONDS).rows] == [expected]
        assert (queue_of(call)["runningCount"], running != expected) == (1, True)

    def test_a_bucket_is_not_turned_back_by_who_waited(
        self, call: Caller, race: Race, admin: psycopg.Connection
    ) -> None:
        new_queue(call, rateLimit={"maxBurst": 5, "perSecond": 1})
        put(call)
        later = "update data.queue_policy set tokens = 2, tokens_time = data.clock() + interval '10 seconds' {}"

        with race.held(later.format("where queue_name = 'mail'")):
            claimed = race.start(lambda other: other("GetQueueItemsNext", _as="build-01"))

        assert len(claimed.result(SECONDS).rows) == 1
        [bucket] = admin.execute(
            "select tokens, tokens_time > data.clock() from data.queue_policy where queue_name = 'mail'"
        ).fetchall()
        assert bucket == (1.0, True)


# What closes the gate, as its users call it, and as SQL in an open transaction.
CLOSING: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "pause": (
        "bob",
        "PauseQueue",
        {"teamName": "ops", "queueName": "mail"},
        "select from api.pause_queue('ops', 'mail')",
    ),
    "concurrency": (
        "bob",
        "UpdateQueue",
        {"teamName": "ops", "queueName": "mail", "concurrency": 1},
        "select from api.update_queue('ops', 'mail', p_concurrency => 1)",
    ),
    "company": ("ann", "UpdateCompanyLimits", {"maxRunning": 1}, "select from api.update_company_limits(1)"),
    "user": (
        "ann",
        "UpdateCompanyLimits",
        {"maxRunningPerUser": 1},
        "select from api.update_company_limits(null, 1)",
    ),
}


class TestPromises:
    """After a pause or a new limit has been answered, nothing starts beyond it."""

    @pytest.mark.parametrize("what", list(CLOSING))
    def test_the_answer_waits_for_claims_under_way(self, call: Caller, race: Race, what: str) -> None:
        who, procedure, members, _ = CLOSING[what]
        set_limits(call)
        put(call, count=3)

        with race.acting("build-01", CLAIM):
            closing = race.start(lambda other: other(procedure, _as=who, **members))

        must(closing.result(SECONDS))
        assert taken(call) == []
        assert queue_of(call)["runningCount"] == 1

    @pytest.mark.parametrize("what", list(CLOSING))
    def test_claims_that_come_meanwhile_obey(self, call: Caller, race: Race, what: str) -> None:
        who, _, _, statement = CLOSING[what]
        set_limits(call)
        put(call, count=3)
        take(call, 1)

        with race.acting(who, statement):
            claimed = race.start(lambda other: other("GetQueueItemsNext", _as="build-01"))

        assert must(claimed.result(SECONDS)).rows == []

    def test_an_item_that_ends_meanwhile_is_left_alone(self, call: Caller, race: Race) -> None:
        [queue_id, _] = put(call, None, 2)
        [claimed] = take(call, 1)

        completion, limits = race.one_after_the_other(
            queue_id,
            lambda other: complete(other, claimed),
            lambda other: other("UpdateCompanyLimits", _as="ann", maxRunningPerUser=1),
        )

        assert (completion.failure, limits.failure) == (0, 0)
        assert len(taken(call)) == 1

    def test_an_item_that_ends_afterwards_ends_as_ever(self, call: Caller, race: Race) -> None:
        [queue_id] = put(call, None)
        [claimed] = take(call, 1)

        limits, completion = race.one_after_the_other(
            queue_id,
            lambda other: other("UpdateCompanyLimits", _as="ann", maxRunningPerUser=1),
            lambda other: complete(other, claimed),
        )

        assert (limits.failure, must(completion).row["status"]) == (0, "COMPLETED")

    def test_an_item_for_a_queue_that_is_being_deleted_is_refused(self, call: Caller, race: Race) -> None:
        new_queue(call)

        with race.acting("ann", "select from api.delete_queue('ops', 'mail')"):
            creation = race.start(
                lambda other: other("CreateQueueItem", teamName="ops", queueName="mail", queueVault="{}")
            )

        reply = creation.result(SECONDS)
        assert (reply.failure, reply.errors) == (404, ["the queue was deleted during the call"])
